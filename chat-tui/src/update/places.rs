//! Where one is: which conversation is open, where in it one looks, and jumps to a message and
//! back.

use std::sync::Arc;

use chat_client::Anchor;
use chat_proto::{Card, ConversationId, ConversationKind, Member, RoomName, RoomRole, Seq};

use super::{Effects, bots, complain, listings, say_so, threads, writing};
use crate::effect::{Effect, Move, Question};
use crate::layout;
use crate::state::conversations::Need;
use crate::state::neighbours::{Digest, Spot};
use crate::state::pane::Pane;
use crate::state::timeline::{Key, PAGE, Scroll, Timeline, thread_of};
use crate::state::{ListMode, State, Stop, list};

/// Conversations whose events stay in memory; the others are read from the cache again.
const TIMELINES: usize = 32;

/// Jumps that one can go back.
const JUMPS: usize = 50;

/// Opens a conversation because the person chose it: the way back home is given up.
pub(super) fn go(state: &mut State, id: ConversationId, effects: &mut Effects) {
    (state.home, state.neighbours.home) = (None, None);
    open(state, id, effects);
}

/// Brings a conversation on screen.
pub(super) fn open(state: &mut State, id: ConversationId, effects: &mut Effects) {
    state.list = ListMode::Auto;
    let Some(conversation) = state.conversations.get(id) else { return };
    if state.open == Some(id) {
        return;
    }
    let new_after = (conversation.unread > 0).then_some(conversation.read);
    writing::put_aside(state, effects);
    if let Some(left) = state.open_timeline_mut() {
        left.new_after = None;
        left.scroll = None;
        if left.more_after {
            left.reset();
        }
    }
    if state.open.is_some() {
        state.last = state.open;
    }
    state.neighbours.last = None;
    (state.open, state.bereft) = (Some(id), false);
    let timeline = state.timelines.entry(id).or_default();
    timeline.new_after = new_after;
    timeline.scroll = None;
    timeline.blocked = false;
    forget_timelines(state);
    writing::bring_back(state, id, effects);
    ask_members(state, id, effects);
    bots::ask_commands(id, effects);
}

/// Asks who is there, where that is not known.
pub(super) fn ask_members(state: &mut State, id: ConversationId, effects: &mut Effects) {
    let Some(conversation) = state.conversations.get(id) else { return };
    match conversation.kind {
        ConversationKind::Direct => {
            let people = conversation.with.iter().chain(state.me.as_ref()).cloned();
            let members = people.map(|user| Member {
                user,
                role: RoomRole::Member,
                read: Seq::ZERO,
                card: Card::default(),
            });
            let members = members.collect();
            state.people.set_members(id, members);
        }
        ConversationKind::Room => effects.ask(Question::Members(id)),
    }
}

/// Keeps memory bounded: old timelines go, except where own messages wait.
fn forget_timelines(state: &mut State) {
    let keep = [state.open, state.last, state.home];
    let spare = |(id, timeline): (&ConversationId, &Timeline)| {
        (!keep.contains(&Some(*id)) && timeline.pending().is_empty()).then_some(*id)
    };
    while state.timelines.len() > TIMELINES
        && let Some(id) = state.timelines.iter().find_map(spare)
    {
        state.timelines.remove(&id);
    }
}

/// All conversations of all accounts, as the list shows them.
fn everywhere(state: &State) -> Vec<Spot> {
    let others = |digests: &[Arc<Digest>]| -> Vec<Spot> {
        let spots = digests
            .iter()
            .flat_map(|d| d.rows.iter().map(|row| Spot { seat: d.seat, conversation: Some(row.id) }));
        spots.collect()
    };
    let mut all = others(&state.neighbours.before);
    let seat = state.neighbours.own;
    all.extend(list::order(state).into_iter().map(|id| Spot { seat, conversation: Some(id) }));
    all.extend(others(&state.neighbours.after));
    all
}

/// Goes to a conversation of any account, because the person chose it.
fn go_to_spot(state: &mut State, to: Spot, effects: &mut Effects) {
    match to.conversation {
        Some(id) if to.seat == state.neighbours.own => go(state, id, effects),
        _ => effects.add(Effect::Seat(Move::Visit { to, home: None })),
    }
}

