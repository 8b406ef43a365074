//! Floor 3: who listens where, and the one place where a conversation changes.
//!
//! A fixed number of shards, each one task, own the conversations by hash. No lock guards a
//! conversation; joining, sending and leaving cannot race, because one loop does them all.
//! Presence is owned by one more task. Where several servers share a database, `nodes` carries
//! between their hubs what happens.

mod ending;
pub mod frame;
mod held;
mod nodes;
pub mod outbox;
mod pace;
mod presence;
mod runs;
mod shard;
mod start;
mod task;
mod tell;
mod visits;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::SystemTime;

use arc_swap::ArcSwap;
use chat_proto::{
    ConversationId, ErrorCode, FrameId, Limits, Person, Role, Seq, ServerFrame, SessionId, Timestamp, UserId,
    WireError,
};
use tokio::sync::{Mutex, Notify, mpsc, oneshot};
use tracing::Span;

use crate::domain::Actor;
use crate::domain::policy::{Policy, PolicyChange};
use crate::metrics::metrics;
use crate::store::{Store, StoreError};
pub use ending::Ending;
use nodes::Nodes;
use nodes::news::{Added, News};
pub use nodes::{Duties, Duty};
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

enum ToShard {
    Attach {
        user: UserId,
        session: SessionKey,
        role: Role,
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
    /// By which logins somebody is connected, and with which role.
    Logins {
        user: UserId,
        told: oneshot::Sender<Vec<(SessionId, Role)>>,
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
    /// Somebody who was attached is a member in these of the shard's; the newest numbers are from after that.
    Watch {
        user: UserId,
        session: SessionKey,
        places: Vec<(ConversationId, Seq)>,
        ready: oneshot::Sender<Result<(), StoreError>>,
    },
    /// Another node, or the store, says that people are members of a conversation since.
    Added {
        added: Added,
        told: oneshot::Sender<Result<(), StoreError>>,
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
    /// From now on with what one connection may ask since a reload.
    pub fn set_sends(&self, limits: &Limits) {
        self.sends.store(Arc::new(pace::of_conversations(limits)));
    }

    /// Forgets how fast messages came into conversations in which it is quiet.
    pub fn forget_resting(&self) {
        self.sends.load().forget_resting();
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
        role: Role,
        reads: bool,
        outbox: &Outbox,
    ) -> Result<(), StoreError> {
        for shard in self.shards.iter() {
            let (ready, attached) = oneshot::channel();
            let attach = ToShard::Attach { user, session, role, reads, outbox: outbox.clone(), ready };
            if shard.send(attach).await.is_ok() {
                // An error means that the shard has ended with the server.
                let _ = attached.await;
            }
        }
        if let Some(nodes) = &self.nodes
            && let Err(cause) = self.watch(user, session, nodes).await
        {
            self.detach(user, session, true).await;
            return Err(cause);
        }
        self.presence.connect(user, session, outbox.clone()).await;
        Ok(())
    }

    /// Has this node hear what happens where somebody is a member.
    async fn watch(&self, user: UserId, session: SessionKey, nodes: &Nodes) -> Result<(), StoreError> {
        let mut places = vec![Vec::new(); self.shards.len()];
        for (conversation, head) in self.store.places_of(user).await? {
            places[self.shard_number(conversation)].push((conversation, head));
        }
        for (shard, places) in self.shards.iter().zip(places) {
            let (ready, watched) = oneshot::channel();
            if shard.send(ToShard::Watch { user, session, places, ready }).await.is_ok()
                // An error means that the shard has ended with the server.
                && let Ok(result) = watched.await
            {
                result?;
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

    /// Whether this node knows whose rights ended on others, up to a second ago; if not, people are told nothing
    /// but refusals.
    #[must_use]
    pub fn is_fresh(&self) -> bool {
        self.nodes.as_ref().is_none_or(Nodes::is_fresh)
    }

    /// As [`is_fresh`](Self::is_fresh); if not, every session is woken when it is.
    #[must_use]
    pub fn wait_for_look(&self) -> bool {
        self.nodes.as_ref().is_none_or(Nodes::wait_for_look)
    }

    /// Returns when every shard has answered what it was asked before.
    pub async fn settle(&self) {
        for shard in self.shards.iter() {
            settle(shard).await;
        }
    }

    /// As [`settle`](Self::settle), of the one that `to_any_shard` asks.
    async fn settle_any(&self) {
        if let Some(shard) = self.shards.first() {
            settle(shard).await;
        }
    }

    /// Says that people are members of a conversation since; whether they could be told of it is answered.
    async fn add(&self, added: Added) -> oneshot::Receiver<Result<(), StoreError>> {
        let (told, result) = oneshot::channel();
        self.to_shard(added.conversation, ToShard::Added { added, told }).await;
        result
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
        &self.shards[self.shard_number(conversation)]
    }

    fn shard_number(&self, conversation: ConversationId) -> usize {
        let mut hasher = DefaultHasher::new();
        conversation.hash(&mut hasher);
        usize::try_from(hasher.finish() % self.shards.len() as u64).unwrap_or(0)
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
