//! The commands about people: profile, status, block, privacy; and readers of a message.

use std::time::Duration;

use chat_client::link::Link;
use chat_proto::{
    DisplayName, Emoji, GetProfile, GetReaders, ListBlocked, Privacy, Profile, Seq, SetBlock, SetPrivacy,
    SetProfile, Status, StatusText, Timestamp, UserName, Welcome, Zone,
};
use clap::{Args, Subcommand};
use serde_json::json;

use super::args::{MessageArgs, Switch, UserArg};
use super::failure::Failure;
use super::output::{Output, local_time};
use super::target;
use super::who::Who;
use super::words::status_words;

/// How times are shown.
const TIME: &str = "%Y-%m-%d %H:%M";

/// The commands about people.
#[derive(Subcommand)]
pub(super) enum PeopleCommand {
    /// Print what somebody says of themselves, or say it of oneself
    Profile {
        /// '@user'; oneself if it is not given
        #[arg(value_name = "USER")]
        person: Option<UserArg>,
        /// A name in one's own spelling; '' for none
        #[arg(long, value_name = "TEXT", conflicts_with = "person", value_parser = |text: &str| DisplayName::new(text))]
        name: Option<DisplayName>,
        /// The time zone where one is, like Europe/Zurich; '' for none
        #[arg(long, value_name = "ZONE", conflicts_with = "person", value_parser = |text: &str| Zone::new(text))]
        zone: Option<Zone>,
    },
    /// Print or set what one is doing
    Status(StatusArgs),
    /// Block somebody: they cannot write to one, and neither sees how the other comes and goes
    Block {
        /// '@user'
        #[arg(value_name = "USER")]
        person: UserArg,
    },
    /// End a block
    Unblock {
        /// '@user'
        #[arg(value_name = "USER")]
        person: UserArg,
    },
    /// List whom one blocks
    Blocked,
    /// Print or set what one shows to others, and is shown of them
    Privacy(PrivacyArgs),
    /// List who has read a message
    Readers {
        #[command(flatten)]
        message: MessageArgs,
    },
}

/// What `status` understands.
#[derive(Args)]
pub(super) struct StatusArgs {
    /// What one is doing, in a few words
    #[arg(value_parser = |text: &str| StatusText::new(text))]
    text: Option<StatusText>,
    /// As a picture
    #[arg(long, value_parser = |text: &str| Emoji::new(text))]
    emoji: Option<Emoji>,
    /// It ends by itself after this time, like 2h
    #[arg(long = "for", value_name = "TIME", value_parser = humantime::parse_duration)]
    time: Option<Duration>,
    /// Take it away
    #[arg(long, conflicts_with_all = ["text", "emoji", "time"])]
    clear: bool,
}

/// What `privacy` understands.
#[derive(Args)]
pub(super) struct PrivacyArgs {
    /// What one has read
    #[arg(long, value_name = "on|off")]
    read_receipts: Option<Switch>,
    /// That one is writing
    #[arg(long, value_name = "on|off")]
    typing: Option<Switch>,
    /// When one was last online
    #[arg(long, value_name = "on|off")]
    last_seen: Option<Switch>,
}

/// Does one of them.
///
/// # Errors
/// As the exit codes say.
pub(super) async fn run(who: &Who, command: PeopleCommand, out: &mut Output) -> Result<(), Failure> {
    let (mut link, welcome) = who.link().await?;
    let done = with(&mut link, &welcome, command, out).await;
    link.close().await;
    done
}

async fn with(
    link: &mut Link,
    welcome: &Welcome,
    command: PeopleCommand,
    out: &mut Output,
) -> Result<(), Failure> {
    match command {
        PeopleCommand::Profile { person, name: None, zone: None } => {
            let user = person.map_or_else(|| welcome.user.name.clone(), |person| person.0);
            let profile = link.request(GetProfile { user }).await?;
            out.put(&profile, || profile_lines(&profile))
        }
        PeopleCommand::Profile { name, zone, .. } => {
            let ask = SetProfile { display_name: name, zone, status: None };
            let profile = link.request(ask).await?;
            out.put(&profile, || profile_lines(&profile))
        }
        PeopleCommand::Status(args) => status(link, welcome, args, out).await,
        PeopleCommand::Block { person } => block(link, person.0, true, out).await,
        PeopleCommand::Unblock { person } => block(link, person.0, false, out).await,
        PeopleCommand::Blocked => {
            let list = link.request(ListBlocked {}).await?;
            list.people.iter().try_for_each(|person| out.put(person, || format!("@{}", person.name)))
        }
        PeopleCommand::Privacy(args) => {
            let is_on = |switch: Option<Switch>| switch.map(|switch| switch == Switch::On);
            let ask = SetPrivacy {
                read_receipts: is_on(args.read_receipts),
                typing: is_on(args.typing),
                last_seen: is_on(args.last_seen),
            };
            let privacy = link.request(ask).await?;
            out.put(&privacy, || privacy_words(privacy))
        }
        PeopleCommand::Readers { message } => {
            let conversation = target::find(link, welcome, &message.target).await?.id;
            let answer = link.request(GetReaders { conversation, seq: Seq(message.seq) }).await?;
            answer.readers.iter().try_for_each(|person| out.put(person, || format!("@{}", person.name)))
        }
    }
}

async fn status(
    link: &mut Link,
    welcome: &Welcome,
    args: StatusArgs,
    out: &mut Output,
) -> Result<(), Failure> {
    let StatusArgs { text, emoji, time, clear } = args;
    let profile = if text.is_none() && emoji.is_none() && !clear {
        link.request(GetProfile { user: welcome.user.name.clone() }).await?
    } else {
        let until = time.map(|time| {
            let ms = i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
            Timestamp(jiff::Timestamp::now().as_millisecond().saturating_add(ms))
        });
        let status = Some(Status { emoji, text: text.unwrap_or_default(), until });
        link.request(SetProfile { status, ..SetProfile::default() }).await?
    };
    out.put(&profile, || match status_words(&profile.status) {
        words if words.is_empty() => "no status".to_owned(),
        words => format!("{words}{}", until_words(&profile.status)),
    })
}

async fn block(link: &mut Link, user: UserName, on: bool, out: &mut Output) -> Result<(), Failure> {
    link.request(SetBlock { user: user.clone(), on }).await?;
    out.put(&json!({ "user": user, "on": on }), || match on {
        true => format!("blocked @{user}"),
        false => format!("ended the block of @{user}"),
    })
}

fn until_words(status: &Status) -> String {
    status.until.map(|until| format!(" until {}", local_time(until, TIME))).unwrap_or_default()
}

fn profile_lines(profile: &Profile) -> String {
    let mut lines =
        vec![format!("@{}, {} since {}", profile.user.name, profile.role, local_time(profile.since, TIME))];
    if !profile.display_name.is_empty() {
        lines.push(format!("  name: {}", profile.display_name));
    }
    if !profile.status.is_empty() {
        lines.push(format!("  status: {}{}", status_words(&profile.status), until_words(&profile.status)));
    }
    if !profile.zone.is_empty() {
        lines.push(format!("  time zone: {}", profile.zone));
    }
    if let Some(seen) = profile.last_seen {
        lines.push(format!("  last online: {}", local_time(seen, TIME)));
    }
    lines.join("\n")
}

fn privacy_words(privacy: Privacy) -> String {
    let word = |on: bool| if on { "on" } else { "off" };
    format!(
        "read receipts: {}\ntyping: {}\nlast seen: {}",
        word(privacy.read_receipts),
        word(privacy.typing),
        word(privacy.last_seen)
    )
}
