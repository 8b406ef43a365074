//! Sessions, passwords and reset codes.

use std::collections::BTreeSet;
use std::time::Duration;

use chat_proto::{DeviceName, SessionId, SessionInfo, Timestamp, UserId, limits};

use super::{Store, audit, bans, identities, nodes, row};
use crate::auth::SecretHash;
use crate::domain::audit::Note;
use crate::store::sql::{self, Connection, OptionalExtension, params};
use crate::store::{Act, EndedSession, NewSession, PendingReset, Proof, Refusal, StoreError};

/// Sessions that end in one turn of the writer; the rest in the next.
const ENDED_AT_ONCE: i64 = 500;

impl Store {
    /// Remembers a login, unless the account may not come in or its password is another one by now.
    /// All is one step, so no login slips past a ban or a change. Gives the sessions that had to
    /// end for it, because an account has only so many.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn create_session(
        &self,
        session: NewSession,
    ) -> Result<Result<Vec<SessionId>, Refusal>, StoreError> {
        self.write(move |db| begin(db, &session)).await
    }

    /// The sessions of an account, the one used last first.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn sessions(&self, user: UserId, asking: SessionId) -> Result<Vec<SessionInfo>, StoreError> {
        self.read(move |db| {
            let mut query = db.prepare_cached(
                "SELECT id, device, created_at, used_at FROM sessions WHERE user = ?1
                 ORDER BY used_at DESC, created_at DESC LIMIT ?2",
            )?;
            let rows = query.query_map(params![user.0, row::int(limits::SESSIONS as u64)], |r| {
                let id = SessionId(r.get(0)?);
                Ok(SessionInfo {
                    id,
                    device: DeviceName::new(r.get::<_, String>(1)?).unwrap_or_default(),
                    began_at: Timestamp(r.get(2)?),
                    used_at: Timestamp(r.get(3)?),
                    current: id == asking,
                })
            })?;
            Ok(rows.collect::<sql::Result<_>>()?)
        })
        .await
    }

    /// Ends a session of this account. False if it has none such.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn revoke_session(&self, user: UserId, session: SessionId) -> Result<bool, StoreError> {
        self.write(move |db| {
            let ended = db
                .prepare_cached("DELETE FROM sessions WHERE id = ?2 AND user = ?1")?
                .execute(params![user.0, session.0])?;
            if ended > 0 {
                nodes::keep(db, Act::Logins(user))?;
            }
            Ok(ended > 0)
        })
        .await
    }

    /// Ends all sessions of this account but one.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn revoke_others(&self, user: UserId, keep: SessionId) -> Result<(), StoreError> {
        self.write(move |db| Ok(end_others(db, user, keep)?)).await
    }

    /// Notes that a session is used.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn note_use(&self, session: SessionId, now: Timestamp) -> Result<(), StoreError> {
        self.write_beside(move |db| {
            db.prepare_cached("UPDATE sessions SET used_at = ?2 WHERE id = ?1")?
                .execute(params![session.0, now.0])?;
            Ok(())
        })
        .await
    }

    /// Ends people's sessions that nobody used for so long, and forgets reset codes that have run
    /// out; as many as go in one turn. Bots' tokens stay.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn end_idle_sessions(
        &self,
        now: Timestamp,
        idle: Duration,
    ) -> Result<Vec<EndedSession>, StoreError> {
        let unused_since = now.0.saturating_sub_unsigned(idle_ms(idle));
        self.write(move |db| {
            db.prepare_cached("DELETE FROM resets WHERE expires_at <= ?1")?.execute([now.0])?;
            let mut end = db.prepare_cached(
                "DELETE FROM sessions WHERE id IN (
                     SELECT s.id FROM sessions s JOIN users u ON u.id = s.user
                     WHERE s.used_at <= ?1 AND u.bot = 0 LIMIT ?2)
                 RETURNING user, id",
            )?;
            let ended = end
                .query_map(params![unused_since, ENDED_AT_ONCE], |r| {
                    Ok(EndedSession { user: UserId(r.get(0)?), session: SessionId(r.get(1)?) })
                })?
                .collect::<sql::Result<Vec<_>>>()?;
            for user in ended.iter().map(|ended| ended.user).collect::<BTreeSet<_>>() {
                nodes::keep(db, Act::Logins(user))?;
            }
            Ok(ended)
        })
        .await
    }

    /// Puts one password in place of another and ends all sessions but one. False if the password is
    /// not that one any more.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn change_password(
        &self,
        user: UserId,
        from: String,
        to: String,
        keep: SessionId,
    ) -> Result<bool, StoreError> {
        self.write(move |db| {
            let changed = db
                .prepare_cached("UPDATE users SET password = ?3 WHERE id = ?1 AND password = ?2")?
                .execute(params![user.0, from, to])?;
            if changed == 0 {
                return Ok(false);
            }
            // Whoever has a code would undo what was just done.
            db.prepare_cached("DELETE FROM resets WHERE user = ?1")?.execute([user.0])?;
            end_others(db, user, keep)?;
            Ok(true)
        })
        .await
    }

    /// Keeps a reset code in place of the one before, and notes the act.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn create_reset(
        &self,
        user: UserId,
        code: SecretHash,
        drops_second_factor: bool,
        expires_at: Timestamp,
        note: Note,
    ) -> Result<(), StoreError> {
        self.write(move |db| {
            db.prepare_cached(
                "INSERT INTO resets (user, code_hash, drops_second_factor, expires_at) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (user) DO UPDATE SET code_hash = excluded.code_hash, expires_at = excluded.expires_at,
                     drops_second_factor = excluded.drops_second_factor",
            )?
            .execute(params![user.0, code.0, drops_second_factor, expires_at.0])?;
            audit::record(db, &note)?;
            Ok(())
        })
        .await
    }

    /// What a reset code is good for, if it is.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn reset(&self, code: SecretHash, now: Timestamp) -> Result<Option<PendingReset>, StoreError> {
        self.read(move |db| {
            let mut query = db.prepare_cached(
                "SELECT u.id, u.name, u.bot, u.role, r.drops_second_factor
                 FROM resets r JOIN users u ON u.id = r.user WHERE r.code_hash = ?1 AND r.expires_at > ?2",
            )?;
            let reset = query.query_row(params![code.0, now.0], |r| {
                Ok(PendingReset {
                    person: row::person(r, 0)?,
                    role: row::role(r, 3)?,
                    drops_second_factor: r.get(4)?,
                })
            });
            Ok(reset.optional()?)
        })
        .await
    }

    /// Uses a reset code up: sets the password, which is the new session's proof, ends all other
    /// sessions and begins this one.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn use_reset(
        &self,
        code: SecretHash,
        session: NewSession,
    ) -> Result<Result<(), Refusal>, StoreError> {
        let Proof::Password(password) = session.proof.clone() else { return Ok(Err(Refusal::Stale)) };
        self.write(move |db| {
            let drops = db
                .prepare_cached(
                    "SELECT drops_second_factor FROM resets WHERE code_hash = ?1 AND user = ?2 AND expires_at > ?3",
                )?
                .query_row(params![code.0, session.user.0, session.at.0], |r| r.get::<_, bool>(0))
                .optional()?;
            let Some(drops) = drops else { return Ok(Err(Refusal::Stale)) };
            if let Some(refusal) = not_admitted(db, session.user, session.at)? {
                return Ok(Err(refusal));
            }
            db.prepare_cached("DELETE FROM resets WHERE user = ?1")?.execute([session.user.0])?;
            db.prepare_cached("DELETE FROM sessions WHERE user = ?1")?.execute([session.user.0])?;
            nodes::keep(db, Act::Logins(session.user))?;
            db.prepare_cached("UPDATE users SET password = ?2 WHERE id = ?1")?
                .execute(params![session.user.0, password])?;
            if drops {
                super::second_factor::forget(db, session.user)?;
            }
            Ok(begin(db, &session)?.map(drop))
        })
        .await
    }
}

