//! The server dies in the middle, again and again, and nothing acknowledged is lost.

use std::collections::HashMap;
use std::thread;
use std::time::Duration;

use anyhow::Result;
use chat_proto::limits;
use chat_tests::{Script, Server, Signal, uuid};
use rand::RngExt as _;
use serde_json::{Value, json};

use crate::scenarios::{message, room, say, seqs, text};

/// How often the server is killed.
const ROUNDS: usize = 24;

/// New messages in each round, while no more than a client may have unanswered are under way.
const SENDS: usize = 12;

/// Longest wait before the kill. Long enough that some sends are answered, short enough that some
/// are not.
const LONGEST_WAIT_MS: u64 = 40;

/// A message that its author has not seen acknowledged, with its id.
#[derive(Clone)]
struct Unanswered {
    client_id: String,
    body: String,
}

#[test]
fn what_was_acknowledged_is_there_once_after_kill_9() -> Result<()> {
    let mut server = Server::start()?;
    let mut ada = Script::register(&server, "ada")?;
    let (token, id) = (ada.own_token(), room("deploys", &mut ada, &mut [])?);
    drop(ada);

    let mut acknowledged: HashMap<String, (u64, String)> = HashMap::new();
    let mut unanswered: Vec<Unanswered> = Vec::new();
    for round in 0..ROUNDS {
        let mut ada = Script::token(&server, "ada", &token)?;
        // First what the crash before left open, under the same ids, then new messages.
        let room_left = limits::SENDS_IN_FLIGHT - unanswered.len();
        let new = (0..SENDS.min(room_left))
            .map(|n| Unanswered { client_id: uuid(), body: format!("round {round} message {n}") });
        let sends: Vec<Unanswered> = unanswered.drain(..).chain(new).collect();
        let requests = start_all(&mut ada, &id, &sends)?;
        let moment = rand::rng().random_range(0..LONGEST_WAIT_MS);
        thread::sleep(Duration::from_millis(moment));
        server.kill();

        let replies = replies(&ada.rest()?);
        for (request, send) in requests.iter().zip(sends) {
            match replies.get(request) {
                Some(sent) => {
                    let seq = sent["seq"].as_u64().expect("a send is granted");
                    let before = acknowledged.insert(send.client_id, (seq, send.body));
                    assert!(before.is_none(), "acknowledged messages are not sent again");
                }
                None => unanswered.push(send),
            }
        }
        server.restart()?;
        check(&server, &token, &id, &acknowledged, &unanswered)?;
    }

    // In the end everything arrives, under the same ids.
    let mut ada = Script::token(&server, "ada", &token)?;
    for send in unanswered.drain(..) {
        let sent = ada.ok("message.send", message(&id, &send.client_id, &send.body))?;
        acknowledged.insert(send.client_id, (sent["seq"].as_u64().unwrap(), send.body));
    }
    assert!(acknowledged.len() >= ROUNDS, "{} messages in {ROUNDS} rounds", acknowledged.len());
    check(&server, &token, &id, &acknowledged, &[])?;
    Ok(())
}

/// Sends all without waiting; the server may die meanwhile, so what cannot be sent is not asked.
fn start_all(ada: &mut Script, id: &str, sends: &[Unanswered]) -> Result<Vec<String>> {
    sends
        .iter()
        .map(|send| ada.start_request("message.send", message(id, &send.client_id, &send.body)))
        .collect()
}

/// The payloads of the `ok` frames, by request.
fn replies(frames: &[Value]) -> HashMap<String, Value> {
    let errors: Vec<_> = frames.iter().filter(|frame| frame["type"] == "error").collect();
    assert!(errors.is_empty(), "{errors:?}");
    let oks = frames.iter().filter(|frame| frame["type"] == "ok" && frame["id"].is_string());
    oks.map(|frame| (text(&frame["id"]), frame["payload"].clone())).collect()
}

/// The stored log has no gap, no double, everything acknowledged, and nothing that was not sent.
fn check(
    server: &Server,
    token: &str,
    id: &str,
    acknowledged: &HashMap<String, (u64, String)>,
    unanswered: &[Unanswered],
) -> Result<()> {
    let mut reader = Script::token(server, "ada", token)?;
    let events = whole_log(&mut reader, id)?;
    let numbers = seqs(&Value::Array(events.clone()));
    assert_eq!(numbers, (1..=events.len() as u64).collect::<Vec<_>>(), "no gap and no double number");

    let mut stored: HashMap<String, (u64, String)> = HashMap::new();
    for event in events.iter().filter(|event| event["kind"] == "message") {
        let entry = (event["seq"].as_u64().unwrap(), text(&event["body"]));
        let double = stored.insert(text(&event["client_id"]), entry);
        assert!(double.is_none(), "stored twice: {event}");
    }
    for (client_id, told) in acknowledged {
        assert_eq!(stored.get(client_id), Some(told), "acknowledged as number {}", told.0);
    }
    for client_id in stored.keys() {
        let known = acknowledged.contains_key(client_id)
            || unanswered.iter().any(|send| send.client_id == *client_id);
        assert!(known, "stored, but never sent: {client_id}");
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
