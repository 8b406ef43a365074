//! Accounts, sessions and invites.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use chat_proto::{Person, Registration, Role, SessionId, Timestamp, UserId, UserName, WireError};

use super::{Store, audit, bans, bots, doors, inbox, nodes, row, sign_in::idle_ms};
use crate::auth::SecretHash;
use crate::domain::audit::Note;
use crate::domain::moderation::Penalty;
use crate::registration::{Invite, admit};
use crate::store::sql::{self, Connection, OptionalExtension, Row, params};
use crate::store::{Account, Act, KnownSession, NewAccount, NewInvite, StoreError};

/// That a session is used is noted this often at most: each part of a file asks for it, and a note
/// is a write to the disk.
const SESSION_NOTED: Duration = Duration::from_secs(60);

/// The time between two such notes, where sessions end when they were not used for so long.
#[must_use]
pub fn noted_every(idle: Duration) -> Duration {
    SESSION_NOTED.min(idle / 4)
}

impl Store {
    /// Whether there is any account yet.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn has_accounts(&self) -> Result<bool, StoreError> {
        self.read(|db| Ok(has_accounts(db)?)).await
    }

    /// Makes an account if [`admit`] lets it in, and uses its invite up.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the name is taken or looks like one that is. The inner error is
    /// the refusal of [`admit`].
    pub async fn create_account(
        &self,
        account: NewAccount,
        mode: Registration,
    ) -> Result<Result<Role, WireError>, StoreError> {
        self.write(move |db| admitted(db, &account, |is_first, invite| admit(mode, is_first, invite))).await
    }

    /// Makes an account that an admin wants, and notes it.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the name is taken or looks like one that is.
    pub async fn add_account(&self, account: NewAccount, role: Role, note: Note) -> Result<(), StoreError> {
        self.write(move |db| {
            add(db, &account, role)?;
            audit::record(db, &note)?;
            Ok(())
        })
        .await
    }

    /// The account of that name; never the server's own.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn account(&self, name: UserName) -> Result<Option<Account>, StoreError> {
        self.read(move |db| {
            let mut query = db.prepare_cached(
                "SELECT id, name, bot, role, password, disabled_at FROM users WHERE name = ?1 AND id <> zeroblob(16)",
            )?;
            let account = query.query_row([name.as_str()], found);
            Ok(account.optional()?)
        })
        .await
    }

    /// Who a token stands for, if it is valid and was used within the idle time; notes that it was
    /// used. A bot's token stays until its owner ends it or is disabled.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn use_session(
        &self,
        token: SecretHash,
        now: Timestamp,
        idle: Duration,
    ) -> Result<Option<KnownSession>, StoreError> {
        let used_after = Timestamp(now.0.saturating_sub_unsigned(idle_ms(idle)));
        let noted_after = now.0.saturating_sub_unsigned(idle_ms(noted_every(idle)));
        let found = self
            .read(move |db| {
                let mut query = db.prepare_cached(
                    "SELECT s.id, u.id, u.name, u.bot, u.role, b.scopes, s.used_at
                     FROM sessions s JOIN users u ON u.id = s.user LEFT JOIN bots b ON b.user = u.id
                         LEFT JOIN users o ON o.id = b.owner
                     WHERE s.token_hash = ?1 AND (s.used_at > ?2 OR u.bot = 1) AND (u.bot = 0 OR b.user IS NOT NULL)
                         AND u.disabled_at IS NULL AND o.disabled_at IS NULL AND NOT EXISTS (
                             SELECT 1 FROM server_bans x WHERE x.user = b.owner AND (x.until IS NULL OR x.until > ?3))",
                )?;
                let session = query.query_row(params![token.0, used_after.0, now.0], |r| {
                    let used_at: i64 = r.get(6)?;
                    let known = KnownSession {
                        id: SessionId(r.get(0)?),
                        person: row::person(r, 1)?,
                        role: row::role(r, 4)?,
                        scopes: r.get::<_, Option<String>>(5)?.map(|words| bots::scopes(&words)),
                    };
                    Ok((known, used_at < noted_after))
                });
                Ok(session.optional()?)
            })
            .await?;
        let Some((session, is_stale)) = found else { return Ok(None) };
        if is_stale {
            let (id, user) = (session.id, session.person.id);
            self.write_beside(move |db| {
                // Now and then is enough, and people come back now and then.
                inbox::prune(db, user)?;
                db.prepare_cached("UPDATE sessions SET used_at = ?2 WHERE id = ?1")?
                    .execute(params![id.0, now.0])?;
                Ok(())
            })
            .await?;
        }
        Ok(Some(session))
    }

    /// The ban that ended the login with this token, if it holds.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn ban_of_token(
        &self,
        token: SecretHash,
        now: Timestamp,
    ) -> Result<Option<Penalty>, StoreError> {
        self.read(move |db| Ok(bans::ban_of_token(db, &token.0, now)?)).await
    }

    /// Forgets a session; its token is then worth nothing.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn end_session(&self, session: SessionId) -> Result<(), StoreError> {
        self.write_beside(move |db| {
            let mut end = db.prepare_cached("DELETE FROM sessions WHERE id = ?1 RETURNING user")?;
            let user = end.query_row([session.0], |r| r.get(0).map(UserId)).optional()?;
            if let Some(user) = user {
                nodes::keep(db, Act::Logins(user))?;
            }
            Ok(())
        })
        .await
    }

    /// Makes an invite. An owner's invite replaces those made before, so that only the code
    /// printed last can make the first account.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn create_invite(&self, invite: NewInvite) -> Result<(), StoreError> {
        self.write(move |db| {
            if invite.role == Role::Owner {
                db.execute("DELETE FROM invites WHERE role = ?1", [Role::Owner.as_str()])?;
            }
            doors::insert(db, &invite)?;
            Ok(())
        })
        .await
    }

    /// Notes when these people were last online.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn set_last_seen(&self, people: Vec<(UserId, Timestamp)>) -> Result<(), StoreError> {
        self.write_beside(move |db| {
            let mut update = db.prepare_cached("UPDATE users SET last_seen = ?2 WHERE id = ?1")?;
            // In one order, so that two who do it wait for each other and do not lock each other out.
            let people: BTreeMap<UserId, Timestamp> = people.into_iter().collect();
            for (user, at) in people {
                update.execute(params![user.0, at.0])?;
            }
            Ok(())
        })
        .await
    }

    /// Out of these people, those who share a conversation with the asking one (who shares with
    /// themselves) and where neither blocks the other; and when each was last online, as far as both
    /// show that.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn visible_people(
        &self,
        asking: UserId,
        people: Vec<UserId>,
    ) -> Result<HashMap<UserId, Option<Timestamp>>, StoreError> {
        self.read(move |db| {
            let mut query = db.prepare_cached(
                "SELECT CASE WHEN u.shows_last_seen = 1 AND (SELECT shows_last_seen FROM users WHERE id = ?1) = 1
                     THEN u.last_seen END
                 FROM users u WHERE u.id = ?2 AND (u.id = ?1 OR EXISTS (
                     SELECT 1 FROM members mine JOIN members theirs ON theirs.conversation = mine.conversation
                     WHERE mine.user = ?1 AND theirs.user = ?2))
                 AND NOT EXISTS (SELECT 1 FROM blocks WHERE blocker = ?1 AND blocked = ?2)
                 AND NOT EXISTS (SELECT 1 FROM blocks WHERE blocker = ?2 AND blocked = ?1)",
            )?;
            let mut visible = HashMap::with_capacity(people.len());
            for user in people {
                let last_seen: Option<Option<i64>> =
                    query.query_row(params![asking.0, user.0], |r| r.get(0)).optional()?;
                if let Some(last_seen) = last_seen {
                    visible.insert(user, last_seen.map(Timestamp));
                }
            }
            Ok(visible)
        })
        .await
    }

    /// The person of that name.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn person(&self, name: UserName) -> Result<Option<Person>, StoreError> {
        Ok(self.account(name).await?.map(|account| account.person))
    }
}

