//! Floor 1: the rules of a conversation, pure.
//!
//! [`Room::decide`] says what a command would change, or why it is refused; [`Room::apply`] makes
//! the change. Neither knows a clock, a socket or a database: time and ids come in. This is the
//! only place that says who may do what in a conversation.

use std::collections::HashMap;

use chat_proto::{
    Body, ClientId, ConversationId, ConversationKind, ErrorCode, Event, EventKind, Person, RoomName, Seq,
    Timestamp, Topic, UserId, UserName, WireError, mentioned_names,
};

/// A conversation as its shard holds it: what is needed to decide, nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    /// Its id.
    pub id: ConversationId,
    /// Room or direct.
    pub kind: ConversationKind,
    /// The number of its newest event.
    pub head: Seq,
    /// How many of its events are messages.
    pub messages: u64,
    /// Who belongs to it.
    pub members: HashMap<UserId, Membership>,
}

/// One member of a conversation, with what unread counts are made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// The member's name now.
    pub name: UserName,
    /// Read up to and with this event.
    pub read: Seq,
    /// How many messages there are up to `read`.
    pub read_messages: u64,
    /// How many messages the member has sent.
    pub sent: u64,
    /// How many of those are up to `read`.
    pub read_sent: u64,
    /// How many messages after `read` mention the member.
    pub mentions: u64,
}

impl Membership {
    /// A newcomer: everything so far counts as read.
    fn newcomer(name: UserName, head: Seq, messages: u64) -> Self {
        Self { name, read: head, read_messages: messages, sent: 0, read_sent: 0, mentions: 0 }
    }

    /// Messages of others after the read mark, out of so many messages in all.
    #[must_use]
    pub fn unread(&self, messages: u64) -> u64 {
        messages.saturating_sub(self.read_messages).saturating_sub(self.sent.saturating_sub(self.read_sent))
    }
}

/// What somebody wants to do in a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Write a message.
    Send {
        /// The author's id for it.
        client_id: ClientId,
        /// What it says.
        body: Body,
    },
    /// Come in.
    Join,
    /// Go out.
    Leave,
    /// Set the topic.
    SetTopic(Topic),
    /// Move the own read mark.
    MarkRead(ReadPosition),
}

