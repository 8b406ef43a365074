//! Accounts in the hands of those who run the server. The verbs take who acts, and not a connection,
//! so that a console can use them as well.

use std::sync::Arc;

use chat_proto::{
    AccountPage, Answer, AuditDetails, CloseReason, Done, ErrorCode, GivePassword, ListAccounts, Person,
    ResetCode, Role, SessionId, Timestamp, Topic, UserId, UserName, WireError, limits,
};
use tracing::info;

use super::query::{checked_query, list_limit};
use super::{App, Caller, Handled, carry_through, store_failed};
use crate::auth::{SecretHash, check_password, new_invite_code};
use crate::domain::audit::Note;
use crate::domain::moderation::{may_give, may_punish, must_be_admin};
use crate::domain::{Actor, not_found};
use crate::hub::{Ending, now};

impl App {
    pub(super) async fn list_accounts(
        &self,
        caller: &Caller,
        ask: ListAccounts,
    ) -> Result<Handled, WireError> {
        must_be_admin(caller.role)?;
        let query = checked_query(ask.query)?;
        let page =
            self.store.accounts(query, ask.after, list_limit(ask.limit)).await.map_err(store_failed)?;
        Ok(Answer::ListAccounts(AccountPage { accounts: page.rows, more: page.more }).into())
    }

    /// Disables an account: its sessions and those of its bots end at once.
    ///
    /// # Errors
    /// `forbidden`, `not_found`.
    pub async fn disable(
        self: &Arc<Self>,
        by: Actor,
        name: &UserName,
        reason: Topic,
    ) -> Result<(), WireError> {
        let user = self.weaker_account(&by, name).await?;
        let note = Note::new(by.person.id, "disable", Some(user.id), now()).because(reason);
        let app = self.clone();
        carry_through(async move {
            let bots = app.store.bots(Some(user.id)).await.map_err(store_failed)?;
            app.store.disable(user.id, note).await.map_err(store_failed)?;
            app.hub.end(user.id, Ending::Because(CloseReason::Disabled)).await;
            for bot in bots {
                app.hub.end(bot.user.id, Ending::Because(CloseReason::Disabled)).await;
            }
            info!(user = %user.id, "an account was disabled");
            Ok(())
        })
        .await
    }

    /// Lets a disabled account in again.
    ///
    /// # Errors
    /// `forbidden`, `not_found`.
    pub async fn enable(&self, by: Actor, name: &UserName) -> Result<(), WireError> {
        let user = self.weaker_account(&by, name).await?;
        let note = Note::new(by.person.id, "enable", Some(user.id), now());
        self.store.enable(user.id, note).await.map_err(store_failed)?;
        info!(user = %user.id, "an account was enabled");
        Ok(())
    }

    /// Gives an account another role; its connections come back with it.
    ///
    /// # Errors
    /// `forbidden`, `not_found`.
    pub async fn set_server_role(
        self: &Arc<Self>,
        by: Actor,
        name: &UserName,
        role: Role,
    ) -> Result<(), WireError> {
        let user = self.weaker_account(&by, name).await?;
        if !by.is_console() {
            may_give(by.role, role)?;
        }
        let details = AuditDetails { role: Some(role.to_string()), ..AuditDetails::default() };
        let note = Note::new(by.person.id, "server_role", Some(user.id), now()).with(details);
        let app = self.clone();
        carry_through(async move {
            if app.store.set_server_role(user.id, role, note).await.map_err(store_failed)? {
                app.hub.end(user.id, Ending::Because(CloseReason::RoleChanged)).await;
                info!(user = %user.id, %role, "an account has another role");
            }
            Ok(())
        })
        .await
    }

    /// Makes a code with which somebody sets a new password, and, if wished, is rid of a second
    /// factor that they have lost.
    ///
    /// # Errors
    /// `forbidden`, `not_found`.
    pub async fn make_reset(
        &self,
        by: Actor,
        name: &UserName,
        drops_second_factor: bool,
    ) -> Result<ResetCode, WireError> {
        let user = self.weaker_account(&by, name).await?;
        self.reset_code(by.person.id, user, drops_second_factor).await
    }

    /// Makes a reset code for somebody of whom it is known that one may.
    pub(super) async fn reset_code(
        &self,
        by: UserId,
        user: Person,
        drops_second_factor: bool,
    ) -> Result<ResetCode, WireError> {
        let (code, at) = (new_invite_code(), now());
        let expires_at = Timestamp(at.0.saturating_add_unsigned(limits::RESET_CODE_MS));
        let details = AuditDetails { until: Some(expires_at), ..AuditDetails::default() };
        let note = Note::new(by, "reset", Some(user.id), at).with(details);
        let hash = SecretHash::of(code.expose());
        let kept = self.store.create_reset(user.id, hash, drops_second_factor, expires_at, note).await;
        kept.map_err(store_failed)?;
        info!(user = %user.id, "a reset code was made");
        Ok(ResetCode { user, code, expires_at })
    }

    /// Gives an account another password; all its sessions end.
    pub(super) async fn give_password(
        self: &Arc<Self>,
        caller: &Caller,
        ask: GivePassword,
    ) -> Result<Handled, WireError> {
        let user = self.weaker_account(&caller.actor(), &ask.user).await?;
        check_password(ask.user.as_str(), &self.live.load().name, &ask.password)?;
        let password = self.passwords.hash(ask.password).await?;
        let note = Note::new(caller.person.id, "password", Some(user.id), now());
        let app = self.clone();
        carry_through(async move {
            app.store.give_password(user.id, password, note).await.map_err(store_failed)?;
            app.hub.end(user.id, Ending::Because(CloseReason::CredentialsChanged)).await;
            info!(user = %user.id, "an admin gave an account another password");
            Ok(())
        })
        .await?;
        Ok(Answer::GivePassword(Done {}).into())
    }

    /// Ends one session of somebody else, or all of them.
    pub(super) async fn log_out(
        self: &Arc<Self>,
        by: &Actor,
        name: &UserName,
        session: Option<SessionId>,
    ) -> Result<(), WireError> {
        let user = self.weaker(by, name).await?.id;
        let note = Note::new(by.person.id, "logout", Some(user), now());
        let app = self.clone();
        carry_through(async move {
            if !app.store.log_out(user, session, note).await.map_err(store_failed)? {
                return Err(not_found());
            }
            let ending = match session {
                Some(session) => Ending::Session(session, CloseReason::SessionEnded),
                None => Ending::Because(CloseReason::SessionEnded),
            };
            app.hub.end(user, ending).await;
            Ok(())
        })
        .await
    }

    /// The person of that name, if it is one whom this one may keep.
    async fn weaker_account(&self, by: &Actor, name: &UserName) -> Result<Person, WireError> {
        let person = self.weaker(by, name).await?;
        if person.bot {
            let message = "That is a bot; end it or have its owner give it another token.";
            return Err(WireError::new(ErrorCode::Forbidden, message));
        }
        Ok(person)
    }

    /// The person or bot of that name, if its role is weaker.
    pub(super) async fn weaker(&self, by: &Actor, name: &UserName) -> Result<Person, WireError> {
        must_be_admin(by.role)?;
        let account = self.store.account(name.clone()).await.map_err(store_failed)?;
        let nobody = || WireError::new(ErrorCode::NotFound, format!("There is nobody called @{name} here."));
        // The console itself has a row as well, and is nobody.
        let account = account.filter(|account| !account.person.id.0.is_nil()).ok_or_else(nobody)?;
        if !by.is_console() {
            may_punish(by.role, account.role)?;
        }
        Ok(account.person)
    }
}
