//! Every request with nonsense in every field: each is answered, nobody else notices, nothing grows.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use chat_proto::RequestKind;
use chat_tests::{Options, Script, Server, uuid};
use serde_json::{Value, json};

use super::answer;
use crate::raw_socket::{Heard, RawSocket};
use crate::scenarios::{room, say};

/// What a server may hold more afterwards.
const SLACK_BYTES: u64 = 64 * 1024 * 1024;

/// An example of each request, from the specification.
pub(super) fn examples() -> BTreeMap<String, Value> {
    let text = include_str!("../../../../chat-proto/PROTOCOL.md");
    let mut frames = Vec::new();
    let mut block: Option<String> = None;
    for line in text.lines() {
        match (&mut block, line) {
            (None, "```json client") => block = Some(String::new()),
            (Some(json), "```") => {
                frames.extend(serde_json::from_str::<Value>(json));
                block = None;
            }
            (Some(json), line) => json.push_str(line),
            (None, line) => {
                frames.extend(line.strip_prefix("C ").and_then(|json| serde_json::from_str(json).ok()))
            }
        }
    }
    let mut found: BTreeMap<String, Value> = BTreeMap::new();
    for frame in frames {
        let payload = frame.get("payload").cloned().unwrap_or(json!({}));
        let kind = frame["type"].as_str().unwrap_or_default().to_owned();
        // The richest example has the most fields to spoil.
        let known = found.entry(kind).or_insert(json!({}));
        if payload.to_string().len() > known.to_string().len() {
            *known = payload;
        }
    }
    found
}

/// Values that fit nowhere, or fit and ask for too much.
fn hostile() -> Vec<Value> {
    let mut deep = json!(1);
    for _ in 0..100 {
        deep = json!([deep]);
    }
    vec![
        Value::Null,
        json!(true),
        json!(-1),
        json!(0),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(1e308),
        json!(0.5),
        json!(""),
        json!("x".repeat(60_000)),
        json!("\u{0}\u{1b}[2J\u{202e}\u{feff}"),
        json!("'; DROP TABLE users; --"),
        json!("../../../etc/passwd"),
        json!("%s%n{}${7*7}"),
        json!(uuid()),
        json!("00000000-0000-0000-0000-000000000000"),
        json!([]),
        json!([[], {}, null, -1, "x"]),
        Value::Array(vec![json!(1); 10_000]),
        Value::Array((0..1_000).map(|_| json!(uuid())).collect()),
        json!({}),
        json!({"__proto__": {"admin": true}, "constructor": 1}),
        Value::Object((0..2_000).map(|n| (n.to_string(), json!(n))).collect()),
        deep,
    ]
}

/// Where a value can be put: each field, and each field of what is in it.
fn places(value: &Value, at: &str, into: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (field, inner) in fields {
                let place = format!("{at}/{}", field.replace('~', "~0").replace('/', "~1"));
                into.push(place.clone());
                places(inner, &place, into);
            }
        }
        Value::Array(items) => {
            if let Some(inner) = items.first() {
                into.push(format!("{at}/0"));
                places(inner, &format!("{at}/0"), into);
            }
        }
        _ => {}
    }
}

struct Hostile<'a> {
    server: &'a Server,
    raw: RawSocket,
    /// Its last name; each connection is another person, because some requests end the login.
    people: u32,
    waiting: Vec<String>,
}

impl<'a> Hostile<'a> {
    fn new(server: &'a Server) -> Result<Self> {
        Ok(Self { server, raw: RawSocket::register(server, "mallory0")?, people: 0, waiting: Vec::new() })
    }

    fn ask(&mut self, kind: &str, payload: &Value) -> Result<()> {
        let id = format!("h{}", self.waiting.len());
        let frame = json!({"type": kind, "id": id, "payload": payload}).to_string();
        self.waiting.push(id);
        // A frame that is too large or a logout ends the connection, which is an answer as well.
        if self.raw.send(&frame).is_err() || self.waiting.len() >= 16 {
            self.settle()?;
        }
        Ok(())
    }

    /// Everything that was asked is answered, or the connection has ended with a word why.
    fn settle(&mut self) -> Result<()> {
        let mut open: Vec<String> = std::mem::take(&mut self.waiting);
        while !open.is_empty() {
            match self.raw.hear()? {
                Heard::Frame(frame) => {
                    let code = &frame["payload"]["code"];
                    ensure!(code != "internal", "a request broke something inside: {frame}");
                    if let Some(id) = frame["id"].as_str() {
                        open.retain(|other| other != id);
                    } else if frame["type"] == "error" {
                        // It could not even be read as far as its id.
                        open.pop();
                    }
                }
                Heard::Closed(..) | Heard::Cut => {
                    self.people += 1;
                    self.raw = RawSocket::register(self.server, &format!("mallory{}", self.people))?;
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}

#[test]
fn hostile_values_in_every_field_of_every_request_are_answered() -> Result<()> {
    let more = ["--requests-per-second", "100000", "--request-burst", "100000"].map(str::to_owned).to_vec();
    let server = Server::start_with(Options { more, ..Options::default() })?;
    let mut ada = Script::register(&server, "ada")?;
    let mut lin = Script::register(&server, "lin")?;
    let calm = room("calm", &mut ada, &mut [&mut lin])?;
    let before = server.resident_bytes()?;
    let (examples, values) = (examples(), hostile());
    let mut mallory = Hostile::new(&server)?;
    let mut asked = 0;
    for kind in RequestKind::ALL {
        let example = examples.get(kind.as_str()).with_context(|| format!("no example of {kind:?}"))?;
        // Hashing is bounded by its own queue and delays; see `flood`. Here they would only wait.
        let hashes = ["auth.register", "auth.login", "auth.reset"].contains(&kind.as_str());
        let mut fields = Vec::new();
        places(example, "", &mut fields);
        for value in &values {
            mallory.ask(kind.as_str(), value)?;
            for place in &fields {
                let mut payload = example.clone();
                *payload.pointer_mut(place).context("a field")? = value.clone();
                mallory.ask(kind.as_str(), &payload)?;
                asked += 1;
                if hashes {
                    mallory.settle()?;
                }
            }
        }
        mallory.settle()?;
        let body = format!("after {}", kind.as_str());
        say(&mut ada, &calm, &body)?;
        lin.expect_message(&body).with_context(|| format!("after {kind:?}"))?;
    }
    ensure!(asked > 3_000, "only {asked}");
    let now = server.resident_bytes()?;
    ensure!(now < before + SLACK_BYTES, "memory went from {before} to {now}");
    let mut raw = RawSocket::register(&server, "afterwards")?;
    raw.send(&json!({"type": "ping", "id": "p"}).to_string())?;
    ensure!(answer(&mut raw, "p")?["type"] == "ok");
    ensure!(!server.log().contains("panicked"), "{}", server.log());
    Ok(())
}
