//! Floor 7: what an admin types.

mod admin;
mod cert;
mod epoch;
mod exchange;
mod health;
mod keep;
mod link;
mod migrate;
mod output;
mod room;
mod user;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{CommandFactory, Parser, Subcommand};

use crate::config::{self, Loaded, Places, Settings};
use crate::doctor;
use crate::serve::Ready;
use crate::service;
use admin::AdminCommand;
use link::Link;
use output::Output;

/// A self-hosted chat server.
///
/// Without a command it serves. Every setting is a flag, a variable and a key of the
/// configuration file; flags are stronger than variables, and those than the file.
#[derive(Debug, Parser)]
#[command(name = "chat-server", version, max_term_width = 100, args_conflicts_with_subcommands = false)]
pub struct Cli {
    #[command(flatten)]
    places: Places,
    #[command(flatten)]
    settings: Settings,
    /// Print JSON, one object a line
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve until SIGINT or SIGTERM (the default)
    Serve(Box<Settings>),
    #[command(flatten)]
    Admin(AdminCommand),
    /// Look whether a server runs well here, and say what to do
    ///
    /// Checks the configuration, the data directory, the database, the files, disk, descriptors,
    /// memory, clock, certificate and port. Changes nothing and may be run beside the server.
    /// Exits with 1 when there is a problem, and with 0 when there are warnings at most.
    Doctor(Box<Settings>),
    /// Print the TLS certificate's fingerprint, which people compare at their first connection
    Cert(Box<Settings>),
    /// Ask the server that the configuration names whether it works; the exit code says so
    Health(health::HealthArgs),
    /// Look at the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Copy everything to one file, while the server runs or not
    Backup(keep::BackupArgs),
    /// Bring a server back from a backup, into an empty data directory
    Restore(keep::RestoreArgs),
    /// Write all that people wrote as JSON Lines with files, or what one person wrote
    Export(exchange::ExportArgs),
    /// Bring everything from SQLite to PostgreSQL, or back
    ///
    /// The copy is compared row by row. One that was cut short goes on when this is run again. No server may run
    /// meanwhile, but for a first time with --online: then the second brings over only what changed since.
    Migrate(migrate::MigrateArgs),
    /// Say which life of the database this is, or begin another; no server may run meanwhile
    ///
    /// Clients keep what they have fetched, and trust that the database goes on from there. After it was brought
    /// back to an earlier state by other means than `chat-server restore`, begin another: they fetch all anew.
    Epoch(epoch::EpochArgs),
    /// Take in an export, or Slack's; no server may run on the data directory
    Import(exchange::ImportArgs),
    /// Print what makes a shell complete these commands: source <(chat-server completions bash)
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Print the man page: chat-server man | man -l -
    Man {
        /// Write it into this folder, with a page for each command
        #[arg(long, value_name = "DIR")]
        into: Option<PathBuf>,
    },
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Print the settings in force, with secrets hidden
    Print(Box<Settings>),
    /// Print a configuration file with every setting and its default
    Example,
}

/// Does what the command line says.
///
/// # Errors
/// Why it could not, with what to do.
pub async fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let Cli { places, settings, json, command } = cli;
    let load = |more: Settings| config::load(&places, more.or(settings.clone()));
    match command {
        None => serve_until_signal(places, settings).await,
        Some(Command::Serve(more)) => serve_until_signal(places, more.or(settings)).await,
        Some(Command::Admin(command)) => {
            let config = load(Settings::default())?.check()?;
            let mut link = Link::find(&config, command.sets_up()).await?;
            let done = admin::run(&mut link, command, &mut Output::new(json)).await;
            link.end().await;
            done
        }
        Some(Command::Doctor(more)) => return examine(load(*more), json).await,
        Some(Command::Cert(more)) => cert::show(&load(*more)?.check()?, &mut Output::new(json)),
        Some(Command::Health(args)) => {
            let ready = args.ready();
            health::ask(ready, &load(*args.settings)?.check()?, &mut Output::new(json)).await
        }
        Some(Command::Config(ConfigCommand::Print(more))) => {
            let loaded = load(*more)?;
            print(&if json { loaded.json()? } else { loaded.print()? })
        }
        Some(Command::Config(ConfigCommand::Example)) => print(&config::example()?),
        Some(Command::Export(args)) => {
            exchange::export(args, &load(Settings::default())?.check()?, json).await
        }
        Some(Command::Import(args)) => {
            exchange::import(args, &load(Settings::default())?.check()?, json).await
        }
        Some(Command::Epoch(args)) => epoch::run(&args, &load(Settings::default())?.check()?, json).await,
        Some(Command::Migrate(args)) => migrate::run(&args, &load(Settings::default())?.check()?, json).await,
        Some(Command::Backup(args)) => keep::backup(args, load(Settings::default())?, json).await,
        Some(Command::Restore(args)) => keep::restore(&args, &load(Settings::default())?.check()?, json),
        Some(Command::Completions { shell }) => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "chat-server", &mut script);
            print(&String::from_utf8_lossy(&script))
        }
        Some(Command::Man { into: None }) => {
            Ok(clap_mangen::Man::new(Cli::command()).render(&mut std::io::stdout())?)
        }
        Some(Command::Man { into: Some(dir) }) => clap_mangen::generate_to(Cli::command(), &dir)
            .with_context(|| format!("cannot write man pages into {}", dir.display())),
    }?;
    Ok(ExitCode::SUCCESS)
}

async fn examine(loaded: anyhow::Result<Loaded>, json: bool) -> anyhow::Result<ExitCode> {
    let findings = doctor::examine(loaded).await;
    print(&if json { doctor::json(&findings)? } else { doctor::text(&findings) })?;
    Ok(doctor::exit_code(&findings))
}

async fn serve_until_signal(places: Places, flags: Settings) -> anyhow::Result<()> {
    service::run(places, flags, |ready| {
        // Nobody reading this is no reason not to serve.
        let _ = announce(ready);
    })
    .await
}

/// Two stable lines for scripts, and what to do with them for people.
fn announce(ready: &Ready) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    if let Some(code) = &ready.owner_code {
        writeln!(out, "This server has no accounts yet. The first one becomes its owner; make it with")?;
        writeln!(out, "  chat-tui --server {}", ready.url)?;
        writeln!(out, "and this code:")?;
        writeln!(out, "owner invite: {}", code.expose())?;
    }
    writeln!(out, "listening on {}", ready.url)?;
    out.flush()
}

fn print(text: &str) -> anyhow::Result<()> {
    Ok(std::io::stdout().lock().write_all(text.as_bytes())?)
}
