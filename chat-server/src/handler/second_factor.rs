//! The second factor: setting it up, asking for it, ending it.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use chat_proto::{
    Answer, BeginTotp, CloseReason, ConfirmTotp, DisableTotp, Done, ErrorCode, Person, RecoveryCodes, Secret,
    TotpSetup, UserId, WireError,
};
use tracing::{error, info};

use super::{App, Caller, Handled, carry_through, store_failed};
use crate::auth::{Key, enrolment, new_recovery_codes, new_totp_secret, recovery_hash, step_of};
use crate::hub::{Ending, now, unavailable};
use crate::store::StoredFactor;

/// A secret that was not confirmed for so long is forgotten, in milliseconds: the screen with it was
/// left long ago.
const SETUP_MS: i64 = 15 * 60 * 1_000;

impl App {
    /// Asks for the second factor, if the account has one; says whether it has.
    pub(super) async fn prove_second_factor(
        &self,
        person: &Person,
        code: Option<&Secret>,
        from: IpAddr,
    ) -> Result<bool, WireError> {
        let factor = self.store.second_factor(person.id).await.map_err(store_failed)?;
        let Some(factor) = factor.filter(|factor| factor.since.is_some()) else { return Ok(false) };
        let Some(code) = code else { return Err(code_needed()) };
        let tries = self.guesses.code_keys(person.id, person.name.as_str(), from);
        self.guesses.take(&tries, Instant::now())?;
        if !self.take_code(person.id, &factor, code).await? {
            return Err(wrong_code());
        }
        self.guesses.give_back(&tries);
        Ok(true)
    }

    /// Takes a code of the authenticator or a recovery code, each once.
    async fn take_code(&self, user: UserId, factor: &StoredFactor, code: &Secret) -> Result<bool, WireError> {
        if let Some(step) = step_of(&factor.secret, code, now()) {
            return self.store.use_step(user, step).await.map_err(store_failed);
        }
        let used = self.store.use_recovery_code(user, recovery_hash(code)).await.map_err(store_failed)?;
        if used {
            info!(%user, "a recovery code was used");
        }
        Ok(used)
    }

    pub(super) async fn begin_totp(&self, caller: &Caller, ask: BeginTotp) -> Result<Handled, WireError> {
        self.prove_password(caller, ask.password).await?;
        let secret = new_totp_secret();
        let (typed, url) =
            enrolment(&secret, &self.live.load().name, caller.person.name.as_str()).map_err(|cause| {
                error!(%cause, "a second factor cannot be set up");
                unavailable()
            })?;
        let begun = self.store.begin_second_factor(caller.person.id, secret, now()).await;
        if !begun.map_err(store_failed)? {
            let message = "You have a second factor already; end it first, then set up another.";
            return Err(WireError::new(ErrorCode::Forbidden, message));
        }
        Ok(Answer::BeginTotp(TotpSetup { secret: typed, url }).into())
    }

    pub(super) async fn confirm_totp(
        self: &Arc<Self>,
        caller: &Caller,
        ask: ConfirmTotp,
    ) -> Result<Handled, WireError> {
        let user = caller.person.id;
        let factor = self.store.second_factor(user).await.map_err(store_failed)?;
        let factor = factor
            .filter(|factor| factor.since.is_none() && now().0 - factor.begun_at.0 < SETUP_MS)
            .ok_or_else(|| {
                let message = "There is no second factor to confirm; begin to set one up.";
                WireError::new(ErrorCode::NotFound, message)
            })?;
        let tries = [Key::Within(user)];
        self.guesses.take(&tries, Instant::now())?;
        let step = step_of(&factor.secret, &ask.code, now()).ok_or_else(wrong_code)?;
        self.guesses.give_back(&tries);
        let codes = new_recovery_codes();
        let hashes = codes.iter().map(recovery_hash).collect();
        let (app, own) = (self.clone(), caller.session);
        carry_through(async move {
            let confirmed =
                app.store.confirm_second_factor(user, factor.secret, step, hashes, now(), own).await;
            if !confirmed.map_err(store_failed)? {
                return Err(wrong_code());
            }
            app.hub.end(user, Ending::Others(own, CloseReason::CredentialsChanged)).await;
            info!(%user, "a second factor was set up");
            Ok(())
        })
        .await?;
        Ok(Answer::ConfirmTotp(RecoveryCodes { codes }).into())
    }

    pub(super) async fn disable_totp(&self, caller: &Caller, ask: DisableTotp) -> Result<Handled, WireError> {
        let user = caller.person.id;
        match (ask.password, ask.code) {
            (Some(password), None) => drop(self.prove_password(caller, password).await?),
            (None, Some(code)) => self.prove_own_code(user, &code).await?,
            _ => {
                let message = "Prove that it is you, with either the password or a code.";
                return Err(WireError::new(ErrorCode::Invalid, message));
            }
        }
        self.store.end_second_factor(user).await.map_err(store_failed)?;
        info!(%user, "a second factor was ended");
        Ok(Answer::DisableTotp(Done {}).into())
    }

    async fn prove_own_code(&self, user: UserId, code: &Secret) -> Result<(), WireError> {
        let tries = [Key::Within(user)];
        self.guesses.take(&tries, Instant::now())?;
        let factor = self.store.second_factor(user).await.map_err(store_failed)?;
        let Some(factor) = factor.filter(|factor| factor.since.is_some()) else { return Ok(()) };
        if !self.take_code(user, &factor, code).await? {
            return Err(wrong_code());
        }
        self.guesses.give_back(&tries);
        Ok(())
    }
}

fn code_needed() -> WireError {
    WireError::new(
        ErrorCode::SecondFactorRequired,
        "This account has a second factor; give the code that your authenticator shows, or a recovery code.",
    )
}

fn wrong_code() -> WireError {
    WireError::new(
        ErrorCode::SecondFactorRequired,
        "That code is not good (any more); wait for the next one, or check the clock of the device that shows it.",
    )
}
