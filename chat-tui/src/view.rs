//! The screen: a picture of the [`State`], and nothing but.
//!
//! 1. Reads the state, changes nothing, asks no clock.
//! 2. Text of others reaches the screen only as [`SafeText`], and the finished picture is swept
//!    once more: a cell that is not safe becomes `�`.
//! 3. Draws at any size, 1×1 included.

mod accounts;
mod browser;
mod canvas;
mod completion;
mod composer;
mod links;
mod list;
mod listing;
mod lock;
mod message;
mod page;
pub(crate) mod picture;
mod popups;
mod rich;
mod secret;
mod sign_in;
mod status;
mod steady;
mod theme;
mod timeline;
mod transfer;
mod trust;

use chat_proto::SafeText;
use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Modifier;

use crate::layout;
use crate::state::{Popup, State};
use crate::text;
use canvas::Canvas;
pub use links::LinkRun;
pub(crate) use list::mark;
use picture::Slot;
use theme::Theme;

/// What stands for a cell that must not be drawn.
const NOT_SAFE: &str = "\u{fffd}";

/// Draws the state.
pub fn view(state: &State, frame: &mut Frame) {
    draw_view(state, frame);
}

/// Draws the state; says which cells belong to links.
pub fn view_and_links(state: &State, frame: &mut Frame) -> Vec<LinkRun> {
    draw_view(state, frame).links
}

/// What is told to the terminal beside the cells.
#[derive(Debug, Default)]
pub(crate) struct Drawn {
    /// Where pictures were put.
    pub(crate) slots: Vec<Slot>,
    /// Which cells belong to links.
    pub(crate) links: Vec<LinkRun>,
}

/// Draws the state.
pub(crate) fn draw_view(state: &State, frame: &mut Frame) -> Drawn {
    let area = frame.area();
    let theme = Theme::new(&state.looks.palette);
    frame.buffer_mut().set_style(area, theme.plain());
    let mut canvas = Canvas::new(frame.buffer_mut(), theme);
    let cursor = draw(state, &mut canvas);
    let slots = canvas.take_slots();
    let links = if state.settings.links { canvas.take_links() } else { Vec::new() };
    sweep(frame.buffer_mut());
    steady::steady(frame.buffer_mut(), text::measured());
    let slots = picture::paint(state, slots, frame.buffer_mut());
    if let Some(cursor) = cursor.filter(|cursor| area.contains(*cursor)) {
        frame.set_cursor_position(cursor);
    }
    Drawn { slots, links }
}

/// Draws everything; says where the cursor stands.
fn draw(state: &State, canvas: &mut Canvas) -> Option<Position> {
    if let Some(lock) = &state.lock {
        return lock::draw(lock, canvas);
    }
    let cursor = match &state.sign_in {
        Some(form) => sign_in::draw(form, &state.keymap, canvas),
        None => chat(state, canvas),
    };
    match state.trust.as_ref().filter(|trust| trust.is_open) {
        Some(trust) => trust::draw(trust, state, canvas),
        None => cursor,
    }
}

/// Draws the chat with what lies over it; says where the cursor stands.
fn chat(state: &State, canvas: &mut Canvas) -> Option<Position> {
    let areas = layout::areas(state);
    let head = if areas.thread.is_some() { areas.pane.width } else { areas.header.width };
    status::header(state, Rect { width: head, ..areas.header }, canvas);
    status::thread_header(state, &areas, canvas);
    timeline::main(state, areas.pane, canvas);
    timeline::tail(state, areas.tail, canvas);
    timeline::thread(state, &areas, canvas);
    status::status(state, &areas, canvas);
    let mut cursor = composer::draw(state, &areas, canvas);
    if let Some(area) = areas.list {
        if areas.list_floats {
            canvas.clear(area);
            cursor = None;
        }
        list::draw(state, area, canvas);
    }
    match &state.popup {
        Some(Popup::Picker(picker)) => popups::picker(picker, &state.keymap, canvas),
        Some(Popup::Browser(browser)) => browser::draw(state, browser, canvas),
        Some(Popup::Listing(listing)) => listing::draw(state, listing, canvas),
        Some(Popup::Help(top)) => {
            popups::help(&state.keymap, *top, canvas);
            None
        }
        Some(Popup::Page(page)) => {
            page::draw(&state.keymap, page, canvas);
            None
        }
        None if state.hints.is_some() => {
            hints(state, canvas);
            None
        }
        Some(Popup::Secret(form)) => secret::draw(form, canvas),
        Some(Popup::Picture(file)) => {
            picture::whole(state, file, canvas);
            None
        }
        None if state.selected.is_some() || state.confirm.is_some() => None,
        None => {
            completion::draw(state, &areas, canvas);
            cursor
        }
    }
}

/// The letters of the links, over their first cells.
fn hints(state: &State, canvas: &mut Canvas) {
    let style = canvas.theme.mention().add_modifier(Modifier::REVERSED);
    for hint in state.hints.iter().flatten() {
        let area = Rect { x: hint.at.x, y: hint.at.y, width: 1, height: 1 };
        canvas.literal(area, (0, 0), &hint.letter.to_string(), style);
    }
}

/// Looks at every cell once more, whatever drew it.
pub(crate) fn sweep(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        if SafeText::is_safe_line(cell.symbol()) {
            continue;
        }
        // A joiner between two letters ends its cell; cut from its neighbour it means nothing.
        let alone = cell.symbol().trim_end_matches(['\u{200c}', '\u{200d}']).to_owned();
        let is_safe = !alone.is_empty() && SafeText::is_safe_line(&alone);
        cell.set_symbol(if is_safe { &alone } else { NOT_SAFE });
    }
}
