//! What people say of themselves, whom they block, and what they show.

use serde::{Deserialize, Serialize};

use crate::absent::is_default;
use crate::{
    ConversationId, DisplayName, Person, Privacy, Role, Seq, Status, Timestamp, UserName, Zone, lenient,
};

/// Payload of `profile.set`. What is absent stays as it is; what is empty is taken away.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetProfile {
    /// A name in one's own spelling.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<DisplayName>,
    /// What one is doing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// Where one is, by the name of a time zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<Zone>,
}

/// Payload of `user.get`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetProfile {
    /// Whose.
    pub user: UserName,
}

/// The answer to `user.get` and `profile.set`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// Who.
    pub user: Person,
    /// Their name in their own spelling; empty for none.
    #[serde(default, skip_serializing_if = "is_default")]
    pub display_name: DisplayName,
    /// What they are doing.
    #[serde(default, skip_serializing_if = "is_default")]
    pub status: Status,
    /// Where they are; empty for not said.
    #[serde(default, skip_serializing_if = "is_default")]
    pub zone: Zone,
    /// What they may do on the server.
    #[serde(default, deserialize_with = "lenient::role")]
    pub role: Role,
    /// Since when they have an account.
    pub since: Timestamp,
    /// When they were last online, as far as both show that to each other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<Timestamp>,
}

/// Payload of `block.set`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetBlock {
    /// Whom.
    pub user: UserName,
    /// Block, or end that.
    pub on: bool,
}

/// Payload of `block.list`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListBlocked {}

/// The answer to `block.list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockList {
    /// Whom one blocks, by name; all of them.
    pub people: Vec<Person>,
}

/// Payload of `privacy.set`. What is absent stays as it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetPrivacy {
    /// Whether others see what one has read, and one sees what they have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_receipts: Option<bool>,
    /// Whether others see that one is writing, and one sees that they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub typing: Option<bool>,
    /// Whether others see when one was last online, and one sees when they were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<bool>,
}

impl SetPrivacy {
    /// The whole, out of what was before.
    #[must_use]
    pub fn after(self, before: Privacy) -> Privacy {
        Privacy {
            read_receipts: self.read_receipts.unwrap_or(before.read_receipts),
            typing: self.typing.unwrap_or(before.typing),
            last_seen: self.last_seen.unwrap_or(before.last_seen),
        }
    }
}

/// Payload of `message.readers`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetReaders {
    /// Where.
    pub conversation: ConversationId,
    /// Which message.
    pub seq: Seq,
}

/// The answer to `message.readers`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Readers {
    /// Where.
    pub conversation: ConversationId,
    /// Which message.
    pub seq: Seq,
    /// Who of the others has read it, by name, as far as they and the asking person show it.
    pub readers: Vec<Person>,
}
