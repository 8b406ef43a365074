//! Who a command speaks for: a saved account, or what the environment says.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::time::Duration;

use chat_client::account::{Account, Accounts};
use chat_client::address::ServerAddress;
use chat_client::files::Courier;
use chat_client::known::KnownServers;
use chat_client::link::{Link, LinkError};
use chat_client::paths::Paths;
use chat_client::sign_in;
use chat_client::tls::{Tell, Tls};
use chat_proto::{ErrorCode, Role, SafeText, Secret, UserName, Welcome};
use tokio::time::sleep;

use super::Common;
use super::failure::Failure;
use super::output::Output;
use super::trust;

/// How often a login is tried again that the server put off.
const LOGIN_TRIES: usize = 5;

/// The longest wait before the next; a person who has to wait longer is told so.
const LOGIN_WAIT: Duration = Duration::from_secs(3);

/// The account of this run.
pub(crate) struct Who {
    pub(crate) account: Account,
    pub(crate) tls: Tls,
    /// The one folder for everything, if it is given.
    data_dir: Option<PathBuf>,
    /// Logged in by password for this run only; its session ends with it.
    guest: bool,
}

impl Who {
    /// `CHAT_TOKEN` first, then a saved account, then a login by `CHAT_PASSWORD`.
    ///
    /// # Errors
    /// Says what is missing.
    pub(crate) async fn find(common: &Common) -> Result<Self, Failure> {
        let (tls, data_dir) = (tls(common)?, common.data_dir.clone());
        if let Some(token) = variable("CHAT_TOKEN") {
            let server = server(common)?;
            trust::meet(&server, &tls).await?;
            let (link, welcome) = Link::open(&server, &tls, &token).await.map_err(|error| match error {
                LinkError::Refused(refusal) if refusal.code == ErrorCode::BadCredentials => {
                    Failure::refused("the token in CHAT_TOKEN is not valid, or not any more")
                }
                error => error.into(),
            })?;
            let server_name = link.hello().name.clone();
            link.close().await;
            let account = Account { server, user: welcome.user, token, server_name };
            return Ok(Self { account, tls, data_dir, guest: false });
        }
        let saved = match open(common)?.find(common.server.as_ref(), common.user.as_ref()) {
            Ok(account) => {
                trust::meet(&account.server, &tls).await?;
                return Ok(Self { account: account.clone(), tls, data_dir, guest: false });
            }
            Err(error) => error,
        };
        match (&common.server, &common.user, variable("CHAT_PASSWORD")) {
            (Some(server), Some(user), Some(password)) => {
                trust::meet(server, &tls).await?;
                let code = variable("CHAT_CODE");
                let account =
                    patiently(|| sign_in::login(server, &tls, user.clone(), password.clone(), code.clone()))
                        .await?;
                Ok(Self { account, tls, data_dir, guest: true })
            }
            _ => Err(Failure::usage(saved)),
        }
    }

    /// Connects and logs in.
    ///
    /// # Errors
    /// As the exit codes say.
    pub(crate) async fn link(&self) -> Result<(Link, Welcome), Failure> {
        Link::open(&self.account.server, &self.tls, &self.account.token).await.map_err(|error| match error {
            LinkError::Refused(refusal) if refusal.code == ErrorCode::BadCredentials => {
                Failure::refused(format!("{} If the login has ended: chat-cli login", refusal.message))
            }
            error => error.into(),
        })
    }

    /// What carries files.
    ///
    /// # Errors
    /// There is no folder to remember what is under way.
    pub(crate) fn courier(&self) -> Result<Courier, Failure> {
        let paths = Paths::resolve(self.data_dir.clone()).map_err(Failure::usage)?;
        Ok(Courier::new(&self.account, self.tls.clone(), paths.transfers_dir()))
    }

    /// Ends what was begun for this run only.
    pub(crate) async fn end(self) {
        if self.guest {
            // The command is done; a session left over ends by its age.
            let _ = sign_in::logout(&self.account, &self.tls).await;
        }
    }
}

