//! What the server answers over plain HTTP, beside the socket.

mod callback;
mod files;
mod health;
mod hooks;

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;

use crate::handler::App;
pub(super) use files::Line;
pub use health::Readiness;

/// What a curious person sees who opens the address in a browser.
const WELCOME: &str = "This is a chat server. Connect with: chat-tui --server <this address>\n";

/// Every route but `/ws`.
pub(super) fn routes(app: Arc<App>, readiness: Arc<Readiness>) -> Router {
    let routes = Router::new().route("/", get(WELCOME)).merge(files::routes());
    let routes = routes.merge(hooks::routes()).merge(callback::routes());
    routes.fallback(not_found).with_state(app).merge(health::routes(readiness))
}

async fn not_found() -> (StatusCode, &'static str) {
    (StatusCode::NOT_FOUND, "Not found. Clients connect to /ws.\n")
}

#[cfg(test)]
mod tests {
    use tower::ServiceExt;

    use super::*;

    async fn status(path: &str) -> u16 {
        let request = axum::http::Request::get(path).body(axum::body::Body::empty()).unwrap();
        let routes: Router = Router::new().route("/", get(WELCOME)).fallback(not_found);
        routes.oneshot(request).await.unwrap().status().as_u16()
    }

    #[tokio::test]
    async fn other_requests_are_told_what_to_do() {
        assert_eq!(status("/").await, 200);
        assert_eq!(status("/etc/passwd").await, 404);
    }
}
