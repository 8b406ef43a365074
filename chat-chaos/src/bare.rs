//! A client on the bare wire, written from `PROTOCOL.md` alone: a second opinion beside the engine. It keeps
//! what it was told in memory only.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use chat_client::wire::{Heard, Wire};
use chat_proto::{
    AcceptInvitation, Answer, Ask, Body, ClientFrame, ClientId, Conversation, ConversationId, DeleteMessage,
    EditMessage, Epoch, Event, FrameId, GetHistory, HistoryPage, Invite, JoinRoom, LeaveRoom, MarkRead,
    PROTOCOL_VERSION, Push, React, RemoveMember, Request, RequestKind, Resume, Secret, SendMessage, Seq,
    ServerFrame, Token, Topic, UserId, WireError, limits,
};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::actor::Order;
use crate::dial::Dial;
use crate::history::{Act, News, Rung};
use crate::player::Notes;

/// Between two tries to connect.
const AGAIN: Duration = Duration::from_millis(150);

/// How long a server may take to say hello.
const HELLO: Duration = Duration::from_secs(5);

/// What is added to two heartbeats before silence is taken for death.
const SLACK: Duration = Duration::from_millis(500);

/// Where an own message stands until it is known to be stored.
struct Unsent {
    op: u64,
    send: SendMessage,
}

/// Why something was asked.
enum Purpose {
    Login,
    Resume,
    /// The rest of what was missed.
    Missed(ConversationId),
    Send(ClientId),
    Act(u64, Box<Act>),
}

struct Bare {
    me: UserId,
    token: Secret,
    notes: Notes,
    epoch: Option<Epoch>,
    /// The newest event held, by conversation.
    have: BTreeMap<ConversationId, Seq>,
    /// The newest one heard of, which may not be held: a page from before it can come after it.
    heard: BTreeMap<ConversationId, Seq>,
    /// Conversations whose missing events were asked for.
    fetching: BTreeSet<ConversationId>,
    unsent: Vec<Unsent>,
    under_way: BTreeSet<ClientId>,
    /// Messages that were refused for the moment wait as long.
    not_before: Instant,
    pending: HashMap<FrameId, (RequestKind, Purpose)>,
    asked: u64,
    frames: Vec<String>,
    ready: bool,
    /// Why the connection is of no use, though it lives: what it was opened with was refused.
    useless: Option<String>,
}

/// Runs until there are no more orders.
pub(crate) async fn run(
    dial: Dial,
    token: Secret,
    me: UserId,
    notes: Notes,
    mut orders: mpsc::Receiver<Order>,
) {
    let mut bare = Bare {
        me,
        token,
        notes,
        epoch: None,
        have: BTreeMap::new(),
        heard: BTreeMap::new(),
        fetching: BTreeSet::new(),
        unsent: Vec::new(),
        under_way: BTreeSet::new(),
        not_before: Instant::now(),
        pending: HashMap::new(),
        asked: 0,
        frames: Vec::new(),
        ready: false,
        useless: None,
    };
    loop {
        if let Ok(mut wire) = dial.wire().await {
            let over = bare.live(&mut wire, &mut orders).await;
            bare.cut();
            if over {
                wire.close().await;
                return;
            }
        }
        sleep(AGAIN).await;
        if orders.is_closed() && orders.is_empty() {
            return;
        }
    }
}

impl Bare {
    /// One connection; true when all is over.
    async fn live(&mut self, wire: &mut Wire, orders: &mut mpsc::Receiver<Order>) -> bool {
        let Ok(Heard::Text(first)) = timeout(HELLO, wire.next()).await else { return false };
        let Ok(ServerFrame::Push(push)) = ServerFrame::decode(&first) else { return false };
        let Push::Hello(hello) = *push else { return false };
        if self.epoch != Some(hello.epoch) {
            self.epoch = Some(hello.epoch);
            self.forget_all();
        }
        let silence = Duration::from_millis(hello.ping_interval_ms) * 2 + SLACK;
        self.ask(Purpose::Login, Token { protocol: PROTOCOL_VERSION, token: self.token.clone() });
        let conversations = self.have.iter().map(|(id, seq)| (*id, *seq)).collect();
        self.ask(Purpose::Resume, Resume { epoch: hello.epoch, conversations });
        let mut heard = Instant::now();
        loop {
            if let Some(why) = self.useless.take() {
                self.notes.news(News::Line { up: false, why: Some(why) });
                return false;
            }
            if self.ready {
                self.send_waiting();
            }
            let frames = std::mem::take(&mut self.frames);
            if !frames.is_empty() && wire.send(frames).await.is_err() {
                return false;
            }
            let wakes = (heard + silence).min(if self.has_unsent() {
                self.not_before.max(Instant::now() + AGAIN)
            } else {
                heard + silence
            });
            tokio::select! {
                news = wire.next() => match news {
                    Heard::Text(text) => {
                        heard = Instant::now();
                        self.frame(&text);
                    }
                    Heard::Alive => heard = Instant::now(),
                    Heard::Closed { reason, .. } => {
                        self.notes.news(News::Line { up: false, why: Some(reason) });
                        return false;
                    }
                },
                order = orders.recv(), if self.ready => match order {
                    Some(Order::Do { op, act }) => self.act(op, act),
                    Some(Order::Hurry) => {}
                    Some(Order::End) | None => return true,
                },
                () = sleep_until(wakes) => if heard.elapsed() >= silence {
                    self.notes.news(News::Line { up: false, why: Some("silence".to_owned()) });
                    return false;
                },
            }
        }
    }

