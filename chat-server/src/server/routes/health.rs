//! `/health` and `/ready`: all that is answered to somebody unknown, besides the door itself.
//!
//! `/health` says that the process answers: restart it if not. `/ready` says whether to send
//! clients here: not while the server stops, nor when its database does not answer. Without the bus
//! to other nodes a server does all of its work, only slower, so it is ready, and says so.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::sync::Mutex;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::hub::Hub;
use crate::store::Store;

/// What was seen of the database holds so long, so that whoever asks often does not burden it.
const HOLDS: Duration = Duration::from_secs(1);

/// A database that does not answer a small question for so long is of no use to clients.
const PATIENCE: Duration = Duration::from_secs(2);

/// Whether clients should come.
pub struct Readiness {
    store: Store,
    hub: Hub,
    stop: CancellationToken,
    /// When the database was asked last, and whether it answered. A lock, so that only one asks.
    seen: Mutex<Option<(Instant, bool)>>,
}

impl Readiness {
    /// Of a server that stops when `stop` says so.
    #[must_use]
    pub fn new(store: Store, hub: Hub, stop: CancellationToken) -> Self {
        Self { store, hub, stop, seen: Mutex::new(None) }
    }

    /// Whether the database answers.
    pub async fn database_answers(&self) -> bool {
        let mut seen = self.seen.lock().await;
        if let Some((at, answered)) = *seen
            && at.elapsed() < HOLDS
        {
            return answered;
        }
        let answered = matches!(tokio::time::timeout(PATIENCE, self.store.has_accounts()).await, Ok(Ok(_)));
        *seen = Some((Instant::now(), answered));
        answered
    }
}

pub(super) fn routes(readiness: Arc<Readiness>) -> Router {
    Router::new().route("/health", get(health)).route("/ready", get(ready)).with_state(readiness)
}

async fn health() -> impl IntoResponse {
    say(StatusCode::OK, "ok\n")
}

async fn ready(State(readiness): State<Arc<Readiness>>) -> impl IntoResponse {
    if readiness.stop.is_cancelled() {
        return say(StatusCode::SERVICE_UNAVAILABLE, "stopping\n");
    }
    if !readiness.database_answers().await {
        return say(StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n");
    }
    // Clients miss nothing without the bus, so they may come; whoever watches is told.
    match readiness.hub.bus_is_well() {
        Some(false) => say(StatusCode::OK, "ready, but degraded: the bus to other nodes is away\n"),
        Some(true) | None => say(StatusCode::OK, "ready\n"),
    }
}

fn say(status: StatusCode, text: &'static str) -> impl IntoResponse {
    (status, [(header::CACHE_CONTROL, "no-store")], text)
}
