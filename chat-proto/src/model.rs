//! What the server tells about people and conversations.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::absent::is_default;
use crate::{
    Card, ConversationId, Description, Event, Notify, ReportId, RoomName, Seq, Timestamp, Topic, UserId,
    UserName, lenient,
};

/// A person, as much as is needed to draw and address them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Person {
    /// The account.
    pub id: UserId,
    /// Its name now.
    pub name: UserName,
    /// Whether a program speaks here, not a person.
    #[serde(default, skip_serializing_if = "is_default")]
    pub bot: bool,
}

impl Person {
    /// A person who is none but a person.
    #[must_use]
    pub fn new(id: UserId, name: UserName) -> Self {
        Self { id, name, bot: false }
    }
}

/// What an account may do on the whole server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Sees only the people and rooms that they share, and cannot make or find others.
    Guest,
    /// Talks.
    #[default]
    Member,
    /// Runs the server for the others.
    Admin,
    /// The first account; nobody can take its rights away.
    Owner,
}

impl lenient::Ranked for Role {
    const WEAKEST: Self = Self::Guest;
}

impl Role {
    /// The word on the wire, in the database and on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Guest => "guest",
            Role::Member => "member",
            Role::Admin => "admin",
            Role::Owner => "owner",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a member may do in a room.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RoomRole {
    /// Reads.
    ReadOnly,
    /// Talks.
    #[default]
    Member,
    /// Keeps order.
    Moderator,
    /// Decides what the room is.
    Owner,
}

impl lenient::Ranked for RoomRole {
    const WEAKEST: Self = Self::ReadOnly;
}

impl RoomRole {
    /// Every role, the weakest first.
    pub const ALL: [RoomRole; 4] =
        [RoomRole::ReadOnly, RoomRole::Member, RoomRole::Moderator, RoomRole::Owner];

    /// The word on the wire, in the database and on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            RoomRole::ReadOnly => "read-only",
            RoomRole::Member => "member",
            RoomRole::Moderator => "moderator",
            RoomRole::Owner => "owner",
        }
    }
}

impl fmt::Display for RoomRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The two kinds of conversation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ConversationKind {
    /// Named, with members who come and go.
    #[default]
    Room,
    /// Between two people, or a group of up to nine; has no name and its members never change.
    Direct,
}

/// A conversation as one of its members sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Conversation {
    /// Its id.
    pub id: ConversationId,
    /// Room or direct.
    #[serde(deserialize_with = "lenient::word")]
    pub kind: ConversationKind,
    /// The room's name; a direct has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<RoomName>,
    /// The room's topic; empty for none.
    #[serde(default)]
    pub topic: Topic,
    /// What the room is for, at more length than the topic; empty for none.
    #[serde(default, skip_serializing_if = "is_default")]
    pub description: Description,
    /// Whether only members know of the room.
    #[serde(default, skip_serializing_if = "is_default")]
    pub private: bool,
    /// How people may write in the room.
    #[serde(default, skip_serializing_if = "is_default")]
    pub rules: RoomRules,
    /// What the asking member may do here.
    #[serde(default, deserialize_with = "lenient::role")]
    pub role: RoomRole,
    /// The other people of a direct; empty for a room.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub with: Vec<Person>,
    /// How many members it has.
    pub members: u64,
    /// The number of its newest event.
    pub head: Seq,
    /// How far the asking member has read.
    pub read: Seq,
    /// How far the furthest of the other members has read.
    pub others_read: Seq,
    /// Messages of others after `read`.
    pub unread: u64,
    /// Messages after `read`, in threads too, that mention or call the asking member.
    pub mentions: u64,
    /// How the asking member wants to hear of it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub notify: Notify,
    /// Whether the asking member starred it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub starred: bool,
    /// The newest message, for a preview.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_message: Option<Event>,
    /// When the newest event happened, deletions apart.
    pub active_at: Timestamp,
}

/// How people may write in a room.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomRules {
    /// Only moderators begin messages; the others answer in threads and react.
    #[serde(default, skip_serializing_if = "is_default")]
    pub announcement: bool,
    /// Seconds that a member waits between two messages; 0 for none.
    #[serde(default, skip_serializing_if = "is_default")]
    pub slow_mode_s: u32,
    /// Every member may call `@room` and `@here`. Otherwise only moderators may, and in rooms of up
    /// to [`crate::limits::FREE_CALLS_MEMBERS`] everybody.
    #[serde(default, skip_serializing_if = "is_default")]
    pub free_calls: bool,
    /// Nobody writes any more; all can read.
    #[serde(default, skip_serializing_if = "is_default")]
    pub archived: bool,
    /// Days after which a message is deleted; 0 for as long as the server keeps messages. Where the
    /// server keeps them for a shorter time, that holds.
    #[serde(default, skip_serializing_if = "is_default")]
    pub keep_days: u32,
}

/// A wish to have somebody in a room, not yet answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// Into which room.
    pub conversation: ConversationId,
    /// Its name.
    pub name: RoomName,
    /// Its topic; empty for none.
    #[serde(default)]
    pub topic: Topic,
    /// Whether only members know of it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub private: bool,
    /// Who invites.
    pub by: Person,
    /// Since when.
    pub at: Timestamp,
}

/// What somebody told those who keep order about a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Its id.
    pub id: ReportId,
    /// When it was made.
    pub at: Timestamp,
    /// Who made it.
    pub by: Person,
    /// What is wrong, in their words; empty for none given.
    #[serde(default, skip_serializing_if = "is_default")]
    pub reason: Topic,
    /// The name of the room; absent for a direct.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<RoomName>,
    /// The message as it stands now.
    pub event: Event,
    /// How it was closed; absent while it is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<Closed>,
}

/// How a report was closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closed {
    /// Who closed it.
    pub by: Person,
    /// When.
    pub at: Timestamp,
    /// What was done about it; empty for nothing said.
    #[serde(default, skip_serializing_if = "is_default")]
    pub note: Topic,
}

/// A room in the directory of public rooms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomInfo {
    /// Its id.
    pub id: ConversationId,
    /// Its name.
    pub name: RoomName,
    /// Its topic; empty for none.
    #[serde(default)]
    pub topic: Topic,
    /// How many members it has.
    pub members: u64,
    /// What it is for, at more length; empty for none.
    #[serde(default, skip_serializing_if = "is_default")]
    pub description: Description,
    /// Whether nobody writes there any more.
    #[serde(default, skip_serializing_if = "is_default")]
    pub archived: bool,
    /// Whether the asking person is one of them.
    pub joined: bool,
}

/// A member of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Who.
    pub user: Person,
    /// What they may do here.
    #[serde(default, deserialize_with = "lenient::role")]
    pub role: RoomRole,
    /// How far they have read; 0 where they or the asking person do not show that.
    pub read: Seq,
    /// What is shown beside their name.
    #[serde(flatten)]
    pub card: Card,
}

/// Whether somebody is there, all their devices taken together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PresenceState {
    /// At a device.
    Online,
    /// Connected, but not at a device.
    Away,
    /// Not connected, or hidden.
    #[default]
    Offline,
}

/// One person's presence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    /// Whose.
    pub user: UserId,
    /// The state.
    #[serde(deserialize_with = "lenient::word")]
    pub state: PresenceState,
    /// When they were last online; absent while they are, and for people one may not see.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<Timestamp>,
}
