//! The PostgreSQL engine: several servers on one database.
//!
//! 1. Every verb is one transaction. Reads see one snapshot.
//! 2. Verbs that look before they write were written for one writer, so they take turns: a lock of
//!    the database's own ([`WRITER`]). Committing messages does not take it: there the row of the
//!    conversation and `UNIQUE (conversation, seq)` decide between writers. Nor do verbs that
//!    touch one person's own rows.
//! 3. Nothing is tried twice but what has not begun. A commit whose answer is lost may be stored or
//!    not: it fails, the client asks again, and its client id says whether it was.

mod address;
mod batch;
mod claim;
mod commit;
mod detours;
mod life;
mod merge;
mod migrate;
mod rebase;
mod search;
mod session;

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chat_proto::Epoch;
use deadpool_postgres::{
    Hook, HookError, Manager, ManagerConfig, Object, Pool, PoolError, QueueMode, RecyclingMethod, Runtime,
};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tracing::error;

pub use address::{Address, AddressError};
pub use claim::{Claim, Claimed, claim};
use detours::Detours;
use life::Life;
use merge::Merger;
pub use migrate::{Looked, look};
pub(in crate::store) use search::{change, is_filling, vector};
pub(in crate::store) use session::Session;
use session::stop_at;

use super::sql::{self, Connection, Texts};
use super::{OpenError, StoreError};

/// Connections of one server. A database has a hundred by default, for all servers together.
const CONNECTIONS: usize = 16;

/// How long a verb waits for one of them to be free.
const WAIT: Duration = Duration::from_secs(10);

/// Verbs of one server that look before they write and have a connection: one works, one waits for its
/// turn in the database. The others wait here, so that those who only read find connections.
const ALONE: usize = 2;

/// How often a transaction is begun on another connection when the one that was lent is broken, as
/// all are after the database was restarted.
const BEGINNINGS: usize = 3;

/// The number of the lock that verbs take which look before they write.
const WRITER: i64 = 0x63_68_61_74_01;

/// What every new connection is told: whoever dies in the middle of a transaction holds no lock for
/// long, and nothing waits for a lock for ever. And that a page costs the same wherever it is: what is asked for is
/// nearly always single rows in memory, for which PostgreSQL would else read small tables from end to end.
const GREETING: &str = "SET idle_in_transaction_session_timeout = '30s'; SET lock_timeout = '20s'; \
    SET statement_timeout = '25s'; SET client_min_messages = warning; SET random_page_cost = 1.1";

/// How a transaction that looks before it writes begins.
fn begin_alone() -> String {
    format!("BEGIN; SELECT pg_advisory_xact_lock({WRITER})")
}

const BEGIN: &str = "BEGIN";
const COMMIT: &str = "COMMIT";
const BEGIN_READING: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// A handle on the database; cheap to clone.
#[derive(Clone)]
pub(in crate::store) struct Postgres {
    pool: Pool,
    alone: Arc<Semaphore>,
    life: Life,
    texts: Arc<Texts>,
    detours: Detours,
    merger: Merger,
    epoch: Epoch,
}

impl Postgres {
    /// Opens this database, making or upgrading its tables where needed.
    pub(in crate::store) async fn connect(address: &Address) -> Result<Self, OpenError> {
        let unusable = |cause: String| OpenError::Unreachable(address.to_string(), cause);
        let life = Life::default();
        let pool = pool(address, &life)?;
        let mut client = pool.get().await.map_err(|cause| no_connection(address, &cause))?;
        migrate::migrate(&mut client, address).await?;
        let told = |cause: tokio_postgres::Error| unusable(sql::Error::from(cause).to_string());
        migrate::make_epoch(&client).await.map_err(told)?;
        life.note(&client).await.map_err(told)?;
        let epoch = migrate::epoch(&client).await.map_err(told)?;
        drop(client);
        let alone = Arc::new(Semaphore::new(ALONE));
        let (texts, detours, merger) = (Arc::default(), Detours::default(), Merger::start(&pool));
        let this = Self { pool, alone, life, texts, detours, merger, epoch };
        this.write(|db| Ok(search::open(db)?)).await.map_err(|cause| unusable(cause.to_string()))?;
        tokio::spawn(this.clone().fill());
        Ok(this)
    }

    pub(in crate::store) fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Returns when the database turned out to live another life than when it was opened.
    pub(in crate::store) async fn replaced(&self) {
        self.life.ended().await;
    }

    /// Has the messages from before found by today's words; nothing to do, nearly always.
    async fn fill(self) {
        loop {
            match self.write_beside(|db| Ok(search::fill(db)?)).await {
                Ok(true) => {}
                Ok(false) => break,
                // The next start goes on with it.
                Err(_) if self.pool.is_closed() => break,
                Err(cause) => {
                    error!(%cause, "cannot look through old messages for the search");
                    break;
                }
            }
        }
    }

    /// Gives the connections back; verbs fail from then on.
    pub(in crate::store) fn close(&self) {
        self.pool.close();
    }

