//! The lock: nothing of the chat, and a field for the passphrase.

use chat_proto::SafeText;
use ratatui::layout::{Position, Rect};

use super::canvas::Canvas;
use crate::state::lock::{Lock, Step};

/// The widest and highest that it grows.
const SIZE: (u16, u16) = (60, 7);

/// Dots shown at most; how long a passphrase is, is nobody's business.
const DOTS: usize = 16;

/// Draws it over an empty screen; says where the cursor stands.
pub(super) fn draw(lock: &Lock, canvas: &mut Canvas) -> Option<Position> {
    let (theme, screen) = (canvas.theme, canvas.area());
    canvas.clear(screen);
    let (width, height) = (screen.width.min(SIZE.0), screen.height.min(SIZE.1));
    let area = Rect::new((screen.width - width) / 2, (screen.height - height) / 2, width, height);
    let inner = if height > 4 && width > 8 { canvas.frame(area, "locked", theme.dim()) } else { area };
    let (asks, keys) = match lock.step {
        Step::New => ("Choose a passphrase for the lock", "Enter goes on · Esc goes back"),
        Step::Again(_) => ("The same once more", "Enter locks · Esc goes back"),
        Step::Open => ("The passphrase opens it", "Enter opens"),
    };
    canvas.literal(inner, (0, 0), asks, theme.plain());
    let row = usize::from(inner.height > 3) + usize::from(inner.height > 1);
    let dots = lock.letters().min(DOTS);
    canvas.literal(inner, (0, row), &"•".repeat(dots), theme.plain());
    let (told, style) = match (lock.busy, lock.error) {
        (true, _) => ("…", theme.dim()),
        (false, Some(error)) => (error, theme.bad()),
        (false, None) => (keys, theme.dim()),
    };
    if inner.height > 2 {
        let bottom = usize::from(inner.height) - 1;
        canvas.put(inner, (0, bottom), &SafeText::line(told), style);
    }
    let column = inner.x.saturating_add(u16::try_from(dots).unwrap_or_default());
    let line = inner.y.saturating_add(u16::try_from(row).unwrap_or_default());
    (!lock.busy).then_some(Position::new(column.min(inner.right().saturating_sub(1)), line))
}
