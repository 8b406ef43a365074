//! Running the server: invite codes, accounts made for others, lockdown, a survey of rooms. Only for admins.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chat_proto::{
    Answer, AuditDetails, Codes, CreateCode, CreateUser, CreatedUser, Done, ErrorCode, Lockdown, NewCode,
    Person, Push, RevokeCode, Role, SetLockdown, SurveyPage, SurveyRooms, Timestamp, UserId, WireError,
    limits,
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use uuid::Uuid;

use super::account::{is_reserved, looks_like, name_taken};
use super::query::list_limit;
use super::{App, Caller, Handled, carry_through, store_failed};
use crate::auth::{SecretHash, check_password, new_invite_code, new_token};
use crate::domain::audit::Note;
use crate::domain::moderation::must_be_admin;
use crate::hub::{SessionKey, now};
use crate::store::{NewAccount, NewInvite, StoreError};

/// The pause before a database that did not answer is asked again about the doors.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// Whether the doors are shut: asked at every login, so a copy of what the store keeps.
#[derive(Debug, Default)]
pub struct Doors {
    /// Milliseconds since 1970; 0 when they are open.
    shut_since: AtomicI64,
}

impl Doors {
    /// As the store says.
    #[must_use]
    pub fn new(since: Option<Timestamp>) -> Self {
        Self { shut_since: AtomicI64::new(since.map_or(0, |at| at.0)) }
    }

    /// Since when they are shut, if they are.
    #[must_use]
    pub fn shut_since(&self) -> Option<Timestamp> {
        Some(self.shut_since.load(Ordering::Acquire)).filter(|at| *at != 0).map(Timestamp)
    }

    fn set(&self, since: Option<Timestamp>) {
        self.shut_since.store(since.map_or(0, |at| at.0), Ordering::Release);
    }

    /// Whether somebody new may come in: an account made, or a login by password.
    ///
    /// # Errors
    /// `registration_closed` in a lockdown.
    pub fn must_be_open(&self) -> Result<(), WireError> {
        match self.shut_since() {
            None => Ok(()),
            Some(_) => Err(WireError::new(
                ErrorCode::RegistrationClosed,
                "This server lets nobody new in at the moment; devices that are logged in stay so. Ask its admin.",
            )),
        }
    }
}

impl App {
    pub(super) async fn create_code(&self, caller: &Caller, ask: CreateCode) -> Result<Handled, WireError> {
        must_be_admin(caller.role)?;
        may_give(caller.role, ask.role)?;
        if !(1..=limits::INVITE_USES).contains(&ask.uses) {
            let message = format!("An invite code makes 1 to {} accounts.", limits::INVITE_USES);
            return Err(WireError::new(ErrorCode::Invalid, message));
        }
        if ask.for_s == Some(0) {
            let message = "An invite code is good for a second at least; without a time it has no end.";
            return Err(WireError::new(ErrorCode::Invalid, message));
        }
        let (code, at) = (new_invite_code(), now());
        let lasts = ask.for_s.map(|s| i64::from(s).saturating_mul(1_000));
        let invite = NewInvite {
            code: SecretHash::of(code.expose()),
            role: ask.role,
            uses: ask.uses,
            at,
            expires_at: lasts.map(|lasts| Timestamp(at.0.saturating_add(lasts))),
        };
        let details = AuditDetails {
            role: Some(ask.role.as_str().to_owned()),
            until: invite.expires_at,
            ..AuditDetails::default()
        };
        let note = Note::new(caller.person.id, "invite_create", None, at).with(details);
        let made = self.store.add_invite(invite, note, limits::INVITE_CODES).await.map_err(store_failed)?;
        let invite = made.ok_or_else(|| {
            let message = "There are as many invite codes as can be; revoke one that nobody needs.";
            WireError::new(ErrorCode::Forbidden, message)
        })?;
        Ok(Answer::CreateCode(NewCode { code, invite }).into())
    }

    pub(super) async fn list_codes(&self, caller: &Caller) -> Result<Handled, WireError> {
        must_be_admin(caller.role)?;
        let invites = self.store.invites(now()).await.map_err(store_failed)?;
        Ok(Answer::ListCodes(Codes { invites }).into())
    }

    pub(super) async fn revoke_code(&self, caller: &Caller, ask: RevokeCode) -> Result<Handled, WireError> {
        must_be_admin(caller.role)?;
        let note = Note::new(caller.person.id, "invite_revoke", None, now());
        if !self.store.revoke_invite(ask.id, note).await.map_err(store_failed)? {
            let message = "There is no invite code with this id, or it is used up or over.";
            return Err(WireError::new(ErrorCode::NotFound, message));
        }
        Ok(Answer::RevokeCode(Done {}).into())
    }

