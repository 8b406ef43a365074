//! Which key does what: one table, read by the keyboard, the help screen and the switcher.
//!
//! Alt keys die on some keyboards and terminals, so each has a second way: another key in this
//! table, a slash command, or the switcher, which lists every action.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::action::{Action, Plain};
use crate::state::composer::{Edit, Go};

/// What a key means in the chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning {
    /// Something to do.
    Do(Action),
    /// A change to the text being written.
    Edit(Edit),
}

/// A row of the table: how people write the key, the key, what it does.
struct Row {
    label: &'static str,
    modifiers: KeyModifiers,
    code: KeyCode,
    plain: Plain,
}

const NONE: KeyModifiers = KeyModifiers::NONE;
const CTRL: KeyModifiers = KeyModifiers::CONTROL;
const ALT: KeyModifiers = KeyModifiers::ALT;
const SHIFT: KeyModifiers = KeyModifiers::SHIFT;

const fn row(label: &'static str, modifiers: KeyModifiers, code: KeyCode, plain: Plain) -> Row {
    Row { label, modifiers, code, plain }
}

/// The keys of the chat. The first row of an action is the one that is shown beside it.
const KEYS: &[Row] = &[
    row("Enter", NONE, KeyCode::Enter, Plain::Send),
    row("Alt-Enter", ALT, KeyCode::Enter, Plain::NewLine),
    row("Shift-Enter", SHIFT, KeyCode::Enter, Plain::NewLine),
    row("Ctrl-J", CTRL, KeyCode::Char('j'), Plain::NewLine),
    row("Ctrl-K", CTRL, KeyCode::Char('k'), Plain::Switcher),
    row("Ctrl-P", CTRL, KeyCode::Char('p'), Plain::Switcher),
    row("Ctrl-F", CTRL, KeyCode::Char('f'), Plain::Search),
    row("Alt-E", ALT, KeyCode::Char('e'), Plain::Editor),
    row("Alt-X", ALT, KeyCode::Char('x'), Plain::StopFile),
    row("Alt-;", ALT, KeyCode::Char(';'), Plain::Emoji),
    row("Alt-S", ALT, KeyCode::Char('s'), Plain::Search),
    row("Alt-I", ALT, KeyCode::Char('i'), Plain::Inbox),
    row("Alt-Down", ALT, KeyCode::Down, Plain::NextConversation),
    row("Ctrl-N", CTRL, KeyCode::Char('n'), Plain::NextConversation),
    row("F6", NONE, KeyCode::F(6), Plain::NextConversation),
    row("Alt-Up", ALT, KeyCode::Up, Plain::PreviousConversation),
    row("F5", NONE, KeyCode::F(5), Plain::PreviousConversation),
    row("Alt-A", ALT, KeyCode::Char('a'), Plain::NextNeedsMe),
    row("F3", NONE, KeyCode::F(3), Plain::NextNeedsMe),
    row("Alt-/", ALT, KeyCode::Char('/'), Plain::LastConversation),
    row("F4", NONE, KeyCode::F(4), Plain::LastConversation),
    row("Alt-U", ALT, KeyCode::Char('u'), Plain::UnreadLine),
    row("PageUp", NONE, KeyCode::PageUp, Plain::PageUp),
    row("PageDown", NONE, KeyCode::PageDown, Plain::PageDown),
    row("Ctrl-End", CTRL, KeyCode::End, Plain::Newest),
    row("Tab", NONE, KeyCode::Tab, Plain::Complete),
    row("Shift-Tab", SHIFT, KeyCode::BackTab, Plain::CompleteBack),
    row("Up", NONE, KeyCode::Up, Plain::EditLast),
    row("Down", NONE, KeyCode::Down, Plain::EditLater),
    row("Alt-M", ALT, KeyCode::Char('m'), Plain::Select),
    row("F9", NONE, KeyCode::F(9), Plain::Select),
    row("Alt-T", ALT, KeyCode::Char('t'), Plain::OtherSide),
    row("Esc", NONE, KeyCode::Esc, Plain::Cancel),
    row("F2", NONE, KeyCode::F(2), Plain::ToggleList),
    row("F7", NONE, KeyCode::F(7), Plain::ToggleList),
    row("F8", NONE, KeyCode::F(8), Plain::ToggleList),
    row("Ctrl-L", CTRL, KeyCode::Char('l'), Plain::Redraw),
    row("F1", NONE, KeyCode::F(1), Plain::Help),
    row("Ctrl-Z", CTRL, KeyCode::Char('z'), Plain::Suspend),
    row("Ctrl-C", CTRL, KeyCode::Char('c'), Plain::Interrupt),
];

