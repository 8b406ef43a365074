//! The team of the demo: who they are, their rooms, and what they said before you came.

use anyhow::{Context, Result};
use chat_tests::{Options, Script, Server, uuid};
use serde_json::{Value, json};

/// The person who is shown around.
pub(crate) const YOU: &str = "you";

/// The others.
pub(crate) const PEOPLE: [&str; 5] = ["ada", "lin", "grace", "omar", "kim"];

/// Rooms with their topics, the busiest last.
const ROOMS: [(&str, &str); 3] = [
    ("random", "tea, trains, and what the cat did"),
    ("general", "everything that concerns everybody"),
    ("deploys", "release train, freeze Friday"),
];

/// What was said, in order: room, person, text.
const HISTORY: &[(&str, &str, &str)] = &[
    ("general", "grace", "good morning everybody ☀️"),
    ("general", "ada", "morning grace, morning all"),
    ("general", "omar", "morning! the new coffee machine has a firmware update pending. of course it has"),
    ("general", "kim", "please do not let it join the VPN"),
    ("general", "grace", "too late, it is called coffee-07 in the inventory now"),
    ("general", "lin", "does it speak the protocol at least"),
    ("general", "omar", "it speaks espresso"),
    ("random", "kim", "the 08:12 was on time today. I thought you should know"),
    ("random", "omar", "screenshot or it did not happen"),
    ("general", "ada", "reminder: the freeze begins Friday at noon, see #deploys"),
    ("general", "kim", "noon our time or noon Lisbon time?"),
    ("general", "ada", "ours. Lisbon gets an hour for free"),
    ("general", "omar", "I will take it 🙌"),
    ("deploys", "ada", "release train 46 is open. what goes in?"),
    ("deploys", "lin", "search index rebuild, behind a flag"),
    ("deploys", "grace", "the latency fix for the upload path"),
    ("deploys", "omar", "docs for both, and the new error pages"),
    ("deploys", "ada", "thanks. lin, how long does the rebuild take?"),
    ("deploys", "lin", "about 20 minutes on the big shard, reads stay fast meanwhile"),
    ("deploys", "lin", "I measured it twice:\nfirst run  19m 40s\nsecond run 18m 55s"),
    ("deploys", "grace", "nice. what did you change since last week?"),
    ("deploys", "lin", "it no longer sorts what is already sorted"),
    ("deploys", "kim", "the best optimisation is a bug that one removes"),
    ("general", "grace", "lunch at half past twelve? the place with the dumplings"),
    ("general", "kim", "yes 🥟"),
    ("general", "omar", "from afar: enjoy"),
    ("general", "lin", "count me in, I owe ada one"),
    ("general", "ada", "you owe me two, there was the incident with the pager"),
    ("general", "lin", "we do not talk about the pager"),
    ("random", "grace", "the cat is on the keyboard agakjh"),
    ("random", "grace", "that was her, not me"),
    ("random", "lin", "her password is stronger than mine"),
    ("deploys", "ada", "staging is green, all 412 checks"),
    ("deploys", "omar", "error pages look good on staging: https://staging.example/404"),
    ("deploys", "kim", "I found one typo, \"occured\". fixed in 3f2c9aa"),
    ("deploys", "omar", "every release I type it wrong exactly once. thank you"),
    ("deploys", "ada", "then I cut the release branch now"),
    ("deploys", "ada", "done: release/46"),
    ("deploys", "grace", "watching the upload dashboard"),
    ("general", "kim", "the dumplings were excellent, in case Lisbon wonders"),
    ("general", "omar", "Lisbon wonders about pastéis, and has some"),
    ("general", "grace", "日本語の本を返してくれてありがとう、kim 📚"),
    ("general", "kim", "どういたしまして！"),
    ("general", "lin", "the office plant has a new leaf. that makes 4"),
    ("general", "ada", "ship it"),
    ("deploys", "lin", "canary starts: 1% of reads on the new index"),
    ("deploys", "grace", "error rate flat, p99 41 ms, was 44"),
    ("deploys", "lin", "going to 5%"),
    ("deploys", "kim", "support has nothing unusual"),
    ("deploys", "grace", "still flat. p99 40 ms"),
    ("deploys", "omar", "no new error pages seen, which is what one wants of error pages"),
    ("general", "omar", "who has the notes of the architecture meeting?"),
    ("general", "kim", "I do, they are on the wiki under \"one way to recover\""),
    ("general", "omar", "found them, obrigado"),
    ("random", "omar", "tea of the day: lapsang souchong. smells like a campfire, works like one"),
    ("random", "ada", "that is not a tea, that is an incident"),
    ("general", "ada", "@you welcome to the team! ask anything, here or directly"),
    ("general", "grace", "welcome! 👋"),
    ("deploys", "ada", "morning! did the canary go out?"),
    ("deploys", "lin", "yes, 5% since 08:50, error rate flat"),
    ("deploys", "grace", "latency is down, graph is on the dashboard"),
    ("deploys", "lin", "@you shall we go to 50%? you have the last word today"),
];

