//! Logging in, and catching up after it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::absent::is_default;
use crate::{
    Conversation, ConversationId, DeviceName, Dnd, Epoch, Event, InboxState, Person, Privacy, Role, Secret,
    Seq, SessionId, UserId, UserName, lenient,
};

/// Payload of `auth.register`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Register {
    /// The protocol version that the client speaks.
    pub protocol: u16,
    /// The name wanted.
    pub name: UserName,
    /// The password wanted.
    pub password: Secret,
    /// An invite code, where the server asks for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invite: Option<Secret>,
    /// What to call this device in the list of sessions.
    #[serde(default)]
    pub device: DeviceName,
}

/// Payload of `auth.login`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Login {
    /// The protocol version that the client speaks.
    pub protocol: u16,
    /// The account's name.
    pub name: UserName,
    /// Its password.
    pub password: Secret,
    /// The second factor, where the account has one: what the authenticator shows, or a recovery code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Secret>,
    /// What to call this device in the list of sessions.
    #[serde(default)]
    pub device: DeviceName,
}

/// Payload of `auth.token`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Token {
    /// The protocol version that the client speaks.
    pub protocol: u16,
    /// The token that a login gave.
    pub token: Secret,
}

/// The answer to every login.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Welcome {
    /// Who one is.
    pub user: Person,
    /// What one may do on the server.
    #[serde(deserialize_with = "lenient::role")]
    pub role: Role,
    /// The session that the token stands for.
    pub session: SessionId,
    /// The new token, from `auth.register`, `auth.login` and `auth.reset` only. Shown this once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Secret>,
    /// This life of the database.
    pub epoch: Epoch,
    /// What one shows to others.
    #[serde(default)]
    pub privacy: Privacy,
    /// Whom one blocks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blocked: Vec<UserId>,
    /// The most recently active conversations.
    pub conversations: Vec<Conversation>,
    /// Where `conversation.list` goes on, if there are more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// How one's inbox stands.
    #[serde(default)]
    pub inbox: InboxState,
    /// When one is not to be disturbed.
    #[serde(default, skip_serializing_if = "is_default")]
    pub dnd: Dnd,
}

/// Payload of `auth.logout`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Logout {}

/// The answer of requests that have nothing to tell.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {}

/// Payload of `sync.resume`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Resume {
    /// The epoch in which the positions were seen.
    pub epoch: Epoch,
    /// The last event held, by conversation.
    pub conversations: BTreeMap<ConversationId, Seq>,
}

/// The answer to `sync.resume`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Resumed {
    /// False when the epoch is another one: forget the positions and the cached events, and
    /// start from the conversations in [`Welcome`]. The rest is then empty.
    pub same_epoch: bool,
    /// The stated conversations that have moved on.
    pub resumed: Vec<Missed>,
    /// The stated conversations that one is not (any more) a member of.
    pub gone: Vec<ConversationId>,
}

/// What happened in one conversation since the stated position.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Missed {
    /// Where.
    pub conversation: ConversationId,
    /// The events that follow the stated position, oldest first, without a gap.
    pub events: Vec<Event>,
    /// The newest event's number. When `events` ends before it, the rest is for `history.get`.
    pub head: Seq,
}
