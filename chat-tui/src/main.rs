//! `chat-tui`: flags, places, log; then the loop.

use std::io::Write;
use std::process::ExitCode;

use anyhow::Context;
use chat_client::account::{Account, Accounts};
use chat_client::paths::Paths;
use chat_proto::SafeText;
use chat_tui::What;
use chat_tui::config::{Begin, Command, Flags, SettingsCommand};
use chat_tui::effect::Places;
use chat_tui::{app, plain};
use clap::{CommandFactory, Parser};

/// Wrong usage, as for every command of this product.
const WRONG_USAGE: u8 = 2;

fn main() -> ExitCode {
    let flags = Flags::parse();
    if let Some(command) = &flags.command {
        return aside(&flags, command);
    }
    match run(&flags) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("chat-tui: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The chat as lines, with one account.
async fn lines(paths: Paths, places: Places, first: What, more: &[Account]) -> anyhow::Result<ExitCode> {
    if matches!(&first, What::FirstRun(known) if !known.is_enough()) {
        eprintln!(
            "no account is saved; sign in with: chat-cli login --server URL --user NAME, \
             or set CHAT_SERVER, CHAT_USER and CHAT_PASSWORD"
        );
        return Ok(ExitCode::from(WRONG_USAGE));
    }
    if let (What::Account(account), false) = (&first, more.is_empty()) {
        let (user, server) = (&account.user.name, &account.server);
        eprintln!(
            "several accounts are saved; this is {user} on {server}, --server and --user choose another"
        );
    }
    let all_done = plain::run(paths, places, first).await?;
    Ok(if all_done { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Does what needs no screen.
fn aside(flags: &Flags, command: &Command) -> ExitCode {
    let done = match command {
        Command::Settings { what } => settings(flags, *what),
        Command::Man => man(flags),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Flags::command(), "chat-tui", &mut script);
            // Whoever reads may have enough.
            let _ = std::io::stdout().write_all(&script);
            Ok(ExitCode::SUCCESS)
        }
        Command::Doctor { notify } => doctor(flags, *notify),
    };
    done.unwrap_or_else(|error| {
        eprintln!("chat-tui: {error:#}");
        ExitCode::FAILURE
    })
}

fn man(flags: &Flags) -> anyhow::Result<ExitCode> {
    let paths = Paths::resolve(flags.data_dir.clone())?;
    let keymap = flags.settings(paths.accounts_dir())?.load().keymap;
    chat_tui::manual::man(&keymap, &mut std::io::stdout())?;
    Ok(ExitCode::SUCCESS)
}

fn settings(flags: &Flags, what: SettingsCommand) -> anyhow::Result<ExitCode> {
    let paths = Paths::resolve(flags.data_dir.clone())?;
    let source = flags.settings(paths.accounts_dir())?;
    let loaded = source.load();
    let text = match what {
        SettingsCommand::Example => chat_tui::settings::example(),
        SettingsCommand::Path => format!("{}\n", source.file().display()),
        SettingsCommand::Show => chat_tui::settings::shown(&loaded.settings),
        SettingsCommand::Actions => {
            chat_tui::keymap::all_names().iter().map(|(name, help)| format!("{name:<24} {help}\n")).collect()
        }
        SettingsCommand::Check if loaded.complaints.is_empty() => "nothing is wrong\n".to_owned(),
        SettingsCommand::Check => loaded.complaints.iter().map(|sentence| format!("{sentence}\n")).collect(),
    };
    // Lines of a file may quote what others wrote into it.
    let safe = text.lines().map(|line| format!("{}\n", SafeText::line(line)));
    std::io::stdout().write_all(safe.collect::<String>().as_bytes())?;
    let is_wrong = matches!(what, SettingsCommand::Check) && !loaded.complaints.is_empty();
    Ok(if is_wrong { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn doctor(flags: &Flags, notify: bool) -> anyhow::Result<ExitCode> {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (text, is_well) = runtime.block_on(chat_tui::doctor::examine(flags, notify));
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn run(flags: &Flags) -> anyhow::Result<ExitCode> {
    // Two providers in one program would make rustls panic at its first use.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let paths = Paths::resolve(flags.data_dir.clone())?;
    let log = paths.open_log("chat-tui").context("cannot open the log")?;
    let subscriber =
        tracing_subscriber::fmt().with_writer(log).with_ansi(false).with_env_filter(flags.log_filter()?);
    subscriber.init();
    chat_tui::crash::install(&paths);
    let accounts = Accounts::open(paths.accounts_dir())?;
    let (first, more) = match flags.begin(&accounts)? {
        Begin::With(account, more) => (What::Account(*account), more),
        Begin::Form(known) => (What::FirstRun(known), Vec::new()),
    };
    let mut places = app::places(&paths, flags.tls(&paths));
    places.settings = flags.settings(paths.accounts_dir())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let result = match flags.is_plain() {
        true => runtime.block_on(lines(paths, places, first, &more)),
        false => runtime.block_on(app::run(paths, places, first, more)).map(|()| ExitCode::SUCCESS),
    };
    // The thread that reads the keyboard cannot be interrupted, and is not waited for.
    runtime.shutdown_background();
    result
}
