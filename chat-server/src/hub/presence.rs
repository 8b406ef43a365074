//! Who is there: one task that merges the devices of each person and tells the watchers.
//!
//! 1. Only people who are watched are told about, only to those who watch them, in batches of
//!    [`BATCH`]: presence never grows with the square of the people.
//! 2. A cut connection counts as present for the grace time, so a flapping line is not a storm.
//! 3. A device that hides makes its person offline for everybody.
//! 4. Each node says who is on it; a person is what all nodes say together (`elsewhere`).

mod elsewhere;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use chat_proto::{Presence, PresenceState, Push, ServerFrame, Timestamp, UserId};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tracing::warn;
use uuid::Uuid;

use super::nodes::Nodes;
use super::outbox::{Frame, Outbox};
use super::{SessionKey, now};
use crate::domain::policy::{Policy, PolicyChange};
use crate::store::Store;
use elsewhere::Elsewhere;
pub(super) use elsewhere::FromNode;

/// How long changes are collected before watchers are told.
const BATCH: Duration = Duration::from_millis(250);

/// The pause before a store that did not answer is asked again.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Inputs that may wait for the task.
const QUEUE: usize = 1_024;

enum Input {
    Connect {
        user: UserId,
        session: SessionKey,
        outbox: Outbox,
    },
    Disconnect {
        user: UserId,
        session: SessionKey,
        clean: bool,
    },
    Set {
        user: UserId,
        session: SessionKey,
        state: PresenceState,
    },
    Watch {
        session: SessionKey,
        people: HashMap<UserId, Option<Timestamp>>,
        answer: oneshot::Sender<Vec<Presence>>,
    },
    Policy {
        change: PolicyChange,
        done: oneshot::Sender<()>,
    },
    /// They left a conversation, or were put out.
    Left {
        user: UserId,
    },
    TellWatchers {
        user: UserId,
        frame: Frame,
    },
    NewPolicy {
        policy: Arc<Policy>,
    },
    /// Another node says something.
    FromNode {
        node: Uuid,
        says: FromNode,
    },
    /// The bus is there: say and ask who is where.
    SayHello,
}

/// A handle on the presence task; cheap to clone.
#[derive(Clone)]
pub struct PresenceHub {
    inputs: mpsc::Sender<Input>,
}

impl PresenceHub {
    pub(super) fn start(store: Store, policy: Policy, grace: Duration, nodes: Option<Nodes>) -> Self {
        let (inputs, waiting) = mpsc::channel(QUEUE);
        let tracker = Tracker {
            store,
            policy,
            grace,
            people: HashMap::new(),
            watchers: HashMap::new(),
            watched_by: HashMap::new(),
            grace_ends: BTreeSet::new(),
            changed: HashSet::new(),
            left: HashSet::new(),
            tell_at: None,
            elsewhere: nodes.map(Elsewhere::new),
        };
        tokio::spawn(tracker.run(waiting));
        Self { inputs }
    }

    pub(super) async fn connect(&self, user: UserId, session: SessionKey, outbox: Outbox) {
        self.tell(Input::Connect { user, session, outbox }).await;
    }

    pub(super) async fn disconnect(&self, user: UserId, session: SessionKey, clean: bool) {
        self.tell(Input::Disconnect { user, session, clean }).await;
    }

    /// What a connection says of its person.
    pub async fn set(&self, user: UserId, session: SessionKey, state: PresenceState) {
        self.tell(Input::Set { user, session, state }).await;
    }

    /// Watches these people in place of those before. They must be visible to the watcher; with
    /// each comes when they were last online, as far as the store knows.
    pub async fn watch(
        &self,
        session: SessionKey,
        people: HashMap<UserId, Option<Timestamp>>,
    ) -> Vec<Presence> {
        let (answer, answered) = oneshot::channel();
        self.tell(Input::Watch { session, people, answer }).await;
        answered.await.unwrap_or_default()
    }

    /// Somebody left a conversation or was put out: they and those with whom they had nothing else in common watch
    /// each other no longer.
    pub(super) fn left(&self, user: UserId) {
        if let Err(TrySendError::Full(input)) = self.inputs.try_send(Input::Left { user }) {
            let inputs = self.inputs.clone();
            // An error means that the task has ended with the server.
            tokio::spawn(async move { inputs.send(input).await.ok() });
        }
    }

