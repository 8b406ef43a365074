//! What the store is told and asked by those who sign in.

use chat_proto::{Conversation, Dnd, InboxState, Person, Privacy, Role, SessionId, Timestamp, UserId};

use super::Page;
use crate::domain::moderation::Penalty;

/// Why no session begins, although the proof was right when it was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The account is banned.
    Banned(Penalty),
    /// An admin has disabled the account.
    Disabled,
    /// What proved it is not good any more: the password was changed, the code was used.
    Stale,
}

/// Who somebody is at a provider: all that names a person there for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Which provider.
    pub issuer: String,
    /// Whom it means; not a name.
    pub subject: String,
}

/// What somebody has proven to come in.
#[derive(Clone, PartialEq, Eq)]
pub enum Proof {
    /// That they know the password of which this is the PHC string.
    Password(String),
    /// That a provider knows them.
    Identity(Identity),
}

impl std::fmt::Debug for Proof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Proof::Password(_) => "Password(hidden)",
            Proof::Identity(_) => "Identity(hidden)",
        })
    }
}

/// A session that the store has ended, for its connections to be closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndedSession {
    /// Whose.
    pub user: UserId,
    /// Which.
    pub session: SessionId,
}

/// A reset code that can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingReset {
    /// Whose.
    pub person: Person,
    /// What the account may do.
    pub role: Role,
    /// Whether using it takes the second factor away.
    pub drops_second_factor: bool,
}

/// A second factor as it is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredFactor {
    /// What codes are made from.
    pub secret: Vec<u8>,
    /// When it was begun.
    pub begun_at: Timestamp,
    /// Since when logins ask for it; `None` while it is not confirmed.
    pub since: Option<Timestamp>,
    /// Recovery codes that are left.
    pub recovery_codes: u32,
}

/// How all stands for who has just logged in.
#[derive(Debug, Clone)]
pub struct AtLogin {
    /// What the account may do.
    pub role: Role,
    /// The conversations that were active last.
    pub conversations: Page<Conversation>,
    /// What calls for them.
    pub inbox: InboxState,
    /// What they show of themselves.
    pub privacy: Privacy,
    /// Whom they block, by name.
    pub blocked: Vec<UserId>,
    /// When they do not want to be disturbed.
    pub dnd: Dnd,
}
