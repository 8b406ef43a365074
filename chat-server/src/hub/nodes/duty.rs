//! What one node does for all: whose turn it is stands in the store.

use std::time::Duration;

use tracing::warn;

use super::{Nodes, now};

/// What only one node of several does at a time.
#[derive(Clone)]
pub struct Duties(pub(in crate::hub) Option<Nodes>);

/// A name for each; how long it stays with a node that says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duty {
    /// Taking away what nobody needs.
    Sweep,
    /// Ending logins that nobody uses.
    IdleSessions,
    /// Deleting messages whose time is over.
    Retention,
    /// Calling webhooks.
    Webhooks,
}

impl Duty {
    fn name(self) -> &'static str {
        match self {
            Duty::Sweep => "sweep",
            Duty::IdleSessions => "idle_sessions",
            Duty::Retention => "retention",
            Duty::Webhooks => "webhooks",
        }
    }

    /// Longer than the pause between two looks of who does it.
    fn lasts(self) -> Duration {
        match self {
            Duty::Webhooks => Duration::from_secs(20),
            Duty::Sweep | Duty::IdleSessions | Duty::Retention => Duration::from_secs(150),
        }
    }
}

impl Duties {
    /// Whether there are other nodes that could do it.
    #[must_use]
    pub fn are_shared(&self) -> bool {
        self.0.is_some()
    }

    /// Whether this node is to do it now.
    pub async fn is_mine(&self, duty: Duty) -> bool {
        let Some(nodes) = &self.0 else { return true };
        match nodes.0.store.lease(duty.name(), nodes.node(), now(), duty.lasts()).await {
            Ok(is_mine) => is_mine,
            Err(cause) => {
                warn!(%cause, duty = duty.name(), "cannot see whose turn it is; tried again later");
                false
            }
        }
    }
}
