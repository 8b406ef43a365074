//! Webhooks of a room: incoming ones, to which other programs post, and outgoing ones, by which
//! other programs are told.

use serde::{Deserialize, Deserializer, Serialize};

use crate::absent::is_default;
use crate::{ConversationId, HookId, Person, Secret, Timestamp, Topic, UserName, lenient};

/// Payload of `incoming.create`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateIncoming {
    /// For which room.
    pub conversation: ConversationId,
    /// The name of the bot as which it writes; it comes into the room.
    pub name: UserName,
}

/// The answer to `incoming.create`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewIncoming {
    /// The webhook.
    pub hook: IncomingHook,
    /// The path on this server to which messages are posted: `/hooks/…`. Shown this once; whoever
    /// has it can write in the room.
    pub path: Secret,
}

/// An incoming webhook, as moderators see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncomingHook {
    /// Its id.
    pub id: HookId,
    /// The bot as which it writes.
    pub bot: Person,
    /// Who made it.
    pub by: Person,
    /// Since when.
    pub at: Timestamp,
}

/// Payload of `incoming.list`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListIncoming {
    /// Of which room.
    pub conversation: ConversationId,
}

/// The answer to `incoming.list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncomingHooks {
    /// Of which room.
    pub conversation: ConversationId,
    /// By the names of their bots.
    pub hooks: Vec<IncomingHook>,
}

/// Payload of `incoming.delete`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteIncoming {
    /// Of which room.
    pub conversation: ConversationId,
    /// Which.
    pub hook: HookId,
}

/// The kinds of event that an outgoing webhook is told; none named means all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct HookEvents(Vec<String>);

impl HookEvents {
    /// The kinds that there are.
    pub const KINDS: [&'static str; 19] = [
        "created",
        "message",
        "edited",
        "deleted",
        "reaction",
        "pinned",
        "joined",
        "left",
        "invited",
        "removed",
        "role",
        "renamed",
        "banned",
        "described",
        "muted",
        "unbanned",
        "unmuted",
        "rules",
        "topic",
    ];

    /// Takes these kinds, each once; `all` and an empty list are all.
    ///
    /// # Errors
    /// The word that is none.
    pub fn new<T: AsRef<str>>(words: impl IntoIterator<Item = T>) -> Result<Self, String> {
        let mut kinds: Vec<String> = Vec::new();
        for word in words {
            match word.as_ref() {
                "all" => return Ok(Self::default()),
                kind if !Self::KINDS.contains(&kind) => return Err(kind.chars().take(40).collect()),
                kind if kinds.iter().any(|known| known == kind) => {}
                kind => kinds.push(kind.to_owned()),
            }
        }
        Ok(Self(kinds))
    }

    /// Whether events of this kind are told.
    #[must_use]
    pub fn has(&self, kind: &str) -> bool {
        self.0.is_empty() || self.0.iter().any(|known| known == kind)
    }

    /// The kinds; empty for all.
    #[must_use]
    pub fn kinds(&self) -> &[String] {
        &self.0
    }
}

impl<'de> Deserialize<'de> for HookEvents {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let words = Vec::<String>::deserialize(deserializer)?;
        Self::new(words).map_err(|word| {
            serde::de::Error::custom(format_args!(
                "there is no event {word:?}; there are {}",
                Self::KINDS.join(", ")
            ))
        })
    }
}

/// Payload of `outgoing.create`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateOutgoing {
    /// For which room.
    pub conversation: ConversationId,
    /// Where to post, `https://…` or `http://…`.
    pub url: String,
    /// Which kinds of event; absent for all.
    #[serde(default, skip_serializing_if = "is_default")]
    pub events: HookEvents,
    /// Only messages of people that begin with this text, in any case.
    #[serde(default, skip_serializing_if = "is_default")]
    pub trigger: Topic,
}

/// The answer to `outgoing.create`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewOutgoing {
    /// The webhook.
    pub hook: OutgoingHook,
    /// The key of its signatures, `whsec_…`. Shown this once.
    pub secret: Secret,
}

/// How an outgoing webhook fares.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HookState {
    /// Its last call was taken, or there was none.
    #[default]
    Working,
    /// Its last call was not taken; the server tries again.
    Failing,
    /// It said that it is gone, or failed for a day; the server has given it up.
    Disabled,
}

impl HookState {
    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            HookState::Working => "working",
            HookState::Failing => "failing",
            HookState::Disabled => "disabled",
        }
    }
}

/// An outgoing webhook, as moderators see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutgoingHook {
    /// Its id.
    pub id: HookId,
    /// Where it posts.
    pub url: String,
    /// Which kinds of event; absent for all.
    #[serde(default, skip_serializing_if = "is_default")]
    pub events: HookEvents,
    /// Only messages that begin with this text.
    #[serde(default, skip_serializing_if = "is_default")]
    pub trigger: Topic,
    /// Who made it.
    pub by: Person,
    /// Since when.
    pub at: Timestamp,
    /// How it fares.
    #[serde(default, deserialize_with = "lenient::word")]
    pub state: HookState,
    /// What went wrong with the last call; empty while it works.
    #[serde(default, skip_serializing_if = "is_default")]
    pub problem: String,
    /// Since when it fails, or is disabled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Events that wait to be posted.
    #[serde(default, skip_serializing_if = "is_default")]
    pub waiting: u64,
    /// Events that were never posted, because too many waited.
    #[serde(default, skip_serializing_if = "is_default")]
    pub dropped: u64,
}

/// Payload of `outgoing.list`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListOutgoing {
    /// Of which room.
    pub conversation: ConversationId,
}

/// The answer to `outgoing.list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutgoingHooks {
    /// Of which room.
    pub conversation: ConversationId,
    /// The oldest first.
    pub hooks: Vec<OutgoingHook>,
}

/// Payload of `outgoing.delete`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteOutgoing {
    /// Of which room.
    pub conversation: ConversationId,
    /// Which.
    pub hook: HookId,
}

/// Payload of `outgoing.test`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestOutgoing {
    /// Of which room.
    pub conversation: ConversationId,
    /// Which.
    pub hook: HookId,
}

/// The answer to `outgoing.test`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestResult {
    /// Whether the test was taken.
    pub delivered: bool,
    /// What went wrong; empty when nothing did.
    #[serde(default, skip_serializing_if = "is_default")]
    pub problem: String,
}
