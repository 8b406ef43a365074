//! Files between this disk and the server, over HTTP beside the socket.
//!
//! 1. A transfer that is cut goes on where it was, also when this program was ended in between: an
//!    upload is remembered by its file, a download by its part.
//! 2. No file of the person's is ever overwritten, and none has its name before it is whole: what
//!    came is compared with the server's SHA-256 of it.
//! 3. Names from others are made harmless again before they become names of files.
//! 4. A server may send a download to the store where the file lies; neither the token nor anything
//!    else of the person goes there.
//!
//! The same trust holds as for the socket: the address, the certificates, the token.

mod download;
mod elsewhere;
mod http;
mod journal;
mod name;
mod upload;

use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chat_proto::{Secret, WireError};
use thiserror::Error;

use crate::account::Account;
use crate::address::ServerAddress;
use crate::backoff::Backoff;
use crate::tls::{Tls, TlsError};
use crate::wire::DialError;

pub use download::Saved;
pub use name::size_in_words;

/// Failures in a row, without a byte of progress, after which a transfer is given up. With the waits
/// between them that is about two minutes.
const TRIES: u32 = 8;

/// How far a transfer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Bytes done, those of an earlier run too.
    pub done: u64,
    /// Bytes in all.
    pub total: u64,
}

/// Is told of progress, often; it must not wait.
pub type OnProgress = Arc<dyn Fn(Progress) + Send + Sync>;

/// Why a file was not carried.
#[derive(Debug, Error)]
pub enum FileError {
    /// There is no connection.
    #[error(transparent)]
    Dial(#[from] DialError),
    /// TLS cannot be set up.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The server said no.
    #[error("{}", chat_proto::SafeText::line(&.0.message))]
    Refused(WireError),
    /// The connection ended, or stood still.
    #[error("the connection was cut ({0}); try again, it goes on where it was")]
    Cut(String),
    /// The store to which the server sends for the file gives nothing.
    #[error(
        "the file lies in the store {store}, which cannot be used: {cause}; if that stays so, tell the server's admin"
    )]
    Store {
        /// Where it is.
        store: String,
        /// The reason.
        cause: String,
        /// Whether it may pass.
        is_temporary: bool,
    },
    /// The answer is not what the protocol says.
    #[error("the server's answer cannot be read ({0}); update this program")]
    Odd(String),
    /// A file of this disk cannot be used.
    #[error("cannot use {}: {cause}", chat_proto::SafeText::line(&path.display().to_string()))]
    Disk {
        /// Which.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// What is to be uploaded is no file.
    #[error("{} is not a file; name one", chat_proto::SafeText::line(&.0.display().to_string()))]
    NoFile(PathBuf),
    /// The file became another while it was read.
    #[error("{} changed while it was uploaded; try again", chat_proto::SafeText::line(&.0.display().to_string()))]
    Changed(PathBuf),
    /// What came is not what the server has.
    #[error("the file came damaged and was thrown away; try again")]
    Damaged,
    /// Another program fetches the same file to the same place.
    #[error("this file is being downloaded already")]
    Busy,
}

impl FileError {
    /// Whether the same may succeed if it is simply tried again.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        match self {
            FileError::Refused(error) => error.temporary,
            FileError::Dial(error) => error.is_temporary(),
            FileError::Cut(_) => true,
            FileError::Store { is_temporary, .. } => *is_temporary,
            _ => false,
        }
    }

    fn wait(&self) -> Option<Duration> {
        match self {
            FileError::Refused(error) => error.retry_after_ms.map(Duration::from_millis),
            _ => None,
        }
    }

    fn disk(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |cause| FileError::Disk { path, cause }
    }
}

/// Carries files for one account.
#[derive(Debug, Clone)]
pub struct Courier {
    server: ServerAddress,
    token: Secret,
    tls: Tls,
    journal: journal::Journal,
}

impl Courier {
    /// A courier for this account; what is under way is remembered in this folder.
    #[must_use]
    pub fn new(account: &Account, tls: Tls, folder: PathBuf) -> Self {
        let journal = journal::Journal::new(folder, account);
        Self { server: account.server.clone(), token: account.token.clone(), tls, journal }
    }
}

/// Counts failures in a row.
#[derive(Default)]
struct Patience {
    backoff: Backoff,
    failures: u32,
}

impl Patience {
    /// Something went on.
    fn restore(&mut self) {
        *self = Self::default();
    }

    /// Waits before the next try, or gives the failure back as the last one.
    async fn after(&mut self, failure: FileError) -> Result<(), FileError> {
        self.failures += 1;
        if !failure.is_temporary() || self.failures >= TRIES {
            return Err(failure);
        }
        tracing::debug!(%failure, "a transfer is tried again");
        tokio::time::sleep(self.backoff.next(rand::random(), failure.wait())).await;
        Ok(())
    }

    /// Tries until it succeeds or there is no hope.
    async fn insist<T, F>(&mut self, mut attempt: impl FnMut() -> F) -> Result<T, FileError>
    where
        F: Future<Output = Result<T, FileError>>,
    {
        loop {
            match attempt().await {
                Ok(done) => return Ok(done),
                Err(failure) => self.after(failure).await?,
            }
        }
    }
}
