//! Floor 7: what an admin types.

mod exchange;
mod keep;

use std::io::Write;
use std::time::Duration;

use anyhow::Context;
use chat_proto::{Role, Timestamp};
use clap::{Parser, Subcommand, ValueEnum};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

use crate::auth::{SecretHash, new_invite_code};
use crate::config::{self, Config, Places, Settings, Span};
use crate::hub::now;
use crate::serve::{Ready, open_store, serve};
use crate::store::NewInvite;

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
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve until SIGINT or SIGTERM (the default)
    Serve(Box<Settings>),
    /// Invite people to make an account
    #[command(subcommand)]
    Invite(InviteCommand),
    /// Look at the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Copy everything to one file, while the server runs or not
    Backup(keep::BackupArgs),
    /// Bring a server back from a backup, into an empty data directory
    Restore(keep::RestoreArgs),
    /// Write all that people wrote as JSON Lines with files, or what one person wrote
    Export(exchange::ExportArgs),
    /// Take in an export, or Slack's; no server may run on the data directory
    Import(exchange::ImportArgs),
}

#[derive(Debug, Subcommand)]
enum InviteCommand {
    /// Make an invite code and print it; it is shown this once
    Create {
        /// What the new accounts may do
        #[arg(long, value_name = "ROLE", default_value = "member")]
        role: InviteRole,
        /// How many accounts the code makes
        #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        uses: u32,
        /// How long the code is good for
        #[arg(long, value_name = "TIME", default_value = "7d")]
        expires: Span,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum InviteRole {
    /// Sees only the people and rooms that they share
    Guest,
    /// Talks
    Member,
    /// Runs the server for the others
    Admin,
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
    let Cli { places, settings, command } = cli;
    let load = |more: Settings| config::load(&places, more.or(settings));
    match command {
        None => serve_until_signal(load(Settings::default())?.check()?).await,
        Some(Command::Serve(more)) => serve_until_signal(load(*more)?.check()?).await,
        Some(Command::Invite(InviteCommand::Create { role, uses, expires })) => {
            create_invite(&load(Settings::default())?.check()?, role, uses, expires.0).await
        }
        Some(Command::Config(ConfigCommand::Print(more))) => print(&load(*more)?.print()?),
        Some(Command::Config(ConfigCommand::Example)) => print(&config::example()?),
        Some(Command::Backup(args)) => keep::backup(args, load(Settings::default())?).await,
        Some(Command::Export(args)) => exchange::export(args, &load(Settings::default())?.check()?).await,
        Some(Command::Import(args)) => exchange::import(args, &load(Settings::default())?.check()?).await,
        Some(Command::Restore(args)) => keep::restore(&args, &load(Settings::default())?.check()?),
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

async fn create_invite(
    config: &Config,
    role: InviteRole,
    uses: u32,
    expires: Duration,
) -> anyhow::Result<()> {
    let store = open_store(&config.data_dir)?;
    let code = new_invite_code();
    let at = now();
    let lasts = i64::try_from(expires.as_millis()).unwrap_or(i64::MAX);
    let invite = NewInvite {
        code: SecretHash::of(code.expose()),
        role: match role {
            InviteRole::Guest => Role::Guest,
            InviteRole::Member => Role::Member,
            InviteRole::Admin => Role::Admin,
        },
        uses,
        at,
        expires_at: Some(Timestamp(at.0.saturating_add(lasts))),
    };
    store.create_invite(invite).await.context("cannot store the invite")?;
    store.close().await;
    print(&format!("{}\n", code.expose()))
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
