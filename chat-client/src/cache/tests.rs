//! The cache on a real disk, killed and started again.

use chat_proto::{ConversationKind, EventKind, FileId, FileName, Message, Person, UserId};
use uuid::Uuid;

use super::*;
use crate::engine::{StartError, Storage};
use crate::update::{Anchor, Draft, Enclosure};

fn room() -> ConversationId {
    ConversationId(Uuid::from_u128(100))
}

fn event(seq: u64) -> Event {
    Event {
        conversation: room(),
        seq: Seq(seq),
        at: Timestamp(0),
        author: Person::new(UserId(Uuid::nil()), "ada".parse().unwrap()),
        what: EventKind::Joined,
    }
}

fn events(seqs: std::ops::RangeInclusive<u64>) -> Vec<Event> {
    seqs.map(event).collect()
}

fn batch(seqs: std::ops::RangeInclusive<u64>) -> Batch {
    let as_of = Seq(*seqs.end());
    Batch { conversation: room(), events: events(seqs), as_of }
}

fn message(n: u128) -> Outgoing {
    let draft = Draft::new(room(), Body::new(format!("message {n}")).unwrap());
    Outgoing::new(ClientId(Uuid::from_u128(n)), draft, Timestamp(5))
}

fn memory() -> Cache {
    open(&Storage::Memory).unwrap()
}

#[test]
fn what_was_kept_is_there_after_a_kill() {
    let dir = tempfile::tempdir().unwrap();
    let storage = Storage::File(dir.path().join("cache/a.db"));
    let row = Conversation {
        id: room(),
        kind: ConversationKind::Room,
        name: Some("deploys".parse().unwrap()),
        topic: Default::default(),
        description: Default::default(),
        private: false,
        rules: Default::default(),
        role: Default::default(),
        with: Vec::new(),
        members: 1,
        head: Seq(3),
        read: Seq(1),
        others_read: Seq(0),
        unread: 2,
        mentions: 0,
        notify: Default::default(),
        starred: false,
        last_message: None,
        active_at: Timestamp(1),
    };
    let epoch = Epoch(Uuid::from_u128(9));
    let failed = Outgoing { delivery: Delivery::Failed { reason: "no".to_owned() }, ..message(2) };
    let mut cache = open(&storage).unwrap();
    cache
        .apply(&[
            Change::Identity { role: Role::Admin, epoch },
            Change::Conversations(vec![row.clone()]),
            Change::Begin { conversation: room(), at: Seq(0) },
            Change::Events(batch(1..=3)),
            Change::OutboxAdd(message(1)),
            Change::OutboxAdd(message(2)),
            Change::OutboxAdd(message(3)),
            Change::OutboxState { message: message(2), failed: Some("no".to_owned()) },
            Change::OutboxRemove(message(1).client_id),
            Change::Read { conversation: room(), seq: Seq(2) },
            Change::Draft { conversation: room(), thread: None, text: "half a th".to_owned() },
            Change::Draft { conversation: room(), thread: Some(Seq(2)), text: "aside".to_owned() },
            Change::Note { name: "list".to_owned(), text: "{}".to_owned() },
        ])
        .unwrap();
    drop(cache);
    let cache = open(&storage).unwrap();
    let saved = cache.saved().unwrap();
    assert_eq!((saved.role, saved.epoch), (Some(Role::Admin), Some(epoch)));
    assert_eq!(saved.conversations, [row]);
    assert_eq!(saved.positions[&room()], Seq(3));
    assert_eq!(saved.outbox, [failed, message(3)]);
    assert_eq!(saved.reads, [(room(), Seq(2))]);
    assert_eq!(cache.draft(room(), None).unwrap().as_deref(), Some("half a th"));
    assert_eq!(cache.draft(room(), Some(Seq(2))).unwrap().as_deref(), Some("aside"));
    assert_eq!(cache.draft(room(), Some(Seq(3))).unwrap(), None);
    assert_eq!(cache.note("list").unwrap().as_deref(), Some("{}"));
    #[cfg(unix)]
    for entry in std::fs::read_dir(dir.path().join("cache")).unwrap() {
        use std::os::unix::fs::PermissionsExt;
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", entry.path());
    }
}

