//! `cargo xtask bench`: how fast, how large and how quiet the product is, measured on the real
//! binaries.
//!
//! 1. What is measured is what a person would see: bytes in at the terminal, a finished frame out.
//! 2. Every figure is told with its spread, and with the machine's part in it: the runs are listed.
//! 3. Nothing fails because something was slow; `docs/benchmarks.md` says what is aimed at.

mod client;
mod figures;
mod process;
mod room;

use std::fs;

use anyhow::{Context, Result};
use clap::Subcommand;

use crate::build;
use crate::interrupt::tidy_up_on_signals;
use crate::say;
pub(crate) use client::Client;

/// Where the figures go, one JSON object a line.
const FIGURES: &str = "target/bench/client.jsonl";

/// What is measured.
#[derive(Subcommand)]
pub(crate) enum What {
    /// The terminal client: start, keys, scrolling, a flood, memory, idling
    Client(Client),
}

/// Measures, prints a table, and writes the figures down.
pub(crate) fn run(what: &What) -> Result<()> {
    tidy_up_on_signals()?;
    let What::Client(client) = what;
    build::for_bench()?;
    let figures = client.measure()?;
    say(figures::table(&figures))?;
    let path = build::root().join(FIGURES);
    fs::create_dir_all(path.parent().context("a file lies in a folder")?)?;
    let lines: String = figures.iter().map(|figure| format!("{}\n", figure.line())).collect();
    fs::write(&path, lines)?;
    say(format!("Wrote {FIGURES}."))
}