/// The keys while a message is selected; the other keys of the chat work too, letters do not.
const SELECT_KEYS: &[Row] = &[
    row("Up", NONE, KeyCode::Up, Plain::Above),
    row("k", NONE, KeyCode::Char('k'), Plain::Above),
    row("Down", NONE, KeyCode::Down, Plain::Below),
    row("j", NONE, KeyCode::Char('j'), Plain::Below),
    row("r", NONE, KeyCode::Char('r'), Plain::Reply),
    row("t", NONE, KeyCode::Char('t'), Plain::Thread),
    row("e", NONE, KeyCode::Char('e'), Plain::Edit),
    row("d", NONE, KeyCode::Char('d'), Plain::Delete),
    row("Del", NONE, KeyCode::Delete, Plain::Delete),
    row("+", NONE, KeyCode::Char('+'), Plain::React),
    row("p", NONE, KeyCode::Char('p'), Plain::Pin),
    row("f", NONE, KeyCode::Char('f'), Plain::Forward),
    row("s", NONE, KeyCode::Char('s'), Plain::SaveFiles),
    row("m", NONE, KeyCode::Char('m'), Plain::SaveMessage),
    row("v", NONE, KeyCode::Char('v'), Plain::Versions),
    row("y", NONE, KeyCode::Char('y'), Plain::CopyText),
    row("l", NONE, KeyCode::Char('l'), Plain::CopyLink),
    row("o", NONE, KeyCode::Char('o'), Plain::JumpToReplied),
    row("Enter", NONE, KeyCode::Enter, Plain::JumpToReplied),
    row("b", NONE, KeyCode::Char('b'), Plain::JumpBack),
    row("Backspace", NONE, KeyCode::Backspace, Plain::JumpBack),
    row("?", NONE, KeyCode::Char('?'), Plain::Help),
];

/// The keys while a list of messages is open. In a search, plain letters are written.
const LISTING_KEYS: &[Row] = &[
    row("Enter", NONE, KeyCode::Enter, Plain::Take),
    row("Up", NONE, KeyCode::Up, Plain::Above),
    row("Ctrl-P", CTRL, KeyCode::Char('p'), Plain::Above),
    row("k", NONE, KeyCode::Char('k'), Plain::Above),
    row("Down", NONE, KeyCode::Down, Plain::Below),
    row("Ctrl-N", CTRL, KeyCode::Char('n'), Plain::Below),
    row("j", NONE, KeyCode::Char('j'), Plain::Below),
    row("PageUp", NONE, KeyCode::PageUp, Plain::PageUp),
    row("PageDown", NONE, KeyCode::PageDown, Plain::PageDown),
    row("Ctrl-O", CTRL, KeyCode::Char('o'), Plain::Order),
    row("Tab", NONE, KeyCode::Tab, Plain::Complete),
    row("Shift-Tab", SHIFT, KeyCode::BackTab, Plain::CompleteBack),
    row("r", NONE, KeyCode::Char('r'), Plain::ToggleRead),
    row("a", NONE, KeyCode::Char('a'), Plain::AllRead),
    row("d", NONE, KeyCode::Char('d'), Plain::LetGo),
    row("Del", NONE, KeyCode::Delete, Plain::LetGo),
    row("u", NONE, KeyCode::Char('u'), Plain::UnreadOnly),
    row("Esc", NONE, KeyCode::Esc, Plain::Cancel),
    row("Ctrl-C", CTRL, KeyCode::Char('c'), Plain::Cancel),
    row("Ctrl-G", CTRL, KeyCode::Char('g'), Plain::Cancel),
    row("q", NONE, KeyCode::Char('q'), Plain::Cancel),
];

