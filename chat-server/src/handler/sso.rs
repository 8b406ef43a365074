//! Coming in by a provider: who the provider has named gets their own account or a new one, and
//! linking an account with somebody there. Bans, disabling, the lockdown and a second factor hold as
//! at every login.

use std::net::IpAddr;
use std::time::Instant;

use chat_proto::{
    Answer, BeginLink, Done, ErrorCode, FinishLink, OidcBegin, OidcBegun, OidcPoll, Person, RemoveLink, Role,
    Secret, UserId, UserName, WireError,
};
use tracing::info;
use uuid::Uuid;

use super::account::{
    Authenticated, Proven, account_disabled, check_protocol, is_reserved, looks_like, name_taken,
};
use super::{App, Caller, Handled, store_failed};
use crate::auth::{Guesses, Key, SecretHash, normal_invite_code};
use crate::domain::not_found;
use crate::hub::now;
use crate::sso::{self, Page, Purpose, Sso};
use crate::store::{NewAccount, Proof, StoreError};

/// What stands in place of the password of an account that has none: no hash, so nothing fits.
const NO_PASSWORD: &str = "provider";

impl App {
    /// Begins a login by the provider; there is nobody yet for whom it is.
    ///
    /// # Errors
    /// The refusal to answer with.
    pub async fn begin_oidc(&self, ask: OidcBegin, from: IpAddr) -> Result<OidcBegun, WireError> {
        check_protocol(ask.protocol)?;
        self.provider()?.begin(Purpose::Login, Guesses::address_key(from)).await
    }

    /// Logs in whom the provider has named.
    pub(super) async fn finish_oidc(&self, ask: OidcPoll, from: IpAddr) -> Result<Authenticated, WireError> {
        check_protocol(ask.protocol)?;
        let sso = self.provider()?;
        let held = sso.take(&ask.poll, Purpose::Login, ask.confirm.as_ref())?;
        let come_in = self.come_in(sso, &held.proven, ask, from).await;
        if come_in.is_err() {
            // A name, a code or an invite may be missing; nobody has to go to the provider again for it.
            sso.put_back(held);
        }
        come_in
    }

    /// Where a browser goes on that comes with the code of a login; `None` where there is no provider.
    pub fn oidc_door(&self, code: &str) -> Option<Result<String, Page>> {
        Some(self.sso.as_ref()?.behind_door(code).ok_or_else(Page::unknown))
    }

    /// What a browser is shown that comes back from the provider.
    pub async fn oidc_callback(&self, query: &str) -> Option<Page> {
        Some(self.sso.as_ref()?.come_back(query).await)
    }

    /// Whether somebody with this role may come in by password.
    pub(super) fn passwords_allowed(&self, role: Role) -> Result<(), WireError> {
        match &self.sso {
            Some(sso) if sso.offer.required && role != Role::Owner => Err(WireError::new(
                ErrorCode::Forbidden,
                format!("This server takes no passwords; log in with {}.", sso.offer.name),
            )),
            _ => Ok(()),
        }
    }

    async fn come_in(
        &self,
        sso: &Sso,
        proven: &sso::Proven,
        ask: OidcPoll,
        from: IpAddr,
    ) -> Result<Authenticated, WireError> {
        let known = self.store.identified(proven.identity.clone()).await.map_err(store_failed)?;
        let (person, role, second_factor) = match known {
            Some(account) => {
                if account.disabled {
                    return Err(account_disabled());
                }
                // An admin must be able to come in and end it.
                if account.role < Role::Admin {
                    self.doors.must_be_open()?;
                }
                let second_factor =
                    self.prove_second_factor(&account.person, ask.code.as_ref(), from).await?;
                (account.person, account.role, second_factor)
            }
            None => {
                let (person, role) =
                    self.register_identified(sso, proven, ask.name, ask.invite, from).await?;
                (person, role, false)
            }
        };
        self.guesses.trust(person.name.as_str(), from, Instant::now());
        let proof = Proof::Identity(proven.identity.clone());
        self.begin_session(Proven { person, role, proof, second_factor }, ask.device.as_str()).await
    }

