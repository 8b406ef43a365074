//! What only PostgreSQL has: several servers on one database, connections that break, a way in and out.

use std::collections::{BTreeSet, HashSet};
use std::time::{Duration, Instant};

use chat_proto::{
    Body, ClientId, ConversationId, ConversationKind, Description, HookEvents, HookId, Person, Registration,
    Role, RoomName, SearchOrder, SearchQuery, Secret, Seq, SessionId, Timestamp, Topic, UserId, UserName,
};
use chat_server::auth::SecretHash;
use chat_server::bus::{Bus, BusSettings};
use chat_server::domain::audit::Note;
use chat_server::domain::find::Wanted;
use chat_server::domain::{Actor, Change, Command, Draft, Room};
use chat_server::hub::Hub;
use chat_server::store::{
    Address, Anchor, CopyError, NewAccount, NewOutgoingHook, NewSession, Proof, Search, Store, StoreError,
    Write, copy,
};
use chat_tests::Nats;
use chat_tests::postgres::Database;
use uuid::Uuid;

mod behind;
mod lives;
mod meanwhile;
mod merging;
mod untold;

/// Each writer's messages, and the rooms that they are spread over.
const EACH: usize = 60;
const ROOMS: usize = 3;

async fn store(database: &Database) -> Store {
    let address: Address = database.address().parse().unwrap();
    Store::connect(&address).await.unwrap()
}

/// Two servers on one database, and two people.
struct Two {
    here: Store,
    there: Store,
    ada: Person,
    lin: Person,
    database: Database,
}

impl Two {
    async fn new() -> Self {
        let database = Database::new().unwrap();
        let (here, there) = (store(&database).await, store(&database).await);
        let (ada, lin) = (person(&here, "ada").await, person(&here, "lin").await);
        Self { here, there, ada, lin, database }
    }
}

async fn bus() -> Nats {
    tokio::task::spawn_blocking(|| Nats::start().unwrap()).await.unwrap()
}

/// A node with one shard.
async fn node(store: &Store, nats: &Nats) -> Hub {
    let settings = BusSettings {
        servers: vec![nats.url()],
        cluster: "nodes".to_owned(),
        user: None,
        secret: None,
        ca_file: None,
    };
    let bus = Bus::open(Some(&settings)).await.unwrap();
    Hub::start_on(bus, store, 1, Duration::ZERO, &chat_proto::Limits::default()).await.unwrap()
}

async fn person(store: &Store, name: &str) -> Person {
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
    store.create_account(account, Registration::Open).await.unwrap().unwrap();
    Person::new(id, name)
}

async fn room(store: &Store, name: &str, people: &[&Person]) -> ConversationId {
    let id = ConversationId(Uuid::now_v7());
    let name = RoomName::parse(name).unwrap();
    let client_id = ClientId(Uuid::now_v7());
    let author = people[0].clone();
    let event = Room::first_event(id, author, Timestamp(1), client_id, Some(name.clone()), Topic::default());
    let members = people.iter().map(|person| person.id).collect();
    let begin = Write::Begin {
        kind: ConversationKind::Room,
        name: Some(name),
        description: Description::default(),
        private: false,
        members,
        event,
    };
    store.commit(vec![begin]).await.unwrap();
    id
}

fn by(person: &Person) -> Actor {
    Actor { person: person.clone(), role: Role::Member }
}

/// Decides as a shard does, from what this server has loaded.
fn said(room: &mut Room, author: &Person, text: &str) -> Write {
    let draft = Draft {
        client_id: ClientId(Uuid::now_v7()),
        body: Body::new(text).unwrap(),
        files: Vec::new(),
        action: false,
        reply_to: None,
        thread: None,
        forwarded: None,
    };
    decided(room, author, Command::Send(Box::new(draft)))
}

fn decided(room: &mut Room, author: &Person, command: Command) -> Write {
    let actor = Actor { person: author.clone(), role: Role::Member };
    let change = room.decide(&actor, command, Timestamp(2)).unwrap();
    room.apply(&change);
    let Change::Event(event) = change else { panic!("nothing happened") };
    let hearing = room.hearing(&event, |_| false, HashSet::new());
    room.count_calls(&hearing);
    Write::Event { event, messages: room.messages, hearing }
}

