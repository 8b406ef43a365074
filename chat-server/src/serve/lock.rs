//! The data directory: who may look into it, and who works on it now.

use std::fs::{self, DirBuilder, File};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use anyhow::{Context, bail};

/// Held as long as a server runs on the directory.
pub(crate) const LOCK: &str = "chat-server.lock";

/// Only the server's own user may look into the data directory.
const PRIVATE: u32 = 0o700;

/// As long as it lives, nobody works on the data directory whom that would not suit.
#[derive(Debug)]
pub(crate) struct Lock(File);

impl Lock {
    /// For one alone: two servers on one database would each think that they own its conversations.
    ///
    /// # Errors
    /// Another one works on it, or the file cannot be made or locked; with what to do.
    pub(crate) fn alone(data_dir: &Path) -> anyhow::Result<Self> {
        let file = open(data_dir)?;
        let locked = file.try_lock();
        taken(file, locked, data_dir, "stop it first, or choose another directory with --data-dir")
    }

    /// For several servers on one database that are on one bus, and none that is not.
    ///
    /// # Errors
    /// As [`Self::alone`].
    pub(super) fn shared(data_dir: &Path) -> anyhow::Result<Self> {
        let file = open(data_dir)?;
        let locked = file.try_lock_shared();
        taken(file, locked, data_dir, "start that one with the same --bus, or stop it first")
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // To close the file is not enough: a process that another thread is just starting still has it
        // open, and the next one here would be told that somebody works on the directory.
        let _ = self.0.unlock();
    }
}

pub(super) fn make_private(dir: &Path) -> anyhow::Result<()> {
    let made = DirBuilder::new().recursive(true).mode(PRIVATE).create(dir);
    made.with_context(|| {
        format!("cannot make the data directory {}; choose another with --data-dir", dir.display())
    })
}

fn open(data_dir: &Path) -> anyhow::Result<File> {
    make_private(data_dir)?;
    let path = data_dir.join(LOCK);
    let file = fs::OpenOptions::new().create(true).truncate(false).write(true).open(&path);
    file.with_context(|| format!("cannot write {}", path.display()))
}

fn taken(
    file: File,
    locked: Result<(), fs::TryLockError>,
    data_dir: &Path,
    advice: &str,
) -> anyhow::Result<Lock> {
    match locked {
        Ok(()) => Ok(Lock(file)),
        Err(fs::TryLockError::WouldBlock) => {
            bail!("another chat-server is running on {}; {advice}", data_dir.display())
        }
        Err(fs::TryLockError::Error(cause)) => {
            Err(cause).with_context(|| format!("cannot lock {}", data_dir.join(LOCK).display()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_up_it_is_free_also_while_another_process_still_has_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let held = Lock::alone(dir.path()).unwrap();
        assert!(Lock::alone(dir.path()).unwrap_err().to_string().contains("another chat-server"));
        assert!(Lock::shared(dir.path()).is_err());
        // What a process has that is being started.
        let inherited = held.0.try_clone().unwrap();
        drop(held);
        let (one, two) = (Lock::shared(dir.path()).unwrap(), Lock::shared(dir.path()).unwrap());
        assert!(Lock::alone(dir.path()).is_err(), "one works on it beside others");
        drop((one, two));
        Lock::alone(dir.path()).unwrap();
        drop(inherited);
    }
}
