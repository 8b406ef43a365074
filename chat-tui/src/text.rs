//! How text fits into cells: width, wrapping, cutting. Pure arithmetic on graphemes.
//!
//! 1. Every function counts what the terminal draws, as far as that was measured, and else what
//!    ratatui counts; so a row that fits here fits on the screen.
//! 2. A grapheme is never split: no accent loses its letter, no family loses a child.
//! 3. Nothing loops or panics on any text at any width, one column included.

pub mod widths;

use std::ops::Range;
use std::sync::OnceLock;

use ratatui::buffer::CellWidth;
use unicode_segmentation::UnicodeSegmentation;

use widths::Widths;

/// What was measured at the start; the same for the program's whole life, as the terminal is.
static MEASURED: OnceLock<Widths> = OnceLock::new();

/// Tells how wide the terminal draws what terminals do not agree upon. Once.
pub fn measure_by(widths: Widths) {
    let _ = MEASURED.set(widths);
}

/// How wide the terminal draws what terminals do not agree upon.
#[must_use]
pub fn measured() -> Widths {
    MEASURED.get().copied().unwrap_or_default()
}

/// What stands for the part that was cut off.
const ELLIPSIS: &str = "…";

/// The columns that a text takes.
#[must_use]
pub fn width(text: &str) -> usize {
    text.graphemes(true).map(grapheme_width).sum()
}

/// The columns of one grapheme; a control character takes none, because none is drawn.
#[must_use]
pub fn grapheme_width(grapheme: &str) -> usize {
    if grapheme.contains(char::is_control) {
        return 0;
    }
    let counted = usize::from(grapheme.cell_width());
    if grapheme.is_ascii() { counted } else { measured().of(grapheme, counted) }
}

/// The text, or its beginning and `…` if it is wider than `columns`.
#[must_use]
pub fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut out = prefix(text, columns.saturating_sub(1)).to_owned();
    if columns > 0 {
        out.push_str(ELLIPSIS);
    }
    out
}

/// The text, cut or filled with spaces to exactly `columns`.
#[must_use]
pub fn fit(text: &str, columns: usize) -> String {
    let mut out = cut(text, columns);
    let missing = columns.saturating_sub(width(&out));
    out.extend(std::iter::repeat_n(' ', missing));
    out
}

/// The longest beginning that takes at most `columns`.
fn prefix(text: &str, columns: usize) -> &str {
    let mut used = 0;
    for (at, grapheme) in text.grapheme_indices(true) {
        used += grapheme_width(grapheme);
        if used > columns {
            return &text[..at];
        }
    }
    text
}

/// The rows of a text at `columns`, as ranges of bytes; at least one row.
///
/// Rows break at `\n`, after spaces and after wide characters, and only inside a word that is
/// longer than a row. The spaces at a break belong to no row. A grapheme that is wider than a
/// row has a row to itself.
#[must_use]
pub fn wrap(text: &str, columns: usize) -> Vec<Range<usize>> {
    let columns = columns.max(1);
    let mut rows = Vec::new();
    let mut start = 0;
    for line in text.split('\n') {
        wrap_line(line, start, columns, &mut rows);
        start += line.len() + 1;
    }
    rows
}

/// A row being filled: where it began, and the last place where it may end.
struct Row {
    start: usize,
    width: usize,
    /// Where the next row would begin, and the columns up to there.
    break_at: Option<(usize, usize)>,
}

fn wrap_line(line: &str, offset: usize, columns: usize, rows: &mut Vec<Range<usize>>) {
    let mut row = Row { start: 0, width: 0, break_at: None };
    for (at, grapheme) in line.grapheme_indices(true) {
        let wide = grapheme_width(grapheme);
        let is_space = grapheme.chars().all(char::is_whitespace);
        while !is_space && row.width + wide > columns && row.start < at {
            let (next, used) = row.break_at.filter(|(next, _)| *next > row.start).unwrap_or((at, row.width));
            push_row(line, row.start..next, offset, rows);
            row = Row { start: next, width: row.width.saturating_sub(used), break_at: None };
        }
        row.width += wide;
        if is_space || wide > 1 {
            row.break_at = Some((at + grapheme.len(), row.width));
        }
    }
    push_row(line, row.start..line.len(), offset, rows);
}

/// Takes a row without the spaces that hang over its end.
fn push_row(line: &str, row: Range<usize>, offset: usize, rows: &mut Vec<Range<usize>>) {
    let kept = line[row.clone()].trim_end().len();
    rows.push(offset + row.start..offset + row.start + kept);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn wrapped(text: &str, columns: usize) -> String {
        wrap(text, columns).into_iter().map(|row| &text[row]).collect::<Vec<_>>().join("|")
    }

    #[test]
    fn rows_break_where_people_would() {
        assert_eq!(wrapped("", 5), "");
        assert_eq!(wrapped("hello", 5), "hello");
        assert_eq!(wrapped("hello world", 5), "hello|world");
        assert_eq!(wrapped("hello world", 8), "hello|world");
        assert_eq!(wrapped("one two three", 7), "one two|three");
        assert_eq!(wrapped("a\n\nb", 5), "a||b");
        assert_eq!(wrapped("abcdefgh", 3), "abc|def|gh");
        assert_eq!(wrapped("ab cdefgh", 4), "ab|cdef|gh");
        assert_eq!(wrapped("  two", 10), "  two");
        assert_eq!(wrapped("日本語です", 4), "日本|語で|す");
        assert_eq!(wrapped("日本", 1), "日|本");
    }

    #[test]
    fn graphemes_stay_whole() {
        assert_eq!(wrapped("👩‍👩‍👧👩‍👩‍👧", 2), "👩‍👩‍👧|👩‍👩‍👧");
        assert_eq!(wrapped("e\u{301}e\u{301}", 1), "e\u{301}|e\u{301}");
        assert_eq!(cut("👩‍👩‍👧ab", 3), "👩‍👩‍👧…");
        assert_eq!(cut("日本語", 4), "日…");
        assert_eq!(fit("日本語", 4), "日… ");
        assert_eq!(cut("abc", 0), "");
    }

    proptest! {
        #[test]
        fn no_row_is_too_wide_and_no_grapheme_is_lost(
            text in "(\\p{Emoji}|\\p{M}|\\p{Han}|\\p{Arabic}| |\n|\u{200d}|.){0,60}", columns in 1usize..30,
        ) {
            let rows = wrap(&text, columns);
            for row in &rows {
                let row = &text[row.clone()];
                let alone = row.graphemes(true).filter(|g| grapheme_width(g) > 0).count() <= 1;
                prop_assert!(width(row) <= columns || alone, "{row:?} in {columns}");
            }
            let kept: String = rows.into_iter().map(|row| &text[row]).collect();
            let ink = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            prop_assert_eq!(ink(&kept), ink(&text));
        }

        #[test]
        fn a_fitted_text_has_exactly_its_width(text in "(\\p{Emoji}|\\p{M}|\\p{Han}|.){0,30}", columns in 0usize..20) {
            prop_assert_eq!(width(&fit(&text, columns)), columns);
            prop_assert!(width(&cut(&text, columns)) <= columns);
        }
    }
}
