//! What a key does to a text: a change, or a move of the cursor.

/// One change to the text or the cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edit {
    /// Puts a character in.
    Insert(char),
    /// Begins a new line.
    NewLine,
    /// Deletes the grapheme before the cursor.
    Backspace,
    /// Deletes the grapheme behind the cursor.
    Delete,
    /// Deletes back to the last space.
    KillBlankWord,
    /// Deletes the word before the cursor.
    KillWordBack,
    /// Deletes the word behind the cursor.
    KillWord,
    /// Deletes to the end of the line.
    KillToEnd,
    /// Deletes to the start of the line.
    KillToStart,
    /// Puts back what was last deleted by a kill.
    Yank,
    /// After a yank: puts what was killed before that in its place.
    YankOlder,
    /// Takes the last change back.
    Undo,
    /// Takes the last undo back.
    Redo,
    /// Selects everything.
    SelectAll,
    /// Moves, and selects what lies between.
    Select(Go),
    /// One grapheme left.
    Left,
    /// One grapheme right.
    Right,
    /// One word left.
    WordLeft,
    /// One word right.
    WordRight,
    /// To the start of the line.
    Home,
    /// To the end of the line.
    End,
    /// One line up.
    Up,
    /// One line down.
    Down,
}

/// A move of the cursor that can select.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Go {
    /// One grapheme left.
    Left,
    /// One grapheme right.
    Right,
    /// One word left.
    WordLeft,
    /// One word right.
    WordRight,
    /// To the start of the line.
    Home,
    /// To the end of the line.
    End,
    /// One line up.
    Up,
    /// One line down.
    Down,
}

impl Edit {
    /// The move that this is.
    pub(super) fn go(self) -> Option<Go> {
        Some(match self {
            Edit::Left => Go::Left,
            Edit::Right => Go::Right,
            Edit::WordLeft => Go::WordLeft,
            Edit::WordRight => Go::WordRight,
            Edit::Home => Go::Home,
            Edit::End => Go::End,
            Edit::Up => Go::Up,
            Edit::Down => Go::Down,
            _ => return None,
        })
    }

    /// Whether what it takes away is kept for a yank.
    pub(super) fn kills(self) -> bool {
        use Edit::{KillBlankWord, KillToEnd, KillToStart, KillWord, KillWordBack};
        matches!(self, KillBlankWord | KillToEnd | KillToStart | KillWord | KillWordBack)
    }

    /// How far it deletes.
    pub(super) fn reach(self) -> Option<Go> {
        Some(match self {
            Edit::Backspace => Go::Left,
            Edit::Delete => Go::Right,
            Edit::KillBlankWord | Edit::KillWordBack => Go::WordLeft,
            Edit::KillWord => Go::WordRight,
            Edit::KillToEnd => Go::End,
            Edit::KillToStart => Go::Home,
            _ => return None,
        })
    }

    /// Whether kills before and after it belong together.
    pub(super) fn goes_on_killing(self) -> bool {
        self.kills() || matches!(self, Edit::Yank | Edit::YankOlder)
    }
}
