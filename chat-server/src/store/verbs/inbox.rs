//! The inbox of each person: filled, marked and emptied together with what it is about.

use std::collections::BTreeSet;

use chat_proto::{ConversationId, Event, InboxItem, InboxState, Message, Position, Seq, UserId, limits};

use super::lists::cut;
use super::{Store, row, threads};
use crate::domain::{Hearing, Ties};
use crate::store::sql::{self, Connection, OptionalExtension, params};
use crate::store::{Committed, InboxCursor, Notice, Page, StoreError};

/// The reasons that count among a conversation's mentions; see `Reason::is_call`.
const CALLS: &str = "('mention', 'room', 'here')";

/// Unread messages beyond those that an inbox keeps, before the oldest are let go.
const SURPLUS: u64 = 100;

impl Store {
    /// How the inboxes of these people stand.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn inbox_states(&self, users: Vec<UserId>) -> Result<Vec<(UserId, InboxState)>, StoreError> {
        let states: Vec<(UserId, InboxState)> = self
            .read(move |db| {
                users.into_iter().map(|user| Ok((user, state(db, user)?))).collect::<Result<_, StoreError>>()
            })
            .await?;
        // Else it is looked at when they log in again; a bot that calls somebody all day does not wait for that.
        let full = states.iter().filter(|(_, state)| state.unread > limits::INBOX_ITEMS + SURPLUS);
        for (user, _) in full {
            let user = *user;
            self.write_beside(move |db| Ok(prune(db, user)?)).await?;
        }
        Ok(states)
    }

    /// A page of somebody's inbox, the newest first, and how all of it stands.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn inbox(
        &self,
        user: UserId,
        unread_only: bool,
        after: Option<InboxCursor>,
        limit: u32,
    ) -> Result<(Page<InboxItem>, InboxState), StoreError> {
        self.read(move |db| {
            let sql = format!(
                "SELECT {}, i.reason, i.read FROM inbox i
                 JOIN events e ON e.conversation = i.conversation AND e.seq = i.seq
                 JOIN users u ON u.id = e.author
                 WHERE i.user = ?1 AND (NOT ?2 OR i.read = 0) AND (i.at, i.conversation, i.seq) < (?3, ?4, ?5)
                 ORDER BY i.at DESC, i.conversation DESC, i.seq DESC LIMIT ?6",
                row::EVENT
            );
            let from = after.unwrap_or(InboxCursor::NEWEST);
            let key =
                params![user.0, unread_only, from.at.0, from.conversation.0, row::int(from.seq.0), limit + 1];
            let rows = db
                .prepare_cached(&sql)?
                .query_map(key, |r| {
                    Ok(InboxItem {
                        event: row::event(r, 0)?,
                        reason: row::reason(r, row::EVENT_COLUMNS)?,
                        read: r.get(row::EVENT_COLUMNS + 1)?,
                    })
                })?
                .collect::<sql::Result<Vec<_>>>()?;
            Ok((cut(rows, limit), state(db, user)?))
        })
        .await
    }

    /// Marks messages in somebody's inbox; `None` marks all of it.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn mark_inbox(
        &self,
        user: UserId,
        items: Option<Vec<Position>>,
        read: bool,
    ) -> Result<InboxState, StoreError> {
        self.write_beside(move |db| {
            let changed = match items {
                None => {
                    // No more than an inbox keeps, however much came since it was last looked at.
                    prune(db, user)?;
                    db.prepare_cached("UPDATE inbox SET read = ?2 WHERE user = ?1 AND read = 1 - ?2")?
                        .execute(params![user.0, read])?
                }
                Some(mut items) => {
                    // In one order, so that two devices of a person do not lock each other out.
                    items.sort_unstable_by_key(|item| (item.conversation, item.seq));
                    let mut mark = db.prepare_cached(
                        "UPDATE inbox SET read = ?4 WHERE user = ?1 AND conversation = ?2 AND seq = ?3 AND read <> ?4",
                    )?;
                    let mut changed = 0;
                    for item in items {
                        changed += mark.execute(params![user.0, item.conversation.0, row::int(item.seq.0), read])?;
                    }
                    changed
                }
            };
            if changed > 0 {
                count_changes(db, &[user])?;
            }
            Ok(state(db, user)?)
        })
        .await
    }
}

/// How an inbox stands in this moment of the database.
pub(super) fn state(db: &Connection, user: UserId) -> sql::Result<InboxState> {
    db.prepare_cached(db.either(
        "SELECT (SELECT count(*) FROM inbox WHERE user = ?1 AND read = 0), inbox_revision FROM server",
        "SELECT (SELECT count(*) FROM inbox WHERE user = ?1 AND read = 0),
             inbox_revision + coalesce((SELECT revision FROM inbox_revisions WHERE user = ?1), 0) FROM server",
    ))?
    .query_row([user.0], |r| Ok(InboxState { unread: row::count(r, 0)?, revision: row::count(r, 1)? }))
}

/// Notes that these people's inboxes changed, so that of two states of one the later can be told. SQLite
/// has one number for all; on PostgreSQL, all who write would wait for each other at it.
pub(super) fn count_changes(db: &Connection, users: &[UserId]) -> sql::Result<()> {
    match db {
        Connection::Sqlite(_) if users.is_empty() => {}
        Connection::Sqlite(_) => {
            db.prepare_cached("UPDATE server SET inbox_revision = inbox_revision + 1")?.execute([])?;
        }
        Connection::Postgres(_) => {
            let mut count = db.prepare_cached(
                "INSERT INTO inbox_revisions (user, revision) VALUES (?1, 1)
                 ON CONFLICT (user) DO UPDATE SET revision = inbox_revisions.revision + 1",
            )?;
            // In one order, so that two who write to the same people do not wait for each other for ever.
            let users: BTreeSet<uuid::Uuid> = users.iter().map(|user| user.0).collect();
            for user in users {
                count.execute([user])?;
            }
        }
    }
    Ok(())
}

