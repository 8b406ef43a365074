//! Floor 3: who listens where, and the one place where a conversation changes.
//!
//! A fixed number of shards, each one task, own the conversations by hash. No lock guards a
//! conversation; joining, sending and leaving cannot race, because one loop does them all.
//! Presence is owned by one more task. Where several servers share a database, `nodes` carries
//! between their hubs what happens.

pub mod frame;
mod held;
mod nodes;
pub mod outbox;
mod pace;
mod presence;
mod runs;
mod shard;
mod task;
mod visits;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use chat_proto::{
    CloseReason, ConversationId, ErrorCode, FrameId, Limits, Person, Push, RunId, Seq, ServerFrame,
    SessionId, Timestamp, UserId, WireError,
};
use tokio::sync::{Mutex, Notify, OwnedMutexGuard, mpsc, oneshot};
use tracing::Span;

use crate::bus::Bus;
use crate::domain::Actor;
use crate::domain::policy::{Policy, PolicyChange};
use crate::metrics::metrics;
use crate::store::{Store, StoreError};
use nodes::news::{self, Call, End, News, Nothing, PolicyNews, Tell};
pub use nodes::{Duties, Duty};
use nodes::{Listener, Nodes};
use outbox::{Frame, Outbox};
pub use pace::{Pace, Rate, SENDERS_OF_CONVERSATION, too_many};
pub use presence::PresenceHub;
pub use runs::{Run, Runs};
pub use task::{Beginning, Enclosed, Letter, Task};
pub use visits::{Visit, Visits};

/// Requests that may wait for one shard; past that its clients wait, each on its own connection.
pub const SHARD_QUEUE: usize = 1_024;

/// The server's clock. Order never comes from it.
#[must_use]
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// One connection, as long as this process lives, and the login that it came in by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionKey {
    connection: u64,
    login: SessionId,
}

impl SessionKey {
    /// The server itself, which is no connection of anybody.
    const SERVER: SessionKey = SessionKey { connection: 0, login: SessionId(uuid::Uuid::nil()) };
}

/// Where the answer to a request goes.
#[derive(Clone)]
pub struct Reply {
    /// The connection that asked.
    pub session: SessionKey,
    /// Whether it may be shown what was written; a bot's token may not be good for that.
    pub reads: bool,
    to: ReplyTo,
}

#[derive(Clone)]
enum ReplyTo {
    Connection(FrameId, Outbox),
    /// A part of the server that acts for somebody; it waits for the one answer.
    Server(mpsc::Sender<Result<chat_proto::Answer, WireError>>),
}

impl Reply {
    /// To the connection that asked under this id.
    #[must_use]
    pub fn to(id: FrameId, session: SessionKey, reads: bool, outbox: Outbox) -> Self {
        Self { session, reads, to: ReplyTo::Connection(id, outbox) }
    }

    /// Answers `ok`.
    pub fn ok(&self, answer: &chat_proto::Answer) {
        match &self.to {
            ReplyTo::Connection(id, outbox) => outbox.push(ServerFrame::encode_ok(id, answer).into()),
            // Who waited may have been stopped with the server.
            ReplyTo::Server(waiting) => drop(waiting.try_send(Ok(answer.clone()))),
        }
    }

    /// Answers `error`.
    pub fn error(&self, error: &WireError) {
        metrics().refusals.add_one(error.code);
        match &self.to {
            ReplyTo::Connection(id, outbox) => {
                outbox.push(ServerFrame::encode_error(Some(id), error).into());
            }
            ReplyTo::Server(waiting) => drop(waiting.try_send(Err(error.clone()))),
        }
    }
}

/// A request on its way through its shard.
struct Job {
    conversation: ConversationId,
    actor: Actor,
    task: Task,
    reply: Reply,
    /// The request that it is part of.
    asked: Span,
    /// Whether it was counted among the messages of its conversation.
    counted: AtomicBool,
}

impl Job {
    /// Whether it was counted before; from now on it was.
    fn is_counted(&self) -> bool {
        self.counted.swap(true, Ordering::Relaxed)
    }

    /// Ends the request's part of a trace here: what it asked for is done and answered.
    fn is_answered(&self) {
        self.asked.in_scope(|| ());
    }
}

/// Which of a person's connections end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Those of one login, apart from the connection that asked.
    Login(SessionKey),
    /// All.
    All,
    /// All, because the account was banned.
    Banned,
    /// All, for this reason.
    Because(CloseReason),
    /// Those of one login, for this reason.
    Session(SessionId, CloseReason),
    /// Those of all logins but one, for this reason.
    Others(SessionId, CloseReason),
}

