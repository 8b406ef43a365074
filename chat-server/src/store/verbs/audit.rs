//! The log of what was done to keep order: written with the act, never changed.

use chat_proto::{AuditEntry, ConversationId, Timestamp};

use super::{Store, lists, row};
use crate::domain::audit::Note;
use crate::store::sql::{self, Connection, params};
use crate::store::{Page, StoreError};

/// Adds an act, in the transaction of the act itself.
pub(super) fn record(db: &Connection, note: &Note) -> sql::Result<()> {
    let details =
        serde_json::to_string(&note.details).map_err(|cause| sql::Error::Unwritable(Box::new(cause)))?;
    db.prepare_cached(
        "INSERT INTO audit (at, actor, act, conversation, target, details, reason) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        note.at.0,
        note.actor.0,
        note.act,
        note.conversation.map(|id| id.0),
        note.target.map(|id| id.0),
        details,
        note.reason.as_str()
    ])?;
    Ok(())
}

impl Store {
    /// Keeps an act that is no store write of its own.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn note(&self, note: Note) -> Result<(), StoreError> {
        self.write(move |db| Ok(record(db, &note)?)).await
    }

    /// A page of the log, the newest first, of one conversation or of all; `before` this number.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn audit(
        &self,
        conversation: Option<ConversationId>,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Page<AuditEntry>, StoreError> {
        self.read(move |db| {
            // Two statements, so that each walks its own index.
            let place = if conversation.is_some() { "a.conversation = ?1" } else { "?1 IS NULL" };
            let sql = format!(
                "SELECT a.id, a.at, u.id, u.name, u.bot, a.act, a.conversation, c.name, t.id, t.name, t.bot,
                     a.details, a.reason
                 FROM audit a JOIN users u ON u.id = a.actor LEFT JOIN users t ON t.id = a.target
                     LEFT JOIN conversations c ON c.id = a.conversation
                 WHERE {place} AND a.id < ?2 ORDER BY a.id DESC LIMIT ?3"
            );
            let before = before.map_or(i64::MAX, row::int);
            let rows = db
                .prepare_cached(&sql)?
                .query_map(params![conversation.map(|id| id.0), before, limit + 1], |r| {
                    let details: String = r.get(11)?;
                    let target: Option<uuid::Uuid> = r.get(8)?;
                    let room: Option<String> = r.get(7)?;
                    Ok(AuditEntry {
                        id: row::count(r, 0)?,
                        at: Timestamp(r.get(1)?),
                        actor: row::person(r, 2)?,
                        act: r.get(5)?,
                        conversation: r.get::<_, Option<_>>(6)?.map(ConversationId),
                        room: room.map(|_| row::parsed(r, 7)).transpose()?,
                        target: target.map(|_| row::person(r, 8)).transpose()?,
                        details: serde_json::from_str(&details)
                            .map_err(|cause| row::unreadable(11, cause))?,
                        reason: lists::topic(r, 12)?,
                    })
                })?
                .collect::<sql::Result<Vec<_>>>()?;
            Ok(lists::cut(rows, limit))
        })
        .await
    }
}
