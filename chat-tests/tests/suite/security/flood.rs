//! Much at once: logins, half-open connections, frames. Whoever chats notices nothing.

use std::io::{Read, Write};
use std::net::TcpStream;

use anyhow::{Context, Result, ensure};
use chat_tests::{Options, Script, Server, uuid};
use serde_json::{Value, json};

use crate::raw_socket::{Heard, RawSocket, tcp, upgraded};
use crate::scenarios::message;
use crate::stage::{SLACK_BYTES, Stage};

/// CVE-2026-26233: a hundred logins in one go ended somebody's server.
#[test]
fn a_hundred_logins_at_once_are_answered_and_disturb_nobody() -> Result<()> {
    let mut stage = Stage::set_with(&["--connections-per-address", "500"])?;
    let mut sockets: Vec<RawSocket> =
        (0..100).map(|_| RawSocket::connect(&stage.server)).collect::<Result<_>>()?;
    for (n, raw) in sockets.iter_mut().enumerate() {
        let name = if n % 2 == 0 { "ada".to_owned() } else { format!("nobody{n}") };
        let payload = json!({"protocol": 1, "name": name, "password": format!("guess {n}")});
        raw.send(&json!({"type": "auth.login", "id": "l", "payload": payload}).to_string())?;
    }
    stage.is_undisturbed()?;
    let mut answered = 0;
    for raw in &mut sockets {
        match raw.hear()? {
            Heard::Frame(frame) => {
                let code = frame["payload"]["code"].as_str().unwrap_or_default();
                ensure!(["bad_credentials", "rate_limited", "unavailable"].contains(&code), "{frame}");
                answered += 1;
            }
            // A slow machine has not hashed for all of them when their time until the login is over.
            Heard::Closed(4500, _) => {}
            other => anyhow::bail!("no answer: {other:?}"),
        }
    }
    ensure!(answered > 20, "only {answered} were answered");
    stage.is_undisturbed()
}

