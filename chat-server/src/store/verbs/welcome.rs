//! What somebody who comes in is told first.

use chat_proto::{SessionId, UserId};

use super::{Store, inbox, lists, notify, people, row};
use crate::store::sql::OptionalExtension;
use crate::store::{AtLogin, StoreError};

impl Store {
    /// How all stands for who has just logged in, with so many conversations; `None` if the session
    /// has ended. One look, because ten thousand may come in at once, after a restart.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn at_login(
        &self,
        session: SessionId,
        user: UserId,
        conversations: u32,
    ) -> Result<Option<AtLogin>, StoreError> {
        self.read(move |db| {
            let role = db
                .prepare_cached(
                    "SELECT u.role FROM sessions s JOIN users u ON u.id = s.user WHERE s.id = ?1",
                )?
                .query_row([session.0], |r| row::role(r, 0))
                .optional()?;
            let Some(role) = role else { return Ok(None) };
            Ok(Some(AtLogin {
                role,
                conversations: lists::window(db, user, None, conversations)?,
                inbox: inbox::state(db, user)?,
                privacy: people::privacy(db, user)?,
                blocked: people::blocked_by(db, user)?.into_iter().map(|person| person.id).collect(),
                dnd: notify::dnd(db, user)?,
            }))
        })
        .await
    }
}
