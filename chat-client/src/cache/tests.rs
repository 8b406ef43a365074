//! The cache on a real disk, killed and started again.

use chat_proto::{ConversationKind, EventKind, Person, UserId};
use uuid::Uuid;

use super::*;
use crate::engine::{StartError, Storage};
use crate::update::{Anchor, Draft};

fn room() -> ConversationId {
    ConversationId(Uuid::from_u128(100))
}

fn event(seq: u64) -> Event {
    Event {
        conversation: room(),
        seq: Seq(seq),
        at: Timestamp(0),
        author: Person { id: UserId(Uuid::nil()), name: "ada".parse().unwrap() },
        what: EventKind::Joined,
    }
}

fn events(seqs: std::ops::RangeInclusive<u64>) -> Vec<Event> {
    seqs.map(event).collect()
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
            Change::Events { conversation: room(), events: events(1..=3) },
            Change::OutboxAdd(message(1)),
            Change::OutboxAdd(message(2)),
            Change::OutboxAdd(message(3)),
            Change::OutboxState { message: message(2), failed: Some("no".to_owned()) },
            Change::OutboxRemove(message(1).client_id),
            Change::Read { conversation: room(), seq: Seq(2) },
            Change::Draft { conversation: room(), text: "half a th".to_owned() },
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
    assert_eq!(cache.draft(room()).unwrap().as_deref(), Some("half a th"));
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
        .apply(&[
            Change::Begin { conversation: room(), at: Seq(10) },
            Change::Events { conversation: room(), events: events(11..=15) },
        ])
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

    let apart = Change::Page { conversation: room(), events: events(2..=4) };
    let touching = Change::Page { conversation: room(), events: events(6..=11) };
    cache.apply(&[apart]).unwrap();
    assert_eq!(page(&cache, Anchor::Before(Seq(5)), 3).0, Vec::<u64>::new(), "a stretch has no hole");
    cache.apply(&[touching]).unwrap();
    assert_eq!(page(&cache, Anchor::Before(Seq(12)), 4), (vec![8, 9, 10, 11], true));
}

#[test]
fn events_behind_a_failed_write_are_a_new_stretch() {
    let mut cache = memory();
    cache.apply(&[Change::Events { conversation: room(), events: events(1..=2) }]).unwrap();
    cache.apply(&[Change::Events { conversation: room(), events: events(5..=6) }]).unwrap();
    let page = cache.page(room(), Anchor::Newest, 10).unwrap();
    assert_eq!(page.history.events, events(5..=6));
    assert!(!page.complete);
}

#[test]
fn long_stretches_are_cut_at_the_start() {
    let dir = tempfile::tempdir().unwrap();
    let storage = Storage::File(dir.path().join("a.db"));
    let all = EVENTS_EACH + 10;
    open(&storage)
        .unwrap()
        .apply(&[Change::Events { conversation: room(), events: events(1..=all) }])
        .unwrap();
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
            Change::Events { conversation: room(), events: events(1..=2) },
            Change::OutboxAdd(message(1)),
            Change::Draft { conversation: room(), text: "x".to_owned() },
            Change::Forget,
        ])
        .unwrap();
    let saved = cache.saved().unwrap();
    assert!(saved.positions.is_empty());
    assert_eq!(saved.outbox, [message(1)]);
    assert!(cache.draft(room()).unwrap().is_some());
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
