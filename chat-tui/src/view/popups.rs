//! What lies over the conversation: lists to choose from, and the help.

use chat_proto::SafeText;
use ratatui::layout::{Position, Rect};

use super::canvas::Canvas;
use crate::action::Action;
use crate::action::Plain;
use crate::help::{self, Row};
use crate::keymap::{Context, Keymap};
use crate::layout::{self, POPUP};
use crate::state::palette;
use crate::state::picker::{Kind, Picker};
use crate::text;

/// Columns for the names in a list.
const LABEL: usize = 26;

/// In a list that is narrower, names have the room that they need and what is beside them the rest.
const NARROW: usize = 2 * LABEL;

/// A detail with less room would be a few letters that say nothing; then the name has it all.
const LEAST_DETAIL: usize = 12;

/// Draws a list to choose from; says where the cursor stands.
pub(super) fn picker(picker: &Picker, keymap: &Keymap, canvas: &mut Canvas) -> Option<Position> {
    let theme = canvas.theme;
    let (rows, selected) = picker.rows();
    let inner = popup(&picker.title, layout::picker_height(canvas.area(), picker), canvas);
    let query = SafeText::line(&picker.query());
    let column = canvas.literal(inner, (0, 0), "› ", theme.mention());
    if query.as_str().is_empty() {
        let takes = keymap.hint(Context::Picker, Plain::Take, "chooses");
        let closes = keymap.hint(Context::Picker, Plain::Cancel, "closes");
        let hints: Vec<String> =
            ["type to filter".to_owned()].into_iter().chain(takes).chain(closes).collect();
        canvas.literal(inner, (column, 0), &hints.join(" · "), theme.dim());
    }
    canvas.put(inner, (column, 0), &query, theme.plain());
    let (list, skip) = layout::picker_list(canvas.area(), picker);
    let head_rows = usize::from(list.y.saturating_sub(inner.y + 1));
    let head = layout::picker_head(canvas.area(), picker);
    for (row, (left, right)) in head.iter().take(head_rows.saturating_sub(1)).enumerate() {
        canvas.put_in(inner, (0, row + 1), layout::HEAD_LEFT - 1, &SafeText::line(left), theme.dim());
        canvas.part(inner, (layout::HEAD_LEFT, row + 1), right, theme.plain());
    }
    let height = usize::from(list.height);
    let room = usize::from(list.width).saturating_sub(2);
    let shown = rows.iter().skip(skip).take(height);
    let widest = shown.map(|item| text::width(SafeText::line(&item.label).as_str())).max().unwrap_or(0);
    for (at, item) in rows.iter().skip(skip).take(height).enumerate() {
        let label = SafeText::line(&item.label);
        let is_message = matches!(item.action, Action::Show(..));
        let mut label_columns = label_columns(picker.kind, is_message).min(room);
        if room < NARROW {
            label_columns = label_columns.min(widest);
            if room.saturating_sub(label_columns + 1) < LEAST_DETAIL {
                label_columns = room;
            }
        }
        canvas.put_in(list, (2, at), label_columns, &label, theme.plain());
        let mut beside = list;
        if at + skip < picker.quick() {
            canvas.put_right(list, at, &SafeText::line(&(at + skip + 1).to_string()), theme.section());
            beside.width = beside.width.saturating_sub(2);
        }
        if picker.kind == Kind::Anything {
            let tag = SafeText::line(&palette::tag(item, keymap));
            let begins = canvas.put_right(list, at, &tag, theme.section());
            beside.width = u16::try_from(begins.saturating_sub(1)).unwrap_or(0).min(list.width);
        }
        let detail = SafeText::line(&item.detail);
        let after = (2 + text::width(label.as_str()).min(label_columns)).max(2 + label_columns) + 1;
        canvas.put(beside, (after, at), &detail, theme.dim());
        if at + skip == selected {
            canvas.literal(list, (0, at), "▸", theme.mention());
            canvas.paint(
                Rect::new(list.x, list.y + u16::try_from(at).unwrap_or(0), list.width, 1),
                theme.chosen(),
            );
        }
    }
    if rows.is_empty() && height > 0 {
        canvas.literal(list, (2, 0), "nothing fits", theme.dim());
    }
    let typed = SafeText::line(picker.query().get(..picker.cursor()).unwrap_or_default());
    let x = usize::from(inner.x) + column + text::width(typed.as_str());
    let x = x.min(usize::from(inner.right()).saturating_sub(1));
    Some(Position::new(u16::try_from(x).unwrap_or(inner.x), inner.y))
}

/// Columns of the first text: what people wrote needs more room than names.
fn label_columns(kind: Kind, is_message: bool) -> usize {
    if kind == Kind::Pins || is_message { 2 * LABEL } else { LABEL }
}

/// Draws the help, scrolled down by so many rows.
pub(super) fn help(keymap: &Keymap, top: usize, canvas: &mut Canvas) {
    let theme = canvas.theme;
    let rows = help::fitted(keymap, layout::popup_columns(canvas.area()));
    let height = u16::try_from(rows.len()).unwrap_or(POPUP.1).saturating_add(2);
    let inner = popup(&with_way_out(keymap, "help · ↑↓ scroll"), height, canvas);
    let shown = usize::from(inner.height);
    let top = top.min(rows.len().saturating_sub(shown));
    for (at, row) in rows.iter().skip(top).take(shown).enumerate() {
        match row {
            Row::Gap => {}
            Row::Title(title) => {
                canvas.literal(inner, (0, at), title, theme.section());
            }
            Row::Line(left, right) => {
                let end = canvas.literal(inner, (0, at), left, theme.title());
                canvas.literal(inner, (end.max(help::LEFT) + 2, at), right, theme.plain());
            }
        }
    }
}

/// The title of a page, with the key that closes it.
pub(super) fn with_way_out(keymap: &Keymap, title: &str) -> String {
    let closes = keymap.hint(Context::Page, Plain::Cancel, "closes");
    [title.to_owned()].into_iter().chain(closes).collect::<Vec<_>>().join(" · ")
}

/// An empty box in the middle of the screen; what is inside it is returned.
pub(super) fn popup(title: &str, height: u16, canvas: &mut Canvas) -> Rect {
    let area = layout::popup(canvas.area(), height);
    canvas.clear(area);
    canvas.frame(area, title, canvas.theme.dim())
}
