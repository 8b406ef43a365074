//! Logging in by the provider that a server names: begin, show an address, ask until it is done.
//!
//! The server speaks with the provider; nothing secret of it is here. Each question is a connection
//! of its own, because the person may take minutes and a laptop may sleep meanwhile.

use std::time::Duration;

use chat_proto::{ErrorCode, OidcBegin, OidcBegun, OidcPoll, PROTOCOL_VERSION, Secret, WireError};

use crate::account::Account;
use crate::address::ServerAddress;
use crate::client::RequestError;
use crate::link::{Link, LinkError};
use crate::sign_in::{SignInError, account, device};
use crate::tls::Tls;

/// The time between two questions when the server does not say.
const PAUSE: Duration = Duration::from_secs(5);

/// The shortest, whatever the server says.
const SHORTEST_PAUSE: Duration = Duration::from_millis(200);

/// What the person says besides, as far as it is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answers {
    /// The code that the last page showed.
    pub confirm: Option<Secret>,
    /// The name wanted for a new account.
    pub name: Option<String>,
    /// An invite code for a new account.
    pub invite: Option<Secret>,
    /// The second factor.
    pub code: Option<Secret>,
}

/// What is missing before one is logged in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// The person is not done at the provider; ask again after this.
    Time(Duration),
    /// The code that the last page shows.
    Confirm,
    /// A name that is free.
    Name,
    /// An invite code.
    Invite,
    /// The second factor.
    Code,
}

/// Begins a login.
///
/// # Errors
/// [`SignInError`]; `Refused` with `not_found` where the server names no provider.
pub async fn begin(server: &ServerAddress, tls: &Tls) -> Result<OidcBegun, SignInError> {
    let mut link = Link::dial(server, tls).await?;
    let begun = link.request(OidcBegin { protocol: PROTOCOL_VERSION }).await?;
    link.close().await;
    Ok(begun)
}

/// Asks once whether the login is done, and logs in if it is.
///
/// # Errors
/// [`SignInError`]; [`missing`] says what to do about it.
pub async fn finish(
    server: &ServerAddress,
    tls: &Tls,
    poll: &Secret,
    answers: &Answers,
) -> Result<Account, SignInError> {
    let mut link = Link::dial(server, tls).await?;
    let Answers { confirm, name, invite, code } = answers.clone();
    let (protocol, poll) = (PROTOCOL_VERSION, poll.clone());
    let ask = OidcPoll { protocol, poll, confirm, name, invite, code, device: device() };
    let welcome = link.request(ask).await?;
    account(server, link, welcome).await
}

/// Whether an address that a server told may be opened for the person: over TLS or on this machine,
/// and nothing in it that a program for addresses could take for more.
#[must_use]
pub fn may_open(url: &str) -> bool {
    let is_here = ["127.0.0.1", "localhost", "[::1]"].iter().any(|host| {
        let rest = url.strip_prefix("http://").and_then(|rest| rest.strip_prefix(host));
        rest.is_some_and(|rest| rest.starts_with([':', '/']))
    });
    (is_here || url.starts_with("https://")) && url.bytes().all(|byte| byte.is_ascii_graphic())
}

/// What would help, if anything does.
#[must_use]
pub fn missing(error: &SignInError) -> Option<Missing> {
    match error {
        LinkError::Refused(refusal) => missing_of(refusal),
        // The person may be at the provider for minutes; a line that is cut meanwhile is no matter.
        other if other.is_temporary() => Some(Missing::Time(PAUSE)),
        _ => None,
    }
}

/// The same for what was asked over the connection that is there.
#[must_use]
pub fn missing_here(error: &RequestError) -> Option<Missing> {
    match error {
        RequestError::Refused(refusal) => missing_of(refusal),
        RequestError::Offline => Some(Missing::Time(PAUSE)),
        RequestError::Stopped => None,
    }
}

fn missing_of(refusal: &WireError) -> Option<Missing> {
    match refusal.code {
        ErrorCode::ConfirmRequired => Some(Missing::Confirm),
        ErrorCode::NameTaken => Some(Missing::Name),
        ErrorCode::InviteInvalid => Some(Missing::Invite),
        ErrorCode::SecondFactorRequired => Some(Missing::Code),
        _ if refusal.temporary => Some(Missing::Time(
            refusal.retry_after_ms.map_or(PAUSE, Duration::from_millis).max(SHORTEST_PAUSE),
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_that_are_safe_are_opened() {
        for good in
            ["https://id.example.org/device?user_code=A", "http://127.0.0.1:8080/x", "http://localhost/"]
        {
            assert!(may_open(good), "{good}");
        }
        for bad in
            ["http://id.example.org/", "http://localhost.evil.org/", "file:///etc", "https://a b", "-x", ""]
        {
            assert!(!may_open(bad), "{bad}");
        }
    }
}