/// Keys that the table cannot hold, for the help screen.
pub(crate) const OTHER_KEYS: &[(&str, &str)] = &[
    ("Alt-1 … Alt-9", "Open that conversation of the list"),
    ("?", "With nothing written: this help"),
    ("Del", "With nothing written: take a failed message back"),
    ("Ctrl-A Ctrl-E", "Start and end of the line (also Home, End)"),
    ("Alt-B Alt-F", "One word back, one word on (also Ctrl-Left, Ctrl-Right)"),
    ("Ctrl-W Ctrl-U", "Delete the word, the line before the cursor"),
    ("Ctrl-K", "With text behind the cursor: delete it"),
    ("Ctrl-F", "With text behind the cursor: one place on"),
    ("Ctrl-Y Alt-Y", "Put the deleted text back; then the one deleted before it"),
    ("Ctrl-_ Ctrl-^", "Undo; redo (also Alt-_)"),
    ("Shift-arrows", "Select; with Ctrl by words; then copy, cut, delete or write over it"),
    ("mouse", "Click a conversation; the wheel scrolls"),
];

/// What a key means while the chat has the keyboard; `None` for keys that mean nothing.
#[must_use]
pub fn meaning(key: KeyEvent) -> Option<Meaning> {
    let (modifiers, code) = normal(key);
    if let Some(row) = KEYS.iter().find(|row| row.modifiers == modifiers && row.code == code) {
        return Some(Meaning::Do(row.plain.into()));
    }
    if let (ALT, KeyCode::Char(digit @ '1'..='9')) = (modifiers, code) {
        return Some(Meaning::Do(Action::Jump(digit as usize - '0' as usize)));
    }
    edit(modifiers, code).map(Meaning::Edit)
}

/// What a key means while a message is selected; `None` for letters that mean nothing there.
#[must_use]
pub fn select_meaning(key: KeyEvent) -> Option<Action> {
    let (modifiers, code) = normal(key);
    if let Some(row) = SELECT_KEYS.iter().find(|row| row.modifiers == modifiers && row.code == code) {
        return Some(row.plain.into());
    }
    match meaning(key) {
        Some(Meaning::Do(action)) if action != Plain::Complete.into() => Some(action),
        _ => None,
    }
}

/// What a key means in a list of messages; `writes` where letters are written.
#[must_use]
pub fn listing_meaning(key: KeyEvent, writes: bool) -> Option<Plain> {
    let (modifiers, code) = normal(key);
    let is_letter = modifiers == NONE && matches!(code, KeyCode::Char(_));
    let mut rows = LISTING_KEYS.iter().filter(|_| !(writes && is_letter));
    rows.find(|row| row.modifiers == modifiers && row.code == code).map(|row| row.plain)
}

/// All keys that do this in a list of messages.
pub fn listing_labels(plain: Plain) -> impl Iterator<Item = &'static str> {
    LISTING_KEYS.iter().filter(move |row| row.plain == plain).map(|row| row.label)
}

/// The key that does this, for the help screen and the switcher.
#[must_use]
pub fn label(plain: Plain) -> Option<String> {
    let by_key = KEYS.iter().find(|row| row.plain == plain).map(|row| row.label.to_owned());
    let select = KEYS.iter().find(|row| row.plain == Plain::Select).map_or("", |row| row.label);
    by_key.or_else(|| select_labels(plain).next().map(|label| format!("{select} {label}")))
}

/// All keys that do this while a message is selected.
pub fn select_labels(plain: Plain) -> impl Iterator<Item = &'static str> {
    SELECT_KEYS.iter().filter(move |row| row.plain == plain).map(|row| row.label)
}

/// All keys that do this.
pub fn labels(plain: Plain) -> impl Iterator<Item = &'static str> {
    KEYS.iter().filter(move |row| row.plain == plain).map(|row| row.label)
}

/// What a key changes in a text.
#[must_use]
pub fn edit(modifiers: KeyModifiers, code: KeyCode) -> Option<Edit> {
    match (modifiers, code) {
        (NONE | SHIFT, KeyCode::Char(c)) => Some(Edit::Insert(c)),
        (NONE | SHIFT, KeyCode::Backspace) => Some(Edit::Backspace),
        (NONE, KeyCode::Delete) => Some(Edit::Delete),
        (NONE, KeyCode::Left) => Some(Edit::Left),
        (NONE, KeyCode::Right) => Some(Edit::Right),
        (NONE, KeyCode::Home) => Some(Edit::Home),
        (NONE, KeyCode::End) => Some(Edit::End),
        (CTRL, KeyCode::Left) => Some(Edit::WordLeft),
        (CTRL, KeyCode::Right) => Some(Edit::WordRight),
        (ALT, KeyCode::Left) => Some(Edit::WordLeft),
        (ALT, KeyCode::Right) => Some(Edit::WordRight),
        (ALT | CTRL, KeyCode::Backspace) => Some(Edit::KillWordBack),
        (_, KeyCode::Left | KeyCode::Right | KeyCode::Up | KeyCode::Down | KeyCode::Home | KeyCode::End)
            if modifiers.contains(SHIFT) =>
        {
            select(modifiers, code)
        }
        (CTRL, KeyCode::Char(c)) => control(c),
        (ALT, KeyCode::Char('b')) => Some(Edit::WordLeft),
        (ALT, KeyCode::Char('f')) => Some(Edit::WordRight),
        (ALT, KeyCode::Char('d')) => Some(Edit::KillWord),
        (ALT, KeyCode::Char('y')) => Some(Edit::YankOlder),
        (ALT, KeyCode::Char('_')) => Some(Edit::Redo),
        _ => None,
    }
}

