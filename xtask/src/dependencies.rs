//! `cargo xtask deny`: what may come into this house, as `deny.toml` says, held by `cargo-deny`.
//!
//! Licences, sources and bans are in the packages themselves: those of other platforms come from the
//! registry first. Advisories come from a database on the internet.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::build::{cargo, root};
use crate::say;

/// The version that `deny.toml` was written for.
const CARGO_DENY: &str = "0.20.2";

/// Checks bans, licences and sources, then advisories. Where their database cannot be fetched it says so
/// and goes on, unless they were asked for.
pub(crate) fn run(advisories: bool) -> Result<()> {
    let program = program()?;
    deny(&program, &["check", "bans", "licenses", "sources"])?;
    if deny(&program, &["fetch", "db"]).is_ok() {
        return deny(&program, &["--offline", "check", "advisories"]);
    }
    let sentence = "the database of advisories cannot be fetched here; try again where github.com is reached";
    ensure!(!advisories, sentence);
    say(format!("NOT CHECKED: {sentence}"))
}

/// Runs it in the root of the repository.
fn deny(program: &Path, what: &[&str]) -> Result<()> {
    let mut command = Command::new(program);
    command.current_dir(root()).args(["--log-level", "error", "--workspace", "--locked"]).args(what);
    let status = command.status().with_context(|| format!("starting {}", program.display()))?;
    ensure!(status.success(), "deny.toml does not allow what stands above");
    Ok(())
}

/// The checker, built once into the target folder: by the quick profile, because it runs for a second.
fn program() -> Result<PathBuf> {
    let tools = root().join("target/tools");
    let program = tools.join("bin").join(format!("cargo-deny{}", std::env::consts::EXE_SUFFIX));
    if !program.exists() {
        say(format!("Building cargo-deny {CARGO_DENY}, which looks at the dependencies …"))?;
        let place = tools.to_string_lossy().into_owned();
        let what = ["install", "cargo-deny", "--version", CARGO_DENY, "--locked", "--quiet", "--debug"];
        let how = ["--no-default-features", "--root", &place];
        cargo(&[&what[..], &how[..]].concat())?;
    }
    Ok(program)
}
