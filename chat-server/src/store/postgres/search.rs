//! What a message is found by, as a `tsvector`: the tokens of `domain::words`, ready-made and each in
//! its place, so that words, their beginnings and phrases of all scripts are found as on SQLite; and the
//! facts, which begin with a sign that no word has and stand in no place. No extension is needed.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use chat_proto::Event;

use crate::domain::words;
use crate::store::sql::{self, Connection, params};
use crate::store::verbs::{EVENT, Entry, event, int};

/// The last place that a `tsvector` knows; what comes later stands there, too.
const LAST: usize = 16_383;

/// Places kept of one word in one message, as PostgreSQL does.
const PLACES: usize = 255;

/// The text of the vector; none for what is no message.
pub(in crate::store) fn vector(event: &Event) -> Option<String> {
    let entry = Entry::of(event)?;
    let mut places: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, word) in entry.words.iter().enumerate() {
        let known = places.entry(word).or_default();
        if known.len() < PLACES {
            known.push((at + 1).min(LAST));
        }
    }
    let mut text = String::new();
    for fact in &entry.facts {
        // Writing to a text does not fail.
        let _ = write!(text, "'={fact}' ");
    }
    for (word, places) in places {
        let places = places.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        let _ = write!(text, "'{word}':{places} ");
    }
    Some(text)
}

/// Many messages in one statement.
const FOUND_BY: &str = "UPDATE events e SET words = CAST(x.words AS tsvector)
    FROM unnest($1::bigint[], $2::text[]) AS x (id, words) WHERE e.id = x.id";

/// Messages that are looked through at once.
const BATCH: u32 = 500;

/// Notes by which words messages are found from now on. Where others were made by another version of
/// `domain::words`, all from before are to be looked through anew.
pub(super) fn open(db: &Connection) -> sql::Result<()> {
    db.execute(
        "INSERT INTO search_state (one, version, oldest) VALUES (1, ?1, 0) ON CONFLICT (one) DO UPDATE
         SET version = excluded.version, oldest = (SELECT coalesce(max(id), 0) + 1 FROM events)
         WHERE search_state.version <> excluded.version",
        [words::VERSION],
    )?;
    Ok(())
}

/// Whether there are messages that [`fill`] has not come to.
pub(in crate::store) fn is_filling(db: &Connection) -> sql::Result<bool> {
    db.query_row("SELECT oldest > 0 FROM search_state", [], |r| r.get(0))
}

/// Looks through some messages from before, the newest first; true when there may be more.
pub(super) fn fill(db: &Connection) -> sql::Result<bool> {
    // One server at a time.
    let oldest: i64 = db.query_row("SELECT oldest FROM search_state FOR UPDATE", [], |r| r.get(0))?;
    if oldest == 0 {
        return Ok(false);
    }
    let sql = format!(
        "SELECT e.id, {EVENT} FROM events e JOIN users u ON u.id = e.author
         WHERE e.id < ?1 AND e.kind = 'message' AND e.deleted = 0 ORDER BY e.id DESC LIMIT ?2 FOR UPDATE OF e"
    );
    let batch = db
        .prepare_cached(&sql)?
        .query_map(params![oldest, BATCH], |r| Ok((r.get(0)?, event(r, 1)?)))?
        .collect::<sql::Result<Vec<(i64, Event)>>>()?;
    if let Connection::Postgres(session) = db {
        let ids: Vec<i64> = batch.iter().map(|(id, _)| *id).collect();
        let found_by: Vec<Option<String>> = batch.iter().map(|(_, message)| vector(message)).collect();
        let client = session.client()?;
        session.wait(async {
            let statement = client.prepare_cached(FOUND_BY).await?;
            client.execute(&statement, &[&ids, &found_by]).await
        })?;
    }
    let is_last = batch.len() < BATCH as usize;
    let next = if is_last { 0 } else { batch.last().map_or(0, |(id, _)| *id) };
    db.execute("UPDATE search_state SET oldest = ?1", [next])?;
    Ok(!is_last)
}

/// A message becomes another, or nothing.
pub(in crate::store) fn change(db: &Connection, before: &Event, after: &Event) -> sql::Result<()> {
    let found_by = |event: &Event| event.message().map(|m| (m.body.clone(), m.mentions.clone()));
    if found_by(before) == found_by(after) {
        return Ok(());
    }
    db.prepare_cached("UPDATE events SET words = CAST(?3 AS tsvector) WHERE conversation = ?1 AND seq = ?2")?
        .execute(params![after.conversation.0, int(after.seq.0), vector(after)])?;
    Ok(())
}
