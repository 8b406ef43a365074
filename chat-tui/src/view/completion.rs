//! What the word before the cursor may become: a small list above the composer.

use chat_proto::SafeText;
use ratatui::layout::Rect;

use super::canvas::Canvas;
use crate::layout::{self, Areas};
use crate::state::State;
use crate::text;

/// Columns of the words beside a candidate.
const DETAIL: usize = 44;

/// Draws it, where there is something to choose from and room for it.
pub(super) fn draw(state: &State, areas: &Areas, canvas: &mut Canvas) {
    let Some((completion, area)) = layout::completion_box(state, areas) else { return };
    let theme = canvas.theme;
    canvas.clear(area);
    let inner = canvas.frame(area, "", theme.dim());
    let names: Vec<SafeText> =
        completion.candidates.iter().map(|one| SafeText::line(one.text.trim_end())).collect();
    let widest = names.iter().map(|name| text::width(name.as_str())).max().unwrap_or(0);
    let names_columns = widest.min(usize::from(inner.width) * 2 / 3).max(1);
    let shown = usize::from(inner.height);
    let skip = layout::completion_top(completion, shown);
    let rows = completion.candidates.iter().zip(&names).enumerate().skip(skip).take(shown);
    for (row, (at, (candidate, name))) in rows.enumerate() {
        canvas.put_in(inner, (0, row), names_columns, name, theme.plain());
        let detail = SafeText::line(&candidate.detail);
        canvas.put_in(inner, (names_columns + 2, row), DETAIL, &detail, theme.dim());
        // Before one is chosen, Enter takes the first.
        let is_chosen = completion.at.map_or(at == 0 && completion.taken().is_some(), |chosen| chosen == at);
        if is_chosen {
            let y = inner.y + u16::try_from(row).unwrap_or(0);
            canvas.paint(Rect::new(inner.x, y, inner.width, 1), theme.chosen());
        }
    }
}
