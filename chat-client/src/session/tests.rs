//! The session against a small server made of vectors, over a line that loses what it likes.

mod property;

use std::collections::VecDeque;

use chat_proto::{
    Body, ClientId, Conversation, ConversationKind, Done, Emoji, Event, EventKind, GetHistory, HistoryPage,
    Invitation, Invitations, Message, Missed, PresenceList, ProtocolRange, ReadState, Registration, Resumed,
    Sent, Seq, SessionId, Timestamp, Tombstone, UserName,
};
use uuid::Uuid;

use super::*;
use crate::cache::{self, Cache};
use crate::engine::Storage;
use crate::update::{Anchor, Delivery, Draft, Outgoing};

const ME: u128 = 1;
const OTHER: u128 = 2;

fn person(n: u128) -> Person {
    Person::new(UserId(Uuid::from_u128(n)), UserName::parse(&format!("p{n}")).unwrap())
}

fn room(n: usize) -> ConversationId {
    ConversationId(Uuid::from_u128(100 + n as u128))
}

/// What can happen to a message.
#[derive(Debug, Clone, Copy)]
enum Deed {
    Edit,
    Delete,
    React,
    Pin,
    Answer,
}

/// The server: logs, read marks, and what it will do next.
struct Server {
    /// What happened, as it happened.
    said: Vec<Vec<Event>>,
    /// The same as it stands now, which is what is shown of it.
    logs: Vec<Vec<Event>>,
    read: Vec<Seq>,
    epoch: u128,
    invitations: Vec<Invitation>,
    refuse_next_send: bool,
    /// Events in a page or a resume.
    page: usize,
}

impl Server {
    fn row(&self, n: usize) -> Conversation {
        let log = &self.logs[n];
        let me = person(ME).id;
        // What is deleted is not unread.
        let stands = |event: &&Event| log[event.seq.0 as usize - 1].message().is_some();
        let new = |event: &&Event| event.author.id != me && event.seq > self.read[n] && stands(event);
        let main = |event: &&Event| event.message().is_some_and(|message| message.thread.is_none());
        let new: Vec<&Event> = self.said[n].iter().filter(new).collect();
        Conversation {
            id: room(n),
            kind: ConversationKind::Room,
            name: Some(format!("room{n}").parse().unwrap()),
            topic: Default::default(),
            description: Default::default(),
            private: false,
            rules: Default::default(),
            role: Default::default(),
            with: Vec::new(),
            members: 2,
            head: Seq(log.len() as u64),
            read: self.read[n],
            others_read: Seq::ZERO,
            unread: new.iter().filter(|event| main(event)).count() as u64,
            mentions: new.iter().filter(|event| event.mentions(me)).count() as u64,
            notify: Default::default(),
            starred: false,
            last_message: log.iter().rfind(main).cloned(),
            active_at: Timestamp(log.len() as i64),
        }
    }

    /// Something happens, and changes what it is about.
    fn append(&mut self, n: usize, author: u128, what: EventKind) -> Event {
        let event = Event {
            conversation: room(n),
            seq: Seq(self.logs[n].len() as u64 + 1),
            at: Timestamp(7),
            author: person(author),
            what,
        };
        let log = &mut self.logs[n];
        if let EventKind::Deleted { target } = event.what {
            let erased = Tombstone { deleted: event.seq, edit_of: Some(target), ..Tombstone::default() };
            let is_edit =
                |kind: &EventKind| matches!(kind, EventKind::Edited { target: of, .. } if *of == target);
            log.iter_mut()
                .filter(|event| is_edit(&event.what))
                .for_each(|event| event.what = EventKind::Tombstone(erased));
        }
        if let Some(target) = event.target() {
            log[target.0 as usize - 1].apply(&event);
        }
        log.push(event.clone());
        self.said[n].push(event.clone());
        event
    }

    /// A message of the log that is not deleted, if there is one.
    fn pick(&self, n: usize, pick: usize) -> Option<&Event> {
        let messages: Vec<&Event> = self.logs[n].iter().filter(|event| event.message().is_some()).collect();
        messages.get(pick % messages.len().max(1)).copied()
    }