    /// Runs a change that looks before it writes, alone among its kind.
    pub(in crate::store) async fn write<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let turn = tokio::time::timeout(WAIT, self.alone.acquire()).await;
        // The semaphore is never closed.
        let Ok(Ok(_turn)) = turn else {
            return Err(StoreError::Failed(
                "too many changes wait for their turn in the database".to_owned(),
            ));
        };
        self.turn(begin_alone(), job).await
    }

    /// Runs a change that is right whoever writes beside it.
    pub(in crate::store) async fn write_beside<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.turn(BEGIN.to_owned(), job).await
    }

    /// Runs a query on one snapshot.
    pub(in crate::store) async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.turn(BEGIN_READING.to_owned(), query).await
    }

    /// As `read`; the database stops the query at the deadline.
    pub(in crate::store) async fn read_until<T: Send + 'static>(
        &self,
        deadline: Instant,
        query: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        // Planned for its values, of which one may be in every message and the next in none; to compile such a plan
        // takes longer than most of them do.
        let planned = "SET LOCAL plan_cache_mode = force_custom_plan; SET LOCAL jit = off";
        self.turn(format!("{BEGIN_READING}; {}; {planned}", stop_at(deadline)), query).await
    }

    async fn turn<T: Send + 'static>(
        &self,
        begin: String,
        job: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.on_a_thread(move |lent| {
            loop {
                let session = lent.session()?;
                match session.batch(&begin) {
                    Ok(()) => return session.finish(job),
                    Err(cause) if cause.is_lost_connection() && lent.may_try_again() => {}
                    Err(cause) => return Err(cause.into()),
                }
            }
        })
        .await
    }

    /// Does this on a thread that may wait. Once begun it comes to its end, even if nobody waits any more.
    async fn on_a_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Lent) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let first = self.lend().await?;
        let mut lent =
            Lent { postgres: self.clone(), runtime: Handle::current(), first: Some(first), tries: 0 };
        let done = tokio::task::spawn_blocking(move || work(&mut lent));
        done.await.map_err(|_| StoreError::Failed("the verb came to no end".to_owned()))?
    }

    async fn lend(&self) -> Result<Object, StoreError> {
        self.pool.get().await.map_err(|cause| StoreError::Failed(said(&cause)))
    }
}

/// A connection, and others in its place as long as they turn out broken.
struct Lent {
    postgres: Postgres,
    runtime: Handle,
    first: Option<Object>,
    tries: usize,
}

impl Lent {
    /// One on which nothing has begun.
    fn session(&mut self) -> Result<Session, StoreError> {
        let client = match self.first.take() {
            Some(client) => client,
            None => self.runtime.block_on(self.postgres.lend())?,
        };
        self.tries += 1;
        Ok(Session::over(client, self.runtime.clone(), self.postgres.texts.clone()))
    }

    /// Whether another one may be tried; only where nothing was written on this one.
    fn may_try_again(&self) -> bool {
        self.tries < BEGINNINGS
    }
}

/// Connections to this database; none is made yet.
fn pool(address: &Address, life: &Life) -> Result<Pool, OpenError> {
    let unusable = |cause: String| OpenError::Unreachable(address.to_string(), cause);
    let tls = address.tls().map_err(|cause| unusable(cause.to_string()))?;
    let manager = Manager::from_config(
        address.config().clone(),
        tls,
        ManagerConfig { recycling_method: RecyclingMethod::Fast },
    );
    let life = life.clone();
    let greet = Hook::async_fn(move |client: &mut deadpool_postgres::ClientWrapper, _| {
        let life = life.clone();
        Box::pin(async move {
            client.batch_execute(GREETING).await.map_err(HookError::Backend)?;
            match life.is_same(client).await {
                true => Ok(()),
                false => Err(HookError::message("the database was restored, or another one took over")),
            }
        })
    });
    Pool::builder(manager)
        .max_size(CONNECTIONS)
        // The last one used has its plans and tables at hand; taken in turn, all of them would go cold.
        .queue_mode(QueueMode::Lifo)
        .wait_timeout(Some(WAIT))
        .create_timeout(Some(WAIT))
        .runtime(Runtime::Tokio1)
        .post_create(greet)
        .build()
        .map_err(|cause| unusable(cause.to_string()))
}

/// Why there is no connection, with what to do.
fn no_connection(address: &Address, error: &PoolError) -> OpenError {
    match error {
        PoolError::Backend(cause) => unreached(address, cause),
        _ => OpenError::Unreachable(address.to_string(), said(error)),
    }
}

/// Why no connection to this database could be made.
fn unreached(address: &Address, cause: &tokio_postgres::Error) -> OpenError {
    let told = because(cause);
    match is_untrusted(cause) {
        true => OpenError::Untrusted(address.to_string(), told),
        false => OpenError::Unreachable(address.to_string(), told),
    }
}

/// Whether the certificate is what is wrong.
fn is_untrusted(cause: &tokio_postgres::Error) -> bool {
    let cause = std::error::Error::source(cause).and_then(|cause| cause.downcast_ref::<io::Error>());
    let cause = cause.and_then(io::Error::get_ref).and_then(|cause| cause.downcast_ref::<rustls::Error>());
    matches!(cause, Some(rustls::Error::InvalidCertificate(_)))
}

/// The driver's own text names only the kind of error.
fn because(cause: &tokio_postgres::Error) -> String {
    std::error::Error::source(cause).map_or_else(|| cause.to_string(), ToString::to_string)
}

/// The pool's own text names only the kind of error.
fn said(error: &PoolError) -> String {
    match error {
        PoolError::Backend(cause) => because(cause),
        PoolError::Timeout(_) => "it does not answer, or all connections are in use".to_owned(),
        other => other.to_string(),
    }
}
