//! The search index takes in new words beside the turns.
//!
//! PostgreSQL keeps the words of new rows on a list, because taking in many at once costs a quarter less than one
//! message after the other. Whose commit makes the list too long takes in all of it: a turn that did so held up a
//! node for a fifth of a second, every few seconds. Done here every second, no turn has to, unless tens of thousands
//! of messages come in one; `gin_pending_list_limit` of the index says how many may wait until then.

use std::time::Duration;

use deadpool_postgres::Pool;
use tokio::sync::mpsc;
use tracing::debug;

/// How long words wait at most: as many as a busy cluster writes in that time are taken in within some hundredths of a
/// second, in which PostgreSQL has a processor less for turns, and a search looks through them in milliseconds.
const EVERY: Duration = Duration::from_secs(1);

/// The number of the lock of whoever does this: one of all nodes is enough.
const MERGER: i64 = 0x63_68_61_74_04;

/// What does it, as far as nobody else is at it.
const MERGE: &str = "SELECT gin_clean_pending_list('events_words') WHERE pg_try_advisory_xact_lock($1)";

/// Knows whether there is anything to do. Cheap to clone; when the last is gone, nothing is done any more.
#[derive(Clone)]
pub(super) struct Merger(mpsc::Sender<()>);

impl Merger {
    pub(super) fn start(pool: &Pool) -> Self {
        let (written, mut waiting) = mpsc::channel(1);
        let pool = pool.weak();
        tokio::spawn(async move {
            while waiting.recv().await.is_some() {
                tokio::time::sleep(EVERY).await;
                let Some(pool) = pool.upgrade() else { return };
                let Ok(client) = pool.get().await else { continue };
                if let Err(cause) = client.execute(MERGE, &[&MERGER]).await {
                    // The next commit that makes the list too long does it then.
                    debug!(%cause, "cannot take new words into the search index");
                }
            }
        });
        Self(written)
    }

    /// There may be new words.
    pub(super) fn something_was_written(&self) {
        // Where there is no room, it is known.
        let _ = self.0.try_send(());
    }
}
