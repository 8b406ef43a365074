//! Threads as people stand to them: who follows which, and how far they have read.

use chat_proto::{
    ConversationId, Event, FollowedThread, Message, Reason, Seq, ThreadState, Timestamp, UserId, limits,
};

use super::change::{hold_members, is_member};
use super::lists::cut;
use super::{Store, inbox, log, row};
use crate::domain::Hearing;
use crate::store::sql::{self, Connection, OptionalExtension, Row, params};
use crate::store::{Committed, InboxCursor, Page, StoreError};

/// The columns of a [`ThreadState`].
const STATE: &str = "t.conversation, t.root, t.following, t.read_seq, t.unread";

impl Store {
    /// How somebody stands to a thread.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn thread_state(
        &self,
        user: UserId,
        conversation: ConversationId,
        root: Seq,
    ) -> Result<ThreadState, StoreError> {
        self.read(move |db| Ok(state(db, user, conversation, root)?)).await
    }

    /// Follows a thread, or does not any more; `None` if there is no such thread for this person.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn follow_thread(
        &self,
        user: UserId,
        conversation: ConversationId,
        root: Seq,
        on: bool,
    ) -> Result<Option<ThreadState>, StoreError> {
        self.write_beside(move |db| {
            hold_members(db, conversation)?;
            if !is_thread(db, user, conversation, root)? {
                return Ok(None);
            }
            // Who begins to follow has the thread before them.
            let newest = newest(db, conversation, root)?.unwrap_or(root);
            db.prepare_cached(
                "INSERT INTO threads (conversation, root, user, following, read_seq, unread, active_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, 0, (SELECT at FROM events WHERE conversation = ?1 AND seq = ?5))
                 ON CONFLICT (conversation, root, user) DO UPDATE SET following = excluded.following, active_at = excluded.active_at",
            )?
            .execute(params![
                conversation.0,
                row::int(root.0),
                user.0,
                on,
                row::int(newest.0)
            ])?;
            recount(db, user, conversation, root)?;
            Ok(Some(state(db, user, conversation, root)?))
        })
        .await
    }

    /// Moves somebody's read mark in a thread forward, and what stands in their inbox from there
    /// with it; `None` if there is no such thread for this person. The second part says whether
    /// their inbox changed.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn mark_thread(
        &self,
        user: UserId,
        conversation: ConversationId,
        root: Seq,
        seq: Seq,
    ) -> Result<Option<(ThreadState, bool)>, StoreError> {
        self.write_beside(move |db| {
            if !is_thread(db, user, conversation, root)? {
                return Ok(None);
            }
            let seq = newest(db, conversation, root)?.map_or(root, |newest| newest.min(seq));
            let key = params![conversation.0, row::int(root.0), user.0, row::int(seq.0)];
            // Who does not follow it has no mark in it.
            db.prepare_cached(
                "UPDATE threads SET read_seq = max(read_seq, ?4)
                 WHERE conversation = ?1 AND root = ?2 AND user = ?3",
            )?
            .execute(key)?;
            recount(db, user, conversation, root)?;
            let read = db
                .prepare_cached(
                    "UPDATE inbox SET read = 1 WHERE conversation = ?1 AND thread = ?2 AND user = ?3
                         AND seq <= ?4 AND read = 0",
                )?
                .execute(key)?;
            if read > 0 {
                inbox::count_changes(db, &[user])?;
            }
            Ok(Some((state(db, user, conversation, root)?, read > 0)))
        })
        .await
    }

    /// A page of the threads that somebody follows, the most recently active first.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn followed_threads(
        &self,
        user: UserId,
        unread_only: bool,
        after: Option<InboxCursor>,
        limit: u32,
    ) -> Result<Page<(FollowedThread, InboxCursor)>, StoreError> {
        self.read(move |db| {
            let from = after.unwrap_or(InboxCursor::NEWEST);
            let (at, conversation, root) = (from.at.0, from.conversation.0, row::int(from.seq.0));
            let sql = format!(
                "SELECT {STATE}, t.active_at FROM threads t
                 WHERE t.user = ?1 AND t.following = 1 AND (NOT ?2 OR t.unread > 0)
                     AND (t.active_at, t.conversation, t.root) < (?3, ?4, ?5)
                 ORDER BY t.active_at DESC, t.conversation DESC, t.root DESC LIMIT ?6"
            );
            let states = db
                .prepare_cached(&sql)?
                .query_map(params![user.0, unread_only, at, conversation, root, limit + 1], |r| {
                    Ok((read_state(r)?, Timestamp(r.get(5)?)))
                })?
                .collect::<sql::Result<Vec<_>>>()?;
            let page = cut(states, limit);
            let mut rows = Vec::with_capacity(page.rows.len());
            for (state, active_at) in page.rows {
                let Some(root) = log::event(db, state.conversation, state.thread)? else { continue };
                let newest = newest(db, state.conversation, state.thread)?;
                let last = match newest {
                    Some(seq) => log::event(db, state.conversation, seq)?,
                    None => None,
                };
                let last = last.unwrap_or_else(|| root.clone());
                let cursor =
                    InboxCursor { at: active_at, conversation: state.conversation, seq: state.thread };
                rows.push((FollowedThread { root, last, state }, cursor));
            }
            Ok(Page { rows, more: page.more })
        })
        .await
    }
}

