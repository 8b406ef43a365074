//! The composer: the text being written, edited by grapheme.
//!
//! The editor underneath works by character; what people see as one letter may be several. This
//! wrapper counts the characters of a grapheme and moves or deletes them together, in one undo
//! step. It draws nothing: the view reads [`Composer::lines`] and [`Composer::cursor`].

use ratatui_textarea::{CursorMove, TextArea};
use unicode_segmentation::UnicodeSegmentation;

use crate::text;

/// Steps of undo; more than anybody remembers.
const UNDO_STEPS: usize = 200;

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
    /// Takes the last change back.
    Undo,
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
    area: TextArea<'static>,
    /// What was last deleted by a kill. The editor's own is not used: single letters overwrite it.
    killed: String,
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
        let mut area = TextArea::new(split_lines(text));
        area.set_max_histories(UNDO_STEPS);
        area.move_cursor(CursorMove::Bottom);
        area.move_cursor(CursorMove::End);
        Self { area, killed: String::new() }
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> String {
        self.area.lines().join("\n")
    }

    /// The text by lines.
    #[must_use]
    pub fn lines(&self) -> &[String] {
        self.area.lines()
    }

    /// The cursor: line, and byte in that line.
    #[must_use]
    pub fn cursor(&self) -> (usize, usize) {
        let at = self.area.cursor();
        let byte = self.lines().get(at.0).map_or(0, |line| byte_of(line, at.1));
        (at.0, byte)
    }

    /// Whether nothing is written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.area.is_empty()
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

    /// Puts a text in at the cursor, with any kind of line end.
    pub fn insert(&mut self, text: &str) {
        self.area.insert_str(split_lines(text).join("\n"));
    }

    /// Replaces `from..cursor` of the cursor's line.
    pub fn replace_before_cursor(&mut self, from: usize, with: &str) {
        let before = self.before();
        if let Some(old) = before.get(from..) {
            let chars = old.chars().count();
            self.delete_back(chars, false);
            self.insert(with);
        }
    }

    /// The cursor's line up to the cursor.
    #[must_use]
    pub fn before(&self) -> &str {
        let (line, byte) = self.cursor();
        self.lines().get(line).and_then(|line| line.get(..byte)).unwrap_or_default()
    }

    /// The cursor's line from the cursor on.
    #[must_use]
    pub fn after(&self) -> &str {
        let (line, byte) = self.cursor();
        self.lines().get(line).and_then(|line| line.get(byte..)).unwrap_or_default()
    }

    /// Does one change; says whether the text is another one now.
    pub fn edit(&mut self, edit: Edit) -> bool {
        match edit {
            Edit::Insert(c) => {
                self.area.insert_char(c);
                true
            }
            Edit::NewLine => {
                self.area.insert_newline();
                true
            }
            Edit::Backspace => self.kill_back(last_grapheme(self.before()), false),
            Edit::Delete => self.kill_on(first_grapheme(self.after()), false),
            Edit::KillBlankWord => self.kill_back(blank_word_before(self.before()), true),
            Edit::KillWordBack => self.kill_back(word_before(self.before()), true),
            Edit::KillWord => self.kill_on(word_after(self.after()), true),
            Edit::KillToEnd => self.kill_on(self.after().chars().count(), true),
            Edit::KillToStart => self.kill_back(self.before().chars().count(), true),
            Edit::Yank => self.area.insert_str(self.killed.clone()),
            Edit::Undo => self.area.undo(),
            _ => {
                self.go(edit);
                false
            }
        }
    }

    /// Moves the cursor.
    fn go(&mut self, edit: Edit) {
        match edit {
            Edit::Left => self.step(CursorMove::Back, last_grapheme(self.before())),
            Edit::Right => self.step(CursorMove::Forward, first_grapheme(self.after())),
            Edit::WordLeft => self.step(CursorMove::Back, word_before(self.before())),
            Edit::WordRight => self.step(CursorMove::Forward, word_after(self.after())),
            Edit::Home => self.area.move_cursor(CursorMove::Head),
            Edit::End => self.area.move_cursor(CursorMove::End),
            Edit::Up => self.go_line(CursorMove::Up),
            Edit::Down => self.go_line(CursorMove::Down),
            _ => {}
        }
    }

    /// Moves by characters; at the edge of a line, one step crosses it.
    fn step(&mut self, direction: CursorMove, chars: usize) {
        for _ in 0..chars.max(1) {
            self.area.move_cursor(direction);
        }
    }

    /// Moves by line, then to the start of the grapheme it landed in.
    fn go_line(&mut self, direction: CursorMove) {
        self.area.move_cursor(direction);
        let (line, byte) = self.cursor();
        let inside = self.lines().get(line).map_or(0, |line| chars_into_grapheme(line, byte));
        for _ in 0..inside {
            self.area.move_cursor(CursorMove::Back);
        }
    }

    /// Deletes `chars` before the cursor, or joins with the line above when there are none.
    fn kill_back(&mut self, chars: usize, keep: bool) -> bool {
        if chars == 0 { self.area.delete_newline() } else { self.delete_back(chars, keep) }
    }

    fn delete_back(&mut self, chars: usize, keep: bool) -> bool {
        for _ in 0..chars {
            self.area.move_cursor(CursorMove::Back);
        }
        self.delete_on(chars, keep)
    }

    /// Deletes `chars` behind the cursor, or joins with the line below when there are none.
    fn kill_on(&mut self, chars: usize, keep: bool) -> bool {
        let (line, _) = self.cursor();
        let is_end_of_text = chars == 0 && line + 1 >= self.lines().len();
        !is_end_of_text && self.delete_on(chars.max(1), keep)
    }

    /// Deletes forward; only kills are kept for [`Edit::Yank`], single letters are not.
    fn delete_on(&mut self, chars: usize, keep: bool) -> bool {
        let changed = self.area.delete_str(chars);
        if keep && changed {
            self.killed = self.area.yank_text();
        }
        changed
    }
}

