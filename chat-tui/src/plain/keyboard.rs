//! Writing a line on a terminal that is not drawn on.
//!
//! Line editors for terminals draw the line again by escape sequences at every key, and leave it to
//! the terminal's own editing where those are not understood; there, a message that comes would
//! stand in the middle of what is being written. So this keeps the line itself: letters are echoed
//! at the end, what cannot be shown by that is written again on a new line.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use crate::state::composer::{Composer, Edit};
use crate::text;

/// Lines that can be had again by Up.
const HISTORY: usize = 200;

/// What a key has done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Pressed {
    /// This is to be written.
    Echo(String),
    /// The line is finished.
    Line(String),
    /// Nothing more will be written.
    End,
}

/// See the module.
#[derive(Default)]
pub(super) struct Keyboard {
    line: Composer,
    history: Vec<String>,
    /// Which line of the history is being looked at, from the end.
    back: usize,
}

impl Keyboard {
    /// What is written and not finished.
    pub(super) fn text(&self) -> String {
        self.line.text()
    }

    /// Takes a key.
    pub(super) fn key(&mut self, key: KeyEvent) -> Pressed {
        let is_control = key.modifiers == KeyModifiers::CONTROL;
        let before = self.text();
        match key.code {
            _ if key.kind == KeyEventKind::Release => {}
            KeyCode::Enter => return self.finish(),
            KeyCode::Char('j' | 'm') if is_control => return self.finish(),
            KeyCode::Char('d') if is_control && before.is_empty() => return Pressed::End,
            KeyCode::Char('d') if is_control => {}
            KeyCode::Char('l' | 'r') if is_control => return Pressed::Echo(format!("\n{before}")),
            KeyCode::Up => self.look_back(1),
            KeyCode::Down => self.look_back(-1),
            code => {
                if let Some(edit) = meaning(key.modifiers, code) {
                    self.line.edit(edit);
                }
            }
        }
        Pressed::Echo(self.change(&before))
    }

    fn finish(&mut self) -> Pressed {
        let line = std::mem::take(&mut self.line).text();
        self.back = 0;
        if !line.trim().is_empty() && self.history.last() != Some(&line) {
            if self.history.len() >= HISTORY {
                self.history.remove(0);
            }
            self.history.push(line.clone());
        }
        Pressed::Line(line)
    }

    fn look_back(&mut self, by: isize) {
        self.back = self.back.saturating_add_signed(by).min(self.history.len());
        let wanted = self.history.len().checked_sub(self.back).and_then(|at| self.history.get(at));
        self.line = Composer::with_text(wanted.filter(|_| self.back > 0).map_or("", String::as_str));
    }

    /// What shows that the line is another one now.
    fn change(&self, before: &str) -> String {
        let now = self.text();
        if let Some(added) = now.strip_prefix(before) {
            return added.to_owned();
        }
        match before.strip_prefix(&now) {
            Some(gone) if !gone.contains('\t') => "\u{8} \u{8}".repeat(text::width(gone)),
            _ => format!("\n{now}"),
        }
    }
}

/// What a key changes at the end of the line: where a cursor stands elsewhere cannot be shown.
fn meaning(modifiers: KeyModifiers, code: KeyCode) -> Option<Edit> {
    let is_control = modifiers == KeyModifiers::CONTROL;
    match code {
        KeyCode::Backspace if modifiers.is_empty() => Some(Edit::Backspace),
        KeyCode::Char('h') if is_control => Some(Edit::Backspace),
        KeyCode::Char('w') if is_control => Some(Edit::KillBlankWord),
        KeyCode::Char('u') if is_control => Some(Edit::KillToStart),
        KeyCode::Char(c) if !c.is_control() && (modifiers - KeyModifiers::SHIFT).is_empty() => {
            Some(Edit::Insert(c))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(keyboard: &mut Keyboard, text: &str) -> String {
        let keys = text.chars().map(|c| KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE));
        keys.map(|key| match keyboard.key(key) {
            Pressed::Echo(echo) => echo,
            other => format!("{other:?}"),
        })
        .collect()
    }

    fn pressed(keyboard: &mut Keyboard, modifiers: KeyModifiers, code: KeyCode) -> Pressed {
        keyboard.key(KeyEvent::new(code, modifiers))
    }

    #[test]
    fn letters_are_echoed_and_taken_back() {
        let mut keyboard = Keyboard::default();
        assert_eq!(typed(&mut keyboard, "hé日"), "hé日");
        let none = KeyModifiers::NONE;
        let back = pressed(&mut keyboard, none, KeyCode::Backspace);
        assert_eq!(back, Pressed::Echo("\u{8} \u{8}\u{8} \u{8}".into()), "two columns");
        assert_eq!(pressed(&mut keyboard, none, KeyCode::Left), Pressed::Echo(String::new()));
        assert!(!typed(&mut keyboard, "\u{1b}\u{7}\u{9b}x").contains(char::is_control));
        assert!(
            matches!(pressed(&mut keyboard, none, KeyCode::Enter), Pressed::Line(line) if line.starts_with("hé"))
        );
        assert_eq!(keyboard.text(), "");
    }

    #[test]
    fn earlier_lines_come_back() {
        let (mut keyboard, none) = (Keyboard::default(), KeyModifiers::NONE);
        for line in ["one", "two"] {
            typed(&mut keyboard, line);
            pressed(&mut keyboard, none, KeyCode::Enter);
        }
        assert_eq!(pressed(&mut keyboard, none, KeyCode::Up), Pressed::Echo("two".into()));
        assert_eq!(pressed(&mut keyboard, none, KeyCode::Up), Pressed::Echo("\none".into()));
        pressed(&mut keyboard, none, KeyCode::Up);
        assert_eq!(keyboard.text(), "one");
        pressed(&mut keyboard, none, KeyCode::Down);
        pressed(&mut keyboard, none, KeyCode::Down);
        assert_eq!(keyboard.text(), "");
        assert_eq!(pressed(&mut keyboard, KeyModifiers::CONTROL, KeyCode::Char('d')), Pressed::End);
    }
}
