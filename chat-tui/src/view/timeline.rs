//! The pane of messages.

use chat_proto::SafeText;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use super::canvas::Canvas;
use crate::layout;
use crate::state::State;
use crate::state::items::{Columns, Item, Message, Pane, TIME_COLUMNS, Tick, time_of_day};
use crate::text;

/// What stands before a message that mentions its reader.
const MENTION_MARK: &str = "▌";

pub(super) fn draw(state: &State, area: Rect, canvas: &mut Canvas) {
    layout::with_pane(state, |pane, timeline| {
        let rows = pane.visible(timeline.scroll);
        // Few rows stand at the bottom, where the eye is.
        let lift = usize::from(area.height).saturating_sub(rows.len());
        let mut held: Option<(usize, Item)> = None;
        for (row, (at, part)) in rows.into_iter().enumerate() {
            if held.as_ref().is_none_or(|(held, _)| *held != at) {
                held = pane.item(at).map(|item| (at, item));
            }
            if let Some((_, item)) = &held {
                draw_row(state, pane, item, part, area, row + lift, canvas);
            }
        }
    });
}

fn draw_row(
    state: &State,
    pane: &Pane,
    item: &Item,
    part: usize,
    area: Rect,
    row: usize,
    canvas: &mut Canvas,
) {
    let theme = canvas.theme;
    let columns = pane.items.columns;
    match item {
        Item::Top(text) => centred(area, row, text, theme.dim(), canvas),
        Item::Day(day) => centred(area, row, &format!("─── {day} ───"), theme.dim(), canvas),
        Item::New => {
            let side = "─".repeat(usize::from(area.width).saturating_sub(5) / 2);
            let rest = "─".repeat(usize::from(area.width).saturating_sub(5).div_ceil(2));
            canvas.literal(area, (0, row), &format!("{side} new {rest}"), theme.new_line());
        }
        Item::System(line) => {
            let indent = columns.width.saturating_sub(columns.system());
            if let Some(range) = text::wrap(line.as_str(), columns.system()).get(part) {
                if part == 0 {
                    canvas.literal(area, (indent.saturating_sub(2), row), "·", theme.dim());
                }
                canvas.part(area, (indent, row), &line.as_str()[range.clone()], theme.dim());
            }
        }
        Item::Message(message) => draw_message(state, message, &columns, part, area, row, canvas),
    }
}

fn centred(area: Rect, row: usize, text: &str, style: Style, canvas: &mut Canvas) {
    let left = usize::from(area.width).saturating_sub(text::width(text)) / 2;
    canvas.literal(area, (left, row), text, style);
}

fn draw_message(
    state: &State,
    message: &Message,
    columns: &Columns,
    part: usize,
    area: Rect,
    row: usize,
    canvas: &mut Canvas,
) {
    let head = usize::from(columns.is_stacked() && message.leads);
    if part < head || (part == 0 && message.leads) {
        draw_author(state, message, columns, area, row, canvas);
    }
    let Some(line) = part.checked_sub(head) else { return };
    let rows = text::wrap(message.body.as_str(), columns.body);
    let Some(range) = rows.get(line) else {
        draw_failure(message, columns, line - rows.len(), area, row, canvas);
        return;
    };
    if message.mentions_me {
        let at = columns.indent.saturating_sub(1);
        canvas.literal(area, (at, row), MENTION_MARK, canvas.theme.mention());
    }
    draw_body(state, message, columns, range.clone(), area, row, canvas);
    if line + 1 == rows.len() {
        draw_tick(message, area, row, canvas);
    }
}

/// A row of what stands below a message that failed.
fn draw_failure(
    message: &Message,
    columns: &Columns,
    line: usize,
    area: Rect,
    row: usize,
    canvas: &mut Canvas,
) {
    let Some(text) = message.failure() else { return };
    if let Some(range) = text::wrap(text.as_str(), columns.system()).get(line) {
        let indent = columns.width.saturating_sub(columns.system());
        canvas.part(area, (indent, row), &text.as_str()[range.clone()], canvas.theme.bad());
    }
}

fn draw_author(
    state: &State,
    message: &Message,
    columns: &Columns,
    area: Rect,
    row: usize,
    canvas: &mut Canvas,
) {
    let theme = canvas.theme;
    canvas.literal(area, (0, row), &time_of_day(message.at, &state.zone), theme.dim());
    let style = if message.tick.is_some() { theme.me() } else { theme.name(message.author) };
    let room = if columns.is_stacked() { columns.width.saturating_sub(TIME_COLUMNS) } else { columns.name };
    canvas.put_in(area, (TIME_COLUMNS, row), room, &message.name, style);
}

/// One row of the text, with the names that mean the reader made bold.
fn draw_body(
    state: &State,
    message: &Message,
    columns: &Columns,
    range: std::ops::Range<usize>,
    area: Rect,
    row: usize,
    canvas: &mut Canvas,
) {
    let theme = canvas.theme;
    let is_waiting = matches!(message.tick, Some(Tick::Queued | Tick::Sending));
    let style = match &message.tick {
        Some(Tick::Failed(_)) => theme.bad().remove_modifier(Modifier::BOLD),
        _ if is_waiting => theme.dim(),
        _ => theme.plain(),
    };
    let body = message.body.as_str();
    let mut column = columns.indent;
    let mut at = range.start;
    let marks = if message.mentions_me { calls(state, body) } else { Vec::new() };
    for mark in marks.into_iter().filter(|mark| mark.end > range.start && mark.start < range.end) {
        let (from, to) = (mark.start.max(range.start), mark.end.min(range.end));
        column = canvas.part(area, (column, row), &body[at..from], style);
        column = canvas.part(
            area,
            (column, row),
            &body[from..to],
            theme.mention().add_modifier(Modifier::REVERSED),
        );
        at = to;
    }
    canvas.part(area, (column, row), &body[at..range.end], style);
}

/// Where a text calls its reader by name.
fn calls(state: &State, body: &str) -> Vec<std::ops::Range<usize>> {
    let Some(me) = &state.me else { return Vec::new() };
    let name = me.name.as_str();
    body.match_indices('@')
        .filter_map(|(at, _)| {
            let end = at + 1 + name.len();
            let called = body.get(at + 1..end)?;
            let ends = body[end..].chars().next().is_none_or(|c| !c.is_alphanumeric());
            (called.to_lowercase() == name && ends).then_some(at..end)
        })
        .collect()
}

fn draw_tick(message: &Message, area: Rect, row: usize, canvas: &mut Canvas) {
    let theme = canvas.theme;
    let (tick, style) = match &message.tick {
        None => return,
        Some(Tick::Queued) => ("…", theme.warning()),
        Some(Tick::Sending) => ("↑", theme.dim()),
        Some(Tick::Stored) => ("✓", theme.dim()),
        Some(Tick::Read) => ("✓✓", theme.good()),
        Some(Tick::Failed(_)) => ("✗", theme.bad()),
    };
    canvas.put_right(area, row, &SafeText::line(tick), style);
}
