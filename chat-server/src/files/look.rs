//! What a file is: its hash, its type, and of a picture its size, blur and thumbnail.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chat_proto::{BlurHash, MediaType, limits};
use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;
use tracing::debug;

use crate::store::{Content, ContentHash};

/// How much of the beginning says what a file is.
const HEAD: usize = 8 * 1024;

/// Bytes read at once for the hash.
const BLOCK: usize = 256 * 1024;

/// Most pixels of a picture that is opened: twice the largest common camera's.
const PIXELS: u64 = 100_000_000;

/// Most memory for opening one picture; all these pixels with four bytes each, and some.
const MEMORY: u64 = 512 * 1024 * 1024;

/// Longest side of a picture that is opened.
const SIDE: u32 = 32_768;

/// How long a picture may take; by then its sender would rather have it without a thumbnail.
const PATIENCE: Duration = Duration::from_secs(10);

/// Side of the small view that the blur is made of; it has a dozen colours, whatever it sees.
const BLUR_SIDE: u32 = 32;

/// Colours of a blur along the longer and the shorter side.
const BLUR_COLOURS: (u32, u32) = (4, 3);

/// Quality of JPEG thumbnails: as small as nobody minds.
const QUALITY: u8 = 80;

/// What a picture was found to look like.
struct Seen {
    pixels: (u32, u32),
    blurhash: Option<BlurHash>,
    thumbnail: Option<(MediaType, Vec<u8>)>,
}

/// Reads a file once for its hash and type, and once more if it is a picture.
pub(super) async fn look(path: PathBuf, looking: Arc<Semaphore>) -> io::Result<(Content, Option<Vec<u8>>)> {
    let gone = || io::Error::other("the work was stopped");
    let permit = looking.acquire_owned().await.map_err(|_| gone())?;
    let of = path.clone();
    let (hash, size, head) = tokio::task::spawn_blocking(move || hash(&of)).await.map_err(|_| gone())??;
    let mut content =
        Content { hash, size, media_type: media_type(&head), pixels: None, blurhash: None, thumbnail: None };
    let Some(format) = picture_format(&content.media_type) else { return Ok((content, None)) };
    // The permit stays with the work, which cannot be stopped when its time is over.
    let work = tokio::task::spawn_blocking(move || {
        let seen = see(&path, format);
        drop(permit);
        seen
    });
    let Ok(Ok(Some(seen))) = tokio::time::timeout(PATIENCE, work).await else {
        debug!("a picture could not be opened");
        return Ok((content, None));
    };
    content.pixels = Some(seen.pixels);
    content.blurhash = seen.blurhash;
    let (kind, thumbnail) = seen.thumbnail.unzip();
    content.thumbnail = kind;
    Ok((content, thumbnail))
}

fn hash(path: &Path) -> io::Result<(ContentHash, u64, Vec<u8>)> {
    let mut file = File::open(path)?;
    let (mut hasher, mut size, mut head) = (Sha256::new(), 0, Vec::new());
    let mut block = vec![0; BLOCK];
    loop {
        let read = match file.read(&mut block) {
            Ok(0) => break,
            Ok(read) => read,
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => continue,
            Err(cause) => return Err(cause),
        };
        let bytes = &block[..read];
        hasher.update(bytes);
        size += read as u64;
        head.extend(bytes.iter().take(HEAD - head.len()));
    }
    Ok((ContentHash(hasher.finalize().into()), size, head))
}

/// What the first bytes say; text if they are text; else nothing is known.
fn media_type(head: &[u8]) -> MediaType {
    let known = infer::get(head).and_then(|kind| kind.mime_type().parse().ok());
    known.unwrap_or_else(|| if is_text(head) { MediaType::text() } else { MediaType::bytes() })
}

