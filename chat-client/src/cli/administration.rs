//! The commands of those who run the server, about accounts: user.

use chat_client::link::Link;
use chat_proto::{
    AccountInfo, DisableUser, EnableUser, ListAccounts, ResetUser, Role, SafeText, SetUserRole, Topic,
    UserName,
};
use clap::{Subcommand, ValueEnum};
use serde_json::json;

use super::args::UserArg;
use super::failure::Failure;
use super::output::{Output, local_time};
use super::who::Who;

/// How times are shown.
const TIME: &str = "%Y-%m-%d %H:%M";

/// What those who run the server do about accounts.
#[derive(Subcommand)]
pub(super) enum UserCommand {
    /// List the accounts: role, whether disabled, when last seen
    List {
        /// Only names with this in them
        query: Option<String>,
    },
    /// End all logins of an account and those of its bots, and refuse new ones
    Disable {
        /// '@user'
        #[arg(value_name = "USER")]
        person: UserArg,
        /// Why, for the log
        #[arg(long, value_name = "TEXT", value_parser = |text: &str| Topic::new(text))]
        reason: Option<Topic>,
    },
    /// Let a disabled account in again
    Enable {
        /// '@user'
        #[arg(value_name = "USER")]
        person: UserArg,
    },
    /// Give an account another role on the server
    Role {
        /// '@user'
        #[arg(value_name = "USER")]
        person: UserArg,
        /// What they may do from now on
        role: RoleArg,
    },
    /// Make a code with which somebody sets a new password (chat-cli reset); it is shown this once
    Reset {
        /// '@user'
        #[arg(value_name = "USER")]
        person: UserArg,
        /// Using the code also takes their second factor away
        #[arg(long)]
        drop_two_factor: bool,
    },
}

/// The roles that can be given.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum RoleArg {
    /// Sees only the people and rooms that they share
    Guest,
    /// Talks
    Member,
    /// Runs the server for the others
    Admin,
}

/// Does what one of these commands says.
///
/// # Errors
/// As the exit codes say.
pub(super) async fn run(who: &Who, command: UserCommand, out: &mut Output) -> Result<(), Failure> {
    let (mut link, _) = who.link().await?;
    let done = carry_out(&mut link, command, out).await;
    link.close().await;
    done
}

async fn carry_out(link: &mut Link, command: UserCommand, out: &mut Output) -> Result<(), Failure> {
    match command {
        UserCommand::List { query } => list(link, query, out).await,
        UserCommand::Disable { person, reason } => {
            let ask = DisableUser { user: person.0.clone(), reason: reason.unwrap_or_default() };
            link.request(ask).await?;
            done(&person.0, "is disabled; their logins and those of their bots have ended", out)
        }
        UserCommand::Enable { person } => {
            link.request(EnableUser { user: person.0.clone() }).await?;
            done(&person.0, "may log in again; their bots need new tokens", out)
        }
        UserCommand::Role { person, role } => {
            let role = match role {
                RoleArg::Guest => Role::Guest,
                RoleArg::Member => Role::Member,
                RoleArg::Admin => Role::Admin,
            };
            link.request(SetUserRole { user: person.0.clone(), role }).await?;
            done(&person.0, &format!("is now {role} on the server"), out)
        }
        UserCommand::Reset { person, drop_two_factor } => {
            let ask = ResetUser { user: person.0, second_factor: drop_two_factor };
            let made = link.request(ask).await?;
            if !out.is_json() {
                let until = local_time(made.expires_at, TIME);
                eprintln!(
                    "for @{}, good once, until {until}; they use it with chat-cli reset, or when logging in:",
                    made.user.name
                );
            }
            out.put(&made, || made.code.expose().to_owned())
        }
    }
}

async fn list(link: &mut Link, query: Option<String>, out: &mut Output) -> Result<(), Failure> {
    let mut after = None;
    loop {
        let page = link.request(ListAccounts { query: query.clone(), after, limit: None }).await?;
        page.accounts.iter().try_for_each(|account| out.put(account, || account_line(account)))?;
        after = page.accounts.last().map(|account| account.user.name.clone());
        if !page.more || after.is_none() {
            return Ok(());
        }
    }
}

fn done(user: &UserName, words: &str, out: &mut Output) -> Result<(), Failure> {
    out.put(&json!({ "user": user }), || format!("@{user} {words}"))
}

fn account_line(account: &AccountInfo) -> String {
    let mut line = format!("@{} {}", account.user.name, account.role);
    if account.user.bot {
        line.push_str(" · bot");
    }
    if let Some(at) = account.disabled {
        line.push_str(&format!(" · disabled since {}", local_time(at, TIME)));
    }
    if account.second_factor {
        line.push_str(" · second factor");
    }
    match account.last_seen {
        Some(at) => line.push_str(&format!(" · last seen {}", local_time(at, TIME))),
        None => line.push_str(" · never seen"),
    }
    SafeText::line(&line).to_string()
}
