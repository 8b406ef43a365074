//! Each property is seen to fail: a small history that holds, broken in one place.

use chat_proto::{
    Body, ClientId, Conversation, ConversationKind, Emoji, Event, EventKind, Message, Person, Seq, Timestamp,
    Tombstone, UserId,
};
use uuid::Uuid;

use super::*;
use crate::history::{Act, Entry, News, Rung, What};

const KEEPER: usize = 0;
const ADA: usize = 1;
const LIN: usize = 2;

fn person(n: usize) -> Person {
    let name = ["keeper", "ada", "lin"][n];
    Person::new(UserId(Uuid::from_u128(n as u128 + 1)), name.parse().unwrap())
}

fn hall() -> ConversationId {
    ConversationId(Uuid::from_u128(100))
}

fn id(op: u64) -> ClientId {
    ClientId(Uuid::from_u128(1_000 + u128::from(op)))
}

/// A run and its end.
#[derive(Clone)]
struct Run {
    history: Vec<Entry>,
    end: End,
}

impl Run {
    fn client(&mut self, client: usize, news: News) {
        let at_us = self.history.len() as u64;
        self.history.push(Entry { at_us, what: What::Client { client, news } });
    }

    fn log(&mut self) -> &mut Vec<Event> {
        self.end.logs.entry(hall()).or_default()
    }

    fn event(&mut self, author: usize, what: EventKind) -> Event {
        let seq = Seq(self.log().len() as u64 + 1);
        let event =
            Event { conversation: hall(), seq, at: Timestamp(seq.0 as i64), author: person(author), what };
        let deleted = if let EventKind::Deleted { target } = event.what { Some(target) } else { None };
        for earlier in self.log() {
            earlier.apply(&event);
            if let (EventKind::Edited { target, .. }, Some(deleted)) = (&earlier.what, deleted)
                && *target == deleted
            {
                let (deleted, edit_of) = (event.seq, Some(deleted));
                earlier.what = EventKind::Tombstone(Tombstone { deleted, edit_of, ..Default::default() });
            }
        }
        self.log().push(event.clone());
        event
    }

    /// Everybody who is there sees it.
    fn happens(&mut self, author: usize, what: EventKind, to: &[usize]) -> Seq {
        let event = self.event(author, what);
        for reader in to {
            let events = vec![event.clone()];
            self.client(*reader, News::Shown { conversation: hall(), events, page: false });
        }
        event.seq
    }

    fn asks(&mut self, client: usize, op: u64, act: Act) {
        self.client(client, News::Asked { op, act });
    }

    fn writes(&mut self, client: usize, op: u64, words: &str, to: &[usize]) -> Seq {
        let body = format!("m{op} {words}");
        let conversation = hall();
        self.asks(client, op, Act::Send { conversation, body: body.clone(), thread: None });
        self.client(client, News::Named { op, client_id: id(op) });
        let moved = |rung| News::Outgoing { client_id: id(op), conversation, body: body.clone(), rung };
        self.client(client, moved(Rung::Queued));
        let message = Message::new(id(op), Body::new(&*body).unwrap());
        let seq = self.happens(client, EventKind::Message(Box::new(message)), to);
        self.client(client, moved(Rung::Stored { seq }));
        seq
    }

    fn view(&self, client: usize, read: u64, counts: (u64, u64)) -> View {
        let log = self.end.logs[&hall()].clone();
        let row = Conversation {
            id: hall(),
            kind: ConversationKind::Room,
            name: Some("hall".parse().unwrap()),
            topic: Default::default(),
            description: Default::default(),
            private: false,
            rules: Default::default(),
            role: Default::default(),
            with: Vec::new(),
            members: 2,
            head: Seq(log.len() as u64),
            read: Seq(read),
            others_read: Seq::ZERO,
            unread: counts.0,
            mentions: counts.1,
            notify: Default::default(),
            starred: false,
            last_message: log
                .iter()
                .rfind(|event| event.message().is_some_and(|m| m.thread.is_none()))
                .cloned(),
            active_at: Timestamp(client as i64),
        };
        View { rows: [(hall(), row)].into_iter().collect(), logs: [(hall(), log)].into_iter().collect() }
    }

    fn finds(&self) -> Vec<&'static str> {
        let mut found: Vec<&str> = check(&self.history, &self.end).iter().map(|one| one.property).collect();
        found.dedup();
        found
    }
}