    fn has_unsent(&self) -> bool {
        self.unsent.iter().any(|unsent| !self.under_way.contains(&unsent.send.client_id))
    }

    fn forget_all(&mut self) {
        self.heard.clear();
        for conversation in std::mem::take(&mut self.have).into_keys() {
            self.notes.news(News::Forgot { conversation });
        }
    }

    /// The connection is gone: messages are sent again, of the rest nobody knows.
    fn cut(&mut self) {
        (self.ready, self.useless, self.frames) = (false, None, Vec::new());
        self.under_way.clear();
        self.fetching.clear();
        for (_, purpose) in std::mem::take(&mut self.pending).into_values() {
            if let Purpose::Act(op, _) = purpose {
                self.notes.news(News::Unknown { op });
            }
        }
    }

    fn ask<A: Ask>(&mut self, purpose: Purpose, ask: A) {
        self.request(purpose, ask.into_request());
    }

    fn request(&mut self, purpose: Purpose, request: Request) {
        self.asked += 1;
        let id = FrameId::numbered(self.asked);
        self.pending.insert(id.clone(), (request.kind(), purpose));
        self.frames.push(ClientFrame::Request { id, request: Box::new(request) }.encode());
    }

    /// Sends what waits, in the order of writing.
    fn send_waiting(&mut self) {
        if Instant::now() < self.not_before {
            return;
        }
        let free = limits::SENDS_IN_FLIGHT.saturating_sub(self.under_way.len());
        let next: Vec<SendMessage> = self
            .unsent
            .iter()
            .filter(|unsent| !self.under_way.contains(&unsent.send.client_id))
            // One at a time in a conversation, or one that is refused for the moment is overtaken.
            .filter(|unsent| self.is_first(unsent))
            .take(free)
            .map(|unsent| unsent.send.clone())
            .collect();
        for send in next {
            self.under_way.insert(send.client_id);
            self.ask(Purpose::Send(send.client_id), send);
        }
    }

    fn is_first(&self, unsent: &Unsent) -> bool {
        let first = self.unsent.iter().find(|other| other.send.conversation == unsent.send.conversation);
        first.is_some_and(|first| first.op == unsent.op)
    }

    fn act(&mut self, op: u64, act: Act) {
        let request = match act.clone() {
            Act::Send { conversation, body, thread } => {
                let Ok(body) = Body::new(body) else { return };
                let client_id = ClientId(uuid::Uuid::now_v7());
                self.notes.news(News::Named { op, client_id });
                let send = SendMessage { thread, ..SendMessage::new(conversation, client_id, body) };
                self.moved(&send, Rung::Queued);
                self.unsent.push(Unsent { op, send });
                return;
            }
            Act::Edit { conversation, seq, body } => match Body::new(body) {
                Ok(body) => EditMessage { conversation, seq, body }.into_request(),
                Err(_) => return,
            },
            Act::Delete { conversation, seq } => DeleteMessage { conversation, seq }.into_request(),
            Act::React { conversation, seq, emoji } => {
                React { conversation, seq, emoji, on: true }.into_request()
            }
            Act::Read { conversation, seq } => MarkRead { conversation, seq }.into_request(),
            Act::Look { conversation, before } => {
                GetHistory { conversation, before, after: None, around: None, limit: None }.into_request()
            }
            Act::Join { room, .. } => JoinRoom { room }.into_request(),
            Act::Accept { conversation } => AcceptInvitation { conversation }.into_request(),
            Act::Leave { conversation } => LeaveRoom { conversation }.into_request(),
            Act::Invite { conversation, user } => Invite { conversation, user }.into_request(),
            Act::Remove { conversation, user } => {
                RemoveMember { conversation, user, reason: Topic::default() }.into_request()
            }
        };
        self.request(Purpose::Act(op, Box::new(act)), request);
    }

    fn moved(&self, send: &SendMessage, rung: Rung) {
        let body = send.body.as_str().to_owned();
        let (client_id, conversation) = (send.client_id, send.conversation);
        self.notes.news(News::Outgoing { client_id, conversation, body, rung });
    }

    fn frame(&mut self, text: &str) {
        match ServerFrame::decode(text) {
            Ok(ServerFrame::Ok { id, payload }) => {
                let Some((kind, purpose)) = self.pending.remove(&id) else { return };
                if let Ok(answer) = kind.decode_answer(&payload) {
                    self.answered(purpose, answer);
                }
            }
            Ok(ServerFrame::Error { id: Some(id), error }) => {
                if let Some((_, purpose)) = self.pending.remove(&id) {
                    self.refused(purpose, &error);
                }
            }
            Ok(ServerFrame::Push(push)) => match *push {
                Push::Event(event) => self.live_event(event),
                Push::ConversationAdded { conversation } => self.row(&conversation),
                Push::ConversationRemoved { conversation } => self.gone(conversation),
                _ => {}
            },
            _ => {}
        }
    }

