//! The `chat-bench` program.

mod world;

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

#[tokio::main]
async fn main() -> ExitCode {
    match run(Cli::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("chat-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli) -> Result<()> {
    match cli.what {
        What::World { dir, out, size } => {
            let world = World::make(&dir, size).await?;
            std::fs::write(&out, serde_json::to_string(&world)?)
                .with_context(|| format!("writing {}", out.display()))
        }
    }
}
