//! Taking away what nobody needs: uploads that were never finished or sent, parts without an
//! upload, contents without a file. Each step can be cut anywhere and is done again the next time.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chat_proto::Timestamp;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::{App, objects_failed, store_failed};
use crate::hub::{Duty, now};
use crate::store::ContentHash;

/// How often: what was deleted is gone from the disk a minute later.
const EVERY: Duration = Duration::from_secs(60);

/// How long an upload may wait to be finished, and then to be sent.
const UNSENT_MS: i64 = 24 * 60 * 60 * 1_000;

/// Contents taken away in one sweep; the next goes on.
const CONTENTS: u32 = 1_000;

/// How long a content is unused before it is removed where there are other nodes: what one of them
/// is keeping at this moment looks unused until it is done, and would have to be kept once more.
const UNUSED_AMONG_OTHERS: Duration = Duration::from_secs(60 * 60);

/// Since when contents are seen to be unused; as many as are looked up at once.
#[derive(Default)]
struct Unused {
    since: HashMap<ContentHash, Instant>,
}

impl Unused {
    /// Those of these that have been unused for long enough.
    fn for_long(&mut self, unused: Vec<ContentHash>) -> Vec<ContentHash> {
        let now = Instant::now();
        let before = std::mem::take(&mut self.since);
        self.since =
            unused.iter().map(|content| (*content, before.get(content).copied().unwrap_or(now))).collect();
        let is_old = |content: &ContentHash| {
            self.since.get(content).is_some_and(|since| now.duration_since(*since) >= UNUSED_AMONG_OTHERS)
        };
        unused.into_iter().filter(is_old).collect()
    }
}

impl App {
    /// Sweeps now and then, until `stop`.
    pub async fn keep_swept(self: Arc<Self>, stop: CancellationToken) {
        let mut unused = Unused::default();
        let mut clock = tokio::time::interval(EVERY);
        clock.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = clock.tick() => match self.hub.duties().are_shared() {
                    false => self.sweep(now()).await,
                    true => self.sweep_among_others(now(), &mut unused).await,
                },
            }
        }
    }

    /// Takes away what nobody needs at this time.
    pub async fn sweep(&self, now: Timestamp) {
        self.paces.forget_resting();
        self.hub.forget_resting();
        // Each is told in the log where it fails, and tried again the next time.
        let _ = self.sweep_news(now).await;
        let _ = self.sweep_uploads(now).await;
        let _ = self.sweep_parts().await;
        let _ = self.sweep_contents(None).await;
    }

    /// As [`sweep`](Self::sweep), where other nodes work on the same files.
    async fn sweep_among_others(&self, now: Timestamp, unused: &mut Unused) {
        self.paces.forget_resting();
        self.hub.forget_resting();
        // Parts lie on each node's own disk.
        let _ = self.sweep_parts().await;
        if self.hub.duties().is_mine(Duty::Sweep).await {
            let _ = self.sweep_uploads(now).await;
            let _ = self.sweep_contents(Some(unused)).await;
        } else {
            unused.since.clear();
        }
    }

    async fn sweep_uploads(&self, now: Timestamp) -> Result<(), chat_proto::WireError> {
        let before = Timestamp(now.0.saturating_sub(UNSENT_MS));
        let gone = self.store.forget_unsent(before).await.map_err(store_failed)?;
        if gone > 0 {
            info!(uploads = gone, "uploads that were never sent were deleted");
        }
        Ok(())
    }

    /// Where there are other nodes, they let it go when they have heard it.
    async fn sweep_news(&self, now: Timestamp) -> Result<(), chat_proto::WireError> {
        self.store.forget_news(now).await.map_err(store_failed)
    }

    async fn sweep_parts(&self) -> Result<(), chat_proto::WireError> {
        let parts = self.desk.files.parts().await.map_err(super::disk_failed)?;
        if parts.is_empty() {
            return Ok(());
        }
        let needed = self.store.unfinished(parts.clone()).await.map_err(store_failed)?;
        let needed: HashSet<_> = needed.into_iter().collect();
        for part in parts.into_iter().filter(|part| !needed.contains(part)) {
            self.desk.files.drop_part(part).await;
        }
        Ok(())
    }

    async fn sweep_contents(&self, known: Option<&mut Unused>) -> Result<(), chat_proto::WireError> {
        let mut unused = self.store.unused_contents(CONTENTS).await.map_err(store_failed)?;
        if let Some(known) = known {
            unused = known.for_long(unused);
        }
        let mut gone = 0;
        for content in unused {
            // While something is being kept, nothing is removed: it might be the same.
            let Some(_removing) = self.desk.files.removing() else { break };
            if !self.store.mark_removed(content).await.map_err(store_failed)? {
                continue;
            }
            if let Err(cause) = self.desk.files.remove(content).await {
                warn!("a content could not be removed; the next sweep tries again");
                return Err(objects_failed(cause));
            }
            self.store.forget_content(content).await.map_err(store_failed)?;
            gone += 1;
        }
        if gone > 0 {
            info!(contents = gone, "contents that no file has were removed");
        }
        Ok(())
    }
}
