//! A database file beside the server: copied while it serves, looked at, brought back to life.
//!
//! Nothing here upgrades a database. A copy is what it was copied from.

use std::path::{Path, PathBuf};

use chat_proto::Epoch;
use rusqlite::{Connection, OpenFlags, params};
use thiserror::Error;

use super::{BUSY, applied_version, known_version, snapshot};
use crate::store::sql::{self, Connection as Either};
use crate::store::{ContentHash, OpenError};

/// Problems that are named; one is enough to throw a copy away.
const PROBLEMS: u32 = 5;

/// Why a copy cannot be made or used.
#[derive(Debug, Error)]
pub enum RestingError {
    /// There is no such file.
    #[error("there is no database {0}; say with --data-dir where the server keeps its data")]
    Missing(PathBuf),
    /// The file, its folder or its content cannot be used.
    #[error("the database {0}: {1}")]
    Unusable(PathBuf, sql::Error),
    /// It is damaged.
    #[error("the database {0} is damaged: {1}")]
    Damaged(PathBuf, String),
    /// It was written by a newer version.
    #[error(transparent)]
    Newer(OpenError),
}

/// What a database holds, in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// Its schema.
    pub schema: i32,
    /// Its life.
    pub epoch: Epoch,
    /// Accounts.
    pub users: u64,
    /// Rooms and directs.
    pub conversations: u64,
    /// Events of all of them.
    pub events: u64,
    /// Contents of files.
    pub contents: u64,
}

/// A database file that no server has open.
pub struct Resting {
    path: PathBuf,
    db: Connection,
}

impl Resting {
    /// Copies all that is committed in this database to a new file. Writers are not held up.
    ///
    /// # Errors
    /// [`RestingError`]
    pub fn copy_of(database: &Path, to: &Path) -> Result<Self, RestingError> {
        if !database.is_file() {
            return Err(RestingError::Missing(database.to_owned()));
        }
        let failed = |cause: rusqlite::Error| RestingError::Unusable(database.to_owned(), cause.into());
        let source = connect(database).map_err(failed)?;
        snapshot::copy(&source, to).map_err(failed)?;
        Self::open(to)
    }

    /// Opens such a file.
    ///
    /// # Errors
    /// [`RestingError`]
    pub fn open(path: &Path) -> Result<Self, RestingError> {
        if !path.is_file() {
            return Err(RestingError::Missing(path.to_owned()));
        }
        let db = connect(path).map_err(|cause| RestingError::Unusable(path.to_owned(), cause.into()))?;
        Ok(Self { path: path.to_owned(), db })
    }

    /// Looks whether every page and every tie between rows is whole, and whether this program
    /// knows the schema.
    ///
    /// # Errors
    /// [`RestingError`]
    pub fn check(&self) -> Result<(), RestingError> {
        let failed = |cause: rusqlite::Error| RestingError::Unusable(self.path.clone(), cause.into());
        let found = applied_version(&self.db).map_err(failed)?;
        let known = known_version();
        if found > known {
            return Err(RestingError::Newer(OpenError::Newer { path: self.path.clone(), found, known }));
        }
        let problems = self.problems().map_err(failed)?;
        match problems.is_empty() {
            true => Ok(()),
            false => Err(RestingError::Damaged(self.path.clone(), problems.join("; "))),
        }
    }

    /// What it holds.
    ///
    /// # Errors
    /// [`RestingError`]
    pub fn facts(&self) -> Result<Facts, RestingError> {
        self.read_facts().map_err(|cause| RestingError::Unusable(self.path.clone(), cause.into()))
    }

    /// The contents that files are made of, after this one in the order of their hashes: the
    /// hash, how many bytes, and whether there is a thumbnail.
    ///
    /// # Errors
    /// [`RestingError`]
    pub fn contents(
        &self,
        after: Option<ContentHash>,
        limit: u32,
    ) -> Result<Vec<(ContentHash, u64, bool)>, RestingError> {
        self.read_contents(after, limit)
            .map_err(|cause| RestingError::Unusable(self.path.clone(), cause.into()))
    }

