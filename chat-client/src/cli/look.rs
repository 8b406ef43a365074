//! The commands that only look: history, rooms, members, people, whoami.

use std::collections::HashMap;

use chat_client::link::Link;
use chat_proto::{
    Conversation, ConversationId, Event, EventKind, GetHistory, HistoryPage, ListConversations, ListMembers,
    ListPeople, ListRooms, Person, PersonRow, RoomInfo, RoomRole, Seq,
};

use super::args::{Around, HistoryArgs};
use super::failure::Failure;
use super::output::{Output, local_time, title};
use super::target::{self, Target};
use super::who::{self, Who};
use super::words::{status_words, words};

/// Most events of one `history`: they are held in memory to be printed oldest first.
const EVENTS: u32 = 100_000;

/// Most quoted messages that are asked for: each costs a round trip.
const QUOTES: usize = 100;

/// Most pages of any list; a server that has always more is not sane.
const PAGES: usize = 10_000;

/// Prints what was written before, oldest first.
///
/// # Errors
/// As the exit codes say.
pub(crate) async fn history(who: &Who, args: HistoryArgs, out: &mut Output) -> Result<(), Failure> {
    let (named, around) = match args.around {
        Some(Around::Place(place)) => (Some(place.target), Some(place.seq.0)),
        Some(Around::Seq(seq)) => (None, Some(seq.0)),
        None => (None, None),
    };
    let Some(target) = named.or(args.target) else {
        return Err(Failure::usage("which conversation? write '#room', '@user', or --around '#room:42'"));
    };
    let (mut link, welcome) = who.link().await?;
    let row = target::find(&mut link, &welcome, &target).await?;
    let (conversation, limit) = (row.id, args.limit.clamp(1, EVENTS));
    let events = match (args.after, around) {
        (Some(after), _) => forward(&mut link, conversation, Seq(after), limit).await?,
        (None, Some(around)) => {
            let before = Seq(around.saturating_add(1));
            let mut events = backward(&mut link, conversation, Some(before), limit.div_ceil(2)).await?;
            let left = limit - u32::try_from(events.len()).unwrap_or(limit).min(limit);
            events.extend(forward(&mut link, conversation, Seq(around), left).await?);
            events
        }
        (None, None) => backward(&mut link, conversation, args.before.map(Seq), limit).await?,
    };
    let printed = print(&mut link, &row, &events, args.links, out).await;
    link.close().await;
    printed
}

/// Prints events of a conversation, with what they answer. In words, a change is told by the
/// message that was changed, not by a line of its own.
///
/// # Errors
/// As the exit codes say.
pub(crate) async fn print(
    link: &mut Link,
    row: &Conversation,
    events: &[Event],
    links: bool,
    out: &mut Output,
) -> Result<(), Failure> {
    let is_json = out.is_json();
    let answered = if is_json { HashMap::new() } else { answered(link, row.id, events).await? };
    for event in events.iter().filter(|event| is_json || has_line(event, events)) {
        let quote = event.message().and_then(|message| answered.get(&message.reply_to?));
        out.put(event, || {
            let time = local_time(event.at, "%Y-%m-%d %H:%M");
            let name = if links { format!("{}:{} ", title(row), event.seq) } else { String::new() };
            format!("{name}{time} {}", words(event, quote))
        })?;
    }
    Ok(())
}

fn has_line(event: &Event, events: &[Event]) -> bool {
    match &event.what {
        EventKind::Edited { .. }
        | EventKind::Deleted { .. }
        | EventKind::Reaction { .. }
        | EventKind::Pinned { .. } => false,
        // What is left of an edit, when its message was deleted.
        EventKind::Tombstone(tombstone) => !events.iter().any(|deletion| {
            deletion.seq == tombstone.deleted && deletion.target().is_some_and(|target| target != event.seq)
        }),
        _ => true,
    }
}