/// A message was written; returns who follows its thread, if it is in one.
///
/// Who wrote the first message follows its thread from the first answer on, who writes in it from
/// then on, and who is mentioned in it too; but not against their word.
pub(super) fn written(
    db: &Connection,
    event: &Event,
    message: &Message,
    hearing: &Hearing,
    committed: &mut Committed,
) -> sql::Result<Vec<UserId>> {
    let Some(root) = message.thread else { return Ok(Vec::new()) };
    let (conversation, seq) = (event.conversation, row::int(event.seq.0));
    db.prepare_cached(
        "INSERT INTO threads (conversation, root, user, following, read_seq, unread, active_at)
         SELECT m.conversation, e.seq, m.user, 1, e.seq, 0, 0
         FROM events e JOIN members m ON m.conversation = e.conversation AND m.user = e.author
         WHERE e.conversation = ?1 AND e.seq = ?2 ON CONFLICT DO NOTHING",
    )?
    .execute(params![conversation.0, row::int(root.0)])?;
    let named = hearing.called.iter().filter(|(_, reason)| *reason == Reason::Mention);
    for (user, _) in named {
        db.prepare_cached(
            "INSERT INTO threads (conversation, root, user, following, read_seq, unread, active_at)
             VALUES (?1, ?2, ?3, 1, ?4 - 1, 0, 0) ON CONFLICT DO NOTHING",
        )?
        .execute(params![conversation.0, row::int(root.0), user.0, seq])?;
    }
    db.prepare_cached(
        "INSERT INTO threads (conversation, root, user, following, read_seq, unread, active_at)
         VALUES (?1, ?2, ?3, 1, ?4, 0, 0) ON CONFLICT (conversation, root, user) DO UPDATE SET
             following = 1, read_seq = CASE threads.following WHEN 1 THEN threads.read_seq ELSE excluded.read_seq END",
    )?
    .execute(params![conversation.0, row::int(root.0), event.author.id.0, seq])?;
    db.prepare_cached(
        "UPDATE threads SET unread = unread + CASE WHEN user <> ?3 THEN 1 ELSE 0 END, active_at = ?4
         WHERE conversation = ?1 AND root = ?2 AND following = 1",
    )?
    .execute(params![conversation.0, row::int(root.0), event.author.id.0, event.at.0])?;
    followers(db, conversation, root, committed)
}

/// A message of a thread is gone, and unread for nobody.
pub(super) fn forget_message(db: &Connection, message: &Event, committed: &mut Committed) -> sql::Result<()> {
    let Some(root) = message.target() else { return Ok(()) };
    db.prepare_cached(
        "UPDATE threads SET unread = max(0, unread - 1)
         WHERE conversation = ?1 AND root = ?2 AND following = 1 AND read_seq < ?3 AND user <> ?4",
    )?
    .execute(params![
        message.conversation.0,
        row::int(root.0),
        row::int(message.seq.0),
        message.author.id.0
    ])?;
    followers(db, message.conversation, root, committed).map(|_| ())
}

