//! `GET /auth/go/CODE`: the short address that a terminal shows, which leads to the provider; and
//! `GET /auth/callback`: where the provider sends browsers back. The page is plain: no script, no
//! style, nothing from elsewhere, and no cookie.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;

use crate::handler::App;
use crate::sso::Page;

/// What the page may do: nothing.
const POLICY: &str =
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox";

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().route("/auth/callback", get(come_back)).route("/auth/go/{code}", get(go))
}

async fn come_back(State(app): State<Arc<App>>, RawQuery(query): RawQuery) -> Response {
    let Some(page) = app.oidc_callback(&query.unwrap_or_default()).await else {
        return super::not_found().await.into_response();
    };
    show(page)
}

async fn go(State(app): State<Arc<App>>, Path(code): Path<String>) -> Response {
    match app.oidc_door(&code) {
        Some(Ok(url)) => {
            let headers = [
                (header::LOCATION, url.as_str()),
                (header::REFERRER_POLICY, "no-referrer"),
                (header::CACHE_CONTROL, "no-store"),
            ];
            (StatusCode::FOUND, headers).into_response()
        }
        Some(Err(page)) => show(page),
        None => super::not_found().await.into_response(),
    }
}

fn show(page: Page) -> Response {
    let status = if page.good { StatusCode::OK } else { StatusCode::BAD_REQUEST };
    let headers = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        // The address holds the provider's code, and the page ours.
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (status, headers, Html(page.html)).into_response()
}
