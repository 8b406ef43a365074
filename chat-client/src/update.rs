//! What the engine tells its user interface.
//!
//! The engine owns the truth about the connection, the cache and the outbox; an interface keeps a
//! picture of it by applying these updates in order. Applying one twice is harmless.

use std::collections::BTreeSet;
use std::time::Duration;

use chat_proto::{
    Body, ClientId, CommandReply, Conversation, ConversationId, Dnd, Event, FileId, FileName, InboxItem,
    InboxState, Invitation, Person, PersonRow, Position, Presence, Privacy, Profile, Reason, Report, Role,
    SendMessage, Seq, ThreadState, Timestamp, UserId,
};
use serde::{Deserialize, Serialize};

use crate::stranger::Stranger;

/// News from the engine.
#[derive(Debug, Clone, PartialEq)]
pub enum Update {
    /// The connection changed its state.
    Connection(Connection),
    /// The server shows a certificate for which nobody vouches; nothing was said to it. It is told
    /// once, and the connection waits. [`crate::tls::Tls::accept`] and then
    /// [`crate::Client::reconnect`] go on, if that is what a person wants.
    Untrusted(Box<Stranger>),
    /// Who one is, from the cache at start or from the server after a login.
    Me {
        /// The account.
        user: Person,
        /// What it may do on the server.
        role: Role,
        /// The team's name.
        server_name: String,
    },
    /// These conversations are so now: new ones are added, known ones replaced.
    Conversations(Vec<Conversation>),
    /// One is not a member of this conversation any more.
    Removed(ConversationId),
    /// Events that follow the newest one held, in order and without a gap. The conversation's
    /// head, last message, unread and mention counts are told beside it by `Conversations`.
    ///
    /// An event may change an earlier one, its [`Event::target`]. An interface first gives each of
    /// the list to [`Event::apply`] of what it shows from before, and then adds the list, whose
    /// events are not applied to each other: they come as they stand, like those of a [`History`].
    Events {
        /// Where.
        conversation: ConversationId,
        /// Oldest first.
        events: Vec<Event>,
        /// True for news as it happens; false for what was missed and is caught up, which must
        /// not notify anybody.
        live: bool,
    },
    /// The cached events of this conversation are void (another epoch, or a gap too large to
    /// fill): forget those on screen and ask [`crate::Client::history`] again.
    Reset(ConversationId),
    /// One of the own messages moved on the delivery ladder, or was found in the outbox at start.
    Outgoing(Outgoing),
    /// The user gave up a failed message; it is gone from the outbox.
    Discarded(ClientId),
    /// Somebody read further. The own mark is told by `Conversations`.
    Read {
        /// Where.
        conversation: ConversationId,
        /// Who.
        user: UserId,
        /// How far.
        seq: Seq,
    },
    /// Somebody is writing (`true`, forget it after [`chat_proto::limits::TYPING_EXPIRY_MS`]) or
    /// stopped.
    Typing {
        /// Where.
        conversation: ConversationId,
        /// Who.
        user: Person,
        /// Writing, or stopped.
        active: bool,
    },
    /// The rooms that one is invited into and has not answered, the newest first: all of them, in
    /// place of those told before.
    Invitations(Vec<Invitation>),
    /// How the person's inbox stands.
    Inbox(InboxState),
    /// A message came into the inbox while one is online.
    InboxItem(InboxItem),
    /// How the person stands to a thread.
    Thread(ThreadState),
    /// When the person does not want to be disturbed.
    Dnd(Dnd),
    /// A message of the moment of which the person wants to hear at once.
    Alert(Alert),
    /// Somebody reported a message, or a report was closed, where one keeps order.
    Report(Box<Report>),
    /// An admin locked the server down at that time, or opened its doors; told to admins.
    Lockdown(Option<Timestamp>),
    /// A bot answers a slash command that one ran, here or on another device. It is in no history.
    BotAnswer(CommandReply),
    /// What the watched people say of themselves, in place of what was told before.
    Cards(Vec<PersonRow>),
    /// A watched person, or oneself, said something of themselves.
    Profile(Box<Profile>),
    /// Whom one blocks: all of them, in place of those told before.
    Blocked(BTreeSet<UserId>),
    /// What one shows to others.
    Privacy(Privacy),
    /// Watched people came, went or stepped away.
    Presence(Vec<Presence>),
}

