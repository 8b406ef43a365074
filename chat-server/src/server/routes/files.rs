//! Files over HTTP: uploads by the tus protocol, downloads with ranges.
//!
//! Who asks is proven by `Authorization: Bearer` and asked of the store each time; nothing secret
//! is ever in a URL of the server; that of a bucket, by which one content can be read for a minute, is
//! kept out of logs. What may be fetched, `handler::file` says.

mod download;
mod upload;

use std::sync::Arc;

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use chat_proto::{ErrorCode, FileId, Secret, WireError};
use headers::authorization::{Authorization, Bearer};
use headers::{HeaderMapExt, RetryAfter};
use tokio_util::sync::CancellationToken;

use crate::handler::App;
use crate::handler::file::{Visitor, no_file};
use crate::metrics::metrics;

/// The way to end a connection from within a request: put into each request by the server.
#[derive(Debug, Clone, Default)]
pub(crate) struct Line(pub(crate) CancellationToken);

pub(super) fn routes() -> Router<Arc<App>> {
    let file = get(download::file).head(upload::or_head).patch(upload::patch).delete(upload::delete);
    Router::new()
        .route("/files", axum::routing::post(upload::create).options(upload::options))
        .route("/files/{id}", file.options(upload::options))
        .route("/files/{id}/thumbnail", get(download::thumbnail))
}

/// A refusal on its way out: the error as JSON, under the status that fits its code.
struct Refused(WireError);

impl From<WireError> for Refused {
    fn from(error: WireError) -> Self {
        Refused(error)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let Refused(error) = self;
        metrics().refusals.add_one(error.code);
        let mut response = (status(error.code), Json(&error)).into_response();
        if let Some(wait_ms) = error.retry_after_ms {
            let wait = std::time::Duration::from_secs(wait_ms.div_ceil(1_000));
            response.headers_mut().typed_insert(RetryAfter::delay(wait));
        }
        if error.code == ErrorCode::BadCredentials {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        guard(response.headers_mut());
        response
    }
}

fn status(code: ErrorCode) -> StatusCode {
    match code {
        ErrorCode::BadCredentials | ErrorCode::LoginRequired => StatusCode::UNAUTHORIZED,
        ErrorCode::NotFound => StatusCode::NOT_FOUND,
        ErrorCode::Forbidden => StatusCode::FORBIDDEN,
        ErrorCode::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        ErrorCode::StorageFull => StatusCode::INSUFFICIENT_STORAGE,
        ErrorCode::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        ErrorCode::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::BAD_REQUEST,
    }
}

/// What keeps a browser from doing anything with what somebody sent.
fn guard(headers: &mut HeaderMap) {
    let fixed = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'"),
        (header::REFERRER_POLICY, "no-referrer"),
        // Kept only by who may see it, and asked for again: rights end.
        (header::CACHE_CONTROL, "private, no-cache"),
    ];
    headers.extend(fixed.map(|(name, value)| (name, HeaderValue::from_static(value))));
    let policy = header::HeaderName::from_static("cross-origin-resource-policy");
    headers.insert(policy, HeaderValue::from_static("same-origin"));
}

/// Who asks, as an argument of a route.
struct Asking(Visitor);

impl FromRequestParts<Arc<App>> for Asking {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Refused> {
        authorize(app, &parts.headers).await.map(Asking)
    }
}

/// Who asks. Every way of proving it goes through here.
async fn authorize(app: &App, headers: &HeaderMap) -> Result<Visitor, Refused> {
    let Some(Authorization(bearer)) = headers.typed_get::<Authorization<Bearer>>() else {
        let message = "Say who you are, with Authorization: Bearer and the token of a login.";
        return Err(WireError::new(ErrorCode::LoginRequired, message).into());
    };
    Ok(app.visitor(&Secret::new(bearer.token())).await?)
}

/// The file that a path names. What is no id names nothing.
struct Named(FileId);

impl FromRequestParts<Arc<App>> for Named {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Refused> {
        let path = Path::<String>::from_request_parts(parts, app).await;
        let id = path.ok().and_then(|Path(text)| text.parse().ok());
        id.map(Named).ok_or_else(|| no_file().into())
    }
}
