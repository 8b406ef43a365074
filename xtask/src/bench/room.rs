//! The others: a real server, and people who fill its rooms faster than people could.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use chat_tests::{Options, Script, Server, uuid};
use serde_json::json;

/// Who writes. Each has rooms of their own, so that no room hears more than one.
const TALKERS: usize = 10;

/// Who takes part in a flood. Each hears all of it, so few of them cost the machine less.
const FLOODERS: usize = 2;

/// Messages of one person that are on their way at once; the server allows no more.
const WINDOW: usize = 16;

/// How often a flood is sent on: a hundred pieces a second are a stream to whoever reads.
const BEAT: Duration = Duration::from_millis(10);

/// What is said: short and long, with marks, code and links as in a lively room.
const WORDS: [&str; 8] = [
    "looks good",
    "the canary is at 5%, error rate flat, latency a little lower than before the release",
    "see https://example.org/dashboards/upload?range=6h for the graph",
    "`cargo nextest run` is green on my machine, **all** of it",
    "今日は、デプロイは順調です。もう一度確認します 🙌",
    "- first the index\n- then the workers\n- then lunch",
    "```rust\nfn main() {\n    println!(\"42\");\n}\n```",
    "has anybody seen the notes of the meeting? I had them yesterday, they were in the wiki, and now they are not",
];

/// The server and everybody on it but the one who is measured.
pub(super) struct Town {
    pub(super) server: Server,
    talkers: Vec<Talker>,
}

/// Somebody who writes, and where.
struct Talker {
    script: Script,
    rooms: Vec<String>,
}

impl Town {
    /// A server with so many rooms, all of which `person` is in.
    pub(super) fn found(person: &str, rooms: usize) -> Result<Self> {
        let fast =
            ["--requests-per-second", "100000", "--request-burst", "100000"].map(str::to_owned).to_vec();
        let server = Server::start_with(Options { more: fast, ..Options::default() })?;
        let mut you = Script::register(&server, person)?;
        let mut talkers = Vec::new();
        for number in 0..TALKERS {
            let script = Script::register(&server, &format!("talker-{number}"))?;
            talkers.push(Talker { script, rooms: Vec::new() });
        }
        for number in 0..rooms {
            let talker = &mut talkers[number % TALKERS];
            let name = room_name(number);
            let made = talker.script.ok("room.create", json!({"client_id": uuid(), "name": name}))?;
            talker.rooms.push(made["id"].as_str().context("a room has an id")?.to_owned());
            you.ok("room.join", json!({"room": name}))?;
        }
        // They write into the first room together, for the flood.
        for talker in &mut talkers[1..FLOODERS] {
            talker.script.ok("room.join", json!({"room": room_name(0)}))?;
        }
        Ok(Self { server, talkers })
    }

    /// Fills all rooms with so many messages in sum.
    pub(super) fn fill(&mut self, messages: usize) -> Result<()> {
        let each = messages / self.talkers.len();
        at_once(&mut self.talkers, |_, talker| talker.fill(each))
    }

    /// Somebody writes into the first room.
    pub(super) fn say(&mut self, text: &str) -> Result<()> {
        let talker = &mut self.talkers[0];
        let message = json!({"conversation": talker.rooms[0], "client_id": uuid(), "body": text});
        talker.script.ok("message.send", message).map(drop)
    }

    /// Some of them write into the first room, so many messages a second in sum; says how many were
    /// stored.
    pub(super) fn flood(&mut self, a_second: usize, time: Duration) -> Result<usize> {
        let room = self.talkers[0].rooms[0].clone();
        let beats = time.as_millis() / BEAT.as_millis();
        let each_beat = a_second * usize::try_from(BEAT.as_millis())? / 1_000;
        let began = Instant::now();
        at_once(&mut self.talkers[..FLOODERS], |number, talker| {
            for beat in 0..u32::try_from(beats)? {
                // Who falls behind does not catch up all at once.
                thread::sleep((BEAT * beat).saturating_sub(began.elapsed()));
                let shares = each_beat / FLOODERS + usize::from(number < each_beat % FLOODERS);
                if began.elapsed() < time {
                    talker.send(&vec![room.as_str(); shares])?;
                }
            }
            Ok(())
        })?;
        let head = self.talkers[0].script.ok("conversation.get", json!({"conversation": room}))?;
        usize::try_from(head["head"].as_u64().context("a room has a head")?).map_err(Into::into)
    }
}

impl Talker {
    fn fill(&mut self, messages: usize) -> Result<()> {
        let rooms = self.rooms.clone();
        let mut next = rooms.iter().map(String::as_str).cycle();
        let mut left = messages;
        while left > 0 {
            let some: Vec<&str> = next.by_ref().take(left.min(WINDOW)).collect();
            left -= some.len();
            self.send(&some)?;
        }
        Ok(())
    }

    /// Sends a message to each of these, and waits until all are stored.
    fn send(&mut self, rooms: &[&str]) -> Result<()> {
        for rooms in rooms.chunks(WINDOW) {
            let mut asked = Vec::new();
            for (number, room) in rooms.iter().enumerate() {
                let id = uuid();
                // By chance, so that no two rooms look alike.
                let words = WORDS[(number + usize::from(id.as_bytes()[0])) % WORDS.len()];
                let message = json!({"conversation": room, "client_id": id, "body": words});
                asked.push(self.script.start_request("message.send", message)?);
            }
            for id in asked {
                let reply = self.script.reply(&id)?;
                reply.map_err(|refusal| anyhow!("a message was refused: {refusal}"))?;
            }
            self.script.forget()?;
        }
        Ok(())
    }
}

/// The name of a room.
pub(super) fn room_name(number: usize) -> String {
    format!("room-{number:02}")
}

/// Lets all of them do something at the same time.
fn at_once(talkers: &mut [Talker], what: impl Fn(usize, &mut Talker) -> Result<()> + Sync) -> Result<()> {
    thread::scope(|scope| {
        let what = &what;
        let threads: Vec<_> = talkers
            .iter_mut()
            .enumerate()
            .map(|(at, talker)| scope.spawn(move || what(at, talker)))
            .collect();
        threads.into_iter().try_for_each(|thread| thread.join().map_err(|_| anyhow!("a talker broke off"))?)
    })
}