    fn stored(&self, id: ClientId) -> Vec<Seq> {
        let is = |event: &&Event| event.message().is_some_and(|message| message.client_id == id);
        self.said.iter().flatten().filter(is).map(|event| event.seq).collect()
    }

    fn before(&self, conversation: ConversationId, before: Seq) -> (Vec<Event>, Seq) {
        let n = (0..self.logs.len()).find(|n| room(*n) == conversation).unwrap();
        let end = self.logs[n].len().min(before.0.saturating_sub(1) as usize);
        (self.logs[n][end.saturating_sub(self.page)..end].to_vec(), Seq(self.logs[n].len() as u64))
    }

    fn after(&self, conversation: ConversationId, after: Seq) -> (Vec<Event>, Seq) {
        let log =
            self.logs.iter().enumerate().find(|(n, _)| room(*n) == conversation).map(|(_, log)| log).unwrap();
        (log.iter().skip(after.0 as usize).take(self.page).cloned().collect(), Seq(log.len() as u64))
    }

    fn hello(&self) -> String {
        ServerFrame::encode_push(&Push::Hello(Hello {
            protocol: ProtocolRange { min: 1, max: 1 },
            server: "test".to_owned(),
            name: "acme".to_owned(),
            epoch: Epoch(Uuid::from_u128(self.epoch)),
            features: Vec::new(),
            registration: Registration::Open,
            provider: None,
            limits: Limits::default(),
            ping_interval_ms: 25_000,
            server_time: Timestamp(0),
        }))
    }

    /// What the server says to a frame, oldest first.
    fn handle(&mut self, text: &str) -> Vec<String> {
        let ClientFrame::Request { id, request } = ClientFrame::decode(text).unwrap() else {
            return Vec::new();
        };
        let mut said = Vec::new();
        let answer = match *request {
            Request::Token(_) => Answer::Token(Welcome {
                user: person(ME),
                role: Role::Member,
                session: SessionId(Uuid::nil()),
                token: None,
                epoch: Epoch(Uuid::from_u128(self.epoch)),
                privacy: chat_proto::Privacy::default(),
                blocked: Vec::new(),
                conversations: (0..self.logs.len()).map(|n| self.row(n)).collect(),
                cursor: None,
                inbox: Default::default(),
                dnd: Default::default(),
            }),
            Request::Resume(resume) => Answer::Resume(self.resume(&resume)),
            Request::GetHistory(ask) => {
                let (events, head) = match ask.before {
                    Some(before) => self.before(ask.conversation, before),
                    None => self.after(ask.conversation, ask.after.unwrap_or_default()),
                };
                let conversation = ask.conversation;
                Answer::GetHistory(HistoryPage {
                    conversation,
                    events,
                    head,
                    more_before: true,
                    more_after: false,
                })
            }
            Request::GetConversation(ask) => {
                let n = (0..self.logs.len()).find(|n| room(*n) == ask.conversation).unwrap();
                Answer::GetConversation(self.row(n))
            }
            Request::MarkRead(mark) => {
                let n = (0..self.logs.len()).find(|n| room(*n) == mark.conversation).unwrap();
                self.read[n] = self.read[n].max(mark.seq);
                let row = self.row(n);
                let (read, unread, mentions) = (row.read, row.unread, row.mentions);
                Answer::MarkRead(ReadState { conversation: room(n), read, unread, mentions })
            }
            Request::SendMessage(_) if std::mem::take(&mut self.refuse_next_send) => {
                let error = WireError::new(ErrorCode::RateLimited, "Slower.").retry_after_ms(700);
                return vec![ServerFrame::encode_error(Some(&id), &error)];
            }
            Request::SendMessage(send) => {
                let before = self.stored(send.client_id);
                let seq = match before.first() {
                    Some(seq) => *seq,
                    None => {
                        let n = (0..self.logs.len()).find(|n| room(*n) == send.conversation).unwrap();
                        let message =
                            Message { thread: send.thread, ..Message::new(send.client_id, send.body) };
                        let event = self.append(n, ME, EventKind::Message(Box::new(message)));
                        said.push(ServerFrame::encode_push(&Push::Event(event.clone())));
                        event.seq
                    }
                };
                let (conversation, duplicate) = (send.conversation, !before.is_empty());
                Answer::SendMessage(Sent { conversation, seq, at: Timestamp(7), duplicate })
            }
            Request::ListInvitations(_) => {
                Answer::ListInvitations(Invitations { invitations: self.invitations.clone() })
            }
            Request::WatchPresence(_) => Answer::WatchPresence(PresenceList::default()),
            _ => Answer::SetPresence(Done {}),
        };
        said.push(ServerFrame::encode_ok(&id, &answer));
        said
    }

