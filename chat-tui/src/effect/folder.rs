//! What stands in a folder, and what its files look like: read for the browser, away from the
//! screen's thread.
//!
//! Only folders and plain files are listed and opened: a pipe or a device would wait or never end.
//! Everything that is read has a bound.

use std::fs::{File, Metadata};
use std::io::Read;
use std::path::Path;
use std::time::UNIX_EPOCH;

use chat_client::files::size_in_words;
use chat_proto::Timestamp;
use tokio::sync::mpsc;

use super::carry::at_home;
use super::picture::{self, AT_ONCE, PICTURE_BYTES};
use super::{Outcome, picture::draw_here};
use crate::crash;
use crate::state::browser::{Entry, Folder, Look, Shown};

/// Entries of a folder that are listed; whoever has more types a path.
const ENTRIES: usize = 20_000;

/// Names of a folder that a look shows: a screen of them.
const NAMES: usize = 100;

/// Bytes of a text that a look shows: more than a screen of them.
const HEAD_BYTES: u64 = 16 * 1024;

/// Lines of it, and letters of a line.
const HEAD: (usize, usize) = (100, 400);

/// Lists a folder.
pub(super) fn list(typed: &Path) -> Result<Folder, String> {
    let path = std::path::absolute(at_home(typed)).unwrap_or_else(|_| typed.to_owned());
    let told = |error: std::io::Error| format!("cannot open {}: {error}", path.display());
    let found = std::fs::read_dir(&path).map_err(told)?;
    let mut entries: Vec<Entry> = Vec::new();
    let mut is_cut = false;
    for found in found.flatten() {
        if entries.len() >= ENTRIES {
            is_cut = true;
            break;
        }
        // Through links: what counts is what would be sent.
        let Ok(of) = std::fs::metadata(found.path()) else { continue };
        if of.is_dir() || of.is_file() {
            entries.push(Entry {
                name: found.file_name(),
                is_folder: of.is_dir(),
                size: of.len(),
                changed: changed(&of),
            });
        }
    }
    entries.sort_by_cached_key(|entry| {
        (!entry.is_folder, entry.name.to_string_lossy().to_lowercase(), entry.name.clone())
    });
    Ok(Folder { path, entries, is_cut })
}

fn changed(of: &Metadata) -> Option<Timestamp> {
    let since = of.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since.as_millis()).ok().map(Timestamp)
}

/// Looks into a file or a folder, and tells.
pub(super) async fn look(look: Look, outcomes: mpsc::Sender<Outcome>) {
    let path = look.path.clone();
    let turn = AT_ONCE.acquire().await;
    let looked = tokio::task::spawn_blocking(move || crash::shielded(|| see(&look)));
    let shown = looked.await.unwrap_or_else(|_| Err("it cannot be shown".to_owned()));
    drop(turn);
    let shown = shown.unwrap_or_else(Shown::Words);
    // The screen is gone with the program.
    let _ = outcomes.send(Outcome::LookedInto(path, shown)).await;
}

fn see(look: &Look) -> Result<Shown, String> {
    let told = |error: std::io::Error| format!("cannot open it: {error}");
    let of = std::fs::metadata(&look.path).map_err(told)?;
    if of.is_dir() {
        return names(&look.path);
    }
    if !of.is_file() {
        return Err("neither a file nor a folder".to_owned());
    }
    let mut head = Vec::new();
    let mut file = File::open(&look.path).map_err(told)?;
    file.by_ref().take(HEAD_BYTES).read_to_end(&mut head).map_err(told)?;
    if let Some(kind) = picture::kind(&head) {
        return drawn(look, kind, file, head, of.len());
    }
    match text(&head) {
        _ if head.is_empty() => Ok(Shown::Words("empty".to_owned())),
        Some(lines) => Ok(Shown::Text(lines)),
        None => Ok(Shown::Words(kind_words(&look.path))),
    }
}

fn names(path: &Path) -> Result<Shown, String> {
    let folder = list(path)?;
    let visible = folder.entries.iter().filter(|entry| !entry.name.to_string_lossy().starts_with('.'));
    let name = |entry: &Entry| {
        let end = if entry.is_folder { "/" } else { "" };
        format!("{}{end}", entry.name.to_string_lossy())
    };
    let count = visible.clone().count();
    Ok(Shown::Names(visible.take(NAMES).map(name).collect(), count))
}

