//! The engine's mind: frames, wishes and time in; frames, updates and changes to the disk out.
//!
//! It does no I/O, reads no clock and has no randomness. What it promises:
//!
//! 1. Each event of a conversation is told once and in order, whatever is lost, doubled or cut.
//! 2. A message is either in the outbox or known to be stored; it is never sent under two ids.
//! 3. Every request gets one answer, at the latest when the connection ends.
//! 4. Whatever waits for the server has a limit in number and in time.

mod answers;
mod effect;
mod invitations;
mod log;
mod marks;
mod outbox;
mod pace;
mod people;
mod personal;
mod replica;

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use chat_proto::{
    Answer, Ask, ClientFrame, CloseReason, ConversationId, DecodeError, Epoch, ErrorCode, FrameId, Hello,
    Limits, PROTOCOL_VERSION, Person, Push, Request, RequestKind, Resume, Role, Secret, ServerFrame, Signal,
    Token, UserId, Verdict, Welcome, WireError,
};
use serde_json::value::RawValue;

use crate::account::Account;
use crate::cache::{Change, Saved};
use crate::client::RequestError;
use crate::link;
use crate::update::Update;
pub(crate) use effect::{Effect, End};
use invitations::Invited;
use marks::Marks;
use outbox::Outbox;
use people::Choices;
use personal::Personal;
use replica::Replica;

/// Added to two ping intervals before a silent connection is taken for dead.
const SILENCE_SLACK: Duration = Duration::from_secs(5);

/// Conversations beyond the welcome that are listed in the background.
const LISTED_CONVERSATIONS: usize = 1_000;

/// Wait after a temporary refusal that names none.
const REFUSED_WAIT: Duration = Duration::from_secs(1);

/// Requests of the interface under way at once; after that its commands wait.
const REQUESTS: usize = 128;

/// Time since the engine began.
pub(crate) type Now = Duration;

/// Names a question of the interface.
pub(crate) type Ticket = u64;

/// How far a connection has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Offline,
    Opening,
    LoggingIn,
    Resuming,
    Ready,
}

/// Why the session asked something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Login,
    Resume,
    List,
    Row(ConversationId),
    Missed(ConversationId),
    Send(chat_proto::ClientId),
    Read(ConversationId),
    State,
    Invitations,
    /// The interface's; with the conversation that is left, or whose invitation is declined, by it.
    Interface(Ticket, Option<ConversationId>),
}

struct Pending {
    kind: RequestKind,
    purpose: Purpose,
    since: Now,
}

/// See the module.
pub(crate) struct Session {
    me: Person,
    token: Secret,
    server_name: String,
    epoch: Option<Epoch>,
    phase: Phase,
    limits: Limits,
    silence: Duration,
    opened: Now,
    heard: Now,
    asked: u64,
    pending: HashMap<FrameId, Pending>,
    replicas: HashMap<ConversationId, Replica>,
    /// Conversations with events that are known to exist and not held.
    gaps: BTreeSet<ConversationId>,
    /// Conversations of another epoch, until it is known which of them are left.
    forgotten: BTreeSet<ConversationId>,
    /// Conversations whose row is wanted from the server.
    rows: BTreeSet<ConversationId>,
    /// Where the background list goes on.
    cursor: Option<String>,
    listed: usize,
    /// Whether conversations that the list names for the first time are caught up: not on a first login.
    catches_up: bool,
    /// Nothing is asked in the background before this.
    hold: Now,
    /// When it was last looked for what may be asked.
    pumped: Now,
    /// Whether presence and watching were refused for the moment and are to be said again.
    restate: bool,
    /// Whether `Online` was told.
    online: bool,
    drain: Option<Duration>,
    outbox: Outbox,
    marks: Marks,
    invited: Invited,
    personal: Personal,
    choices: Choices,
    effects: Vec<Effect>,
}

