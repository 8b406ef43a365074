//! What people say of themselves and show to others.

use serde::{Deserialize, Serialize};

use crate::absent::is_default;
use crate::{DisplayName, Emoji, Person, StatusText, Timestamp};

/// What somebody is doing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// As a picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emoji: Option<Emoji>,
    /// In words; may be empty beside an emoji.
    #[serde(default, skip_serializing_if = "is_default")]
    pub text: StatusText,
    /// When it ends by itself; absent for when they change it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

impl Status {
    /// Whether it says nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.emoji.is_none() && self.text.is_empty()
    }

    /// The status at this moment: nothing once it has ended.
    #[must_use]
    pub fn at(&self, now: Timestamp) -> Option<&Status> {
        Some(self).filter(|status| !status.is_empty() && status.until.is_none_or(|until| until > now))
    }
}

/// What is shown beside a name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// The name in the person's own spelling; empty for none.
    #[serde(default, skip_serializing_if = "is_default")]
    pub display_name: DisplayName,
    /// What they are doing.
    #[serde(default, skip_serializing_if = "is_default")]
    pub status: Status,
}

/// A person in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonRow {
    /// Who.
    #[serde(flatten)]
    pub person: Person,
    /// What is shown beside it.
    #[serde(flatten)]
    pub card: Card,
}

/// What somebody shows to others and, because it goes both ways, is shown of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Privacy {
    /// What one has read.
    #[serde(default = "shown")]
    pub read_receipts: bool,
    /// That one is writing.
    #[serde(default = "shown")]
    pub typing: bool,
    /// When one was last online.
    #[serde(default = "shown")]
    pub last_seen: bool,
}

impl Default for Privacy {
    fn default() -> Self {
        Self { read_receipts: true, typing: true, last_seen: true }
    }
}

fn shown() -> bool {
    true
}
