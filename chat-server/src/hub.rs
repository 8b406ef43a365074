//! Floor 3: who listens where, and the one place where a conversation changes.
//!
//! A fixed number of shards, each one task, own the conversations by hash. No lock guards a
//! conversation; joining, sending and leaving cannot race, because one loop does them all.
//! Presence is owned by one more task.

pub mod outbox;
mod presence;
mod shard;
mod task;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use chat_proto::{
    ConversationId, ErrorCode, FrameId, Person, Push, ServerFrame, SessionId, Timestamp, UserId, WireError,
};
use tokio::sync::{mpsc, oneshot};

use crate::domain::Actor;
use crate::store::Store;
use outbox::{Frame, Outbox};
pub use presence::PresenceHub;
pub use task::{Beginning, Enclosed, Letter, Task};

/// Requests that may wait for one shard; past that its clients wait, each on its own connection.
const SHARD_QUEUE: usize = 1_024;

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

/// Where the answer to a request goes.
#[derive(Clone)]
pub struct Reply {
    /// The request's id.
    pub id: FrameId,
    /// The connection that asked.
    pub session: SessionKey,
    /// Its outbox.
    pub outbox: Outbox,
}

impl Reply {
    /// Answers `ok`.
    pub fn ok(&self, answer: &chat_proto::Answer) {
        self.outbox.push(ServerFrame::encode_ok(&self.id, answer).into());
    }

    /// Answers `error`.
    pub fn error(&self, error: &WireError) {
        self.outbox.push(ServerFrame::encode_error(Some(&self.id), error).into());
    }
}

/// A request on its way through its shard.
struct Job {
    conversation: ConversationId,
    actor: Actor,
    task: Task,
    reply: Reply,
}

/// Which of a person's connections end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Those of one login, apart from the connection that asked.
    Login(SessionKey),
    /// All.
    All,
}

impl Ending {
    fn includes(self, session: &SessionKey) -> bool {
        match self {
            Ending::Login(asking) => session.login == asking.login && *session != asking,
            Ending::All => true,
        }
    }
}

enum ToShard {
    Attach { user: UserId, session: SessionKey, outbox: Outbox, ready: oneshot::Sender<()> },
    Detach { user: UserId, session: SessionKey },
    Tell { user: UserId, except: Option<SessionKey>, frame: Frame },
    End { user: UserId, which: Ending },
    Do(Box<Job>),
    Typing { conversation: ConversationId, user: Person, active: bool },
}

/// A handle on the shards and the presence task; cheap to clone.
#[derive(Clone)]
pub struct Hub {
    shards: Arc<[mpsc::Sender<ToShard>]>,
    presence: PresenceHub,
    sessions: Arc<AtomicU64>,
}

impl Hub {
    /// Starts so many shards, and the presence task.
    #[must_use]
    pub fn start(store: &Store, shards: usize, presence_grace: Duration) -> Self {
        let shards = (0..shards.max(1))
            .map(|_| {
                let (tasks, waiting) = mpsc::channel(SHARD_QUEUE);
                tokio::spawn(shard::Shard::new(store.clone()).run(waiting));
                tasks
            })
            .collect();
        let presence = PresenceHub::start(store.clone(), presence_grace);
        Self { shards, presence, sessions: Arc::new(AtomicU64::new(1)) }
    }

    /// Who is there.
    #[must_use]
    pub fn presence(&self) -> &PresenceHub {
        &self.presence
    }

    /// A key for a new connection.
    #[must_use]
    pub fn new_session(&self, login: SessionId) -> SessionKey {
        SessionKey { connection: self.sessions.fetch_add(1, Ordering::Relaxed), login }
    }

    /// Begins to deliver this person's conversations to this connection. When it returns, every
    /// later event reaches the outbox; what is read from the store from now on holds all earlier
    /// ones, so the two together have no gap.
    pub async fn attach(&self, user: UserId, session: SessionKey, outbox: &Outbox) {
        for shard in self.shards.iter() {
            let (ready, attached) = oneshot::channel();
            let attach = ToShard::Attach { user, session, outbox: outbox.clone(), ready };
            if shard.send(attach).await.is_ok() {
                // An error means that the shard has ended with the server.
                let _ = attached.await;
            }
        }
        self.presence.connect(user, session, outbox.clone()).await;
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
        let frame = ServerFrame::encode_push(push).into();
        self.to_any_shard(ToShard::Tell { user, except, frame }).await;
    }

    /// Closes connections of a person whose logins have ended.
    pub async fn end(&self, user: UserId, which: Ending) {
        self.to_any_shard(ToShard::End { user, which }).await;
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
        let job = ToShard::Do(Box::new(Job { conversation, actor, task, reply }));
        if let Err(mpsc::error::SendError(ToShard::Do(job))) = self.shard(conversation).send(job).await {
            job.reply.error(&unavailable());
        }
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

/// The answer when the server itself failed; nothing was changed.
#[must_use]
pub fn unavailable() -> WireError {
    WireError::new(ErrorCode::Unavailable, "The server cannot do this at the moment; try again.")
}
