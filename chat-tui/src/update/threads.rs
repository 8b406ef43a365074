//! The thread beside the main line: opening, closing, and which of the two the keys mean.

use chat_proto::{ConversationId, Event, Seq};

use super::{Effects, places, writing};
use crate::effect::Question;
use crate::state::composer::Composer;
use crate::state::thread::Thread;
use crate::state::timeline::thread_of;
use crate::state::{Purpose, State};

/// Opens a thread by its first message, with the keys in it; perhaps at one of its messages.
pub(super) fn open(state: &mut State, root: Seq, at: Option<Seq>, effects: &mut Effects) {
    let Some(id) = state.open else { return };
    writing::save_draft(state, effects);
    if state.thread.as_ref().is_none_or(|thread| thread.root != root) {
        close(state);
        let mut thread = Thread::new(root);
        match state.thread_drafts.remove(&(id, root)) {
            Some(text) => thread.other_text = text,
            None => effects.ask(Question::ThreadDraft(id, root)),
        }
        if let Some(main) = state.open_timeline() {
            let belongs = |event: &&Event| event.seq == root || thread_of(event) == Some(root);
            thread.timeline.seed(main.events().filter(belongs));
            for own in main.pending().iter().filter(|own| own.thread == Some(root)) {
                thread.timeline.outgoing(own.clone(), None);
            }
        }
        state.thread = Some(thread);
        ask(state, effects);
    }
    state.selected = None;
    focus(state, true);
    let Some(seq) = at else { return };
    let Some(thread) = &mut state.thread else { return };
    if thread.timeline.get(seq).is_some() {
        places::look_at(state, seq);
    } else {
        thread.timeline.jump = Some(seq);
    }
}

/// What was being written in a thread before a restart is here; what was written since goes before
/// it.
pub(super) fn draft(state: &mut State, id: ConversationId, root: Seq, text: &str) -> bool {
    let Some(thread) = state.thread.as_mut().filter(|thread| thread.root == root) else { return false };
    if state.open != Some(id) || text.is_empty() {
        return false;
    }
    if !thread.focused && thread.other_text.is_empty() {
        thread.other_text = text.to_owned();
        return false;
    }
    let takes = thread.focused && state.composer.is_empty() && !matches!(state.purpose, Purpose::Edit { .. });
    if takes {
        state.composer = Composer::with_text(text);
    }
    takes
}

/// Asks for all of the open thread.
pub(super) fn ask(state: &mut State, effects: &mut Effects) {
    if let (Some(id), Some(thread)) = (state.open, &mut state.thread) {
        thread.timeline.loading = true;
        effects.ask(Question::Thread(id, thread.root));
    }
}

/// Closes the thread; what was being written in it is kept.
pub(super) fn close(state: &mut State) {
    focus(state, false);
    let (Some(id), Some(thread)) = (state.open, state.thread.take()) else { return };
    state.selected = None;
    if !thread.other_text.trim().is_empty() {
        state.thread_drafts.insert((id, thread.root), thread.other_text);
    }
}

/// Gives the keys and the composer to the thread, or back to the main line.
pub(super) fn focus(state: &mut State, thread: bool) {
    if state.in_thread() == thread || state.thread.is_none() {
        return;
    }
    writing::end_purpose(state);
    (state.selected, state.found) = (None, None);
    state.completion = None;
    let text = state.composer.text();
    if let Some(open) = &mut state.thread {
        open.focused = thread;
        let other = std::mem::replace(&mut open.other_text, text);
        state.composer = Composer::with_text(&other);
    }
}