    pub(super) async fn create_user(&self, caller: &Caller, ask: CreateUser) -> Result<Handled, WireError> {
        must_be_admin(caller.role)?;
        may_give(caller.role, ask.role)?;
        if let Some(password) = &ask.password {
            check_password(ask.name.as_str(), &self.live.load().name, password)?;
        }
        if is_reserved(&ask.name) {
            return Err(name_taken(&ask.name));
        }
        let at = now();
        let account = NewAccount {
            id: UserId(Uuid::now_v7()),
            skeleton: looks_like(&ask.name),
            name: ask.name.clone(),
            // Nobody knows this one, until a code is used to set another.
            password: self.passwords.hash(ask.password.clone().unwrap_or_else(new_token)).await?,
            invite: None,
            at,
        };
        let person = Person::new(account.id, ask.name.clone());
        let role = ask.role;
        let details = AuditDetails { role: Some(role.as_str().to_owned()), ..AuditDetails::default() };
        let note = Note::new(caller.person.id, "user_create", Some(person.id), at).with(details);
        match self.store.add_account(account, role, note).await {
            Ok(()) => {}
            Err(StoreError::Conflict) => return Err(name_taken(&ask.name)),
            Err(cause) => return Err(store_failed(cause)),
        }
        info!(user = %person.id, %role, "account made by an admin");
        let reset = match ask.password {
            Some(_) => None,
            None => Some(self.reset_code(caller.person.id, person.clone(), false).await?),
        };
        Ok(Answer::CreateUser(CreatedUser { user: person, reset }).into())
    }

    pub(super) async fn set_lockdown(
        self: &Arc<Self>,
        caller: &Caller,
        ask: SetLockdown,
    ) -> Result<Handled, WireError> {
        must_be_admin(caller.role)?;
        let (app, by, key) = (self.clone(), caller.person.id, caller.key);
        let since = carry_through(async move {
            // Two admins at once must not leave the store with other news than the doors.
            let _turn = app.hub.policy_turn().await;
            match (ask.on, app.doors.shut_since()) {
                (None, is) | (Some(true), is @ Some(_)) => Ok(is),
                (Some(false), None) => Ok(None),
                (Some(on), _) => app.shut_or_open(on, by, key).await,
            }
        })
        .await?;
        Ok(Answer::SetLockdown(Lockdown { since }).into())
    }

    /// Shuts the doors or opens them; since when they are shut.
    async fn shut_or_open(
        &self,
        on: bool,
        by: UserId,
        key: SessionKey,
    ) -> Result<Option<Timestamp>, WireError> {
        let at = now();
        let since = on.then_some(at);
        let act = if on { "lockdown" } else { "lockdown_end" };
        self.store.set_lockdown(since, Note::new(by, act, None, at)).await.map_err(store_failed)?;
        self.doors.set(since);
        self.hub.tell_doors().await;
        warn!(%by, on, "lockdown");
        let told = Push::Lockdown(Lockdown { since });
        for admin in self.store.admins().await.map_err(store_failed)? {
            self.hub.tell(admin, Some(key), &told).await;
        }
        Ok(since)
    }

    /// Does what another node did with its doors, until `stop`.
    pub async fn keep_doors(self: Arc<Self>, stop: CancellationToken) {
        let follow = async {
            loop {
                self.hub.doors_changed().await;
                loop {
                    let _turn = self.hub.policy_turn().await;
                    match self.store.lockdown().await {
                        Ok(since) => break self.doors.set(since),
                        Err(cause) => warn!(%cause, "cannot see whether the doors are shut; looking again"),
                    }
                    tokio::time::sleep(LOOK_AGAIN).await;
                }
            }
        };
        stop.run_until_cancelled(follow).await;
    }

    pub(super) async fn survey_rooms(&self, caller: &Caller, ask: SurveyRooms) -> Result<Handled, WireError> {
        must_be_admin(caller.role)?;
        let page = self.store.survey(ask.after, list_limit(ask.limit)).await.map_err(store_failed)?;
        Ok(Answer::SurveyRooms(SurveyPage { rooms: page.rows, more: page.more }).into())
    }
}

/// An owner is made by the code that the server prints, and by the server's own console.
fn may_give(by: Role, role: Role) -> Result<(), WireError> {
    if role < by || (role == by && role == Role::Admin) || by == Role::Owner {
        return Ok(());
    }
    Err(WireError::new(ErrorCode::Forbidden, "Only the owner can make another one; choose a weaker role."))
}