    /// Tells what a person says of themselves to those who watch them here.
    pub(super) async fn tell_watchers_here(&self, user: UserId, frame: Frame) {
        self.tell(Input::TellWatchers { user, frame }).await;
    }

    /// Takes over what another node says.
    pub(super) async fn hear_from(&self, node: Uuid, says: FromNode) {
        self.tell(Input::FromNode { node, says }).await;
    }

    /// Says to the other nodes who is here, and asks them the same. Forgotten when the task is busy,
    /// because that is said now and then anyway.
    pub(super) fn hello(&self) {
        let _ = self.inputs.try_send(Input::SayHello);
    }

    /// What holds from now on, whatever was known.
    pub(super) async fn replace_policy(&self, policy: Arc<Policy>) {
        self.tell(Input::NewPolicy { policy }).await;
    }

    /// Takes a stored change over. When it returns, it holds for everything that comes later.
    pub(super) async fn tell_policy(&self, change: &PolicyChange) {
        let (done, told) = oneshot::channel();
        self.tell(Input::Policy { change: change.clone(), done }).await;
        // An error means that the task has ended with the server.
        let _ = told.await;
    }

    async fn tell(&self, input: Input) {
        // An error means that the task has ended with the server.
        let _ = self.inputs.send(input).await;
    }
}

struct Tracker {
    store: Store,
    policy: Policy,
    grace: Duration,
    people: HashMap<UserId, Known>,
    watchers: HashMap<SessionKey, Watcher>,
    watched_by: HashMap<UserId, HashSet<SessionKey>>,
    grace_ends: BTreeSet<(Instant, UserId)>,
    changed: HashSet<UserId>,
    /// Who may watch, or be watched by, people who are strangers by now.
    left: HashSet<UserId>,
    tell_at: Option<Instant>,
    /// What the other nodes say, where there are any.
    elsewhere: Option<Elsewhere>,
}

/// A person with a connection, or in the grace time after one, or on another node.
#[derive(Default)]
struct Known {
    sessions: HashMap<SessionKey, PresenceState>,
    shown: PresenceState,
    grace_ends: Option<Instant>,
    /// How they stood on this node when they last had a connection to it.
    here: Option<PresenceState>,
}

impl Known {
    /// How they stand on this node; `None` if they are not on it.
    fn own(&self) -> Option<PresenceState> {
        match self.sessions.is_empty() {
            true => self.here.filter(|_| self.grace_ends.is_some()),
            false => merged(self.sessions.values().copied()),
        }
    }
}

/// What the others see, all devices, or all nodes, taken together; `None` if there are none.
fn merged(states: impl Iterator<Item = PresenceState>) -> Option<PresenceState> {
    /// The first of them that is said counts: who hides, hides everywhere.
    const ORDER: [PresenceState; 3] = [PresenceState::Offline, PresenceState::Online, PresenceState::Away];
    let place = |state| ORDER.iter().position(|known| *known == state).unwrap_or(ORDER.len());
    states.min_by_key(|state| place(*state))
}

struct Watcher {
    user: UserId,
    outbox: Outbox,
    people: Vec<UserId>,
}

impl Tracker {
    async fn run(mut self, mut waiting: mpsc::Receiver<Input>) {
        loop {
            let due = self.next_due();
            tokio::select! {
                input = waiting.recv() => match input {
                    Some(input) => self.take(input),
                    None => break,
                },
                () = sleep_until(due) => self.on_time(Instant::now()).await,
            }
        }
    }

    /// How somebody stands on all nodes together.
    fn state_of(&self, user: UserId) -> PresenceState {
        let own = self.people.get(&user).and_then(Known::own);
        let others = self.elsewhere.iter().flat_map(|elsewhere| elsewhere.states_of(user));
        merged(own.into_iter().chain(others)).unwrap_or(PresenceState::Offline)
    }

    fn next_due(&self) -> Option<Instant> {
        let grace = self.grace_ends.first().map(|(at, _)| *at);
        let beat = self.elsewhere.as_ref().map(Elsewhere::next_beat);
        [self.tell_at, grace, beat].into_iter().flatten().min()
    }

