//! The inbox: what calls for one person, across all their conversations; and their threads.

use serde::{Deserialize, Serialize};

use crate::absent::is_default;
use crate::{ConversationId, Event, Seq, lenient};

/// Whom a message calls beside those it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Call {
    /// `@here`: the members who were connected.
    Here,
    /// `@room`: every member.
    Room,
}

/// Why a message is in somebody's inbox; the first that holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reason {
    /// It mentions them by name.
    #[default]
    Mention,
    /// It calls every member of the room.
    Room,
    /// It calls the members who were connected, and they were.
    Here,
    /// It answers a message of theirs.
    Reply,
    /// It continues a thread that they follow.
    Thread,
}

impl Reason {
    /// Every reason, the strongest first.
    pub const ALL: [Reason; 5] = [Reason::Mention, Reason::Room, Reason::Here, Reason::Reply, Reason::Thread];

    /// The word on the wire and in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::Mention => "mention",
            Reason::Room => "room",
            Reason::Here => "here",
            Reason::Reply => "reply",
            Reason::Thread => "thread",
        }
    }

    /// Whether it counts among the conversation's `mentions`.
    #[must_use]
    pub fn is_call(self) -> bool {
        matches!(self, Reason::Mention | Reason::Room | Reason::Here)
    }
}

/// A message in somebody's inbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InboxItem {
    /// The message, as it stands now.
    pub event: Event,
    /// Why it is there.
    #[serde(deserialize_with = "lenient::word")]
    pub reason: Reason,
    /// Whether they have read it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub read: bool,
}

/// How an inbox stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InboxState {
    /// Messages in it that are not read.
    pub unread: u64,
    /// Grows with every change; of two states, that with the greater one is the later.
    pub revision: u64,
}

/// A thread as one person stands to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThreadState {
    /// In which conversation.
    pub conversation: ConversationId,
    /// Its first message.
    pub thread: Seq,
    /// Whether its messages come into the inbox.
    pub following: bool,
    /// How far the person has read in it.
    pub read: Seq,
    /// Messages of others in it after that.
    pub unread: u64,
}

/// A followed thread in the list of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FollowedThread {
    /// Its first message, as it stands now.
    pub root: Event,
    /// Its newest message.
    pub last: Event,
    /// How the person stands to it.
    pub state: ThreadState,
}