async fn login(store: &Store, person: &Person) -> SessionId {
    let session = NewSession {
        id: SessionId(Uuid::now_v7()),
        user: person.id,
        token: SecretHash::of("token"),
        device: String::new(),
        proof: Proof::Password(store.account(person.name.clone()).await.unwrap().unwrap().password),
        second_factor: false,
        at: Timestamp(3),
    };
    let id = session.id;
    store.create_session(session).await.unwrap().unwrap();
    id
}

/// Says something, as often as another writer is first.
async fn say(store: &Store, id: ConversationId, author: &Person, text: &str) -> usize {
    for lost in 0.. {
        let mut room = store.load(id).await.unwrap().unwrap();
        let write = said(&mut room, author, text);
        match store.commit(vec![write]).await {
            Ok(_) => return lost,
            Err(StoreError::Overtaken) => {}
            Err(cause) => panic!("{cause}"),
        }
    }
    unreachable!()
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_write_the_same_rooms_hard_lose_and_double_nothing() {
    let database = Database::new().unwrap();
    let first = store(&database).await;
    let (ada, lin) = (person(&first, "ada").await, person(&first, "lin").await);
    let mut rooms = Vec::new();
    for n in 0..ROOMS {
        rooms.push(room(&first, &format!("room-{n}"), &[&ada, &lin]).await);
    }
    let mut writers = Vec::new();
    for author in [&ada, &lin, &ada, &lin] {
        let (store, author, rooms) = (store(&database).await, author.clone(), rooms.clone());
        writers.push(tokio::spawn(async move {
            let mut lost = 0;
            for n in 0..EACH {
                // All mention both, so that the same inboxes grow from all sides.
                lost += say(&store, rooms[n % ROOMS], &author, &format!("{n} for @ada and @lin")).await;
            }
            lost
        }));
    }
    let mut lost = 0;
    for writer in writers {
        lost += writer.await.unwrap();
    }
    println!("{lost} commits lost to another writer");
    let each = (4 * EACH / ROOMS) as u64;
    for id in rooms {
        let room = first.load(id).await.unwrap().unwrap();
        assert_eq!((room.head.0, room.messages), (each + 1, each));
        for author in [&ada, &lin] {
            let member = &room.members[&author.id];
            assert_eq!((member.sent, member.mentions), (each / 2, each / 2), "{}", author.name);
        }
    }
    let (_, state) = first.inbox(ada.id, false, None, 10).await.unwrap();
    assert_eq!(state.unread, 2 * EACH as u64);
    assert!(state.revision >= state.unread);
}

#[tokio::test]
async fn a_webhook_is_told_by_one_server_alone() {
    let database = Database::new().unwrap();
    let (here, there) = (store(&database).await, store(&database).await);
    let ada = person(&here, "ada").await;
    let id = room(&here, "ops", &[&ada]).await;
    let hook = NewOutgoingHook {
        id: HookId(Uuid::now_v7()),
        conversation: id,
        url: "https://example.org/".to_owned(),
        events: HookEvents::default(),
        trigger: Topic::default(),
        secret: Secret::new("secret".to_owned()),
        maker: ada.id,
        at: Timestamp(1),
    };
    let webhook = hook.id;
    assert!(here.create_outgoing(hook).await.unwrap());
    say(&here, id, &ada, "first").await;
    say(&there, id, &ada, "second").await;
    for text in ["first", "second"] {
        assert!(here.claim_delivery(webhook, Timestamp(10), Timestamp(100)).await.unwrap());
        assert!(!there.claim_delivery(webhook, Timestamp(10), Timestamp(100)).await.unwrap(), "it is taken");
        let told = here.next_delivery(webhook, Timestamp(10)).await.unwrap().unwrap().event;
        assert_eq!(told.body().unwrap().as_str(), text);
        here.delivered(webhook, told.seq).await.unwrap();
    }
    assert!(there.claim_delivery(webhook, Timestamp(10), Timestamp(100)).await.unwrap(), "it is free again");
    assert!(
        here.claim_delivery(webhook, Timestamp(100), Timestamp(200)).await.unwrap(),
        "nobody has it for ever"
    );
    assert!(there.next_delivery(webhook, Timestamp(10)).await.unwrap().is_none());
}

#[tokio::test]
async fn connections_that_break_are_made_anew() {
    let database = Database::new().unwrap();
    let store = store(&database).await;
    let ada = person(&store, "ada").await;
    for _ in 0..3 {
        let cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()";
        database.query(cut).unwrap();
        assert!(store.account(ada.name.clone()).await.unwrap().is_some(), "a read");
        database.query(cut).unwrap();
        store.set_last_seen(vec![(ada.id, Timestamp(7))]).await.unwrap();
    }
}

#[tokio::test]
async fn a_database_that_a_newer_version_upgraded_is_refused_politely() {
    let database = Database::new().unwrap();
    store(&database).await.close().await;
    let later = "INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
        VALUES (99, 'later', '2030-01-01T00:00:00Z', '1')";
    database.query(later).unwrap();
    let address: Address = database.address().parse().unwrap();
    let error = Store::connect(&address).await.err().unwrap().to_string();
    assert!(error.contains("newer chat-server") && error.contains("99"), "{error}");
    let password = database.address().split([':', '@']).nth(2).unwrap().to_owned();
    assert!(!error.contains(&password), "{error}");
    let wrong: Address = database.address().replace(&password, "wrong").parse().unwrap();
    let error = Store::connect(&wrong).await.err().unwrap().to_string();
    assert!(error.contains("password authentication failed"), "{error}");
}

/// `table.column` of all that both engines must have.
type Columns = BTreeSet<String>;

fn shared(columns: Vec<String>) -> Columns {
    // How each finds its words, numbers its inboxes, and knows that it is the same still, is its own.
    let own = |column: &String| {
        ["search", "refinery_", "inbox_revisions.", "sqlite_"].iter().any(|own| column.starts_with(own))
            || ["events.words", "server.life"].contains(&column.as_str())
    };
    columns.into_iter().filter(|column| !own(column)).collect()
}

/// What `store/copy/tables.rs` copies, read from its table.
fn copied() -> Columns {
    let source = include_str!("../../src/store/copy/tables.rs");
    let tables = source.split_once("const TABLES").unwrap().1.split_once("];").unwrap().0;
    let quoted = |text: &'static str| text.split('"').skip(1).step_by(2);
    let columns = tables.split("Table(").skip(1).flat_map(|table| {
        let mut names = quoted(table);
        let table = names.next().unwrap();
        names.map(move |column| format!("{table}.{column}"))
    });
    columns.collect()
}

#[tokio::test]
async fn both_engines_have_the_same_tables_and_a_move_takes_every_column() {
    let (database, dir) = (Database::new().unwrap(), tempfile::tempdir().unwrap());
    let file = dir.path().join("chat.sqlite");
    Store::open(&file).unwrap().close().await;
    store(&database).await.close().await;
    let db = rusqlite::Connection::open(file).unwrap();
    let mut query = db
        .prepare("SELECT t.name || '.' || c.name FROM sqlite_master t, pragma_table_info(t.name) c WHERE t.type = 'table'")
        .unwrap();
    let on_sqlite = query.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
    let on_postgres = "SELECT table_name || '.' || column_name FROM information_schema.columns WHERE table_schema = 'public'";
    let on_postgres = database.query(on_postgres).unwrap().lines().map(str::to_owned).collect();
    let (on_sqlite, on_postgres) = (shared(on_sqlite), shared(on_postgres));
    assert_eq!(on_sqlite, on_postgres, "a migration of one engine needs its twin in the other");
    // The server's one row is copied by itself; what nodes tell each other is over where none runs.
    let apart =
        |column: &String| ["server.", "news.", "leases."].iter().any(|table| column.starts_with(table));
    let rows: Columns = on_sqlite.into_iter().filter(|column| !apart(column)).collect();
    assert_eq!(copied(), rows, "what is not in store/copy/tables.rs is left behind by a move");
}

async fn finds(store: &Store, who: &Person, query: &str) -> usize {
    let query = SearchQuery::parse(query).unwrap();
    let search = Search {
        user: who.id,
        wanted: Wanted::of(&query),
        query,
        order: SearchOrder::Best,
        cursor: None,
        limit: 50,
        now: Timestamp(3),
    };
    let hits = store.search(search, Duration::from_secs(60)).await.unwrap().unwrap();
    hits.hits.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn old_messages_are_found_by_new_rules_for_words_after_a_while() {
    let database = Database::new().unwrap();
    let before = store(&database).await;
    let ada = person(&before, "ada").await;
    let id = room(&before, "ops", &[&ada]).await;
    let mut loaded = before.load(id).await.unwrap().unwrap();
    let writes = (0..1_001).map(|n| said(&mut loaded, &ada, &format!("canary {n}"))).collect();
    before.commit(writes).await.unwrap();
    before.close().await;
    database.query("UPDATE search_state SET version = -1; UPDATE events SET words = NULL").unwrap();
    let after = store(&database).await;
    let until = Instant::now() + Duration::from_secs(60);
    while database.query("SELECT oldest FROM search_state").unwrap() != "0" {
        assert!(Instant::now() < until, "the old messages are never looked through");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(finds(&after, &ada, "1000").await, 1);
    assert_eq!(finds(&after, &ada, "0").await, 1);
    assert_eq!(finds(&after, &ada, "canary").await, 50);
}

#[tokio::test]
async fn a_team_moves_to_postgresql_and_back_with_all_it_has() {
    let (database, dir) = (Database::new().unwrap(), tempfile::tempdir().unwrap());
    let before = Store::open(&dir.path().join("before.sqlite")).unwrap();
    let (ada, lin) = (person(&before, "ada").await, person(&before, "lin").await);
    let id = room(&before, "ops", &[&ada, &lin]).await;
    // More than a page, and some left over.
    let mut loaded = before.load(id).await.unwrap().unwrap();
    let writes = (0..1_234).map(|n| said(&mut loaded, &ada, &format!("canary {n} 天气 @lin"))).collect();
    before.commit(writes).await.unwrap();

    let shared = store(&database).await;
    let rows = copy(&before, &shared, |_| {}).await.unwrap();
    assert_eq!(copy(&before, &shared, |_| {}).await.unwrap(), rows, "a second time changes nothing");
    // The server went on: a message more, one that is gone, an account that is disabled, a session that ended.
    let session = login(&before, &ada).await;
    let rows = copy(&before, &shared, |_| {}).await.unwrap();
    before.end_session(session).await.unwrap();
    say(&before, id, &ada, "canary and what came since").await;
    let target = before.event(id, Seq(3)).await.unwrap();
    let mut loaded = before.load(id).await.unwrap().unwrap();
    before.commit(vec![decided(&mut loaded, &ada, Command::Delete { target })]).await.unwrap();
    before.disable(lin.id, Note::new(ada.id, "user.disable", Some(lin.id), Timestamp(5))).await.unwrap();
    before.enable(lin.id, Note::new(ada.id, "user.enable", Some(lin.id), Timestamp(6))).await.unwrap();
    let more = copy(&before, &shared, |_| {}).await.unwrap();
    assert!(more > rows);
    let rows = more;
    let back = Store::open(&dir.path().join("back.sqlite")).unwrap();
    assert_eq!(copy(&shared, &back, |_| {}).await.unwrap(), rows);
    // A server works on both from now on.
    shared.begin_service().await.unwrap();
    back.begin_service().await.unwrap();
    shared.close().await;
    back.close().await;

    let shared = store(&database).await;
    let back = Store::open(&dir.path().join("back.sqlite")).unwrap();
    for after in [&shared, &back] {
        assert_eq!(after.epoch(), before.epoch(), "clients go on as if nothing had happened");
        assert_eq!(after.load(id).await.unwrap(), before.load(id).await.unwrap());
        let whole = |store: &Store| {
            let store = store.clone();
            async move { store.history(lin.id, id, Anchor::Newest, 2_000).await.unwrap() }
        };
        assert_eq!(whole(after).await, whole(&before).await);
        assert_eq!(finds(after, &lin, "气").await, finds(&before, &lin, "气").await);
        let (state, was) = (
            after.inbox_states(vec![lin.id]).await.unwrap()[0].1,
            before.inbox_states(vec![lin.id]).await.unwrap()[0].1,
        );
        assert!(state.unread == was.unread && state.revision >= was.revision, "{state:?}, was {was:?}");
        say(after, id, &lin, "here again").await;
        assert_eq!(finds(after, &ada, "again").await, 1);
    }
    // Now both have gone on, so neither is a copy of what the other has.
    let differs = copy(&before, &shared, |_| {}).await;
    assert!(matches!(differs, Err(CopyError::Different(_))), "{differs:?}");
    let stranger = Store::open(&dir.path().join("stranger.sqlite")).unwrap();
    person(&stranger, "eve").await;
    let refused = copy(&stranger, &shared, |_| {}).await;
    assert!(matches!(refused, Err(CopyError::NotEmpty)), "{refused:?}");
}
