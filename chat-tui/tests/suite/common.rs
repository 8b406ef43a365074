//! A chat to look at: a small team with a believable morning, and short ways to press keys, bring
//! news and read what follows.

use std::time::Duration;

use chat_client::{Anchor, Connection, Delivery, Draft, History, Outgoing, Update};
use chat_proto::*;
use chat_tui::effect::{Effect, Outcome, Question, Tell, Try, Wish};
use chat_tui::state::transfer::Job;
use chat_tui::{Input, Moment, State, What, update, view};
use crossterm::event::{Event as Input_, KeyCode, KeyEvent, KeyModifiers};
use jiff::tz::TimeZone;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use uuid::Uuid;

/// Tuesday 17 November 2026, 09:30 UTC.
pub const NOW: i64 = 1_794_907_800_000;
pub const MINUTE: i64 = 60_000;

pub const GENERAL: ConversationId = ConversationId(Uuid::from_u128(1));
pub const DEPLOYS: ConversationId = ConversationId(Uuid::from_u128(2));
pub const RANDOM: ConversationId = ConversationId(Uuid::from_u128(3));
pub const ADA: ConversationId = ConversationId(Uuid::from_u128(4));
pub const LIN: ConversationId = ConversationId(Uuid::from_u128(5));

pub fn person(name: &str) -> Person {
    let id = name.bytes().fold(7u128, |sum, byte| sum * 131 + u128::from(byte));
    Person::new(UserId(Uuid::from_u128(id)), UserName::parse(name).unwrap())
}

pub fn me() -> Person {
    person("mara")
}

pub fn room(id: ConversationId, name: &str, topic: &str) -> Conversation {
    Conversation {
        id,
        kind: ConversationKind::Room,
        name: Some(RoomName::parse(name).unwrap()),
        topic: Topic::new(topic).unwrap(),
        description: Description::default(),
        private: false,
        rules: RoomRules::default(),
        role: RoomRole::Member,
        with: Vec::new(),
        members: 4,
        head: Seq(0),
        read: Seq(0),
        others_read: Seq(0),
        unread: 0,
        mentions: 0,
        notify: Default::default(),
        starred: false,
        last_message: None,
        active_at: Timestamp(NOW - id.0.as_u128() as i64 * MINUTE),
    }
}

pub fn direct(id: ConversationId, with: &str) -> Conversation {
    Conversation {
        kind: ConversationKind::Direct,
        name: None,
        members: 2,
        with: vec![person(with)],
        ..room(id, "x", "")
    }
}

pub fn event(conversation: ConversationId, seq: u64, minute: i64, author: &str, what: EventKind) -> Event {
    let at = Timestamp(NOW + (minute - 30) * MINUTE);
    Event { conversation, seq: Seq(seq), at, author: person(author), what }
}

pub fn message(conversation: ConversationId, seq: u64, minute: i64, author: &str, body: &str) -> Event {
    said_as(conversation, seq, minute, author, body, |_| {})
}

/// A message with ties to others.
pub fn said_as(
    conversation: ConversationId,
    seq: u64,
    minute: i64,
    author: &str,
    body: &str,
    ties: impl FnOnce(&mut Message),
) -> Event {
    let client_id = ClientId(Uuid::from_u128(u128::from(seq) + 1_000));
    let mut message = Message::new(client_id, Body::new(body).unwrap());
    message.mentions = mentioned_names(body).iter().map(|name| person(name.as_str()).id).collect();
    ties(&mut message);
    event(conversation, seq, minute, author, EventKind::Message(Box::new(message)))
}

pub fn draft(conversation: ConversationId, body: &str) -> Draft {
    Draft::new(conversation, Body::new(body).unwrap())
}

pub fn outgoing(conversation: ConversationId, id: u128, body: &str, delivery: Delivery) -> Update {
    going(id, draft(conversation, body), delivery)
}

pub fn going(id: u128, draft: Draft, delivery: Delivery) -> Update {
    let Draft { conversation, body, files, action, reply_to, thread, forward } = draft;
    Update::Outgoing(Outgoing {
        client_id: ClientId(Uuid::from_u128(id)),
        conversation,
        body,
        files,
        action,
        reply_to,
        thread,
        forward,
        written_at: Timestamp(NOW),
        delivery,
    })
}

