//! The commands of those who keep order: ban, mute, purge, reports, audit; and report, for everybody.

use std::time::Duration;

use chat_client::link::Link;
use chat_proto::{
    AuditEntry, Ban, BanMember, BanUser, CloseReport, ConversationId, CreateReport, ListAudit, ListBans,
    ListReports, MuteMember, MuteUser, Purge, Report, ReportId, Seq, Topic, UnbanMember, UnbanUser,
    UnmuteMember, UnmuteUser, UserName, Welcome,
};
use clap::{Args, Subcommand};
use serde_json::json;

use super::args::{MessageArgs, UserArg};
use super::failure::Failure;
use super::output::{Output, local_time};
use super::target::{self, Target};
use super::who::Who;
use super::words::{for_how_long, words};

/// How times are shown in lists.
const TIME: &str = "%Y-%m-%d %H:%M";

/// The commands that keep order, in a room or on the whole server.
#[derive(Subcommand)]
pub(super) enum OrderCommand {
    /// Put somebody out of a room, or off the server, and keep them out
    #[command(allow_missing_positional = true)]
    Ban(PenaltyArgs),
    /// End a ban
    #[command(allow_missing_positional = true)]
    Unban(WhomArgs),
    /// Let somebody only read, in a room or on the server
    #[command(allow_missing_positional = true)]
    Mute(PenaltyArgs),
    /// End a mute
    #[command(allow_missing_positional = true)]
    Unmute(WhomArgs),
    /// List the bans of a room, or of the server
    Bans {
        /// '#room'; the whole server if it is not given
        target: Option<Target>,
        /// The mutes in place of the bans
        #[arg(long)]
        mutes: bool,
    },
    /// Delete what somebody wrote in the last hour, in a room or everywhere
    #[command(allow_missing_positional = true)]
    Purge {
        #[command(flatten)]
        whom: WhomArgs,
        /// Only of this time, like 10m
        #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
        within: Option<Duration>,
        /// Why, for the log
        #[arg(long, value_name = "TEXT", value_parser = |text: &str| Topic::new(text))]
        reason: Option<Topic>,
    },
    /// Report a message to those who keep order; it is shown to them
    Report {
        #[command(flatten)]
        message: MessageArgs,
        /// What is wrong with it
        #[arg(long, value_name = "TEXT", value_parser = |text: &str| Topic::new(text))]
        reason: Option<Topic>,
    },
    /// List the reports of a room or of the server, or close one
    Reports {
        /// '#room'; the whole server if it is not given
        target: Option<Target>,
        /// Closed ones as well
        #[arg(long)]
        all: bool,
        /// Close this one
        #[arg(long, value_name = "ID", conflicts_with_all = ["target", "all"])]
        close: Option<ReportId>,
        /// What was done about it
        #[arg(long, value_name = "TEXT", requires = "close", value_parser = |text: &str| Topic::new(text))]
        note: Option<Topic>,
        /// At most so many
        #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=200))]
        limit: u32,
    },
    /// List what was done to keep order, in a room or on the server
    Audit {
        /// '#room'; the whole server if it is not given
        target: Option<Target>,
        /// At most so many
        #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=200))]
        limit: u32,
    },
}

/// Somebody, in a room or on the server.
#[derive(Args)]
pub(super) struct WhomArgs {
    /// '#room'
    #[arg(required_unless_present = "whole_server", conflicts_with = "whole_server")]
    target: Option<Target>,
    /// '@user'
    #[arg(value_name = "USER", required = true)]
    person: UserArg,
    /// On the whole server, in place of a room
    #[arg(long)]
    whole_server: bool,
}

/// A ban or a mute.
#[derive(Args)]
pub(super) struct PenaltyArgs {
    #[command(flatten)]
    whom: WhomArgs,
    /// For this time, like 1h; for good if it is not given
    #[arg(long = "for", value_name = "TIME", value_parser = humantime::parse_duration)]
    time: Option<Duration>,
    /// Why, for them and for everybody in the room to read
    #[arg(long, value_name = "TEXT", value_parser = |text: &str| Topic::new(text))]
    reason: Option<Topic>,
}

