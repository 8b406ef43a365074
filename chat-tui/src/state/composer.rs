//! The composer: the text being written, edited by grapheme.
//!
//! What people see as one letter may be several characters: they are moved over, selected and
//! deleted together. It draws nothing: the view reads [`screen_rows`].
//!
//! 1. The cursor stands on the edge of a grapheme after every edit, and so does a selection.
//! 2. What was killed is kept in a ring: kills in a row are one entry, and yanking again in a row
//!    goes back through the ring.

mod buffer;
mod kill;
mod rows;

use unicode_segmentation::UnicodeSegmentation;

use buffer::Buffer;
pub use buffer::Place;
use kill::Kills;
pub use rows::{Row, place_at, screen_rows};

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

impl Edit {
    /// The move that this is.
    fn go(self) -> Option<Go> {
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
    fn kills(self) -> bool {
        use Edit::{KillBlankWord, KillToEnd, KillToStart, KillWord, KillWordBack};
        matches!(self, KillBlankWord | KillToEnd | KillToStart | KillWord | KillWordBack)
    }

    /// How far it deletes.
    fn reach(self) -> Option<Go> {
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
    fn goes_on_killing(self) -> bool {
        self.kills() || matches!(self, Edit::Yank | Edit::YankOlder)
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
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The text after some edits, with `|` at the cursor.
    fn after(text: &str, edits: &[Edit]) -> String {
        let mut composer = Composer::with_text(text);
        for edit in edits {
            composer.edit(*edit);
        }
        show(&composer)
    }

    fn show(composer: &Composer) -> String {
        let (line, byte) = composer.cursor();
        let mut lines = composer.lines().to_vec();
        lines[line].insert(byte, '|');
        lines.join("/")
    }

    #[test]
    fn a_key_moves_or_deletes_what_people_see_as_one() {
        use Edit::*;
        for seen in ["👩‍👩‍👧", "🇩🇪", "e\u{301}", "👍🏽", "क्षि"] {
            assert_eq!(after(&format!("a{seen}"), &[Backspace]), "a|");
            assert_eq!(after(&format!("a{seen}b"), &[Left, Left]), format!("a|{seen}b"));
            assert_eq!(after(&format!("a{seen}b"), &[Home, Right, Right]), format!("a{seen}|b"));
            assert_eq!(after(&format!("a{seen}b"), &[Left, Left, Delete]), "a|b");
            assert_eq!(after(&format!("a{seen}"), &[Backspace, Undo]), format!("a{seen}|"));
        }
    }

    #[test]
    fn readline_keys_do_what_fingers_expect() {
        use Edit::*;
        assert_eq!(after("one two three", &[KillBlankWord]), "one two |");
        assert_eq!(after("one two three", &[KillBlankWord, KillBlankWord]), "one |");
        assert_eq!(after("see a/b", &[KillWordBack]), "see a/|");
        assert_eq!(after("cafe\u{301}", &[KillWordBack]), "|");
        assert_eq!(after("one two", &[Home, KillWord]), "| two");
        assert_eq!(after("one two", &[WordLeft, KillToEnd]), "one |");
        assert_eq!(after("one two", &[WordLeft, KillToStart, End, Yank]), "twoone |");
        assert_eq!(after("a", &[NewLine, Insert('b'), Home, Backspace]), "a|b");
        assert_eq!(after("a\nb", &[Up, End, Delete]), "a|b");
        assert_eq!(
            after("ab", &[KillToStart, Insert('x'), Backspace, Yank]),
            "ab|",
            "letters leave the yank alone"
        );
    }

    #[test]
    fn edges_are_harmless() {
        use Edit::*;
        assert_eq!(after("", &[Backspace, Delete, Left, Right, Up, Down, KillToEnd, KillWordBack]), "|");
        assert_eq!(after("e\u{301}e\u{301}\nab", &[Left, Up]), "e\u{301}|e\u{301}/ab");
    }

    #[test]
    fn what_is_selected_is_replaced_cut_or_let_be() {
        use Edit::*;
        let left = Select(Go::Left);
        assert_eq!(after("one two", &[left, left, left, Insert('x')]), "one x|");
        assert_eq!(after("one two", &[left, left, left, Backspace]), "one |");
        assert_eq!(after("one two", &[Select(Go::WordLeft), KillToStart, Home, Yank]), "two|one ");
        assert_eq!(after("one two", &[SelectAll, Delete]), "|");
        assert_eq!(after("one two", &[SelectAll, Left, Insert('x')]), "one twx|o");
        let mut composer = Composer::with_text("a👩‍👩‍👧b\nc");
        assert_eq!(composer.selected(), None);
        for go in [Go::Up, Go::Home] {
            composer.edit(Select(go));
        }
        assert_eq!(composer.selected().as_deref(), Some("a👩‍👩‍👧b\nc"));
        assert!(composer.deselect());
        composer.go_to((0, 1), false);
        composer.go_to((0, "a👩‍👩‍👧".len()), true);
        assert_eq!(composer.selected().as_deref(), Some("👩‍👩‍👧"));
        assert!(composer.cut(true));
        assert_eq!(show(&composer), "a|b/c");
    }

    #[test]
    fn undo_is_undone_by_redo() {
        use Edit::*;
        assert_eq!(after("one two", &[KillBlankWord, Undo]), "one two|");
        assert_eq!(after("one two", &[KillBlankWord, Undo, Redo]), "one |");
        assert_eq!(after("one two", &[Redo]), "one two|");
    }

    #[test]
    fn kills_in_a_row_are_one_and_older_ones_come_back() {
        use Edit::*;
        assert_eq!(after("a b c", &[KillBlankWord, KillBlankWord, Home, Yank]), "b c|a ");
        let two = [KillBlankWord, Left, Right, KillBlankWord, Yank];
        assert_eq!(after("a b c", &two), "a b |");
        assert_eq!(after("a b c", &[two.as_slice(), &[YankOlder]].concat()), "a c|");
        assert_eq!(after("a b c", &[two.as_slice(), &[YankOlder, YankOlder]].concat()), "a b |");
        assert_eq!(after("a", &[YankOlder]), "a|");
        assert_eq!(after("a", &[KillToStart, Yank, Left, YankOlder]), "|a", "only after a yank");
    }

    #[test]
    fn what_was_written_comes_back_after_a_command_took_its_place() {
        let mut composer = Composer::with_text("a thought");
        composer.replace_all("/topic ");
        assert_eq!(show(&composer), "/topic |");
        composer.edit(Edit::Yank);
        assert_eq!(show(&composer), "/topic a thought|");
        composer.edit(Edit::Undo);
        composer.edit(Edit::Undo);
        assert_eq!(show(&composer), "a thought|");
    }

    proptest! {
        #[test]
        fn edits_leave_the_cursor_on_an_edge(
            text in "(\\p{Emoji}|\\p{M}|\\p{Han}|\\p{Hebrew}|\u{200d}|\n|.){0,20}",
            keys in proptest::collection::vec((0usize..33, any::<char>()), 0..40),
            columns in 1usize..12,
        ) {
            let mut composer = Composer::with_text(&text);
            for (key, c) in keys {
                composer.edit(any_edit(key, c));
                show(&composer);
                let (line, byte) = composer.cursor();
                let edges = composer.lines()[line].grapheme_indices(true).map(|(at, _)| at);
                prop_assert!(byte == composer.lines()[line].len() || edges.into_iter().any(|at| at == byte));
                if composer.selection().is_some() {
                    prop_assert!(composer.selected().is_some());
                }
                let (rows, cursor) = screen_rows(&composer, columns);
                prop_assert!(cursor.0 < rows.len());
                prop_assert!(cursor.1 <= columns.max(2));
                // A click stands on an edge as well.
                let clicked = place_at(&composer, columns, (byte % 5, line % 7));
                composer.go_to(clicked, byte % 2 == 0);
                prop_assert_eq!(composer.cursor(), clicked);
            }
        }
    }

    fn any_edit(key: usize, c: char) -> Edit {
        use Edit::*;
        let gos = [Go::Left, Go::Right, Go::WordLeft, Go::WordRight, Go::Home, Go::End, Go::Up, Go::Down];
        let all = [
            NewLine,
            Backspace,
            Delete,
            KillBlankWord,
            KillWordBack,
            KillWord,
            KillToEnd,
            KillToStart,
            Yank,
            YankOlder,
            Undo,
            Redo,
            SelectAll,
            Left,
            Right,
            WordLeft,
            WordRight,
            Home,
            End,
            Up,
            Down,
        ];
        match key.checked_sub(all.len()) {
            None => all[key],
            Some(at) => gos.get(at).map_or(Insert(c), |go| Select(*go)),
        }
    }
}
