//! What a session wants done, and how a connection ends.

use std::time::Duration;

use super::Ticket;
use crate::cache::Change;
use crate::client::RequestError;
use crate::update::Update;
use chat_proto::Answer;

/// What the session wants done.
#[derive(Debug)]
pub(crate) enum Effect {
    /// Send this frame.
    Send(String),
    /// Tell the interface.
    Tell(Update),
    /// Keep this.
    Write(Change),
    /// Answer the interface's question.
    Answer(Ticket, Result<Box<Answer>, RequestError>),
    /// Drop the connection.
    End(End),
}

/// What follows the end of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    /// Connect again, after this time if the server named one.
    Retry { reason: String, after: Option<Duration> },
    /// Stop until a person does something.
    Stop { reason: String, login_needed: bool },
}
