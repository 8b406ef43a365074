//! What every storage engine promises, on the real thing in a temporary directory.

use std::collections::{BTreeMap, HashSet};

use chat_proto::{
    Body, ClientId, ConversationId, ConversationKind, Description, Emoji, Event, EventKind, Person,
    Registration, Role, RoomName, Seq, Timestamp, Topic, UserId, UserName,
};
use chat_server::auth::SecretHash;
use chat_server::domain::{Actor, Change, Command, Draft, Room, Target};
use chat_server::store::{Anchor, NewAccount, NewInvite, NewSession, Proof, Store, StoreError, Write};
use uuid::Uuid;

use super::home::Home;

mod days;
mod together;

struct Fixture {
    dir: Home,
    store: Store,
}

impl Fixture {
    async fn new() -> Self {
        let dir = Home::new();
        let store = dir.open().await;
        Self { dir, store }
    }

    async fn person(&self, name: &str) -> Person {
        let name = UserName::parse(name).unwrap();
        let account = NewAccount {
            id: UserId(Uuid::now_v7()),
            name: name.clone(),
            skeleton: name.to_string(),
            password: "x".to_owned(),
            invite: None,
            at: Timestamp(1),
        };
        let id = account.id;
        self.store.create_account(account, Registration::Open).await.unwrap().unwrap();
        Person::new(id, name)
    }

    /// A room with these people in it, as a shard would make it.
    async fn room(&self, name: &str, people: &[&Person]) -> Room {
        let id = ConversationId(Uuid::now_v7());
        let event = Room::first_event(
            id,
            people[0].clone(),
            Timestamp(1),
            ClientId(Uuid::now_v7()),
            Some(RoomName::parse(name).unwrap()),
            Topic::default(),
        );
        let begin = Write::Begin {
            kind: ConversationKind::Room,
            name: Some(RoomName::parse(name).unwrap()),
            description: Description::default(),
            private: false,
            members: vec![people[0].id],
            event,
        };
        self.store.commit(vec![begin]).await.unwrap();
        let mut room = Room::begin(
            id,
            ConversationKind::Room,
            false,
            &people[..1].iter().map(|p| (*p).clone()).collect::<Vec<_>>(),
        );
        for person in &people[1..] {
            self.act(&mut room, person, Command::Join { invited: false }).await.unwrap();
        }
        room
    }

    async fn act(&self, room: &mut Room, author: &Person, command: Command) -> Result<(), StoreError> {
        let actor = Actor { person: author.clone(), role: Role::Member };
        let change = room.decide(&actor, command, Timestamp(2)).unwrap();
        match applied(room, change, |_| false) {
            Some(write) => self.store.commit(vec![write]).await.map(|_| ()),
            None => Ok(()),
        }
    }

    async fn say(&self, room: &mut Room, author: &Person, text: &str) {
        self.act(room, author, say(text)).await.unwrap();
    }
}

/// Applies a change to a room in which these people are connected; what is to be written of it, if anything.
fn applied(room: &mut Room, change: Change, is_here: impl Fn(UserId) -> bool) -> Option<Write> {
    room.apply(&change);
    match change {
        Change::Event(event) => {
            let hearing = room.hearing(&event, is_here, HashSet::new());
            room.count_calls(&hearing);
            Some(Write::Event { event, messages: room.messages, hearing })
        }
        Change::Read(user, position) => {
            Some(Write::Read { conversation: room.id, user, position, as_of: room.head })
        }
        Change::Nothing => None,
    }
}

fn say(text: &str) -> Command {
    Command::Send(Box::new(draft(text)))
}

fn draft(text: &str) -> Draft {
    let (client_id, body) = (ClientId(Uuid::now_v7()), Body::new(text).unwrap());
    Draft { client_id, body, files: Vec::new(), action: false, reply_to: None, thread: None, forwarded: None }
}

fn seqs(events: &[Event]) -> Vec<u64> {
    events.iter().map(|event| event.seq.0).collect()
}

