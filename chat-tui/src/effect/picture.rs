//! Fetching pictures and making them ready for the terminal, away from the screen's thread.
//!
//! Pictures are made by others. What is fetched, what it becomes in memory and how many are made at
//! once is bounded; what cannot be read is told in a sentence and costs nothing else.

use std::io::Cursor;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use chat_client::files::Courier;
use image::{DynamicImage, ImageReader, Limits};
use ratatui::layout::Size;
use ratatui_image::FontSize;
use ratatui_image::picker::{Picker, ProtocolType};
use ratatui_image::sliced::SlicedProtocol;
use tokio::sync::{Semaphore, mpsc};

use super::Outcome;
use crate::crash;
use crate::settings::Images;
use crate::state::pictures::{CELL, Drawing, Wanted, fit};

/// The largest thumbnail that is fetched; the server's are some tens of kilobytes.
const THUMBNAIL_BYTES: usize = 1 << 20;

/// The largest picture that is opened whole; a larger one can be saved.
pub(super) const PICTURE_BYTES: usize = crate::layout::WHOLE_BYTES as usize;

/// The longest side of a picture that is opened.
const PICTURE_SIDE: u32 = 12_000;

/// Memory that one picture may take while it is opened.
const PICTURE_MEMORY: u64 = 256 << 20;

/// How long fetching may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Pictures made at once: opening one takes a core and much memory.
pub(super) static AT_ONCE: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(2));

/// Fetches a picture and makes it ready.
pub(super) async fn picture(
    courier: Courier,
    wanted: Wanted,
    cell: Option<(u16, u16)>,
    outcomes: mpsc::Sender<Outcome>,
) {
    let drawing = make(&courier, wanted, cell).await;
    // The screen is gone with the program.
    let _ = outcomes.send(Outcome::Picture(wanted, drawing)).await;
}

async fn make(courier: &Courier, wanted: Wanted, cell: Option<(u16, u16)>) -> Result<Drawing, String> {
    let _turn = AT_ONCE.acquire().await.map_err(|error| error.to_string())?;
    let fetched = match wanted.whole {
        true => tokio::time::timeout(PATIENCE, courier.bytes(wanted.file, PICTURE_BYTES)).await,
        false => tokio::time::timeout(PATIENCE, courier.thumbnail(wanted.file, THUMBNAIL_BYTES)).await,
    };
    let bytes = fetched.map_err(|_| "it takes too long".to_owned())?.map_err(|error| error.to_string())?;
    let drawn = tokio::task::spawn_blocking(move || crash::shielded(|| draw(&bytes, wanted, cell)));
    drawn.await.map_err(|_| "it cannot be drawn".to_owned())?
}

/// Opens a picture and puts it into the form that the terminal takes.
fn draw(bytes: &[u8], wanted: Wanted, cell: Option<(u16, u16)>) -> Result<Drawing, String> {
    shape(opened(bytes)?, wanted.images, cell, (wanted.columns, wanted.rows))
}

/// A picture of this computer.
pub(super) struct Here {
    pub(super) drawing: Drawing,
    /// The cells that it takes.
    pub(super) cells: (u16, u16),
    /// Its own pixels.
    pub(super) pixels: (u32, u32),
}

/// Draws a picture of this computer in at most so many cells.
pub(super) fn draw_here(
    bytes: &[u8],
    images: Images,
    cell: (u16, u16),
    most: (u16, u16),
) -> Result<Here, String> {
    let picture = opened(bytes)?;
    let pixels = (picture.width(), picture.height());
    let cells = fit(pixels, cell, most);
    Ok(Here { drawing: shape(picture, images, Some(cell), cells)?, cells, pixels })
}

/// What kind of picture begins so, by its name; `None` for what is none.
pub(super) fn kind(head: &[u8]) -> Option<&'static str> {
    image::guess_format(head).ok()?.extensions_str().first().copied()
}

fn opened(bytes: &[u8]) -> Result<DynamicImage, String> {
    open(bytes).map_err(|error| format!("it cannot be opened ({error})"))
}

