//! Second factors: the secrets of authenticators, and recovery codes.

use chat_proto::{SessionId, Timestamp, UserId};

use super::{Store, row, sign_in};
use crate::auth::SecretHash;
use crate::store::sql::{self, Connection, OptionalExtension, params};
use crate::store::{StoreError, StoredFactor};

impl Store {
    /// The second factor of an account, confirmed or not.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn second_factor(&self, user: UserId) -> Result<Option<StoredFactor>, StoreError> {
        self.read(move |db| {
            let mut query = db.prepare_cached(
                "SELECT secret, begun_at, since, (SELECT count(*) FROM recovery_codes WHERE user = ?1)
                 FROM second_factors WHERE user = ?1",
            )?;
            let factor = query.query_row([user.0], |r| {
                Ok(StoredFactor {
                    secret: r.get(0)?,
                    begun_at: Timestamp(r.get(1)?),
                    since: r.get::<_, Option<i64>>(2)?.map(Timestamp),
                    recovery_codes: r.get(3)?,
                })
            });
            Ok(factor.optional()?)
        })
        .await
    }

    /// Keeps the secret of a second factor that is to be confirmed, in place of one that was not.
    /// False if there is one that was.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn begin_second_factor(
        &self,
        user: UserId,
        secret: Vec<u8>,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        self.write(move |db| {
            let begun = db
                .prepare_cached(
                    "INSERT INTO second_factors (user, secret, begun_at) VALUES (?1, ?2, ?3)
                     ON CONFLICT (user) DO UPDATE SET secret = ?2, begun_at = ?3
                         WHERE second_factors.since IS NULL",
                )?
                .execute(params![user.0, secret, at.0])?;
            Ok(begun > 0)
        })
        .await
    }

    /// Has a second factor hold from now on, with these recovery codes, and ends all sessions but
    /// one. False if it is not the one that was begun any more.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn confirm_second_factor(
        &self,
        user: UserId,
        secret: Vec<u8>,
        step: u64,
        codes: Vec<SecretHash>,
        at: Timestamp,
        keep: SessionId,
    ) -> Result<bool, StoreError> {
        self.write(move |db| {
            let confirmed = db
                .prepare_cached(
                    "UPDATE second_factors SET since = ?3, last_step = ?4
                     WHERE user = ?1 AND secret = ?2 AND since IS NULL",
                )?
                .execute(params![user.0, secret, at.0, row::int(step)])?;
            if confirmed == 0 {
                return Ok(false);
            }
            db.prepare_cached("DELETE FROM recovery_codes WHERE user = ?1")?.execute([user.0])?;
            let mut insert =
                db.prepare_cached("INSERT INTO recovery_codes (user, code_hash) VALUES (?1, ?2)")?;
            for code in codes {
                insert.execute(params![user.0, code.0])?;
            }
            sign_in::end_others(db, user, keep)?;
            Ok(true)
        })
        .await
    }

    /// Takes the code of this step, if none of it or of a later one was taken before.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn use_step(&self, user: UserId, step: u64) -> Result<bool, StoreError> {
        self.write(move |db| {
            let taken = db
                .prepare_cached(
                    "UPDATE second_factors SET last_step = ?2
                     WHERE user = ?1 AND since IS NOT NULL AND last_step < ?2",
                )?
                .execute(params![user.0, row::int(step)])?;
            Ok(taken > 0)
        })
        .await
    }

    /// Uses a recovery code up, if it is one.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn use_recovery_code(&self, user: UserId, code: SecretHash) -> Result<bool, StoreError> {
        self.write(move |db| {
            let used = db
                .prepare_cached("DELETE FROM recovery_codes WHERE user = ?1 AND code_hash = ?2")?
                .execute(params![user.0, code.0])?;
            Ok(used > 0)
        })
        .await
    }

    /// Ends the second factor of an account, if it has one.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn end_second_factor(&self, user: UserId) -> Result<(), StoreError> {
        self.write(move |db| Ok(forget(db, user)?)).await
    }
}

/// Forgets the second factor of an account with its recovery codes.
pub(super) fn forget(db: &Connection, user: UserId) -> sql::Result<()> {
    db.prepare_cached("DELETE FROM second_factors WHERE user = ?1")?.execute([user.0])?;
    db.prepare_cached("DELETE FROM recovery_codes WHERE user = ?1")?.execute([user.0])?;
    Ok(())
}
