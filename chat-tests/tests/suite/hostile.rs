//! Bad input: a clear error or close code each, the others undisturbed, memory flat.

use std::io::{Read, Write};

use anyhow::Result;
use chat_proto::CloseReason;
use chat_tests::{Script, uuid};
use serde_json::{Value, json};

use crate::raw_socket::{Heard, RawSocket, tcp, upgraded};
use crate::scenarios::{message, say, text};
use crate::stage::Stage;

fn code_of(heard: &Heard) -> &str {
    match heard {
        Heard::Frame(frame) if frame["type"] == "error" => frame["payload"]["code"].as_str().unwrap(),
        _ => "not an error",
    }
}

fn closed(end: &Heard) -> u16 {
    match end {
        Heard::Closed(code, _) => *code,
        _ => 0,
    }
}

#[test]
fn broken_frames_get_an_error_and_too_many_a_close() -> Result<()> {
    let mut stage = Stage::set()?;
    let cases = [
        ("", "bad_frame"),
        ("not json", "bad_frame"),
        ("{", "bad_frame"),
        ("[]", "bad_frame"),
        ("{\"id\":\"1\"}", "bad_frame"),
        ("{\"type\":7,\"id\":\"1\"}", "bad_frame"),
        ("{\"type\":\"ping\",\"id\":{}}", "bad_frame"),
        ("{\"type\":\"no.such\",\"id\":\"1\"}", "unknown_type"),
        ("{\"type\":\"message.send\",\"id\":\"1\",\"payload\":\"text\"}", "invalid"),
        ("{\"type\":\"message.send\",\"id\":\"1\",\"payload\":{\"conversation\":5}}", "invalid"),
        ("{\"type\":\"history.get\",\"id\":\"1\",\"payload\":{\"limit\":-1}}", "invalid"),
        ("{\"type\":\"presence.set\",\"id\":\"1\",\"payload\":{\"state\":\"asleep\"}}", "invalid"),
    ];
    let mut raw = RawSocket::register(&stage.server, "mallory")?;
    for (frame, code) in cases {
        raw.send(frame)?;
        assert_eq!(code_of(&raw.hear()?), code, "{frame:?}");
    }
    raw.send(&json!({"type": "ping", "id": "p"}).to_string())?;
    assert!(matches!(raw.hear()?, Heard::Frame(frame) if frame["type"] == "ok"), "it goes on");

    for _ in 0..64 {
        if raw.send("{").is_err() {
            break;
        }
    }
    let (errors, end) = raw.hear_the_end()?;
    assert_eq!(closed(&end), 4501, "{end:?}");
    assert!(errors.len() <= 16, "{}", errors.len());
    stage.is_undisturbed()
}

#[test]
fn frames_over_the_limit_end_the_connection() -> Result<()> {
    let mut stage = Stage::set()?;
    let ping = |size: usize| {
        let frame = json!({"type": "ping", "id": "1", "payload": {"x": ""}}).to_string();
        frame.replace("\"\"", &format!("\"{}\"", "x".repeat(size - frame.len())))
    };
    let mut raw = RawSocket::connect(&stage.server)?;
    raw.send(&ping(4 * 1024))?;
    assert!(matches!(raw.hear()?, Heard::Frame(frame) if frame["type"] == "ok"), "4 KiB before login");
    raw.send(&ping(4 * 1024 + 1))?;
    assert_eq!(closed(&raw.hear_the_end()?.1), 1009, "more before login");

    let mut raw = RawSocket::register(&stage.server, "mallory")?;
    raw.send(&ping(128 * 1024))?;
    assert!(matches!(raw.hear()?, Heard::Frame(frame) if frame["type"] == "ok"), "128 KiB after");
    // The server may close while the rest is still on its way.
    let sent = raw.send(&ping(8 * 1024 * 1024));
    if sent.is_ok() {
        let end = raw.hear_the_end()?.1;
        assert!(matches!(end, Heard::Closed(1009, _) | Heard::Cut), "{end:?}");
    }
    let mut raw = RawSocket::connect(&stage.server)?;
    raw.send(&ping(128 * 1024 + 1)).ok();
    let end = raw.hear_the_end()?.1;
    assert!(matches!(end, Heard::Closed(1009, _) | Heard::Cut), "{end:?}");
    stage.is_undisturbed()
}

