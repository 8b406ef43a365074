//! `cargo xtask chaos`: `chat-chaos` breaks the world and checks; this builds it with the server and starts it.

use std::ffi::OsString;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::build::{self, Profile};

/// Builds and starts it in the root of the repository, where it keeps what failed below `target/chaos`.
pub(crate) fn run(profile: Profile, arguments: Vec<OsString>) -> Result<()> {
    let program = build::chaos(profile)?;
    let mut command = Command::new(&program);
    let status = command
        .args(arguments)
        .current_dir(build::root())
        .status()
        .with_context(|| format!("starting {}", program.display()))?;
    ensure!(status.success(), "something does not hold, or it broke off");
    Ok(())
}
