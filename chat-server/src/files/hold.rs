//! A word between programs: while one of them reads the contents, the server removes none.
//!
//! It is a lock on a file beside the database. The system gives it back when its holder ends,
//! however it ends, so a backup that was killed keeps nothing for ever.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, fchown};
use std::path::{Path, PathBuf};

use tokio::sync::RwLockWriteGuard;

/// The file's name in the data directory.
const NAME: &str = "chat-server.keep";

/// As long as it lives, no content is removed; several may live at once.
#[derive(Debug)]
pub struct Hold {
    file: File,
}

impl Drop for Hold {
    fn drop(&mut self) {
        // Not by closing it alone: a process that is just being started may have it open, too.
        let _ = self.file.unlock();
    }
}

impl Hold {
    /// The file's name, for whoever lists the data directory.
    pub const NAME: &'static str = NAME;

    /// Takes it. A removal under way is waited for; that is one file.
    ///
    /// # Errors
    /// The file cannot be made or locked.
    pub fn take(data_dir: &Path) -> io::Result<Self> {
        let file = open(&data_dir.join(NAME))?;
        file.lock_shared()?;
        Ok(Self { file })
    }
}

/// As long as it lives, no content is kept and none is read by a backup.
#[derive(Debug)]
pub struct Removing<'a> {
    _changing: RwLockWriteGuard<'a, ()>,
    file: File,
}

impl Drop for Removing<'_> {
    fn drop(&mut self) {
        let _ = self.file.unlock();
    }
}

/// The server's side of the word.
pub(super) struct Door {
    path: PathBuf,
}

impl Door {
    /// In the folder in which this one lies.
    pub(super) fn beside(folder: &Path) -> Self {
        Self { path: folder.with_file_name(NAME) }
    }

    pub(super) fn removing<'a>(&self, changing: RwLockWriteGuard<'a, ()>) -> Option<Removing<'a>> {
        let opened = open(&self.path).inspect_err(|cause| {
            tracing::warn!(%cause, path = %self.path.display(), "cannot ask whether files may be removed");
        });
        let file = opened.ok()?;
        file.try_lock().ok()?;
        Some(Removing { _changing: changing, file })
    }
}

fn open(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
    if let Some(folder) = path.parent().filter(|_| rustix::process::geteuid().is_root()) {
        // Made by root, it must not shut the server out, which runs as the folder's owner.
        let owner = std::fs::metadata(folder)?;
        fchown(&file, Some(owner.uid()), Some(owner.gid()))?;
    }
    Ok(file)
}
