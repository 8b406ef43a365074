//! Many further connections of one account, straight to the servers: they log in, listen in the first room,
//! are cut all at once, come back and catch up. What each must see is the room's log without a gap.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chat_client::wire::{Heard, Wire};
use chat_proto::{
    Answer, Ask, ClientFrame, ConversationId, Epoch, Event, FrameId, GetHistory, Push, RequestKind, Resume,
    Secret, Seq, ServerFrame, Token,
};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

/// How long a server may leave a connection of the crowd waiting for an answer. Thousands come at once.
const PATIENCE: Duration = Duration::from_secs(30);

/// Up to so long each waits before it comes back.
const SPREAD: Duration = Duration::from_millis(1_500);

/// Complaints that are kept; a thousand that say the same help nobody.
const COMPLAINTS: usize = 20;

/// What the crowd tells the run.
pub(crate) struct Crowd {
    told: watch::Sender<Told>,
    shared: Arc<Shared>,
}

/// What all connections are told.
#[derive(Debug, Clone, Copy, Default)]
struct Told {
    /// How often they were cut.
    cuts: u64,
    /// When they have seen this, they end.
    until: Option<Seq>,
}

#[derive(Default)]
struct Shared {
    // A lock, because all connections write; they do only when something is wrong.
    complaints: Mutex<Vec<String>>,
    resumes: AtomicU64,
    /// Events seen by all together.
    events: AtomicU64,
}

/// One connection's place.
struct Place {
    /// The servers, which it takes in turn.
    servers: Vec<SocketAddr>,
    turn: usize,
    token: Secret,
    room: ConversationId,
    have: Option<Seq>,
}

impl Crowd {
    /// Starts so many. They run until [`Self::end`].
    pub(crate) fn start(
        size: usize,
        servers: &[SocketAddr],
        token: &Secret,
        room: ConversationId,
    ) -> (Self, JoinSet<Option<Seq>>) {
        let (told, _) = watch::channel(Told::default());
        let shared = Arc::new(Shared::default());
        let mut members = JoinSet::new();
        for turn in 0..size {
            let place = Place { servers: servers.to_vec(), turn, token: token.clone(), room, have: None };
            members.spawn(place.stay(told.subscribe(), Arc::clone(&shared)));
        }
        (Self { told, shared }, members)
    }

    /// Cuts all at once.
    pub(crate) fn cut(&self) {
        self.told.send_modify(|told| told.cuts += 1);
    }

    /// Waits until each has seen up to there, and ends them; what is wrong.
    pub(crate) async fn end(
        &self,
        mut members: JoinSet<Option<Seq>>,
        head: Seq,
        within: Duration,
    ) -> Vec<String> {
        let until = Instant::now() + within;
        self.told.send_modify(|told| *told = Told { cuts: told.cuts + 1, until: Some(head) });
        let (mut behind, all) = (0, members.len());
        while let Ok(Some(one)) = tokio::time::timeout_at(until, members.join_next()).await {
            behind += usize::from(!one.is_ok_and(|have| have == Some(head)));
        }
        behind += members.len();
        members.abort_all();
        let mut complaints = self.shared.complaints.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if behind > 0 {
            complaints.push(format!("{behind} of a crowd of {all} did not catch up to {} in time", head.0));
        }
        complaints
    }

    /// How often somebody of it came back, and how many events all saw.
    pub(crate) fn counts(&self) -> (u64, u64) {
        (self.shared.resumes.load(Ordering::Relaxed), self.shared.events.load(Ordering::Relaxed))
    }
}

impl Place {
    async fn stay(mut self, mut told: watch::Receiver<Told>, shared: Arc<Shared>) -> Option<Seq> {
        loop {
            let Told { cuts, until } = *told.borrow_and_update();
            if until.is_some_and(|head| self.have >= Some(head)) {
                return self.have;
            }
            // Cut by whoever has the scissors; else it ends by itself, or is where it should be.
            tokio::select! {
                () = self.listen(until, &shared) => {}
                _ = told.wait_for(|told| told.cuts != cuts) => {}
            }
            if told.borrow().until.is_none() {
                sleep(SPREAD.mul_f64(rand::random())).await;
            }
        }
    }

