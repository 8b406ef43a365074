//! The mouse: a click opens a conversation, the wheel scrolls. Bare motion is nothing.

use chat_proto::ConversationId;
use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect};

use super::{Effects, actions, keys, listings, threads, writing};
use crate::action::{Account, Action, Plain};
use crate::layout::{self, ListRow};
use crate::state::neighbours::{SeatId, Spot};
use crate::state::{Popup, State};

/// Rows that one step of the wheel moves.
const WHEEL_ROWS: isize = 3;

/// Takes a mouse event; says whether the screen may look different now.
pub(super) fn mouse(state: &mut State, mouse: MouseEvent, effects: &mut Effects) -> bool {
    if state.sign_in.is_some() {
        return false;
    }
    match mouse.kind {
        MouseEventKind::ScrollUp => wheel(state, -WHEEL_ROWS, effects),
        MouseEventKind::ScrollDown => wheel(state, WHEEL_ROWS, effects),
        MouseEventKind::Down(MouseButton::Left) => {
            click(state, Position::new(mouse.column, mouse.row), effects)
        }
        _ => false,
    }
}

fn wheel(state: &mut State, rows: isize, effects: &mut Effects) -> bool {
    match &mut state.popup {
        Some(Popup::Picker(picker)) => picker.go(rows.signum()),
        Some(Popup::Listing(_)) => listings::go(state, rows.signum(), effects),
        Some(Popup::Help(_) | Popup::Page(_)) => keys::scroll_page(state, rows),
        None => actions::act(state, Action::Scroll(rows), effects),
    }
    true
}

fn visit(seat: SeatId, conversation: Option<ConversationId>) -> Action {
    Action::Account(Account::Visit(Spot { seat, conversation }))
}

fn click(state: &mut State, at: Position, effects: &mut Effects) -> bool {
    if state.popup.is_some() {
        return click_popup(state, at, effects);
    }
    let areas = layout::areas(state);
    if let Some(list) = areas.list.filter(|list| list.contains(at)) {
        let body = layout::list_body(state, list);
        let rows = layout::list_rows(state, usize::from(body.height));
        let clicked = usize::from(at.y.saturating_sub(body.y));
        let action = match rows.get(clicked).filter(|_| at.y >= body.y) {
            Some(ListRow::Conversation(id)) => Action::Open(*id),
            Some(ListRow::Invitation(id)) => Action::AskInvitation(*id),
            Some(ListRow::Account(seat)) if *seat == state.neighbours.own => return false,
            Some(ListRow::Account(seat)) => visit(*seat, None),
            Some(ListRow::Elsewhere(seat, at)) => {
                let row = state.neighbours.get(*seat).and_then(|digest| digest.rows.get(*at));
                visit(*seat, row.map(|row| row.id))
            }
            Some(ListRow::Section(_)) | None => return false,
        };
        actions::act(state, action, effects);
        return true;
    }
    let in_thread = areas.thread.is_some_and(|thread| thread.contains(at));
    if state.thread.is_some() && (in_thread || areas.pane.contains(at)) && in_thread != state.in_thread() {
        writing::save_draft(state, effects);
        threads::focus(state, in_thread);
        return true;
    }
    if areas.status.contains(at) && state.focused_timeline().is_some_and(|timeline| timeline.scroll.is_some())
    {
        actions::act(state, Plain::Newest.into(), effects);
        return true;
    }
    false
}

/// A click on a row takes it; one beside the box closes it.
fn click_popup(state: &mut State, at: Position, effects: &mut Effects) -> bool {
    let screen = Rect::new(0, 0, state.size.0, state.size.1);
    match &mut state.popup {
        Some(Popup::Picker(picker)) => {
            let (list, skip) = layout::picker_list(screen, picker);
            let row = usize::from(at.y.saturating_sub(list.y));
            if list.contains(at) && picker.choose(skip + row) {
                keys::choose(state, effects);
                return true;
            }
            if layout::popup(screen, layout::picker_height(picker)).contains(at) {
                return false;
            }
            keys::close_picker(state, effects);
        }
        Some(Popup::Listing(_)) => return listings::click(state, at, effects),
        Some(Popup::Help(_) | Popup::Page(_)) => {
            if layout::popup(screen, layout::POPUP.1).contains(at) {
                return false;
            }
            state.popup = None;
        }
        None => return false,
    }
    true
}
