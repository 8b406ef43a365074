//! The writer thread: takes all jobs that wait, runs them in one transaction, commits once, then
//! answers. Nobody is answered before the commit; if it fails, everybody is told so. New messages go
//! into the search index many at a time, and those from before while nothing waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, TryRecvError};
use std::time::{Duration, Instant};

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::oneshot;
use tracing::span::EnteredSpan;
use tracing::{Span, debug_span, error, info};

use super::index;
use super::log::{LOG_BYTES, Log};
use crate::metrics::{Kept, metrics};
use crate::store::StoreError;
use crate::store::sql;

/// Jobs in one transaction. Past this, waiting longer costs more than another sync saves.
const GROUP: usize = 512;

/// After so long without a job, new messages are taken into the search index.
const QUIET: Duration = Duration::from_millis(100);

/// Jobs that may wait for the thread; senders wait beyond that.
const QUEUE: usize = 4_096;

/// A job, without the type of its result.
trait Job: Send {
    /// Does the work and keeps the result. False if it failed and its changes must go.
    fn run(&mut self, connection: &Connection) -> bool;
    /// What asked for it.
    fn asked(&self) -> &Span;
    /// Gives the result to who waits for it; an error in its place if the commit failed.
    fn answer(self: Box<Self>, commit: Result<(), StoreError>);
}

struct Typed<T, F> {
    work: Option<F>,
    result: Option<Result<T, StoreError>>,
    answer: oneshot::Sender<Result<T, StoreError>>,
    asked: Span,
}

impl<T: Send, F: FnOnce(&sql::Connection) -> Result<T, StoreError> + Send> Job for Typed<T, F> {
    fn run(&mut self, connection: &Connection) -> bool {
        self.result = self.work.take().map(|work| work(&sql::Connection::Sqlite(connection)));
        matches!(self.result, Some(Ok(_)))
    }

    fn asked(&self) -> &Span {
        &self.asked
    }

    fn answer(self: Box<Self>, commit: Result<(), StoreError>) {
        let lost = || StoreError::Failed("the job was not run".to_owned());
        let result = match commit {
            Ok(()) => self.result.unwrap_or_else(|| Err(lost())),
            Err(cause) => self.result.unwrap_or_else(|| Err(lost())).and(Err(cause)),
        };
        // Who asked may be gone, for instance with its connection.
        let _ = self.answer.send(result);
    }
}

/// What the thread is told.
enum Order {
    Job(Box<dyn Job>),
    /// Leave one file behind and end.
    Close(oneshot::Sender<()>),
}

/// A handle on the thread, which ends when it is closed or all handles are gone.
#[derive(Clone)]
pub(super) struct Writer {
    orders: mpsc::SyncSender<Order>,
    /// Whether there may be messages that the search index does not have.
    is_behind: Arc<AtomicBool>,
}

impl Writer {
    pub(super) fn start(connection: Connection) -> Self {
        let (orders, waiting) = mpsc::sync_channel(QUEUE);
        let is_behind = Arc::new(AtomicBool::new(true));
        let upkeep = Upkeep { is_behind: is_behind.clone(), is_filling: false, has_failed: false };
        let thread = std::thread::Builder::new().name("store-writer".to_owned());
        if let Err(cause) = thread.spawn(move || work(connection, &waiting, upkeep)) {
            // Every later job then fails with "the writer is gone".
            error!(%cause, "cannot start the writer thread");
        }
        Self { orders, is_behind }
    }

    /// Returns when the search index has every message that is committed now.
    pub(super) async fn index_all(&self) -> Result<(), StoreError> {
        let mut left = u32::from(self.is_behind.load(Ordering::Acquire));
        while left > 0 {
            left = self.run(|db| Ok(index::catch_up(db)?)).await?;
        }
        Ok(())
    }