#[test]
fn pages_come_from_the_cache_only_when_they_are_whole() {
    let mut cache = memory();
    cache
        .apply(&[Change::Begin { conversation: room(), at: Seq(10) }, Change::Events(batch(11..=15))])
        .unwrap();
    let page = |cache: &Cache, anchor: Anchor, limit: u32| {
        let page = cache.page(room(), anchor, limit).unwrap();
        let seqs: Vec<u64> = page.history.events.iter().map(|event| event.seq.0).collect();
        (seqs, page.complete)
    };
    assert_eq!(page(&cache, Anchor::Newest, 3), (vec![13, 14, 15], true));
    assert_eq!(page(&cache, Anchor::Newest, 9), (vec![11, 12, 13, 14, 15], false));
    assert_eq!(page(&cache, Anchor::Before(Seq(13)), 2), (vec![11, 12], true));
    assert_eq!(page(&cache, Anchor::Before(Seq(12)), 2), (vec![11], false));
    assert_eq!(page(&cache, Anchor::Before(Seq(30)), 2), (vec![], false));
    assert_eq!(page(&cache, Anchor::After(Seq(12)), 2), (vec![13, 14], true));
    assert_eq!(page(&cache, Anchor::After(Seq(3)), 2), (vec![], false));
    assert_eq!(page(&cache, Anchor::Around(Seq(13)), 3), (vec![12, 13, 14], true));
    assert_eq!(page(&cache, Anchor::Around(Seq(40)), 3), (vec![], false));

    let apart = Change::Page(batch(2..=4));
    let touching = Change::Page(batch(6..=11));
    cache.apply(&[apart]).unwrap();
    assert_eq!(page(&cache, Anchor::Before(Seq(5)), 3).0, Vec::<u64>::new(), "a stretch has no hole");
    cache.apply(&[touching]).unwrap();
    assert_eq!(page(&cache, Anchor::Before(Seq(12)), 4), (vec![8, 9, 10, 11], true));
}

#[test]
fn events_behind_a_failed_write_are_a_new_stretch() {
    let mut cache = memory();
    cache.apply(&[Change::Events(batch(1..=2))]).unwrap();
    cache.apply(&[Change::Events(batch(5..=6))]).unwrap();
    let page = cache.page(room(), Anchor::Newest, 10).unwrap();
    assert_eq!(page.history.events, events(5..=6));
    assert!(!page.complete);
}

#[test]
fn long_stretches_are_cut_at_the_start() {
    let dir = tempfile::tempdir().unwrap();
    let storage = Storage::File(dir.path().join("a.db"));
    let all = EVENTS_EACH + 10;
    open(&storage).unwrap().apply(&[Change::Events(batch(1..=all))]).unwrap();
    let cache = open(&storage).unwrap();
    let page = cache.page(room(), Anchor::Newest, u32::MAX).unwrap();
    assert_eq!(page.history.events.len() as u64, EVENTS_EACH);
    assert_eq!(page.history.events[0].seq, Seq(11));
    assert!(page.history.more_before);
}

#[test]
fn another_epoch_keeps_what_was_typed() {
    let mut cache = memory();
    cache
        .apply(&[
            Change::Events(batch(1..=2)),
            Change::OutboxAdd(message(1)),
            Change::Draft { conversation: room(), thread: None, text: "x".to_owned() },
            Change::Forget,
        ])
        .unwrap();
    let saved = cache.saved().unwrap();
    assert!(saved.positions.is_empty());
    assert_eq!(saved.outbox, [message(1)]);
    assert!(cache.draft(room(), None).unwrap().is_some());
}

#[test]
fn a_second_engine_takes_its_own_file_and_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let storage = Storage::File(dir.path().join("a.db"));
    let mut first = open(&storage).unwrap();
    let mut second = open(&storage).unwrap();
    first.apply(&[Change::OutboxAdd(message(1))]).unwrap();
    second.apply(&[Change::OutboxAdd(message(2))]).unwrap();
    assert_eq!(open(&storage).unwrap().saved().unwrap().outbox, [], "the living keep theirs");
    drop(second);
    let third = open(&storage).unwrap();
    assert_eq!(third.saved().unwrap().outbox, [message(2)]);
    drop((first, third));
    let last = open(&storage).unwrap();
    assert_eq!(last.saved().unwrap().outbox, [message(1), message(2)], "all that was left is taken over");
    drop(last);
    assert_eq!(open(&storage).unwrap().saved().unwrap().outbox.len(), 2, "and only once");
}

