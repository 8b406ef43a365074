//! Who finds what; and what nobody finds any more.

use chat_proto::{Body, SearchOrder, Seq};
use chat_server::domain::Command;
use chat_server::store::{Search, SearchCursor, Write};

use super::fixture::{DAY, Fixture, is_in_files, message, search};

#[tokio::test]
async fn only_members_of_now_find_a_message() {
    let f = Fixture::new().await;
    let (ada, lin, eve) = (f.person("ada").await, f.person("lin").await, f.person("eve").await);
    let mut room = f.room("secret", &[&ada, &lin]).await;
    let mut direct = f.direct(&[&ada, &lin]).await;
    f.say(&mut room, &ada, "the canary sings @lin https://a.org").await;
    f.say(&mut direct, &lin, "canary too").await;
    let queries = ["canary", "cana", "from:@ada", "in:#secret", "in:@lin", "has:link", "mentions:@lin", "-x"];
    for query in queries {
        assert!(!f.finds(&ada, query).await.is_empty(), "{query}");
        assert!(f.finds(&eve, query).await.is_empty(), "a stranger, {query}");
        assert!(f.best(&eve, query).await.is_empty(), "a stranger, {query}");
    }
    assert_eq!(f.finds(&lin, "canary").await.len(), 2);
    let page = f.ask(Search { limit: 1, ..search(&lin, "canary") }).await;
    let newest = Search { limit: 1, order: SearchOrder::Newest, ..search(&lin, "canary") };
    let newest = f.ask(newest).await;

    f.act(&mut room, &lin, 20_000 * DAY, Command::Leave).await;
    assert_eq!(f.finds(&lin, "canary").await, ["canary too"], "who left is a stranger");
    let rest = f.ask(Search { cursor: page.cursor, ..search(&lin, "canary") }).await;
    assert!(rest.hits.iter().all(|hit| hit.event.conversation == direct.id), "an old cursor opens nothing");
    let below = Search { cursor: newest.cursor, order: SearchOrder::Newest, ..search(&lin, "canary") };
    assert!(f.ask(below).await.hits.is_empty());
    let forged = SearchCursor::Rest((0..100).chain([u64::MAX]).collect());
    let forged = Search { cursor: Some(forged), ..search(&eve, "canary") };
    assert!(f.ask(forged).await.hits.is_empty(), "nor does one that was made up");

    f.act(&mut room, &ada, 20_000 * DAY, Command::Invite { user: lin.clone(), invited: false }).await;
    assert_eq!(f.finds(&lin, "canary").await, ["canary too"], "an invitation is not enough");
    f.act(&mut room, &lin, 20_000 * DAY, Command::Join { invited: true }).await;
    assert_eq!(f.finds(&lin, "canary").await.len(), 2, "who came back is a member");
}

#[tokio::test]
async fn who_was_put_out_finds_nothing() {
    let f = Fixture::new().await;
    let (ada, lin) = (f.person("ada").await, f.person("lin").await);
    let mut room = f.room("ops", &[&ada, &lin]).await;
    f.say(&mut room, &lin, "canary").await;
    let remove = Command::Remove { user: lin.clone(), reason: chat_proto::Topic::default() };
    f.act(&mut room, &ada, 20_000 * DAY, remove).await;
    assert!(f.finds(&lin, "canary").await.is_empty());
    assert!(f.finds(&lin, "from:me").await.is_empty(), "not even one's own words");
    assert_eq!(f.finds(&ada, "from:@lin").await, ["canary"]);
}

