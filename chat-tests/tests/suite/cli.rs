//! `chat-cli` as people and shell scripts use it: what it prints, and its exit codes.

use std::process::{Command, Output};

use anyhow::Result;
use chat_tests::{PASSWORD, Running, Script, Server, bin, run, uuid};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::scenarios::{ada_and_lin, look, room, say};

/// A person at a shell: a folder of its own, and the environment set.
pub(crate) struct Shell {
    dir: TempDir,
    server: String,
    user: &'static str,
}

impl Shell {
    pub(crate) fn new(server: &Server, user: &'static str) -> Result<Self> {
        Ok(Self { dir: TempDir::with_prefix("chat-cli-")?, server: server.url(), user })
    }

    /// Where everything is kept.
    pub(crate) fn folder(&self) -> &std::path::Path {
        self.dir.path()
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Result<Command> {
        let mut command = Command::new(bin("chat-cli")?);
        command.args(arguments).arg("--data-dir").arg(self.dir.path());
        command.env("CHAT_SERVER", &self.server).env("CHAT_USER", self.user).env("CHAT_PASSWORD", PASSWORD);
        Ok(command)
    }

    fn run(&self, arguments: &[&str]) -> Result<Output> {
        run(self.command(arguments)?, "")
    }

    /// Runs it to a good end and gives what it printed.
    pub(crate) fn done(&self, arguments: &[&str]) -> Result<String> {
        let output = self.run(arguments)?;
        assert_eq!(
            output.status.code(),
            Some(0),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Runs it to a bad end; the reason must be one sentence on stderr, and stdout stay clean.
    pub(crate) fn fails(&self, arguments: &[&str], code: i32) -> Result<String> {
        let output = self.run(arguments)?;
        let reason = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {reason}");
        assert!(!reason.trim().is_empty(), "{arguments:?} says nothing");
        assert!(!reason.contains(PASSWORD), "the password is on the screen");
        Ok(reason)
    }
}

pub(crate) fn json_lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"))).collect()
}

#[test]
fn register_send_listen_history_rooms() -> Result<()> {
    let server = Server::start()?;
    let mut lin = Script::register(&server, "lin")?;
    room("deploys", &mut lin, &mut [])?;
    let ada = Shell::new(&server, "ada")?;
    ada.done(&["register"])?;
    let mut script = Script::login(&server, "ada")?;
    script.ok("room.join", serde_json::json!({"room": "deploys"}))?;

    ada.done(&["send", "#deploys", "canary is out"])?;
    lin.expect_message("canary is out")?;
    ada.done(&["send", "@lin", "just for you"])?;
    lin.expect_message("just for you")?;
    let output = run(ada.command(&["send", "#deploys", "-"])?, "from a pipe\nwith two lines\n")?;
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    lin.expect_message("from a pipe\nwith two lines")?;

    let sent = json_lines(&ada.done(&["send", "#deploys", "numbered", "--json"])?);
    assert_eq!(sent[0]["seq"], 5, "{sent:?}");

    let history = ada.done(&["history", "#deploys"])?;
    assert!(history.contains("canary is out") && history.contains("numbered"), "{history}");
    let events = json_lines(&ada.done(&["history", "#deploys", "--limit", "2", "--json"])?);
    assert_eq!(events.iter().map(|event| event["seq"].as_u64().unwrap()).collect::<Vec<_>>(), [4, 5]);
    let events = json_lines(&ada.done(&["history", "#deploys", "--before", "4", "--limit", "1", "--json"])?);
    assert_eq!(events[0]["body"], "canary is out");

    let rooms = ada.done(&["rooms"])?;
    assert!(rooms.contains("deploys"), "{rooms}");
    let rooms = json_lines(&ada.done(&["rooms", "--json"])?);
    let names: Vec<_> = rooms.iter().filter_map(|room| room["name"].as_str()).collect();
    assert_eq!(names, ["deploys"], "the direct with lin has no name: {rooms:?}");
    let found =
        |words: &str| Ok::<_, anyhow::Error>(json_lines(&ada.done(&["rooms", "--json", words])?).len());
    assert_eq!((found("ploy")?, found("kitchen")?), (1, 0), "the directory is searched");
    let members = json_lines(&ada.done(&["members", "#deploys", "--json"])?);
    assert_eq!(members.len(), 2, "{members:?}");
    Ok(())
}

#[test]
fn listen_prints_what_comes_and_ends_by_count() -> Result<()> {
    let server = Server::start()?;
    let mut lin = Script::register(&server, "lin")?;
    let id = room("deploys", &mut lin, &mut [])?;
    let ada = Shell::new(&server, "ada")?;
    ada.done(&["register"])?;
    let mut script = Script::login(&server, "ada")?;
    script.ok("room.join", serde_json::json!({"room": "deploys"}))?;
    for body in ["one", "two"] {
        say(&mut lin, &id, body)?;
    }
    // From before it was started …
    let arguments = ["listen", "#deploys", "--since", "2", "--count", "2", "--json"];
    let heard = json_lines(&ada.done(&arguments)?);
    let kinds: Vec<_> = heard.iter().map(|line| line["body"].as_str().unwrap_or("(listening)")).collect();
    assert_eq!(kinds, ["(listening)", "one", "two"]);

    // … and while it runs; its first line says that it does.
    let arguments = ["listen", "#deploys", "--count", "2", "--timeout", "25s", "--json"];
    let mut listening = Running::start(ada.command(&arguments)?)?;
    let until = std::time::Instant::now() + chat_tests::DEADLINE;
    assert_eq!(json_lines(&listening.line(until)?.expect("a line"))[0]["type"], "listening");
    for body in ["three", "four"] {
        say(&mut lin, &id, body)?;
    }
    for body in ["three", "four"] {
        let line = listening.line(std::time::Instant::now() + chat_tests::DEADLINE)?.expect("a line");
        assert_eq!(json_lines(&line)[0]["body"], body);
    }
    assert_eq!(listening.wait()?.code(), Some(0));
    Ok(())
}

#[test]
fn exit_code_1_the_server_refuses() -> Result<()> {
    let server = Server::start()?;
    let ada = Shell::new(&server, "ada")?;
    ada.fails(&["login"], 1)?;
    ada.done(&["register"])?;
    ada.fails(&["send", "#nowhere", "hello?"], 1)?;
    ada.fails(&["send", "@nobody", "hello?"], 1)?;
    ada.fails(&["history", "#nowhere"], 1)?;
    Ok(())
}

#[test]
fn exit_code_2_wrong_usage() -> Result<()> {
    let server = Server::start()?;
    let ada = Shell::new(&server, "ada")?;
    ada.fails(&["dance"], 2)?;
    ada.fails(&["send"], 2)?;
    ada.fails(&["send", "deploys", "neither # nor @"], 2)?;
    ada.fails(&["listen", "--timeout", "soon"], 2)?;
    Ok(())
}

#[test]
fn exit_code_3_nobody_there() -> Result<()> {
    let mut server = Server::start()?;
    let ada = Shell::new(&server, "ada")?;
    server.kill();
    ada.fails(&["login"], 3)?;
    ada.fails(&["send", "#deploys", "hello?"], 3)?;
    Ok(())
}

#[test]
fn exit_code_4_timed_out() -> Result<()> {
    let server = Server::start()?;
    let ada = Shell::new(&server, "ada")?;
    ada.done(&["register"])?;
    ada.fails(&["listen", "--count", "1", "--timeout", "300ms"], 4)?;
    Ok(())
}

#[test]
fn a_login_is_kept_until_logout() -> Result<()> {
    let server = Server::start()?;
    Script::register(&server, "lin")?;
    let ada = Shell::new(&server, "ada")?;
    ada.done(&["register"])?;
    let without_password = |arguments: &[&str]| -> Result<Output> {
        let mut command = ada.command(arguments)?;
        command.env_remove("CHAT_PASSWORD");
        run(command, "")
    };
    assert_eq!(without_password(&["send", "@lin", "by token"])?.status.code(), Some(0));
    assert_eq!(without_password(&["logout"])?.status.code(), Some(0));
    assert_ne!(without_password(&["send", "@lin", "not any more"])?.status.code(), Some(0));
    Ok(())
}

#[test]
fn what_others_write_cannot_reach_the_terminal_raw() -> Result<()> {
    let server = Server::start()?;
    let mut lin = Script::register(&server, "lin")?;
    let id = room("deploys", &mut lin, &mut [])?;
    let ada = Shell::new(&server, "ada")?;
    ada.done(&["register"])?;
    let mut script = Script::login(&server, "ada")?;
    script.ok("room.join", serde_json::json!({"room": "deploys"}))?;
    say(&mut lin, &id, "\u{1b}]0;owned\u{7}\u{1b}[2J \u{202e}reversed")?;
    let printed = ada.done(&["history", "#deploys"])?;
    assert!(printed.contains("owned"), "{printed:?}");
    assert!(!printed.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{printed:?}");
    Ok(())
}

#[test]
fn search_finds_what_one_may_see_and_prints_where() -> Result<()> {
    let server = Server::start()?;
    let mut lin = Script::register(&server, "lin")?;
    let deploys = room("deploys", &mut lin, &mut [])?;
    say(&mut lin, &deploys, "the crème canary is out")?;
    say(&mut lin, &deploys, "天気がいい")?;
    let eve = Script::register(&server, "eve")?;
    drop(eve);
    let lin = Shell::new(&server, "lin")?;
    let found = lin.done(&["search", "creme"])?;
    assert!(found.contains("#deploys:2 lin: the crème canary is out"), "{found}");
    assert!(lin.done(&["search", "天気", "from:me", "in:#deploys"])?.contains("#deploys:3"));
    assert_eq!(lin.done(&["search", "--", "canary", "-crème"])?, "");
    let hits = json_lines(&lin.done(&["search", "canary", "--json"])?);
    assert_eq!(hits[0]["event"]["seq"], 2);
    lin.fails(&["search", "before:someday"], 2)?;
    let eve = Shell::new(&server, "eve")?;
    assert_eq!(eve.done(&["search", "canary"])?, "", "who is not there finds nothing");
    Ok(())
}

/// The same rule on every device: what `chat-cli listen --alerts` prints is what alerts.
#[test]
fn alerts_follow_levels_mutes_and_quiet_hours() -> Result<()> {
    let (server, mut ada, mut lin) = ada_and_lin()?;
    let id = room("deploys", &mut ada, &mut [&mut lin])?;
    let direct = ada.ok("direct.open", json!({"user": "lin"}))?["id"].as_str().unwrap().to_owned();
    let mut alerts = Running::start(Shell::new(&server, "lin")?.command(&["listen", "--alerts", "--json"])?)?;
    let mut heard = |body: &str| -> Result<()> {
        let line = alerts.line_within(std::time::Duration::from_secs(20))?.unwrap_or_default();
        assert!(line.contains(body), "{line} instead of {body}");
        Ok(())
    };
    heard("listening")?;
    let set = |lin: &mut Script, more: Value| -> Result<()> {
        let mut payload = more;
        payload["conversation"] = id.as_str().into();
        lin.ok("conversation.notify", payload).map(drop)
    };
    // Silence is heard as the next alert being a later one; the direct is where each round ends.
    say(&mut ada, &id, "for nobody")?;
    say(&mut ada, &id, "@lin hi")?;
    heard("@lin hi")?;
    say(&mut ada, &direct, "psst")?;
    heard("psst")?;

    set(&mut lin, json!({"level": "all"}))?;
    say(&mut ada, &id, "every word")?;
    heard("every word")?;
    set(&mut lin, json!({"level": "all", "mute_s": 600}))?;
    say(&mut ada, &id, "@lin muted")?;
    set(&mut lin, json!({"level": "none"}))?;
    say(&mut ada, &id, "@lin none")?;
    say(&mut ada, &direct, "psst again")?;
    heard("psst again")?;

    lin.ok("dnd.set", json!({"for_s": 600}))?;
    say(&mut ada, &direct, "quiet")?;
    lin.ok("dnd.set", json!({}))?;
    say(&mut ada, &direct, "loud")?;
    heard("loud")?;
    assert_eq!(look(&mut lin, &id)?["mentions"], 3, "counts go on in silence");
    Ok(())
}

#[test]
fn the_inbox_and_its_settings_are_there_in_a_shell() -> Result<()> {
    let (server, mut ada, mut lin) = ada_and_lin()?;
    let id = room("deploys", &mut ada, &mut [&mut lin])?;
    let root = say(&mut lin, &id, "root")?;
    say(&mut ada, &id, "@lin look\nthere")?;
    ada.ok("message.send", json!({"conversation": id, "client_id": uuid(), "body": "p99?", "thread": root}))?;
    let shell = Shell::new(&server, "lin")?;
    let inbox = shell.done(&["inbox"])?;
    let lines: Vec<&str> = inbox.lines().collect();
    assert!(lines[0].starts_with("* ") && lines[0].contains("#deploys:5 ada in a thread: p99?"), "{inbox}");
    assert!(
        lines[1].contains("#deploys:4 ada mentions you: @lin look") && lines[2] == "    there",
        "{inbox}"
    );
    assert_eq!(json_lines(&shell.done(&["inbox", "--json", "--limit", "1", "--mark-read"])?).len(), 1);
    assert_eq!(shell.done(&["inbox"])?.lines().count(), 2);
    let threads = shell.done(&["threads", "--unread"])?;
    assert!(threads.contains("#deploys:3 lin: root, 1 unread") && threads.contains("ada: p99?"), "{threads}");
    shell.done(&["inbox", "--clear"])?;
    assert_eq!(shell.done(&["inbox"])?, "");
    assert!(shell.done(&["follow", "#deploys:3", "--remove"])?.contains("not following"));
    assert_eq!(shell.done(&["threads"])?, "");
    shell.fails(&["follow", "#deploys", "1"], 1)?;
    shell.fails(&["follow", "#deploys"], 2)?;

    assert!(shell.done(&["notify", "#deploys"])?.contains("only what comes into the inbox"));
    let muted = shell.done(&["notify", "#deploys", "all", "--mute", "2h"])?;
    assert!(muted.contains("every message alerts; muted until"), "{muted}");
    assert!(shell.done(&["notify", "#deploys", "usual"])?.contains("muted until"), "the mute stays");
    assert!(!shell.done(&["notify", "#deploys", "--unmute"])?.contains("muted"));
    let quiet = ["dnd", "--from", "22:00", "--to", "8:00", "--days", "mon,fri", "--zone", "Europe/Berlin"];
    assert!(shell.done(&quiet)?.contains("not from 22:00 to 08:00, mon fri, Europe/Berlin"));
    assert!(shell.done(&["dnd", "--for", "1h"])?.contains("not from 22:00"), "the hours stay");
    shell.fails(&["dnd", "--from", "22:00", "--to", "8:00", "--zone", "Mars/Olympus"], 1)?;
    assert!(shell.done(&["dnd", "--off"])?.contains("may be disturbed"));
    Ok(())
}

#[test]
fn order_is_kept_and_people_are_known_from_a_shell() -> Result<()> {
    let server = Server::start()?;
    let (ada, lin) = (Shell::new(&server, "ada")?, Shell::new(&server, "lin")?);
    ada.done(&["register"])?;
    lin.done(&["register"])?;
    ada.done(&["create", "#deploys"])?;
    lin.done(&["join", "#deploys"])?;
    let seq = lin.done(&["send", "#deploys", "buy now"])?;
    let seq = seq.trim();

    ada.done(&["profile", "--name", "Ada Lovelace", "--zone", "Europe/London"])?;
    assert!(
        ada.done(&["status", "on holiday", "--emoji", "🌴", "--for", "2h"])?
            .starts_with("🌴 on holiday until ")
    );
    let profile = lin.done(&["profile", "@ada"])?;
    assert!(profile.contains("name: Ada Lovelace") && profile.contains("🌴 on holiday"), "{profile}");
    assert!(lin.done(&["people"])?.contains("@ada (Ada Lovelace) 🌴 on holiday"));
    assert_eq!(ada.done(&["status", "--clear"])?, "no status\n");
    assert!(ada.fails(&["profile", "--zone", "Europe/Atlantis"], 1)?.contains("Europe/Zurich"));

    assert_eq!(lin.done(&["block", "@ada"])?, "blocked @ada\n");
    assert_eq!(lin.done(&["blocked"])?, "@ada\n");
    assert!(ada.fails(&["send", "@lin", "hi"], 1)?.contains("You cannot write to this person."));
    lin.done(&["unblock", "@ada"])?;
    lin.done(&["read", "#deploys"])?;
    ada.done(&["read", "#deploys"])?;
    assert_eq!(lin.done(&["readers", "#deploys", seq])?, "@ada\n");
    assert!(ada.done(&["privacy", "--read-receipts", "off"])?.starts_with("read receipts: off\n"));
    assert_eq!(lin.done(&["readers", "#deploys", seq])?, "");
    assert!(ada.fails(&["readers", "#deploys", seq], 1)?.contains("privacy"));

    ada.done(&["report", "#deploys", seq, "--reason", "spam"])?;
    assert!(lin.fails(&["reports", "#deploys"], 1)?.contains("moderators"));
    let report = &json_lines(&ada.done(&["reports", "--json"])?)[0];
    assert_eq!(
        (report["reason"].as_str(), report["event"]["body"].as_str()),
        (Some("spam"), Some("buy now"))
    );
    let id = report["id"].as_str().unwrap();
    ada.done(&["reports", "--close", id, "--note", "talked to lin"])?;
    assert!(ada.done(&["reports", "#deploys", "--all"])?.contains("closed by @ada: talked to lin"));

    ada.done(&["mute", "#deploys", "@lin", "--for", "1h", "--reason", "cool down"])?;
    assert!(lin.fails(&["send", "#deploys", "but"], 1)?.contains("The reason given: cool down."));
    assert!(ada.done(&["bans", "#deploys", "--mutes"])?.contains("@lin by @ada since "));
    ada.done(&["unmute", "#deploys", "@lin"])?;
    assert_eq!(ada.done(&["purge", "#deploys", "@lin", "--within", "10m"])?, "deleted 1 messages by @lin\n");
    ada.done(&["ban", "#deploys", "@lin", "--reason", "spam"])?;
    assert!(
        lin.fails(&["join", "#deploys"], 1)?
            .contains("You are banned from this room. The reason given: spam.")
    );
    ada.done(&["unban", "#deploys", "@lin"])?;
    ada.done(&["ban", "--whole-server", "@lin", "--for", "1h"])?;
    assert!(lin.fails(&["rooms"], 1)?.contains("You are banned from this server until "));
    assert!(ada.done(&["bans"])?.starts_with("@lin by @ada"));
    ada.done(&["unban", "--whole-server", "@lin"])?;
    lin.done(&["login"])?;
    let acts: Vec<_> =
        json_lines(&ada.done(&["audit", "--json"])?).iter().map(|e| e["act"].clone()).collect();
    let expected = ["server_unban", "server_ban", "unban", "ban", "purge", "unmute", "mute", "report_close"];
    assert_eq!(acts, expected);
    assert!(ada.done(&["audit", "#deploys", "--limit", "1"])?.contains("@ada unban @lin in #deploys"));
    Ok(())
}
