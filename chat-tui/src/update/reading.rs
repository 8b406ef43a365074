//! What follows from what is on screen, after every input: read marks, older history, whose
//! presence is watched, the window's title.

use chat_client::Anchor;
use chat_proto::{SafeText, Seq, UserId, limits};

use super::{Effects, attention, pictures};
use crate::effect::{Effect, Question, Tell};
use crate::layout;
use crate::markup::Code;
use crate::settings::ReadWhen;
use crate::state::items::Item;
use crate::state::timeline::PAGE;
use crate::state::{Quit, State};

/// Looks at the state and asks for what is missing.
pub(super) fn follow(state: &mut State, effects: &mut Effects) {
    if state.quit == Quit::Yes {
        return;
    }
    mark_read(state, effects);
    attention::mark_thread(state, effects);
    ask_history(state, effects);
    ask_contexts(state, effects);
    ask_inks(state, effects);
    pictures::ask(state, effects);
    watch(state, effects);
    set_title(state, effects);
}

/// Whether the person can see the newest line of the open conversation.
pub(super) fn sees_newest(state: &State) -> bool {
    let areas = layout::areas(state);
    let covered = layout::is_covered(state);
    let at_end = state
        .open_timeline()
        .is_some_and(|timeline| timeline.loaded && timeline.scroll.is_none() && !timeline.more_after);
    state.focused && !covered && at_end && !areas.pane.is_empty()
}

fn mark_read(state: &mut State, effects: &mut Effects) {
    let counts = match state.settings.read_when {
        ReadWhen::Seen => true,
        // The input that is being followed is a key.
        ReadWhen::Key => state.last_key_ms == state.now.ms,
        ReadWhen::Never => false,
    };
    if counts && sees_newest(state) {
        mark_now(state, effects);
    }
}

/// Marks the open conversation as read, up to what is held of it.
pub(super) fn mark_now(state: &mut State, effects: &mut Effects) {
    let (Some(conversation), Some(timeline)) = (state.open_conversation(), state.open_timeline()) else {
        return;
    };
    // The conversation's row may come after its newest event; what is told beyond it counts for nothing.
    if let Some(newest) = timeline.last().map(|last| last.min(conversation.head))
        && newest > conversation.read.max(timeline.told_read)
    {
        effects.tell(Tell::MarkRead(conversation.id, newest));
        if let Some(timeline) = state.open_timeline_mut() {
            timeline.told_read = newest;
        }
    }
}

/// The newest page when there is none, an older one when the first rows come near.
fn ask_history(state: &mut State, effects: &mut Effects) {
    let Some(conversation) = state.open_conversation() else { return };
    let (id, unread) = (conversation.id, conversation.unread);
    let Some(timeline) = state.open_timeline() else { return };
    if timeline.loading || timeline.blocked {
        return;
    }
    let (anchor, limit) = if !timeline.loaded {
        // Enough to reach the unread line, with some of what was read before it.
        let wanted = u32::try_from(unread).unwrap_or(u32::MAX).saturating_add(PAGE / 2);
        (Anchor::Newest, wanted.clamp(PAGE, limits::HISTORY_PAGE))
    } else {
        match (timeline.first(), timeline.last()) {
            (Some(first), _) if timeline.more_before && is_near_top(state) => (Anchor::Before(first), PAGE),
            (_, Some(last)) if timeline.more_after && is_near_bottom(state) => (Anchor::After(last), PAGE),
            _ => return,
        }
    };
    if let Some(timeline) = state.open_timeline_mut() {
        timeline.wait_for(anchor);
        state.memo.open();
        state.dirty = true;
        effects.ask(Question::History(id, anchor, limit));
    }
}

/// Whether less than a pane of rows stands above the pane.
fn is_near_top(state: &State) -> bool {
    let rows = usize::from(layout::areas(state).pane.height);
    let follows = state.open_timeline().is_some_and(|t| t.scroll.is_none() && t.events().count() > 3 * rows);
    !follows
        && layout::with_side(state, false, |pane, timeline| pane.rows_above(timeline.scroll, rows) < rows)
            .unwrap_or(false)
}

