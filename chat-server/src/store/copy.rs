//! A whole database copied into another engine's, table by table, and compared.
//!
//! 1. What is copied is one moment of the source: its snapshot is held to the end.
//! 2. A copy that was cut short, or made while a server worked on the source, goes on: what changed since is
//!    brought over and nothing else is written. It knows its source by the epoch, which the copy takes over:
//!    clients go on as if nothing had happened.
//! 3. Once a server has worked on the copy it is one no more: then nothing in it is overwritten, and it is only
//!    said whether both are the same.
//! 4. What is made anew in the target is not copied: search indexes, and the numbers of inboxes begin
//!    where they had come to.

mod sync;
mod tables;
mod value;

use thiserror::Error;
use tokio::runtime::Handle;
use uuid::Uuid;

use super::sql::{self, Connection};
use super::{Store, StoreError};
use tables::TABLES;

/// What a copy is known by among the leases, as long as no server has worked on it.
const MARK: &str = "copy";

/// Why a copy is none.
#[derive(Debug, Error)]
pub enum CopyError {
    /// The target is somebody else's.
    #[error(
        "there is something else in the target already. Name an empty database (or data directory); a copy that was \
         cut short goes on in its own"
    )]
    NotEmpty,
    /// They differ.
    #[error(
        "the table {0} is not the same in both: a server has worked on the target since it was copied, and what people \
         wrote there would be lost. Begin again with an empty target if that is what you want"
    )]
    Different(&'static str),
    /// One of them failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How far a copy is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Copying {
    /// The table at hand.
    pub table: &'static str,
    /// Its rows so far.
    pub rows: u64,
    /// Whether it is being compared.
    pub comparing: bool,
}

/// Copies all of one database into another that is empty, or in which a copy of the same one was begun,
/// and compares them; how many rows there are.
///
/// # Errors
/// [`CopyError`]; what was copied before stays, and the next try goes on.
pub async fn copy(
    from: &Store,
    to: &Store,
    mut told: impl FnMut(Copying) + Send + 'static,
) -> Result<u64, CopyError> {
    let (target, runtime) = (to.clone(), Handle::current());
    from.read(move |db| Ok(copy_all(db, &target, &runtime, &mut told))).await?
}

fn copy_all(
    db: &Connection,
    to: &Store,
    runtime: &Handle,
    told: &mut impl FnMut(Copying),
) -> Result<u64, CopyError> {
    let server = Server::of(db).map_err(StoreError::from)?;
    let is_copy = match runtime.block_on(to.write(move |db| Ok(server.claim(db)?)))? {
        Claimed::Copy => true,
        Claimed::Served => false,
        Claimed::Stranger => return Err(CopyError::NotEmpty),
    };
    let mut changed = 0;
    if is_copy {
        // Those that refer to others first.
        for table in TABLES.iter().rev() {
            changed += table.prune(db, to, runtime)?;
        }
    }
    let mut all = 0;
    for table in &TABLES {
        let (rows, digest) = match is_copy {
            true => {
                let (rows, digest, altered) = table.copy(db, to, runtime, told)?;
                changed += altered;
                (rows, digest)
            }
            false => table
                .digest(db, |rows| told(Copying { table: table.0, rows, comparing: true }))
                .map_err(StoreError::from)?,
        };
        let found = runtime.block_on(to.read(move |db| Ok(table.digest(db, |_| {})?)))?;
        told(Copying { table: table.0, rows, comparing: true });
        if (rows, digest) != found {
            return Err(CopyError::Different(table.0));
        }
        all += rows;
    }
    runtime.block_on(to.write(move |db| {
        if changed > 0 {
            forget_index(db)?;
        }
        Ok(go_on_counting(db)?)
    }))?;
    Ok(all)
}

/// SQLite's index of words may hold what was changed or taken out since: it is made anew at the next start.
fn forget_index(db: &Connection) -> sql::Result<()> {
    match db {
        Connection::Sqlite(_) => db.execute("UPDATE search_state SET version = 0", []).map(drop),
        Connection::Postgres(_) => Ok(()),
    }
}

/// What a target is to a source.
enum Claimed {
    /// Its copy, on which no server has worked; perhaps empty still.
    Copy,
    /// What was its copy; a server has worked on it.
    Served,
    /// Something else.
    Stranger,
}

impl Store {
    /// A server works on this database from now on: it is nobody's copy any more.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn begin_service(&self) -> Result<(), StoreError> {
        self.write(|db| {
            db.execute("DELETE FROM leases WHERE name = ?1", [MARK])?;
            Ok(())
        })
        .await
    }
}

/// The one row about the server.
struct Server {
    epoch: Uuid,
    revision: i64,
    lockdown_since: Option<i64>,
}

impl Server {
    fn of(db: &Connection) -> sql::Result<Self> {
        let newest = db.either(
            "inbox_revision",
            "inbox_revision + coalesce((SELECT max(revision) FROM inbox_revisions), 0)",
        );
        db.query_row(&format!("SELECT epoch, {newest}, lockdown_since FROM server"), [], |r| {
            Ok(Self { epoch: r.get(0)?, revision: r.get(1)?, lockdown_since: r.get(2)? })
        })
    }

    /// Makes an empty database this one's copy, or finds that it is.
    fn claim(&self, db: &Connection) -> sql::Result<Claimed> {
        let epoch: Uuid = db.query_row("SELECT epoch FROM server", [], |r| r.get(0))?;
        let is_empty = "SELECT NOT EXISTS (SELECT 1 FROM users WHERE id <> zeroblob(16))";
        let is_empty: bool = db.query_row(is_empty, [], |r| r.get(0))?;
        if epoch != self.epoch && !is_empty {
            return Ok(Claimed::Stranger);
        }
        let marked = "SELECT EXISTS (SELECT 1 FROM leases WHERE name = ?1 AND node = ?2)";
        if !is_empty && !db.query_row(marked, sql::params![MARK, self.epoch], |r| r.get::<_, bool>(0))? {
            return Ok(Claimed::Served);
        }
        db.execute(
            "UPDATE server SET epoch = ?1, inbox_revision = ?2, lockdown_since = ?3",
            sql::params![self.epoch, self.revision, self.lockdown_since],
        )?;
        db.execute(
            "INSERT INTO leases (name, node, until) VALUES (?1, ?2, ?3) ON CONFLICT (name) DO UPDATE SET node = excluded.node",
            sql::params![MARK, self.epoch, i64::MAX],
        )?;
        Ok(Claimed::Copy)
    }
}

/// Numbers that a database gives by itself go on behind those that were copied.
fn go_on_counting(db: &Connection) -> sql::Result<()> {
    if let Connection::Postgres(_) = db {
        for table in ["events", "audit"] {
            let next = format!(
                "SELECT setval(pg_get_serial_sequence('{table}', 'id'), coalesce(max(id), 0) + 1, false) FROM {table}"
            );
            db.query_row(&next, [], |_| Ok(()))?;
        }
    }
    Ok(())
}
