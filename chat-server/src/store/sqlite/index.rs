//! The upkeep of the full-text index.
//!
//! 1. A search finds every message that was committed before it: it has the rest taken in first
//!    (`Sqlite::search`). A message that is deleted is gone with the commit that says so.
//! 2. The index is a contentless FTS5 table: it keeps no text. To take a message out, FTS5 must be
//!    told exactly what was put in, so both come from [`entry`] and from the row as it was.
//! 3. The messages between two marks are in the index ([`Marks`]). A change of a message outside
//!    of them leaves the index alone; it is taken in as it stands when its time comes.
//! 4. New messages go in [`BATCH`] at a time, when so many wait or when it is quiet: FTS5 writes and
//!    merges a segment each time, so one by one would cost more than storing them.
//! 5. Messages from before (of an older version, or after a change of `domain::words`) go in by
//!    [`fill`], newest first, a few at a time, while the server works.

use std::borrow::Cow;

use chat_proto::{ConversationId, Event, Message, Seq, UserId};
use rusqlite::{Connection, OptionalExtension, params};

use super::row;
use crate::domain::words::{self, words};

/// Messages taken in at once: a few milliseconds, for which nobody's commit waits too long.
pub(super) const BATCH: u32 = 500;

/// From which id of an event to which the messages are in the index. `oldest` 0: from the first.
#[derive(Debug, Clone, Copy)]
struct Marks {
    oldest: i64,
    newest: i64,
}

/// What one message is found by: its words, and the facts about it.
struct Entry {
    words: String,
    facts: String,
}

/// Checks on opening that the index follows the rules of this program; empties it if not.
pub(super) fn open(db: &Connection) -> rusqlite::Result<()> {
    let version: i64 = db.query_row("SELECT version FROM search_state", [], |r| r.get(0))?;
    if version == words::VERSION {
        return Ok(());
    }
    let change = db.unchecked_transaction()?;
    change.execute("INSERT INTO search (search) VALUES ('delete-all')", [])?;
    let newest = newest(&change)?;
    let oldest = if newest == 0 { 0 } else { newest + 1 };
    set_marks(&change, Marks { oldest, newest })?;
    change.execute("UPDATE search_state SET version = ?1", [words::VERSION])?;
    change.commit()
}

/// How many events are not looked at yet.
pub(super) fn behind(db: &Connection) -> rusqlite::Result<u32> {
    let behind = newest(db)?.saturating_sub(marks(db)?.newest);
    Ok(u32::try_from(behind).unwrap_or(u32::MAX))
}

/// Takes in a batch of what is new; says how many events are left.
pub(super) fn catch_up(db: &Connection) -> rusqlite::Result<u32> {
    let (marks, last) = (marks(db)?, newest(db)?);
    let newest = last.min(marks.newest.saturating_add(i64::from(BATCH)));
    if newest <= marks.newest {
        return Ok(0);
    }
    let sql = format!(
        "SELECT e.id, {} FROM events e JOIN users u ON u.id = e.author
         WHERE e.id > ?1 AND e.id <= ?2 AND e.kind = 'message' AND e.deleted = 0 ORDER BY e.id",
        row::EVENT
    );
    let mut query = db.prepare_cached(&sql)?;
    let mut rows = query.query([marks.newest, newest])?;
    while let Some(found) = rows.next()? {
        put(db, found.get(0)?, &row::event(found, 1)?)?;
    }
    set_marks(db, Marks { newest, ..marks })?;
    Ok(u32::try_from(last - newest).unwrap_or(u32::MAX))
}

/// Takes in some messages from before; true when there may be more.
pub(super) fn fill(db: &Connection) -> rusqlite::Result<bool> {
    let marks = marks(db)?;
    if marks.oldest == 0 {
        return Ok(false);
    }
    let sql = format!(
        "SELECT e.id, {} FROM events e JOIN users u ON u.id = e.author
         WHERE e.id < ?1 AND e.kind = 'message' AND e.deleted = 0 ORDER BY e.id DESC LIMIT ?2",
        row::EVENT
    );
    let mut batch = db
        .prepare_cached(&sql)?
        .query_map(params![marks.oldest, BATCH], |r| Ok((r.get(0)?, row::event(r, 1)?)))?
        .collect::<rusqlite::Result<Vec<(i64, Event)>>>()?;
    // In rising order, or FTS5 writes a segment for each.
    batch.reverse();
    for (id, event) in &batch {
        put(db, *id, event)?;
    }
    let is_last = batch.len() < BATCH as usize;
    let oldest = if is_last { 0 } else { batch.first().map_or(0, |(id, _)| *id) };
    set_marks(db, Marks { oldest, ..marks })?;
    Ok(!is_last)
}