/// Does one of them.
///
/// # Errors
/// As the exit codes say.
pub(super) async fn run(who: &Who, command: OrderCommand, out: &mut Output) -> Result<(), Failure> {
    let (mut link, welcome) = who.link().await?;
    let done = keep(&mut link, &welcome, command, out).await;
    link.close().await;
    done
}

async fn keep(
    link: &mut Link,
    welcome: &Welcome,
    command: OrderCommand,
    out: &mut Output,
) -> Result<(), Failure> {
    match command {
        OrderCommand::Ban(args) => ban(link, welcome, args, out).await,
        OrderCommand::Mute(args) => mute(link, welcome, args, out).await,
        OrderCommand::Unban(WhomArgs { target, person, .. }) => {
            let user = person.0.clone();
            let conversation = place(link, welcome, target.as_ref()).await?;
            match conversation {
                Some(conversation) => link.request(UnbanMember { conversation, user }).await?,
                None => link.request(UnbanUser { user }).await?,
            };
            done(conversation, &person.0, out, "ended the ban of")
        }
        OrderCommand::Unmute(WhomArgs { target, person, .. }) => {
            let user = person.0.clone();
            let conversation = place(link, welcome, target.as_ref()).await?;
            match conversation {
                Some(conversation) => link.request(UnmuteMember { conversation, user }).await?,
                None => link.request(UnmuteUser { user }).await?,
            };
            done(conversation, &person.0, out, "ended the mute of")
        }
        OrderCommand::Bans { target, mutes } => bans(link, welcome, target.as_ref(), mutes, out).await,
        OrderCommand::Purge { whom, within, reason } => {
            let conversation = place(link, welcome, whom.target.as_ref()).await?;
            let (user, within_s) = (whom.person.0.clone(), within.map(seconds));
            let ask = Purge { user, conversation, within_s, reason: reason.unwrap_or_default() };
            let purged = link.request(ask).await?;
            out.put(&purged, || {
                let more = if purged.more { "; there are more, so purge again" } else { "" };
                format!("deleted {} messages by @{}{more}", purged.deleted, whom.person.0)
            })
        }
        OrderCommand::Report { message, reason } => {
            let conversation = target::find(link, welcome, &message.target).await?.id;
            let (seq, reason) = (Seq(message.seq), reason.unwrap_or_default());
            link.request(CreateReport { conversation, seq, reason }).await?;
            out.put(&json!({ "conversation": conversation, "seq": seq }), || format!("reported {seq}"))
        }
        OrderCommand::Reports { close: Some(report), note, .. } => {
            link.request(CloseReport { report, note: note.unwrap_or_default() }).await?;
            out.put(&json!({ "report": report }), || "closed the report".to_owned())
        }
        OrderCommand::Reports { target, all, limit, .. } => {
            let conversation = place(link, welcome, target.as_ref()).await?;
            let ask = ListReports { conversation, all, cursor: None, limit: Some(limit) };
            let page = link.request(ask).await?;
            page.reports.iter().try_for_each(|report| out.put(report, || report_line(report)))
        }
        OrderCommand::Audit { target, limit } => {
            let conversation = place(link, welcome, target.as_ref()).await?;
            let page = link.request(ListAudit { conversation, cursor: None, limit: Some(limit) }).await?;
            page.entries.iter().try_for_each(|entry| out.put(entry, || audit_line(entry)))
        }
    }
}

async fn ban(link: &mut Link, welcome: &Welcome, args: PenaltyArgs, out: &mut Output) -> Result<(), Failure> {
    let (for_s, reason, user) = (args.time.map(seconds), args.reason.unwrap_or_default(), args.whom.person.0);
    let conversation = place(link, welcome, args.whom.target.as_ref()).await?;
    match conversation {
        Some(conversation) => {
            link.request(BanMember { conversation, user: user.clone(), for_s, reason }).await?
        }
        None => link.request(BanUser { user: user.clone(), for_s, reason }).await?,
    };
    done(conversation, &user, out, "banned")
}