/// A message comes into the inboxes of those who hear of it.
pub(super) fn told(
    db: &Connection,
    event: &Event,
    message: &Message,
    hearing: &Hearing,
    committed: &mut Committed,
) -> sql::Result<()> {
    let followers = threads::written(db, event, message, hearing, committed)?;
    let answered = match message.reply_to {
        Some(seq) => author_if_member(db, event.conversation, seq)?,
        None => None,
    };
    let thread = message.thread.map(|root| row::int(root.0));
    for (user, reason) in hearing.notices(event.author.id, &Ties { answered, followers }) {
        db.prepare_cached(
            "INSERT INTO inbox (conversation, user, seq, thread, reason, at, read) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0)",
        )?
        .execute(params![
            event.conversation.0,
            user.0,
            row::int(event.seq.0),
            thread,
            reason.as_str(),
            event.at.0
        ])?;
        committed.notices.push(Notice { user, conversation: event.conversation, seq: event.seq, reason });
        committed.inboxes.push(user);
    }
    for (user, _) in &hearing.called {
        db.prepare_cached(
            "UPDATE members SET mentions = mentions + 1 WHERE conversation = ?1 AND user = ?2",
        )?
        .execute(params![event.conversation.0, user.0])?;
    }
    Ok(())
}

fn author_if_member(db: &Connection, conversation: ConversationId, seq: Seq) -> sql::Result<Option<UserId>> {
    db.prepare_cached(
        "SELECT e.author FROM events e JOIN members m ON m.conversation = e.conversation AND m.user = e.author
         WHERE e.conversation = ?1 AND e.seq = ?2",
    )?
    .query_row(params![conversation.0, row::int(seq.0)], |r| r.get(0).map(UserId))
    .optional()
}

/// A read mark of the main line moved. What stands in threads is read there.
pub(super) fn read_to(
    db: &Connection,
    conversation: ConversationId,
    user: UserId,
    seq: Seq,
    committed: &mut Committed,
) -> sql::Result<()> {
    let read = db
        .prepare_cached(
            "UPDATE inbox SET read = 1 WHERE conversation = ?1 AND user = ?2 AND seq <= ?3 AND read = 0
                 AND thread IS NULL",
        )?
        .execute(params![conversation.0, user.0, row::int(seq.0)])?;
    if read > 0 {
        committed.inboxes.push(user);
    }
    Ok(())
}

/// A message is deleted: it is in no inbox any more, and unread for nobody.
pub(super) fn forget_message(db: &Connection, message: &Event, committed: &mut Committed) -> sql::Result<()> {
    let key = params![message.conversation.0, row::int(message.seq.0)];
    let unread = db
        .prepare_cached("SELECT user FROM inbox WHERE conversation = ?1 AND seq = ?2 AND read = 0")?
        .query_map(key, |r| r.get(0).map(UserId))?
        .collect::<sql::Result<Vec<_>>>()?;
    committed.inboxes.extend(unread);
    let uncall = format!(
        "UPDATE members SET mentions = max(0, mentions - 1) WHERE conversation = ?1 AND read_seq < ?2 AND user IN (
             SELECT user FROM inbox WHERE conversation = ?1 AND seq = ?2 AND reason IN {CALLS})"
    );
    db.prepare_cached(&uncall)?.execute(key)?;
    db.prepare_cached("DELETE FROM inbox WHERE conversation = ?1 AND seq = ?2")?.execute(key)?;
    if message.target().is_none() {
        // As if they had read it; see domain::Membership.
        db.prepare_cached(
            "UPDATE members SET read_messages = read_messages + 1
             WHERE conversation = ?1 AND read_seq < ?2 AND user <> ?3",
        )?
        .execute(params![message.conversation.0, row::int(message.seq.0), message.author.id.0])?;
    }
    committed.recounted.push(message.conversation);
    threads::forget_message(db, message, committed)
}

/// Somebody is no member any more: nothing from there calls for them.
pub(super) fn forget_member(
    db: &Connection,
    conversation: ConversationId,
    user: UserId,
    committed: &mut Committed,
) -> sql::Result<()> {
    let key = params![conversation.0, user.0];
    let gone = db.prepare_cached("DELETE FROM inbox WHERE conversation = ?1 AND user = ?2")?.execute(key)?;
    if gone > 0 {
        committed.inboxes.push(user);
    }
    db.prepare_cached("DELETE FROM threads WHERE conversation = ?1 AND user = ?2")?.execute(key)?;
    Ok(())
}

/// Lets the oldest go where there are more than [`limits::INBOX_ITEMS`], of threads too.
pub(super) fn prune(db: &Connection, user: UserId) -> sql::Result<()> {
    let oldest_kept: Option<i64> = db
        .prepare_cached("SELECT at FROM inbox WHERE user = ?1 ORDER BY at DESC LIMIT 1 OFFSET ?2")?
        .query_row(params![user.0, row::int(limits::INBOX_ITEMS)], |r| r.get(0))
        .optional()?;
    if let Some(at) = oldest_kept {
        let gone = db
            .prepare_cached("DELETE FROM inbox WHERE user = ?1 AND at <= ?2")?
            .execute(params![user.0, at])?;
        if gone > 0 {
            count_changes(db, &[user])?;
        }
    }
    threads::prune(db, user)
}
