//! From an HTTP request to a WebSocket (RFC 6455, section 4.2), on `/ws`; what goes elsewhere is
//! for the `routes`.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::header::{
    CONNECTION, HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use hyper::upgrade::Upgraded;
use hyper::{Method, Request, Response, StatusCode, Version};
use hyper_util::rt::TokioIo;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;
use tracing::{Instrument, debug};

use super::address::{Addresses, TOO_MANY};
use super::connection::{Peer, Place, Transport};
use super::proxy;
use crate::handler::App;
use crate::metrics::{Door, metrics};
use crate::session::{self, Guarded, Leaving};

/// Where clients connect.
const PATH: &str = "/ws";

/// Answers HTTP requests and starts sessions.
pub(super) struct Upgrades {
    pub(super) app: Arc<App>,
    pub(super) sessions: TaskTracker,
    pub(super) leaving: Leaving,
    /// How many connections each address has.
    pub(super) addresses: Addresses,
    /// Answers everything but the upgrade.
    pub(super) routes: Router,
}

type Reply = Response<Body>;

impl Upgrades {
    /// The response; a session begins behind it if it is the right kind of request.
    pub(super) async fn answer(&self, request: Request<Incoming>, peer: Peer, place: &Place) -> Reply {
        let live = self.app.live.load_full();
        let named = if peer.client.is_none() { proxy::client(request.headers(), &live) } else { None };
        // What a proxy carries counts for its client, as long as it lasts.
        let seat = match named.map(|client| self.addresses.take(client, live.connections_per_address)) {
            Some(None) => {
                metrics().turned_away.add_one(Door::Address);
                return plain(StatusCode::TOO_MANY_REQUESTS, TOO_MANY);
            }
            seat => seat.flatten(),
        };
        let place = place.with(seat);
        if request.uri().path() != PATH {
            let Ok(reply) = self.routes.clone().oneshot(request).await;
            return reply;
        }
        if self.leaving.begun.is_cancelled() {
            metrics().turned_away.add_one(Door::Draining);
            return plain(
                StatusCode::SERVICE_UNAVAILABLE,
                "The server is stopping; come back in a moment.\n",
            );
        }
        let checked = match request.version() {
            // In HTTP/1.0 nothing can be upgraded (RFC 6455, section 4.1).
            Version::HTTP_11 => check(request.method(), request.headers(), &live.allowed_origins),
            _ => Err((StatusCode::UPGRADE_REQUIRED, "A WebSocket begins with HTTP/1.1.\n")),
        };
        match checked {
            Err((status, text)) => {
                let is_origin = status == StatusCode::FORBIDDEN;
                metrics().turned_away.add_one(if is_origin { Door::Origin } else { Door::Upgrade });
                plain(status, text)
            }
            Ok(accept) => {
                let client = named.or(peer.client).unwrap_or(peer.address.ip());
                self.start_session(request, client, place);
                switching(&accept)
            }
        }
    }

    fn start_session(&self, request: Request<Incoming>, client: IpAddr, place: Place) {
        let (app, leaving) = (self.app.clone(), self.leaving.clone());
        let session = async move {
            let _counted = metrics().connections.hold();
            debug!(%client, "a connection began");
            match hyper::upgrade::on(request).await {
                Ok(upgraded) => {
                    if let Some(ws) = websocket(upgraded).await {
                        session::serve(app, ws, client, leaving).await;
                    }
                }
                Err(cause) => debug!(%cause, "the connection was not upgraded"),
            }
            drop(place);
        };
        self.sessions.spawn(session.in_current_span());
    }
}

/// Takes the bare stream out of hyper again, with what it has read too much, so that no layer
/// stays between the socket and the session.
async fn websocket(upgraded: Upgraded) -> Option<WebSocketStream<Guarded<Transport>>> {
    let parts = upgraded.downcast::<TokioIo<Transport>>().ok()?;
    let config = Some(session::socket_config());
    let early = parts.read_buf.to_vec();
    let line = Guarded::new(parts.io.into_inner(), &early);
    Some(WebSocketStream::from_partially_read(line, early, Role::Server, config).await)
}

