//! Floor 7: a server under its system: signals, reloads, and word to systemd where that started it.
//!
//! SIGTERM and SIGINT stop it kindly, a second one at once. SIGHUP reads the configuration again:
//! what can change does, what cannot is named in the log, and a file with a mistake changes nothing.

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use anyhow::Context;
use sd_notify::NotifyState;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info, warn};

use crate::config::{self, Places, Settings};
use crate::log::Log;
use crate::metrics::{Reload, metrics};
use crate::serve::{Ready, Running, serve};
use crate::server::DRAIN_TIMEOUT;
use crate::traces::Traces;

/// The code of a process that was told twice to stop.
const STOPPED_TWICE: i32 = 130;

/// How long the last traces may take, within the time of the drain: a collector that hangs must not
/// make every restart slow.
const LAST_TRACES: Duration = Duration::from_secs(2);

/// What they get where the drain has used up its time.
const LEAST_FOR_TRACES: Duration = Duration::from_millis(500);

/// The settings that a reload changes; all others need a restart.
pub const LIVE: &[&str] = &[
    "allowed_origins",
    "connections_per_address",
    "file_size",
    "files_per_server",
    "files_per_user",
    "log",
    "name",
    "ping_interval",
    "proxy_header",
    "registration",
    "request_burst",
    "requests_per_second",
    "tls_cert",
    "tls_key",
    "trusted_proxies",
];

/// Serves until a signal says to stop.
///
/// # Errors
/// Why it cannot, with what to do.
pub async fn run(places: Places, flags: Settings, announce: impl FnOnce(&Ready)) -> anyhow::Result<()> {
    let loaded = config::load(&places, flags.clone())?;
    let in_force = loaded.settings.clone();
    let config = loaded.check()?;
    let traces = config.traces.as_deref().map(Traces::new).transpose()?;
    let log = Log::start(&config.log, config.log_format, traces.as_ref())?;
    let stop = CancellationToken::new();
    let told = stop_on_signal(&stop)?;
    let bound = config.server.drain_delay + DRAIN_TIMEOUT;
    let hangup = signal(SignalKind::hangup())?;
    let on_ready = |ready: Ready| {
        announce(&ready);
        tell(&[NotifyState::Ready, NotifyState::Status(&serving(&ready.url))]);
        let Ready { url, running, .. } = ready;
        tokio::spawn(keep_watchdog_quiet(running.clone(), stop.clone()));
        let reloader = Reloader { places, flags, in_force, log, running, url };
        let until = stop.clone();
        tokio::spawn(async move { until.run_until_cancelled_owned(reloader.follow(hangup)).await });
    };
    let served = serve(config, stop.clone(), on_ready).await;
    if let Some(traces) = traces {
        let used = told.get().map(Instant::elapsed).unwrap_or_default();
        traces.end(bound.saturating_sub(used).clamp(LEAST_FOR_TRACES, LAST_TRACES)).await;
    }
    served
}

fn serving(url: &str) -> String {
    format!("serving on {url}")
}

/// The first signal begins the end, the second one is it; gives when the first one came.
fn stop_on_signal(stop: &CancellationToken) -> anyhow::Result<Arc<OnceLock<Instant>>> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let (stop, told) = (stop.clone(), Arc::new(OnceLock::new()));
    let noted = told.clone();
    tokio::spawn(async move {
        for is_first in [true, false] {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            if is_first {
                noted.get_or_init(Instant::now);
                tell(&[NotifyState::Stopping, NotifyState::Status("stopping")]);
                stop.cancel();
            }
        }
        warn!("told twice to stop; ending at once");
        // What is acknowledged is on the disk.
        std::process::exit(STOPPED_TWICE);
    });
    Ok(told)
}