/// The team on its server.
pub(crate) struct Team {
    /// Everybody but you, in the order of [`PEOPLE`].
    pub(crate) people: Vec<Script>,
    /// The ids of the rooms, by name.
    rooms: Vec<(&'static str, String)>,
    /// Held, and dropped last.
    pub(crate) server: Server,
}

impl Team {
    /// Starts a server, and lets the team make its rooms and say what it said.
    pub(crate) fn gather() -> Result<Self> {
        let name = ["--name", "acme"].map(str::to_owned).to_vec();
        let server = Server::start_with(Options { presence_grace: "2s", more: name, ..Options::default() })?;
        let mut people: Vec<Script> =
            PEOPLE.iter().map(|name| Script::register(&server, name)).collect::<Result<_>>()?;
        let mut you = Script::register(&server, YOU)?;
        let (maker, others) = people.split_first_mut().context("a team has people")?;
        let mut rooms = Vec::new();
        for (room, topic) in ROOMS {
            let made = maker.ok("room.create", json!({"client_id": uuid(), "name": room, "topic": topic}))?;
            for other in others.iter_mut().chain([&mut you]) {
                other.ok("room.join", json!({"room": room}))?;
            }
            rooms.push((room, id_of(&made)));
        }
        let mut team = Self { people, rooms, server };
        team.talk()?;
        team.catch_up(&mut you)?;
        Ok(team)
    }

    /// The id of a room.
    pub(crate) fn room(&self, name: &str) -> Result<&str> {
        let room = self.rooms.iter().find(|(room, _)| *room == name);
        Ok(&room.with_context(|| format!("there is no #{name}"))?.1)
    }

    /// The ids of all rooms.
    pub(crate) fn rooms(&self) -> Vec<String> {
        self.rooms.iter().map(|(_, id)| id.clone()).collect()
    }

    /// Somebody by name.
    pub(crate) fn person(&mut self, name: &str) -> Result<&mut Script> {
        let at = PEOPLE.iter().position(|person| *person == name);
        at.and_then(|at| self.people.get_mut(at)).with_context(|| format!("there is no {name}"))
    }

    fn talk(&mut self) -> Result<()> {
        for (room, who, body) in HISTORY {
            let conversation = self.room(room)?.to_owned();
            let payload = json!({"conversation": conversation, "client_id": uuid(), "body": body});
            self.person(who)?.ok("message.send", payload)?;
        }
        Ok(())
    }

    /// Everybody has read everything, you all but the last words.
    fn catch_up(&mut self, you: &mut Script) -> Result<()> {
        /// Events at the end of each room that wait for you.
        const UNREAD: [(&str, u64); 3] = [("random", 0), ("general", 2), ("deploys", 4)];
        for (room, unread) in UNREAD {
            let id = self.room(room)?.to_owned();
            let head = you.ok("conversation.get", json!({"conversation": id}))?["head"].as_u64();
            let head = head.context("a conversation has a head")?;
            you.ok("read.mark", json!({"conversation": id, "seq": head - unread}))?;
            for person in &mut self.people {
                person.ok("read.mark", json!({"conversation": id, "seq": head}))?;
            }
        }
        let direct = id_of(&self.person("ada")?.ok("direct.open", json!({"user": YOU}))?);
        let body = "psst: type something here or in #deploys, and I will answer";
        let payload = json!({"conversation": direct, "client_id": uuid(), "body": body});
        self.person("ada")?.ok("message.send", payload)?;
        self.person("lin")?.ok("direct.open", json!({"user": YOU}))?;
        self.person("grace")?.ok("direct.open", json!({"user": YOU}))?;
        Ok(())
    }
}

fn id_of(conversation: &Value) -> String {
    conversation["id"].as_str().unwrap_or_default().to_owned()
}