/// Shift and an arrow select.
fn select(modifiers: KeyModifiers, code: KeyCode) -> Option<Edit> {
    let by_word = modifiers.intersects(CTRL | ALT);
    let go = match code {
        KeyCode::Left if by_word => Go::WordLeft,
        KeyCode::Right if by_word => Go::WordRight,
        KeyCode::Left => Go::Left,
        KeyCode::Right => Go::Right,
        KeyCode::Up => Go::Up,
        KeyCode::Down => Go::Down,
        KeyCode::Home => Go::Home,
        KeyCode::End => Go::End,
        _ => return None,
    };
    Some(Edit::Select(go))
}

fn control(c: char) -> Option<Edit> {
    match c {
        'a' => Some(Edit::Home),
        'e' => Some(Edit::End),
        'b' => Some(Edit::Left),
        'f' => Some(Edit::Right),
        'd' => Some(Edit::Delete),
        'h' => Some(Edit::Backspace),
        'w' => Some(Edit::KillBlankWord),
        'u' => Some(Edit::KillToStart),
        'k' => Some(Edit::KillToEnd),
        'y' => Some(Edit::Yank),
        // Ctrl-_ is the byte 0x1f, which arrives as Ctrl-7 from a plain terminal.
        '_' | '7' | '/' => Some(Edit::Undo),
        // Ctrl-^ is the byte 0x1e, which arrives as Ctrl-6.
        '^' | '6' => Some(Edit::Redo),
        _ => None,
    }
}

/// One form for what terminals report in several: letters beside Ctrl and Alt in lower case,
/// Shift only where it is not already in the character, and one name for Shift-Tab.
fn normal(key: KeyEvent) -> (KeyModifiers, KeyCode) {
    let modifiers = key.modifiers & (CTRL | ALT | SHIFT);
    match key.code {
        KeyCode::Char(c) if modifiers.intersects(CTRL | ALT) && !modifiers.contains(CTRL | ALT) => {
            (modifiers - SHIFT, KeyCode::Char(c.to_ascii_lowercase()))
        }
        // AltGr arrives as Ctrl-Alt on some systems, and types a letter.
        KeyCode::Char(c) if modifiers.contains(CTRL | ALT) => (NONE, KeyCode::Char(c)),
        KeyCode::Char(c) => (modifiers - SHIFT, KeyCode::Char(c)),
        KeyCode::BackTab => (SHIFT, KeyCode::BackTab),
        KeyCode::Tab if modifiers == SHIFT => (SHIFT, KeyCode::BackTab),
        code => (modifiers, code),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_stands_twice_in_a_table() {
        for keys in [KEYS, SELECT_KEYS, LISTING_KEYS] {
            for (at, row) in keys.iter().enumerate() {
                let double =
                    keys[at + 1..].iter().any(|o| o.modifiers == row.modifiers && o.code == row.code);
                assert!(!double, "{}", row.label);
            }
        }
    }

    #[test]
    fn every_alt_key_has_a_second_way() {
        let commands: Vec<&str> = crate::command::COMMANDS.iter().map(|command| command.name).collect();
        for row in KEYS.iter().filter(|row| row.modifiers == ALT) {
            let other_key = KEYS.iter().any(|other| other.plain == row.plain && other.modifiers != ALT);
            let in_switcher = crate::state::picker::is_offered(row.plain);
            assert!(other_key || in_switcher || commands.contains(&row.plain.title()), "{}", row.label);
        }
    }
}
