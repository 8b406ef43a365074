//! What a backup says of itself.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use chat_proto::{Epoch, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::store::Facts;

/// The form of the archive. A program refuses those that are newer than itself.
pub(super) const FORMAT: u32 = 1;

/// The last part of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The form of the archive.
    pub format: u32,
    /// The version of the program that made it.
    pub version: String,
    /// When it was made.
    pub at: Timestamp,
    /// The schema of the database.
    pub schema: i32,
    /// The life of the database that was copied. What is restored begins another.
    pub epoch: Epoch,
    /// Accounts.
    pub users: u64,
    /// Rooms and directs.
    pub conversations: u64,
    /// Events.
    pub events: u64,
    /// Contents of files that are inside.
    pub files: u64,
    /// What people need to have it whole and is not inside, in words.
    #[serde(default)]
    pub not_inside: Vec<String>,
    /// Files that messages have and that were not there, or not whole, when it was made.
    #[serde(default)]
    pub damaged: Vec<String>,
    /// Every part.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parts: BTreeMap<String, Part>,
}

/// One part of the archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// How many bytes.
    pub size: u64,
    /// Their SHA-256, in hex.
    pub sha256: String,
}

impl Manifest {
    pub(super) fn new(facts: Facts, at: Timestamp) -> Self {
        Self {
            format: FORMAT,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            at,
            schema: facts.schema,
            epoch: facts.epoch,
            users: facts.users,
            conversations: facts.conversations,
            events: facts.events,
            files: 0,
            not_inside: Vec::new(),
            damaged: Vec::new(),
            parts: BTreeMap::new(),
        }
    }

    /// Without the list of parts, which is as long as there are files.
    pub(super) fn in_short(mut self) -> Self {
        self.parts.clear();
        self
    }
}

/// What passes through is counted and summed.
pub(super) struct Summed<T> {
    pub(super) inner: T,
    hash: Sha256,
    size: u64,
}

impl<T> Summed<T> {
    pub(super) fn new(inner: T) -> Self {
        Self { inner, hash: Sha256::new(), size: 0 }
    }

    pub(super) fn part(self) -> Part {
        Part { size: self.size, sha256: hex(&self.hash.finalize()) }
    }

    fn pass(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
        self.size += bytes.len() as u64;
    }
}

impl<T: std::io::Read> std::io::Read for Summed<T> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.pass(&buffer[..n]);
        Ok(n)
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a text cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
