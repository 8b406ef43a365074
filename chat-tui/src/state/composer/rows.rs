//! The composer as rows of a screen: where each begins, where the cursor stands, and what a click
//! means. Text is made safe grapheme by grapheme, so that places stay true.

use std::ops::Range;

use chat_proto::SafeText;
use unicode_segmentation::UnicodeSegmentation;

use super::{Composer, Place};
use crate::text;

/// A row of the screen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Row {
    /// What is drawn; it is safe.
    pub text: String,
    /// The line of the text that it is of.
    pub line: usize,
    /// Which bytes of that line.
    pub bytes: Range<usize>,
}

/// The rows, and where the cursor stands: row and column.
#[must_use]
pub fn screen_rows(composer: &Composer, columns: usize) -> (Vec<Row>, (usize, usize)) {
    let columns = columns.max(1);
    let (cursor_line, cursor_byte) = composer.cursor();
    let mut rows = Vec::new();
    let mut cursor = (0, 0);
    for (number, line) in composer.lines().iter().enumerate() {
        let mut row = begin(number, 0);
        let mut used = 0;
        for (at, grapheme) in line.grapheme_indices(true) {
            let safe = SafeText::line(grapheme);
            let wide = text::width(safe.as_str());
            if used + wide > columns && used > 0 {
                rows.push(std::mem::replace(&mut row, begin(number, at)));
                used = 0;
            }
            if number == cursor_line && at == cursor_byte {
                cursor = (rows.len(), used);
            }
            row.text.push_str(safe.as_str());
            row.bytes.end = at + grapheme.len();
            used += wide;
        }
        if number == cursor_line && cursor_byte >= line.len() {
            if used >= columns {
                rows.push(std::mem::replace(&mut row, begin(number, line.len())));
                used = 0;
            }
            cursor = (rows.len(), used);
        }
        rows.push(row);
    }
    (rows, cursor)
}

fn begin(line: usize, byte: usize) -> Row {
    Row { text: String::new(), line, bytes: byte..byte }
}

/// The place in the text that stands at a row and a column of the screen.
#[must_use]
pub fn place_at(composer: &Composer, columns: usize, (row, column): (usize, usize)) -> Place {
    let (rows, _) = screen_rows(composer, columns);
    let Some(row) = rows.get(row).or(rows.last()) else { return (0, 0) };
    let shown = composer.lines().get(row.line).and_then(|line| line.get(row.bytes.clone()));
    let mut used = 0;
    for (at, grapheme) in shown.unwrap_or_default().grapheme_indices(true) {
        let wide = text::width(SafeText::line(grapheme).as_str());
        if column < used + wide {
            return (row.line, row.bytes.start + at);
        }
        used += wide;
    }
    (row.line, row.bytes.end)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_cursor_is_where_the_text_is() {
        let at = |text: &str, columns| {
            let (rows, cursor) = screen_rows(&Composer::with_text(text), columns);
            (rows.into_iter().map(|row| row.text).collect::<Vec<_>>(), cursor)
        };
        assert_eq!(at("abc", 10), (vec!["abc".into()], (0, 3)));
        assert_eq!(at("abcd", 4), (vec!["abcd".into(), String::new()], (1, 0)));
        assert_eq!(at("日本語", 4), (vec!["日本".into(), "語".into()], (1, 2)));
        assert_eq!(at("a\n", 4), (vec!["a".into(), String::new()], (1, 0)));
    }

    #[test]
    fn a_click_means_the_letter_under_it() {
        let at = |text: &str, place| place_at(&Composer::with_text(text), 4, place);
        assert_eq!(at("abcdef", (1, 1)), (0, 5));
        assert_eq!(at("日本語", (0, 1)), (0, 0), "either half of a wide letter");
        assert_eq!(at("a\nb", (1, 3)), (1, 1), "behind the end");
        assert_eq!(at("a\nb", (9, 0)), (1, 0), "below the end");
    }

    proptest! {
        #[test]
        fn any_text_fits_any_width(text in "(\\p{Emoji}|\\p{M}|\\p{Han}|\n|.){0,40}", columns in 1usize..20) {
            let (rows, cursor) = screen_rows(&Composer::with_text(&text), columns);
            prop_assert!(cursor.0 < rows.len());
            for row in rows {
                let alone = row.text.graphemes(true).count() <= 1;
                prop_assert!(alone || text::width(&row.text) <= columns.max(4), "{row:?} in {columns}");
            }
        }
    }
}
