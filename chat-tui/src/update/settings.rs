//! Changing a setting: by its name, by choosing, by writing its value.

use super::{Effects, complain, say_so};
use crate::effect::Effect;
use crate::settings::{self, Loaded, Settings};
use crate::state::{Popup, State, settings as shown};

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
    match row.set(&mut Settings::default(), &value) {
        Ok(()) => effects.add(Effect::WriteSetting(row.name, value)),
        Err(sentence) => complain(state, sentence),
    }
}

/// Offers the values; one that is not of a few is written after its name.
fn offer(state: &mut State, row: &'static settings::Row) {
    if let Some(picker) = shown::values(state, row) {
        state.popup = Some(Popup::Picker(Box::new(picker)));
    } else if state.composer.is_empty() {
        state.composer.insert(&format!("/set {} {}", row.name, row.get(&state.settings)));
    } else {
        let now = row.get(&state.settings);
        say_so(state, format!("{} = {now}; /set {} takes {}", row.name, row.name, row.allowed()));
    }
}

/// Takes the settings as they stand in the file; says whether the screen may look different now.
pub(super) fn loaded(state: &mut State, loaded: Loaded) -> bool {
    let same = state.settings == loaded.settings && state.complaints == loaded.complaints;
    state.take_settings(loaded);
    !same
}
