//! Which life of a database this is. One that was brought back to an earlier state, or taken over by a
//! standby, may have lost the newest of what people were told is stored: their clients begin anew then.
//!
//! PostgreSQL counts such moments itself, as timelines of its write-ahead log.

use std::sync::{Arc, OnceLock};

use tokio_postgres::Client;
use tokio_util::sync::CancellationToken;
use tracing::warn;
use uuid::Uuid;

/// Which cluster, and which of its timelines. What runs somewhere as a service may refuse to tell.
const ASK: &str = "SELECT (SELECT system_identifier::text FROM pg_control_system()) || ':'
    || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)";

/// The life that this program knows, and whether a connection has seen another one. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Life(Arc<Inner>);

#[derive(Default)]
struct Inner {
    known: OnceLock<String>,
    is_another: CancellationToken,
}

impl Life {
    /// Looks at it over a new connection; false if it is not the one that was known.
    pub(super) async fn is_same(&self, client: &Client) -> bool {
        let Some(found) = found(client).await else { return true };
        let is_same = *self.0.known.get_or_init(|| found.clone()) == found;
        if !is_same {
            self.0.is_another.cancel();
        }
        is_same
    }

    /// Returns when a connection has seen another life than was known.
    pub(super) async fn ended(&self) {
        self.0.is_another.cancelled().await;
    }

    /// Begins another epoch if the database lived another life the last time that somebody noted it.
    pub(super) async fn note(&self, client: &Client) -> Result<(), tokio_postgres::Error> {
        let Some(known) = self.0.known.get() else { return Ok(()) };
        let epoch = Uuid::new_v4();
        let renewed = client
            .execute(
                "UPDATE server SET epoch = $1, life = $2 WHERE life <> $2",
                &[&&epoch.as_bytes()[..], known],
            )
            .await?;
        if renewed > 0 {
            warn!("the database was restored, or a standby took over; clients begin anew");
        }
        client.execute("UPDATE server SET life = $1 WHERE life IS NULL", &[known]).await.map(drop)
    }
}

async fn found(client: &Client) -> Option<String> {
    client.query_one(ASK, &[]).await.ok()?.try_get(0).ok()
}
