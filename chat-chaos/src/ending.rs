//! The end of a run: all is mended, everybody comes to rest, and what is there is gathered for the checker.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use chat_client::account::Account;
use chat_client::tls::Tls;
use chat_client::{Anchor, Options, Storage, Update};
use chat_proto::{Conversation, ConversationId, Event, GetHistory, ListConversations, Secret, Seq};
use tokio::time::{Instant, sleep, timeout};

use crate::check::{End, View};
use crate::dial::Dial;
use crate::plan::{DIRECTS, PRIVATE, PUBLIC};
use crate::player::Player;
use crate::stage::Cast;

/// How long everybody may take to come back and send what waits, with all mended. The longest wait between
/// two tries of a client is half of it.
const REST: Duration = Duration::from_secs(90);

/// How often it is looked whether they have.
const POLL: Duration = Duration::from_millis(100);

/// An address where nobody listens: an engine that is started there can only tell what it keeps.
const NOWHERE: &str = "ws://127.0.0.1:1";

/// How long an engine may take to say what it keeps.
const CACHE: Duration = Duration::from_secs(20);

/// Events in a page.
const PAGE: u32 = 200;

/// The lengths of all logs now.
///
/// # Errors
/// The server does not answer.
pub(crate) async fn lengths(cast: &Cast) -> Result<BTreeMap<ConversationId, u64>> {
    let mut lengths = BTreeMap::new();
    for player in &cast.players {
        let view = rows(cast.dial(), &player.token).await?;
        lengths.extend(view.values().map(|row| (row.id, row.head.0)));
    }
    Ok(lengths)
}

/// Mends all, waits, ends the clients by these means and gathers.
///
/// # Errors
/// The server cannot be asked any more, which is a finding in itself.
pub(crate) async fn gather(
    cast: &Cast,
    began: BTreeMap<ConversationId, u64>,
    all_end: impl Future<Output = ()>,
) -> Result<End> {
    let mut end = End { began, ..End::default() };
    end.people = cast.players.iter().map(|player| player.person.clone()).collect();
    for direct in 0..DIRECTS {
        if let Some(place) = cast.places.get(PUBLIC + PRIVATE + direct) {
            end.directs.insert(place.id, vec![2 * direct + 1, 2 * direct + 2]);
        }
    }
    for player in &cast.players {
        player.link.mend();
        player.start()?;
        player.hurry();
    }
    end.complaints.extend(come_to_rest(cast).await?);
    all_end.await;
    for (client, player) in cast.players.iter().enumerate() {
        let view = fresh(cast.dial(), &player.token).await?;
        for (node, dial) in cast.dials.iter().enumerate().skip(1) {
            end.elsewhere.entry(node).or_default().insert(client, fresh(dial, &player.token).await?);
        }
        for (conversation, events) in &view.logs {
            // The longest, should they differ; that they do is found then.
            let longest = end.logs.entry(*conversation).or_default();
            if longest.len() < events.len() {
                longest.clone_from(events);
            }
        }
        end.fresh.insert(client, view);
        if let Some(cache) = &player.cache {
            end.caches.insert(client, kept(player, cache).await?);
        }
    }
    Ok(end)
}

/// Waits until everybody is online, has sent all, and was told what the server would tell anew; what has not
/// happened in time.
async fn come_to_rest(cast: &Cast) -> Result<Vec<String>> {
    let until = Instant::now() + REST;
    loop {
        let everybody = || cast.players.iter().enumerate();
        let mut restless: Vec<String> =
            everybody().filter_map(|(client, player)| activity(client, player)).collect();
        if restless.is_empty() {
            // The servers are asked only then: it costs a login each.
            for ((client, player), dial) in
                everybody().flat_map(|one| cast.dials.iter().map(move |dial| (one, dial)))
            {
                restless.extend(ignorance(dial, client, player).await?);
            }
        }
        if restless.is_empty() || Instant::now() > until {
            return Ok(restless);
        }
        sleep(POLL).await;
    }
}

/// What a client still has to do.
fn activity(client: usize, player: &Player) -> Option<String> {
    let seen = player.notes.seen();
    if !seen.up {
        return Some(format!("client {client} is not online"));
    }
    let waits = !seen.waiting.is_empty();
    waits.then(|| format!("client {client} still has messages to send: {:?}", seen.waiting))
}

