//! What several servers on one database ask of it.

use chat_proto::{ConversationId, Role, Seq, SessionId, UserId};
use uuid::Uuid;

/// Up to where one has looked in what is new: opaque, only good for the store that gave it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NewsPosition {
    /// In what the nodes told each other.
    pub news: i64,
    /// In the logs of all conversations.
    pub log: i64,
    /// All transactions that had begun then have lower numbers than this.
    pub begun: i64,
    /// All transactions with lower numbers than this had ended then.
    pub ended: i64,
}

/// What is new since a [`NewsPosition`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WhatsNew {
    /// What was kept for all nodes, each with its number.
    pub news: Vec<(i64, Kept)>,
    /// The conversations in which something happened, with the number of the newest event of it.
    pub moved: Vec<(ConversationId, Seq)>,
    /// Who became a member of which of them.
    pub joined: Vec<(ConversationId, UserId)>,
    /// Where to look on.
    pub position: NewsPosition,
    /// Whether there is more than fits.
    pub more: bool,
}

/// A line of news.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// What a node told the others, as it wrote it.
    Line(String),
    /// What a verb did, kept in the same commit.
    Act(Act),
}

/// What was done beyond conversations. Whoever holds something of it in memory looks it up anew,
/// also when the node that did it told nobody because it was killed, or was no node at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Logins of this person ended, or their role is another one.
    Logins(UserId),
    /// Bans, mutes, blocks or privacy changed.
    Policy,
    /// The doors were shut or opened.
    Doors,
}

impl Act {
    /// The line that is kept; no line of a node begins like one of these.
    pub(super) fn line(self) -> String {
        match self {
            Act::Logins(user) => format!("logins {}", user.0),
            Act::Policy => "policy".to_owned(),
            Act::Doors => "doors".to_owned(),
        }
    }
}

impl Kept {
    pub(super) fn read(line: String) -> Self {
        let act = match line.split_once(' ') {
            Some(("logins", user)) => user.parse::<Uuid>().ok().map(|user| Act::Logins(UserId(user))),
            None if line == "policy" => Some(Act::Policy),
            None if line == "doors" => Some(Act::Doors),
            _ => None,
        };
        act.map_or(Self::Line(line), Self::Act)
    }
}

/// How an account stands now, as far as its connections must agree with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountStanding {
    /// The logins that hold, out of those that were asked for.
    pub logins: Vec<SessionId>,
    /// Its role on the server.
    pub role: Role,
    /// Whether it is disabled.
    pub is_disabled: bool,
    /// Whether it is banned.
    pub is_banned: bool,
}
