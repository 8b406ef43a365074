//! A table: cells side by side, as wide as the widest in their column.

use super::{Look, Span};
use crate::text;

/// A column grows to this many cells of the screen; what is longer moves the rest of its row.
const COLUMN: usize = 32;

/// What stands between two cells.
const BETWEEN: &str = " │ ";

/// The text of a cell with its looks.
#[derive(Debug, Default)]
struct Cell {
    text: String,
    spans: Vec<Span>,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Table {
    rows: Vec<Vec<Cell>>,
    row: Vec<Cell>,
    cell: Cell,
}

impl Table {
    /// Adds to the cell that is being read.
    pub(super) fn push(&mut self, part: &str, look: Look) {
        let start = self.cell.text.len();
        self.cell.text.push_str(part);
        self.cell.spans.push(Span { range: start..self.cell.text.len(), look, link: None });
    }

    /// Where the next part of the cell will stand.
    pub(super) fn here(&self) -> usize {
        self.cell.text.len()
    }

    /// The cell's text from there on.
    pub(super) fn text(&self, from: usize) -> Option<&str> {
        self.cell.text.get(from..)
    }

    pub(super) fn spans(&mut self) -> &mut Vec<Span> {
        &mut self.cell.spans
    }

    pub(super) fn end_cell(&mut self) {
        self.row.push(std::mem::take(&mut self.cell));
    }

    /// Ends a row, with what is left of its line.
    pub(super) fn end_row(&mut self, rest: &str) {
        if !rest.is_empty() {
            self.push(rest, Look::default());
            self.end_cell();
        }
        self.rows.push(std::mem::take(&mut self.row));
    }

    /// Its rows as parts with their looks; the first one is the head.
    pub(super) fn rows(self) -> Vec<Vec<(String, Span)>> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or_default();
        let wide = |at: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(at));
            cells.map(|cell| text::width(&cell.text)).max().unwrap_or_default().min(COLUMN)
        };
        let widths: Vec<usize> = (0..columns).map(wide).collect();
        let row = |(number, cells): (usize, &Vec<Cell>)| {
            let head = if number == 0 { Look::BOLD } else { Look::default() };
            let mut parts = Vec::new();
            for (at, cell) in cells.iter().enumerate() {
                if at > 0 {
                    parts.push(our_own(BETWEEN, Look::REMARK));
                }
                parts.extend(cell.spans.iter().map(|span| {
                    let text = cell.text.get(span.range.clone()).unwrap_or_default().to_owned();
                    (text, Span { look: span.look.and(head), ..span.clone() })
                }));
                let missing = widths.get(at).map_or(0, |wide| wide.saturating_sub(text::width(&cell.text)));
                if at + 1 < cells.len() {
                    parts.push(our_own(&" ".repeat(missing), Look::default()));
                }
            }
            parts
        };
        self.rows.iter().enumerate().map(row).collect()
    }
}

fn our_own(text: &str, look: Look) -> (String, Span) {
    (text.to_owned(), Span { range: 0..text.len(), look, link: None })
}
