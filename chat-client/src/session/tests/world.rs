//! Server, line, session and disk, with one clock.

use super::*;

/// Server, line, session and disk.
pub(super) struct World {
    pub(super) server: Server,
    pub(super) session: Session,
    pub(super) disk: Cache,
    /// From the server, on its way.
    pub(super) line: VecDeque<String>,
    pub(super) up: bool,
    /// Whether the server's words to the next frame get lost.
    pub(super) deaf: bool,
    pub(super) now: Now,
    pub(super) told: Vec<Update>,
    pub(super) sent: Vec<String>,
    pub(super) ended: Option<End>,
    /// The last event told, by conversation.
    pub(super) last: HashMap<ConversationId, Seq>,
    pub(super) wrote: Vec<(ConversationId, ClientId)>,
    /// Whether a working line loses what the server says.
    pub(super) loses: bool,
}

pub(super) fn account() -> Account {
    Account {
        server: "localhost".parse().unwrap(),
        user: person(ME),
        token: Secret::new("t"),
        server_name: "acme".to_owned(),
    }
}

impl World {
    pub(super) fn new(rooms: usize) -> Self {
        let logs = vec![Vec::new(); rooms];
        let server = Server {
            said: logs.clone(),
            logs,
            read: vec![Seq::ZERO; rooms],
            epoch: 1,
            invitations: Vec::new(),
            refuse_next_send: false,
            page: 3,
            window: usize::MAX,
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
            loses: true,
        };
        world.settle();
        world
    }

    pub(super) fn online(rooms: usize) -> Self {
        let mut world = Self::new(rooms);
        world.connect();
        world.deliver(usize::MAX);
        assert!(world.session.is_online());
        world
    }

    pub(super) fn connect(&mut self) {
        if !self.up {
            self.up = true;
            self.line = VecDeque::from([self.server.hello()]);
            self.session.opened(self.now);
        }
    }

    pub(super) fn cut(&mut self, code: Option<u16>) -> End {
        self.up = false;
        self.line.clear();
        let end = self.session.cut(code, "cut");
        self.settle();
        end
    }

    /// The client dies without a word and starts again from its disk.
    pub(super) fn kill(&mut self) {
        self.up = false;
        self.line.clear();
        self.session = Session::new(&account(), self.disk.saved().unwrap());
        self.settle();
    }

    pub(super) fn deliver(&mut self, most: usize) {
        for _ in 0..most {
            let Some(frame) = self.line.pop_front() else { return };
            self.session.frame(&frame, self.now);
            self.settle();
        }
    }

    /// The next answer with a page or a row comes behind all that is on its way now.
    pub(super) fn delay(&mut self) {
        let is_read = |frame: &String| {
            let names = |word: &str| frame.contains(&format!("\"{word}\":"));
            frame.contains("\"type\":\"ok\"")
                && (names("more_after") || (names("head") && names("members") && !names("session")))
        };
        if let Some(at) = self.line.iter().position(is_read)
            && let Some(answer) = self.line.remove(at)
        {
            self.line.push_back(answer);
        }
    }

    pub(super) fn other_writes(&mut self, n: usize, copies: usize) {
        let message = Message::new(ClientId(Uuid::nil()), Body::new("x").unwrap());
        self.happens(n, OTHER, EventKind::Message(Box::new(message)), copies);
    }

    pub(super) fn happens(&mut self, n: usize, author: u128, what: EventKind, copies: usize) {
        let event = self.server.append(n, author, what);
        if self.up {
            let frame = ServerFrame::encode_push(&Push::Event(event));
            let copies = if self.loses { copies } else { copies.max(1) };
            self.line.extend(std::iter::repeat_n(frame, copies));
        }
    }

    /// Somebody changes a message, or answers it in a thread.
    pub(super) fn changes(&mut self, n: usize, change: Deed, by: u128, pick: usize, copies: usize) {
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
    pub(super) fn looks_back(&mut self, n: usize, before: Seq) {
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
    pub(super) fn held(&self, n: usize) -> Vec<Event> {
        self.disk.page(room(n), Anchor::Newest, u32::MAX).unwrap().history.events
    }

    pub(super) fn write(&mut self, n: usize) -> ClientId {
        let client_id = ClientId(Uuid::from_u128(1_000 + self.wrote.len() as u128));
        self.wrote.push((room(n), client_id));
        let draft = Draft::new(room(n), Body::new("x").unwrap());
        let outgoing = Outgoing::new(client_id, draft, Timestamp(0));
        self.disk.apply(&[Change::OutboxAdd(outgoing.clone())]).unwrap();
        self.session.queue(outgoing, self.now);
        self.settle();
        client_id
    }

    pub(super) fn pass(&mut self, time: Duration) {
        self.now += time;
        self.session.tick(self.now);
        self.settle();
    }

    pub(super) fn settle(&mut self) {
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

    pub(super) fn effect(&mut self, effect: Effect) {
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
    pub(super) fn heal(&mut self) {
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

    pub(super) fn asked(&self, kind: &str) -> usize {
        self.sent.iter().filter(|frame| frame.contains(&format!("\"type\":\"{kind}\""))).count()
    }

    pub(super) fn row(&self, n: usize) -> Conversation {
        self.session.replicas[&room(n)].row.clone()
    }
}
