//! `cargo xtask bench`: how fast, how large and how quiet the product is, measured on the real
//! binaries.
//!
//! 1. What is measured is what a person would see: bytes in at the terminal, a finished frame out.
//! 2. Every figure is told with its spread, and with the machine's part in it: the runs are listed.
//! 3. Nothing fails because something was slow; `docs/benchmarks.md` says what is aimed at. What is
//!    counted in instructions is the same in every run, so it may fail.

mod client;
mod figures;
mod process;
mod room;
pub(crate) mod server;

use std::fs;

use anyhow::{Context, Result};
use clap::Subcommand;

use crate::build::{self, Profile};
use crate::say;
use chat_tests::tidy_up_on_signals;
pub(crate) use client::Client;
pub(crate) use server::{Count, Server};

/// Where the figures go, one JSON object a line.
const FIGURES: &str = "target/bench/client.jsonl";

/// What is measured.
#[derive(Subcommand)]
pub(crate) enum What {
    /// The terminal client: start, keys, scrolling, a flood, memory, idling
    Client(Client),
    /// The server: messages to rooms and pairs, idle connections, storms of logins and resumes,
    /// history and search, a team's day
    Server(Server),
    /// The instructions of a login and of a message, compared with those in the repository; fails
    /// if they became more by a tenth. Needs valgrind
    Count(Count),
}

/// Measures, prints a table, and writes the figures down.
pub(crate) fn run(what: &What) -> Result<()> {
    match what {
        What::Client(client) => run_client(client),
        What::Server(server) => server.run(),
        What::Count(count) => count.run(),
    }
}

fn run_client(client: &Client) -> Result<()> {
    tidy_up_on_signals()?;
    build::binaries(Profile::Release)?;
    let figures = client.measure()?;
    say(figures::table(&figures))?;
    let path = build::root().join(FIGURES);
    fs::create_dir_all(path.parent().context("a file lies in a folder")?)?;
    let lines: String = figures.iter().map(|figure| format!("{}\n", figure.line())).collect();
    fs::write(&path, lines)?;
    say(format!("Wrote {FIGURES}."))
}
