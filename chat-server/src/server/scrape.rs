//! `/metrics`, on a listener of its own: what it says is for the admin, so it is never on the
//! address that everybody can reach.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, warn};

use crate::metrics;

/// Connections at once: one Prometheus, a second one, and a curious admin.
const CONNECTIONS: usize = 8;

/// How long one connection may last: a scrape takes milliseconds.
const LIFE: Duration = Duration::from_secs(60);

/// A request head larger than this is no scrape; the least that the HTTP layer takes.
const HEAD_BYTES: usize = 8 * 1024;

/// Answers scrapes until `stop`.
pub async fn serve_metrics(listener: TcpListener, stop: CancellationToken) {
    let permits = Arc::new(Semaphore::new(CONNECTIONS));
    while let Some(Ok(permit)) = stop.run_until_cancelled(permits.clone().acquire_owned()).await {
        match stop.run_until_cancelled(listener.accept()).await {
            None => return,
            Some(Ok((stream, _))) => {
                let stop = stop.clone();
                tokio::spawn(async move {
                    let life = tokio::time::timeout(LIFE, answer_all(stream));
                    let _ = stop.run_until_cancelled(life).await;
                    drop(permit);
                });
            }
            Some(Err(cause)) => {
                warn!(%cause, "cannot accept a connection for metrics");
                tokio::time::sleep(super::ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn answer_all(stream: TcpStream) {
    let service = service_fn(|request: Request<hyper::body::Incoming>| async move {
        Ok::<_, Infallible>(answer(request.method(), request.uri().path()))
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(super::HANDSHAKE_TIMEOUT)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(cause) = served {
        debug!(%cause, "a connection for metrics broke");
    }
}

fn answer(method: &Method, path: &str) -> Response<Body> {
    let (status, kind, text) = match (method, path) {
        (&Method::GET, "/metrics") => match metrics::scrape() {
            Ok(text) => (StatusCode::OK, metrics::CONTENT_TYPE, text),
            Err(cause) => {
                error!(%cause, "the metrics cannot be written");
                (StatusCode::INTERNAL_SERVER_ERROR, "text/plain", String::new())
            }
        },
        _ => (StatusCode::NOT_FOUND, "text/plain", "Metrics are at /metrics.\n".to_owned()),
    };
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
