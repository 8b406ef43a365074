//! What people keep for themselves: starred conversations and saved messages.

use chat_proto::{ConversationId, Event, Seq, Timestamp, UserId, limits};

use super::change::hold_members;
use super::lists::cut;
use super::{Store, row};
use crate::store::sql::{self, Connection, params};
use crate::store::{InboxCursor, Page, Saving, StoreError};

impl Store {
    /// Stars a conversation for a member, or does not any more; false if they are none.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn set_star(
        &self,
        user: UserId,
        conversation: ConversationId,
        on: bool,
    ) -> Result<bool, StoreError> {
        self.write_beside(move |db| {
            let mut update =
                db.prepare_cached("UPDATE members SET starred = ?3 WHERE conversation = ?1 AND user = ?2")?;
            Ok(update.execute(params![conversation.0, user.0, on])? > 0)
        })
        .await
    }

    /// Saves a message for a member, or does not keep it any more; harmless when it is so already.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn set_saved(
        &self,
        user: UserId,
        conversation: ConversationId,
        seq: Seq,
        on: bool,
        now: Timestamp,
    ) -> Result<Saving, StoreError> {
        self.write(move |db| {
            hold_members(db, conversation)?;
            let key = params![conversation.0, user.0, row::int(seq.0)];
            let is_there: bool = db
                .prepare_cached(
                    "SELECT EXISTS (SELECT 1 FROM events e
                         JOIN members m ON m.conversation = e.conversation AND m.user = ?2
                         WHERE e.conversation = ?1 AND e.seq = ?3 AND e.kind = 'message' AND e.deleted = 0)",
                )?
                .query_row(key, |r| r.get(0))?;
            if !is_there {
                return Ok(Saving::NoMessage);
            }
            if !on {
                db.prepare_cached("DELETE FROM saved WHERE conversation = ?1 AND user = ?2 AND seq = ?3")?
                    .execute(key)?;
                return Ok(Saving::Done);
            }
            let held: u64 = db
                .prepare_cached("SELECT count(*) FROM saved WHERE user = ?1")?
                .query_row([user.0], |r| row::count(r, 0))?;
            if held >= limits::SAVED_MESSAGES {
                return Ok(Saving::Full);
            }
            db.prepare_cached(
                "INSERT INTO saved (conversation, user, seq, at) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
            )?
            .execute(params![conversation.0, user.0, row::int(seq.0), now.0])?;
            Ok(Saving::Done)
        })
        .await
    }

    /// A page of the messages that somebody saved, the one saved last first, and where it ends.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn saved(
        &self,
        user: UserId,
        after: Option<InboxCursor>,
        limit: u32,
    ) -> Result<Page<(Event, InboxCursor)>, StoreError> {
        self.read(move |db| {
            let sql = format!(
                "SELECT {}, s.at FROM saved s
                 JOIN events e ON e.conversation = s.conversation AND e.seq = s.seq
                 JOIN users u ON u.id = e.author
                 WHERE s.user = ?1 AND (s.at, s.conversation, s.seq) < (?2, ?3, ?4)
                 ORDER BY s.at DESC, s.conversation DESC, s.seq DESC LIMIT ?5",
                row::EVENT
            );
            let from = after.unwrap_or(InboxCursor::NEWEST);
            let key = params![user.0, from.at.0, from.conversation.0, row::int(from.seq.0), limit + 1];
            let rows = db
                .prepare_cached(&sql)?
                .query_map(key, |r| {
                    let event = row::event(r, 0)?;
                    let at = Timestamp(r.get(row::EVENT_COLUMNS)?);
                    let place = InboxCursor { at, conversation: event.conversation, seq: event.seq };
                    Ok((event, place))
                })?
                .collect::<sql::Result<Vec<_>>>()?;
            Ok(cut(rows, limit))
        })
        .await
    }
}

/// A message is deleted: nobody keeps it any more.
pub(super) fn forget_message(db: &Connection, message: &Event) -> sql::Result<()> {
    db.prepare_cached("DELETE FROM saved WHERE conversation = ?1 AND seq = ?2")?
        .execute(params![message.conversation.0, row::int(message.seq.0)])?;
    Ok(())
}

/// Somebody is no member any more: what they saved there is not theirs to see.
pub(super) fn forget_member(db: &Connection, conversation: ConversationId, user: UserId) -> sql::Result<()> {
    db.prepare_cached("DELETE FROM saved WHERE conversation = ?1 AND user = ?2")?
        .execute(params![conversation.0, user.0])?;
    Ok(())
}
