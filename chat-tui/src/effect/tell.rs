//! Commands to the engine, and what is done with the accounts as a whole.

use chat_client::Draft;
use chat_proto::{ClientId, ConversationId, PresenceState, Seq, UserId};

use crate::state::neighbours::{SeatId, Spot};

/// What is done with the accounts as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Move {
    /// Bring another account on the screen.
    Visit {
        /// Which, and what of it.
        to: Spot,
        /// Where "next that needs me" began, to lead back there.
        home: Option<Spot>,
    },
    /// Open the form for a further account.
    Add,
    /// Sign out of this one.
    Remove(SeatId),
}

/// A command to the engine.
#[derive(Debug, Clone, PartialEq)]
pub enum Tell {
    /// Send a message.
    Send(Box<Draft>),
    /// Try a failed message again.
    Retry(ClientId),
    /// Give a failed message up.
    Discard(ClientId),
    /// One has read up to here.
    MarkRead(ConversationId, Seq),
    /// One is writing, or stopped.
    Typing(ConversationId, bool),
    /// Watch these people.
    Watch(Vec<UserId>),
    /// Whether one is here.
    Presence(PresenceState),
    /// Connect now.
    Reconnect,
    /// Keep what is being written.
    SaveDraft(ConversationId, String),
    /// The same in a thread.
    SaveThreadDraft(ConversationId, Seq, String),
    /// Keep something small over a restart, under this name.
    SaveNote(&'static str, String),
}
