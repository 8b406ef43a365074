//! Getting to know a server: is it there, make an account, log in, log out.
//!
//! Each call is a connection of its own with a time limit. Whether the token is kept is the
//! caller's choice, through [`crate::account::Accounts`].

use chat_proto::{
    DeviceName, ErrorCode, Hello, Login, Logout, PROTOCOL_VERSION, Register, Reset, Secret, UserName, Welcome,
};

use crate::account::Account;
use crate::address::ServerAddress;
use crate::link::{Link, LinkError};
use crate::tls::Tls;

/// Why it did not work, as one sentence that says what to do.
pub type SignInError = LinkError;

/// What the server says of itself: its name, and who may make an account.
///
/// # Errors
/// Everything but `Refused`.
pub async fn probe(server: &ServerAddress, tls: &Tls) -> Result<Hello, SignInError> {
    let link = Link::dial(server, tls).await?;
    let hello = link.hello().clone();
    link.close().await;
    Ok(hello)
}

/// Makes an account and logs in to it.
///
/// # Errors
/// [`SignInError`]; `Refused` with `name_taken`, `password_weak`, `invite_invalid` or
/// `registration_closed` can be mended by a person.
pub async fn register(
    server: &ServerAddress,
    tls: &Tls,
    name: UserName,
    password: Secret,
    invite: Option<Secret>,
) -> Result<Account, SignInError> {
    let mut link = Link::dial(server, tls).await?;
    let ask = Register { protocol: PROTOCOL_VERSION, name, password, invite, device: device() };
    let welcome = link.request(ask).await?;
    account(server, link, welcome).await
}

/// Logs in to an account. The code is that of the second factor, where there is one.
///
/// # Errors
/// [`SignInError`]; `Refused` with `bad_credentials` or `second_factor_required` can be mended by a
/// person.
pub async fn login(
    server: &ServerAddress,
    tls: &Tls,
    name: UserName,
    password: Secret,
    code: Option<Secret>,
) -> Result<Account, SignInError> {
    let mut link = Link::dial(server, tls).await?;
    let ask = Login { protocol: PROTOCOL_VERSION, name, password, code, device: device() };
    let welcome = link.request(ask).await?;
    account(server, link, welcome).await
}

/// Sets a new password by an admin's code and logs in; all other sessions of the account end.
///
/// # Errors
/// [`SignInError`]; `Refused` with `reset_invalid`, `password_weak` or `second_factor_required` can be
/// mended by a person.
pub async fn reset(
    server: &ServerAddress,
    tls: &Tls,
    reset: Secret,
    password: Secret,
    code: Option<Secret>,
) -> Result<Account, SignInError> {
    let mut link = Link::dial(server, tls).await?;
    let ask = Reset { protocol: PROTOCOL_VERSION, reset, password, code, device: device() };
    let welcome = link.request(ask).await?;
    account(server, link, welcome).await
}

/// Whether the same is to be asked again with the code of the second factor.
#[must_use]
pub fn needs_code(error: &SignInError) -> bool {
    matches!(error, LinkError::Refused(refusal) if refusal.code == ErrorCode::SecondFactorRequired)
}

/// Ends the account's session on the server; its token is worth nothing after that.
///
/// # Errors
/// [`SignInError`]; `Refused` with `bad_credentials` means that the token was no longer valid.
pub async fn logout(account: &Account, tls: &Tls) -> Result<(), SignInError> {
    let (mut link, _) = Link::open(&account.server, tls, &account.token).await?;
    link.request(Logout {}).await?;
    Ok(())
}

pub(crate) async fn account(
    server: &ServerAddress,
    link: Link,
    welcome: Welcome,
) -> Result<Account, SignInError> {
    let server_name = link.hello().name.clone();
    link.close().await;
    let token = welcome.token.ok_or_else(|| LinkError::Unreadable("the login gave no token".to_owned()))?;
    Ok(Account { server: server.clone(), user: welcome.user, token, server_name })
}

/// What the list of sessions calls this device.
pub(crate) fn device() -> DeviceName {
    let host = std::fs::read_to_string("/etc/hostname").unwrap_or_default();
    DeviceName::new(host).unwrap_or_default()
}
