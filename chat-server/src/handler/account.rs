//! Making accounts and logging in: every way to a token goes through [`App::begin_session`] or ends as it
//! does, and every use of one through the store's `use_session`.

use std::net::IpAddr;
use std::time::Instant;

use chat_proto::{
    Answer, CloseReason, ErrorCode, Login, PROTOCOL_VERSION, Person, Register, Request, Role, Scopes, Secret,
    SessionId, Token, UserId, UserName, Welcome, WireError, limits,
};
use tracing::info;
use unicode_security::confusable_detection::skeleton;
use uuid::Uuid;

use super::{App, Caller, store_failed};
use crate::auth::{Guesses, SecretHash, check_password, new_token, normal_invite_code};
use crate::hub::{Ending, now, unavailable};
use crate::store::{
    Account, ActivityCursor, KnownSession, NewAccount, NewSession, Page, Proof, Refusal, StoreError,
};

/// Somebody who has just proven who they are.
pub struct Authenticated {
    /// Who.
    pub person: Person,
    /// What they may do on the server.
    pub role: Role,
    /// What the token is good for, if it is a bot's.
    pub scopes: Option<Scopes>,
    /// The session that began or goes on.
    pub session: SessionId,
    /// The new session's token.
    pub token: Option<Secret>,
}

impl App {
    /// Answers the requests that are allowed before login, other than `ping`, from this address.
    ///
    /// # Errors
    /// The refusal to answer with.
    pub async fn authenticate(&self, request: Request, from: IpAddr) -> Result<Authenticated, WireError> {
        match request {
            Request::Register(ask) => self.register(ask, from).await,
            Request::Login(ask) => self.login(ask, from).await,
            Request::Reset(ask) => self.reset(ask, from).await,
            Request::Token(ask) => self.token(ask).await,
            Request::OidcPoll(ask) => self.finish_oidc(ask, from).await,
            _ => {
                Err(WireError::new(ErrorCode::LoginRequired, "Log in first, with auth.login or auth.token."))
            }
        }
    }

    /// What a login answers with. The caller must be attached to the hub already, so that nothing
    /// falls between this window and the events that follow.
    ///
    /// # Errors
    /// `bad_credentials` if the login has just ended, `unavailable` if the store fails.
    pub async fn welcome(&self, caller: &Caller, token: Option<Secret>) -> Result<Answer, WireError> {
        let user = caller.person.id;
        let found = self.store.at_login(caller.session, user, limits::WELCOME_CONVERSATIONS).await;
        // It may have ended between the proof and the attachment; from here on the hub ends it.
        let Some(now) = found.map_err(store_failed)? else { return Err(login_ended()) };
        if now.role != caller.role {
            // It was given another one in that moment; the client comes back with it.
            return Err(unavailable());
        }
        let Page { rows, more } = now.conversations;
        let cursor = rows.last().filter(|_| more).map(|last| ActivityCursor::at(last).encode());
        Ok(Answer::Token(Welcome {
            user: caller.person.clone(),
            role: now.role,
            session: caller.session,
            token,
            epoch: self.store.epoch(),
            conversations: rows.into_iter().map(|row| caller.shown(row)).collect(),
            privacy: now.privacy,
            blocked: now.blocked,
            cursor,
            inbox: now.inbox,
            dnd: now.dnd,
        }))
    }

    async fn register(&self, ask: Register, from: IpAddr) -> Result<Authenticated, WireError> {
        check_protocol(ask.protocol)?;
        self.doors.must_be_open()?;
        // The owner's account, the way back in, has a password.
        if self.store.has_accounts().await.map_err(store_failed)? {
            self.passwords_allowed(Role::Member)?;
        }
        check_password(ask.name.as_str(), &self.live.load().name, &ask.password)?;
        if is_reserved(&ask.name) {
            return Err(name_taken(&ask.name));
        }
        let tries: Vec<_> = Guesses::address_key(from).into_iter().collect();
        self.guesses.take(&tries, Instant::now())?;
        let password = self.passwords.hash(ask.password).await?;
        let account = NewAccount {
            id: UserId(Uuid::now_v7()),
            skeleton: looks_like(&ask.name),
            name: ask.name.clone(),
            password: password.clone(),
            invite: ask.invite.map(|code| SecretHash::of(&normal_invite_code(code.expose()))),
            at: now(),
        };
        let person = Person::new(account.id, ask.name.clone());
        let role = match self.store.create_account(account, self.live.load().registration).await {
            Ok(admitted) => admitted?,
            Err(StoreError::Conflict) => return Err(name_taken(&ask.name)),
            Err(cause) => return Err(store_failed(cause)),
        };
        self.guesses.give_back(&tries);
        self.guesses.trust(ask.name.as_str(), from, Instant::now());
        info!(user = %person.id, %role, "account made");
        self.begin_session(
            Proven { person, role, proof: Proof::Password(password), second_factor: false },
            ask.device.as_str(),
        )
        .await
    }

