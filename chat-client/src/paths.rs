//! Where the clients keep what they keep: accounts, caches, logs.
//!
//! One folder given by `--data-dir` or `CHAT_CONFIG_DIR` holds everything, so that two runs with
//! two folders know nothing of each other; without it, the system's usual places. All folders are
//! made for their owner only.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use directories::ProjectDirs;
use thiserror::Error;

use crate::account::Account;
use crate::private;

/// The environment variable that names the one folder.
pub const DIR_VARIABLE: &str = "CHAT_CONFIG_DIR";

/// Why there is no place for the client's files.
#[derive(Debug, Error)]
pub enum PathError {
    /// The system does not say where a person's files belong.
    #[error("this system has no home folder; name a folder with --data-dir or CHAT_CONFIG_DIR")]
    NoHome,
    /// A folder cannot be made.
    #[error("cannot make the folder {}: {cause}", path.display())]
    Folder {
        /// Which.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
}

/// The places of the client's files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    config: PathBuf,
    data: PathBuf,
}

impl Paths {
    /// The places under the given folder, else under the one that `CHAT_CONFIG_DIR` names, else
    /// where the system keeps such files. Makes the folders.
    ///
    /// # Errors
    /// [`PathError`]
    pub fn resolve(one_folder: Option<PathBuf>) -> Result<Self, PathError> {
        let variable = || std::env::var_os(DIR_VARIABLE).filter(|text| !text.is_empty()).map(PathBuf::from);
        let paths = match one_folder.or_else(variable) {
            Some(dir) => Self { config: dir.clone(), data: dir },
            None => {
                let dirs = ProjectDirs::from("", "", "chat").ok_or(PathError::NoHome)?;
                Self { config: dirs.config_dir().to_owned(), data: dirs.data_local_dir().to_owned() }
            }
        };
        for path in [paths.config.clone(), paths.data.clone(), paths.cache_dir(), paths.log_dir()] {
            private::create_dir(&path).map_err(|cause| PathError::Folder { path, cause })?;
        }
        // These two are ours alone, whoever made them.
        for path in [paths.cache_dir(), paths.log_dir()] {
            private::close_to_others(&path).map_err(|cause| PathError::Folder { path, cause })?;
        }
        Ok(paths)
    }

    /// The folder for [`crate::account::Accounts::open`].
    #[must_use]
    pub fn accounts_dir(&self) -> &Path {
        &self.config
    }

    /// The cache, outbox and drafts of an account, for [`crate::Storage::File`]. When two engines
    /// run on one account, the second takes a file beside it by itself.
    #[must_use]
    pub fn cache_file(&self, account: &Account) -> PathBuf {
        let host: String = account
            .server
            .host()
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-') { c } else { '_' })
            .collect();
        self.cache_dir().join(format!("{host}_{}_{}.db", account.server.port(), account.user.id))
    }

    /// Takes away what [`Paths::cache_file`] names, with everything beside it: journals, locks, and
    /// the files of further engines.
    ///
    /// # Errors
    /// The system's.
    pub fn remove_cache(&self, account: &Account) -> io::Result<()> {
        let file = self.cache_file(account);
        let Some(stem) = file.file_stem().and_then(|stem| stem.to_str()) else { return Ok(()) };
        let begin = format!("{stem}.");
        for entry in std::fs::read_dir(self.cache_dir())? {
            let entry = entry?;
            if entry.file_name().to_str().is_some_and(|name| name.starts_with(&begin)) {
                std::fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    /// The folder for [`crate::files::Courier::new`].
    #[must_use]
    pub fn transfers_dir(&self) -> PathBuf {
        self.data.clone()
    }

    /// The path of a log, by the program's name.
    #[must_use]
    pub fn log_file(&self, name: &str) -> PathBuf {
        self.log_dir().join(format!("{name}.log"))
    }

    /// Opens a program's log for appending; only the owner may read it.
    ///
    /// # Errors
    /// The system's.
    pub fn open_log(&self, name: &str) -> io::Result<File> {
        let path = self.log_file(name);
        let log = private::append(&path)?;
        // One of an older program, or one that was copied.
        private::close_to_others(&path)?;
        Ok(log)
    }

    /// The folder of the caches.
    #[must_use]
    pub fn cache_dir(&self) -> PathBuf {
        self.data.join("cache")
    }

    /// The folder of the logs.
    #[must_use]
    pub fn log_dir(&self) -> PathBuf {
        self.data.join("log")
    }
}

/// Where people look for what they have downloaded; here, if the system does not say.
#[must_use]
pub fn download_dir() -> PathBuf {
    let dirs = directories::UserDirs::new();
    let dir = dirs.as_ref().and_then(directories::UserDirs::download_dir).filter(|dir| dir.is_dir());
    dir.map_or_else(|| PathBuf::from("."), Path::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_folder_holds_everything() {
        let dir = tempfile::tempdir().unwrap();
        let one = dir.path().join("one");
        let paths = Paths::resolve(Some(one.clone())).unwrap();
        assert_eq!(paths.accounts_dir(), one);
        assert!(paths.log_file("chat-tui").starts_with(&one));
        paths.open_log("chat-tui").unwrap();
        assert!(one.join("log/chat-tui.log").exists());
    }
}
