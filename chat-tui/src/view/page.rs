//! A page to read, and a code to photograph.

use chat_proto::SafeText;
use ratatui::layout::Rect;

use super::canvas::Canvas;
use super::popups::with_way_out;
use crate::action::Plain;
use crate::keymap::{Context, Keymap};
use crate::layout::{self, CodePlace};
use crate::state::code::Code;
use crate::state::page::Page;
use crate::text;

/// Draws a page.
pub(super) fn draw(keymap: &Keymap, page: &Page, canvas: &mut Canvas) {
    let theme = canvas.theme;
    let parts = layout::page(canvas.area(), page);
    if let (Some(CodePlace::Alone), Some(code), true) =
        (parts.code, &page.code, page.top >= parts.lines.len())
    {
        return alone(code, canvas);
    }
    canvas.clear(parts.area);
    let inner = canvas.frame(parts.area, &with_way_out(keymap, &page.title), theme.dim());
    let mut row = 0;
    for line in parts.lines.iter().skip(page.top).take(usize::from(inner.height)) {
        canvas.put_in(inner, (0, row), parts.indent, &line.left, theme.dim());
        canvas.part(inner, (parts.indent, row), line.right.as_str(), theme.plain());
        row += 1;
    }
    let (Some(place), Some(code)) = (parts.code, &page.code) else { return };
    match place {
        CodePlace::Below => {
            squares(code, inner, row, canvas);
        }
        CodePlace::Alone => {
            let hint = keymap.hint(Context::Page, Plain::PageDown, "shows it as a code to photograph");
            words(&hint.unwrap_or_default(), inner, row, canvas);
        }
        CodePlace::Nowhere => {
            let (columns, rows) = code.least();
            let small = format!(
                "This window is too small for a code to photograph, which takes {columns} columns and {rows} rows."
            );
            words(&small, inner, row, canvas);
        }
    }
}

fn words(words: &str, area: Rect, row: usize, canvas: &mut Canvas) {
    let words = SafeText::line(words);
    let style = canvas.theme.warning();
    for (at, range) in text::wrap(words.as_str(), usize::from(area.width).max(1)).into_iter().enumerate() {
        canvas.part(area, (0, row + at), &words.as_str()[range], style);
    }
}

/// Nothing but the code.
fn alone(code: &Code, canvas: &mut Canvas) {
    let screen = canvas.area();
    canvas.clear(screen);
    let least = code.least().1;
    squares(code, screen, usize::from(screen.height).saturating_sub(least) / 4, canvas);
}

/// Draws a code in the middle of these columns, from this row on; says how many rows it took, and
/// none where it does not fit.
pub(super) fn squares(code: &Code, area: Rect, row: usize, canvas: &mut Canvas) -> usize {
    let (columns, height) = (usize::from(area.width), usize::from(area.height));
    let Some(lines) = code.lines(columns, height.saturating_sub(row)) else { return 0 };
    let width = lines.first().map_or(0, |line| line.chars().count());
    let style = canvas.theme.squares();
    for (at, line) in lines.iter().enumerate() {
        canvas.part(area, ((columns - width) / 2, row + at), line, style);
    }
    lines.len()
}
