//! The SQLite engine: one writer thread, a few readers, one file.
//!
//! Write-ahead log and `synchronous=FULL`: a commit is on the disk when it returns. The writer
//! takes every job that waits into one transaction (group commit), each under its own savepoint,
//! so that one refused job takes nothing from the others. See `writer`.

mod accounts;
mod administration;
mod audit;
mod bans;
mod bots;
mod change;
mod check;
mod doors;
mod exchange;
mod files;
mod hooks;
mod identities;
mod import;
mod inbox;
mod index;
mod keeping;
mod lists;
mod log;
mod messages;
mod nodes;
mod notify;
mod people;
mod reports;
mod resting;
mod retention;
mod row;
mod search;
mod second_factor;
mod sign_in;
mod snapshot;
mod threads;
mod welcome;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chat_proto::Epoch;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use thiserror::Error;
use tokio::sync::{Notify, Semaphore};

use super::StoreError;
pub use check::{Checked, check};
pub use resting::{Facts, Resting, RestingError};
use writer::Writer;

pub use accounts::noted_every;

mod migrations {
    refinery::embed_migrations!("migrations");
}

/// Read connections: reads are short and mostly from memory; more would only queue for cores.
const READERS: usize = 4;

/// Searches at once: fewer than [`READERS`], so that nothing else waits behind them.
const SEARCHES: usize = 2;

/// Prepared statements kept per connection; about as many as there are.
const STATEMENTS: usize = 192;

/// Pages of the log after which they go into the database file: 32 MiB, so that a page that changes
/// with nearly every message is copied once and not hundreds of times.
const CHECKPOINT_PAGES: u32 = 8_192;

/// What the writer keeps of the file in memory, in KiB: the ends of the indexes of busy rooms.
const WRITER_CACHE_KIB: i64 = 16 * 1024;

/// How long a connection waits for another process, such as `chat-server invite`, to commit.
const BUSY: Duration = Duration::from_secs(5);

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
}

/// A handle on the database; cheap to clone.
#[derive(Clone)]
pub struct Sqlite {
    writer: Writer,
    readers: Arc<Readers>,
    searches: Arc<Semaphore>,
    epoch: Epoch,
    /// Told when there may be something to deliver to a webhook.
    deliveries: Arc<Notify>,
}

/// Idle read connections. The lock is held only to take one out or put one back.
struct Readers {
    idle: Mutex<Vec<Connection>>,
    permits: Semaphore,
}

impl Sqlite {
    /// Opens the database in this file, making or upgrading it where needed.
    ///
    /// # Errors
    /// [`OpenError`], with what to do.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let unusable = |cause| OpenError::Unusable(path.to_owned(), cause);
        let mut connection = connect(path).map_err(unusable)?;
        connection.pragma_update(None, "journal_mode", "WAL").map_err(unusable)?;
        connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES).map_err(unusable)?;
        connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB).map_err(unusable)?;
        migrate(&mut connection, path)?;
        let epoch = epoch(&connection).map_err(unusable)?;
        index::open(&connection).map_err(unusable)?;
        let idle: Vec<Connection> =
            (0..READERS).map(|_| connect(path)).collect::<Result<_, _>>().map_err(unusable)?;
        for reader in &idle {
            reader.pragma_update(None, "query_only", true).map_err(unusable)?;
        }
        let readers = Readers { idle: Mutex::new(idle), permits: Semaphore::new(READERS) };
        let searches = Arc::new(Semaphore::new(SEARCHES));
        Ok(Self {
            writer: Writer::start(connection),
            readers: Arc::new(readers),
            searches,
            epoch,
            deliveries: Arc::default(),
        })
    }

    /// This life of the database.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Finishes the writes that wait and leaves one file behind. Writes fail from then on.
    pub async fn close(&self) {
        self.writer.close().await;
    }

    /// Runs a change on the writer thread; returns after its commit.
    async fn write<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.writer.run(job).await
    }

    /// Runs a query on one of the readers.
    async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.read_mut(move |reader| {
            // One snapshot for all that it reads, so that the parts of an answer fit together.
            let snapshot = reader.transaction()?;
            query(&snapshot)
        })
        .await
    }

    /// As `read`, for a query that sets something on its reader; it must set it back.
    async fn read_mut<T: Send + 'static>(
        &self,
        query: impl FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let gone = || StoreError::Failed("the reader is gone".to_owned());
        let _permit = self.readers.permits.acquire().await.map_err(|_| gone())?;
        let readers = self.readers.clone();
        tokio::task::spawn_blocking(move || {
            let mut reader = readers.idle.lock().map_err(|_| gone())?.pop().ok_or_else(gone)?;
            let result = query(&mut reader);
            readers.idle.lock().map_err(|_| gone())?.push(reader);
            result
        })
        .await
        .map_err(|_| gone())?
    }
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // A statement is planned once, without looking at its values. Otherwise those with a partial index
    // in reach are planned anew at every use, because another value might fit another index; that
    // was most of the cost of a login.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    // FULL: every commit is synced before it returns. NORMAL could lose an acknowledged message
    // to a power cut.
    connection.pragma_update(None, "synchronous", "FULL")?;
    // What is deleted is overwritten, not only unlinked: a deleted message is gone from the file.
    connection.pragma_update(None, "secure_delete", true)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    Ok(connection)
}

fn migrate(connection: &mut Connection, path: &Path) -> Result<(), OpenError> {
    let failed = |cause| OpenError::Migration(path.to_owned(), cause);
    let runner = migrations::migrations::runner();
    let known = known_version();
    // Asking first, because the runner would name a missing file instead of what to do.
    let found = applied_version(connection).map_err(|cause| OpenError::Unusable(path.to_owned(), cause))?;
    if found > known {
        return Err(OpenError::Newer { path: path.to_owned(), found, known });
    }
    if found > 0 && found < known {
        snapshot::before_upgrade(connection, path, found)?;
    }
    runner.run(connection).map_err(failed)?;
    Ok(())
}

/// The newest schema that this program knows.
fn known_version() -> i32 {
    let runner = migrations::migrations::runner();
    runner.get_migrations().iter().map(refinery::Migration::version).max().unwrap_or(0)
}

/// The newest migration that the database has seen; 0 for a new one.
fn applied_version(connection: &Connection) -> rusqlite::Result<i32> {
    const HISTORY: &str = "refinery_schema_history";
    if !connection.table_exists(None, HISTORY)? {
        return Ok(0);
    }
    connection.query_row(&format!("SELECT coalesce(max(version), 0) FROM {HISTORY}"), [], |row| row.get(0))
}

/// Reads the epoch, or makes it in a new database.
fn epoch(connection: &Connection) -> rusqlite::Result<Epoch> {
    connection.execute(
        "INSERT INTO server (one, epoch) VALUES (1, ?1) ON CONFLICT DO NOTHING",
        [uuid::Uuid::new_v4()],
    )?;
    connection.query_row("SELECT epoch FROM server", [], |row| row.get(0)).map(Epoch)
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::ConstraintViolation) => StoreError::Conflict,
            _ => StoreError::Failed(error.to_string()),
        }
    }
}