fn is_text(head: &[u8]) -> bool {
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        // A character may be cut at the end of what was looked at.
        Err(cause) if cause.error_len().is_none() && head.len() == HEAD => {
            std::str::from_utf8(&head[..cause.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return false,
    };
    !text.is_empty() && !text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\u{c}'))
}

fn picture_format(media_type: &MediaType) -> Option<ImageFormat> {
    match media_type.as_str() {
        "image/png" => Some(ImageFormat::Png),
        "image/jpeg" => Some(ImageFormat::Jpeg),
        "image/gif" => Some(ImageFormat::Gif),
        "image/webp" => Some(ImageFormat::WebP),
        _ => None,
    }
}

/// Opens a picture, within bounds. The size alone is told of one that is too large to open, and
/// nothing of one that is broken from the start.
fn see(path: &Path, format: ImageFormat) -> Option<Seen> {
    let reader = || Some(ImageReader::with_format(BufReader::new(File::open(path).ok()?), format));
    let (width, height) =
        reader()?.into_dimensions().ok().filter(|(width, height)| *width > 0 && *height > 0)?;
    let unopened = Seen { pixels: (width, height), blurhash: None, thumbnail: None };
    if u64::from(width) * u64::from(height) > PIXELS {
        return Some(unopened);
    }
    let mut reader = reader()?;
    let mut bounds = Limits::default();
    bounds.max_image_width = Some(SIDE);
    bounds.max_image_height = Some(SIDE);
    bounds.max_alloc = Some(MEMORY);
    reader.limits(bounds);
    Some(open(reader).and_then(|picture| describe(&picture)).unwrap_or(unopened))
}

/// The picture as its maker held the camera.
fn open(reader: ImageReader<BufReader<File>>) -> Option<DynamicImage> {
    let mut decoder = reader.into_decoder().ok()?;
    let orientation = decoder.orientation().ok();
    let mut picture = DynamicImage::from_decoder(decoder).ok()?;
    if let Some(orientation) = orientation {
        picture.apply_orientation(orientation);
    }
    Some(picture)
}

fn describe(picture: &DynamicImage) -> Option<Seen> {
    let pixels = (picture.width(), picture.height());
    let side = limits::THUMBNAIL_PIXELS;
    let is_large = pixels.0 > side || pixels.1 > side;
    let small = if is_large { picture.thumbnail(side, side) } else { picture.clone() };
    Some(Seen { pixels, blurhash: Some(blur(&small)?), thumbnail: Some(encode(&small)?) })
}

fn blur(picture: &DynamicImage) -> Option<BlurHash> {
    let tiny = picture.thumbnail_exact(BLUR_SIDE, BLUR_SIDE).to_rgba8();
    let (long, short) = BLUR_COLOURS;
    let (x, y) = if picture.height() > picture.width() { (short, long) } else { (long, short) };
    blurhash::encode(x, y, BLUR_SIDE, BLUR_SIDE, &tiny).ok()?.parse().ok()
}

fn encode(picture: &DynamicImage) -> Option<(MediaType, Vec<u8>)> {
    let mut bytes = Vec::new();
    if picture.color().has_alpha() {
        picture.to_rgba8().write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png).ok()?;
        return Some(("image/png".parse().ok()?, bytes));
    }
    picture.to_rgb8().write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, QUALITY)).ok()?;
    Some(("image/jpeg".parse().ok()?, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn looked(bytes: &[u8]) -> (Content, Option<Vec<u8>>) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        look(file.path().to_owned(), Arc::new(Semaphore::new(1))).await.unwrap()
    }

    fn png(width: u32, height: u32) -> Vec<u8> {
        let picture = image::RgbImage::from_fn(width, height, |x, _| {
            image::Rgb([if x < width / 2 { 255 } else { 0 }, 0, 128])
        });
        let mut bytes = Vec::new();
        picture.write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png).unwrap();
        bytes
    }

    /// A real PNG whose header claims another size, with its checksum right.
    fn claiming(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = png(8, 8);
        bytes[16..20].copy_from_slice(&width.to_be_bytes());
        bytes[20..24].copy_from_slice(&height.to_be_bytes());
        let sum = crc32(&bytes[12..29]);
        bytes[29..33].copy_from_slice(&sum.to_be_bytes());
        bytes
    }

    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0, |sum, byte| {
            (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
                if sum & 1 == 1 { (sum >> 1) ^ 0xedb8_8320 } else { sum >> 1 }
            })
        })
    }

    #[tokio::test]
    async fn a_picture_is_known_by_size_and_blur() {
        let (content, thumbnail) = looked(&png(640, 320)).await;
        assert_eq!(content.media_type.as_str(), "image/png");
        assert_eq!(content.pixels, Some((640, 320)));
        assert!(content.blurhash.is_some());
        let thumbnail = image::load_from_memory(&thumbnail.unwrap()).unwrap();
        assert_eq!((thumbnail.width(), thumbnail.height()), (320, 160));
        let (_, small) = looked(&png(10, 20)).await;
        let small = image::load_from_memory(&small.unwrap()).unwrap();
        assert_eq!((small.width(), small.height()), (10, 20), "nothing is blown up");
    }

    #[tokio::test]
    async fn a_picture_that_claims_too_much_is_not_opened() {
        let (content, thumbnail) = looked(&claiming(60_000, 60_000)).await;
        assert_eq!(content.pixels, Some((60_000, 60_000)));
        assert!(thumbnail.is_none() && content.blurhash.is_none());
        for bomb in [claiming(9_000, 9_000), claiming(0, 0), png(64, 64)[..100].to_vec()] {
            let (content, thumbnail) = looked(&bomb).await;
            assert!(thumbnail.is_none() && content.blurhash.is_none(), "{:?}", content.pixels);
        }
    }

    #[tokio::test]
    async fn a_type_comes_from_the_bytes() {
        let kind = async |bytes: &[u8]| looked(bytes).await.0.media_type.to_string();
        assert_eq!(kind(b"plain text, gr\xc3\xbc\xc3\x9fe\n").await, "text/plain");
        assert_eq!(kind(b"%PDF-1.7 ").await, "application/pdf");
        assert_eq!(kind(b"\x1b[2Jx").await, "application/octet-stream");
        assert_eq!(kind(b"\xff\xfe\x00").await, "application/octet-stream");
        assert_eq!(kind(b"").await, "application/octet-stream");
        let cut = format!("{}é", "a".repeat(HEAD - 1));
        assert_eq!(kind(cut.as_bytes()).await, "text/plain");
    }

    #[tokio::test]
    async fn the_hash_is_the_one_that_everybody_computes() {
        let (content, _) = looked(b"abc").await;
        assert_eq!(
            content.hash.to_string(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(content.size, 3);
    }
}