pub fn reaction(emoji: &str, users: &[&str]) -> Reaction {
    let users = users.iter().map(|user| person(user).id).collect();
    Reaction { emoji: Emoji::new(emoji).unwrap(), users }
}

/// A chat and its clock.
pub struct Stage {
    pub state: State,
    pub ms: u64,
}

impl Stage {
    pub fn empty() -> Self {
        let mut stage = Self { state: State::new(TimeZone::UTC, true), ms: 0 };
        stage.news(Update::Me { user: me(), role: Role::Member, server_name: "acme".into() });
        stage.news(Update::Connection(Connection::Online));
        stage
    }

    /// The team of the picture in the design: #deploys is open, with two people who wrote.
    pub fn team() -> Self {
        let mut stage = Self::empty();
        let mut deploys = room(DEPLOYS, "deploys", "release train, freeze Friday");
        (deploys.head, deploys.read, deploys.unread, deploys.others_read) = (Seq(7), Seq(5), 1, Seq(7));
        deploys.active_at = Timestamp(NOW);
        let mut general = room(GENERAL, "general", "");
        (general.unread, general.mentions) = (3, 1);
        let mut ada = direct(ADA, "ada");
        ada.unread = 2;
        stage.news(Update::Conversations(vec![
            general,
            deploys,
            room(RANDOM, "random", ""),
            ada,
            direct(LIN, "lin"),
        ]));
        stage.history(
            DEPLOYS,
            vec![
                event(
                    DEPLOYS,
                    1,
                    -60 * 24,
                    "ada",
                    EventKind::Created {
                        client_id: ClientId(Uuid::nil()),
                        name: RoomName::parse("deploys").ok(),
                        topic: Topic::default(),
                    },
                ),
                event(DEPLOYS, 2, -60 * 24, "lin", EventKind::Joined),
                event(DEPLOYS, 3, -60 * 24, "mara", EventKind::Joined),
                message(DEPLOYS, 4, 14, "ada", "morning! did the canary go out?"),
                message(DEPLOYS, 5, 15, "lin", "yes, 5% since 08:50"),
                message(DEPLOYS, 6, 21, "grace", "graph attached, @mara have a look"),
                message(DEPLOYS, 7, 22, "mara", "looks good, going to 50%"),
            ],
        );
        let member =
            |name| Member { user: person(name), role: RoomRole::Member, read: Seq(0), card: Card::default() };
        let mut members = ["ada", "grace", "lin", "mara"].map(member).to_vec();
        members[0].role = RoomRole::Owner;
        stage.outcome(Outcome::Members(DEPLOYS, members));
        let presence = |name: &str, state| Presence { user: person(name).id, state, last_seen: None };
        stage.news(Update::Presence(vec![
            presence("ada", PresenceState::Online),
            presence("lin", PresenceState::Away),
        ]));
        stage
    }

    pub fn input(&mut self, what: What) -> Vec<Effect> {
        let at = Moment { clock: Timestamp(NOW + self.ms as i64), ms: self.ms };
        update(&mut self.state, Input { at, what })
    }

    pub fn news(&mut self, update: Update) -> Vec<Effect> {
        self.input(What::Engine(update))
    }

    pub fn outcome(&mut self, outcome: Outcome) -> Vec<Effect> {
        self.input(What::Outcome(outcome))
    }

    pub fn history(&mut self, id: ConversationId, events: Vec<Event>) -> Vec<Effect> {
        let page = History { events, more_before: false, more_after: false };
        self.outcome(Outcome::History(id, Anchor::Newest, Ok(page)))
    }

    /// An event as it happens. The engine tells the conversation's row behind it; here it is there
    /// at once, so that one look at the effects tells what follows.
    pub fn live(&mut self, event: Event) -> Vec<Effect> {
        if let Some(row) = self.state.conversations.get(event.conversation).cloned() {
            let head = row.head.max(event.seq);
            self.state.conversations.update(vec![Conversation { head, ..row }]);
        }
        self.news(Update::Events { conversation: event.conversation, events: vec![event], live: true })
    }

    pub fn tick(&mut self, ms: u64) -> Vec<Effect> {
        self.ms += ms;
        self.input(What::Tick)
    }

