//! What an admin does on the server's own machine: invites, accounts, rooms, lockdown, the log.

use std::time::Duration;

use anyhow::Context;
use chat_proto::{
    AuditEntry, CreateCode, InviteCode, ListAudit, ListCodes, RevokeCode, SafeText, SetLockdown, Timestamp,
    limits,
};
use clap::{Args, Subcommand};

use super::link::Link;
use super::output::Output;
use super::room::{self, RoomCommand};
use super::user::{self, RoleWord, TokenCommand, UserCommand};
use crate::config::Span;

#[derive(Debug, Subcommand)]
pub(super) enum AdminCommand {
    /// Invite people to make an account
    #[command(subcommand)]
    Invite(InviteCommand),
    /// Look after accounts
    #[command(subcommand)]
    User(UserCommand),
    /// See where accounts are logged in, and end a login or a bot's token
    #[command(subcommand)]
    Token(TokenCommand),
    /// Look over the rooms
    #[command(subcommand)]
    Room(RoomCommand),
    /// Let nobody new in: no account is made, and only admins log in by a password
    Lockdown(LockdownArgs),
    /// Print what was done to keep order, the newest first
    Audit {
        /// How many acts at most
        #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000))]
        limit: u32,
    },
}

impl AdminCommand {
    /// Whether a server may begin with this: all else asks one that is there.
    pub(super) fn sets_up(&self) -> bool {
        matches!(self, Self::Invite(InviteCommand::Create { .. }) | Self::User(UserCommand::Add { .. }))
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum InviteCommand {
    /// Make an invite code and print it; it is shown this once
    Create {
        /// What the new accounts may do
        #[arg(long, value_name = "ROLE", default_value = "member")]
        role: RoleWord,
        /// How many accounts the code makes
        #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=i64::from(limits::INVITE_USES)))]
        uses: u32,
        /// How long the code is good for
        #[arg(long, value_name = "TIME", default_value = "7d")]
        expires: Span,
    },
    /// Print the codes that still make accounts, without the codes
    List,
    /// End a code; accounts that were made with it stay
    Revoke {
        /// Its id, from the list
        id: String,
    },
}

#[derive(Debug, Args)]
pub(super) struct LockdownArgs {
    /// Open the doors again
    #[arg(long, conflicts_with = "status")]
    end: bool,
    /// Only tell how it stands
    #[arg(long)]
    status: bool,
}

/// Does what an admin typed.
pub(super) async fn run(link: &mut Link, command: AdminCommand, out: &mut Output) -> anyhow::Result<()> {
    match command {
        AdminCommand::Invite(command) => invite(link, command, out).await,
        AdminCommand::User(command) => user::run(link, command, out).await,
        AdminCommand::Token(command) => user::tokens(link, command, out).await,
        AdminCommand::Room(command) => room::run(link, command, out).await,
        AdminCommand::Lockdown(args) => {
            let on = if args.status { None } else { Some(!args.end) };
            let state = link.ask(SetLockdown { on }).await?;
            out.put(&state, || match state.since {
                Some(at) => {
                    format!("locked down since {}; chat-server lockdown --end opens the doors", time(at))
                }
                None => "the doors are open".to_owned(),
            })
        }
        AdminCommand::Audit { limit } => audit(link, limit, out).await,
    }
}

async fn invite(link: &mut Link, command: InviteCommand, out: &mut Output) -> anyhow::Result<()> {
    match command {
        InviteCommand::Create { role, uses, expires } => {
            let for_s = Some(seconds(expires.0)?);
            let made = link.ask(CreateCode { role: role.into(), uses, for_s }).await?;
            out.put(&made, || made.code.expose().to_owned())
        }
        InviteCommand::List => {
            let list = link.ask(ListCodes {}).await?;
            list.invites.iter().try_for_each(|invite| out.put(invite, || invite_line(invite)))
        }
        InviteCommand::Revoke { id } => {
            link.ask(RevokeCode { id: id.clone() }).await.context("chat-server invite list shows the ids")?;
            out.put(&serde_json::json!({ "id": id }), || "it makes no more accounts".to_owned())
        }
    }
}

async fn audit(link: &mut Link, limit: u32, out: &mut Output) -> anyhow::Result<()> {
    let (mut left, mut cursor) = (limit, None);
    loop {
        let ask = ListAudit { conversation: None, cursor, limit: Some(left.min(limits::LIST_PAGE)) };
        let page = link.ask(ask).await?;
        page.entries.iter().try_for_each(|entry| out.put(entry, || audit_line(entry)))?;
        left = left.saturating_sub(u32::try_from(page.entries.len()).unwrap_or(u32::MAX));
        cursor = page.cursor;
        if cursor.is_none() || left == 0 {
            return Ok(());
        }
    }
}

fn seconds(time: Duration) -> anyhow::Result<u32> {
    u32::try_from(time.as_secs()).context("that is longer than a hundred years; choose a shorter time")
}

fn invite_line(invite: &InviteCode) -> String {
    let until = invite.until.map_or_else(|| "for good".to_owned(), |at| format!("until {}", time(at)));
    format!("{}  {} left for {}  {until}", invite.id, invite.uses, invite.role)
}

fn audit_line(entry: &AuditEntry) -> String {
    let target = entry.target.as_ref().map(|person| format!(" {}", person.name)).unwrap_or_default();
    let room = entry.room.as_ref().map(|room| format!(" in #{room}")).unwrap_or_default();
    let reason = Some(entry.reason.as_str()).filter(|reason| !reason.is_empty());
    let reason = reason.map(|reason| format!(": {}", SafeText::line(reason))).unwrap_or_default();
    format!("{}  {} {}{target}{room}{reason}", time(entry.at), entry.actor.name, entry.act)
}

/// A time as ISO 8601, in the zone of the machine.
pub(super) fn time(at: Timestamp) -> String {
    let moment = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    moment.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string()
}
