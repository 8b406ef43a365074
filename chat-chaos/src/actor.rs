//! A client in a process of its own, so that it can be killed: the real engine with its real outbox and
//! cache on a disk. It reads orders from stdin and says all that it learns on stdout, a line each.

use std::io::{BufRead as _, Write as _};
use std::path::PathBuf;

use anyhow::{Context, Result};
use chat_client::account::Account;
use chat_client::tls::Tls;
use chat_client::{
    Anchor, Client, Connection, Delivery, Draft, Options, Outgoing, RequestError, Storage, Update, Updates,
};
use chat_proto::{
    AcceptInvitation, Ask, Body, Conversation, DeleteMessage, EditMessage, Invite, JoinRoom, LeaveRoom,
    React, RemoveMember, Seq, Topic,
};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use crate::history::{Act, News, Rung};

/// Orders that may wait for the engine; nobody is given so many.
const ORDERS: usize = 1_024;

/// Events in a page of history.
const PAGE: u32 = 50;

/// The first line: who this is, and where its cache lies.
#[derive(Serialize, Deserialize)]
pub(crate) struct Opening {
    pub(crate) account: Account,
    pub(crate) cache: PathBuf,
}

/// Each further line.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Order {
    /// Do this.
    Do { op: u64, act: Act },
    /// Connect now.
    Hurry,
    /// Say goodbye.
    End,
}

/// What it says.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Said {
    /// For the history.
    News(News),
    /// Conversations as they are told now.
    Rows(Vec<Conversation>),
}

/// Runs until it is told to end.
///
/// # Errors
/// The engine cannot start.
pub(crate) fn run() -> Result<()> {
    let mut lines = std::io::stdin().lines();
    let opening = lines.next().context("no first line")??;
    let Opening { account, cache } = serde_json::from_str(&opening).context("the first line")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (orders, given) = mpsc::channel(ORDERS);
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            let Ok(order) = serde_json::from_str::<Order>(&line) else { return };
            if orders.blocking_send(order).is_err() {
                return;
            }
        }
    });
    drop(lines);
    runtime.block_on(async {
        let (client, updates) =
            chat_client::start(Options { account, tls: Tls::default(), storage: Storage::File(cache) })?;
        let telling = tokio::spawn(tell(updates, say));
        obey(client, given, say).await;
        telling.await.context("telling the news")
    })
}

/// Does what it is told, until the end of it.
pub(crate) async fn obey(
    client: Client,
    mut given: mpsc::Receiver<Order>,
    say: impl Fn(&Said) + Clone + Send + 'static,
) {
    while let Some(order) = given.recv().await {
        match order {
            Order::End => break,
            // An engine that has stopped says so itself.
            Order::Hurry => _ = client.reconnect().await,
            // Messages go in the order given; nothing else has to wait for them.
            Order::Do { op, act: Act::Send { conversation, body, thread } } => {
                let Ok(body) = Body::new(body) else { continue };
                let draft = Draft { thread, ..Draft::new(conversation, body) };
                if let Ok(client_id) = client.send_draft(draft).await {
                    say(&Said::News(News::Named { op, client_id }));
                }
            }
            Order::Do { op, act } => {
                let (client, say) = (client.clone(), say.clone());
                tokio::spawn(async move {
                    for said in perform(&client, op, act).await {
                        say(&said);
                    }
                });
            }
        }
    }
    client.close().await;
}