    fn take(&mut self, input: Input) {
        match input {
            Input::Connect { user, session, outbox } => {
                self.watchers.insert(session, Watcher { user, outbox, people: Vec::new() });
                self.set(user, session, PresenceState::Online);
            }
            Input::Set { user, session, state } => self.set(user, session, state),
            Input::Disconnect { user, session, clean } => self.disconnect(user, session, clean),
            Input::Watch { session, people, answer } => {
                // Who asked may be gone by now.
                let _ = answer.send(self.watch(session, people));
            }
            Input::Policy { change, done } => {
                self.policy.apply(&change);
                if let PolicyChange::Block(one, other, true) = change {
                    self.part_both(one, other);
                }
                let _ = done.send(());
            }
            Input::NewPolicy { policy } => self.policy = (*policy).clone(),
            Input::Left { user } => {
                self.left.insert(user);
                self.tell_at.get_or_insert_with(|| Instant::now() + BATCH);
            }
            Input::FromNode { node, says } => self.hear(node, says),
            Input::SayHello => {
                if let Some(elsewhere) = &mut self.elsewhere {
                    elsewhere.say_hello();
                }
            }
            Input::TellWatchers { user, frame } => {
                let watching = self.watched_by.get(&user).into_iter().flatten();
                for watcher in watching.filter_map(|session| self.watchers.get(session)) {
                    // Their own devices are told without watching.
                    if watcher.user != user {
                        watcher.outbox.push(frame.clone());
                    }
                }
            }
        }
    }

    fn set(&mut self, user: UserId, session: SessionKey, state: PresenceState) {
        // A connection that has just ended must not come back to life.
        if !self.watchers.contains_key(&session) {
            return;
        }
        let known = self.people.entry(user).or_default();
        known.sessions.insert(session, state);
        known.here = known.own();
        if let Some(at) = known.grace_ends.take() {
            self.grace_ends.remove(&(at, user));
        }
        self.note_change(user);
    }

    fn disconnect(&mut self, user: UserId, session: SessionKey, clean: bool) {
        self.unwatch(session);
        self.watchers.remove(&session);
        let Some(known) = self.people.get_mut(&user) else { return };
        known.here = known.own();
        known.sessions.remove(&session);
        if known.sessions.is_empty() && !clean {
            let at = Instant::now() + self.grace;
            known.grace_ends = Some(at);
            self.grace_ends.insert((at, user));
        }
        self.note_change(user);
    }

    fn watch(&mut self, session: SessionKey, people: HashMap<UserId, Option<Timestamp>>) -> Vec<Presence> {
        self.unwatch(session);
        let Some(watcher) = self.watchers.get_mut(&session) else { return Vec::new() };
        // Who asked may have been parted since the store answered.
        let (asking, policy) = (watcher.user, &self.policy);
        let is_near = |user: &UserId| !policy.are_apart(asking, *user);
        watcher.people = people.keys().copied().filter(is_near).collect();
        for user in &watcher.people {
            self.watched_by.entry(*user).or_default().insert(session);
        }
        people
            .into_iter()
            .map(|(user, last_seen)| {
                let known = self.people.get(&user).filter(|_| is_near(&user));
                let state = known.map_or(PresenceState::Offline, |known| known.shown);
                let is_shown = self.policy.share(asking, user, |shows| shows.last_seen);
                let last_seen = last_seen.filter(|_| state == PresenceState::Offline && is_shown);
                Presence { user, state, last_seen }
            })
            .collect()
    }

    fn unwatch(&mut self, session: SessionKey) {
        let Some(watcher) = self.watchers.get_mut(&session) else { return };
        for user in std::mem::take(&mut watcher.people) {
            if let Some(sessions) = self.watched_by.get_mut(&user) {
                sessions.remove(&session);
                if sessions.is_empty() {
                    self.watched_by.remove(&user);
                }
            }
        }
    }

    fn part_both(&mut self, one: UserId, other: UserId) {
        self.part(one, other);
        self.part(other, one);
    }

