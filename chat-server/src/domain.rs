//! Floor 1: the rules of a conversation, pure.
//!
//! [`Room::decide`] says what a command would change, or why it is refused; [`Room::apply`] makes
//! the change. Neither knows a clock, a socket or a database: time, ids and what the store knows
//! come in. This is the only place that says who may do what in a conversation.

pub mod audit;
pub mod commands;
mod decide;
pub mod find;
mod hearing;
pub mod hooks;
pub mod moderation;
pub mod policy;
pub mod rebase;
pub mod words;

use std::collections::HashMap;

use chat_proto::{
    Attachment, Body, ClientId, ConversationId, ConversationKind, Description, Emoji, ErrorCode, Event,
    EventKind, Forwarded, Person, Role, RoomName, RoomRole, RoomRules, Seq, Timestamp, Topic, UserId,
    UserName, WireError,
};

pub use hearing::{Hearing, Ties};
use moderation::Penalty;

/// A conversation as its shard holds it: what is needed to decide, nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    /// Its id.
    pub id: ConversationId,
    /// Room or direct.
    pub kind: ConversationKind,
    /// Whether only members know of it.
    pub private: bool,
    /// How people may write in it.
    pub rules: RoomRules,
    /// The number of its newest event.
    pub head: Seq,
    /// How many of its events are messages of the main line.
    pub messages: u64,
    /// Who belongs to it.
    pub members: HashMap<UserId, Membership>,
    /// Who may not come in.
    pub bans: HashMap<UserId, Penalty>,
    /// Who may only read, members or not.
    pub mutes: HashMap<UserId, Penalty>,
    /// When each member last wrote, for slow mode. Not stored: a restart forgives.
    pub wrote_at: WroteAt,
}

/// When members last wrote; not a part of what two equal rooms have in common.
#[derive(Debug, Clone, Default)]
pub struct WroteAt(pub HashMap<UserId, Timestamp>);

impl PartialEq for WroteAt {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for WroteAt {}

/// One member of a conversation, with what unread counts are made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// The member's name now.
    pub name: UserName,
    /// What they may do here.
    pub role: RoomRole,
    /// Read up to and with this event.
    pub read: Seq,
    /// How many messages of the main line there are up to `read`.
    pub read_messages: u64,
    /// How many messages of the main line the member has sent.
    pub sent: u64,
    /// How many of those are up to `read`.
    pub read_sent: u64,
    /// How many messages after `read` mention or call the member; see [`Hearing`].
    pub mentions: u64,
}

impl Membership {
    /// A newcomer: everything so far counts as read.
    fn newcomer(name: UserName, role: RoomRole, head: Seq, messages: u64) -> Self {
        Self { name, role, read: head, read_messages: messages, sent: 0, read_sent: 0, mentions: 0 }
    }

    /// Messages of others after the read mark, out of so many messages in all.
    #[must_use]
    pub fn unread(&self, messages: u64) -> u64 {
        messages.saturating_sub(self.read_messages).saturating_sub(self.sent.saturating_sub(self.read_sent))
    }
}

/// Who wants something, with their role on the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// Who.
    pub person: Person,
    /// What they may do on the server.
    pub role: Role,
}

impl Actor {
    /// Whether this is the console of whoever runs the server on its own machine: no account, and
    /// above all of them, so that an owner who lost the password is helped.
    #[must_use]
    pub fn is_console(&self) -> bool {
        self.person.id.0.is_nil() && self.role == Role::Owner
    }
}

/// What somebody wants to do in a conversation. Where a command names a message, it comes with
/// the event as it stands now; `None` if there is no such event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Write a message.
    Send(Box<Draft>),
    /// Change the text of a message.
    Edit {
        /// Which.
        target: Option<Event>,
        /// Its new text.
        body: Body,
    },
    /// Delete a message.
    Delete {
        /// Which.
        target: Option<Event>,
    },
    /// Put a reaction to a message, or take it back.
    React {
        /// Which.
        target: Option<Event>,
        /// With what.
        emoji: Emoji,
        /// Put, or take back.
        on: bool,
    },
    /// Pin a message, or unpin it.
    Pin {
        /// Which.
        target: Option<Event>,
        /// Pin, or unpin.
        on: bool,
        /// How many messages are pinned now.
        pins: usize,
    },
    /// Come in, by an invitation or because the room is public.
    Join {
        /// Whether there is an invitation.
        invited: bool,
    },
    /// Ask somebody in.
    Invite {
        /// Whom.
        user: Person,
        /// Whether they were asked already.
        invited: bool,
    },
    /// Put somebody out.
    Remove {
        /// Whom.
        user: Person,
        /// Why.
        reason: Topic,
    },
    /// Put somebody out and keep them out.
    Ban {
        /// Whom.
        user: Person,
        /// For how many seconds; `None` for good.
        for_s: Option<u32>,
        /// Why.
        reason: Topic,
    },
    /// End a ban.
    Unban {
        /// Whose.
        user: Person,
    },
    /// Let somebody only read.
    Mute {
        /// Whom.
        user: Person,
        /// For how many seconds; `None` for good.
        for_s: Option<u32>,
        /// Why.
        reason: Topic,
    },
    /// End a mute.
    Unmute {
        /// Whose.
        user: Person,
    },
    /// Give somebody a role.
    SetRole {
        /// Whom.
        user: Person,
        /// Which.
        role: RoomRole,
    },
    /// Go out.
    Leave,
    /// Set the topic.
    SetTopic(Topic),
    /// Describe the room.
    Describe(Description),
    /// Give the room another name.
    Rename(RoomName),
    /// Set how people may write.
    SetRules(RoomRules),
    /// Move the own read mark.
    MarkRead(ReadPosition),
}

