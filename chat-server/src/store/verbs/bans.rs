//! Bans and mutes, of rooms and of the server.

use std::collections::HashMap;

use chat_proto::{Ban, ConversationId, Event, EventKind, RoomRole, Seq, Timestamp, UserId, UserName};

use super::days::{OF_THE_DAY, day_of};
use super::{Store, audit, lists, nodes, people, row};
use crate::domain::audit::Note;
use crate::domain::moderation::Penalty;
use crate::domain::policy::{Policy, PolicyChange};
use crate::store::sql::{self, Connection, OptionalExtension, Row, params};
use crate::store::{Act, BanKind, Bans, StoreError};

/// Most bans, and most mutes, of the whole server: every shard holds them.
const SERVER_BANS: u64 = 10_000;

/// Follows an event about a ban or a mute in its room.
pub(super) fn follow(db: &Connection, event: &Event) -> sql::Result<()> {
    let id = event.conversation.0;
    let (kind, user, set) = match &event.what {
        EventKind::Banned { user, until, reason, .. } => (BanKind::Ban, user.id, Some((until, reason))),
        EventKind::Muted { user, until, reason } => (BanKind::Mute, user.id, Some((until, reason))),
        EventKind::Unbanned { user } => (BanKind::Ban, user.id, None),
        EventKind::Unmuted { user } => (BanKind::Mute, user.id, None),
        _ => return Ok(()),
    };
    let Some((until, reason)) = set else {
        db.prepare_cached("DELETE FROM room_bans WHERE conversation = ?1 AND kind = ?2 AND user = ?3")?
            .execute(params![id, kind.as_str(), user.0])?;
        return Ok(());
    };
    // What has run out goes, as in memory.
    db.prepare_cached("DELETE FROM room_bans WHERE conversation = ?1 AND kind = ?2 AND until <= ?3")?
        .execute(params![id, kind.as_str(), event.at.0])?;
    db.prepare_cached(
        "INSERT INTO room_bans (conversation, kind, user, by_user, at, until, reason)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (conversation, kind, user) DO UPDATE SET by_user = excluded.by_user, at = excluded.at,
             until = excluded.until, reason = excluded.reason",
    )?
    .execute(params![
        id,
        kind.as_str(),
        user.0,
        event.author.id.0,
        event.at.0,
        until.map(|at| at.0),
        reason.as_str()
    ])?;
    if kind == BanKind::Ban {
        db.prepare_cached("DELETE FROM invitations WHERE conversation = ?1 AND user = ?2")?
            .execute(params![id, user.0])?;
    }
    Ok(())
}

/// The bans or mutes of a room, as its shard holds them.
pub(super) fn of_room(
    db: &Connection,
    conversation: ConversationId,
    kind: BanKind,
) -> sql::Result<HashMap<UserId, Penalty>> {
    let mut query =
        db.prepare_cached("SELECT user, until, reason FROM room_bans WHERE conversation = ?1 AND kind = ?2")?;
    query
        .query_map(params![conversation.0, kind.as_str()], |r| Ok((UserId(r.get(0)?), penalty(r, 1)?)))?
        .collect()
}

/// The ban of an account from the server, if it holds.
pub(super) fn server_ban(db: &Connection, user: UserId, now: Timestamp) -> sql::Result<Option<Penalty>> {
    db.prepare_cached(
        "SELECT until, reason FROM server_bans WHERE kind = 'ban' AND user = ?1 AND (until IS NULL OR until > ?2)",
    )?
    .query_row(params![user.0, now.0], |r| penalty(r, 0))
    .optional()
}

/// The mute of an account on the server, if it holds.
pub(super) fn server_mute(db: &Connection, user: UserId, now: Timestamp) -> sql::Result<Option<Penalty>> {
    db.prepare_cached(
        "SELECT until, reason FROM server_bans WHERE kind = 'mute' AND user = ?1 AND (until IS NULL OR until > ?2)",
    )?
    .query_row(params![user.0, now.0], |r| penalty(r, 0))
    .optional()
}

/// The mute of a member of a room, if it holds.
fn room_mute(
    db: &Connection,
    conversation: ConversationId,
    user: UserId,
    now: Timestamp,
) -> sql::Result<Option<Penalty>> {
    db.prepare_cached(
        "SELECT until, reason FROM room_bans
         WHERE conversation = ?1 AND kind = 'mute' AND user = ?2 AND (until IS NULL OR until > ?3)",
    )?
    .query_row(params![conversation.0, user.0, now.0], |r| penalty(r, 0))
    .optional()
}

