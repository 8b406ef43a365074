//! Looks: sixteen colours at most, and everything told by shape or weight as well, so that it
//! reads the same with `NO_COLOR`.

use chat_proto::UserId;
use ratatui::style::{Color, Modifier, Style};

use crate::markup::code::Ink;

/// Colours of people's names: those of the sixteen that read well on dark and light.
const NAMES: [Color; 6] =
    [Color::Cyan, Color::Green, Color::Magenta, Color::Blue, Color::Yellow, Color::LightRed];

/// See the module.
#[derive(Debug, Clone, Copy)]
pub(super) struct Theme {
    colour: bool,
}

impl Theme {
    pub(super) fn new(colour: bool) -> Self {
        Self { colour }
    }

    fn of(self, colour: Color) -> Style {
        if self.colour { Style::new().fg(colour) } else { Style::new() }
    }

    pub(super) fn plain(self) -> Style {
        Style::new()
    }

    pub(super) fn dim(self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    pub(super) fn title(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    pub(super) fn section(self) -> Style {
        self.of(Color::Blue).add_modifier(Modifier::BOLD)
    }

    pub(super) fn chosen(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// Somebody's name, in the same colour everywhere and always.
    pub(super) fn name(self, user: UserId) -> Style {
        let sum =
            user.0.as_bytes().iter().fold(0usize, |sum, byte| sum.wrapping_mul(31) + usize::from(*byte));
        self.of(NAMES.get(sum % NAMES.len()).copied().unwrap_or(Color::Cyan)).add_modifier(Modifier::BOLD)
    }

    pub(super) fn me(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    pub(super) fn mention(self) -> Style {
        self.of(Color::Yellow).add_modifier(Modifier::BOLD)
    }

    /// What a search found in a text.
    pub(super) fn found(self) -> Style {
        self.mention().add_modifier(Modifier::UNDERLINED)
    }

    /// A link, which is underlined everywhere so that nobody needs its colour.
    pub(super) fn link(self) -> Style {
        self.of(Color::Blue).add_modifier(Modifier::UNDERLINED)
    }

    pub(super) fn heading(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD | Modifier::UNDERLINED)
    }

    pub(super) fn quote(self) -> Style {
        Style::new().add_modifier(Modifier::ITALIC)
    }

    pub(super) fn code(self) -> Style {
        self.of(Color::Cyan)
    }

    /// A part of a code.
    pub(super) fn ink(self, ink: Ink) -> Style {
        match ink {
            Ink::Keyword => self.of(Color::Magenta),
            Ink::Text => self.of(Color::Green),
            Ink::Value => self.of(Color::Yellow),
            Ink::Comment => self.dim().add_modifier(Modifier::ITALIC),
            Ink::Function => self.of(Color::Blue),
            Ink::Type => self.of(Color::LightCyan),
            Ink::Added => self.of(Color::Green),
            Ink::Removed => self.of(Color::Red),
        }
    }

    pub(super) fn new_line(self) -> Style {
        self.of(Color::Red).add_modifier(Modifier::BOLD)
    }

    pub(super) fn good(self) -> Style {
        self.of(Color::Green)
    }

    pub(super) fn warning(self) -> Style {
        self.of(Color::Yellow)
    }

    pub(super) fn bad(self) -> Style {
        self.of(Color::Red).add_modifier(Modifier::BOLD)
    }
}