    fn resume(&self, resume: &Resume) -> Resumed {
        let missed = |(id, have): (&ConversationId, &Seq)| {
            let (events, head) = self.after(*id, *have);
            (head > *have).then_some(Missed { conversation: *id, events, head })
        };
        let resumed = resume.conversations.iter().filter_map(missed).collect();
        Resumed { same_epoch: resume.epoch == Epoch(Uuid::from_u128(self.epoch)), resumed, gone: Vec::new() }
    }
}

/// Server, line, session and disk.
struct World {
    server: Server,
    session: Session,
    disk: Cache,
    /// From the server, on its way.
    line: VecDeque<String>,
    up: bool,
    /// Whether the server's words to the next frame get lost.
    deaf: bool,
    now: Now,
    told: Vec<Update>,
    sent: Vec<String>,
    ended: Option<End>,
    /// The last event told, by conversation.
    last: HashMap<ConversationId, Seq>,
    wrote: Vec<(ConversationId, ClientId)>,
}

fn account() -> Account {
    Account {
        server: "localhost".parse().unwrap(),
        user: person(ME),
        token: Secret::new("t"),
        server_name: "acme".to_owned(),
    }
}

impl World {
    fn new(rooms: usize) -> Self {
        let logs = vec![Vec::new(); rooms];
        let server = Server {
            said: logs.clone(),
            logs,
            read: vec![Seq::ZERO; rooms],
            epoch: 1,
            invitations: Vec::new(),
            refuse_next_send: false,
            page: 3,
        };
        let disk = cache::open(&Storage::Memory).unwrap();
        let session = Session::new(&account(), disk.saved().unwrap());
        let mut world = Self {
            server,
            session,
            disk,
            line: VecDeque::new(),
            up: false,
            deaf: false,
            now: Duration::from_secs(1),
            told: Vec::new(),
            sent: Vec::new(),
            ended: None,
            last: HashMap::new(),
            wrote: Vec::new(),
        };
        world.settle();
        world
    }

    fn online(rooms: usize) -> Self {
        let mut world = Self::new(rooms);
        world.connect();
        world.deliver(usize::MAX);
        assert!(world.session.is_online());
        world
    }

    fn connect(&mut self) {
        if !self.up {
            self.up = true;
            self.line = VecDeque::from([self.server.hello()]);
            self.session.opened(self.now);
        }
    }

    fn cut(&mut self, code: Option<u16>) -> End {
        self.up = false;
        self.line.clear();
        let end = self.session.cut(code, "cut");
        self.settle();
        end
    }

    /// The client dies without a word and starts again from its disk.
    fn kill(&mut self) {
        self.up = false;
        self.line.clear();
        self.session = Session::new(&account(), self.disk.saved().unwrap());
        self.settle();
    }

    fn deliver(&mut self, most: usize) {
        for _ in 0..most {
            let Some(frame) = self.line.pop_front() else { return };
            self.session.frame(&frame, self.now);
            self.settle();
        }
    }

    fn other_writes(&mut self, n: usize, copies: usize) {
        let message = Message::new(ClientId(Uuid::nil()), Body::new("x").unwrap());
        self.happens(n, OTHER, EventKind::Message(Box::new(message)), copies);
    }

    fn happens(&mut self, n: usize, author: u128, what: EventKind, copies: usize) {
        let event = self.server.append(n, author, what);
        if self.up {
            let frame = ServerFrame::encode_push(&Push::Event(event));
            self.line.extend(std::iter::repeat_n(frame, copies));
        }
    }

