//! Writing: what follows when the text in the composer changes, is sent, recalled or completed.

use chat_proto::{Body, ConversationId, TextError};

use super::{Effects, actions};
use crate::action::Action;
use crate::command;
use crate::effect::{Question, Tell};
use crate::state::State;
use crate::state::completion::{self, Completion};
use crate::state::composer::Composer;

/// How long a change waits before the draft is saved: a crash costs at most this.
const DRAFT_AFTER_MS: u64 = 1_000;

/// The text changed: the others are told that one writes, and the draft is to be saved.
pub(super) fn changed(state: &mut State, effects: &mut Effects) {
    state.draft_due_ms.get_or_insert(state.now.ms + DRAFT_AFTER_MS);
    let text = state.composer.text();
    let is_command = text.starts_with('/') && !text.starts_with("//");
    set_typing(state, !text.trim().is_empty() && !is_command, effects);
}

/// Tells the others whether one writes here. The engine keeps the pace.
fn set_typing(state: &mut State, active: bool, effects: &mut Effects) {
    if let Some(id) = state.open
        && (active || state.told_typing)
    {
        state.told_typing = active;
        effects.tell(Tell::Typing(id, active));
    }
}

/// Saves the draft on screen now.
pub(super) fn save_draft(state: &mut State, effects: &mut Effects) {
    if state.draft_due_ms.take().is_some()
        && let Some(id) = state.open
    {
        effects.tell(Tell::SaveDraft(id, state.composer.text()));
    }
}

/// Puts the text on screen aside, before another conversation opens.
pub(super) fn put_aside(state: &mut State, effects: &mut Effects) {
    save_draft(state, effects);
    set_typing(state, false, effects);
    if let Some(id) = state.open {
        state.drafts.insert(id, state.composer.text());
    }
    state.composer = Composer::default();
    state.completion = None;
}

/// Brings the text of the open conversation back.
pub(super) fn bring_back(state: &mut State, id: ConversationId, effects: &mut Effects) {
    match state.drafts.remove(&id) {
        Some(text) => state.composer = Composer::with_text(&text),
        None => effects.ask(Question::Draft(id)),
    }
}

/// Sends what is written, or does what it commands. What cannot be done stays in the composer.
pub(super) fn send(state: &mut State, effects: &mut Effects) {
    let text = state.composer.text();
    if text.trim().is_empty() {
        return actions::retry(state, false, effects);
    }
    match command::parse(&text) {
        Ok(Action::Say(text)) => {
            if say(state, text, effects) {
                clear(state, effects);
            }
        }
        Ok(action) => {
            clear(state, effects);
            actions::act(state, action, effects);
        }
        Err(error) => actions::complain(state, error),
    }
}

/// Says a text in the open conversation; false if it cannot be said.
pub(super) fn say(state: &mut State, text: String, effects: &mut Effects) -> bool {
    let Some(id) = state.open else {
        actions::complain(state, "Open a conversation first: Ctrl-K, /join #room or /msg @user".to_owned());
        return false;
    };
    match Body::new(text.trim_end()) {
        Ok(body) => {
            effects.tell(Tell::Send(id, body));
            if let Some(timeline) = state.open_timeline_mut() {
                timeline.scroll = None;
            }
            true
        }
        Err(TextError::Empty) => false,
        Err(error) => {
            actions::complain(state, format!("Not sent: {error}"));
            false
        }
    }
}

fn clear(state: &mut State, effects: &mut Effects) {
    state.composer = Composer::default();
    set_typing(state, false, effects);
    state.draft_due_ms = Some(state.now.ms);
    save_draft(state, effects);
}

/// Brings back one of the own earlier messages: one further back, or one later.
pub(super) fn recall(state: &mut State, back: bool) {
    let Some(timeline) = state.open_timeline() else { return };
    let at = match (state.composer.recalled, back) {
        (None, true) => Some(0),
        (None, false) => return,
        (Some(at), true) => Some(at + 1),
        (Some(at), false) => at.checked_sub(1),
    };
    let Some(at) = at else {
        state.composer = Composer::default();
        return;
    };
    let found = timeline.own_texts(state.my_id()).nth(at).map(str::to_owned);
    if let Some(text) = found {
        state.composer = Composer::with_text(&text);
        state.composer.recalled = Some(at);
    }
}

/// Completes the word before the cursor, or turns to the next completion.
pub(super) fn complete(state: &mut State, back: bool, effects: &mut Effects) {
    if state.completion.is_none() {
        let Some((start, word)) = completion::word(state.composer.before()) else { return };
        let candidates = completion::candidates(state, word);
        if let (true, Some(name)) = (candidates.is_empty(), word.strip_prefix('@')) {
            effects.ask(Question::People(name.to_owned()));
        }
        state.completion = Some(Completion::new(start, word, candidates));
    }
    turn(state, back, effects);
}

/// Puts the next completion into the text.
pub(super) fn turn(state: &mut State, back: bool, effects: &mut Effects) {
    let Some(mut completion) = state.completion.take() else { return };
    let text = completion.turn(back).to_owned();
    state.composer.replace_before_cursor(completion.start, &text);
    // With a single candidate the next Tab completes the next word.
    if completion.candidates.len() != 1 {
        state.completion = Some(completion);
    }
    changed(state, effects);
}
