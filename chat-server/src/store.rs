//! Floor 2: what the server remembers, in the product's words.
//!
//! 1. A verb that changes something returns after its commit is on the disk.
//! 2. The store refuses a taken number, name or client id ([`StoreError::Conflict`]); it is the
//!    referee between writers and knows no policy of its own.
//! 3. No SQL stands outside this folder.
//!
//! There are two engines: `sqlite`, one file for one server, and `postgres`, one database for several.
//! The verbs are written once, in `verbs`, over the little of SQL drivers in `sql`; only what the engines
//! do differently stands with them.

mod aside;
mod bots;
mod copy;
mod engine;
mod exchange;
mod files;
mod moderation;
mod nodes;
mod people;
mod postgres;
mod search;
mod sign_in;
mod sql;
mod sqlite;
mod verbs;

use chat_proto::{
    Conversation, ConversationId, ConversationKind, Description, Event, Member, Person, PersonRow, Reason,
    Role, RoomInfo, RoomName, Scopes, Seq, SessionId, ThreadState, Timestamp, Topic, UserId, UserName,
};
use thiserror::Error;

use crate::auth::SecretHash;
use crate::domain::audit::Note;
use crate::domain::{Hearing, ReadPosition};

pub use aside::{Aside, AsideKind, Field, Group, Is, Translation, Untranslated};
pub use bots::{
    BotAccount, Delivery, Failure, IncomingTarget, NewBot, NewIncomingHook, NewOutgoingHook, NewToken,
    OutgoingTarget, Standing,
};
pub use copy::{CopyError, Copying, copy};
pub use engine::{OpenError, Store};
pub use exchange::{
    About, Arrival, Arrived, ConversationRecord, EXPORT_FORMAT, FileRecord, Header, MemberMarks,
    MemberRecord, Place, Record, UserRecord, VersionRecord, WentOn,
};
pub use files::{Completion, Content, ContentHash, Deletion, Fetchable, FileQuotas, NewFile, NoRoom, Upload};
pub use moderation::{BanKind, Bans, NewReport, ReportCursor, Reported};
pub use nodes::{AccountStanding, Act, Kept, NewsPosition, WhatsNew};
pub use people::ReadBy;
pub use postgres::{Address, AddressError, Claim, Claimed, Looked, claim, look};
pub use search::{Hits, Search, SearchCursor};
pub use sign_in::{AtLogin, EndedSession, Identity, PendingReset, Proof, Refusal, StoredFactor};
pub use sql::Error as SqlError;
pub use sqlite::{Checked, Facts, Resting, RestingError, check};
pub use verbs::noted_every;

/// Why the store did not do it. Nothing was changed.
#[derive(Debug, Clone, Error)]
pub enum StoreError {
    /// Another writer was first: the number, name or id is taken.
    #[error("taken by another writer")]
    Conflict,
    /// Another writer's event is in the conversation that was not known; nothing else is wrong.
    #[error("another writer was first")]
    Overtaken,
    /// The disk, the database or its thread failed.
    #[error("{0}")]
    Failed(String),
}

/// An account as sign-in needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Who.
    pub person: Person,
    /// What it may do.
    pub role: Role,
    /// The PHC string of its password; another text where it has none.
    pub password: String,
    /// Whether an admin has disabled it.
    pub disabled: bool,
}

/// An account to be made.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// Its id.
    pub id: UserId,
    /// Its name.
    pub name: UserName,
    /// What the name looks like (UTS #39); no two accounts may look the same.
    pub skeleton: String,
    /// The PHC string of its password.
    pub password: String,
    /// The hash of the invite code that came with the wish.
    pub invite: Option<SecretHash>,
    /// Now.
    pub at: Timestamp,
}

/// A login to be remembered.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// Its id.
    pub id: SessionId,
    /// Whose.
    pub user: UserId,
    /// The hash of its token.
    pub token: SecretHash,
    /// What the device is called.
    pub device: String,
    /// What was proven; the session begins only while it still is so.
    pub proof: Proof,
    /// Whether a second factor was proven besides; without it the session begins only while none
    /// is asked for.
    pub second_factor: bool,
    /// Now.
    pub at: Timestamp,
}

/// Who a token stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownSession {
    /// The session.
    pub id: SessionId,
    /// Whose.
    pub person: Person,
    /// What the account may do.
    pub role: Role,
    /// What the token is good for, if it is a bot's.
    pub scopes: Option<Scopes>,
}

/// An invite to be made.
#[derive(Debug, Clone)]
pub struct NewInvite {
    /// The hash of its code.
    pub code: SecretHash,
    /// The role of the accounts it makes.
    pub role: Role,
    /// How many accounts it makes.
    pub uses: u32,
    /// Now.
    pub at: Timestamp,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
}

/// One change of a conversation, to be committed.
#[derive(Debug, Clone)]
pub enum Write {
    /// A conversation begins.
    Begin {
        /// Room or direct.
        kind: ConversationKind,
        /// The room's name.
        name: Option<RoomName>,
        /// What the room is for, at more length.
        description: Description,
        /// Whether only members know of it.
        private: bool,
        /// The first members; all of a direct.
        members: Vec<UserId>,
        /// The first event.
        event: Event,
    },
    /// An event happens.
    Event {
        /// What.
        event: Event,
        /// How many messages the main line has with it.
        messages: u64,
        /// Who hears of it.
        hearing: Hearing,
    },
    /// An act is noted, together with what it did.
    Note(Note),
    /// A read mark moves.
    Read {
        /// Where.
        conversation: ConversationId,
        /// Whose.
        user: UserId,
        /// To where.
        position: ReadPosition,
        /// The newest event when the position was counted.
        as_of: Seq,
    },
}