    pub fn waiting(&mut self, seconds: u64) {
        let retry_in = Duration::from_secs(seconds);
        self.news(Update::Connection(Connection::Waiting { retry_in, reason: "connection refused".into() }));
    }

    /// Presses keys, written as people write them: `Alt-A`, `Enter`; anything else is typed.
    pub fn keys(&mut self, keys: &[&str]) -> String {
        let mut effects = Vec::new();
        for key in keys {
            match named(key) {
                Some(key) => effects.extend(self.input(What::Terminal(Input_::Key(key)))),
                None => {
                    for c in key.chars() {
                        let key = KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE);
                        effects.extend(self.input(What::Terminal(Input_::Key(key))));
                    }
                }
            }
        }
        said(&effects)
    }

    pub fn text(&self) -> String {
        self.state.composer.text()
    }

    pub fn notice(&self) -> &str {
        self.state.notice.as_ref().map_or("", |notice| &notice.text)
    }

    pub fn buffer(&mut self, columns: u16, rows: u16) -> Buffer {
        self.input(What::Terminal(Input_::Resize(columns, rows)));
        let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
        terminal.draw(|frame| view(&self.state, frame)).unwrap();
        terminal.backend().buffer().clone()
    }

    /// The screen as text between bars; the cells under a wide one are left out.
    pub fn screen(&mut self, columns: u16, rows: u16) -> String {
        picture(&self.buffer(columns, rows), columns)
    }
}

/// A buffer as text between bars; the cells under a wide one are left out.
pub fn picture(buffer: &Buffer, columns: u16) -> String {
    let mut out = String::new();
    for row in buffer.content.chunks(usize::from(columns)) {
        let mut line = String::new();
        let mut covered = 0;
        for cell in row {
            if covered > 0 {
                covered -= 1;
                continue;
            }
            covered = chat_tui::text::width(cell.symbol()).saturating_sub(1);
            line.push_str(cell.symbol());
        }
        out.push_str(&format!("|{}|\n", line.trim_end()));
    }
    out
}

/// The keys of a name, or of a text to be typed.
pub fn keys_of(key: &str) -> Vec<KeyEvent> {
    match named(key) {
        Some(key) => vec![key],
        None => key.chars().map(|c| KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE)).collect(),
    }
}

fn named(key: &str) -> Option<KeyEvent> {
    let (modifiers, name) = match key.split_once('-') {
        Some(("Alt", name)) => (KeyModifiers::ALT, name),
        Some(("Ctrl", name)) => (KeyModifiers::CONTROL, name),
        Some(("Shift", name)) => (KeyModifiers::SHIFT, name),
        _ => (KeyModifiers::NONE, key),
    };
    let code = match name {
        "Enter" => KeyCode::Enter,
        "Esc" => KeyCode::Esc,
        "Tab" if modifiers == KeyModifiers::SHIFT => KeyCode::BackTab,
        "Tab" => KeyCode::Tab,
        "Up" => KeyCode::Up,
        "Down" => KeyCode::Down,
        "Left" => KeyCode::Left,
        "Right" => KeyCode::Right,
        "Home" => KeyCode::Home,
        "End" => KeyCode::End,
        "Del" => KeyCode::Delete,
        "Backspace" => KeyCode::Backspace,
        "PageUp" => KeyCode::PageUp,
        "PageDown" => KeyCode::PageDown,
        "F1" => KeyCode::F(1),
        "F2" => KeyCode::F(2),
        "F9" => KeyCode::F(9),
        one if one.chars().count() == 1 && (modifiers != KeyModifiers::NONE) => {
            KeyCode::Char(one.chars().next().unwrap().to_ascii_lowercase())
        }
        _ => return None,
    };
    Some(KeyEvent::new(code, modifiers))
}

/// Effects in short words, in order; titles and watching are left out.
pub fn said(effects: &[Effect]) -> String {
    let words: Vec<String> = effects.iter().filter_map(word).collect();
    words.join(", ")
}

