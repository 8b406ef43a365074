//! The `chat-bench` program: makes traffic on the real wire and says what it cost the server.
//!
//! One thread, so that the generator takes little of what it measures. It needs Linux: cores, timers and
//! costs are the kernel's.

mod bench;
mod workload;

mod load;
mod plan;

mod scale;

mod crowd;
mod gathering;

mod frame;
mod mark;
mod talk;
mod upgrade;

mod count;
mod subject;
mod world;

mod document;
mod figures;
mod latency;

mod clock;
mod disk;
mod machine;
mod process;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};

use world::{Size, World};

/// Measures a chat server on its real wire.
#[derive(Parser)]
#[command(name = "chat-bench")]
struct Cli {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Measure a server: what it costs, how fast it is, how much it holds
    Server(bench::Server),
    /// Count the instructions of a login and of a message, and compare them with those in the
    /// repository; needs valgrind
    Count(count::Count),
    /// Say what many connected people need, by a model of a cluster and a simulation of it
    Scale(scale::Scale),
    /// Fill an empty data directory with people, rooms and pairs, and write down who they are
    World {
        /// The data directory
        dir: PathBuf,
        /// Where to write the tokens and ids (JSON)
        #[arg(long)]
        out: PathBuf,
        #[command(flatten)]
        size: Size,
    },
}

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("chat-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> Result<()> {
    chat_tests::tidy_up_on_signals()?;
    match cli.what {
        What::Server(server) => server.run(),
        What::Count(count) => count.run(),
        What::Scale(scale) => scale.run(),
        What::World { dir, out, size } => {
            let world = World::make(&dir, size)?;
            std::fs::write(&out, serde_json::to_string(&world)?)
                .with_context(|| format!("writing {}", out.display()))
        }
    }
}
