//! The write-ahead log's size.
//!
//! SQLite moves the log into the database file by itself, and begins it anew when nobody reads from it. Where
//! somebody always does, in a house that searches all day, that moment never comes, and the log would grow without
//! end. Past a size the writer therefore waits for those who read; whoever begins to read meanwhile reads from the
//! database file alone and is not waited for.

use std::path::PathBuf;
use std::time::Duration;

use rusqlite::Connection;
use tracing::{debug, warn};

use super::BUSY;

/// Past this size the log is made to begin anew: four times what it has when it does so by itself.
pub(super) const LOG_BYTES: u64 = 128 * 1024 * 1024;

/// By this part of its size the log may grow before it is tried again.
const STEP: u64 = 16;

/// How long is waited for those who read, for each [`LOG_BYTES`] of the log: commits wait as long.
const PATIENCE: Duration = Duration::from_millis(50);

/// The longest such wait: longer than any search may take.
const LONGEST: Duration = Duration::from_millis(2_500);

/// See the module.
pub(super) struct Log {
    file: Option<PathBuf>,
    most: u64,
    /// It is not tried again before the log has this size.
    next: u64,
}

impl Log {
    /// That of this database, which may have so many bytes.
    pub(super) fn of(connection: &Connection, most: u64) -> Self {
        let file = connection.path().filter(|path| !path.is_empty());
        Self { file: file.map(|path| PathBuf::from(format!("{path}-wal"))), most, next: most }
    }

    /// Has the log begin anew if it has become too large, as far as those who read let it.
    pub(super) fn keep_small(&mut self, connection: &Connection) {
        let size = self.file.as_ref().and_then(|file| file.metadata().ok()).map_or(0, |file| file.len());
        if size <= self.next {
            return;
        }
        let times = u32::try_from(size / self.most.max(1)).unwrap_or(u32::MAX);
        let wait = PATIENCE.saturating_mul(times).min(LONGEST);
        let tried = connection.busy_timeout(wait).and_then(|()| {
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, bool>(0))
        });
        let set_back = connection.busy_timeout(BUSY);
        self.next = match tried.and_then(|is_busy| set_back.map(|()| is_busy)) {
            Ok(false) => {
                debug!(size, "the log begins anew");
                self.most
            }
            Ok(true) => size + size / STEP,
            Err(cause) => {
                warn!(%cause, size, "the log cannot begin anew; tried again when it has grown");
                size + size / STEP
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    const MOST: u64 = 64 * 1024;

    fn grow(connection: &Connection) {
        connection.execute("INSERT INTO t VALUES (zeroblob(100000))", []).unwrap();
    }

    #[test]
    fn a_log_that_somebody_always_reads_begins_anew_between_two_readers() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.sqlite");
        let connection = Connection::open(&path).unwrap();
        connection.pragma_update(None, "journal_mode", "WAL").unwrap();
        connection.execute_batch("CREATE TABLE t (x)").unwrap();
        let size = || dir.path().join("a.sqlite-wal").metadata().unwrap().len();
        let mut log = Log::of(&connection, MOST);
        let (reads, reading) = mpsc::channel::<Connection>();
        let read = || {
            let reader = Connection::open(&path).unwrap();
            reader.execute_batch("BEGIN").unwrap();
            reader.query_row("SELECT count(*) FROM t", [], |_| Ok(())).unwrap();
            reader
        };
        grow(&connection);
        let held = read();
        grow(&connection);
        log.keep_small(&connection);
        assert!(size() > MOST, "somebody reads what stood there then");
        // They end while the writer waits for them.
        reads.send(held).unwrap();
        let ends = std::thread::spawn(move || {
            std::thread::sleep(PATIENCE / 5);
            drop(reading.recv().unwrap());
        });
        grow(&connection);
        log.keep_small(&connection);
        ends.join().unwrap();
        assert_eq!(size(), 0);
        grow(&connection);
        let count: i64 = read().query_row("SELECT count(*) FROM t", [], |row| row.get(0)).unwrap();
        assert_eq!(count, 4);
    }
}
