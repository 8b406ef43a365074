//! Writing: what follows when the text in the composer changes, is sent or completed.

use chat_client::Draft;
use chat_proto::{Body, ConversationId, EditMessage, Request, Seq, TextError};

use super::{Effects, actions, bots, complain, open_first, places, say_so, threads};
use crate::action::{Action, Plain};
use crate::command;
use crate::effect::{Question, Tell};
use crate::state::completion::{self, Completion};
use crate::state::composer::Composer;
use crate::state::rights;
use crate::state::{Purpose, State};

/// How long a change waits before the draft is saved: a crash costs at most this.
const DRAFT_AFTER_MS: u64 = 1_000;

/// The text changed: the others are told that one writes, and the draft is to be saved.
pub(super) fn changed(state: &mut State, effects: &mut Effects) {
    if matches!(state.purpose, Purpose::Edit { .. }) {
        return;
    }
    // What is written in a thread waits in memory.
    if !state.in_thread() {
        draft_changed(state);
    }
    let text = state.composer.text();
    let is_command = text.starts_with('/') && !text.starts_with("//");
    // Bots may have come, gone or learned since the conversation was opened.
    if let ("/", Some(id)) = (text.as_str(), state.open) {
        bots::ask_commands(id, effects);
    }
    set_typing(state, !text.trim().is_empty() && !is_command, effects);
}

fn draft_changed(state: &mut State) {
    state.draft_due_ms.get_or_insert(state.now.ms + DRAFT_AFTER_MS);
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
        effects.tell(Tell::SaveDraft(id, main_text(state)));
    }
}

/// What is being written for the main line, wherever it waits.
fn main_text(state: &State) -> String {
    match (&state.thread, &state.purpose) {
        (Some(thread), _) if thread.focused => thread.other_text.clone(),
        (_, Purpose::Edit { draft, .. }) => draft.clone(),
        _ => state.composer.text(),
    }
}

/// Puts the text on screen aside, before another conversation opens.
pub(super) fn put_aside(state: &mut State, effects: &mut Effects) {
    threads::close(state);
    end_purpose(state);
    state.selected = None;
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

/// Ends an answer or an edit; what was being written before an edit comes back.
pub(super) fn end_purpose(state: &mut State) {
    if let Purpose::Edit { draft, .. } = std::mem::take(&mut state.purpose) {
        state.composer = Composer::with_text(&draft);
    }
}

/// Sends what is written, or does what it commands. What cannot be done stays in the composer.
pub(super) fn send(state: &mut State, effects: &mut Effects) {
    let text = state.composer.text();
    if let Purpose::Edit { seq, .. } = state.purpose {
        if send_edit(state, seq, text, effects) {
            end_purpose(state);
        }
        return;
    }
    if text.trim().is_empty() {
        return actions::retry(state, false, effects);
    }
    match command::parse(&text) {
        Ok(Action::Say(text)) => send_said(state, text, false, effects),
        Ok(Action::Me(text)) => send_said(state, text, true, effects),
        Ok(action) => {
            clear(state, effects);
            actions::act(state, action, effects);
        }
        Err(error) => bots::run(state, &text, error, effects),
    }
}

fn send_said(state: &mut State, text: String, action: bool, effects: &mut Effects) {
    if say(state, text, action, effects) {
        clear(state, effects);
        state.purpose = Purpose::Write;
    }
}

/// Says a text where one is; false if it cannot be said.
pub(super) fn say(state: &mut State, text: String, action: bool, effects: &mut Effects) -> bool {
    let Some(id) = state.open else {
        complain(state, open_first(state));
        return false;
    };
    if let Some(reason) = rights::silence_here(state) {
        complain(state, reason.to_owned());
        return false;
    }
    let Some(body) = body(state, &text) else { return false };
    let reply_to = match state.purpose {
        Purpose::Reply(seq) => Some(seq),
        _ => None,
    };
    let thread = state.thread.as_ref().filter(|thread| thread.focused).map(|thread| thread.root);
    effects.tell(Tell::Send(Box::new(Draft { action, reply_to, thread, ..Draft::new(id, body) })));
    places::newest(state);
    true
}

/// A text as a message's body; says what is wrong with it.
fn body(state: &mut State, text: &str) -> Option<Body> {
    match Body::new(text.trim_end()) {
        Ok(body) => Some(body),
        Err(TextError::Empty) => None,
        Err(error) => {
            complain(state, format!("Not sent: {error}"));
            None
        }
    }
}

/// Gives a message a text; false if that cannot be.
pub(super) fn send_edit(state: &mut State, seq: Seq, text: String, effects: &mut Effects) -> bool {
    if text.trim().is_empty() {
        say_so(
            state,
            format!(
                "Nothing is left of it; /delete deletes a message, {} keeps it",
                state.keymap.way(Plain::Cancel)
            ),
        );
        return false;
    }
    let Some(conversation) = state.open else { return false };
    let is_same = matches!(&state.purpose, Purpose::Edit { before, .. } if before == text.trim_end());
    if is_same {
        return true;
    }
    let Some(body) = body(state, &text) else { return false };
    effects.change(Request::EditMessage(EditMessage { conversation, seq, body }));
    true
}

pub(super) fn clear(state: &mut State, effects: &mut Effects) {
    state.composer = Composer::default();
    set_typing(state, false, effects);
    if !state.in_thread() {
        state.draft_due_ms = Some(state.now.ms);
        save_draft(state, effects);
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
