//! The commands about what calls for a person: inbox, threads, follow, notify, dnd.

use std::collections::HashMap;
use std::time::Duration;

use chat_client::link::Link;
use chat_proto::{
    Conversation, ConversationId, Dnd, DndState, Event, FollowThread, FollowedThread, GetConversation,
    InboxItem, ListInbox, ListSaved, ListThreads, MarkInbox, Notify, NotifyLevel, NotifyState, Position,
    Reason, Schedule, Seq, SetDnd, SetNotify, SetSaved, SetStar, Timestamp, Welcome, ZoneName,
};
use jiff::tz::TimeZone;

use super::args::{AttentionCommand, DndArgs, InboxArgs, NotifyArgs};
use super::failure::Failure;
use super::output::{Output, local_time, title};
use super::target::{self, Spot, Target};
use super::who::Who;
use super::words::set_in;

/// Most pages of a list that one command asks for.
const PAGES: usize = 100;

/// Runs one of them.
///
/// # Errors
/// As the exit codes say.
pub(crate) async fn run(who: &Who, command: AttentionCommand, out: &mut Output) -> Result<(), Failure> {
    let (mut link, welcome) = who.link().await?;
    let mut desk = Desk { titles: welcome.conversations.iter().map(named).collect(), link: &mut link };
    let done = match command {
        AttentionCommand::Inbox(args) => desk.inbox(args, out).await,
        AttentionCommand::Threads { unread, limit } => desk.threads(unread, limit, out).await,
        AttentionCommand::Follow { target, seq, remove } => {
            desk.follow(&welcome, target, seq, !remove, out).await
        }
        AttentionCommand::Save { target, seq, remove } => {
            desk.save(&welcome, target, seq, !remove, out).await
        }
        AttentionCommand::Saved { limit } => desk.saved(limit, out).await,
        AttentionCommand::Star { target, remove } => desk.star(&welcome, &target, !remove, out).await,
        AttentionCommand::Notify(args) => desk.notify(&welcome, args, out).await,
        AttentionCommand::Dnd(args) => desk.dnd(&welcome, args, out).await,
    };
    link.close().await;
    done
}

struct Desk<'a> {
    link: &'a mut Link,
    titles: HashMap<ConversationId, String>,
}

