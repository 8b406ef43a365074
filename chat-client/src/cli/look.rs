//! The commands that only look: history, rooms, members, people, whoami.

use chat_client::link::Link;
use chat_proto::{
    Conversation, ConversationId, Event, GetHistory, HistoryPage, ListConversations, ListMembers, ListPeople,
    ListRooms, RoomInfo, Seq,
};

use super::HistoryArgs;
use super::failure::Failure;
use super::output::{Output, local_time, title, words};
use super::target::{self, Target};
use super::who::{self, Who};

/// Most events of one `history`: they are held in memory to be printed oldest first.
const EVENTS: u32 = 100_000;

/// Most pages of any list; a server that has always more is not sane.
const PAGES: usize = 10_000;

/// Prints what was written before, oldest first.
///
/// # Errors
/// As the exit codes say.
pub(crate) async fn history(who: &Who, args: HistoryArgs, out: &mut Output) -> Result<(), Failure> {
    let (mut link, welcome) = who.link().await?;
    let conversation = target::find(&mut link, &welcome, &args.target).await?.id;
    let limit = args.limit.clamp(1, EVENTS);
    let events = match (args.after, args.around) {
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
    link.close().await;
    events.iter().try_for_each(|event| {
        let time = local_time(event.at, "%Y-%m-%d %H:%M");
        out.put(event, || format!("{time} {}", words(event)))
    })
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
pub(crate) async fn rooms(who: &Who, out: &mut Output) -> Result<(), Failure> {
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

/// Lists all public rooms.
///
/// # Errors
/// As the exit codes say.
pub(crate) async fn directory(who: &Who, out: &mut Output) -> Result<(), Failure> {
    let (mut link, _) = who.link().await?;
    let limit = Some(link.hello().limits.list_page);
    let mut after = None;
    for _ in 0..PAGES {
        let page = link.request(ListRooms { query: None, after: after.take(), limit }).await?;
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
    let mut line = format!("#{} ({} members{joined})", room.name, room.members);
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
        page.members.iter().try_for_each(|member| out.put(member, || format!("@{}", member.user.name)))?;
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
        page.people.iter().try_for_each(|person| out.put(person, || format!("@{}", person.name)))?;
        after = page.people.last().map(|person| person.name.clone());
        if !page.more || after.is_none() {
            break;
        }
    }
    link.close().await;
    Ok(())
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
