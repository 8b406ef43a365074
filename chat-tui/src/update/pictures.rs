//! Pictures: which have to be fetched, and the one over the whole screen.

use chat_proto::{Attachment, Event};

use super::{Effects, complain, files, messages};
use crate::action::Plain;
use crate::effect::Effect;
use crate::keymap::{Context, Key};
use crate::layout;
use crate::state::pictures::{Drawing, Wanted};
use crate::state::{Popup, State};

/// Asks for the pictures on screen that are not held.
pub(super) fn ask(state: &mut State, effects: &mut Effects) {
    let on_screen = match &state.popup {
        Some(Popup::Picture(file)) => layout::wanted_whole(state, file).into_iter().collect(),
        _ => layout::pictures(state),
    };
    if on_screen.is_empty() {
        return;
    }
    for wanted in state.pictures.need(&on_screen) {
        effects.add(Effect::Picture(wanted, state.pictures.cell));
    }
}

/// Takes a picture; says whether it is on screen.
pub(super) fn came(state: &mut State, wanted: &Wanted, drawing: Result<Drawing, String>) -> bool {
    if let Err(reason) = &drawing {
        tracing::debug!(%reason, "a picture is not shown");
    }
    state.pictures.take(wanted, drawing)
}

/// Shows the picture of the chosen message over the whole screen, or the newest.
pub(super) fn view(state: &mut State) {
    let has_one = |event: &Event| first(event).is_some();
    match messages::target(state, has_one).as_ref().and_then(first) {
        Some(file) => open(state, file.clone()),
        None => complain(state, "There is no picture here".to_owned()),
    }
}

/// Shows a picture over the whole screen.
pub(super) fn open(state: &mut State, file: Attachment) {
    state.selected = None;
    state.popup = Some(Popup::Picture(Box::new(file)));
}

fn first(event: &Event) -> Option<&Attachment> {
    event.message()?.files.iter().find(|file| file.picture.is_some())
}

/// Keys while a picture is shown: those of a page, and the one that saves a message's files.
pub(super) fn key(state: &mut State, key: Key, effects: &mut Effects) {
    let Some(Popup::Picture(file)) = &state.popup else { return };
    if state.keymap.plain(Context::Select, key) == Some(Plain::SaveFiles) {
        let file = file.as_ref().clone();
        files::save_one(state, file, effects);
    } else if state.keymap.plain(Context::Page, key) == Some(Plain::Cancel) {
        state.popup = None;
    }
}