async fn perform(client: &Client, op: u64, act: Act) -> Vec<Said> {
    let news = match act {
        Act::Send { .. } => return Vec::new(),
        Act::Edit { conversation, seq, body } => match Body::new(body) {
            Ok(body) => ask(client, op, EditMessage { conversation, seq, body }, |done| Some(done.seq)).await,
            Err(_) => return Vec::new(),
        },
        Act::Delete { conversation, seq } => {
            ask(client, op, DeleteMessage { conversation, seq }, |done| Some(done.seq)).await
        }
        Act::React { conversation, seq, emoji } => {
            ask(client, op, React { conversation, seq, emoji, on: true }, |_| None).await
        }
        Act::Read { conversation, seq } => match client.mark_read(conversation, seq).await {
            Ok(()) => News::Done { op, seq: Some(seq) },
            Err(_) => News::Unknown { op },
        },
        Act::Look { conversation, before } => {
            let anchor = before.map_or(Anchor::Newest, Anchor::Before);
            match client.history(conversation, anchor, PAGE).await {
                Ok(page) => {
                    let shown = News::Shown { conversation, events: page.events, page: true };
                    return vec![Said::News(shown), Said::News(News::Done { op, seq: None })];
                }
                Err(error) => failed(op, error),
            }
        }
        Act::Join { room, .. } => ask(client, op, JoinRoom { room }, |_| None).await,
        Act::Accept { conversation } => ask(client, op, AcceptInvitation { conversation }, |_| None).await,
        Act::Leave { conversation } => ask(client, op, LeaveRoom { conversation }, |_| None).await,
        Act::Invite { conversation, user } => ask(client, op, Invite { conversation, user }, |_| None).await,
        Act::Remove { conversation, user } => {
            ask(client, op, RemoveMember { conversation, user, reason: Topic::default() }, |_| None).await
        }
    };
    vec![Said::News(news)]
}

async fn ask<A: Ask>(client: &Client, op: u64, ask: A, seq: impl Fn(&A::Answer) -> Option<Seq>) -> News {
    match client.request(ask).await {
        Ok(answer) => News::Done { op, seq: seq(&answer) },
        Err(error) => failed(op, error),
    }
}

fn failed(op: u64, error: RequestError) -> News {
    match error {
        RequestError::Refused(error) if !error.temporary => {
            News::Refused { op, code: error.code.as_str().to_owned() }
        }
        // What failed for the moment may have been done half way, or be done by a repeat.
        RequestError::Refused(_) | RequestError::Offline | RequestError::Stopped => News::Unknown { op },
    }
}

/// Says what it is told, until the end of it.
pub(crate) async fn tell(mut updates: Updates, say: impl Fn(&Said)) {
    while let Some(update) = updates.next().await {
        if let Some(said) = said(update) {
            say(&said);
        }
    }
}

fn said(update: Update) -> Option<Said> {
    let news = match update {
        Update::Connection(Connection::Online) => News::Line { up: true, why: None },
        Update::Connection(Connection::Waiting { reason, .. }) => News::Line { up: false, why: Some(reason) },
        Update::Connection(Connection::Stopped { reason, .. }) => {
            News::Line { up: false, why: Some(format!("stopped: {reason}")) }
        }
        Update::Conversations(rows) => return Some(Said::Rows(rows)),
        Update::Removed(conversation) | Update::Reset(conversation) => News::Forgot { conversation },
        Update::Events { conversation, events, .. } => News::Shown { conversation, events, page: false },
        Update::Outgoing(outgoing) => moved(outgoing),
        _ => return None,
    };
    Some(Said::News(news))
}

fn moved(outgoing: Outgoing) -> News {
    let rung = match outgoing.delivery {
        Delivery::Queued => Rung::Queued,
        Delivery::Sending => Rung::Sending,
        Delivery::Stored { seq, .. } => Rung::Stored { seq },
        Delivery::Failed { reason } => Rung::Failed { reason },
    };
    let body = outgoing.body.as_str().to_owned();
    News::Outgoing { client_id: outgoing.client_id, conversation: outgoing.conversation, body, rung }
}

fn say(said: &Said) {
    if let Ok(line) = serde_json::to_string(said) {
        let mut out = std::io::stdout().lock();
        // Whoever listened is gone, and so will this process be.
        let _ = writeln!(out, "{line}").and_then(|()| out.flush());
    }
}
