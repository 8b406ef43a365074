//! Accounts in the hands of those who run the server.

use chat_proto::{AccountInfo, Role, SessionId, Timestamp, UserId, UserName};

use super::{Store, audit, lists, nodes, row};
use crate::domain::audit::Note;
use crate::store::sql::{self, params};
use crate::store::{Act, Page, StoreError};

impl Store {
    /// A page of all accounts but bots that have ended and those of webhooks, by name.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn accounts(
        &self,
        query: Option<String>,
        after: Option<UserName>,
        limit: u32,
    ) -> Result<Page<AccountInfo>, StoreError> {
        self.read(move |db| {
            let mut accounts = db.prepare_cached(
                "SELECT u.id, u.name, u.bot, u.role, u.created_at, u.last_seen, u.disabled_at,
                     EXISTS (SELECT 1 FROM second_factors f WHERE f.user = u.id AND f.since IS NOT NULL),
                     (SELECT count(*) FROM sessions s WHERE s.user = u.id),
                     (SELECT max(s.used_at) FROM sessions s WHERE s.user = u.id)
                 FROM users u WHERE u.id <> zeroblob(16) AND u.name > ?1 AND instr(u.name, ?2) > 0
                     AND (u.bot = 0 OR EXISTS (SELECT 1 FROM bots b WHERE b.user = u.id))
                 ORDER BY u.name LIMIT ?3",
            )?;
            let after = after.as_ref().map_or("", UserName::as_str);
            let rows = accounts
                .query_map(params![after, lists::needle(query), limit + 1], |r| {
                    // Who is here now has not gone since they logged in: their login says more.
                    let (went, used): (Option<i64>, Option<i64>) = (r.get(5)?, r.get(9)?);
                    Ok(AccountInfo {
                        user: row::person(r, 0)?,
                        role: row::role(r, 3)?,
                        at: Timestamp(r.get(4)?),
                        last_seen: went.max(used).map(Timestamp),
                        disabled: r.get::<_, Option<i64>>(6)?.map(Timestamp),
                        second_factor: r.get(7)?,
                        sessions: r.get(8)?,
                    })
                })?
                .collect::<sql::Result<Vec<_>>>()?;
            Ok(lists::cut(rows, limit))
        })
        .await
    }

    /// Disables an account, ends its logins and those of its bots, and notes it. False if it was
    /// disabled already.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn disable(&self, user: UserId, note: Note) -> Result<bool, StoreError> {
        self.write(move |db| {
            let disabled = db
                .prepare_cached("UPDATE users SET disabled_at = ?2 WHERE id = ?1 AND disabled_at IS NULL")?
                .execute(params![user.0, note.at.0])?;
            if disabled == 0 {
                return Ok(false);
            }
            db.prepare_cached("DELETE FROM resets WHERE user = ?1")?.execute([user.0])?;
            db.prepare_cached(
                "DELETE FROM sessions WHERE user = ?1 OR user IN (SELECT user FROM bots WHERE owner = ?1)",
            )?
            .execute([user.0])?;
            nodes::keep_logins(db, user)?;
            audit::record(db, &note)?;
            Ok(true)
        })
        .await
    }

    /// Lets a disabled account in again and notes it. False if it was not disabled.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn enable(&self, user: UserId, note: Note) -> Result<bool, StoreError> {
        self.write(move |db| {
            let enabled = db
                .prepare_cached(
                    "UPDATE users SET disabled_at = NULL WHERE id = ?1 AND disabled_at IS NOT NULL",
                )?
                .execute([user.0])?;
            if enabled > 0 {
                audit::record(db, &note)?;
            }
            Ok(enabled > 0)
        })
        .await
    }

    /// Gives an account another role on the server and notes it. False if it has that role.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn set_server_role(&self, user: UserId, role: Role, note: Note) -> Result<bool, StoreError> {
        self.write(move |db| {
            let changed = db
                .prepare_cached("UPDATE users SET role = ?2 WHERE id = ?1 AND role <> ?2")?
                .execute(params![user.0, role.as_str()])?;
            if changed > 0 {
                nodes::keep(db, Act::Logins(user))?;
                audit::record(db, &note)?;
            }
            Ok(changed > 0)
        })
        .await
    }

    /// Gives an account another password, ends its sessions and notes it.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn give_password(&self, user: UserId, password: String, note: Note) -> Result<(), StoreError> {
        self.write(move |db| {
            db.prepare_cached("UPDATE users SET password = ?2 WHERE id = ?1")?
                .execute(params![user.0, password])?;
            // Whoever has a code would undo what was just done.
            db.prepare_cached("DELETE FROM resets WHERE user = ?1")?.execute([user.0])?;
            db.prepare_cached("DELETE FROM sessions WHERE user = ?1")?.execute([user.0])?;
            nodes::keep(db, Act::Logins(user))?;
            Ok(audit::record(db, &note)?)
        })
        .await
    }

    /// Ends a session of an account, or all, and notes it. False if it has none such.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn log_out(
        &self,
        user: UserId,
        session: Option<SessionId>,
        note: Note,
    ) -> Result<bool, StoreError> {
        self.write(move |db| {
            let ended = db
                .prepare_cached("DELETE FROM sessions WHERE user = ?1 AND (?2 IS NULL OR id = ?2)")?
                .execute(params![user.0, session.map(|session| session.0)])?;
            if ended > 0 {
                nodes::keep(db, Act::Logins(user))?;
                audit::record(db, &note)?;
            }
            Ok(ended > 0 || session.is_none())
        })
        .await
    }
}