/// The keeper and Ada talk in the hall; Lin comes in, and goes again before the last words.
fn run() -> Run {
    let mut run = Run { history: Vec::new(), end: End::default() };
    run.end.people = vec![person(KEEPER), person(ADA), person(LIN)];
    run.event(
        KEEPER,
        EventKind::Created {
            client_id: id(0),
            name: Some("hall".parse().unwrap()),
            topic: Default::default(),
        },
    );
    run.event(ADA, EventKind::Joined);
    run.end.began.insert(hall(), 2);
    for client in [KEEPER, ADA, LIN] {
        run.client(client, News::Born);
    }
    let (conversation, two, three) = (hall(), [KEEPER, ADA], [KEEPER, ADA, LIN]);
    let first = run.writes(KEEPER, 1, "hello @ada", &two);
    let second = run.writes(ADA, 2, "well", &two);
    run.asks(LIN, 3, Act::Join { conversation, room: "hall".parse().unwrap() });
    run.happens(LIN, EventKind::Joined, &two);
    run.client(LIN, News::Done { op: 3, seq: None });
    let third = run.writes(KEEPER, 4, "who is that", &three);
    run.asks(ADA, 5, Act::Edit { conversation, seq: second, body: "m2 m5 edited".to_owned() });
    let body = Body::new("m2 m5 edited").unwrap();
    let edit = run.happens(ADA, EventKind::Edited { target: second, body, mentions: Vec::new() }, &three);
    run.client(ADA, News::Done { op: 5, seq: Some(edit) });
    let emoji = Emoji::new("🎉").unwrap();
    run.asks(LIN, 6, Act::React { conversation, seq: first, emoji: emoji.clone() });
    run.happens(LIN, EventKind::Reaction { target: first, emoji, on: true }, &three);
    run.client(LIN, News::Done { op: 6, seq: None });
    run.asks(KEEPER, 7, Act::Delete { conversation, seq: third });
    let deletion = run.happens(KEEPER, EventKind::Deleted { target: third }, &three);
    run.client(KEEPER, News::Done { op: 7, seq: Some(deletion) });
    run.asks(LIN, 8, Act::Leave { conversation });
    run.happens(LIN, EventKind::Left, &two);
    run.client(LIN, News::Done { op: 8, seq: None });
    run.asks(ADA, 9, Act::Read { conversation, seq: first });
    run.client(ADA, News::Done { op: 9, seq: Some(first) });
    run.writes(KEEPER, 10, "she is gone, @ada", &two);
    let (keeper, ada) = (run.view(KEEPER, 3, (1, 0)), run.view(ADA, 3, (1, 1)));
    run.end.caches.insert(ADA, ada.clone());
    run.end.fresh = [(KEEPER, keeper), (ADA, ada), (LIN, View::default())].into_iter().collect();
    run
}

/// The same with one thing different.
fn broken(breaking: impl FnOnce(&mut Run)) -> Vec<&'static str> {
    let mut run = run();
    breaking(&mut run);
    run.finds()
}

/// The same change to the log and to what everybody reads of it.
fn everywhere(run: &mut Run, change: impl Fn(&mut Vec<Event>)) {
    change(run.log());
    for view in run.end.fresh.values_mut().chain(run.end.caches.values_mut()) {
        view.logs.values_mut().for_each(&change);
    }
}

#[test]
fn what_holds_is_found_to_hold() {
    assert_eq!(check(&run().history, &run().end), []);
}

#[test]
fn a_gap_and_a_double_in_the_numbers_are_found() {
    assert!(broken(|run| everywhere(run, |log| _ = log.remove(5))).contains(&"log"));
    assert!(broken(|run| everywhere(run, |log| log.insert(5, log[4].clone()))).contains(&"log"));
}

#[test]
fn what_nobody_asked_for_is_found() {
    let strange = |what: EventKind| {
        broken(move |run| {
            let event = run.event(ADA, what);
            everywhere(run, move |log| {
                log.retain(|one| one.seq != event.seq);
                log.push(event.clone());
            });
        })
    };
    let message = |text: &str| EventKind::Message(Box::new(Message::new(id(77), Body::new(text).unwrap())));
    assert!(strange(message("m77 nobody wrote this")).contains(&"log"));
    assert!(strange(message("m1 hello @ada")).contains(&"log"), "another's words");
    assert!(strange(EventKind::Left).contains(&"log"));
    assert!(strange(EventKind::Removed { user: person(LIN), reason: Default::default() }).contains(&"log"));
}

#[test]
fn a_message_that_was_acknowledged_and_is_gone_is_found() {
    let gone = broken(|run| {
        everywhere(run, |log| {
            let strange = EventKind::Topic { topic: Default::default() };
            log[2].what = strange;
        });
    });
    assert!(gone.contains(&"sends"), "{gone:?}");
}

#[test]
fn a_message_that_is_there_twice_is_found() {
    let twice = broken(|run| {
        let mut again = run.log()[2].clone();
        again.seq = Seq(run.log().len() as u64 + 1);
        everywhere(run, |log| log.push(again.clone()));
    });
    assert!(twice.contains(&"sends"), "{twice:?}");
}

