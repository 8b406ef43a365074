//! The field for a password: as many dots as letters, and what is asked for.

use chat_proto::SafeText;
use ratatui::layout::{Position, Rect};

use super::canvas::Canvas;
use crate::state::secret::{Asking, SecretForm, Step};

/// The widest and highest that it grows.
const SIZE: (u16, u16) = (60, 6);

/// Dots shown at most.
const DOTS: usize = 40;

/// Draws it over the conversation; says where the cursor stands.
pub(super) fn draw(form: &SecretForm, canvas: &mut Canvas) -> Option<Position> {
    let (theme, screen) = (canvas.theme, canvas.area());
    let (width, height) = (screen.width.min(SIZE.0), screen.height.min(SIZE.1));
    let area = Rect::new((screen.width - width) / 2, (screen.height - height) / 2, width, height);
    canvas.clear(area);
    let title = match &form.asking {
        Asking::Password => "change your password".to_owned(),
        Asking::TwoFactor => "set up a second factor".to_owned(),
        Asking::TwoFactorOff => "end the second factor".to_owned(),
        Asking::Link => "link with the provider".to_owned(),
        Asking::Unlink => "end the link with the provider".to_owned(),
        Asking::Account(name, role) => format!("account for @{name}, {role}"),
    };
    let inner = if height > 4 && width > 8 { canvas.frame(area, &title, theme.dim()) } else { area };
    let asks = match (form.step, &form.asking) {
        (Step::Current, Asking::Password) => "Your password until now",
        (Step::Current, _) => "Your password",
        (Step::New, Asking::Account(..)) => "Its first password; nothing for a code instead",
        (Step::New, _) => "The new one; all other logins will end",
        (Step::Again, Asking::Account(..)) => "The same again",
        (Step::Again, _) => "The new one again",
    };
    canvas.literal(inner, (0, 0), asks, theme.plain());
    let row = usize::from(inner.height > 1);
    let dots = form.letters().min(DOTS);
    canvas.literal(inner, (0, row), &"•".repeat(dots), theme.title());
    let (told, style) = match form.error {
        Some(error) => (error, theme.bad()),
        None => ("Enter goes on · Esc closes", theme.dim()),
    };
    if inner.height > 2 {
        let bottom = usize::from(inner.height) - 1;
        canvas.put(inner, (0, bottom), &SafeText::line(told), style);
    }
    let x = inner.x.saturating_add(u16::try_from(dots).unwrap_or_default());
    let y = inner.y.saturating_add(u16::try_from(row).unwrap_or_default());
    Some(Position::new(x.min(inner.right().saturating_sub(1)), y))
}
