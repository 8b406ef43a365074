//! What the system knows of a process: memory, time on a processor, and how often it woke up.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};

/// What was used up to a moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Used {
    /// Time on a processor.
    pub(super) processor: Duration,
    /// How often one of its threads slept and was woken.
    pub(super) wakes: u64,
}

/// What a process has used so far.
pub(super) fn used(pid: u32) -> Result<Used> {
    let mut used = Used { processor: Duration::ZERO, wakes: 0 };
    for thread in fs::read_dir(format!("/proc/{pid}/task")).context("these benchmarks need Linux")? {
        let dir = thread?.path();
        // A thread may end while it is looked at.
        let Ok(status) = fs::read_to_string(dir.join("status")) else { continue };
        used.wakes += number(&status, "voluntary_ctxt_switches:").unwrap_or_default();
        let times = fs::read_to_string(dir.join("schedstat")).unwrap_or_default();
        let nanoseconds = times.split(' ').next().and_then(|first| first.parse().ok());
        used.processor += Duration::from_nanos(nanoseconds.unwrap_or_default());
    }
    Ok(used)
}

/// Memory of a process that is in use now, and the most that ever was, in MiB.
pub(super) fn memory(pid: u32) -> Result<(f64, f64)> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).context("these benchmarks need Linux")?;
    let mib = |name| number(&status, name).map(|kib| kib as f64 / 1024.0);
    mib("VmRSS:").zip(mib("VmHWM:")).context("the system does not say how much memory is used")
}

fn number(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find(|line| line.starts_with(name))?;
    line[name.len()..].split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_by_their_names() {
        let status = "VmHWM:\t  2048 kB\nVmRSS:\t  1024 kB\nnonvoluntary_ctxt_switches:\t7\nvoluntary_ctxt_switches:\t5\n";
        assert_eq!(number(status, "VmRSS:"), Some(1024));
        assert_eq!(number(status, "voluntary_ctxt_switches:"), Some(5));
    }
}