/// The messages that these answer, as far as they are to be had.
async fn answered(
    link: &mut Link,
    conversation: ConversationId,
    events: &[Event],
) -> Result<HashMap<Seq, Event>, Failure> {
    let mut found = HashMap::new();
    let mut asked = 0;
    for seq in events.iter().filter_map(|event| event.message()?.reply_to) {
        if found.contains_key(&seq) {
            continue;
        }
        if let Some(event) = events.iter().find(|event| event.seq == seq) {
            found.insert(seq, event.clone());
        } else if asked < QUOTES {
            asked += 1;
            let around = GetHistory { around: Some(seq), limit: Some(1), ..newest(conversation) };
            let page = link.request(around).await?;
            found.extend(page.events.into_iter().filter(|event| event.seq == seq).map(|event| (seq, event)));
        }
    }
    Ok(found)
}

async fn page(link: &mut Link, mut ask: GetHistory, left: usize) -> Result<HistoryPage, Failure> {
    let most = link.hello().limits.history_page;
    ask.limit = Some(u32::try_from(left).unwrap_or(most).min(most));
    Ok(link.request(ask).await?)
}

fn newest(conversation: ConversationId) -> GetHistory {
    GetHistory { conversation, before: None, after: None, around: None, limit: None }
}

async fn backward(
    link: &mut Link,
    conversation: ConversationId,
    mut before: Option<Seq>,
    limit: u32,
) -> Result<Vec<Event>, Failure> {
    let mut pages: Vec<Vec<Event>> = Vec::new();
    let mut left = limit as usize;
    while left > 0 {
        let page = page(link, GetHistory { before, ..newest(conversation) }, left).await?;
        let Some(first) = page.events.first() else { break };
        before = Some(first.seq);
        left = left.saturating_sub(page.events.len());
        pages.push(page.events);
        if !page.more_before {
            break;
        }
    }
    Ok(pages.into_iter().rev().flatten().collect())
}

async fn forward(
    link: &mut Link,
    conversation: ConversationId,
    mut after: Seq,
    limit: u32,
) -> Result<Vec<Event>, Failure> {
    let mut events: Vec<Event> = Vec::new();
    let mut left = limit as usize;
    while left > 0 {
        let page = page(link, GetHistory { after: Some(after), ..newest(conversation) }, left).await?;
        let Some(last) = page.events.last() else { break };
        after = last.seq;
        left = left.saturating_sub(page.events.len());
        events.extend(page.events);
        if !page.more_after {
            break;
        }
    }
    Ok(events)
}

/// Lists one's conversations, the most recently active first.
///
/// # Errors
/// As the exit codes say.
pub(crate) async fn rooms(
    who: &Who,
    all: bool,
    query: Option<String>,
    out: &mut Output,
) -> Result<(), Failure> {
    if all || query.is_some() {
        return directory(who, query, out).await;
    }
    let (mut link, welcome) = who.link().await?;
    let print = |rows: Vec<Conversation>, out: &mut Output| rows.iter().try_for_each(|row| room(row, out));
    print(welcome.conversations, out)?;
    let mut cursor = welcome.cursor;
    for _ in 0..PAGES {
        if cursor.is_none() {
            break;
        }
        let limit = Some(link.hello().limits.list_page);
        let page = link.request(ListConversations { cursor, limit }).await?;
        print(page.conversations, out)?;
        cursor = page.cursor;
    }
    link.close().await;
    Ok(())
}

/// Prints a conversation.
///
/// # Errors
/// As [`Output::put`].
pub(crate) fn room(row: &Conversation, out: &mut Output) -> Result<(), Failure> {
    out.put(row, || {
        let mut line = title(row);
        if row.private && row.name.is_some() {
            line.push_str(" (private)");
        }
        if row.rules.archived {
            line.push_str(" (archived)");
        }
        if row.unread > 0 {
            line.push_str(&format!(" ({} unread", row.unread));
            if row.mentions > 0 {
                line.push_str(&format!(", {} for you", row.mentions));
            }
            line.push(')');
        }
        if !row.topic.as_str().is_empty() {
            line.push_str(&format!(" · {}", row.topic));
        }
        line
    })
}

