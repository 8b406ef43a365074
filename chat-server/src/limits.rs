//! Floor 7: every limit of the server as one table, printed into `docs/limits.md`.
//!
//! The numbers come from where they are enforced, so the document cannot say another one.

mod accounts;
mod authority;

use std::time::Duration;

use bytesize::ByteSize;
use chat_proto::limits as wire;

use crate::auth;
use crate::config::Settings;
use crate::handler::pace;
use crate::hub;
use crate::outgoing::LOOK_UPS_AT_ONCE;
use crate::server;
use crate::sso;

/// One limit.
#[derive(Debug, Clone)]
pub struct Limit {
    /// Of what: a connection, an address, a person.
    pub of: &'static str,
    /// What is limited.
    pub what: &'static str,
    /// How much, when no setting says otherwise.
    pub default: String,
    /// The setting that changes it, if one does.
    pub setting: Option<&'static str>,
    /// Whether `hello` tells clients.
    pub in_hello: bool,
    /// What happens beyond it.
    pub beyond: &'static str,
    /// Why it is there, and so large.
    pub reason: &'static str,
}

fn row(
    of: &'static str,
    what: &'static str,
    default: impl ToString,
    beyond: &'static str,
    reason: &'static str,
) -> Limit {
    Limit { of, what, default: default.to_string(), setting: None, in_hello: false, beyond, reason }
}

impl Limit {
    fn set_by(self, setting: &'static str) -> Self {
        Self { setting: Some(setting), ..self }
    }

    fn told(self) -> Self {
        Self { in_hello: true, ..self }
    }
}

fn bytes(count: u64) -> ByteSize {
    ByteSize(count)
}

fn seconds(time: Duration) -> String {
    format!("{} s", time.as_secs())
}

fn rate(rate: hub::Rate) -> String {
    format!("{} a second for long, {} at once", rate.per_second, rate.burst)
}

fn number<T: ToString>(setting: Option<T>) -> String {
    setting.map_or_else(String::new, |number| number.to_string())
}

/// The limits, from the door inwards.
#[must_use]
pub fn all() -> Vec<Limit> {
    let defaults = Settings::defaults();
    let mut rows = door(&defaults);
    rows.extend(frames(&defaults));
    rows.extend(accounts::rows());
    rows.extend(work());
    rows.extend(files(&defaults));
    rows.extend(authority::rows());
    rows
}

fn door(defaults: &Settings) -> Vec<Limit> {
    let refused = "429, with a sentence; cut, where there is TLS";
    vec![
        row(
            "server",
            "connections at once",
            number(defaults.max_connections),
            "they wait in the system's queue",
            "each costs some 6 KiB and a file descriptor",
        )
        .set_by("max_connections"),
        row(
            "address",
            "connections at once (IPv6: each /64)",
            number(defaults.connections_per_address),
            refused,
            "one address cannot take all places; a large office behind one still fits",
        )
        .set_by("connections_per_address"),
        row(
            "address",
            "new connections",
            format!("a {}th of those a second for long, all of them at once", server::NEW_EACH_SECOND),
            refused,
            "a handshake costs as much as many messages; an office that comes back after a restart fits",
        )
        .set_by("connections_per_address"),
        row(
            "connection",
            "TLS handshake, or the head of a request",
            seconds(server::HANDSHAKE_TIMEOUT),
            "cut",
            "slower is a flood of half-open connections",
        ),
        row(
            "request",
            "head",
            bytes(server::HEAD_BYTES as u64),
            "431",
            "ours is under 1 KiB, proxies add some; parsing a long one costs",
        ),
        row("request", "header lines", server::HEADERS, "431", "as above"),
        row(
            "connection",
            "time until the login",
            seconds(Duration::from_millis(wire::LOGIN_TIMEOUT_MS)),
            "closed: login_timeout",
            "nobody unknown stays",
        ),
        row(
            "server",
            "logins by the provider under way",
            sso::PENDING,
            "refused: rate_limited",
            "each costs some kilobytes, and a call to the provider",
        ),
        row(
            "address or account",
            "logins by the provider under way",
            sso::PENDING_EACH,
            "refused: rate_limited",
            "an office behind one address on a Monday",
        ),
        row(
            "login by the provider",
            "time",
            seconds(sso::LASTS),
            "it is over",
            "enough to look for a telephone",
        ),
        row(
            "server",
            "time to end",
            seconds(server::DRAIN_TIMEOUT),
            "what is left is cut",
            "a restart has an end; clients lose nothing by a cut",
        ),
    ]
}

