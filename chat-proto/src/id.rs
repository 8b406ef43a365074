//! Identifiers: small types that cannot be mistaken for one another.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! uuid_ids {
    ($($(#[$doc:meta])* $name:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )+};
}

uuid_ids! {
    /// An account, for ever. Names may change hands; this does not.
    UserId;
    /// A room or a direct conversation.
    ConversationId;
    /// Chosen by the sender for one send or create and unique per author, so that a repeat of
    /// the same request is recognised and answered with the first result.
    ClientId;
    /// One upload. The same bytes uploaded twice are two of these.
    FileId;
    /// One login of one device. Ends with its token.
    SessionId;
    /// A report of a message.
    ReportId;
    /// An incoming or outgoing webhook of a room.
    HookId;
    /// One run of a slash command; whoever answers it names this.
    RunId;
    /// Names one life of the server's database. Another epoch means that positions known from
    /// before (every [`Seq`]) may not hold any more, for instance after a restored backup.
    Epoch;
}

/// An event's number in its conversation: 1, 2, 3 … without gaps. 0 stands before the first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seq(pub u64);

impl Seq {
    /// The position before the first event.
    pub const ZERO: Seq = Seq(0);

    /// The number that follows this one.
    #[must_use]
    pub fn next(self) -> Seq {
        Seq(self.0.saturating_add(1))
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Milliseconds since 1970-01-01T00:00:00Z, by the server's clock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
