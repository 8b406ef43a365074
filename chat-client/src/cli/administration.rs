//! The commands of those who run the server, about accounts: user.

use chat_client::link::Link;
use chat_proto::{
    AccountInfo, CreateUser, DisableUser, EnableUser, ListAccounts, ListSessions, ResetCode, ResetUser,
    RevokeSession, Role, SafeText, SessionId, SetUserRole, Topic, UserName,
};
use clap::{Subcommand, ValueEnum};
use serde_json::json;

use super::account::session_line;
use super::args::UserArg;
use super::failure::Failure;
use super::output::{Output, local_time};
use super::who::{Who, new_password, variable};

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
    /// Make an account for somebody; its password is asked for, or read from CHAT_NEW_PASSWORD
    Add {
        /// '@user'
        #[arg(value_name = "USER")]
        person: UserArg,
        /// What they may do
        #[arg(long, value_name = "ROLE", default_value = "member")]
        role: RoleArg,
        /// No password: print a code with which they choose one (chat-cli reset), once
        #[arg(long)]
        code: bool,
    },
    /// List where an account is logged in, or a bot's token; never the tokens themselves
    Logins {
        /// '@user'
        #[arg(value_name = "USER")]
        person: UserArg,
    },
    /// End a login of an account, or all of them
    Logout {
        /// '@user'
        #[arg(value_name = "USER")]
        person: UserArg,
        /// The login's id, from user logins; all logins without
        id: Option<SessionId>,
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

impl From<RoleArg> for Role {
    fn from(role: RoleArg) -> Self {
        match role {
            RoleArg::Guest => Role::Guest,
            RoleArg::Member => Role::Member,
            RoleArg::Admin => Role::Admin,
        }
    }
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
            let role = Role::from(role);
            link.request(SetUserRole { user: person.0.clone(), role }).await?;
            done(&person.0, &format!("is now {role} on the server"), out)
        }
        UserCommand::Reset { person, drop_two_factor } => {
            let ask = ResetUser { user: person.0, second_factor: drop_two_factor };
            show_reset(&link.request(ask).await?, out)
        }
        UserCommand::Add { person, role, code } => {
            let password = match variable("CHAT_NEW_PASSWORD").filter(|_| !code) {
                None if !code => {
                    Some(new_password("set CHAT_NEW_PASSWORD, or let them choose one by a code: --code")?)
                }
                given => given,
            };
            let ask = CreateUser { name: person.0, password, role: role.into() };
            let made = link.request(ask).await?;
            match &made.reset {
                Some(reset) => show_reset(reset, out),
                None => out.put(&made, || format!("@{} can log in", made.user.name)),
            }
        }
        UserCommand::Logins { person } => {
            let held = link.request(ListSessions { user: Some(person.0) }).await?;
            held.sessions.iter().try_for_each(|session| out.put(session, || session_line(session)))
        }
        UserCommand::Logout { person, id } => {
            let ask = RevokeSession { session: id, user: Some(person.0.clone()) };
            link.request(ask).await?;
            let words = if id.is_some() { "lost that login" } else { "is logged out everywhere" };
            done(&person.0, words, out)
        }
    }
}

fn show_reset(made: &ResetCode, out: &mut Output) -> Result<(), Failure> {
    if !out.is_json() {
        let until = local_time(made.expires_at, TIME);
        eprintln!(
            "for @{}, good once, until {until}; they use it with chat-cli reset, or when logging in:",
            made.user.name
        );
    }
    out.put(made, || made.code.expose().to_owned())
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