/// What a client was not told yet, or told wrongly.
async fn ignorance(dial: &Dial, client: usize, player: &Player) -> Result<Option<String>> {
    let given = rows(dial, &player.token).await?;
    let seen = player.notes.seen();
    let behind = |row: &&Conversation| match seen.heads.get(&row.id) {
        Some(head) => *head < row.head,
        // Nothing was told of it in this life: then what is kept is all there is.
        None => player.has_engine() && seen.rows.get(&row.id).is_none_or(|told| told.head < row.head),
    };
    if let Some(row) = given.values().find(behind) {
        return Ok(Some(format!(
            "client {client} has not heard all of {}: {:?} of {}",
            row.id,
            seen.heads.get(&row.id),
            row.head.0
        )));
    }
    if !player.has_engine() {
        return Ok(None);
    }
    let told: BTreeSet<&ConversationId> = seen.rows.keys().collect();
    if told != given.keys().collect() {
        return Ok(Some(format!("client {client} lists {told:?}, and should list {:?}", given.keys())));
    }
    let counts = |row: &Conversation| (row.head, row.read, row.unread, row.mentions, row.members);
    let wrong = given.values().find(|row| seen.rows.get(&row.id).map(counts) != Some(counts(row)));
    Ok(wrong.map(|row| {
        let told = seen.rows.get(&row.id).map(counts);
        format!("client {client} shows {told:?} for {}, and should show {:?}", row.id, counts(row))
    }))
}

/// How often something is asked that a busy machine may be too slow for, so short is the heartbeat.
const TRIES: usize = 5;

/// What the server lists for somebody.
async fn rows(dial: &Dial, token: &Secret) -> Result<BTreeMap<ConversationId, Conversation>> {
    for _ in 1..TRIES {
        if let Ok(rows) = rows_once(dial, token).await {
            return Ok(rows);
        }
    }
    rows_once(dial, token).await
}

async fn rows_once(dial: &Dial, token: &Secret) -> Result<BTreeMap<ConversationId, Conversation>> {
    let (mut wire, welcome) = dial.open(token).await?;
    let mut rows = welcome.conversations;
    let mut cursor = welcome.cursor;
    while let Some(next) = cursor {
        let page = wire.request(ListConversations { cursor: Some(next), limit: None }).await?;
        rows.extend(page.conversations);
        cursor = page.cursor;
    }
    wire.close().await;
    Ok(rows.into_iter().map(|row| (row.id, row)).collect())
}

async fn fresh(dial: &Dial, token: &Secret) -> Result<View> {
    for _ in 1..TRIES {
        if let Ok(view) = fresh_once(dial, token).await {
            return Ok(view);
        }
    }
    fresh_once(dial, token).await
}

async fn fresh_once(dial: &Dial, token: &Secret) -> Result<View> {
    let rows = rows(dial, token).await?;
    let (mut wire, _) = dial.open(token).await?;
    let mut logs = BTreeMap::new();
    for conversation in rows.keys() {
        let mut log: Vec<Event> = Vec::new();
        loop {
            let after = Some(log.last().map_or(Seq::ZERO, |event| event.seq));
            let (conversation, limit) = (*conversation, Some(PAGE));
            let page =
                wire.request(GetHistory { conversation, before: None, after, around: None, limit }).await?;
            let stuck = page.events.is_empty() && page.more_after;
            log.extend(page.events);
            if stuck {
                bail!("{conversation} has more after {after:?}, and gives nothing");
            }
            if !page.more_after {
                break;
            }
        }
        logs.insert(*conversation, log);
    }
    wire.close().await;
    Ok(View { rows, logs })
}

/// What lies in a cache, by the engine itself.
async fn kept(player: &Player, cache: &Path) -> Result<View> {
    let account = Account {
        server: NOWHERE.parse()?,
        user: player.person.clone(),
        token: player.token.clone(),
        server_name: String::new(),
    };
    let options = Options { account, tls: Tls::default(), storage: Storage::File(cache.to_owned()) };
    let (client, mut updates) = chat_client::start(options)?;
    let mut view = View::default();
    // What is kept is told before the first try to connect.
    let told = async {
        while let Some(update) = updates.next().await {
            match update {
                Update::Conversations(rows) => view.rows.extend(rows.into_iter().map(|row| (row.id, row))),
                Update::Connection(_) => break,
                _ => {}
            }
        }
    };
    timeout(CACHE, told).await.context("an engine does not say what it keeps")?;
    for conversation in view.rows.keys() {
        let mut held: Vec<Event> = Vec::new();
        let mut anchor = Anchor::Newest;
        // An error means that nothing is held there.
        while let Ok(page) = timeout(CACHE, client.history(*conversation, anchor, PAGE)).await? {
            let Some(first) = page.events.first() else { break };
            anchor = Anchor::Before(first.seq);
            held.splice(0..0, page.events);
        }
        view.logs.insert(*conversation, held);
    }
    drop(updates);
    client.close().await;
    Ok(view)
}