impl Ending {
    fn includes(self, session: &SessionKey) -> bool {
        match self {
            Ending::Login(asking) => session.login == asking.login && *session != asking,
            Ending::All | Ending::Banned | Ending::Because(_) => true,
            Ending::Session(login, _) => session.login == login,
            Ending::Others(login, _) => session.login != login,
        }
    }

    fn reason(self) -> CloseReason {
        match self {
            Ending::Login(_) | Ending::All => CloseReason::SessionEnded,
            Ending::Banned => CloseReason::Banned,
            Ending::Because(reason) | Ending::Session(_, reason) | Ending::Others(_, reason) => reason,
        }
    }
}

enum ToShard {
    Attach {
        user: UserId,
        session: SessionKey,
        reads: bool,
        outbox: Outbox,
        ready: oneshot::Sender<()>,
    },
    Detach {
        user: UserId,
        session: SessionKey,
    },
    Tell {
        user: UserId,
        except: Option<SessionKey>,
        frame: Frame,
    },
    Call {
        bot: UserId,
        frame: Frame,
        told: oneshot::Sender<bool>,
    },
    End {
        user: UserId,
        which: Ending,
    },
    Do(Box<Job>),
    Policy {
        change: PolicyChange,
        done: oneshot::Sender<()>,
    },
    Purge {
        conversation: ConversationId,
        actor: Actor,
        messages: Vec<Seq>,
        done: oneshot::Sender<Result<u64, WireError>>,
    },
    /// Somebody who was attached is a member there; the newest numbers are from after that.
    Watch {
        user: UserId,
        places: Arc<Vec<(ConversationId, Seq)>>,
        ready: oneshot::Sender<()>,
    },
    /// Another node tells something about a conversation.
    News(Box<News>),
    /// The store has events up to this one.
    Moved {
        conversation: ConversationId,
        seq: Seq,
    },
    /// The policy as the store has it.
    NewPolicy {
        policy: Arc<Policy>,
    },
    /// End every connection; its client comes back.
    EndAll,
    /// Have every connection look whether there is anything to do.
    Wake,
    /// Say so when everything before is answered.
    Settle {
        done: oneshot::Sender<()>,
    },
    Expire {
        conversation: ConversationId,
        messages: Vec<Seq>,
        done: oneshot::Sender<Result<u64, WireError>>,
    },
    Typing {
        conversation: ConversationId,
        user: Person,
        active: bool,
    },
}

/// A handle on the shards and the presence task; cheap to clone.
#[derive(Clone)]
pub struct Hub {
    shards: Arc<[mpsc::Sender<ToShard>]>,
    presence: PresenceHub,
    runs: Runs,
    visits: Visits,
    sessions: Arc<AtomicU64>,
    /// How fast messages may come into each conversation.
    sends: Arc<ArcSwap<Pace<ConversationId>>>,
    store: Store,
    /// The other nodes, where there are any.
    nodes: Option<Nodes>,
    /// Told when another node shut the doors or opened them.
    doors: Arc<Notify>,
    /// Held from the store's write to the shards' knowing of it: otherwise two admins who ban and
    /// pardon in the same moment could leave the shards with other news than the store.
    policy_turn: Arc<Mutex<()>>,
}

impl Hub {
    /// Starts so many shards, each with a copy of the policy, and the presence task.
    #[must_use]
    pub fn start(
        store: &Store,
        policy: &Policy,
        shards: usize,
        presence_grace: Duration,
        limits: &Limits,
    ) -> Self {
        Self::start_among(None, store, policy, shards, presence_grace, limits)
    }

    /// As [`start`](Self::start), on this bus, with the policy as it stands now.
    ///
    /// # Errors
    /// The store failed.
    pub async fn start_on(
        bus: Bus,
        store: &Store,
        shards: usize,
        presence_grace: Duration,
        limits: &Limits,
    ) -> Result<Self, StoreError> {
        // Where the news begin is asked first: what comes before that is in the policy, and in what
        // clients are told at their login.
        let position = match bus {
            Bus::Local => None,
            Bus::Nats(nats, received) => Some((nats, received, store.news_position().await?)),
        };
        let policy = store.policy(now()).await?;
        let Some((nats, received, position)) = position else {
            return Ok(Self::start(store, &policy, shards, presence_grace, limits));
        };
        let nodes = Nodes::new(nats, store.clone());
        let hub = Self::start_among(Some(nodes.clone()), store, &policy, shards, presence_grace, limits);
        tokio::spawn(Listener::new(hub.clone(), nodes, position).run(received));
        Ok(hub)
    }

