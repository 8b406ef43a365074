//! Single messages: what commands name, pins, versions, threads; and invitations.

use chat_proto::{ConversationId, Event, Invitation, Seq, Timestamp, UserId, Version};

use super::change::is_member;
use super::{Store, log, row};
use crate::store::sql::{self, OptionalExtension, params};
use crate::store::{Page, StoreError};

impl Store {
    /// An event as it stands now, whoever asks: for deciding, not for showing.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn event(&self, conversation: ConversationId, seq: Seq) -> Result<Option<Event>, StoreError> {
        self.read(move |db| Ok(log::event(db, conversation, seq)?)).await
    }

    /// An event as it stands now, for a member; `None` for everybody else.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn event_for(
        &self,
        user: UserId,
        conversation: ConversationId,
        seq: Seq,
    ) -> Result<Option<Event>, StoreError> {
        self.read(move |db| {
            if !is_member(db, conversation, user)? {
                return Ok(None);
            }
            Ok(log::event(db, conversation, seq)?)
        })
        .await
    }

    /// How many messages are pinned.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn count_pins(&self, conversation: ConversationId) -> Result<usize, StoreError> {
        self.read(move |db| {
            let mut query =
                db.prepare_cached("SELECT count(*) FROM events WHERE conversation = ?1 AND pinned = 1")?;
            Ok(query
                .query_row([conversation.0], |r| row::count(r, 0))
                .map(|n| usize::try_from(n).unwrap_or(usize::MAX))?)
        })
        .await
    }

    /// The pinned messages, oldest first, for a member; `None` for everybody else.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn pins(
        &self,
        user: UserId,
        conversation: ConversationId,
    ) -> Result<Option<Vec<Event>>, StoreError> {
        self.read(move |db| {
            if !is_member(db, conversation, user)? {
                return Ok(None);
            }
            let sql = format!(
                "SELECT {} FROM events e JOIN users u ON u.id = e.author
                 WHERE e.conversation = ?1 AND e.pinned = 1 ORDER BY e.seq",
                row::EVENT
            );
            let mut query = db.prepare_cached(&sql)?;
            let pins =
                query.query_map([conversation.0], |r| row::event(r, 0))?.collect::<sql::Result<_>>()?;
            Ok(Some(pins))
        })
        .await
    }

    /// The earlier texts of a message, oldest first, for a member; `None` for everybody else.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn versions(
        &self,
        user: UserId,
        conversation: ConversationId,
        seq: Seq,
    ) -> Result<Option<Vec<Version>>, StoreError> {
        self.read(move |db| {
            if !is_member(db, conversation, user)? {
                return Ok(None);
            }
            let mut query = db.prepare_cached(
                "SELECT body, at FROM versions WHERE conversation = ?1 AND target = ?2 ORDER BY seq",
            )?;
            let versions = query
                .query_map(params![conversation.0, row::int(seq.0)], |r| {
                    let body = chat_proto::Body::or_nothing(r.get::<_, String>(0)?);
                    Ok(Version {
                        body: body.map_err(|cause| row::unreadable(0, cause))?,
                        at: Timestamp(r.get(1)?),
                    })
                })?
                .collect::<sql::Result<_>>()?;
            Ok(Some(versions))
        })
        .await
    }

    /// The messages of a thread, oldest first, for a member; `None` for everybody else.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn thread(
        &self,
        user: UserId,
        conversation: ConversationId,
        root: Seq,
        after: Seq,
        limit: u32,
    ) -> Result<Option<Page<Event>>, StoreError> {
        self.read(move |db| {
            if !is_member(db, conversation, user)? {
                return Ok(None);
            }
            let sql = format!(
                "SELECT {} FROM events e JOIN users u ON u.id = e.author
                 WHERE e.conversation = ?1 AND e.target = ?2 AND e.kind = 'message' AND e.seq > ?3
                 ORDER BY e.seq LIMIT ?4",
                row::EVENT
            );
            let mut query = db.prepare_cached(&sql)?;
            let rows = query
                .query_map(params![conversation.0, row::int(root.0), row::int(after.0), limit + 1], |r| {
                    row::event(r, 0)
                })?
                .collect::<sql::Result<Vec<_>>>()?;
            Ok(Some(super::lists::cut(rows, limit)))
        })
        .await
    }

    /// Whether somebody was asked into a room and has not answered.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn is_invited(&self, conversation: ConversationId, user: UserId) -> Result<bool, StoreError> {
        self.read(move |db| {
            let mut query =
                db.prepare_cached("SELECT 1 FROM invitations WHERE conversation = ?1 AND user = ?2")?;
            Ok(query.query_row(params![conversation.0, user.0], |_| Ok(())).optional()?.is_some())
        })
        .await
    }

    /// What somebody was asked into, the newest first, at most so many.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn invitations(&self, user: UserId, limit: usize) -> Result<Vec<Invitation>, StoreError> {
        self.read(move |db| {
            let mut query = db.prepare_cached(
                "SELECT c.id, c.name, c.topic, c.private, u.id, u.name, u.bot, i.at
                 FROM invitations i JOIN conversations c ON c.id = i.conversation JOIN users u ON u.id = i.inviter
                 WHERE i.user = ?1 ORDER BY i.at DESC LIMIT ?2",
            )?;
            let invitations = query
                .query_map(params![user.0, row::int(limit as u64)], |r| {
                    Ok(Invitation {
                        conversation: ConversationId(r.get(0)?),
                        name: row::parsed(r, 1)?,
                        topic: super::lists::topic(r, 2)?,
                        private: r.get(3)?,
                        by: row::person(r, 4)?,
                        at: Timestamp(r.get(7)?),
                    })
                })?
                .collect::<sql::Result<_>>()?;
            Ok(invitations)
        })
        .await
    }

    /// Forgets an invitation; false if there was none.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn decline(&self, conversation: ConversationId, user: UserId) -> Result<bool, StoreError> {
        self.write_beside(move |db| {
            let mut delete =
                db.prepare_cached("DELETE FROM invitations WHERE conversation = ?1 AND user = ?2")?;
            Ok(delete.execute(params![conversation.0, user.0])? > 0)
        })
        .await
    }
}