impl Desk<'_> {
    async fn inbox(&mut self, args: InboxArgs, out: &mut Output) -> Result<(), Failure> {
        if args.clear {
            let state = self.link.request(MarkInbox { all: true, ..MarkInbox::default() }).await?;
            return out.put(&state, || "everything in the inbox is read".to_owned());
        }
        let (mut cursor, mut left) = (None, args.limit);
        let mut printed: Vec<Position> = Vec::new();
        for _ in 0..PAGES {
            let ask = ListInbox { unread_only: !args.all, cursor, limit: Some(left) };
            let page = self.link.request(ask).await?;
            for item in &page.items {
                let place = self.title(item.event.conversation).await?;
                out.put(item, || item_in_words(item, &place))?;
                printed.push(Position { conversation: item.event.conversation, seq: item.event.seq });
            }
            left = left.saturating_sub(u32::try_from(page.items.len()).unwrap_or(left));
            match page.cursor {
                Some(next) if left > 0 => cursor = Some(next),
                _ => break,
            }
        }
        if printed.is_empty() && !out.is_json() {
            eprintln!("chat-cli: nothing here{}", if args.all { "" } else { " that is not read" });
        }
        if args.mark_read {
            for items in printed.chunks(chat_proto::limits::INBOX_MARKS) {
                self.link.request(MarkInbox { items: items.to_vec(), ..MarkInbox::default() }).await?;
            }
        }
        Ok(())
    }

    async fn threads(&mut self, unread: bool, limit: u32, out: &mut Output) -> Result<(), Failure> {
        let (mut cursor, mut left) = (None, limit);
        for _ in 0..PAGES {
            let ask = ListThreads { unread_only: unread, cursor, limit: Some(left) };
            let page = self.link.request(ask).await?;
            for thread in &page.threads {
                let place = self.title(thread.root.conversation).await?;
                out.put(thread, || thread_in_words(thread, &place))?;
            }
            left = left.saturating_sub(u32::try_from(page.threads.len()).unwrap_or(left));
            match page.cursor {
                Some(next) if left > 0 => cursor = Some(next),
                _ => break,
            }
        }
        Ok(())
    }

    async fn follow(
        &mut self,
        welcome: &Welcome,
        spot: Spot,
        seq: Option<u64>,
        on: bool,
        out: &mut Output,
    ) -> Result<(), Failure> {
        let (target, thread) = place_of(spot, seq)?;
        let conversation = target::find(self.link, welcome, &target).await?.id;
        let state = self.link.request(FollowThread { conversation, thread, on }).await?;
        out.put(&state, || match on {
            true => format!("following thread {thread} of {target}"),
            false => format!("not following thread {thread} of {target} any more"),
        })
    }

    async fn save(
        &mut self,
        welcome: &Welcome,
        spot: Spot,
        seq: Option<u64>,
        on: bool,
        out: &mut Output,
    ) -> Result<(), Failure> {
        let (target, seq) = place_of(spot, seq)?;
        let conversation = target::find(self.link, welcome, &target).await?.id;
        let state = self.link.request(SetSaved { conversation, seq, on }).await?;
        out.put(&state, || match on {
            true => format!("saved message {seq} of {target}"),
            false => format!("message {seq} of {target} is not saved any more"),
        })
    }

    async fn saved(&mut self, limit: u32, out: &mut Output) -> Result<(), Failure> {
        let (mut cursor, mut left) = (None, limit);
        for _ in 0..PAGES {
            let page = self.link.request(ListSaved { cursor, limit: Some(left) }).await?;
            for event in &page.messages {
                let place = self.title(event.conversation).await?;
                out.put(event, || saved_in_words(event, &place))?;
            }
            left = left.saturating_sub(u32::try_from(page.messages.len()).unwrap_or(left));
            match page.cursor {
                Some(next) if left > 0 => cursor = Some(next),
                _ => break,
            }
        }
        Ok(())
    }

    async fn star(
        &mut self,
        welcome: &Welcome,
        target: &Target,
        on: bool,
        out: &mut Output,
    ) -> Result<(), Failure> {
        let conversation = target::find(self.link, welcome, target).await?.id;
        let state = self.link.request(SetStar { conversation, on }).await?;
        out.put(&state, || match on {
            true => format!("starred {target}"),
            false => format!("{target} is not starred any more"),
        })
    }

    async fn notify(&mut self, welcome: &Welcome, args: NotifyArgs, out: &mut Output) -> Result<(), Failure> {
        let row = target::find(self.link, welcome, &args.target).await?;
        let asked = args.level.is_some() || args.mute.is_some() || args.unmute;
        let state = if asked {
            let level = args.level.map_or(row.notify.level, |level| level.level());
            let mute_s = match args.mute {
                Some(time) => Some(time.as_secs()),
                None if args.unmute => None,
                // The server keeps no time that is not said again.
                None => left_of(row.notify.muted_until, self.link.hello().server_time),
            };
            self.link.request(SetNotify { conversation: row.id, level, mute_s }).await?
        } else {
            NotifyState { conversation: row.id, notify: row.notify }
        };
        out.put(&state, || notify_in_words(&row, state.notify))
    }

    async fn dnd(&mut self, welcome: &Welcome, args: DndArgs, out: &mut Output) -> Result<(), Failure> {
        let schedule = match (args.from, args.to) {
            (Some(from), Some(to)) => {
                let days = args.days.iter().map(|day| day.0).collect();
                let zone = args.zone.map_or_else(own_zone, Ok)?;
                Some(Schedule { from, to, days, zone })
            }
            _ => None,
        };
        let asked = args.off || args.pause.is_some() || schedule.is_some();
        let state = if asked {
            let now = &welcome.dnd;
            let kept = |schedule: Option<Schedule>| schedule.or_else(|| now.schedule.clone());
            let for_s = match args.pause {
                Some(time) => Some(time.as_secs()),
                None => left_of(now.until, self.link.hello().server_time),
            };
            let ask = match args.off {
                true => SetDnd::default(),
                false => SetDnd { for_s, schedule: kept(schedule) },
            };
            self.link.request(ask).await?
        } else {
            DndState { dnd: welcome.dnd.clone() }
        };
        out.put(&state, || dnd_in_words(&state.dnd))
    }

    async fn title(&mut self, id: ConversationId) -> Result<String, Failure> {
        if !self.titles.contains_key(&id) {
            self.titles.extend([named(&self.link.request(GetConversation { conversation: id }).await?)]);
        }
        Ok(self.titles.get(&id).cloned().unwrap_or_default())
    }
}

