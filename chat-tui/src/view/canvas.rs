//! Putting text into cells: only safe text, only inside the area.

use std::num::NonZeroU16;

use chat_proto::SafeText;
use ratatui::buffer::{Buffer, CellDiffOption, CellWidth};
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_segmentation::UnicodeSegmentation;

use super::links::{LinkRun, Links};
use super::picture::Slot;
use super::theme::Theme;
use crate::text;

/// The picture being drawn.
pub(super) struct Canvas<'a> {
    buffer: &'a mut Buffer,
    pub(super) theme: Theme<'a>,
    slots: Vec<Slot>,
    links: Links,
}

impl<'a> Canvas<'a> {
    pub(super) fn new(buffer: &'a mut Buffer, theme: Theme<'a>) -> Self {
        let links = Links::new(buffer.area);
        Self { buffer, theme, slots: Vec::new(), links }
    }

    /// What is drawn from here on belongs to a link: that with this number in its text.
    pub(super) fn begin_link(&mut self, address: &str, number: usize) {
        self.links.begin(address, number);
    }

    /// Ends the link.
    pub(super) fn end_link(&mut self) {
        self.links.end();
    }

    /// The links that can be seen.
    pub(super) fn take_links(self) -> Vec<LinkRun> {
        self.links.runs()
    }

    /// Notes where a picture goes.
    pub(super) fn slot(&mut self, slot: Slot) {
        self.slots.push(slot);
    }

    /// The pictures noted.
    pub(super) fn take_slots(&mut self) -> Vec<Slot> {
        std::mem::take(&mut self.slots)
    }

    pub(super) fn area(&self) -> Rect {
        self.buffer.area
    }

    /// Puts a text at a column of a row of an area, cut with `…` at the area's edge. Says at
    /// which column it ended.
    pub(super) fn put(&mut self, area: Rect, at: (usize, usize), text: &SafeText, style: Style) -> usize {
        let column = at.0;
        let room = usize::from(area.width).saturating_sub(column);
        self.put_in(area, at, room, text, style);
        column + text::width(text.as_str()).min(room)
    }

    /// Puts a text into `columns` columns, cut with `…` if it is wider.
    pub(super) fn put_in(
        &mut self,
        area: Rect,
        at: (usize, usize),
        columns: usize,
        text: &SafeText,
        style: Style,
    ) {
        let room = usize::from(area.width).saturating_sub(at.0).min(columns);
        let cut = text::cut(text.as_str(), room);
        self.raw(area, at, &cut, room, style);
    }

    /// Puts a text so that it ends at the area's right edge. Says at which column it begins.
    pub(super) fn put_right(&mut self, area: Rect, row: usize, text: &SafeText, style: Style) -> usize {
        let column = usize::from(area.width).saturating_sub(text::width(text.as_str()));
        self.put(area, (column, row), text, style);
        column
    }

    /// Puts our own words.
    pub(super) fn literal(&mut self, area: Rect, at: (usize, usize), text: &str, style: Style) -> usize {
        self.put(area, at, &SafeText::line(text), style)
    }

    /// Puts a part of a safe text, which is safe too.
    pub(super) fn part(&mut self, area: Rect, at: (usize, usize), part: &str, style: Style) -> usize {
        let room = usize::from(area.width).saturating_sub(at.0);
        self.raw(area, at, part, room, style);
        at.0 + text::width(part)
    }

    fn raw(&mut self, area: Rect, (column, row): (usize, usize), text: &str, room: usize, style: Style) {
        let (Ok(column), Ok(row)) = (u16::try_from(column), u16::try_from(row)) else { return };
        if column >= area.width || row >= area.height || room == 0 {
            return;
        }
        let (x, y) = (area.x + column, area.y + row);
        if self.buffer.area.contains((x, y).into()) {
            if text.is_ascii() || text::measured() == text::widths::Widths::default() {
                let (end, _) = self.buffer.set_stringn(x, y, text, room, style);
                self.links.cover(x..end, y);
            } else {
                self.measured((x, y), text, room, style);
            }
        }
    }

    /// Puts a text where the terminal draws some of it wider or narrower than ratatui counts.
    fn measured(&mut self, (mut x, y): (u16, u16), text: &str, room: usize, style: Style) {
        let end = x.saturating_add(u16::try_from(room).unwrap_or(u16::MAX)).min(self.buffer.area.right());
        for grapheme in text.graphemes(true) {
            let Some(width) = u16::try_from(text::grapheme_width(grapheme)).ok().and_then(NonZeroU16::new)
            else {
                continue;
            };
            if width.get() > end.saturating_sub(x) {
                return;
            }
            for covered in x..x + width.get() {
                self.buffer[(covered, y)].reset();
                self.buffer[(covered, y)].set_style(style);
            }
            let cell = self.buffer[(x, y)].set_symbol(grapheme);
            if cell.cell_width() != width.get() {
                cell.set_diff_option(CellDiffOption::ForcedWidth(width));
            }
            self.links.cover(x..x + width.get(), y);
            x += width.get();
        }
    }

    /// Empties an area; the rows of pictures in it are not drawn.
    pub(super) fn clear(&mut self, area: Rect) {
        let area = area.intersection(self.buffer.area);
        self.slots.retain(|slot| !slot.area.intersects(area));
        for position in area.positions() {
            self.buffer[position].reset();
            self.links.uncover(position);
            self.buffer[position].set_style(self.theme.plain());
        }
    }

    /// A box with a title in its upper edge; what is inside it is returned.
    pub(super) fn frame(&mut self, area: Rect, title: &str, style: Style) -> Rect {
        let inner_columns = usize::from(area.width).saturating_sub(2);
        let rule = "─".repeat(inner_columns);
        self.literal(area, (0, 0), &format!("╭{rule}╮"), style);
        for row in 1..usize::from(area.height).saturating_sub(1) {
            self.literal(area, (0, row), "│", style);
            self.literal(area, (inner_columns + 1, row), "│", style);
        }
        let bottom = usize::from(area.height).saturating_sub(1);
        self.literal(area, (0, bottom), &format!("╰{rule}╯"), style);
        if !title.is_empty() && inner_columns > 4 {
            let title = SafeText::line(&format!(" {title} "));
            self.put_in(area, (2, 0), inner_columns - 2, &title, self.theme.title());
        }
        Rect::new(area.x + 2, area.y + 1, area.width.saturating_sub(4), area.height.saturating_sub(2))
            .intersection(self.buffer.area)
    }

    /// Paints an area without changing its text.
    pub(super) fn paint(&mut self, area: Rect, style: Style) {
        self.buffer.set_style(area.intersection(self.buffer.area), style);
    }
}