    fn start_among(
        nodes: Option<Nodes>,
        store: &Store,
        policy: &Policy,
        shards: usize,
        presence_grace: Duration,
        limits: &Limits,
    ) -> Self {
        let sends = Arc::new(ArcSwap::from_pointee(pace::of_conversations(limits)));
        let shards = (0..shards.max(1))
            .map(|_| {
                let (tasks, waiting) = mpsc::channel(SHARD_QUEUE);
                let shard = shard::Shard::new(store.clone(), policy.clone(), nodes.clone(), sends.clone());
                tokio::spawn(shard.run(waiting));
                tasks
            })
            .collect();
        Self {
            shards,
            presence: PresenceHub::start(store.clone(), policy.clone(), presence_grace, nodes.clone()),
            runs: Runs::start(),
            visits: Visits::default(),
            sessions: Arc::new(AtomicU64::new(1)),
            sends,
            store: store.clone(),
            nodes,
            doors: Arc::default(),
            policy_turn: Arc::default(),
        }
    }

    /// From now on with what one connection may ask since a reload.
    pub fn set_sends(&self, limits: &Limits) {
        self.sends.store(Arc::new(pace::of_conversations(limits)));
    }

    /// Forgets how fast messages came into conversations in which it is quiet.
    pub fn forget_resting(&self) {
        self.sends.load().forget_resting();
    }

    /// What this node is to do alone.
    #[must_use]
    pub fn duties(&self) -> Duties {
        Duties(self.nodes.clone())
    }

    /// How the bus to other nodes is, where there is one.
    #[must_use]
    pub fn bus_is_well(&self) -> Option<bool> {
        self.nodes.as_ref().map(Nodes::is_well)
    }

    /// Returns when another node shut the doors or opened them.
    pub async fn doors_changed(&self) {
        self.doors.notified().await;
    }

    /// Tells the other nodes that the doors were shut or opened.
    pub async fn tell_doors(&self) {
        if let Some(nodes) = &self.nodes {
            nodes.keep_surely(&News::Doors(Nothing {})).await;
        }
    }

    /// Tells the other nodes that this one ends.
    pub async fn leave(&self) {
        if let Some(nodes) = &self.nodes {
            nodes.leave().await;
        }
    }

    /// Who is there.
    #[must_use]
    pub fn presence(&self) -> &PresenceHub {
        &self.presence
    }

    /// Who is here over HTTP.
    #[must_use]
    pub fn visits(&self) -> &Visits {
        &self.visits
    }

    /// The slash commands under way.
    #[must_use]
    pub fn runs(&self) -> &Runs {
        &self.runs
    }

    /// A key for a new connection.
    #[must_use]
    pub fn new_session(&self, login: SessionId) -> SessionKey {
        SessionKey { connection: self.sessions.fetch_add(1, Ordering::Relaxed), login }
    }

    /// Begins to deliver this person's conversations to this connection. When it returns, every
    /// later event reaches the outbox; what is read from the store from now on holds all earlier
    /// ones, so the two together have no gap. To one that does not read, nothing is delivered but
    /// what is meant for it alone.
    ///
    /// # Errors
    /// The store failed; nothing is delivered then.
    pub async fn attach(
        &self,
        user: UserId,
        session: SessionKey,
        reads: bool,
        outbox: &Outbox,
    ) -> Result<(), StoreError> {
        for shard in self.shards.iter() {
            let (ready, attached) = oneshot::channel();
            let attach = ToShard::Attach { user, session, reads, outbox: outbox.clone(), ready };
            if shard.send(attach).await.is_ok() {
                // An error means that the shard has ended with the server.
                let _ = attached.await;
            }
        }
        if let Some(nodes) = &self.nodes
            && let Err(cause) = self.watch(user, nodes).await
        {
            self.detach(user, session, true).await;
            return Err(cause);
        }
        self.presence.connect(user, session, outbox.clone()).await;
        Ok(())
    }

