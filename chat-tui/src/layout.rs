//! Where things are on the screen: one arithmetic for the view that draws and the update that
//! scrolls and takes clicks.

mod browser;
mod list;
mod page;
mod pictures;

use chat_client::Connection;
use chat_proto::SafeText;
use ratatui::layout::{Position, Rect};

use crate::state::completion::Completion;
use crate::state::composer::{Place, place_at, screen_rows};
use crate::state::items::Context;
use crate::state::listing::{Kind, Listing};
use crate::state::pane::Pane;
use crate::state::picker::{self, Picker};
use crate::state::timeline::Timeline;
use crate::state::{ListMode, State};
use crate::text;

pub(crate) use browser::{browser, browser_skip};
pub(crate) use list::{ListPart, list_part, list_rows};
pub(crate) use page::{CodePlace, page};
pub(crate) use pictures::{WHOLE_BYTES, is_covered, picture_at, pictures, wanted, wanted_whole, whole_area};

/// Under this many columns the list gives its place to the conversation.
const LIST_FROM_COLUMNS: u16 = 60;

/// The list takes a quarter of the screen, within these bounds.
const LIST_COLUMNS: (u16, u16) = (20, 30);

/// The narrowest that the list can be made: a sign, a name and a count.
const LIST_LEAST: u16 = 12;

/// Under this many rows the composer has no box.
const BOX_FROM_ROWS: u16 = 12;

/// Under this many columns the composer has no box.
const BOX_FROM_COLUMNS: u16 = 20;

/// The composer grows to this many rows, or a third of the screen.
const COMPOSER_ROWS: u16 = 8;

/// From this many columns on, a thread stands beside the main line; both keep room for a text.
const SPLIT_FROM_COLUMNS: u16 = 88;

/// From this many rows on, a main line that is scrolled back keeps the newest rows in sight.
const TAIL_FROM_ROWS: u16 = 12;

/// The newest rows that stay in sight.
pub(crate) const TAIL_ROWS: u16 = 3;

/// The connection's state takes at most this many rows of the list.
const CONNECTION_ROWS: u16 = 4;

/// The widest and highest that a popup grows.
pub(crate) const POPUP: (u16, u16) = (96, 40);

/// Rows of one message in a list of messages.
pub(crate) const LISTING_ROW: usize = 2;

/// The parts of the screen. A part that has no place has no rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Areas {
    pub(crate) list: Option<Rect>,
    /// Whether the list lies over the conversation.
    pub(crate) list_floats: bool,
    pub(crate) header: Rect,
    /// The main line; empty while a thread has its place.
    pub(crate) pane: Rect,
    /// The newest rows below a main line that is scrolled back; a divider is its first row.
    pub(crate) tail: Option<Rect>,
    /// The open thread.
    pub(crate) thread: Option<Rect>,
    pub(crate) status: Rect,
    pub(crate) composer: Rect,
    pub(crate) composer_text: Rect,
    pub(crate) boxed: bool,
}

/// Divides the screen.
pub(crate) fn areas(state: &State) -> Areas {
    let (columns, rows) = state.size;
    if state.bare {
        return bare(state);
    }
    let is_wide = columns >= LIST_FROM_COLUMNS;
    let shows_list = is_wide == (state.list == ListMode::Auto);
    let usual = (columns / 4).clamp(LIST_COLUMNS.0, LIST_COLUMNS.1);
    let list_columns =
        state.arrangement.list_columns.map_or(usual, |own| list_width(columns, own)).min(columns);
    let beside = if is_wide && shows_list { list_columns } else { 0 };
    let main = Rect::new(beside, 0, columns - beside, rows);
    let boxed = rows >= BOX_FROM_ROWS && main.width >= BOX_FROM_COLUMNS;
    let (frame, sides) = if boxed { (2, 5) } else { (0, 3) };
    let text_columns = main.width.saturating_sub(sides).max(1);
    let most = (rows / 3).clamp(1, COMPOSER_ROWS);
    let wanted = screen_rows(&state.composer, usize::from(text_columns)).0.len();
    let text_rows = u16::try_from(wanted).unwrap_or(most).clamp(1, most);
    let composer_rows = (text_rows + frame).min(rows);
    let status_rows = u16::from(rows >= 4);
    let header_rows = u16::from(rows >= 5);
    let composer_top = rows - composer_rows;
    let pane_rows = composer_top.saturating_sub(status_rows + header_rows);
    // A column of air between the list and the text.
    let air = u16::from(main.width >= BOX_FROM_COLUMNS);
    let part = |top: u16, height: u16| Rect::new(main.x + air, top, main.width - air, height);
    let whole = part(header_rows, pane_rows);
    let (pane, thread) = match state.thread {
        None => (whole, None),
        Some(_) if whole.width >= SPLIT_FROM_COLUMNS => {
            let columns = whole.width * 2 / 5;
            let left = whole.width - columns - 2;
            (Rect { width: left, ..whole }, Some(Rect { x: whole.x + left + 2, width: columns, ..whole }))
        }
        Some(_) => (Rect { width: 0, ..whole }, Some(whole)),
    };
    let (pane, tail) = split(state, pane);
    let composer = Rect::new(main.x + air, composer_top, main.width - air, composer_rows);
    let inset = if boxed { 1 } else { 0 };
    Areas {
        list: shows_list.then(|| Rect::new(0, 0, list_columns, rows)),
        list_floats: shows_list && !is_wide,
        header: part(0, header_rows),
        pane,
        tail,
        thread,
        status: part(header_rows + pane_rows, status_rows),
        composer,
        composer_text: Rect::new(
            composer.x + 2.min(composer.width.saturating_sub(1)),
            composer_top + inset,
            text_columns.min(composer.width),
            composer_rows.saturating_sub(inset * 2),
        )
        .intersection(Rect::new(0, 0, columns, rows)),
        boxed,
    }
}