    /// Somebody changes a message, or answers it in a thread.
    fn changes(&mut self, n: usize, change: Deed, by: u128, pick: usize, copies: usize) {
        let Some(event) = self.server.pick(n, pick) else { return };
        let (target, author) = (event.seq, event.author.id);
        let (thread, message) = (event.message().and_then(|message| message.thread), event.message());
        let emoji = ["👍", "🎉"][pick % 2];
        let has = |message: &Message| {
            message.reactions.iter().any(|r| r.emoji.as_str() == emoji && r.users.contains(&person(by).id))
        };
        let on = !message.is_some_and(has);
        let pin = !message.is_some_and(|message| message.pinned);
        let mentions = if pick.is_multiple_of(3) && by != ME { vec![person(ME).id] } else { Vec::new() };
        let body = Body::new(format!("secret {pick}")).unwrap();
        let what = match change {
            Deed::Edit if author != person(by).id => return,
            Deed::Edit => EventKind::Edited { target, body, mentions },
            Deed::Delete => EventKind::Deleted { target },
            Deed::React => EventKind::Reaction { target, emoji: Emoji::new(emoji).unwrap(), on },
            Deed::Pin => EventKind::Pinned { target, on: pin },
            Deed::Answer => {
                let thread = Some(thread.unwrap_or(target));
                let message = Message::new(ClientId(Uuid::nil()), body);
                EventKind::Message(Box::new(Message { thread, mentions, ..message }))
            }
        };
        self.happens(n, by, what, copies);
    }

    /// The person scrolls back.
    fn looks_back(&mut self, n: usize, before: Seq) {
        let ask = GetHistory {
            conversation: room(n),
            before: Some(before),
            after: None,
            around: None,
            limit: None,
        };
        self.session.request(0, Request::GetHistory(ask), self.now);
        self.settle();
    }

    /// All that the disk holds of a conversation.
    fn held(&self, n: usize) -> Vec<Event> {
        self.disk.page(room(n), Anchor::Newest, u32::MAX).unwrap().history.events
    }

    fn write(&mut self, n: usize) -> ClientId {
        let client_id = ClientId(Uuid::from_u128(1_000 + self.wrote.len() as u128));
        self.wrote.push((room(n), client_id));
        let draft = Draft::new(room(n), Body::new("x").unwrap());
        let outgoing = Outgoing::new(client_id, draft, Timestamp(0));
        self.disk.apply(&[Change::OutboxAdd(outgoing.clone())]).unwrap();
        self.session.queue(outgoing, self.now);
        self.settle();
        client_id
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        self.session.tick(self.now);
        self.settle();
    }

    fn settle(&mut self) {
        loop {
            let effects = self.session.effects();
            if effects.is_empty() {
                return;
            }
            for effect in effects {
                self.effect(effect);
            }
        }
    }

    fn effect(&mut self, effect: Effect) {
        match effect {
            Effect::Send(frame) => {
                if self.up {
                    let said = self.server.handle(&frame);
                    if !std::mem::take(&mut self.deaf) {
                        self.line.extend(said);
                    }
                }
                self.sent.push(frame);
            }
            Effect::Tell(update) => {
                if let Update::Events { conversation, events, .. } = &update {
                    for event in events {
                        let last = self.last.entry(*conversation).or_default();
                        assert_eq!(event.seq, last.next(), "told once and in order");
                        *last = event.seq;
                    }
                }
                self.told.push(update);
            }
            Effect::Write(change) => self.disk.apply(&[change]).unwrap(),
            Effect::End(end) => {
                self.up = false;
                self.line.clear();
                self.ended = Some(end);
            }
            Effect::Answer(..) => {}
        }
    }

    /// Lets everything come right, with a line that works.
    fn heal(&mut self) {
        self.deaf = false;
        self.server.refuse_next_send = false;
        for _ in 0..100 {
            self.connect();
            self.deliver(usize::MAX);
            // A sign of life each second: a new connection would hide wrong counts.
            self.session.heard(self.now);
            self.pass(Duration::from_secs(1));
        }
    }

    fn asked(&self, kind: &str) -> usize {
        self.sent.iter().filter(|frame| frame.contains(&format!("\"type\":\"{kind}\""))).count()
    }

    fn row(&self, n: usize) -> Conversation {
        self.session.replicas[&room(n)].row.clone()
    }
}

