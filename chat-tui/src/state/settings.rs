//! Taking settings while the program runs, and showing them.

use super::picker::{Item, Kind, Picker};
use super::{Mode, Notice, State};
use crate::action::Action;
use crate::settings::{Loaded, ROWS, Row};

impl State {
    /// Takes the settings as they were read, and says what is wrong with them.
    pub fn take_settings(&mut self, loaded: Loaded) {
        if let Some(first) = loaded.complaints.first().filter(|_| self.complaints != loaded.complaints) {
            let more = match loaded.complaints.len() - 1 {
                0 => String::new(),
                more => format!(" (and {more} more; /settings lists them)"),
            };
            self.notice = Some(Notice { text: format!("{first}{more}"), is_error: true });
        }
        self.complaints = loaded.complaints;
        self.settings = loaded.settings;
        self.keymap = loaded.keymap;
        self.looks.themes = loaded.themes;
        self.paint();
        self.pending.clear();
        self.mode = Mode::Insert;
    }
}

/// The settings with their values, below what is wrong with the file.
pub(crate) fn picker(state: &State) -> Picker {
    let wrong = state.complaints.iter().map(|sentence| Item {
        label: format!("! {sentence}"),
        detail: String::new(),
        action: Action::Nothing,
    });
    Picker::new(Kind::Settings, wrong.chain(ROWS.iter().map(|row| item(state, row))).collect())
}

/// A setting with its value, for the switcher and for the list of settings.
pub(crate) fn item(state: &State, row: &'static Row) -> Item {
    Item {
        label: format!("{} = {}", row.name, row.get(&state.settings)),
        detail: row.help.to_owned(),
        action: Action::Set(row.name, None),
    }
}

/// The values of a setting to choose from; `None` where any text or number will do.
pub(crate) fn values(state: &State, row: &'static Row) -> Option<Picker> {
    let now = row.get(&state.settings);
    let items: Vec<Item> = row
        .words()
        .iter()
        .map(|(word, help)| Item {
            label: (*word).to_owned(),
            detail: if now == **word { format!("{help} · now") } else { (*help).to_owned() },
            action: Action::Set(row.name, Some((*word).to_owned())),
        })
        .collect();
    let title = format!("{}: {}", row.name, row.help);
    (!items.is_empty()).then(|| Picker::new(Kind::Value, items).titled(title))
}
