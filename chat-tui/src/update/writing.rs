//! Writing: what follows when the text in the composer changes, is sent or completed.

use chat_client::Draft;
use chat_proto::{Body, ConversationId, EditMessage, Emoji, Request, SafeText, Seq, TextError};

use super::{Effects, actions, arranging, bots, complain, open_first, places, say_so, threads};
use crate::action::{Action, Plain};
use crate::command::{self, path};
use crate::effect::{Effect, Question, Tell};
use crate::state::completion::{self, Completion};
use crate::state::composer::Composer;
use crate::state::{Purpose, State};
use crate::state::{emoji, palette, rights};

/// How long a change waits before the draft is saved: a crash costs at most this.
const DRAFT_AFTER_MS: u64 = 1_000;

/// Letters of a name before the server is asked who it is.
const ASK_FROM: usize = 2;

/// The text changed: the others are told that one writes, and the draft is to be saved.
pub(super) fn changed(state: &mut State, effects: &mut Effects) {
    if matches!(state.purpose, Purpose::Edit { .. }) {
        return;
    }
    draft_changed(state);
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
    let active = active && state.settings.typing_send;
    if let Some(id) = state.open
        && (active || state.told_typing)
    {
        state.told_typing = active;
        effects.tell(Tell::Typing(id, active));
    }
}

/// Saves the draft on screen now.
pub(super) fn save_draft(state: &mut State, effects: &mut Effects) {
    let (Some(_), Some(id)) = (state.draft_due_ms.take(), state.open) else { return };
    effects.tell(match state.thread.as_ref().filter(|thread| thread.focused) {
        Some(thread) => Tell::SaveThreadDraft(id, thread.root, written(state)),
        None => Tell::SaveDraft(id, written(state)),
    });
}

/// What is being written here, without an edit that is under way.
fn written(state: &State) -> String {
    match &state.purpose {
        Purpose::Edit { draft, .. } => draft.clone(),
        _ => state.composer.text(),
    }
}

/// Puts the text on screen aside, before another conversation opens.
pub(super) fn put_aside(state: &mut State, effects: &mut Effects) {
    save_draft(state, effects);
    threads::close(state);
    if let (Purpose::Reply(seq), Some(id)) = (&state.purpose, state.open) {
        state.reply_targets.insert(id, *seq);
    }
    end_purpose(state);
    (state.selected, state.found) = (None, None);
    // What waits for a yes was asked about this one.
    state.confirm = None;
    set_typing(state, false, effects);
    // What was typed before the first conversation was there is meant for it.
    if let Some(id) = state.open {
        state.drafts.insert(id, state.composer.text());
        state.composer = Composer::default();
    }
    state.completion = None;
    state.completion_shut = None;
}

