//! A copy of the database from before each upgrade, so that the older program can be taken again.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use tracing::{info, warn};

use super::OpenError;

/// The folder beside the database.
const FOLDER: &str = "before-upgrade";

/// Copies kept. An upgrade that turns out bad is found within the next two.
const KEPT: usize = 3;

/// Only the server's own user may look into it.
const PRIVATE: u32 = 0o700;

/// Copies the database, whose schema is `version`, and removes copies that are too old.
pub(super) fn before_upgrade(db: &Connection, path: &Path, version: i32) -> Result<(), OpenError> {
    let folder = path.with_file_name(FOLDER);
    let failed = |cause: String| OpenError::Snapshot(path.to_owned(), folder.clone(), cause);
    let made = DirBuilder::new().recursive(true).mode(PRIVATE).create(&folder);
    made.map_err(|cause| failed(cause.to_string()))?;
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or("chat");
    let at = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%S%3fZ");
    // Half of one has another name, and the next upgrade writes over it.
    let half = folder.join(format!("{stem}.half"));
    let _ = fs::remove_file(&half);
    copy(db, &half).map_err(|cause| failed(cause.to_string()))?;
    let copied = folder.join(format!("{stem}-v{version}-{at}.sqlite"));
    let synced = fs::File::open(&half).and_then(|file| file.sync_all());
    let renamed = synced.and_then(|()| fs::rename(&half, &copied));
    renamed.and_then(|()| fs::File::open(&folder)?.sync_all()).map_err(|cause| failed(cause.to_string()))?;
    info!(copy = %copied.display(), "the database was copied before its upgrade");
    if let Err(cause) = forget_old(&folder, stem) {
        warn!(%cause, folder = %folder.display(), "cannot remove old copies of the database");
    }
    Ok(())
}

/// Writes all that is committed to a new file, in one piece and without holding up writers.
pub(super) fn copy(db: &Connection, to: &Path) -> rusqlite::Result<()> {
    let to = to.to_str().ok_or_else(|| rusqlite::Error::InvalidPath(to.to_owned()))?;
    db.execute("VACUUM INTO ?1", [to]).map(drop)
}

/// The names sort by nothing that lasts, so what was written last is asked of the files.
fn forget_old(folder: &Path, stem: &str) -> std::io::Result<()> {
    let begins = format!("{stem}-v");
    let mut copies: Vec<(std::time::SystemTime, PathBuf)> = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let is_ours =
            name.to_str().is_some_and(|name| name.starts_with(&begins) && name.ends_with(".sqlite"));
        if is_ours {
            copies.push((entry.metadata()?.modified()?, entry.path()));
        }
    }
    copies.sort();
    let surplus = copies.len().saturating_sub(KEPT);
    for (_, old) in copies.into_iter().take(surplus) {
        fs::remove_file(old)?;
    }
    Ok(())
}
