//! `cargo xtask test`: everything that must hold, in one command on a fresh clone.

use std::process::{Command, Stdio};

use anyhow::{Result, ensure};

use crate::build::{BINARIES, cargo, root};
use crate::{dependencies, guide, say};

/// Checks, cheapest first; the test runner comes last, so that its summary is what one sees.
pub(crate) fn run(fast: bool) -> Result<()> {
    if !fast {
        step("format", &["fmt", "--all", "--check"])?;
        step("lints", &["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"])?;
        say("── dependencies, as deny.toml says: cargo xtask deny")?;
        dependencies::run(false)?;
    }
    // The black-box tests start these.
    step("binaries", &BINARIES)?;
    step("examples in the documentation", &["test", "--workspace", "--doc", "--quiet"])?;
    say("── the guide for admins, on a clean root: cargo xtask guide")?;
    guide::run()?;
    if has_nextest() {
        on_postgresql(&["nextest", "run", "--workspace", "--no-fail-fast", "-E", &chosen_by_nextest()])?;
        step("tests", &["nextest", "run", "--workspace", "--no-fail-fast"])
    } else {
        let chosen = chosen_by_name();
        let begin = ["test", "--workspace", "--test", "suite", "--no-fail-fast", "--"];
        on_postgresql(&begin.into_iter().chain(chosen.iter().map(String::as_str)).collect::<Vec<_>>())?;
        step("tests", &["test", "--workspace", "--all-targets", "--no-fail-fast"])
    }
}

/// Which tests of the product run on the other engine as well; the server's own suite runs itself on both.
const ON_POSTGRESQL: [&str; 7] =
    ["scenarios", "isolation", "snapshot_plus_events", "bots", "admin", "crash", "cluster"];

/// Two of them that look into SQLite's file.
const OF_SQLITE: [&str; 2] = ["in_the_servers_files", "the_last_hour_from_everywhere"];

fn chosen_by_nextest() -> String {
    let modules = ON_POSTGRESQL.map(|module| format!("test(/^{module}::/)")).join(" or ");
    format!("package(chat-tests) and ({modules}) and not test(/{}/)", OF_SQLITE.join("|"))
}

/// The same in the words of a test program. Another crate's with such a name in its path runs as well.
fn chosen_by_name() -> Vec<String> {
    let modules = ON_POSTGRESQL.iter().map(|module| format!("{module}::"));
    let others = OF_SQLITE.iter().flat_map(|test| ["--skip".to_owned(), (*test).to_owned()]);
    modules.chain(others).collect()
}

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