/// Milliseconds, for the clock.
pub(super) fn idle_ms(idle: Duration) -> u64 {
    u64::try_from(idle.as_millis()).unwrap_or(u64::MAX)
}

/// Why this account may not come in, if so.
fn not_admitted(db: &Connection, user: UserId, now: Timestamp) -> sql::Result<Option<Refusal>> {
    let disabled = db
        .prepare_cached("SELECT disabled_at IS NOT NULL FROM users WHERE id = ?1")?
        .query_row([user.0], |r| r.get::<_, bool>(0))?;
    if disabled {
        return Ok(Some(Refusal::Disabled));
    }
    Ok(bans::server_ban(db, user, now)?.map(Refusal::Banned))
}

fn begin(db: &Connection, session: &NewSession) -> Result<Result<Vec<SessionId>, Refusal>, StoreError> {
    if let Some(refusal) = not_admitted(db, session.user, session.at)? {
        return Ok(Err(refusal));
    }
    let is_proof = match &session.proof {
        Proof::Password(password) => db
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM users WHERE id = ?1 AND password = ?2)")?
            .query_row(params![session.user.0, password], |r| r.get::<_, bool>(0))?,
        Proof::Identity(identity) => identities::is(db, session.user, identity)?,
    };
    let lacks_factor = !session.second_factor
        && db
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM second_factors WHERE user = ?1 AND since IS NOT NULL)",
            )?
            .query_row([session.user.0], |r| r.get::<_, bool>(0))?;
    if !is_proof || lacks_factor {
        return Ok(Err(Refusal::Stale));
    }
    let mut end = db.prepare_cached(
        "DELETE FROM sessions WHERE id IN (
             SELECT id FROM sessions WHERE user = ?1 ORDER BY used_at DESC, created_at DESC LIMIT ?3 OFFSET ?2)
         RETURNING id",
    )?;
    let kept = row::int(limits::SESSIONS as u64 - 1);
    let ended = end
        .query_map(params![session.user.0, kept, i64::MAX], |r| r.get(0).map(SessionId))?
        .collect::<sql::Result<Vec<_>>>()?;
    if !ended.is_empty() {
        nodes::keep(db, Act::Logins(session.user))?;
    }
    db.prepare_cached(
        "INSERT INTO sessions (id, user, token_hash, device, created_at, used_at) VALUES (?1, ?2, ?3, ?4, ?5, ?5)",
    )?
    .execute(params![session.id.0, session.user.0, session.token.0, session.device, session.at.0])?;
    Ok(Ok(ended))
}

/// Ends all sessions of an account but one.
pub(super) fn end_others(db: &Connection, user: UserId, keep: SessionId) -> sql::Result<()> {
    db.prepare_cached("DELETE FROM sessions WHERE user = ?1 AND id <> ?2")?
        .execute(params![user.0, keep.0])?;
    nodes::keep(db, Act::Logins(user))
}