/// A message that calls for attention: by the conversation's level, not muted, and at an hour at
/// which the person may be disturbed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// The message.
    pub event: Event,
    /// Why it is in the inbox; `None` where every message of the conversation alerts.
    pub reason: Option<Reason>,
}

/// The connection, in words a person can be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Connection {
    /// Dialling or logging in.
    Connecting,
    /// Logged in and caught up.
    Online,
    /// Cut; the next try comes by itself.
    Waiting {
        /// How long until then, from the moment of this update.
        retry_in: Duration,
        /// Why, as one sentence.
        reason: String,
    },
    /// Given up until a person does something.
    Stopped {
        /// Why and what to do, as one sentence.
        reason: String,
        /// Whether the token is no longer valid and the person must log in again.
        login_needed: bool,
    },
}

/// A message as a person wants it sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Where it goes.
    pub conversation: ConversationId,
    /// What it says.
    pub body: Body,
    /// Uploads that go with it; the text may then be empty.
    pub files: Vec<Enclosure>,
    /// True for an action, as `/me` writes it.
    pub action: bool,
    /// The message that it answers, in the same conversation.
    pub reply_to: Option<Seq>,
    /// The message under which it continues a thread; that of a thread's message is its first.
    pub thread: Option<Seq>,
    /// The message that it forwards; the server puts that one's text in the place of `body`.
    pub forward: Option<Position>,
}

impl Draft {
    /// A plain message without any ties.
    #[must_use]
    pub fn new(conversation: ConversationId, body: Body) -> Self {
        let files = Vec::new();
        Self { conversation, body, files, action: false, reply_to: None, thread: None, forward: None }
    }
}

/// A complete upload that goes with a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enclosure {
    /// Which.
    pub id: FileId,
    /// What it is called, to be shown until the server says it.
    pub name: FileName,
}

/// One message of one's own on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// The engine's id for it.
    pub client_id: ClientId,
    /// Where it goes.
    pub conversation: ConversationId,
    /// What it says.
    pub body: Body,
    /// The uploads that go with it.
    pub files: Vec<Enclosure>,
    /// True for an action, as `/me` writes it.
    pub action: bool,
    /// The message that it answers.
    pub reply_to: Option<Seq>,
    /// The message under which it continues a thread.
    pub thread: Option<Seq>,
    /// The message that it forwards.
    pub forward: Option<Position>,
    /// When it was written, by this machine's clock.
    pub written_at: Timestamp,
    /// How far it has come.
    pub delivery: Delivery,
}

impl Outgoing {
    /// A message that begins its way.
    pub(crate) fn new(client_id: ClientId, draft: Draft, written_at: Timestamp) -> Self {
        let Draft { conversation, body, files, action, reply_to, thread, forward } = draft;
        let delivery = Delivery::Queued;
        Self { client_id, conversation, body, files, action, reply_to, thread, forward, written_at, delivery }
    }

    /// The request that sends it.
    pub(crate) fn request(&self) -> SendMessage {
        SendMessage {
            conversation: self.conversation,
            client_id: self.client_id,
            body: self.body.clone(),
            files: self.files.iter().map(|file| file.id).collect(),
            action: self.action,
            reply_to: self.reply_to,
            thread: self.thread,
            forward: self.forward,
        }
    }
}

/// The delivery ladder. "Read" is its last rung and follows from the others' read marks.
///
/// ```text
/// Queued -> Sending -> Stored
///    ^         |-----> Failed --(retry)--> Queued
///    '---------'  connection cut
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// Safe on this disk; waits for a connection or for its turn.
    Queued,
    /// Handed to the socket; the server has not answered.
    Sending,
    /// The server has it on its disk under this number.
    Stored {
        /// Its number in the conversation.
        seq: Seq,
        /// When, by the server's clock.
        at: Timestamp,
    },
    /// The server refused it for good.
    Failed {
        /// Why, as one sentence.
        reason: String,
    },
}

/// A stretch of a conversation's events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// Oldest first, without a gap.
    pub events: Vec<Event>,
    /// Whether there are events before the first of these.
    pub more_before: bool,
    /// Whether there are events after the last of these.
    pub more_after: bool,
}

/// Where to look in a conversation's history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// The newest events.
    Newest,
    /// The nearest events before this one.
    Before(Seq),
    /// The nearest events after this one.
    After(Seq),
    /// Events on both sides of this one, and itself.
    Around(Seq),
}
