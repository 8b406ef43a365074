//! A file on its way, at the place where its message will stand or stands: its name, a bar, how much
//! is there, and the key that stops it. What has no room is left out, the name last.

use chat_client::files::size_in_words;
use chat_proto::SafeText;
use ratatui::style::Style;

use super::canvas::Canvas;
use super::timeline::Spot;
use crate::action::Plain;
use crate::state::State;
use crate::state::items::Columns;
use crate::state::transfer::Transfer;
use crate::text;

/// Cells of the bar, at least and at most.
const BAR: (usize, usize) = (6, 12);

/// Columns that are left to the name before anything else beside the percentage is shown.
const NAME: usize = 16;

/// Draws the row.
pub(super) fn row(state: &State, key: u64, columns: &Columns, spot: Spot, canvas: &mut Canvas) {
    let Some(transfer) = state.transfers.get(key) else { return };
    let theme = canvas.theme;
    let arrow = if transfer.is_download() { "↓ " } else { "↑ " };
    let name = SafeText::line(&transfer.name());
    let room = usize::from(spot.area.width).saturating_sub(columns.indent + text::width(arrow));
    let parts = parts(state, transfer, room.saturating_sub(text::width(name.as_str()).min(NAME)));
    let width: usize = parts.iter().map(|part| text::width(part.words())).sum();
    let column = canvas.literal(spot.area, (columns.indent, spot.row), arrow, theme.mention());
    let name_columns = room.saturating_sub(width).min(text::width(name.as_str()));
    canvas.put_in(spot.area, (column, spot.row), name_columns, &name, theme.plain());
    let mut column = column + name_columns;
    for part in parts {
        let style: Style = match &part {
            Part::Filled(_) => theme.mention(),
            Part::Percent(_) => theme.title(),
            Part::Empty(_) | Part::Words(_) => theme.dim(),
        };
        column = canvas.literal(spot.area, (column, spot.row), part.words(), style);
    }
}

/// What stands behind the name.
enum Part {
    Filled(String),
    Empty(String),
    Percent(String),
    Words(String),
}

impl Part {
    fn words(&self) -> &str {
        match self {
            Part::Filled(words) | Part::Empty(words) | Part::Percent(words) | Part::Words(words) => words,
        }
    }
}

/// As much as there is room for, what matters most first: the percentage, how to stop it, the bar,
/// the sizes.
fn parts(state: &State, transfer: &Transfer, mut room: usize) -> Vec<Part> {
    fn fits(room: &mut usize, columns: usize) -> bool {
        let fits = columns <= *room;
        *room -= if fits { columns } else { 0 };
        fits
    }
    let percent = format!(" {}%", transfer.percent());
    let has_percent = fits(&mut room, text::width(&percent));
    // A key stops the one that was started last; the mouse stops each.
    let is_newest = state.transfers.newest() == Some(transfer.key);
    let way = is_newest.then(|| state.keymap.label(Plain::StopFile)).flatten();
    let stop = match way {
        Some(key) => format!(" · {key} stops"),
        None if state.settings.mouse => " · click stops".to_owned(),
        None => String::new(),
    };
    let has_stop = has_percent && fits(&mut room, text::width(&stop));
    let bar = room.saturating_sub(1).min(BAR.1);
    let has_bar = has_stop && bar >= BAR.0 && fits(&mut room, bar + 1);
    let sizes = match (transfer.done, transfer.total) {
        (_, 0) => String::new(),
        (done, total) => format!(" · {} of {}", size_in_words(done), size_in_words(total)),
    };
    let has_sizes = has_bar && fits(&mut room, text::width(&sizes));
    let mut parts = Vec::new();
    if has_bar {
        let filled = bar * usize::from(transfer.percent()) / 100;
        parts.push(Part::Filled(format!(" {}", "█".repeat(filled))));
        parts.push(Part::Empty("░".repeat(bar - filled)));
    }
    parts.extend(has_percent.then_some(Part::Percent(percent)));
    parts.extend(has_sizes.then_some(Part::Words(sizes)));
    parts.extend(has_stop.then_some(Part::Words(stop)));
    parts
}
