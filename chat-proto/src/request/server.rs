//! Running the server: invite codes, accounts made by an admin, lockdown, a survey of rooms.

use serde::{Deserialize, Serialize};

use crate::absent::is_default;
use crate::{
    ConversationId, Person, ResetCode, Role, RoomName, RoomRules, Secret, Timestamp, UserName, lenient,
};

/// Payload of `invite.create`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateCode {
    /// What the new accounts may do: `guest`, `member` or `admin`.
    pub role: Role,
    /// How many accounts the code makes, 1 to [`crate::limits::INVITE_USES`].
    #[serde(default = "one")]
    pub uses: u32,
    /// For how many seconds it is good, at least 1; absent for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub for_s: Option<u32>,
}

fn one() -> u32 {
    1
}

/// The answer to `invite.create`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewCode {
    /// What people type. Shown this once.
    pub code: Secret,
    /// How it stands in the list.
    pub invite: InviteCode,
}

/// An invite code, without the code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InviteCode {
    /// By what it is revoked; nothing can be made with it.
    pub id: String,
    /// What its accounts may do.
    #[serde(deserialize_with = "lenient::role")]
    pub role: Role,
    /// How many accounts it still makes.
    pub uses: u32,
    /// When it was made.
    pub at: Timestamp,
    /// When it ends; absent for never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// Payload of `invite.list`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListCodes {}

/// The answer to `invite.list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Codes {
    /// Those that still make accounts, the newest first; no more than
    /// [`crate::limits::INVITE_CODES`] can be.
    pub invites: Vec<InviteCode>,
}

/// Payload of `invite.revoke`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevokeCode {
    /// Which.
    pub id: String,
}

/// Payload of `user.create`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CreateUser {
    /// The account's name.
    pub name: UserName,
    /// Its first password, which its person should change; absent for a code with which they choose
    /// one themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
    /// What it may do.
    pub role: Role,
}

/// The answer to `user.create`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CreatedUser {
    /// The new account.
    pub user: Person,
    /// For `auth.reset`, where no password was given. Shown this once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reset: Option<ResetCode>,
}

/// Payload of `server.lockdown`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetLockdown {
    /// Begin or end it; absent to ask only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<bool>,
}

/// The answer to `server.lockdown`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lockdown {
    /// Since when nobody comes in; absent when the doors are open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
}

/// Payload of `server.rooms`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SurveyRooms {
    /// Go on after this name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<RoomName>,
    /// How many at most; the server's own bound holds besides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// A room as whoever runs the server sees it: how large it is, and nothing of what is said there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomSurvey {
    /// Which.
    pub id: ConversationId,
    /// Its name.
    pub name: RoomName,
    /// Whether only members know of it.
    pub private: bool,
    /// Whether it is closed for good.
    pub archived: bool,
    /// How people write in it, and how long it keeps what they wrote.
    #[serde(default, skip_serializing_if = "is_default")]
    pub rules: RoomRules,
    /// How many are in it.
    pub members: u64,
    /// How many messages were written in it.
    pub messages: u64,
    /// When something last happened.
    pub active_at: Timestamp,
}

/// The answer to `server.rooms`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SurveyPage {
    /// All rooms, by name, the private ones too.
    pub rooms: Vec<RoomSurvey>,
    /// Whether there are more.
    pub more: bool,
}