#[test]
fn coming_back_takes_one_round_trip() {
    let mut world = World::online(2);
    world.other_writes(0, 1);
    world.deliver(1);
    world.cut(None);
    world.other_writes(0, 1);
    world.sent.clear();
    world.connect();
    world.deliver(1);
    assert_eq!((world.asked("auth.token"), world.asked("sync.resume")), (1, 1), "both follow the hello");
    world.deliver(2);
    assert!(world.session.is_online());
    assert_eq!(world.last[&room(0)], Seq(2));
    assert_eq!(world.asked("history.get"), 0);
    let live: Vec<bool> = world
        .told
        .iter()
        .filter_map(|update| match update {
            Update::Events { live, .. } => Some(*live),
            _ => None,
        })
        .collect();
    assert_eq!(live, [true, false], "what was missed notifies nobody");
}

#[test]
fn a_lost_event_is_fetched_and_what_follows_it_waits() {
    let mut world = World::online(1);
    world.other_writes(0, 0);
    world.other_writes(0, 1);
    world.other_writes(0, 2);
    world.deliver(usize::MAX);
    assert_eq!(world.last[&room(0)], Seq(3));
    assert_eq!(world.asked("history.get"), 1, "one page at a time");
    assert_eq!(world.row(0).unread, 3);
}

#[test]
fn a_gap_that_is_too_large_is_given_up() {
    let mut world = World::online(1);
    world.cut(None);
    for _ in 0..=log::MAX_MISSED + 10 {
        world.other_writes(0, 0);
    }
    world.server.page = 2;
    world.told.clear();
    world.connect();
    world.deliver(usize::MAX);
    assert!(world.told.contains(&Update::Reset(room(0))));
    assert!(world.session.is_online());
    assert_eq!(world.row(0).unread, log::MAX_MISSED + 11);
    world.last.insert(room(0), world.row(0).head);
    world.other_writes(0, 1);
    world.deliver(usize::MAX);
    assert_eq!(world.row(0).unread, log::MAX_MISSED + 12, "news go on behind the gap");
}

#[test]
fn another_epoch_voids_what_was_seen_but_not_what_was_typed() {
    let mut world = World::online(2);
    world.other_writes(0, 1);
    world.other_writes(0, 1);
    world.deliver(usize::MAX);
    world.cut(None);
    let mine = world.write(1);
    // A backup was restored: the room is younger now, the other is gone.
    world.server.epoch = 2;
    world.server.logs[0].truncate(1);
    world.server.said[0].truncate(1);
    world.last.clear();
    world.last.insert(room(0), Seq(1));
    world.told.clear();
    world.connect();
    world.deliver(usize::MAX);
    assert!(world.told.contains(&Update::Reset(room(0))));
    assert_eq!(world.asked("sync.resume"), 0, "no position of another life is stated");
    assert_eq!(world.server.stored(mine).len(), 1);
    world.other_writes(0, 1);
    world.deliver(usize::MAX);
    assert_eq!(world.last[&room(0)], Seq(2));
}

#[test]
fn messages_of_a_conversation_go_one_after_the_other() {
    let mut world = World::online(2);
    world.server.refuse_next_send = true;
    let (first, second, elsewhere) = (world.write(0), world.write(0), world.write(1));
    assert_eq!(world.asked("message.send"), 2, "one in each conversation");
    world.deliver(usize::MAX);
    assert_eq!(world.server.stored(first), [], "refused for the moment");
    assert_eq!(world.server.stored(second), [], "and not overtaken");
    assert_eq!(world.server.stored(elsewhere), [Seq(1)]);
    assert_eq!(world.session.deadline(world.now).map(|at| at - world.now), Some(Duration::from_millis(700)));
    world.pass(Duration::from_millis(700));
    world.deliver(usize::MAX);
    assert_eq!((world.server.stored(first), world.server.stored(second)), (vec![Seq(1)], vec![Seq(2)]));
}

#[test]
fn a_lost_answer_makes_no_second_message() {
    let mut world = World::online(1);
    world.deaf = true;
    let mine = world.write(0);
    world.cut(None);
    let queued = |update: &Update| matches!(update, Update::Outgoing(outgoing) if outgoing.delivery == Delivery::Queued && outgoing.client_id == mine);
    assert_eq!(world.told.iter().filter(|update| queued(update)).count(), 2, "back in the queue");
    world.connect();
    world.deliver(usize::MAX);
    assert_eq!(world.server.stored(mine), [Seq(1)]);
    assert!(world.disk.saved().unwrap().outbox.is_empty());
}

