//! Floor 2: what the server counts, for whoever watches it.
//!
//! 1. Every metric is one row of the table at the end of this file; its field, its name for
//!    Prometheus and its help come from there.
//! 2. Counting is an atomic addition (a short lock for histograms, which are told once a batch and
//!    never once a delivery). Rows with a label have one counter for each value of a closed list,
//!    made at the start: nothing is formatted or looked up while the server works.
//! 3. No label comes from a client: no name, no address, no id.
//!
//! It is one static for the process, as Prometheus scrapes a process. Nothing reads it to decide.

mod kind;
mod label;

use std::fs;
use std::sync::LazyLock;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

pub use kind::{By, Bytes, Count, Counts, Held, Level, Seconds};
pub use label::{Door, HookCall, Kept, Label, Reload, ResumeResult, Traced};

use chat_proto::{CloseReason, ErrorCode, RequestKind};
use kind::Metric;

/// What Prometheus is told that the text is.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// One metric, for the documents and the tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// Its name, without the endings that its kind adds.
    pub name: &'static str,
    /// `counter`, `gauge`, `histogram` or `info`.
    pub kind: &'static str,
    /// The label that it has.
    pub label: Option<&'static str>,
    /// What it says.
    pub help: &'static str,
}

impl Row {
    /// The names of its samples in what is scraped.
    #[must_use]
    pub fn samples(&self) -> Vec<String> {
        let endings: &[&str] = match self.kind {
            "counter" => &["_total"],
            "histogram" => &["_bucket", "_sum", "_count"],
            "info" => &["_info"],
            _ => &[""],
        };
        endings.iter().map(|ending| format!("{}{ending}", self.name)).collect()
    }
}

/// The counters of this process.
pub fn metrics() -> &'static Metrics {
    static METRICS: LazyLock<Metrics> = LazyLock::new(Metrics::new);
    &METRICS
}

/// Everything in the form that Prometheus reads.
///
/// # Errors
/// If a metric cannot be written, which its type excludes.
pub fn scrape() -> Result<String, std::fmt::Error> {
    let metrics = metrics();
    metrics.look_at_the_process();
    let mut text = String::new();
    encode(&mut text, &metrics.registry)?;
    Ok(text)
}

impl Metrics {
    /// What the system knows of this process; where there is no `/proc`, the rows stay 0.
    fn look_at_the_process(&self) {
        if let Ok(open) = fs::read_dir("/proc/self/fd") {
            self.open_fds.set(open.count());
        }
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse::<usize>().ok());
        if let Some(kib) = kib {
            self.resident.set(kib.saturating_mul(1024));
        }
    }
}

