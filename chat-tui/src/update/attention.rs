//! What calls for the person, and what they say about it: alerts, levels, quiet hours, and how far
//! they have read in the open thread.

use chat_client::{Alert, Connection};
use chat_proto::{
    Dnd, FollowThread, MarkThread, NotifyLevel, NotifyState, Request, Schedule, SetDnd, SetNotify, ZoneName,
};

use super::{Effects, complain, reading, say_so};
use crate::action::{Hear, Plain, Quiet};
use crate::effect::{Effect, Question};
use crate::layout;
use crate::notification::Notification;
use crate::settings::{NotifyHow, NotifyShow};
use crate::state::State;
use crate::state::attention::{Hush, dnd_words, left_of, notify_words};
use crate::state::timeline::thread_of;

/// The terminal makes a sound at most once in this time, however much calls.
const BELL_MS: u64 = 1_000;

/// The read mark of a thread is told at most once in this time.
const THREAD_MARK_MS: u64 = 1_000;

/// Tells of a message that the person does not see: outside of the window, and by a sound.
pub(super) fn alert(state: &mut State, alert: &Alert, effects: &mut Effects) {
    let rang = state.rang_ms.is_some_and(|rang| state.now.ms < rang + BELL_MS);
    if rang || state.settings.notify_how == NotifyHow::Off || sees(state, alert) {
        return;
    }
    state.rang_ms = Some(state.now.ms);
    if state.settings.notify_how != NotifyHow::Bell {
        let conversation = state.conversations.get(alert.event.conversation);
        let show = if state.lock.is_some() { NotifyShow::Nothing } else { state.settings.notify_show };
        let what = Notification::of(alert, conversation, show, state.settings.notify_how);
        effects.add(Effect::Notify(what));
    }
    if state.settings.bell {
        effects.add(Effect::Bell);
    }
}

/// Whether a message is on screen, or will be with the next drawing, before somebody who looks.
fn sees(state: &State, alert: &Alert) -> bool {
    if state.open != Some(alert.event.conversation) {
        return false;
    }
    match thread_of(&alert.event) {
        None => reading::sees_newest(state),
        root => {
            let thread = state.thread.as_ref().filter(|thread| Some(thread.root) == root);
            let at_end = thread.is_some_and(|t| t.timeline.scroll.is_none() && !t.timeline.more_after);
            at_end && state.focused && !layout::is_covered(state)
        }
    }
}

/// Looks at the clock; says whether the screen may look different by it.
pub(super) fn hush(state: &mut State) -> bool {
    let now = Hush::now(&state.dnd, state.conversations.in_order(), state.now.clock);
    std::mem::replace(&mut state.hush, now) != now
}

/// Says how one wants to hear of the open conversation, or how one does.
pub(super) fn hear(state: &mut State, wish: Option<Hear>, effects: &mut Effects) {
    let Some(open) = state.open_conversation() else {
        return complain(state, "Open a conversation first".to_owned());
    };
    let (id, notify, now) = (open.id, open.notify, state.now.clock);
    let left = left_of(notify.muted_until, now);
    let heard_level = notify.level.filter(|level| *level != NotifyLevel::None);
    let ask = |level, mute_s| SetNotify { conversation: id, level, mute_s };
    let ask = match wish {
        None => return heard(state, NotifyState { conversation: id, notify }),
        Some(Hear::Level(level)) => ask(level, left),
        Some(Hear::Mute(None)) => ask(Some(NotifyLevel::None), None),
        // Who mutes for a time wants to hear again after that.
        Some(Hear::Mute(time)) => ask(heard_level, time),
        Some(Hear::Unmute) => ask(heard_level, None),
    };
    effects.ask(Question::Hear(ask));
}

/// Says how one hears of a conversation now.
pub(super) fn heard(state: &mut State, answer: NotifyState) {
    let Some(conversation) = state.conversations.get(answer.conversation) else { return };
    let title = state.conversations.title(conversation);
    let words = notify_words(
        &title,
        conversation,
        answer.notify,
        &state.zone,
        state.now.clock,
        state.settings.times(),
    );
    say_so(state, words);
}

/// Says when one does not want to be disturbed, or asks when that is.
pub(super) fn quiet(state: &mut State, wish: Option<Quiet>, effects: &mut Effects) {
    let left = left_of(state.dnd.until, state.now.clock);
    let ask = match wish {
        None => {
            let words = dnd_words(&state.dnd, &state.zone, state.now.clock, state.settings.times());
            return say_so(state, words);
        }
        Some(Quiet::Off) => SetDnd::default(),
        Some(Quiet::For(seconds)) => SetDnd { for_s: Some(seconds), schedule: state.dnd.schedule.clone() },
        Some(Quiet::Hours(from, to, days)) => {
            let Ok(zone) = ZoneName::new(state.zone.iana_name().unwrap_or("UTC")) else {
                return complain(state, "This machine does not say in which time zone it is".to_owned());
            };
            SetDnd { for_s: left, schedule: Some(Schedule { from, to, days, zone }) }
        }
    };
    effects.ask(Question::Quiet(ask));
}

/// Says when one is not disturbed now.
pub(super) fn quieted(state: &mut State, dnd: &Dnd) {
    let words = dnd_words(dnd, &state.zone, state.now.clock, state.settings.times());
    say_so(state, words);
}

/// Follows the open thread, or that of the chosen message; or does not any more.
pub(super) fn follow(state: &mut State, on: bool, effects: &mut Effects) {
    let open = state.thread.as_ref().map(|thread| thread.root);
    let chosen = state.selected.filter(|_| !state.in_thread()).and_then(|seq| state.held(seq));
    let chosen = chosen.map(|event| thread_of(event).unwrap_or(event.seq));
    let (Some(conversation), Some(thread)) = (state.open, chosen.or(open)) else {
        return complain(state, format!("Open the thread first: {}", state.keymap.way(Plain::Thread)));
    };
    effects.change(Request::FollowThread(FollowThread { conversation, thread, on }));
    let words = match on {
        true => "You follow the thread: what is written in it comes into your inbox",
        false => "You do not follow the thread any more",
    };
    say_so(state, words.to_owned());
}

/// Tells how far one has read in the open thread: to the lowest message on screen.
pub(super) fn mark_thread(state: &mut State, effects: &mut Effects) {
    state.thread_due_ms = None;
    let Some(mark) = thread_mark(state) else { return };
    let now_ms = state.now.ms;
    let Some(thread) = &mut state.thread else { return };
    match thread.told_ms.map(|told| told + THREAD_MARK_MS).filter(|due| now_ms < *due) {
        Some(due) => state.thread_due_ms = Some(due),
        None => {
            (thread.told_ms, thread.told_read) = (Some(now_ms), mark.seq);
            effects.change(Request::MarkThread(mark));
        }
    }
}

fn thread_mark(state: &State) -> Option<MarkThread> {
    let (conversation, thread) = (state.open?, state.thread.as_ref()?);
    let covered = layout::is_covered(state);
    let is_online = state.link.connection == Connection::Online;
    if covered || !state.focused || !is_online || !thread.timeline.loaded {
        return None;
    }
    let seq = layout::with_side(state, true, |pane, timeline| {
        pane.visible(timeline.scroll).into_iter().rev().find_map(|(at, _)| pane.message_at(at))
    })??;
    let known = state.threads.get(conversation, thread.root)?;
    let read = known.read.max(thread.told_read).max(thread.root);
    (seq > read).then_some(MarkThread { conversation, thread: thread.root, seq })
}
