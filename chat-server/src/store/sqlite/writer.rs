//! The writer thread: takes all jobs that wait, runs them in one transaction, commits once, then
//! answers. Nobody is answered before the commit; if it fails, everybody is told so. After each
//! group, and while nothing waits, it fills the search index with messages from before.

use std::sync::mpsc;
use std::time::Instant;

use rusqlite::Connection;
use tokio::sync::oneshot;
use tracing::span::EnteredSpan;
use tracing::{Span, debug_span, error, info};

use super::index;
use crate::metrics::{Kept, metrics};
use crate::store::StoreError;

/// Jobs in one transaction. Past this, waiting longer costs more than another sync saves.
const GROUP: usize = 512;

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

impl<T: Send, F: FnOnce(&Connection) -> Result<T, StoreError> + Send> Job for Typed<T, F> {
    fn run(&mut self, connection: &Connection) -> bool {
        self.result = self.work.take().map(|work| work(connection));
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
}

impl Writer {
    pub(super) fn start(connection: Connection) -> Self {
        let (orders, waiting) = mpsc::sync_channel(QUEUE);
        let thread = std::thread::Builder::new().name("store-writer".to_owned());
        if let Err(cause) = thread.spawn(move || work(connection, &waiting)) {
            // Every later job then fails with "the writer is gone".
            error!(%cause, "cannot start the writer thread");
        }
        Self { orders }
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
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
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

fn work(mut connection: Connection, waiting: &mpsc::Receiver<Order>) {
    let mut closing = None;
    let mut filling = index::is_filling(&connection).unwrap_or(false);
    while closing.is_none()
        && let Ok(first) = next(waiting, filling)
    {
        let mut group = Vec::new();
        for order in first.into_iter().chain(waiting.try_iter().take(GROUP - 1)) {
            match order {
                Order::Job(job) => group.push(job),
                Order::Close(closed) => closing = Some(closed),
            }
        }
        let span = span_of(&group);
        let began = Instant::now();
        let commit = run_group(&mut connection, &mut group);
        drop(span);
        if !group.is_empty() {
            metrics().commit_seconds.since(began);
            metrics().commit_writes.of(group.len());
        }
        if let Err(cause) = &commit {
            metrics().store_errors.add_one(Kept::Commit);
            error!(%cause, jobs = group.len(), "a commit failed; nothing of it was kept");
        }
        for job in group {
            job.answer(commit.clone());
        }
        filling = filling && closing.is_none() && fill(&mut connection);
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

/// Waits for an order, or only looks whether there is one while there is other work.
fn next(waiting: &mpsc::Receiver<Order>, filling: bool) -> Result<Option<Order>, mpsc::RecvError> {
    if !filling {
        return waiting.recv().map(Some);
    }
    match waiting.try_recv() {
        Ok(order) => Ok(Some(order)),
        Err(mpsc::TryRecvError::Empty) => Ok(None),
        Err(mpsc::TryRecvError::Disconnected) => Err(mpsc::RecvError),
    }
}

/// Takes some messages from before into the search index; true when there may be more.
fn fill(connection: &mut Connection) -> bool {
    // Immediate, or a commit of another process between its reads and its writes would fail it.
    let immediate = rusqlite::TransactionBehavior::Immediate;
    let filled = connection.transaction_with_behavior(immediate).and_then(|transaction| {
        let more = index::fill(&transaction)?;
        transaction.commit().map(|()| more)
    });
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

fn run_group(connection: &mut Connection, group: &mut [Box<dyn Job>]) -> Result<(), StoreError> {
    if group.is_empty() {
        return Ok(());
    }
    let mut transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    for job in group {
        let savepoint = transaction.savepoint()?;
        if job.run(&savepoint) {
            savepoint.commit()?;
        } // otherwise dropped, which rolls this job back and no other
    }
    // A message is worth more than finding it: if its words cannot be taken in, the next group
    // tries again.
    let savepoint = transaction.savepoint()?;
    match index::catch_up(&savepoint) {
        Ok(()) => savepoint.commit()?,
        Err(cause) => {
            error!(%cause, "cannot take new messages into the search index");
            drop(savepoint);
        }
    }
    transaction.commit()?;
    Ok(())
}