fn named(conversation: &Conversation) -> (ConversationId, String) {
    (conversation.id, title(conversation))
}

/// The seconds from now until then, if that is to come.
fn left_of(until: Option<Timestamp>, now: Timestamp) -> Option<u64> {
    let ms = u64::try_from(until?.0.saturating_sub(now.0)).ok()?;
    Some(Duration::from_millis(ms).as_secs()).filter(|seconds| *seconds > 0)
}

fn own_zone() -> Result<ZoneName, Failure> {
    let zone = TimeZone::system();
    let name = zone.iana_name().unwrap_or("UTC");
    ZoneName::new(name).map_err(|_| Failure::usage("say which zone these clocks are in, with --zone"))
}

fn place_of(spot: Spot, seq: Option<u64>) -> Result<(Target, Seq), Failure> {
    match (spot, seq) {
        (Spot::Place(place), None) => Ok((place.target, place.seq)),
        (Spot::Target(target), Some(seq)) => Ok((target, Seq(seq))),
        _ => Err(Failure::usage("which message? write '#room:42', or '#room' 42")),
    }
}

fn saved_in_words(event: &Event, place: &str) -> String {
    let time = local_time(event.at, "%Y-%m-%d %H:%M");
    format!("{time} {place}:{} {}: {}", event.seq, event.author.name, text(event))
}

fn item_in_words(item: &InboxItem, place: &str) -> String {
    let time = local_time(item.event.at, "%Y-%m-%d %H:%M");
    let new = if item.read { ' ' } else { '*' };
    let why = match item.reason {
        Reason::Mention => "mentions you",
        Reason::Room => "calls everybody",
        Reason::Here => "calls who is here",
        Reason::Reply => "answers you",
        Reason::Thread => "in a thread",
    };
    format!("{new} {time} {place}:{} {} {why}: {}", item.event.seq, item.event.author.name, text(&item.event))
}

fn thread_in_words(thread: &FollowedThread, place: &str) -> String {
    let FollowedThread { root, last, state } = thread;
    let unread = if state.unread > 0 { format!(", {} unread", state.unread) } else { String::new() };
    let time = local_time(last.at, "%Y-%m-%d %H:%M");
    format!(
        "{place}:{} {}: {}{unread}\n    {time} {}: {}",
        state.thread,
        root.author.name,
        text(root),
        last.author.name,
        text(last)
    )
}

fn text(event: &Event) -> String {
    event.body().map_or_else(|| "(deleted)".to_owned(), |body| set_in(body.as_str()))
}

fn notify_in_words(row: &Conversation, notify: Notify) -> String {
    let usual = if notify.level.is_none() { " (the usual)" } else { "" };
    let level = match notify.level.unwrap_or(NotifyLevel::usual(row.kind)) {
        NotifyLevel::All => "every message alerts",
        NotifyLevel::Mentions => "only what comes into the inbox alerts",
        NotifyLevel::None => "nothing alerts",
    };
    let muted = notify
        .muted_until
        .map_or_else(String::new, |until| format!("; muted until {}", local_time(until, "%Y-%m-%d %H:%M")));
    format!("{}: {level}{usual}{muted}", title(row))
}

fn dnd_in_words(dnd: &Dnd) -> String {
    let mut words = Vec::new();
    if let Some(until) = dnd.until {
        words.push(format!("not before {}", local_time(until, "%Y-%m-%d %H:%M")));
    }
    if let Some(schedule) = &dnd.schedule {
        let days: Vec<&str> = schedule.days.iter().map(|day| day.as_str()).collect();
        let days = if days.is_empty() { "every day".to_owned() } else { days.join(" ") };
        let Schedule { from, to, zone, .. } = schedule;
        words.push(format!("not from {from} to {to}, {days}, {}", zone.as_str()));
    }
    if words.is_empty() { "may be disturbed at all times".to_owned() } else { words.join("; ") }
}
