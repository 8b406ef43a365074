//! What people type in this repository: `cargo xtask demo`, `cluster`, `test`, `fuzz`, `deny`, `package`,
//! `guide`, `picture`, `bench`, `chaos`, `scale`.

mod bench;
mod build;
mod chaos;
mod check;
mod cluster;
mod colleague;
mod demo;
mod dependencies;
mod fuzz;
mod guide;
mod package;
mod picture;
mod play;
mod scale;
mod small_talk;
mod team;

use std::ffi::OsString;
use std::fmt::Display;
use std::io::Write as _;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use build::Profile;

/// Tasks of this repository.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Try the chat: a server, a small team and you; without a terminal, a conversation that is
    /// played and checked
    Demo {
        /// Which binaries to build and use
        #[arg(long, default_value = "dev")]
        profile: Profile,
    },
    /// Try several servers on one database: PostgreSQL, NATS and three nodes on this machine, until Ctrl-C
    Cluster {
        /// Which binaries to build and use
        #[arg(long, default_value = "dev")]
        profile: Profile,
    },
    /// Check everything: format, lints, build, every test
    Test {
        /// Leave out format and lints
        #[arg(long)]
        fast: bool,
    },
    /// Look for bytes that break what reads those of others, for a bounded time
    Fuzz {
        /// Which targets; all of them without
        targets: Vec<String>,
        /// For how long each
        #[arg(long, value_name = "N", default_value_t = 60)]
        seconds: u32,
    },
    /// Check licences, sources, bans and advisories of every dependency, by `cargo deny`
    Deny {
        /// Fail where the database of advisories cannot be fetched
        #[arg(long)]
        advisories: bool,
    },
    /// Make Debian packages of the programs, with man pages and completions
    Package {
        /// Which binaries to build and pack
        #[arg(long, default_value = "release")]
        profile: Profile,
    },
    /// Do what docs/admin.md says, with the packages, on a clean root that is gone afterwards; as root
    Guide,
    /// Draw docs/screen.svg anew, from the real program
    Picture {
        /// Which binaries to build and use
        #[arg(long, default_value = "dev")]
        profile: Profile,
    },
    /// Break the world around the chat by a seed, and prove what must hold all the same; `soak` to
    /// work for long and see whether anything grows; `-- --help` for all of it
    Chaos {
        /// Which binaries to build and use
        #[arg(long, default_value = "dev")]
        profile: Profile,
        /// For chat-chaos
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Say what very many connected people need, by a model made from measured costs and a simulation of it
    Scale {
        /// For so many people; without it, the steps of docs/scale.md
        people: Vec<u64>,
        /// Write the tables into docs/scale.md
        #[arg(long, conflicts_with = "people")]
        write: bool,
    },
    /// Measure the product: how fast, how large, how quiet it is
    Bench {
        #[command(subcommand)]
        what: bench::What,
    },
}

fn main() -> ExitCode {
    let result = match Cli::parse().task {
        Task::Demo { profile } => demo::run(profile),
        Task::Cluster { profile } => cluster::run(profile),
        Task::Test { fast } => check::run(fast),
        Task::Fuzz { targets, seconds } => fuzz::run(&targets, seconds),
        Task::Deny { advisories } => dependencies::run(advisories),
        Task::Package { profile } => package::run(profile),
        Task::Guide => guide::run(),
        Task::Picture { profile } => picture::run(profile),
        Task::Chaos { profile, arguments } => chaos::run(profile, arguments),
        Task::Scale { people, write } => scale::run(&people, write),
        Task::Bench { what } => bench::run(&what),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Prints a line; this program's output is its interface.
fn say(line: impl Display) -> Result<()> {
    Ok(writeln!(std::io::stdout(), "{line}")?)
}
