//! A shard: the loop that owns its conversations.
//!
//! Each turn takes what waits, decides and applies it in memory, commits it in one batch, and
//! only then answers and delivers. If the commit is refused because another writer was first, or
//! a client id is used again, the conversations are forgotten, loaded anew and everything is
//! decided again, one by one. Nobody is told anything that is not stored.

use std::collections::HashMap;

use chat_proto::{
    Answer, CloseReason, ConversationId, ConversationKind, Done, ErrorCode, Event, EventKind, Person,
    Position, Push, ReadState, Sent, ServerFrame, UserId, WireError,
};
use tokio::sync::mpsc;
use tracing::{error, warn};

use super::outbox::{Frame, Outbox};
use super::{Reply, SessionKey, Task, ToShard, now, unavailable};
use crate::domain::{Change, Command, Room, not_found};
use crate::store::{READ_MARKS_SHOWN_UP_TO, Store, StoreError, Write};

/// Requests decided and committed together.
const TURN: usize = 256;

/// Conversations held in memory; beyond that, those not in use this turn are forgotten.
const LOADED: usize = 4_096;

/// How often a request that lost to another writer is decided again before the client is asked to
/// come back.
const ATTEMPTS: usize = 3;

pub(super) struct Shard {
    store: Store,
    rooms: HashMap<ConversationId, Room>,
    online: HashMap<UserId, Vec<(SessionKey, Outbox)>>,
}

/// A request on its way through a turn.
struct Job {
    conversation: ConversationId,
    author: Person,
    task: Task,
    reply: Reply,
}

/// What a decided request leads to once it is committed.
enum Outcome {
    Refused(WireError),
    Unchanged,
    Began { members: Vec<UserId>, event: Event },
    Happened(Event),
    Read,
}

impl Shard {
    pub(super) fn new(store: Store) -> Self {
        Self { store, rooms: HashMap::new(), online: HashMap::new() }
    }

    pub(super) async fn run(mut self, mut waiting: mpsc::Receiver<ToShard>) {
        let mut inputs = Vec::with_capacity(TURN);
        while waiting.recv_many(&mut inputs, TURN).await > 0 {
            let mut jobs = Vec::new();
            for input in inputs.drain(..) {
                match input {
                    ToShard::Do { conversation, author, task, reply } => {
                        jobs.push(Job { conversation, author, task, reply });
                    }
                    // What came before must be delivered by who listened then.
                    other => {
                        self.turn(std::mem::take(&mut jobs)).await;
                        self.listen(other).await;
                    }
                }
            }
            self.turn(jobs).await;
            self.forget_some();
        }
    }

    async fn listen(&mut self, input: ToShard) {
        match input {
            ToShard::Attach { user, session, outbox, ready } => {
                self.online.entry(user).or_default().push((session, outbox));
                // Who waits may have been cut in the meantime.
                let _ = ready.send(());
            }
            ToShard::Detach { user, session } => {
                if let Some(sessions) = self.online.get_mut(&user) {
                    sessions.retain(|(key, _)| *key != session);
                    if sessions.is_empty() {
                        self.online.remove(&user);
                    }
                }
            }
            ToShard::EndLogin { user, session } => {
                let same = |key: &SessionKey| key.login == session.login && *key != session;
                for (_, outbox) in self.sessions(user).filter(|(key, _)| same(key)) {
                    outbox.cut(CloseReason::SessionEnded);
                }
            }
            ToShard::Typing { conversation, user, active } => self.typing(conversation, user, active).await,
            ToShard::Do { .. } => {}
        }
    }

    async fn typing(&mut self, conversation: ConversationId, user: Person, active: bool) {
        let Ok(Some(room)) = self.room(conversation).await else { return };
        if !room.members.contains_key(&user.id) {
            return;
        }
        let author = user.id;
        let frame: Frame = ServerFrame::encode_push(&Push::Typing { conversation, user, active }).into();
        let Some(room) = self.rooms.get(&conversation) else { return };
        for member in room.members.keys().filter(|member| **member != author) {
            for (_, outbox) in self.sessions(*member) {
                outbox.push_signal(frame.clone());
            }
        }
    }

