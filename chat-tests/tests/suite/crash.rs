//! The server dies in the middle, again and again, and nothing acknowledged is lost.

use std::collections::{HashMap, HashSet};
use std::thread;
use std::time::Duration;

use anyhow::Result;
use chat_proto::{Body, Event, EventKind, Message, limits};
use chat_tests::{Script, Server, Signal, uuid};
use rand::RngExt as _;
use serde_json::{Value, json};

use crate::scenarios::{about, message, room, say, seqs, text};

/// How often the server is killed.
const ROUNDS: usize = 24;

/// New messages in each round, while no more than a client may have unanswered are under way.
const SENDS: usize = 10;

/// Changes of earlier messages in each round, among the sends.
const CHANGES: usize = 8;

/// Longest wait before the kill. Long enough that some requests are answered, short enough that
/// some are not.
const LONGEST_WAIT_MS: u64 = 60;

/// On a machine with much else to do so little is answered before the kill that rounds are added,
/// each with a longer wait; more than this many are never needed.
const MOST_ROUNDS: usize = 4 * ROUNDS;

/// What is under way when the server dies.
#[derive(Debug, Clone)]
enum Act {
    Send { client_id: String, body: String },
    Edit { seq: u64, body: String },
    React { seq: u64, emoji: &'static str, on: bool },
    Delete { seq: u64 },
}

impl Act {
    fn start(&self, script: &mut Script, room: &str) -> Result<String> {
        match self {
            Act::Send { client_id, body } => {
                script.start_request("message.send", message(room, client_id, body))
            }
            Act::Edit { seq, body } => {
                script.start_request("message.edit", about(room, *seq, json!({"body": body})))
            }
            Act::React { seq, emoji, on } => {
                script.start_request("message.react", about(room, *seq, json!({"emoji": emoji, "on": on})))
            }
            Act::Delete { seq } => script.start_request("message.delete", about(room, *seq, json!({}))),
        }
    }

    /// Whether this event of the log is what it makes. Texts and ids are used once only, so no
    /// event fits two acts, and none may fit one act twice.
    fn made(&self, event: &Value) -> bool {
        match self {
            Act::Send { client_id, .. } => event["client_id"] == client_id.as_str(),
            Act::Edit { seq, body } => {
                event["kind"] == "edited" && event["target"] == *seq && event["body"] == body.as_str()
            }
            Act::React { seq, emoji, on } => {
                let same = (&event["target"], &event["emoji"], &event["on"]);
                event["kind"] == "reaction" && same == (&json!(seq), &json!(emoji), &json!(on))
            }
            Act::Delete { seq } => event["kind"] == "deleted" && event["target"] == *seq,
        }
    }
}

/// What is known from outside: who was told what.
#[derive(Default)]
struct Ledger {
    /// Acts that were acknowledged, with the number where the answer said one.
    done: Vec<(Act, Option<u64>)>,
    /// Acts of which nobody knows.
    open: Vec<Act>,
}

impl Ledger {
    /// Whether enough of every kind was answered to mean something.
    fn has_all(&self) -> bool {
        let made =
            |kind: &str| self.done.iter().filter(|(act, _)| format!("{act:?}").starts_with(kind)).count();
        ["Send", "Edit", "React", "Delete"].into_iter().all(|kind| made(kind) > 3)
    }

    /// Acknowledged messages that nobody has tried to delete.
    fn alive(&self) -> Vec<u64> {
        let acts = || self.done.iter().map(|(act, _)| act).chain(&self.open);
        let deleted: HashSet<u64> =
            acts().filter_map(|act| if let Act::Delete { seq } = act { Some(*seq) } else { None }).collect();
        let sent = self.done.iter().filter(|(act, _)| matches!(act, Act::Send { .. }));
        sent.filter_map(|(_, seq)| *seq).filter(|seq| !deleted.contains(seq)).collect()
    }

    /// The acts of a round: first what the crash before left open, under the same ids, then new
    /// messages and changes of old ones, in between each other.
    fn plan(&mut self, round: usize) -> Vec<Act> {
        let (again, open) = self.open.drain(..).partition(|act| matches!(act, Act::Send { .. }));
        self.open = open;
        let mut plan: Vec<Act> = again;
        let room_left = limits::SENDS_IN_FLIGHT - plan.len();
        let new = (0..SENDS.min(room_left))
            .map(|n| Act::Send { client_id: uuid(), body: format!("round {round} message {n}") });
        plan.extend(new);
        let mut alive = self.alive();
        for n in 0..CHANGES.min(alive.len()) {
            let seq = alive.swap_remove(rand::rng().random_range(0..alive.len()));
            let change = match n % 4 {
                0 | 1 => Act::Edit { seq, body: format!("round {round} edit {n}") },
                2 => self.next_reaction(seq),
                _ => Act::Delete { seq },
            };
            plan.insert(rand::rng().random_range(0..=plan.len()), change);
        }
        plan
    }

