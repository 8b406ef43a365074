//! A shard: the loop that owns its conversations.
//!
//! Each turn (`turn`) takes what waits, decides and applies it in memory, commits it in one batch, and
//! only then answers and delivers (`delivery`). Where another node was first, the store may have put
//! the turn's messages behind its (`rebase`). If the commit is refused because it was first in another
//! way, or a client id is used again, the conversations are forgotten, loaded anew and everything is
//! decided again, one by one. Nobody is told anything that is not stored.

mod delivery;
mod marks;
mod personal;
mod purge;
mod rebase;
mod remote;
mod repeat;
mod turn;
mod waiting;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arc_swap::ArcSwap;
use chat_proto::{CloseReason, ConversationId, Person, Role, Seq, UserId};
use tokio::sync::mpsc;
use tracing::warn;

use super::held::Held;
use super::nodes::Nodes;
use super::outbox::Outbox;
use super::pace::{Pace, too_many};
use super::task::{Beginning, Task};
use super::{Job, PresenceHub, SessionKey, ToShard, now};
use crate::domain::audit::{self, Before};
use crate::domain::policy::Policy;
use crate::domain::{Change, Room, not_found};
use crate::store::{Store, StoreError, Write};
use remote::Watched;
use turn::Outcome;
use waiting::Waiting;

/// Requests decided and committed together.
const TURN: usize = 256;

/// Conversations held in memory; beyond that, those not in use this turn are forgotten.
const LOADED: usize = 4_096;

/// How often a request that lost to another writer is decided again before the client is asked to
/// come back.
const ATTEMPTS: usize = 3;

/// The same where other nodes write as well: in a room in which all of them write hard, each try is
/// won by one of them.
const ATTEMPTS_AMONG_OTHERS: usize = 24;

pub(super) struct Shard {
    waiting: Waiting,
    store: Store,
    policy: Policy,
    /// Is told who left a conversation.
    presence: PresenceHub,
    rooms: HashMap<ConversationId, Room>,
    online: HashMap<UserId, Vec<Listener>>,
    /// Who is to be woken for what is in their outboxes.
    held: Held,
    /// How fast messages may come into each conversation.
    sends: Arc<ArcSwap<Pace<ConversationId>>>,
    /// The other nodes, where there are any; without them the next three stay empty.
    nodes: Option<Nodes>,
    /// The conversations in which somebody here listens.
    watched: HashMap<ConversationId, Watched>,
    /// In which of them each of those is.
    places: HashMap<UserId, HashSet<ConversationId>>,
    /// Of whom all of these were noted since they came.
    arrived: HashSet<UserId>,
    /// Those that were loaded for the attempt under way: nobody can say that they are behind.
    fresh: HashSet<ConversationId>,
    /// Where a commit failed of which nobody knows whether it was stored, and up to what people were told.
    untold: HashMap<ConversationId, Seq>,
}

/// A connection of somebody.
struct Listener {
    session: SessionKey,
    role: Role,
    /// Whether it is told what happens in conversations.
    reads: bool,
    outbox: Outbox,
}

impl Shard {
    pub(super) fn new(
        waiting: mpsc::Receiver<ToShard>,
        store: Store,
        policy: Policy,
        presence: PresenceHub,
        nodes: Option<Nodes>,
        sends: Arc<ArcSwap<Pace<ConversationId>>>,
    ) -> Self {
        Self {
            waiting: Waiting::new(waiting),
            store,
            policy,
            presence,
            rooms: HashMap::new(),
            online: HashMap::new(),
            held: Held::start(),
            sends,
            nodes,
            watched: HashMap::new(),
            places: HashMap::new(),
            arrived: HashSet::new(),
            fresh: HashSet::new(),
            untold: HashMap::new(),
        }
    }

