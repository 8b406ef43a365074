//! Events: what happened in a conversation, stored, numbered and never lost.

use serde::{Deserialize, Serialize};

use crate::{Body, ClientId, ConversationId, Person, RoomName, Seq, Timestamp, Topic, UserId};

/// One entry of a conversation's log.
///
/// It holds nothing that depends on who receives it, so the server encodes it once for everybody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Where it happened.
    pub conversation: ConversationId,
    /// Its number there.
    pub seq: Seq,
    /// When, by the server's clock. Order comes from `seq`, never from this.
    pub at: Timestamp,
    /// Who did it. Only the server states this.
    pub author: Person,
    /// What happened.
    #[serde(flatten)]
    pub what: EventKind,
}

/// What can happen in a conversation; the `kind` on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind")]
pub enum EventKind {
    /// The conversation began; always number 1. The author is its first member.
    #[serde(rename = "created")]
    Created {
        /// The creator's id for this request, which makes a repeated create harmless.
        client_id: ClientId,
        /// The room's name; a direct has none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<RoomName>,
        /// The room's topic; empty for none.
        #[serde(default)]
        topic: Topic,
    },
    /// Somebody wrote something.
    #[serde(rename = "message")]
    Message {
        /// The author's id for this message.
        client_id: ClientId,
        /// What was written.
        body: Body,
        /// The members whom it mentions by name.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        mentions: Vec<UserId>,
    },
    /// The author came in.
    #[serde(rename = "joined")]
    Joined,
    /// The author went out.
    #[serde(rename = "left")]
    Left,
    /// The author set the room's topic.
    #[serde(rename = "topic")]
    Topic {
        /// The new topic; empty for none.
        topic: Topic,
    },
    /// A kind that this version does not know. It has its number like every other event; a
    /// reader counts it and shows nothing.
    #[serde(other)]
    Unknown,
}

impl Event {
    /// The message body, if this is a message.
    #[must_use]
    pub fn body(&self) -> Option<&Body> {
        match &self.what {
            EventKind::Message { body, .. } => Some(body),
            _ => None,
        }
    }

    /// Whether this is a message that mentions somebody.
    #[must_use]
    pub fn mentions(&self, user: UserId) -> bool {
        matches!(&self.what, EventKind::Message { mentions, .. } if mentions.contains(&user))
    }
}
