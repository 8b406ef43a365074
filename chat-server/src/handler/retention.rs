//! Messages whose time is over are deleted, really: text, earlier texts, files that no other message
//! has, and what the search knew. A batch at a time, so that nobody waits for it, and so that it
//! reaches people's lines as a stream that they can read.

use std::time::Duration;

use chat_proto::{ConversationId, Seq, WireError};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::{App, store_failed};
use crate::hub::{Duty, now};

/// How often it is looked what has run out; days are counted, so nobody misses a minute.
const EVERY: Duration = Duration::from_secs(60);

/// Messages looked up at once.
const FOUND: usize = 1_000;

/// Messages deleted in one turn of a shard; the others' requests come between two of these.
const BATCH: usize = 50;

/// The pause between two batches: five hundred messages a second, the tenth of what a server can do.
const PAUSE: Duration = Duration::from_millis(100);

impl App {
    /// Deletes what has run out now and then, until `stop`. `keep_days` is how long the server
    /// keeps messages; `None` for ever.
    pub async fn keep_retention(self: std::sync::Arc<Self>, keep_days: Option<u32>, stop: CancellationToken) {
        let mut clock = tokio::time::interval(EVERY);
        clock.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = clock.tick() => {}
            }
            tokio::select! {
                () = stop.cancelled() => return,
                expired = self.expire_all(keep_days) => match expired {
                    Ok(0) => {}
                    Ok(messages) => info!(messages, "messages were deleted because their time was over"),
                    // The next round goes on with them.
                    Err(_) => warn!("messages whose time is over could not be deleted"),
                }
            }
        }
    }

    async fn expire_all(&self, keep_days: Option<u32>) -> Result<u64, WireError> {
        let mut deleted = 0;
        if !self.hub.duties().is_mine(Duty::Retention).await {
            return Ok(deleted);
        }
        loop {
            let mut found = self.store.expired(keep_days, now(), FOUND).await.map_err(store_failed)?;
            // However the database came by them: those of one place together.
            found.sort_unstable();
            let before = deleted;
            let of_one_place = |a: &(ConversationId, Seq), b: &(ConversationId, Seq)| a.0 == b.0;
            for messages in found.chunk_by(of_one_place) {
                for batch in messages.chunks(BATCH) {
                    let (conversation, seqs) = (batch[0].0, batch.iter().map(|(_, seq)| *seq).collect());
                    // A place that is too busy now is no reason to leave the others as they are.
                    deleted += self.hub.expire(conversation, seqs).await.unwrap_or_default();
                    tokio::time::sleep(PAUSE).await;
                }
            }
            if !self.hub.duties().is_mine(Duty::Retention).await {
                return Ok(deleted);
            }
            // Nothing more, or nothing that goes: the next round tries again, and forgets further days.
            if found.len() < FOUND || deleted == before {
                self.store.forget_days(keep_days, now(), FOUND).await.map_err(store_failed)?;
                return Ok(deleted);
            }
        }
    }
}