/// A place in the log, with the counts that a read mark there implies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadPosition {
    /// Read up to and with this event.
    pub seq: Seq,
    /// How many messages there are up to it.
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
    /// A conversation that begins with its first event.
    #[must_use]
    pub fn begin(id: ConversationId, kind: ConversationKind, members: &[Person]) -> Self {
        let members = members
            .iter()
            .map(|person| (person.id, Membership::newcomer(person.name.clone(), Seq(1), 0)))
            .collect();
        Self { id, kind, head: Seq(1), messages: 0, members }
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

    /// What the command would change.
    ///
    /// # Errors
    /// Why this person may not do this here.
    pub fn decide(&self, author: &Person, command: Command, now: Timestamp) -> Result<Change, WireError> {
        let member = self.members.get(&author.id);
        match (command, member) {
            (Command::Join, _) if self.kind == ConversationKind::Direct => Err(not_found()),
            (Command::Join, Some(_)) => Ok(Change::Nothing),
            (Command::Join, None) => Ok(self.event(author, now, EventKind::Joined)),
            (_, None) => Err(not_found()),
            (Command::Send { client_id, body }, Some(_)) => {
                let mentions = self.mentioned(author.id, &body);
                Ok(self.event(author, now, EventKind::Message { client_id, body, mentions }))
            }
            (Command::Leave | Command::SetTopic(_), Some(_)) if self.kind == ConversationKind::Direct => {
                Err(WireError::new(
                    ErrorCode::Forbidden,
                    "A direct conversation has no topic and cannot be left; this works in rooms.",
                ))
            }
            (Command::Leave, Some(_)) => Ok(self.event(author, now, EventKind::Left)),
            (Command::SetTopic(topic), Some(_)) => Ok(self.event(author, now, EventKind::Topic { topic })),
            (Command::MarkRead(position), Some(member)) if position.seq > member.read => {
                Ok(Change::Read(author.id, position))
            }
            (Command::MarkRead(_), Some(_)) => Ok(Change::Nothing),
        }
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
            EventKind::Message { mentions, .. } => {
                self.messages += 1;
                if let Some(author) = self.members.get_mut(&event.author.id) {
                    author.sent += 1;
                }
                for user in mentions {
                    if let Some(member) = self.members.get_mut(user) {
                        member.mentions += 1;
                    }
                }
            }
            EventKind::Joined => {
                let newcomer = Membership::newcomer(event.author.name.clone(), event.seq, self.messages);
                self.members.insert(event.author.id, newcomer);
            }
            EventKind::Left => {
                self.members.remove(&event.author.id);
            }
            EventKind::Created { .. } | EventKind::Topic { .. } | EventKind::Unknown => {}
        }
    }

    /// Where the whole log is read by this member.
    #[must_use]
    pub fn all_read(&self, user: UserId) -> ReadPosition {
        let sent = self.members.get(&user).map_or(0, |member| member.sent);
        ReadPosition { seq: self.head, messages: self.messages, sent, mentions: 0 }
    }

    fn event(&self, author: &Person, at: Timestamp, what: EventKind) -> Change {
        Change::Event(Event {
            conversation: self.id,
            seq: self.head.next(),
            at,
            author: author.clone(),
            what,
        })
    }

    /// The members, apart from the author, whom a text calls by name.
    fn mentioned(&self, author: UserId, body: &Body) -> Vec<UserId> {
        let names = mentioned_names(body.as_str());
        if names.is_empty() {
            return Vec::new();
        }
        let mut found: Vec<UserId> = self
            .members
            .iter()
            .filter(|(user, member)| **user != author && names.contains(&member.name))
            .map(|(user, _)| *user)
            .collect();
        found.sort_unstable();
        found
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn person(name: &str) -> Person {
        Person { id: UserId(Uuid::new_v5_like(name)), name: UserName::parse(name).unwrap() }
    }

    /// A stable id per name, so that cases read well.
    trait IdOfName {
        fn new_v5_like(name: &str) -> Uuid;
    }

    impl IdOfName for Uuid {
        fn new_v5_like(name: &str) -> Uuid {
            let mut bytes = [0; 16];
            for (at, byte) in name.bytes().take(16).enumerate() {
                bytes[at] = byte;
            }
            Uuid::from_bytes(bytes)
        }
    }

    fn room(kind: ConversationKind, members: &[&str]) -> Room {
        let members: Vec<Person> = members.iter().map(|name| person(name)).collect();
        Room::begin(ConversationId(Uuid::nil()), kind, &members)
    }

    fn send(text: &str) -> Command {
        Command::Send { client_id: ClientId(Uuid::nil()), body: Body::new(text).unwrap() }
    }

    fn act(room: &mut Room, who: &str, command: Command) -> Result<Change, ErrorCode> {
        let change = room.decide(&person(who), command, Timestamp(1)).map_err(|refusal| refusal.code)?;
        room.apply(&change);
        Ok(change)
    }

    #[test]
    fn numbers_follow_without_a_gap() {
        let mut room = room(ConversationKind::Room, &["ada"]);
        for expected in 2..6 {
            let Ok(Change::Event(event)) = act(&mut room, "ada", send("hi")) else { panic!("no event") };
            assert_eq!(event.seq, Seq(expected));
        }
        assert_eq!(act(&mut room, "ada", Command::Join), Ok(Change::Nothing), "joining twice is harmless");
        assert_eq!(room.head, Seq(5));
    }

    #[test]
    fn strangers_and_former_members_find_nothing() {
        let mut room = room(ConversationKind::Room, &["ada", "lin"]);
        act(&mut room, "lin", Command::Leave).unwrap();
        let position = room.all_read(person("ada").id);
        for who in ["lin", "eve"] {
            for command in
                [send("hi"), Command::Leave, Command::SetTopic(Topic::default()), Command::MarkRead(position)]
            {
                assert_eq!(act(&mut room, who, command), Err(ErrorCode::NotFound));
            }
        }
    }

    #[test]
    fn a_direct_is_closed_to_others_and_has_no_topic() {
        let mut direct = room(ConversationKind::Direct, &["ada", "lin"]);
        assert_eq!(act(&mut direct, "eve", Command::Join), Err(ErrorCode::NotFound));
        assert_eq!(act(&mut direct, "ada", Command::Leave), Err(ErrorCode::Forbidden));
        assert_eq!(act(&mut direct, "ada", Command::SetTopic(Topic::default())), Err(ErrorCode::Forbidden));
    }

    #[test]
    fn unread_counts_the_messages_of_others_after_the_mark() {
        let mut room = room(ConversationKind::Room, &["ada", "lin"]);
        let unread = |room: &Room, who: &str| {
            let member = &room.members[&person(who).id];
            (member.unread(room.messages), member.mentions)
        };
        act(&mut room, "ada", send("one")).unwrap();
        act(&mut room, "lin", send("two @ada")).unwrap();
        act(&mut room, "ada", Command::SetTopic(Topic::new("t").unwrap())).unwrap();
        assert_eq!(unread(&room, "ada"), (1, 1));
        assert_eq!(unread(&room, "lin"), (1, 0));

        let all = room.all_read(person("ada").id);
        act(&mut room, "ada", Command::MarkRead(all)).unwrap();
        assert_eq!(unread(&room, "ada"), (0, 0));
        assert_eq!(act(&mut room, "ada", Command::MarkRead(all)), Ok(Change::Nothing), "marks only grow");

        act(&mut room, "eve", Command::Join).unwrap();
        assert_eq!(unread(&room, "eve"), (0, 0), "a newcomer has nothing to catch up");
    }

    #[test]
    fn only_members_are_mentioned_and_nobody_mentions_themselves() {
        let mut room = room(ConversationKind::Room, &["ada", "lin"]);
        let Ok(Change::Event(event)) = act(&mut room, "ada", send("@ada @lin @eve")) else {
            panic!("no event")
        };
        assert!(matches!(event.what, EventKind::Message { mentions, .. } if mentions == [person("lin").id]));
    }
}