    /// Has this node hear what happens where somebody is a member.
    async fn watch(&self, user: UserId, nodes: &Nodes) -> Result<(), StoreError> {
        let places = Arc::new(self.store.places_of(user).await?);
        for shard in self.shards.iter() {
            let (ready, watched) = oneshot::channel();
            if shard.send(ToShard::Watch { user, places: places.clone(), ready }).await.is_ok() {
                // An error means that the shard has ended with the server.
                let _ = watched.await;
            }
        }
        // What the client is told of its conversations is read after this, so nothing falls between.
        nodes.settled().await;
        Ok(())
    }

    /// Ends the delivery to this connection. `clean` if the client said goodbye; after a cut the
    /// person stays online for the grace time.
    pub async fn detach(&self, user: UserId, session: SessionKey, clean: bool) {
        for shard in self.shards.iter() {
            // An error means that the shard has ended with the server.
            let _ = shard.send(ToShard::Detach { user, session }).await;
        }
        self.presence.disconnect(user, session, clean).await;
    }

    /// Tells all connections of a person, apart from one, what belongs to no conversation.
    pub async fn tell(&self, user: UserId, except: Option<SessionKey>, push: &Push) {
        let text = ServerFrame::encode_push(push);
        if let Some(nodes) = &self.nodes
            && let Some(frame) = news::raw(text.clone())
        {
            nodes.keep(&News::Tell(Tell { user, frame }));
        }
        self.tell_here(user, except, text.into()).await;
    }

    async fn tell_here(&self, user: UserId, except: Option<SessionKey>, frame: Frame) {
        self.to_any_shard(ToShard::Tell { user, except, frame }).await;
    }

    /// Tells what a person says of themselves to those who watch them.
    pub async fn tell_watchers(&self, user: UserId, push: &Push) {
        let text = ServerFrame::encode_push(push);
        if let Some(nodes) = &self.nodes
            && let Some(frame) = news::raw(text.clone())
        {
            nodes.keep(&News::TellWatchers(Tell { user, frame }));
        }
        self.presence.tell_watchers_here(user, text.into()).await;
    }

    /// Begins a run of a slash command, and tells all connections of its bot, also those that do
    /// not read; false if it has none.
    pub async fn call(&self, id: RunId, run: Run, push: &Push) -> bool {
        let bot = run.bot.id;
        // Before the call, or the answer might come before its run is known.
        self.runs.begin(id, run.clone()).await;
        let text = ServerFrame::encode_push(push);
        let is_elsewhere = self.nodes.as_ref().filter(|nodes| nodes.is_elsewhere(bot));
        if let Some(nodes) = is_elsewhere
            && let Some(frame) = news::raw(text.clone())
        {
            nodes.keep(&News::Call(Call { frame, id, run }));
        }
        self.call_here(bot, text.into()).await || is_elsewhere.is_some()
    }

    async fn call_here(&self, bot: UserId, frame: Frame) -> bool {
        let (told, answered) = oneshot::channel();
        self.to_any_shard(ToShard::Call { bot, frame, told }).await;
        answered.await.unwrap_or(false)
    }

    /// Closes connections of a person whose logins have ended, on every node.
    pub async fn end(&self, user: UserId, which: Ending) {
        self.end_here(user, which).await;
        if let Some(nodes) = &self.nodes {
            nodes.keep_surely(&News::End(End::of(user, which))).await;
        }
    }

    async fn end_here(&self, user: UserId, which: Ending) {
        self.visits.end(user, which);
        self.to_any_shard(ToShard::End { user, which }).await;
    }

    async fn end_all(&self) {
        self.to_any_shard(ToShard::EndAll).await;
    }

    /// Whoever changes the policy takes a turn, then stores the change, then tells it.
    pub async fn policy_turn(&self) -> OwnedMutexGuard<()> {
        self.policy_turn.clone().lock_owned().await
    }

    /// Tells every shard a stored change. When it returns, it holds for everything that comes later.
    pub async fn tell_policy(&self, change: &PolicyChange) {
        for shard in self.shards.iter() {
            let (done, told) = oneshot::channel();
            if shard.send(ToShard::Policy { change: change.clone(), done }).await.is_ok() {
                // An error means that the shard has ended with the server.
                let _ = told.await;
            }
        }
        self.presence.tell_policy(change).await;
        if let Some(nodes) = &self.nodes {
            let apart = match change {
                PolicyChange::Block(one, other, true) => Some((*one, *other)),
                _ => None,
            };
            nodes.keep_surely(&News::Policy(PolicyNews { apart })).await;
        }
    }

