//! The question whether a certificate is trusted for which no authority vouches. Pure.

use chat_client::stranger::Stranger;
use crossterm::event::{KeyCode, KeyEvent};

/// Digits of a changed certificate's fingerprint that are typed to accept it: who types them has
/// looked at them.
pub(crate) const DIGITS: usize = 4;

/// What a key comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Yes.
    Trust,
    /// No, or not now.
    Close,
    /// Nothing yet.
    Wait,
}

/// The question.
#[derive(Debug, Clone, PartialEq)]
pub struct Trust {
    /// Whose certificate it is.
    pub stranger: Box<Stranger>,
    /// What of the fingerprint is typed.
    pub(crate) typed: String,
    /// Whether it is on the screen.
    pub(crate) is_open: bool,
    /// What went wrong.
    pub(crate) error: Option<String>,
}

impl Trust {
    /// Asks.
    #[must_use]
    pub fn new(stranger: Box<Stranger>) -> Self {
        Self { stranger, typed: String::new(), is_open: true, error: None }
    }

    /// Takes a key. One letter is enough for a new server; for one that was known, the first digits
    /// of the fingerprint of now.
    pub(crate) fn key(&mut self, key: KeyEvent) -> Answer {
        self.error = None;
        match key.code {
            KeyCode::Esc => Answer::Close,
            KeyCode::Char('c') if key.modifiers == crossterm::event::KeyModifiers::CONTROL => Answer::Close,
            KeyCode::Char('y' | 'Y') if !self.stranger.is_changed() => Answer::Trust,
            KeyCode::Char('n' | 'N') if !self.stranger.is_changed() => Answer::Close,
            KeyCode::Char(digit) if self.stranger.is_changed() => self.digit(digit),
            KeyCode::Backspace => {
                self.typed.pop();
                Answer::Wait
            }
            _ => Answer::Wait,
        }
    }

    fn digit(&mut self, digit: char) -> Answer {
        if !digit.is_ascii_hexdigit() {
            return Answer::Wait;
        }
        self.typed.push(digit.to_ascii_uppercase());
        if self.typed.len() < DIGITS {
            return Answer::Wait;
        }
        let is_right = self.stranger.fingerprint.word().starts_with(&self.typed);
        self.typed.clear();
        if is_right {
            return Answer::Trust;
        }
        self.error = Some("These are not the first digits of the new fingerprint.".to_owned());
        Answer::Wait
    }
}
