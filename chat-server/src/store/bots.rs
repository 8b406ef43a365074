//! What is remembered of bots, webhooks and slash commands.

use chat_proto::{
    ConversationId, ConversationKind, Event, HookEvents, HookId, Person, RoomName, RoomRole, Scopes, Secret,
    SessionId, Timestamp, Topic, UserId, UserName,
};

use crate::auth::SecretHash;

/// An account for a program, to be made; it has no password.
#[derive(Debug, Clone)]
pub struct BotAccount {
    /// Its id, unless it is one of the maker's that has ended.
    pub id: UserId,
    /// Its name.
    pub name: UserName,
    /// What the name looks like (UTS #39); no two accounts may look the same.
    pub skeleton: String,
    /// Who makes it.
    pub maker: UserId,
    /// Now.
    pub at: Timestamp,
}

/// A bot to be made.
#[derive(Debug, Clone)]
pub struct NewBot {
    /// Its account.
    pub account: BotAccount,
    /// What its token is good for.
    pub scopes: Scopes,
    /// Its token.
    pub token: NewToken,
}

/// A bot's token, to be remembered as a session.
#[derive(Debug, Clone, Copy)]
pub struct NewToken {
    /// The session.
    pub session: SessionId,
    /// The token's hash.
    pub hash: SecretHash,
    /// Now.
    pub at: Timestamp,
}

/// An incoming webhook to be made.
#[derive(Debug, Clone)]
pub struct NewIncomingHook {
    /// Its id.
    pub id: HookId,
    /// Where it writes.
    pub conversation: ConversationId,
    /// As whom.
    pub account: BotAccount,
    /// The hash of its secret.
    pub secret: SecretHash,
}

/// Where a post to an incoming webhook goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncomingTarget {
    /// The webhook.
    pub id: HookId,
    /// Where.
    pub conversation: ConversationId,
    /// As whom.
    pub bot: Person,
}

/// An outgoing webhook to be made.
#[derive(Debug, Clone)]
pub struct NewOutgoingHook {
    /// Its id.
    pub id: HookId,
    /// What is told.
    pub conversation: ConversationId,
    /// Where to.
    pub url: String,
    /// Which kinds of event.
    pub events: HookEvents,
    /// Only messages that begin with this.
    pub trigger: Topic,
    /// The key of its signatures.
    pub secret: Secret,
    /// Who makes it.
    pub maker: UserId,
    /// Now.
    pub at: Timestamp,
}

/// Where an outgoing webhook posts, and how it fared so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutgoingTarget {
    /// The webhook.
    pub id: HookId,
    /// Where to.
    pub url: String,
    /// The key of its signatures.
    pub secret: Secret,
    /// Whose events.
    pub conversation: ConversationId,
    /// The room's name now.
    pub room: Option<RoomName>,
    /// Calls that failed since the last that did not.
    pub attempts: u32,
    /// Since when they fail.
    pub failing_since: Option<Timestamp>,
}

/// One event that a webhook has yet to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Whom to tell.
    pub target: OutgoingTarget,
    /// What, as it stands now.
    pub event: Event,
}

/// What became of a call that was not taken.
#[derive(Debug, Clone)]
pub struct Failure {
    /// Which webhook.
    pub hook: HookId,
    /// What went wrong, for its moderators.
    pub problem: String,
    /// Now.
    pub at: Timestamp,
    /// When to try again; `None` to give the webhook up.
    pub next_at: Option<Timestamp>,
}

/// What somebody is in a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Which kind of conversation it is.
    pub kind: ConversationKind,
    /// Their role there.
    pub role: RoomRole,
}
