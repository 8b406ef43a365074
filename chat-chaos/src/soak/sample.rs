//! What the system says about two processes and a folder at one moment.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use serde::Serialize;

/// Resident memory that no file backs: the pages of a program's own file come as they are used, and go when
/// others need the room.
const MEMORY: &str = "RssAnon:";

/// See the module. Sizes are in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub(crate) struct Sample {
    pub(crate) seconds: f64,
    pub(crate) server_memory: u64,
    pub(crate) server_descriptors: u64,
    pub(crate) server_threads: u64,
    pub(crate) client_memory: u64,
    pub(crate) client_descriptors: u64,
    pub(crate) wal: u64,
    pub(crate) database: u64,
}

impl Sample {
    /// Takes one.
    ///
    /// # Errors
    /// One of the processes is gone.
    pub(super) fn take(at: Duration, server: u32, client: u32, data: &Path) -> Result<Self> {
        let size = |name: &str| fs::metadata(data.join(name)).map_or(0, |file| file.len());
        let (server_status, client_status) = (status(server)?, status(client)?);
        Ok(Self {
            seconds: at.as_secs_f64(),
            server_memory: number(&server_status, MEMORY)? * 1024,
            server_descriptors: descriptors(server)?,
            server_threads: number(&server_status, "Threads:")?,
            client_memory: number(&client_status, MEMORY)? * 1024,
            client_descriptors: descriptors(client)?,
            wal: size("chat.sqlite-wal"),
            database: size("chat.sqlite"),
        })
    }
}

fn status(pid: u32) -> Result<String> {
    fs::read_to_string(format!("/proc/{pid}/status")).with_context(|| format!("process {pid} is gone"))
}

fn number(status: &str, name: &str) -> Result<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let word = line.and_then(|line| line.split_whitespace().next());
    word.and_then(|word| word.parse().ok()).with_context(|| format!("/proc says no {name}"))
}

fn descriptors(pid: u32) -> Result<u64> {
    let dir = fs::read_dir(format!("/proc/{pid}/fd")).with_context(|| format!("process {pid} is gone"))?;
    Ok(dir.count() as u64)
}

/// Some of the samples, evenly, as a table.
pub(super) fn table(samples: &[Sample], rows: usize) -> String {
    const MIB: f64 = 1024.0 * 1024.0;
    let mut text = "| minutes | server memory MiB | descriptors | threads | client memory MiB | descriptors | WAL MiB | database MiB |\n"
        .to_owned();
    text += "|---:|---:|---:|---:|---:|---:|---:|---:|\n";
    let step = samples.len().div_ceil(rows.max(1)).max(1);
    for sample in samples.iter().skip(step - 1).step_by(step) {
        let mib = |bytes: u64| format!("{:.1}", bytes as f64 / MIB);
        text += &format!(
            "| {:.1} | {} | {} | {} | {} | {} | {} | {} |\n",
            sample.seconds / 60.0,
            mib(sample.server_memory),
            sample.server_descriptors,
            sample.server_threads,
            mib(sample.client_memory),
            sample.client_descriptors,
            mib(sample.wal),
            mib(sample.database)
        );
    }
    text
}
