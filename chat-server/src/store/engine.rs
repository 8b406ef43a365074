//! The store over its engine: a closed set of two.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use chat_proto::Epoch;
use thiserror::Error;
use tokio::sync::{Notify, Semaphore};

use super::postgres::{Address, Postgres};
use super::sql::Connection;
use super::sqlite::Sqlite;
use super::{SqlError, StoreError};

/// Searches at once: fewer than there are connections to read by, so that nothing else waits behind
/// them.
const SEARCHES: usize = 2;

/// Why the database could not be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The file or its folder cannot be used.
    #[error(
        "cannot open the database {0}: {1}. Check that the data directory exists and that you may write there"
    )]
    Unusable(PathBuf, rusqlite::Error),
    /// It was written by a newer version.
    #[error(
        "the database {path} was written by a newer chat-server (its schema is {found}, this program knows {known}). \
         Start the newer version, or restore a backup from before the upgrade"
    )]
    Newer {
        /// Which file.
        path: PathBuf,
        /// Its schema.
        found: i32,
        /// The newest schema that this program knows.
        known: i32,
    },
    /// There could be no copy from before the upgrade; the database is as it was.
    #[error(
        "cannot copy the database {0} before its upgrade to {1}: {2}. Make room there, or make a backup and \
         remove old copies from that folder; the database was not changed"
    )]
    Snapshot(PathBuf, PathBuf, String),
    /// A migration did not go through; the database is as it was.
    #[error("cannot bring the database {0} to this version: {1}")]
    Migration(PathBuf, refinery::Error),
    /// The search index cannot be prepared.
    #[error("cannot prepare the search index of {0}: {1}")]
    Index(PathBuf, SqlError),
    /// PostgreSQL is not there, or does not let us in.
    #[error(
        "cannot use the database {0}: {1}. Check that PostgreSQL runs there, that user and password are right, \
         and that the database exists and belongs to that user"
    )]
    Unreachable(String, String),
    /// A shared database was upgraded by a newer version.
    #[error(
        "the database {database} was upgraded by a newer chat-server (its schema is {found}, this program knows \
         {known}). Start the newer version"
    )]
    NewerShared {
        /// Which database, without its password.
        database: String,
        /// Its schema.
        found: i32,
        /// The newest schema that this program knows.
        known: i32,
    },
    /// Another program works on a shared database, which does not go together with this one.
    #[error(
        "another chat-server works on the database {0}, and this is not done beside it. Servers work on it together \
         when all of them have the same bus; everything else needs it for itself: stop them first"
    )]
    Taken(String),
    /// A migration of a shared database did not go through; the database is as it was.
    #[error("cannot bring the database {0} to this version: {1}")]
    MigrationShared(String, refinery::Error),
}

/// A handle on the database; cheap to clone.
#[derive(Clone)]
pub struct Store {
    pub(super) engine: Engine,
    pub(super) searches: Arc<Semaphore>,
    /// Told when there may be something to deliver to a webhook.
    pub(super) deliveries: Arc<Notify>,
}

#[derive(Clone)]
pub(super) enum Engine {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

impl Store {
    /// Opens the SQLite database in this file, making or upgrading it where needed.
    ///
    /// # Errors
    /// [`OpenError`], with what to do.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        Ok(Self::over(Engine::Sqlite(Sqlite::open(path)?)))
    }

    /// Opens this PostgreSQL database, making or upgrading its tables where needed.
    ///
    /// # Errors
    /// [`OpenError`], with what to do.
    pub async fn connect(address: &Address) -> Result<Self, OpenError> {
        Ok(Self::over(Engine::Postgres(Postgres::connect(address).await?)))
    }

    fn over(engine: Engine) -> Self {
        Self { engine, searches: Arc::new(Semaphore::new(SEARCHES)), deliveries: Arc::default() }
    }

    /// This life of the database.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        match &self.engine {
            Engine::Sqlite(sqlite) => sqlite.epoch(),
            Engine::Postgres(postgres) => postgres.epoch(),
        }
    }

    /// Returns when the database turned out to have been brought back to an earlier state, or taken over by a
    /// standby, since it was opened: what is known of it is of no use any more. SQLite's file never is.
    pub async fn replaced(&self) {
        match &self.engine {
            Engine::Sqlite(_) => std::future::pending().await,
            Engine::Postgres(postgres) => postgres.replaced().await,
        }
    }

    /// Finishes the writes that wait and lets go of the database. Writes fail from then on.
    pub async fn close(&self) {
        match &self.engine {
            Engine::Sqlite(sqlite) => sqlite.close().await,
            Engine::Postgres(postgres) => postgres.close(),
        }
    }

    /// Runs a change that looks before it writes: no other such change happens meanwhile. Returns
    /// after its commit.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        match &self.engine {
            Engine::Sqlite(sqlite) => sqlite.write(job).await,
            Engine::Postgres(postgres) => postgres.write(job).await,
        }
    }

    /// Runs a change that is right whoever writes meanwhile, because it is one statement or touches
    /// only what is one person's own.
    pub(super) async fn write_beside<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        match &self.engine {
            Engine::Sqlite(sqlite) => sqlite.write(job).await,
            Engine::Postgres(postgres) => postgres.write_beside(job).await,
        }
    }

    /// Runs a query; all that it reads is of one moment.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        match &self.engine {
            Engine::Sqlite(sqlite) => sqlite.read(query).await,
            Engine::Postgres(postgres) => postgres.read(query).await,
        }
    }

    /// As `read`; the query is interrupted at the deadline.
    pub(super) async fn read_until<T: Send + 'static>(
        &self,
        deadline: Instant,
        query: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        match &self.engine {
            Engine::Sqlite(sqlite) => sqlite.read_until(deadline, query).await,
            Engine::Postgres(postgres) => postgres.read_until(deadline, query).await,
        }
    }
}