macro_rules! table {
    ($($(#[doc = $help:literal])+ $field:ident: $kind:ty = $name:literal;)+) => {
        /// The handles; see the table for what each counts.
        pub struct Metrics {
            registry: Registry,
            $($(#[doc = $help])+ pub $field: $kind,)+
        }

        /// Every metric, as it is documented.
        pub const TABLE: &[Row] = &[
            Row { name: "chat_build", kind: "info", label: Some("version"), help: BUILD },
            $(Row {
                name: $name,
                kind: <$kind as Metric>::KIND,
                label: <$kind as Metric>::LABEL,
                help: concat!($($help,)+).trim_ascii_start(),
            },)+
        ];

        impl Metrics {
            fn new() -> Self {
                let mut registry = Registry::default();
                registry.register("chat_build", BUILD, Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]));
                $(let $field = <$kind as Metric>::make(&mut registry, $name, concat!($($help,)+).trim_ascii_start());)+
                Self { registry, $($field,)+ }
            }
        }
    };
}

const BUILD: &str = "The version that runs";

table! {
    /// Connections that are open, also before their login
    connections: Level = "chat_connections";
    /// Connections that are logged in
    sessions: Level = "chat_sessions";
    /// Connections that were turned away at the door, by reason
    turned_away: By<Door> = "chat_connections_turned_away";
    /// Connections that the server closed, by reason; `slow` are those who read too slowly
    closed: By<CloseReason> = "chat_connections_closed";
    /// Connections that broke without a word
    lost: Count = "chat_connections_lost";
    /// Requests that could be read, by type
    requests: By<RequestKind> = "chat_requests";
    /// Refusals, by code
    refusals: By<ErrorCode> = "chat_refusals";
    /// How long requests took to be answered or handed to their shard
    request_seconds: Seconds = "chat_request_seconds";
    /// Changes of conversations that were decided and committed together
    turn_changes: Counts = "chat_turn_changes";
    /// How long a turn of a shard took, from the first decision to the last delivery into an outbox
    turn_seconds: Seconds = "chat_turn_seconds";
    /// How long it took, after a commit, to put its events into all outboxes
    delivery_seconds: Seconds = "chat_delivery_seconds";
    /// How long one write to a connection took, until the system had taken it
    flush_seconds: Seconds = "chat_flush_seconds";
    /// Frames that were written to connections
    frames_sent: Count = "chat_frames_sent";
    /// Bytes of those frames
    bytes_sent: Count = "chat_sent_bytes";
    /// Bytes that wait in all outboxes
    outbox_bytes: Level = "chat_outbox_bytes";
    /// Signals (typing, presence) that were left out because much was waiting
    signals_shed: Count = "chat_signals_shed";
    /// What clients that came back were told, by conversation: everything, that there is a gap to
    /// be paged, or to begin anew
    resumes: By<ResumeResult> = "chat_resumes";
    /// How long a commit took, with its sync to the disk
    commit_seconds: Seconds = "chat_commit_seconds";
    /// Writes in one commit
    commit_writes: Counts = "chat_commit_writes";
    /// Conversations in which another node had written first, and what was decided here was put behind it
    commit_rebased: Count = "chat_commit_rebased";
    /// Conversations in which another node had written first, and all was decided anew
    commit_overtaken: Count = "chat_commit_overtaken";
    /// Commits and reads that failed
    store_errors: By<Kept> = "chat_store_errors";
    /// Password hashes that are being worked on or wait for a worker
    hashes_waiting: Level = "chat_hashes_waiting";
    /// How long a password hash took, with its wait
    hash_seconds: Seconds = "chat_hash_seconds";
    /// Uploads that were completed
    uploads: Count = "chat_uploads";
    /// Bytes of completed uploads
    upload_bytes: Bytes = "chat_upload_size_bytes";
    /// Downloads that were begun
    downloads: Count = "chat_downloads";
    /// Calls of outgoing webhooks, by what came of them
    hook_calls: By<HookCall> = "chat_webhook_calls";
    /// Posts to incoming webhooks that were taken
    posts: Count = "chat_webhook_posts";
    /// 1 while the bus to other nodes works; 0 also on a server that has none
    bus_connected: Level = "chat_bus_connected";
    /// Messages that were given to the bus
    bus_published: Count = "chat_bus_published";
    /// Messages that came over the bus
    bus_received: Count = "chat_bus_received";
    /// How long messages were on the bus, by the clocks of both nodes
    bus_lag_seconds: Seconds = "chat_bus_lag_seconds";
    /// Events of other nodes that were read from the store, because the bus had not brought them
    bus_healed: Count = "chat_bus_healed";
    /// News for other nodes that were left out, because too many were waiting
    bus_unkept: Count = "chat_bus_unkept";
    /// Reloads of the configuration and of the certificate, by what came of them
    reloads: By<Reload> = "chat_reloads";
    /// Spans of traces, by what became of them; none where no collector is named
    trace_spans: By<Traced> = "chat_trace_spans";
    /// 1 while the server is stopping
    draining: Level = "chat_draining";
    /// When the process started, in seconds since 1970
    started: Level = "process_start_time_seconds";
    /// Open file descriptors
    open_fds: Level = "process_open_fds";
    /// Memory that the process holds, in bytes
    resident: Level = "process_resident_memory_bytes";
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_are_those_of_prometheus_and_each_stands_once() {
        let mut seen = HashSet::new();
        for row in TABLE {
            assert!(seen.insert(row.name), "{} stands twice", row.name);
            assert!(row.name.starts_with("chat_") || row.name.starts_with("process_"), "{}", row.name);
            assert!(row.name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{}", row.name);
            assert!(!row.help.is_empty() && !row.help.ends_with('.'), "{}", row.name);
        }
    }

    #[test]
    fn every_row_is_in_what_is_scraped_with_every_value_of_its_label() {
        let text = scrape().unwrap();
        for row in TABLE {
            for sample in row.samples() {
                let is_there = |line: &str| line.split(['{', ' ']).next() == Some(&sample);
                assert!(text.lines().any(is_there), "{sample} is missing");
            }
        }
        for code in ErrorCode::ALL {
            assert!(text.contains(&format!("chat_refusals_total{{code=\"{}\"}}", code.as_str())));
        }
        assert!(text.ends_with("# EOF\n"));
    }
}