    async fn register_identified(
        &self,
        sso: &Sso,
        proven: &sso::Proven,
        wanted: Option<String>,
        invite: Option<Secret>,
        from: IpAddr,
    ) -> Result<(Person, Role), WireError> {
        self.doors.must_be_open()?;
        let name = match wanted {
            Some(wanted) => UserName::parse(&wanted).map_err(|cause| {
                WireError::new(
                    ErrorCode::NameTaken,
                    format!("That is no name here: {cause}; choose another."),
                )
            })?,
            None => proven.name.as_deref().and_then(sso::fitting).ok_or_else(choose_name)?,
        };
        if is_reserved(&name) {
            return Err(name_taken(&name));
        }
        let tries: Vec<_> = Guesses::address_key(from).into_iter().collect();
        self.guesses.take(&tries, Instant::now())?;
        let account = NewAccount {
            id: UserId(Uuid::now_v7()),
            skeleton: looks_like(&name),
            name: name.clone(),
            password: NO_PASSWORD.to_owned(),
            invite: invite.map(|code| SecretHash::of(&normal_invite_code(code.expose()))),
            at: now(),
        };
        let person = Person::new(account.id, name.clone());
        let mode = self.live.load().registration;
        let made =
            self.store.create_identified(account, proven.identity.clone(), sso.registration, mode).await;
        let role = match made {
            Ok(admitted) => admitted?,
            Err(StoreError::Conflict) => return Err(name_taken(&name)),
            Err(cause) => return Err(store_failed(cause)),
        };
        self.guesses.give_back(&tries);
        info!(user = %person.id, %role, "account made for somebody whom the provider named");
        Ok((person, role))
    }

    pub(super) async fn begin_link(&self, caller: &Caller, ask: BeginLink) -> Result<Handled, WireError> {
        let sso = self.provider()?;
        let user = caller.person.id;
        // Who finds a device open must not make a way in of their own.
        self.prove_password(caller, ask.password).await?;
        if self.store.linked_since(user).await.map_err(store_failed)?.is_some() {
            return Err(linked_already());
        }
        let begun = sso.begin(Purpose::Link(user), Some(Key::Within(user))).await?;
        Ok(Answer::BeginLink(begun).into())
    }

    pub(super) async fn finish_link(&self, caller: &Caller, ask: FinishLink) -> Result<Handled, WireError> {
        let user = caller.person.id;
        let held = self.provider()?.take(&ask.poll, Purpose::Link(user), ask.confirm.as_ref())?;
        match self.store.link(user, held.proven.identity.clone(), now()).await {
            Ok(()) => {}
            Err(StoreError::Conflict) => return Err(linked_already()),
            Err(cause) => return Err(store_failed(cause)),
        }
        info!(%user, "an account was linked with the provider");
        Ok(Answer::FinishLink(Done {}).into())
    }

    pub(super) async fn remove_link(&self, caller: &Caller, ask: RemoveLink) -> Result<Handled, WireError> {
        let user = caller.person.id;
        // Also shows that there is another way in.
        self.prove_password(caller, ask.password).await?;
        if !self.store.unlink(user).await.map_err(store_failed)? {
            return Err(not_found());
        }
        info!(%user, "the link of an account with the provider was ended");
        Ok(Answer::RemoveLink(Done {}).into())
    }

    fn provider(&self) -> Result<&Sso, WireError> {
        self.sso.as_ref().ok_or_else(|| {
            let message = "Nobody logs in by a provider on this server; log in by password.";
            WireError::new(ErrorCode::NotFound, message)
        })
    }
}

fn choose_name() -> WireError {
    WireError::new(ErrorCode::NameTaken, "Your name at the provider cannot be one here; choose another.")
}

fn linked_already() -> WireError {
    WireError::new(
        ErrorCode::Forbidden,
        "This account is linked already, or another one with the same person there; end that link first.",
    )
}
