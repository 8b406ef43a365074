//! Webhooks: where programs post, what they are told, and what they have yet to be told.
//!
//! A delivery is written in the transaction of its event, so neither is there without the other.

use std::sync::LazyLock;

use chat_proto::{
    ConversationId, Event, HookEvents, HookId, HookState, IncomingHook, OutgoingHook, Person, Secret, Seq,
    Timestamp, limits,
};
use uuid::Uuid;

use super::{Store, bots, lists, log, row};
use crate::auth::SecretHash;
use crate::domain::hooks::wants;
use crate::store::engine::Engine;
use crate::store::sql::{self, Connection, OptionalExtension, Row, params};
use crate::store::{
    Delivery, Failure, IncomingTarget, NewIncomingHook, NewOutgoingHook, OutgoingTarget, StoreError,
};

impl Store {
    /// Makes an incoming webhook and its bot; `None` if the room has as many as it may.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the name is taken or looks like one that is.
    pub async fn create_incoming(&self, hook: NewIncomingHook) -> Result<Option<Person>, StoreError> {
        self.write(move |db| {
            let count: i64 = db
                .prepare_cached("SELECT count(*) FROM incoming WHERE conversation = ?1")?
                .query_row([hook.conversation.0], |r| r.get(0))?;
            if count >= row::int(limits::INCOMING_PER_ROOM as u64) {
                return Ok(None);
            }
            let person = bots::open_account(db, &hook.account)?;
            db.prepare_cached(
                "INSERT INTO incoming (id, conversation, bot, secret_hash, maker, created_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![
                hook.id.0,
                hook.conversation.0,
                person.id.0,
                hook.secret.0,
                hook.account.maker.0,
                hook.account.at.0
            ])?;
            Ok(Some(person))
        })
        .await
    }

    /// The incoming webhooks of a room, by the names of their bots.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn incoming(&self, conversation: ConversationId) -> Result<Vec<IncomingHook>, StoreError> {
        self.read(move |db| {
            let mut query = db.prepare_cached(
                "SELECT i.id, u.id, u.name, u.bot, o.id, o.name, o.bot, i.created_at
                 FROM incoming i JOIN users u ON u.id = i.bot JOIN users o ON o.id = i.maker
                 WHERE i.conversation = ?1 ORDER BY u.name",
            )?;
            let hooks = query.query_map([conversation.0], |r| {
                Ok(IncomingHook {
                    id: HookId(r.get(0)?),
                    bot: row::person(r, 1)?,
                    by: row::person(r, 4)?,
                    at: Timestamp(r.get(7)?),
                })
            })?;
            Ok(hooks.collect::<sql::Result<_>>()?)
        })
        .await
    }

    /// Where a post with this secret goes. Who made a webhook and is disabled or banned still knows its
    /// address, so nothing goes through it until they may come in again or somebody makes another.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn incoming_target(
        &self,
        secret: SecretHash,
        now: Timestamp,
    ) -> Result<Option<IncomingTarget>, StoreError> {
        self.read(move |db| {
            let mut query = db.prepare_cached(&format!(
                "SELECT i.id, i.conversation, u.id, u.name, u.bot FROM incoming i JOIN users u ON u.id = i.bot
                 JOIN users m ON m.id = i.maker WHERE i.secret_hash = ?2 AND {MAKER_MAY_COME_IN}"
            ))?;
            let target = query.query_row(params![now.0, secret.0], |r| {
                Ok(IncomingTarget {
                    id: HookId(r.get(0)?),
                    conversation: ConversationId(r.get(1)?),
                    bot: row::person(r, 2)?,
                })
            });
            Ok(target.optional()?)
        })
        .await
    }

    /// Ends an incoming webhook, and gives its bot; `None` if there is none such.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn end_incoming(
        &self,
        conversation: ConversationId,
        hook: HookId,
    ) -> Result<Option<Person>, StoreError> {
        self.write(move |db| {
            let key = params![hook.0, conversation.0];
            let bot = db
                .prepare_cached(
                    "SELECT u.id, u.name, u.bot FROM incoming i JOIN users u ON u.id = i.bot
                     WHERE i.id = ?1 AND i.conversation = ?2",
                )?
                .query_row(key, |r| row::person(r, 0))
                .optional()?;
            db.prepare_cached("DELETE FROM incoming WHERE id = ?1 AND conversation = ?2")?.execute(key)?;
            Ok(bot)
        })
        .await
    }

    /// Makes an outgoing webhook; false if the room has as many as it may.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn create_outgoing(&self, hook: NewOutgoingHook) -> Result<bool, StoreError> {
        self.write(move |db| {
            let count: i64 = db
                .prepare_cached("SELECT count(*) FROM outgoing WHERE conversation = ?1")?
                .query_row([hook.conversation.0], |r| r.get(0))?;
            if count >= row::int(limits::OUTGOING_PER_ROOM as u64) {
                return Ok(false);
            }
            db.prepare_cached(
                "INSERT INTO outgoing (id, conversation, url, events, trigger_word, secret, maker, created_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                hook.id.0,
                hook.conversation.0,
                hook.url,
                hook.events.kinds().join(","),
                hook.trigger.as_str(),
                hook.secret.expose().as_bytes(),
                hook.maker.0,
                hook.at.0
            ])?;
            Ok(true)
        })
        .await
    }

    /// The outgoing webhooks of a room, the oldest first.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn outgoing(&self, conversation: ConversationId) -> Result<Vec<OutgoingHook>, StoreError> {
        self.read(move |db| {
            let mut query = db.prepare_cached(
                "SELECT h.id, h.url, h.events, h.trigger_word, u.id, u.name, u.bot, h.created_at, h.problem,
                     h.failing_since, h.disabled, h.dropped,
                     (SELECT count(*) FROM deliveries d WHERE d.hook = h.id)
                 FROM outgoing h JOIN users u ON u.id = h.maker
                 WHERE h.conversation = ?1 ORDER BY h.created_at, h.id",
            )?;
            let hooks = query.query_map([conversation.0], outgoing)?;
            Ok(hooks.collect::<sql::Result<_>>()?)
        })
        .await
    }

    /// Where an outgoing webhook of this room posts.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn outgoing_target(
        &self,
        conversation: ConversationId,
        hook: HookId,
    ) -> Result<Option<OutgoingTarget>, StoreError> {
        self.read(move |db| {
            let mut query =
                db.prepare_cached(&format!("{TARGET} WHERE h.id = ?1 AND h.conversation = ?2"))?;
            Ok(query.query_row(params![hook.0, conversation.0], target).optional()?)
        })
        .await
    }

    /// Ends an outgoing webhook with all that it has yet to be told; false if there is none such.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn end_outgoing(&self, conversation: ConversationId, hook: HookId) -> Result<bool, StoreError> {
        self.write(move |db| {
            let ended = db
                .prepare_cached("DELETE FROM outgoing WHERE id = ?1 AND conversation = ?2")?
                .execute(params![hook.0, conversation.0])?;
            Ok(ended > 0)
        })
        .await
    }

    /// Waits until there may be something to deliver.
    pub async fn deliveries_wait(&self) {
        self.deliveries.notified().await;
    }

    /// The webhooks with something to be told, each with when it may be called, the soonest first. Who made one
    /// and is disabled or banned has what waits for it held back.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn due(&self, now: Timestamp) -> Result<Vec<(HookId, Timestamp)>, StoreError> {
        self.read(move |db| {
            let mut query = db.prepare_cached(&format!(
                "SELECT h.id, h.next_at FROM outgoing h JOIN users m ON m.id = h.maker
                 WHERE h.disabled = 0 AND EXISTS (SELECT 1 FROM deliveries d WHERE d.hook = h.id)
                     AND {MAKER_MAY_COME_IN}
                 ORDER BY h.next_at"
            ))?;
            let due = query.query_map([now.0], |r| Ok((HookId(r.get(0)?), Timestamp(r.get(1)?))))?;
            Ok(due.collect::<sql::Result<_>>()?)
        })
        .await
    }

    /// Takes the calls of a webhook to itself until then, so that no other server on the same database
    /// tells it the same; false if another one has. What comes of the call ends it. A server alone on its
    /// database has nobody to ask.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn claim_delivery(
        &self,
        hook: HookId,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        match &self.engine {
            Engine::Sqlite(_) => Ok(true),
            Engine::Postgres(_) => {
                self.write_beside(move |db| {
                    let mut claim = db
                        .prepare_cached("UPDATE outgoing SET next_at = ?3 WHERE id = ?1 AND next_at <= ?2")?;
                    Ok(claim.execute(params![hook.0, now.0, until.0])? > 0)
                })
                .await
            }
        }
    }

    /// Gives a webhook back that was claimed until then, because there was nothing to tell.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn end_claim(&self, hook: HookId, until: Timestamp) -> Result<(), StoreError> {
        match &self.engine {
            Engine::Sqlite(_) => Ok(()),
            Engine::Postgres(_) => {
                self.write_beside(move |db| {
                    db.prepare_cached("UPDATE outgoing SET next_at = 0 WHERE id = ?1 AND next_at = ?2")?
                        .execute(params![hook.0, until.0])?;
                    Ok(())
                })
                .await
            }
        }
    }

    /// What this webhook is to be told next; nothing while who made it is disabled or banned.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn next_delivery(&self, hook: HookId, now: Timestamp) -> Result<Option<Delivery>, StoreError> {
        self.read(move |db| {
            let seq = db
                .prepare_cached("SELECT min(seq) FROM deliveries WHERE hook = ?1")?
                .query_row([hook.0], |r| r.get::<_, Option<i64>>(0))?;
            let target = db
                .prepare_cached(&format!(
                    "{TARGET} JOIN users m ON m.id = h.maker
                     WHERE h.id = ?2 AND h.disabled = 0 AND {MAKER_MAY_COME_IN}"
                ))?
                .query_row(params![now.0, hook.0], target)
                .optional()?;
            let (Some(seq), Some(target)) = (seq, target) else { return Ok(None) };
            let event = log::event(db, target.conversation, Seq(u64::try_from(seq).unwrap_or(0)))?;
            Ok(event.map(|event| Delivery { target, event }))
        })
        .await
    }

    /// Notes that a webhook was told this; it works.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn delivered(&self, hook: HookId, seq: Seq) -> Result<(), StoreError> {
        self.write_beside(move |db| {
            db.prepare_cached("DELETE FROM deliveries WHERE hook = ?1 AND seq = ?2")?
                .execute(params![hook.0, row::int(seq.0)])?;
            works(db, hook)
        })
        .await
    }

    /// Notes that a webhook works, also one that was given up.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn outgoing_works(&self, hook: HookId) -> Result<(), StoreError> {
        self.write_beside(move |db| works(db, hook)).await?;
        self.deliveries.notify_one();
        Ok(())
    }

    /// Notes that a webhook was not told, and when to try again; a given-up one has nothing to be
    /// told any more.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn delivery_failed(&self, failure: Failure) -> Result<(), StoreError> {
        self.write_beside(move |db| {
            let hook = failure.hook.0;
            db.prepare_cached(
                "UPDATE outgoing SET attempts = attempts + 1, failing_since = coalesce(failing_since, ?2),
                     problem = ?3, next_at = ?4, disabled = ?5 WHERE id = ?1",
            )?
            .execute(params![
                hook,
                failure.at.0,
                failure.problem,
                failure.next_at.map_or(0, |at| at.0),
                failure.next_at.is_none()
            ])?;
            if failure.next_at.is_none() {
                let lost = db.prepare_cached("DELETE FROM deliveries WHERE hook = ?1")?.execute([hook])?;
                count_dropped(db, hook, lost)?;
            }
            Ok(())
        })
        .await
    }
}

