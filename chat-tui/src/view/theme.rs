//! The looks of the screen, by what a text is. Everything is told by shape or weight as well, so
//! that it reads the same with `NO_COLOR`.

use chat_proto::UserId;
use ratatui::style::{Color, Style};

use crate::markup::code::Ink;
use crate::theme::{Palette, Role};

/// The palette on the screen now.
#[derive(Debug, Clone, Copy)]
pub(super) struct Theme<'a> {
    palette: &'a Palette,
}

impl<'a> Theme<'a> {
    pub(super) fn new(palette: &'a Palette) -> Self {
        Self { palette }
    }

    fn look(self, role: Role) -> Style {
        self.palette.look(role)
    }

    /// Everything that has no other look.
    pub(super) fn plain(self) -> Style {
        self.look(Role::Text)
    }

    pub(super) fn dim(self) -> Style {
        self.look(Role::Dim)
    }

    pub(super) fn title(self) -> Style {
        self.look(Role::Title)
    }

    pub(super) fn section(self) -> Style {
        self.look(Role::Section)
    }

    pub(super) fn chosen(self) -> Style {
        self.look(Role::Chosen)
    }

    /// Somebody's name, in the same colour everywhere and always.
    pub(super) fn name(self, user: UserId) -> Style {
        let sum =
            user.0.as_bytes().iter().fold(0usize, |sum, byte| sum.wrapping_mul(31) + usize::from(*byte));
        self.palette.name(sum)
    }

    pub(super) fn me(self) -> Style {
        self.look(Role::Me)
    }

    pub(super) fn mention(self) -> Style {
        self.look(Role::Mention)
    }

    /// What a search found in a text.
    pub(super) fn found(self) -> Style {
        self.look(Role::Found)
    }

    pub(super) fn link(self) -> Style {
        self.look(Role::Link)
    }

    pub(super) fn heading(self) -> Style {
        self.look(Role::Heading)
    }

    pub(super) fn quote(self) -> Style {
        self.look(Role::Quote)
    }

    pub(super) fn code(self) -> Style {
        self.look(Role::Code)
    }

    /// A part of a code.
    pub(super) fn ink(self, ink: Ink) -> Style {
        self.look(match ink {
            Ink::Keyword => Role::Keyword,
            Ink::Text => Role::String,
            Ink::Value => Role::Value,
            Ink::Comment => Role::Comment,
            Ink::Function => Role::Function,
            Ink::Type => Role::Type,
            Ink::Added => Role::Good,
            Ink::Removed => Role::Bad,
        })
    }

    /// A code to photograph: white squares on black, whatever the theme; without colours as the
    /// terminal has them.
    pub(super) fn squares(self) -> Style {
        if self.palette.names().is_empty() {
            return self.plain();
        }
        Style::new().fg(Color::White).bg(Color::Black)
    }

    pub(super) fn new_line(self) -> Style {
        self.look(Role::NewLine)
    }

    pub(super) fn good(self) -> Style {
        self.look(Role::Good)
    }

    pub(super) fn warning(self) -> Style {
        self.look(Role::Warning)
    }

    pub(super) fn bad(self) -> Style {
        self.look(Role::Bad)
    }
}