/// Only the text.
fn bare(state: &State) -> Areas {
    let whole = Rect::new(0, 0, state.size.0, state.size.1);
    let nothing = Rect::default();
    let (pane, thread) = if state.in_thread() { (nothing, Some(whole)) } else { (whole, None) };
    Areas {
        list: None,
        list_floats: false,
        header: nothing,
        pane,
        tail: None,
        thread,
        status: nothing,
        composer: nothing,
        composer_text: nothing,
        boxed: false,
    }
}

/// Parts the newest rows from a main line that is scrolled back, where there is room for both.
fn split(state: &State, pane: Rect) -> (Rect, Option<Rect>) {
    let is_high = pane.height >= TAIL_FROM_ROWS && pane.width > 0;
    let is_far =
        || state.open_timeline().is_some_and(|timeline| timeline.is_far_back(usize::from(TAIL_ROWS)));
    if !is_high || !is_far() {
        return (pane, None);
    }
    let rows = TAIL_ROWS + 1;
    let upper = Rect { height: pane.height - rows, ..pane };
    (upper, Some(Rect { y: upper.bottom(), height: rows, ..pane }))
}

/// A width of the list that leaves the conversation its place.
pub(crate) fn list_width(columns: u16, wanted: u16) -> u16 {
    wanted.min(columns / 2).max(LIST_LEAST)
}

/// The list's own rows: below the team's name, above the connection's state.
pub(crate) fn list_body(state: &State, list: Rect) -> Rect {
    let rows = list.height.saturating_sub(1 + connection_rows(state, list));
    Rect::new(list.x, list.y + 1.min(list.height), list.width.saturating_sub(1), rows)
}

/// Rows for the connection's state at the bottom of the list: a reason may need more than one.
pub(crate) fn connection_rows(state: &State, list: Rect) -> u16 {
    let columns = usize::from(list.width.saturating_sub(2));
    let rows = text::wrap(connection_words(state).as_str(), columns).len();
    let most = if list.height >= BOX_FROM_ROWS { CONNECTION_ROWS } else { 1 };
    u16::try_from(rows).unwrap_or(most).min(most)
}

/// The connection in words.
pub(crate) fn connection_words(state: &State) -> SafeText {
    match &state.link.connection {
        Connection::Online => SafeText::line("● connected"),
        Connection::Connecting => SafeText::line("◌ connecting…"),
        Connection::Waiting { reason, .. } => {
            let seconds = state.retry_in_s().unwrap_or_default();
            SafeText::line(&format!("○ offline, retry in {seconds} s ({reason})"))
        }
        Connection::Stopped { reason, .. } => SafeText::line(&format!("✗ {reason}")),
    }
}

/// Where a popup of so many rows lies: in the middle of the screen.
pub(crate) fn popup(screen: Rect, height: u16) -> Rect {
    let margin = if screen.width < 40 || screen.height < 12 { 0 } else { 4 };
    let width = screen.width.saturating_sub(margin).min(POPUP.0);
    let height = screen.height.saturating_sub(margin / 2).min(height);
    let left = screen.x + (screen.width - width) / 2;
    Rect::new(left, screen.y + (screen.height - height) / 2, width, height)
}

