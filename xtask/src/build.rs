//! Building the binaries, and telling the harness where they are.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;

use crate::say;

/// How the binaries are built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Profile {
    /// Small and fast, as they are installed; the first build takes ten minutes and more on two cores.
    Release,
    /// Built in a third of that, and what the tests use.
    Dev,
}

impl Profile {
    /// The folder below the target folder.
    pub(crate) fn folder(self) -> &'static str {
        match self {
            Profile::Release => "release",
            Profile::Dev => "debug",
        }
    }
}

/// What builds every binary for tests; the first step of a check.
pub(crate) const BINARIES: [&str; 3] = ["build", "--workspace", "--bins"];

/// The root of the repository.
pub(crate) fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// Builds the product, unless `CHAT_BIN_DIR` says where it already is.
pub(crate) fn binaries(profile: Profile) -> Result<()> {
    if std::env::var_os("CHAT_BIN_DIR").is_some() {
        return Ok(());
    }
    say("Building the chat …")?;
    match profile {
        // Only what people install.
        Profile::Release => {
            let mut arguments = vec!["build", "--bins", "--release"];
            for package in ["chat-server", "chat-client", "chat-tui"] {
                arguments.extend(["--package", package]);
            }
            cargo(&arguments)?;
        }
        // As the tests have them: of other packages, cargo would want other features, and build half of
        // the dependencies again.
        Profile::Dev => cargo(&BINARIES)?,
    }
    chat_tests::use_binaries_in(target_dir()?.join(profile.folder()));
    Ok(())
}

/// Builds the server and what measures it; says where the latter is.
pub(crate) fn bench_of_server(profile: Profile) -> Result<PathBuf> {
    if std::env::var_os("CHAT_BIN_DIR").is_none() {
        say("Building the server and what measures it …")?;
        let mut arguments = vec!["build", "--bins"];
        for package in ["chat-server", "chat-bench"] {
            arguments.extend(["--package", package]);
        }
        if profile == Profile::Release {
            arguments.push("--release");
        }
        cargo(&arguments)?;
        chat_tests::use_binaries_in(target_dir()?.join(profile.folder()));
    }
    chat_tests::bin("chat-bench")
}

/// Builds the server and what breaks the world around it; says where the latter is.
pub(crate) fn chaos(profile: Profile) -> Result<PathBuf> {
    if std::env::var_os("CHAT_BIN_DIR").is_none() {
        match profile {
            Profile::Dev => cargo(&BINARIES)?,
            Profile::Release => {
                let packages = ["--package", "chat-server", "--package", "chat-chaos"];
                cargo(&[&["build", "--bins", "--release"][..], &packages].concat())?;
            }
        }
        chat_tests::use_binaries_in(target_dir()?.join(profile.folder()));
    }
    chat_tests::bin("chat-chaos")
}

/// Runs cargo in the root of the repository. A build takes minutes: whoever sits there sees how far it is.
pub(crate) fn cargo(arguments: &[&str]) -> Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(arguments).current_dir(root());
    if arguments.first() == Some(&"build") && !std::io::stderr().is_terminal() {
        command.arg("--quiet");
    }
    let status = command.status().context("starting cargo")?;
    ensure!(status.success(), "`cargo {}` failed", arguments.join(" "));
    Ok(())
}

/// The folder in which cargo builds, two above this very program.
fn target_dir() -> Result<PathBuf> {
    let executable = std::env::current_exe().context("where is this executable?")?;
    let dir = executable.parent().and_then(Path::parent).context("an executable lies below target/")?;
    Ok(dir.to_owned())
}