/// Whether less than a pane of rows stands below the pane.
fn is_near_bottom(state: &State) -> bool {
    let rows = usize::from(layout::areas(state).pane.height);
    layout::with_side(state, false, |pane, timeline| pane.rows_below(timeline.scroll, rows) < rows)
        .unwrap_or(false)
}

/// The messages that those on screen answer, where they are not held.
fn ask_contexts(state: &mut State, effects: &mut Effects) {
    let Some(id) = state.open else { return };
    for in_thread in [false, true] {
        let wanted = answered_on_screen(state, in_thread);
        let State { timelines, thread, memo, .. } = state;
        let Some(main) = timelines.get_mut(&id).filter(|_| !wanted.is_empty()) else { continue };
        let missing = match thread {
            _ if !in_thread => main.ask_contexts(wanted),
            Some(thread) => {
                let mut missing = thread.timeline.ask_contexts(wanted);
                // The main line may hold what a thread's message answers.
                missing.retain(|seq| match main.get(*seq) {
                    Some(event) => {
                        thread.timeline.take_context(*seq, Some(event.clone()));
                        memo.open();
                        false
                    }
                    None => true,
                });
                missing
            }
            None => Vec::new(),
        };
        missing.into_iter().for_each(|seq| effects.ask(Question::Context(id, seq)));
    }
}

fn answered_on_screen(state: &State, in_thread: bool) -> Vec<Seq> {
    let found = layout::with_side(state, in_thread, |pane, timeline| {
        let mut items: Vec<usize> = pane.visible(timeline.scroll).into_iter().map(|(item, _)| item).collect();
        items.dedup();
        let messages = items.into_iter().filter_map(|at| pane.message_at(at));
        let answered = messages.filter_map(|seq| timeline.get(seq)?.message()?.reply_to);
        answered.collect()
    });
    found.unwrap_or_default()
}

/// The colours of the code on screen.
fn ask_inks(state: &mut State, effects: &mut Effects) {
    for in_thread in [false, true] {
        let codes = layout::with_side(state, in_thread, |pane, timeline| {
            let mut items: Vec<usize> =
                pane.visible(timeline.scroll).into_iter().map(|(item, _)| item).collect();
            items.dedup();
            let made = items.into_iter().filter_map(|at| pane.made(at));
            let codes = made.flat_map(|made| match &made.item {
                Item::Message(message) => message.body.codes.clone(),
                _ => Vec::new(),
            });
            codes.collect::<Vec<Code>>()
        });
        for code in codes.unwrap_or_default() {
            if state.inks.ask(&code) {
                effects.add(Effect::Ink(code));
            }
        }
    }
}

/// The people in the list and in the open conversation.
fn watch(state: &mut State, effects: &mut Effects) {
    let direct = state.conversations.in_order().flat_map(|c| c.with.iter().map(|person| person.id));
    let members = state.open.and_then(|id| state.people.members(id)).into_iter().flatten().map(|(id, _)| *id);
    let mut wanted: Vec<UserId> = Vec::new();
    for user in direct.chain(members) {
        if wanted.len() < limits::WATCHED_PEOPLE && !state.is_me(user) {
            wanted.push(user);
        }
    }
    wanted.sort_unstable();
    wanted.dedup();
    if wanted != state.watched {
        state.watched.clone_from(&wanted);
        effects.tell(Tell::Watch(wanted));
    }
}

fn set_title(state: &mut State, effects: &mut Effects) {
    let team = if state.server_name.is_empty() { "chat" } else { &state.server_name };
    let title = match state.conversations.unread(state.now.clock) + state.neighbours.unread() {
        0 => team.to_owned(),
        unread => format!("({unread}) {team}"),
    };
    // Neither whose chat it is nor how much waits.
    let title = if state.lock.is_some() { "chat".to_owned() } else { title };
    let title = SafeText::line(&title).as_str().to_owned();
    if title != state.title {
        state.title.clone_from(&title);
        effects.add(Effect::Title(title));
    }
}