fn frames(defaults: &Settings) -> Vec<Limit> {
    vec![
        row(
            "connection",
            "frame before the login",
            bytes(wire::LOGIN_FRAME_BYTES as u64),
            "closed: too_large",
            "a name, a password, a code; nobody unknown gets more memory",
        )
        .told(),
        row(
            "connection",
            "messages before the login",
            wire::FRAMES_BEFORE_LOGIN,
            "closed: abuse",
            "more is not a person",
        ),
        row(
            "connection",
            "WebSocket frames a second before the login",
            wire::LOGIN_FRAMES_PER_SECOND,
            "read later",
            "pings and pieces cost work as well",
        ),
        row(
            "connection",
            "frame after the login",
            bytes(wire::FRAME_BYTES as u64),
            "closed: too_large",
            "the longest message with escapes, and a long resume",
        )
        .told(),
        row(
            "message",
            "WebSocket fragments",
            wire::FRAGMENTS_PER_MESSAGE,
            "closed: abuse",
            "the longest frame in pieces of a kilobyte; tiny pieces cost far more than their bytes",
        ),
        row(
            "connection",
            "WebSocket frames a second after the login",
            "8 for each request",
            "read later",
            "pings, signals and pieces beside the requests",
        ),
        row(
            "connection",
            "frames that cannot be read",
            wire::BAD_FRAMES,
            "closed: abuse",
            "a mistake is answered, a flood of them is none",
        ),
        row(
            "connection",
            "requests a second, for long",
            number(defaults.requests_per_second),
            "rate_limited, with a wait",
            "no person and no careful bot is faster",
        )
        .set_by("requests_per_second")
        .told(),
        row(
            "connection",
            "requests at once",
            number(defaults.request_burst),
            "rate_limited, with a wait",
            "a client that starts asks much at once",
        )
        .set_by("request_burst")
        .told(),
        row(
            "connection",
            "bytes that wait for it",
            bytes(hub::outbox::OUTBOX_BYTES as u64),
            "signals are left out from half of it; then closed: slow",
            "minutes of a busy room for a bad line; resume brings the rest",
        ),
        row(
            "account",
            "requests a second on all connections, for long",
            format!("{} times one connection's", pace::CONNECTIONS_OF_ACCOUNT),
            "rate_limited, with a wait",
            "more connections are no way around the limit of one",
        ),
        row(
            "account",
            "requests at once on all connections",
            format!("{} times one connection's", pace::CONNECTIONS_OF_ACCOUNT),
            "rate_limited, with a wait",
            "several devices start at once",
        ),
        row("connection", "silence", "2 pings", "closed: silent", "a dead line is not a reader")
            .set_by("ping_interval"),
    ]
}