#[test]
fn binary_frames_end_the_connection() -> Result<()> {
    let mut stage = Stage::set()?;
    let mut raw = RawSocket::connect(&stage.server)?;
    raw.send_binary(&[0, 159, 146, 150])?;
    assert_eq!(closed(&raw.hear_the_end()?.1), 1003);
    let mut raw = RawSocket::register(&stage.server, "mallory")?;
    raw.send_binary(br#"{"type":"ping","id":"1"}"#)?;
    assert_eq!(closed(&raw.hear_the_end()?.1), 1003);
    stage.is_undisturbed()
}

#[test]
fn ten_thousand_requests_before_login_are_sixteen() -> Result<()> {
    let mut stage = Stage::set()?;
    let mut raw = RawSocket::connect(&stage.server)?;
    for n in 0..10_000 {
        if raw.send(&json!({"type": "ping", "id": n.to_string()}).to_string()).is_err() {
            break;
        }
    }
    let (answers, end) = raw.hear_the_end()?;
    assert!(answers.len() <= 16, "{} were answered", answers.len());
    // The close frame can be lost behind what the attacker still pushes into the socket.
    assert!(matches!(end, Heard::Closed(4501, _) | Heard::Cut), "{end:?}");
    stage.is_undisturbed()
}

#[test]
fn half_a_handshake_and_silence_are_not_waited_for() -> Result<()> {
    let mut stage = Stage::set()?;
    let beginnings: [&[u8]; 5] = [
        b"",
        b"GET /ws HT",
        b"GET /ws HTTP/1.1\r\nHost: chat\r\nUpgrade: websocket\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET /ws HTTP/1.1\r\nX: \r\nX: \r\nX: \r\nX: \r\nX: \r\nX: \r\nX: \r\nX: ",
    ];
    let mut streams = Vec::new();
    for beginning in beginnings {
        for _ in 0..20 {
            let mut stream = tcp(&stage.server)?;
            stream.write_all(beginning)?;
            streams.push(stream);
        }
    }
    // Beside them, handshakes that are done and say nothing.
    let mut silent: Vec<RawSocket> =
        (0..10).map(|_| RawSocket::connect(&stage.server)).collect::<Result<_>>()?;
    stage.is_undisturbed()?;
    for raw in &mut silent {
        assert_eq!(closed(&raw.hear_the_end()?.1), 4500, "no login in time");
    }
    for stream in &mut streams {
        let mut rest = Vec::new();
        // An answer (400, 408) or none, but an end; a reset is one too.
        match stream.read_to_end(&mut rest) {
            Ok(_) => {}
            Err(cause) if cause.kind() == std::io::ErrorKind::ConnectionReset => {}
            Err(cause) => panic!("the server still waits: {cause}"),
        }
    }
    stage.is_undisturbed()
}

#[test]
fn web_pages_from_elsewhere_are_refused() -> Result<()> {
    let mut stage = Stage::set()?;
    let own = format!("http://127.0.0.1:{}", stage.server.port());
    RawSocket::connect_with(&stage.server, &[("origin", &own)])?;
    for origin in ["https://evil.example", "null", "http://127.0.0.1.evil.example"] {
        let refused = RawSocket::connect_with(&stage.server, &[("origin", origin)]).err();
        assert!(refused.is_some_and(|cause| format!("{cause:#}").contains("403")), "{origin}");
    }
    stage.is_undisturbed()
}

#[test]
fn a_reader_that_does_not_read_is_cut_and_can_resume() -> Result<()> {
    let mut stage = Stage::set()?;
    let mut slow = RawSocket::register(&stage.server, "slow")?;
    slow.send(&json!({"type": "room.join", "id": "j", "payload": {"room": "calm"}}).to_string())?;
    // More than the server's queue and both socket buffers hold, from several people because one
    // alone is paced.
    let body = "x".repeat(16 * 1024);
    let mut talkers: Vec<Script> =
        (0..8).map(|n| Script::register(&stage.server, &format!("talker{n}"))).collect::<Result<_>>()?;
    let mut sent = 0;
    for talker in &mut talkers {
        talker.ok("room.join", json!({"room": "calm"}))?;
    }
    for _ in 0..150 {
        let mut waiting = Vec::new();
        for talker in &mut talkers {
            waiting.push(talker.start_request("message.send", message(&stage.room, &uuid(), &body))?);
        }
        for (talker, request) in talkers.iter_mut().zip(waiting) {
            sent += u64::from(talker.reply(&request)?.is_ok());
        }
    }
    assert!(sent > 800, "{sent}");
    let (frames, end) = slow.hear_the_end()?;
    // Whoever reads nothing may find the close frame lost behind what it did not read.
    assert!(matches!(end, Heard::Closed(4000, _) | Heard::Cut), "{end:?} after {} frames", frames.len());
    let seen: Vec<u64> = frames.iter().filter(|f| f["type"] == "event").filter_map(number).collect();
    assert!(seen.windows(2).all(|pair| pair[1] == pair[0] + 1), "no gap before the cut");
    // Everybody else got everything, in the meantime.
    let head = stage.ada.ok("conversation.get", json!({"conversation": stage.room}))?["head"].clone();
    stage.lin.expect("event", |event| event["seq"] == head)?;
    say(&mut stage.ada, &stage.room, "calm again")?;
    stage.lin.expect_message("calm again")?;

    let mut back = Script::login(&stage.server, "slow")?;
    let epoch = back.welcome()["epoch"].clone();
    let known = seen.last().copied().unwrap_or(3);
    let payload = json!({"epoch": epoch, "conversations": {stage.room.as_str(): known}});
    let resumed = back.ok("sync.resume", payload)?;
    assert_eq!(resumed["resumed"][0]["events"][0]["seq"], known + 1);
    assert_eq!(text(&resumed["resumed"][0]["conversation"]), stage.room);
    Ok(())
}

fn number(frame: &Value) -> Option<u64> {
    frame["payload"]["seq"].as_u64()
}

/// RFC 6455, 7.4.1: whoever is at fault is told so in place of a cut line. What says that it is compressed (RSV1) is
/// not inflated.
#[test]
fn what_breaks_the_rules_of_websocket_gets_the_code_for_it() -> Result<()> {
    let mut stage = Stage::set()?;
    // Masked with zeroes, but for the first.
    let long_ping = [&[0x89, 0xfe, 0, 126, 0, 0, 0, 0][..], &[0; 126]].concat();
    for (what, bytes, code) in [
        ("unmasked", &[0x81, 2, b'{', b'}'][..], CloseReason::Malformed),
        ("a reserved kind", &[0x83, 0x80, 0, 0, 0, 0], CloseReason::Malformed),
        ("a piece of nothing", &[0x00, 0x80, 0, 0, 0, 0], CloseReason::Malformed),
        ("compressed", &[0xc1, 0x82, 0, 0, 0, 0, 3, 0], CloseReason::Malformed),
        ("a long ping", &long_ping, CloseReason::Malformed),
        ("text that is none", &[0x81, 0x81, 0, 0, 0, 0, 0xff], CloseReason::NotText),
        ("too long", &[0x81, 0xff, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0], CloseReason::TooLarge),
    ] {
        let mut stream = upgraded(&stage.server)?;
        stream.write_all(bytes)?;
        let mut heard = Vec::new();
        stream.read_to_end(&mut heard)?;
        let (number, reason) = (code.code().to_be_bytes(), code.as_str());
        let close = [&[0x88, 2 + u8::try_from(reason.len())?], &number[..], reason.as_bytes()].concat();
        assert!(heard.ends_with(&close), "{what}: {}", String::from_utf8_lossy(&heard));
    }
    stage.is_undisturbed()
}
