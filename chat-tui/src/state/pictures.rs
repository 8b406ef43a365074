//! The pictures on screen: how much room each takes, which are held, and which have to be fetched.
//!
//! 1. The room of a picture follows from the size that its message tells, so no text ever moves
//!    when the picture comes.
//! 2. At most [`HELD`] are held; those that were not on screen for longest go first.
//! 3. One that could not be had is not asked for again until the screen is drawn anew.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use chat_proto::{Attachment, BlurHash, FileId, Picture, limits};
use ratatui_image::sliced::SlicedProtocol;

use crate::settings::Images;

/// The widest and highest that a picture grows among messages, in cells: enough to see what it is,
/// and room for what is said about it.
const MOST: (u16, u16) = (48, 12);

/// Pictures held at once. One of the largest takes half a megabyte.
const HELD: usize = 32;

/// Pixels of a cell where the terminal does not tell them; what counts is that it is twice as high
/// as it is wide.
pub(crate) const CELL: (u16, u16) = (8, 16);

/// A picture at a size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Wanted {
    /// Which.
    pub file: FileId,
    /// In cells.
    pub columns: u16,
    /// In cells.
    pub rows: u16,
    /// The file itself, and not its thumbnail.
    pub whole: bool,
    /// How it is drawn.
    pub images: Images,
}

/// A picture made ready for the terminal, away from the screen's thread.
#[derive(Clone)]
pub struct Drawing(pub Arc<SlicedProtocol>);

impl fmt::Debug for Drawing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Drawing")
    }
}

impl PartialEq for Drawing {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// A picture of a message, before its width is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Preview {
    pub(crate) file: FileId,
    pub(crate) blur: BlurHash,
    size: (u32, u32),
    cell: (u16, u16),
}

impl Preview {
    /// The picture of a file, if it has a thumbnail.
    pub(crate) fn of(file: &Attachment, cell: (u16, u16)) -> Option<Self> {
        let Picture { width, height, blurhash } = file.picture.as_ref()?;
        let size = thumbnail(*width, *height);
        Some(Self { file: file.id, blur: blurhash.clone()?, size, cell })
    }

    /// Columns and rows where there are so many columns.
    pub(crate) fn cells(&self, columns: usize) -> (u16, u16) {
        let most = (u16::try_from(columns).unwrap_or(u16::MAX).min(MOST.0), MOST.1);
        fit(self.size, self.cell, most)
    }
}

/// The pixels of the server's thumbnail.
fn thumbnail(width: u32, height: u32) -> (u32, u32) {
    let longest = u64::from(width.max(height).max(1));
    let most = u64::from(limits::THUMBNAIL_PIXELS).min(longest);
    let scaled = |side: u32| u32::try_from((u64::from(side) * most / longest).max(1)).unwrap_or(1);
    (scaled(width), scaled(height))
}

/// The cells of a picture that is never enlarged and keeps its form.
pub(crate) fn fit(size: (u32, u32), cell: (u16, u16), most: (u16, u16)) -> (u16, u16) {
    let (width, height) = (f64::from(size.0.max(1)), f64::from(size.1.max(1)));
    let (cell_width, cell_height) = (f64::from(cell.0.max(1)), f64::from(cell.1.max(1)));
    let room =
        (f64::from(most.0.max(1)) * cell_width / width).min(f64::from(most.1.max(1)) * cell_height / height);
    let scale = room.min(1.0);
    let cells = |pixels: f64, cell: f64, most: u16| {
        // Far below the bounds of u16 by the scale.
        let cells = (pixels * scale / cell).ceil().max(1.0) as u16;
        cells.min(most.max(1))
    };
    (cells(width, cell_width, most.0), cells(height, cell_height, most.1))
}

/// What is known of a picture.
#[derive(Debug, Clone)]
enum Held {
    Asked,
    Ready(Drawing),
    Failed(String),
}

/// See the module.
#[derive(Debug, Default)]
pub struct Pictures {
    held: HashMap<Wanted, (Held, u64)>,
    used: u64,
    /// How the terminal draws them; `None` shows none.
    pub images: Option<Images>,
    /// Pixels of a cell, as the terminal told.
    pub cell: Option<(u16, u16)>,
}