async fn mute(
    link: &mut Link,
    welcome: &Welcome,
    args: PenaltyArgs,
    out: &mut Output,
) -> Result<(), Failure> {
    let (for_s, reason, user) = (args.time.map(seconds), args.reason.unwrap_or_default(), args.whom.person.0);
    let conversation = place(link, welcome, args.whom.target.as_ref()).await?;
    match conversation {
        Some(conversation) => {
            link.request(MuteMember { conversation, user: user.clone(), for_s, reason }).await?
        }
        None => link.request(MuteUser { user: user.clone(), for_s, reason }).await?,
    };
    done(conversation, &user, out, "muted")
}

async fn bans(
    link: &mut Link,
    welcome: &Welcome,
    target: Option<&Target>,
    mutes: bool,
    out: &mut Output,
) -> Result<(), Failure> {
    let conversation = place(link, welcome, target).await?;
    let mut after = None;
    loop {
        let page = link.request(ListBans { conversation, mutes, after, limit: None }).await?;
        page.bans.iter().try_for_each(|ban| out.put(ban, || ban_line(ban)))?;
        after = page.bans.last().map(|ban| ban.user.name.clone());
        if !page.more || after.is_none() {
            return Ok(());
        }
    }
}

/// The room that is named; none for the whole server.
async fn place(
    link: &mut Link,
    welcome: &Welcome,
    target: Option<&Target>,
) -> Result<Option<ConversationId>, Failure> {
    match target {
        Some(target) => Ok(Some(target::find(link, welcome, target).await?.id)),
        None => Ok(None),
    }
}

fn done(
    conversation: Option<ConversationId>,
    user: &UserName,
    out: &mut Output,
    what: &str,
) -> Result<(), Failure> {
    let thing = match conversation {
        Some(conversation) => json!({ "conversation": conversation, "user": user }),
        None => json!({ "user": user }),
    };
    out.put(&thing, || format!("{what} @{user}"))
}

/// Whole seconds, at least one: a penalty of no time is none.
fn seconds(time: Duration) -> u32 {
    u32::try_from(time.as_secs()).unwrap_or(u32::MAX).max(1)
}

fn ban_line(ban: &Ban) -> String {
    let at = local_time(ban.at, TIME);
    format!("@{} by @{} since {at}{}", ban.user.name, ban.by.name, for_how_long(ban.until, &ban.reason))
}

fn report_line(report: &Report) -> String {
    let place = report.room.as_ref().map_or("a direct".to_owned(), |room| format!("#{room}"));
    let reason = if report.reason.is_empty() { String::new() } else { format!(": {}", report.reason) };
    let closed = report.closed.as_ref().map_or_else(String::new, |closed| {
        let note = if closed.note.is_empty() { String::new() } else { format!(": {}", closed.note) };
        format!("\n  closed by @{}{note}", closed.by.name)
    });
    format!(
        "{} {} @{} reports message {} in {place}{reason}\n  {}{closed}",
        report.id,
        local_time(report.at, TIME),
        report.by.name,
        report.event.seq,
        words(&report.event, None).replace('\n', "\n  "),
    )
}

fn audit_line(entry: &AuditEntry) -> String {
    let mut line = format!("{} @{} {}", local_time(entry.at, TIME), entry.actor.name, entry.act);
    if let Some(target) = &entry.target {
        line.push_str(&format!(" @{}", target.name));
    }
    if let Some(room) = &entry.room {
        line.push_str(&format!(" in #{room}"));
    }
    let details = &entry.details;
    let seq = details.seq.map(|seq| format!("message {seq}"));
    let messages = details.messages.map(|messages| format!("{messages} messages"));
    let rules = details.rules.map(super::words::rules_in_words);
    let until = details.until.map(|until| format!("until {}", local_time(until, TIME)));
    let name = details.name.as_ref().map(|name| format!("#{name}"));
    for detail in [seq, messages, details.role.clone(), rules, name, until].into_iter().flatten() {
        line.push_str(&format!(" ({detail})"));
    }
    if !entry.reason.is_empty() {
        line.push_str(&format!(": {}", entry.reason));
    }
    line
}