/// Makes an account as far as this rule says, and uses its invite up.
pub(super) fn admitted(
    db: &Connection,
    account: &NewAccount,
    rule: impl FnOnce(bool, Invite) -> Result<Role, WireError>,
) -> Result<Result<Role, WireError>, StoreError> {
    let invite = invite(db, account.invite, account.at)?;
    let role = match rule(!has_accounts(db)?, invite) {
        Ok(role) => role,
        Err(refusal) => return Ok(Err(refusal)),
    };
    if let Some(code) = account.invite {
        db.prepare_cached("UPDATE invites SET uses_left = uses_left - 1 WHERE code_hash = ?1")?
            .execute([code.0])?;
    }
    add(db, account, role)?;
    Ok(Ok(role))
}

fn add(db: &Connection, account: &NewAccount, role: Role) -> sql::Result<()> {
    db.prepare_cached(
        "INSERT INTO users (id, name, skeleton, password, role, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        account.id.0,
        account.name.as_str(),
        account.skeleton,
        account.password,
        role.as_str(),
        account.at.0
    ])?;
    Ok(())
}

/// An account from `id, name, bot, role, password, disabled_at` of `users`.
pub(super) fn found(r: &Row<'_>) -> sql::Result<Account> {
    Ok(Account {
        person: row::person(r, 0)?,
        role: row::role(r, 3)?,
        password: r.get(4)?,
        disabled: r.get::<_, Option<i64>>(5)?.is_some(),
    })
}

fn has_accounts(db: &Connection) -> sql::Result<bool> {
    db.query_row("SELECT EXISTS (SELECT 1 FROM users WHERE id <> zeroblob(16))", [], |r| r.get(0))
}

fn invite(db: &Connection, code: Option<SecretHash>, now: Timestamp) -> sql::Result<Invite> {
    let Some(code) = code else { return Ok(Invite::None) };
    let role = db
        .prepare_cached(
            "SELECT role FROM invites WHERE code_hash = ?1 AND uses_left > 0 AND (expires_at IS NULL OR expires_at > ?2)",
        )?
        .query_row(params![code.0, now.0], |r| row::role(r, 0))
        .optional()?;
    Ok(role.map_or(Invite::Invalid, Invite::Valid))
}