    /// From now on the one who watches sees the other as a stranger does: offline, for ever.
    fn part(&mut self, watched: UserId, watching: UserId) {
        let gone = Push::Presence {
            changes: vec![Presence { user: watched, state: PresenceState::Offline, last_seen: None }],
        };
        let frame: Frame = ServerFrame::encode_push(&gone).into();
        let Some(sessions) = self.watched_by.get_mut(&watched) else { return };
        sessions.retain(|session| {
            let Some(watcher) = self.watchers.get_mut(session) else { return false };
            if watcher.user != watching {
                return true;
            }
            watcher.people.retain(|user| *user != watched);
            watcher.outbox.push(frame.clone());
            false
        });
        if sessions.is_empty() {
            self.watched_by.remove(&watched);
        }
    }

    /// Parts those who left from whom they share nothing with any more.
    async fn part_strangers(&mut self) {
        for user in std::mem::take(&mut self.left) {
            let own = self.people.get(&user).into_iter().flat_map(|known| known.sessions.keys());
            let watched = own.filter_map(|session| self.watchers.get(session));
            let watching = self.watched_by.get(&user).into_iter().flatten();
            let watching = watching.filter_map(|session| Some(self.watchers.get(session)?.user));
            let mut others: HashSet<UserId> =
                watched.flat_map(|watcher| watcher.people.iter().copied()).chain(watching).collect();
            others.remove(&user);
            if others.is_empty() {
                continue;
            }
            match self.store.visible_people(user, others.iter().copied().collect()).await {
                Ok(seen) => {
                    let strangers = others.into_iter().filter(|other| !seen.contains_key(other));
                    strangers.for_each(|other| self.part_both(user, other));
                }
                Err(cause) => {
                    warn!(%cause, "could not see who is a stranger now; looks again");
                    self.left.insert(user);
                    self.tell_at.get_or_insert_with(|| Instant::now() + LOOK_AGAIN);
                }
            }
        }
    }

    fn note_change(&mut self, user: UserId) {
        self.changed.insert(user);
        self.tell_at.get_or_insert_with(|| Instant::now() + BATCH);
    }

    async fn on_time(&mut self, now: Instant) {
        while let Some((at, user)) = self.grace_ends.first().copied().filter(|(at, _)| *at <= now) {
            self.grace_ends.remove(&(at, user));
            if let Some(known) = self.people.get_mut(&user) {
                known.grace_ends = None;
            }
            self.note_change(user);
        }
        if self.tell_at.is_some_and(|at| at <= now) {
            self.tell_at = None;
            self.part_strangers().await;
            self.tell_watchers().await;
        }
        self.beat(now);
    }

    /// Tells each watcher what changed for them, in one frame.
    async fn tell_watchers(&mut self) {
        let at = now();
        let mut gone = Vec::new();
        let mut news: HashMap<SessionKey, Vec<Presence>> = HashMap::new();
        let changed = std::mem::take(&mut self.changed);
        self.tell_nodes(&changed);
        for user in changed {
            let state = self.state_of(user);
            let is_elsewhere = self.elsewhere.as_ref().is_some_and(|others| others.has(user));
            let Some(known) = self.people.get_mut(&user) else { continue };
            // Who came and went on other nodes only is noted there.
            let was_here = match known.own() {
                Some(_) => known.here,
                None => known.here.take(),
            };
            if known.own().is_none() && !is_elsewhere {
                self.people.remove(&user);
            } else if known.shown == state {
                continue;
            } else {
                known.shown = state;
            }
            let offline = state == PresenceState::Offline;
            if offline && was_here.is_some() {
                gone.push((user, at));
            }
            for session in self.watched_by.get(&user).into_iter().flatten() {
                let Some(watcher) = self.watchers.get(session) else { continue };
                let shown = offline && self.policy.share(user, watcher.user, |shows| shows.last_seen);
                let presence = Presence { user, state, last_seen: shown.then_some(at) };
                news.entry(*session).or_default().push(presence);
            }
        }
        // Noted before it is told, so that who asks again hears the same.
        if !gone.is_empty()
            && let Err(cause) = self.store.set_last_seen(gone).await
        {
            warn!(%cause, "could not note when people were last seen");
        }
        for (session, changes) in news {
            if let Some(watcher) = self.watchers.get(&session) {
                watcher.outbox.push(ServerFrame::encode_push(&Push::Presence { changes }).into());
            }
        }
    }
}

async fn sleep_until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}