/// Lists the public rooms, all or those with this in their name or topic.
///
/// # Errors
/// As the exit codes say.
async fn directory(who: &Who, query: Option<String>, out: &mut Output) -> Result<(), Failure> {
    let (mut link, _) = who.link().await?;
    let limit = Some(link.hello().limits.list_page);
    let mut after = None;
    for _ in 0..PAGES {
        let page = link.request(ListRooms { query: query.clone(), after: after.take(), limit }).await?;
        page.rooms.iter().try_for_each(|room| out.put(room, || listing(room)))?;
        after = page.rooms.last().map(|room| room.name.clone());
        if !page.more || after.is_none() {
            break;
        }
    }
    link.close().await;
    Ok(())
}

fn listing(room: &RoomInfo) -> String {
    let joined = if room.joined { ", joined" } else { "" };
    let archived = if room.archived { ", archived" } else { "" };
    let mut line = format!("#{} ({} members{joined}{archived})", room.name, room.members);
    if !room.topic.as_str().is_empty() {
        line.push_str(&format!(" · {}", room.topic));
    }
    line
}

/// Lists the members of a conversation.
///
/// # Errors
/// As the exit codes say.
pub(crate) async fn members(who: &Who, target: &Target, out: &mut Output) -> Result<(), Failure> {
    let (mut link, welcome) = who.link().await?;
    let conversation = target::find(&mut link, &welcome, target).await?.id;
    let limit = Some(link.hello().limits.list_page);
    let mut after = None;
    for _ in 0..PAGES {
        let page = link.request(ListMembers { conversation, after: after.take(), limit }).await?;
        page.members.iter().try_for_each(|member| {
            out.put(member, || match member.role {
                RoomRole::Member => format!("@{}{}", member.user.name, bot_mark(&member.user)),
                role => format!("@{}{} ({role})", member.user.name, bot_mark(&member.user)),
            })
        })?;
        after = page.members.last().map(|member| member.user.name.clone());
        if !page.more || after.is_none() {
            break;
        }
    }
    link.close().await;
    Ok(())
}

/// Lists the people on the server.
///
/// # Errors
/// As the exit codes say.
pub(crate) async fn people(who: &Who, query: Option<String>, out: &mut Output) -> Result<(), Failure> {
    let (mut link, _) = who.link().await?;
    let limit = Some(link.hello().limits.list_page);
    let mut after = None;
    for _ in 0..PAGES {
        let page = link.request(ListPeople { query: query.clone(), after: after.take(), limit }).await?;
        page.people.iter().try_for_each(|person| out.put(person, || person_line(person)))?;
        after = page.people.last().map(|person| person.person.name.clone());
        if !page.more || after.is_none() {
            break;
        }
    }
    link.close().await;
    Ok(())
}

/// What stands behind the name of a program.
fn bot_mark(person: &Person) -> &'static str {
    if person.bot { " (bot)" } else { "" }
}

/// Prints who one is.
///
/// # Errors
/// As the exit codes say.
pub(crate) async fn whoami(who: &Who, out: &mut Output) -> Result<(), Failure> {
    let (link, welcome) = who.link().await?;
    link.close().await;
    let mut account = who.account.clone();
    account.user = welcome.user;
    who::describe(&account, Some(welcome.role), out)
}

/// "@ada (Ada Lovelace) 🌴 on holiday".
fn person_line(person: &PersonRow) -> String {
    let mut line = format!("@{}{}", person.person.name, bot_mark(&person.person));
    if !person.card.display_name.is_empty() {
        line.push_str(&format!(" ({})", person.card.display_name));
    }
    let status = status_words(&person.card.status);
    if !status.is_empty() {
        line.push_str(&format!(" {status}"));
    }
    line
}
