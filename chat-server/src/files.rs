//! Floor 2: the bytes of files: parts that come in, contents that are kept.
//!
//! 1. Bytes whose number was told are on the disk ([`Part::save`] syncs).
//! 2. A content is kept under its SHA-256, whole or not at all, however often it is uploaded.
//! 3. What a file is says the file, not its sender; looking at it takes bounded memory and time,
//!    and a picture that is hostile or broken is a file without a thumbnail, nothing worse.
//!
//! Who may do what, and which content belongs to which upload, is not known here. The contents
//! lie in a folder or in any store that speaks S3 (`objects`); the parts always in a folder.

mod hold;
mod look;
mod objects;
mod parts;
mod signing;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chat_proto::{FileId, Secret};
use futures_util::stream::BoxStream;
use tokio::sync::{RwLock, RwLockReadGuard, Semaphore};

use crate::store::{Content, ContentHash};
use hold::Door;
pub use hold::{Hold, Removing};
pub use objects::ObjectError;
use objects::Objects;
pub use parts::Part;
use parts::Parts;

/// Files looked at and stored at once; each may take the memory of a large picture.
const LOOKING: usize = 2;

/// Where contents are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A folder.
    Folder(PathBuf),
    /// A bucket.
    Bucket(Bucket),
}

/// A bucket in a store that speaks S3, and who one is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// What the names of all objects begin with; may be empty.
    pub prefix: String,
    /// The store's address; Amazon's own if there is none.
    pub endpoint: Option<String>,
    /// The region.
    pub region: Option<String>,
    /// Who one is, and what proves it; without it the machine's own role is asked for.
    pub keys: Option<(String, Secret)>,
    /// Whether the address may be one without TLS.
    pub allow_http: bool,
    /// Whether readers are sent there.
    pub direct: bool,
}

/// All files of the server.
pub struct Files {
    parts: Parts,
    objects: Objects,
    /// Held for reading from the decision that a content is needed to the commit that says so, and
    /// for writing while one is removed: else a content could be removed that was just needed again.
    changing: RwLock<()>,
    /// Where other programs say that nothing may be removed.
    door: Door,
    looking: Arc<Semaphore>,
}

/// The contents alone, for a program beside the server that only reads them.
pub struct Contents(Objects);

/// What a complete upload was found to be.
pub struct Looked {
    /// To be stored with it.
    pub content: Content,
    thumbnail: Option<Vec<u8>>,
}

/// Whether the place of the files can be reached and looked into; nothing is written.
///
/// # Errors
/// Why not.
pub async fn reach(place: &Place) -> anyhow::Result<()> {
    Ok(Objects::open(place)?.reach().await?)
}

impl Files {
    /// Opens what is kept there; parts go to the folder `uploads`.
    ///
    /// # Errors
    /// What cannot be used, and why.
    pub fn open(place: &Place, uploads: PathBuf) -> anyhow::Result<Self> {
        Ok(Self {
            door: Door::beside(&uploads),
            parts: Parts::open(uploads)?,
            objects: Objects::open(place)?,
            changing: RwLock::new(()),
            looking: Arc::new(Semaphore::new(LOOKING)),
        })
    }

    /// The part of an upload that has come, cut to what is known to be on the disk.
    ///
    /// # Errors
    /// The disk's.
    pub async fn part(&self, file: FileId, received: u64) -> std::io::Result<Part> {
        self.parts.open_part(file, received).await
    }

    /// Looks what a complete upload is.
    ///
    /// # Errors
    /// The disk's.
    pub async fn look(&self, file: FileId) -> std::io::Result<Looked> {
        let path = self.parts.path(file);
        let (content, thumbnail) = look::look(path, self.looking.clone()).await?;
        Ok(Looked { content, thumbnail })
    }

    /// Keeps the content of an upload, and its thumbnail.
    ///
    /// # Errors
    /// The disk's, or the object store's.
    pub async fn keep(&self, file: FileId, looked: Looked) -> Result<(), ObjectError> {
        if let Some(thumbnail) = looked.thumbnail {
            self.objects.put_thumbnail(looked.content.hash, thumbnail).await?;
        }
        self.objects.put(looked.content.hash, &self.parts.path(file)).await
    }

    /// Forgets the part of an upload.
    pub async fn drop_part(&self, file: FileId) {
        self.parts.remove(file).await;
    }

    /// The uploads of which there are parts.
    ///
    /// # Errors
    /// The disk's.
    pub async fn parts(&self) -> std::io::Result<Vec<FileId>> {
        self.parts.list().await
    }

    /// These bytes of a content, from and up to (not with).
    ///
    /// # Errors
    /// [`ObjectError`]
    pub async fn read(
        &self,
        content: ContentHash,
        from: u64,
        to: u64,
    ) -> Result<BoxStream<'static, Result<Bytes, ObjectError>>, ObjectError> {
        self.objects.get(content, from..to).await
    }

    /// Where a reader gets a content from the bucket itself, without being anybody there; `None`
    /// where readers are not sent there. A secret, because whoever has it may read for so long.
    ///
    /// # Errors
    /// [`ObjectError`]
    pub async fn address(
        &self,
        content: ContentHash,
        valid_for: Duration,
    ) -> Result<Option<Secret>, ObjectError> {
        self.objects.address(content, valid_for).await
    }

    /// The thumbnail of a picture.
    ///
    /// # Errors
    /// [`ObjectError`]
    pub async fn thumbnail(&self, content: ContentHash) -> Result<Bytes, ObjectError> {
        self.objects.thumbnail(content).await
    }

    /// Removes a content and its thumbnail; harmless if they are gone. Only while
    /// [`Files::removing`].
    ///
    /// # Errors
    /// [`ObjectError`]
    pub async fn remove(&self, content: ContentHash) -> Result<(), ObjectError> {
        self.objects.remove(content).await
    }

    /// As long as this is held, no content is removed.
    pub async fn keeping(&self) -> RwLockReadGuard<'_, ()> {
        self.changing.read().await
    }

    /// As long as this is held, no content is kept. `None` while one is, or while another program
    /// reads them ([`Hold`]): who waits here would hold up everybody who comes after.
    pub fn removing(&self) -> Option<Removing<'_>> {
        self.door.removing(self.changing.try_write().ok()?)
    }
}

impl Contents {
    /// What is kept there. Nothing is made or tidied up, because a server may be at work.
    ///
    /// # Errors
    /// What cannot be used, and why.
    pub fn open(place: &Place) -> anyhow::Result<Self> {
        Ok(Self(Objects::open_to_read(place)?))
    }

    /// All bytes of a content that is said to have so many.
    ///
    /// # Errors
    /// [`ObjectError`]
    pub async fn read(
        &self,
        content: ContentHash,
        size: u64,
    ) -> Result<BoxStream<'static, Result<Bytes, ObjectError>>, ObjectError> {
        self.0.get(content, 0..size).await
    }

    /// The thumbnail of a picture.
    ///
    /// # Errors
    /// [`ObjectError`]
    pub async fn thumbnail(&self, content: ContentHash) -> Result<Bytes, ObjectError> {
        self.0.thumbnail(content).await
    }
}

/// Where a content lies in the folder of contents.
#[must_use]
pub fn content_path(content: ContentHash) -> String {
    objects::path(content).to_string()
}

/// Where its thumbnail lies there.
#[must_use]
pub fn thumbnail_path(content: ContentHash) -> String {
    objects::thumbnail_path(content).to_string()
}
