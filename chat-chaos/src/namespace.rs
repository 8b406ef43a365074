//! Disks are mounted, and packets dropped, where nobody else notices: in namespaces of this very program, which the
//! system takes away with it, however it ends.

use std::os::unix::process::CommandExt as _;
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// Says that this program is in its own namespaces already.
const INSIDE: &str = "CHAOS_NAMESPACE";

/// Has the loopback of a new network work, which is all that there is in it.
const LOOPBACK_UP: [&str; 5] = ["ip", "link", "set", "lo", "up"];

/// Starts this program again in namespaces of its own, unless it is there: for mounts, and for a network where that
/// is asked for.
///
/// # Errors
/// The system does not let us.
pub(crate) fn enter(network: bool) -> Result<()> {
    if std::env::var_os(INSIDE).is_some() {
        if network {
            let [ip, arguments @ ..] = LOOPBACK_UP;
            let status = Command::new(ip).args(arguments).status().context("starting ip")?;
            ensure!(status.success(), "the loopback of the new network does not come up");
        }
        return Ok(());
    }
    let mut command = Command::new("unshare");
    command.args(["--mount", "--propagation", "private"]).args(network.then_some("--net"));
    command.arg(std::env::current_exe()?).args(std::env::args_os().skip(1)).env(INSIDE, "1");
    // Returns only when it failed.
    Err(command.exec()).context("a namespace for mounts and network (unshare)")
}

/// Whether the system gives a network of our own in which packets can be dropped.
pub(crate) fn can_drop_packets() -> bool {
    let up = LOOPBACK_UP.join(" ");
    let drop = "nft add table inet probe && nft 'add chain inet probe in { type filter hook input priority 0; }' \
                && nft add rule inet probe in tcp dport 1 numgen random mod 100 '<' 10 drop";
    let mut command = Command::new("unshare");
    command.args(["--mount", "--net", "sh", "-c", &format!("{up} && {drop}")]);
    command.output().is_ok_and(|output| output.status.success())
}