fn work() -> Vec<Limit> {
    vec![
        row(
            "message",
            "body",
            bytes(wire::MESSAGE_BYTES as u64),
            "invalid",
            "several screens; more belongs in a file",
        )
        .told(),
        row(
            "server",
            "password hashes at once",
            "one for each core",
            "they wait",
            "each takes 19 MiB and a core",
        ),
        row(
            "server",
            "password hashes that wait",
            auth::WAITING,
            "unavailable, with a wait",
            "about a second of work on a small machine; logins cannot take the memory",
        ),
        row(
            "server",
            "requests that wait for the conversations of one core",
            hub::SHARD_QUEUE,
            "their clients wait",
            "one busy room holds up no memory",
        ),
        row("request", "page of history", wire::HISTORY_PAGE, "less is given", "an answer stays small")
            .told(),
        row("request", "page of a list", wire::LIST_PAGE, "less is given", "an answer stays small").told(),
        row(
            "request",
            "conversations in a resume",
            wire::RESUME_CONVERSATIONS,
            "invalid",
            "what one client follows",
        )
        .told(),
        row(
            "connection",
            "people whose presence it watches",
            wire::WATCHED_PEOPLE,
            "invalid",
            "several large screens",
        )
        .told(),
        row(
            "request",
            "words in a search",
            wire::SEARCH_WORDS,
            "invalid",
            "each costs a walk through the index",
        ),
        row(
            "webhook",
            "posts a second, for long",
            wire::INCOMING_PER_SECOND,
            "429, with a wait",
            "people read what comes",
        ),
        row(
            "webhook",
            "posts at once",
            wire::INCOMING_BURST,
            "429, with a wait",
            "a build that fails says several things",
        ),
        row(
            "webhook",
            "post",
            bytes(wire::INCOMING_BYTES as u64),
            "413",
            "several times the longest message",
        ),
        row(
            "webhook",
            "events that wait to be told",
            wire::OUTGOING_WAITING,
            "the oldest are dropped and counted",
            "a receiver that is gone for days",
        ),
        row(
            "server",
            "names of webhooks' hosts looked up at once",
            LOOK_UPS_AT_ONCE,
            "the others wait, and are told that the name cannot be found",
            "each takes a thread for as long as the system likes",
        ),
        row(
            "server",
            "connections that wait to be taken",
            server::BACKLOG,
            "the system drops them; their clients try again",
            "thousands come back at once after a restart",
        ),
    ]
}

fn files(defaults: &Settings) -> Vec<Limit> {
    let size = |size: Option<crate::config::Size>| match size {
        Some(size) if size.0 > 0 => bytes(size.0).to_string(),
        _ => "none".to_owned(),
    };
    vec![
        row("file", "size", size(defaults.file_size), "too_large", "a long screencast")
            .set_by("file_size")
            .told(),
        row("message", "files", wire::FILES_PER_MESSAGE, "invalid", "more belongs in an archive").told(),
        row(
            "person",
            "files together",
            size(defaults.files_per_user),
            "storage_full",
            "years of screenshots",
        )
        .set_by("files_per_user"),
        row(
            "server",
            "files together",
            size(defaults.files_per_server),
            "storage_full",
            "the disk is the limit unless one is set",
        )
        .set_by("files_per_server"),
        row(
            "person",
            "uploads at once",
            wire::UPLOADS_AT_ONCE,
            "rate_limited, with a wait",
            "several devices",
        ),
        row(
            "person",
            "downloads at once",
            wire::DOWNLOADS_AT_ONCE,
            "rate_limited, with a wait",
            "several devices",
        ),
        row(
            "person",
            "uploads begun",
            rate(pace::UPLOADS),
            "rate_limited, with a wait",
            "each costs a row and a file, even when nothing comes",
        ),
        row(
            "person",
            "uploads in no message",
            wire::UNSENT_FILES,
            "storage_full",
            "a program that forgets to send cannot fill the table",
        ),
    ]
}

/// The table as it stands in the document.
#[must_use]
pub fn document() -> String {
    let mut text =
        "| of | what | default | setting | in `hello` | beyond it | why |\n|---|---|---|---|---|---|---|\n"
            .to_owned();
    for Limit { of, what, default, setting, in_hello, beyond, reason } in all() {
        let setting = setting.map_or_else(String::new, |setting| format!("`{setting}`"));
        let in_hello = if in_hello { "yes" } else { "" };
        text.push_str(&format!(
            "| {of} | {what} | {default} | {setting} | {in_hello} | {beyond} | {reason} |\n"
        ));
    }
    text
}