    fn answered(&mut self, purpose: Purpose, answer: Answer) {
        match (purpose, answer) {
            (Purpose::Login, Answer::Token(welcome)) => {
                welcome.conversations.iter().for_each(|row| self.row(row))
            }
            (Purpose::Resume, Answer::Resume(resumed)) => {
                resumed.gone.into_iter().for_each(|conversation| self.gone(conversation));
                for missed in resumed.resumed {
                    self.follow(missed.conversation, missed.events, missed.head);
                }
                self.ready = true;
                self.notes.news(News::Line { up: true, why: None });
            }
            (Purpose::Missed(conversation), Answer::GetHistory(page)) => {
                self.fetching.remove(&conversation);
                self.follow(conversation, page.events, page.head);
            }
            (Purpose::Send(client_id), Answer::SendMessage(sent)) => {
                self.settled(client_id, Rung::Stored { seq: sent.seq });
            }
            (Purpose::Act(op, act), answer) => self.done(op, &act, answer),
            _ => {}
        }
    }

    fn done(&mut self, op: u64, act: &Act, answer: Answer) {
        let seq = match answer {
            Answer::EditMessage(at) | Answer::DeleteMessage(at) => Some(at.seq),
            Answer::MarkRead(state) => Some(state.read),
            Answer::GetHistory(HistoryPage { conversation, events, .. }) => {
                self.notes.news(News::Shown { conversation, events, page: true });
                None
            }
            Answer::JoinRoom(row) | Answer::AcceptInvitation(row) => {
                self.row(&row);
                None
            }
            _ => None,
        };
        if let Act::Leave { conversation } = act {
            self.gone(*conversation);
        }
        self.notes.news(News::Done { op, seq });
    }

    fn refused(&mut self, purpose: Purpose, error: &WireError) {
        match purpose {
            Purpose::Send(client_id) if error.temporary => {
                self.under_way.remove(&client_id);
                let wait = error.retry_after_ms.map_or(AGAIN, Duration::from_millis);
                self.not_before = Instant::now() + wait;
            }
            Purpose::Send(client_id) => {
                self.settled(client_id, Rung::Failed { reason: error.code.as_str().to_owned() });
            }
            Purpose::Act(op, _) if error.temporary => self.notes.news(News::Unknown { op }),
            Purpose::Act(op, _) => {
                self.notes.news(News::Refused { op, code: error.code.as_str().to_owned() });
            }
            // Nobody would ask again: whoever is no member hears so.
            Purpose::Missed(_) if !error.temporary => {}
            // Heartbeats keep the connection alive, so nobody else would end it.
            Purpose::Login | Purpose::Resume | Purpose::Missed(_) => {
                self.useless = Some(error.code.as_str().to_owned());
            }
        }
    }

    fn settled(&mut self, client_id: ClientId, rung: Rung) {
        self.under_way.remove(&client_id);
        if let Some(at) = self.unsent.iter().position(|unsent| unsent.send.client_id == client_id) {
            let unsent = self.unsent.remove(at);
            self.moved(&unsent.send, rung);
        }
    }

    /// One is a member here, and begins to listen at the end.
    fn row(&mut self, row: &Conversation) {
        self.notes.seen().rows(vec![row.clone()]);
        self.have.entry(row.id).or_insert(row.head);
    }

    fn gone(&mut self, conversation: ConversationId) {
        self.heard.remove(&conversation);
        if self.have.remove(&conversation).is_some() {
            self.notes.news(News::Forgot { conversation });
        }
    }

    fn live_event(&mut self, event: Event) {
        let (conversation, seq) = (event.conversation, event.seq);
        if let Some(message) = event.message()
            && event.author.id == self.me
        {
            self.settled(message.client_id, Rung::Stored { seq });
        }
        self.follow(conversation, vec![event], seq);
    }

    /// Applies what follows, and asks for what is missing.
    fn follow(&mut self, conversation: ConversationId, events: Vec<Event>, head: Seq) {
        let Some(have) = self.have.get_mut(&conversation) else { return };
        let mut next = Vec::new();
        for event in events {
            if event.seq == have.next() {
                *have = event.seq;
                next.push(event);
            }
        }
        let have = *have;
        let heard = self.heard.entry(conversation).or_default();
        *heard = head.max(*heard);
        let head = *heard;
        if !next.is_empty() {
            self.notes.news(News::Shown { conversation, events: next, page: false });
        }
        if have < head && self.fetching.insert(conversation) {
            let (before, around, limit) = (None, None, None);
            self.ask(
                Purpose::Missed(conversation),
                GetHistory { conversation, before, after: Some(have), around, limit },
            );
        }
    }
}
