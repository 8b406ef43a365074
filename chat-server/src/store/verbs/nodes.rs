//! Several servers on one database: what they tell each other, who does what, and what happened
//! in conversations while they could not.

use std::time::Duration;

use chat_proto::{ConversationId, Epoch, Event, Seq, SessionId, Timestamp, UserId};
use uuid::Uuid;

use super::{Store, bans, log, row};
use crate::store::sql::{self, Connection, OptionalExtension, params};
use crate::store::{AccountStanding, Act, Kept, NewsPosition, Notice, StoreError, WhatsNew};

/// Rows of news in one answer.
const NEWS: u32 = 1_000;

/// Events looked through for one answer; each is a step in an index.
const EVENTS: u32 = 10_000;

/// Notices of one stretch of a log: what came into inboxes while a node could not hear.
const NOTICES: u32 = 10_000;

impl Store {
    /// Where all that is new from now on begins.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn news_position(&self) -> Result<NewsPosition, StoreError> {
        self.read(|db| {
            let of = |sql: &str| db.query_row(sql, [], |r| r.get(0));
            // Numbers are never used again, so 0 is right where all was let go.
            let news = of("SELECT coalesce(max(id), 0) FROM news")?;
            let (begun, ended) = transactions(db)?;
            Ok(NewsPosition { news, log: of("SELECT coalesce(max(id), 0) FROM events")?, begun, ended })
        })
        .await
    }

    /// What is new since then, in one look, by the numbers that rows get. With several writers a
    /// higher number may be there before a lower one, so who looks begins somewhat before where they
    /// came to.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn whats_new(&self, since: NewsPosition) -> Result<WhatsNew, StoreError> {
        self.read(move |db| {
            let (begun, ended) = transactions(db)?;
            let mut position = NewsPosition { begun, ended, ..since };
            let rows = db
                .prepare_cached("SELECT id, body FROM news WHERE id > ?1 ORDER BY id LIMIT ?2")?
                .query_map(params![since.news, NEWS], |r| Ok((r.get::<_, i64>(0)?, Kept::read(r.get(1)?))))?
                .collect::<sql::Result<Vec<_>>>()?;
            position.news = rows.last().map_or(since.news, |(id, _)| *id);
            let mut query = db.prepare_cached(
                "SELECT conversation, max(seq), max(id), count(*),
                     count(CASE WHEN kind IN ('created', 'joined') THEN 1 END)
                 FROM (SELECT id, conversation, seq, kind FROM events WHERE id > ?1 ORDER BY id LIMIT ?2) AS latest
                 GROUP BY conversation",
            )?;
            let mut found = query.query(params![since.log, EVENTS])?;
            let (mut moved, mut looked_at, mut somebody_came) = (Vec::new(), 0, false);
            while let Some(r) = found.next()? {
                moved.push((ConversationId(r.get(0)?), row::seq(&r, 1)?));
                position.log = position.log.max(r.get(2)?);
                looked_at += row::count(&r, 3)?;
                somebody_came |= row::count(&r, 4)? > 0;
            }
            let joined = match somebody_came {
                true => joined(db, since.log, position.log)?,
                false => Vec::new(),
            };
            let more = rows.len() >= NEWS as usize || looked_at >= u64::from(EVENTS);
            Ok(WhatsNew { news: rows, moved, joined, position, more })
        })
        .await
    }

    /// Keeps what the nodes tell each other.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn add_news(&self, bodies: Vec<String>, now: Timestamp) -> Result<(), StoreError> {
        self.write(move |db| {
            let mut insert = db.prepare_cached("INSERT INTO news (at, body) VALUES (?1, ?2)")?;
            for body in bodies {
                insert.execute(params![now.0, body])?;
            }
            Ok(())
        })
        .await
    }

    /// How an account stands, and which of these logins of it hold; `None` if there is no such account.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn account_standing(
        &self,
        user: UserId,
        logins: Vec<SessionId>,
        now: Timestamp,
    ) -> Result<Option<AccountStanding>, StoreError> {
        self.read(move |db| {
            let account = db
                .prepare_cached("SELECT role, disabled_at IS NOT NULL FROM users WHERE id = ?1")?
                .query_row([user.0], |r| Ok((row::role(r, 0)?, r.get(1)?)))
                .optional()?;
            let Some((role, is_disabled)) = account else { return Ok(None) };
            let is_banned = bans::server_ban(db, user, now)?.is_some();
            let mut query = db.prepare_cached("SELECT 1 FROM sessions WHERE id = ?1 AND user = ?2")?;
            let mut hold = Vec::new();
            for login in logins {
                if query.exists(params![login.0, user.0])? {
                    hold.push(login);
                }
            }
            Ok(Some(AccountStanding { logins: hold, role, is_disabled, is_banned }))
        })
        .await
    }

    /// The newest number in a conversation; `None` if there is no such.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn head(&self, conversation: ConversationId) -> Result<Option<Seq>, StoreError> {
        self.read(move |db| {
            let mut query = db.prepare_cached("SELECT head FROM conversations WHERE id = ?1")?;
            Ok(query.query_row([conversation.0], |r| row::seq(r, 0)).optional()?)
        })
        .await
    }

    /// Begins another life of the database: what clients have of it they fetch anew, from the next start on.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn begin_epoch(&self, epoch: Epoch) -> Result<(), StoreError> {
        self.write(move |db| {
            db.execute("UPDATE server SET epoch = ?1", [epoch.0])?;
            Ok(())
        })
        .await
    }

    /// Lets go what was kept before then.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn forget_news(&self, before: Timestamp) -> Result<(), StoreError> {
        self.write(move |db| {
            db.execute("DELETE FROM news WHERE at < ?1", [before.0])?;
            Ok(())
        })
        .await
    }

    /// Whether this node does what that name says, for so long from now on: it did so before, or
    /// nobody does. Clocks of nodes differ, so it is to be far longer than they do.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn lease(
        &self,
        name: &'static str,
        node: Uuid,
        now: Timestamp,
        lasts: Duration,
    ) -> Result<bool, StoreError> {
        let until = now.0.saturating_add(i64::try_from(lasts.as_millis()).unwrap_or(i64::MAX));
        self.write(move |db| {
            let taken = db
                .prepare_cached(
                    "INSERT INTO leases (name, node, until) VALUES (?1, ?2, ?3)
                     ON CONFLICT (name) DO UPDATE SET node = excluded.node, until = excluded.until
                     WHERE leases.node = excluded.node OR leases.until < ?4",
                )?
                .execute(params![name, node, until, now.0])?;
            Ok(taken > 0)
        })
        .await
    }

    /// Ends what this node does alone, so that another need not wait.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn end_leases(&self, node: Uuid) -> Result<(), StoreError> {
        self.write(move |db| {
            db.execute("DELETE FROM leases WHERE node = ?1", [node])?;
            Ok(())
        })
        .await
    }

    /// Where somebody is a member, with the newest number of each.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn places_of(&self, user: UserId) -> Result<Vec<(ConversationId, Seq)>, StoreError> {
        self.read(move |db| {
            let places = db
                .prepare_cached(
                    "SELECT c.id, c.head FROM members m JOIN conversations c ON c.id = m.conversation
                     WHERE m.user = ?1",
                )?
                .query_map([user.0], |r| Ok((ConversationId(r.get(0)?), row::seq(r, 1)?)))?
                .collect::<sql::Result<_>>()?;
            Ok(places)
        })
        .await
    }

    /// The next events of a conversation after this one, as they stand now; a page of them.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn log_after(
        &self,
        conversation: ConversationId,
        after: Seq,
        limit: u32,
    ) -> Result<Vec<Event>, StoreError> {
        self.read(move |db| Ok(log::forward(db, conversation, after, limit)?)).await
    }

    /// What came into inboxes with the events after the first number up to the second.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn notices(
        &self,
        conversation: ConversationId,
        after: Seq,
        upto: Seq,
    ) -> Result<Vec<Notice>, StoreError> {
        self.read(move |db| Ok(notices(db, conversation, after, upto)?)).await
    }
}