/// Rows of a list to choose from. A short list has a small box, so that what it is about stays in
/// sight.
pub(crate) fn picker_height(screen: Rect, picker: &Picker) -> u16 {
    match picker.kind {
        picker::Kind::Invitation => 5,
        picker::Kind::Paste => 6,
        picker::Kind::Person
        | picker::Kind::Room
        | picker::Kind::Admin
        | picker::Kind::Account
        | picker::Kind::Once => {
            let rows = picker_head(screen, picker).len() + picker.count();
            u16::try_from(rows + 4).unwrap_or(POPUP.1).min(POPUP.1)
        }
        _ => POPUP.1,
    }
}

/// Rows of the text above a list that are shown at most: the list itself has the rest.
const HEAD_ROWS: usize = 14;

/// Columns for the words at the left of that text.
pub(crate) const HEAD_LEFT: usize = 13;

/// The text above a list as it fits: a word, or nothing where a text goes on, and a part of a text.
/// The texts are safe.
pub(crate) fn picker_head(screen: Rect, picker: &Picker) -> Vec<(String, String)> {
    let columns = popup_columns(screen).saturating_sub(HEAD_LEFT).max(1);
    let mut rows = Vec::new();
    for (left, right) in &picker.head {
        let right = SafeText::block(right);
        for (at, range) in text::wrap(right.as_str(), columns).into_iter().enumerate() {
            let left = if at == 0 { SafeText::line(left).to_string() } else { String::new() };
            rows.push((left, right.as_str()[range].to_owned()));
        }
    }
    rows.truncate(HEAD_ROWS);
    rows
}

/// Where the rows of a list to choose from stand, below what is typed; and how many of them are
/// above, so that the chosen one is in sight.
pub(crate) fn picker_list(screen: Rect, picker: &Picker) -> (Rect, usize) {
    let area = popup(screen, picker_height(screen, picker));
    let head = match picker_head(screen, picker).len() {
        0 => 0,
        // Some rows are left to choose from.
        rows => {
            let left = 3 + u16::try_from(picker.count().min(3)).unwrap_or(3);
            u16::try_from(rows + 1).unwrap_or(u16::MAX).min(area.height.saturating_sub(left))
        }
    };
    let (top, height) = (area.y + 2 + head, area.height.saturating_sub(3 + head));
    let list = Rect::new(area.x + 2, top, area.width.saturating_sub(4), height);
    let list = list.intersection(screen);
    (list, (picker.rows().1 + 1).saturating_sub(usize::from(list.height)))
}

/// The columns inside a popup.
pub(crate) fn popup_columns(screen: Rect) -> usize {
    usize::from(popup(screen, POPUP.1).width.saturating_sub(4))
}

/// The rows of a list of messages inside its box, and the line below them; a search has what is
/// searched for above them.
pub(crate) fn listing_parts(kind: Kind, inner: Rect) -> (Rect, Rect) {
    let top = u16::from(kind == Kind::Search && inner.height > 1);
    let foot = u16::from(inner.height > top + 2);
    let rows = Rect::new(inner.x, inner.y + top, inner.width, inner.height.saturating_sub(top + foot));
    let footer = Rect::new(inner.x, rows.bottom(), inner.width, foot);
    (rows, footer)
}

/// Where the messages of a list of messages stand, and how many of them are above.
pub(crate) fn listing_list(screen: Rect, listing: &Listing) -> (Rect, usize) {
    let area = popup(screen, POPUP.1);
    let inner =
        Rect::new(area.x + 2, area.y + 1, area.width.saturating_sub(4), area.height.saturating_sub(2));
    let rows = listing_parts(listing.kind, inner.intersection(screen)).0;
    (rows, (listing.selected + 1).saturating_sub(listing_fits(rows)))
}

/// How many messages fit into these rows.
pub(crate) fn listing_fits(rows: Rect) -> usize {
    (usize::from(rows.height) / LISTING_ROW).max(1)
}

/// How many messages a list of messages shows on this screen.
pub(crate) fn listing_rows(state: &State) -> usize {
    let screen = Rect::new(0, 0, state.size.0, state.size.1);
    let area = popup(screen, POPUP.1);
    let inner = Rect { height: area.height.saturating_sub(2), ..area };
    listing_fits(listing_parts(Kind::Search, inner).0)
}

