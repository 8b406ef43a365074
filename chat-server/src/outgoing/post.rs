//! One call of a webhook: to a checked address, signed, short, and without listening long.

use std::error::Error as _;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use chat_proto::{ErrorCode, Event, Push, RoomName, ServerFrame, Timestamp, WireError, limits};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{StatusCode, Url, redirect};
use rustls::{ClientConfig, RootCertStore};
use serde::Serialize;
use serde_json::json;
use tokio::sync::Semaphore;

use super::address::is_public;
use super::sign::signature;
use crate::store::{Delivery, OutgoingTarget};

/// How long a program may take for its answer. The specification asks for 15 to 30 s; ours are
/// called in order, so the next one waits.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Names that are looked up at once: far fewer than there are threads for what waits.
pub(crate) const LOOK_UPS_AT_ONCE: usize = 8;

/// How long it may take to connect.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Longest problem that is kept, in characters.
const PROBLEM_CHARS: usize = 200;

const USER_AGENT: &str = concat!("chat-server/", env!("CARGO_PKG_VERSION"));

/// Why a call was not taken.
pub(super) enum NotTaken {
    /// The program wants no more calls, for ever.
    Gone,
    /// Anything else, in words for the room's moderators.
    Failed(String),
}

impl NotTaken {
    pub(super) fn problem(&self) -> &str {
        match self {
            NotTaken::Gone => "it answered 410 Gone",
            NotTaken::Failed(problem) => problem,
        }
    }
}

/// Makes calls.
pub(super) struct Client {
    http: reqwest::Client,
    allow_private: bool,
}

impl Client {
    pub(super) fn new(allow_private: bool) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder()
            .user_agent(USER_AGENT)
            .timeout(TIMEOUT)
            .connect_timeout(CONNECT_TIMEOUT)
            // A redirect could lead where the address may not.
            .redirect(redirect::Policy::none())
            // A proxy would resolve the name itself, out of reach of the check.
            .no_proxy()
            .dns_resolver(Arc::new(Checked { allow_private }))
            // Every call connects anew, so every call is checked.
            .pool_max_idle_per_host(0)
            .tls_backend_preconfigured(tls()?)
            .build()
            .context("cannot prepare calls of webhooks")?;
        Ok(Self { http, allow_private })
    }

    /// The address in its normal form, if it may be called.
    pub(super) async fn check(&self, url: &str) -> Result<String, WireError> {
        let invalid = |message: String| WireError::new(ErrorCode::Invalid, message);
        if url.len() > limits::URL_BYTES {
            return Err(invalid(format!("An address has at most {} bytes.", limits::URL_BYTES)));
        }
        let url = self.parse(url).map_err(invalid)?;
        if let Some(name) = url.domain() {
            let found = resolve(name, self.allow_private).await;
            found.map_err(|problem| invalid(format!("The address cannot be used: {problem}.")))?;
        }
        Ok(url.into())
    }

    /// Reads an address and checks what can be checked without asking anybody.
    fn parse(&self, url: &str) -> Result<Url, String> {
        let url =
            Url::parse(url.trim()).map_err(|_| "Give an address such as https://host/path.".to_owned())?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err("Only https:// and http:// addresses can be called.".to_owned());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("Leave user and password out of the address; every call is signed.".to_owned());
        }
        let literal = url.host_str().and_then(|host| host.trim_matches(['[', ']']).parse().ok());
        if literal.is_some_and(|address| !self.allow_private && !is_public(address)) {
            return Err(format!("The address cannot be used: {NOT_PUBLIC}."));
        }
        Ok(url)
    }

    pub(super) async fn post_event(&self, delivery: &Delivery, now: Timestamp) -> Result<(), NotTaken> {
        let Delivery { target, event } = delivery;
        let id = format!("{}.{}", target.id, event.seq);
        self.post(target, &id, now, event_body(target, event)).await
    }

    pub(super) async fn post_test(&self, target: &OutgoingTarget, now: Timestamp) -> Result<(), NotTaken> {
        let id = format!("{}.test.{now}", target.id);
        let payload = json!({"conversation": target.conversation, "at": now});
        let body = json!({"type": "test", "payload": payload, "room": target.room}).to_string();
        self.post(target, &id, now, body).await
    }

    async fn post(
        &self,
        target: &OutgoingTarget,
        id: &str,
        now: Timestamp,
        body: String,
    ) -> Result<(), NotTaken> {
        let url = self.parse(&target.url).map_err(NotTaken::Failed)?;
        let at_s = now.0.div_euclid(1_000);
        let signed = signature(&target.secret, id, at_s, &body)
            .ok_or_else(|| NotTaken::Failed("its secret cannot be used; make it anew".to_owned()))?;
        let call = self
            .http
            .post(url)
            .header("content-type", "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", at_s.to_string())
            .header("webhook-signature", signed)
            .body(body);
        // The body of the answer is not read, however long it is: the connection is closed.
        match call.send().await.map(|answer| answer.status()) {
            Ok(status) if status.is_success() => Ok(()),
            Ok(StatusCode::GONE) => Err(NotTaken::Gone),
            Ok(status) if status.is_redirection() => {
                Err(NotTaken::Failed(format!("it answered {status}, and redirects are not followed")))
            }
            Ok(status) => Err(NotTaken::Failed(format!("it answered {status}"))),
            Err(cause) => Err(NotTaken::Failed(describe(&cause))),
        }
    }
}