/// The value of `Sec-WebSocket-Accept`, or what is wrong with the request.
fn check(
    method: &Method,
    headers: &HeaderMap,
    allowed_origins: &[String],
) -> Result<String, (StatusCode, &'static str)> {
    if method != Method::GET {
        return Err((StatusCode::METHOD_NOT_ALLOWED, "A WebSocket begins with GET.\n"));
    }
    if !has_token(headers, &CONNECTION, "upgrade") || !has_token(headers, &UPGRADE, "websocket") {
        return Err((StatusCode::UPGRADE_REQUIRED, "This address speaks WebSocket only.\n"));
    }
    if headers.get(SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        return Err((StatusCode::UPGRADE_REQUIRED, "Only WebSocket version 13 is spoken here.\n"));
    }
    if !origin_allowed(headers, allowed_origins) {
        return Err((StatusCode::FORBIDDEN, "Web pages of other hosts may not connect.\n"));
    }
    match headers.get(SEC_WEBSOCKET_KEY) {
        Some(key) => Ok(derive_accept_key(key.as_bytes())),
        None => Err((StatusCode::BAD_REQUEST, "Sec-WebSocket-Key is missing.\n")),
    }
}

fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|word| word.trim().eq_ignore_ascii_case(token))
}

/// Browsers name the page that connects; programs do not. A page of another host would act for
/// whoever has it open (CWE-1385).
fn origin_allowed(headers: &HeaderMap, allowed: &[String]) -> bool {
    let Some(origin) = headers.get(ORIGIN) else { return true };
    let Ok(origin) = origin.to_str() else { return false };
    let own_host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let page_host = origin.split_once("://").map(|(_, host)| host);
    (page_host.is_some() && page_host == own_host) || allowed.iter().any(|allowed| allowed == origin)
}

fn plain(status: StatusCode, text: &'static str) -> Reply {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    if status == StatusCode::UPGRADE_REQUIRED {
        response.headers_mut().insert(UPGRADE, HeaderValue::from_static("websocket"));
        response.headers_mut().insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    }
    response
}

fn switching(accept: &str) -> Reply {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    if let Ok(accept) = HeaderValue::from_str(accept) {
        headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(extra: &[(&'static str, &'static str)]) -> HeaderMap {
        let base = [
            ("host", "chat.example.org"),
            ("connection", "keep-alive, Upgrade"),
            ("upgrade", "WebSocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ];
        base.iter()
            .chain(extra)
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect()
    }

    fn status(headers: &HeaderMap) -> u16 {
        match check(&Method::GET, headers, &["https://other.example".to_owned()]) {
            Ok(_) => 101,
            Err((status, _)) => status.as_u16(),
        }
    }

    #[test]
    fn a_good_request_gets_the_key_of_the_rfc() {
        let accept = check(&Method::GET, &headers(&[]), &[]).unwrap();
        assert_eq!(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn pages_of_other_hosts_may_not_connect() {
        assert_eq!(status(&headers(&[("origin", "https://chat.example.org")])), 101);
        assert_eq!(status(&headers(&[("origin", "https://other.example")])), 101);
        for bad in ["https://evil.example", "https://evil-chat.example.org", "null", "chat.example.org", ""] {
            let mut headers = headers(&[]);
            headers.insert(ORIGIN, HeaderValue::from_static(bad));
            assert_eq!(status(&headers), 403, "{bad}");
        }
    }

    #[test]
    fn other_requests_are_told_what_to_do() {
        assert_eq!(status(&HeaderMap::new()), 426);
        let mut old = headers(&[]);
        old.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("8"));
        assert_eq!(status(&old), 426);
        let mut keyless = headers(&[]);
        keyless.remove(SEC_WEBSOCKET_KEY);
        assert_eq!(status(&keyless), 400);
    }
}