fn shape(
    picture: DynamicImage,
    images: Images,
    cell: Option<(u16, u16)>,
    (columns, rows): (u16, u16),
) -> Result<Drawing, String> {
    let picker = picker(images, cell);
    let font = picker.font_size();
    // First to a few pixels, so that what comes after it is fast whatever was opened.
    let pixels = |cells: u16, side: u16| u32::from(cells.max(1)) * u32::from(side.max(1));
    let (width, height) = (pixels(columns, font.width), pixels(rows, font.height));
    let is_large = picture.width() > width || picture.height() > height;
    let picture = if is_large { picture.thumbnail(width, height) } else { picture };
    let size = Size::new(columns, rows);
    let drawn = SlicedProtocol::new(&picker, picture, Some(size));
    drawn.map(|drawn| Drawing(Arc::new(drawn))).map_err(|error| format!("it cannot be drawn ({error})"))
}

fn open(bytes: &[u8]) -> image::ImageResult<DynamicImage> {
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format()?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(PICTURE_SIDE);
    limits.max_image_height = Some(PICTURE_SIDE);
    limits.max_alloc = Some(PICTURE_MEMORY);
    reader.limits(limits);
    reader.decode()
}

/// What encodes for this terminal. Asks the terminal nothing: that was done at the start.
fn picker(images: Images, cell: Option<(u16, u16)>) -> Picker {
    let kind = match images {
        Images::Kitty => ProtocolType::Kitty,
        Images::Sixel => ProtocolType::Sixel,
        Images::Iterm2 => ProtocolType::Iterm2,
        Images::Auto | Images::Halfblocks | Images::Off => ProtocolType::Halfblocks,
    };
    let cell = cell.unwrap_or(CELL);
    // The only way to tell it what is known; the other one asks the terminal while somebody types.
    #[expect(deprecated, reason = "the new way reads the keyboard")]
    let mut picker = Picker::from_fontsize(FontSize::new(cell.0, cell.1));
    picker.set_protocol_type(kind);
    picker
}

#[cfg(test)]
mod tests {
    use chat_proto::FileId;
    use image::{ImageFormat, RgbImage};
    use ratatui::buffer::Buffer;
    use ratatui::layout::Rect;
    use ratatui::widgets::Widget;
    use ratatui_image::sliced::SlicedImage;

    use super::*;

    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut out = Vec::new();
        let image = RgbImage::from_pixel(width, height, image::Rgb([200, 10, 10]));
        DynamicImage::from(image).write_to(&mut Cursor::new(&mut out), ImageFormat::Png).unwrap();
        out
    }

    fn wanted(images: Images) -> Wanted {
        Wanted { file: FileId(uuid::Uuid::nil()), columns: 8, rows: 4, whole: false, images }
    }

    fn drawn(images: Images, skip: i16) -> String {
        let drawing = draw(&png(320, 320), wanted(images), Some((8, 16))).unwrap();
        let mut buffer = Buffer::empty(Rect::new(0, 0, 20, 10));
        SlicedImage::new(&drawing.0, (0, -skip).into()).render(Rect::new(2, 1, 8, 4), &mut buffer);
        buffer.content.iter().map(|cell| cell.symbol()).collect()
    }

    #[test]
    fn every_way_is_encoded_whole_and_in_part() {
        for skip in [0, 2] {
            assert!(drawn(Images::Kitty, skip).contains("\u{1b}_Gq=2,i="));
            assert!(drawn(Images::Sixel, skip).contains("\u{1b}P"));
            assert!(drawn(Images::Iterm2, skip).contains("\u{1b}]1337;File=inline=1"));
            assert!(!drawn(Images::Halfblocks, skip).contains('\u{1b}'));
        }
    }

    #[test]
    fn what_is_no_picture_is_told() {
        assert!(
            draw(b"hello", wanted(Images::Halfblocks), None).unwrap_err().starts_with("it cannot be opened")
        );
        let half = &png(64, 64)[..60];
        assert!(draw(half, wanted(Images::Halfblocks), None).is_err());
        let wide = png(PICTURE_SIDE + 1, 1);
        assert!(draw(&wide, wanted(Images::Halfblocks), None).is_err());
    }
}