    async fn login(&self, ask: Login, from: IpAddr) -> Result<Authenticated, WireError> {
        check_protocol(ask.protocol)?;
        let tries = self.guesses.password_keys(ask.name.as_str(), from);
        self.guesses.take(&tries, Instant::now())?;
        let account = self.store.account(ask.name).await.map_err(store_failed)?;
        // A bot has no password.
        let account = account.filter(|account| !account.person.bot);
        let stored = account.as_ref().map(|account| account.password.clone());
        // The same work and the same answer whether the account exists or not.
        let matches = self.passwords.verify(ask.password, stored).await;
        let matches = matches.inspect_err(|_| self.guesses.undo(&tries))?;
        let account = account.filter(|_| matches).ok_or_else(wrong_password)?;
        self.guesses.give_back(&tries);
        if account.disabled {
            return Err(account_disabled());
        }
        // Told only to who knows the password. An admin must be able to come in and end it.
        if account.role < Role::Admin {
            self.doors.must_be_open()?;
        }
        self.passwords_allowed(account.role)?;
        let second_factor = self.prove_second_factor(&account.person, ask.code.as_ref(), from).await?;
        self.guesses.trust(account.person.name.as_str(), from, Instant::now());
        let Account { person, role, password, .. } = account;
        let proof = Proof::Password(password);
        self.begin_session(Proven { person, role, proof, second_factor }, ask.device.as_str()).await
    }

    async fn token(&self, ask: Token) -> Result<Authenticated, WireError> {
        check_protocol(ask.protocol)?;
        let token = SecretHash::of(ask.token.expose());
        let known = self.store.use_session(token, now(), self.session_idle).await.map_err(store_failed)?;
        let Some(known) = known else {
            let ban = self.store.ban_of_token(token, now()).await.map_err(store_failed)?;
            return Err(ban.map_or_else(login_ended, |ban| ban.banned_from_server()));
        };
        let KnownSession { id: session, person, role, scopes } = known;
        Ok(Authenticated { person, role, scopes, session, token: None })
    }

    pub(super) async fn begin_session(
        &self,
        proven: Proven,
        device: &str,
    ) -> Result<Authenticated, WireError> {
        self.paces.login(proven.person.id)?;
        let (row, token) = proven.session(device);
        let session = row.id;
        let begun = self.store.create_session(row).await.map_err(store_failed)?;
        let ended = begun.map_err(refused)?;
        let Proven { person, role, .. } = proven;
        for session in ended {
            self.hub.end(person.id, Ending::Session(session, CloseReason::SessionEnded)).await;
        }
        Ok(Authenticated { person, role, scopes: None, session, token: Some(token) })
    }
}

/// Somebody who has proven all that is asked for.
pub(super) struct Proven {
    pub(super) person: Person,
    pub(super) role: Role,
    /// What they proved it by.
    pub(super) proof: Proof,
    /// Whether there was a second factor, and they have it.
    pub(super) second_factor: bool,
}

impl Proven {
    /// A session for them, and its token.
    pub(super) fn session(&self, device: &str) -> (NewSession, Secret) {
        let token = new_token();
        let row = NewSession {
            id: SessionId(Uuid::new_v4()),
            user: self.person.id,
            token: SecretHash::of(token.expose()),
            device: device.to_owned(),
            proof: self.proof.clone(),
            second_factor: self.second_factor,
            at: now(),
        };
        (row, token)
    }
}

/// Why the store began no session, for the user.
pub(super) fn refused(refusal: Refusal) -> WireError {
    match refusal {
        Refusal::Banned(ban) => ban.banned_from_server(),
        Refusal::Disabled => account_disabled(),
        Refusal::Stale => WireError::new(
            ErrorCode::BadCredentials,
            "What you log in with was changed in this moment; try again with the new.",
        ),
    }
}

pub(super) fn account_disabled() -> WireError {
    WireError::new(
        ErrorCode::AccountDisabled,
        "This account is disabled; ask an admin of the server to enable it.",
    )
}

pub(super) fn wrong_password() -> WireError {
    WireError::new(ErrorCode::BadCredentials, "Unknown name or wrong password; check both and try again.")
}

pub(super) fn check_protocol(version: u16) -> Result<(), WireError> {
    if version == PROTOCOL_VERSION {
        return Ok(());
    }
    let message = format!(
        "This server speaks protocol version {PROTOCOL_VERSION} and the client version {version}; upgrade the older one."
    );
    Err(WireError::new(ErrorCode::UnsupportedVersion, message))
}

fn login_ended() -> WireError {
    WireError::new(ErrorCode::BadCredentials, "This login is not valid any more; log in with the password.")
}

pub(super) fn name_taken(name: &UserName) -> WireError {
    WireError::new(
        ErrorCode::NameTaken,
        format!("The name {name} is taken, reserved, or looks like one that is; choose another."),
    )
}

/// Whether nobody may take this name: a reserved one, or one that looks like it.
pub(crate) fn is_reserved(name: &UserName) -> bool {
    let looks = looks_like(name);
    UserName::RESERVED.iter().any(|word| *word == name.as_str() || look_of(word) == looks)
}

/// The name with look-alike letters made equal, by Unicode's list of confusables (UTS #39).
#[must_use]
pub fn looks_like(name: &UserName) -> String {
    look_of(name.as_str())
}

fn look_of(name: &str) -> String {
    skeleton(name).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_look_alike_have_one_skeleton() {
        let skeleton = |name: &str| looks_like(&UserName::parse(name).unwrap());
        assert_eq!(skeleton("ada"), skeleton("аdа"), "Cyrillic а");
        assert_eq!(skeleton("bob0"), skeleton("bobo"));
        assert_eq!(skeleton("mama"), skeleton("rnarna"));
        assert_ne!(skeleton("ada"), skeleton("adam"));
        let reserved = |name: &str| is_reserved(&UserName::parse(name).unwrap());
        assert!(reserved("admin") && reserved("аdmin") && reserved("r00t"), "Cyrillic а; digits");
        assert!(!reserved("ada") && !reserved("administratrix"));
    }
}
