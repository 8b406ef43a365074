//! Keeping order: bans, mutes, purges, reports, and the log of such acts.

use serde::{Deserialize, Serialize};

use crate::absent::is_default;
use crate::{
    ConversationId, Event, Person, Report, ReportId, RoomName, RoomRules, Seq, Timestamp, Topic, UserName,
};

/// Payload of `member.ban`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BanMember {
    /// From which room.
    pub conversation: ConversationId,
    /// Whom; they need not be a member.
    pub user: UserName,
    /// For how many seconds; absent for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub for_s: Option<u32>,
    /// Why, for everybody in the room and for them to read.
    #[serde(default, skip_serializing_if = "is_default")]
    pub reason: Topic,
}

/// Payload of `member.unban`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnbanMember {
    /// From which room they were banned.
    pub conversation: ConversationId,
    /// Whom.
    pub user: UserName,
}

/// Payload of `member.mute`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MuteMember {
    /// In which room.
    pub conversation: ConversationId,
    /// Whom.
    pub user: UserName,
    /// For how many seconds; absent for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub for_s: Option<u32>,
    /// Why, for everybody in the room to read.
    #[serde(default, skip_serializing_if = "is_default")]
    pub reason: Topic,
}

/// Payload of `member.unmute`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnmuteMember {
    /// In which room.
    pub conversation: ConversationId,
    /// Whom.
    pub user: UserName,
}

/// Payload of `user.ban`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BanUser {
    /// Whom.
    pub user: UserName,
    /// For how many seconds; absent for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub for_s: Option<u32>,
    /// Why, for them to read.
    #[serde(default, skip_serializing_if = "is_default")]
    pub reason: Topic,
}

/// Payload of `user.unban`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnbanUser {
    /// Whom.
    pub user: UserName,
}

/// Payload of `user.mute`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MuteUser {
    /// Whom.
    pub user: UserName,
    /// For how many seconds; absent for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub for_s: Option<u32>,
    /// Why, for them to read.
    #[serde(default, skip_serializing_if = "is_default")]
    pub reason: Topic,
}

/// Payload of `user.unmute`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnmuteUser {
    /// Whom.
    pub user: UserName,
}

/// Payload of `ban.list`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListBans {
    /// Of which room; absent for those of the whole server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<ConversationId>,
    /// The mutes in place of the bans.
    #[serde(default, skip_serializing_if = "is_default")]
    pub mutes: bool,
    /// The last name of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<UserName>,
    /// How many rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// The answer to `ban.list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BanPage {
    /// Those in force, by name.
    pub bans: Vec<Ban>,
    /// Whether there are more after the last.
    pub more: bool,
}

/// A ban or a mute in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ban {
    /// Who may not.
    pub user: Person,
    /// Who said so.
    pub by: Person,
    /// When.
    pub at: Timestamp,
    /// Until when; absent for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Why; empty for no reason given.
    #[serde(default, skip_serializing_if = "is_default")]
    pub reason: Topic,
}

/// Payload of `user.purge`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Purge {
    /// Whose messages.
    pub user: UserName,
    /// In which room; absent for everywhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<ConversationId>,
    /// Those of the last so many seconds; absent for [`crate::limits::PURGE_S`], which is the most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within_s: Option<u32>,
    /// Why, for the log.
    #[serde(default, skip_serializing_if = "is_default")]
    pub reason: Topic,
}

/// The answer to `user.purge`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Purged {
    /// How many messages were deleted.
    pub deleted: u64,
    /// Whether there are more, past [`crate::limits::PURGED_MESSAGES`]; ask again.
    #[serde(default, skip_serializing_if = "is_default")]
    pub more: bool,
}

/// Payload of `report.create`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateReport {
    /// Where the message is.
    pub conversation: ConversationId,
    /// Which message.
    pub seq: Seq,
    /// What is wrong with it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub reason: Topic,
}

/// Payload of `report.list`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListReports {
    /// About which conversation; absent for all, which is for admins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<ConversationId>,
    /// Closed ones as well.
    #[serde(default, skip_serializing_if = "is_default")]
    pub all: bool,
    /// Where the page before ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// How many rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// The answer to `report.list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportPage {
    /// The newest first.
    pub reports: Vec<Report>,
    /// Where the next page begins, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// Payload of `report.close`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloseReport {
    /// Which.
    pub report: ReportId,
    /// What was done about it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub note: Topic,
}

/// Payload of `audit.list`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListAudit {
    /// Acts in which room; absent for all, which is for admins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<ConversationId>,
    /// Where the page before ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// How many rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// The answer to `audit.list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditPage {
    /// The newest first.
    pub entries: Vec<AuditEntry>,
    /// Where the next page begins, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// One act of keeping order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Its number; greater is later.
    pub id: u64,
    /// When.
    pub at: Timestamp,
    /// Who did it.
    pub actor: Person,
    /// What, in one word of the specification's list.
    pub act: String,
    /// In which conversation; absent for the whole server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<ConversationId>,
    /// That room's name now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<RoomName>,
    /// To whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Person>,
    /// What else belongs to the act.
    #[serde(default, skip_serializing_if = "is_default")]
    pub details: AuditDetails,
    /// Why; empty for no reason given.
    #[serde(default, skip_serializing_if = "is_default")]
    pub reason: Topic,
}

/// What belongs to an act of keeping order, by its kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditDetails {
    /// Until when a ban or mute holds; absent for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Which message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<Seq>,
    /// The role that was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The rules as they were then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<RoomRules>,
    /// The new name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How far back a purge reached, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within_s: Option<u32>,
    /// How many messages it found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub messages: Option<u64>,
}

impl Report {
    /// The message that it is about, unless it was deleted.
    #[must_use]
    pub fn message(&self) -> Option<&Event> {
        Some(&self.event).filter(|event| event.message().is_some())
    }
}
