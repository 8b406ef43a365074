//! What the screen looks like now: the themes there are, the one that is set or being tried, and
//! what is known of the terminal's colours.

use super::State;
use super::picker::{Item, Kind, Picker};
use crate::action::Action;
use crate::settings::Colours;
use crate::theme::colour::Rgb;
use crate::theme::{self, Palette, Theme};

/// See the module.
#[derive(Debug, Clone)]
pub struct Looks {
    /// The themes there are, those of the person among them.
    pub themes: Vec<Theme>,
    /// How many colours the terminal shows, as its environment says.
    pub colours: Colours,
    /// The terminal's background, if it says what it is.
    pub background: Option<Rgb>,
    /// The theme on the screen while others are looked at.
    pub(crate) preview: Option<String>,
    /// What is drawn with.
    pub(crate) palette: Palette,
}

impl Looks {
    /// The looks of a terminal with so many colours, of which nothing more is known.
    #[must_use]
    pub fn new(colours: Colours) -> Self {
        let themes = theme::builtin();
        let palette = palette(&themes, "auto", colours, None);
        Self { themes, colours, background: None, preview: None, palette }
    }
}

impl State {
    /// Draws with what is set and known from now on.
    pub fn paint(&mut self) {
        let looks = &self.looks;
        let colours = match self.settings.colours {
            Colours::Auto => looks.colours,
            wish => wish,
        };
        let name = looks.preview.as_deref().unwrap_or(&self.settings.theme);
        self.looks.palette = palette(&looks.themes, name, colours, looks.background);
        self.colour = colours != Colours::None;
        self.dirty = true;
    }
}

/// The palette of a theme; a theme that is not there looks as `auto`.
fn palette(themes: &[Theme], name: &str, colours: Colours, background: Option<Rgb>) -> Palette {
    let meant = theme::meant(themes, name, background).or_else(|| theme::meant(themes, "auto", background));
    meant.map_or_else(
        || Palette::new(&EMPTY, colours, background),
        |theme| Palette::new(theme, colours, background),
    )
}

/// No look at all; the built-in themes are always there before it.
const EMPTY: Theme =
    Theme { name: String::new(), background: Rgb(0, 0, 0), looks: Vec::new(), names: Vec::new() };

/// The themes to choose from; they show themselves while one goes through them.
pub(crate) fn picker(state: &State) -> Picker {
    let row = |name: &str, help: &str| Item {
        label: name.to_owned(),
        detail: if state.settings.theme == name { format!("{help} · now") } else { help.to_owned() },
        action: Action::Set("theme", Some(name.to_owned())),
    };
    let auto = row("auto", "As the terminal's background is");
    let all = state.looks.themes.iter().map(|theme| {
        let is_ours = theme::BUILTIN.contains(&theme.name.as_str());
        row(&theme.name, if is_ours { "comes with the chat" } else { "yours" })
    });
    Picker::new(Kind::Themes, [auto].into_iter().chain(all).collect())
}
