//! Messages as they stand now: held events are brought up to date by the ones that follow.
//!
//! Each row says up to which event it is up to date, for what comes from the server may be so
//! already, and a count must not be made twice.

use chat_proto::{Event, EventKind, Seq, Tombstone};
use rusqlite::{OptionalExtension, Transaction, params};

use super::{json, run};

/// Keeps an event that stands as of that one, unless a newer state of it is held.
pub(super) fn put(db: &Transaction<'_>, event: &Event, as_of: Seq) -> rusqlite::Result<()> {
    run(
        db,
        "INSERT INTO events (conversation, seq, json, target, as_of) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (conversation, seq) DO UPDATE
         SET json = excluded.json, target = excluded.target, as_of = excluded.as_of
         WHERE excluded.as_of >= events.as_of",
        params![event.conversation.0, event.seq.0, json(event), event.target().map(|seq| seq.0), as_of.0],
    )
}

/// Brings what an event changes up to date with it, as far as that is held.
pub(super) fn fold(db: &Transaction<'_>, later: &Event) -> rusqlite::Result<()> {
    let Some(target) = later.target() else { return Ok(()) };
    if let EventKind::Deleted { target } = later.what {
        erase_edits(db, later, target)?;
    }
    let mut query =
        db.prepare_cached("SELECT json FROM events WHERE conversation = ?1 AND seq = ?2 AND as_of < ?3")?;
    let found: Option<String> =
        query.query_row(params![later.conversation.0, target.0, later.seq.0], |row| row.get(0)).optional()?;
    let Some(mut changed) = found.and_then(|text| serde_json::from_str::<Event>(&text).ok()) else {
        return Ok(());
    };
    if let (EventKind::Deleted { .. }, Some(message)) = (&later.what, changed.message()) {
        // Its text may still wait to be sent, if the answer was lost.
        run(db, "DELETE FROM outbox WHERE client_id = ?1", [message.client_id.0])?;
    }
    changed.apply(later);
    put(db, &changed, later.seq)
}

/// The texts of earlier edits go with the message; their numbers stay.
fn erase_edits(db: &Transaction<'_>, deletion: &Event, target: Seq) -> rusqlite::Result<()> {
    let mut query = db.prepare_cached(
        "SELECT json FROM events WHERE conversation = ?1 AND target = ?2 AND seq < ?3 AND as_of < ?3",
    )?;
    let key = params![deletion.conversation.0, target.0, deletion.seq.0];
    let texts: Vec<String> = query.query_map(key, |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    for text in texts {
        let Ok(mut edit) = serde_json::from_str::<Event>(&text) else { continue };
        if matches!(edit.what, EventKind::Edited { .. }) {
            edit.what = EventKind::Tombstone(Tombstone {
                deleted: deletion.seq,
                edit_of: Some(target),
                ..Tombstone::default()
            });
            put(db, &edit, deletion.seq)?;
        }
    }
    Ok(())
}
