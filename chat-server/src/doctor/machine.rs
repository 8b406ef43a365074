//! What the machine gives: disk, descriptors, memory, time.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use bytesize::ByteSize;
use rustix::process::Resource;

use super::Finding;
use crate::config::Config;
use crate::serve::DATABASE;

/// With less, a backup or a busy day fills the disk.
const DISK_WARNING: u64 = 2 << 30;

/// With less, the next upload does.
const DISK_PROBLEM: u64 = 200 << 20;

/// Descriptors besides those of connections: database, files, webhooks, log.
const OTHER_DESCRIPTORS: u64 = 100;

/// What one password hash takes (argon2 with 19 MiB), as many at once as there are cores.
const HASH_BYTES: u64 = 19 << 20;

/// What the server holds besides.
const BASE_BYTES: u64 = 100 << 20;

/// The year in which this program was written: an earlier clock is wrong.
const WRITTEN: Duration = Duration::from_secs(1_767_225_600); // 2026-01-01

/// A clock beyond this is wrong as well.
const FAR: Duration = Duration::from_secs(4_102_444_800); // 2100-01-01

/// How far the two clocks may drift apart in the time that is looked at.
const DRIFT: Duration = Duration::from_millis(50);

/// Here systemd notes that the clock was compared with others' over the network.
const SYNCHRONISED: &str = "/run/systemd/timesync/synchronized";

pub(super) fn disk(config: &Config) -> Finding {
    const CHECK: &str = "disk";
    let Some(dir) = config.data_dir.ancestors().find(|dir| dir.exists()) else {
        return Finding::warning(
            CHECK,
            "the data directory cannot be looked at",
            "choose another --data-dir",
        );
    };
    let free = match rustix::fs::statvfs(dir) {
        Ok(stat) => stat.f_bavail.saturating_mul(stat.f_frsize),
        Err(cause) => return Finding::warning(CHECK, cause.to_string(), "look at it with df"),
    };
    let found = format!("{} free", ByteSize(free));
    let advice = "make room, or move the data directory; a full disk refuses every message";
    if free < DISK_PROBLEM {
        return Finding::problem(CHECK, found, advice);
    }
    if free < DISK_WARNING {
        return Finding::warning(CHECK, found, advice);
    }
    Finding::ok(CHECK, found)
}

pub(super) fn descriptors(config: &Config) -> Finding {
    const CHECK: &str = "descriptors";
    let needed = config.server.max_connections as u64 + OTHER_DESCRIPTORS;
    let limit = rustix::process::getrlimit(Resource::Nofile).current;
    match limit {
        Some(limit) if limit < needed => Finding::warning(
            CHECK,
            format!("{limit} files may be open here, and max_connections needs {needed}"),
            format!(
                "LimitNOFILE={needed} in the systemd unit (ulimit -n {needed} in a shell), or a lower max_connections"
            ),
        ),
        Some(limit) => Finding::ok(CHECK, format!("{limit} may be open")),
        None => Finding::ok(CHECK, "no limit"),
    }
}

pub(super) fn memory() -> Finding {
    const CHECK: &str = "memory";
    let info = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = info.lines().find_map(|line| line.strip_prefix("MemAvailable:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse::<u64>().ok());
    let Some(available) = kib.map(|kib| kib * 1024) else {
        return Finding::ok(CHECK, "this system does not say how much is free");
    };
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get) as u64;
    let needed = BASE_BYTES + cores * HASH_BYTES;
    let found =
        format!("{} available; {cores} logins at once need {}", ByteSize(available), ByteSize(needed));
    if available < needed {
        return Finding::problem(CHECK, found, "give it more, or stop what else runs here");
    }
    Finding::ok(CHECK, found)
}

/// There is nobody to ask for the time, so the clock is compared with what cannot be later than now
/// (this program, the database), with the monotonic clock, and with the word of systemd.
pub(super) fn clock(config: &Config) -> Finding {
    const CHECK: &str = "clock";
    let advice = "set it, and let something keep it (timedatectl set-ntp true)";
    let (wall, steady) = (SystemTime::now(), Instant::now());
    let since = wall.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    if !(WRITTEN..FAR).contains(&since) {
        return Finding::problem(CHECK, "it is not of this century's years", advice);
    }
    let written = fs::metadata(config.data_dir.join(DATABASE)).and_then(|meta| meta.modified());
    if written.is_ok_and(|written| written > wall + DRIFT) {
        return Finding::problem(CHECK, "it is behind the last change of the database", advice);
    }
    std::thread::sleep(DRIFT);
    let (walked, passed) = (wall.elapsed().unwrap_or_default(), steady.elapsed());
    if walked.abs_diff(passed) > DRIFT {
        return Finding::warning(CHECK, "it jumps", advice);
    }
    if Path::new(SYNCHRONISED).exists() {
        return Finding::ok(CHECK, "plausible, and kept by systemd-timesyncd");
    }
    Finding::ok(CHECK, "plausible; whether something keeps it is not known here")
}
