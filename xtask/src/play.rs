//! The demo without a terminal: two people talk over the real server, a crash included. Every
//! step is checked, and printed as it would be told.

use anyhow::{Context, Result, ensure};
use chat_tests::{Options, Script, Server, Signal, uuid};
use serde_json::{Value, json};

use crate::say;

/// Plays the conversation; an error is a step that did not hold.
pub(crate) fn run() -> Result<()> {
    let mut play = Play::begin()?;
    play.they_meet()?;
    play.they_talk()?;
    play.lin_loses_her_connection()?;
    play.the_server_is_restarted()?;
    play.the_server_is_killed()?;
    let steps = play.steps;
    drop(play);
    say(format!("\n{steps} steps, all as they should be. Nothing is left running."))
}

struct Play {
    ada: Script,
    lin: Script,
    room: String,
    steps: u32,
    server: Server,
}

impl Play {
    fn begin() -> Result<Self> {
        say("A server for a team that invites its members.")?;
        let server = Server::start_with(Options { registration: "invite", ..Options::default() })?;
        let code = server.owner_invite().context("a new server prints the owner's invite")?;
        let ada = Script::register_with(&server, "ada", Some(code))?;
        ensure!(ada.welcome()["role"] == "owner", "ada is not the owner");
        let invite = server.invite()?;
        let lin = Script::register_with(&server, "lin", Some(&invite))?;
        ensure!(lin.welcome()["role"] == "member", "lin is not a member");
        let mut play = Self { ada, lin, room: String::new(), steps: 0, server };
        play.step("ada makes the first account and owns the server; lin comes with an invite")?;
        Ok(play)
    }

    fn step(&mut self, told: &str) -> Result<()> {
        self.steps += 1;
        say(format!("  ✓ {told}"))
    }

    fn they_meet(&mut self) -> Result<()> {
        say("\n#deploys")?;
        let payload = json!({"client_id": uuid(), "name": "deploys", "topic": "release train"});
        let made = self.ada.ok("room.create", payload)?;
        self.room = made["id"].as_str().context("a room has an id")?.to_owned();
        self.lin.ok("room.join", json!({"room": "deploys"}))?;
        self.ada.expect("event", |event| event["kind"] == "joined" && event["author"]["name"] == "lin")?;
        self.step("ada makes #deploys, lin joins, ada sees her come")?;

        let watched = json!({"users": [self.lin.user_id()]});
        let seen = self.ada.ok("presence.watch", watched)?;
        if seen["presences"][0]["state"] != "online" {
            // She has only just come; the news of it follows.
            self.ada.expect("presence", |push| push["changes"][0]["state"] == "online")?;
        }
        self.step("ada sees that lin is online ●")
    }

    fn they_talk(&mut self) -> Result<()> {
        self.ada.tell("typing", json!({"conversation": self.room, "active": true}))?;
        self.lin.expect("typing", |typing| typing["active"] == true && typing["user"]["name"] == "ada")?;
        say("         ada is typing…")?;
        let seq = self.says("ada", "morning! did the canary go out?")?;
        self.lin.ok("read.mark", json!({"conversation": self.room, "seq": seq}))?;
        self.ada.expect("read", |read| read["seq"] == seq)?;
        self.step("lin saw her typing, got the message, and ada sees ✓✓ read")?;

        self.says("lin", "yes, 5% since 08:50 🚀")?;
        let seq = self.says("lin", "@ada shall we go to 50%?")?;
        let seen = self.ada.ok("conversation.get", json!({"conversation": self.room}))?;
        ensure!(seen["unread"] == 2 && seen["mentions"] == 1, "ada's counts are wrong: {seen}");
        self.ada.ok("read.mark", json!({"conversation": self.room, "seq": seq}))?;
        self.step("ada had two unread messages, one of which calls her by name")
    }

