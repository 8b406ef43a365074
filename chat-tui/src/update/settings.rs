//! Changing a setting: by its name, by choosing, by writing its value.

use super::{Effects, complain, say_so};
use crate::effect::Effect;
use crate::settings::{self, Loaded};
use crate::state::picker::Kind;
use crate::state::{Popup, State, looks, settings as shown};

/// Lists the settings.
pub(super) fn list(state: &mut State) {
    state.popup = Some(Popup::Picker(Box::new(shown::picker(state))));
}

/// Gives a setting a value, or offers its values.
pub(super) fn set(state: &mut State, name: &'static str, value: Option<String>, effects: &mut Effects) {
    let row = match settings::row(name) {
        Ok(row) => row,
        Err(sentence) => return complain(state, sentence),
    };
    let Some(value) = value else { return offer(state, row) };
    let is_theme = |name: &str| name == "auto" || state.looks.themes.iter().any(|theme| theme.name == name);
    if name == "theme" && !is_theme(&value) {
        return complain(state, format!("there is no theme {value}; /theme lists them"));
    }
    // It holds at once; the file, which is read after it was written, has the last word.
    match row.set(&mut state.settings, &value) {
        Ok(()) => {
            state.paint();
            effects.add(Effect::WriteSetting(row.name, value));
        }
        Err(sentence) => complain(state, sentence),
    }
}

/// Offers the values; one that is not of a few is written after its name.
fn offer(state: &mut State, row: &'static settings::Row) {
    if row.name == "theme" {
        themes(state);
    } else if let Some(picker) = shown::values(state, row) {
        state.popup = Some(Popup::Picker(Box::new(picker)));
    } else if state.composer.is_empty() {
        state.composer.insert(&format!("/set {} {}", row.name, row.get(&state.settings)));
    } else {
        let now = row.get(&state.settings);
        say_so(state, format!("{} = {now}; /set {} takes {}", row.name, row.name, row.allowed()));
    }
}

/// Lists the themes; the one that is chosen in the list is on the screen at once.
pub(super) fn themes(state: &mut State) {
    state.popup = Some(Popup::Picker(Box::new(looks::picker(state))));
}

/// Shows the theme that is chosen in the list; without one, the one that is set.
pub(super) fn preview(state: &mut State) {
    let chosen = match &state.popup {
        Some(Popup::Picker(picker)) if picker.kind == Kind::Themes => {
            picker.chosen().map(|item| item.label.clone())
        }
        _ => None,
    };
    if state.looks.preview != chosen {
        state.looks.preview = chosen;
        state.paint();
    }
}

/// Takes the settings as they stand in the file; says whether the screen may look different now.
pub(super) fn loaded(state: &mut State, loaded: Loaded) -> bool {
    let same = state.looks.themes == loaded.themes
        && state.settings == loaded.settings
        && state.keymap == loaded.keymap
        && state.complaints == loaded.complaints;
    state.take_settings(loaded);
    !same
}
