//! `cargo xtask test`: everything that must hold, in one command on a fresh clone.

use std::process::{Command, Stdio};

use anyhow::Result;

use crate::build::{BINARIES, cargo};
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
        step("tests", &["nextest", "run", "--workspace", "--no-fail-fast"])
    } else {
        step("tests", &["test", "--workspace", "--all-targets", "--no-fail-fast"])
    }
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
