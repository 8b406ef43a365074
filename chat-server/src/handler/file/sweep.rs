//! Taking away what nobody needs: uploads that were never finished or sent, parts without an
//! upload, contents without a file. Each step can be cut anywhere and is done again the next time.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use chat_proto::Timestamp;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::{App, objects_failed, store_failed};
use crate::hub::now;

/// How often: what was deleted is gone from the disk a minute later.
const EVERY: Duration = Duration::from_secs(60);

/// How long an upload may wait to be finished, and then to be sent.
const UNSENT_MS: i64 = 24 * 60 * 60 * 1_000;

/// Contents taken away in one sweep; the next goes on.
const CONTENTS: u32 = 1_000;

impl App {
    /// Sweeps now and then, until `stop`.
    pub async fn keep_swept(self: Arc<Self>, stop: CancellationToken) {
        let mut clock = tokio::time::interval(EVERY);
        clock.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = clock.tick() => self.sweep(now()).await,
            }
        }
    }

    /// Takes away what nobody needs at this time.
    pub async fn sweep(&self, now: Timestamp) {
        self.paces.forget_resting();
        self.hub.forget_resting();
        // Each is told in the log where it fails, and tried again the next time.
        let _ = self.sweep_uploads(now).await;
        let _ = self.sweep_parts().await;
        let _ = self.sweep_contents().await;
    }

    async fn sweep_uploads(&self, now: Timestamp) -> Result<(), chat_proto::WireError> {
        let before = Timestamp(now.0.saturating_sub(UNSENT_MS));
        let gone = self.store.forget_unsent(before).await.map_err(store_failed)?;
        if gone > 0 {
            info!(uploads = gone, "uploads that were never sent were deleted");
        }
        Ok(())
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

    async fn sweep_contents(&self) -> Result<(), chat_proto::WireError> {
        let unused = self.store.unused_contents(CONTENTS).await.map_err(store_failed)?;
        let mut gone = 0;
        for content in unused {
            // While something is being kept, nothing is removed: it might be the same.
            let Some(_removing) = self.desk.files.removing() else { break };
            if !self.store.is_unused(content).await.map_err(store_failed)? {
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
