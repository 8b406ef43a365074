//! The store's words for files. What they are made of lies elsewhere, see [`crate::files`].

use std::fmt;

use chat_proto::{Attachment, BlurHash, FileId, FileName, MediaType, Timestamp, UserId};

/// The SHA-256 of a content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ContentHash(pub [u8; 32]);

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// An upload to be begun.
#[derive(Debug, Clone)]
pub struct NewFile {
    /// Its id.
    pub id: FileId,
    /// Whose.
    pub owner: UserId,
    /// What its owner calls it.
    pub name: FileName,
    /// How many bytes it will have.
    pub size: u64,
    /// Now.
    pub at: Timestamp,
}

/// How much room there is for files; 0 is without limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FileQuotas {
    /// For the uploads of one person.
    pub user: u64,
    /// For all.
    pub server: u64,
}

/// Why an upload cannot be begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoRoom {
    /// The person has too many uploads that are in no message.
    Unsent,
    /// The person's uploads take so many bytes already.
    User {
        /// How many.
        used: u64,
    },
    /// The server is full.
    Server,
}

/// How far an upload has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// How many bytes it will have.
    pub size: u64,
    /// How many have come and are on the disk.
    pub received: u64,
    /// Whether it is stored and can be sent.
    pub is_complete: bool,
}

/// What a content was found to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// Its name in the object store.
    pub hash: ContentHash,
    /// How many bytes.
    pub size: u64,
    /// What kind.
    pub media_type: MediaType,
    /// Width and height of a picture.
    pub pixels: Option<(u32, u32)>,
    /// What the picture looks like from afar.
    pub blurhash: Option<BlurHash>,
    /// What kind its thumbnail is, if there is one.
    pub thumbnail: Option<MediaType>,
}

/// A file that somebody may fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetchable {
    /// What its sender calls it.
    pub name: FileName,
    /// What it is.
    pub content: Content,
}

/// What became of an upload of which everything has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Completion {
    /// It is a file.
    Done,
    /// The upload was deleted meanwhile.
    NoSuch,
    /// What it is made of is being removed, as it was needed no more; it is to be stored once more, when that
    /// is done.
    ContentGoes,
}

/// What became of the wish to delete an upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deletion {
    /// It is gone.
    Done,
    /// It is in a message.
    InUse,
    /// The person has no such upload.
    NoSuch,
}

/// What a message says of a file.
pub(super) fn attachment(id: FileId, file: Fetchable) -> Attachment {
    let Fetchable { name, content } = file;
    let blurhash = content.blurhash;
    let picture = content.pixels.map(|(width, height)| chat_proto::Picture { width, height, blurhash });
    Attachment { id, name, size: content.size, media_type: content.media_type, picture }
}