impl Session {
    /// A session that knows what the disk knows, and tells it as its first effects.
    pub(crate) fn new(account: &Account, saved: Saved) -> Self {
        let mut session = Self {
            me: account.user.clone(),
            token: account.token.clone(),
            server_name: account.server_name.clone(),
            epoch: saved.epoch,
            phase: Phase::Offline,
            limits: Limits::default(),
            silence: Duration::MAX,
            opened: Duration::ZERO,
            heard: Duration::ZERO,
            asked: 0,
            pending: HashMap::new(),
            replicas: HashMap::new(),
            gaps: BTreeSet::new(),
            forgotten: BTreeSet::new(),
            rows: BTreeSet::new(),
            cursor: None,
            listed: 0,
            catches_up: false,
            hold: Duration::ZERO,
            pumped: Duration::ZERO,
            restate: false,
            online: false,
            drain: None,
            outbox: Outbox::default(),
            marks: Marks::new(saved.reads),
            invited: Invited::default(),
            personal: Personal::default(),
            choices: Choices::default(),
            effects: Vec::new(),
        };
        session.tell_me(saved.role.unwrap_or(Role::Member));
        session.know(saved.conversations, &saved.positions);
        for message in saved.outbox {
            session.tell(Update::Outgoing(message.clone()));
            session.outbox.add(message);
        }
        session
    }

    /// Takes what is to be done.
    pub(crate) fn effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// A connection is open; the hello comes.
    pub(crate) fn opened(&mut self, now: Now) {
        self.phase = Phase::Opening;
        (self.opened, self.heard) = (now, now);
        self.silence = Duration::MAX;
        self.drain = None;
    }

    /// The line gave a sign of life.
    pub(crate) fn heard(&mut self, now: Now) {
        self.heard = now;
    }

    /// A text came.
    pub(crate) fn frame(&mut self, text: &str, now: Now) {
        self.heard = now;
        match ServerFrame::decode(text) {
            Ok(ServerFrame::Ok { id, payload }) => self.reply(&id, Ok(payload), now),
            Ok(ServerFrame::Error { id: Some(id), error }) => self.reply(&id, Err(error), now),
            Ok(ServerFrame::Error { id: None, error }) => tracing::warn!(%error, "the server cannot read us"),
            Ok(ServerFrame::Push(push)) => self.push(*push, now),
            Ok(ServerFrame::Unknown { kind }) => tracing::debug!(kind, "a frame of a newer server"),
            Err(DecodeError { error, .. }) => {
                tracing::warn!(%error, "a frame from the server cannot be read")
            }
        }
        self.pump(now);
    }

    /// The connection is gone; says what follows.
    pub(crate) fn cut(&mut self, code: Option<u16>, reason: &str) -> End {
        let after = self.drain.take();
        self.offline();
        let known = code.and_then(CloseReason::from_code);
        let reason = match known {
            Some(reason) => reason.meaning().to_owned(),
            None => format!("The connection ended: {reason}."),
        };
        match CloseReason::verdict_of(code) {
            Verdict::Reconnect => End::Retry { reason, after },
            Verdict::Stop => End::Stop {
                reason,
                login_needed: matches!(
                    known,
                    Some(
                        CloseReason::SessionEnded
                            | CloseReason::Banned
                            | CloseReason::Disabled
                            | CloseReason::CredentialsChanged
                            | CloseReason::SessionExpired
                    )
                ),
            },
        }
    }

    /// Forgets the connection: what was under way is asked again later, or answered `Offline`.
    pub(crate) fn offline(&mut self) {
        self.phase = Phase::Offline;
        self.online = false;
        self.cursor = None;
        self.rows.clear();
        for pending in std::mem::take(&mut self.pending).into_values() {
            if let Purpose::Interface(ticket, _) = pending.purpose {
                self.effects.push(Effect::Answer(ticket, Err(RequestError::Offline)));
            }
        }
        self.forget_fetches();
        self.marks.cut();
        for message in self.outbox.cut() {
            self.tell(Update::Outgoing(message));
        }
    }

    /// Whether the server can be asked now.
    pub(crate) fn is_ready(&self) -> bool {
        self.phase >= Phase::Resuming
    }

    /// Most events that the server gives in one page.
    pub(crate) fn history_page(&self) -> u32 {
        self.limits.history_page
    }

    /// Whether more questions of the interface would be too many.
    pub(crate) fn is_full(&self) -> bool {
        self.pending.len() >= REQUESTS
    }

