//! Rooms, looked after on the server's own machine: how large they are, never what is said there.

use anyhow::{Context, bail};
use chat_proto::{RoomName, RoomRules, RoomSurvey, SetRules, SurveyRooms, limits};
use clap::Subcommand;

use super::admin::time;
use super::link::Link;
use super::output::Output;

#[derive(Debug, Subcommand)]
pub(super) enum RoomCommand {
    /// Print all rooms and how large they are, the private ones too
    List,
    /// End writing in a room; its people can read all that was said
    Archive {
        /// Which
        name: RoomName,
        /// Let them write again
        #[arg(long)]
        undo: bool,
    },
    /// Delete messages of a room after some days, really
    Retention {
        /// Which
        name: RoomName,
        /// After so many days; 0 for as long as the server keeps messages
        #[arg(value_parser = clap::value_parser!(u32).range(0..=i64::from(limits::KEEP_DAYS)))]
        days: u32,
    },
}

pub(super) async fn run(link: &mut Link, command: RoomCommand, out: &mut Output) -> anyhow::Result<()> {
    match command {
        RoomCommand::List => {
            let mut after = None;
            loop {
                let (rooms, more) = page(link, after).await?;
                rooms.iter().try_for_each(|room| out.put(room, || room_line(room)))?;
                after = more;
                if after.is_none() {
                    return Ok(());
                }
            }
        }
        RoomCommand::Archive { name, undo } => {
            let mut room = find(link, &name).await?;
            room.archived = !undo;
            let rules = RoomRules { archived: !undo, ..room.rules };
            set(link, room, rules, out).await
        }
        RoomCommand::Retention { name, days } => {
            let room = find(link, &name).await?;
            let rules = RoomRules { keep_days: days, ..room.rules };
            set(link, room, rules, out).await
        }
    }
}

async fn set(
    link: &mut Link,
    mut room: RoomSurvey,
    rules: RoomRules,
    out: &mut Output,
) -> anyhow::Result<()> {
    if rules != room.rules {
        link.ask(SetRules { conversation: room.id, rules }).await?;
    }
    room.rules = rules;
    out.put(&room, || room_line(&room))
}

async fn find(link: &mut Link, name: &RoomName) -> anyhow::Result<RoomSurvey> {
    let mut after = None;
    loop {
        let (rooms, more) = page(link, after).await?;
        if let Some(room) = rooms.into_iter().find(|room| room.name == *name) {
            return Ok(room);
        }
        after = more;
        if after.is_none() {
            bail!("there is no room called #{name}; chat-server room list shows them");
        }
    }
}

/// A page, and after which name the next one begins, if there is one.
async fn page(
    link: &mut Link,
    after: Option<RoomName>,
) -> anyhow::Result<(Vec<RoomSurvey>, Option<RoomName>)> {
    let page = link.ask(SurveyRooms { after, limit: None }).await.context("cannot list the rooms")?;
    let more = page.rooms.last().filter(|_| page.more).map(|room| room.name.clone());
    Ok((page.rooms, more))
}

fn room_line(room: &RoomSurvey) -> String {
    let kept = match room.rules.keep_days {
        0 => String::new(),
        days => format!("  kept {days} d"),
    };
    let marks = [(room.private, "  private"), (room.archived, "  archived")];
    let marks: String = marks.iter().filter(|(is, _)| *is).map(|(_, word)| *word).collect();
    let (name, members, messages) = (&room.name, room.members, room.messages);
    format!("#{name}  {members} members  {messages} messages  active {}{marks}{kept}", time(room.active_at))
}
