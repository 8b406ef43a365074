//! Logging in by the server's provider, and linking an account with it.

use std::io::{BufRead, IsTerminal};

use chat_client::link::LinkError;
use chat_client::provider::{self, Answers, Missing};
use chat_proto::{BeginLink, ErrorCode, FinishLink, OidcBegun, RemoveLink, SafeText, Secret, Timestamp};
use serde_json::json;

use super::account::current_password;
use super::args::Common;
use super::failure::Failure;
use super::output::Output;
use super::trust;
use super::who::{self, Who};

/// Logs in by the provider and keeps the token.
///
/// # Errors
/// As the exit codes say.
pub(super) async fn login(common: &Common, invite: Option<String>, out: &mut Output) -> Result<(), Failure> {
    let (server, tls) = (who::server(common)?, who::tls(common)?);
    trust::meet(&server, &tls).await?;
    let begun = provider::begin(&server, &tls).await?;
    show(&begun, out)?;
    let mut answers = Answers {
        confirm: if begun.confirm { Some(ask_confirm()?) } else { None },
        name: common.user.as_ref().map(|name| name.as_str().to_owned()),
        invite: invite.filter(|code| !code.is_empty()).map(Secret::new),
        code: who::variable("CHAT_CODE"),
    };
    loop {
        let error = match provider::finish(&server, &tls, &begun.poll, &answers).await {
            Ok(account) => return who::keep(common, account, out),
            Err(error) => error,
        };
        match provider::missing(&error) {
            Some(Missing::Time(pause)) => wait(&begun, pause).await?,
            Some(what) if std::io::stdin().is_terminal() => {
                eprintln!("{}", SafeText::line(&error.to_string()));
                answer(&mut answers, what)?;
            }
            _ => return Err(error.into()),
        }
    }
}

fn answer(answers: &mut Answers, what: Missing) -> Result<(), Failure> {
    match what {
        Missing::Time(_) => {}
        Missing::Confirm => answers.confirm = Some(ask_confirm()?),
        Missing::Name => answers.name = Some(who::ask("Name: ", "CHAT_USER or --user")?),
        Missing::Invite => answers.invite = Some(Secret::new(who::ask("Invite code: ", "CHAT_INVITE")?)),
        Missing::Code => answers.code = Some(who::ask_code()?),
    }
    Ok(())
}

/// Links the account with somebody at the provider.
///
/// # Errors
/// As the exit codes say.
pub(super) async fn link(who: &Who, out: &mut Output) -> Result<(), Failure> {
    let (mut link, _) = who.link().await?;
    let begun = link.request(BeginLink { password: current_password()? }).await?;
    link.close().await;
    show(&begun, out)?;
    let mut confirm = if begun.confirm { Some(ask_confirm()?) } else { None };
    loop {
        let (mut link, _) = who.link().await?;
        let asked = link.request(FinishLink { poll: begun.poll.clone(), confirm: confirm.clone() }).await;
        link.close().await;
        let error = match asked {
            Ok(_) => return out.put(&json!({ "linked": true }), || "linked".to_owned()),
            Err(error) => error,
        };
        match provider::missing(&error) {
            Some(Missing::Time(pause)) => wait(&begun, pause).await?,
            Some(Missing::Confirm) if std::io::stdin().is_terminal() => {
                eprintln!("{}", SafeText::line(&error.to_string()));
                confirm = Some(ask_confirm()?);
            }
            _ => return Err(error.into()),
        }
    }
}

/// Ends the link.
///
/// # Errors
/// As the exit codes say.
pub(super) async fn unlink(who: &Who, out: &mut Output) -> Result<(), Failure> {
    let (mut link, _) = who.link().await?;
    let asked = link.request(RemoveLink { password: current_password()? }).await;
    link.close().await;
    match asked {
        Ok(_) => out.put(&json!({ "linked": false }), || "not linked any more".to_owned()),
        Err(LinkError::Refused(refusal)) if refusal.code == ErrorCode::NotFound => {
            Err(Failure::refused("this account is not linked with a provider"))
        }
        Err(error) => Err(error.into()),
    }
}

/// Tells the person where to go. The poll secret stays here.
fn show(begun: &OidcBegun, out: &mut Output) -> Result<(), Failure> {
    if out.is_json() {
        let OidcBegun { url, user_code, complete_url, confirm, expires_at, .. } = begun;
        return out.put(
            &json!({
                "url": url, "user_code": user_code, "complete_url": complete_url, "confirm": confirm,
                "expires_at": expires_at,
            }),
            String::new,
        );
    }
    eprintln!("Open this address in a browser, on any device:\n  {}", SafeText::line(&begun.url));
    if let Some(code) = &begun.user_code {
        eprintln!("and type this code there: {}", SafeText::line(code));
    }
    Ok(())
}

/// The code that the last page shows: typed, or a line of stdin.
fn ask_confirm() -> Result<Secret, Failure> {
    if std::io::stdin().is_terminal() {
        return who::ask("The code that the last page shows: ", "").map(Secret::new);
    }
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line).map_err(Failure::usage)?;
    if read == 0 {
        return Err(Failure::usage(
            "stdin ended before the code that the last page shows; write it as a line",
        ));
    }
    Ok(Secret::new(line.trim()))
}

async fn wait(begun: &OidcBegun, pause: std::time::Duration) -> Result<(), Failure> {
    let left = begun.expires_at.0.saturating_sub(now().0);
    if left <= 0 {
        return Err(Failure::timed_out("nobody logged in at the provider in time; begin again"));
    }
    let left = std::time::Duration::from_millis(left.unsigned_abs());
    tokio::time::sleep(pause.min(left)).await;
    Ok(())
}

fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
