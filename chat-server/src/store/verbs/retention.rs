//! Messages that have been kept for their time.

use chat_proto::{ConversationId, Seq, Timestamp};

use super::{Store, row};
use crate::store::StoreError;
use crate::store::sql::{self, params};

/// Milliseconds of a day.
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

impl Store {
    /// Some messages that are older than their room or the server keeps them, room by room. Where
    /// both say something, the shorter time holds.
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
            // Room by room: SQLite would rather look through all messages.
            let join = db.either("CROSS JOIN", "JOIN");
            let mut query = db.prepare_cached(&format!(
                "SELECT e.conversation, e.seq
                 FROM (SELECT id, CASE WHEN keep_days = 0 THEN ?1 WHEN ?1 IS NULL THEN keep_days
                           ELSE min(keep_days, ?1) END AS days FROM conversations) c
                 {join} events e ON e.conversation = c.id AND e.kind = 'message' AND e.deleted = 0
                     AND e.at < ?2 - c.days * ?3
                 WHERE c.days IS NOT NULL LIMIT ?4"
            ))?;
            let key = params![keep_days, now.0, DAY_MS, row::int(limit as u64)];
            let found = query
                .query_map(key, |r| Ok((ConversationId(r.get(0)?), row::seq(r, 1)?)))?
                .collect::<sql::Result<_>>()?;
            Ok(found)
        })
        .await
    }
}