/// Says something to systemd, if it listens.
fn tell(states: &[NotifyState<'_>]) {
    if let Err(cause) = sd_notify::notify(states) {
        debug!(%cause, "systemd was not told");
    }
}

/// As often as systemd asks for it, and only while the server does its work.
async fn keep_watchdog_quiet(running: Running, stop: CancellationToken) {
    let Some(limit) = sd_notify::watchdog_enabled() else { return };
    let every = (limit / 2).max(Duration::from_millis(1));
    while stop.run_until_cancelled(tokio::time::sleep(every)).await.is_some() {
        if tokio::time::timeout(every, running.works()).await == Ok(true) {
            tell(&[NotifyState::Watchdog]);
        } else {
            error!("the server does not do its work; systemd will restart it");
        }
    }
}

struct Reloader {
    places: Places,
    flags: Settings,
    in_force: Settings,
    log: Log,
    running: Running,
    url: String,
}

impl Reloader {
    async fn follow(mut self, mut hangup: Signal) {
        loop {
            if hangup.recv().await.is_none() {
                pending::<()>().await;
            }
            let mut states = vec![NotifyState::Reloading];
            states.extend(NotifyState::monotonic_usec_now().ok());
            tell(&states);
            match self.reload() {
                Ok(()) => metrics().reloads.add_one(Reload::Done),
                Err(cause) => {
                    metrics().reloads.add_one(Reload::Refused);
                    error!(
                        "the configuration was read again and cannot be used; the one before stays in force: {cause:#}"
                    );
                }
            }
            tell(&[NotifyState::Ready, NotifyState::Status(&serving(&self.url))]);
        }
    }

    fn reload(&mut self) -> anyhow::Result<()> {
        let loaded = config::load(&self.places, self.flags.clone())?;
        let settings = loaded.settings.clone();
        let config = loaded.check()?;
        let changed = changes(&self.in_force, &settings)?;
        let (now, later): (Vec<&String>, Vec<&String>) =
            changed.iter().partition(|key| LIVE.contains(&key.as_str()));
        self.running.apply(&config)?;
        self.log.set_filter(&config.log)?;
        for key in later {
            warn!(setting = key, "this setting was changed and needs a restart");
        }
        info!(changed = ?now, "the configuration was read again");
        self.in_force = keep_waiting(&self.in_force, &settings)?;
        Ok(())
    }
}

type Table = BTreeMap<String, toml::Value>;

fn table(settings: &Settings) -> anyhow::Result<Table> {
    let text = toml::to_string(settings).context("the settings cannot be compared")?;
    Ok(toml::from_str(&text)?)
}

/// The settings that differ.
fn changes(before: &Settings, after: &Settings) -> anyhow::Result<Vec<String>> {
    let (before, after) = (table(before)?, table(after)?);
    let keys: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    Ok(keys.into_iter().filter(|key| before.get(*key) != after.get(*key)).cloned().collect())
}

/// What is in force after a reload: the new values of what can change, the old ones of the rest, so
/// that the next reload names them again.
fn keep_waiting(before: &Settings, after: &Settings) -> anyhow::Result<Settings> {
    let (mut merged, after) = (table(before)?, table(after)?);
    for key in LIVE {
        match after.get(*key) {
            Some(value) => merged.insert((*key).to_owned(), value.clone()),
            None => merged.remove(*key),
        };
    }
    toml::from_str(&toml::to_string(&merged)?).context("the settings cannot be kept")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_live_setting_is_one() {
        let example = config::example().unwrap();
        for key in LIVE {
            assert!(example.contains(&format!("# {key} = ")), "{key}");
        }
        assert!(LIVE.is_sorted());
    }

    #[test]
    fn what_changed_is_told_by_name_and_again_until_the_restart() {
        let before = Settings::defaults();
        let after = Settings {
            name: Some("new".to_owned()),
            max_connections: Some(5),
            tls_cert: Some("a.pem".into()),
            ..Settings::defaults()
        };
        assert_eq!(changes(&before, &after).unwrap(), ["max_connections", "name", "tls_cert"]);
        let kept = keep_waiting(&before, &after).unwrap();
        assert_eq!(changes(&kept, &after).unwrap(), ["max_connections"]);
        assert!(changes(&after, &after).unwrap().is_empty());
    }
}
