//! `POST /hooks/SECRET`: other programs write in a room, in the form that they know from Slack.
//!
//! The answers are Slack's, so that tools which understand them go on doing so. The secret stands
//! in the path and is never logged.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use chat_proto::limits;
use http_body_util::LengthLimitError;

use crate::handler::App;
use crate::handler::incoming::Refused;
use crate::metrics::metrics;

/// How long a program may take to send what it posts.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().route("/hooks/{secret}", post(receive))
}

async fn receive(State(app): State<Arc<App>>, Path(secret): Path<String>, body: Body) -> Response {
    let body = match tokio::time::timeout(BODY_TIMEOUT, to_bytes(body, limits::INCOMING_BYTES)).await {
        Ok(Ok(body)) => body,
        Ok(Err(cause)) => return unreadable(cause),
        Err(_) => return (StatusCode::REQUEST_TIMEOUT, "request_timeout").into_response(),
    };
    match app.receive_post(&secret, &body).await {
        Ok(()) => {
            metrics().posts.add_one();
            "ok".into_response()
        }
        Err(refused) => refuse(refused),
    }
}

fn unreadable(cause: axum::Error) -> Response {
    match cause.into_inner().is::<LengthLimitError>() {
        true => (StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large").into_response(),
        // It broke off, or never was a body.
        false => refuse(Refused::InvalidPayload),
    }
}

fn refuse(refused: Refused) -> Response {
    let (status, word) = match refused {
        Refused::NoService => (StatusCode::NOT_FOUND, "no_service"),
        Refused::InvalidPayload => (StatusCode::BAD_REQUEST, "invalid_payload"),
        Refused::NoText => (StatusCode::BAD_REQUEST, "no_text"),
        Refused::Archived => (StatusCode::GONE, "channel_is_archived"),
        Refused::Prohibited => (StatusCode::FORBIDDEN, "action_prohibited"),
        Refused::TooFast { .. } => (StatusCode::TOO_MANY_REQUESTS, "rate_limited"),
        Refused::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "service_unavailable"),
    };
    let mut response = (status, word).into_response();
    if let Refused::TooFast { retry_after_s } = refused {
        response.headers_mut().insert(header::RETRY_AFTER, retry_after_s.into());
    }
    response
}
