//! The servers that were met over TLS, and how each of them is known again.
//!
//! 1. A server for whose certificate an authority vouches is remembered as such, without the
//!    certificate: it may renew that when it likes. One for which nobody vouches is remembered by its
//!    certificate, after a person said yes to it.
//! 2. Whoever was known one way and comes another way is refused until a person says otherwise. Only
//!    the step up, from a remembered certificate to one of an authority, is taken by itself.
//! 3. The file is readable by its owner only, and replaced as a whole under a lock.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use chat_proto::Fingerprint;
use serde::{Deserialize, Serialize};

use crate::address::ServerAddress;
use crate::private;

/// The file's name in the folder of the accounts.
const FILE: &str = "servers.json";

/// Servers that are remembered; nobody has so many, and a file of this size is read in no time.
const SERVERS: usize = 1_000;

/// How a server is known again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// An authority vouched for it.
    Vouched,
    /// A person trusts the certificate with this fingerprint.
    Certificate(Fingerprint),
}

#[derive(Default, Serialize, Deserialize)]
struct Saved {
    servers: BTreeMap<ServerAddress, Mark>,
}

/// The file of known servers. Each call reads it anew: other programs of the same person write it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownServers {
    path: PathBuf,
}

impl KnownServers {
    /// Those kept in this folder; see [`crate::paths::Paths::accounts_dir`].
    #[must_use]
    pub fn in_folder(folder: &Path) -> Self {
        Self { path: folder.join(FILE) }
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// All of them.
    ///
    /// # Errors
    /// The system's, or that the file is damaged.
    pub fn all(&self) -> io::Result<Vec<(ServerAddress, Mark)>> {
        Ok(self.read()?.servers.into_iter().collect())
    }

    /// How this server is known.
    ///
    /// # Errors
    /// As [`KnownServers::all`]: a file that cannot be read must not make everybody a stranger.
    pub fn mark(&self, server: &ServerAddress) -> io::Result<Option<Mark>> {
        Ok(self.read()?.servers.get(server).copied())
    }

    /// Knows a server so from now on, or not any more. Says how it was known before.
    ///
    /// # Errors
    /// As [`KnownServers::all`], or that there are too many.
    pub fn set(&self, server: &ServerAddress, mark: Option<Mark>) -> io::Result<Option<Mark>> {
        // Held until the end, so that another program's change is read first, not overwritten.
        let lock = private::append(&self.path.with_extension("lock"))?;
        lock.lock()?;
        let mut saved = self.read()?;
        let before = match mark {
            Some(mark) => saved.servers.insert(server.clone(), mark),
            None => saved.servers.remove(server),
        };
        if saved.servers.len() > SERVERS {
            return Err(io::Error::other("too many servers are remembered; forget some"));
        }
        if before != mark {
            private::replace(&self.path, &serde_json::to_vec_pretty(&saved)?)?;
        }
        drop(lock);
        Ok(before)
    }

    fn read(&self) -> io::Result<Saved> {
        match std::fs::read(&self.path) {
            Ok(text) => {
                private::close_to_others(&self.path)?;
                serde_json::from_slice(&text).map_err(io::Error::other)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Saved::default()),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_remembered_by_address_for_the_owner_only() {
        let dir = tempfile::tempdir().unwrap();
        let known = KnownServers::in_folder(dir.path());
        let server: ServerAddress = "wss://chat.example.org:7667".parse().unwrap();
        let other: ServerAddress = "wss://chat.example.org".parse().unwrap();
        let mark = Mark::Certificate(Fingerprint::new([7; 32]));
        assert_eq!(known.mark(&server).unwrap(), None);
        assert_eq!(known.set(&server, Some(mark)).unwrap(), None);
        assert_eq!(known.set(&other, Some(Mark::Vouched)).unwrap(), None);
        let again = KnownServers::in_folder(dir.path());
        assert_eq!(again.mark(&server).unwrap(), Some(mark));
        assert_eq!(again.all().unwrap().len(), 2);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(again.path()).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        assert_eq!(again.set(&server, None).unwrap(), Some(mark));
        assert_eq!(known.mark(&server).unwrap(), None);

        std::fs::write(again.path(), "{").unwrap();
        assert!(known.mark(&other).is_err(), "a damaged file forgets nobody in silence");
    }
}
