//! The composer: a box at the bottom, or one bare row on a small screen.

use chat_proto::SafeText;
use ratatui::layout::Position;

use super::accounts;
use super::canvas::Canvas;
use crate::layout::Areas;
use crate::state::State;
use crate::state::composer::screen_rows;
use crate::state::{Purpose, rights};

/// Draws it; says where the cursor stands.
pub(super) fn draw(state: &State, areas: &Areas, canvas: &mut Canvas) -> Option<Position> {
    let theme = canvas.theme;
    let text = areas.composer_text;
    if areas.boxed {
        canvas.frame(areas.composer, accounts::writes_as(state).as_str(), theme.dim());
    } else {
        canvas.literal(areas.composer, (0, 0), "›", theme.dim());
    }
    if state.composer.is_empty() {
        canvas.put(text, (0, 0), &prompt(state), theme.dim());
    }
    let (rows, (row, column)) = screen_rows(&state.composer, usize::from(text.width.max(1)));
    // The row with the cursor is always in sight.
    let skip = (row + 1).saturating_sub(usize::from(text.height).max(1));
    for (at, line) in rows.iter().skip(skip).take(usize::from(text.height)).enumerate() {
        canvas.part(text, (0, at), line, theme.plain());
    }
    let x = text.x + u16::try_from(column).unwrap_or(0).min(text.width.saturating_sub(1));
    let y = text.y + u16::try_from(row - skip.min(row)).unwrap_or(0);
    Some(Position::new(x, y))
}

fn prompt(state: &State) -> SafeText {
    let Some(conversation) = state.open_conversation() else {
        return SafeText::line("/help shows what can be done");
    };
    if let Some(reason) = rights::silence_here(state) {
        return SafeText::line(reason);
    }
    let title = state.conversations.title(conversation);
    SafeText::line(&match (&state.purpose, state.in_thread()) {
        (Purpose::Reply(_), _) => "reply".to_owned(),
        (_, true) => "reply in thread".to_owned(),
        (_, false) if state.neighbours.is_alone() => format!("message {title}"),
        (_, false) => format!("message {title} on {}", state.neighbours.label),
    })
}
