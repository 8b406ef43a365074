//! Keys and pasted text: to the form, to what lies over the conversation, or to the composer.

use chat_proto::limits;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::{Effects, actions, complain, listings, lists, pasting, writing};
use crate::action::{Action, Plain};
use crate::effect::{Effect, Question};
use crate::keymap::{self, Meaning};
use crate::state::completion::Completion;
use crate::state::composer::Edit;
use crate::state::picker::Kind;
use crate::state::sign_in::Ask;
use crate::state::{Popup, Purpose, Quit, State};
use crate::state::{emoji, rights};

/// Rows that PageUp and PageDown move in a list.
const LIST_PAGE: isize = 10;

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
    if let Some(confirm) = state.confirm.take() {
        if matches!(key.code, KeyCode::Char('y' | 'Y') | KeyCode::Enter) {
            actions::act(state, confirm.action, effects);
        }
        return;
    }
    match &state.popup {
        Some(Popup::Picker(_)) => picker_key(state, key, effects),
        Some(Popup::Listing(_)) => listings::key(state, key, effects),
        Some(Popup::Help(_) | Popup::Page(_)) => page_key(state, key),
        None if state.selected.is_some() => select_key(state, key, effects),
        None => chat_key(state, key, effects),
    }
}

/// While a message is chosen, letters act on it.
fn select_key(state: &mut State, key: KeyEvent, effects: &mut Effects) {
    if let Some(emoji) = digit(key).and_then(|at| emoji::quick(&state.arrangement.emoji).into_iter().nth(at))
    {
        return actions::act(state, Action::React(emoji), effects);
    }
    if let Some(action) = keymap::select_meaning(key) {
        actions::act(state, action, effects);
    }
}

