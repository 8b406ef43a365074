//! Old data is sacred: a database of the first schema becomes today's with all that is in it, and
//! stays beside it as it was.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chat_proto::{ConversationId, Seq, Timestamp, UserId};
use chat_server::auth::SecretHash;
use chat_server::store::{Anchor, Store};
use refinery::Target;
use rusqlite::{Connection, params};
use uuid::Uuid;

mod migrations {
    refinery::embed_migrations!("migrations");
}

struct Old {
    ada: Uuid,
    lin: Uuid,
    room: Uuid,
    direct: Uuid,
}

/// A database with a row in every table, as the first version left it.
fn first_database(path: &Path) -> Old {
    let mut db = Connection::open(path).unwrap();
    db.pragma_update(None, "journal_mode", "WAL").unwrap();
    migrations::migrations::runner().set_target(Target::Version(1)).run(&mut db).unwrap();
    let [ada, lin, room, direct] = [0; 4].map(|_| Uuid::now_v7());
    db.execute("INSERT INTO server (one, epoch) VALUES (1, ?1)", [Uuid::now_v7()]).unwrap();
    for (id, name, role) in [(ada, "ada", "owner"), (lin, "lin", "member")] {
        db.execute(
            "INSERT INTO users (id, name, skeleton, password, role, created_at, last_seen)
             VALUES (?1, ?2, ?2, 'x', ?3, 1, 2)",
            params![id, name, role],
        )
        .unwrap();
    }
    db.execute(
        "INSERT INTO sessions (id, user, token_hash, device, created_at, used_at) VALUES (?1, ?2, ?3, 'laptop', 1, 5)",
        params![Uuid::now_v7(), lin, SecretHash::of("a token").0],
    )
    .unwrap();
    db.execute("INSERT INTO invites VALUES (?1, 'member', 1, 1, NULL)", [SecretHash::of("code").0]).unwrap();
    db.execute(
        "INSERT INTO conversations VALUES (?1, 'room', 'deploys', NULL, 'canaries', 3, 2, 30, 2)",
        [room],
    )
    .unwrap();
    let pair = [ada.min(lin).into_bytes(), ada.max(lin).into_bytes()].concat();
    db.execute(
        "INSERT INTO conversations VALUES (?1, 'direct', NULL, ?2, '', 2, 1, 50, 2)",
        params![direct, pair],
    )
    .unwrap();
    let mut insert = db
        .prepare(
            "INSERT INTO events (conversation, seq, at, author, kind, client_id, messages, content)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )
        .unwrap();
    let mut event = |room: Uuid, seq: i64, author: Uuid, messages: i64, kind: &str, fields: &str| {
        let client_id = Uuid::now_v7();
        let content = format!(r#"{{"kind":"{kind}","client_id":"{client_id}",{fields}}}"#);
        insert.execute(params![room, seq, seq * 10, author, kind, client_id, messages, content]).unwrap();
    };
    event(room, 1, ada, 0, "created", r#""name":"deploys","topic":"canaries""#);
    event(room, 2, ada, 1, "message", r#""body":"first words""#);
    event(room, 3, ada, 2, "message", &format!(r#""body":"hello @lin","mentions":["{lin}"]"#));
    event(direct, 1, ada, 0, "created", r#""topic":"""#);
    event(direct, 2, lin, 1, "message", r#""body":"between us""#);
    for (conversation, user, read, read_messages, sent, mentions) in [
        (room, ada, 3, 2, 2, 0),
        (room, lin, 2, 1, 0, 1),
        (direct, ada, 1, 0, 0, 0),
        (direct, lin, 2, 1, 1, 0),
    ] {
        db.execute(
            "INSERT INTO members (conversation, user, read_seq, read_messages, sent, read_sent, mentions)
             VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6)",
            params![conversation, user, read, read_messages, sent, mentions],
        )
        .unwrap();
    }
    db.execute("INSERT INTO mentions VALUES (?1, ?2, 3)", params![room, lin]).unwrap();
    Old { ada, lin, room, direct }
}

fn copies(dir: &Path) -> Vec<PathBuf> {
    let folder = fs::read_dir(dir.join("before-upgrade")).into_iter().flatten();
    let mut found: Vec<PathBuf> = folder.map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

#[tokio::test]
async fn everything_of_the_first_schema_is_there_today() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("chat.sqlite");
    let old = first_database(&path);
    let store = Store::open(&path).unwrap();
    let (ada, lin) = (UserId(old.ada), UserId(old.lin));
    let idle = Duration::from_secs(60 * 60);
    let known = store.use_session(SecretHash::of("a token"), Timestamp(10), idle).await.unwrap().unwrap();
    assert_eq!((known.person.id, known.person.name.as_str()), (lin, "lin"), "nobody has to log in again");
    let room = store.conversation(lin, ConversationId(old.room)).await.unwrap().unwrap();
    assert_eq!((room.topic.as_str(), room.head, room.unread, room.mentions), ("canaries", Seq(3), 1, 1));
    let page = store.history(lin, ConversationId(old.room), Anchor::Newest, 10).await.unwrap().unwrap();
    let texts: Vec<&str> =
        page.events.iter().filter_map(|event| event.body()).map(|body| body.as_str()).collect();
    assert_eq!(texts, ["first words", "hello @lin"]);
    assert!(page.events[2].mentions(lin));
    let direct = store.direct_of(vec![ada, lin]).await.unwrap();
    assert_eq!(direct, Some(ConversationId(old.direct)));
    let loaded = store.load(ConversationId(old.room)).await.unwrap().unwrap();
    assert_eq!(loaded.members[&ada].role, chat_proto::RoomRole::Owner, "who made it owns it");
    let mut old_messages = store.expired(Some(1), Timestamp(3 * 86_400_000), 10).await.unwrap();
    old_messages.sort_unstable();
    let mut all =
        [(old.room, 2), (old.room, 3), (old.direct, 2)].map(|(id, seq)| (ConversationId(id), Seq(seq)));
    all.sort_unstable();
    assert_eq!(old_messages, all, "messages from before are found by their day");
    store.close().await;

    let [copy] = &copies(dir.path())[..] else { panic!("{:?}", copies(dir.path())) };
    assert!(copy.file_name().unwrap().to_str().unwrap().starts_with("chat-v1-"), "{copy:?}");
    let copy = Connection::open(copy).unwrap();
    let count = |table: &str| -> i64 {
        copy.query_row(&format!("SELECT count(*) FROM {table}"), [], |r| r.get(0)).unwrap()
    };
    assert_eq!((count("events"), count("mentions"), count("sessions")), (5, 1, 1), "it is as it was");
    let store = Store::open(&path).unwrap();
    store.close().await;
    assert_eq!(copies(dir.path()).len(), 1, "without an upgrade there is no copy");
}

#[tokio::test]
async fn the_last_few_copies_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("chat.sqlite");
    for _ in 0..5 {
        for file in ["chat.sqlite", "chat.sqlite-wal", "chat.sqlite-shm"] {
            let _ = fs::remove_file(dir.path().join(file));
        }
        first_database(&path);
        Store::open(&path).unwrap().close().await;
    }
    assert_eq!(copies(dir.path()).len(), 3);
}

#[tokio::test]
async fn an_upgrade_without_a_copy_does_not_begin() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("chat.sqlite");
    first_database(&path);
    fs::write(dir.path().join("before-upgrade"), "in the way").unwrap();
    let error = Store::open(&path).err().unwrap().to_string();
    assert!(error.contains("before its upgrade") && error.contains("was not changed"), "{error}");
    let version: i64 = Connection::open(&path)
        .unwrap()
        .query_row("SELECT max(version) FROM refinery_schema_history", [], |r| r.get(0))
        .unwrap();
    assert_eq!(version, 1);
}
