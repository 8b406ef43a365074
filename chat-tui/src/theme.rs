//! Looks: what each kind of text on the screen looks like, as data. A theme is a file; the built-in
//! ones are files too. A [`Palette`] is a theme brought to one terminal: to as many colours as it
//! shows, and to its background.
//!
//! 1. Everything is told by a shape, a word or a weight as well, so that it reads the same without
//!    colours.
//! 2. A colour that cannot be read on the background is moved until it can.

mod builtin;
pub mod colour;
mod file;

use ratatui::style::{Color, Modifier, Style};

use crate::settings::Colours;
use colour::Rgb;

pub use file::{Read, read};

/// How much text has to stand out from what is behind it: level AA of the WCAG.
pub const CONTRAST: f64 = 4.5;

/// Names have at most this many colours; more cannot be told apart.
pub const NAMES: usize = 24;

macro_rules! roles {
    ($($role:ident = $name:literal, $help:literal;)+) => {
        /// What a text on the screen is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Role {
            $(#[doc = $help] $role,)+
        }

        impl Role {
            /// All of them, in the order of the documentation.
            pub const ALL: &[Role] = &[$(Role::$role,)+];

            /// Its name in a theme's file.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Role::$role => $name,)+ }
            }

            /// What it is.
            #[must_use]
            pub fn help(self) -> &'static str {
                match self { $(Role::$role => $help,)+ }
            }
        }
    };
}

roles! {
    Text = "text", "Messages, and everything that has no other look; a colour behind it fills the screen";
    Dim = "dim", "Times, hints, frames";
    Title = "title", "Names of conversations, words that matter";
    Section = "section", "Headings of the list, what is going on now";
    Chosen = "chosen", "The row that is chosen";
    Me = "me", "Your own name";
    Mention = "mention", "What calls for you";
    Found = "found", "What a search found";
    NewLine = "new", "The line above what is new";
    Good = "good", "What is well: connected, online";
    Warning = "warning", "What to look at";
    Bad = "bad", "What went wrong";
    Link = "link", "Links";
    Heading = "heading", "Headings in a message";
    Quote = "quote", "Quotes in a message";
    Code = "code", "Code in a line";
    Keyword = "keyword", "In code: words of the language";
    String = "string", "In code: texts";
    Value = "value", "In code: numbers and constants";
    Comment = "comment", "In code: comments";
    Function = "function", "In code: functions";
    Type = "type", "In code: types";
    Added = "added", "In code: added lines";
    Removed = "removed", "In code: removed lines";
}

/// A theme as its file says.
#[derive(Debug, Clone, PartialEq)]
pub struct Theme {
    /// Its name: that of its file.
    pub name: String,
    /// The background that it is made for; the terminal's own goes before it.
    pub background: Rgb,
    /// A look for each role, in the order of [`Role::ALL`].
    pub looks: Vec<Style>,
    /// The colours of people's names.
    pub names: Vec<Color>,
}

/// The themes that are always there.
#[must_use]
pub fn builtin() -> Vec<Theme> {
    builtin::themes()
}

/// The names of the themes that are always there.
pub const BUILTIN: &[&str] = builtin::NAMES;

/// A theme brought to a terminal.
#[derive(Debug, Clone, PartialEq)]
pub struct Palette {
    looks: Vec<Style>,
    names: Vec<Color>,
}

impl Palette {
    /// Brings a theme to so many colours, before this background.
    #[must_use]
    pub fn new(theme: &Theme, colours: Colours, background: Option<Rgb>) -> Self {
        let filled = theme.looks.first().and_then(|text| text.bg).and_then(colour::rgb);
        let behind = filled.or(background).unwrap_or(theme.background);
        let looks = theme.looks.iter().map(|look| brought(*look, colours, behind)).collect();
        let name = |name: &Color| brought(Style::new().fg(*name), colours, behind).fg;
        Self { looks, names: theme.names.iter().filter_map(name).collect() }
    }

    /// The look of a role.
    #[must_use]
    pub fn look(&self, role: Role) -> Style {
        self.looks.get(role as usize).copied().unwrap_or_default()
    }

    /// The look of somebody's name: the same for the same number, always.
    #[must_use]
    pub fn name(&self, number: usize) -> Style {
        let colour = number.checked_rem(self.names.len()).and_then(|at| self.names.get(at));
        colour.map_or(Style::new(), |colour| Style::new().fg(*colour)).add_modifier(Modifier::BOLD)
    }

    /// The colours of names.
    #[must_use]
    pub fn names(&self) -> &[Color] {
        &self.names
    }
}

/// Brings one look to a terminal. Without colours, what has one behind it is turned round.
fn brought(look: Style, colours: Colours, behind: Rgb) -> Style {
    if colours == Colours::None {
        let plain = Style { fg: None, bg: None, ..look };
        return if look.bg.is_some() { plain.add_modifier(Modifier::REVERSED) } else { plain };
    }
    let behind_it = look.bg.and_then(colour::rgb).unwrap_or(behind);
    let fg = look.fg.map(|fg| colour::readable(fg, behind_it, colours));
    let bg = look.bg.map(|bg| colour::brought(bg, colours));
    Style { fg, bg, ..look }
}

/// The theme that a setting means: by its name, or for `auto` by the background. A terminal that
/// does not say what its background is keeps its own sixteen colours, which fit it.
#[must_use]
pub fn meant<'a>(themes: &'a [Theme], setting: &str, background: Option<Rgb>) -> Option<&'a Theme> {
    let name = match (setting, background) {
        ("auto", Some(background)) if background.is_light() => "light",
        ("auto", Some(_)) => "dark",
        ("auto", None) => "16-colours",
        (name, _) => name,
    };
    themes.iter().find(|theme| theme.name == name)
}
