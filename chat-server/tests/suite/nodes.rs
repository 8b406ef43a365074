//! What several servers on one database ask of it: what is new, whose turn it is, who is where.

use std::time::Duration;

use chat_proto::{Registration, SessionId, Timestamp, UserId};
use chat_server::domain::audit::Note;
use chat_server::store::{Act, Kept, NewAccount, Store};
use uuid::Uuid;

use crate::home::Home;

async fn store() -> (Store, Home) {
    let home = Home::new();
    (home.open().await, home)
}

fn lines(range: std::ops::Range<u32>) -> Vec<String> {
    range.map(|n| format!("line {n}")).collect()
}

fn kept(lines: Vec<String>) -> Vec<Kept> {
    lines.into_iter().map(Kept::Line).collect()
}

#[tokio::test]
async fn news_are_told_in_order_from_where_one_came_to() {
    let (store, _dir) = store().await;
    store.add_news(lines(0..3), Timestamp(1)).await.unwrap();
    let begin = store.news_position().await.unwrap();
    assert!(store.whats_new(begin).await.unwrap().news.is_empty(), "what was before is over");
    store.add_news(lines(3..2_503), Timestamp(5)).await.unwrap();
    let (mut position, mut told, mut more) = (begin, Vec::new(), true);
    while more {
        let new = store.whats_new(position).await.unwrap();
        told.extend(new.news.into_iter().map(|(_, body)| body));
        (position, more) = (new.position, new.more);
    }
    assert_eq!(told, kept(lines(3..2_503)));
    store.forget_news(Timestamp(6)).await.unwrap();
    assert!(store.whats_new(begin).await.unwrap().news.is_empty());
    // What comes after everything was let go has a higher number than all before.
    store.add_news(lines(0..1), Timestamp(9)).await.unwrap();
    assert_eq!(store.whats_new(position).await.unwrap().news.len(), 1);
}

#[tokio::test]
async fn a_turn_belongs_to_one_node_until_it_is_over() {
    let (store, _dir) = store().await;
    let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let turn =
        async |node, at| store.lease("sweep", node, Timestamp(at), Duration::from_secs(10)).await.unwrap();
    assert!(turn(one, 0).await && turn(one, 5_000).await, "who has it keeps it");
    assert!(!turn(other, 14_000).await, "until ten seconds after the last word");
    assert!(turn(other, 15_001).await && !turn(one, 15_002).await);
    store.end_leases(other).await.unwrap();
    assert!(turn(one, 15_003).await, "and at once where it is given up");
    assert!(store.lease("retention", other, Timestamp(0), Duration::from_secs(1)).await.unwrap());
}

/// What is done beyond conversations is kept with it, so that no node misses it, whatever becomes of the
/// one that did it.
#[tokio::test]
async fn what_is_done_is_kept_in_the_same_commit() {
    let (store, _dir) = store().await;
    let person = UserId(Uuid::now_v7());
    let account = NewAccount {
        id: person,
        name: "ada".parse().unwrap(),
        skeleton: "ada".to_owned(),
        password: "x".to_owned(),
        invite: None,
        at: Timestamp(1),
    };
    store.create_account(account, Registration::Open).await.unwrap().unwrap();
    let note = || Note::new(person, "server.lockdown", None, Timestamp(1));
    let begin = store.news_position().await.unwrap();
    store.set_lockdown(Some(Timestamp(1)), note()).await.unwrap();
    store.revoke_others(person, SessionId(Uuid::nil())).await.unwrap();
    // Nothing ended, so nobody has to look.
    assert!(!store.revoke_session(person, SessionId(Uuid::nil())).await.unwrap());
    let kept: Vec<_> = store.whats_new(begin).await.unwrap().news.into_iter().map(|(_, kept)| kept).collect();
    assert_eq!(kept, [Kept::Act(Act::Doors), Kept::Act(Act::Logins(person))]);
}
