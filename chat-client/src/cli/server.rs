//! The commands of those who run the server, about the server: admin.

use std::time::Duration;

use chat_client::link::Link;
use chat_proto::{
    CreateCode, InviteCode, ListCodes, RevokeCode, Role, RoomSurvey, SafeText, SetLockdown, SurveyRooms,
    limits,
};
use clap::{Args, Subcommand};
use serde_json::json;

use super::administration::RoleArg;
use super::failure::Failure;
use super::output::{Output, local_time};
use super::who::Who;

/// How times are shown.
const TIME: &str = "%Y-%m-%d %H:%M";

/// What those who run the server do about it.
#[derive(Subcommand)]
pub(super) enum AdminCommand {
    /// Codes with which people make an account
    #[command(subcommand)]
    Invite(InviteCommand),
    /// Let nobody new in: no account is made, and only admins log in by a password
    Lockdown(LockdownArgs),
    /// List all rooms and how large they are, the private ones too
    Rooms,
}

/// What is done with invite codes.
#[derive(Subcommand)]
pub(super) enum InviteCommand {
    /// Make a code and print it; it is shown this once
    Create {
        /// What the new accounts may do
        #[arg(long, value_name = "ROLE", default_value = "member")]
        role: RoleArg,
        /// How many accounts the code makes
        #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=i64::from(limits::INVITE_USES)))]
        uses: u32,
        /// How long the code is good for
        #[arg(long, value_name = "TIME", default_value = "7d", value_parser = humantime::parse_duration)]
        expires: Duration,
    },
    /// List the codes that still make accounts, without the codes
    List,
    /// End a code; accounts that were made with it stay
    Revoke {
        /// Its id, from the list
        id: String,
    },
}

/// Begin a lockdown, end it, or look.
#[derive(Args)]
pub(super) struct LockdownArgs {
    /// Open the doors again
    #[arg(long, conflicts_with = "status")]
    end: bool,
    /// Only tell how it stands
    #[arg(long)]
    status: bool,
}

/// Does what one of these commands says.
///
/// # Errors
/// As the exit codes say.
pub(super) async fn run(who: &Who, command: AdminCommand, out: &mut Output) -> Result<(), Failure> {
    let (mut link, _) = who.link().await?;
    let done = match command {
        AdminCommand::Invite(command) => invite(&mut link, command, out).await,
        AdminCommand::Lockdown(args) => lockdown(&mut link, &args, out).await,
        AdminCommand::Rooms => rooms(&mut link, out).await,
    };
    link.close().await;
    done
}

async fn invite(link: &mut Link, command: InviteCommand, out: &mut Output) -> Result<(), Failure> {
    match command {
        InviteCommand::Create { role, uses, expires } => {
            let for_s = Some(u32::try_from(expires.as_secs()).unwrap_or(u32::MAX));
            let made = link.request(CreateCode { role: Role::from(role), uses, for_s }).await?;
            if !out.is_json() {
                eprintln!("{}; it is shown this once:", code_line(&made.invite));
            }
            out.put(&made, || made.code.expose().to_owned())
        }
        InviteCommand::List => {
            let list = link.request(ListCodes {}).await?;
            list.invites.iter().try_for_each(|invite| out.put(invite, || code_line(invite)))
        }
        InviteCommand::Revoke { id } => {
            link.request(RevokeCode { id: id.clone() }).await?;
            out.put(&json!({ "id": id }), || "it makes no more accounts".to_owned())
        }
    }
}

async fn lockdown(link: &mut Link, args: &LockdownArgs, out: &mut Output) -> Result<(), Failure> {
    let on = if args.status { None } else { Some(!args.end) };
    let state = link.request(SetLockdown { on }).await?;
    out.put(&state, || match state.since {
        Some(at) => {
            format!(
                "locked down since {}; chat-cli admin lockdown --end opens the doors",
                local_time(at, TIME)
            )
        }
        None => "the doors are open".to_owned(),
    })
}

async fn rooms(link: &mut Link, out: &mut Output) -> Result<(), Failure> {
    let mut after = None;
    loop {
        let page = link.request(SurveyRooms { after, limit: None }).await?;
        page.rooms.iter().try_for_each(|room| out.put(room, || room_line(room)))?;
        after = page.rooms.last().filter(|_| page.more).map(|room| room.name.clone());
        if after.is_none() {
            return Ok(());
        }
    }
}

fn code_line(invite: &InviteCode) -> String {
    let until =
        invite.until.map_or_else(|| "for good".to_owned(), |at| format!("until {}", local_time(at, TIME)));
    SafeText::line(&format!("{} {} left for {} · {until}", invite.id, invite.uses, invite.role)).to_string()
}

fn room_line(room: &RoomSurvey) -> String {
    let mut line = format!(
        "#{} {} members · {} messages · active {}",
        room.name,
        room.members,
        room.messages,
        local_time(room.active_at, TIME)
    );
    for (is, word) in [(room.private, " · private"), (room.archived, " · archived")] {
        if is {
            line.push_str(word);
        }
    }
    if room.rules.keep_days > 0 {
        line.push_str(&format!(" · kept {} d", room.rules.keep_days));
    }
    line
}
