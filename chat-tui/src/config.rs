//! What the program is told at its start: flags, then the environment, then saved accounts.

use std::path::{Path, PathBuf};

use anyhow::Context;
use chat_client::account::{Account, Accounts};
use chat_client::address::ServerAddress;
use chat_client::known::KnownServers;
use chat_client::paths::Paths;
use chat_client::tls::{Tell, Tls, Trusted};
use chat_proto::{Secret, UserName};
use clap::builder::FalseyValueParser;
use clap::{ArgAction, Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use crate::settings::Source;
use crate::state::sign_in::Known;
use crate::theme::colour::{Rgb, from_variable};

/// Team chat in the terminal.
///
/// Without a saved account it asks for the server, a name and a password; with several it opens
/// all of them in one list, or those that --server and --user choose. /help and F1 show the keys.
#[derive(Debug, Parser)]
#[command(name = "chat-tui", version)]
pub struct Flags {
    /// The server: a host name, or a URL such as ws://127.0.0.1:7667.
    #[arg(long, value_name = "URL", env = "CHAT_SERVER")]
    pub server: Option<String>,

    /// The account's name on that server.
    #[arg(long, value_name = "NAME", env = "CHAT_USER")]
    pub user: Option<String>,

    /// Open one account only: of those that fit, the one that was signed in to last.
    #[arg(long)]
    pub only: bool,

    /// Write lines in place of drawing a screen: for screen readers, dumb terminals and pipes.
    /// By itself where TERM is dumb or the output is no terminal.
    #[arg(long, env = "CHAT_PLAIN", value_parser = FalseyValueParser::new(), action = ArgAction::SetTrue)]
    pub plain: bool,

    /// Keep settings, cache and logs in this one folder.
    #[arg(long, value_name = "DIR", env = "CHAT_CONFIG_DIR")]
    pub data_dir: Option<PathBuf>,

    /// Trust the authorities in this PEM file in place of the system's.
    #[arg(long, value_name = "FILE", env = "CHAT_CA_FILE")]
    pub ca_file: Option<PathBuf>,

    /// Trust the server's certificate with this SHA-256 fingerprint, and remember it.
    #[arg(long, value_name = "FINGERPRINT", env = "CHAT_TRUST")]
    pub trust: Option<Trusted>,

    /// The file of settings; `chat-tui settings example` prints one.
    #[arg(long, value_name = "FILE", env = "CHAT_SETTINGS")]
    pub config: Option<PathBuf>,

    /// A setting for this run, before the file and the environment: notify.how=bell.
    #[arg(long, value_name = "NAME=VALUE", global = true)]
    pub set: Vec<String>,

    /// Whether the terminal makes a sound for what calls for you while you look elsewhere.
    #[arg(long, value_name = "BOOL")]
    pub bell: Option<String>,

    /// What goes to the log file: error, warn, info, debug, or filters such as chat_client=debug.
    #[arg(long, value_name = "LEVEL", env = "CHAT_LOG", default_value = "warn")]
    pub log_level: String,

    /// What to do in place of opening the chat.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What can be done without opening the chat.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Print an example of the settings, check the file, or say where it is.
    Settings {
        /// What.
        #[command(subcommand)]
        what: SettingsCommand,
    },
    /// Print the man page, with the keys as they are set: chat-tui man > chat-tui.1
    Man,
    /// Print what makes a shell complete these flags: source <(chat-tui completions bash)
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Look at the terminal, the settings, the files and the server, and say what to do; ends with 1
    /// if something does not work.
    Doctor {
        /// Show a notification, too.
        #[arg(long)]
        notify: bool,
    },
}

/// What can be done with the settings.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum SettingsCommand {
    /// Print a file with every setting at its default.
    Example,
    /// Say what is wrong in the file; ends with 1 if anything is.
    Check,
    /// Print every setting with its value of now.
    Show,
    /// Print the names of what keys can do.
    Actions,
    /// Say where the file is.
    Path,
}

