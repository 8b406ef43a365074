//! Disks are mounted where nobody else sees them: in a mount namespace of this very program, which the system
//! takes away with it, however it ends.

use std::os::unix::process::CommandExt as _;
use std::process::Command;

use anyhow::{Context, Result};

/// Says that this program is in its own namespace already.
const INSIDE: &str = "CHAOS_NAMESPACE";

/// Starts this program again in a namespace of its own, unless it is there.
///
/// # Errors
/// The system does not let us.
pub(crate) fn enter() -> Result<()> {
    if std::env::var_os(INSIDE).is_some() {
        return Ok(());
    }
    let mut command = Command::new("unshare");
    command.args(["--mount", "--propagation", "private"]).arg(std::env::current_exe()?);
    command.args(std::env::args_os().skip(1)).env(INSIDE, "1");
    // Returns only when it failed.
    Err(command.exec()).context("a namespace for mounts (unshare)")
}