    /// Tells every shard what holds, whatever it knew. Who calls this has the policy's turn.
    async fn replace_policy(&self, policy: Policy) {
        let policy = Arc::new(policy);
        for shard in self.shards.iter() {
            // An error means that the shard has ended with the server.
            let _ = shard.send(ToShard::NewPolicy { policy: policy.clone() }).await;
        }
        self.presence.replace_policy(policy).await;
    }

    /// Deletes these messages of one conversation for somebody who may; says how many there were.
    ///
    /// # Errors
    /// The refusal to answer with.
    pub async fn purge(
        &self,
        conversation: ConversationId,
        actor: Actor,
        messages: Vec<Seq>,
    ) -> Result<u64, WireError> {
        let (done, deleted) = oneshot::channel();
        let purge = ToShard::Purge { conversation, actor, messages, done };
        self.shard(conversation).send(purge).await.map_err(|_| unavailable())?;
        deleted.await.map_err(|_| unavailable())?
    }

    /// Has every connection look whether it is to end.
    pub async fn wake_all(&self) {
        self.to_any_shard(ToShard::Wake).await;
    }

    /// Returns when every shard has answered what it was asked before.
    pub async fn settle(&self) {
        for shard in self.shards.iter() {
            settle(shard).await;
        }
    }

    /// As [`settle`](Self::settle), of the one with this conversation.
    async fn settle_one(&self, conversation: ConversationId) {
        settle(self.shard(conversation)).await;
    }

    async fn to_shard(&self, conversation: ConversationId, input: ToShard) {
        // An error means that the shard has ended with the server.
        let _ = self.shard(conversation).send(input).await;
    }

    /// Deletes these messages of one conversation because their time is over; says how many there
    /// were.
    ///
    /// # Errors
    /// The shard or the store failed.
    pub async fn expire(&self, conversation: ConversationId, messages: Vec<Seq>) -> Result<u64, WireError> {
        let (done, deleted) = oneshot::channel();
        let expire = ToShard::Expire { conversation, messages, done };
        self.shard(conversation).send(expire).await.map_err(|_| unavailable())?;
        deleted.await.map_err(|_| unavailable())?
    }

    /// For what concerns connections only: every shard knows every connection, so one is enough.
    async fn to_any_shard(&self, input: ToShard) {
        if let Some(shard) = self.shards.first() {
            // An error means that the shard has ended with the server.
            let _ = shard.send(input).await;
        }
    }

    /// Hands a task to the conversation's shard, which answers through the reply.
    pub async fn submit(&self, conversation: ConversationId, actor: Actor, task: Task, reply: Reply) {
        let (asked, counted) = (Span::current(), AtomicBool::new(false));
        let job = ToShard::Do(Box::new(Job { conversation, actor, task, reply, asked, counted }));
        if let Err(mpsc::error::SendError(ToShard::Do(job))) = self.shard(conversation).send(job).await {
            job.reply.error(&unavailable());
        }
    }

    /// As [`submit`](Self::submit), for a part of the server that acts for somebody and waits.
    ///
    /// # Errors
    /// Why it was refused.
    pub async fn ask(
        &self,
        conversation: ConversationId,
        actor: Actor,
        task: Task,
    ) -> Result<chat_proto::Answer, WireError> {
        let (to, mut answered) = mpsc::channel(1);
        let reply = Reply { session: SessionKey::SERVER, reads: false, to: ReplyTo::Server(to) };
        self.submit(conversation, actor, task, reply).await;
        answered.recv().await.unwrap_or_else(|| Err(unavailable()))
    }

    /// Tells the other members that this person is writing, or stopped. Forgotten when the shard
    /// is busy: a signal waits for nobody.
    pub fn typing(&self, conversation: ConversationId, user: Person, active: bool) {
        let _ = self.shard(conversation).try_send(ToShard::Typing { conversation, user, active });
    }

    fn shard(&self, conversation: ConversationId) -> &mpsc::Sender<ToShard> {
        let mut hasher = DefaultHasher::new();
        conversation.hash(&mut hasher);
        let n = usize::try_from(hasher.finish() % self.shards.len() as u64).unwrap_or(0);
        &self.shards[n]
    }
}

async fn settle(shard: &mpsc::Sender<ToShard>) {
    let (done, settled) = oneshot::channel();
    if shard.send(ToShard::Settle { done }).await.is_ok() {
        // An error means that the shard has ended with the server.
        let _ = settled.await;
    }
}

/// The answer when the server itself failed; nothing was changed.
#[must_use]
pub fn unavailable() -> WireError {
    WireError::new(ErrorCode::Unavailable, "The server cannot do this at the moment; try again.")
}
