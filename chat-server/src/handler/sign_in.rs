//! The own password and the own sessions; the way in by a reset code; sessions that end unused.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use chat_proto::{
    Answer, ChangePassword, CloseReason, Done, ErrorCode, ListSessions, ProviderLink, Reset, RevokeSession,
    SecondFactor, Secret, Sessions, Timestamp, WireError,
};
use tokio_util::sync::CancellationToken;
use tracing::info;

use super::account::{Authenticated, Proven, check_protocol, refused};
use super::{App, Caller, Handled, carry_through, store_failed};
use crate::auth::{Guesses, Key, SecretHash, check_password, normal_invite_code};
use crate::domain::not_found;
use crate::hub::{Duty, Ending, now};
use crate::store::{Proof, Refusal, StoreError, noted_every};

/// The pause between two looks for sessions that nobody uses; shorter where they end sooner.
const LONGEST_PAUSE: Duration = Duration::from_secs(5 * 60);
const SHORTEST_PAUSE: Duration = Duration::from_millis(250);

impl App {
    /// Checks a password that is asked for within a session, and gives what is stored of it.
    pub(super) async fn prove_password(
        &self,
        caller: &Caller,
        password: Secret,
    ) -> Result<String, WireError> {
        let tries = [Key::Within(caller.person.id)];
        self.guesses.take(&tries, Instant::now())?;
        let account = self.store.account(caller.person.name.clone()).await.map_err(store_failed)?;
        let stored = account.map(|account| account.password);
        let matches = self.passwords.verify(password, stored.clone()).await;
        let matches = matches.inspect_err(|_| self.guesses.undo(&tries))?;
        let stored = stored.filter(|_| matches).ok_or_else(|| {
            WireError::new(
                ErrorCode::BadCredentials,
                "That is not your password; try again, or ask an admin for a reset code.",
            )
        })?;
        self.guesses.give_back(&tries);
        Ok(stored)
    }

    pub(super) async fn change_password(
        self: &Arc<Self>,
        caller: &Caller,
        ask: ChangePassword,
    ) -> Result<Handled, WireError> {
        check_password(caller.person.name.as_str(), &self.live.load().name, &ask.password)?;
        if ask.current == ask.password {
            let message = "That is the password that you have; choose another.";
            return Err(WireError::new(ErrorCode::PasswordWeak, message));
        }
        let from = self.prove_password(caller, ask.current).await?;
        let to = self.passwords.hash(ask.password).await?;
        let (app, user, session) = (self.clone(), caller.person.id, caller.session);
        carry_through(async move {
            let changed = app.store.change_password(user, from, to, session).await.map_err(store_failed)?;
            if !changed {
                return Err(refused(Refusal::Stale));
            }
            app.hub.end(user, Ending::Others(session, CloseReason::CredentialsChanged)).await;
            info!(%user, "a password was changed");
            Ok(())
        })
        .await?;
        Ok(Answer::ChangePassword(Done {}).into())
    }

    pub(super) async fn list_sessions(
        &self,
        caller: &Caller,
        ask: ListSessions,
    ) -> Result<Handled, WireError> {
        let user = match ask.user.filter(|name| *name != caller.person.name) {
            Some(name) => self.weaker(&caller.actor(), &name).await?.id,
            None => caller.person.id,
        };
        let sessions = self.store.sessions(user, caller.session).await.map_err(store_failed)?;
        let factor = self.store.second_factor(user).await.map_err(store_failed)?;
        let second_factor = factor.and_then(|factor| {
            factor.since.map(|since| SecondFactor { since, recovery_codes: factor.recovery_codes })
        });
        let provider = self.store.linked_since(user).await.map_err(store_failed)?;
        let provider = provider.map(|since| ProviderLink { since });
        Ok(Answer::ListSessions(Sessions { sessions, second_factor, provider }).into())
    }

