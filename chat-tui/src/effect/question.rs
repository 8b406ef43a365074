//! What is asked of the engine.

use chat_client::Anchor;
use chat_proto::{
    Body, ConversationId, CreateRoom, Position, Request, RoomName, RunCommand, Seq, SetDnd, SetNotify,
    UserName,
};

use super::Wish;
use crate::action::Keep;

/// What is done in a conversation once it is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Then {
    /// Nothing more.
    Look,
    /// This is said.
    Say(String),
    /// This message, with its text, is forwarded there.
    Forward(Position, Body),
}

/// A question to the engine.
#[derive(Debug, Clone, PartialEq)]
pub enum Question {
    /// A page of history.
    History(ConversationId, Anchor, u32),
    /// What was being written there.
    Draft(ConversationId),
    /// What was being written in that thread.
    ThreadDraft(ConversationId, Seq),
    /// What was kept under this name.
    Note(&'static str),
    /// Join a room.
    Join(RoomName),
    /// Make a room.
    Create(CreateRoom),
    /// Take an invitation.
    Accept(ConversationId),
    /// Open a direct conversation, and then do this there.
    OpenDirect(Vec<UserName>, Then),
    /// Change something; only a refusal is told.
    Do(Box<Request>),
    /// Ask for something whose answer is shown.
    Look(Box<Request>),
    /// A thread from its first message on.
    Thread(ConversationId, Seq),
    /// One message that another one answers.
    Context(ConversationId, Seq),
    /// A page of a list of messages.
    List(Wish),
    /// How one wants to hear of a conversation.
    Hear(SetNotify),
    /// When one does not want to be disturbed.
    Quiet(SetDnd),
    /// What is pinned.
    Pins(ConversationId),
    /// What a message said before.
    Versions(ConversationId, Seq),
    /// Who is in a conversation.
    Members(ConversationId),
    /// Rooms with this in their name or topic.
    Rooms(String),
    /// People with this in their name.
    People(String),
    /// The slash commands of the bots in a conversation.
    Commands(ConversationId),
    /// Run a bot's command; with the line that was typed, which comes back if it is refused.
    Run(Box<RunCommand>, String),
    /// Show or change bots and webhooks.
    Keep(Option<ConversationId>, Keep),
}