#[test]
fn close_codes_say_reconnect_or_stop() {
    let case = |code: u16| World::online(1).cut(Some(code));
    assert!(matches!(case(4000), End::Retry { after: None, .. }));
    assert!(matches!(case(4502), End::Stop { login_needed: true, .. }));
    assert!(matches!(case(4501), End::Stop { login_needed: false, .. }));
    assert!(matches!(case(1009), End::Stop { .. }));

    let mut world = World::online(1);
    world.line.push_back(ServerFrame::encode_push(&Push::Draining { reconnect_after_ms: 1834 }));
    world.deliver(1);
    let after = Some(Duration::from_millis(1834));
    assert!(matches!(world.cut(Some(1012)), End::Retry { after: told, .. } if told == after));
}

#[test]
fn a_bad_token_asks_for_a_login() {
    let mut world = World::new(1);
    world.connect();
    world.deliver(1);
    let error = WireError::new(ErrorCode::BadCredentials, "Log in again.");
    world.line = VecDeque::from([ServerFrame::encode_error(Some(&FrameId::numbered(1)), &error)]);
    world.deliver(1);
    assert_eq!(world.ended, Some(End::Stop { reason: "Log in again.".to_owned(), login_needed: true }));
}

#[test]
fn a_silent_line_is_taken_for_dead() {
    let mut world = World::online(1);
    world.pass(Duration::from_secs(54));
    assert_eq!(world.ended, None);
    world.session.heard(world.now);
    world.pass(Duration::from_secs(54));
    assert_eq!(world.ended, None, "any sign of life counts");
    world.pass(Duration::from_secs(1));
    assert!(matches!(world.ended, Some(End::Retry { .. })));
}

#[test]
fn typing_keeps_the_pace() {
    let mut world = World::online(1);
    let mut key = |after_ms: u64, active: bool| {
        let before = world.asked("typing");
        world.now += Duration::from_millis(after_ms);
        world.session.typing(room(0), active, world.now);
        world.settle();
        world.asked("typing") > before
    };
    assert!(key(0, true));
    assert!(!key(100, true));
    assert!(!key(2_800, true));
    assert!(key(100, true), "said again while it lasts");
    assert!(key(100, false));
    assert!(!key(100, false));
    assert!(!key(100, true), "not more than one in three seconds");
    assert!(key(2_700, true));
}

#[test]
fn read_marks_grow_and_survive() {
    let mut world = World::online(1);
    for _ in 0..3 {
        world.other_writes(0, 1);
    }
    world.deliver(usize::MAX);
    assert_eq!(world.row(0).unread, 3);
    world.session.mark_read(room(0), Seq(1), world.now);
    world.settle();
    world.session.mark_read(room(0), Seq(2), world.now);
    world.settle();
    assert_eq!(world.asked("read.mark"), 1, "the next waits for the answer");
    world.deliver(usize::MAX);
    assert_eq!((world.asked("read.mark"), world.row(0).unread), (2, 1));

    world.cut(None);
    world.session.mark_read(room(0), Seq(3), world.now);
    world.session.mark_read(room(0), Seq(2), world.now);
    world.settle();
    assert_eq!(world.row(0).unread, 0, "seen at once");
    world.kill();
    world.heal();
    assert_eq!((world.server.read[0], world.row(0).unread), (Seq(3), 0));
    assert!(world.disk.saved().unwrap().reads.is_empty());
}

/// The answer to a read mark may overtake an event that it counts; the count was one too high
/// from then on, until the next connection.
#[test]
fn counts_that_overtake_an_event_do_not_count_it_twice() {
    let mut world = World::online(1);
    world.other_writes(0, 1);
    world.other_writes(0, 1);
    world.deliver(usize::MAX);
    world.other_writes(0, 1);
    let event = world.line.pop_front().unwrap();
    world.session.mark_read(room(0), Seq(1), world.now);
    world.settle();
    world.line.push_back(event);
    world.deliver(1);
    assert_eq!(world.row(0).unread, 2, "told by the server");
    world.deliver(usize::MAX);
    assert_eq!(world.row(0).unread, 2, "and still true when the event is here");
}