/// The ban that ended the login with this token, if it holds.
pub(super) fn ban_of_token(db: &Connection, token: &[u8], now: Timestamp) -> sql::Result<Option<Penalty>> {
    let user = db
        .prepare_cached("SELECT user FROM banned_tokens WHERE token_hash = ?1")?
        .query_row([token], |r| r.get(0).map(UserId))
        .optional()?;
    user.map_or(Ok(None), |user| server_ban(db, user, now))
}

/// Reads `until, reason`, which begin at `at`.
fn penalty(r: &Row<'_>, at: usize) -> sql::Result<Penalty> {
    Ok(Penalty { until: r.get::<_, Option<_>>(at)?.map(Timestamp), reason: lists::topic(r, at + 1)? })
}

impl Store {
    /// What is known about people beyond the rooms.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn policy(&self, now: Timestamp) -> Result<Policy, StoreError> {
        self.read(move |db| {
            let mut policy = Policy::default();
            let mut query = db.prepare_cached(
                "SELECT user, until, reason, kind FROM server_bans WHERE until IS NULL OR until > ?1",
            )?;
            let mut rows = query.query([now.0])?;
            while let Some(ref r) = rows.next()? {
                let (user, penalty, kind) = (UserId(r.get(0)?), penalty(r, 1)?, r.get::<_, String>(3)?);
                policy.apply(&BanKind::of(&kind).change(user, Some(penalty)));
            }
            people::add_policy(db, &mut policy)?;
            Ok(policy)
        })
        .await
    }

    /// The mutes that hold for somebody in a conversation: that of the server, and that of the room.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn mutes(
        &self,
        conversation: ConversationId,
        user: UserId,
        now: Timestamp,
    ) -> Result<(Option<Penalty>, Option<Penalty>), StoreError> {
        self.read(move |db| Ok((server_mute(db, user, now)?, room_mute(db, conversation, user, now)?))).await
    }

    /// Bans or mutes an account on the whole server and notes it; a ban also ends all its logins, and
    /// those of its bots.
    /// False if there are as many as can be.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn punish(
        &self,
        kind: BanKind,
        user: UserId,
        penalty: Penalty,
        note: Note,
    ) -> Result<bool, StoreError> {
        self.write(move |db| {
            db.prepare_cached("DELETE FROM server_bans WHERE until <= ?1")?.execute([note.at.0])?;
            let others = db
                .prepare_cached("SELECT count(*) FROM server_bans WHERE kind = ?1 AND user <> ?2")?
                .query_row(params![kind.as_str(), user.0], |r| row::count(r, 0))?;
            if others >= SERVER_BANS {
                return Ok(false);
            }
            db.prepare_cached(
                "INSERT INTO server_bans (kind, user, by_user, at, until, reason) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT (kind, user) DO UPDATE SET by_user = excluded.by_user, at = excluded.at,
                     until = excluded.until, reason = excluded.reason",
            )?
            .execute(params![
                kind.as_str(),
                user.0,
                note.actor.0,
                note.at.0,
                penalty.until.map(|at| at.0),
                penalty.reason.as_str()
            ])?;
            if kind == BanKind::Ban {
                // Those of bans that have run out are of no use to anybody.
                db.prepare_cached(
                    "DELETE FROM banned_tokens WHERE user NOT IN (SELECT user FROM server_bans WHERE kind = 'ban')",
                )?
                .execute([])?;
                db.prepare_cached(
                    "INSERT INTO banned_tokens (token_hash, user)
                     SELECT token_hash, user FROM sessions WHERE user = ?1 ON CONFLICT DO NOTHING",
                )?
                .execute([user.0])?;
                db.prepare_cached(
                    "DELETE FROM sessions WHERE user = ?1 OR user IN (SELECT user FROM bots WHERE owner = ?1)",
                )?
                .execute([user.0])?;
                nodes::keep_logins(db, user)?;
            }
            nodes::keep(db, Act::Policy)?;
            audit::record(db, &note)?;
            Ok(true)
        })
        .await
    }

    /// Ends a ban or mute on the whole server and notes it. False if there was none in force.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn pardon(&self, kind: BanKind, user: UserId, note: Note) -> Result<bool, StoreError> {
        self.write(move |db| {
            if kind == BanKind::Ban {
                db.prepare_cached("DELETE FROM banned_tokens WHERE user = ?1")?.execute([user.0])?;
            }
            db.prepare_cached("DELETE FROM server_bans WHERE until <= ?1")?.execute([note.at.0])?;
            let ended = db
                .prepare_cached("DELETE FROM server_bans WHERE kind = ?1 AND user = ?2")?
                .execute(params![kind.as_str(), user.0])?;
            if ended > 0 {
                nodes::keep(db, Act::Policy)?;
                audit::record(db, &note)?;
            }
            Ok(ended > 0)
        })
        .await
    }

    /// A page of the bans or mutes in force, by name, of a room or of the server.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn bans(
        &self,
        conversation: Option<ConversationId>,
        kind: BanKind,
        after: Option<UserName>,
        limit: u32,
        now: Timestamp,
    ) -> Result<Bans, StoreError> {
        self.read(move |db| {
            let (table, place) = match conversation {
                Some(_) => ("room_bans", "b.conversation = ?1"),
                None => ("server_bans", "?1 IS NULL"),
            };
            let sql = format!(
                "SELECT u.id, u.name, u.bot, a.id, a.name, a.bot, b.at, b.until, b.reason
                 FROM {table} b JOIN users u ON u.id = b.user JOIN users a ON a.id = b.by_user
                 WHERE {place} AND b.kind = ?2 AND (b.until IS NULL OR b.until > ?3) AND u.name > ?4
                 ORDER BY u.name LIMIT ?5"
            );
            let after = after.as_ref().map_or("", UserName::as_str);
            let rows = db
                .prepare_cached(&sql)?
                .query_map(
                    params![conversation.map(|id| id.0), kind.as_str(), now.0, after, limit + 1],
                    |r| {
                        let Penalty { until, reason } = penalty(r, 7)?;
                        let (user, by) = (row::person(r, 0)?, row::person(r, 3)?);
                        Ok(Ban { user, by, at: Timestamp(r.get(6)?), until, reason })
                    },
                )?
                .collect::<sql::Result<Vec<_>>>()?;
            Ok(lists::cut(rows, limit))
        })
        .await
    }

    /// What somebody may do in a room; `None` where they are no member.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn room_role(
        &self,
        conversation: ConversationId,
        user: UserId,
    ) -> Result<Option<RoomRole>, StoreError> {
        self.read(move |db| {
            let mut query =
                db.prepare_cached("SELECT role FROM members WHERE conversation = ?1 AND user = ?2")?;
            Ok(query.query_row(params![conversation.0, user.0], |r| row::room_role(r, 0)).optional()?)
        })
        .await
    }

    /// The messages that somebody wrote since then, in one conversation or in all, the newest
    /// first and at most so many.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn written_since(
        &self,
        author: UserId,
        conversation: Option<ConversationId>,
        since: Timestamp,
        limit: usize,
    ) -> Result<Vec<(ConversationId, Seq)>, StoreError> {
        self.read(move |db| {
            // Day by day, where anything happened since then.
            let join = db.either("CROSS JOIN", "JOIN");
            let mut query = db.prepare_cached(&format!(
                "SELECT e.conversation, e.seq
                 FROM (SELECT id FROM conversations WHERE active_at > ?2 AND (?3 IS NULL OR id = ?3)) c
                 {join} days d ON d.conversation = c.id AND d.day >= ?5
                 {join} events e ON e.conversation = c.id AND {OF_THE_DAY} AND e.author = ?1
                     AND e.kind = 'message' AND e.deleted = 0 AND e.at > ?2
                 ORDER BY e.at DESC, e.id DESC LIMIT ?4"
            ))?;
            let (place, day) = (conversation.map(|id| id.0), day_of(since.0));
            let found = query
                .query_map(params![author.0, since.0, place, row::int(limit as u64), day], |r| {
                    Ok((ConversationId(r.get(0)?), row::seq(r, 1)?))
                })?
                .collect::<sql::Result<_>>()?;
            Ok(found)
        })
        .await
    }
}

impl BanKind {
    /// The word in the database.
    fn as_str(self) -> &'static str {
        match self {
            BanKind::Ban => "ban",
            BanKind::Mute => "mute",
        }
    }

    fn of(word: &str) -> Self {
        if word == "ban" { BanKind::Ban } else { BanKind::Mute }
    }

    /// The same as every shard is told.
    #[must_use]
    pub fn change(self, user: UserId, penalty: Option<Penalty>) -> PolicyChange {
        match self {
            BanKind::Ban => PolicyChange::Ban(user, penalty),
            BanKind::Mute => PolicyChange::Mute(user, penalty),
        }
    }
}
