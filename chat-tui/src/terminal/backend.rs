//! Writes frames to the terminal so that no disagreement about widths moves what stands beside.
//!
//! ratatui's own backend trusts the cursor to be where it counted. Behind a flag, a family or a
//! heart it may be elsewhere, so the cursor is placed anew there, and what such a cell covers is
//! emptied first: a terminal that draws it narrower would leave old text in the rest.

use std::io::{self, Stdout};

use ratatui::backend::{Backend, ClearType, CrosstermBackend, WindowSize};
use ratatui::buffer::{Cell, CellWidth};
use ratatui::layout::{Position, Size};

use crate::text::widths::is_risky;

/// The backend, around ratatui's.
pub(super) struct Careful {
    inner: CrosstermBackend<Stdout>,
}

impl Careful {
    pub(super) fn new() -> Self {
        Self { inner: CrosstermBackend::new(io::stdout()) }
    }

    /// Draws spaces where a cell will stand.
    fn empty(&mut self, x: u16, y: u16, cell: &Cell) -> io::Result<()> {
        let mut blank = Cell::EMPTY;
        blank.set_style(cell.style());
        let covered: Vec<(u16, u16, &Cell)> = (0..cell.cell_width()).map(|at| (x + at, y, &blank)).collect();
        self.inner.draw(covered.into_iter())
    }
}

impl Backend for Careful {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let mut run = Vec::new();
        for (x, y, cell) in content {
            if !is_risky(cell.symbol()) {
                run.push((x, y, cell));
                continue;
            }
            if !run.is_empty() {
                self.inner.draw(run.drain(..))?;
            }
            self.empty(x, y, cell)?;
            // Each call begins with placing the cursor.
            self.inner.draw(std::iter::once((x, y, cell)))?;
        }
        self.inner.draw(run.into_iter())
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        self.inner.hide_cursor()
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        self.inner.show_cursor()
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        self.inner.get_cursor_position()
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        self.inner.set_cursor_position(position)
    }

    fn clear(&mut self) -> io::Result<()> {
        self.inner.clear()
    }

    fn clear_region(&mut self, clear_type: ClearType) -> io::Result<()> {
        self.inner.clear_region(clear_type)
    }

    fn size(&self) -> io::Result<Size> {
        self.inner.size()
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        self.inner.window_size()
    }

    fn flush(&mut self) -> io::Result<()> {
        Backend::flush(&mut self.inner)
    }
}
