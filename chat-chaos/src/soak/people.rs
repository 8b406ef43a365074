//! A team at work, on bare connections: each does one thing, waits, and does another; now and then somebody
//! goes and comes again.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use chat_client::link::{Link, LinkError};
use chat_client::tls::Tls;
use chat_proto::{
    Body, ClientId, ConversationId, CreateRoom, GetHistory, JoinRoom, ListMembers, MarkRead, Person,
    PresenceState, React, RoomName, Search, Secret, SendMessage, Seq, SetPresence, UserId, WatchPresence,
};
use rand::RngExt as _;
use rand::rngs::StdRng;
use rand::{SeedableRng, seq::IndexedRandom};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::dial::Dial;
use crate::director::EMOJIS;
use crate::stage::register;

/// Rooms; everybody is in all of them.
const ROOMS: usize = 3;

/// What a person does on one connection before they go and come again.
const DEEDS: u32 = 120;

/// Everybody, before they work.
pub(super) struct Team {
    url: String,
    people: Vec<(Person, Secret)>,
    rooms: Arc<Vec<ConversationId>>,
}

/// Everybody, at work.
pub(super) struct Work {
    stop: watch::Sender<bool>,
    tasks: JoinSet<Result<()>>,
}

impl Team {
    /// Makes accounts and rooms.
    ///
    /// # Errors
    /// The server refuses.
    pub(super) async fn make(url: &str, size: usize) -> Result<Self> {
        let mut people = Vec::new();
        for n in 0..size.max(1) {
            people.push(register(url, &format!("worker{n}")).await?);
        }
        let dial = Dial::to(url.to_owned());
        let mut rooms = Vec::new();
        for n in 0..ROOMS {
            let name: RoomName = format!("office{n}").parse()?;
            let (_, first) = people.first().context("nobody")?;
            let made =
                dial.once(first, CreateRoom::new(ClientId(uuid::Uuid::now_v7()), name.clone())).await?;
            for (_, token) in people.iter().skip(1) {
                dial.once(token, JoinRoom { room: name.clone() }).await?;
            }
            rooms.push(made.id);
        }
        Ok(Self { url: url.to_owned(), people, rooms: Arc::new(rooms) })
    }

    /// One who is told everything.
    pub(super) fn listener(&self) -> (Person, Secret) {
        self.people[0].clone()
    }

    /// Has everybody write at once until so many messages are there.
    ///
    /// # Errors
    /// A message is refused, or a line breaks.
    pub(super) async fn fill(&self, messages: usize) -> Result<()> {
        let mut writing = JoinSet::new();
        for (_, token) in &self.people {
            let (url, token, rooms) = (self.url.clone(), token.clone(), Arc::clone(&self.rooms));
            let share = messages.div_ceil(self.people.len());
            writing.spawn(async move {
                let (mut link, _) = Link::open(&url.parse()?, &Tls::default(), &token).await?;
                for conversation in rooms.iter().cycle().take(share) {
                    let body = Body::new("once upon a time ".repeat(4))?;
                    link.request(SendMessage::new(*conversation, ClientId(uuid::Uuid::now_v7()), body))
                        .await?;
                }
                link.close().await;
                anyhow::Ok(())
            });
        }
        while let Some(written) = writing.join_next().await {
            written??;
        }
        Ok(())
    }

    /// Has everybody work, so much a second together.
    pub(super) fn work(&self, rate: u32) -> Work {
        let (stop, _) = watch::channel(false);
        let mut tasks = JoinSet::new();
        let pause = Duration::from_secs_f64(self.people.len() as f64 / f64::from(rate.max(1)));
        let ids: Arc<Vec<UserId>> = Arc::new(self.people.iter().map(|(person, _)| person.id).collect());
        for (n, (_, token)) in (0_u64..).zip(&self.people) {
            let worker = Worker {
                url: self.url.clone(),
                token: token.clone(),
                rooms: Arc::clone(&self.rooms),
                ids: Arc::clone(&ids),
                pause,
                dice: StdRng::seed_from_u64(n),
            };
            tasks.spawn(worker.work(stop.subscribe()));
        }
        Work { stop, tasks }
    }
}

impl Work {
    /// Stops; says what failed.
    pub(super) async fn end(mut self) -> Vec<String> {
        // Nobody may be left to hear it.
        let _ = self.stop.send(true);
        let mut failures = Vec::new();
        while let Some(ended) = self.tasks.join_next().await {
            match ended {
                Ok(Ok(())) => {}
                Ok(Err(cause)) => failures.push(format!("{cause:#}")),
                Err(cause) => failures.push(cause.to_string()),
            }
        }
        failures.dedup();
        failures
    }
}

struct Worker {
    url: String,
    token: Secret,
    rooms: Arc<Vec<ConversationId>>,
    ids: Arc<Vec<UserId>>,
    pause: Duration,
    dice: StdRng,
}

impl Worker {
    async fn work(mut self, mut stop: watch::Receiver<bool>) -> Result<()> {
        loop {
            let (mut link, _) = Link::open(&self.url.parse()?, &Tls::default(), &self.token).await?;
            let users = self.ids.to_vec();
            link.request(WatchPresence { users }).await?;
            for _ in 0..DEEDS {
                let pause = self.pause.mul_f64(self.dice.random_range(0.5..1.5));
                tokio::select! {
                    () = sleep(pause) => {}
                    () = is_over(&mut stop) => {
                        link.close().await;
                        return Ok(());
                    }
                }
                self.deed(&mut link).await?;
            }
            // Half of them say goodbye; the others are simply gone.
            if self.dice.random() {
                link.close().await;
            }
        }
    }

    async fn deed(&mut self, link: &mut Link) -> Result<()> {
        let conversation = *self.rooms.choose(&mut self.dice).context("no room")?;
        match self.dice.random_range(0..20) {
            0..8 => {
                let words = "and so on ".repeat(self.dice.random_range(1..12));
                let body = Body::new(words)?;
                let send = SendMessage::new(conversation, ClientId(uuid::Uuid::now_v7()), body);
                let sent = link.request(send).await?;
                let emoji = EMOJIS.choose(&mut self.dice).context("no emoji")?;
                let emoji = chat_proto::Emoji::new(emoji)?;
                link.request(React { conversation, seq: sent.seq, emoji, on: true }).await?;
            }
            8..12 => _ = link.request(MarkRead { conversation, seq: Seq(u64::from(u32::MAX)) }).await?,
            12..15 => {
                let (before, after, around) = (None, None, None);
                link.request(GetHistory { conversation, before, after, around, limit: None }).await?;
            }
            15 => _ = link.request(ListMembers { conversation, after: None, limit: None }).await?,
            16 => match link.request(search("so")).await {
                // A search of a common word may take too long on a busy machine, and says so.
                Ok(_) | Err(LinkError::Refused(_)) => {}
                Err(cause) => return Err(cause.into()),
            },
            _ => {
                let state = if self.dice.random() { PresenceState::Online } else { PresenceState::Away };
                link.request(SetPresence { state }).await?;
            }
        }
        Ok(())
    }
}

/// Waits until all stop; also when whoever says so is gone.
async fn is_over(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

fn search(query: &str) -> Search {
    Search { query: query.to_owned(), order: None, cursor: None, limit: None }
}
