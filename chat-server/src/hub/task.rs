//! What is asked of a shard, and the answers that it leads to.

use chat_proto::{
    Answer, Body, ClientId, Conversation, ConversationId, ConversationKind, Description, Done, Emoji, Event,
    EventKind, FileId, Forwarded, Person, PinState, Position, ReactionState, RoomName, Sent, Seq, Topic,
};

use crate::domain::{Actor, Command, Draft, ReadPosition, Room, Target};
use crate::store::{Store, StoreError};

/// What is asked of a conversation's shard.
#[derive(Debug, Clone)]
pub enum Task {
    /// Write a message.
    Send(Box<Letter>),
    /// Change the text of a message.
    Edit(Seq, Body),
    /// Delete a message.
    Delete(Seq),
    /// Put a reaction to a message, or take it back.
    React(Seq, Emoji, bool),
    /// Pin a message, or unpin it.
    Pin(Seq, bool),
    /// Come in.
    Join,
    /// Ask somebody in.
    Invite(Person),
    /// A command that needs nothing from the store to be decided.
    Command(Command),
    /// Move the asking person's read mark to this number.
    MarkRead(Seq),
    /// Begin this conversation; its id is new.
    Begin(Box<Beginning>),
}

/// A message as the client asked for it, before it is known what it refers to.
#[derive(Debug, Clone)]
pub struct Letter {
    /// The author's id for it.
    pub client_id: ClientId,
    /// What it says.
    pub body: Body,
    /// The files that go with it.
    pub files: Enclosed,
    /// True for an action.
    pub action: bool,
    /// Which message it answers.
    pub reply_to: Option<Seq>,
    /// Which thread it continues.
    pub thread: Option<Seq>,
    /// Where it comes from.
    pub forwarded: Option<Forwarded>,
}

/// The files of a [`Letter`].
#[derive(Debug, Clone)]
pub enum Enclosed {
    /// Uploads of the author.
    Own(Vec<FileId>),
    /// Those of a message that the author can read, to be carried along.
    Forwarded(Vec<FileId>),
}

/// A conversation to begin.
#[derive(Debug, Clone)]
pub struct Beginning {
    /// Room or direct.
    pub kind: ConversationKind,
    /// The room's name.
    pub name: Option<RoomName>,
    /// The room's topic.
    pub topic: Topic,
    /// The room's description.
    pub description: Description,
    /// Whether only members know of it.
    pub private: bool,
    /// The creator's id for this.
    pub client_id: ClientId,
    /// Whom the direct is with.
    pub with: Vec<Person>,
}

impl Task {
    /// The client's id, where it makes a repeat harmless.
    pub(super) fn client_id(&self) -> Option<ClientId> {
        match self {
            Task::Send(letter) => Some(letter.client_id),
            Task::Begin(beginning) => Some(beginning.client_id),
            _ => None,
        }
    }

    /// The messages that it changes. What is decided about one holds only until the next change,
    /// so two of these do not go into one commit. The number of pins is such a thing too, under
    /// the number that no message has.
    pub(super) fn changes(&self) -> impl Iterator<Item = Seq> {
        let changed = match self {
            Task::Edit(seq, _) | Task::Delete(seq) | Task::React(seq, ..) => [Some(*seq), None],
            Task::Pin(seq, _) => [Some(*seq), Some(Seq::ZERO)],
            _ => [None, None],
        };
        changed.into_iter().flatten()
    }

    /// Whether deciding it needs what the store counts or lists for somebody. That must have in it what
    /// this turn did before, so it waits for the commit of what [`unsettles`](Self::unsettles) that.
    pub(super) fn counts(&self) -> bool {
        matches!(self, Task::MarkRead(_) | Task::Join | Task::Invite(_))
    }

    /// Whether it changes what is counted or listed for others than its author: unread messages,
    /// mentions, invitations.
    pub(super) fn unsettles(&self) -> bool {
        match self {
            Task::Delete(_) | Task::Join | Task::Invite(_) => true,
            // Whoever is called is so by this; a text from elsewhere calls nobody.
            Task::Send(letter) => letter.body.as_str().contains('@'),
            _ => false,
        }
    }

