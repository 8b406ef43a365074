//! The `chat-chaos` program: breaks the world around the real binaries by a seed, and proves from outside what
//! must hold all the same. It needs Linux: signals, mounts and limits are the kernel's.

mod run;
mod soak;

mod breaker;
mod director;
mod outcast;
mod plan;
mod stage;

mod ending;

mod check;
mod history;
mod report;

mod crowd;
mod player;
mod seen;

mod actor;
mod bare;
mod dial;

mod cluster;
mod disk;
mod fault;
mod frame;
mod link;
mod node;
mod packets;

#[cfg(test)]
mod sim;

mod namespace;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::{Args, Parser, Subcommand};

use fault::Fault;
use run::{Outcome, Settings};

/// Threads for all that is not a process of its own.
const THREADS: usize = 4;

/// Connections of a crowd at most: each is a file here and one in the server, of which systems often allow 20,000.
const LARGEST_CROWD: u64 = 10_000;

/// Lets people talk while things break, and checks what is there at the end.
#[derive(Parser)]
#[command(name = "chat-chaos", args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    run: Run,
}

#[derive(Subcommand)]
enum What {
    /// Let a server work for long, and see whether memory, descriptors and the log stay as they are
    Soak(soak::Soak),
    /// Which faults can be made on this machine, and why others cannot
    Faults,
    /// One client in its own process; for this program's own use
    #[command(hide = true)]
    Client,
}

/// How a run is made.
#[derive(Args)]
struct Run {
    /// The plan of what people do and what breaks follows from it; a new one if none is named
    #[arg(long)]
    seed: Option<u64>,
    /// So many seeds one after the other, from the first on
    #[arg(long, value_name = "N", default_value_t = 1)]
    seeds: u64,
    /// How long people talk in each
    #[arg(long = "for", value_name = "TIME", default_value = "60s", value_parser = humantime::parse_duration)]
    length: Duration,
    /// So many servers: one on SQLite, several on a PostgreSQL with a NATS between them
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=9))]
    nodes: u8,
    /// What breaks; all that can on this machine if nothing is named, and nothing for `none`
    #[arg(long, value_name = "FAULT", value_delimiter = ',')]
    faults: Option<Vec<String>>,
    /// Wishes a second of all people together
    #[arg(long, value_name = "N", default_value_t = 40)]
    rate: u32,
    /// Further connections that listen, are cut at once and come back
    #[arg(long, value_name = "N", default_value_t = 100,
        value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(..=LARGEST_CROWD))]
    crowd: usize,
    /// One JSON object a run in place of the table
    #[arg(long)]
    json: bool,
    /// Where failed runs are kept
    #[arg(long, value_name = "DIR", default_value = "target/chaos")]
    keep: PathBuf,
}

fn main() -> ExitCode {
    match start(Cli::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("chat-chaos: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether all holds.
fn start(cli: Cli) -> Result<bool> {
    match cli.what {
        Some(What::Client) => actor::run().map(|()| true),
        Some(What::Faults) => faults().map(|()| true),
        Some(What::Soak(soak)) => {
            chat_tests::tidy_up_on_signals()?;
            soak.run()
        }
        None => {
            let faults = chosen(cli.run.faults.as_deref(), cli.run.nodes.into())?;
            let network = faults.iter().any(|fault| fault.wants_a_network());
            if network || faults.iter().any(|fault| fault.wants_a_disk()) {
                namespace::enter(network)?;
            }
            chat_tests::tidy_up_on_signals()?;
            runs(&cli.run, &faults)
        }
    }
}

fn faults() -> Result<()> {
    for fault in Fault::ALL {
        let can = fault.impossible().map_or("can be made".to_owned(), |why| format!("not here: {why}"));
        let of = match (fault.fits(1), fault.fits(2)) {
            (true, true) => "",
            (true, false) => "one server; ",
            (false, _) => "several servers (--nodes 3); ",
        };
        say(&format!("{:<12} {of}{can}", fault.name()))?;
    }
    Ok(())
}

/// What is broken: what was named, which must be possible, or all that is.
fn chosen(named: Option<&[String]>, nodes: usize) -> Result<Vec<Fault>> {
    let Some(named) = named else {
        let (can, cannot): (Vec<Fault>, Vec<Fault>) = Fault::ALL
            .into_iter()
            .filter(|fault| fault.fits(nodes))
            .partition(|fault| fault.impossible().is_none());
        for fault in cannot {
            eprintln!("left out: {} ({})", fault.name(), fault.impossible().unwrap_or_default());
        }
        return Ok(can);
    };
    let mut faults = Vec::new();
    for name in named.iter().filter(|name| *name != "none") {
        let fault = Fault::ALL.into_iter().find(|fault| fault.name() == *name);
        let fault =
            fault.with_context(|| format!("no fault is called {name}; see `cargo xtask chaos faults`"))?;
        let cannot = fault.impossible();
        ensure!(cannot.is_none(), "{name} cannot be made here: {}", cannot.unwrap_or_default());
        ensure!(fault.fits(nodes), "{name} is no fault of {nodes} servers; see `cargo xtask chaos faults`");
        faults.push(fault);
    }
    Ok(faults)
}

fn runs(run: &Run, faults: &[Fault]) -> Result<bool> {
    let first = run.seed.unwrap_or_else(|| u64::from(rand::random::<u32>()));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(THREADS).enable_all().build()?;
    let mut outcomes: Vec<Outcome> = Vec::new();
    for seed in (first..).take(usize::try_from(run.seeds)?) {
        eprintln!("seed {seed} …");
        let settings = Settings {
            seed,
            length: run.length,
            nodes: run.nodes.into(),
            faults: faults.to_vec(),
            rate: run.rate,
            crowd: run.crowd,
            keep: run.keep.clone(),
        };
        let outcome = runtime.block_on(run::run_bounded(&settings));
        if run.json {
            say(&serde_json::to_string(&outcome)?)?;
        }
        if outcome.findings.is_empty() {
            eprintln!("  holds: {} events, {:.0} s", outcome.events, outcome.seconds);
        } else {
            eprint!("{}", report::findings(&outcome));
        }
        outcomes.push(outcome);
    }
    if !run.json {
        say(&report::table(&outcomes))?;
    }
    let failed = outcomes.iter().filter(|outcome| !outcome.findings.is_empty()).count();
    eprintln!("{failed} of {} runs found something", outcomes.len());
    Ok(failed == 0)
}

/// Prints a line; this program's output is its interface.
fn say(text: &str) -> Result<()> {
    Ok(writeln!(std::io::stdout(), "{text}")?)
}
