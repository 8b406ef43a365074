//! Where pictures are, at which size, and which file a click means.

use chat_proto::Attachment;
use ratatui::layout::{Position, Rect};

use super::{areas, with_side};
use crate::settings::Images;
use crate::state::State;
use crate::state::completion::Completion;
use crate::state::items::Item;
use crate::state::message::{Message, Row};
use crate::state::pane::Pane;
use crate::state::pictures::{CELL, Preview, Wanted, fit};
use crate::state::timeline::Timeline;

/// The largest file that is shown whole; of a larger one the thumbnail is.
pub(crate) const WHOLE_BYTES: u64 = 24 << 20;

/// Whether something lies over the conversation.
pub(crate) fn is_covered(state: &State) -> bool {
    let suggests = state.completion.as_ref().is_some_and(Completion::is_shown);
    suggests
        || state.lock.is_some()
        || state.popup.is_some()
        || state.sign_in.is_some()
        || state.is_asked_to_trust()
        || areas(state).list_floats
}

/// A picture among messages, where texts have so many columns.
pub(crate) fn wanted(state: &State, preview: &Preview, columns: usize) -> Option<Wanted> {
    let images = state.pictures.images?;
    let (columns, rows) = preview.cells(columns);
    Some(Wanted { file: preview.file, columns, rows, whole: false, images })
}

/// A picture over the whole screen, but for the line below it.
pub(crate) fn wanted_whole(state: &State, file: &Attachment) -> Option<Wanted> {
    let picture = file.picture.as_ref()?;
    let images = state.pictures.images.unwrap_or(Images::Halfblocks);
    let cell = state.pictures.cell.unwrap_or(CELL);
    let most = (state.size.0, state.size.1.saturating_sub(1));
    let (columns, rows) = fit((picture.width, picture.height), cell, most);
    let whole = file.size <= WHOLE_BYTES;
    (most.1 > 0).then_some(Wanted { file: file.id, columns, rows, whole, images })
}

/// The middle of the screen above its last line.
pub(crate) fn whole_area(screen: Rect, wanted: &Wanted) -> Rect {
    let (columns, rows) =
        (wanted.columns.min(screen.width), wanted.rows.min(screen.height.saturating_sub(1)));
    let left = screen.x + (screen.width - columns) / 2;
    let top = screen.y + (screen.height.saturating_sub(1) - rows) / 2;
    Rect::new(left, top, columns, rows)
}

/// The pictures on screen.
pub(crate) fn pictures(state: &State) -> Vec<Wanted> {
    if state.pictures.images.is_none() || state.lock.is_some() {
        return Vec::new();
    }
    let mut all = Vec::new();
    for in_thread in [false, true] {
        with_side(state, in_thread, |pane, timeline| {
            let mut items: Vec<usize> =
                pane.visible(timeline.scroll).into_iter().map(|(item, _)| item).collect();
            items.dedup();
            for message in items.into_iter().filter_map(|at| with_pictures(pane, timeline, at)) {
                let body = pane.items.columns.body;
                all.extend(message.pictures.iter().filter_map(|preview| wanted(state, preview, body)));
            }
        });
    }
    all
}

/// The message at a place of the list, if it has pictures; most have none, and are not made for it.
fn with_pictures(pane: &Pane, timeline: &Timeline, at: usize) -> Option<Box<Message>> {
    let event = timeline.get(pane.message_at(at)?)?;
    event.message()?.files.iter().find(|file| file.picture.is_some())?;
    match pane.item(at)? {
        Item::Message(message) => Some(message),
        _ => None,
    }
}

/// The file whose picture is at this place of the screen.
pub(crate) fn picture_at(state: &State, at: Position) -> Option<Attachment> {
    let areas = areas(state);
    let sides = [(false, Some(areas.pane)), (true, areas.thread)];
    let (in_thread, area) =
        sides.into_iter().find_map(|(side, area)| Some((side, area.filter(|a| a.contains(at))?)))?;
    with_side(state, in_thread, |pane, timeline| {
        let rows = pane.visible(timeline.scroll);
        let lift = super::lift(in_thread, area.height, rows.len());
        let (item, part) = *rows.get(usize::from(at.y - area.y).checked_sub(lift)?)?;
        let message = with_pictures(pane, timeline, item)?;
        let columns = &pane.items.columns;
        let Some(Row::Picture(index, _)) = message.rows(columns).get(part).cloned() else { return None };
        let preview = message.pictures.get(index)?;
        let left = usize::from(area.x) + columns.indent;
        let right = left + usize::from(preview.cells(columns.body).0);
        let event = timeline.get(pane.message_at(item)?)?;
        let is_on_it = (left..right).contains(&usize::from(at.x));
        event.message()?.files.iter().find(|file| is_on_it && file.id == preview.file).cloned()
    })?
}