#[test]
fn a_thousand_half_open_connections_cost_little() -> Result<()> {
    let mut stage = Stage::set_with(&["--connections-per-address", "5000", "--max-connections", "5000"])?;
    let mut halves: Vec<TcpStream> = Vec::new();
    let begun = format!("GET /ws HTTP/1.1\r\nHost: chat\r\nX: {}", "x".repeat(4_000));
    for n in 0..1_000 {
        let mut half = tcp(&stage.server)?;
        // Nothing, a beginning, and a handshake that is done and then says nothing.
        match n % 4 {
            0 => {}
            1 => half.write_all(begun.as_bytes())?,
            2 => half.write_all(b"POST /files HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nxx")?,
            _ => half.write_all(
                b"GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                  Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            )?,
        }
        halves.push(half);
    }
    // Some go on, a byte at a time: that wins no time.
    for half in halves.iter_mut().skip(1).step_by(4) {
        let _ = half.write_all(b"x");
    }
    let full = stage.server.resident_bytes()?;
    ensure!(full < stage.resident_before + SLACK_BYTES, "a thousand took {}", full - stage.resident_before);
    stage.is_undisturbed()?;
    for half in &mut halves {
        let mut rest = Vec::new();
        match half.read_to_end(&mut rest) {
            Ok(_) => {}
            Err(cause) if cause.kind() == std::io::ErrorKind::ConnectionReset => {}
            Err(cause) => return Err(cause).context("the server still waits"),
        }
    }
    stage.is_undisturbed()
}

#[test]
fn pings_and_pieces_without_end_disturb_nobody() -> Result<()> {
    let mut stage = Stage::set_with(&[])?;
    // Masked with zeroes: pings; empty pieces of a message that never ends; frames that announce
    // more than comes, up to all that a length can say.
    let ping = [0x89, 0x80, 0, 0, 0, 0].repeat(20_000);
    let mut pieces = vec![0x01, 0x80, 0, 0, 0, 0];
    pieces.extend([0x00, 0x80, 0, 0, 0, 0].repeat(20_000));
    let huge = [&[0x81, 0xff][..], &u64::MAX.to_be_bytes(), &[0; 4]].concat();
    let large = [&[0x81, 0xff][..], &(1_u64 << 40).to_be_bytes(), &[0; 4], &[b'x'; 1 << 16]].concat();
    let long_ping = [&[0x89, 0xfe, 0xff, 0xff, 0, 0, 0, 0][..], &[0; 1 << 16]].concat();
    for (what, bytes) in [
        ("pings", ping),
        ("pieces", pieces),
        ("a length beyond all", huge),
        ("a large length", large),
        ("a long ping", long_ping),
    ] {
        let mut stream = upgraded(&stage.server)?;
        // The server reads slowly or not at all any more; what does not fit is not waited for.
        let _ = stream.write_all(&bytes);
        stage.is_undisturbed().with_context(|| what.to_owned())?;
        let mut rest = Vec::new();
        // Every one of these comes to its end by the server, at the latest when no login came.
        match stream.read_to_end(&mut rest) {
            Ok(_) => {}
            Err(cause) if cause.kind() == std::io::ErrorKind::ConnectionReset => {}
            Err(cause) => return Err(cause).with_context(|| format!("{what}: the connection stays")),
        }
    }
    stage.is_undisturbed()
}

/// What one connection may ask at once in the test below; a room then takes ten times that.
const BURST: usize = 2;

/// So many that together they are faster than a room, however slow the machine.
const PEOPLE: usize = 20;

/// One person who is fast waits by their own limit; many at once, each within theirs, are bounded by the
/// room's. Who is no member cannot use it up.
#[test]
fn a_room_takes_no_more_than_can_be_read_and_strangers_take_none_of_it() -> Result<()> {
    let more = ["--requests-per-second", "1", "--request-burst", "2"].map(str::to_owned).to_vec();
    let server = Server::start_with(Options { more, ..Options::default() })?;
    let mut ada = Script::register(&server, "ada")?;
    let made = ada.ok("room.create", json!({"client_id": uuid(), "name": "town"}))?;
    let id = made["id"].as_str().context("a room has an id")?.to_owned();
    let come = |name: String| -> Result<Script> {
        drop(Script::register(&server, &name)?);
        // A connection of their own, which has asked for nothing yet.
        Script::login(&server, &name)
    };
    let mut strangers = (0..12).map(|n| come(format!("stranger{n}"))).collect::<Result<Vec<_>>>()?;
    let mut people = Vec::new();
    for n in 0..PEOPLE {
        let name = format!("person{n}");
        Script::register(&server, &name)?.ok("room.join", json!({"room": "town"}))?;
        people.push(Script::login(&server, &name)?);
    }
    let refused = at_once(&mut strangers, &id)?;
    ensure!(refused.len() == 24 && refused.iter().all(|why| why["code"] == "not_found"), "{refused:?}");
    let refused = at_once(&mut people, &id)?;
    ensure!(!refused.is_empty() && refused.len() <= PEOPLE * BURST - 20, "{refused:?}");
    for why in &refused {
        ensure!(why["code"] == "rate_limited" && why["retry_after_ms"].as_u64() > Some(0), "{why}");
        ensure!(why["message"].as_str().is_some_and(|told| told.contains("in this conversation")), "{why}");
    }
    Ok(())
}

/// All of them write as fast as each may, before anybody hears an answer; gives the refusals.
fn at_once(people: &mut [Script], conversation: &str) -> Result<Vec<Value>> {
    let mut asked = Vec::new();
    for (n, person) in people.iter_mut().enumerate() {
        for _ in 0..BURST {
            asked.push((n, person.start_request("message.send", message(conversation, &uuid(), "hello"))?));
        }
    }
    let mut refused = Vec::new();
    for (n, id) in asked {
        refused.extend(people[n].reply(&id)?.err());
    }
    Ok(refused)
}