    /// The command with what must be known to decide it; `None` for what begins a conversation.
    pub(super) async fn command(
        &self,
        store: &Store,
        room: &Room,
        actor: &Actor,
    ) -> Result<Option<Command>, StoreError> {
        let event = async |seq| store.event(room.id, seq).await;
        Ok(Some(match self.clone() {
            Task::Send(letter) => {
                let target = async |seq: Option<Seq>| match seq {
                    Some(seq) => {
                        Ok::<_, StoreError>(Some(Target { seq, event: store.event(room.id, seq).await? }))
                    }
                    None => Ok(None),
                };
                let Letter { client_id, body, files, action, reply_to, thread, forwarded } = *letter;
                let files = match files {
                    Enclosed::Own(files) => store.attachments(Some(actor.person.id), files).await?,
                    Enclosed::Forwarded(files) => store.attachments(None, files).await?,
                };
                let (reply_to, thread) = (target(reply_to).await?, target(thread).await?);
                Command::Send(Box::new(Draft { client_id, body, files, action, reply_to, thread, forwarded }))
            }
            Task::Edit(seq, body) => Command::Edit { target: event(seq).await?, body },
            Task::Delete(seq) => Command::Delete { target: event(seq).await? },
            Task::React(seq, emoji, on) => Command::React { target: event(seq).await?, emoji, on },
            Task::Pin(seq, on) => {
                Command::Pin { target: event(seq).await?, on, pins: store.count_pins(room.id).await? }
            }
            Task::Join => Command::Join { invited: store.is_invited(room.id, actor.person.id).await? },
            Task::Invite(user) => {
                let invited = store.is_invited(room.id, user.id).await?;
                Command::Invite { user, invited }
            }
            Task::Command(command) => command,
            Task::MarkRead(seq) => Command::MarkRead(read_position(store, room, actor, seq).await?),
            Task::Begin(_) => return Ok(None),
        }))
    }

    /// The answer after this event; `None` where it is the conversation itself.
    pub(super) fn answer(&self, event: &Event) -> Option<Answer> {
        let (conversation, seq) = (event.conversation, event.seq);
        let position = Position { conversation, seq };
        Some(match &event.what {
            EventKind::Message(_) => {
                Answer::SendMessage(Sent { conversation, seq, at: event.at, duplicate: false })
            }
            EventKind::Edited { .. } => Answer::EditMessage(position),
            EventKind::Deleted { .. } => Answer::DeleteMessage(position),
            EventKind::Reaction { .. } | EventKind::Pinned { .. } => return self.state(conversation),
            EventKind::Topic { .. } => Answer::SetTopic(position),
            EventKind::Renamed { .. } => Answer::RenameRoom(position),
            EventKind::Described { .. } => Answer::DescribeRoom(position),
            EventKind::Rules { .. } => Answer::SetRules(position),
            EventKind::Left
            | EventKind::Invited { .. }
            | EventKind::Removed { .. }
            | EventKind::Banned { .. }
            | EventKind::Unbanned { .. }
            | EventKind::Muted { .. }
            | EventKind::Unmuted { .. }
            | EventKind::Role { .. } => Answer::LeaveRoom(Done {}),
            EventKind::Created { .. } | EventKind::Joined | EventKind::Tombstone(_) | EventKind::Unknown => {
                return None;
            }
        })
    }

    /// The answer when it was so already; `None` where it is the conversation itself.
    pub(super) fn answer_unchanged(&self, room: &Room) -> Option<Answer> {
        match self {
            Task::Command(Command::SetRules(_)) => {
                Some(Answer::SetRules(Position { conversation: room.id, seq: room.head }))
            }
            Task::Command(_) | Task::Invite(_) => Some(Answer::LeaveRoom(Done {})),
            _ => self.state(room.id),
        }
    }

    fn state(&self, conversation: ConversationId) -> Option<Answer> {
        match self {
            Task::React(seq, _, on) => {
                Some(Answer::React(ReactionState { conversation, seq: *seq, on: *on }))
            }
            Task::Pin(seq, on) => Some(Answer::PinMessage(PinState { conversation, seq: *seq, on: *on })),
            _ => None,
        }
    }

    /// The answer that shows the conversation that this made or joined.
    pub(super) fn conversation_answer(&self, conversation: Conversation) -> Answer {
        match self {
            Task::Begin(beginning) if beginning.kind == ConversationKind::Direct => {
                Answer::OpenDirect(conversation)
            }
            Task::Begin(_) => Answer::CreateRoom(conversation),
            _ => Answer::JoinRoom(conversation),
        }
    }
}

/// A read mark at the end is known from memory; any other place is looked up.
async fn read_position(
    store: &Store,
    room: &Room,
    actor: &Actor,
    seq: Seq,
) -> Result<ReadPosition, StoreError> {
    /// Before the first event: nothing read, and never further than now.
    const BEGINNING: ReadPosition = ReadPosition { seq: Seq::ZERO, messages: 0, sent: 0, mentions: 0 };
    if seq >= room.head {
        return Ok(room.all_read(actor.person.id));
    }
    // Marks only go forward, and only members have one: nothing to look up.
    if room.members.get(&actor.person.id).is_none_or(|member| seq <= member.read) {
        return Ok(BEGINNING);
    }
    Ok(store.read_position(room.id, actor.person.id, seq).await?.unwrap_or(BEGINNING))
}
