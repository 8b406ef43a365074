//! The composer: the text being written, edited by grapheme.
//!
//! What people see as one letter may be several characters: they are moved over, selected and
//! deleted together. It draws nothing: the view reads [`screen_rows`].
//!
//! 1. The cursor stands on the edge of a grapheme after every edit, and so does a selection.
//! 2. What was killed is kept in a ring: kills in a row are one entry, and yanking again in a row
//!    goes back through the ring.

mod buffer;
mod edit;
mod kill;
mod rows;

use unicode_segmentation::UnicodeSegmentation;

use buffer::Buffer;
pub use buffer::Place;
pub use edit::{Edit, Go};
use kill::Kills;
pub use rows::{Row, place_at, screen_rows};

/// The text being written. See the module.
#[derive(Debug, Clone)]
pub struct Composer {
    buffer: Buffer,
    kills: Kills,
}

impl Default for Composer {
    fn default() -> Self {
        Self::with_text("")
    }
}

impl Composer {
    /// A composer that holds this text, with the cursor at its end.
    #[must_use]
    pub fn with_text(text: &str) -> Self {
        Self { buffer: Buffer::new(text), kills: Kills::default() }
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> String {
        self.lines().join("\n")
    }

    /// The text by lines.
    #[must_use]
    pub fn lines(&self) -> &[String] {
        self.buffer.lines()
    }

    /// Where the cursor stands.
    #[must_use]
    pub fn cursor(&self) -> Place {
        self.buffer.cursor()
    }

    /// Whether nothing is written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        matches!(self.lines(), [only] if only.is_empty())
    }

    /// Whether nothing stands behind the cursor in its line.
    #[must_use]
    pub fn is_at_line_end(&self) -> bool {
        self.after().is_empty()
    }

