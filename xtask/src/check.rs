//! `cargo xtask test`: everything that must hold, in one command on a fresh clone.

use std::process::{Command, Stdio};

use anyhow::{Result, ensure};

use crate::build::{BINARIES, cargo, root};
use crate::{guide, say};

/// Checks, cheapest first; the test runner comes last, so that its summary is what one sees.
pub(crate) fn run(fast: bool) -> Result<()> {
    if !fast {
        step("format", &["fmt", "--all", "--check"])?;
        step("lints", &["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"])?;
    }
    // The black-box tests start these.
    step("binaries", &BINARIES)?;
    step("examples in the documentation", &["test", "--workspace", "--doc", "--quiet"])?;
    say("── the guide for admins, on a clean root: cargo xtask guide")?;
    guide::run()?;
    if has_nextest() {
        on_postgresql(&["nextest", "run", "--workspace", "--no-fail-fast", "-E", ON_POSTGRESQL])?;
        step("tests", &["nextest", "run", "--workspace", "--no-fail-fast"])
    } else {
        on_postgresql(&["test", "--workspace", "--test", "suite", "scenarios::"])?;
        step("tests", &["test", "--workspace", "--all-targets", "--no-fail-fast"])
    }
}

/// The product on the other engine. What needs no database is left out, and two tests that look into SQLite's
/// file; the server's own suite runs itself on both.
const ON_POSTGRESQL: &str = "package(chat-tests) and (test(/^scenarios::/) or test(/^isolation::/) \
    or test(/^snapshot_plus_events::/) or test(/^bots::/) or test(/^admin::/) or test(/^crash::/) \
    or test(/^cluster::/)) and not test(/in_the_servers_files|the_last_hour_from_everywhere/)";

fn on_postgresql(arguments: &[&str]) -> Result<()> {
    // Where it is missing and cannot be installed, this says how; it is never left out.
    chat_tests::postgres::programs()?;
    say(format!(
        "── tests of the product on PostgreSQL: CHAT_TEST_ENGINE=postgres cargo {}",
        arguments.join(" ")
    ))?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(arguments)
        .env("CHAT_TEST_ENGINE", "postgres")
        .current_dir(root())
        .status()?;
    ensure!(status.success(), "the product does not hold on PostgreSQL");
    Ok(())
}

fn step(what: &str, arguments: &[&str]) -> Result<()> {
    say(format!("── {what}: cargo {}", arguments.join(" ")))?;
    cargo(arguments)
}

fn has_nextest() -> bool {
    let mut command = Command::new("cargo-nextest");
    let found = command.args(["nextest", "--version"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    found.is_ok_and(|status| status.success())
}
