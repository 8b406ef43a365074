//! Accounts, and where they are logged in, looked after on the server's own machine.

use std::io::{IsTerminal, Read};

use anyhow::{Context, ensure};
use chat_proto::{
    AccountInfo, CreateUser, DisableUser, EnableUser, GivePassword, ListAccounts, ListSessions, ResetUser,
    RevokeSession, Role, SafeText, Secret, SessionId, SessionInfo, SetUserRole, Topic, UserName,
};
use clap::{Subcommand, ValueEnum};
use serde_json::json;

use super::admin::time;
use super::link::Link;
use super::output::Output;

/// Longest password read from standard input; anything more is no password.
const PASSWORD_READ_BYTES: u64 = 4 * 1024;

#[derive(Debug, Subcommand)]
pub(super) enum UserCommand {
    /// Make an account; the password is asked for, or read from standard input
    Add {
        /// Its name
        name: UserName,
        /// What it may do
        #[arg(long, value_name = "ROLE", default_value = "member")]
        role: RoleWord,
        /// No password: print a code with which its person chooses one, once
        #[arg(long, conflicts_with = "password_stdin")]
        code: bool,
        /// Read the password from standard input, up to the end of its first line
        #[arg(long)]
        password_stdin: bool,
    },
    /// Print the accounts: role, whether disabled, second factor, when last seen
    List {
        /// Only names with this in them
        query: Option<String>,
    },
    /// End all logins of an account and those of its bots, and refuse new ones
    Disable {
        /// Whose
        name: UserName,
        /// Why, for the log
        #[arg(long, value_name = "TEXT", value_parser = |text: &str| Topic::new(text))]
        reason: Option<Topic>,
    },
    /// Let a disabled account in again
    Enable {
        /// Whose
        name: UserName,
    },
    /// Give an account another role; here an owner can be made, and unmade
    Role {
        /// Whose
        name: UserName,
        /// What it may do from now on
        role: RoleWord,
    },
    /// Print a code with which somebody sets a new password, once
    Reset {
        /// Whose
        name: UserName,
        /// Using the code also takes their second factor away
        #[arg(long)]
        drop_two_factor: bool,
    },
    /// Give an account another password, asked for or from standard input; all its logins end
    Password {
        /// Whose
        name: UserName,
        /// Read the password from standard input, up to the end of its first line
        #[arg(long)]
        password_stdin: bool,
    },
    /// End all logins of an account; of a bot, its token
    Logout {
        /// Whose
        name: UserName,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum TokenCommand {
    /// Print where an account is logged in, or a bot's token; never the tokens themselves
    List {
        /// Whose
        name: UserName,
    },
    /// End one login, or a bot's token
    Revoke {
        /// Whose
        name: UserName,
        /// Its id, from the list
        id: SessionId,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum RoleWord {
    /// Sees only the people and rooms that they share
    Guest,
    /// Talks
    Member,
    /// Runs the server for the others
    Admin,
    /// Runs the server, and cannot be stopped by admins
    Owner,
}

impl From<RoleWord> for Role {
    fn from(word: RoleWord) -> Self {
        match word {
            RoleWord::Guest => Role::Guest,
            RoleWord::Member => Role::Member,
            RoleWord::Admin => Role::Admin,
            RoleWord::Owner => Role::Owner,
        }
    }
}

pub(super) async fn run(link: &mut Link, command: UserCommand, out: &mut Output) -> anyhow::Result<()> {
    match command {
        UserCommand::Add { name, role, code, password_stdin } => {
            let password = if code { None } else { Some(read_password(&name, password_stdin)?) };
            let made = link.ask(CreateUser { name, password, role: role.into() }).await?;
            match &made.reset {
                Some(reset) => out.put(reset, || reset.code.expose().to_owned()),
                None => out.put(&made.user, || format!("{} can log in", made.user.name)),
            }
        }
        UserCommand::List { query } => list(link, query, out).await,
        UserCommand::Disable { name, reason } => {
            let ask = DisableUser { user: name.clone(), reason: reason.unwrap_or_default() };
            link.ask(ask).await?;
            done(&name, "is disabled; their logins and those of their bots have ended", out)
        }
        UserCommand::Enable { name } => {
            link.ask(EnableUser { user: name.clone() }).await?;
            done(&name, "may log in again; their bots need new tokens", out)
        }
        UserCommand::Role { name, role } => {
            let role = Role::from(role);
            link.ask(SetUserRole { user: name.clone(), role }).await?;
            done(&name, &format!("is now {role}"), out)
        }
        UserCommand::Reset { name, drop_two_factor } => {
            let made = link.ask(ResetUser { user: name, second_factor: drop_two_factor }).await?;
            out.put(&made, || made.code.expose().to_owned())
        }
        UserCommand::Password { name, password_stdin } => {
            let password = read_password(&name, password_stdin)?;
            link.ask(GivePassword { user: name.clone(), password }).await?;
            done(&name, "has another password; all their logins have ended", out)
        }
        UserCommand::Logout { name } => {
            link.ask(RevokeSession { session: None, user: Some(name.clone()) }).await?;
            done(&name, "is logged out everywhere", out)
        }
    }
}

pub(super) async fn tokens(link: &mut Link, command: TokenCommand, out: &mut Output) -> anyhow::Result<()> {
    match command {
        TokenCommand::List { name } => {
            let held = link.ask(ListSessions { user: Some(name) }).await?;
            held.sessions.iter().try_for_each(|session| out.put(session, || session_line(session)))
        }
        TokenCommand::Revoke { name, id } => {
            let ask = RevokeSession { session: Some(id), user: Some(name.clone()) };
            link.ask(ask).await.context("chat-server token list NAME shows the ids")?;
            out.put(&json!({ "user": name, "id": id }), || "it is good for nothing any more".to_owned())
        }
    }
}

async fn list(link: &mut Link, query: Option<String>, out: &mut Output) -> anyhow::Result<()> {
    let mut after = None;
    loop {
        let page = link.ask(ListAccounts { query: query.clone(), after, limit: None }).await?;
        page.accounts.iter().try_for_each(|account| out.put(account, || account_line(account)))?;
        after = page.accounts.last().filter(|_| page.more).map(|account| account.user.name.clone());
        if after.is_none() {
            return Ok(());
        }
    }
}

fn done(name: &UserName, words: &str, out: &mut Output) -> anyhow::Result<()> {
    out.put(&json!({ "user": name }), || format!("{name} {words}"))
}

/// A password never stands on a command line, where everybody on the machine could read it.
fn read_password(name: &UserName, from_stdin: bool) -> anyhow::Result<Secret> {
    if !from_stdin && std::io::stdin().is_terminal() {
        let first = rpassword::prompt_password(format!("Password for {name}: "))?;
        let again = rpassword::prompt_password("Again: ")?;
        ensure!(first == again, "the two are not the same; nothing was changed");
        return Ok(Secret::new(first));
    }
    let mut text = String::new();
    std::io::stdin()
        .take(PASSWORD_READ_BYTES)
        .read_to_string(&mut text)
        .context("cannot read the password")?;
    let line = text.lines().next().unwrap_or_default();
    ensure!(!line.is_empty(), "no password came on standard input");
    Ok(Secret::new(line))
}

fn account_line(account: &AccountInfo) -> String {
    let seen = account.last_seen.map_or("never seen".to_owned(), |at| format!("last seen {}", time(at)));
    let disabled = account.disabled.map(|at| format!("disabled since {}", time(at)));
    let words = [
        Some(account.role.to_string()),
        account.user.bot.then(|| "bot".to_owned()),
        disabled,
        account.second_factor.then(|| "second factor".to_owned()),
        Some(format!("{} logins", account.sessions)),
        Some(seen),
    ];
    let words: Vec<String> = words.into_iter().flatten().collect();
    format!("{}  {}", account.user.name, words.join("  "))
}

fn session_line(session: &SessionInfo) -> String {
    let device = SafeText::line(session.device.as_str());
    format!("{}  used {}  since {}  {device}", session.id, time(session.used_at), time(session.began_at))
}
