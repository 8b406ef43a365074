//! Floor 7: what is written down while the server runs.
//!
//! Logs go to standard error, so that standard output stays for scripts. Whatever the filter says,
//! other crates' lines are written only from `info` up: below that they show what they carry, and no
//! message, password, token or code may stand in a log.

use anyhow::Context;
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use tracing::level_filters::LevelFilter;
use tracing::{Level, Metadata};
use tracing_subscriber::filter::FilterExt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, filter, fmt, reload};

use crate::traces::Traces;

/// The targets that are ours, by which name they begin.
const OURS: &str = "chat_";

/// How log lines look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people
    #[default]
    Text,
    /// One JSON object a line, for programs that collect logs
    Json,
}

/// The log of this process; its filter can be changed.
#[derive(Clone)]
pub struct Log {
    filter: reload::Handle<EnvFilter, Registry>,
}

impl Log {
    /// Begins to log, and to trace where there is a collector. Once in a process.
    ///
    /// # Errors
    /// If the filter cannot be read.
    pub fn start(filter: &str, format: LogFormat, traces: Option<&Traces>) -> anyhow::Result<Self> {
        let (filter, handle) = reload::Layer::new(parse(filter)?);
        let text = fmt::layer().with_writer(std::io::stderr).with_ansi(false);
        let lines = match format {
            LogFormat::Text => text.boxed(),
            LogFormat::Json => text.json().flatten_event(true).with_current_span(false).boxed(),
        };
        // The filter is the lines' own: what is traced does not depend on what is logged.
        let ours = filter::filter_fn(may_be_written).with_max_level_hint(LevelFilter::TRACE);
        let lines = lines.with_filter(filter.and(ours));
        let registry = tracing_subscriber::registry().with(lines);
        match traces {
            // Not an empty layer: with one, each place that says nothing would ask whether it may.
            None => registry.init(),
            Some(traces) => registry.with(traces.layer()).init(),
        }
        Ok(Self { filter: handle })
    }

    /// Logs by this filter from now on.
    ///
    /// # Errors
    /// If it cannot be read; the one before stays.
    pub fn set_filter(&self, filter: &str) -> anyhow::Result<()> {
        self.filter.reload(parse(filter)?).context("the log cannot be changed")
    }
}

/// Checks a filter.
///
/// # Errors
/// What is wrong with it.
pub fn parse(filter: &str) -> anyhow::Result<EnvFilter> {
    EnvFilter::try_new(filter).with_context(|| format!("log = {filter:?} is not a log filter"))
}

/// Whether we wrote it, and not another crate.
pub(crate) fn is_ours(meta: &Metadata<'_>) -> bool {
    meta.target().starts_with(OURS)
}

fn may_be_written(meta: &Metadata<'_>) -> bool {
    is_ours(meta) || LevelFilter::from_level(Level::INFO) >= *meta.level()
}