    pub(super) async fn run(mut self) {
        loop {
            let mut left = self.waiting.take().await;
            if left == 0 {
                return;
            }
            let mut jobs = Vec::new();
            let mut changed = HashSet::new();
            let mut unsettled = HashSet::new();
            while left > 0
                && let Some(input) = self.waiting.next()
            {
                left -= 1;
                match input {
                    ToShard::Do(job) => {
                        // What is known of a message holds only until it is changed.
                        let changes: Vec<_> = job.task.changes().map(|seq| (job.conversation, seq)).collect();
                        let is_late = job.task.counts() && unsettled.contains(&job.conversation);
                        if is_late || changes.iter().any(|change| changed.contains(change)) {
                            self.turn(std::mem::take(&mut jobs)).await;
                            changed.clear();
                            unsettled.clear();
                        }
                        changed.extend(changes);
                        if job.task.unsettles() {
                            unsettled.insert(job.conversation);
                        }
                        jobs.push(*job);
                    }
                    // What other nodes tell has no order with what is asked here. It cuts no turn short, and what is
                    // decided after it is behind by less.
                    news @ (ToShard::News(_) | ToShard::Moved { .. } | ToShard::Added { .. }) => {
                        self.listen(news).await;
                    }
                    // What came before must be delivered by who listened then.
                    other => {
                        self.turn(std::mem::take(&mut jobs)).await;
                        self.listen(other).await;
                    }
                }
            }
            self.turn(jobs).await;
            self.held.release(!self.waiting.is_empty());
            self.forget_some();
        }
    }

    async fn listen(&mut self, input: ToShard) {
        match input {
            ToShard::Attach { user, session, role, reads, outbox, ready } => {
                self.online.entry(user).or_default().push(Listener { session, role, reads, outbox });
                // Who waits may have been cut in the meantime.
                let _ = ready.send(());
            }
            ToShard::Detach { user, session } => {
                if let Some(sessions) = self.online.get_mut(&user) {
                    sessions.retain(|listener| listener.session != session);
                    if sessions.is_empty() {
                        self.online.remove(&user);
                        self.unwatch_all(user);
                    }
                }
            }
            ToShard::Watch { user, session, places, ready } => {
                // Who waits may have been cut in the meantime.
                let _ = ready.send(self.watch_all(user, session, &places).await);
            }
            ToShard::NewPolicy { policy } => self.policy = (*policy).clone(),
            ToShard::EndAll => {
                self.online.values().flatten().for_each(|listener| listener.outbox.cut(CloseReason::Restart));
            }
            ToShard::Tell { user, except, frame } => {
                for (_, outbox) in self.sessions(user).filter(|(key, _)| Some(**key) != except) {
                    outbox.push(frame.clone());
                }
            }
            ToShard::Call { bot, frame, told } => {
                let connections = self.online.get(&bot).map_or(&[][..], Vec::as_slice);
                connections.iter().for_each(|listener| listener.outbox.push(frame.clone()));
                // Who waits may have been cut in the meantime.
                let _ = told.send(!connections.is_empty());
            }
            ToShard::End { user, which } => {
                let connections = self.online.get(&user).into_iter().flatten();
                for listener in connections.filter(|listener| which.includes(&listener.session)) {
                    listener.outbox.cut(which.reason());
                }
            }
            ToShard::Logins { user, told } => {
                let connections = self.online.get(&user).into_iter().flatten();
                // Who asked may have been stopped with the server.
                let _ = told.send(connections.map(|here| (here.session.login, here.role)).collect());
            }
            ToShard::Typing { conversation, user, active } => self.typing(conversation, user, active).await,
            ToShard::Policy { change, done } => {
                self.policy.apply(&change);
                // Who waits may have been cut in the meantime.
                let _ = done.send(());
            }
            ToShard::Purge { conversation, actor, messages, done } => {
                let _ = done.send(self.purge(conversation, Some(&actor), &messages).await);
            }
            ToShard::Expire { conversation, messages, done } => {
                let _ = done.send(self.purge(conversation, None, &messages).await);
            }
            ToShard::Wake => self.online.values().flatten().for_each(|listener| listener.outbox.wake()),
            ToShard::Settle { done } => drop(done.send(())),
            ToShard::News(news) => self.hear(*news).await,
            ToShard::Moved { conversation, seq } => self.hear_moved(conversation, seq).await,
            ToShard::Added { added, told } => {
                let result = self.hear_added(&added).await;
                if let Err(cause) = &result {
                    warn!(%cause, "cannot show a new conversation; tried again");
                }
                // Who waits may have been stopped with the server.
                let _ = told.send(result);
            }
            ToShard::Do(_) => {}
        }
    }