    /// A reaction that nobody has tried on this message, so that it changes something.
    fn next_reaction(&self, seq: u64) -> Act {
        let tried = |emoji| {
            let acts = self.done.iter().map(|(act, _)| act).chain(&self.open);
            acts.filter(
                |act| matches!(act, Act::React { seq: at, emoji: e, .. } if (*at, *e) == (seq, emoji)),
            )
            .count()
        };
        let emoji = ["🎉", "👍", "👀", "🚀", "🔥", "🙏"].into_iter().find(|emoji| tried(*emoji) == 0);
        Act::React { seq, emoji: emoji.unwrap_or("💯"), on: true }
    }
}

#[test]
fn what_was_acknowledged_is_there_once_after_kill_9() -> Result<()> {
    let mut server = Server::start()?;
    let mut ada = Script::register(&server, "ada")?;
    let (token, id) = (ada.own_token(), room("deploys", &mut ada, &mut [])?);
    drop(ada);

    let mut ledger = Ledger::default();
    for round in 0..MOST_ROUNDS {
        if round >= ROUNDS && ledger.has_all() {
            break;
        }
        let mut ada = Script::token(&server, "ada", &token)?;
        let plan = ledger.plan(round);
        // The server may die meanwhile, so no answer is waited for.
        let requests = plan.iter().map(|act| act.start(&mut ada, &id)).collect::<Result<Vec<String>>>()?;
        let moment = rand::rng().random_range(0..LONGEST_WAIT_MS * (1 + round / ROUNDS) as u64);
        thread::sleep(Duration::from_millis(moment));
        server.kill();

        let replies = replies(&ada.rest()?);
        for (request, act) in requests.iter().zip(plan) {
            match replies.get(request) {
                Some(answer) => {
                    let states = matches!(act, Act::React { .. });
                    ledger.done.push((act, answer["seq"].as_u64().filter(|_| !states)));
                }
                None => ledger.open.push(act),
            }
        }
        server.restart()?;
        check(&server, &token, &id, &ledger)?;
    }

    // In the end every message arrives, under the same ids.
    let mut ada = Script::token(&server, "ada", &token)?;
    for act in std::mem::take(&mut ledger.open) {
        if matches!(act, Act::Send { .. }) {
            let request = act.start(&mut ada, &id)?;
            let sent = ada.reply(&request)?.expect("a send is granted");
            ledger.done.push((act, sent["seq"].as_u64()));
        } else {
            ledger.open.push(act);
        }
    }
    assert!(ledger.has_all(), "too little was answered before the kills: {:?}", ledger.done);
    check(&server, &token, &id, &ledger)
}

/// The payloads of the `ok` frames, by request.
fn replies(frames: &[Value]) -> HashMap<String, Value> {
    let errors: Vec<_> = frames.iter().filter(|frame| frame["type"] == "error").collect();
    assert!(errors.is_empty(), "{errors:?}");
    let oks = frames.iter().filter(|frame| frame["type"] == "ok" && frame["id"].is_string());
    oks.map(|frame| (text(&frame["id"]), frame["payload"].clone())).collect()
}

/// The stored log has no gap, no double, everything acknowledged, and nothing that was not asked
/// for; and each message stands as the log says.
fn check(server: &Server, token: &str, id: &str, ledger: &Ledger) -> Result<()> {
    let mut reader = Script::token(server, "ada", token)?;
    let events = whole_log(&mut reader, id)?;
    let numbers = seqs(&Value::Array(events.clone()));
    assert_eq!(numbers, (1..=events.len() as u64).collect::<Vec<_>>(), "no gap and no double number");

    // The texts of deleted messages are gone, with their ids and those of their edits.
    let deleted: HashMap<u64, u64> = events
        .iter()
        .filter(|event| event["kind"] == "deleted")
        .map(|event| (event["target"].as_u64().unwrap(), event["seq"].as_u64().unwrap()))
        .collect();
    for event in events.iter().filter(|event| event["kind"] == "message") {
        assert!(!deleted.contains_key(&event["seq"].as_u64().unwrap()), "deleted, and there: {event}");
    }
    for (act, seq) in &ledger.done {
        let made: Vec<&Value> = events.iter().filter(|event| act.made(event)).collect();
        let target = match act {
            Act::Send { .. } => *seq,
            Act::Edit { seq, .. } => Some(*seq),
            Act::React { .. } | Act::Delete { .. } => None,
        };
        match target.and_then(|target| deleted.get(&target)) {
            Some(deletion) => {
                assert!(made.is_empty(), "deleted, and there: {made:?}");
                let number = seq.expect("sends and edits have numbers");
                let grave = &events[usize::try_from(number)? - 1];
                assert_eq!(
                    (grave["kind"].as_str(), &grave["deleted"]),
                    (Some("tombstone"), &json!(deletion))
                );
            }
            None => {
                assert_eq!(made.len(), 1, "acknowledged, and there so many times: {act:?}");
                assert!(seq.is_none_or(|seq| made[0]["seq"] == seq), "{act:?} at {seq:?}: {}", made[0]);
            }
        }
    }
    for act in &ledger.open {
        assert!(events.iter().filter(|event| act.made(event)).count() <= 1, "twice: {act:?}");
    }
    let known =
        |event: &Value| ledger.done.iter().map(|(act, _)| act).chain(&ledger.open).any(|act| act.made(event));
    for event in events.iter().skip(1).filter(|event| event["kind"] != "tombstone") {
        match event["kind"].as_str() {
            Some("message" | "edited" | "reaction" | "deleted") => {
                assert!(known(event), "never asked for: {event}")
            }
            _ => panic!("nobody did this: {event}"),
        }
    }
    stands_as_the_log_says(&events, ledger)
}

/// Each message that is left, as it was sent, brought up to date by the log, is what is stored.
fn stands_as_the_log_says(events: &[Value], ledger: &Ledger) -> Result<()> {
    let events: Vec<Event> =
        events.iter().map(|event| serde_json::from_value(event.clone())).collect::<Result<_, _>>()?;
    let mut written: HashMap<String, &str> = HashMap::new();
    for act in ledger.done.iter().map(|(act, _)| act).chain(&ledger.open) {
        if let Act::Send { client_id, body } = act {
            written.insert(client_id.clone(), body);
        }
    }
    for stored in &events {
        let Some(message) = stored.message() else { continue };
        let body = written[&message.client_id.to_string()];
        let plain = Message::new(message.client_id, Body::new(body)?);
        let mut event = Event { what: EventKind::Message(Box::new(plain)), ..stored.clone() };
        for later in &events {
            event.apply(later);
        }
        assert_eq!(&event, stored);
    }
    Ok(())
}

fn whole_log(reader: &mut Script, id: &str) -> Result<Vec<Value>> {
    let mut events = Vec::new();
    loop {
        let after = events.last().map_or(json!(0), |event: &Value| event["seq"].clone());
        let payload = json!({"conversation": id, "after": after, "limit": 200});
        let page = reader.ok("history.get", payload)?;
        events.extend(page["events"].as_array().unwrap().iter().cloned());
        if page["more_after"] == false {
            return Ok(events);
        }
    }
}

#[test]
fn a_stop_is_announced_and_clean() -> Result<()> {
    let mut server = Server::start()?;
    let mut ada = Script::register(&server, "ada")?;
    let mut lin = Script::register(&server, "lin")?;
    let id = room("deploys", &mut ada, &mut [&mut lin])?;
    say(&mut ada, &id, "before the stop")?;

    server.signal(Signal::Terminate)?;
    for person in [&mut ada, &mut lin] {
        let draining = person.expect("draining", |_| true)?;
        assert!(draining["reconnect_after_ms"].is_u64());
        assert_eq!(person.expect_closed()?, 1012);
        assert_eq!(person.wait()?.code(), Some(3));
    }
    assert_eq!(server.wait()?.code(), Some(0));

    server.restart()?;
    let mut lin = Script::login(&server, "lin")?;
    let log = whole_log(&mut lin, &id)?;
    assert_eq!(log.last().unwrap()["body"], "before the stop");
    Ok(())
}

#[test]
fn an_interrupt_stops_it_as_well() -> Result<()> {
    let mut server = Server::start()?;
    server.signal(Signal::Interrupt)?;
    assert_eq!(server.wait()?.code(), Some(0));
    Ok(())
}