/// Whether the account `m` that made a webhook may come in at `?1`. One that may not still knows the address, or
/// chose it: neither do posts come through, nor is anything told there.
const MAKER_MAY_COME_IN: &str = "m.disabled_at IS NULL AND NOT EXISTS (
    SELECT 1 FROM server_bans s WHERE s.user = m.id AND (s.until IS NULL OR s.until > ?1))";

/// The webhooks that may be told what happens at `?1` in the conversation `?2`; asked for each event.
static TOLD: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT h.id, h.events, h.trigger_word FROM outgoing h JOIN users m ON m.id = h.maker
         WHERE h.conversation = ?2 AND h.disabled = 0 AND {MAKER_MAY_COME_IN}"
    )
});

/// Where to post, for [`target`].
const TARGET: &str = "SELECT h.id, h.url, h.secret, h.conversation, c.name, h.attempts, h.failing_since
    FROM outgoing h JOIN conversations c ON c.id = h.conversation";

fn target(r: &Row<'_>) -> sql::Result<OutgoingTarget> {
    let secret: Vec<u8> = r.get(2)?;
    let room: Option<String> = r.get(4)?;
    Ok(OutgoingTarget {
        id: HookId(r.get(0)?),
        url: r.get(1)?,
        secret: Secret::new(String::from_utf8(secret).map_err(|cause| row::unreadable(2, cause))?),
        conversation: ConversationId(r.get(3)?),
        room: room.and_then(|name| name.parse().ok()),
        attempts: u32::try_from(row::count(r, 5)?).unwrap_or(u32::MAX),
        failing_since: r.get::<_, Option<i64>>(6)?.map(Timestamp),
    })
}

