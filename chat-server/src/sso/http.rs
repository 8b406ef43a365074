//! The calls to the provider: TLS or this very machine, no redirects, bounded in time and size.

use std::net::IpAddr;
use std::time::Duration;

use anyhow::Context;
use openidconnect::{HttpRequest, HttpResponse};
use reqwest::{Url, redirect};
use thiserror::Error;

use crate::outgoing::system_tls;

/// How long an answer may take. A person waits, and before a login a connection has ten seconds.
const TIMEOUT: Duration = Duration::from_secs(5);

/// How long it may take to connect.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Longest answer that is read: descriptions have a few kilobytes, keys and tokens less.
const ANSWER_BYTES: usize = 256 * 1024;

/// Why a call brought nothing.
#[derive(Debug, Error)]
#[error("{0}")]
pub(super) struct CallFailed(String);

/// Makes calls; cheap to clone.
#[derive(Clone)]
pub(super) struct Http(reqwest::Client);

impl Http {
    pub(super) fn new() -> anyhow::Result<Self> {
        let client = reqwest::Client::builder()
            .user_agent(concat!("chat-server/", env!("CARGO_PKG_VERSION")))
            .timeout(TIMEOUT)
            .connect_timeout(CONNECT_TIMEOUT)
            // A redirect would carry the secret of this server to wherever it leads.
            .redirect(redirect::Policy::none())
            .no_proxy()
            .tls_backend_preconfigured(system_tls()?)
            .build()
            .context("cannot prepare calls to the provider")?;
        Ok(Self(client))
    }

    pub(super) async fn send(self, request: HttpRequest) -> Result<HttpResponse, CallFailed> {
        let (head, body) = request.into_parts();
        let url = head.uri.to_string();
        if !may_be_called(&url) {
            return Err(CallFailed(format!("{url} has no TLS and is not on this machine")));
        }
        let call = self.0.request(head.method, url).headers(head.headers).body(body);
        let mut answer = call.send().await.map_err(|cause| CallFailed(in_words(&cause)))?;
        let mut response = HttpResponse::new(Vec::new());
        *response.status_mut() = answer.status();
        *response.headers_mut() = std::mem::take(answer.headers_mut());
        while let Some(chunk) = answer.chunk().await.map_err(|cause| CallFailed(in_words(&cause)))? {
            if response.body().len() + chunk.len() > ANSWER_BYTES {
                return Err(CallFailed(format!("the answer has more than {ANSWER_BYTES} bytes")));
            }
            response.body_mut().extend_from_slice(&chunk);
        }
        Ok(response)
    }
}

/// Whether secrets may go to this address: over TLS, or to this very machine.
#[must_use]
pub fn may_be_called(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else { return false };
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let is_here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    url.scheme() == "https" || (url.scheme() == "http" && is_here)
}

/// The innermost reason, which says what happened.
fn in_words(cause: &reqwest::Error) -> String {
    let mut inner: &dyn std::error::Error = cause;
    while let Some(next) = inner.source() {
        inner = next;
    }
    inner.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_go_over_tls_or_stay_on_the_machine() {
        for good in [
            "https://id.example.org/realms/a",
            "http://127.0.0.1:8080/",
            "http://[::1]:1/",
            "http://localhost/x",
        ] {
            assert!(may_be_called(good), "{good}");
        }
        for bad in ["http://id.example.org/", "ftp://127.0.0.1/", "http://localhost.example.org/", "", "/x"] {
            assert!(!may_be_called(bad), "{bad}");
        }
    }
}
