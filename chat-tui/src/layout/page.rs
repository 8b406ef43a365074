//! Where a page to read lies, what its lines are, and where its code to photograph has a place.

use chat_proto::SafeText;
use ratatui::layout::Rect;

use super::{POPUP, popup};
use crate::state::page::Page;
use crate::text;

/// Columns and rows that the frame takes.
const FRAME: (u16, u16) = (4, 2);

/// Lines of the sentence about a code that has no place.
const WORDS: usize = 3;

/// Where a code has a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CodePlace {
    /// Below the lines.
    Below,
    /// On the whole screen, without the lines.
    Alone,
    /// Nowhere: the screen is too small.
    Nowhere,
}

/// A line of a page: its word at the left, and a part of its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PageLine {
    pub(crate) left: SafeText,
    pub(crate) right: SafeText,
}

/// A page brought to the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PageParts {
    /// The box.
    pub(crate) area: Rect,
    /// The column at which texts begin.
    pub(crate) indent: usize,
    /// All lines, those above the box and below it, too.
    pub(crate) lines: Vec<PageLine>,
    /// Where its code has a place, if it has one.
    pub(crate) code: Option<CodePlace>,
}

impl PageParts {
    /// The furthest that it is scrolled: until the last line is seen. Behind it stands a code on its
    /// own.
    pub(crate) fn last(&self) -> usize {
        let seen = match self.code {
            Some(CodePlace::Alone) => return self.lines.len(),
            Some(CodePlace::Below) => return 0,
            Some(CodePlace::Nowhere) => inside(self.area.height, FRAME.1).saturating_sub(WORDS),
            None => inside(self.area.height, FRAME.1),
        };
        self.lines.len().saturating_sub(seen.max(1))
    }
}

/// Brings a page to the screen.
pub(crate) fn page(screen: Rect, page: &Page) -> PageParts {
    let widest = popup(screen, POPUP.1);
    let (indent, lines) = lines(page, inside(widest.width, FRAME.0));
    let height = |more: usize| u16::try_from(lines.len() + more + usize::from(FRAME.1)).unwrap_or(u16::MAX);
    let plain = popup(screen, height(0).min(POPUP.1));
    let Some(code) = &page.code else { return PageParts { area: plain, indent, lines, code: None } };
    // The comfortable size first, then the smallest, then without a margin around the box.
    let rows = [code.most(), code.least()].map(|(_, rows)| rows);
    let boxes = rows.map(|rows| popup(screen, height(rows))).into_iter().chain([screen]);
    let fits = |area: &Rect| {
        let below = inside(area.height, FRAME.1).saturating_sub(lines.len());
        code.lines(inside(area.width, FRAME.0), below).is_some()
    };
    let found = boxes.into_iter().find(fits);
    let is_alone = || code.lines(usize::from(screen.width), usize::from(screen.height)).is_some();
    let place = match found {
        Some(_) => CodePlace::Below,
        None if is_alone() => CodePlace::Alone,
        None => CodePlace::Nowhere,
    };
    // Without a place below there is a line that says so.
    let area = found.unwrap_or_else(|| popup(screen, height(WORDS).min(POPUP.1)));
    PageParts { area, indent, lines, code: Some(place) }
}

fn inside(outer: u16, frame: u16) -> usize {
    usize::from(outer.saturating_sub(frame))
}

/// The lines, and the column at which their texts begin.
fn lines(page: &Page, columns: usize) -> (usize, Vec<PageLine>) {
    let left = page.rows.iter().map(|(left, _)| text::width(left)).max().unwrap_or(0);
    let indent = if left > 0 && left + 2 < columns { left + 2 } else { 0 };
    let columns = columns.saturating_sub(indent).max(1);
    let mut lines = Vec::new();
    for (left, right) in &page.rows {
        let mut left = SafeText::line(left);
        let right = SafeText::block(right);
        for range in text::wrap(right.as_str(), columns) {
            let left = std::mem::replace(&mut left, SafeText::line(""));
            lines.push(PageLine { left, right: SafeText::line(&right.as_str()[range]) });
        }
    }
    (indent, lines)
}
