//! Which cells of the screen belong to a link, for terminals that open links themselves.
//!
//! The cells hold only text. Where links stand is told beside them, and the terminal is told after
//! the cells are drawn: so nothing that is not text ever stands in a cell.

use std::ops::Range;

use ratatui::layout::{Position, Rect};

/// Links on one screen; more are not told to the terminal.
const LINKS: usize = 1_000;

/// Cells side by side that belong to one link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkRun {
    /// Where it begins.
    pub at: Position,
    /// How many cells it has.
    pub cells: u16,
    /// Where it leads: printable ASCII.
    pub address: String,
    /// The same for all runs of a link that goes over several rows.
    pub id: usize,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Links {
    area: Rect,
    /// For each cell: the link, counted from 1; empty while there is none.
    cells: Vec<u16>,
    /// The addresses, and which link of its text each is.
    known: Vec<(String, usize)>,
    open: u16,
}

impl Links {
    pub(super) fn new(area: Rect) -> Self {
        Self { area, cells: Vec::new(), known: Vec::new(), open: 0 }
    }

    pub(super) fn begin(&mut self, address: &str, number: usize) {
        if !self.known.last().is_some_and(|(known, of)| known == address && *of == number) {
            if self.known.len() >= LINKS {
                return;
            }
            self.known.push((address.to_owned(), number));
        }
        self.open = u16::try_from(self.known.len()).unwrap_or_default();
        if self.cells.is_empty() {
            self.cells.resize(usize::from(self.area.width) * usize::from(self.area.height), 0);
        }
    }

    pub(super) fn end(&mut self) {
        self.open = 0;
    }

    /// Notes that these cells of a row were drawn.
    pub(super) fn cover(&mut self, columns: Range<u16>, row: u16) {
        let open = self.open;
        for column in columns {
            if let Some(cell) = self.cell(Position::new(column, row)) {
                *cell = open;
            }
        }
    }

    /// Notes that a cell was emptied.
    pub(super) fn uncover(&mut self, at: Position) {
        if let Some(cell) = self.cell(at) {
            *cell = 0;
        }
    }

    fn cell(&mut self, at: Position) -> Option<&mut u16> {
        if !self.area.contains(at) {
            return None;
        }
        let (column, row) = (at.x - self.area.x, at.y - self.area.y);
        self.cells.get_mut(usize::from(row) * usize::from(self.area.width) + usize::from(column))
    }

    pub(super) fn runs(self) -> Vec<LinkRun> {
        let mut runs: Vec<LinkRun> = Vec::new();
        let width = usize::from(self.area.width).max(1);
        let mut before = (0, 0);
        for (at, link) in self.cells.iter().enumerate() {
            let row = at / width;
            let goes_on = *link != 0 && before == (*link, row);
            before = (*link, row);
            if *link == 0 {
                continue;
            }
            let place = u16::try_from(at % width).ok().zip(u16::try_from(row).ok());
            match (runs.last_mut().filter(|_| goes_on), place) {
                (Some(run), _) => run.cells += 1,
                (None, Some((column, row))) => {
                    let id = usize::from(*link);
                    let Some((address, _)) = self.known.get(id - 1) else { continue };
                    let at = Position::new(self.area.x + column, self.area.y + row);
                    runs.push(LinkRun { at, cells: 1, address: address.clone(), id });
                }
                (None, None) => {}
            }
        }
        runs
    }
}
