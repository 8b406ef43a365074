//! Who accounts are at the provider by which people log in.

use chat_proto::{Registration, Role, Timestamp, UserId, WireError};

use super::{Store, accounts};
use crate::registration::{ProviderRegistration, admit_by_provider};
use crate::store::sql::{self, Connection, OptionalExtension, params};
use crate::store::{Account, Identity, NewAccount, StoreError};

impl Store {
    /// The account of somebody whom a provider has named.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn identified(&self, identity: Identity) -> Result<Option<Account>, StoreError> {
        self.read(move |db| {
            let mut query = db.prepare_cached(
                "SELECT u.id, u.name, u.bot, u.role, u.password, u.disabled_at
                 FROM identities i JOIN users u ON u.id = i.user WHERE i.issuer = ?1 AND i.subject = ?2",
            )?;
            let account = query.query_row(params![identity.issuer, identity.subject], accounts::found);
            Ok(account.optional()?)
        })
        .await
    }

    /// Makes an account for somebody whom a provider has named, if it may be, and links it.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the name is taken or looks like one that is, or if the person got
    /// an account in this moment. The inner error is the refusal of [`admit_by_provider`].
    pub async fn create_identified(
        &self,
        account: NewAccount,
        identity: Identity,
        rule: ProviderRegistration,
        mode: Registration,
    ) -> Result<Result<Role, WireError>, StoreError> {
        self.write(move |db| {
            let made = accounts::admitted(db, &account, |is_first, invite| {
                admit_by_provider(rule, mode, is_first, invite)
            })?;
            if made.is_ok() {
                insert(db, account.id, &identity, account.at)?;
            }
            Ok(made)
        })
        .await
    }

    /// Links an account.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if it is linked already, or the provider's person with another one.
    pub async fn link(&self, user: UserId, identity: Identity, at: Timestamp) -> Result<(), StoreError> {
        self.write(move |db| Ok(insert(db, user, &identity, at)?)).await
    }

    /// Ends the link of an account; whether there was one.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn unlink(&self, user: UserId) -> Result<bool, StoreError> {
        self.write(move |db| {
            let ended = db.prepare_cached("DELETE FROM identities WHERE user = ?1")?.execute([user.0])?;
            Ok(ended > 0)
        })
        .await
    }

    /// Since when an account is linked, if it is.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn linked_since(&self, user: UserId) -> Result<Option<Timestamp>, StoreError> {
        self.read(move |db| {
            let mut query = db.prepare_cached("SELECT linked_at FROM identities WHERE user = ?1")?;
            Ok(query.query_row([user.0], |r| r.get(0).map(Timestamp)).optional()?)
        })
        .await
    }
}

/// Whether this account is linked with this person of the provider.
pub(super) fn is(db: &Connection, user: UserId, identity: &Identity) -> sql::Result<bool> {
    db.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM identities WHERE issuer = ?2 AND subject = ?3 AND user = ?1)",
    )?
    .query_row(params![user.0, identity.issuer, identity.subject], |r| r.get(0))
}

fn insert(db: &Connection, user: UserId, identity: &Identity, at: Timestamp) -> sql::Result<()> {
    db.prepare_cached("INSERT INTO identities (issuer, subject, user, linked_at) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![identity.issuer, identity.subject, user.0, at.0])?;
    Ok(())
}
