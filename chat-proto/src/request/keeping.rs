//! What one keeps for oneself: starred conversations and saved messages.

use serde::{Deserialize, Serialize};

use crate::{ConversationId, Event, Seq};

/// Payload of `conversation.star`, and the answer to it: how it stands now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetStar {
    /// Which conversation.
    pub conversation: ConversationId,
    /// Star it, or do not any more.
    pub on: bool,
}

/// Payload of `saved.set`, and the answer to it: how it stands now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetSaved {
    /// In which conversation.
    pub conversation: ConversationId,
    /// Which message.
    pub seq: Seq,
    /// Save it, or do not keep it any more.
    pub on: bool,
}

/// Payload of `saved.list`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListSaved {
    /// Where the page before ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// How many messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// The answer to `saved.list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedPage {
    /// As they stand now, the one that was saved last first.
    pub messages: Vec<Event>,
    /// Where the next page begins; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}
