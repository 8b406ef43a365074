//! Whether this node knows what the others did: how long ago it looked into the store.
//!
//! That somebody's rights ended stands there. A node that has not looked for a second (it stood still, or the
//! database does not answer) may not know of it, whatever the bus brings; so until it has looked, its sessions
//! are told nothing but refusals.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// How old what a node knows may be: as long as it may take until an end of rights holds everywhere.
const FRESH: Duration = Duration::from_secs(1);

/// See the module.
#[derive(Debug)]
pub(in crate::hub) struct Freshness {
    began: Instant,
    /// When the last look began that was taken in whole, in milliseconds since then.
    looked_ms: AtomicU64,
    /// Whether somebody waits for the next.
    is_waited_for: AtomicBool,
}

impl Freshness {
    /// Of a node that begins now, with what is in the store.
    pub(super) fn new() -> Self {
        Self { began: Instant::now(), looked_ms: AtomicU64::new(0), is_waited_for: AtomicBool::new(false) }
    }

    /// Whether it looked lately.
    pub(super) fn is_fresh(&self) -> bool {
        let looked = Duration::from_millis(self.looked_ms.load(Ordering::SeqCst));
        self.began.elapsed().saturating_sub(looked) < FRESH
    }

    /// Has whoever looks tell; whether it looked just now.
    pub(super) fn wait(&self) -> bool {
        self.is_waited_for.store(true, Ordering::SeqCst);
        // After the line above: a look that did not see it is seen here.
        self.is_fresh()
    }

    /// A look that began then was taken in whole; whether somebody waits for it.
    pub(super) fn looked(&self, at: Instant) -> bool {
        let ms = u64::try_from(at.saturating_duration_since(self.began).as_millis()).unwrap_or(u64::MAX);
        self.looked_ms.fetch_max(ms, Ordering::SeqCst);
        self.is_waited_for.swap(false, Ordering::SeqCst)
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_did_not_look_for_a_second_knows_nothing_until_they_look() {
        let fresh = Freshness::new();
        advance(FRESH / 2).await;
        assert!(fresh.is_fresh());
        assert!(!fresh.looked(Instant::now()), "nobody waits");
        advance(FRESH).await;
        assert!(!fresh.is_fresh() && !fresh.wait());
        let began = Instant::now();
        advance(FRESH * 2).await;
        assert!(fresh.looked(began), "somebody waits");
        assert!(!fresh.is_fresh(), "a look that took so long says what was so when it began");
        assert!(fresh.looked(Instant::now()) || fresh.is_fresh());
    }
}
