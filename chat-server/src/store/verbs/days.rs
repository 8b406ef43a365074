//! Which events of a conversation happened on which day: how messages are found by their time, without an index
//! of all of them that every message would have to change.
//!
//! A row of `days` begins a stretch of the log that goes up to the next row. A stretch may begin somewhat after
//! midnight, with the first commit of the new day: what is asked of events is asked of each one's own time, too.

use chat_proto::{ConversationId, Seq};

use super::row;
use crate::store::sql::{self, Connection, params};

/// Milliseconds of a day.
pub(super) const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// An event `e` that is in the stretch of the day `d`, but for its conversation.
pub(super) const OF_THE_DAY: &str = "e.seq >= d.seq AND e.seq < coalesce(
    (SELECT min(n.seq) FROM days n WHERE n.conversation = d.conversation AND n.seq > d.seq), 9223372036854775807)";

/// The day of a time in milliseconds, counted from 1970 in UTC.
pub(super) fn day_of(at: i64) -> i64 {
    at.div_euclid(DAY_MS)
}

/// From this event on, it is this day. `conversations.day` is the caller's to write.
pub(super) fn begin(db: &Connection, conversation: ConversationId, seq: Seq, day: i64) -> sql::Result<()> {
    db.prepare_cached("INSERT INTO days (conversation, seq, day) VALUES (?1, ?2, ?3)")?.execute(params![
        conversation.0,
        row::int(seq.0),
        day
    ])?;
    Ok(())
}

/// The same from behind the head on, as it is written down now.
pub(super) fn begin_behind_head(db: &Connection, conversation: ConversationId, day: i64) -> sql::Result<()> {
    db.prepare_cached(
        "INSERT INTO days (conversation, seq, day) SELECT id, head + 1, ?2 FROM conversations WHERE id = ?1",
    )?
    .execute(params![conversation.0, day])?;
    Ok(())
}

/// Takes a stretch out in which nothing is to be found any more. The next event of the conversation begins another
/// one, whichever day it is.
pub(super) fn end(db: &Connection, conversation: ConversationId, seq: Seq) -> sql::Result<()> {
    let key = params![conversation.0, row::int(seq.0)];
    db.prepare_cached(
        "UPDATE conversations SET day = -1
         WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM days WHERE conversation = ?1 AND seq > ?2)",
    )?
    .execute(key)?;
    db.prepare_cached("DELETE FROM days WHERE conversation = ?1 AND seq = ?2")?.execute(key)?;
    Ok(())
}
