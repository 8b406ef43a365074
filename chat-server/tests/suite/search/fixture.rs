//! A store with people and rooms in it, and one line to search it.

use std::path::Path;
use std::time::Duration;

use chat_proto::{
    Body, ClientId, ConversationId, ConversationKind, Description, Event, EventKind, Message, Person,
    Registration, Role, RoomName, SearchOrder, SearchQuery, Seq, Timestamp, Topic, UserId, UserName,
};
use chat_server::domain::find::Wanted;
use chat_server::domain::{Actor, Change, Command, Draft, Room, Target};
use chat_server::store::{Hits, NewAccount, Search, Store, Write};
use uuid::Uuid;

use crate::home::Home;

pub(crate) const DAY: i64 = 24 * 60 * 60 * 1_000;

/// Long enough for a busy machine; none of the tests reaches it unless it means to.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Fixture {
    pub(crate) dir: Home,
    pub(crate) store: Store,
}

impl Fixture {
    pub(crate) async fn new() -> Self {
        let dir = Home::new();
        let store = dir.open().await;
        Self { dir, store }
    }

    pub(crate) async fn person(&self, name: &str) -> Person {
        let name = UserName::parse(name).unwrap();
        let id = UserId(Uuid::now_v7());
        let account = NewAccount {
            id,
            name: name.clone(),
            skeleton: name.to_string(),
            password: "x".to_owned(),
            invite: None,
            at: Timestamp(1),
        };
        self.store.create_account(account, Registration::Open).await.unwrap().unwrap();
        Person::new(id, name)
    }

    /// A room with these people in it.
    pub(crate) async fn room(&self, name: &str, people: &[&Person]) -> Room {
        self.begin(ConversationKind::Room, Some(name), people).await
    }

    pub(crate) async fn direct(&self, people: &[&Person]) -> Room {
        self.begin(ConversationKind::Direct, None, people).await
    }

    async fn begin(&self, kind: ConversationKind, name: Option<&str>, people: &[&Person]) -> Room {
        let id = ConversationId(Uuid::now_v7());
        let name = name.map(|name| RoomName::parse(name).unwrap());
        let client_id = ClientId(Uuid::now_v7());
        let event =
            Room::first_event(id, people[0].clone(), Timestamp(1), client_id, name.clone(), Topic::default());
        let members = people.iter().map(|person| person.id).collect();
        let description = Description::default();
        let begin = Write::Begin { kind, name, description, private: true, members, event };
        self.store.commit(vec![begin]).await.unwrap();
        Room::begin(id, kind, true, &people.iter().map(|p| (*p).clone()).collect::<Vec<_>>())
    }

    pub(crate) async fn act(&self, room: &mut Room, author: &Person, at: i64, command: Command) -> Seq {
        let actor = Actor { person: author.clone(), role: Role::Member };
        let change = room.decide(&actor, command, Timestamp(at)).unwrap();
        room.apply(&change);
        if let Change::Event(event) = change {
            self.store
                .commit(vec![Write::Event { event, messages: room.messages, hearing: Default::default() }])
                .await
                .unwrap();
        }
        room.head
    }

    /// Says something on that day, counted from 1970.
    pub(crate) async fn say_on(&self, day: i64, room: &mut Room, author: &Person, text: &str) -> Seq {
        self.act(room, author, day * DAY, Command::Send(Box::new(draft(text)))).await
    }

    pub(crate) async fn say(&self, room: &mut Room, author: &Person, text: &str) -> Seq {
        self.say_on(20_000, room, author, text).await
    }

    pub(crate) async fn target(&self, room: &Room, seq: Seq) -> Option<Event> {
        self.store.event(room.id, seq).await.unwrap()
    }

    pub(crate) async fn edit(&self, room: &mut Room, author: &Person, seq: Seq, text: &str) {
        let (target, body) = (self.target(room, seq).await, Body::new(text).unwrap());
        self.act(room, author, 20_000 * DAY, Command::Edit { target, body }).await;
    }

    pub(crate) async fn delete(&self, room: &mut Room, author: &Person, seq: Seq) {
        let target = self.target(room, seq).await;
        self.act(room, author, 20_000 * DAY, Command::Delete { target }).await;
    }

    pub(crate) async fn pin(&self, room: &mut Room, author: &Person, seq: Seq, on: bool) {
        let target = self.target(room, seq).await;
        self.act(room, author, 20_000 * DAY, Command::Pin { target, on, pins: 0 }).await;
    }

    pub(crate) async fn answer_in_thread(
        &self,
        room: &mut Room,
        author: &Person,
        seq: Seq,
        text: &str,
    ) -> Seq {
        let thread = Some(Target { seq, event: self.target(room, seq).await });
        let command = Command::Send(Box::new(Draft { thread, ..draft(text) }));
        self.act(room, author, 20_000 * DAY, command).await
    }

    /// The texts that this person finds, the newest first.
    pub(crate) async fn finds(&self, who: &Person, query: &str) -> Vec<String> {
        let search = Search { order: SearchOrder::Newest, ..search(who, query) };
        texts(&self.ask(search).await)
    }

    /// The texts that this person finds, the best first.
    pub(crate) async fn best(&self, who: &Person, query: &str) -> Vec<String> {
        texts(&self.ask(search(who, query)).await)
    }

    pub(crate) async fn ask(&self, search: Search) -> Hits {
        self.store.search(search, PATIENCE).await.unwrap().expect("in time")
    }

    /// Every hit of a search, page by page.
    pub(crate) async fn pages(&self, search: Search) -> Vec<Hits> {
        let mut pages = vec![self.ask(search.clone()).await];
        while let Some(cursor) = pages.last().unwrap().cursor.clone() {
            pages.push(self.ask(Search { cursor: Some(cursor), ..search.clone() }).await);
            assert!(pages.len() < 10_000, "the pages have no end");
        }
        pages
    }

    /// Closes the store and looks for these bytes in its files.
    pub(crate) async fn is_on_disk(&self, needle: &str) -> bool {
        self.store.close().await;
        is_in_files(self.dir.path(), needle)
    }
}

pub(crate) fn is_in_files(dir: &Path, needle: &str) -> bool {
    std::fs::read_dir(dir).unwrap().any(|file| {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        bytes.windows(needle.len()).any(|window| window == needle.as_bytes())
    })
}

pub(crate) fn search(who: &Person, query: &str) -> Search {
    let query = SearchQuery::parse(query).unwrap();
    Search {
        user: who.id,
        wanted: Wanted::of(&query),
        query,
        order: SearchOrder::Best,
        cursor: None,
        limit: 50,
        now: Timestamp(20_000 * DAY),
    }
}

pub(crate) fn texts(hits: &Hits) -> Vec<String> {
    hits.hits.iter().map(|hit| hit.event.body().unwrap().as_str().to_owned()).collect()
}

pub(crate) fn draft(text: &str) -> Draft {
    let (client_id, body) = (ClientId(Uuid::now_v7()), Body::new(text).unwrap());
    Draft { client_id, body, files: Vec::new(), action: false, reply_to: None, thread: None, forwarded: None }
}

/// A message as an event, without asking the rules; for corpora.
pub(crate) fn message(room: ConversationId, seq: u64, at: i64, author: &Person, text: &str) -> Event {
    let body = Body::new(text).unwrap();
    let what = EventKind::Message(Box::new(Message::new(ClientId(Uuid::now_v7()), body)));
    Event { conversation: room, seq: Seq(seq), at: Timestamp(at), author: author.clone(), what }
}