#[test]
fn a_message_that_a_client_kept_and_lost_is_found() {
    let lost = broken(|run| {
        run.asks(ADA, 20, Act::Send { conversation: hall(), body: "m20 lost".to_owned(), thread: None });
        let (body, rung) = ("m20 lost".to_owned(), Rung::Queued);
        run.client(ADA, News::Outgoing { client_id: id(20), conversation: hall(), body, rung });
    });
    assert_eq!(lost, ["sends"]);
}

#[test]
fn what_was_never_kept_may_be_lost() {
    let never = broken(|run| {
        run.asks(ADA, 20, Act::Send { conversation: hall(), body: "m20 lost".to_owned(), thread: None });
    });
    assert_eq!(never, [""; 0]);
}

#[test]
fn messages_out_of_their_order_are_found() {
    let swap = |run: &mut Run| {
        // The keeper asked for the second before the first.
        let asked = |entry: &Entry, op: u64| matches!(&entry.what, What::Client { news: News::Asked { op: of, .. }, .. } if *of == op);
        let first = run.history.iter().position(|entry| asked(entry, 1)).unwrap();
        let last = run.history.iter().position(|entry| asked(entry, 10)).unwrap();
        run.history.swap(first, last);
    };
    assert_eq!(broken(swap), ["sends"]);
    let at_once = broken(|run| {
        swap(run);
        run.history.iter_mut().for_each(|entry| entry.at_us = 0);
    });
    assert_eq!(at_once, ["sends"], "what is asked at the same time is asked in an order");
    let refused = broken(|run| {
        swap(run);
        for (op, body) in [(1, "m1 hello @ada"), (10, "m10 she is gone, @ada")] {
            let (body, rung) = (body.to_owned(), Rung::Failed { reason: "no".to_owned() });
            run.client(KEEPER, News::Outgoing { client_id: id(op), conversation: hall(), body, rung });
        }
    });
    assert_eq!(refused, [""; 0], "who was told no wrote nothing that others must follow");
}

#[test]
fn changes_that_are_lost_double_or_refused_are_found() {
    let lost = |seq: usize| {
        broken(|run| {
            everywhere(run, |log| log[seq - 1].what = EventKind::Topic { topic: Default::default() })
        })
    };
    for seq in [7, 8, 9] {
        assert!(lost(seq).contains(&"changes"), "{seq}");
    }
    let refused = broken(|run| run.client(ADA, News::Refused { op: 5, code: "forbidden".to_owned() }));
    assert_eq!(refused, ["changes"]);
    let twice = broken(|run| {
        let again = run.log()[7].what.clone();
        run.event(LIN, again);
    });
    assert!(twice.contains(&"changes"), "{twice:?}");
}

#[test]
fn a_deletion_that_left_its_text_is_found() {
    let left = broken(|run| {
        let message = Message::new(id(4), Body::new("m4 who is that").unwrap());
        everywhere(run, |log| log[5].what = EventKind::Message(Box::new(message.clone())));
    });
    assert!(left.contains(&"changes"), "{left:?}");
}

#[test]
fn somebody_who_was_shown_another_thing_is_found() {
    let other = broken(|run| {
        let shown = run.history.iter_mut().find_map(|entry| match &mut entry.what {
            What::Client { client: ADA, news: News::Shown { events, .. } } => Some(events),
            _ => None,
        });
        let EventKind::Message(message) = &mut shown.unwrap()[0].what else { panic!() };
        message.body = Body::new("m1 something else").unwrap();
    });
    assert_eq!(other, ["agreement"]);
    let another_log =
        broken(|run| _ = run.end.fresh.get_mut(&KEEPER).unwrap().logs.get_mut(&hall()).unwrap().pop());
    assert!(another_log.contains(&"agreement"));
}

#[test]
fn an_engine_that_leaves_out_or_repeats_is_found() {
    let skipped = broken(|run| {
        let at = run.history.iter().position(|entry| {
            matches!(&entry.what, What::Client { client: ADA, news: News::Shown { events, .. } } if events[0].seq == Seq(4))
        });
        run.history.remove(at.unwrap());
    });
    assert_eq!(skipped, ["told"]);
    let again = broken(|run| {
        let shown = run
            .history
            .iter()
            .rev()
            .find(|entry| matches!(&entry.what, What::Client { client: ADA, news: News::Shown { .. } }));
        let again = shown.unwrap().clone();
        run.history.push(again);
    });
    assert_eq!(again, ["told"]);
}