#[tokio::test]
async fn an_edited_message_is_found_by_its_new_words_alone() {
    let f = Fixture::new().await;
    let (ada, lin) = (f.person("ada").await, f.person("lin").await);
    let mut room = f.room("ops", &[&ada, &lin]).await;
    let seq = f.say(&mut room, &ada, "the kanary 天气 @lin").await;
    f.edit(&mut room, &ada, seq, "the canary https://a.org").await;
    for gone in ["kanary", "天", "mentions:@lin"] {
        assert!(f.finds(&ada, gone).await.is_empty(), "{gone}");
    }
    for found in ["canary", "has:link", "the"] {
        assert_eq!(f.finds(&ada, found).await.len(), 1, "{found}");
    }
    // Sent and edited in one group of writes, before the words were taken in.
    let at = room.head.0 + 1;
    let sent = message(room.id, at, 0, &ada, "early words");
    let mut edit = message(room.id, at + 1, 0, &ada, "x");
    let body = Body::new("late words").unwrap();
    edit.what = chat_proto::EventKind::Edited { target: Seq(at), body, mentions: Vec::new() };
    let writes = [sent, edit].map(|event| Write::Event {
        event,
        messages: room.messages + 1,
        hearing: Default::default(),
    });
    f.store.commit(writes.to_vec()).await.unwrap();
    assert_eq!(f.finds(&ada, "words").await, ["late words"]);
    assert!(f.finds(&ada, "early").await.is_empty());
}

#[tokio::test]
async fn a_deleted_message_is_not_found_and_leaves_no_byte() {
    let f = Fixture::new().await;
    let ada = f.person("ada").await;
    let mut room = f.room("ops", &[&ada]).await;
    let mut secrets = Vec::new();
    for n in 0..240_u32 {
        // Words that share beginnings, so that the index keeps only the ends of most of them.
        // None of its letters stands in the ids and numbers of the file.
        let digits = format!("{:05}", n * 7_919 % 100_000);
        let middle: String = digits.bytes().map(|digit| char::from(digit - b'0' + b'g')).collect();
        let secret = format!("zqj{middle}wvx");
        let text = format!("keep{n} {secret} 鑰匙{}", if n == 7 { "鬱龜" } else { "" });
        let seq = f.say(&mut room, &ada, &text).await;
        secrets.push((seq, secret));
    }
    for (n, (seq, secret)) in secrets.iter().enumerate() {
        if n % 2 == 0 {
            f.edit(&mut room, &ada, *seq, &format!("keep{n} pqyz{n}")).await;
        }
        if n % 4 != 0 {
            f.delete(&mut room, &ada, *seq).await;
        }
        assert!(f.finds(&ada, secret).await.is_empty() == (n % 4 != 0 || n % 2 == 0), "{n}");
    }
    // Every secret is gone: by an edit that stays has its old text in the versions, so those go too.
    for (seq, _) in secrets.iter().step_by(4) {
        f.delete(&mut room, &ada, *seq).await;
    }
    assert!(f.finds(&ada, "鑰").await.is_empty() && f.finds(&ada, "zqj").await.is_empty());
    f.store.close().await;
    for needle in ["zqj", "wvx", "pqyz", "鬱", "鬱龜", "鑰匙"] {
        assert!(!is_in_files(f.dir.path(), needle), "{needle} is still on the disk");
    }
    for (_, secret) in &secrets {
        assert!(!is_in_files(f.dir.path(), &secret[3..8]), "{secret} is still on the disk");
    }
}

#[tokio::test]
async fn a_message_of_a_failed_commit_is_not_found() {
    let f = Fixture::new().await;
    let ada = f.person("ada").await;
    let room = f.room("ops", &[&ada]).await;
    let good = message(room.id, 2, 0, &ada, "canary");
    let taken = message(room.id, 2, 0, &ada, "kanary");
    let write = |event| Write::Event { event, messages: 1, hearing: Default::default() };
    f.store.commit(vec![write(good)]).await.unwrap();
    assert!(f.store.commit(vec![write(taken)]).await.is_err());
    assert!(f.finds(&ada, "kanary").await.is_empty());
    assert_eq!(f.finds(&ada, "canary").await.len(), 1);
    assert!(!f.is_on_disk("kanary").await);
}
