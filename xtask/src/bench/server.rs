//! The server on its real wire: `chat-bench` makes the traffic and the figures; this builds and starts it.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::build::{self, Profile};
use crate::say;

/// Where the figures go, and what is made for them.
const DIR: &str = "target/bench";

/// Where the tables stand.
const DOCUMENT: &str = "docs/benchmarks.md";

/// What the capacity model works with.
pub(crate) const COSTS: &str = "chat-bench/costs.toml";

/// The instructions that are held against those of today.
const INSTRUCTIONS: &str = "chat-bench/instructions.toml";

/// What `chat-bench` knows; here too, so that a slip is told before anything is built.
const WORKLOADS: [&str; 10] =
    ["fanout", "pairs", "sends", "idle", "logins", "resumes", "store", "day", "postgres", "vast"];

/// How the server is measured.
#[derive(Debug, Args)]
pub(crate) struct Server {
    /// What is measured; everything but vast if nothing is named
    #[arg(value_parser = WORKLOADS)]
    workloads: Vec<String>,
    /// How often each; the table has the median and half of the range
    #[arg(long, value_name = "N", default_value_t = 3)]
    runs: usize,
    /// Only see whether all of it works, in some seconds, with binaries that are quick to build
    #[arg(long)]
    quick: bool,
    /// Write the tables into docs/benchmarks.md, and what the capacity model needs into chat-bench/costs.toml
    #[arg(long, conflicts_with = "quick")]
    write: bool,
}

/// How the server's instructions are counted.
#[derive(Debug, Args)]
pub(crate) struct Count {
    /// Messages
    #[arg(long, value_name = "N", default_value_t = 2_000)]
    sends: usize,
    /// Take what is counted as the figures to come
    #[arg(long)]
    write: bool,
}

impl Server {
    /// Measures; prints tables, and writes the figures to `target/bench/server.jsonl`.
    pub(super) fn run(&self) -> Result<()> {
        let profile = if self.quick { Profile::Dev } else { Profile::Release };
        let mut arguments = vec!["server".into(), "--runs".into(), self.runs.to_string().into()];
        arguments.extend(["--dir".into(), build::root().join(DIR).into()]);
        if self.quick {
            arguments.push("--quick".into());
        }
        if self.write {
            arguments.extend(["--document".into(), build::root().join(DOCUMENT).into()]);
            arguments.extend(["--costs".into(), build::root().join(COSTS).into()]);
        }
        arguments.extend(self.workloads.iter().map(OsString::from));
        start(&build::bench_of_server(profile)?, arguments)
    }
}

impl Count {
    /// Counts the instructions of the release build, and compares or writes them.
    pub(super) fn run(&self) -> Result<()> {
        let mut arguments = vec!["count".into(), "--sends".into(), self.sends.to_string().into()];
        arguments.extend(["--figures".into(), build::root().join(INSTRUCTIONS).into()]);
        arguments.extend(["--dir".into(), build::root().join(DIR).into()]);
        if self.write {
            arguments.push("--write".into());
        }
        start(&build::bench_of_server(Profile::Release)?, arguments)
    }
}

/// Runs `chat-bench` with these.
pub(crate) fn start(program: &PathBuf, arguments: Vec<OsString>) -> Result<()> {
    say("")?;
    let mut command = Command::new(program);
    let status =
        command.args(arguments).status().with_context(|| format!("starting {}", program.display()))?;
    ensure!(status.success(), "it broke off");
    Ok(())
}