/// Whether there are messages that [`fill`] has not come to.
pub(super) fn is_filling(db: &Connection) -> rusqlite::Result<bool> {
    marks(db).map(|marks| marks.oldest > 0)
}

/// A message becomes another, or nothing.
pub(super) fn change(db: &Connection, before: &Event, after: &Event) -> rusqlite::Result<()> {
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

/// How the index knows the author of a message.
pub(super) fn by(user: UserId) -> String {
    format!("by{}", user.0.simple())
}

/// How the index knows where a message stands.
pub(super) fn within(conversation: ConversationId) -> String {
    format!("in{}", conversation.0.simple())
}

/// How the index knows whom a message mentions.
pub(super) fn calls(user: UserId) -> String {
    format!("calls{}", user.0.simple())
}

/// How the index knows a message with a link.
pub(super) const LINK: &str = "link";

/// How the index knows a message with a file.
pub(super) const FILE: &str = "file";

fn entry(event: &Event) -> Option<Entry> {
    let message = event.message()?;
    let body = message.body.as_str();
    let mut facts = vec![by(event.author.id), within(event.conversation)];
    facts.extend(message.mentions.iter().map(|user| calls(*user)));
    facts.extend(has_link(body).then(|| LINK.to_owned()));
    facts.extend((!message.files.is_empty()).then(|| FILE.to_owned()));
    let words = words::tokens(&words(&text(message))).collect::<Vec<_>>().join(" ");
    Some(Entry { words, facts: facts.join(" ") })
}

/// What a message is searched in: what it says, and below it the names of its files.
pub(super) fn text(message: &Message) -> Cow<'_, str> {
    if message.files.is_empty() {
        return message.body.as_str().into();
    }
    let names = message.files.iter().map(|file| file.name.as_str());
    let body = Some(message.body.as_str()).filter(|body| !body.is_empty());
    body.into_iter().chain(names).collect::<Vec<_>>().join("\n").into()
}

fn has_link(text: &str) -> bool {
    text.match_indices("://").any(|(at, _)| {
        let scheme = text[..at].rsplit(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
        let goes_on = text[at + 3..].starts_with(|c: char| c.is_alphanumeric() || c == '[');
        goes_on && ["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known))
    })
}

fn put(db: &Connection, id: i64, event: &Event) -> rusqlite::Result<()> {
    let Some(entry) = entry(event) else { return Ok(()) };
    db.prepare_cached("INSERT INTO search (rowid, words, facts) VALUES (?1, ?2, ?3)")?.execute(params![
        id,
        entry.words,
        entry.facts
    ])?;
    Ok(())
}

fn take_out(db: &Connection, id: i64, event: &Event) -> rusqlite::Result<()> {
    let Some(entry) = entry(event) else { return Ok(()) };
    db.prepare_cached("INSERT INTO search (search, rowid, words, facts) VALUES ('delete', ?1, ?2, ?3)")?
        .execute(params![id, entry.words, entry.facts])?;
    Ok(())
}

fn id(db: &Connection, conversation: ConversationId, seq: Seq) -> rusqlite::Result<Option<i64>> {
    db.prepare_cached("SELECT id FROM events WHERE conversation = ?1 AND seq = ?2")?
        .query_row(params![conversation.0, row::int(seq.0)], |r| r.get(0))
        .optional()
}

fn newest(db: &Connection) -> rusqlite::Result<i64> {
    db.prepare_cached("SELECT coalesce(max(id), 0) FROM events")?.query_row([], |r| r.get(0))
}

fn marks(db: &Connection) -> rusqlite::Result<Marks> {
    db.prepare_cached("SELECT oldest, newest FROM search_state")?
        .query_row([], |r| Ok(Marks { oldest: r.get(0)?, newest: r.get(1)? }))
}

fn set_marks(db: &Connection, marks: Marks) -> rusqlite::Result<()> {
    db.prepare_cached("UPDATE search_state SET oldest = ?1, newest = ?2")?
        .execute([marks.oldest, marks.newest])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::has_link;

    #[test]
    fn links_are_web_addresses() {
        for text in ["see https://a.org", "(HTTP://x)", "https://[::1]/", "天http://例え.jp"] {
            assert!(has_link(text), "{text}");
        }
        for text in ["https:// x", "ftp://a.org", "xhttps://a", "a://b", "://", "http:/a"] {
            assert!(!has_link(text), "{text}");
        }
    }
}
