//! How people want to hear of what happens: by conversation, and at which hours.

use chat_proto::{ConversationId, Dnd, Notify, UserId};

use super::{Store, row};
use crate::store::StoreError;
use crate::store::sql::{self, Connection, params};

impl Store {
    /// Keeps how a member wants to hear of a conversation; false if they are none.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn set_notify(
        &self,
        user: UserId,
        conversation: ConversationId,
        notify: Notify,
    ) -> Result<bool, StoreError> {
        self.write_beside(move |db| {
            let mut update = db.prepare_cached(
                "UPDATE members SET level = ?3, muted_until = ?4 WHERE conversation = ?1 AND user = ?2",
            )?;
            let level = notify.level.map(|level| level.as_str());
            let until = notify.muted_until.map(|until| until.0);
            Ok(update.execute(params![conversation.0, user.0, level, until])? > 0)
        })
        .await
    }

    /// Keeps when somebody does not want to be disturbed.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn set_dnd(&self, user: UserId, dnd: Dnd) -> Result<(), StoreError> {
        self.write_beside(move |db| {
            let text = serde_json::to_string(&dnd).map_err(|cause| StoreError::Failed(cause.to_string()))?;
            db.prepare_cached("UPDATE users SET dnd = ?2 WHERE id = ?1")?.execute(params![user.0, text])?;
            Ok(())
        })
        .await
    }
}

/// When somebody does not want to be disturbed.
pub(super) fn dnd(db: &Connection, user: UserId) -> sql::Result<Dnd> {
    db.prepare_cached("SELECT dnd FROM users WHERE id = ?1")?.query_row([user.0], |r| {
        let text: String = r.get(0)?;
        serde_json::from_str(&text).map_err(|cause| row::unreadable(0, cause))
    })
}