    /// Finishes what waits and ends the thread; jobs that come later fail.
    pub(super) async fn close(&self) {
        let (closed, done) = oneshot::channel();
        let orders = self.orders.clone();
        let asked = tokio::task::spawn_blocking(move || orders.send(Order::Close(closed)).is_ok()).await;
        if matches!(asked, Ok(true)) {
            // An error means that it has ended already.
            let _ = done.await;
        }
    }

    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&sql::Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let gone = || StoreError::Failed("the writer is gone".to_owned());
        let (answer, answered) = oneshot::channel();
        let job: Box<dyn Job> =
            Box::new(Typed { work: Some(work), result: None, answer, asked: Span::current() });
        match self.orders.try_send(Order::Job(job)) {
            Ok(()) => {}
            Err(mpsc::TrySendError::Disconnected(_)) => return Err(gone()),
            Err(mpsc::TrySendError::Full(_)) => {
                return Err(StoreError::Failed("too many writes are waiting".to_owned()));
            }
        }
        answered.await.map_err(|_| gone())?
    }
}

/// What the thread knows of the search index.
struct Upkeep {
    /// Whether it may lack new messages.
    is_behind: Arc<AtomicBool>,
    /// Whether it lacks messages from before.
    is_filling: bool,
    /// Whether the last try to take new ones in failed: then it is not tried again and again in quiet,
    /// but with the next group, and by a search.
    has_failed: bool,
}

impl Upkeep {
    /// Takes in a batch of new messages, in the transaction of a group if enough wait.
    /// A message is worth more than finding it: whatever is wrong with the index fails no group.
    fn with_group(&mut self, db: &mut Transaction<'_>) {
        self.has_failed = false;
        let behind = index::behind(&sql::Connection::Sqlite(db)).and_then(|behind| {
            if behind >= index::BATCH {
                let savepoint = db.savepoint()?;
                index::catch_up(&sql::Connection::Sqlite(&savepoint))?;
                savepoint.commit()?;
            }
            Ok(behind)
        });
        self.is_behind.store(!matches!(behind, Ok(0)), Ordering::Release);
        if let Err(cause) = behind {
            self.complain(&cause);
        }
    }

    fn complain(&mut self, cause: &sql::Error) {
        self.has_failed = true;
        error!(%cause, "cannot take new messages into the search index; tried again with the next");
    }

    /// What is done while nothing waits: new messages first, then some from before.
    fn in_quiet(&mut self, connection: &mut Connection) {
        if self.wants_to_catch_up() {
            match alone(connection, index::catch_up) {
                Ok(left) => self.is_behind.store(left > 0, Ordering::Release),
                Err(cause) => self.complain(&cause),
            }
        } else if self.is_filling {
            self.is_filling = fill(connection);
        }
    }

    fn wants_to_catch_up(&self) -> bool {
        self.is_behind.load(Ordering::Acquire) && !self.has_failed
    }

    /// For how long to wait for a job before there is something else to do.
    fn patience(&self) -> Option<Duration> {
        if self.wants_to_catch_up() {
            Some(QUIET)
        } else if self.is_filling {
            Some(Duration::ZERO)
        } else {
            None
        }
    }
}