    /// Whether the interface was told that all is well.
    pub(crate) fn is_online(&self) -> bool {
        self.online
    }

    /// The interface asks the server.
    pub(crate) fn request(&mut self, ticket: Ticket, request: Request, now: Now) {
        if !self.is_ready() {
            self.effects.push(Effect::Answer(ticket, Err(RequestError::Offline)));
            return;
        }
        let left = match &request {
            Request::LeaveRoom(leave) => Some(leave.conversation),
            Request::DeclineInvitation(decline) => Some(decline.conversation),
            _ => None,
        };
        self.send_request(Purpose::Interface(ticket, left), request, now);
    }

    fn ask<A: Ask>(&mut self, purpose: Purpose, ask: A, now: Now) {
        self.send_request(purpose, ask.into_request(), now);
    }

    fn send_request(&mut self, purpose: Purpose, request: Request, now: Now) {
        self.asked += 1;
        let id = FrameId::numbered(self.asked);
        self.pending.insert(id.clone(), Pending { kind: request.kind(), purpose, since: now });
        self.effects.push(Effect::Send(ClientFrame::Request { id, request: Box::new(request) }.encode()));
    }

    fn send_signal(&mut self, signal: Signal) {
        self.effects.push(Effect::Send(ClientFrame::Signal(signal).encode()));
    }

    fn tell(&mut self, update: Update) {
        self.effects.push(Effect::Tell(update));
    }

    fn write(&mut self, change: Change) {
        self.effects.push(Effect::Write(change));
    }

    fn end(&mut self, end: End) {
        self.offline();
        self.effects.push(Effect::End(end));
    }

    fn tell_me(&mut self, role: Role) {
        self.tell(Update::Me { user: self.me.clone(), role, server_name: self.server_name.clone() });
    }

    fn me(&self) -> UserId {
        self.me.id
    }

    fn push(&mut self, push: Push, now: Now) {
        match push {
            Push::Hello(hello) => self.hello(&hello, now),
            _ if self.phase < Phase::LoggingIn => tracing::warn!("the server speaks before its hello"),
            Push::Event(event) => self.live(event, now),
            Push::Read { conversation, user, seq } => self.read_by(conversation, user, seq),
            Push::Unread { conversation, read, unread, mentions } => {
                self.counted(conversation, read, unread, mentions);
            }
            Push::Typing { conversation, user, active } => {
                if user.id != self.me() {
                    self.tell(Update::Typing { conversation, user, active });
                }
            }
            Push::Presence { changes } => self.tell(Update::Presence(changes)),
            Push::ConversationAdded { conversation } => self.added(conversation),
            Push::Invitation { invitation } => self.invited(invitation),
            Push::Report { report } => self.tell(Update::Report(Box::new(report))),
            Push::Lockdown(doors) => self.tell(Update::Lockdown(doors.since)),
            Push::Profile { profile } => self.tell(Update::Profile(Box::new(profile))),
            Push::Blocked { user, on } => self.block(user.id, on, now),
            Push::Privacy { privacy } => self.show(privacy),
            Push::ConversationRemoved { conversation } => self.remove(conversation),
            Push::InvitationRemoved { conversation } => self.invitation_answered(conversation),
            Push::InboxItem(item) => self.inbox_item(item, now),
            Push::InboxChanged(state) => self.inbox_stands(state),
            Push::Thread(state) => self.tell(Update::Thread(state)),
            Push::Starred(state) => self.star(state.conversation, state.on),
            // Whoever lists what is saved asks for it then.
            Push::Saved(_) => {}
            Push::Notify(state) => self.notify(state.conversation, state.notify),
            Push::Dnd(state) => self.dnd(state.dnd),
            // The engine serves people; a bot that answers commands speaks by a script.
            Push::Command(_) => {}
            Push::CommandAnswer(reply) => self.tell(Update::BotAnswer(reply)),
            Push::Draining { reconnect_after_ms } => {
                self.drain = Some(Duration::from_millis(reconnect_after_ms))
            }
        }
    }
}

#[cfg(test)]
mod tests;