/// Lets the longest silent go where somebody follows more than [`limits::INBOX_ITEMS`].
pub(super) fn prune(db: &Connection, user: UserId) -> sql::Result<()> {
    db.prepare_cached(
        "DELETE FROM threads WHERE user = ?1 AND following = 1 AND active_at <= (
             SELECT active_at FROM threads WHERE user = ?1 AND following = 1
             ORDER BY active_at DESC LIMIT 1 OFFSET ?2)",
    )?
    .execute(params![user.0, row::int(limits::INBOX_ITEMS)])?;
    Ok(())
}

/// Who follows a thread; notes how they stand to it now.
fn followers(
    db: &Connection,
    conversation: ConversationId,
    root: Seq,
    committed: &mut Committed,
) -> sql::Result<Vec<UserId>> {
    let sql = format!(
        "SELECT {STATE}, t.user FROM threads t WHERE t.conversation = ?1 AND t.root = ?2 AND t.following = 1"
    );
    let states = db
        .prepare_cached(&sql)?
        .query_map(params![conversation.0, row::int(root.0)], |r| Ok((UserId(r.get(5)?), read_state(r)?)))?
        .collect::<sql::Result<Vec<_>>>()?;
    let users = states.iter().map(|(user, _)| *user).collect();
    committed.threads.extend(states);
    Ok(users)
}

fn state(db: &Connection, user: UserId, conversation: ConversationId, root: Seq) -> sql::Result<ThreadState> {
    let sql =
        format!("SELECT {STATE} FROM threads t WHERE t.conversation = ?1 AND t.root = ?2 AND t.user = ?3");
    let known = db
        .prepare_cached(&sql)?
        .query_row(params![conversation.0, row::int(root.0), user.0], read_state)
        .optional()?;
    let stranger = ThreadState { conversation, thread: root, following: false, read: Seq::ZERO, unread: 0 };
    Ok(known.unwrap_or(stranger))
}

fn read_state(r: &Row<'_>) -> sql::Result<ThreadState> {
    let (following, unread) = (r.get(2)?, row::count(r, 4)?);
    Ok(ThreadState {
        conversation: ConversationId(r.get(0)?),
        thread: row::seq(r, 1)?,
        following,
        read: row::seq(r, 3)?,
        unread,
    })
}

/// Counts from the log what is unread; who does not follow is told of nothing unread.
fn recount(db: &Connection, user: UserId, conversation: ConversationId, root: Seq) -> sql::Result<()> {
    db.prepare_cached(
        "UPDATE threads SET unread = following * (
             SELECT count(*) FROM events e WHERE e.conversation = ?1 AND e.target = ?2 AND e.kind = 'message'
                 AND e.seq > threads.read_seq AND e.deleted = 0 AND e.author <> ?3)
         WHERE conversation = ?1 AND root = ?2 AND user = ?3",
    )?
    .execute(params![conversation.0, row::int(root.0), user.0])?;
    Ok(())
}

/// Whether this person is a member and this a message of the main line, deleted or not.
fn is_thread(db: &Connection, user: UserId, conversation: ConversationId, root: Seq) -> sql::Result<bool> {
    let is_main = db
        .prepare_cached(
            "SELECT 1 FROM events WHERE conversation = ?1 AND seq = ?2 AND kind = 'message' AND target IS NULL",
        )?
        .query_row(params![conversation.0, row::int(root.0)], |_| Ok(()))
        .optional()?;
    Ok(is_main.is_some() && is_member(db, conversation, user)?)
}

/// The newest message of a thread, under its first.
fn newest(db: &Connection, conversation: ConversationId, root: Seq) -> sql::Result<Option<Seq>> {
    db.prepare_cached(
        "SELECT max(seq) FROM events WHERE conversation = ?1 AND target = ?2 AND kind = 'message' AND deleted = 0",
    )?
    .query_row(params![conversation.0, row::int(root.0)], |r| {
        Ok(r.get::<_, Option<i64>>(0)?.map(|seq| Seq(u64::try_from(seq).unwrap_or(0))))
    })
}
