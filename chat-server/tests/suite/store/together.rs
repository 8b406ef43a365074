//! Turns of many changes: messages that call and answer, and marks before, behind and in the middle of them.

use chat_proto::InboxItem;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};

use super::*;

/// Turns of each run, and changes of a turn at the most.
const TURNS: usize = 25;
const CHANGES: usize = 12;

const TEXTS: [&str; 6] = ["hi", "@ada", "@lin and @mia", "@room", "@here you are", "@mia?"];

/// A room, what was said in it, and how far it is stored.
struct Place {
    room: Room,
    said: Vec<Event>,
    stored: Seq,
}

impl Place {
    fn of(room: Room) -> Self {
        Self { stored: room.head, room, said: Vec::new() }
    }
}

impl Fixture {
    /// Something that one of them does; `None` for a mark that would go back.
    async fn anything(&self, place: &mut Place, people: &[Person], dice: &mut StdRng) -> Option<Write> {
        let Place { room, said, stored } = place;
        let who = people.choose(dice).unwrap();
        // What the store counts must have in it what was decided before; shards end a turn for that.
        let mut unsettled = said.iter().filter(|event| event.seq > *stored);
        let is_late = unsettled.any(|event| event.body().is_some_and(|body| body.as_str().contains('@')));
        let command = match dice.random_range(0..5) {
            0 => Command::MarkRead(room.all_read(who.id)),
            1 if is_late => return None,
            1 => {
                let seq = Seq(dice.random_range(1..=stored.0));
                Command::MarkRead(self.store.read_position(room.id, who.id, seq).await.unwrap()?)
            }
            kind => {
                let mut draft = draft(TEXTS.choose(dice).unwrap());
                // Of this turn, of one before, or of none.
                let answered = said.choose(dice).filter(|_| kind == 2).cloned();
                draft.reply_to = answered.map(|event| Target { seq: event.seq, event: Some(event) });
                Command::Send(Box::new(draft))
            }
        };
        let actor = Actor { person: who.clone(), role: Role::Member };
        let change = room.decide(&actor, command, Timestamp(2)).unwrap();
        if let Change::Event(event) = &change {
            said.push(event.clone());
        }
        applied(room, change, |user| user == people[0].id)
    }

    /// What is in somebody's inbox of a room: which message, and whether it was read.
    async fn items(&self, user: UserId, room: &Room) -> BTreeMap<Seq, bool> {
        let (page, state) = self.store.inbox(user, false, None, 1_000).await.unwrap();
        assert_eq!(state.unread, page.rows.iter().filter(|item| !item.read).count() as u64);
        let here = |item: &&InboxItem| item.event.conversation == room.id;
        page.rows.iter().filter(here).map(|item| (item.event.seq, item.read)).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn turns_of_many_leave_what_was_decided() {
    for seed in 0..6 {
        let (f, mut dice) = (Fixture::new().await, StdRng::seed_from_u64(seed));
        let people = [f.person("ada").await, f.person("lin").await, f.person("mia").await];
        let all: Vec<&Person> = people.iter().collect();
        let mut places = [Place::of(f.room("one", &all).await), Place::of(f.room("two", &all).await)];
        // By member and room: what came to them.
        let mut came: BTreeMap<(UserId, ConversationId), BTreeMap<Seq, bool>> = BTreeMap::new();
        for turn in 0..TURNS {
            places.iter_mut().for_each(|place| place.stored = place.room.head);
            let mut writes = Vec::new();
            for _ in 0..dice.random_range(1..=CHANGES) {
                let at = dice.random_range(0..places.len());
                writes.extend(f.anything(&mut places[at], &people, &mut dice).await);
            }
            if writes.is_empty() {
                continue;
            }
            let before = f.store.inbox_states(people.iter().map(|person| person.id).collect()).await.unwrap();
            let committed = f.store.commit(writes).await.unwrap();
            let after = f.store.inbox_states(people.iter().map(|person| person.id).collect()).await.unwrap();
            for notice in &committed.notices {
                came.entry((notice.user, notice.conversation)).or_default().insert(notice.seq, false);
            }
            for Place { room, .. } in &places {
                assert_eq!(f.store.load(room.id).await.unwrap().unwrap(), *room, "seed {seed}, turn {turn}");
            }
            for ((user, then), (_, now)) in before.into_iter().zip(after) {
                let is_told = committed.inboxes.contains(&user);
                assert!(!is_told || now.revision > then.revision, "seed {seed}, turn {turn}: {committed:?}");
                for Place { room, .. } in &places {
                    let read = room.members[&user].read;
                    let expected = came.entry((user, room.id)).or_default();
                    expected.iter_mut().for_each(|(seq, is_read)| *is_read = *seq <= read);
                    assert_eq!(f.items(user, room).await, *expected, "seed {seed}, turn {turn}");
                }
            }
        }
        assert!(came.values().any(|items| items.len() > 5), "nobody was called");
    }
}