    /// Decides, commits and answers these, together where that goes.
    async fn turn(&mut self, jobs: Vec<Job>) {
        if jobs.is_empty() {
            return;
        }
        match self.attempt(&jobs).await {
            Ok(outcomes) => self.deliver_all(jobs, outcomes).await,
            Err(StoreError::Conflict) => {
                for job in jobs {
                    self.alone(job).await;
                }
            }
            Err(StoreError::Failed(cause)) => refuse_all(&jobs, &cause),
        }
    }

    /// One request by itself, after a conflict: it may be a repeat, or have lost a race.
    async fn alone(&mut self, job: Job) {
        for _ in 0..ATTEMPTS {
            match self.attempt(std::slice::from_ref(&job)).await {
                Ok(outcomes) => return self.deliver_all(vec![job], outcomes).await,
                Err(StoreError::Failed(cause)) => return refuse_all(&[job], &cause),
                Err(StoreError::Conflict) => {}
            }
            match self.answer_of_first(&job).await {
                Ok(Some(Ok(answer))) => return job.reply.ok(&answer),
                Ok(Some(Err(refusal))) => return job.reply.error(&refusal),
                Ok(None) => {} // a number was taken by another writer: decide again
                Err(cause) => return refuse_all(&[job], &cause.to_string()),
            }
        }
        warn!(conversation = %job.conversation, "gave up after conflicts");
        job.reply.error(&unavailable());
    }

    /// Decides these in order and commits them. On an error, the conversations that they touched
    /// are forgotten, so memory never differs from the store.
    async fn attempt(&mut self, jobs: &[Job]) -> Result<Vec<Outcome>, StoreError> {
        let mut writes = Vec::new();
        let mut outcomes = Vec::with_capacity(jobs.len());
        let mut result = Ok(());
        for job in jobs {
            match self.decide(job, &mut writes).await {
                Ok(outcome) => outcomes.push(outcome),
                Err(cause) => {
                    result = Err(cause);
                    break;
                }
            }
        }
        if result.is_ok() && !writes.is_empty() {
            result = self.store.commit(writes).await;
        }
        if let Err(cause) = result {
            for job in jobs {
                self.rooms.remove(&job.conversation);
            }
            return Err(cause);
        }
        Ok(outcomes)
    }

    async fn decide(&mut self, job: &Job, writes: &mut Vec<Write>) -> Result<Outcome, StoreError> {
        let command = match &job.task {
            Task::Begin { .. } => return Ok(self.begin(job, writes)),
            Task::Command(command) => command.clone(),
            Task::MarkRead(seq) => match self.read_command(job, *seq).await? {
                Some(command) => command,
                None => return Ok(Outcome::Refused(not_found())),
            },
        };
        let Some(room) = self.room(job.conversation).await? else {
            return Ok(Outcome::Refused(not_found()));
        };
        let change = match room.decide(&job.author, command, now()) {
            Ok(change) => change,
            Err(refusal) => return Ok(Outcome::Refused(refusal)),
        };
        room.apply(&change);
        let messages = room.messages;
        Ok(match change {
            Change::Nothing => Outcome::Unchanged,
            Change::Event(event) => {
                writes.push(Write::Event { event: event.clone(), messages });
                Outcome::Happened(event)
            }
            Change::Read(user, position) => {
                writes.push(Write::Read { conversation: job.conversation, user, position });
                Outcome::Read
            }
        })
    }

    /// A read mark at the end is known from memory; any other place is looked up.
    async fn read_command(&mut self, job: &Job, seq: chat_proto::Seq) -> Result<Option<Command>, StoreError> {
        let user = job.author.id;
        let Some(room) = self.room(job.conversation).await? else { return Ok(None) };
        if seq >= room.head {
            return Ok(Some(Command::MarkRead(room.all_read(user))));
        }
        let position = self.store.read_position(job.conversation, user, seq).await?;
        // Number 0 stands before the first event: nothing read, and never further than now.
        Ok(Some(Command::MarkRead(position.unwrap_or(crate::domain::ReadPosition {
            seq: chat_proto::Seq::ZERO,
            messages: 0,
            sent: 0,
            mentions: 0,
        }))))
    }

    fn begin(&mut self, job: &Job, writes: &mut Vec<Write>) -> Outcome {
        let Task::Begin { kind, name, topic, client_id, with } = &job.task else { return Outcome::Unchanged };
        let people: Vec<Person> = std::iter::once(&job.author).chain(with).cloned().collect();
        let members: Vec<UserId> = people.iter().map(|person| person.id).collect();
        let event = Room::first_event(
            job.conversation,
            job.author.clone(),
            now(),
            *client_id,
            name.clone(),
            topic.clone(),
        );
        self.rooms.insert(job.conversation, Room::begin(job.conversation, *kind, &people));
        writes.push(Write::Begin {
            kind: *kind,
            name: name.clone(),
            members: members.clone(),
            event: event.clone(),
        });
        Outcome::Began { members, event }
    }

