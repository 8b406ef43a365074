//! The other nodes: what they are told of what happens here, and what is done with what they tell.
//!
//! 1. A single node has none of this: `None` where others have a [`Nodes`], and no cost.
//! 2. What happens in conversations is in the store; the bus only tells of it sooner. Who cannot
//!    hear the bus looks into the store, see `listener`.
//! 3. What is in no log of a conversation (ends of sessions, bans, pushes for single people) is
//!    *kept*: written into the store for all nodes, and told over the bus as well. That something
//!    ended is kept by the verb that ends it, in the same commit: a node that is killed right after
//!    leaves nobody connected elsewhere, see `doubts`.
//! 4. A node that has not looked into the store for a second tells its people nothing, see `fresh`.
//! 5. Signals (who is there, who reads how far) are told over the bus, and kept while a node is
//!    deaf. Only "is writing" is lost then.

mod doubts;
mod duty;
mod fresh;
mod joined;
mod keeper;
mod listener;
pub(in crate::hub) mod news;
mod positions;

use std::collections::HashSet;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use chat_proto::{ConversationId, UserId};
use tokio::sync::{mpsc, oneshot};
use tracing::{error, warn};
use uuid::Uuid;

use super::now;
use crate::bus::{MESSAGE_BYTES, Nats, Slice, Subject};
use crate::metrics::metrics;
use crate::store::Store;
pub use duty::{Duties, Duty};
use fresh::Freshness;
use keeper::Kept;
pub(super) use listener::Listener;
use news::{News, Nothing, Place};

/// How long a node that said that it is deaf counts as deaf; it says so more often.
const DEAF_MS: i64 = 10_000;

/// The last word on the bus may take so long; then the others notice the silence.
const LAST_WORD: Duration = Duration::from_secs(1);

/// A handle for whoever has something to tell the other nodes; cheap to clone.
#[derive(Clone)]
pub(super) struct Nodes(Arc<Inner>);

struct Inner {
    nats: Nats,
    store: Store,
    kept: mpsc::Sender<Kept>,
    /// Who is connected to another node. A lock, because shards ask and presence answers; held for
    /// a look-up.
    elsewhere: RwLock<HashSet<UserId>>,
    /// Until when, in milliseconds since 1970, some other node counts as deaf.
    deaf_until: AtomicI64,
    fresh: Freshness,
}

impl Nodes {
    pub(super) fn new(nats: Nats, store: Store) -> Self {
        let kept = keeper::start(nats.clone(), store.clone());
        let (elsewhere, deaf_until) = (RwLock::default(), AtomicI64::new(0));
        let fresh = Freshness::new();
        Self(Arc::new(Inner { nats, store, kept, elsewhere, deaf_until, fresh }))
    }

    /// Who this node is.
    pub(super) fn node(&self) -> Uuid {
        self.0.nats.node()
    }

    /// Whether the bus works.
    pub(super) fn is_well(&self) -> bool {
        self.0.nats.is_well()
    }

    /// Whether this node knows what the others did, up to a second ago.
    pub(super) fn is_fresh(&self) -> bool {
        self.0.fresh.is_fresh()
    }

    /// As [`is_fresh`](Self::is_fresh); if not, all sessions are woken when it is.
    pub(super) fn wait_for_look(&self) -> bool {
        self.0.fresh.wait()
    }

    /// Tells the nodes with listeners in this conversation what the store has as well. When it is
    /// too much, they read it there.
    pub(super) fn publish(&self, conversation: ConversationId, news: &News) {
        let Some(mut line) = self.line(news) else { return };
        if line.len() > MESSAGE_BYTES {
            let Some(shorter) = self.line(&News::Moved(Place { conversation })) else { return };
            line = shorter;
        }
        self.0.nats.publish(Subject::Slice(Slice::of(conversation)), line.into());
    }

    /// Tells the nodes with listeners in this conversation what they would miss without it.
    pub(super) fn pass_within(&self, conversation: ConversationId, news: &News) {
        self.pass_on(Subject::Slice(Slice::of(conversation)), news);
    }

    /// Tells all nodes what they would miss without it, and what is soon out of date.
    pub(super) fn pass(&self, news: &News) {
        self.pass_on(Subject::All, news);
    }

    fn pass_on(&self, subject: Subject, news: &News) {
        let Some(line) = self.line(news) else { return };
        if !self.is_well() || self.0.deaf_until.load(Ordering::Acquire) > now().0 {
            self.give_to_keeper(line.clone(), None);
        }
        self.0.nats.publish(subject, line.into());
    }

    /// Tells all nodes, also those that cannot hear the bus.
    pub(super) fn keep(&self, news: &News) {
        let Some(line) = self.line(news) else { return };
        self.0.nats.publish(Subject::All, line.clone().into());
        self.give_to_keeper(line, None);
    }

    /// As [`keep`](Self::keep); when it returns, no node can miss it any more.
    pub(super) async fn keep_surely(&self, news: &News) {
        let Some(line) = self.line(news) else { return };
        self.0.nats.publish(Subject::All, line.clone().into());
        let (done, kept) = oneshot::channel();
        if self.0.kept.send(Kept { line, done: Some(done) }).await.is_ok() {
            // An error means that the server has ended.
            let _ = kept.await;
        }
    }

    fn give_to_keeper(&self, line: String, done: Option<oneshot::Sender<()>>) {
        if self.0.kept.try_send(Kept { line, done }).is_err() {
            metrics().bus_unkept.add_one();
        }
    }

    fn line(&self, news: &News) -> Option<String> {
        let line = news.line(self.node(), now());
        line.inspect_err(|cause| error!(%cause, "cannot write news for other nodes")).ok()
    }

    /// Somebody listens in this conversation here from now on.
    pub(super) fn want(&self, conversation: ConversationId) {
        self.0.nats.want(Slice::of(conversation));
    }

    /// One conversation fewer in which somebody listens here.
    pub(super) fn unwant(&self, conversation: ConversationId) {
        self.0.nats.unwant(Slice::of(conversation));
    }

    /// Returns when the bus brings what was wanted before.
    pub(super) async fn settled(&self) {
        self.0.nats.settled().await;
    }

    /// Whether somebody is connected to another node.
    pub(super) fn is_elsewhere(&self, user: UserId) -> bool {
        self.0.elsewhere.read().unwrap_or_else(PoisonError::into_inner).contains(&user)
    }

    /// Notes who is connected to another node, or to none any more.
    pub(super) fn set_elsewhere(&self, changes: impl Iterator<Item = (UserId, bool)>) {
        let mut elsewhere = self.0.elsewhere.write().unwrap_or_else(PoisonError::into_inner);
        for (user, is_there) in changes {
            if is_there {
                elsewhere.insert(user);
            } else {
                elsewhere.remove(&user);
            }
        }
    }

    fn another_is_deaf(&self) {
        self.0.deaf_until.store(now().0.saturating_add(DEAF_MS), Ordering::Release);
    }

    /// Says that this node ends, and lets others do what it did alone.
    pub(super) async fn leave(&self) {
        if let Err(cause) = self.0.store.end_leases(self.node()).await {
            warn!(%cause, "what only one node does is taken over by another with a delay");
        }
        if let Some(line) = self.line(&News::Bye(Nothing {})) {
            self.0.nats.publish_last(Subject::All, line.into(), LAST_WORD).await;
        }
    }
}