#[tokio::test]
async fn what_is_loaded_is_what_was_decided() {
    let f = Fixture::new().await;
    let (ada, lin) = (f.person("ada").await, f.person("lin").await);
    let mut room = f.room("deploys", &[&ada, &lin]).await;
    f.say(&mut room, &ada, "hello @lin").await;
    f.say(&mut room, &lin, "hi").await;
    let all = room.all_read(lin.id);
    f.act(&mut room, &lin, Command::MarkRead(all)).await.unwrap();
    f.say(&mut room, &ada, "more @lin").await;
    assert_eq!(f.store.load(room.id).await.unwrap().unwrap(), room);

    let seen = f.store.conversation(lin.id, room.id).await.unwrap().unwrap();
    assert_eq!(
        (seen.head, seen.read, seen.unread, seen.mentions, seen.members),
        (room.head, Seq(4), 1, 1, 2)
    );
    assert_eq!(seen.last_message.unwrap().body().unwrap().as_str(), "more @lin");
    assert_eq!(f.store.conversation(ada.id, room.id).await.unwrap().unwrap().others_read, Seq(4));
}

#[tokio::test]
async fn a_taken_number_and_a_used_client_id_are_refused_and_change_nothing() {
    let f = Fixture::new().await;
    let ada = f.person("ada").await;
    let mut room = f.room("deploys", &[&ada]).await;
    let mut stale = room.clone();
    let first = say("first");
    f.act(&mut room, &ada, first.clone()).await.unwrap();
    assert!(matches!(
        f.act(&mut stale, &ada, say("late")).await,
        Err(StoreError::Conflict | StoreError::Overtaken)
    ));
    let mut again = room.clone();
    assert!(matches!(
        f.act(&mut again, &ada, first.clone()).await,
        Err(StoreError::Conflict | StoreError::Overtaken)
    ));
    assert_eq!(f.store.load(room.id).await.unwrap().unwrap(), room);

    let Command::Send(draft) = first else { unreachable!() };
    let client_id = draft.client_id;
    let used = f.store.first_use(ada.id, client_id).await.unwrap().unwrap();
    assert_eq!((used.conversation, used.seq, used.is_message), (room.id, Seq(2), true));
}

#[tokio::test]
async fn one_refused_job_takes_nothing_from_the_others() {
    let f = Fixture::new().await;
    let ada = f.person("ada").await;
    let (mut one, mut two) = (f.room("one", &[&ada]).await, f.room("two", &[&ada]).await);
    let mut stale = one.clone();
    f.say(&mut one, &ada, "taken").await;
    let (bad, good) =
        tokio::join!(f.act(&mut stale, &ada, say("late")), f.act(&mut two, &ada, say("in time")));
    assert!(matches!(bad, Err(StoreError::Conflict | StoreError::Overtaken)));
    good.unwrap();
    assert_eq!(f.store.load(two.id).await.unwrap().unwrap(), two);
}

#[tokio::test]
async fn history_pages_from_every_side() {
    let f = Fixture::new().await;
    let ada = f.person("ada").await;
    let mut room = f.room("deploys", &[&ada]).await;
    for n in 2..=10 {
        f.say(&mut room, &ada, &format!("m{n}")).await;
    }
    let page = async |anchor, limit| {
        seqs(&f.store.history(ada.id, room.id, anchor, limit).await.unwrap().unwrap().events)
    };
    assert_eq!(page(Anchor::Newest, 3).await, [8, 9, 10]);
    assert_eq!(page(Anchor::Before(Seq(4)), 2).await, [2, 3]);
    assert_eq!(page(Anchor::After(Seq(4)), 2).await, [5, 6]);
    assert_eq!(page(Anchor::Around(Seq(5)), 4).await, [3, 4, 5, 6]);
    assert_eq!(page(Anchor::Around(Seq(1)), 4).await, [1, 2, 3, 4]);
    assert!(page(Anchor::Before(Seq(1)), 4).await.is_empty());
    assert!(page(Anchor::After(Seq(10)), 4).await.is_empty());
    let eve = f.person("eve").await;
    assert!(f.store.history(eve.id, room.id, Anchor::Newest, 3).await.unwrap().is_none());
}

#[tokio::test]
async fn a_page_of_long_messages_ends_early() {
    let f = Fixture::new().await;
    let ada = f.person("ada").await;
    let mut room = f.room("deploys", &[&ada]).await;
    for _ in 0..40 {
        f.say(&mut room, &ada, &"x".repeat(chat_proto::limits::MESSAGE_BYTES)).await;
    }
    let events = f.store.history(ada.id, room.id, Anchor::Newest, 200).await.unwrap().unwrap().events;
    assert_eq!(events.len(), 16);
    assert_eq!(events.last().unwrap().seq, room.head);
}