fn outgoing(r: &Row<'_>) -> sql::Result<OutgoingHook> {
    let since = r.get::<_, Option<i64>>(9)?.map(Timestamp);
    let state = match (r.get(10)?, since) {
        (true, _) => HookState::Disabled,
        (false, Some(_)) => HookState::Failing,
        (false, None) => HookState::Working,
    };
    Ok(OutgoingHook {
        id: HookId(r.get(0)?),
        url: r.get(1)?,
        events: events(&r.get::<_, String>(2)?),
        trigger: lists::topic(r, 3)?,
        by: row::person(r, 4)?,
        at: Timestamp(r.get(7)?),
        state,
        problem: r.get(8)?,
        since,
        waiting: row::count(r, 12)?,
        dropped: row::count(r, 11)?,
    })
}

/// Reads the words of the column, which were checked when they were stored.
fn events(words: &str) -> HookEvents {
    HookEvents::new(words.split(',').filter(|word| !word.is_empty())).unwrap_or_default()
}

fn works(db: &Connection, hook: HookId) -> Result<(), StoreError> {
    db.prepare_cached(
        "UPDATE outgoing SET attempts = 0, failing_since = NULL, next_at = 0, problem = '', disabled = 0
         WHERE id = ?1 AND (attempts > 0 OR disabled = 1 OR next_at > 0)",
    )?
    .execute([hook.0])?;
    Ok(())
}

