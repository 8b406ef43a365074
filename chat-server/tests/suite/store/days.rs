//! Messages are found by their time, though no index holds all of them by it: held against the time of each one.

use super::*;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// A day long after 1970, at noon.
const NOON: i64 = 20_000 * DAY_MS + DAY_MS / 2;

struct Written {
    conversation: ConversationId,
    seq: Seq,
    at: i64,
    author: UserId,
}

/// Some messages in one commit, at this time.
async fn say_at(f: &Fixture, room: &mut Room, author: &Person, at: i64, count: usize) -> Vec<Written> {
    let actor = Actor { person: author.clone(), role: Role::Member };
    let (mut writes, mut written) = (Vec::new(), Vec::new());
    for _ in 0..count {
        let change = room.decide(&actor, say("words"), Timestamp(at)).unwrap();
        writes.extend(applied(room, change, |_| false));
        written.push(Written { conversation: room.id, seq: room.head, at, author: author.id });
    }
    f.store.commit(writes).await.unwrap();
    written
}

async fn delete(f: &Fixture, room: &mut Room, author: &Person, seq: Seq, at: i64) {
    let target = f.store.event(room.id, seq).await.unwrap();
    let actor = Actor { person: author.clone(), role: Role::Member };
    let change = room.decide(&actor, Command::Delete { target }, Timestamp(at)).unwrap();
    f.store.commit(applied(room, change, |_| false).into_iter().collect()).await.unwrap();
}

fn those<'a>(written: impl Iterator<Item = &'a Written>) -> Vec<(ConversationId, Seq)> {
    let mut found: Vec<_> = written.map(|message| (message.conversation, message.seq)).collect();
    found.sort_unstable();
    found
}

async fn expired(f: &Fixture, keep_days: u32, now: i64) -> Vec<(ConversationId, Seq)> {
    let mut found = f.store.expired(Some(keep_days), Timestamp(now), 10_000).await.unwrap();
    found.sort_unstable();
    found
}

/// Two rooms over some days, with quiet ones between, and with a clock that went back once.
async fn some_days(f: &Fixture, rooms: &mut [Room; 2], people: &[&Person; 2]) -> Vec<Written> {
    let mut written = Vec::new();
    let days = [0, 0, 1, 3, 4, 2, 5, 5, 9, 10, 10];
    for (n, day) in days.into_iter().enumerate() {
        for (of, room) in rooms.iter_mut().enumerate() {
            // An hour apart, so that the one room's day ends within the other's.
            let at = NOON + day * DAY_MS + of as i64 * 60 * 60 * 1_000;
            written.extend(say_at(f, room, people[(n + of) % 2], at, 1 + n % 3).await);
        }
    }
    written
}

#[tokio::test]
async fn what_was_kept_for_its_time_and_what_somebody_wrote_since_is_found_to_the_millisecond() {
    let f = Fixture::new().await;
    let (ada, lin) = (f.person("ada").await, f.person("lin").await);
    let mut rooms = [f.room("deploys", &[&ada, &lin]).await, f.room("lunch", &[&ada, &lin]).await];
    let written = some_days(&f, &mut rooms, &[&ada, &lin]).await;
    let times = written.iter().flat_map(|message| [message.at, message.at + 1]);
    for at in times.chain((-1..12).map(|day| NOON + day * DAY_MS - DAY_MS / 2)) {
        let old = those(written.iter().filter(|message| message.at < at));
        assert_eq!(expired(&f, 30, at + 30 * DAY_MS).await, old, "30 days after {at}");
        let new = those(written.iter().filter(|message| message.at > at && message.author == ada.id));
        let mut found = f.store.written_since(ada.id, None, Timestamp(at), 10_000).await.unwrap();
        found.sort_unstable();
        assert_eq!(found, new, "since {at}");
    }
}

#[tokio::test]
async fn days_of_which_nothing_is_left_are_not_looked_through_again_and_what_comes_later_is() {
    let f = Fixture::new().await;
    let (ada, lin) = (f.person("ada").await, f.person("lin").await);
    let mut rooms = [f.room("deploys", &[&ada, &lin]).await, f.room("lunch", &[&ada, &lin]).await];
    let written = some_days(&f, &mut rooms, &[&ada, &lin]).await;
    // The days on which people joined, and wrote nothing.
    assert_eq!(f.store.forget_days(Some(30), Timestamp(NOON), 100).await.unwrap(), 2);
    let (first, last) = (NOON + 5 * DAY_MS + DAY_MS / 2, NOON + 11 * DAY_MS);
    for (now, left) in [(first, false), (last, true)] {
        let now = now + 30 * DAY_MS;
        assert_eq!(f.store.forget_days(Some(30), Timestamp(now), 100).await.unwrap(), 0, "all have messages");
        let gone = expired(&f, 30, now).await;
        assert!(!gone.is_empty() && (gone.len() < written.len()), "some at each of both times");
        for (conversation, seq) in gone {
            let room = rooms.iter_mut().find(|room| room.id == conversation).unwrap();
            let author =
                written.iter().find(|m| (m.conversation, m.seq) == (conversation, seq)).unwrap().author;
            delete(&f, room, if author == ada.id { &ada } else { &lin }, seq, now).await;
        }
        assert_eq!(expired(&f, 30, now).await, []);
        assert!(f.store.forget_days(Some(30), Timestamp(now), 100).await.unwrap() > 0);
        assert_eq!(f.store.forget_days(Some(30), Timestamp(now), 100).await.unwrap(), 0, "once is enough");
        let rest = those(written.iter().filter(|message| message.at >= now - 30 * DAY_MS));
        assert_eq!(rest.is_empty(), left);
        assert_eq!(expired(&f, 1, now + 1_000 * DAY_MS).await, rest, "what is left has its days");
    }
    // With a clock that went back to the very day that was forgotten last, and one that is right.
    for at in [NOON + 10 * DAY_MS, NOON + 50 * DAY_MS] {
        let late = say_at(&f, &mut rooms[0], &lin, at, 2).await;
        assert_eq!(expired(&f, 30, at + 31 * DAY_MS).await[..2], those(late.iter()));
        for message in late {
            delete(&f, &mut rooms[0], &lin, message.seq, at).await;
        }
    }
}