/// A message to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The author's id for it.
    pub client_id: ClientId,
    /// What it says.
    pub body: Body,
    /// The files that it names; `None` for one that the author may not send.
    pub files: Vec<Option<Attachment>>,
    /// True for an action, as `/me` writes it.
    pub action: bool,
    /// The message that it answers.
    pub reply_to: Option<Target>,
    /// A message of the thread that it continues.
    pub thread: Option<Target>,
    /// Where it comes from, if it is forwarded.
    pub forwarded: Option<Forwarded>,
}

/// An event that a command names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Its number.
    pub seq: Seq,
    /// The event as it stands now; `None` if there is none.
    pub event: Option<Event>,
}

/// A place in the log, with the counts that a read mark there implies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadPosition {
    /// Read up to and with this event.
    pub seq: Seq,
    /// How many messages of the main line there are up to it.
    pub messages: u64,
    /// How many of those the member sent.
    pub sent: u64,
    /// How many messages after it mention the member.
    pub mentions: u64,
}

/// What a command changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// An entry in the log.
    Event(Event),
    /// The member's read mark.
    Read(UserId, ReadPosition),
    /// Nothing: it is so already.
    Nothing,
}

/// What is refused to people who are not members, in the words used for what does not exist.
#[must_use]
pub fn not_found() -> WireError {
    WireError::new(
        ErrorCode::NotFound,
        "There is no such conversation, or you are not a member of it. Join the room first.",
    )
}

impl Room {
    /// A conversation that begins with its first event; the first of the members makes it.
    #[must_use]
    pub fn begin(id: ConversationId, kind: ConversationKind, private: bool, members: &[Person]) -> Self {
        let role =
            |at| if at == 0 && kind == ConversationKind::Room { RoomRole::Owner } else { RoomRole::Member };
        let members = members
            .iter()
            .enumerate()
            .map(|(at, person)| (person.id, Membership::newcomer(person.name.clone(), role(at), Seq(1), 0)))
            .collect();
        let (rules, wrote_at) = (RoomRules::default(), WroteAt::default());
        let (bans, mutes) = (HashMap::new(), HashMap::new());
        Self { id, kind, private, rules, head: Seq(1), messages: 0, members, bans, mutes, wrote_at }
    }

    /// The first event of a conversation.
    #[must_use]
    pub fn first_event(
        id: ConversationId,
        author: Person,
        at: Timestamp,
        client_id: ClientId,
        name: Option<RoomName>,
        topic: Topic,
    ) -> Event {
        let what = EventKind::Created { client_id, name, topic };
        Event { conversation: id, seq: Seq(1), at, author, what }
    }

    /// Makes a decided change. Events must carry the next number.
    pub fn apply(&mut self, change: &Change) {
        match change {
            Change::Event(event) => self.apply_event(event),
            Change::Read(user, position) => {
                if let Some(member) = self.members.get_mut(user) {
                    member.read = position.seq;
                    member.read_messages = position.messages;
                    member.read_sent = position.sent;
                    member.mentions = position.mentions;
                }
            }
            Change::Nothing => {}
        }
    }

    fn apply_event(&mut self, event: &Event) {
        self.head = event.seq;
        match &event.what {
            EventKind::Message(message) => self.apply_message(event, message),
            EventKind::Joined => {
                let name = event.author.name.clone();
                // Whoever comes into an empty room keeps it; nobody else could.
                let role = if self.members.is_empty() { RoomRole::Owner } else { RoomRole::Member };
                let newcomer = Membership::newcomer(name, role, event.seq, self.messages);
                self.members.insert(event.author.id, newcomer);
            }
            EventKind::Left => {
                self.members.remove(&event.author.id);
            }
            EventKind::Removed { user, .. } => {
                self.members.remove(&user.id);
            }
            EventKind::Banned { .. }
            | EventKind::Unbanned { .. }
            | EventKind::Muted { .. }
            | EventKind::Unmuted { .. } => self.apply_order(event),
            EventKind::Role { user, role } => {
                if let Some(member) = self.members.get_mut(&user.id) {
                    member.role = *role;
                }
            }
            EventKind::Rules { rules } => self.rules = *rules,
            EventKind::Created { .. }
            | EventKind::Tombstone(_)
            | EventKind::Edited { .. }
            | EventKind::Deleted { .. }
            | EventKind::Reaction { .. }
            | EventKind::Pinned { .. }
            | EventKind::Invited { .. }
            | EventKind::Renamed { .. }
            | EventKind::Described { .. }
            | EventKind::Topic { .. }
            | EventKind::Unknown => {}
        }
    }

    fn apply_message(&mut self, event: &Event, message: &chat_proto::Message) {
        self.wrote_at.0.insert(event.author.id, event.at);
        // Threads have counts of their own.
        if message.thread.is_none() {
            self.messages += 1;
            if let Some(author) = self.members.get_mut(&event.author.id) {
                author.sent += 1;
            }
        }
    }

    /// Where the whole log is read by this member.
    #[must_use]
    pub fn all_read(&self, user: UserId) -> ReadPosition {
        let sent = self.members.get(&user).map_or(0, |member| member.sent);
        ReadPosition { seq: self.head, messages: self.messages, sent, mentions: 0 }
    }
}

#[cfg(test)]
mod tests;
