//! The SQLite engine: one writer thread, a few readers, one file.
//!
//! Write-ahead log and `synchronous=FULL`: a commit is on the disk when it returns. The writer
//! takes every job that waits into one transaction (group commit), each under its own savepoint,
//! so that one refused job takes nothing from the others. See `writer`.

mod check;
mod index;
mod log;
mod resting;
mod snapshot;
mod writer;

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chat_proto::Epoch;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use tokio::sync::Semaphore;

use super::sql;
use super::{OpenError, StoreError};
pub use check::{Checked, check};
pub(super) use index::{change, is_filling};
pub use resting::{Facts, Resting, RestingError};
use writer::Writer;

mod migrations {
    refinery::embed_migrations!("migrations");
}

/// Read connections: reads are short and mostly from memory; more would only queue for cores.
const READERS: usize = 4;

/// Prepared statements kept per connection; about as many as there are.
const STATEMENTS: usize = 192;

/// Pages of the log after which they go into the database file: 32 MiB, so that a page that changes
/// with nearly every message is copied once and not hundreds of times.
const CHECKPOINT_PAGES: u32 = 8_192;

/// What the writer keeps of the file in memory, in KiB: the ends of the indexes of busy rooms.
const WRITER_CACHE_KIB: i64 = 16 * 1024;

/// How long a connection waits for another process, such as `chat-server invite`, to commit.
const BUSY: Duration = Duration::from_secs(5);

/// SQLite asks so often (in its own steps, about a microsecond each) whether to go on with a query.
const STEPS: i32 = 1_000;

/// A handle on the database; cheap to clone.
#[derive(Clone)]
pub(super) struct Sqlite {
    writer: Writer,
    readers: Arc<Readers>,
    epoch: Epoch,
}

/// Idle read connections. The lock is held only to take one out or put one back.
struct Readers {
    idle: Mutex<Vec<Connection>>,
    permits: Semaphore,
}

impl Sqlite {
    /// Opens the database in this file, making or upgrading it where needed.
    pub(super) fn open(path: &Path) -> Result<Self, OpenError> {
        let unusable = |cause| OpenError::Unusable(path.to_owned(), cause);
        let mut connection = connect(path).map_err(unusable)?;
        connection.pragma_update(None, "journal_mode", "WAL").map_err(unusable)?;
        connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES).map_err(unusable)?;
        connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB).map_err(unusable)?;
        migrate(&mut connection, path)?;
        let epoch = epoch(&connection).map_err(unusable)?;
        index::open(&connection).map_err(|cause| OpenError::Index(path.to_owned(), cause))?;
        let idle: Vec<Connection> =
            (0..READERS).map(|_| connect(path)).collect::<Result<_, _>>().map_err(unusable)?;
        for reader in &idle {
            reader.pragma_update(None, "query_only", true).map_err(unusable)?;
        }
        let readers = Readers { idle: Mutex::new(idle), permits: Semaphore::new(READERS) };
        Ok(Self { writer: Writer::start(connection), readers: Arc::new(readers), epoch })
    }

    pub(super) fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Finishes the writes that wait and leaves one file behind. Writes fail from then on.
    pub(super) async fn close(&self) {
        self.writer.close().await;
    }

    /// Runs a change on the writer thread; returns after its commit.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        job: impl FnOnce(&sql::Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.writer.run(job).await
    }

    /// Runs a query on one of the readers.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&sql::Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.read_mut(move |reader| {
            // One snapshot for all that it reads, so that the parts of an answer fit together.
            let snapshot = reader.transaction().map_err(sql::Error::from)?;
            query(&sql::Connection::Sqlite(&snapshot))
        })
        .await
    }

    /// As `read`; the query is interrupted at the deadline.
    pub(super) async fn read_until<T: Send + 'static>(
        &self,
        deadline: Instant,
        query: impl FnOnce(&sql::Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.read_mut(move |reader| {
            let late = move || Instant::now() >= deadline;
            reader.progress_handler(STEPS, Some(late)).map_err(sql::Error::from)?;
            let result = match reader.transaction().map_err(sql::Error::from) {
                Ok(snapshot) => query(&sql::Connection::Sqlite(&snapshot)),
                Err(cause) => Err(cause.into()),
            };
            reader.progress_handler(STEPS, None::<fn() -> bool>).map_err(sql::Error::from)?;
            result
        })
        .await
    }

    /// Returns when the search index has every message that is committed now.
    pub(super) async fn index_all(&self) -> Result<(), StoreError> {
        self.writer.index_all().await
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

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    #[test]
    fn the_library_is_built_as_this_house_says() {
        let connection = Connection::open_in_memory().unwrap();
        let used = |option: &str| -> bool {
            connection.query_row("SELECT sqlite_compileoption_used(?1)", [option], |row| row.get(0)).unwrap()
        };
        assert!(used("DEFAULT_MEMSTATUS=0"), "LIBSQLITE3_FLAGS of .cargo/config.toml were not taken");
    }
}