    /// After a conflict: the answer that the first such request got, or why this one is refused;
    /// `None` if only a number was taken.
    async fn answer_of_first(&self, job: &Job) -> Result<Option<Result<Answer, WireError>>, StoreError> {
        let client_id = match &job.task {
            Task::Command(Command::Send { client_id, .. }) | Task::Begin { client_id, .. } => *client_id,
            Task::Command(_) | Task::MarkRead(_) => return Ok(None),
        };
        if let Some(first) = self.store.first_use(job.author.id, client_id).await? {
            let is_send = !matches!(job.task, Task::Begin { .. });
            if is_send != first.is_message || (is_send && first.conversation != job.conversation) {
                return Ok(Some(Err(WireError::new(
                    ErrorCode::ClientIdReused,
                    "This client_id was used before for something else; use a new one.",
                ))));
            }
            if is_send {
                let sent =
                    Sent { conversation: first.conversation, seq: first.seq, at: first.at, duplicate: true };
                return Ok(Some(Ok(Answer::SendMessage(sent))));
            }
            return self.existing(job, first.conversation).await.map(Some);
        }
        let Task::Begin { name, with, .. } = &job.task else { return Ok(None) };
        if let Some(name) = name
            && self.store.room_named(name.clone()).await?.is_some()
        {
            let message = format!("There is already a room called #{name}. Join it, or choose another name.");
            return Ok(Some(Err(WireError::new(ErrorCode::NameTaken, message))));
        }
        if let Some(with) = with
            && let Some(direct) = self.store.direct_of(job.author.id, with.id).await?
        {
            return self.existing(job, direct).await.map(Some);
        }
        Ok(None)
    }

    async fn existing(&self, job: &Job, id: ConversationId) -> Result<Result<Answer, WireError>, StoreError> {
        let found = self.store.conversation(job.author.id, id).await?;
        Ok(found.map(|conversation| conversation_answer(&job.task, conversation)).ok_or_else(not_found))
    }

    async fn deliver_all(&mut self, jobs: Vec<Job>, outcomes: Vec<Outcome>) {
        for (job, outcome) in jobs.into_iter().zip(outcomes) {
            match outcome {
                Outcome::Refused(refusal) => job.reply.error(&refusal),
                Outcome::Unchanged => self.deliver_unchanged(&job).await,
                Outcome::Began { members, event } => self.deliver_begin(&job, &members, &event).await,
                Outcome::Happened(event) => self.deliver_event(&job, &event).await,
                Outcome::Read => self.deliver_read(&job),
            }
        }
    }

    async fn deliver_unchanged(&self, job: &Job) {
        match &job.task {
            Task::MarkRead(_) => self.answer_read_state(job),
            _ => self.show(job).await,
        }
    }

    async fn deliver_begin(&self, job: &Job, members: &[UserId], event: &Event) {
        self.show(job).await;
        for member in members {
            self.tell_added(*member, job).await;
        }
        self.broadcast(event);
    }

    async fn deliver_event(&self, job: &Job, event: &Event) {
        let (conversation, seq) = (event.conversation, event.seq);
        match &event.what {
            EventKind::Message { .. } => {
                let sent = Sent { conversation, seq, at: event.at, duplicate: false };
                job.reply.ok(&Answer::SendMessage(sent));
            }
            EventKind::Topic { .. } => job.reply.ok(&Answer::SetTopic(Position { conversation, seq })),
            EventKind::Joined => {
                self.show(job).await;
                self.tell_added(event.author.id, job).await;
            }
            EventKind::Left => {
                job.reply.ok(&Answer::LeaveRoom(Done {}));
                self.tell_others_of(
                    event.author.id,
                    job.reply.session,
                    &Push::ConversationRemoved { conversation },
                );
            }
            EventKind::Created { .. } | EventKind::Unknown => {}
        }
        self.broadcast(event);
    }