pub(super) fn jump_to_number(state: &mut State, number: usize, effects: &mut Effects) {
    if let Some(to) = everywhere(state).get(number.saturating_sub(1)) {
        go_to_spot(state, *to, effects);
    }
}

pub(super) fn neighbour(state: &mut State, by: isize, effects: &mut Effects) {
    let order = everywhere(state);
    let here = Spot { seat: state.neighbours.own, conversation: state.open };
    let own = || state.neighbours.before.iter().map(|digest| digest.rows.len()).sum();
    let at = order.iter().position(|spot| *spot == here).unwrap_or_else(own);
    let next = match by {
        1.. => (at + 1) % order.len().max(1),
        _ => at.checked_sub(1).unwrap_or(order.len().saturating_sub(1)),
    };
    if let Some(to) = order.get(next) {
        go_to_spot(state, *to, effects);
    }
}

/// Back to the conversation before this one, in whichever account it is.
pub(super) fn go_last(state: &mut State, effects: &mut Effects) {
    match (state.neighbours.last, state.last) {
        (Some(to), _) => effects.add(Effect::Seat(Move::Visit { to, home: None })),
        (None, Some(last)) => go(state, last, effects),
        (None, None) => {}
    }
}

/// Goes to what needs its reader most, in any account: a mention or a direct message, a followed
/// thread, an unread room, what else is unread in the inbox; and at last back to where that began.
pub(super) fn next_in_need(state: &mut State, effects: &mut Effects) {
    let home = state.home.or(state.open);
    let here = state.conversations.next_in_need(state.open, state.now.clock);
    let there = state.neighbours.next_in_need();
    let need = here.and_then(|id| state.conversations.need(id));
    let thread = thread_in_need(state);
    let is_urgent =
        |need: Option<Need>| need.is_some_and(|(no_mention, no_direct, ..)| !(no_mention && no_direct));
    let to = there.filter(|(_, row)| need.is_none() || row.need() < need);
    let waits_there = to.is_some_and(|(_, row)| thread.is_none() || is_urgent(row.need()));
    if let Some((seat, row)) = to.filter(|_| waits_there) {
        let own = Spot { seat: state.neighbours.own, conversation: home };
        let home = Some(state.neighbours.home.unwrap_or(own));
        let to = Spot { seat, conversation: Some(row.id) };
        return effects.add(Effect::Seat(Move::Visit { to, home }));
    }
    let away = state.neighbours.home;
    if let Some((id, root)) = thread.filter(|_| !is_urgent(need)) {
        open(state, id, effects);
        threads::open(state, root, None, effects);
    } else if let Some(id) = here {
        open(state, id, effects);
    } else if state.inbox.unread > 0 && state.inbox_seen != Some(state.inbox.revision) {
        // Once: whoever closes it without reading wants to go on.
        state.inbox_seen = Some(state.inbox.revision);
        listings::unread_inbox(state, effects);
    } else {
        return go_home(state, effects);
    }
    (state.home, state.neighbours.home) = (home, away);
}

/// Back to where "next that needs me" began.
fn go_home(state: &mut State, effects: &mut Effects) {
    if let Some(to) = state.neighbours.home.take() {
        return go_to_spot(state, to, effects);
    }
    match state.home.take() {
        Some(home) if state.open != Some(home) => open(state, home, effects),
        // A thread of the conversation where it began was on the way.
        Some(_) if state.in_thread() => {
            writing::save_draft(state, effects);
            threads::close(state);
        }
        _ => say_so(state, "Nothing is waiting for you".to_owned()),
    }
}

/// A followed thread with something unread, other than the one that has the keys, of a conversation
/// that is not silent; the oldest conversation first.
fn thread_in_need(state: &State) -> Option<(ConversationId, Seq)> {
    let root = state.thread.as_ref().filter(|thread| thread.focused).map(|thread| thread.root);
    let waiting = state.threads.waiting().filter_map(|thread| {
        let conversation = state.conversations.get(thread.conversation)?;
        let is_here = state.open == Some(thread.conversation) && root == Some(thread.thread);
        let is_silent = conversation.notify.is_silent(state.now.clock);
        (!is_here && !is_silent).then_some((conversation.active_at, thread.conversation, thread.thread))
    });
    waiting.min().map(|(_, id, root)| (id, root))
}

