//! The commands about the own account's safety: password, sessions, two-factor.

use std::io::{BufRead, IsTerminal};

use chat_client::link::Link;
use chat_proto::{
    BeginTotp, ChangePassword, ConfirmTotp, DisableTotp, ListSessions, RevokeSession, SafeText, Secret,
    SessionId, SessionInfo,
};
use clap::Subcommand;
use serde_json::json;

use super::failure::Failure;
use super::output::{Output, local_time};
use super::who::{Who, ask_password, new_password};

/// How times are shown.
const TIME: &str = "%Y-%m-%d %H:%M";

/// The commands about the own account's safety.
#[derive(Subcommand)]
pub(super) enum AccountCommand {
    /// Change one's password; all other logins end
    Password {
        /// Read the password until now and the new one from stdin, a line each
        #[arg(long)]
        password_stdin: bool,
    },
    /// List one's logins, or end one or all others
    Sessions {
        /// End this one
        #[arg(long, value_name = "ID", conflicts_with = "revoke_others")]
        revoke: Option<SessionId>,
        /// End all but the one of this command
        #[arg(long)]
        revoke_others: bool,
    },
    /// Link one's account with somebody at the provider that the server names, to log in that way
    Link,
    /// End that link; logins need the password again
    Unlink,
    /// A second factor: logins ask for a code of an authenticator app besides the password
    #[command(subcommand)]
    TwoFactor(TwoFactorCommand),
}

/// What can be done about the second factor.
#[derive(Subcommand)]
pub(super) enum TwoFactorCommand {
    /// Set it up: prints the secret, asks for a code, prints recovery codes; all other logins end
    On,
    /// End it, by the password or by a code
    Off {
        /// A code of the authenticator, or a recovery code; the password is asked for without it
        #[arg(long, value_name = "CODE")]
        code: Option<String>,
    },
}

/// Does what one of these commands says.
///
/// # Errors
/// As the exit codes say.
pub(super) async fn run(who: &Who, command: AccountCommand, out: &mut Output) -> Result<(), Failure> {
    match command {
        AccountCommand::Link => return super::provider::link(who, out).await,
        AccountCommand::Unlink => return super::provider::unlink(who, out).await,
        _ => {}
    }
    let (mut link, _) = who.link().await?;
    let done = match command {
        // Done before: a person may take minutes, and each question has a connection of its own.
        AccountCommand::Link | AccountCommand::Unlink => Ok(()),
        AccountCommand::Password { password_stdin } => password(&mut link, password_stdin, out).await,
        AccountCommand::Sessions { revoke: None, revoke_others: false } => sessions(&mut link, out).await,
        AccountCommand::Sessions { revoke, .. } => {
            link.request(RevokeSession { session: revoke, user: None }).await?;
            let what = revoke.map_or_else(|| "all others".to_owned(), |session| session.to_string());
            out.put(&json!({ "revoked": what }), || format!("ended {what}"))
        }
        AccountCommand::TwoFactor(TwoFactorCommand::On) => two_factor_on(&mut link, out).await,
        AccountCommand::TwoFactor(TwoFactorCommand::Off { code }) => {
            let password = if code.is_none() { Some(current_password()?) } else { None };
            link.request(DisableTotp { password, code: code.map(Secret::new) }).await?;
            out.put(&json!({ "second_factor": false }), || "logins ask for the password alone".to_owned())
        }
    };
    link.close().await;
    done
}

async fn password(link: &mut Link, from_stdin: bool, out: &mut Output) -> Result<(), Failure> {
    const INSTEAD: &str = "give both with --password-stdin, a line each";
    let (current, password) = if from_stdin {
        (line("the password until now")?, line("the new password")?)
    } else {
        (ask_password("Password until now: ", INSTEAD)?, new_password(INSTEAD)?)
    };
    link.request(ChangePassword { current, password }).await?;
    out.put(&json!({ "changed": true }), || "changed; all other logins have ended".to_owned())
}

async fn sessions(link: &mut Link, out: &mut Output) -> Result<(), Failure> {
    let listed = link.request(ListSessions::default()).await?;
    listed.sessions.iter().try_for_each(|session| out.put(session, || session_line(session)))?;
    if !out.is_json() {
        match listed.second_factor {
            Some(factor) => eprintln!("second factor on, {} recovery codes left", factor.recovery_codes),
            None => eprintln!("no second factor; chat-cli two-factor on"),
        }
        if let Some(provider) = listed.provider {
            eprintln!("linked with the provider since {}", local_time(provider.since, TIME));
        }
    }
    Ok(())
}

async fn two_factor_on(link: &mut Link, out: &mut Output) -> Result<(), Failure> {
    let setup = link.request(BeginTotp { password: current_password()? }).await?;
    if !out.is_json() {
        eprintln!("Type this secret into your authenticator app, or open the address with it:");
    }
    out.put(&setup, || format!("{}\n{}", setup.secret.expose(), setup.url.expose()))?;
    if std::io::stdin().is_terminal() {
        eprint!("The code that it shows: ");
    }
    let code = line("the code that the authenticator shows")?;
    let made = link.request(ConfirmTotp { code }).await?;
    if !out.is_json() {
        eprintln!(
            "On; all other logins have ended. Keep these codes where your phone is not; each is good once:"
        );
    }
    let codes: Vec<&str> = made.codes.iter().map(Secret::expose).collect();
    out.put(&made, || codes.join("\n"))
}

/// The password, from the environment or asked for.
pub(super) fn current_password() -> Result<Secret, Failure> {
    match std::env::var("CHAT_PASSWORD").ok().filter(|text| !text.is_empty()) {
        Some(password) => Ok(Secret::new(password)),
        None => ask_password("Password: ", "set CHAT_PASSWORD"),
    }
}

/// One line of stdin.
fn line(what: &str) -> Result<Secret, Failure> {
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line).map_err(Failure::usage)?;
    if read == 0 {
        return Err(Failure::usage(format!("stdin ended before {what}; write it as a line of its own")));
    }
    Ok(Secret::new(line.trim_end_matches(['\n', '\r'])))
}

pub(super) fn session_line(session: &SessionInfo) -> String {
    let device = match session.device.as_str() {
        "" => "a device without a name",
        name => name,
    };
    let (used, began) = (local_time(session.used_at, TIME), local_time(session.began_at, TIME));
    let mark = if session.current { " (this one)" } else { "" };
    let line = format!("{} {device} · used {used} · since {began}{mark}", session.id);
    SafeText::line(&line).to_string()
}