/// The area of the pane that the keys mean.
pub(crate) fn focused_area(state: &State) -> Rect {
    let areas = areas(state);
    areas.thread.filter(|_| state.in_thread()).unwrap_or(areas.pane)
}

/// The first row of the screen on which a pane with so many rows begins: few rows stand at the
/// bottom, where the eye is; a thread is read from its beginning.
pub(crate) fn lift(in_thread: bool, height: u16, rows: usize) -> usize {
    if in_thread { 0 } else { usize::from(height).saturating_sub(rows) }
}

/// Does something with the pane that the keys mean.
pub(crate) fn with_pane<T>(state: &State, then: impl FnOnce(&Pane, &Timeline) -> T) -> Option<T> {
    with_side(state, state.in_thread(), then)
}

/// Does something with the main line's or the thread's pane at its present size.
pub(crate) fn with_side<T>(
    state: &State,
    in_thread: bool,
    then: impl FnOnce(&Pane, &Timeline) -> T,
) -> Option<T> {
    let areas = areas(state);
    let (timeline, area) = match in_thread {
        true => (&state.thread.as_ref()?.timeline, areas.thread?),
        false => (state.open_timeline()?, areas.pane),
    };
    with_area(state, timeline, area, then)
}

/// Does something with the newest rows of the main line, below its divider.
pub(crate) fn with_tail<T>(state: &State, tail: Rect, then: impl FnOnce(&Pane, &Timeline) -> T) -> Option<T> {
    let area = Rect { height: tail.height.saturating_sub(1), ..tail };
    with_area(state, state.open_timeline()?, area, then)
}

fn with_area<T>(
    state: &State,
    timeline: &Timeline,
    area: Rect,
    then: impl FnOnce(&Pane, &Timeline) -> T,
) -> Option<T> {
    let conversation = state.open_conversation()?;
    let State { me, zone, now, threads, blocked, unfolded, transfers, .. } = state;
    let (me, now) = (me.as_ref(), now.clock);
    let cell = state.pictures.cell();
    let (bare, times) = (state.bare, state.settings.times());
    let context =
        Context { me, conversation, zone, cell, now, times, threads, blocked, unfolded, transfers, bare };
    let size = (usize::from(area.width), usize::from(area.height));
    let pane = Pane::new(timeline, &context, size, &state.memo);
    Some(then(&pane, timeline))
}

/// Rows of what a word may become that are shown at once.
const COMPLETION_ROWS: usize = 8;

/// The widest that what a word may become grows.
const COMPLETION_COLUMNS: u16 = 72;

/// What a word may become, and the box it is shown in: above the composer and its status.
pub(crate) fn completion_box<'a>(state: &'a State, areas: &Areas) -> Option<(&'a Completion, Rect)> {
    let completion = state.completion.as_ref().filter(|completion| completion.is_shown())?;
    let bottom = if areas.status.is_empty() { areas.composer.y } else { areas.status.y };
    let rows = completion.candidates.len().min(COMPLETION_ROWS);
    let height = u16::try_from(rows).unwrap_or(0).saturating_add(2).min(bottom);
    let widest =
        completion.candidates.iter().map(|one| text::width(&one.text) + 2 + text::width(&one.detail));
    let wanted = u16::try_from(widest.max().unwrap_or(0)).unwrap_or(u16::MAX).saturating_add(4);
    let width = wanted.min(COMPLETION_COLUMNS).min(areas.composer.width);
    // A box without a row inside it shows nothing.
    let has_room = height > 2 && width > 6;
    has_room.then(|| (completion, Rect::new(areas.composer.x, bottom - height, width, height)))
}

/// The first candidate that is shown, so that the chosen one is in sight.
pub(crate) fn completion_top(completion: &Completion, rows: usize) -> usize {
    (completion.at.unwrap_or(0) + 1).saturating_sub(rows)
}

/// The place in the composer's text under a cell of the screen.
pub(crate) fn composer_place(state: &State, at: Position) -> Place {
    let area = areas(state).composer_text;
    let columns = usize::from(area.width.max(1));
    let (_, (cursor_row, _)) = screen_rows(&state.composer, columns);
    let skip = composer_top(cursor_row, area.height);
    let row = skip + usize::from(at.y.saturating_sub(area.y));
    place_at(&state.composer, columns, (row, usize::from(at.x.saturating_sub(area.x))))
}

/// The first row of the composer that is shown: the row with the cursor is always in sight.
pub(crate) fn composer_top(cursor_row: usize, rows: u16) -> usize {
    (cursor_row + 1).saturating_sub(usize::from(rows).max(1))
}
