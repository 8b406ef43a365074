//! Floor 7: what an admin types.

mod admin;
mod keep;
mod link;
mod output;

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;
use clap::{CommandFactory, Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

use crate::config::{self, Config, Places, Settings};
use crate::serve::{Ready, serve};
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
    /// Look at the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Copy everything to one file, while the server runs or not
    Backup(keep::BackupArgs),
    /// Bring a server back from a backup, into an empty data directory
    Restore(keep::RestoreArgs),
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
pub async fn run(cli: Cli) -> anyhow::Result<()> {
    let Cli { places, settings, json, command } = cli;
    let load = |more: Settings| config::load(&places, more.or(settings));
    match command {
        None => serve_until_signal(load(Settings::default())?.check()?).await,
        Some(Command::Serve(more)) => serve_until_signal(load(*more)?.check()?).await,
        Some(Command::Admin(command)) => {
            let mut link = Link::find(&load(Settings::default())?.check()?).await?;
            let done = admin::run(&mut link, command, &mut Output::new(json)).await;
            link.end().await;
            done
        }
        Some(Command::Config(ConfigCommand::Print(more))) => print(&load(*more)?.print()?),
        Some(Command::Config(ConfigCommand::Example)) => print(&config::example()?),
        Some(Command::Backup(args)) => keep::backup(args, load(Settings::default())?, json).await,
        Some(Command::Restore(args)) => keep::restore(&args, &load(Settings::default())?.check()?, json),
        Some(Command::Completions { shell }) => {
            clap_complete::generate(shell, &mut Cli::command(), "chat-server", &mut std::io::stdout());
            Ok(())
        }
        Some(Command::Man { into: None }) => {
            Ok(clap_mangen::Man::new(Cli::command()).render(&mut std::io::stdout())?)
        }
        Some(Command::Man { into: Some(dir) }) => clap_mangen::generate_to(Cli::command(), &dir)
            .with_context(|| format!("cannot write man pages into {}", dir.display())),
    }
}

async fn serve_until_signal(config: Config) -> anyhow::Result<()> {
    start_log(&config.log)?;
    let stop = CancellationToken::new();
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let on_signal = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        on_signal.cancel();
    });
    serve(config, stop, |ready| {
        // Nobody reading this is no reason not to serve.
        let _ = announce(&ready);
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

/// Logs go to standard error, so that standard output stays for scripts.
fn start_log(filter: &str) -> anyhow::Result<()> {
    let filter =
        EnvFilter::try_new(filter).with_context(|| format!("log = {filter:?} is not a log filter"))?;
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false).init();
    Ok(())
}