    /// One connection. Returns when it is over, or when all was seen.
    async fn listen(&mut self, until: Option<Seq>, shared: &Shared) {
        self.turn += 1;
        let Some(address) = self.servers.get(self.turn % self.servers.len().max(1)) else { return };
        let Ok(server) = format!("ws://{address}").parse() else { return };
        let Ok(mut wire) = Wire::dial(&server, None).await else { return };
        let Some(ServerFrame::Push(push)) = hear(&mut wire).await else { return };
        let Push::Hello(hello) = *push else { return };
        if self.enter(&mut wire, hello.epoch, shared).await.is_none() {
            return;
        }
        while until.is_none_or(|head| self.have < Some(head)) {
            match wire.next().await {
                Heard::Text(text) => {
                    let Ok(ServerFrame::Push(push)) = ServerFrame::decode(&text) else { continue };
                    if let Push::Event(event) = *push {
                        let seq = event.seq;
                        self.follow(vec![event], shared);
                        if self.have < Some(seq) && self.fetch(&mut wire, shared).await.is_none() {
                            return;
                        }
                    }
                }
                Heard::Alive => {}
                Heard::Closed { .. } => return,
            }
        }
    }

    async fn enter(&mut self, wire: &mut Wire, epoch: Epoch, shared: &Shared) -> Option<()> {
        let token = Token { protocol: chat_proto::PROTOCOL_VERSION, token: self.token.clone() };
        let welcome = self.ask(wire, token, shared).await?;
        let head = welcome.conversations.iter().find(|row| row.id == self.room)?.head;
        let Some(have) = self.have else {
            self.have = Some(head);
            return Some(());
        };
        let conversations = [(self.room, have)].into_iter().collect();
        let resumed = self.ask(wire, Resume { epoch, conversations }, shared).await?;
        shared.resumes.fetch_add(1, Ordering::Relaxed);
        for missed in resumed.resumed {
            self.follow(missed.events, shared);
            if self.have < Some(missed.head) {
                self.fetch(wire, shared).await?;
            }
        }
        Some(())
    }

    /// Pages until nothing is missing.
    async fn fetch(&mut self, wire: &mut Wire, shared: &Shared) -> Option<()> {
        loop {
            let (conversation, after) = (self.room, self.have);
            let ask = GetHistory { conversation, before: None, after, around: None, limit: Some(200) };
            let page = self.ask(wire, ask, shared).await?;
            if page.events.is_empty() && page.more_after {
                complain(shared, format!("an empty page after {:?}", self.have));
                return None;
            }
            self.follow(page.events, shared);
            if !page.more_after {
                return Some(());
            }
        }
    }

    /// Asks, and takes events meanwhile.
    async fn ask<A: Ask>(&mut self, wire: &mut Wire, ask: A, shared: &Shared) -> Option<A::Answer> {
        let request = Box::new(ask.into_request());
        let (id, kind): (FrameId, RequestKind) = (FrameId::numbered(rand::random()), request.kind());
        wire.send(vec![ClientFrame::Request { id: id.clone(), request }.encode()]).await.ok()?;
        loop {
            match hear(wire).await? {
                ServerFrame::Ok { id: of, payload } if of == id => {
                    let answer: Answer = kind.decode_answer(&payload).ok()?;
                    return A::answer(answer);
                }
                ServerFrame::Error { id: Some(of), error } if of == id => {
                    if !error.temporary {
                        complain(shared, format!("{} was refused: {error}", kind.as_str()));
                    }
                    return None;
                }
                // What comes before the answer comes again with it or after it.
                _ => {}
            }
        }
    }

    fn follow(&mut self, events: Vec<Event>, shared: &Shared) {
        for event in events {
            if event.conversation == self.room && self.have.is_some_and(|have| event.seq == have.next()) {
                self.have = Some(event.seq);
                shared.events.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

async fn hear(wire: &mut Wire) -> Option<ServerFrame> {
    loop {
        match timeout(PATIENCE, wire.next()).await.ok()? {
            Heard::Text(text) => return ServerFrame::decode(&text).ok(),
            Heard::Alive => {}
            Heard::Closed { .. } => return None,
        }
    }
}

fn complain(shared: &Shared, text: String) {
    let mut complaints = shared.complaints.lock().unwrap_or_else(PoisonError::into_inner);
    if complaints.len() < COMPLAINTS {
        complaints.push(text);
    }
}
