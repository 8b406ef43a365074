//! What has come of uploads that are not complete: one file each, named by its id.

use std::fs::DirBuilder;
use std::io::{self, SeekFrom};
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;

use anyhow::Context;
use chat_proto::FileId;
use tokio::fs;
use tokio::io::{AsyncSeekExt, AsyncWriteExt};
use tracing::warn;

/// Only the server's own user may look into it.
const PRIVATE: u32 = 0o700;

pub(super) struct Parts {
    folder: PathBuf,
}

/// An upload as far as it has come, open for more.
pub struct Part {
    file: fs::File,
}

impl Parts {
    pub(super) fn open(folder: PathBuf) -> anyhow::Result<Self> {
        DirBuilder::new()
            .recursive(true)
            .mode(PRIVATE)
            .create(&folder)
            .with_context(|| format!("cannot make the folder {} for uploads", folder.display()))?;
        Ok(Self { folder })
    }

    pub(super) fn path(&self, file: FileId) -> PathBuf {
        self.folder.join(file.to_string())
    }

    pub(super) async fn open_part(&self, file: FileId, received: u64) -> io::Result<Part> {
        let path = self.path(file);
        let is_new = received == 0;
        let mut part = fs::OpenOptions::new().create(is_new).truncate(false).write(true).open(&path).await?;
        // It was begun here and went on elsewhere: what is missing is nowhere to be found.
        if part.metadata().await?.len() < received {
            return Err(io::ErrorKind::NotFound.into());
        }
        // What came after the last sync may be there, or half of it, or zeros.
        part.set_len(received).await?;
        part.seek(SeekFrom::Start(received)).await?;
        if is_new {
            // Its name must survive a power cut, too.
            fs::File::open(&self.folder).await?.sync_all().await?;
        }
        Ok(Part { file: part })
    }

    pub(super) async fn list(&self) -> io::Result<Vec<FileId>> {
        let mut found = Vec::new();
        let mut folder = fs::read_dir(&self.folder).await?;
        while let Some(entry) = folder.next_entry().await? {
            let file: Option<FileId> = entry.file_name().to_str().and_then(|name| name.parse().ok());
            found.extend(file);
        }
        Ok(found)
    }

    pub(super) async fn remove(&self, file: FileId) {
        match fs::remove_file(self.path(file)).await {
            Ok(()) => {}
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => {}
            // The next sweep tries again.
            Err(cause) => warn!(%cause, "cannot remove the part of an upload"),
        }
    }
}

impl Part {
    /// Adds bytes.
    ///
    /// # Errors
    /// The disk's.
    pub async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes).await
    }

    /// Returns when all that was written is on the disk.
    ///
    /// # Errors
    /// The disk's.
    pub async fn save(&mut self) -> io::Result<()> {
        self.file.flush().await?;
        self.file.sync_data().await
    }
}
