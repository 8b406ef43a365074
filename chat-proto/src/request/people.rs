//! People: members, the directory, presence; and the ping.

use serde::{Deserialize, Serialize};

use crate::{ConversationId, Member, PersonRow, Presence, PresenceState, Timestamp, UserId, UserName};

/// Payload of `member.list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListMembers {
    /// Of which conversation.
    pub conversation: ConversationId,
    /// The last name of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<UserName>,
    /// How many rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// The answer to `member.list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberPage {
    /// By name.
    pub members: Vec<Member>,
    /// Whether there are more after the last.
    pub more: bool,
}

/// Payload of `user.list`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListPeople {
    /// Only names with this text in them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// The last name of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<UserName>,
    /// How many rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// The answer to `user.list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeoplePage {
    /// By name.
    pub people: Vec<PersonRow>,
    /// Whether there are more after the last.
    pub more: bool,
}

/// Payload of `presence.watch`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WatchPresence {
    /// The people on one's screen; an empty list watches nobody.
    pub users: Vec<UserId>,
}

/// The answer to `presence.watch`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresenceList {
    /// One row for each person asked for. Those with whom one shares no conversation are
    /// `offline` and never change, like people who do not exist.
    pub presences: Vec<Presence>,
    /// What those of them who said something of themselves said.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub profiles: Vec<PersonRow>,
}

/// Payload of `presence.set`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetPresence {
    /// `online`: somebody is at this device. `away`: nobody is. `offline`: hide; as long as one
    /// device says so, the others see the account as offline.
    pub state: PresenceState,
}

/// Payload of `ping`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ping {}

/// The answer to `ping`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pong {
    /// The server's clock.
    pub server_time: Timestamp,
}
