//! The thread that waits for the disk, so that the socket never does.
//!
//! Jobs are done in the order given. What waits together is committed together: one sync of the
//! disk for a burst of events.

use chat_proto::{ConversationId, Seq};
use tokio::sync::{mpsc, oneshot};

use crate::cache::{Cache, CachedPage, Change};
use crate::session::Ticket;
use crate::update::{Anchor, Outgoing};

/// Jobs that may wait; then the engine waits too.
const JOBS: usize = 512;

/// Jobs in one commit.
const BATCH: usize = 256;

/// Jobs under way that end in a [`Done`]. The engine keeps to it, so telling never blocks.
pub(crate) const ASKED: usize = 64;

/// What the disk is asked to do.
pub(crate) enum Job {
    /// Keep this.
    Change(Change),
    /// Keep this message, and say so.
    Queue(Outgoing),
    /// Read a page.
    Page { ticket: Ticket, conversation: ConversationId, anchor: Anchor, limit: u32 },
    /// Read a draft.
    Draft { conversation: ConversationId, thread: Option<Seq>, answer: oneshot::Sender<Option<String>> },
    /// Read a note.
    Note { name: String, answer: oneshot::Sender<Option<String>> },
}

/// What was done.
#[derive(Debug)]
pub(crate) enum Done {
    /// The message is safe on the disk; or not, and why.
    Queued(Outgoing, Result<(), String>),
    /// The page, or nothing if it cannot be read.
    Page(Ticket, Option<CachedPage>),
}

/// The thread, seen from the engine.
pub(crate) struct Disk {
    jobs: mpsc::Sender<Job>,
    ended: oneshot::Receiver<()>,
}

impl Disk {
    /// Starts the thread.
    ///
    /// # Errors
    /// The system's, when it has no thread left.
    pub(crate) fn start(cache: Cache) -> std::io::Result<(Self, mpsc::Receiver<Done>)> {
        let (jobs, waiting) = mpsc::channel(JOBS);
        let (done, dones) = mpsc::channel(ASKED);
        let (end, ended) = oneshot::channel();
        std::thread::Builder::new().name("chat-disk".to_owned()).spawn(move || {
            work(cache, waiting, &done);
            // Nobody may be waiting for the end.
            let _ = end.send(());
        })?;
        Ok((Self { jobs, ended }, dones))
    }

    /// Gives a job to the disk; waits while too many are waiting.
    pub(crate) async fn give(&self, job: Job) {
        if self.jobs.send(job).await.is_err() {
            tracing::error!("the disk's thread has ended; nothing is kept any more");
        }
    }

    /// Waits until all is on the disk.
    pub(crate) async fn end(self) {
        drop(self.jobs);
        // An error means that it ended already.
        let _ = self.ended.await;
    }
}

fn work(mut cache: Cache, mut jobs: mpsc::Receiver<Job>, done: &mpsc::Sender<Done>) {
    while let Some(job) = jobs.blocking_recv() {
        let mut batch = vec![job];
        while batch.len() < BATCH
            && let Ok(job) = jobs.try_recv()
        {
            batch.push(job);
        }
        for done_job in run(&mut cache, batch) {
            // An engine that is gone wants to know nothing.
            let _ = done.blocking_send(done_job);
        }
    }
}

/// Commits all that is to be kept, then reads: so a read sees everything that was given before.
fn run(cache: &mut Cache, batch: Vec<Job>) -> Vec<Done> {
    let mut changes = Vec::new();
    let mut queued = Vec::new();
    let mut reads = Vec::new();
    for job in batch {
        match job {
            Job::Change(change) => changes.push(change),
            Job::Queue(message) => {
                changes.push(Change::OutboxAdd(message.clone()));
                queued.push(message);
            }
            read @ (Job::Page { .. } | Job::Draft { .. } | Job::Note { .. }) => reads.push(read),
        }
    }
    let kept = keep(cache, &changes);
    let mut done: Vec<Done> = queued.into_iter().map(|message| Done::Queued(message, kept.clone())).collect();
    done.extend(reads.into_iter().filter_map(|job| read(cache, job)));
    done
}

fn keep(cache: &mut Cache, changes: &[Change]) -> Result<(), String> {
    if changes.is_empty() {
        return Ok(());
    }
    cache.apply(changes).map_err(|error| {
        tracing::error!(%error, "cannot write to the cache");
        error.to_string()
    })
}

fn read(cache: &Cache, job: Job) -> Option<Done> {
    match job {
        Job::Page { ticket, conversation, anchor, limit } => {
            let page = cache.page(conversation, anchor, limit);
            Some(Done::Page(
                ticket,
                page.inspect_err(|error| tracing::error!(%error, "cannot read the cache")).ok(),
            ))
        }
        Job::Draft { conversation, thread, answer } => {
            // Nobody may want it any more.
            let _ = answer.send(cache.draft(conversation, thread).ok().flatten());
            None
        }
        Job::Note { name, answer } => {
            let _ = answer.send(cache.note(&name).ok().flatten());
            None
        }
        Job::Change(_) | Job::Queue(_) => None,
    }
}
