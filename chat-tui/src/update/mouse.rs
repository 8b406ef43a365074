//! The mouse: a click opens a conversation, the wheel scrolls. Bare motion is nothing.

use chat_proto::{ConversationId, React, Request};
use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect};

use super::{Effects, actions, arranging, browser, files, keys, links, listings, pictures, threads, writing};
use crate::action::{Account, Action, Order, Plain};
use crate::layout;
use crate::state::hints::{Clicked, clicked};
use crate::state::list::ListRow;
use crate::state::neighbours::{SeatId, Spot};
use crate::state::{Drag, Popup, State};

/// Rows that one step of the wheel moves.
const WHEEL_ROWS: isize = 3;

/// Takes a mouse event; says whether the screen may look different now.
pub(super) fn mouse(state: &mut State, mouse: MouseEvent, effects: &mut Effects) -> bool {
    if state.sign_in.is_some() || state.is_asked_to_trust() {
        return false;
    }
    match mouse.kind {
        MouseEventKind::ScrollUp => wheel(state, -WHEEL_ROWS, effects),
        MouseEventKind::ScrollDown => wheel(state, WHEEL_ROWS, effects),
        MouseEventKind::Down(MouseButton::Left) => {
            click(state, Position::new(mouse.column, mouse.row), effects)
        }
        MouseEventKind::Drag(MouseButton::Left) => drag(state, Position::new(mouse.column, mouse.row)),
        MouseEventKind::Up(MouseButton::Left) => {
            arranging::dropped(state, effects);
            false
        }
        _ => false,
    }
}

/// Goes on with what the click began: a selection, or another width of the list.
fn drag(state: &mut State, at: Position) -> bool {
    match state.drag {
        Some(Drag::Text) => {
            let area = layout::areas(state).composer_text;
            let inside =
                Position::new(at.x.max(area.x), at.y.clamp(area.y, area.bottom().max(area.y + 1) - 1));
            let place = layout::composer_place(state, inside);
            state.composer.go_to(place, true);
        }
        Some(Drag::Border) => arranging::drag_border(state, at.x),
        None => return false,
    }
    true
}

fn wheel(state: &mut State, rows: isize, effects: &mut Effects) -> bool {
    match &mut state.popup {
        Some(Popup::Picker(picker)) => picker.go(rows.signum()),
        Some(Popup::Listing(_)) => listings::go(state, rows.signum(), effects),
        Some(Popup::Help(_) | Popup::Page(_)) => keys::scroll_page(state, rows),
        Some(Popup::Browser(browser)) => browser.go(rows.signum()),
        Some(Popup::Picture(_) | Popup::Secret(_)) => {}
        None => actions::act(state, Action::Scroll(rows), effects),
    }
    true
}

fn click_message(state: &mut State, in_thread: bool, at: Position, effects: &mut Effects) -> bool {
    let (Some(found), Some(id)) = (clicked(state, in_thread, at), state.open) else { return false };
    match found {
        Clicked::Link(link) => links::follow(state, link, effects),
        Clicked::Reply(seq) => actions::act(state, Action::Show(id, seq), effects),
        Clicked::Person(user) => actions::act(state, Action::Order(Order::Profile(Some(user))), effects),
        Clicked::File(key) => files::ask_to_stop(state, key),
        Clicked::Thread(root) => threads::open(state, root, None, effects),
        Clicked::Reaction { seq, emoji, on } => {
            effects.change(Request::React(React { conversation: id, seq, emoji, on }));
        }
    }
    true
}

fn visit(seat: SeatId, conversation: Option<ConversationId>) -> Action {
    Action::Account(Account::Visit(Spot { seat, conversation }))
}

fn click(state: &mut State, at: Position, effects: &mut Effects) -> bool {
    if state.popup.is_some() {
        return click_popup(state, at, effects);
    }
    let areas = layout::areas(state);
    if areas.composer_text.contains(at) && !areas.list_floats && state.selected.is_none() {
        let place = layout::composer_place(state, at);
        state.composer.go_to(place, false);
        (state.drag, state.completion) = (Some(Drag::Text), None);
        return true;
    }
    if let Some(list) = areas.list.filter(|list| list.contains(at)) {
        if at.x + 1 == list.right() {
            state.drag = Some(Drag::Border);
            return false;
        }
        let body = layout::list_body(state, list);
        let rows = layout::list_rows(state, usize::from(body.height));
        let clicked = usize::from(at.y.saturating_sub(body.y));
        let action = match rows.get(clicked).filter(|_| at.y >= body.y) {
            Some(ListRow::Conversation(id)) => Action::Open(*id),
            Some(ListRow::Invitation(id)) => Action::AskInvitation(*id),
            Some(ListRow::Account(seat)) if *seat == state.neighbours.own => return false,
            Some(ListRow::Account(seat)) => visit(*seat, None),
            Some(ListRow::Elsewhere(seat, at)) => {
                let row = state.neighbours.get(*seat).and_then(|digest| digest.rows.get(*at));
                visit(*seat, row.map(|row| row.id))
            }
            Some(ListRow::Section(group, _)) => Action::Fold(*group),
            None => return false,
        };
        actions::act(state, action, effects);
        return true;
    }
    if let Some(file) = layout::picture_at(state, at) {
        pictures::open(state, file);
        return true;
    }
    let in_thread = areas.thread.is_some_and(|thread| thread.contains(at));
    if state.thread.is_some() && (in_thread || areas.pane.contains(at)) && in_thread != state.in_thread() {
        writing::save_draft(state, effects);
        threads::focus(state, in_thread);
        return true;
    }
    if areas.tail.is_some_and(|tail| tail.contains(at)) {
        actions::act(state, Plain::Newest.into(), effects);
        return true;
    }
    if in_thread || areas.pane.contains(at) {
        return click_message(state, in_thread, at, effects);
    }
    if areas.status.contains(at) && state.focused_timeline().is_some_and(|timeline| timeline.scroll.is_some())
    {
        actions::act(state, Plain::Newest.into(), effects);
        return true;
    }
    false
}

/// A click on a row takes it; one beside the box closes it.
fn click_popup(state: &mut State, at: Position, effects: &mut Effects) -> bool {
    let screen = Rect::new(0, 0, state.size.0, state.size.1);
    match &mut state.popup {
        Some(Popup::Picker(picker)) => {
            let (list, skip) = layout::picker_list(screen, picker);
            let row = usize::from(at.y.saturating_sub(list.y));
            if list.contains(at) && picker.choose(skip + row) {
                keys::choose(state, effects);
                return true;
            }
            if layout::popup(screen, layout::picker_height(screen, picker)).contains(at) {
                return false;
            }
            keys::close_picker(state, effects);
        }
        Some(Popup::Listing(_)) => return listings::click(state, at, effects),
        Some(Popup::Browser(_)) => return browser::click(state, at, effects),
        Some(Popup::Help(_)) => {
            if layout::popup(screen, layout::POPUP.1).contains(at) {
                return false;
            }
            state.popup = None;
        }
        Some(Popup::Page(page)) => {
            if layout::page(screen, page).area.contains(at) {
                return false;
            }
            state.popup = None;
        }
        Some(Popup::Picture(_)) => state.popup = None,
        // What was typed is not lost by a stray click; Esc closes it.
        Some(Popup::Secret(_)) => return false,
        None => return false,
    }
    true
}