impl Pictures {
    /// Pixels of a cell, if pictures are shown.
    pub(crate) fn cell(&self) -> Option<(u16, u16)> {
        self.images.map(|_| self.cell.unwrap_or(CELL))
    }

    /// Notes what is on screen; gives what has to be fetched.
    pub(crate) fn need(&mut self, on_screen: &[Wanted]) -> Vec<Wanted> {
        let mut missing = Vec::new();
        for wanted in on_screen {
            self.used += 1;
            match self.held.get_mut(wanted) {
                Some((_, used)) => *used = self.used,
                None => {
                    self.held.insert(*wanted, (Held::Asked, self.used));
                    missing.push(*wanted);
                }
            }
        }
        while self.held.len() > HELD.max(on_screen.len()) {
            let oldest = self.held.iter().min_by_key(|(_, (_, used))| *used).map(|(wanted, _)| *wanted);
            oldest.map(|wanted| self.held.remove(&wanted));
        }
        missing
    }

    /// Takes one that was fetched, or why it was not; says whether anybody waits for it.
    pub(crate) fn take(&mut self, wanted: &Wanted, drawing: Result<Drawing, String>) -> bool {
        let Some((held, _)) = self.held.get_mut(wanted) else { return false };
        *held = match drawing {
            Ok(drawing) => Held::Ready(drawing),
            Err(reason) => Held::Failed(reason),
        };
        true
    }

    /// Holds one that was made without being asked for here.
    pub(crate) fn hold(&mut self, wanted: Wanted, drawing: Drawing) {
        self.used += 1;
        self.held.insert(wanted, (Held::Ready(drawing), self.used));
    }

    /// The drawing, if it is there.
    pub(crate) fn drawing(&self, wanted: &Wanted) -> Option<&Drawing> {
        match self.held.get(wanted)? {
            (Held::Ready(drawing), _) => Some(drawing),
            _ => None,
        }
    }

    /// Why a picture is not there.
    pub(crate) fn failure(&self, wanted: &Wanted) -> Option<&str> {
        match self.held.get(wanted)? {
            (Held::Failed(reason), _) => Some(reason),
            _ => None,
        }
    }

    /// Forgets all: the terminal may have, too.
    pub(crate) fn forget(&mut self) {
        self.held.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_keeps_its_form_and_is_never_enlarged() {
        let cell = (8, 16);
        assert_eq!(fit((320, 160), cell, (48, 12)), (40, 10));
        assert_eq!(fit((320, 320), cell, (48, 12)), (24, 12), "as high as may be");
        assert_eq!(fit((320, 160), cell, (20, 12)), (20, 5), "as wide as there is room");
        assert_eq!(fit((16, 16), cell, (48, 12)), (2, 1));
        assert_eq!(fit((1, 100_000), cell, (48, 12)), (1, 12));
        assert_eq!(fit((0, 0), (0, 0), (0, 0)), (1, 1));
        assert_eq!(thumbnail(6_400, 3_200), (320, 160));
        assert_eq!(thumbnail(u32::MAX, 1), (320, 1));
    }

    #[test]
    fn those_not_on_screen_for_longest_go_first() {
        let wanted = |n: u16| Wanted {
            file: FileId(uuid::Uuid::nil()),
            columns: n,
            rows: 1,
            whole: false,
            images: Images::Halfblocks,
        };
        let mut pictures = Pictures::default();
        assert_eq!(pictures.need(&[wanted(0)]), [wanted(0)]);
        assert_eq!(pictures.need(&[wanted(0)]), [], "asked for once");
        for n in 1..=HELD as u16 {
            pictures.need(&[wanted(n)]);
        }
        assert_eq!(pictures.need(&[wanted(0)]), [wanted(0)], "gone, and asked for again");
        assert_eq!(pictures.need(&[wanted(HELD as u16)]), []);
        assert!(!pictures.take(&wanted(9_999), Err("gone".to_owned())), "nobody waits");
    }
}
