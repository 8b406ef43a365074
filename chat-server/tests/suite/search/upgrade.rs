//! A database from before search: everything in it is found after a while, and the server works
//! meanwhile.

use std::path::Path;
use std::time::{Duration, Instant};

use chat_proto::{Body, Person, Seq, UserId, UserName};
use chat_server::domain::Command;
use chat_server::store::Store;
use refinery::Target;
use rusqlite::{Connection, params};
use uuid::Uuid;

use crate::home::Home;

use super::fixture::{DAY, Fixture, draft, search};

mod migrations {
    refinery::embed_migrations!("migrations");
}

const OLD: u32 = 3_000;

/// A database as that version left it: one room, one member, and many messages.
fn database_of(version: i32, path: &Path) -> (Person, Uuid) {
    let mut db = Connection::open(path).unwrap();
    db.pragma_update(None, "journal_mode", "WAL").unwrap();
    migrations::migrations::runner().set_target(Target::Version(version)).run(&mut db).unwrap();
    let (user, room) = (Uuid::now_v7(), Uuid::now_v7());
    let all = db.transaction().unwrap();
    all.execute(
        "INSERT INTO users (id, name, skeleton, password, role, created_at) VALUES (?1, 'ada', 'ada', 'x', 'owner', 1)",
        [user],
    )
    .unwrap();
    all.execute(
        "INSERT INTO conversations (id, kind, name, topic, head, messages, active_at, members)
         VALUES (?1, 'room', 'deploys', '', ?2, ?3, 1, 1)",
        params![room, OLD + 1, OLD],
    )
    .unwrap();
    all.execute(
        "INSERT INTO members (conversation, user, read_seq, read_messages) VALUES (?1, ?2, 1, 0)",
        [room, user],
    )
    .unwrap();
    let created =
        format!(r#"{{"kind":"created","client_id":"{}","name":"deploys","topic":""}}"#, Uuid::now_v7());
    let mut insert = all
        .prepare(
            "INSERT INTO events (conversation, seq, at, author, kind, client_id, messages, content)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )
        .unwrap();
    insert.execute(params![room, 1, 1, user, "created", Uuid::now_v7(), 0, created]).unwrap();
    for n in 1..=OLD {
        let client_id = Uuid::now_v7();
        let content =
            format!(r#"{{"kind":"message","client_id":"{client_id}","body":"canary crème 天气 {n}"}}"#);
        insert.execute(params![room, n + 1, 1, user, "message", client_id, n, content]).unwrap();
    }
    drop(insert);
    all.commit().unwrap();
    (Person::new(UserId(user), UserName::parse("ada").unwrap()), room)
}

async fn upgraded(version: i32) -> (Fixture, Person, Uuid) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("chat.sqlite");
    let (ada, room) = database_of(version, &path);
    (Fixture { store: Store::open(&path).unwrap(), dir: Home::of(dir) }, ada, room)
}

async fn filled(f: &Fixture, ada: &Person) {
    let begun = Instant::now();
    while f.ask(search(ada, "canary")).await.indexing {
        assert!(begun.elapsed() < Duration::from_secs(60), "the index is never full");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn count(f: &Fixture, ada: &Person, query: &str) -> u32 {
    let newest = chat_server::store::Search { order: chat_proto::SearchOrder::Newest, ..search(ada, query) };
    f.pages(newest).await.iter().map(|page| u32::try_from(page.hits.len()).unwrap()).sum()
}

#[tokio::test]
async fn messages_of_older_versions_are_found() {
    for version in [1, 2] {
        let (f, ada, _) = upgraded(version).await;
        filled(&f, &ada).await;
        for query in ["canary", "creme", "气", "from:me", "in:#deploys"] {
            assert_eq!(count(&f, &ada, query).await, OLD, "{query}, version {version}");
        }
        assert_eq!(f.finds(&ada, "canary 2999").await, ["canary crème 天气 2999"]);
    }
}

#[tokio::test]
async fn what_was_imported_holds_no_search_up() {
    let (f, ada, _) = upgraded(2).await;
    filled(&f, &ada).await;
    f.store.close().await;
    // As after an import: every message is new, and none is in the index yet.
    let path = f.dir.path().join("chat.sqlite");
    let db = Connection::open(&path).unwrap();
    db.execute_batch(
        "INSERT INTO search (search) VALUES ('delete-all'); UPDATE search_state SET oldest = 0, newest = 0;",
    )
    .unwrap();
    let f = Fixture { store: Store::open(&path).unwrap(), dir: f.dir };
    // Taking them in takes as long as this lasts.
    db.execute_batch("BEGIN IMMEDIATE").unwrap();
    let found = f.store.search(search(&ada, "canary"), Duration::from_secs(1)).await.unwrap();
    let found = found.expect("it is answered within its time");
    assert!(found.indexing, "and says that not all can be found yet");
    db.execute_batch("ROLLBACK").unwrap();
    filled(&f, &ada).await;
    assert_eq!(count(&f, &ada, "canary").await, OLD);
}

#[tokio::test]
async fn people_write_edit_and_delete_meanwhile() {
    let (f, ada, room) = upgraded(2).await;
    let mut room = f.store.load(chat_proto::ConversationId(room)).await.unwrap().unwrap();
    let new = f.act(&mut room, &ada, DAY, Command::Send(Box::new(draft("fresh canary")))).await;
    assert_eq!(f.finds(&ada, "fresh").await, ["fresh canary"], "what is new is found at once");
    for n in [2, 1_500, 3_001] {
        let target = f.target(&room, Seq(n)).await;
        let body = Body::new(format!("edited canary {n}")).unwrap();
        f.act(&mut room, &ada, DAY, Command::Edit { target, body }).await;
        let target = f.target(&room, Seq(n - 1)).await;
        if n > 2 {
            f.act(&mut room, &ada, DAY, Command::Delete { target }).await;
        }
    }
    filled(&f, &ada).await;
    assert_eq!(count(&f, &ada, "canary").await, OLD + 1 - 2);
    assert_eq!(count(&f, &ada, "creme").await, OLD - 5);
    assert_eq!(count(&f, &ada, "edited canary").await, 3);
    f.delete(&mut room, &ada, new).await;
    assert!(f.finds(&ada, "fresh").await.is_empty());
}

#[tokio::test]
async fn a_restart_goes_on_where_it_was() {
    let (f, ada, _) = upgraded(2).await;
    let mut store = f.store.clone();
    let path = f.dir.file();
    for _ in 0..3 {
        store.close().await;
        store = Store::open(&path).unwrap();
    }
    let again = Fixture { store, dir: f.dir };
    filled(&again, &ada).await;
    assert_eq!(count(&again, &ada, "canary").await, OLD);
    again.store.close().await;
    // An index that other rules made is made anew.
    Connection::open(&path).unwrap().execute("UPDATE search_state SET version = -1", []).unwrap();
    let again = Fixture { store: Store::open(&path).unwrap(), dir: again.dir };
    filled(&again, &ada).await;
    assert_eq!(count(&again, &ada, "canary").await, OLD);
}
