//! The composer: a box at the bottom, or one bare row on a small screen.

use chat_proto::SafeText;
use ratatui::layout::Position;

use super::canvas::Canvas;
use crate::layout::Areas;
use crate::state::State;
use crate::state::composer::screen_rows;

/// Draws it; says where the cursor stands.
pub(super) fn draw(state: &State, areas: &Areas, canvas: &mut Canvas) -> Option<Position> {
    let theme = canvas.theme;
    let text = areas.composer_text;
    if areas.boxed {
        canvas.frame(areas.composer, "", theme.dim());
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
    match state.open_conversation() {
        Some(conversation) => SafeText::line(&format!("message {}", state.conversations.title(conversation))),
        None => SafeText::line("/help shows what can be done"),
    }
}