fn split_lines(text: &str) -> Vec<String> {
    text.replace("\r\n", "\n").split(['\n', '\r']).map(str::to_owned).collect()
}

fn byte_of(line: &str, chars: usize) -> usize {
    line.char_indices().nth(chars).map_or(line.len(), |(at, _)| at)
}

fn last_grapheme(before: &str) -> usize {
    before.graphemes(true).next_back().map_or(0, |g| g.chars().count())
}

fn first_grapheme(after: &str) -> usize {
    after.graphemes(true).next().map_or(0, |g| g.chars().count())
}

fn chars_into_grapheme(line: &str, byte: usize) -> usize {
    let start = line.grapheme_indices(true).map(|(at, _)| at).take_while(|at| *at <= byte).last();
    line.get(start.unwrap_or(0)..byte).map_or(0, |inside| inside.chars().count())
}

fn blank_word_before(before: &str) -> usize {
    let kept = before
        .trim_end()
        .rfind(char::is_whitespace)
        .map_or(0, |at| at + before[at..].chars().next().map_or(0, char::len_utf8));
    before[kept..].chars().count()
}

fn word_before(before: &str) -> usize {
    chars_to_word(before.split_word_bounds().rev())
}

fn word_after(after: &str) -> usize {
    chars_to_word(after.split_word_bounds())
}

/// The characters up to the far end of the next word: pieces without a letter are passed over.
fn chars_to_word<'a>(pieces: impl Iterator<Item = &'a str>) -> usize {
    let mut chars = 0;
    for piece in pieces {
        chars += piece.chars().count();
        if piece.chars().any(char::is_alphanumeric) {
            break;
        }
    }
    chars
}

/// The composer as rows of a screen, each with its text, and where the cursor stands: row and
/// column. Drawn text is made safe grapheme by grapheme, so that the cursor stays true.
#[must_use]
pub fn screen_rows(composer: &Composer, columns: usize) -> (Vec<String>, (usize, usize)) {
    let columns = columns.max(1);
    let (cursor_line, cursor_byte) = composer.cursor();
    let mut rows = Vec::new();
    let mut cursor = (0, 0);
    for (number, line) in composer.lines().iter().enumerate() {
        let mut row = String::new();
        let mut used = 0;
        for (at, grapheme) in line.grapheme_indices(true) {
            let safe = chat_proto::SafeText::line(grapheme);
            let wide = text::width(safe.as_str());
            if used + wide > columns && used > 0 {
                rows.push(std::mem::take(&mut row));
                used = 0;
            }
            if number == cursor_line && at == cursor_byte {
                cursor = (rows.len(), used);
            }
            row.push_str(safe.as_str());
            used += wide;
        }
        if number == cursor_line && cursor_byte >= line.len() {
            if used >= columns {
                rows.push(std::mem::take(&mut row));
                used = 0;
            }
            cursor = (rows.len(), used);
        }
        rows.push(row);
    }
    (rows, cursor)
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
        assert_eq!(after("e\u{301}e\u{301}\nab", &[Left, Up]), "|e\u{301}e\u{301}/ab");
    }

    #[test]
    fn the_cursor_is_where_the_text_is() {
        let at = |text: &str, columns| screen_rows(&Composer::with_text(text), columns);
        assert_eq!(at("abc", 10), (vec!["abc".into()], (0, 3)));
        assert_eq!(at("abcd", 4), (vec!["abcd".into(), String::new()], (1, 0)));
        assert_eq!(at("日本語", 4), (vec!["日本".into(), "語".into()], (1, 2)));
        assert_eq!(at("a\n", 4), (vec!["a".into(), String::new()], (1, 0)));
    }

    proptest! {
        #[test]
        fn any_text_fits_any_width(text in "(\\p{Emoji}|\\p{M}|\\p{Han}|\n|.){0,40}", columns in 1usize..20) {
            let (rows, cursor) = screen_rows(&Composer::with_text(&text), columns);
            prop_assert!(cursor.0 < rows.len());
            for row in rows {
                let alone = row.graphemes(true).count() <= 1;
                prop_assert!(alone || text::width(&row) <= columns.max(4), "{row:?} in {columns}");
            }
        }

        #[test]
        fn edits_never_panic(text in "(\\p{Emoji}|\\p{M}|\\p{Han}|\n|.){0,20}", keys in proptest::collection::vec(0usize..19, 0..40)) {
            use Edit::*;
            let all = [Insert('x'), NewLine, Backspace, Delete, KillBlankWord, KillWordBack, KillWord, KillToEnd,
                KillToStart, Yank, Undo, Left, Right, WordLeft, WordRight, Home, End, Up, Down];
            let mut composer = Composer::with_text(&text);
            for key in keys {
                composer.edit(all[key]);
                show(&composer);
            }
        }
    }
}
