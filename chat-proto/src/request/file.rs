//! Files: the own uploads, and taking one back. The bytes go over HTTP.

use serde::{Deserialize, Serialize};

use super::Position;
use crate::absent::is_default;
use crate::{Attachment, FileId, Timestamp};

/// Payload of `file.list`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListFiles {
    /// Uploads older than this one: the last of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<FileId>,
    /// How many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// The answer to `file.list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilePage {
    /// The newest first.
    pub files: Vec<OwnFile>,
    /// How many bytes one's uploads take, all pages together, the unfinished ones as announced.
    pub used: u64,
    /// How many they may take; absent where there is no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quota: Option<u64>,
    /// Whether there are more after the last.
    pub more: bool,
}

/// One of the own uploads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnFile {
    /// What it is.
    #[serde(flatten)]
    pub file: Attachment,
    /// When it was begun.
    pub at: Timestamp,
    /// How many bytes have come, while it is not complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received: Option<u64>,
    /// Whether it is in any message, also where one cannot look (any more). One that is in none
    /// can be deleted, and goes by itself after a day.
    #[serde(default, skip_serializing_if = "is_default")]
    pub used: bool,
    /// The newest messages with it, in conversations that one is a member of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<Position>,
}

/// Payload of `file.delete`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteFile {
    /// Which.
    pub file: FileId,
}