    pub(super) async fn revoke_session(
        self: &Arc<Self>,
        caller: &Caller,
        ask: RevokeSession,
    ) -> Result<Handled, WireError> {
        if let Some(name) = ask.user.filter(|name| *name != caller.person.name) {
            self.log_out(&caller.actor(), &name, ask.session).await?;
            return Ok(Answer::RevokeSession(Done {}).into());
        }
        let (app, user, own) = (self.clone(), caller.person.id, caller.session);
        if ask.session == Some(own) {
            let message = "That is the session that you are in; log out to end it.";
            return Err(WireError::new(ErrorCode::Invalid, message));
        }
        carry_through(async move {
            let ending = match ask.session {
                Some(session) => {
                    if !app.store.revoke_session(user, session).await.map_err(store_failed)? {
                        return Err(not_found());
                    }
                    Ending::Session(session, CloseReason::SessionEnded)
                }
                None => {
                    app.store.revoke_others(user, own).await.map_err(store_failed)?;
                    Ending::Others(own, CloseReason::SessionEnded)
                }
            };
            app.hub.end(user, ending).await;
            Ok(())
        })
        .await?;
        Ok(Answer::RevokeSession(Done {}).into())
    }

    /// Sets a password by the code of an admin and logs in.
    pub(super) async fn reset(&self, ask: Reset, from: IpAddr) -> Result<Authenticated, WireError> {
        check_protocol(ask.protocol)?;
        let tries: Vec<_> = Guesses::address_key(from).into_iter().collect();
        self.guesses.take(&tries, Instant::now())?;
        let code = SecretHash::of(&normal_invite_code(ask.reset.expose()));
        let pending = self.store.reset(code, now()).await.map_err(store_failed)?.ok_or_else(reset_invalid)?;
        self.guesses.give_back(&tries);
        check_password(pending.person.name.as_str(), &self.live.load().name, &ask.password)?;
        self.passwords_allowed(pending.role)?;
        let second_factor = !pending.drops_second_factor
            && self.prove_second_factor(&pending.person, ask.code.as_ref(), from).await?;
        let proof = Proof::Password(self.passwords.hash(ask.password).await?);
        let proven = Proven { person: pending.person, role: pending.role, proof, second_factor };
        let (row, token) = proven.session(ask.device.as_str());
        let session = row.id;
        let Proven { person, role, .. } = proven;
        let (store, hub, user) = (self.store.clone(), self.hub.clone(), person.id);
        carry_through(async move {
            let begun = store.use_reset(code, row).await.map_err(store_failed)?;
            begun.map_err(|refusal| match refusal {
                Refusal::Stale => reset_invalid(),
                other => refused(other),
            })?;
            hub.end(user, Ending::Because(CloseReason::CredentialsChanged)).await;
            info!(%user, "a password was reset");
            Ok(())
        })
        .await?;
        self.guesses.trust(person.name.as_str(), from, Instant::now());
        Ok(Authenticated { person, role, scopes: None, session, token: Some(token) })
    }

    /// Notes that a session is used.
    pub(super) async fn note_use(&self, caller: &Caller, now: Timestamp) {
        if let Err(cause) = self.store.note_use(caller.session, now).await {
            // What was asked is answered all the same.
            store_failed(cause);
        }
    }

    /// The time to note for this use of the session; `None` where the last note is young enough. A
    /// connection that asks nothing is no use of it.
    pub(super) fn use_to_note(&self, caller: &Caller) -> Option<Timestamp> {
        let (now, last) = (now(), caller.noted_at.load(Ordering::Relaxed));
        let every = noted_every(self.session_idle).as_millis();
        if u128::from(now.0.saturating_sub(last).unsigned_abs()) < every {
            return None;
        }
        caller.noted_at.store(now.0, Ordering::Relaxed);
        Some(now)
    }

    /// Ends sessions that nobody uses, with their connections, until the server stops.
    pub async fn end_idle_sessions(self: Arc<Self>, stop: CancellationToken) {
        let pause = (self.session_idle / 4).clamp(SHORTEST_PAUSE, LONGEST_PAUSE);
        loop {
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = stop.cancelled() => return,
            }
            if let Err(cause) = self.end_some_idle_sessions().await {
                store_failed(cause);
            }
        }
    }

    async fn end_some_idle_sessions(&self) -> Result<(), StoreError> {
        if !self.hub.duties().is_mine(Duty::IdleSessions).await {
            return Ok(());
        }
        for ended in self.store.end_idle_sessions(now(), self.session_idle).await? {
            self.hub.end(ended.user, Ending::Session(ended.session, CloseReason::SessionExpired)).await;
            info!(user = %ended.user, "a session ended because nobody used it");
        }
        Ok(())
    }
}

fn reset_invalid() -> WireError {
    WireError::new(
        ErrorCode::ResetInvalid,
        "This reset code is unknown, used or expired; check it, or ask an admin for another.",
    )
}