/// Draws a picture as the terminal can; one that cannot be drawn is told in words.
fn drawn(look: &Look, kind: &str, mut file: File, mut bytes: Vec<u8>, size: u64) -> Result<Shown, String> {
    let Some((images, cell)) = look.images else { return Ok(Shown::Words(format!("{kind} picture"))) };
    if size > PICTURE_BYTES as u64 {
        return Ok(Shown::Words(format!("{kind} picture, too large to be shown here")));
    }
    file.by_ref()
        .take(PICTURE_BYTES as u64)
        .read_to_end(&mut bytes)
        .map_err(|error| format!("cannot read it: {error}"))?;
    let drawn = draw_here(&bytes, images, cell, look.most)?;
    Ok(Shown::Picture(look.wanted(drawn.cells, images), drawn.drawing, drawn.pixels))
}

/// The first lines, if this is the beginning of a text.
fn text(head: &[u8]) -> Option<Vec<String>> {
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        // A letter may be cut where the reading ended.
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&head[..error.valid_up_to()]).ok()?
        }
        Err(_) => return None,
    };
    if text.contains('\0') {
        return None;
    }
    let line = |line: &str| line.replace('\t', "    ").chars().take(HEAD.1).collect();
    Some(text.lines().take(HEAD.0).map(line).collect())
}

/// What a file is by the end of its name.
fn kind_words(path: &Path) -> String {
    match path.extension().map(|end| end.to_string_lossy().to_uppercase()) {
        Some(end) if end.chars().count() <= 8 => format!("{end} file"),
        _ => "not a text".to_owned(),
    }
}

/// "1.2 MB", or nothing for a folder.
pub(crate) fn size_words(entry: &Entry) -> String {
    if entry.is_folder { String::new() } else { size_in_words(entry.size) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Images;

    fn seen(path: &Path) -> Shown {
        let images = Some((Images::Halfblocks, (8, 16)));
        let look = Look { path: path.to_owned(), number: 1, most: (20, 10), images };
        see(&look).unwrap_or_else(Shown::Words)
    }

    #[test]
    fn folders_come_first_and_what_cannot_be_sent_is_left_out() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["b.txt", "A.txt", ".hidden"] {
            std::fs::write(dir.path().join(name), "xyz").unwrap();
        }
        std::fs::create_dir(dir.path().join("zoo")).unwrap();
        std::os::unix::fs::symlink("/nowhere", dir.path().join("broken")).unwrap();
        std::os::unix::net::UnixListener::bind(dir.path().join("socket")).unwrap();
        let folder = list(dir.path()).unwrap();
        let names: Vec<_> = folder.entries.iter().map(|entry| entry.name.to_str().unwrap()).collect();
        assert_eq!(names, ["zoo", ".hidden", "A.txt", "b.txt"]);
        assert_eq!((folder.entries[2].size, folder.entries[2].changed.is_some()), (3, true));
        assert!(list(&dir.path().join("A.txt")).unwrap_err().starts_with("cannot open /"));
    }

    #[test]
    fn a_look_shows_texts_pictures_folders_and_words() {
        let dir = tempfile::tempdir().unwrap();
        let put = |name: &str, bytes: &[u8]| {
            let path = dir.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            path
        };
        assert_eq!(seen(&put("a.txt", b"one\n\ttwo\n")), Shown::Text(vec!["one".into(), "    two".into()]));
        assert_eq!(seen(&put("a.pdf", b"%PDF\0\xff")), Shown::Words("PDF file".to_owned()));
        assert_eq!(seen(&put("none", b"")), Shown::Words("empty".to_owned()));
        let long = "é".repeat(HEAD_BYTES as usize);
        let Shown::Text(lines) = seen(&put("long", format!("x{long}").as_bytes())) else { panic!() };
        assert_eq!(lines[0].chars().count(), HEAD.1);
        let image = image::RgbImage::from_pixel(640, 320, image::Rgb([200, 10, 10]));
        image.save(dir.path().join("a.png")).unwrap();
        let Shown::Picture(wanted, _, pixels) = seen(&dir.path().join("a.png")) else { panic!() };
        assert_eq!((wanted.columns, wanted.rows, pixels), (20, 5, (640, 320)));
        let broken = seen(&put("broken.png", b"\x89PNG\r\n\x1a\nxx"));
        assert!(
            matches!(&broken, Shown::Words(words) if words.starts_with("it cannot be opened")),
            "{broken:?}"
        );
        let Shown::Names(names, count) = seen(dir.path()) else { panic!() };
        assert_eq!((names[0].as_str(), count), ("a.pdf", 6));
        assert!(matches!(seen(Path::new("/dev/null")), Shown::Words(_)), "never opened");
    }
}