/// How to begin.
#[derive(Debug)]
pub enum Begin {
    /// With this saved account, and others beside it.
    With(Box<Account>, Vec<Account>),
    /// With the form, filled in with what is known.
    Form(Known),
}

impl Flags {
    /// Whether lines are written in place of a screen: wished for, or because nothing can be drawn.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        let term = std::env::var("TERM").unwrap_or_default();
        self.plain || matches!(term.as_str(), "" | "dumb" | "unknown") || !crate::terminal::is_there()
    }

    /// Whom to trust.
    #[must_use]
    pub fn tls(&self, paths: &Paths) -> Tls {
        Tls {
            ca_file: self.ca_file.clone(),
            known: Some(KnownServers::in_folder(paths.accounts_dir())),
            trust: self.trust.clone().unwrap_or_default().0,
            tell: Tell::default(),
        }
    }

    /// Where the settings are, with what goes before the file.
    ///
    /// # Errors
    /// One sentence, for a value that is not allowed.
    pub fn settings(&self, folder: &Path) -> anyhow::Result<Source> {
        let source = self.config.clone().map_or_else(|| Source::in_folder(folder), Source::in_file);
        let mut source =
            source.with_environment(|name| std::env::var(name).ok()).map_err(anyhow::Error::msg)?;
        for wish in &self.set {
            let (name, value) =
                wish.split_once('=').context("--set takes NAME=VALUE, such as --set notify.how=bell")?;
            source = source.with_flag("--set", name, value).map_err(anyhow::Error::msg)?;
        }
        if let Some(bell) = &self.bell {
            source = source.with_flag("--bell", "bell", bell).map_err(anyhow::Error::msg)?;
        }
        Ok(source)
    }

    /// What decides about log lines.
    ///
    /// # Errors
    /// One sentence, for a filter that cannot be read.
    pub fn log_filter(&self) -> anyhow::Result<EnvFilter> {
        EnvFilter::try_new(&self.log_level)
            .map_err(|error| anyhow::anyhow!("--log-level {}: {error}", self.log_level))
    }

    /// The saved account that fits, or else what the form is filled in with.
    ///
    /// # Errors
    /// One sentence, for a wish that cannot be read.
    pub fn begin(&self, accounts: &Accounts) -> anyhow::Result<Begin> {
        let server = said(self.server.as_deref()).map(str::parse::<ServerAddress>).transpose()?;
        let user =
            said(self.user.as_deref()).map(|name| UserName::parse(name.trim_start_matches('@'))).transpose();
        let user = user.map_err(|error| anyhow::anyhow!("--user: {error}"))?;
        let fits = |account: &&Account| {
            server.as_ref().is_none_or(|server| account.server == *server)
                && user.as_ref().is_none_or(|user| account.user.name == *user)
        };
        // A token in the environment is a wish for that login, whatever is saved.
        let token = secret("CHAT_TOKEN");
        let mut fitting = accounts.all().iter().filter(fits).cloned();
        match fitting.next() {
            Some(account) if token.is_none() => {
                let more = fitting.take(if self.only { 0 } else { usize::MAX }).collect();
                Ok(Begin::With(Box::new(account), more))
            }
            _ => Ok(Begin::Form(Known {
                server: said(self.server.as_deref()).map(str::to_owned),
                user: said(self.user.as_deref()).map(str::to_owned),
                password: secret("CHAT_PASSWORD"),
                invite: secret("CHAT_INVITE"),
                token,
                returns: false,
            })),
        }
    }
}

/// A variable that is set to nothing says nothing.
fn said(value: Option<&str>) -> Option<&str> {
    value.filter(|value| !value.is_empty())
}

/// Secrets come by the environment only: flags are seen by everybody on the machine.
fn secret(name: &str) -> Option<Secret> {
    std::env::var(name).ok().filter(|value| !value.is_empty()).map(Secret::new)
}

/// The terminal's background as the environment says; what the terminal itself says goes before it.
#[must_use]
pub fn background() -> Option<Rgb> {
    std::env::var("COLORFGBG").ok().and_then(|text| from_variable(&text))
}