/// A room of one's own by its name.
pub(super) fn room_named(state: &State, room: &RoomName) -> Option<ConversationId> {
    let mut rooms = state.conversations.in_order().filter(|c| c.kind == ConversationKind::Room);
    rooms.find(|c| c.name.as_ref() == Some(room)).map(|c| c.id)
}

/// Rows that a page has in common with the next one.
const OVERLAP: isize = 2;

/// Moves the view by a page.
pub(super) fn page(state: &mut State, back: bool) {
    let height = isize::try_from(layout::focused_area(state).height).unwrap_or(1);
    let rows = (height - OVERLAP).max(1);
    if !back {
        return scroll(state, rows);
    }
    // Where the newest rows now take some of the pane, what stood at its top is still at its bottom.
    look_once(state, |pane, timeline| pane.scrolled(timeline.scroll, -rows));
    try_again(state, -rows);
}

pub(super) fn scroll(state: &mut State, rows: isize) {
    let before = layout::focused_area(state).height;
    look_once(state, |pane, timeline| pane.scrolled(timeline.scroll, rows));
    // The newest rows come and go below; what one reads moves by the rows that were meant.
    let after = layout::focused_area(state).height;
    if before != after {
        let moved = (isize::try_from(after).unwrap_or(0)) - (isize::try_from(before).unwrap_or(0));
        look_once(state, |pane, timeline| pane.scrolled(timeline.scroll, moved));
    }
    try_again(state, rows);
}

/// A step towards what could not be had tries again.
fn try_again(state: &mut State, rows: isize) {
    if let Some(timeline) = state.focused_timeline_mut() {
        timeline.blocked &= rows > 0 && !timeline.more_after;
    }
}

fn look_once(state: &mut State, place: impl Fn(&Pane, &Timeline) -> Option<Scroll>) {
    if let Some(place) = layout::with_pane(state, place) {
        look(state, place);
    }
}

/// Looks at a place of the focused pane; once more if the pane has another height there.
pub(super) fn look_by(state: &mut State, place: impl Fn(&Pane, &Timeline) -> Option<Scroll>) {
    let before = layout::focused_area(state).height;
    look_once(state, &place);
    if layout::focused_area(state).height != before {
        look_once(state, &place);
    }
}

/// Looks at a place; remembers what was the newest when one began to look back.
pub(super) fn look(state: &mut State, place: Option<Scroll>) {
    if let Some(timeline) = state.focused_timeline_mut() {
        if timeline.scroll.is_none() {
            timeline.scrolled_at = timeline.last();
        }
        timeline.scroll = place;
    }
}

/// Goes to the newest message; after a look far back it has to be asked for again.
pub(super) fn newest(state: &mut State) {
    if let Some(timeline) = state.focused_timeline_mut() {
        if timeline.more_after && timeline.thread.is_none() {
            timeline.reset();
        }
        timeline.scroll = None;
        timeline.jump = None;
    }
    state.found = None;
}

/// Goes to the "new" line, or as far towards it as is held.
pub(super) fn unread_line(state: &mut State) {
    let found = layout::with_pane(state, |pane, _| {
        pane.items.items.iter().map(|(key, _)| *key).find(|key| matches!(key, Key::New(_)))
    });
    match found.flatten() {
        Some(key) => look_by(state, |pane, _| pane.with_top(key)),
        None => say_so(state, "Nothing here was new when you came".to_owned()),
    }
}

/// Goes to a message by its link.
pub(super) fn go_to(state: &mut State, room: Option<RoomName>, seq: Seq, effects: &mut Effects) {
    let id = match &room {
        Some(room) => room_named(state, room),
        None => state.open,
    };
    match (id, room) {
        (Some(id), _) => jump(state, id, seq, effects),
        (None, Some(room)) => complain(state, format!("You are not in #{room}; /join #{room} goes there")),
        (None, None) => complain(state, "Open a conversation first".to_owned()),
    }
}

/// Goes to a message; [`back`] returns.
pub(super) fn jump(state: &mut State, id: ConversationId, seq: Seq, effects: &mut Effects) {
    remember(state);
    show(state, id, seq, effects);
}

/// Remembers where one is, before a jump.
pub(super) fn remember(state: &mut State) {
    state.returns.clear();
    if let Some(here) = here(state) {
        if state.jumps.len() >= JUMPS {
            state.jumps.remove(0);
        }
        state.jumps.push(here);
    }
}

