//! What goes out of one server and into another: the lines of an export, as docs/export.md says
//! them. They are the same for an export of ours and for what is read out of Slack's.

use chat_proto::{
    ConversationId, ConversationKind, Description, DisplayName, Dnd, Event, FileId, FileName, Notify,
    Privacy, Role, RoomName, RoomRole, RoomRules, Seq, Status, Timestamp, Topic, UserId, UserName, Zone,
};
use serde::{Deserialize, Serialize};

/// The form of the lines. A program refuses those that are newer than itself. 2 knows what people keep
/// and where they stand ([`Aside`](super::Aside), [`About`], [`MemberMarks`]).
pub const EXPORT_FORMAT: u32 = 2;

/// One line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Record {
    /// The first line.
    Export(Header),
    /// An account.
    User(UserRecord),
    /// A file, whose bytes lie beside the lines.
    File(FileRecord),
    /// A conversation; its events follow.
    Conversation(Box<ConversationRecord>),
    /// An event of the conversation before it, as it stands now, in the order of `seq`.
    Event(Box<Event>),
    /// An earlier text of an edited message.
    Version(VersionRecord),
}

/// What an export says of itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// [`EXPORT_FORMAT`]
    pub format: u32,
    /// The version of the program that made it.
    pub version: String,
    /// When it was made.
    pub at: Timestamp,
    /// Whose words these are, if they are only one person's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<UserName>,
}

/// An account, without anything secret.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UserRecord {
    /// Its id.
    pub id: UserId,
    /// Its name.
    pub name: UserName,
    /// The name in the person's own spelling.
    #[serde(default)]
    pub display_name: DisplayName,
    /// What it may do.
    #[serde(default)]
    pub role: Role,
    /// Whether it is a program's.
    #[serde(default)]
    pub bot: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// What the person says of themselves and how they want to be met.
    #[serde(flatten)]
    pub about: About,
}

/// What somebody says of themselves and how they want to be met.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct About {
    /// What they are doing.
    #[serde(default)]
    pub status: Status,
    /// Where their clock is.
    #[serde(default)]
    pub zone: Zone,
    /// What they show.
    #[serde(default)]
    pub privacy: Privacy,
    /// When they are not to be disturbed.
    #[serde(default)]
    pub dnd: Dnd,
    /// Since when the account is disabled, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled_at: Option<Timestamp>,
}

/// A file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FileRecord {
    /// Its id, as messages name it.
    pub id: FileId,
    /// Who uploaded it.
    pub owner: UserId,
    /// Its name.
    pub name: FileName,
    /// How many bytes.
    pub size: u64,
    /// The SHA-256 of its bytes, under which they lie in `files/`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// When the upload began.
    pub at: Timestamp,
}

/// A conversation, apart from its events.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConversationRecord {
    /// Its id.
    pub id: ConversationId,
    /// Room or direct.
    pub kind: ConversationKind,
    /// The room's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<RoomName>,
    /// Its topic.
    #[serde(default)]
    pub topic: Topic,
    /// What it is for.
    #[serde(default)]
    pub description: Description,
    /// Whether only members know of it.
    #[serde(default)]
    pub private: bool,
    /// How people write in it.
    #[serde(default)]
    pub rules: RoomRules,
    /// Who is in it.
    #[serde(default)]
    pub members: Vec<MemberRecord>,
}

/// A member of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberRecord {
    /// Who.
    pub user: UserId,
    /// What they may do there.
    #[serde(default)]
    pub role: RoomRole,
    /// Where they stand.
    #[serde(flatten)]
    pub marks: MemberMarks,
}

/// Where somebody stands in a conversation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberMarks {
    /// How far they have read; to the end, if it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read: Option<Seq>,
    /// How they want to hear of it.
    #[serde(default)]
    pub notify: Notify,
    /// Whether they have starred it.
    #[serde(default)]
    pub starred: bool,
}

/// An earlier text of a message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VersionRecord {
    /// Where.
    pub conversation: ConversationId,
    /// Which message.
    pub target: Seq,
    /// The event that gave this text.
    pub seq: Seq,
    /// When.
    pub at: Timestamp,
    /// The text.
    pub body: String,
}

/// What became of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrived {
    /// Who it is here.
    pub id: UserId,
    /// Under which name.
    pub name: UserName,
    /// How.
    pub how: Arrival,
    /// Whether nobody can have logged in to it yet, so that it is as the export says.
    pub is_unclaimed: bool,
}

/// How an account came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// It was here already, under the same id.
    Known,
    /// An account of that name was here; what the export says of it is said of that one.
    Matched,
    /// It is new.
    Made,
}

/// Where the events of a conversation of an export go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Into which conversation.
    pub conversation: ConversationId,
    /// What is added to their numbers.
    pub shift: u64,
    /// The last of them, by its number in the export, that is here.
    pub head: u64,
    /// Under which name, if it is a room.
    pub name: Option<RoomName>,
    /// Whether it is new.
    pub is_new: bool,
    /// Whether an import began with it and did not come to its end.
    pub is_unfinished: bool,
}

/// Why a conversation cannot take more events of an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WentOn;