#[tokio::test]
async fn a_read_mark_in_the_middle_counts_what_follows() {
    let f = Fixture::new().await;
    let (ada, lin) = (f.person("ada").await, f.person("lin").await);
    let mut room = f.room("deploys", &[&ada, &lin]).await;
    for text in ["one", "two @lin", "three"] {
        f.say(&mut room, &ada, text).await;
    }
    f.say(&mut room, &lin, "mine").await;
    let middle = f.store.read_position(room.id, lin.id, Seq(3)).await.unwrap().unwrap();
    f.act(&mut room, &lin, Command::MarkRead(middle)).await.unwrap();
    let member = &room.members[&lin.id];
    assert_eq!((member.unread(room.messages), member.mentions), (2, 1));
    assert_eq!(f.store.load(room.id).await.unwrap().unwrap(), room);
}

#[tokio::test]
async fn what_was_missed_is_bounded_and_shows_where_it_ends() {
    let f = Fixture::new().await;
    let (ada, eve) = (f.person("ada").await, f.person("eve").await);
    let mut positions = BTreeMap::new();
    for n in 0..7 {
        let mut room = f.room(&format!("r{n}"), &[&ada]).await;
        for _ in 0..150 {
            f.say(&mut room, &ada, "x").await;
        }
        positions.insert(room.id, Seq(1));
    }
    let (missed, gone) = f.store.missed(ada.id, positions.clone()).await.unwrap();
    assert!(gone.is_empty());
    assert_eq!(missed.iter().map(|m| m.events.len()).collect::<Vec<_>>(), [100, 100, 100, 100, 100, 0, 0]);
    assert!(missed.iter().all(|m| m.head == Seq(151)));
    let (missed, gone) = f.store.missed(eve.id, positions).await.unwrap();
    assert!(missed.is_empty());
    assert_eq!(gone.len(), 7);
}

#[tokio::test]
async fn a_message_stands_in_history_as_its_events_made_it() {
    let f = Fixture::new().await;
    let (ada, lin) = (f.person("ada").await, f.person("lin").await);
    let mut room = f.room("deploys", &[&ada, &lin]).await;
    f.say(&mut room, &ada, "frist").await;
    let seq = room.head;
    let now = async || f.store.event(room.id, seq).await.unwrap();
    let first = now().await;
    let act = async |room: &mut Room, who: &Person, command| f.act(room, who, command).await.unwrap();
    let mut copy = room.clone();
    act(&mut copy, &ada, Command::Edit { target: now().await, body: Body::new("first").unwrap() }).await;
    act(&mut copy, &ada, Command::Edit { target: now().await, body: Body::new("first!").unwrap() }).await;
    act(&mut copy, &lin, Command::React { target: now().await, emoji: Emoji::new("👍").unwrap(), on: true })
        .await;
    act(&mut copy, &lin, Command::Pin { target: now().await, on: true, pins: 0 }).await;
    let thread = Some(Target { seq, event: now().await });
    act(&mut copy, &lin, Command::Send(Box::new(Draft { thread, ..draft("aside") }))).await;

    let mut folded = first.clone().unwrap();
    let later = f.store.history(ada.id, room.id, Anchor::After(seq), 10).await.unwrap().unwrap().events;
    assert_eq!(later.len(), 5);
    later.iter().for_each(|event| folded.apply(event));
    assert_eq!(now().await.unwrap(), folded, "the client's fold and the store's row agree");
    let message = folded.message().unwrap();
    assert_eq!((message.body.as_str(), message.pinned, message.replies), ("first!", true, 1));
    let versions = f.store.versions(lin.id, room.id, seq).await.unwrap().unwrap();
    assert_eq!(versions.iter().map(|v| v.body.as_str()).collect::<Vec<_>>(), ["frist", "first"]);
    assert_eq!(f.store.pins(lin.id, room.id).await.unwrap().unwrap(), [folded]);
    let page = f.store.thread(lin.id, room.id, seq, Seq::ZERO, 10).await.unwrap().unwrap();
    assert_eq!(page.rows.len(), 1);
    assert_eq!(f.store.load(room.id).await.unwrap().unwrap(), copy);

    act(&mut copy, &ada, Command::Delete { target: now().await }).await;
    assert!(matches!(now().await.unwrap().what, EventKind::Tombstone(_)));
    assert!(f.store.versions(lin.id, room.id, seq).await.unwrap().unwrap().is_empty());
    assert!(f.store.pins(lin.id, room.id).await.unwrap().unwrap().is_empty());
    f.store.close().await;
    // PostgreSQL's files hold old rows until it vacuums.
    for file in std::fs::read_dir(f.dir.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        let found = bytes.windows(6).any(|window| window == b"first!" || window == b"frist\"");
        assert!(!found, "a deleted text is still on the disk");
    }
}

