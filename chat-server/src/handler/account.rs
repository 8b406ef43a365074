//! Making accounts and logging in.

use chat_proto::{
    Answer, ErrorCode, Login, PROTOCOL_VERSION, Person, Register, Request, Role, Scopes, Secret, SessionId,
    Token, UserId, UserName, Welcome, WireError, limits,
};
use tracing::info;
use unicode_security::confusable_detection::skeleton;
use uuid::Uuid;

use super::{App, Caller, store_failed};
use crate::auth::{SecretHash, check_password, new_token, normal_invite_code};
use crate::hub::now;
use crate::store::{ActivityCursor, KnownSession, NewAccount, NewSession, StoreError};

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
    /// Answers the requests that are allowed before login, other than `ping`.
    ///
    /// # Errors
    /// The refusal to answer with.
    pub async fn authenticate(&self, request: Request) -> Result<Authenticated, WireError> {
        match request {
            Request::Register(ask) => self.register(ask).await,
            Request::Login(ask) => self.login(ask).await,
            Request::Token(ask) => self.token(ask).await,
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
        // It may have ended between the proof and the attachment; from here on the hub ends it.
        if !self.store.session_exists(caller.session).await.map_err(store_failed)? {
            return Err(login_ended());
        }
        let window = self
            .store
            .conversations(caller.person.id, None, limits::WELCOME_CONVERSATIONS)
            .await
            .map_err(store_failed)?;
        let user = caller.person.id;
        let inboxes = self.store.inbox_states(vec![user]).await.map_err(store_failed)?;
        let privacy = self.store.privacy(user).await.map_err(store_failed)?;
        let blocked = self.store.blocked(user).await.map_err(store_failed)?;
        let cursor = window.rows.last().filter(|_| window.more).map(|last| ActivityCursor::at(last).encode());
        Ok(Answer::Token(Welcome {
            user: caller.person.clone(),
            role: caller.role,
            session: caller.session,
            token,
            epoch: self.store.epoch(),
            conversations: window.rows.into_iter().map(|row| caller.shown(row)).collect(),
            privacy,
            blocked: blocked.into_iter().map(|person| person.id).collect(),
            cursor,
            inbox: inboxes.first().map(|(_, state)| *state).unwrap_or_default(),
            dnd: self.store.dnd(user).await.map_err(store_failed)?,
        }))
    }

    async fn register(&self, ask: Register) -> Result<Authenticated, WireError> {
        check_protocol(ask.protocol)?;
        check_password(ask.name.as_str(), &ask.password)?;
        if ask.name.is_reserved() {
            return Err(name_taken(&ask.name));
        }
        let password = self.passwords.hash(ask.password).await?;
        let account = NewAccount {
            id: UserId(Uuid::now_v7()),
            skeleton: looks_like(&ask.name),
            name: ask.name.clone(),
            password,
            invite: ask.invite.map(|code| SecretHash::of(&normal_invite_code(code.expose()))),
            at: now(),
        };
        let person = Person::new(account.id, ask.name.clone());
        let role = match self.store.create_account(account, self.registration).await {
            Ok(admitted) => admitted?,
            Err(StoreError::Conflict) => return Err(name_taken(&ask.name)),
            Err(cause) => return Err(store_failed(cause)),
        };
        info!(user = %person.id, %role, "account made");
        self.begin_session(person, role, ask.device.as_str()).await
    }

    async fn login(&self, ask: Login) -> Result<Authenticated, WireError> {
        check_protocol(ask.protocol)?;
        let account = self.store.account(ask.name).await.map_err(store_failed)?;
        // A bot has no password.
        let account = account.filter(|account| !account.person.bot);
        let stored = account.as_ref().map(|account| account.password.clone());
        // The same work and the same answer whether the account exists or not.
        let matches = self.passwords.verify(ask.password, stored).await?;
        let account = account.filter(|_| matches).ok_or_else(|| {
            WireError::new(
                ErrorCode::BadCredentials,
                "Unknown name or wrong password; check both and try again.",
            )
        })?;
        self.begin_session(account.person, account.role, ask.device.as_str()).await
    }

    async fn token(&self, ask: Token) -> Result<Authenticated, WireError> {
        check_protocol(ask.protocol)?;
        let known =
            self.store.use_session(SecretHash::of(ask.token.expose()), now()).await.map_err(store_failed)?;
        let Some(known) = known else {
            let token = SecretHash::of(ask.token.expose());
            let ban = self.store.ban_of_token(token, now()).await.map_err(store_failed)?;
            return Err(ban.map_or_else(login_ended, |ban| ban.banned_from_server()));
        };
        let KnownSession { id: session, person, role, scopes } = known;
        Ok(Authenticated { person, role, scopes, session, token: None })
    }

    async fn begin_session(
        &self,
        person: Person,
        role: Role,
        device: &str,
    ) -> Result<Authenticated, WireError> {
        let (session, token) = (SessionId(Uuid::new_v4()), new_token());
        let row = NewSession {
            id: session,
            user: person.id,
            token: SecretHash::of(token.expose()),
            device: device.to_owned(),
            at: now(),
        };
        let begun = self.store.create_session(row).await.map_err(store_failed)?;
        begun.map_err(|ban| ban.banned_from_server())?;
        Ok(Authenticated { person, role, scopes: None, session, token: Some(token) })
    }
}

fn check_protocol(version: u16) -> Result<(), WireError> {
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

/// The name with look-alike letters made equal, by Unicode's list of confusables (UTS #39).
#[must_use]
pub fn looks_like(name: &UserName) -> String {
    skeleton(name.as_str()).flat_map(char::to_lowercase).collect()
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
    }
}
