//! Floor 3: what other programs are told. One task looks which webhooks have something to be told
//! and are due, and calls each of them in the order of its events.
//!
//! 1. An event leaves the outbox when the program has said that it took it: at least once, also
//!    over a crash. Its id stays the same, so that a receiver can tell a repeat.
//! 2. At most [`CALLS`] calls at once, one for each webhook; a slow one holds up only itself.
//! 3. No call goes to an address that [`address`] refuses, whatever a name resolves to, and none
//!    follows a redirect.

pub mod address;
mod post;
mod sign;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use chat_proto::{HookId, Timestamp, WireError};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::domain::hooks::retry_at;
use crate::hub::{Duties, Duty, now};
use crate::metrics::{HookCall, metrics};
use crate::store::{Delivery, Failure, OutgoingTarget, Store, StoreError};
use post::{Client, NotTaken};

pub(crate) use post::{LOOK_UPS_AT_ONCE, tls as system_tls};
pub use sign::new_secret;

/// Calls at once.
const CALLS: usize = 16;

/// Events that one webhook is told before others have a turn.
const BATCH: usize = 32;

/// The longest sleep: what another process puts into the database is found after this.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);

/// How often a node that makes the calls for several looks what the others want called.
const LOOK: Duration = Duration::from_secs(1);

/// How often a node asks whether to make the calls, while another does.
const ANOTHERS: Duration = Duration::from_secs(5);

/// A handle for making calls; cheap to clone.
#[derive(Clone)]
pub struct Outgoing {
    client: Arc<Client>,
}

impl Outgoing {
    /// `allow_private` lets calls go to this machine and to private networks.
    ///
    /// # Errors
    /// If the system's certificates cannot be used.
    pub fn new(allow_private: bool) -> anyhow::Result<Self> {
        Ok(Self { client: Arc::new(Client::new(allow_private)?) })
    }

    /// Whether a webhook may have this address, and its normal form.
    ///
    /// # Errors
    /// `invalid`, with what is wrong with it.
    pub async fn check(&self, url: &str) -> Result<String, WireError> {
        self.client.check(url).await
    }

    /// Posts a test now.
    ///
    /// # Errors
    /// Why it was not taken.
    pub async fn test(&self, target: &OutgoingTarget) -> Result<(), String> {
        let taken = self.client.post_test(target, now()).await;
        taken.map_err(|not_taken| not_taken.problem().to_owned())
    }

    /// Delivers what waits in the store until `stop`.
    pub fn start(&self, store: Store, duties: Duties, stop: CancellationToken) {
        let client = self.client.clone();
        let deliverer = Deliverer { client, store, duties, busy: HashSet::new(), calls: JoinSet::new() };
        tokio::spawn(async move {
            // Calls under way end with the set; what they did not finish is done after the start.
            let _ = stop.run_until_cancelled_owned(deliverer.run()).await;
        });
    }
}

/// For how long a server has a webhook to itself: longer than a call may take, and no longer than its messages
/// may wait when it dies in the middle.
const CLAIM_MS: i64 = 60_000;

struct Deliverer {
    client: Arc<Client>,
    store: Store,
    duties: Duties,
    busy: HashSet<HookId>,
    calls: JoinSet<HookId>,
}

impl Deliverer {
    async fn run(mut self) {
        loop {
            let sleep = match self.duties.are_shared() {
                false => self.begin_what_is_due().await,
                true => self.begin_if_mine().await,
            };
            tokio::select! {
                () = self.store.deliveries_wait() => {}
                () = tokio::time::sleep(sleep) => {}
                Some(ended) = self.calls.join_next() => match ended {
                    Ok(hook) => drop(self.busy.remove(&hook)),
                    // A call that panicked would stay busy; its hook is unknown here, so all are
                    // looked at again. The store says what is due.
                    Err(cause) => {
                        warn!(%cause, "a call of a webhook broke off");
                        self.calls.abort_all();
                        self.busy.clear();
                    }
                }
            }
        }
    }

    /// As [`begin_what_is_due`](Self::begin_what_is_due), if no other node does that. What others
    /// write is not told here, so it is looked for.
    async fn begin_if_mine(&mut self) -> Duration {
        match self.duties.is_mine(Duty::Webhooks).await {
            true => self.begin_what_is_due().await.min(LOOK),
            false => ANOTHERS,
        }
    }

    /// Begins the calls that are due, as far as there is room; how long until the next one is.
    async fn begin_what_is_due(&mut self) -> Duration {
        let now = now();
        let due = match self.store.due(now).await {
            Ok(due) => due,
            Err(cause) => {
                warn!(%cause, "cannot look what the webhooks have to be told");
                return LONGEST_SLEEP;
            }
        };
        for (hook, at) in due {
            if self.busy.contains(&hook) {
                continue;
            }
            if at > now {
                let wait = u64::try_from(at.0 - now.0).unwrap_or(0);
                return Duration::from_millis(wait).min(LONGEST_SLEEP);
            }
            if self.calls.len() >= CALLS {
                // The next one that ends makes room.
                return LONGEST_SLEEP;
            }
            self.busy.insert(hook);
            let (client, store) = (self.client.clone(), self.store.clone());
            self.calls.spawn(async move {
                if let Err(cause) = deliver(&client, &store, hook).await {
                    warn!(%cause, %hook, "cannot note what became of a delivery");
                    // Without this the same call would be made again at once.
                    tokio::time::sleep(LONGEST_SLEEP).await;
                }
                hook
            });
        }
        LONGEST_SLEEP
    }
}

/// Tells one webhook what waits for it, in order, until it fails or others should have a turn.
async fn deliver(client: &Client, store: &Store, hook: HookId) -> Result<(), StoreError> {
    for _ in 0..BATCH {
        let at = now();
        let until = Timestamp(at.0 + CLAIM_MS);
        if !store.claim_delivery(hook, at, until).await? {
            return Ok(());
        }
        let Some(delivery) = store.next_delivery(hook, at).await? else {
            // What comes next would wait for the end of the claim.
            return store.end_claim(hook, until).await;
        };
        match client.post_event(&delivery, now()).await {
            Ok(()) => {
                metrics().hook_calls.add_one(HookCall::Sent);
                store.delivered(hook, delivery.event.seq).await?;
            }
            Err(not_taken) => return store.delivery_failed(failure(&delivery, not_taken, now())).await,
        }
    }
    Ok(())
}

fn failure(delivery: &Delivery, not_taken: NotTaken, at: Timestamp) -> Failure {
    let OutgoingTarget { id, attempts, failing_since, .. } = delivery.target;
    let (problem, is_gone) = match not_taken {
        NotTaken::Gone => (not_taken.problem().to_owned(), true),
        NotTaken::Failed(problem) => (problem, false),
    };
    let next_at = if is_gone { None } else { retry_at(at, attempts, failing_since, rand::random()) };
    metrics().hook_calls.add_one(if next_at.is_some() { HookCall::Retried } else { HookCall::GivenUp });
    if next_at.is_none() {
        info!(hook = %id, "a webhook is given up");
    }
    Failure { hook: id, problem, at, next_at }
}
