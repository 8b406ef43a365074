//! Which file an engine uses, when several run on one account.
//!
//! The first takes the account's own file; each further one a numbered file beside it. A lock,
//! which ends with its process however that ends, tells who is first. What an engine that is gone
//! left unsent is taken over by the next one that starts.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chat_proto::{ConversationId, Seq};
use rusqlite::{Connection, params};

use super::{Cache, Change, STEPS, outbox, thread_number, version};
use crate::engine::{StartError, Storage};
use crate::private;

/// Engines at once on one account.
const PLACES: usize = 9;

/// How long another program may hold the file, for instance a backup.
const BUSY: Duration = Duration::from_secs(5);

/// Opens the cache in the first free place, and takes over what others left.
///
/// # Errors
/// [`StartError`]
pub(crate) fn open(storage: &Storage) -> Result<Cache, StartError> {
    let base = match storage {
        Storage::Memory => return memory(),
        Storage::File(base) => base,
    };
    if let Some(dir) = base.parent() {
        private::create_dir(dir).map_err(|cause| StartError::Cache { path: dir.to_owned(), cause })?;
    }
    for place in 0..PLACES {
        let path = file(base, place);
        let failed = |cause| StartError::Cache { path: path.clone(), cause };
        let Some(lock) = try_lock(&path).map_err(failed)? else { continue };
        let mut cache = open_file(&path, lock)?;
        for other in (0..PLACES).filter(|other| *other != place) {
            // What cannot be taken over now stays where it is, for the next start.
            if let Err(error) = take_over(&mut cache, &file(base, other)) {
                tracing::warn!(%error, other, "cannot take over what another client left");
            }
        }
        return Ok(cache);
    }
    Err(StartError::TooMany)
}

fn memory() -> Result<Cache, StartError> {
    let failed = |error: rusqlite::Error| StartError::Cache {
        path: ":memory:".into(),
        cause: io::Error::other(error),
    };
    Cache::new(Connection::open_in_memory().map_err(failed)?, None).map_err(failed)
}

fn file(base: &Path, place: usize) -> PathBuf {
    if place == 0 { base.to_owned() } else { base.with_extension(format!("{place}.db")) }
}

/// The lock of a place, if no living engine has it.
fn try_lock(path: &Path) -> io::Result<Option<File>> {
    let lock = private::append(&path.with_added_extension("lock"))?;
    match lock.try_lock() {
        Ok(()) => Ok(Some(lock)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

fn open_file(path: &Path, lock: File) -> Result<Cache, StartError> {
    let failed = |cause| StartError::Cache { path: path.to_owned(), cause };
    let broken = |error: rusqlite::Error| failed(io::Error::other(error));
    // Made here, because SQLite would make it readable to all.
    private::append(path).map_err(failed)?;
    private::close_to_others(path).map_err(failed)?;
    let db = Connection::open(path).map_err(broken)?;
    db.busy_timeout(BUSY).map_err(broken)?;
    if version(&db).map_err(broken)? > STEPS.len() {
        return Err(StartError::NewerCache(path.to_owned()));
    }
    Cache::new(db, Some(lock)).map_err(broken)
}

/// Moves the unsent messages and drafts of an engine that is gone. They are here before they are
/// gone there; a crash between the two leaves them in both, under the same ids, which is harmless.
fn take_over(cache: &mut Cache, path: &Path) -> Result<(), Box<dyn std::error::Error>> {
    if !path.exists() {
        return Ok(());
    }
    let Some(lock) = try_lock(path)? else { return Ok(()) };
    let mut other = open_file(path, lock)?;
    let mut changes: Vec<Change> = Vec::new();
    for message in outbox(&other.db)? {
        let failed = match &message.delivery {
            crate::Delivery::Failed { reason } => Some(reason.clone()),
            _ => None,
        };
        changes.push(Change::OutboxState { message, failed });
    }
    let mut drafts = Vec::new();
    {
        let mut query = other.db.prepare("SELECT conversation, thread, text FROM drafts")?;
        let rows = query.query_map([], |row| {
            let thread = Some(Seq(row.get(1)?)).filter(|thread| *thread != Seq::ZERO);
            Ok((ConversationId(row.get(0)?), thread, row.get(2)?))
        })?;
        for row in rows {
            drafts.push(row?);
        }
    }
    let mut taken = Vec::new();
    for (conversation, thread, text) in drafts {
        match cache.draft(conversation, thread)? {
            None => changes.push(Change::Draft { conversation, thread, text }),
            Some(here) if here == text => {}
            // Two texts for one place: this one waits there until that of here is sent.
            Some(_) => continue,
        }
        taken.push((conversation, thread_number(thread)));
    }
    cache.apply(&changes)?;
    let gone = other.db.transaction()?;
    gone.execute("DELETE FROM outbox", [])?;
    for (conversation, thread) in taken {
        gone.execute(
            "DELETE FROM drafts WHERE conversation = ?1 AND thread = ?2",
            params![conversation.0, thread],
        )?;
    }
    gone.commit()?;
    other.apply(&[])?;
    Ok(())
}
