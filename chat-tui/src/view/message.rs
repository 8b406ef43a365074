//! One row of a message.

use std::ops::Range;

use chat_proto::SafeText;
use ratatui::style::{Modifier, Style};

use super::canvas::Canvas;
use super::picture;
use super::rich;
use super::timeline::Spot;
use crate::markup;
use crate::state::State;
use crate::state::items::Columns;
use crate::state::message::{CHIP_GAP, Manner, Message, Row, Tick};

/// What stands before a message that mentions its reader.
const MENTION_MARK: &str = "▌";

/// What stands before a message that was chosen.
const CHOSEN_MARK: &str = "┃";

/// Where a row stands, and what is special about it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) columns: Columns,
    pub(super) spot: Spot,
    /// Whether it is the message's first row.
    pub(super) is_first: bool,
    /// Whether no row of text comes after it.
    pub(super) is_last: bool,
    pub(super) is_selected: bool,
}

/// Draws a row of a message.
pub(super) fn row(state: &State, message: &Message, row: &Row, place: Place, canvas: &mut Canvas) {
    let theme = canvas.theme;
    let (area, at) = (place.spot.area, place.spot.row);
    let indent = place.columns.indent;
    if place.is_first && (message.leads || place.is_selected) {
        author(state, message, place, canvas);
    }
    gutter(message, row, place, canvas);
    match row {
        Row::Head => {}
        Row::Forwarded => quiet(message.forwarded.as_ref(), place, canvas),
        Row::Reply => quiet(message.reply.as_ref(), place, canvas),
        Row::Body(row) => {
            body(state, message, row, place, canvas);
            if place.is_last {
                tick(message, place, canvas);
            }
        }
        Row::File(index) => quiet(message.files.get(*index), place, canvas),
        Row::Picture(index, row) => {
            if let Some(preview) = message.pictures.get(*index) {
                picture::row(state, preview, (area, (indent, at)), *row, place.columns.body, canvas);
            }
        }
        Row::Chips(range) => chips(message, range.clone(), place, canvas),
        Row::Thread => {
            let style = if message.unread > 0 { theme.mention() } else { theme.section() };
            canvas.literal(area, (indent, at), &message.thread_line(), style);
        }
        Row::Failure(range) => {
            if let Some(text) = message.failure() {
                let indent = place.columns.width.saturating_sub(place.columns.system());
                canvas.part(area, (indent, at), &text.as_str()[range.clone()], theme.bad());
            }
        }
    }
}

/// Time and name.
fn author(state: &State, message: &Message, place: Place, canvas: &mut Canvas) {
    let theme = canvas.theme;
    let (area, row, columns) = (place.spot.area, place.spot.row, place.columns);
    if columns.is_stacked() && !message.leads {
        return;
    }
    let time = if place.is_selected { theme.chosen() } else { theme.dim() };
    canvas.literal(area, (0, row), &state.time_of_day(message.at), time);
    let style = if message.tick.is_some() { theme.me() } else { theme.name(message.author) };
    if columns.is_stacked() {
        let room = columns.width.saturating_sub(columns.time);
        canvas.put_in(area, (columns.time, row), room, &message.name, style);
    } else if message.manner == Manner::Action {
        canvas.literal(area, (columns.indent.saturating_sub(2), row), "*", theme.mention());
    } else {
        canvas.put_in(area, (columns.time, row), columns.name, &message.name, style);
    }
}

/// The column before the text: whether the message is chosen, or mentions its reader.
fn gutter(message: &Message, row: &Row, place: Place, canvas: &mut Canvas) {
    let at = (place.columns.indent.saturating_sub(1), place.spot.row);
    if *row == Row::Head {
        return;
    }
    if place.is_selected {
        canvas.literal(place.spot.area, at, CHOSEN_MARK, canvas.theme.mention());
    } else if message.mentions_me && matches!(row, Row::Body(_)) {
        canvas.literal(place.spot.area, at, MENTION_MARK, canvas.theme.mention());
    }
}

/// A line about the message, cut to its columns.
fn quiet(text: Option<&SafeText>, place: Place, canvas: &mut Canvas) {
    let at = (place.columns.indent, place.spot.row);
    if let Some(text) = text {
        canvas.put_in(place.spot.area, at, place.columns.body, text, canvas.theme.dim());
    }
}

/// One row of the text.
fn body(state: &State, message: &Message, row: &markup::Row, place: Place, canvas: &mut Canvas) {
    let area = place.spot.area;
    if message.manner == Manner::Action && place.columns.is_stacked() && place.is_first {
        canvas.literal(area, (0, place.spot.row), "*", canvas.theme.mention());
    }
    let style = body_style(message, canvas);
    rich::row(state, &message.body, row, (area, (place.columns.indent, place.spot.row)), style, canvas);
}

fn body_style(message: &Message, canvas: &Canvas) -> Style {
    let theme = canvas.theme;
    match (&message.tick, message.manner) {
        (Some(Tick::Failed(_)), _) => theme.bad().remove_modifier(Modifier::BOLD),
        (Some(Tick::Queued | Tick::Sending), _) => theme.dim(),
        (_, Manner::Deleted) => theme.dim().add_modifier(Modifier::ITALIC),
        (_, Manner::Action) => theme.plain().add_modifier(Modifier::ITALIC),
        (_, Manner::Said) => theme.plain(),
    }
}

/// Reactions side by side; one's own stand in brackets, and bold.
fn chips(message: &Message, range: Range<usize>, place: Place, canvas: &mut Canvas) {
    let theme = canvas.theme;
    let mut column = place.columns.indent;
    for chip in &message.chips[range] {
        let style = if chip.is_mine { theme.mention() } else { theme.dim() };
        column = canvas.put(place.spot.area, (column, place.spot.row), &chip.text, style) + CHIP_GAP;
    }
}

fn tick(message: &Message, place: Place, canvas: &mut Canvas) {
    let theme = canvas.theme;
    let (tick, style) = match &message.tick {
        None => return,
        Some(Tick::Queued) => ("…", theme.warning()),
        Some(Tick::Sending) => ("↑", theme.dim()),
        Some(Tick::Stored) => ("✓", theme.dim()),
        Some(Tick::Read) => ("✓✓", theme.good()),
        Some(Tick::Failed(_)) => ("✗", theme.bad()),
    };
    canvas.put_right(place.spot.area, place.spot.row, &SafeText::line(tick), style);
}