/// See [`Store::notices`].
pub(in crate::store) fn notices(
    db: &Connection,
    conversation: ConversationId,
    after: Seq,
    upto: Seq,
) -> sql::Result<Vec<Notice>> {
    db.prepare_cached(
        "SELECT user, seq, reason FROM inbox WHERE conversation = ?1 AND seq > ?2 AND seq <= ?3
             ORDER BY seq LIMIT ?4",
    )?
    .query_map(params![conversation.0, row::int(after.0), row::int(upto.0), NOTICES], |r| {
        let (user, seq) = (UserId(r.get(0)?), row::seq(r, 1)?);
        Ok(Notice { user, conversation, seq, reason: row::reason(r, 2)? })
    })?
    .collect()
}

/// Keeps for all nodes what is done in this transaction.
pub(super) fn keep(db: &Connection, act: Act) -> sql::Result<()> {
    db.prepare_cached("INSERT INTO news (at, body) VALUES (?1, ?2)")?
        .execute(params![jiff::Timestamp::now().as_millisecond(), act.line()])?;
    Ok(())
}

/// Keeps that logins of a person ended in this transaction, and those of their bots.
pub(super) fn keep_logins(db: &Connection, user: UserId) -> sql::Result<()> {
    let bots = db
        .prepare_cached("SELECT user FROM bots WHERE owner = ?1")?
        .query_map([user.0], |r| r.get(0).map(UserId))?
        .collect::<sql::Result<Vec<_>>>()?;
    std::iter::once(user).chain(bots).try_for_each(|user| keep(db, Act::Logins(user)))
}

/// Below which numbers all transactions are that had begun, and all that have ended. A file has one writer: what is
/// not to be seen has not begun.
fn transactions(db: &Connection) -> sql::Result<(i64, i64)> {
    let number = |of: &str| format!("CAST(CAST({of}(now) AS text) AS bigint)");
    let (begun, ended) = (number("pg_snapshot_xmax"), number("pg_snapshot_xmin"));
    let shared = format!("SELECT {begun}, {ended} FROM pg_current_snapshot() AS now");
    db.query_row(db.either("SELECT 0, 0", &shared), [], |r| Ok((r.get(0)?, r.get(1)?)))
}

/// Who became a member with the events between these, the first not included.
fn joined(db: &Connection, after: i64, upto: i64) -> sql::Result<Vec<(ConversationId, UserId)>> {
    db.prepare_cached(
        "SELECT m.conversation, m.user FROM events e JOIN members m ON m.conversation = e.conversation
         WHERE e.id > ?1 AND e.id <= ?2 AND (e.kind = 'created' OR (e.kind = 'joined' AND m.user = e.author))
         LIMIT ?3",
    )?
    .query_map(params![after, upto, EVENTS], |r| Ok((ConversationId(r.get(0)?), UserId(r.get(1)?))))?
    .collect()
}