/// `1` is 0: the first of what digits choose.
fn digit(key: KeyEvent) -> Option<usize> {
    match key.code {
        KeyCode::Char(digit @ '1'..='9') if key.modifiers.is_empty() => Some(digit as usize - '1' as usize),
        _ => None,
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
    if let Some(Popup::Listing(_)) = &state.popup {
        return listings::paste(state, text);
    }
    state.popup = None;
    state.selected = None;
    state.confirm = None;
    if is_kept_from_writing(state, text.chars().next()) {
        return;
    }
    pasting::paste(state, text, effects);
}

/// Keys that choose from what a word may become, while that is shown.
fn completion_key(state: &mut State, key: KeyEvent, effects: &mut Effects) -> bool {
    if !state.completion.as_ref().is_some_and(Completion::is_shown) || !key.modifiers.is_empty() {
        return false;
    }
    match key.code {
        KeyCode::Up => writing::turn(state, true, effects),
        KeyCode::Down => writing::turn(state, false, effects),
        KeyCode::Enter => return writing::take_completion(state, effects),
        _ => return false,
    }
    true
}

/// Keys for what is selected in the composer: these mean something else where nothing is.
fn selection_key(state: &mut State, key: KeyEvent, effects: &mut Effects) -> bool {
    let plain = match (key.modifiers, key.code) {
        (KeyModifiers::CONTROL, KeyCode::Char('c')) | (KeyModifiers::ALT, KeyCode::Char('w')) => {
            Plain::CopySelected
        }
        (KeyModifiers::CONTROL, KeyCode::Char('x')) => Plain::CutSelected,
        _ => return false,
    };
    let is_selected = state.composer.selection().is_some();
    if is_selected {
        actions::act(state, plain.into(), effects);
    }
    is_selected
}

fn chat_key(state: &mut State, key: KeyEvent, effects: &mut Effects) {
    if completion_key(state, key, effects) || selection_key(state, key, effects) {
        return;
    }
    let Some(meaning) = keymap::meaning(key) else { return };
    // These two edit where there is something behind the cursor.
    let is_control = key.modifiers == KeyModifiers::CONTROL && !state.composer.is_at_line_end();
    let meaning = match key.code {
        KeyCode::Char('k') if is_control => Meaning::Edit(Edit::KillToEnd),
        KeyCode::Char('f') if is_control => Meaning::Edit(Edit::Right),
        _ => in_context(state, meaning),
    };
    match meaning {
        Meaning::Do(action) => {
            if !matches!(action, Action::Plain(Plain::Complete | Plain::CompleteBack | Plain::Cancel)) {
                state.completion = None;
            }
            actions::act(state, action, effects);
        }
        Meaning::Edit(edit) => {
            state.completion = None;
            let first = if let Edit::Insert(c) = edit { Some(c) } else { None };
            if first.is_some() && is_kept_from_writing(state, first) {
                return;
            }
            if state.composer.edit(edit) {
                writing::changed(state, effects);
                writing::suggest(state);
            }
        }
    }
}

/// Where one may not write, only commands can be typed; says why.
fn is_kept_from_writing(state: &mut State, first: Option<char>) -> bool {
    let is_edit = matches!(state.purpose, Purpose::Edit { .. });
    if is_edit || !state.composer.is_empty() || first == Some('/') {
        return false;
    }
    let silence = rights::silence_here(state);
    if let Some(reason) = silence {
        complain(state, format!("{reason}; commands work"));
    }
    silence.is_some()
}

/// Some keys mean another thing where the composer is empty, or the cursor stands in a text.
fn in_context(state: &State, meaning: Meaning) -> Meaning {
    let composer = &state.composer;
    let is_empty = composer.is_empty();
    let walks = match &state.purpose {
        Purpose::Edit { before, .. } => composer.text() == *before,
        Purpose::Write | Purpose::Reply(_) => is_empty,
    };
    match meaning {
        Meaning::Edit(Edit::Insert('?')) if is_empty && state.purpose == Purpose::Write => {
            Meaning::Do(Plain::Help.into())
        }
        Meaning::Edit(Edit::Delete) if is_empty && has_failed(state) => Meaning::Do(Plain::Discard.into()),
        Meaning::Do(Action::Plain(Plain::EditLast)) if !walks => Meaning::Edit(Edit::Up),
        Meaning::Do(Action::Plain(Plain::EditLater)) if !walks => Meaning::Edit(Edit::Down),
        other => other,
    }
}

fn has_failed(state: &State) -> bool {
    state.open_timeline().is_some_and(|timeline| timeline.failed().is_some())
}

fn picker_key(state: &mut State, key: KeyEvent, effects: &mut Effects) {
    if let (Some(Popup::Picker(picker)), Some(at)) = (&mut state.popup, digit(key))
        && at < picker.quick()
        && picker.choose(at)
    {
        return choose(state, effects);
    }
    let is_control = key.modifiers == KeyModifiers::CONTROL;
    let go = match key.code {
        KeyCode::Esc => return close_picker(state, effects),
        KeyCode::Char('c' | 'g') if is_control => return close_picker(state, effects),
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
    if picker.kind == Kind::Anything {
        lists::palette_typed(state);
    }
    let Some(Popup::Picker(picker)) = &state.popup else { return };
    let query = picker.query();
    let wanted = query.trim_start_matches(['#', '@']).to_owned();
    if matches!(picker.kind, Kind::Anything | Kind::Rooms) && !query.starts_with('@') {
        effects.ask(Question::Rooms(wanted.clone()));
    }
    if matches!(picker.kind, Kind::Anything | Kind::People) && !query.starts_with('#') {
        effects.ask(Question::People(wanted));
    }
}

pub(super) fn choose(state: &mut State, effects: &mut Effects) {
    let Some(Popup::Picker(picker)) = &state.popup else { return };
    let action = picker.chosen().map(|item| item.action.clone());
    close_picker(state, effects);
    if let Some(action) = action {
        actions::act(state, action, effects);
    }
}

/// A terminal that thinks another width of some emoji leaves parts of them behind.
pub(super) fn close_picker(state: &mut State, effects: &mut Effects) {
    state.ask_due_ms = None;
    if let Some(Popup::Picker(picker)) = state.popup.take()
        && matches!(picker.kind, Kind::Emoji | Kind::EmojiText)
    {
        effects.add(Effect::Redraw);
    }
}

/// Keys of the help and of other pages to read.
fn page_key(state: &mut State, key: KeyEvent) {
    let is_interrupt = key.modifiers == KeyModifiers::CONTROL && key.code == KeyCode::Char('c');
    let closes = matches!(key.code, KeyCode::Esc | KeyCode::Enter | KeyCode::F(1) | KeyCode::Char('q' | '?'));
    if closes || is_interrupt {
        state.popup = None;
        return;
    }
    match key.code {
        KeyCode::Up => scroll_page(state, -1),
        KeyCode::Down => scroll_page(state, 1),
        KeyCode::PageUp => scroll_page(state, -LIST_PAGE),
        KeyCode::PageDown | KeyCode::Char(' ') => scroll_page(state, LIST_PAGE),
        KeyCode::Home => scroll_page(state, isize::MIN),
        _ => {}
    }
}

/// Scrolls what is there to read.
pub(super) fn scroll_page(state: &mut State, rows: isize) {
    let (top, all) = match &mut state.popup {
        Some(Popup::Help(top)) => (top, crate::help::rows().len()),
        Some(Popup::Page(page)) => {
            let all = page.rows.iter().map(|(_, text)| text.lines().count().max(1)).sum();
            (&mut page.top, all)
        }
        _ => return,
    };
    *top = top.saturating_add_signed(rows).min(all.saturating_sub(1));
}
