//! Floor 6: the listener. It takes connections, makes WebSockets of them, and drains them at the
//! end.
//!
//! 1. From the moment of the stop `/ready` says that the server is going, no session begins, and
//!    what was asked is answered.
//! 2. It ends when the last session has ended, and in any case after [`DRAIN_TIMEOUT`].
//!
//! `run` takes its listener and its stop signal from outside, so that tests run the real thing.

mod address;
mod connection;
mod proxy;
mod routes;
mod scrape;
mod tls;
mod upgrade;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use crate::handler::App;
use crate::metrics::metrics;
use crate::session::Leaving;
use address::Addresses;
use connection::{House, Peer};
use upgrade::Upgrades;

pub use address::NEW_EACH_SECOND;
pub use connection::{HANDSHAKE_TIMEOUT, HEAD_BYTES, HEADERS};
pub use routes::Readiness;
pub use scrape::serve_metrics;
pub use tls::{
    ACME_LONGEST_WAIT, ACME_PATIENCE, ACME_SHORTEST_WAIT, Acme, AcmeState, Facts, OwnCertificate, Tls,
    TlsFiles, TlsSource,
};

/// Connections that wait to be taken, as many as the system allows by default. With fewer, thousands who come back after
/// a restart knock in vain, and try again only after one, three and seven seconds.
pub const BACKLOG: u32 = 4_096;

/// How long connections may take to end when the server stops.
pub const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);

/// How long to wait after the system refused a connection, for instance for want of file
/// descriptors, before asking again.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// What the listener needs besides the application.
#[derive(Debug, Clone, Default)]
pub struct ServerOptions {
    /// Connections at once; more wait in the system's queue.
    pub max_connections: usize,
    /// Where the certificate comes from to serve `wss` with.
    pub tls: Option<TlsSource>,
    /// Where Prometheus may read; nowhere when it is not set.
    pub metrics: Option<SocketAddr>,
    /// How long `/ready` says no before the clients are sent away.
    pub drain_delay: Duration,
}

/// How many may come, and how the end begins.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Connections at once.
    pub max_connections: usize,
    /// How long `/ready` says no before anybody is sent away.
    pub drain_delay: Duration,
}

/// Serves until `stop`, then tells every client to come back later and ends.
pub async fn run(
    listener: TcpListener,
    tls: Option<Arc<Tls>>,
    app: Arc<App>,
    limits: Bounds,
    stop: CancellationToken,
) {
    let Bounds { max_connections, drain_delay } = limits;
    let (sessions, leaving) = (TaskTracker::new(), Leaving::default());
    let readiness = Arc::new(Readiness::new(app.store.clone(), app.hub.clone(), stop.clone()));
    let upgrades = Upgrades {
        routes: routes::routes(app.clone(), readiness),
        app: app.clone(),
        sessions: sessions.clone(),
        leaving: leaving.clone(),
        addresses: Addresses::default(),
    };
    let house = Arc::new(House { upgrades, tls, over: CancellationToken::new() });
    let over = house.over.clone();
    let accepting = accept_all(&listener, &house, max_connections);
    let ending = async {
        stop.cancelled().await;
        metrics().draining.set(1);
        if !drain_delay.is_zero() {
            info!(?drain_delay, "stopping soon; /ready says so, so that no more clients are sent here");
            tokio::time::sleep(drain_delay).await;
        }
        leaving.begin(sessions.len());
        app.hub.wake_all().await;
        drain(&sessions).await;
        over.cancel();
    };
    tokio::join!(accepting, ending);
    metrics().draining.set(0);
}

/// Takes connections until all is over: also while the server drains, so that who asks whether it
/// is ready is told.
async fn accept_all(listener: &TcpListener, house: &Arc<House>, max_connections: usize) {
    let permits = Arc::new(Semaphore::new(max_connections));
    loop {
        let next = async {
            let permit = permits.clone().acquire_owned().await;
            (permit, listener.accept().await)
        };
        let (permit, accepted) = tokio::select! {
            next = next => next,
            () = house.over.cancelled() => return,
        };
        match (permit, accepted) {
            (Err(_), _) => return,
            (Ok(permit), Ok((stream, address))) => {
                let connection =
                    connection::serve(house.clone(), stream, Peer::new(address), Arc::new(permit));
                if house.upgrades.leaving.begun.is_cancelled() {
                    tokio::spawn(connection);
                } else {
                    house.upgrades.sessions.spawn(connection);
                }
            }
            (Ok(_), Err(cause)) => {
                warn!(%cause, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn drain(sessions: &TaskTracker) {
    info!(connections = sessions.len(), "stopping; telling everybody to come back");
    sessions.close();
    if tokio::time::timeout(DRAIN_TIMEOUT, sessions.wait()).await.is_err() {
        warn!(connections = sessions.len(), "some connections did not end in time and are cut");
    }
}