    /// Gives one event, encoded once, to every connection of every member.
    fn broadcast(&self, event: &Event) {
        let Some(room) = self.rooms.get(&event.conversation) else { return };
        let frame: Frame = ServerFrame::encode_push(&Push::Event(event.clone())).into();
        for member in room.members.keys() {
            for (_, outbox) in self.sessions(*member) {
                outbox.push(frame.clone());
            }
        }
    }

    fn deliver_read(&self, job: &Job) {
        let user = job.author.id;
        self.answer_read_state(job);
        let Some(room) = self.rooms.get(&job.conversation) else { return };
        let Some(member) = room.members.get(&user) else { return };
        let unread = Push::Unread {
            conversation: room.id,
            read: member.read,
            unread: member.unread(room.messages),
            mentions: member.mentions,
        };
        self.tell_others_of(user, job.reply.session, &unread);
        if room.members.len() as u64 > READ_MARKS_SHOWN_UP_TO {
            return;
        }
        let read = Push::Read { conversation: room.id, user, seq: member.read };
        let frame: Frame = ServerFrame::encode_push(&read).into();
        for other in room.members.keys().filter(|other| **other != user) {
            for (_, outbox) in self.sessions(*other) {
                outbox.push(frame.clone());
            }
        }
    }

    fn answer_read_state(&self, job: &Job) {
        let state = self.rooms.get(&job.conversation).and_then(|room| {
            let member = room.members.get(&job.author.id)?;
            Some(ReadState {
                conversation: room.id,
                read: member.read,
                unread: member.unread(room.messages),
                mentions: member.mentions,
            })
        });
        match state {
            Some(state) => job.reply.ok(&Answer::MarkRead(state)),
            None => job.reply.error(&not_found()),
        }
    }

    /// Answers with the conversation as the asking member sees it now.
    async fn show(&self, job: &Job) {
        match self.existing(job, job.conversation).await {
            Ok(Ok(answer)) => job.reply.ok(&answer),
            Ok(Err(refusal)) => job.reply.error(&refusal),
            Err(cause) => refuse_all(std::slice::from_ref(job), &cause.to_string()),
        }
    }

    /// Tells a person's connections, other than the asking one, that they are a member now.
    async fn tell_added(&self, user: UserId, job: &Job) {
        if self.sessions(user).all(|(session, _)| *session == job.reply.session) {
            return;
        }
        match self.store.conversation(user, job.conversation).await {
            Ok(Some(conversation)) => {
                self.tell_others_of(user, job.reply.session, &Push::ConversationAdded { conversation });
            }
            Ok(None) => {}
            // They learn it from the first event, or at their next login.
            Err(cause) => warn!(%cause, "could not show a new conversation"),
        }
    }

    fn tell_others_of(&self, user: UserId, except: SessionKey, push: &Push) {
        let frame: Frame = ServerFrame::encode_push(push).into();
        for (_, outbox) in self.sessions(user).filter(|(session, _)| *session != except) {
            outbox.push(frame.clone());
        }
    }

    fn sessions(&self, user: UserId) -> impl Iterator<Item = &(SessionKey, Outbox)> {
        self.online.get(&user).into_iter().flatten()
    }

    /// The conversation, from memory or loaded.
    async fn room(&mut self, id: ConversationId) -> Result<Option<&mut Room>, StoreError> {
        if !self.rooms.contains_key(&id)
            && let Some(room) = self.store.load(id).await?
        {
            self.rooms.insert(id, room);
        }
        Ok(self.rooms.get_mut(&id))
    }

    fn forget_some(&mut self) {
        if self.rooms.len() > LOADED {
            let mut surplus = self.rooms.len() - LOADED / 2;
            self.rooms.retain(|_, _| {
                let keep = surplus == 0;
                surplus = surplus.saturating_sub(1);
                keep
            });
        }
    }
}

/// The answer of the request that made or joined this conversation.
fn conversation_answer(task: &Task, conversation: chat_proto::Conversation) -> Answer {
    match task {
        Task::Begin { kind: ConversationKind::Direct, .. } => Answer::OpenDirect(conversation),
        Task::Begin { .. } => Answer::CreateRoom(conversation),
        Task::Command(_) | Task::MarkRead(_) => Answer::JoinRoom(conversation),
    }
}

fn refuse_all(jobs: &[Job], cause: &str) {
    error!(cause, requests = jobs.len(), "the store failed; the requests were refused");
    for job in jobs {
        job.reply.error(&unavailable());
    }
}
