//! The composer: a box at the bottom, or one bare row on a small screen.

use std::ops::Range;

use chat_proto::SafeText;
use ratatui::layout::{Position, Rect};
use ratatui::style::Modifier;
use unicode_segmentation::UnicodeSegmentation;

use super::accounts;
use super::canvas::Canvas;
use crate::layout::{self, Areas};
use crate::settings::Profile;
use crate::state::State;
use crate::state::composer::{Row, screen_rows};
use crate::state::{Mode, Purpose, rights};
use crate::text;

/// The sign of a composer that takes only commands.
const SHUT: &str = "✕";

/// Draws it; says where the cursor stands.
pub(super) fn draw(state: &State, areas: &Areas, canvas: &mut Canvas) -> Option<Position> {
    let theme = canvas.theme;
    let area = areas.composer_text;
    // Where one may not write the box looks shut: weaker, with a sign in its frame.
    let silence = rights::silence_here(state).filter(|_| !matches!(state.purpose, Purpose::Edit { .. }));
    let frame = match silence {
        Some(_) => theme.dim().add_modifier(Modifier::DIM),
        None => theme.dim(),
    };
    if areas.boxed {
        canvas.frame(areas.composer, &frame_title(state, silence.is_some()), frame);
    } else {
        let sign = match (&silence, state.mode) {
            (Some(_), _) => SHUT,
            (None, Mode::Normal) => "▪",
            (None, Mode::Insert) => "›",
        };
        canvas.literal(areas.composer, (0, 0), sign, frame);
    }
    if state.composer.is_empty() {
        match &silence {
            Some(reason) => canvas.put(area, (0, 0), &SafeText::line(reason), theme.warning()),
            None => canvas.put(area, (0, 0), &prompt(state), theme.dim()),
        };
    }
    let (rows, (row, column)) = screen_rows(&state.composer, usize::from(area.width.max(1)));
    let skip = layout::composer_top(row, area.height);
    for (at, line) in rows.iter().skip(skip).take(usize::from(area.height)).enumerate() {
        canvas.part(area, (0, at), &line.text, theme.plain());
        if let Some(columns) = marked(state, line) {
            let (left, right) = (columns.start, columns.end.min(area.width));
            let row = area.y + u16::try_from(at).unwrap_or(0);
            canvas.paint(Rect::new(area.x + left, row, right.saturating_sub(left), 1), theme.chosen());
        }
    }
    let x = area.x + u16::try_from(column).unwrap_or(0).min(area.width.saturating_sub(1));
    let y = area.y + u16::try_from(row - skip.min(row)).unwrap_or(0);
    Some(Position::new(x, y))
}

/// The columns of a row that are selected.
fn marked(state: &State, row: &Row) -> Option<Range<u16>> {
    let (from, to) = state.composer.selection()?;
    let start = if from.0 < row.line { row.bytes.start } else { from.1.max(row.bytes.start) };
    let end = if to.0 > row.line { row.bytes.end } else { to.1.min(row.bytes.end) };
    if from.0 > row.line || to.0 < row.line || start >= end {
        return None;
    }
    let line = state.composer.lines().get(row.line)?;
    let columns = |bytes: Range<usize>| {
        let safe = line
            .get(bytes)?
            .graphemes(true)
            .map(|one| text::width(SafeText::line(one).as_str()))
            .sum::<usize>();
        u16::try_from(safe).ok()
    };
    let left = columns(row.bytes.start..start)?;
    Some(left..left + columns(start..end)?)
}

/// What letters are, where they can be two things.
fn mode(state: &State) -> &'static str {
    match (state.settings.keys_profile, state.mode) {
        (Profile::Vim, Mode::Normal) => "NORMAL",
        (Profile::Vim, Mode::Insert) => "INSERT",
        (Profile::Default | Profile::Emacs, _) => "",
    }
}

/// What letters are, and for which account one writes; nothing in the usual case.
fn frame_title(state: &State, is_shut: bool) -> String {
    let shut = if is_shut { format!("{SHUT} read only") } else { String::new() };
    let words = [mode(state).to_owned(), shut, accounts::writes_as(state).as_str().to_owned()];
    let words: Vec<String> = words.into_iter().filter(|word| !word.is_empty()).collect();
    words.join(" · ")
}

fn prompt(state: &State) -> SafeText {
    let Some(conversation) = state.open_conversation() else {
        return SafeText::line("/help shows what can be done");
    };
    let title = state.conversations.title(conversation);
    SafeText::line(&match (&state.purpose, state.in_thread()) {
        (Purpose::Reply(_), _) => "reply".to_owned(),
        (_, true) => "reply in thread".to_owned(),
        (_, false) if state.neighbours.is_alone() => format!("message {title}"),
        (_, false) => format!("message {title} on {}", state.neighbours.label),
    })
}
