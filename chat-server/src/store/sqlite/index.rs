//! The upkeep of the full-text index.
//!
//! 1. A search finds every message that was committed before it: it has the rest taken in first
//!    (`Store::search`). A message that is deleted is gone with the commit that says so.
//! 2. The index is a contentless FTS5 table: it keeps no text. To take a message out, FTS5 must be
//!    told exactly what was put in, so both come from [`Entry`] and from the row as it was.
//! 3. The messages between two marks are in the index ([`Marks`]). A change of a message outside
//!    of them leaves the index alone; it is taken in as it stands when its time comes.
//! 4. New messages go in [`BATCH`] at a time, when so many wait or when it is quiet: FTS5 writes and
//!    merges a segment each time, so one by one would cost more than storing them.
//! 5. Messages from before (of an older version, or after a change of `domain::words`) go in by
//!    [`fill`], newest first, a few at a time, while the server works.

use chat_proto::{ConversationId, Event, Seq};

use crate::domain::words;
use crate::store::sql::{self, Connection, OptionalExtension, params};
use crate::store::verbs::{EVENT, Entry, event, int};

/// Messages taken in at once: a few milliseconds, for which nobody's commit waits too long.
pub(super) const BATCH: u32 = 500;

/// From which id of an event to which the messages are in the index. `oldest` 0: from the first.
#[derive(Debug, Clone, Copy)]
struct Marks {
    oldest: i64,
    newest: i64,
}

/// Checks on opening that the index follows the rules of this program; empties it if not.
pub(super) fn open(connection: &rusqlite::Connection) -> sql::Result<()> {
    let change = connection.unchecked_transaction()?;
    let db = Connection::Sqlite(&change);
    let version: i64 = db.query_row("SELECT version FROM search_state", [], |r| r.get(0))?;
    if version == words::VERSION {
        return Ok(());
    }
    db.execute("INSERT INTO search (search) VALUES ('delete-all')", [])?;
    let newest = newest(&db)?;
    let oldest = if newest == 0 { 0 } else { newest + 1 };
    set_marks(&db, Marks { oldest, newest })?;
    db.execute("UPDATE search_state SET version = ?1", [words::VERSION])?;
    change.commit()?;
    Ok(())
}

/// How many events are not looked at yet.
pub(super) fn behind(db: &Connection) -> sql::Result<u32> {
    let behind = newest(db)?.saturating_sub(marks(db)?.newest);
    Ok(u32::try_from(behind).unwrap_or(u32::MAX))
}

/// Takes in a batch of what is new; says how many events are left.
pub(super) fn catch_up(db: &Connection) -> sql::Result<u32> {
    let (marks, last) = (marks(db)?, newest(db)?);
    let newest = last.min(marks.newest.saturating_add(i64::from(BATCH)));
    if newest <= marks.newest {
        return Ok(0);
    }
    let sql = format!(
        "SELECT e.id, {} FROM events e JOIN users u ON u.id = e.author
         WHERE e.id > ?1 AND e.id <= ?2 AND e.kind = 'message' AND e.deleted = 0 ORDER BY e.id",
        EVENT
    );
    let mut query = db.prepare_cached(&sql)?;
    let mut rows = query.query([marks.newest, newest])?;
    while let Some(ref found) = rows.next()? {
        put(db, found.get(0)?, &event(found, 1)?)?;
    }
    set_marks(db, Marks { newest, ..marks })?;
    Ok(u32::try_from(last - newest).unwrap_or(u32::MAX))
}

/// Takes in some messages from before; true when there may be more.
pub(super) fn fill(db: &Connection) -> sql::Result<bool> {
    let marks = marks(db)?;
    if marks.oldest == 0 {
        return Ok(false);
    }
    let sql = format!(
        "SELECT e.id, {} FROM events e JOIN users u ON u.id = e.author
         WHERE e.id < ?1 AND e.kind = 'message' AND e.deleted = 0 ORDER BY e.id DESC LIMIT ?2",
        EVENT
    );
    let mut batch = db
        .prepare_cached(&sql)?
        .query_map(params![marks.oldest, BATCH], |r| Ok((r.get(0)?, event(r, 1)?)))?
        .collect::<sql::Result<Vec<(i64, Event)>>>()?;
    // In rising order, or FTS5 writes a segment for each.
    batch.reverse();
    for (id, message) in &batch {
        put(db, *id, message)?;
    }
    let is_last = batch.len() < BATCH as usize;
    let oldest = if is_last { 0 } else { batch.first().map_or(0, |(id, _)| *id) };
    set_marks(db, Marks { oldest, ..marks })?;
    Ok(!is_last)
}

/// Whether there are messages that [`fill`] has not come to.
pub(in crate::store) fn is_filling(db: &Connection) -> sql::Result<bool> {
    marks(db).map(|marks| marks.oldest > 0)
}

/// A message becomes another, or nothing.
pub(in crate::store) fn change(db: &Connection, before: &Event, after: &Event) -> sql::Result<()> {
    let (was, is) = (before.message(), after.message());
    if was.map(|m| (&m.body, &m.mentions)) == is.map(|m| (&m.body, &m.mentions)) {
        return Ok(());
    }
    let Some(id) = id(db, before.conversation, before.seq)? else { return Ok(()) };
    let marks = marks(db)?;
    if id < marks.oldest || id > marks.newest {
        return Ok(());
    }
    take_out(db, id, before)?;
    put(db, id, after)
}

fn put(db: &Connection, id: i64, event: &Event) -> sql::Result<()> {
    let Some(entry) = Entry::of(event) else { return Ok(()) };
    db.prepare_cached("INSERT INTO search (rowid, words, facts) VALUES (?1, ?2, ?3)")?.execute(params![
        id,
        entry.words.join(" "),
        entry.facts.join(" ")
    ])?;
    Ok(())
}

fn take_out(db: &Connection, id: i64, event: &Event) -> sql::Result<()> {
    let Some(entry) = Entry::of(event) else { return Ok(()) };
    db.prepare_cached("INSERT INTO search (search, rowid, words, facts) VALUES ('delete', ?1, ?2, ?3)")?
        .execute(params![id, entry.words.join(" "), entry.facts.join(" ")])?;
    Ok(())
}

fn id(db: &Connection, conversation: ConversationId, seq: Seq) -> sql::Result<Option<i64>> {
    db.prepare_cached("SELECT id FROM events WHERE conversation = ?1 AND seq = ?2")?
        .query_row(params![conversation.0, int(seq.0)], |r| r.get(0))
        .optional()
}

fn newest(db: &Connection) -> sql::Result<i64> {
    db.prepare_cached("SELECT coalesce(max(id), 0) FROM events")?.query_row([], |r| r.get(0))
}

fn marks(db: &Connection) -> sql::Result<Marks> {
    db.prepare_cached("SELECT oldest, newest FROM search_state")?
        .query_row([], |r| Ok(Marks { oldest: r.get(0)?, newest: r.get(1)? }))
}

fn set_marks(db: &Connection, marks: Marks) -> sql::Result<()> {
    db.prepare_cached("UPDATE search_state SET oldest = ?1, newest = ?2")?
        .execute([marks.oldest, marks.newest])?;
    Ok(())
}
