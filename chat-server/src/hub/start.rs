//! How a hub begins and ends, alone or among other nodes.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use arc_swap::ArcSwap;
use chat_proto::Limits;
use tokio::sync::mpsc;

use super::nodes::news::{News, Nothing};
use super::nodes::{Duties, Listener, Nodes};
use super::{Hub, PresenceHub, Runs, SHARD_QUEUE, Visits, now, pace, shard};
use crate::bus::Bus;
use crate::domain::policy::Policy;
use crate::store::{Store, StoreError};

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
        let presence = PresenceHub::start(store.clone(), policy.clone(), presence_grace, nodes.clone());
        let shards = (0..shards.max(1))
            .map(|_| {
                let (tasks, waiting) = mpsc::channel(SHARD_QUEUE);
                let (policy, presence) = (policy.clone(), presence.clone());
                let shard =
                    shard::Shard::new(waiting, store.clone(), policy, presence, nodes.clone(), sends.clone());
                tokio::spawn(shard.run());
                tasks
            })
            .collect();
        Self {
            shards,
            presence,
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
}
