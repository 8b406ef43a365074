//! Going to a day.

use chat_proto::{ConversationId, Seq, Timestamp};
use jiff::Span;
use jiff::civil::Date;

use super::{Effects, complain, places, say_so};
use crate::action::DayWish;
use crate::effect::Effect;
use crate::layout;
use crate::state::State;
use crate::state::items::date;
use crate::state::timeline::Key;

/// Goes to the first message of a day, or of the next one on which anything was written.
pub(super) fn go(state: &mut State, wish: DayWish, effects: &mut Effects) {
    let Some(conversation) = state.open_conversation() else {
        return complain(state, "Open a conversation first".to_owned());
    };
    let today = date(state.now.clock, &state.zone);
    let day = match wish {
        DayWish::Ago(days) => today.checked_sub(Span::new().days(days)).ok(),
        DayWish::Named(weekday) => today.nth_weekday(-1, weekday).ok(),
        DayWish::Date(date) => Some(date),
    };
    let last = state.open_timeline().and_then(|timeline| timeline.last()).unwrap_or(Seq::ZERO);
    let (id, head) = (conversation.id, conversation.head.max(last));
    match day.and_then(|day| begin_of(state, day)) {
        Some(from) => effects.add(Effect::FindDay(id, head, from)),
        None => complain(state, "There is no such day".to_owned()),
    }
}

fn begin_of(state: &State, day: Date) -> Option<Timestamp> {
    let begins = day.to_zoned(state.zone.clone()).ok()?;
    Some(Timestamp(begins.timestamp().as_millisecond()))
}

/// Takes what was found.
pub(super) fn found(
    state: &mut State,
    id: ConversationId,
    found: Result<Option<Seq>, String>,
    effects: &mut Effects,
) {
    match found {
        _ if state.open != Some(id) => {}
        Ok(Some(seq)) => places::jump(state, id, seq, effects),
        Ok(None) => say_so(state, "Nothing was written here on that day or later".to_owned()),
        Err(error) => complain(state, error),
    }
}

/// Goes to the day line above the pane's first row, or to the next one below it.
pub(super) fn neighbour(state: &mut State, back: bool) {
    let wanted = layout::with_pane(state, |pane, timeline| {
        let (first, _) = pane.visible(timeline.scroll).first().copied()?;
        let days = pane.items.items.iter().enumerate();
        let mut days =
            days.filter(|(_, (key, _))| matches!(key, Key::Day(_))).map(|(at, (key, _))| (at, *key));
        match back {
            true => days.rfind(|(at, _)| *at < first),
            false => days.find(|(at, _)| *at > first),
        }
    });
    match (wanted.flatten(), back) {
        (Some((_, key)), _) => places::look_by(state, |pane, _| pane.with_top(key)),
        // What is older comes by itself when one is at the top.
        (None, true) => places::scroll(state, isize::MIN / 2),
        (None, false) => places::newest(state),
    }
}
