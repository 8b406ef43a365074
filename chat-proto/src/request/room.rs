//! Rooms: making, joining, inviting, ruling.

use serde::{Deserialize, Serialize};

use crate::absent::is_default;
use crate::{
    ClientId, ConversationId, Description, Invitation, RoomInfo, RoomName, RoomRole, RoomRules, Topic,
    UserName,
};

/// Payload of `room.create`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateRoom {
    /// The client's id for this request: a repeat gives the same room.
    pub client_id: ClientId,
    /// The name wanted.
    pub name: RoomName,
    /// What it is for.
    #[serde(default)]
    pub topic: Topic,
    /// What it is for, at more length.
    #[serde(default, skip_serializing_if = "is_default")]
    pub description: Description,
    /// Whether only members shall know of it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub private: bool,
}

impl CreateRoom {
    /// A public room without topic or description.
    #[must_use]
    pub fn new(client_id: ClientId, name: RoomName) -> Self {
        Self { client_id, name, topic: Topic::default(), description: Description::default(), private: false }
    }
}

/// Payload of `room.invite`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invite {
    /// Into which room.
    pub conversation: ConversationId,
    /// Whom.
    pub user: UserName,
}

/// Payload of `invitation.list`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListInvitations {}

/// The answer to `invitation.list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitations {
    /// The newest first.
    pub invitations: Vec<Invitation>,
}

/// Payload of `invitation.accept`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptInvitation {
    /// Into which room.
    pub conversation: ConversationId,
}

/// Payload of `invitation.decline`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeclineInvitation {
    /// Into which room.
    pub conversation: ConversationId,
}

/// Payload of `member.remove`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoveMember {
    /// Out of which room.
    pub conversation: ConversationId,
    /// Whom.
    pub user: UserName,
    /// Why, for everybody to read.
    #[serde(default, skip_serializing_if = "is_default")]
    pub reason: Topic,
}

/// Payload of `member.role`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetRole {
    /// In which room.
    pub conversation: ConversationId,
    /// Whom.
    pub user: UserName,
    /// Which role.
    pub role: RoomRole,
}

/// Payload of `room.rename`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenameRoom {
    /// Which room.
    pub conversation: ConversationId,
    /// The name wanted.
    pub name: RoomName,
}

/// Payload of `room.describe`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DescribeRoom {
    /// Which room.
    pub conversation: ConversationId,
    /// The new description; empty for none.
    pub description: Description,
}

/// Payload of `room.rules`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetRules {
    /// Which room.
    pub conversation: ConversationId,
    /// All rules as they shall be.
    pub rules: RoomRules,
}

/// Payload of `room.join`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinRoom {
    /// The room's name.
    pub room: RoomName,
}

/// Payload of `room.leave`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaveRoom {
    /// Which.
    pub conversation: ConversationId,
}

/// Payload of `room.list`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListRooms {
    /// Only names or topics with this text in them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// The last name of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<RoomName>,
    /// How many rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// The answer to `room.list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomPage {
    /// By name.
    pub rooms: Vec<RoomInfo>,
    /// Whether there are more after the last.
    pub more: bool,
}

/// Payload of `room.topic`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetTopic {
    /// Which room.
    pub conversation: ConversationId,
    /// The new topic; empty for none.
    pub topic: Topic,
}
