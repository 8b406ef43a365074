//! `cargo xtask guide`: does what docs/admin.md says, in its order, on a clean root.
//!
//! The root is an overlay over this machine's own with a network of its own, so nothing of it
//! stays. The packages are real; only systemd has a stand-in, which reads the unit.

use std::fs;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use crate::build::{self, Profile, root};
use crate::{package, say};

/// Set where the guide must be tried: there a machine that cannot is a failure.
const NEEDED: &str = "CHAT_TESTS_NEED_ROOT";

/// What is checked after the guide: that what it set up is a chat.
const AFTER: &str = include_str!("../../packaging/guide/after.sh");

/// Follows the guide, and shows what was done where it failed.
pub(crate) fn run() -> Result<()> {
    if let Some(lack) = lack() {
        let sentence = format!("the guide for admins cannot be tried here: {lack}");
        if std::env::var_os(NEEDED).is_some() {
            bail!(sentence);
        }
        return say(format!("NOT TRIED: {sentence}"));
    }
    build::binaries(Profile::Dev)?;
    package::make(Profile::Dev)?;
    let document = root().join("docs/admin.md");
    let text = fs::read_to_string(&document).with_context(|| format!("reading {}", document.display()))?;
    let commands = format!("{}\n{AFTER}", commands(&text));
    let folder = chat_tests::Folder::new("chat-guide-")?;
    let guide = folder.path().join("guide.sh");
    fs::write(&guide, commands)?;
    let place = folder.path().join("root");
    fs::create_dir(&place)?;
    let mut command = Command::new("unshare");
    command.args(["--mount", "--net", "--pid", "--fork", "--kill-child"]);
    command.arg(root().join("packaging/guide/root.sh"));
    command.arg(&place).arg(root().join("target/debian")).arg(&guide).stdin(Stdio::null());
    let done = command.output().context("starting unshare")?;
    ensure!(
        done.status.success(),
        "the guide does not lead to a chat:\n{}{}",
        String::from_utf8_lossy(&done.stdout),
        String::from_utf8_lossy(&done.stderr)
    );
    Ok(())
}

/// What this machine lacks to have a clean root, if anything.
fn lack() -> Option<&'static str> {
    let has = |program: &str| {
        let found =
            Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        found.is_ok_and(|status| status.success())
    };
    let ip = Command::new("ip").arg("-V").stdout(Stdio::null()).status().is_ok_and(|status| status.success());
    if !has("unshare") || !has("dpkg-deb") || !ip {
        return Some("it needs a Debian with util-linux and iproute2");
    }
    let may = Command::new("unshare").args(["--mount", "--net", "true"]).stderr(Stdio::null()).status();
    may.is_ok_and(|status| status.success()).then_some(()).map_or(Some("it needs root"), |()| None)
}

/// The lines of the document's `sh` blocks.
fn commands(document: &str) -> String {
    let mut inside = false;
    let mut out = String::new();
    for line in document.lines() {
        match (inside, line) {
            (false, "```sh") => inside = true,
            (true, "```") => inside = false,
            (true, line) => out.extend([line, "\n"]),
            _ => {}
        }
    }
    out
}