/// Brings the text of the open conversation back.
pub(super) fn bring_back(state: &mut State, id: ConversationId, effects: &mut Effects) {
    match state.drafts.remove(&id) {
        // What was typed while none was open stays below what was begun here.
        Some(text) if !state.composer.is_empty() => {
            let typed = state.composer.text();
            let gap = if text.is_empty() { "" } else { "\n" };
            state.composer = Composer::with_text(&format!("{text}{gap}{typed}"));
        }
        Some(text) => state.composer = Composer::with_text(&text),
        None => effects.ask(Question::Draft(id)),
    }
    if let Some(seq) = state.reply_targets.remove(&id) {
        state.purpose = Purpose::Reply(seq);
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
    let Some(draft) = draft_of(state, &text) else { return false };
    let reply_to = match state.purpose {
        Purpose::Reply(seq) => Some(seq),
        _ => None,
    };
    let thread = state.thread.as_ref().filter(|thread| thread.focused).map(|thread| thread.root);
    effects.tell(Tell::Send(Box::new(Draft { action, reply_to, thread, ..draft })));
    places::newest(state);
    true
}

/// Says a text that came with a command: whatever is being answered here is none of its business.
pub(super) fn say_plainly(state: &mut State, text: &str, effects: &mut Effects) {
    if let Some(draft) = draft_of(state, text) {
        effects.tell(Tell::Send(Box::new(draft)));
        places::newest(state);
    }
}

/// A text as a message of the open conversation; says why it cannot be one.
fn draft_of(state: &mut State, text: &str) -> Option<Draft> {
    let id = may_write_here(state)?;
    body(state, text).map(|body| Draft::new(id, body))
}

/// The open conversation, if one may write there; says why not.
pub(super) fn may_write_here(state: &mut State) -> Option<ConversationId> {
    let Some(id) = state.open else {
        complain(state, open_first(state));
        return None;
    };
    if let Some(reason) = rights::silence_here(state) {
        complain(state, reason);
        return None;
    }
    Some(id)
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
    state.completion_shut = None;
    set_typing(state, false, effects);
    state.draft_due_ms = Some(state.now.ms);
    save_draft(state, effects);
}

/// Puts the emoji in the place of its name, whose second colon was typed just now; undo brings the name back. Code
/// stays as it is typed.
pub(super) fn name_emoji(state: &mut State) {
    let (line, _) = state.composer.cursor();
    let above = state.composer.lines().iter().take(line).map(String::as_str);
    let ticks: usize = above.chain([state.composer.before()]).map(|text| text.matches('`').count()).sum();
    if ticks % 2 == 1 {
        return;
    }
    let named = completion::word(state.composer.before())
        .and_then(|(start, word)| Some((start, emoji::named_by(word)?)));
    if let Some((start, emoji)) = named {
        state.composer.replace_before_cursor(start, emoji);
    }
}

/// Shows what the word before the cursor may become, if it was typed just now.
pub(super) fn suggest(state: &mut State) {
    state.completion = None;
    let line = state.composer.cursor().0;
    let Some((start, word)) = completion::word(state.composer.before()) else {
        state.completion_shut = None;
        return;
    };
    if state.completion_shut.is_some_and(|shut| shut != (line, start)) {
        state.completion_shut = None;
    }
    // In a later line a slash is a slash.
    let is_command = word.starts_with('/');
    if state.completion_shut.is_some() || !completion::shows_by_itself(word) || (is_command && line > 0) {
        return;
    }
    let candidates = completion::candidates(state, word);
    if matches!(candidates.as_slice(), [only] if only.text.trim_end() == word) {
        return;
    }
    let is_new_name = candidates.is_empty() && word.chars().nth(ASK_FROM).is_some();
    if word.starts_with('@') && is_new_name {
        state.ask_due_ms = Some(state.now.ms + palette::SEARCH_AFTER_MS);
    }
    let completion = Completion { by_itself: true, ..Completion::new(start, word, candidates) };
    state.completion = Some(completion);
}

/// Asks the server for the people of a name that nobody known has.
pub(super) fn ask_people(state: &State, effects: &mut Effects) {
    let waiting = state.completion.as_ref().filter(|completion| !completion.is_shown());
    if let Some(name) = waiting.and_then(|completion| completion.word.strip_prefix('@')) {
        effects.ask(Question::People(name.to_owned()));
    }
}

/// Takes the chosen completion, or the first; false if Enter means to send.
pub(super) fn take_completion(state: &mut State, effects: &mut Effects) -> bool {
    let Some(completion) = state.completion.take() else { return false };
    let Some(text) = completion.taken() else { return false };
    state.composer.replace_before_cursor(completion.start, text);
    changed(state, effects);
    true
}

/// Completes the word before the cursor, or turns to the next completion.
pub(super) fn complete(state: &mut State, back: bool, effects: &mut Effects) {
    if state.completion.as_ref().is_none_or(|completion| !completion.is_shown()) {
        if let Some((_, typed)) = path::begun(state.composer.before()) {
            return effects.add(Effect::FindPaths(typed));
        }
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

/// Puts a text into the composer in the place of what is there, which undo brings back.
pub(super) fn compose(state: &mut State, text: &str, effects: &mut Effects) {
    end_purpose(state);
    if !state.composer.is_empty() {
        say_so(state, "Ctrl-Y brings back what was written".to_owned());
    }
    state.composer.replace_all(text);
    changed(state, effects);
}

/// Puts an emoji in at the cursor.
pub(super) fn put_emoji(state: &mut State, emoji: &Emoji, effects: &mut Effects) {
    arranging::used(state, emoji, effects);
    put(state, emoji.as_str(), effects);
}

/// Puts words where the cursor stands.
pub(super) fn put(state: &mut State, words: &str, effects: &mut Effects) {
    state.composer.insert(words);
    changed(state, effects);
}

/// Copies what is selected to the clipboard, and perhaps deletes it.
pub(super) fn copy(state: &mut State, cut: bool, effects: &mut Effects) {
    let Some(selected) = state.composer.selected() else {
        return say_so(state, "Nothing is selected; Shift and the arrows select".to_owned());
    };
    effects.add(Effect::Copy(SafeText::block(&selected).as_str().to_owned()));
    if cut && state.composer.cut(true) {
        changed(state, effects);
    }
}

/// Has the text written in an editor. It is kept as a draft meanwhile.
pub(super) fn editor(state: &mut State, effects: &mut Effects) {
    state.completion = None;
    save_draft(state, effects);
    effects.add(Effect::Edit(state.composer.text()));
}

/// Takes what came back from the editor. What was there before can be had back by a yank.
pub(super) fn edited(
    state: &mut State,
    before: &str,
    written: Result<String, String>,
    effects: &mut Effects,
) {
    match written {
        Ok(text) if text == before => {}
        Ok(text) => {
            state.composer.replace_all(&text);
            changed(state, effects);
        }
        Err(error) => complain(state, error),
    }
}

/// Takes what a path may become, if it is still the one that is written; one alone is put in at once.
pub(super) fn paths_found(state: &mut State, typed: &str, found: Vec<String>, effects: &mut Effects) -> bool {
    let Some((start, written)) = path::begun(state.composer.before()).filter(|(_, now)| now == typed) else {
        return false;
    };
    if found.is_empty() {
        say_so(state, format!("Nothing begins with {written}"));
        return true;
    }
    let end = |path: &String| if path.ends_with('/') { "" } else { " " };
    let candidates = found.iter().map(|path| format!("{}{}", path::written(path), end(path)).into());
    let word = state.composer.before()[start..].to_owned();
    state.completion = Some(Completion::new(start, &word, candidates.collect()));
    turn(state, false, effects);
    true
}