    async fn decide(&mut self, job: &Job, writes: &mut Vec<Write>) -> Result<Outcome, StoreError> {
        if let Task::Begin(beginning) = &job.task {
            let others: Vec<UserId> = beginning.with.iter().map(|person| person.id).collect();
            return Ok(match self.policy.may_begin(job.actor.person.id, &others, now()) {
                Ok(()) => self.begin(job, beginning, writes),
                Err(refusal) => Outcome::Refused(refusal),
            });
        }
        let store = self.store.clone();
        self.load(job.conversation).await?;
        let Some(room) = self.rooms.get_mut(&job.conversation) else {
            return Ok(Outcome::Refused(not_found()));
        };
        let Some(command) = job.task.command(&store, room, &job.actor).await? else {
            return self.unchanged(job).await;
        };
        let (before, now) = (Before::of(room, &command), now());
        let permitted = self.policy.may(job.actor.person.id, room, &command, now);
        let decided = permitted.and_then(|()| room.decide(&job.actor, command, now));
        let is_too_fast = |change: &Change| match change {
            // However often it is decided on, it is one message.
            Change::Event(event) if event.message().is_some() && !job.is_counted() => {
                self.sends.load().take(&job.conversation).err()
            }
            _ => None,
        };
        let decided = decided.and_then(|change| match is_too_fast(&change) {
            Some(wait) => Err(too_many("messages in this conversation", wait)),
            None => Ok(change),
        });
        let change = match decided {
            Ok(change) => change,
            Err(refusal) => {
                // What was stored before stays known, whatever has changed here since.
                let may_be_repeat =
                    job.task.client_id().is_some() && room.members.contains_key(&job.actor.person.id);
                self.not_behind(job.conversation).await?;
                let first = if may_be_repeat { self.answer_of_first(job).await? } else { None };
                return Ok(first.map_or(Outcome::Refused(refusal), Outcome::Repeated));
            }
        };
        room.apply(&change);
        let messages = room.messages;
        Ok(match change {
            Change::Nothing => return self.unchanged(job).await,
            Change::Event(event) => {
                let deaf = self.policy.deaf_to(event.author.id);
                let is_here = |user: UserId| {
                    self.online.contains_key(&user)
                        || self.nodes.as_ref().is_some_and(|nodes| nodes.is_elsewhere(user))
                };
                let hearing = room.hearing(&event, is_here, deaf);
                room.count_calls(&hearing);
                writes.push(Write::Event { event: event.clone(), messages, hearing });
                writes.extend(audit::note_of(&event, before).map(Write::Note));
                Outcome::Happened(event)
            }
            Change::Read(user, position) => {
                let as_of = room.head;
                writes.push(Write::Read { conversation: job.conversation, user, position, as_of });
                Outcome::Read
            }
        })
    }

    /// There is nothing to do, if what is known is what is there.
    async fn unchanged(&self, job: &Job) -> Result<Outcome, StoreError> {
        self.not_behind(job.conversation).await?;
        Ok(Outcome::Unchanged)
    }

    fn begin(&mut self, job: &Job, beginning: &Beginning, writes: &mut Vec<Write>) -> Outcome {
        let Beginning { kind, name, topic, description, private, client_id, with } = beginning.clone();
        let author = job.actor.person.clone();
        let people: Vec<Person> = std::iter::once(author.clone()).chain(with).collect();
        let members: Vec<UserId> = people.iter().map(|person| person.id).collect();
        let event = Room::first_event(job.conversation, author, now(), client_id, name.clone(), topic);
        self.rooms.insert(job.conversation, Room::begin(job.conversation, kind, private, &people));
        let members_written = members.clone();
        writes.push(Write::Begin {
            kind,
            name,
            description,
            private,
            members: members_written,
            event: event.clone(),
        });
        Outcome::Began { members, event }
    }

    /// The conversation, from memory or loaded.
    async fn room(&mut self, id: ConversationId) -> Result<Option<&mut Room>, StoreError> {
        self.load(id).await?;
        Ok(self.rooms.get_mut(&id))
    }

    async fn load(&mut self, id: ConversationId) -> Result<(), StoreError> {
        if !self.rooms.contains_key(&id)
            && let Some(room) = self.store.load(id).await?
        {
            self.rooms.insert(id, room);
            self.fresh.insert(id);
        }
        Ok(())
    }

    fn forget_some(&mut self) {
        if self.nodes.is_some() {
            // What happens elsewhere in others does not come here.
            self.rooms.retain(|id, _| self.watched.contains_key(id));
        }
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