    /// Gives it a new life: clients that knew the old one begin anew, also those that have seen
    /// what this copy never had.
    ///
    /// # Errors
    /// [`RestingError`]
    pub fn begin_anew(self) -> Result<Epoch, RestingError> {
        let epoch = uuid::Uuid::new_v4();
        let changed = self.db.execute("UPDATE server SET epoch = ?1", [epoch]);
        let closed = changed.and_then(|_| self.db.close().map_err(|(_, cause)| cause));
        closed.map(|()| Epoch(epoch)).map_err(|cause| RestingError::Unusable(self.path, cause.into()))
    }

    /// Whether it has today's schema, which whoever reads more than its numbers needs.
    ///
    /// # Errors
    /// [`RestingError`]
    pub fn is_current(&self) -> Result<bool, RestingError> {
        let failed = |cause: rusqlite::Error| RestingError::Unusable(self.path.clone(), cause.into());
        Ok(applied_version(&self.db).map_err(failed)? == known_version())
    }

    /// Asks it something.
    pub(in crate::store) fn look<T>(
        &self,
        query: impl FnOnce(&Either) -> sql::Result<T>,
    ) -> Result<T, RestingError> {
        query(&Either::Sqlite(&self.db)).map_err(|cause| RestingError::Unusable(self.path.clone(), cause))
    }

    fn problems(&self) -> rusqlite::Result<Vec<String>> {
        let mut problems = Vec::new();
        let mut check = self.db.prepare(&format!("PRAGMA integrity_check({PROBLEMS})"))?;
        for found in check.query_map([], |r| r.get::<_, String>(0))? {
            let found = found?;
            if found != "ok" {
                problems.push(found);
            }
        }
        let mut check = self.db.prepare("SELECT \"table\", parent FROM pragma_foreign_key_check LIMIT ?1")?;
        for found in check.query_map([PROBLEMS], |r| Ok((r.get::<_, String>(0)?, r.get::<_, String>(1)?)))? {
            let (table, parent) = found?;
            problems.push(format!("a row of {table} names none of {parent}"));
        }
        Ok(problems)
    }

    fn read_facts(&self) -> rusqlite::Result<Facts> {
        let count = |sql: &str| self.db.query_row(sql, [], |r| count_of(r, 0));
        Ok(Facts {
            schema: applied_version(&self.db)?,
            epoch: Epoch(self.db.query_row("SELECT epoch FROM server", [], |r| r.get(0))?),
            users: count("SELECT count(*) FROM users WHERE id <> zeroblob(16)")?,
            conversations: count("SELECT count(*) FROM conversations")?,
            events: count("SELECT count(*) FROM events")?,
            contents: match self.db.table_exists(None, "objects")? {
                true => count("SELECT count(*) FROM objects WHERE unused = 0")?,
                false => 0,
            },
        })
    }

    fn read_contents(
        &self,
        after: Option<ContentHash>,
        limit: u32,
    ) -> rusqlite::Result<Vec<(ContentHash, u64, bool)>> {
        if !self.db.table_exists(None, "objects")? {
            return Ok(Vec::new());
        }
        let after = after.map_or_else(Vec::new, |hash| hash.0.to_vec());
        self.db
            .prepare(
                "SELECT hash, size, thumbnail IS NOT NULL FROM objects
                 WHERE unused = 0 AND hash > ?1 ORDER BY hash LIMIT ?2",
            )?
            .query_map(params![after, limit], |r| Ok((ContentHash(r.get(0)?), count_of(r, 1)?, r.get(2)?)))?
            .collect()
    }
}

/// A number that is never negative.
fn count_of(row: &rusqlite::Row<'_>, at: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(at).map(|n| u64::try_from(n).unwrap_or(0))
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags)?;
    db.busy_timeout(BUSY)?;
    Ok(db)
}