    fn lin_loses_her_connection(&mut self) -> Result<()> {
        say("\nLin's train enters a tunnel.")?;
        let known = self.head()?;
        let token = self.lin.own_token();
        let lin = std::mem::replace(&mut self.lin, Script::stranger(&self.server)?);
        let (epoch, id) = (lin.welcome()["epoch"].clone(), lin.user_id());
        lin.kill();
        let offline =
            |push: &Value| push["changes"][0]["user"] == id && push["changes"][0]["state"] == "offline";
        self.ada.expect("presence", offline)?;
        self.step("after the grace, ada sees that lin is gone ○")?;

        for body in ["looks good, going to 50%", "and 50% it is, all flat"] {
            self.sends("ada", body)?;
            say(told("ada", body))?;
        }
        self.lin = Script::token(&self.server, "lin", &token)?;
        let positions = json!({"epoch": epoch, "conversations": {self.room.as_str(): known}});
        let resumed = self.lin.ok("sync.resume", positions)?;
        let events = resumed["resumed"][0]["events"].as_array().context("lin missed something")?;
        ensure!(events.len() == 2 && events[0]["seq"] == known + 1, "lin missed two: {resumed}");
        self.step("back again, lin gets what she missed in one round trip, no gap and no double")
    }

    fn the_server_is_restarted(&mut self) -> Result<()> {
        say("\nThe admin restarts the server.")?;
        let tokens = (self.ada.own_token(), self.lin.own_token());
        self.server.signal(Signal::Terminate)?;
        for person in [&mut self.ada, &mut self.lin] {
            person.expect("draining", |draining| draining["reconnect_after_ms"].is_u64())?;
            ensure!(person.expect_closed()? == 1012, "the close says something else than restart");
        }
        ensure!(self.server.wait()?.success(), "the server did not end well");
        self.server.restart()?;
        self.come_back(&tokens)?;
        self.says("lin", "that was quick")?;
        self.step("both were told to come back, did, and go on talking")
    }

    fn the_server_is_killed(&mut self) -> Result<()> {
        say("\nThe machine loses its power.")?;
        let tokens = (self.ada.own_token(), self.lin.own_token());
        let client_id = uuid();
        let body = "is this thing on?";
        let payload = json!({"conversation": self.room, "client_id": client_id, "body": body});
        let first = self.ada.ok("message.send", payload.clone())?;
        self.server.kill();
        self.server.restart()?;
        self.come_back(&tokens)?;
        let again = self.ada.ok("message.send", payload)?;
        ensure!(again["seq"] == first["seq"] && again["duplicate"] == true, "sent twice: {again}");
        say(told("ada", body))?;
        self.step("what was acknowledged survived kill -9, and sending it again made no double")?;

        let page = self.lin.ok("history.get", json!({"conversation": self.room}))?;
        let events = page["events"].as_array().context("a page has events")?;
        let numbers = events.iter().filter_map(|event| event["seq"].as_u64());
        ensure!(numbers.eq(1..=events.len() as u64), "the numbers have a gap: {page}");
        self.step(&format!("the log of #deploys has {} events, numbered without a gap", events.len()))
    }

    fn come_back(&mut self, (ada, lin): &(String, String)) -> Result<()> {
        self.ada = Script::token(&self.server, "ada", ada)?;
        self.lin = Script::token(&self.server, "lin", lin)?;
        Ok(())
    }

    fn head(&mut self) -> Result<u64> {
        let seen = self.ada.ok("conversation.get", json!({"conversation": self.room}))?;
        seen["head"].as_u64().context("a conversation has a head")
    }

    /// One says it, the other hears it; printed as the client shows it.
    fn says(&mut self, who: &str, body: &str) -> Result<u64> {
        let seq = self.sends(who, body)?;
        let other = if who == "ada" { &mut self.lin } else { &mut self.ada };
        let heard = other.expect_message(body)?;
        ensure!(heard["seq"] == seq && heard["author"]["name"] == who, "heard something else: {heard}");
        say(told(who, body))?;
        Ok(seq)
    }

    fn sends(&mut self, who: &str, body: &str) -> Result<u64> {
        let script = if who == "ada" { &mut self.ada } else { &mut self.lin };
        let payload = json!({"conversation": self.room, "client_id": uuid(), "body": body});
        script.ok("message.send", payload)?["seq"].as_u64().context("a message has a number")
    }
}

fn told(who: &str, body: &str) -> String {
    format!("  {who:<6} {body}")
}
