//! A look at a database file for the admin: nothing is changed, made or upgraded.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::{OpenError, applied_version, migrations};

/// What a database file looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// The schema in the file.
    pub found: i32,
    /// The newest schema that this program knows.
    pub known: i32,
    /// What SQLite finds wrong in it; nothing when it is sound.
    pub faults: Vec<String>,
}

/// Faults that are told; the first says as much as a hundred.
const FAULTS: u32 = 5;

/// Checks the file, also while a server uses it. Takes as long as reading it takes.
///
/// # Errors
/// If it cannot be opened or read.
pub fn check(path: &Path) -> Result<Checked, OpenError> {
    let unusable = |cause| OpenError::Unusable(path.to_owned(), cause);
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(unusable)?;
    connection.busy_timeout(super::BUSY).map_err(unusable)?;
    let found = applied_version(&connection).map_err(unusable)?;
    let runner = migrations::migrations::runner();
    let known = runner.get_migrations().iter().map(refinery::Migration::version).max().unwrap_or(0);
    let faults = faults(&connection).map_err(unusable)?;
    Ok(Checked { found, known, faults })
}

fn faults(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut check = connection.prepare(&format!("PRAGMA quick_check({FAULTS})"))?;
    let lines = check.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
    Ok(lines.into_iter().filter(|line| line != "ok").collect())
}