#[test]
fn of_two_texts_for_one_place_none_is_lost() {
    let dir = tempfile::tempdir().unwrap();
    let storage = Storage::File(dir.path().join("a.db"));
    let draft = |text: &str| Change::Draft { conversation: room(), thread: None, text: text.to_owned() };
    let (mut first, mut second) = (open(&storage).unwrap(), open(&storage).unwrap());
    first.apply(&[draft("mine")]).unwrap();
    second.apply(&[draft("other"), Change::OutboxAdd(message(1))]).unwrap();
    drop((first, second));
    let mut first = open(&storage).unwrap();
    assert_eq!(first.draft(room(), None).unwrap().as_deref(), Some("mine"));
    assert_eq!(first.saved().unwrap().outbox, [message(1)], "what was sent comes along at once");
    // Sent, and nothing is written there any more.
    first.apply(&[draft("")]).unwrap();
    drop(first);
    let first = open(&storage).unwrap();
    assert_eq!(first.draft(room(), None).unwrap().as_deref(), Some("other"));
    drop(first);
    assert_eq!(open(&storage).unwrap().draft(room(), None).unwrap().as_deref(), Some("other"));
}

#[test]
fn a_newer_cache_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.db");
    let storage = Storage::File(path.clone());
    open(&storage).unwrap().apply(&[Change::OutboxAdd(message(1))]).unwrap();
    let db = Connection::open(&path).unwrap();
    db.pragma_update(None, "user_version", STEPS.len() + 1).unwrap();
    drop(db);
    assert!(matches!(open(&storage), Err(StartError::NewerCache(_))));
    let db = Connection::open(&path).unwrap();
    assert_eq!(outbox(&db).unwrap().len(), 1, "nothing was touched");
}

fn written(seq: u64, text: &str) -> Event {
    let message = Message::new(ClientId(Uuid::from_u128(7)), Body::new(text).unwrap());
    Event { what: EventKind::Message(Box::new(message)), ..event(seq) }
}

fn live(event: Event) -> Change {
    Change::Events(Batch { conversation: room(), as_of: event.seq, events: vec![event] })
}

#[test]
fn a_deleted_text_is_nowhere_on_the_disk() {
    let dir = tempfile::tempdir().unwrap();
    let storage = Storage::File(dir.path().join("a.db"));
    let edited = |text: &str| EventKind::Edited {
        target: Seq(1),
        body: Body::new(text).unwrap(),
        mentions: Vec::new(),
    };
    let mut cache = open(&storage).unwrap();
    let waiting = Outgoing::new(
        ClientId(Uuid::from_u128(7)),
        Draft::new(room(), Body::new("the first secret").unwrap()),
        Timestamp(5),
    );
    cache
        .apply(&[
            Change::OutboxAdd(waiting),
            live(written(1, "the first secret")),
            live(Event { what: edited("the second secret"), ..event(2) }),
            live(Event { what: edited("the third secret"), ..event(3) }),
        ])
        .unwrap();
    let on_disk = || -> bool {
        std::fs::read_dir(dir.path()).unwrap().any(|entry| {
            let bytes = std::fs::read(entry.unwrap().path()).unwrap();
            bytes.windows(6).any(|window| window == b"secret")
        })
    };
    assert!(on_disk(), "the test can see what is there");
    cache.apply(&[live(Event { what: EventKind::Deleted { target: Seq(1) }, ..event(4) })]).unwrap();
    assert!(!on_disk());
    let shown = cache.page(room(), Anchor::Newest, 10).unwrap().history.events;
    let kinds: Vec<&str> = shown.iter().map(|event| event.what.as_str()).collect();
    assert_eq!(kinds, ["tombstone", "tombstone", "tombstone", "deleted"]);
    assert!(cache.saved().unwrap().outbox.is_empty(), "nor does it wait to be sent");
}

