//! Where the bytes of files come from, whichever export it is.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

use super::slack::Zip;
use crate::store::FileRecord;

/// Beside the lines of an export of ours, or in Slack's archive.
pub(super) enum Bytes {
    /// A folder with a file for each SHA-256.
    Folder(PathBuf),
    /// An archive.
    Zip(Box<Zip>),
}

impl Bytes {
    /// Pours the bytes of a file to somewhere; false if they are not there.
    pub(super) fn pour(
        &mut self,
        file: &FileRecord,
        most: u64,
        to: &mut dyn FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<bool> {
        match self {
            Bytes::Folder(folder) => {
                // A name of hex digits is in the folder, whatever the line says.
                let is_hash =
                    |hash: &&String| hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit());
                let Some(hash) = file.sha256.as_ref().filter(is_hash) else { return Ok(false) };
                match File::open(folder.join(hash)) {
                    Ok(from) => pour(from, most, to).map(|()| true),
                    Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(false),
                    Err(cause) => Err(cause),
                }
            }
            Bytes::Zip(zip) => zip.file(file.id, |from| pour(from, most, to)),
        }
    }
}

fn pour(from: impl Read, most: u64, to: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
    /// Bytes at once.
    const CHUNK: usize = 256 * 1024;
    let mut from = from.take(most.saturating_add(1));
    let (mut chunk, mut all) = (vec![0; CHUNK], 0_u64);
    loop {
        let n = from.read(&mut chunk)?;
        if n == 0 {
            return Ok(());
        }
        all += n as u64;
        if all > most {
            return Err(io::Error::other("it is larger than it says"));
        }
        to(&chunk[..n])?;
    }
}
