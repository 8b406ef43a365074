//! A turn: what waits in a shard is decided in order, committed together, and answered.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use chat_proto::{Answer, Event, UserId, WireError};
use tracing::{Instrument, debug_span, warn};

use super::delivery::refuse_all;
use super::{ATTEMPTS, ATTEMPTS_AMONG_OTHERS, Shard};
use crate::hub::{Job, unavailable};
use crate::metrics::metrics;
use crate::store::{Committed, StoreError};

/// How often a whole turn is decided again where other nodes write as well, before its requests go one by one.
const ATTEMPTS_TOGETHER: usize = 8;

/// The longest pause before the next try, so that not all try at the same time; about two commits.
const LONGEST_PAUSE: Duration = Duration::from_millis(20);

/// What a decided request leads to once it is committed.
pub(super) enum Outcome {
    Refused(WireError),
    /// A repeat of what was done before.
    Repeated(Result<Answer, WireError>),
    Unchanged,
    Began {
        members: Vec<UserId>,
        event: Event,
    },
    Happened(Event),
    Read,
    /// Not decided, because another node was first in this conversation.
    Behind,
}

impl Shard {
    /// Decides, commits and answers these, together where that goes.
    pub(super) async fn turn(&mut self, jobs: Vec<Job>) {
        if jobs.is_empty() {
            return;
        }
        metrics().turn_changes.of(jobs.len());
        let began = Instant::now();
        // For traces; at the usual level of the log nobody hears of it.
        let span = debug_span!("turn", changes = jobs.len());
        for job in &jobs {
            span.follows_from(&job.asked);
        }
        self.take_turn(jobs).instrument(span).await;
        metrics().turn_seconds.since(began);
    }

    async fn take_turn(&mut self, mut jobs: Vec<Job>) {
        self.tell_untold(&jobs).await;
        let mut left = if self.nodes.is_some() { ATTEMPTS_TOGETHER } else { 1 };
        for tried in 1.. {
            match self.attempt(&jobs).await {
                Ok((outcomes, mut committed)) => {
                    let overtaken = std::mem::take(&mut committed.overtaken);
                    let (behind, done): (Vec<_>, Vec<_>) =
                        jobs.into_iter().zip(outcomes).partition(|(job, outcome)| {
                            matches!(outcome, Outcome::Behind) || overtaken.contains(&job.conversation)
                        });
                    let (done, outcomes) = done.into_iter().unzip();
                    self.deliver(done, outcomes, committed).await;
                    // Where another node was first, and nowhere else, it is decided anew.
                    jobs = behind.into_iter().map(|(job, _)| job).collect();
                    if jobs.is_empty() {
                        return;
                    }
                    self.forget_rooms_of(&jobs);
                }
                Err(StoreError::Overtaken) => self.pause(tried).await,
                // Some ask for what was done or taken before. Without them, the others still go together.
                Err(StoreError::Conflict) => {
                    let asked = jobs.len();
                    jobs = self.answer_repeats(jobs).await;
                    if jobs.is_empty() {
                        return;
                    }
                    if jobs.len() < asked {
                        continue;
                    }
                    break;
                }
                Err(StoreError::Failed(cause)) => return refuse_all(&jobs, &cause),
            }
            left -= 1;
            if left == 0 {
                break;
            }
        }
        for job in jobs {
            self.alone(job).await;
        }
    }

    /// After another node was first: somewhat later, and each at another time.
    pub(super) async fn pause(&self, tried: usize) {
        if self.nodes.is_some() {
            let longest = Duration::from_millis(1 << tried.min(16)).min(LONGEST_PAUSE);
            tokio::time::sleep(longest.mul_f64(rand::random_range(0.0..1.0))).await;
        }
    }

    /// One request by itself, after a conflict: it may be a repeat, or have lost a race.
    async fn alone(&mut self, job: Job) {
        let tries = if self.nodes.is_some() { ATTEMPTS_AMONG_OTHERS } else { ATTEMPTS };
        for tried in 1..=tries {
            match self.attempt(std::slice::from_ref(&job)).await {
                Ok((outcomes, committed)) => {
                    return self.deliver(vec![job], outcomes, committed).await;
                }
                Err(StoreError::Failed(cause)) => return refuse_all(&[job], &cause),
                Err(StoreError::Overtaken) => {
                    self.pause(tried).await;
                    continue;
                }
                Err(StoreError::Conflict) => {}
            }
            match self.answer_of_first(&job).await {
                Ok(Some(Ok(answer))) => return job.reply.ok(&answer),
                Ok(Some(Err(refusal))) => return job.reply.error(&refusal),
                Ok(None) => self.pause(tried).await, // a number was taken by another writer: decide again
                Err(cause) => return refuse_all(&[job], &cause.to_string()),
            }
        }
        warn!(conversation = %job.conversation, "gave up after conflicts");
        job.reply.error(&unavailable());
    }

    /// Decides these in order and commits them. On an error, the conversations that they touched
    /// are forgotten, and otherwise those in which another node was first, so memory never differs from the
    /// store.
    async fn attempt(&mut self, jobs: &[Job]) -> Result<(Vec<Outcome>, Committed), StoreError> {
        let mut writes = Vec::new();
        let mut outcomes = Vec::with_capacity(jobs.len());
        let mut result = Ok(Committed::default());
        let mut behind = HashSet::new();
        self.fresh.clear();
        for job in jobs {
            // What is asked behind it in the same place keeps its order.
            if behind.contains(&job.conversation) {
                outcomes.push(Outcome::Behind);
                continue;
            }
            match self.decide(job, &mut writes).await {
                Ok(outcome) => outcomes.push(outcome),
                Err(StoreError::Overtaken) => {
                    behind.insert(job.conversation);
                    outcomes.push(Outcome::Behind);
                }
                Err(cause) => {
                    result = Err(cause);
                    break;
                }
            }
        }
        if outcomes.iter().all(|outcome| matches!(outcome, Outcome::Behind)) {
            result = result.and(Err(StoreError::Overtaken));
        }
        if result.is_ok() && !writes.is_empty() {
            let span = debug_span!("commit", writes = writes.len());
            let store = self.store.clone();
            result = self.hear_until(store.commit(writes).instrument(span), jobs).await;
        }
        match result {
            Ok(committed) => {
                for conversation in &committed.overtaken {
                    self.rooms.remove(conversation);
                }
                self.rebase(&committed, &mut outcomes);
                Ok((outcomes, committed))
            }
            Err(cause) => {
                if matches!(cause, StoreError::Failed(_)) {
                    self.note_untold(&outcomes);
                }
                self.forget_rooms_of(jobs);
                Err(cause)
            }
        }
    }

    fn forget_rooms_of(&mut self, jobs: &[Job]) {
        for job in jobs {
            self.rooms.remove(&job.conversation);
        }
    }
}
