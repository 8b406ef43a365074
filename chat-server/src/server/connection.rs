//! One connection, from its first byte to its upgrade or its end: whose it is, TLS, HTTP.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::either::Either;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, debug, info_span};

use super::address::{Seat, TOO_MANY};
use super::tls::Tls;
use super::upgrade::Upgrades;
use super::{proxy, routes};
use crate::handler::live::{Live, ProxyHeader};
use crate::metrics::{Door, metrics};

/// How long a client may take for its request head, or its TLS handshake.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);

/// A request head larger than this is refused; ours is under 1 KiB, proxies add some.
pub const HEAD_BYTES: usize = 16 * 1024;

/// Header lines in a request head.
pub const HEADERS: usize = 64;

/// How long who is refused may take to hear it.
const LINGER: Duration = Duration::from_secs(1);

/// What a client is told, before any TLS, whose address has too many connections.
const REFUSAL: &str = "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 30\r\nConnection: close\r\n\
    Content-Type: text/plain\r\n\r\n";

/// One connection's bytes, with or without TLS.
pub(super) type Transport = Either<TcpStream, Box<tokio_rustls::server::TlsStream<TcpStream>>>;

/// What all connections share.
pub(super) struct House {
    pub(super) upgrades: Upgrades,
    pub(super) tls: Option<Arc<Tls>>,
    /// The time to end has passed.
    pub(super) over: CancellationToken,
}

/// The other end of a connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer {
    /// Its number, by which the log tells it from others.
    pub(super) number: u64,
    /// Whoever connected: the client, or a proxy.
    pub(super) address: SocketAddr,
    /// The client, when it is known already.
    pub(super) client: Option<IpAddr>,
}

impl Peer {
    pub(super) fn new(address: SocketAddr) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self { number: NEXT.fetch_add(1, Ordering::Relaxed), address, client: None }
    }
}

/// What a connection holds as long as it lives: a place on the server, and one of its address.
#[derive(Clone)]
pub(super) struct Place {
    _permit: Arc<OwnedSemaphorePermit>,
    _seat: Option<Arc<Seat>>,
}

impl Place {
    /// This place, and a seat besides.
    pub(super) fn with(&self, seat: Option<Seat>) -> Place {
        let seat = seat.map(Arc::new).or_else(|| self._seat.clone());
        Place { _permit: self._permit.clone(), _seat: seat }
    }
}

/// Serves a connection to its end, or to its upgrade; the session goes on by itself.
pub(super) async fn serve(
    house: Arc<House>,
    mut stream: TcpStream,
    mut peer: Peer,
    permit: Arc<OwnedSemaphorePermit>,
) {
    let _counted = metrics().connections.hold();
    let span = info_span!("connection", n = peer.number);
    let work = async move {
        // Small frames must not wait for each other.
        if let Err(cause) = stream.set_nodelay(true) {
            debug!(%cause, "cannot set TCP_NODELAY");
        }
        let live = house.upgrades.app.live.load_full();
        peer.client = match whose(&mut stream, peer.address, &live).await {
            Ok(client) => client,
            Err(cause) => {
                metrics().turned_away.add_one(Door::Proxy);
                return debug!(%cause, "a proxy did not say for whom it speaks");
            }
        };
        let seat = match peer
            .client
            .map(|client| house.upgrades.addresses.take(client, live.connections_per_address))
        {
            None => None,
            Some(Some(seat)) => Some(Arc::new(seat)),
            Some(None) => return refuse(stream, &house).await,
        };
        let place = Place { _permit: permit, _seat: seat };
        if let Some(transport) = secure(stream, house.tls.as_deref()).await {
            http(house, transport, peer, place).await;
        }
    };
    work.instrument(span).await;
}

/// The client's address; `None` when a trusted proxy will name it with each request.
async fn whose(stream: &mut TcpStream, address: SocketAddr, live: &Live) -> std::io::Result<Option<IpAddr>> {
    if !proxy::is_trusted(address.ip(), &live.trusted_proxies) {
        return Ok(Some(address.ip()));
    }
    match live.proxy_header {
        ProxyHeader::XForwardedFor | ProxyHeader::Forwarded => Ok(None),
        ProxyHeader::ProxyProtocol => {
            let header = tokio::time::timeout(HANDSHAKE_TIMEOUT, proxy::read_header(stream)).await;
            let client = header.map_err(|_| std::io::Error::from(std::io::ErrorKind::TimedOut))??;
            Ok(Some(client.unwrap_or(address.ip())))
        }
    }
}

/// Who comes without TLS is told why; for others a handshake would be the work that is refused.
async fn refuse(mut stream: TcpStream, house: &House) {
    metrics().turned_away.add_one(Door::Address);
    debug!("an address has as many connections as it may");
    if house.tls.is_none() {
        let told = async {
            stream.write_all(REFUSAL.as_bytes()).await?;
            stream.write_all(TOO_MANY.as_bytes()).await?;
            stream.shutdown().await?;
            // With unread bytes in it the socket would be reset, and the answer lost.
            let request = HEAD_BYTES as u64;
            tokio::io::copy(&mut stream.take(request), &mut tokio::io::sink()).await
        };
        // Who does not take it does not want to know.
        let _ = tokio::time::timeout(LINGER, told).await;
    }
}

async fn secure(stream: TcpStream, tls: Option<&Tls>) -> Option<Transport> {
    let Some(tls) = tls else { return Some(Either::Left(stream)) };
    let cause = match tokio::time::timeout(HANDSHAKE_TIMEOUT, tls.accept(stream)).await {
        Ok(Ok(stream)) => return Some(Either::Right(Box::new(stream))),
        Ok(Err(cause)) => cause.to_string(),
        Err(_) => "it took too long".to_owned(),
    };
    metrics().turned_away.add_one(Door::Tls);
    debug!(%cause, "no TLS handshake");
    None
}

/// Serves the HTTP part of a connection, which ends with its upgrade.
async fn http(house: Arc<House>, transport: Transport, peer: Peer, place: Place) {
    let line = routes::Line::default();
    let cut = line.0.clone();
    let (stop, over) = (house.upgrades.leaving.begun.clone(), house.over.clone());
    // One that comes while the server stops is told so, and has one request.
    let is_late = stop.is_cancelled();
    let service = service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(line.clone());
        let (house, place) = (house.clone(), place.clone());
        async move { Ok::<_, std::convert::Infallible>(house.upgrades.answer(request, peer, &place).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HANDSHAKE_TIMEOUT)
        .max_buf_size(HEAD_BYTES)
        .max_headers(HEADERS)
        .keep_alive(!is_late)
        .serve_connection(TokioIo::new(transport), service)
        .with_upgrades();
    tokio::pin!(connection);
    let mut leaving = is_late;
    loop {
        tokio::select! {
            served = connection.as_mut() => {
                if let Err(cause) = served {
                    debug!(%cause, "the connection ended before it became a WebSocket");
                }
                return;
            }
            // What is under way is finished; what idles ends.
            () = stop.cancelled(), if !leaving => {
                leaving = true;
                connection.as_mut().graceful_shutdown();
            }
            () = over.cancelled() => return,
            () = cut.cancelled() => return debug!("the connection stood still"),
        }
    }
}