fn word(effect: &Effect) -> Option<String> {
    Some(match effect {
        Effect::Tell(Tell::Send(draft)) => sent(draft),
        Effect::Tell(Tell::MarkRead(id, seq)) => format!("read {} {seq}", place(*id)),
        Effect::Tell(Tell::Typing(id, true)) => format!("typing {}", place(*id)),
        Effect::Tell(Tell::Typing(id, false)) => format!("not typing {}", place(*id)),
        Effect::Tell(Tell::SaveDraft(id, text)) => format!("draft {} {text:?}", place(*id)),
        Effect::Tell(Tell::SaveThreadDraft(id, root, text)) => {
            format!("draft {} {root} {text:?}", place(*id))
        }
        Effect::Tell(Tell::SaveNote(name, text)) => format!("note {name} {text}"),
        Effect::Tell(Tell::Presence(state)) => format!("presence {state:?}").to_lowercase(),
        Effect::Tell(Tell::Retry(_)) => "retry".into(),
        Effect::Tell(Tell::Discard(_)) => "discard".into(),
        Effect::Tell(Tell::Reconnect) => "reconnect".into(),
        Effect::Tell(Tell::Watch(_)) | Effect::Title(_) => return None,
        Effect::Export(id, title, format, to) => format!("export {} {title} {format} {to:?}", place(*id)),
        Effect::EndExport => "end export".into(),
        Effect::Visit(address) => format!("visit {address}"),
        Effect::FindDay(id, head, from) => format!("find day {} {head} {}", place(*id), from.0),
        Effect::Ink(code) => format!("ink {}", code.language),
        Effect::Ask(Question::History(id, anchor, _)) => format!("history {} {anchor:?}", place(*id)),
        Effect::Ask(
            Question::Draft(_)
            | Question::ThreadDraft(..)
            | Question::Note(_)
            | Question::Members(_)
            | Question::Commands(_),
        ) => return None,
        Effect::Ask(Question::Run(ask, _)) => asked(&Request::RunCommand(*ask.clone())),
        Effect::Ask(Question::Keep(room, keep)) => format!("{} {keep:?}", room.map_or("nowhere", place)),
        Effect::Ask(Question::Join(room)) => format!("join #{room}"),
        Effect::Ask(Question::Create(create)) => {
            let private = if create.private { "private " } else { "" };
            format!("create {private}#{} {}", create.name, create.topic).trim_end().into()
        }
        Effect::Ask(Question::Accept(id)) => format!("accept {}", place(*id)),
        Effect::Ask(Question::OpenDirect(users, then)) => {
            let names: Vec<String> = users.iter().map(|user| format!("@{user}")).collect();
            format!("direct {} {then:?}", names.join(" "))
        }
        Effect::Ask(Question::Do(request) | Question::Look(request)) => asked(request),
        Effect::Ask(Question::Thread(id, root)) => format!("ask thread {} {root}", place(*id)),
        Effect::Ask(Question::Context(id, seq)) => format!("context {} {seq}", place(*id)),
        Effect::Ask(Question::List(wish)) => wished(wish)?,
        Effect::Ask(Question::Hear(ask)) => {
            let level = ask.level.map_or("usual", NotifyLevel::as_str);
            format!("hear {} {level} {:?}", place(ask.conversation), ask.mute_s)
        }
        Effect::Ask(Question::Quiet(ask)) => format!("quiet {:?} {}", ask.for_s, ask.schedule.is_some()),
        Effect::Bell => "bell".into(),
        Effect::Notify(what) => format!("notify \"{}\"", what.line()),
        Effect::Ask(Question::Pins(id)) => format!("pins {}", place(*id)),
        Effect::Ask(Question::Versions(id, seq)) => format!("versions {} {seq}", place(*id)),
        Effect::Ask(Question::Rooms(query)) => format!("rooms {query:?}"),
        Effect::Ask(Question::People(query)) => format!("people {query:?}"),
        Effect::Carry(_, Job::Upload(path)) => format!("upload {}", path.display()),
        Effect::Carry(_, Job::Save(file, to)) => format!("save {} {to:?}", file.name),
        Effect::Carry(_, Job::Text(text)) => format!("upload text {text:?}"),
        Effect::FindFile(_, path, words, _) => format!("find file {} {words}", path.display()),
        Effect::Abandon(_) => "abandon".into(),
        Effect::Edit(text) => format!("edit {text:?}"),
        Effect::ReadFolder(folder) => format!("folder {}", folder.display()),
        Effect::LookInto(look) => format!("look {}", look.path.display()),
        Effect::FindPaths(typed) => format!("paths {typed}"),
        Effect::Inspect(paths, _) => format!("inspect {paths:?}"),
        Effect::Lock(Try::Set(_)) => "set the lock".into(),
        Effect::Lock(Try::Open(..)) => "try the lock".into(),
        Effect::Picture(wanted, _) => {
            format!("picture {}x{}{}", wanted.columns, wanted.rows, if wanted.whole { " whole" } else { "" })
        }
        Effect::SignIn(ask) => format!("{ask:?}"),
        Effect::FinishLink(_, code, pause) => {
            format!("finish link {} {}s", code.as_ref().map_or("", Secret::expose), pause.as_secs())
        }
        Effect::Trust(stranger) => format!("trust {}", stranger.fingerprint.word()),
        Effect::Start(account) => format!("start {}", account.user.name),
        Effect::SignOut(account) => format!("sign out {}", account.user.name),
        Effect::Seat(wish) => format!("{wish:?}"),
        Effect::Copy(text) => format!("copy {text:?}"),
        Effect::Redraw => "redraw".into(),
        Effect::Mouse(on) => format!("mouse {on}"),
        Effect::ReadSettings => "read settings".into(),
        Effect::WriteSetting(name, value) => format!("set {name} {value}"),
        Effect::WriteKeys(context, lines) => {
            let lines: Vec<String> = lines.iter().map(|(chord, does)| format!("{chord} = {does}")).collect();
            format!("keys.{} {}", context.name(), lines.join(", "))
        }
        Effect::Suspend => "suspend".into(),
        Effect::Quit => "quit".into(),
    })
}