/// A page that the server read before an edit may come after it.
#[test]
fn an_older_page_takes_nothing_back() {
    let edit = EventKind::Edited { target: Seq(11), body: Body::new("new").unwrap(), mentions: Vec::new() };
    let reaction =
        EventKind::Reaction { target: Seq(10), emoji: chat_proto::Emoji::new("👍").unwrap(), on: true };
    let mut cache = memory();
    cache
        .apply(&[
            Change::Begin { conversation: room(), at: Seq(10) },
            live(written(11, "old")),
            live(Event { what: edit, ..event(12) }),
            live(Event { what: reaction, ..event(13) }),
        ])
        .unwrap();
    let events = vec![written(10, "older"), written(11, "old")];
    cache.apply(&[Change::Page(Batch { conversation: room(), events, as_of: Seq(11) })]).unwrap();
    let shown = cache.page(room(), Anchor::Newest, 4).unwrap().history.events;
    assert_eq!(shown[0].message().unwrap().reactions.len(), 1, "what came since is in the page too");
    assert_eq!(shown[1].body().unwrap().as_str(), "new");
}

#[test]
fn a_message_that_waits_keeps_its_ties() {
    let dir = tempfile::tempdir().unwrap();
    let storage = Storage::File(dir.path().join("a.db"));
    let tied = Outgoing {
        body: Body::default(),
        files: vec![Enclosure { id: FileId(Uuid::from_u128(7)), name: FileName::new("cat.png").unwrap() }],
        action: true,
        reply_to: Some(Seq(3)),
        thread: Some(Seq(2)),
        forward: Some(Position { conversation: room(), seq: Seq(9) }),
        ..message(1)
    };
    open(&storage).unwrap().apply(&[Change::OutboxAdd(tied.clone())]).unwrap();
    assert_eq!(open(&storage).unwrap().saved().unwrap().outbox, [tied]);
}

/// The first schema, with what a client of that time left in it.
#[test]
fn a_cache_of_the_first_version_is_taken_over() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.db");
    let other = ConversationId(Uuid::from_u128(101));
    let db = Connection::open(&path).unwrap();
    db.execute_batch(include_str!("schema.sql")).unwrap();
    db.pragma_update(None, "user_version", 1).unwrap();
    let waiting = "INSERT INTO outbox (client_id, conversation, body, written_at) VALUES (?1, ?2, 'hi', 5)";
    db.execute(waiting, params![Uuid::from_u128(1), room().0]).unwrap();
    db.execute("INSERT INTO drafts VALUES (?1, 'half')", [room().0]).unwrap();
    for (conversation, kind) in [(room(), r#""kind":"joined""#), (other, r#""kind":"Unknown""#)] {
        let json = format!(
            r#"{{"conversation":"{conversation}","seq":1,"at":0,"author":{{"id":"{}","name":"ada"}},{kind}}}"#,
            Uuid::nil()
        );
        db.execute("INSERT INTO events VALUES (?1, 1, ?2)", params![conversation.0, json]).unwrap();
        db.execute("INSERT INTO stretches VALUES (?1, 1, 1)", [conversation.0]).unwrap();
    }
    drop(db);
    let cache = open(&Storage::File(path)).unwrap();
    let saved = cache.saved().unwrap();
    let draft = Draft::new(room(), Body::new("hi").unwrap());
    assert_eq!(saved.outbox, [Outgoing::new(ClientId(Uuid::from_u128(1)), draft, Timestamp(5))]);
    assert_eq!(cache.draft(room(), None).unwrap().as_deref(), Some("half"));
    assert_eq!((saved.positions[&room()], saved.positions[&other]), (Seq(1), Seq(1)));
    assert_eq!(cache.page(room(), Anchor::Newest, 9).unwrap().history.events, [event(1)]);
    let unreadable = cache.page(other, Anchor::Newest, 9).unwrap();
    assert_eq!((unreadable.history.events.len(), unreadable.complete), (0, false), "asked for again");
}
