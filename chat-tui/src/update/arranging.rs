//! Arranging the list: groups that fold, favourites, an order of one's own, its width. What is
//! arranged is kept over a restart.

use chat_proto::Emoji;

use super::{Effects, say_so};
use crate::effect::Tell;
use crate::layout;
use crate::settings::ListOrder;
use crate::state::arrangement::{Arrangement, NOTE};
use crate::state::list::{self, Group};
use crate::state::{Drag, State};

/// Takes the arrangement of the last time.
pub(super) fn read(state: &mut State, text: &str) {
    state.arrangement = Arrangement::read(text);
}

fn keep(state: &State, effects: &mut Effects) {
    effects.tell(Tell::SaveNote(NOTE, state.arrangement.written()));
}

/// Folds a group, or unfolds it; without one, that of the open conversation.
pub(super) fn fold(state: &mut State, group: Option<Group>, effects: &mut Effects) {
    let Some(group) = group.or_else(|| state.open_conversation().map(Group::of)) else { return };
    state.arrangement.fold(group);
    keep(state, effects);
}

/// Gives the open conversation another place in its group.
pub(super) fn shift(state: &mut State, by: isize, effects: &mut Effects) {
    if state.settings.list_order != ListOrder::Own {
        return say_so(
            state,
            "The list has another order; /set list.order own lets you move its rows".to_owned(),
        );
    }
    let Some(conversation) = state.open_conversation() else { return };
    let (id, group) = (conversation.id, Group::of(conversation));
    let rows = list::members(state, group);
    if state.arrangement.shift(&rows, id, by) {
        keep(state, effects);
    }
}

/// An emoji was used: it is offered first the next time.
pub(super) fn used(state: &mut State, emoji: &Emoji, effects: &mut Effects) {
    if state.arrangement.used(emoji) {
        keep(state, effects);
    }
}

/// The border of the list is dragged to a column.
pub(super) fn drag_border(state: &mut State, column: u16) {
    state.arrangement.list_columns = Some(layout::list_width(state.size.0, column.saturating_add(1)));
}

/// The mouse has let go.
pub(super) fn dropped(state: &mut State, effects: &mut Effects) {
    if state.drag.take() == Some(Drag::Border) {
        keep(state, effects);
    }
}
