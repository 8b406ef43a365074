//! The way from a command to the server: to the one that runs on the data directory, or, where none
//! runs, into the directory itself. Both answer the same.

use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use anyhow::{Context, bail, ensure};
use chat_proto::Ask;
use tokio::io::DuplexStream;
use tokio::net::UnixStream;

use crate::config::Config;
use crate::console::{self, Console, ConsoleError};
use crate::serve::{DATABASE, Opened};

/// Bytes on their way between a command and the server in its own process.
const PIPE_BYTES: usize = 64 * 1024;

/// A console that can be asked.
pub(super) enum Link {
    /// A server is running.
    Running(Box<Console<UnixStream>>),
    /// None is; the directory is ours as long as this lives.
    Alone(Box<Console<DuplexStream>>, Opened),
}

impl Link {
    /// Finds the way; to a server that does not exist yet only where one may begin with this.
    ///
    /// # Errors
    /// Why there is none, with what to do.
    pub(super) async fn find(config: &Config, sets_up: bool) -> anyhow::Result<Self> {
        let place = console::place(&config.data_dir);
        match UnixStream::connect(&place).await {
            Ok(stream) => Ok(Self::Running(Box::new(Console::new(stream)))),
            // A path that cannot be a socket's (too long) is of a server without a console.
            Err(cause)
                if matches!(
                    cause.kind(),
                    ErrorKind::NotFound | ErrorKind::ConnectionRefused | ErrorKind::InvalidInput
                ) =>
            {
                refuse_root(&config.data_dir).context(NO_SERVER)?;
                if !sets_up {
                    must_be_set_up(config)?;
                }
                let opened = Opened::new(config).await?;
                let (here, there) = tokio::io::duplex(PIPE_BYTES);
                tokio::spawn(console::converse(opened.app.clone(), there));
                Ok(Self::Alone(Box::new(Console::new(here)), opened))
            }
            Err(cause) if cause.kind() == ErrorKind::PermissionDenied => {
                bail!("only the server's own user and root may do this; try again with sudo")
            }
            Err(cause) => {
                Err(cause).with_context(|| format!("cannot reach the server at {}", place.display()))
            }
        }
    }

    /// Asks, and waits for the answer.
    pub(super) async fn ask<A: Ask>(&mut self, ask: A) -> Result<A::Answer, ConsoleError> {
        match self {
            Self::Running(console) => console.ask(ask).await,
            Self::Alone(console, _) => console.ask(ask).await,
        }
    }

    /// Hangs up; what was answered is stored.
    pub(super) async fn end(self) {
        if let Self::Alone(_, opened) = self {
            opened.close().await;
        }
    }
}

/// Refuses a folder in which no server has ever been: it is most likely not the one that was meant, and to do what was
/// asked to a new and empty server would look like a success.
pub(super) fn must_be_set_up(config: &Config) -> anyhow::Result<()> {
    ensure!(
        config.database.is_some() || config.data_dir.join(DATABASE).exists(),
        "no server has been set up in {}; name its folder with --data-dir or CHAT_SERVER_DATA_DIR",
        config.data_dir.display()
    );
    Ok(())
}

/// Where root can ask a server that runs, and none does.
const NO_SERVER: &str = "no server is running there (one that runs takes this from root, too)";

/// Refuses root where no server runs and the folder is another user's: opening a database leaves
/// files beside it.
///
/// # Errors
/// What to do.
pub(super) async fn refuse_root_alone(data_dir: &Path) -> anyhow::Result<()> {
    match UnixStream::connect(console::place(data_dir)).await {
        Ok(_) => Ok(()),
        Err(_) => refuse_root(data_dir).context(NO_SERVER),
    }
}

/// What root writes into the server's folder the server cannot read.
///
/// # Errors
/// What to do.
pub(super) fn refuse_root(data_dir: &Path) -> anyhow::Result<()> {
    let Ok(found) = std::fs::metadata(data_dir) else { return Ok(()) };
    if rustix::process::geteuid().is_root() && found.uid() != 0 {
        bail!(
            "do this as the user to whom {0} belongs: runuser -u \"$(stat -c %U {0})\" -- chat-server …",
            data_dir.display()
        );
    }
    Ok(())
}