fn here(state: &State) -> Option<Stop> {
    let seq = state.selected.or_else(|| first_choice(state))?;
    let scroll = state.open_timeline().filter(|_| !state.in_thread()).map(|timeline| timeline.scroll);
    Some(Stop { conversation: state.open?, seq, scroll })
}

/// Goes back to where one was before the last jump.
pub(super) fn back(state: &mut State, effects: &mut Effects) {
    let from = here(state);
    match state.jumps.pop() {
        Some(stop) => {
            state.returns.extend(from);
            return_to(state, stop, effects);
        }
        None => say_so(state, "There is no jump to go back from".to_owned()),
    }
}

/// Goes on to where one was before going back.
pub(super) fn forward(state: &mut State, effects: &mut Effects) {
    let from = here(state);
    match state.returns.pop() {
        Some(stop) => {
            state.jumps.extend(from);
            return_to(state, stop, effects);
        }
        None => say_so(state, "There is no place to go on to".to_owned()),
    }
}

/// Goes to a place where one was, and looks as one looked, if that is still held.
fn return_to(state: &mut State, stop: Stop, effects: &mut Effects) {
    show(state, stop.conversation, stop.seq, effects);
    let arrived = state.open_timeline().is_some_and(|timeline| timeline.jump.is_none());
    if let Some(scroll) = stop.scroll.filter(|_| arrived && !state.in_thread()) {
        look(state, scroll);
    }
}

fn show(state: &mut State, id: ConversationId, seq: Seq, effects: &mut Effects) {
    let chooses = state.selected.is_some();
    go(state, id, effects);
    if state.open != Some(id) {
        return complain(state, "That conversation is not here any more".to_owned());
    }
    // Whoever goes from message to message by letters goes on doing so.
    state.selected = chooses.then_some(seq);
    let Some(timeline) = state.open_timeline_mut() else { return };
    timeline.jump = Some(seq);
    if timeline.get(seq).is_some() {
        arrive(state, effects);
    } else {
        timeline.wait_for(Anchor::Around(seq));
        effects.ask(Question::History(id, Anchor::Around(seq), PAGE));
    }
}

/// Goes to the message that a jump is meant for, now that its page is here.
pub(super) fn arrive(state: &mut State, effects: &mut Effects) {
    let Some(timeline) = state.open_timeline_mut() else { return };
    let Some(seq) = timeline.jump.take() else { return };
    let Some(event) = timeline.get(seq) else {
        state.selected = None;
        return complain(state, format!("There is no message {seq} here"));
    };
    // What only changes a message is seen at that message.
    let seq = if event.body().is_some() { seq } else { event.target().unwrap_or(seq) };
    let root = timeline.get(seq).and_then(thread_of);
    let chooses = state.selected.is_some();
    match root {
        Some(root) => threads::open(state, root, Some(seq), effects),
        None => {
            writing::save_draft(state, effects);
            threads::focus(state, false);
            look_at(state, seq);
        }
    }
    if chooses {
        state.selected = state.found.take();
    }
}

/// Brings a message of the focused pane to the middle, and marks it: letters stay text.
pub(super) fn look_at(state: &mut State, seq: Seq) {
    let key = Key::Event(seq);
    let is_shown = layout::with_pane(state, |pane, _| pane.with_middle(key).is_some()).unwrap_or_default();
    look_by(state, |pane, _| pane.with_middle(key).unwrap_or(Some(Scroll { key, row: 0 })));
    let is_message = state.focused_timeline().and_then(|t| t.get(seq)).is_some_and(|e| e.body().is_some());
    state.found = (is_shown && is_message).then_some(seq);
    (state.selected, state.chosen_from) = (None, None);
}

/// The message of the focused pane that a choice begins with: what a jump led to, or else the
/// lowest, of those on screen.
pub(super) fn first_choice(state: &State) -> Option<Seq> {
    layout::with_pane(state, |pane, timeline| {
        let rows = pane.visible(timeline.scroll);
        let mut messages = rows.into_iter().rev().filter_map(|(at, _)| pane.message_at(at));
        let lowest = messages.next()?;
        let found = state.found.filter(|found| lowest == *found || messages.any(|seq| seq == *found));
        Some(found.unwrap_or(lowest))
    })
    .flatten()
}
