//! Pictures: their blur in half blocks until they are there, then themselves.
//!
//! What a terminal is sent for a picture is no text, so pictures are put into the swept buffer at
//! the very end. While anything lies over the conversation only the blur is drawn: it is made of
//! cells, and what lies over it covers it.

use chat_proto::{Attachment, BlurHash, SafeText};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};
use ratatui::widgets::Widget;
use ratatui_image::sliced::SlicedImage;

use super::canvas::Canvas;
use crate::action::Plain;
use crate::keymap::Context;
use crate::layout;
use crate::settings::Images;
use crate::state::State;
use crate::state::pictures::{Preview, Wanted};

/// A picture that is drawn at the end: where its visible rows are, and how many are hidden above.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slot {
    pub(crate) area: Rect,
    pub(crate) hidden: u16,
    pub(crate) wanted: Wanted,
}

/// One row of a picture among messages.
pub(super) fn row(
    state: &State,
    preview: &Preview,
    (area, at): (Rect, (usize, usize)),
    row: u16,
    columns: usize,
    canvas: &mut Canvas,
) {
    let (width, height) = preview.cells(columns);
    let Some(wanted) = layout::wanted(state, preview, columns) else { return };
    let (Ok(x), Ok(y)) = (u16::try_from(at.0), u16::try_from(at.1)) else { return };
    if x >= area.width || y >= area.height {
        return;
    }
    let is_ready = state.pictures.drawing(&wanted).is_some();
    if is_ready && !layout::is_covered(state) {
        let spot = Rect::new(area.x + x, area.y + y, width.min(area.width - x), 1);
        return canvas.slot(Slot { area: spot, hidden: row, wanted });
    }
    if state.colour {
        let colours = blur(&preview.blur, width, height);
        let first = usize::from(row) * 2 * usize::from(width);
        for column in 0..usize::from(width) {
            let pixel = |line: usize| colours.get(first + line * usize::from(width) + column).copied();
            if let (Some(upper), Some(lower)) = (pixel(0), pixel(1)) {
                canvas.literal(area, (at.0 + column, at.1), "▀", Style::new().fg(upper).bg(lower));
            }
        }
    }
}

/// The blur, two pixels for each cell, row by row.
fn blur(hash: &BlurHash, width: u16, height: u16) -> Vec<Color> {
    let pixels = blurhash::decode(hash.as_str(), u32::from(width), u32::from(height) * 2, 1.0);
    let pixels = pixels.unwrap_or_default();
    pixels.chunks_exact(4).map(|pixel| Color::Rgb(pixel[0], pixel[1], pixel[2])).collect()
}

/// A picture over the whole screen, with a line below it.
pub(super) fn whole(state: &State, file: &Attachment, canvas: &mut Canvas) {
    let screen = canvas.area();
    canvas.clear(screen);
    let line = crate::state::transfer::file_line(file);
    let hints = [
        state.keymap.hint(Context::Page, Plain::Cancel, "closes"),
        state.keymap.hint(Context::Select, Plain::SaveFiles, "saves"),
    ];
    let keys = hints.into_iter().flatten().collect::<Vec<_>>().join(" · ");
    let foot = Rect { y: screen.bottom().saturating_sub(1), height: 1.min(screen.height), ..screen };
    let dim = canvas.theme.dim();
    let end = canvas.put(foot, (1, 0), &line, dim);
    canvas.literal(foot, (end + 2, 0), &keys, dim);
    let Some(wanted) = layout::wanted_whole(state, file) else { return };
    let area = layout::whole_area(screen, &wanted);
    if state.pictures.drawing(&wanted).is_some() {
        return canvas.slot(Slot { area, hidden: 0, wanted });
    }
    let said = match state.pictures.failure(&wanted) {
        Some(reason) => format!("This picture is not shown: {reason}; it can be saved"),
        None => "fetching…".to_owned(),
    };
    let middle = Rect { y: screen.y + screen.height / 2, height: 1.min(screen.height), ..screen };
    canvas.put(middle, (1, 0), &SafeText::line(&said), dim);
}

/// Puts the pictures into the finished buffer, each row of one after the other joined.
pub(super) fn paint(state: &State, rows: Vec<Slot>, buffer: &mut Buffer) -> Vec<Slot> {
    let mut slots: Vec<Slot> = Vec::new();
    for row in rows {
        match slots.last_mut() {
            Some(slot)
                if slot.wanted == row.wanted
                    && slot.area.x == row.area.x
                    && slot.area.bottom() == row.area.y =>
            {
                slot.area.height += row.area.height;
            }
            _ => slots.push(row),
        }
    }
    for slot in &slots {
        let area = slot.area.intersection(buffer.area);
        let Some(drawing) = state.pictures.drawing(&slot.wanted).filter(|_| !area.is_empty()) else {
            continue;
        };
        // Rows cut at both ends at once are more than the encoders can leave out.
        let is_cut_below = slot.hidden + area.height < drawing.0.size().height;
        let is_text = slot.wanted.images == Images::Halfblocks || slot.wanted.images == Images::Kitty;
        if (slot.hidden > 0 && is_cut_below && !is_text) || slot.hidden >= drawing.0.size().height {
            continue;
        }
        let hidden = i16::try_from(slot.hidden).unwrap_or(i16::MAX);
        SlicedImage::new(&drawing.0, (0, -hidden).into()).render(area, buffer);
    }
    slots
}
