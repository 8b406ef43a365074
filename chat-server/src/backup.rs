//! Floor 7: a copy of everything, made while the server serves, and the way back.
//!
//! 1. A backup is one file, a plain tar archive that only its owner may read: the database, the
//!    files that its messages have, the configuration, and a manifest with the SHA-256 of every part.
//!    It is not compressed: most of it are pictures and archives, which do not get smaller.
//! 2. It is whole or not there. It is written under another name, read back and compared, renamed.
//! 3. The database is copied first and in one piece, then the files that it names. None of them is
//!    removed meanwhile ([`Hold`](crate::files::Hold)), so the two fit together.
//! 4. Nothing is restored that was not verified to its last byte, and nothing is overwritten.
//!
//! What lies in a bucket stays there; the manifest and the report say so.

mod manifest;
mod pack;
mod progress;
mod unpack;

use std::path::PathBuf;

use serde::Serialize;

pub use manifest::Manifest;
pub use pack::backup;
pub use progress::Progress;
pub use unpack::{restore, verify};

/// The database's name in the archive.
const DATABASE_PART: &str = "database.sqlite";

/// A configuration file from outside the data directory.
const CONFIG_PART: &str = "config/server.toml";

/// The folder of what else lies in the data directory.
const DATA_FOLDER: &str = "data";

/// The folder of contents and thumbnails.
const FILES_FOLDER: &str = "files";

/// The last part, so that an archive without its end has none.
const MANIFEST_PART: &str = "manifest.json";

/// What was made, for people and for scripts.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Where it is.
    pub path: PathBuf,
    /// How large, in bytes.
    pub bytes: u64,
    /// What is inside, without the list of parts.
    #[serde(flatten)]
    pub manifest: Manifest,
}
