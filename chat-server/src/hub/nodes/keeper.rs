//! Writes what no node may miss into the store, as much at once as waits.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tracing::error;

use super::now;
use crate::bus::Nats;
use crate::store::Store;

/// Lines that may wait; beyond that, those that nobody waits for are left out.
const QUEUE: usize = 4_096;

/// Lines in one transaction.
const BATCH: usize = 512;

/// The pause before the database is asked again.
const AGAIN: Duration = Duration::from_millis(500);

/// A line to be kept, and who waits for that.
pub(super) struct Kept {
    pub(super) line: String,
    pub(super) done: Option<oneshot::Sender<()>>,
}

/// Starts the task; it ends when nobody has anything to keep any more.
pub(super) fn start(nats: Nats, store: Store) -> mpsc::Sender<Kept> {
    let (kept, waiting) = mpsc::channel(QUEUE);
    tokio::spawn(keep(nats, store, waiting));
    kept
}

async fn keep(nats: Nats, store: Store, mut waiting: mpsc::Receiver<Kept>) {
    let mut batch = Vec::with_capacity(BATCH);
    while waiting.recv_many(&mut batch, BATCH).await > 0 {
        let (lines, done): (Vec<_>, Vec<_>) = batch.drain(..).map(|kept| (kept.line, kept.done)).unzip();
        // Who hears the bus was told already. For the others, and before anybody is told that it is done,
        // it is tried until the database takes it.
        while let Err(cause) = store.add_news(lines.clone(), now()).await {
            let (count, heard) = (lines.len(), nats.is_well());
            error!(%cause, count, over_the_bus = heard, "cannot keep news for the other nodes; trying again");
            tokio::time::sleep(AGAIN).await;
        }
        for waits in done.into_iter().flatten() {
            // Who waited may have been stopped with the server.
            let _ = waits.send(());
        }
    }
}