#[test]
fn who_one_watches_is_said_again_after_a_cut() {
    let mut world = World::online(1);
    world.session.watch(vec![person(OTHER).id], world.now);
    world.session.set_presence(chat_proto::PresenceState::Away, world.now);
    world.settle();
    world.cut(None);
    world.connect();
    world.deliver(usize::MAX);
    assert_eq!((world.asked("presence.watch"), world.asked("presence.set")), (2, 2));
}

fn invitation(n: usize) -> Invitation {
    let name = format!("room{n}").parse().unwrap();
    let (topic, at) = (Default::default(), Timestamp(0));
    Invitation { conversation: room(n), name, topic, private: true, by: person(OTHER), at }
}

#[test]
fn invitations_are_listed_and_kept_in_step() {
    let mut world = World::new(1);
    world.server.invitations = vec![invitation(7)];
    world.connect();
    world.deliver(usize::MAX);
    let told = |world: &World| {
        let list = world.told.iter().rev().find_map(|update| match update {
            Update::Invitations(list) => Some(list.iter().map(|i| i.conversation).collect::<Vec<_>>()),
            _ => None,
        });
        list.unwrap_or_default()
    };
    assert_eq!(told(&world), [room(7)]);
    let mut push = |push: Push| {
        world.line.push_back(ServerFrame::encode_push(&push));
        world.deliver(1);
        told(&world)
    };
    assert_eq!(push(Push::Invitation { invitation: invitation(8) }), [room(8), room(7)]);
    assert_eq!(push(Push::Invitation { invitation: invitation(8) }), [room(8), room(7)], "once");
    let conversation = Conversation { id: room(7), ..world.server.row(0) };
    world.line.push_back(ServerFrame::encode_push(&Push::ConversationAdded { conversation }));
    world.deliver(1);
    assert_eq!(told(&world), [room(8)], "accepted on another device");
    let decline = chat_proto::DeclineInvitation { conversation: room(8) };
    world.session.request(5, Request::DeclineInvitation(decline), world.now);
    world.settle();
    world.deliver(usize::MAX);
    assert_eq!(told(&world), []);
}

#[test]
fn the_row_of_a_room_follows_its_events() {
    let mut world = World::online(1);
    let rules = chat_proto::RoomRules { archived: true, ..Default::default() };
    let description = chat_proto::Description::new("all about it").unwrap();
    for what in [
        EventKind::Renamed { name: "releases".parse().unwrap() },
        EventKind::Described { description: description.clone() },
        EventKind::Rules { rules },
        EventKind::Role { user: person(OTHER), role: chat_proto::RoomRole::Owner },
        EventKind::Role { user: person(ME), role: chat_proto::RoomRole::Moderator },
        EventKind::Invited { user: person(3) },
        EventKind::Joined,
        EventKind::Joined,
        EventKind::Removed { user: person(3), reason: Default::default() },
    ] {
        world.happens(0, OTHER, what, 1);
    }
    world.deliver(usize::MAX);
    let row = world.row(0);
    assert_eq!(row.name.unwrap().as_str(), "releases");
    assert_eq!((row.description, row.rules), (description, rules));
    assert_eq!((row.role, row.members, row.unread), (chat_proto::RoomRole::Moderator, 3, 0));
    assert_eq!(world.asked("conversation.get"), 0);
}

#[test]
fn a_draft_is_sent_with_its_ties() {
    let mut world = World::online(1);
    let (reply_to, thread) = (Some(Seq(1)), Some(Seq(1)));
    let forward = Some(chat_proto::Position { conversation: room(0), seq: Seq(1) });
    let plain = Draft::new(room(0), Body::new("waves").unwrap());
    let draft = Draft { action: true, reply_to, thread, forward, ..plain };
    world.other_writes(0, 1);
    world.session.queue(Outgoing::new(ClientId(Uuid::from_u128(9)), draft, Timestamp(0)), world.now);
    world.settle();
    let sent = world.sent.iter().find(|frame| frame.contains("message.send")).unwrap();
    for part in ["\"action\":true", "\"reply_to\":1", "\"thread\":1", "\"forward\":{"] {
        assert!(sent.contains(part), "{part} in {sent}");
    }
}