/// The event as it is pushed to clients, with the room's name beside it.
fn event_body(target: &OutgoingTarget, event: &Event) -> String {
    #[derive(Serialize)]
    struct WithRoom<'a> {
        #[serde(flatten)]
        push: serde_json::Map<String, serde_json::Value>,
        #[serde(skip_serializing_if = "Option::is_none")]
        room: &'a Option<RoomName>,
    }
    let pushed = ServerFrame::encode_push(&Push::Event(event.clone()));
    // What we have just encoded is an object.
    let push = serde_json::from_str(&pushed).unwrap_or_default();
    serde_json::to_string(&WithRoom { push, room: &target.room }).unwrap_or_default()
}

/// What went wrong, in words that name neither the address nor a secret.
fn describe(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return format!("no answer within {} s", TIMEOUT.as_secs());
    }
    let mut cause = error.source();
    while let Some(deeper) = cause.and_then(std::error::Error::source) {
        cause = Some(deeper);
    }
    let what = if error.is_connect() { "cannot connect" } else { "the call failed" };
    let why = cause.map(|cause| format!(": {cause}")).unwrap_or_default();
    format!("{what}{why}").chars().take(PROBLEM_CHARS).collect()
}

const NOT_PUBLIC: &str =
    "it is on this machine or in a private network, which the server's admin would have to allow";

/// Resolves names to addresses that may be called. The connection is made to exactly these, so a
/// name that resolves differently a moment later gains nothing.
struct Checked {
    allow_private: bool,
}

impl Resolve for Checked {
    fn resolve(&self, name: Name) -> Resolving {
        let allow_private = self.allow_private;
        Box::pin(async move {
            let found = resolve(name.as_str(), allow_private).await?;
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

async fn resolve(name: &str, allow_private: bool) -> Result<Vec<SocketAddr>, String> {
    /// Taken until the system has answered, also when nobody waits for it any more: it may take its time, on a thread
    /// that all reads of the database need.
    static LOOK_UPS: Semaphore = Semaphore::const_new(LOOK_UPS_AT_ONCE);
    let looked_up = async {
        let turn = LOOK_UPS.acquire().await.ok()?;
        let name = name.to_owned();
        let look = move || {
            let found = (name.as_str(), 0).to_socket_addrs();
            drop(turn);
            found
        };
        tokio::task::spawn_blocking(look).await.ok()?.ok()
    };
    let Ok(Some(found)) = tokio::time::timeout(CONNECT_TIMEOUT, looked_up).await else {
        return Err("the name cannot be found".to_owned());
    };
    let allowed: Vec<SocketAddr> =
        found.into_iter().filter(|address| allow_private || is_public(address.ip())).collect();
    if allowed.is_empty() { Err(NOT_PUBLIC.to_owned()) } else { Ok(allowed) }
}

/// TLS with the system's certificates. Without any, only `https` calls fail.
/// TLS that trusts what the system trusts.
pub(crate) fn tls() -> anyhow::Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_addresses_that_may_be_called_are_taken() {
        let (strict, open) = (Client::new(false).unwrap(), Client::new(true).unwrap());
        for bad in [
            "",
            "host/path",
            "ftp://example.org/",
            "file:///etc/passwd",
            "https://u:p@1.1.1.1/",
            "https://",
            "http://127.0.0.1/",
            "http://localhost:1/",
            "http://0x7f.1/",
            "http://2130706433/",
            "http://017700000001/",
            "http://127.1/",
            "http://[::1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://169.254.169.254/latest/meta-data",
            "http://10.0.0.1:8080/",
            "http://0/",
        ] {
            assert_eq!(strict.check(bad).await.unwrap_err().code, ErrorCode::Invalid, "{bad}");
        }
        assert!(strict.check(&format!("https://1.1.1.1/{}", "x".repeat(limits::URL_BYTES))).await.is_err());
        assert_eq!(strict.check(" https://1.1.1.1/a?b=c ").await.unwrap(), "https://1.1.1.1/a?b=c");
        assert!(open.check("http://127.0.0.1:9/").await.is_ok());
        assert!(open.check("http://localhost:9/").await.is_ok());
        assert!(open.check("ftp://127.0.0.1/").await.is_err());
    }
}
