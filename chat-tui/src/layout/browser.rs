//! Where the parts of the browser of files are.

use ratatui::layout::Rect;

/// The widest and highest that the browser grows.
const MOST: (u16, u16) = (140, 44);

/// From this many columns on, what the chosen file looks like stands beside the list.
const PREVIEW_FROM: u16 = 76;

/// The parts; a part that has no place is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Parts {
    pub(crate) frame: Rect,
    pub(crate) query: Rect,
    pub(crate) list: Rect,
    /// What the chosen file looks like; its first row says what it is.
    pub(crate) preview: Option<Rect>,
    pub(crate) foot: Rect,
}

/// Divides the screen.
pub(crate) fn browser(screen: Rect) -> Parts {
    let margin = if screen.width < 60 || screen.height < 12 { 0 } else { 4 };
    let width = screen.width.saturating_sub(margin).min(MOST.0);
    let height = screen.height.saturating_sub(margin / 2).min(MOST.1);
    let left = screen.x + (screen.width - width) / 2;
    let frame = Rect::new(left, screen.y + (screen.height - height) / 2, width, height);
    let inner = Rect::new(frame.x + 2, frame.y + 1, width.saturating_sub(4), height.saturating_sub(2))
        .intersection(frame);
    let foot_rows = u16::from(inner.height > 4);
    let rows = inner.height.saturating_sub(1 + foot_rows);
    let body = Rect { y: inner.y + 1.min(inner.height), height: rows, ..inner };
    let (list, preview) = if inner.width >= PREVIEW_FROM && rows > 2 {
        let list = inner.width * 11 / 20;
        let beside = Rect { x: body.x + list + 3, width: body.width - list - 3, ..body };
        (Rect { width: list, ..body }, Some(beside))
    } else {
        (body, None)
    };
    Parts {
        frame,
        query: Rect { height: 1.min(inner.height), ..inner },
        list,
        preview,
        foot: Rect { y: body.bottom(), height: foot_rows, ..inner },
    }
}

/// How many rows of the list are above, so that the chosen one is in sight.
pub(crate) fn browser_skip(list: Rect, selected: usize) -> usize {
    (selected + 1).saturating_sub(usize::from(list.height).max(1))
}
