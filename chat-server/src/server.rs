//! Floor 6: the listener. It takes connections, makes WebSockets of them, and drains them at the
//! end.
//!
//! `run` takes its listener and its stop signal from outside, so that tests run the real thing.

mod routes;
mod tls;
mod upgrade;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_util::either::Either;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, info, warn};

use crate::handler::App;
use upgrade::{Peer, Upgrades};

/// How long a client may take for its request head, or its TLS handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);

/// A request head larger than this is refused; ours is under 1 KiB, proxies add some.
const HEAD_BYTES: usize = 16 * 1024;

/// Header lines in a request head.
const HEADERS: usize = 64;

/// How long connections may take to end when the server stops.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);

/// How long to wait after the system refused a connection, for instance for want of file
/// descriptors, before asking again.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// What the listener needs besides the application.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    /// Connections at once; more wait in the system's queue.
    pub max_connections: usize,
    /// Origins of web pages that may connect, besides the server's own host.
    pub allowed_origins: Vec<String>,
    /// Certificate chain and key, both PEM, to serve `wss` with.
    pub tls: Option<TlsFiles>,
}

/// Where the certificate lies.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// The chain, the server's own certificate first.
    pub cert: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// One connection's bytes, with or without TLS.
type Transport = Either<TcpStream, tokio_rustls::server::TlsStream<TcpStream>>;

/// Loads what TLS needs, so that a mistake in it is told before anything listens.
///
/// # Errors
/// What is wrong with the files.
pub fn load_tls(files: &TlsFiles) -> anyhow::Result<TlsAcceptor> {
    tls::acceptor(files)
}

/// Serves until `stop`, then tells every client to come back later and ends.
pub async fn run(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    app: Arc<App>,
    options: ServerOptions,
    stop: CancellationToken,
) {
    let permits = Arc::new(Semaphore::new(options.max_connections));
    let sessions = TaskTracker::new();
    let upgrades = Arc::new(Upgrades {
        routes: routes::routes(app.clone()),
        app,
        allowed_origins: options.allowed_origins,
        sessions: sessions.clone(),
        stop: stop.clone(),
    });
    loop {
        let permit = tokio::select! {
            permit = permits.clone().acquire_owned() => permit,
            () = stop.cancelled() => break,
        };
        let Ok(permit) = permit else { break };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
        };
        match accepted {
            Ok((stream, address)) => {
                let connection = handshake(stream, address, tls.clone(), upgrades.clone(), Arc::new(permit));
                sessions.spawn(connection);
            }
            Err(cause) => {
                warn!(%cause, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    drain(&sessions).await;
}

async fn drain(sessions: &TaskTracker) {
    info!(connections = sessions.len(), "stopping; telling everybody to come back");
    sessions.close();
    if tokio::time::timeout(DRAIN_TIMEOUT, sessions.wait()).await.is_err() {
        warn!(connections = sessions.len(), "some connections did not end in time and are cut");
    }
}

/// Serves the HTTP part of a connection, which ends with its upgrade.
async fn handshake(
    stream: TcpStream,
    address: SocketAddr,
    tls: Option<TlsAcceptor>,
    upgrades: Arc<Upgrades>,
    permit: Arc<tokio::sync::OwnedSemaphorePermit>,
) {
    // Small frames must not wait for each other.
    if let Err(cause) = stream.set_nodelay(true) {
        debug!(%cause, "cannot set TCP_NODELAY");
    }
    let stream = match tls {
        None => Either::Left(stream),
        Some(tls) => match tokio::time::timeout(HANDSHAKE_TIMEOUT, tls.accept(stream)).await {
            Ok(Ok(stream)) => Either::Right(stream),
            Ok(Err(cause)) => return debug!(%address, %cause, "no TLS handshake"),
            Err(_) => return debug!(%address, "the TLS handshake took too long"),
        },
    };
    let stop = upgrades.stop.clone();
    let line = routes::Line::default();
    let cut = line.0.clone();
    let service = service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(line.clone());
        request.extensions_mut().insert(Peer(address.ip()));
        let (upgrades, permit) = (upgrades.clone(), permit.clone());
        async move { Ok::<_, std::convert::Infallible>(upgrades.answer(request, permit).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HANDSHAKE_TIMEOUT)
        .max_buf_size(HEAD_BYTES)
        .max_headers(HEADERS)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    tokio::select! {
        served = connection => if let Err(cause) = served {
            debug!(%address, %cause, "the connection ended before it became a WebSocket");
        },
        () = stop.cancelled() => {}
        () = cut.cancelled() => debug!(%address, "the connection stood still"),
    }
}