fn work(mut connection: Connection, waiting: &mpsc::Receiver<Order>, mut upkeep: Upkeep) {
    let (mut closing, mut log) = (None, Log::of(&connection, LOG_BYTES));
    upkeep.is_filling = index::is_filling(&sql::Connection::Sqlite(&connection)).unwrap_or(false);
    while closing.is_none()
        && let Ok(first) = next(waiting, upkeep.patience())
    {
        let Some(first) = first else {
            upkeep.in_quiet(&mut connection);
            continue;
        };
        let mut group = Vec::new();
        for order in std::iter::once(first).chain(waiting.try_iter().take(GROUP - 1)) {
            match order {
                Order::Job(job) => group.push(job),
                Order::Close(closed) => closing = Some(closed),
            }
        }
        let span = span_of(&group);
        let began = Instant::now();
        let commit = run_group(&mut connection, &mut group, &mut upkeep).map_err(StoreError::from);
        drop(span);
        if !group.is_empty() {
            metrics().commit_seconds.since(began);
            metrics().commit_writes.of(group.len());
        }
        if let Err(cause) = &commit {
            // What was taken into the index may be gone with the rest.
            upkeep.is_behind.store(true, Ordering::Release);
            metrics().store_errors.add_one(Kept::Commit);
            error!(%cause, jobs = group.len(), "a commit failed; nothing of it was kept");
        }
        for job in group {
            job.answer(commit.clone());
        }
        log.keep_small(&connection);
        // On a server that is never quiet, it would never be full.
        upkeep.is_filling = upkeep.is_filling && closing.is_none() && fill(&mut connection);
    }
    // One file is left behind, for whoever copies it.
    if let Err(cause) = connection.pragma_update(None, "wal_checkpoint", "TRUNCATE") {
        error!(%cause, "cannot checkpoint the log at the end");
    }
    drop(connection);
    if let Some(closed) = closing {
        // Who asked may have stopped waiting.
        let _ = closed.send(());
    }
}

/// The part of traces that all these share: one transaction with one sync.
fn span_of(group: &[Box<dyn Job>]) -> EnteredSpan {
    let span = match group.len() {
        0 => Span::none(),
        jobs => debug_span!("batch", jobs),
    };
    for job in group {
        span.follows_from(job.asked());
    }
    span.entered()
}

/// Waits for an order; `None` when none came for so long.
fn next(
    waiting: &mpsc::Receiver<Order>,
    patience: Option<Duration>,
) -> Result<Option<Order>, mpsc::RecvError> {
    let Some(patience) = patience else { return waiting.recv().map(Some) };
    let came = if patience.is_zero() {
        waiting.try_recv().map_err(|none| match none {
            TryRecvError::Empty => RecvTimeoutError::Timeout,
            TryRecvError::Disconnected => RecvTimeoutError::Disconnected,
        })
    } else {
        waiting.recv_timeout(patience)
    };
    match came {
        Ok(order) => Ok(Some(order)),
        Err(RecvTimeoutError::Timeout) => Ok(None),
        Err(RecvTimeoutError::Disconnected) => Err(mpsc::RecvError),
    }
}

/// Some work in a transaction of its own.
fn alone<T>(
    connection: &mut Connection,
    work: impl FnOnce(&sql::Connection) -> sql::Result<T>,
) -> sql::Result<T> {
    // Immediate, or a commit of another process between its reads and its writes would fail it.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let done = work(&sql::Connection::Sqlite(&transaction))?;
    transaction.commit()?;
    Ok(done)
}

/// Takes some messages from before into the search index; true when there may be more.
fn fill(connection: &mut Connection) -> bool {
    let filled = alone(connection, index::fill);
    match filled {
        Ok(true) => true,
        Ok(false) => {
            info!("all messages are in the search index");
            false
        }
        Err(cause) => {
            error!(%cause, "cannot fill the search index; the next start goes on with it");
            false
        }
    }
}

fn run_group(
    connection: &mut Connection,
    group: &mut [Box<dyn Job>],
    upkeep: &mut Upkeep,
) -> sql::Result<()> {
    let mut transaction = match group {
        [] => return Ok(()),
        _ => connection.transaction_with_behavior(TransactionBehavior::Immediate)?,
    };
    if let [only] = group {
        // A savepoint would copy every page before it changes, only to be dropped.
        if !only.run(&transaction) {
            return Ok(transaction.rollback()?);
        }
    } else {
        for job in group {
            let savepoint = transaction.savepoint()?;
            if job.run(&savepoint) {
                savepoint.commit()?;
            } // otherwise dropped, which rolls this job back and no other
        }
    }
    upkeep.with_group(&mut transaction);
    transaction.commit()?;
    Ok(())
}
