//! One HTTP request on a connection of its own: the same way to the server as the socket's.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use chat_proto::{ErrorCode, WireError};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::{AUTHORIZATION, HOST, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;

use super::{Courier, FileError};
use crate::wire;

/// A connection on which nothing moves for so long is taken for dead. Storing a large file may take
/// the server most of it.
pub(super) const STILL: Duration = Duration::from_secs(90);

/// Longest refusal that is read.
const REFUSAL_BYTES: usize = 16 * 1024;

/// What is sent.
pub(super) type Body = UnsyncBoxBody<Bytes, io::Error>;

pub(super) fn no_body() -> Body {
    Empty::new().map_err(|never| match never {}).boxed_unsync()
}

impl Courier {
    /// Asks, and gives the answer's head, whose status is the caller's to read. `moved` counts what
    /// was sent: as long as it grows, the answer may wait.
    pub(super) async fn ask(
        &self,
        method: Method,
        path: &str,
        headers: &[(HeaderName, String)],
        body: Body,
        moved: &Arc<AtomicU64>,
    ) -> Result<Response<Incoming>, FileError> {
        let trust = self.server.is_tls().then(|| self.tls.load()).transpose()?;
        let stream = wire::stream(&self.server, trust).await?;
        let request = self.request(method, path, headers, body)?;
        exchange(stream, request, moved).await
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        headers: &[(HeaderName, String)],
        body: Body,
    ) -> Result<Request<Body>, FileError> {
        let odd = |error: hyper::http::Error| FileError::Odd(error.to_string());
        let mut token = HeaderValue::from_str(&format!("Bearer {}", self.token.expose()))
            .map_err(|_| FileError::Odd("the token is not one".to_owned()))?;
        // Not to be shown in any log.
        token.set_sensitive(true);
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, self.server.authority())
            .header(AUTHORIZATION, token);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        request.body(body).map_err(odd)
    }
}

/// Sends one request over a connection, which ends with the answer.
pub(super) async fn exchange(
    stream: Box<dyn wire::Stream>,
    request: Request<Body>,
    moved: &Arc<AtomicU64>,
) -> Result<Response<Incoming>, FileError> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(cut)?;
    // It ends with the answer, or with who reads it.
    tokio::spawn(connection);
    let answer = sender.send_request(request);
    tokio::pin!(answer);
    let mut before = moved.load(Ordering::Relaxed);
    loop {
        if let Ok(answer) = tokio::time::timeout(STILL, &mut answer).await {
            return answer.map_err(cut);
        }
        let now = moved.load(Ordering::Relaxed);
        if now == before {
            return Err(FileError::Cut("it stood still".to_owned()));
        }
        before = now;
    }
}

/// The refusal in an answer.
pub(super) async fn refusal(answer: Response<Incoming>) -> FileError {
    let status = answer.status();
    let body = Limited::new(answer.into_body(), REFUSAL_BYTES).collect();
    let body = tokio::time::timeout(STILL, body).await;
    let told = body
        .ok()
        .and_then(Result::ok)
        .and_then(|body| serde_json::from_slice::<WireError>(&body.to_bytes()).ok());
    FileError::Refused(told.unwrap_or_else(|| by_status(status)))
}

/// What a status means whose words are not there, as after `HEAD`, or from a proxy in between.
fn by_status(status: StatusCode) -> WireError {
    let (code, message) = match status {
        StatusCode::UNAUTHORIZED => {
            (ErrorCode::BadCredentials, "This login is not valid any more; log in again.")
        }
        StatusCode::NOT_FOUND => (
            ErrorCode::NotFound,
            "There is no such file, or it is not yours to see; it may have been deleted.",
        ),
        StatusCode::PAYLOAD_TOO_LARGE => {
            (ErrorCode::TooLarge, "This is more than the server, or a proxy before it, takes in one file.")
        }
        StatusCode::TOO_MANY_REQUESTS => (ErrorCode::RateLimited, "Too much at once; try again in a moment."),
        _ if status.is_server_error() => {
            (ErrorCode::Unavailable, "The server cannot do this now; try again in a moment.")
        }
        _ => {
            return WireError::new(
                ErrorCode::Unknown,
                format!("The server refused this with status {status}."),
            );
        }
    };
    WireError::new(code, message)
}

pub(super) fn cut(error: hyper::Error) -> FileError {
    FileError::Cut(error.to_string())
}
