//! Choosing files in a browser of folders, and sending them.

use std::path::{Path, PathBuf};

use ratatui::layout::{Position, Rect};

use super::{Effects, actions, complain, open_first};
use crate::action::{Action, Plain};
use crate::effect::Effect;
use crate::keymap::{Context, Key};
use crate::layout;
use crate::state::browser::{Browser, Entered, Folder, Shown};
use crate::state::composer::Edit;
use crate::state::transfer::pasted_paths;
use crate::state::{Popup, State, rights};

/// Rows that PageUp and PageDown move.
const PAGE: isize = 10;

/// Opens the browser where one was last.
pub(super) fn open(state: &mut State, effects: &mut Effects) {
    if state.open.is_none() {
        return complain(state, open_first(state));
    }
    if let Some(reason) = rights::silence_here(state) {
        return complain(state, reason);
    }
    let folder = state.upload_folder.clone().unwrap_or_else(|| PathBuf::from("."));
    state.popup = Some(Popup::Browser(Box::new(Browser::new(folder.clone()))));
    effects.add(Effect::ReadFolder(folder));
}

/// Does something with the browser; what comes of it is a folder to read.
fn with(state: &mut State, effects: &mut Effects, then: impl FnOnce(&mut Browser) -> Option<PathBuf>) {
    if let Some(Popup::Browser(browser)) = &mut state.popup
        && let Some(folder) = then(browser)
    {
        effects.add(Effect::ReadFolder(folder));
    }
}

/// Takes a key.
pub(super) fn key(state: &mut State, key: Key, effects: &mut Effects) {
    let State { popup: Some(Popup::Browser(browser)), keymap, .. } = state else { return };
    browser.error = None;
    let edit = keymap.edit(key);
    let plain = keymap.plain(Context::Files, key);
    // A key that moves in what is typed, or deletes it, does so while there is something.
    let edits = edit.filter(|_| !browser.query().is_empty() && moves_or_edits(plain));
    match (plain, edits) {
        (_, Some(edit)) => with(state, effects, |browser| browser.edit(edit)),
        (Some(Plain::Cancel), _) => state.popup = None,
        (Some(Plain::Take), _) => enter(state, effects),
        (Some(Plain::Above), _) => browser.go(-1),
        (Some(Plain::Below), _) => browser.go(1),
        (Some(Plain::PageUp), _) => browser.go(-PAGE),
        (Some(Plain::PageDown), _) => browser.go(PAGE),
        (Some(Plain::FolderAbove), _) => with(state, effects, Browser::above),
        (Some(Plain::IntoFolder), _) => with(state, effects, Browser::enter_folder),
        (Some(Plain::HiddenFiles), _) => browser.toggle_hidden(),
        (Some(Plain::MarkFile), _) => browser.mark(),
        _ => {
            if let Some(edit) = edit {
                with(state, effects, |browser| browser.edit(edit));
            }
        }
    }
}

fn moves_or_edits(plain: Option<Plain>) -> bool {
    matches!(plain, Some(Plain::FolderAbove | Plain::IntoFolder))
}

/// Takes pasted text: a path leads to its folder, other text filters.
pub(super) fn paste(state: &mut State, text: &str, effects: &mut Effects) {
    if let Some([path]) = pasted_paths(text).as_deref() {
        let folder = if text.trim_end().ends_with('/') { path.clone() } else { parent(path) };
        return with(state, effects, |browser| Some(browser.read(folder)));
    }
    for c in text.chars().filter(|c| !c.is_control() && *c != '/').take(chat_proto::limits::QUERY_CHARS) {
        with(state, effects, |browser| browser.edit(Edit::Insert(c)));
    }
}

fn parent(path: &Path) -> PathBuf {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(path).to_owned()
}

/// Goes into the chosen folder, or sends the chosen files with what is written.
pub(super) fn enter(state: &mut State, effects: &mut Effects) {
    let Some(Popup::Browser(browser)) = &mut state.popup else { return };
    match browser.enter() {
        Entered::Nothing => {}
        Entered::Folder(folder) => effects.add(Effect::ReadFolder(folder)),
        Entered::Files(files) => {
            state.popup = None;
            actions::act(state, Action::UploadAll(files), effects);
        }
    }
}

/// A click on a row opens or sends it; one beside the box closes it.
pub(super) fn click(state: &mut State, at: Position, effects: &mut Effects) -> bool {
    let parts = layout::browser(Rect::new(0, 0, state.size.0, state.size.1));
    let Some(Popup::Browser(browser)) = &mut state.popup else { return false };
    if parts.list.contains(at) {
        let skip = layout::browser_skip(parts.list, browser.rows().1);
        let is_row = browser.choose(skip + usize::from(at.y - parts.list.y));
        if is_row {
            enter(state, effects);
        }
        return is_row;
    }
    if parts.frame.contains(at) {
        return false;
    }
    state.popup = None;
    true
}

/// Takes a folder; says whether it is on screen.
pub(super) fn read(state: &mut State, asked: &Path, folder: Result<Folder, String>) -> bool {
    let Some(Popup::Browser(browser)) = &mut state.popup else { return false };
    let is_wanted = browser.take(asked, folder);
    if is_wanted && !browser.path().as_os_str().is_empty() {
        state.upload_folder = Some(browser.path().to_owned());
    }
    is_wanted
}

/// Takes what a look found; says whether it is on screen.
pub(super) fn looked(state: &mut State, path: &Path, shown: Shown) -> bool {
    let Some(Popup::Browser(browser)) = &mut state.popup else { return false };
    if let Shown::Picture(wanted, drawing, _) = &shown {
        state.pictures.hold(*wanted, drawing.clone());
    }
    browser.looked(path, shown)
}

/// Asks what the chosen row looks like, where that is shown.
pub(super) fn follow(state: &mut State, effects: &mut Effects) {
    let parts = layout::browser(Rect::new(0, 0, state.size.0, state.size.1));
    let images = state.pictures.images.zip(state.pictures.cell());
    let (Some(Popup::Browser(browser)), Some(preview)) = (&mut state.popup, parts.preview) else { return };
    let most = (preview.width, preview.height.saturating_sub(2));
    effects.0.extend(browser.look(most, images).map(Effect::LookInto));
}