/// Logs in and keeps the token.
///
/// # Errors
/// As the exit codes say.
pub(crate) async fn login(common: &Common, out: &mut Output) -> Result<(), Failure> {
    let (server, user, tls) = (server(common)?, user(common)?, tls(common)?);
    trust::meet(&server, &tls).await?;
    let password = match variable("CHAT_PASSWORD") {
        Some(password) => password,
        None => ask_password("Password: ", "set CHAT_PASSWORD")?,
    };
    let first = sign_in::login(&server, &tls, user.clone(), password.clone(), variable("CHAT_CODE")).await;
    let account = match first {
        Err(error) if may_ask_code(&error) => {
            sign_in::login(&server, &tls, user, password, Some(ask_code()?)).await?
        }
        other => other?,
    };
    keep(common, account, out)
}

/// Sets a new password by an admin's code and keeps the token.
///
/// # Errors
/// As the exit codes say.
pub(crate) async fn reset(common: &Common, code: Option<String>, out: &mut Output) -> Result<(), Failure> {
    let (server, tls) = (server(common)?, tls(common)?);
    trust::meet(&server, &tls).await?;
    let reset = match code.filter(|code| !code.is_empty()) {
        Some(code) => Secret::new(code),
        None => Secret::new(ask("Reset code: ", "CHAT_RESET")?),
    };
    let password = match variable("CHAT_PASSWORD") {
        Some(password) => password,
        None => new_password("set CHAT_PASSWORD")?,
    };
    let first = sign_in::reset(&server, &tls, reset.clone(), password.clone(), variable("CHAT_CODE")).await;
    let account = match first {
        Err(error) if may_ask_code(&error) => {
            sign_in::reset(&server, &tls, reset, password, Some(ask_code()?)).await?
        }
        other => other?,
    };
    keep(common, account, out)
}

/// Whether a person can be asked for the code that is missing.
fn may_ask_code(error: &LinkError) -> bool {
    sign_in::needs_code(error) && variable("CHAT_CODE").is_none() && std::io::stdin().is_terminal()
}

pub(super) fn ask_code() -> Result<Secret, Failure> {
    ask("Code of your authenticator, or a recovery code: ", "CHAT_CODE").map(Secret::new)
}

/// Asks for a password that nobody can see, twice.
///
/// # Errors
/// There is no terminal, with what to do instead, or the two differ.
pub(crate) fn new_password(instead: &str) -> Result<Secret, Failure> {
    let password = ask_password("New password: ", instead)?;
    if ask_password("The same again: ", instead)? != password {
        return Err(Failure::usage("the two passwords differ; try again"));
    }
    Ok(password)
}

/// Makes an account and keeps its token.
///
/// # Errors
/// As the exit codes say.
pub(crate) async fn register(
    common: &Common,
    invite: Option<String>,
    out: &mut Output,
) -> Result<(), Failure> {
    let (server, user, tls) = (server(common)?, user(common)?, tls(common)?);
    trust::meet(&server, &tls).await?;
    let password = match variable("CHAT_PASSWORD") {
        Some(password) => password,
        None => new_password("set CHAT_PASSWORD")?,
    };
    let invite = invite.filter(|code| !code.is_empty()).map(Secret::new);
    let account = sign_in::register(&server, &tls, user, password, invite).await?;
    keep(common, account, out)
}

pub(super) fn keep(common: &Common, account: Account, out: &mut Output) -> Result<(), Failure> {
    open(common)?.save(account.clone()).map_err(Failure::usage)?;
    describe(&account, None, out)
}

/// Ends the session on the server and forgets the token.
///
/// # Errors
/// As the exit codes say; without a connection the token stays.
pub(crate) async fn logout(common: &Common, out: &mut Output) -> Result<(), Failure> {
    let mut accounts = open(common)?;
    let account =
        accounts.find(common.server.as_ref(), common.user.as_ref()).map_err(Failure::usage)?.clone();
    match sign_in::logout(&account, &tls(common)?).await {
        Ok(()) => {}
        Err(LinkError::Refused(error)) if error.code == ErrorCode::BadCredentials => {}
        // The server closes the connection as its answer.
        Err(LinkError::Cut { code: Some(_), .. }) => {}
        Err(error) => return Err(error.into()),
    }
    accounts.remove(&account).map_err(Failure::usage)?;
    describe(&account, None, out)
}