/// Whether there is any webhook that may be told of events: on most servers not.
pub(super) fn is_any(db: &Connection) -> sql::Result<bool> {
    db.prepare_cached("SELECT 1 FROM outgoing WHERE disabled = 0 LIMIT 1")?.exists([])
}

/// Puts an event into the outbox of each webhook that wants it; true if there is one.
pub(super) fn queue(db: &Connection, event: &Event) -> sql::Result<bool> {
    let mut hooks = db.prepare_cached(&TOLD)?;
    let mut rows = hooks.query(params![event.at.0, event.conversation.0])?;
    let mut is_any = false;
    while let Some(ref r) = rows.next()? {
        let trigger: String = r.get(2)?;
        if !wants(&events(&r.get::<_, String>(1)?), &trigger, event) {
            continue;
        }
        is_any = true;
        let hook: Uuid = r.get(0)?;
        db.prepare_cached("INSERT INTO deliveries (hook, seq) VALUES (?1, ?2)")?
            .execute(params![hook, row::int(event.seq.0)])?;
        let dropped = db
            .prepare_cached(
                "DELETE FROM deliveries WHERE hook = ?1 AND seq <= (
                     SELECT seq FROM deliveries WHERE hook = ?1 ORDER BY seq DESC LIMIT 1 OFFSET ?2)",
            )?
            .execute(params![hook, row::int(limits::OUTGOING_WAITING)])?;
        count_dropped(db, hook, dropped)?;
    }
    Ok(is_any)
}

fn count_dropped(db: &Connection, hook: Uuid, dropped: usize) -> sql::Result<()> {
    if dropped > 0 {
        db.prepare_cached("UPDATE outgoing SET dropped = dropped + ?2 WHERE id = ?1")?
            .execute(params![hook, row::int(dropped as u64)])?;
    }
    Ok(())
}
