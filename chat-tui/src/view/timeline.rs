//! The pane of messages: the main line's or a thread's.

use std::ops::RangeInclusive;

use chat_proto::{SafeText, Seq};
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::canvas::Canvas;
use super::{message, transfer};
use crate::layout;
use crate::state::State;
use crate::state::items::{Columns, Item};
use crate::state::message::Row;
use crate::state::pane::{Pane, Place};
use crate::text;

/// Where one row of an item is drawn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spot {
    pub(super) area: Rect,
    pub(super) row: usize,
}

/// Draws the main line.
pub(super) fn main(state: &State, area: Rect, canvas: &mut Canvas) {
    if area.width > 0 {
        pane(state, area, false, canvas);
    }
}

/// Draws the thread, with a rule at its left where the main line stands beside it.
pub(super) fn thread(state: &State, areas: &layout::Areas, canvas: &mut Canvas) {
    let Some(area) = areas.thread else { return };
    if areas.pane.width > 0 {
        let style = if state.in_thread() { canvas.theme.mention() } else { canvas.theme.dim() };
        let rule = Rect { x: area.x.saturating_sub(2), width: 1, ..area };
        for row in 0..usize::from(area.height) {
            canvas.literal(rule, (0, row), "│", style);
        }
    }
    pane(state, area, true, canvas);
}

fn pane(state: &State, area: Rect, in_thread: bool, canvas: &mut Canvas) {
    let chosen = state.chosen().filter(|_| state.in_thread() == in_thread);
    layout::with_side(state, in_thread, |pane, timeline| {
        let rows = pane.visible(timeline.scroll);
        let top = layout::lift(in_thread, area.height, rows.len());
        draw_rows(state, pane, &rows, (area, top), chosen, canvas);
    });
}

/// Draws the newest rows below a main line that is scrolled back.
pub(super) fn tail(state: &State, area: Option<Rect>, canvas: &mut Canvas) {
    let Some(area) = area else { return };
    let new = state.open_timeline().map_or(0, |timeline| timeline.new_below(state.my_id()));
    let (words, style) = match new {
        0 => ("newest ↓".to_owned(), canvas.theme.dim()),
        new => (format!("{new} new ↓"), canvas.theme.mention()),
    };
    rule(Spot { area, row: 0 }, &words, style, canvas);
    layout::with_tail(state, area, |pane, _| {
        let rows = pane.visible(None);
        draw_rows(state, pane, &rows, (area, 1), None, canvas);
    });
}

/// Draws rows of a pane from a row of the area on.
fn draw_rows(
    state: &State,
    pane: &Pane,
    rows: &[Place],
    (area, top): (Rect, usize),
    chosen: Option<RangeInclusive<Seq>>,
    canvas: &mut Canvas,
) {
    let columns = pane.items.columns;
    for (row, (at, part)) in rows.iter().enumerate() {
        let Some(held) = pane.made(*at) else { continue };
        let spot = Spot { area, row: row + top };
        match (&held.item, held.rows.get(*part)) {
            (Item::Message(message), Some(row)) => {
                let is_selected =
                    chosen.as_ref().zip(message.seq).is_some_and(|(chosen, seq)| chosen.contains(&seq));
                let is_last = held.rows[part + 1..].iter().all(|row| !matches!(row, Row::Body(_)));
                let place = message::Place { columns, spot, is_first: *part == 0, is_last, is_selected };
                message::row(state, message, row, place, canvas);
            }
            (Item::Carry(key), _) => transfer::row(state, *key, &columns, spot, canvas),
            (item, _) => line(item, &columns, *part, spot, canvas),
        }
    }
}

/// A row that is no message.
fn line(item: &Item, columns: &Columns, part: usize, spot: Spot, canvas: &mut Canvas) {
    let theme = canvas.theme;
    match item {
        Item::Gap(text) => centred(spot, text, theme.dim(), canvas),
        Item::Day(day) => centred(spot, &format!("─── {day} ───"), theme.dim(), canvas),
        Item::New => rule(spot, "new", theme.new_line(), canvas),
        Item::Replies(words) => rule(spot, words, theme.dim(), canvas),
        Item::System(line) => {
            let indent = columns.width.saturating_sub(columns.system());
            if let Some(range) = text::wrap(line.as_str(), columns.system()).get(part) {
                if part == 0 {
                    canvas.literal(spot.area, (indent.saturating_sub(2), spot.row), "·", theme.dim());
                }
                let part = &line.as_str()[range.clone()];
                canvas.part(spot.area, (indent, spot.row), part, theme.dim());
            }
        }
        Item::Message(_) | Item::Carry(_) => {}
    }
}

fn rule(spot: Spot, words: &str, style: Style, canvas: &mut Canvas) {
    let room = usize::from(spot.area.width).saturating_sub(text::width(words) + 2);
    let (side, rest) = ("─".repeat(room / 2), "─".repeat(room.div_ceil(2)));
    let line = SafeText::line(&format!("{side} {words} {rest}"));
    canvas.put(spot.area, (0, spot.row), &line, style);
}

fn centred(spot: Spot, text: &str, style: Style, canvas: &mut Canvas) {
    let left = usize::from(spot.area.width).saturating_sub(text::width(text)) / 2;
    canvas.literal(spot.area, (left, spot.row), text, style);
}