/// What followed from a commit for single people, for those who are connected to be told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Committed {
    /// What came into inboxes.
    pub notices: Vec<Notice>,
    /// Whose inbox changed; some more than once.
    pub inboxes: Vec<UserId>,
    /// Who stands how to the threads that changed.
    pub threads: Vec<(UserId, ThreadState)>,
    /// Conversations whose members' counts were set back, because a message is gone, or which are not in memory as they
    /// were when a mark was counted.
    pub recounted: Vec<ConversationId>,
    /// Conversations in which another writer was first, so that nothing was changed there.
    pub overtaken: Vec<ConversationId>,
    /// Conversations in which another writer was first, and this turn was put behind what they wrote.
    pub rebased: Vec<Rebased>,
    /// Read marks whose counts were not as they had been decided, because of what another writer did first.
    pub marks: Vec<(ConversationId, UserId, ReadPosition)>,
}

/// A conversation in which messages of another writer came before those of a turn, whose numbers moved up by as
/// many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rebased {
    /// Where.
    pub conversation: ConversationId,
    /// What came before.
    pub onto: Vec<Event>,
    /// What of that came into inboxes.
    pub notices: Vec<Notice>,
}

impl Rebased {
    /// Whom its messages call, once for each call.
    pub fn called(&self) -> impl Iterator<Item = UserId> {
        self.notices.iter().filter(|notice| notice.reason.is_call()).map(|notice| notice.user)
    }
}

/// A message in somebody's inbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notice {
    /// Whose.
    pub user: UserId,
    /// Where it was written.
    pub conversation: ConversationId,
    /// Its number there.
    pub seq: Seq,
    /// Why it is there.
    pub reason: Reason,
}

/// Where a page of history lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// The newest events.
    Newest,
    /// The nearest before this one.
    Before(Seq),
    /// The nearest after this one.
    After(Seq),
    /// Both sides of this one, and itself.
    Around(Seq),
}

/// What a client id was used for first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FirstUse {
    /// In which conversation.
    pub conversation: ConversationId,
    /// As which event.
    pub seq: Seq,
    /// When.
    pub at: Timestamp,
    /// Whether that event is a message (else it is the conversation's first).
    pub is_message: bool,
}

/// A page of rows and whether more follow.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// Whether there are more.
    pub more: bool,
}

/// What came of saving a message for oneself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Saving {
    /// It stands as wished.
    Done,
    /// There is no such message for them.
    NoMessage,
    /// They keep as many as are kept.
    Full,
}

/// A page of events.
#[derive(Debug, Clone, PartialEq)]
pub struct EventPage {
    /// Oldest first.
    pub events: Vec<Event>,
    /// The conversation's newest number.
    pub head: Seq,
}

/// Where a page of conversations begins: after this one in the order of activity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActivityCursor {
    /// When it was last active.
    pub active_at: Timestamp,
    /// Which it is.
    pub id: ConversationId,
}

impl ActivityCursor {
    /// The position of a conversation.
    #[must_use]
    pub fn at(conversation: &Conversation) -> Self {
        Self { active_at: conversation.active_at, id: conversation.id }
    }

    /// The opaque text that clients hold.
    #[must_use]
    pub fn encode(self) -> String {
        format!("{}.{}", self.active_at, self.id)
    }

    /// Reads such a text; `None` for any other.
    #[must_use]
    pub fn decode(text: &str) -> Option<Self> {
        let (active_at, id) = text.split_once('.')?;
        Some(Self { active_at: Timestamp(active_at.parse().ok()?), id: id.parse().ok()? })
    }
}

/// Where a page of an inbox, of threads or of saved messages begins: after this one in the order of
/// time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InboxCursor {
    /// When it was written.
    pub at: Timestamp,
    /// Where.
    pub conversation: ConversationId,
    /// Its number there.
    pub seq: Seq,
}

impl InboxCursor {
    /// Before every message.
    pub(crate) const NEWEST: InboxCursor = InboxCursor {
        at: Timestamp(i64::MAX),
        conversation: ConversationId(uuid::Uuid::max()),
        seq: Seq(u64::MAX),
    };

    /// The opaque text that clients hold.
    #[must_use]
    pub fn encode(self) -> String {
        format!("{}.{}.{}", self.at, self.conversation, self.seq)
    }

    /// Reads such a text; `None` for any other.
    #[must_use]
    pub fn decode(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let at = Timestamp(parts.next()?.parse().ok()?);
        let conversation = parts.next()?.parse().ok()?;
        let seq = Seq(parts.next()?.parse().ok()?);
        parts.next().is_none().then_some(Self { at, conversation, seq })
    }
}

/// Members in conversations larger than this are not told how far each other has read; it would
/// be a frame to everybody whenever anybody looks.
pub const READ_MARKS_SHOWN_UP_TO: u64 = 100;

/// Rows of a directory page.
pub type Rooms = Page<RoomInfo>;
/// Rows of a member page.
pub type Members = Page<Member>;
/// Rows of a people page.
pub type People = Page<PersonRow>;

/// A room's topic as stored with its row; a direct's is empty.
pub(crate) fn topic_of(event: &Event) -> Topic {
    match &event.what {
        chat_proto::EventKind::Created { topic, .. } | chat_proto::EventKind::Topic { topic } => {
            topic.clone()
        }
        _ => Topic::default(),
    }
}
