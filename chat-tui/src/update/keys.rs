//! Keys and pasted text: to the form, to what lies over the conversation, or to the composer.

use chat_proto::limits;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::{Effects, actions, writing};
use crate::action::{Action, Plain};
use crate::effect::{Effect, Question};
use crate::keymap::{self, Meaning};
use crate::state::composer::Edit;
use crate::state::picker::Kind;
use crate::state::sign_in::Ask;
use crate::state::{Popup, Quit, State};

/// Rows that PageUp and PageDown move in a list.
const LIST_PAGE: isize = 10;

/// A pasted text may bring the composer to this many bytes; more is a file, not a message.
const COMPOSER_BYTES: usize = 4 * limits::MESSAGE_BYTES;

/// Takes a key.
pub(super) fn key(state: &mut State, key: KeyEvent, effects: &mut Effects) {
    state.notice = None;
    let is_interrupt = key.modifiers == KeyModifiers::CONTROL && key.code == KeyCode::Char('c');
    if !is_interrupt && state.quit == Quit::Asked {
        state.quit = Quit::No;
    }
    if let Some(form) = &mut state.sign_in {
        match form.key(key) {
            Some(Ask::Quit) => {
                actions::quit(state, effects);
            }
            Some(ask) => effects.add(Effect::SignIn(ask)),
            None => {}
        }
        return;
    }
    match &state.popup {
        Some(Popup::Picker(_)) => picker_key(state, key, effects),
        Some(Popup::Help(_)) => help_key(state, key),
        None => chat_key(state, key, effects),
    }
}

/// Takes pasted text.
pub(super) fn paste(state: &mut State, text: &str, effects: &mut Effects) {
    state.notice = None;
    if let Some(form) = &mut state.sign_in {
        form.paste(text);
        return;
    }
    if let Some(Popup::Picker(_)) = &state.popup {
        for c in text.chars().filter(|c| !c.is_control()).take(limits::QUERY_CHARS) {
            picker_edit(state, Edit::Insert(c), effects);
        }
        return;
    }
    state.popup = None;
    if state.composer.bytes() + text.len() > COMPOSER_BYTES {
        let error = format!("Too much to paste: a message has at most {} bytes", limits::MESSAGE_BYTES);
        actions::complain(state, error);
        return;
    }
    state.composer.insert(text);
    writing::changed(state, effects);
}

fn chat_key(state: &mut State, key: KeyEvent, effects: &mut Effects) {
    let Some(meaning) = keymap::meaning(key) else { return };
    let is_ctrl_k = key.modifiers == KeyModifiers::CONTROL && key.code == KeyCode::Char('k');
    let kills = is_ctrl_k && !state.composer.is_at_line_end();
    let meaning = if kills { Meaning::Edit(Edit::KillToEnd) } else { in_context(state, meaning) };
    match meaning {
        Meaning::Do(action) => {
            if !matches!(action, Action::Plain(Plain::Complete | Plain::CompleteBack | Plain::Cancel)) {
                state.completion = None;
            }
            actions::act(state, action, effects);
        }
        Meaning::Edit(edit) => {
            state.completion = None;
            if state.composer.edit(edit) {
                writing::changed(state, effects);
            }
        }
    }
}

/// Some keys mean another thing where the composer is empty, or the cursor stands in a text.
fn in_context(state: &State, meaning: Meaning) -> Meaning {
    let composer = &state.composer;
    let is_empty = composer.is_empty();
    let recalls = is_empty || composer.recalled.is_some();
    match meaning {
        Meaning::Edit(Edit::Insert('?')) if is_empty => Meaning::Do(Plain::Help.into()),
        Meaning::Edit(Edit::Delete) if is_empty && has_failed(state) => Meaning::Do(Plain::Discard.into()),
        Meaning::Do(Action::Plain(Plain::Older)) if !recalls => Meaning::Edit(Edit::Up),
        Meaning::Do(Action::Plain(Plain::Later)) if !recalls => Meaning::Edit(Edit::Down),
        other => other,
    }
}

fn has_failed(state: &State) -> bool {
    state.open_timeline().is_some_and(|timeline| timeline.failed().is_some())
}

fn picker_key(state: &mut State, key: KeyEvent, effects: &mut Effects) {
    let is_control = key.modifiers == KeyModifiers::CONTROL;
    let go = match key.code {
        KeyCode::Esc => return state.popup = None,
        KeyCode::Char('c' | 'g') if is_control => return state.popup = None,
        KeyCode::Enter => return choose(state, effects),
        KeyCode::Up | KeyCode::BackTab => -1,
        KeyCode::Down | KeyCode::Tab => 1,
        KeyCode::Char('p') if is_control => -1,
        KeyCode::Char('n') if is_control => 1,
        KeyCode::PageUp => -LIST_PAGE,
        KeyCode::PageDown => LIST_PAGE,
        code => {
            if let Some(edit) = keymap::edit(key.modifiers, code) {
                picker_edit(state, edit, effects);
            }
            return;
        }
    };
    if let Some(Popup::Picker(picker)) = &mut state.popup {
        picker.go(go);
    }
}

/// Letters filter what is known, and ask the server for what is not.
fn picker_edit(state: &mut State, edit: Edit, effects: &mut Effects) {
    let Some(Popup::Picker(picker)) = &mut state.popup else { return };
    if !picker.edit(edit) {
        return;
    }
    let query = picker.query();
    let wanted = query.trim_start_matches(['#', '@']).to_owned();
    if matches!(picker.kind, Kind::Anything | Kind::Rooms) && !query.starts_with('@') {
        effects.ask(Question::Rooms(wanted.clone()));
    }
    if matches!(picker.kind, Kind::Anything | Kind::People) && !query.starts_with('#') {
        effects.ask(Question::People(wanted));
    }
}

fn choose(state: &mut State, effects: &mut Effects) {
    let Some(Popup::Picker(picker)) = state.popup.take() else { return };
    if let Some(item) = picker.chosen() {
        actions::act(state, item.action.clone(), effects);
    }
}

fn help_key(state: &mut State, key: KeyEvent) {
    let Some(Popup::Help(top)) = &mut state.popup else { return };
    match key.code {
        KeyCode::Up => *top = top.saturating_sub(1),
        KeyCode::Down => *top += 1,
        KeyCode::PageUp => *top = top.saturating_sub(LIST_PAGE.unsigned_abs()),
        KeyCode::PageDown | KeyCode::Char(' ') => *top += LIST_PAGE.unsigned_abs(),
        KeyCode::Home => *top = 0,
        KeyCode::Esc | KeyCode::Enter | KeyCode::F(1) | KeyCode::Char('q' | '?') => state.popup = None,
        KeyCode::Char('c') if key.modifiers == KeyModifiers::CONTROL => state.popup = None,
        _ => return,
    }
    if let Some(Popup::Help(top)) = &mut state.popup {
        *top = (*top).min(crate::help::rows().len().saturating_sub(1));
    }
}