    /// The size of the text in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.lines().iter().map(|line| line.len() + 1).sum::<usize>().saturating_sub(1)
    }

    /// What is selected: from here to there; `None` for nothing.
    #[must_use]
    pub fn selection(&self) -> Option<(Place, Place)> {
        self.buffer.selection()
    }

    /// The selected text.
    #[must_use]
    pub fn selected(&self) -> Option<String> {
        self.selection().map(|stretch| self.buffer.between(stretch))
    }

    /// Selects nothing any more; says whether something was selected.
    pub fn deselect(&mut self) -> bool {
        let was = self.selection().is_some();
        self.buffer.deselect();
        was
    }

    /// Puts the cursor at a place, and perhaps selects up to there.
    pub fn go_to(&mut self, (line, byte): Place, selects: bool) {
        self.kills.other();
        let line = line.min(self.lines().len().saturating_sub(1));
        self.buffer.go((line, edge_from(self.buffer.line(line), byte)), selects);
    }

    /// Puts a text in at the cursor, or in the place of what is selected.
    pub fn insert(&mut self, text: &str) {
        self.kills.other();
        self.put(text);
    }

    /// Puts a text in the place of all that is written, which a yank brings back.
    pub fn replace_all(&mut self, text: &str) {
        let before = self.buffer.replace(((0, 0), self.buffer.end()), text);
        self.kills.other();
        self.kills.keep(before, true);
        self.kills.other();
        self.settle();
    }

    /// Replaces `from..cursor` of the cursor's line.
    pub fn replace_before_cursor(&mut self, from: usize, with: &str) {
        let (line, byte) = self.cursor();
        if self.buffer.line(line).get(from..byte).is_some() {
            self.kills.other();
            self.buffer.replace(((line, from), (line, byte)), with);
            self.settle();
        }
    }

    /// The cursor's line up to the cursor.
    #[must_use]
    pub fn before(&self) -> &str {
        let (line, byte) = self.cursor();
        self.buffer.line(line).get(..byte).unwrap_or_default()
    }

    /// The cursor's line from the cursor on.
    #[must_use]
    pub fn after(&self) -> &str {
        let (line, byte) = self.cursor();
        self.buffer.line(line).get(byte..).unwrap_or_default()
    }

    /// Does one change; says whether the text is another one now.
    pub fn edit(&mut self, edit: Edit) -> bool {
        if !edit.goes_on_killing() {
            self.kills.other();
        }
        match edit {
            Edit::Select(go) => self.buffer.go(self.target(go), true),
            Edit::SelectAll => {
                self.buffer.go((0, 0), false);
                self.buffer.go(self.buffer.end(), true);
            }
            _ => match edit.go() {
                Some(go) => self.buffer.go(self.target(go), false),
                None => return self.change(edit),
            },
        }
        false
    }

    fn change(&mut self, edit: Edit) -> bool {
        let cursor = self.cursor();
        let changed = match edit {
            Edit::Insert(c) => self.put(c.encode_utf8(&mut [0; 4])),
            Edit::NewLine => self.put("\n"),
            Edit::Yank => {
                let text = self.kills.yank().to_owned();
                self.put(&text)
            }
            Edit::YankOlder => self.yank_older(),
            Edit::Undo => self.buffer.undo(),
            Edit::Redo => self.buffer.redo(),
            _ => {
                let to = edit.reach().map_or(cursor, |go| self.kill_target(edit, go));
                let stretch = self.selection().unwrap_or((cursor.min(to), cursor.max(to)));
                self.delete(stretch, edit.kills(), to < cursor)
            }
        };
        self.settle();
        changed
    }

    /// To where a deletion reaches. The rest of an empty stretch of line is its end.
    fn kill_target(&self, edit: Edit, go: Go) -> Place {
        let (line, _) = self.cursor();
        match edit {
            Edit::KillBlankWord if !self.before().is_empty() => (line, blank_word_before(self.before())),
            Edit::KillToEnd if self.after().is_empty() => self.target(Go::Right),
            Edit::KillToStart if self.before().is_empty() => self.target(Go::Left),
            _ => self.target(go),
        }
    }

    /// Deletes what is selected; a kill keeps it.
    pub fn cut(&mut self, keep: bool) -> bool {
        self.kills.other();
        let changed = self.selection().is_some_and(|stretch| self.delete(stretch, keep, false));
        self.settle();
        changed
    }

    fn put(&mut self, text: &str) -> bool {
        let cursor = self.cursor();
        let stretch = self.selection().unwrap_or((cursor, cursor));
        let removed = self.buffer.replace(stretch, text);
        self.settle();
        !(removed.is_empty() && text.is_empty())
    }

    fn delete(&mut self, stretch: (Place, Place), keep: bool, before: bool) -> bool {
        let removed = self.buffer.replace(stretch, "");
        let changed = !removed.is_empty();
        if keep {
            self.kills.keep(removed, before);
        }
        changed
    }

    /// Puts the kill before in the place of what was just yanked.
    fn yank_older(&mut self) -> bool {
        let Some(older) = self.kills.older() else { return false };
        self.buffer.undo() && self.put(&older)
    }

    /// Moves the cursor to the edge of a grapheme, if it stands inside of one: a sign that was put
    /// in may have joined with its neighbours.
    fn settle(&mut self) {
        let (line, byte) = self.cursor();
        let edge = edge_from(self.buffer.line(line), byte);
        if edge != byte {
            self.buffer.go((line, edge), false);
        }
    }

    /// Where a move leads.
    fn target(&self, go: Go) -> Place {
        let (line, byte) = self.cursor();
        let (before, after) = (self.before(), self.after());
        let above = || line.checked_sub(1).map_or((0, 0), |above| (above, self.buffer.line(above).len()));
        let below = || if line + 1 < self.lines().len() { (line + 1, 0) } else { self.buffer.end() };
        match go {
            Go::Left | Go::WordLeft if before.is_empty() => above(),
            Go::Right | Go::WordRight if after.is_empty() => below(),
            Go::Left => (line, byte - before.graphemes(true).next_back().map_or(0, str::len)),
            Go::Right => (line, byte + after.graphemes(true).next().map_or(0, str::len)),
            Go::WordLeft => {
                (line, edge_from(self.buffer.line(line), byte - to_word(before.split_word_bounds().rev())))
            }
            Go::WordRight => {
                (line, edge_from(self.buffer.line(line), byte + to_word(after.split_word_bounds())))
            }
            Go::Home => (line, 0),
            Go::End => (line, self.buffer.line(line).len()),
            Go::Up => self.beside(line.checked_sub(1)),
            Go::Down => self.beside(Some(line + 1).filter(|below| *below < self.lines().len())),
        }
    }

    /// As many graphemes into another line as the cursor is into its own.
    fn beside(&self, line: Option<usize>) -> Place {
        let Some(line) = line else { return self.cursor() };
        let into = self.before().graphemes(true).count();
        let text = self.buffer.line(line);
        (line, text.grapheme_indices(true).nth(into).map_or(text.len(), |(at, _)| at))
    }
}

/// The first edge of a grapheme at this byte or behind it.
fn edge_from(line: &str, byte: usize) -> usize {
    line.grapheme_indices(true).map(|(at, _)| at).find(|at| *at >= byte).unwrap_or(line.len())
}

/// Where the word before begins, if only blanks end words.
fn blank_word_before(before: &str) -> usize {
    let start = before
        .trim_end()
        .rfind(char::is_whitespace)
        .map_or(0, |at| at + before[at..].chars().next().map_or(0, char::len_utf8));
    edge_from(before, start)
}

/// The bytes up to the far end of the next word: pieces without a letter are passed over.
fn to_word<'a>(pieces: impl Iterator<Item = &'a str>) -> usize {
    let mut bytes = 0;
    for piece in pieces {
        bytes += piece.len();
        if piece.chars().any(char::is_alphanumeric) {
            break;
        }
    }
    bytes
}

#[cfg(test)]
mod tests;
