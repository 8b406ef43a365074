//! Keys and pasted text: to the form, to what lies over the conversation, or to the composer.

use std::sync::Arc;

use chat_proto::limits;
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::layout::Rect;

use super::{
    Effects, actions, browser, complain, links, listings, lists, pasting, pictures, rebind, safety, say_so,
    trust, writing,
};
use crate::action::{Action, Plain};
use crate::command;
use crate::effect::{Effect, Question};
use crate::keymap::{self, Context, Does, Found, Key};
use crate::layout;
use crate::state::completion::Completion;
use crate::state::composer::Edit;
use crate::state::picker::Kind;
use crate::state::sign_in::Ask;
use crate::state::{Mode, Popup, Purpose, Quit, State};
use crate::state::{emoji, rights};

/// Rows that PageUp and PageDown move in a list.
const LIST_PAGE: isize = 10;

/// Takes a key.
pub(super) fn key(state: &mut State, key: KeyEvent, effects: &mut Effects) {
    state.notice = None;
    let is_interrupt = state.keymap.plain(Context::Chat, Key::of(key)) == Some(Plain::Interrupt);
    if !is_interrupt && state.quit == Quit::Asked {
        state.quit = Quit::No;
    }
    if trust::key(state, key, effects) {
        return;
    }
    if let Some(form) = &mut state.sign_in {
        match form.key(key, &state.keymap) {
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
    if state.hints.is_some() {
        return links::key(state, key, effects);
    }
    if matches!(state.popup, Some(Popup::Secret(_))) {
        return safety::key(state, key, effects);
    }
    let key = Key::of(key);
    if state.rebind.is_some() {
        return rebind::key(state, key, effects);
    }
    if state.bare {
        return bare_key(state, key, effects);
    }
    match &state.popup {
        Some(Popup::Picker(_)) => picker_key(state, key, effects),
        Some(Popup::Listing(_)) => listings::key(state, key, effects),
        Some(Popup::Help(_) | Popup::Page(_)) => page_key(state, key, effects),
        Some(Popup::Secret(_)) => {}
        Some(Popup::Picture(_)) => pictures::key(state, key, effects),
        Some(Popup::Browser(_)) => browser::key(state, key, effects),
        None if state.selected.is_some() => select_key(state, key, effects),
        None => chat_key(state, key, effects),
    }
}

/// In the bare view keys scroll, or end it.
fn bare_key(state: &mut State, key: Key, effects: &mut Effects) {
    let contexts = [Context::Select, Context::Chat];
    let found = contexts.iter().map(|context| state.keymap.find(*context, &[key]));
    let plain = match found.into_iter().reduce(earlier) {
        Some(Found::Does(does)) => match does.first() {
            Some(Does::Plain(plain)) => Some(*plain),
            _ => None,
        },
        _ => None,
    };
    match plain {
        Some(Plain::Above) => actions::act(state, Action::Scroll(-1), effects),
        Some(Plain::Below) => actions::act(state, Action::Scroll(1), effects),
        Some(plain @ (Plain::PageUp | Plain::PageDown | Plain::Newest)) => {
            actions::act(state, plain.into(), effects);
        }
        _ => actions::bare(state, effects),
    }
}

/// While a message is chosen, letters act on it; the other keys of the chat work too.
fn select_key(state: &mut State, key: Key, effects: &mut Effects) {
    if let Some(emoji) =
        digit(state, key).and_then(|at| emoji::quick(&state.arrangement.emoji).into_iter().nth(at))
    {
        return actions::act(state, Action::React(emoji), effects);
    }
    let contexts = [Context::Select, Context::Chat];
    let Some(does) = chord(state, key, &contexts) else { return };
    for one in does.iter() {
        match one {
            Does::Plain(Plain::Complete | Plain::CompleteBack) | Does::Edit(_) => {}
            one => act(state, one, effects),
        }
    }
}

/// Adds a key to those of a chord; gives what the chord does once it is whole. A letter that is
/// bound in the chat alone is none of the other contexts'.
fn chord(state: &mut State, key: Key, contexts: &[Context]) -> Option<Arc<[Does]>> {
    state.pending.push(key);
    let found = contexts.iter().map(|context| state.keymap.find(*context, &state.pending));
    match found.into_iter().reduce(earlier).unwrap_or(Found::Nothing) {
        Found::Does(does) => {
            state.pending.clear();
            Some(does)
        }
        Found::More => None,
        Found::Nothing => {
            let keys = std::mem::take(&mut state.pending);
            if keys.len() > 1 {
                say_so(state, format!("{} does nothing", keymap::written(&keys)));
            }
            None
        }
    }
}

/// The meaning in the earlier context goes before the one in the later.
fn earlier(first: Found, second: Found) -> Found {
    if first == Found::Nothing { second } else { first }
}

/// Does one thing that a key is bound to.
fn act(state: &mut State, does: &Does, effects: &mut Effects) {
    match does {
        Does::Plain(plain) => {
            if !matches!(plain, Plain::Complete | Plain::CompleteBack | Plain::Cancel) {
                state.completion = None;
            }
            actions::act(state, (*plain).into(), effects);
        }
        Does::Jump(number) => actions::act(state, Action::Jump(*number), effects),
        Does::Command(line) => match command::parse(line) {
            Ok(action) => actions::act(state, action, effects),
            Err(sentence) => complain(state, sentence),
        },
        Does::Edit(edit) => write(state, *edit, effects),
    }
}

/// Changes the text being written.
fn write(state: &mut State, edit: Edit, effects: &mut Effects) {
    state.completion = None;
    let first = if let Edit::Insert(c) = edit { Some(c) } else { None };
    if first.is_some() && is_kept_from_writing(state, first) {
        return;
    }
    if state.composer.edit(edit) {
        if edit == Edit::Insert(':') {
            writing::name_emoji(state);
        }
        writing::changed(state, effects);
        writing::suggest(state);
    }
}

/// Letters become keys, where the profile has keys for that.
pub(super) fn normal_mode(state: &mut State) {
    if state.keymap.rows(Context::Normal).next().is_none() {
        return complain(state, "These keys have one mode only; /set keys.profile vim has two".to_owned());
    }
    state.completion = None;
    state.mode = Mode::Normal;
}

/// `1` is 0: the first of what digits choose.
fn digit(state: &State, key: Key) -> Option<usize> {
    match state.keymap.edit(key) {
        Some(Edit::Insert(digit @ '1'..='9')) if state.pending.is_empty() => {
            Some(digit as usize - '1' as usize)
        }
        _ => None,
    }
}

/// Takes pasted text.
pub(super) fn paste(state: &mut State, text: &str, effects: &mut Effects) {
    state.notice = None;
    state.pending.clear();
    if state.is_asked_to_trust() {
        return;
    }
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
    if let Some(Popup::Browser(_)) = &state.popup {
        return browser::paste(state, text, effects);
    }
    if let Some(Popup::Secret(form)) = &mut state.popup {
        form.push(text.lines().next().unwrap_or_default());
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
fn completion_key(state: &mut State, key: Key, effects: &mut Effects) -> bool {
    if !state.completion.as_ref().is_some_and(Completion::is_shown) {
        return false;
    }
    // Tab completes where there is nothing shown, too.
    if let Some(Plain::Complete | Plain::CompleteBack) = state.keymap.plain(Context::Chat, key) {
        return false;
    }
    match state.keymap.plain(Context::Picker, key) {
        Some(Plain::Above) => writing::turn(state, true, effects),
        Some(Plain::Below) => writing::turn(state, false, effects),
        Some(Plain::Take) => return writing::take_completion(state, effects),
        _ => return false,
    }
    true
}

/// The key that interrupts copies what is selected in the composer, while something is.
fn selection_key(state: &mut State, key: Key, effects: &mut Effects) -> bool {
    let is_copy = state.composer.selection().is_some()
        && state.keymap.plain(Context::Chat, key) == Some(Plain::Interrupt);
    if is_copy {
        actions::act(state, Plain::CopySelected.into(), effects);
    }
    is_copy
}

fn chat_key(state: &mut State, key: Key, effects: &mut Effects) {
    if state.pending.is_empty() && (completion_key(state, key, effects) || selection_key(state, key, effects))
    {
        return;
    }
    let modes: &[Context] = match state.mode {
        Mode::Insert => &[Context::Chat, Context::Edit],
        Mode::Normal => &[Context::Normal, Context::Chat, Context::Edit],
    };
    let edit = state.keymap.edit(key).filter(|_| state.pending.is_empty());
    let is_letter = matches!(edit, Some(Edit::Insert(_)));
    let acting = modes.iter().filter(|mode| **mode != Context::Edit);
    let mut acting = acting.map(|mode| (*mode, state.keymap.find(*mode, &[key])));
    let edits = match acting.find(|(_, found)| *found != Found::Nothing) {
        // A key that acts and edits, and a letter that acts, edit where there is something for it.
        Some((Context::Chat, Found::Does(does))) => edit.filter(|edit| !acts(state, &does, *edit)),
        Some(_) => None,
        None => edit.filter(|_| is_letter),
    };
    let edits = edits.filter(|_| state.mode == Mode::Insert || !is_letter);
    if let Some(edit) = edits {
        return write(state, edit, effects);
    }
    let Some(does) = chord(state, key, modes) else { return };
    for one in does.iter() {
        match one {
            // These walk through one's messages where that is what the composer is for now.
            Does::Plain(Plain::EditLast) if !walks(state) => write(state, Edit::Up, effects),
            Does::Plain(Plain::EditLater) if !walks(state) => write(state, Edit::Down, effects),
            one => act(state, one, effects),
        }
    }
}

/// Whether a key that both acts and edits acts now.
fn acts(state: &State, does: &[Does], edit: Edit) -> bool {
    let composer = &state.composer;
    match (does, edit) {
        ([Does::Plain(Plain::Discard)], Edit::Delete) => composer.is_empty() && has_failed(state),
        ([Does::Plain(Plain::EditLast | Plain::EditLater)], _) => walks(state),
        (_, Edit::Insert(_)) => composer.is_empty() && state.purpose == Purpose::Write,
        _ => composer.is_at_line_end(),
    }
}

/// Whether Up and Down go through one's own messages, and not through the lines of a text.
fn walks(state: &State) -> bool {
    match &state.purpose {
        Purpose::Edit { before, .. } => state.composer.text() == *before,
        Purpose::Write | Purpose::Reply(_) => state.composer.is_empty(),
    }
}

/// Where one may not write, only commands can be typed; says why.
fn is_kept_from_writing(state: &mut State, first: Option<char>) -> bool {
    let is_edit = matches!(state.purpose, Purpose::Edit { .. });
    if is_edit || !state.composer.is_empty() || first == Some('/') {
        return false;
    }
    let silence = rights::silence_here(state);
    if let Some(reason) = silence.clone() {
        complain(state, format!("{reason}; commands work"));
    }
    silence.is_some()
}

fn has_failed(state: &State) -> bool {
    state.open_timeline().is_some_and(|timeline| timeline.failed().is_some())
}

fn picker_key(state: &mut State, key: Key, effects: &mut Effects) {
    let at = digit(state, key);
    if let (Some(Popup::Picker(picker)), Some(at)) = (&mut state.popup, at)
        && at < picker.quick()
        && picker.choose(at)
    {
        return choose(state, effects);
    }
    let go = match state.keymap.plain(Context::Picker, key) {
        Some(Plain::Cancel) => return close_picker(state, effects),
        Some(Plain::Take) => return choose(state, effects),
        Some(Plain::ChangeKey) => return rebind::begin(state),
        Some(Plain::Above) => -1,
        Some(Plain::Below) => 1,
        Some(Plain::PageUp) => -LIST_PAGE,
        Some(Plain::PageDown) => LIST_PAGE,
        _ => {
            if let Some(edit) = state.keymap.edit(key) {
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
fn page_key(state: &mut State, key: Key, effects: &mut Effects) {
    let Some(does) = chord(state, key, &[Context::Page]) else { return };
    for one in does.iter() {
        match one {
            Does::Plain(Plain::Cancel) => state.popup = None,
            Does::Plain(Plain::Above) => scroll_page(state, -1),
            Does::Plain(Plain::Below) => scroll_page(state, 1),
            Does::Plain(Plain::PageUp) => scroll_page(state, -LIST_PAGE),
            Does::Plain(Plain::PageDown) => scroll_page(state, LIST_PAGE),
            one => act(state, one, effects),
        }
    }
}

/// Scrolls what is there to read.
pub(super) fn scroll_page(state: &mut State, rows: isize) {
    let screen = Rect::new(0, 0, state.size.0, state.size.1);
    let (top, last) = match &mut state.popup {
        Some(Popup::Help(top)) => {
            let all = crate::help::fitted(&state.keymap, layout::popup_columns(screen)).len();
            (top, all.saturating_sub(1))
        }
        Some(Popup::Page(page)) => {
            let last = layout::page(screen, page).last();
            (&mut page.top, last)
        }
        _ => return,
    };
    *top = top.saturating_add_signed(rows).min(last);
}