/// "search best canary", "inbox unread page b". What every connection asks for is left out.
fn wished(wish: &Wish) -> Option<String> {
    let page = |cursor: &Option<String>| cursor.as_ref().map_or(String::new(), |at| format!(" page {at}"));
    let unread = |only: bool| if only { " unread" } else { "" };
    Some(match wish {
        Wish::Search(ask) => {
            let order = format!("{:?}", ask.order.unwrap_or_default()).to_lowercase();
            format!("search {order} {}{}", ask.query, page(&ask.cursor))
        }
        Wish::Inbox(ask) => format!("inbox{}{}", unread(ask.unread_only), page(&ask.cursor)),
        Wish::Threads(ask) if ask.unread_only && ask.limit == Some(limits::LIST_PAGE) => return None,
        Wish::Saved(ask) => format!("saved{}", page(&ask.cursor)),
        Wish::Threads(ask) => format!("threads{}{}", unread(ask.unread_only), page(&ask.cursor)),
    })
}

/// "send #deploys hi (reply 4, thread 2)".
fn sent(draft: &Draft) -> String {
    let ties = [
        draft.action.then(|| "action".to_owned()),
        draft.reply_to.map(|seq| format!("reply {seq}")),
        draft.thread.map(|seq| format!("thread {seq}")),
        draft.forward.map(|from| format!("forward {}:{}", place(from.conversation), from.seq)),
    ];
    let ties: Vec<String> = ties.into_iter().flatten().collect();
    let ties = if ties.is_empty() { String::new() } else { format!(" ({})", ties.join(", ")) };
    format!("send {} {}{ties}", place(draft.conversation), draft.body)
}

/// The request as it goes over the wire, with the place in words: "message.pin #deploys seq=4".
fn asked(request: &Request) -> String {
    let frame = serde_json::to_value(request).unwrap();
    let mut words = vec![request.kind().as_str().to_owned()];
    for (name, value) in frame["payload"].as_object().unwrap() {
        match (name.as_str(), value) {
            ("conversation", id) => {
                let id = serde_json::from_value(id.clone()).unwrap();
                words.insert(1, place(id).to_owned());
            }
            (name, serde_json::Value::String(text)) => words.push(format!("{name}={text}")),
            (name, value) => words.push(format!("{name}={value}")),
        }
    }
    words.join(" ")
}

pub fn place(id: ConversationId) -> &'static str {
    match id {
        GENERAL => "#general",
        DEPLOYS => "#deploys",
        RANDOM => "#random",
        ADA => "@ada",
        LIN => "@lin",
        _ => "?",
    }
}