#[tokio::test]
async fn invites_are_used_up_and_expire() {
    let f = Fixture::new().await;
    f.person("owner").await;
    let code = SecretHash::of("code");
    let invite =
        NewInvite { code, role: Role::Admin, uses: 1, at: Timestamp(1), expires_at: Some(Timestamp(100)) };
    f.store.create_invite(invite).await.unwrap();
    let register = async |name: &str, at| {
        let name = UserName::parse(name).unwrap();
        let account = NewAccount {
            id: UserId(Uuid::now_v7()),
            skeleton: name.to_string(),
            name,
            password: "x".to_owned(),
            invite: Some(code),
            at: Timestamp(at),
        };
        f.store.create_account(account, Registration::Invite).await
    };
    assert!(register("late", 100).await.unwrap().is_err());
    assert!(matches!(register("owner", 50).await, Err(StoreError::Conflict)), "a taken name uses nothing up");
    assert_eq!(register("ada", 50).await.unwrap(), Ok(Role::Admin));
    assert!(register("lin", 50).await.unwrap().is_err());
}

#[tokio::test]
async fn sessions_end_when_they_are_ended_or_not_used() {
    let f = Fixture::new().await;
    let ada = f.person("ada").await;
    let token = SecretHash::of("token");
    let id = chat_proto::SessionId(Uuid::new_v4());
    let proof = Proof::Password(f.store.account(ada.name.clone()).await.unwrap().unwrap().password);
    let (device, at) = (String::new(), Timestamp(1));
    let session = NewSession { id, user: ada.id, token, device, proof, second_factor: false, at };
    f.store.create_session(session).await.unwrap().unwrap();
    let idle = std::time::Duration::from_secs(90 * 24 * 60 * 60);
    assert_eq!(f.store.use_session(token, Timestamp(2), idle).await.unwrap().unwrap().person, ada);
    let half_a_year = Timestamp(180 * 24 * 60 * 60 * 1_000);
    assert!(f.store.use_session(token, half_a_year, idle).await.unwrap().is_none());
    f.store.end_session(id).await.unwrap();
    assert!(f.store.use_session(token, Timestamp(3), idle).await.unwrap().is_none());
}

#[tokio::test]
async fn only_people_who_share_a_conversation_are_visible() {
    let f = Fixture::new().await;
    let (ada, lin, eve) = (f.person("ada").await, f.person("lin").await, f.person("eve").await);
    f.room("deploys", &[&ada, &lin]).await;
    f.store.set_last_seen(vec![(lin.id, Timestamp(7)), (eve.id, Timestamp(8))]).await.unwrap();
    let visible = f.store.visible_people(ada.id, vec![ada.id, lin.id, eve.id]).await.unwrap();
    assert_eq!(visible.len(), 2);
    assert_eq!(visible[&lin.id], Some(Timestamp(7)));
}

#[tokio::test]
async fn everything_is_there_after_a_restart_and_the_epoch_stays() {
    let f = Fixture::new().await;
    let ada = f.person("ada").await;
    let mut room = f.room("deploys", &[&ada]).await;
    f.say(&mut room, &ada, "hello").await;
    let epoch = f.store.epoch();
    f.store.close().await;
    let store = f.dir.open().await;
    assert_eq!(store.epoch(), epoch);
    let page = store.history(ada.id, room.id, Anchor::Newest, 10).await.unwrap().unwrap();
    assert!(matches!(&page.events[1].what, EventKind::Message(message) if message.body.as_str() == "hello"));
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused_politely() {
    let f = Fixture::new().await;
    f.store.close().await;
    let path = f.dir.file();
    let raw = rusqlite::Connection::open(&path).unwrap();
    raw.execute(
        "INSERT INTO refinery_schema_history (version, name, applied_on, checksum) VALUES (99, 'later', '2030-01-01T00:00:00Z', '1')",
        [],
    )
    .unwrap();
    drop(raw);
    let error = Store::open(&path).err().unwrap().to_string();
    assert!(error.contains("newer chat-server") && error.contains("99"), "{error}");
}
