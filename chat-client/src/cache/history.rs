//! The stretch of events that is held of each conversation.

use chat_proto::{ConversationId, Event, Seq};
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::{Batch, Cache, fold, run};
use crate::update::{Anchor, History};

/// What the cache has of a page that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CachedPage {
    /// The events that are held.
    pub(crate) history: History,
    /// Whether that is the whole page.
    pub(crate) complete: bool,
}

impl Cache {
    /// A page of a conversation, as much of it as is held.
    ///
    /// # Errors
    /// SQLite's.
    pub(crate) fn page(
        &self,
        conversation: ConversationId,
        anchor: Anchor,
        limit: u32,
    ) -> rusqlite::Result<CachedPage> {
        let (low, high) = stretch(&self.db, conversation)?.unwrap_or((1, 0));
        let (first, last) = wanted(anchor, u64::from(limit.max(1)), high);
        let (from, to) = (first.max(low), last.min(high));
        let mut events = Vec::new();
        if from <= to {
            let mut query = self.db.prepare_cached(
                "SELECT json FROM events WHERE conversation = ?1 AND seq BETWEEN ?2 AND ?3 ORDER BY seq",
            )?;
            let rows = query.query_map(params![conversation.0, from, to], |row| row.get::<_, String>(0))?;
            for text in rows {
                // An event that cannot be read would be a gap: the page is then the server's.
                events.extend(serde_json::from_str::<Event>(&text?).ok());
            }
        }
        let whole = u64::try_from(events.len()).ok() == (to + 1).checked_sub(from);
        let reaches = first >= low && !events.is_empty();
        let inside = match anchor {
            Anchor::Before(before) => before.0 <= high + 1,
            Anchor::Around(seq) => seq.0 <= high,
            Anchor::Newest | Anchor::After(_) => true,
        };
        let history = History { more_before: from > 1, more_after: to < high, events };
        Ok(CachedPage { complete: whole && reaches && inside, history })
    }
}

/// The first and last number of a page, before it is known what is held.
fn wanted(anchor: Anchor, limit: u64, high: u64) -> (u64, u64) {
    match anchor {
        Anchor::Newest => ((high + 1).saturating_sub(limit).max(1), high),
        Anchor::Before(Seq(before)) => (before.saturating_sub(limit).max(1), before.saturating_sub(1)),
        Anchor::After(Seq(after)) => (after.saturating_add(1), after.saturating_add(limit)),
        Anchor::Around(Seq(seq)) => {
            (seq.saturating_sub(limit / 2).max(1), seq.saturating_add((limit - 1) / 2))
        }
    }
}

fn stretch(db: &Connection, conversation: ConversationId) -> rusqlite::Result<Option<(u64, u64)>> {
    let mut query = db.prepare_cached("SELECT low, high FROM stretches WHERE conversation = ?1")?;
    query.query_row([conversation.0], |row| Ok((row.get(0)?, row.get(1)?))).optional()
}

fn put_stretch(
    db: &Transaction<'_>,
    conversation: ConversationId,
    (low, high): (u64, u64),
) -> rusqlite::Result<()> {
    run(db, "INSERT OR REPLACE INTO stretches VALUES (?1, ?2, ?3)", params![conversation.0, low, high])
}

/// Begins a stretch anew behind an event.
pub(super) fn begin(db: &Transaction<'_>, conversation: ConversationId, at: Seq) -> rusqlite::Result<()> {
    run(db, "DELETE FROM events WHERE conversation = ?1", [conversation.0])?;
    put_stretch(db, conversation, (at.0 + 1, at.0))
}

/// Adds events that follow the stretch. If they do not, because a write failed before, they are
/// the new stretch.
pub(super) fn append(db: &Transaction<'_>, batch: &Batch) -> rusqlite::Result<()> {
    let Some(first) = batch.events.first() else { return Ok(()) };
    let held = stretch(db, batch.conversation)?;
    if held.is_none_or(|(_, high)| first.seq.0 > high + 1) {
        begin(db, batch.conversation, Seq(first.seq.0.saturating_sub(1)))?;
    }
    merge(db, batch)
}

/// Adds a page if it touches the stretch or overlaps it.
pub(super) fn merge(db: &Transaction<'_>, batch: &Batch) -> rusqlite::Result<()> {
    let (Some(first), Some(last)) = (batch.events.first(), batch.events.last()) else { return Ok(()) };
    let Some((low, high)) = stretch(db, batch.conversation)? else { return Ok(()) };
    let gapless = batch.events.windows(2).all(|pair| pair[0].seq.next() == pair[1].seq);
    if !gapless || first.seq.0 > high + 1 || last.seq.0 + 1 < low {
        return Ok(());
    }
    let as_of = batch.as_of.max(last.seq);
    for event in &batch.events {
        fold::put(db, event, as_of)?;
    }
    // What is held is brought up to date with what is new, and what is new with what is held.
    for event in batch.events.iter().filter(|event| event.seq.0 > high) {
        fold::fold(db, event)?;
    }
    for event in after(db, batch.conversation, as_of)? {
        fold::fold(db, &event)?;
    }
    put_stretch(db, batch.conversation, (low.min(first.seq.0), high.max(last.seq.0)))
}

/// The held events behind a number; of those that change others, which are few.
fn after(db: &Transaction<'_>, conversation: ConversationId, seq: Seq) -> rusqlite::Result<Vec<Event>> {
    let mut query = db.prepare_cached(
        "SELECT json FROM events WHERE conversation = ?1 AND seq > ?2 AND target IS NOT NULL ORDER BY seq",
    )?;
    let texts = query.query_map(params![conversation.0, seq.0], |row| row.get::<_, String>(0))?;
    texts.filter_map(|text| text.map(|text| serde_json::from_str(&text).ok()).transpose()).collect()
}
