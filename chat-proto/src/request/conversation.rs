//! Conversations: listing, opening, reading and marking them.

use serde::{Deserialize, Serialize};

use crate::{Conversation, ConversationId, Event, Seq, UserName};

/// Payload of `conversation.list`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListConversations {
    /// Where the page before ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// How many rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// The answer to `conversation.list`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConversationPage {
    /// The most recently active first.
    pub conversations: Vec<Conversation>,
    /// Where the next page begins; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// Payload of `conversation.get`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetConversation {
    /// Which.
    pub conversation: ConversationId,
}

/// Payload of `direct.open`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenDirect {
    /// With whom.
    pub user: UserName,
    /// Who else, for a group of up to nine with oneself. The same people share one conversation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<UserName>,
}

/// Payload of `history.get`. At most one of `before`, `after` and `around`; without any, the
/// newest page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetHistory {
    /// Of which conversation.
    pub conversation: ConversationId,
    /// Events with smaller numbers, the nearest ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Seq>,
    /// Events with greater numbers, the nearest ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Seq>,
    /// Events on both sides of this number, and itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub around: Option<Seq>,
    /// How many events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// The answer to `history.get`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryPage {
    /// Of which conversation.
    pub conversation: ConversationId,
    /// Oldest first, without a gap.
    pub events: Vec<Event>,
    /// The newest event's number in the conversation.
    pub head: Seq,
    /// Whether there are events before the first of these.
    pub more_before: bool,
    /// Whether there are events after the last of these.
    pub more_after: bool,
}

/// Payload of `read.mark`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarkRead {
    /// Where.
    pub conversation: ConversationId,
    /// Up to and with which event.
    pub seq: Seq,
}

/// The answer to `read.mark`: how it stands now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadState {
    /// Where.
    pub conversation: ConversationId,
    /// The read mark, which may be further than asked.
    pub read: Seq,
    /// Messages of others after it.
    pub unread: u64,
    /// Those of them that mention oneself.
    pub mentions: u64,
}
