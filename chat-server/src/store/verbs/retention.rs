//! Messages that have been kept for their time.

use chat_proto::{ConversationId, Seq, Timestamp};

use super::days::{self, DAY_MS, OF_THE_DAY};
use super::{Store, row};
use crate::store::StoreError;
use crate::store::sql::{self, Connection, params};

/// Conversations with how many days they keep messages; null for ever. Where the room and the server both say
/// something, the shorter time holds.
const KEPT: &str = "(SELECT id, CASE WHEN keep_days = 0 THEN ?1 WHEN ?1 IS NULL THEN keep_days
    ELSE min(keep_days, ?1) END AS days FROM conversations)";

impl Store {
    /// Some messages that are older than their room or the server keeps them, room by room.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn expired(
        &self,
        keep_days: Option<u32>,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<(ConversationId, Seq)>, StoreError> {
        self.read(move |db| {
            // Room by room and day by day: SQLite would rather look through all messages.
            let join = db.either("CROSS JOIN", "JOIN");
            let found = find(
                db,
                &format!(
                    "SELECT e.conversation, e.seq FROM {KEPT} c
                     {join} days d ON d.conversation = c.id AND d.day <= ?2 / ?3 - c.days
                     {join} events e ON e.conversation = c.id AND {OF_THE_DAY} AND e.kind = 'message'
                         AND e.deleted = 0 AND e.at < ?2 - c.days * ?3
                     WHERE c.days IS NOT NULL LIMIT ?4"
                ),
                (keep_days, now, limit),
            )?;
            Ok(found)
        })
        .await
    }

    /// Forgets some days that are over by the same times and of which no message is left, so that nobody looks
    /// through them again; how many.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn forget_days(
        &self,
        keep_days: Option<u32>,
        now: Timestamp,
        limit: usize,
    ) -> Result<usize, StoreError> {
        let empty = move |db: &Connection| {
            let join = db.either("CROSS JOIN", "JOIN");
            let sql = format!(
                "SELECT d.conversation, d.seq FROM {KEPT} c
                 {join} days d ON d.conversation = c.id AND d.day < ?2 / ?3 - c.days
                 WHERE c.days IS NOT NULL AND NOT EXISTS (
                     SELECT 1 FROM events e WHERE e.conversation = d.conversation AND {OF_THE_DAY}
                         AND e.kind = 'message' AND e.deleted = 0)
                 LIMIT ?4"
            );
            find(db, &sql, (keep_days, now, limit))
        };
        if self.read(move |db| Ok(empty(db)?)).await?.is_empty() {
            return Ok(0);
        }
        self.write_beside(move |db| {
            let mut days = empty(db)?;
            // In one order, so that nobody waits for another who waits for them.
            days.sort_unstable();
            for (conversation, seq) in &days {
                days::end(db, *conversation, *seq)?;
            }
            Ok(days.len())
        })
        .await
    }
}

fn find(
    db: &Connection,
    sql: &str,
    (keep_days, now, limit): (Option<u32>, Timestamp, usize),
) -> sql::Result<Vec<(ConversationId, Seq)>> {
    db.prepare_cached(sql)?
        .query_map(params![keep_days, now.0, DAY_MS, row::int(limit as u64)], |r| {
            Ok((ConversationId(r.get(0)?), row::seq(r, 1)?))
        })?
        .collect()
}