/// Lists the saved accounts.
///
/// # Errors
/// A file that cannot be read.
pub(crate) fn accounts(common: &Common, out: &mut Output) -> Result<(), Failure> {
    open(common)?.all().iter().try_for_each(|account| describe(account, None, out))
}

/// Prints an account.
///
/// # Errors
/// As [`Output::put`].
pub(crate) fn describe(account: &Account, role: Option<Role>, out: &mut Output) -> Result<(), Failure> {
    let mut thing = serde_json::json!({
        "server": account.server, "server_name": account.server_name, "user": account.user,
    });
    if let Some(role) = role {
        thing["role"] = role.as_str().into();
    }
    out.put(&thing, || format!("{} on {} ({})", account.user.name, account.server, account.server_name))
}

/// Logs in, and waits where the server wants that: many scripts of one account that log in at the same moment look
/// like somebody who guesses.
async fn patiently<F: Future<Output = Result<Account, LinkError>>>(
    login: impl Fn() -> F,
) -> Result<Account, LinkError> {
    for _ in 0..LOGIN_TRIES {
        match login().await {
            Err(LinkError::Refused(refusal)) if refusal.temporary => {
                let wait = Duration::from_millis(refusal.retry_after_ms.unwrap_or(1_000)).min(LOGIN_WAIT);
                // Each at another time, or all would come at the same moment again.
                sleep(wait + wait.mul_f64(rand::random())).await;
            }
            done => return done,
        }
    }
    login().await
}

/// How servers are verified in this run.
///
/// # Errors
/// There is no folder to remember servers in, and the account is one that is kept in it.
pub(crate) fn tls(common: &Common) -> Result<Tls, Failure> {
    let known = match Paths::resolve(common.data_dir.clone()) {
        Ok(paths) => Some(KnownServers::in_folder(paths.accounts_dir())),
        // A program that is given all it needs runs also where it has no home.
        Err(_) if variable("CHAT_TOKEN").is_some() => None,
        Err(error) => return Err(Failure::usage(error)),
    };
    Ok(Tls {
        ca_file: common.ca_file.clone(),
        known,
        trust: common.trust.clone().unwrap_or_default().0,
        tell: Tell::new(|sentence| eprintln!("chat-cli: {}", SafeText::line(&sentence))),
    })
}

fn open(common: &Common) -> Result<Accounts, Failure> {
    let paths = Paths::resolve(common.data_dir.clone()).map_err(Failure::usage)?;
    Accounts::open(paths.accounts_dir()).map_err(Failure::usage)
}

pub(crate) fn variable(name: &str) -> Option<Secret> {
    std::env::var(name).ok().filter(|text| !text.is_empty()).map(Secret::new)
}

/// The server of this run, asked for on a terminal.
///
/// # Errors
/// Names the variable that is missing.
pub(crate) fn server(common: &Common) -> Result<ServerAddress, Failure> {
    match &common.server {
        Some(server) => Ok(server.clone()),
        None => ask("Server: ", "CHAT_SERVER or --server")?.parse().map_err(Failure::usage),
    }
}

fn user(common: &Common) -> Result<UserName, Failure> {
    match &common.user {
        Some(user) => Ok(user.clone()),
        None => ask("Name: ", "CHAT_USER or --user")?.parse().map_err(Failure::usage),
    }
}

pub(super) fn ask(question: &str, instead: &str) -> Result<String, Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::usage(format!("there is no terminal to ask on; set {instead}")));
    }
    let mut answer = String::new();
    let mut stderr = std::io::stderr();
    write!(stderr, "{question}")
        .and_then(|()| stderr.flush())
        .and_then(|()| std::io::stdin().read_line(&mut answer))
        .map_err(Failure::usage)?;
    Ok(answer.trim().to_owned())
}

/// Asks for a password that nobody can see.
///
/// # Errors
/// There is no terminal, with what to do instead.
pub(crate) fn ask_password(question: &str, instead: &str) -> Result<Secret, Failure> {
    if !std::io::stdin().is_terminal() {
        let message = format!("there is no terminal to ask for the password on; {instead}");
        return Err(Failure::usage(message));
    }
    rpassword::prompt_password(question).map(Secret::new).map_err(Failure::usage)
}
