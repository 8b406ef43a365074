//! Messages: sending and changing them, pins, versions, threads.

use serde::{Deserialize, Serialize};

use crate::absent::is_default;
use crate::{Body, ClientId, ConversationId, Emoji, Event, FileId, Seq, ThreadState, Timestamp};

/// Where an event landed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// In which conversation.
    pub conversation: ConversationId,
    /// Its number there.
    pub seq: Seq,
}

/// Payload of `message.send`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendMessage {
    /// Where to.
    pub conversation: ConversationId,
    /// The client's id for this message: a repeat gives the first result, never a second message.
    pub client_id: ClientId,
    /// What to say; may be empty beside files.
    pub body: Body,
    /// Files to go with it: own uploads that are complete. At most
    /// [`crate::limits::FILES_PER_MESSAGE`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<FileId>,
    /// True for an action, as `/me` writes it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub action: bool,
    /// The message that it answers, in the same conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<Seq>,
    /// The message under which it continues a thread; that of a thread's message is its first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<Seq>,
    /// A message to forward, which the sender can read; its text and its files are then sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forward: Option<Position>,
}

impl SendMessage {
    /// A plain message without any ties.
    #[must_use]
    pub fn new(conversation: ConversationId, client_id: ClientId, body: Body) -> Self {
        Self {
            conversation,
            client_id,
            body,
            files: Vec::new(),
            action: false,
            reply_to: None,
            thread: None,
            forward: None,
        }
    }
}

/// Payload of `message.edit`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EditMessage {
    /// Where.
    pub conversation: ConversationId,
    /// Which message.
    pub seq: Seq,
    /// Its new text.
    pub body: Body,
}

/// Payload of `message.delete`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteMessage {
    /// Where.
    pub conversation: ConversationId,
    /// Which message.
    pub seq: Seq,
}

/// Payload of `message.react`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct React {
    /// Where.
    pub conversation: ConversationId,
    /// To which message.
    pub seq: Seq,
    /// With what.
    pub emoji: Emoji,
    /// Put, or take back.
    pub on: bool,
}

/// The answer to `message.react`: how it stands now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReactionState {
    /// Where.
    pub conversation: ConversationId,
    /// Which message.
    pub seq: Seq,
    /// Whether the own reaction with this emoji is there.
    pub on: bool,
}

/// Payload of `message.pin`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PinMessage {
    /// Where.
    pub conversation: ConversationId,
    /// Which message.
    pub seq: Seq,
    /// Pin, or unpin.
    pub on: bool,
}

/// The answer to `message.pin`: how it stands now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PinState {
    /// Where.
    pub conversation: ConversationId,
    /// Which message.
    pub seq: Seq,
    /// Whether it is pinned.
    pub on: bool,
}

/// Payload of `message.pins`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListPins {
    /// Of which conversation.
    pub conversation: ConversationId,
}

/// Some messages of a conversation, oldest first, not without gaps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Messages {
    /// Of which conversation.
    pub conversation: ConversationId,
    /// As they stand now.
    pub events: Vec<Event>,
}

/// Payload of `message.versions`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListVersions {
    /// Where.
    pub conversation: ConversationId,
    /// Which message.
    pub seq: Seq,
}

/// The answer to `message.versions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Versions {
    /// Where.
    pub conversation: ConversationId,
    /// Which message.
    pub seq: Seq,
    /// The texts that it had before the one it has now, oldest first.
    pub versions: Vec<Version>,
}

/// One earlier text of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// What it said.
    pub body: Body,
    /// From when on.
    pub at: Timestamp,
}

/// Payload of `thread.get`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetThread {
    /// Of which conversation.
    pub conversation: ConversationId,
    /// The thread's first message.
    pub thread: Seq,
    /// Messages with greater numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Seq>,
    /// How many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// The answer to `thread.get`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThreadPage {
    /// Of which conversation.
    pub conversation: ConversationId,
    /// The thread's first message, as it stands now.
    pub root: Event,
    /// Messages of the thread, oldest first.
    pub events: Vec<Event>,
    /// Whether there are more after the last.
    pub more: bool,
    /// How the asking person stands to it.
    pub state: ThreadState,
}

/// The answer to `message.send`: it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// Where.
    pub conversation: ConversationId,
    /// Its number there.
    pub seq: Seq,
    /// When, by the server's clock.
    pub at: Timestamp,
    /// Whether this `client_id` had been stored before; `seq` is then the first one's.
    #[serde(default)]
    pub duplicate: bool,
}