#[test]
fn eyes_where_they_may_not_be_are_found() {
    let show = |at_us: Option<u64>, client: usize, seq: usize| {
        broken(move |run| {
            let events = vec![run.log()[seq - 1].clone()];
            run.client(client, News::Shown { conversation: hall(), events, page: true });
            let last = run.history.len() - 1;
            run.history[last].at_us = at_us.unwrap_or(run.history[last].at_us);
        })
    };
    assert_eq!(show(None, LIN, 11), ["sight"], "after she left");
    assert_eq!(show(Some(4), LIN, 3), ["sight"], "before she came");
    assert_eq!(show(None, LIN, 3), [""; 0], "what was before, once she was in");
    assert_eq!(show(None, ADA, 11), [""; 0]);
    let listed = broken(|run| {
        let view = run.end.fresh[&KEEPER].clone();
        run.end.fresh.insert(LIN, view);
    });
    assert!(listed.contains(&"sight"), "{listed:?}");
}

#[test]
fn wrong_counts_are_found() {
    let row = |change: fn(&mut Conversation)| {
        broken(|run| {
            change(run.end.fresh.get_mut(&ADA).unwrap().rows.get_mut(&hall()).unwrap());
            let view = run.end.fresh[&ADA].clone();
            run.end.caches.insert(ADA, view);
        })
    };
    assert_eq!(row(|row| row.unread += 1), ["counts"]);
    assert_eq!(row(|row| row.mentions = 0), ["counts"]);
    assert_eq!(row(|row| row.members = 3), ["counts"]);
    assert_eq!(row(|row| row.head = Seq(7)), ["counts"]);
    assert_eq!(row(|row| row.last_message = None), ["counts"]);
    // An acknowledged read mark that went back; and the counts, for it is another place.
    assert_eq!(row(|row| (row.read, row.unread, row.mentions) = (Seq(2), 2, 2)), ["counts"]);
}

#[test]
fn a_cache_that_differs_is_found() {
    let cache = |change: fn(&mut View)| broken(|run| change(run.end.caches.get_mut(&ADA).unwrap()));
    assert_eq!(cache(|view| view.rows.get_mut(&hall()).unwrap().unread = 7), ["caches"]);
    assert_eq!(cache(|view| view.rows.clear()), ["caches"]);
    assert_eq!(cache(|view| _ = view.logs.get_mut(&hall()).unwrap().pop()), ["caches"]);
    let edited = cache(|view| {
        let EventKind::Message(message) = &mut view.logs.get_mut(&hall()).unwrap()[3].what else { panic!() };
        message.body = Body::new("m2 well").unwrap();
    });
    assert_eq!(edited, ["caches"], "an edit that was not taken over");
    assert_eq!(
        cache(|view| view.logs.get_mut(&hall()).unwrap().drain(..4).for_each(drop)),
        [""; 0],
        "a shorter one"
    );
}

#[test]
fn nodes_that_do_not_give_the_same_are_found() {
    let other = |change: fn(&mut View)| {
        broken(|run| {
            let mut views = run.end.fresh.clone();
            change(views.get_mut(&ADA).unwrap());
            run.end.elsewhere.insert(2, views);
        })
    };
    assert_eq!(other(|_| {}), [""; 0]);
    assert_eq!(other(|view| view.rows.get_mut(&hall()).unwrap().unread = 7), ["nodes"]);
    assert_eq!(other(|view| view.rows.clear()), ["nodes"]);
    assert_eq!(other(|view| _ = view.logs.get_mut(&hall()).unwrap().pop()), ["nodes"]);
}

#[test]
fn rights_that_did_not_end_are_found() {
    let outcast = |how: How, change: fn(&mut Outcast)| {
        broken(|run| {
            let mut outcast = Outcast {
                name: "kim".to_owned(),
                how,
                node: 1,
                since_us: 20,
                marker: Some(Seq(7)),
                heard: Seq(6),
                late_logins: Vec::new(),
                is_online: how == How::Kick,
                let_in_by: Vec::new(),
            };
            change(&mut outcast);
            run.end.outcasts.push(outcast);
        })
    };
    for how in How::ALL {
        assert_eq!(outcast(how, |_| {}), [""; 0]);
        assert_eq!(outcast(how, |one| one.heard = Seq(7)), ["outcasts"]);
        assert_eq!(outcast(how, |one| one.late_logins.push(21)), ["outcasts"]);
        assert_eq!(outcast(how, |one| one.let_in_by.push(2)), ["outcasts"]);
    }
    assert_eq!(outcast(How::Ban, |one| one.is_online = true), ["outcasts"]);
}

#[test]
fn who_does_not_come_to_rest_is_told() {
    assert_eq!(broken(|run| run.end.complaints.push("client 1 is not online".to_owned())), ["rest"]);
}
