//! What a run takes of the machine: a core for the server, another for the generator, and files.

use std::fmt;

use anyhow::{Context, Result};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// Files that a process holds beside its connections.
const OTHER_FILES: u64 = 500;

/// Which core is whose.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cores {
    server: usize,
    generator: usize,
    allowed: CpuSet,
}

impl Cores {
    /// The first two that this process may use; the same one twice where there is only one.
    ///
    /// # Errors
    /// The system does not say.
    pub(crate) fn choose() -> Result<Self> {
        let allowed = sched_getaffinity(None).context("which cores may be used?")?;
        let mut cores = (0..CpuSet::MAX_CPU).filter(|core| allowed.is_set(*core));
        let server = cores.next().context("no core may be used")?;
        Ok(Self { server, generator: cores.next().unwrap_or(server), allowed })
    }

    /// Does something on the server's core: a process that is started there stays there.
    ///
    /// # Errors
    /// The system refuses, or what is done fails.
    pub(crate) fn for_server<T>(self, act: impl FnOnce() -> Result<T>) -> Result<T> {
        pin(self.server)?;
        let done = act();
        pin(self.generator)?;
        done
    }

    /// Does something on all cores that may be used: a process that is started there goes where it likes.
    ///
    /// # Errors
    /// The system refuses, or what is done fails.
    pub(crate) fn anywhere<T>(self, act: impl FnOnce() -> Result<T>) -> Result<T> {
        sched_setaffinity(None, &self.allowed).context("using all cores")?;
        let done = act();
        pin(self.generator)?;
        done
    }

    /// Whether each has its own.
    pub(crate) fn are_two(self) -> bool {
        self.server != self.generator
    }
}

impl fmt::Display for Cores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.are_two() {
            write!(f, "server on core {}, generator on core {}", self.server, self.generator)
        } else {
            write!(f, "server and generator share core {}: its figures say little", self.server)
        }
    }
}

/// Keeps this thread, and the processes that it starts, on a core.
fn pin(core: usize) -> Result<()> {
    let mut set = CpuSet::new();
    set.set(core);
    sched_setaffinity(None, &set).with_context(|| format!("staying on core {core}"))
}

/// Lets this process, and those that it starts, open as many files as they may; says how many
/// connections that is.
///
/// # Errors
/// The system refuses.
pub(crate) fn raise_files() -> Result<usize> {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit })
        .context("raising the file limit")?;
    let connections = limit.maximum.unwrap_or(u64::from(u32::MAX)).saturating_sub(OTHER_FILES);
    Ok(usize::try_from(connections).unwrap_or(usize::MAX))
}
