//! What must not be left behind: processes and folders that this process made and still holds.
//!
//! Handles end what is theirs when they are dropped. A signal drops nothing, so a program that is
//! told to stop calls [`end_all`] instead.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use tempfile::TempDir;

use crate::Signal;

/// How long processes have to end by themselves; a terminal program gives its terminal back then.
const GRACE: Duration = Duration::from_secs(3);

const POLL: Duration = Duration::from_millis(20);

struct Held {
    processes: BTreeSet<u32>,
    folders: BTreeSet<PathBuf>,
}

// A lock, because a signal's thread ends what other threads have started.
static HELD: Mutex<Held> = Mutex::new(Held { processes: BTreeSet::new(), folders: BTreeSet::new() });

fn held() -> MutexGuard<'static, Held> {
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Counts a process as ours until [`release`].
pub fn hold(pid: u32) {
    held().processes.insert(pid);
}

/// The process has ended and was waited for; its id may be another's now.
pub fn release(pid: u32) {
    held().processes.remove(&pid);
}

/// A temporary folder that goes with its handle, and with [`end_all`].
pub struct Folder {
    path: PathBuf,
    dir: Option<TempDir>,
}

impl Folder {
    /// Makes one; the prefix says what it is for.
    ///
    /// # Errors
    /// There is no place for it.
    pub fn new(prefix: &str) -> Result<Self> {
        Self::hold(TempDir::with_prefix(prefix)?)
    }

    /// Makes one in this folder, where the system's own place for temporary files will not do.
    ///
    /// # Errors
    /// There is no place for it.
    pub fn below(dir: &Path, prefix: &str) -> Result<Self> {
        Self::hold(TempDir::with_prefix_in(prefix, dir)?)
    }

    fn hold(dir: TempDir) -> Result<Self> {
        let path = dir.path().to_owned();
        held().folders.insert(path.clone());
        Ok(Self { path, dir: Some(dir) })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // First gone, then released: a signal in between must still find it.
        self.dir = None;
        held().folders.remove(&self.path);
    }
}

/// Ends every process that is held, politely and then not, and removes every folder.
pub fn end_all() {
    let processes: Vec<u32> = held().processes.iter().copied().collect();
    // An error of a signal means that the process has ended, which is what is wanted.
    for pid in &processes {
        let _ = Signal::Terminate.send(*pid);
    }
    let until = Instant::now() + GRACE;
    for pid in processes {
        while is_alive(pid) && Instant::now() < until {
            thread::sleep(POLL);
        }
        if is_alive(pid) {
            let _ = Signal::Kill.send(pid);
        }
    }
    let folders: Vec<PathBuf> = held().folders.iter().cloned().collect();
    for folder in folders {
        // Its owner may be removing it at this moment, so one try can fail; what cannot be removed
        // in time is left to the system's own tidying.
        while std::fs::remove_dir_all(&folder).is_err() && folder.exists() && Instant::now() < until {
            thread::sleep(POLL);
        }
    }
}

/// Whether a process runs. One that has ended and was not waited for does not.
fn is_alive(pid: u32) -> bool {
    match std::fs::read_to_string(format!("/proc/{pid}/stat")) {
        // The state follows the name, which stands in brackets and may hold anything.
        Ok(stat) => stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z')),
        // Where there is no /proc, nobody is waited for.
        Err(_) => false,
    }
}
