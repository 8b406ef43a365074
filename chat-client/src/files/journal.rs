//! Which uploads are under way, so that the next run goes on with them.
//!
//! One small file for each, named by what is uploaded where: another content of the same file, as
//! far as its size and time tell, is another upload.

use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use chat_proto::FileId;
use sha2::{Digest, Sha256};

use crate::account::Account;
use crate::private;

/// The folder in that of the account's other files.
const FOLDER: &str = "uploads";

/// The server forgets an upload after a day; so does this.
const FORGET: Duration = Duration::from_secs(24 * 60 * 60);

#[derive(Debug, Clone)]
pub(super) struct Journal {
    folder: PathBuf,
    account: String,
}

/// One upload in the journal.
pub(super) struct Entry(PathBuf);

impl Journal {
    pub(super) fn new(folder: PathBuf, account: &Account) -> Self {
        let account = format!("{} {}", account.server, account.user.id);
        Self { folder: folder.join(FOLDER), account }
    }

    /// The place for this file as it is now.
    pub(super) fn entry(&self, path: &Path, metadata: &Metadata) -> Entry {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let modified = metadata.modified().ok();
        let modified = modified.and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
        let mut hash = Sha256::new();
        hash.update(&self.account);
        hash.update(path.as_os_str().as_encoded_bytes());
        hash.update(metadata.len().to_be_bytes());
        hash.update(modified.unwrap_or_default().as_nanos().to_be_bytes());
        let name: String = hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        Entry(self.folder.join(name))
    }

    /// Takes away what is too old to go on with.
    pub(super) fn tidy(&self) {
        let entries = std::fs::read_dir(&self.folder).into_iter().flatten().flatten();
        for entry in entries {
            let age = entry.metadata().and_then(|metadata| metadata.modified()).map(|time| time.elapsed());
            if age.is_ok_and(|age| age.is_ok_and(|age| age > FORGET)) {
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }
}

impl Entry {
    /// The upload that was begun for it.
    pub(super) fn read(&self) -> Option<FileId> {
        std::fs::read_to_string(&self.0).ok()?.trim().parse().ok()
    }

    /// Notes an upload. Without the note it is only begun anew the next time.
    pub(super) fn write(&self, file: FileId) {
        let written = || -> io::Result<()> {
            if let Some(folder) = self.0.parent() {
                private::create_dir(folder)?;
            }
            private::replace(&self.0, file.to_string().as_bytes())
        };
        if let Err(error) = written() {
            tracing::warn!(%error, "an upload cannot be noted; it would begin anew after a stop");
        }
    }

    pub(super) fn remove(&self) {
        // It may never have been written.
        let _ = std::fs::remove_file(&self.0);
    }
}
