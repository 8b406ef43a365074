//! Telling the terminal which cells are links (OSC 8), so that it opens them by itself, also where
//! one goes over several rows.

use chat_proto::SafeText;
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Position;

use crate::LinkRun;
use crate::text;

/// Ends a link.
pub const END: &str = "\u{1b}]8;;\u{1b}\\";

/// The cells of a link, with their places.
pub type Cells = Vec<(u16, u16, Cell)>;

/// What begins each link, and the cells that are drawn once more inside it.
#[must_use]
pub fn told(links: &[LinkRun], buffer: &Buffer) -> Vec<(String, Cells)> {
    let cell = |x: u16, y: u16| {
        let cell = buffer.cell(Position::new(x, y))?;
        SafeText::is_safe_line(cell.symbol()).then(|| (x, y, cell.clone()))
    };
    let run = |run: &LinkRun| {
        let begin = begin(&run.address, run.id)?;
        let mut cells = Cells::new();
        let mut x = run.at.x;
        while x < run.at.x.saturating_add(run.cells) {
            let found = cell(x, run.at.y);
            // The cells under a wide one are not drawn: they would take half of it away.
            let wide = found.as_ref().map_or(1, |(_, _, cell)| text::width(cell.symbol()).max(1));
            cells.extend(found);
            x = x.saturating_add(u16::try_from(wide).unwrap_or(1));
        }
        Some((begin, cells))
    };
    links.iter().filter_map(run).collect()
}

/// What begins a link. Only printable ASCII may stand in it: anything else could end it early.
fn begin(address: &str, id: usize) -> Option<String> {
    let is_plain = !address.is_empty() && address.bytes().all(|byte| byte.is_ascii_graphic());
    is_plain.then(|| format!("\u{1b}]8;id={id};{address}\u{1b}\\"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_a_link_early() {
        for hostile in
            ["https://x/\u{7}", "https://x/\u{1b}\\", "https://x/\u{9c}", "https://x/ü", "https://x/ y", ""]
        {
            assert_eq!(begin(hostile, 1), None, "{hostile:?}");
        }
        assert_eq!(begin("https://x/;a", 3).as_deref(), Some("\u{1b}]8;id=3;https://x/;a\u{1b}\\"));
    }
}
