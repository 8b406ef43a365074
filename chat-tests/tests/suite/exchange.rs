//! Out of one server and into another.

use std::path::Path;
use std::process::{Command, Output};

use anyhow::{Context, Result, ensure};
use chat_tests::{Folder, Options, Script, Server, bin, run};
use serde_json::{Value, json};

use crate::backup::log;
use crate::scenarios::files::{PICTURE, http, send};
use crate::scenarios::{about, ada_and_lin, room, say, say_with, text};

fn server_command(arguments: &[&str], dir: &Path) -> Result<Output> {
    let mut command = Command::new(bin("chat-server")?);
    command.args(arguments).arg("--data-dir").arg(dir);
    run(command, "")
}

fn import(from: &Path, into: &Path, more: &[&str]) -> Result<Value> {
    let arguments = [&["import", from.to_str().unwrap(), "--json"], more].concat();
    let output = server_command(&arguments, into)?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Says, answers, edits, deletes, reacts, pins and attaches; gives the room, and the file.
fn live(server: &Server, ada: &mut Script, lin: &mut Script) -> Result<(String, String)> {
    let id = room("deploys", ada, &mut [lin])?;
    let root = say(ada, &id, "frist words")?;
    ada.ok("message.edit", about(&id, root, json!({"body": "first words, @lin"})))?;
    say_with(lin, &id, "in a thread", json!({"thread": root}))?;
    lin.ok("message.react", about(&id, root, json!({"emoji": "🎉", "on": true})))?;
    ada.ok("message.pin", about(&id, root, json!({"on": true})))?;
    let wrong = say(lin, &id, "taken back")?;
    lin.ok("message.delete", about(&id, wrong, json!({})))?;
    let file = http(server, ada).upload("latency.png", PICTURE)?;
    send(ada, &id, "look", &[&file])?;
    let direct = ada.ok("direct.open", json!({"user": "lin"}))?;
    say(lin, &text(&direct["id"]), "between us")?;
    // As the server itself.
    let kept = server.command(&["room", "retention", "deploys", "90"])?;
    ensure!(kept.status.success(), "{}", String::from_utf8_lossy(&kept.stderr));
    Ok((id, file))
}

#[test]
fn who_forgets_the_zip_is_asked_for_it() -> Result<()> {
    let home = Folder::new("chat-server-")?;
    let refused = server_command(&["import", "slack"], home.path())?;
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && said.contains("import slack ZIP"), "{said}");
    Ok(())
}

#[test]
fn everything_goes_out_and_comes_in_elsewhere() -> Result<()> {
    let (server, mut ada, mut lin) = ada_and_lin()?;
    let (id, file) = live(&server, &mut ada, &mut lin)?;
    let dir = Folder::new("chat-export-")?;
    let out = dir.path().join("all");
    let output = server.command(&["export", out.to_str().unwrap()])?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = std::fs::read_to_string(out.join("export.jsonl"))?;
    assert!(lines.contains("first words, @lin") && lines.contains("frist words"), "versions too");
    assert!(
        !lines.contains("taken back") && !lines.contains("argon2"),
        "neither what was deleted nor secrets"
    );
    let refused = server.command(&["import", out.to_str().unwrap()])?;
    assert!(String::from_utf8_lossy(&refused.stderr).contains("another chat-server"), "{refused:?}");

    let home = Folder::new("chat-server-")?;
    let absent = home.path().join("absent");
    let told = import(&out, &absent, &["--dry-run"])?;
    assert!(!absent.exists(), "who only asks makes nothing");
    let asked = import(&out, home.path(), &["--dry-run"])?;
    assert_eq!(asked, told);
    let output = server_command(&["import", out.to_str().unwrap()], home.path())?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let words = String::from_utf8(output.stdout)?;
    let code = words.lines().find_map(|line| line.strip_prefix("owner invite: ")).context("no code")?;
    let again = import(&out, home.path(), &[])?;
    assert_eq!(asked["events"], again["events_known"]);
    for nothing in ["events", "files", "users_made", "conversations_made"] {
        assert_eq!(again[nothing], 0, "{nothing}");
    }
    let copy = Server::start_in(home, Options { registration: "invite", ..Options::default() }, 0)?;
    let mut grace = Script::register_with(&copy, "grace", Some(code))?;
    grace.ok("room.join", json!({"room": "deploys"}))?;
    let (then, now) = (log(&mut ada, &id)?, log(&mut grace, &id)?);
    assert_eq!(then[..], now[..then.len()], "every event is as it was");
    let fetched = http(&copy, &grace).get(&file, &[])?;
    assert_eq!((fetched.status, fetched.body.as_slice()), (200, PICTURE));
    let found = grace.ok("search", json!({"query": "first words"}))?;
    assert_eq!(found["hits"].as_array().unwrap().len(), 1, "{found}");
    let versions = grace.ok("message.versions", about(&id, 3, json!({})))?;
    assert!(versions.to_string().contains("frist words"), "{versions}");
    say(&mut grace, &id, "and it goes on")?;
    assert!(Script::login(&copy, "lin").is_err(), "nobody gets in without a password");
    Ok(())
}

/// Keeps, follows, marks, silences, asks in, blocks, bans and reports.
fn keep(server: &Server, ada: &mut Script, lin: &mut Script, id: &str) -> Result<()> {
    server.command(&["user", "role", "ada", "owner"])?;
    let mut mallory = Script::register(server, "mallory")?;
    mallory.ok("room.join", json!({"room": "deploys"}))?;
    let spam = say(&mut mallory, id, "buy this")?;
    let called = say(ada, id, "@lin, look at this")?;
    lin.ok("read.mark", json!({"conversation": id, "seq": called - 1}))?;
    lin.ok("saved.set", about(id, called, json!({"on": true})))?;
    lin.ok("conversation.star", json!({"conversation": id, "on": true}))?;
    lin.ok("conversation.notify", json!({"conversation": id, "level": "all", "mute_s": 3_600}))?;
    lin.ok("thread.follow", json!({"conversation": id, "thread": called, "on": true}))?;
    say_with(ada, id, "and more", json!({"thread": called}))?;
    lin.ok(
        "profile.set",
        json!({"display_name": "Lin W.", "zone": "Asia/Tokyo", "status": {"emoji": "🌱", "text": "away"}}),
    )?;
    lin.ok("privacy.set", json!({"typing": false}))?;
    lin.ok("dnd.set", json!({"schedule": {"from": "22:00", "to": "07:00", "zone": "Asia/Tokyo"}}))?;
    lin.ok("block.set", json!({"user": "mallory", "on": true}))?;
    lin.ok("report.create", about(id, spam, json!({"reason": "spam"})))?;
    ada.ok("member.ban", json!({"conversation": id, "user": "mallory", "reason": "spam"}))?;
    ada.ok("user.mute", json!({"user": "mallory", "for_s": 86_400, "reason": "spam again"}))?;
    let secret =
        ada.ok("room.create", json!({"client_id": chat_tests::uuid(), "name": "secret", "private": true}))?;
    ada.ok("room.invite", json!({"conversation": secret["id"], "user": "lin"}))?;
    Ok(())
}

fn export_lines(dir: &Path, out: &Path) -> Result<Vec<String>> {
    let output = server_command(&["export", out.to_str().unwrap()], dir)?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = std::fs::read_to_string(out.join("export.jsonl"))?;
    // The first says when it was made.
    Ok(lines.lines().skip(1).map(str::to_owned).collect())
}

#[test]
fn what_people_keep_and_where_they_stand_comes_along() -> Result<()> {
    let (mut server, mut ada, mut lin) = ada_and_lin()?;
    let (id, _) = live(&server, &mut ada, &mut lin)?;
    keep(&server, &mut ada, &mut lin, &id)?;
    server.kill();
    let dir = Folder::new("chat-export-")?;
    let (all, again) = (dir.path().join("all"), dir.path().join("again"));
    let then = export_lines(&server.data_dir(), &all)?;
    for kind in
        ["block", "server_ban", "invitation", "notice", "thread", "saved", "room_ban", "report", "audit"]
    {
        let kind = format!("\"type\":\"{kind}\"");
        assert!(then.iter().any(|line| line.contains(&kind)), "no line has {kind}");
    }
    let home = Folder::new("chat-server-")?;
    let report = import(&all, home.path(), &[])?;
    assert_eq!(report["left_out"], json!({}), "{report}");
    assert!(report["asides"].as_u64() >= Some(9), "{report}");
    let now = export_lines(home.path(), &again)?;
    for (then, now) in then.iter().zip(&now) {
        assert_eq!(then, now);
    }
    assert_eq!(then.len(), now.len());
    assert_eq!(import(&all, home.path(), &[])?["asides"], 0, "and once only");
    Ok(())
}

#[test]
fn a_file_bans_nobody_who_is_here_already() -> Result<()> {
    let (server, mut ada, mut lin) = ada_and_lin()?;
    let (id, _) = live(&server, &mut ada, &mut lin)?;
    keep(&server, &mut ada, &mut lin, &id)?;
    let dir = Folder::new("chat-export-")?;
    let all = dir.path().join("all");
    export_lines(&server.data_dir(), &all)?;
    let mut other = Server::start()?;
    drop(Script::register(&other, "mallory")?);
    other.kill();
    let report = import(&all, &other.data_dir(), &[])?;
    assert!(report["left_out"].to_string().contains("accounts that are in use here"), "{report}");
    other.restart()?;
    let mut mallory = Script::login(&other, "mallory")?;
    let mine = room("mine", &mut mallory, &mut [])?;
    say(&mut mallory, &mine, "I may write here")?;
    Ok(())
}

#[test]
fn people_who_are_there_already_keep_their_accounts() -> Result<()> {
    let (server, mut ada, mut lin) = ada_and_lin()?;
    let (id, _) = live(&server, &mut ada, &mut lin)?;
    let dir = Folder::new("chat-export-")?;
    let out = dir.path().join("all");
    ensure!(server.command(&["export", out.to_str().unwrap()])?.status.success());
    let mut other = Server::start()?;
    let (mut ada_there, mut lin_there) = (Script::register(&other, "ada")?, Script::register(&other, "lin")?);
    room("deploys", &mut lin_there, &mut [])?;
    let direct = text(&ada_there.ok("direct.open", json!({"user": "lin"}))?["id"]);
    say(&mut ada_there, &direct, "from before")?;
    let (ada_id, lin_id) = (ada_there.user_id(), lin_there.user_id());
    drop((ada_there, lin_there));
    other.kill();
    let report = import(&out, &other.data_dir(), &[])?;
    assert_eq!((&report["users_made"], &report["users_matched"]), (&json!(0), &json!(2)), "{report}");
    assert!(report["notes"].to_string().contains("#deploys-2"), "{report}");
    assert_eq!(import(&out, &other.data_dir(), &[])?["events"], 0);
    other.restart()?;
    let mut ada_there = Script::login(&other, "ada")?;
    let events = log(&mut ada_there, &id)?;
    let server_id = uuid::Uuid::nil().to_string();
    let known = [ada_id.as_str(), lin_id.as_str(), &server_id];
    assert!(events.iter().all(|event| known.contains(&event["author"]["id"].as_str().unwrap())));
    assert_eq!(events[2]["reactions"][0]["users"], json!([lin_id]), "{}", events[2]);
    let direct = log(&mut ada_there, &direct)?;
    let bodies: Vec<&Value> =
        direct.iter().map(|event| &event["body"]).filter(|body| !body.is_null()).collect();
    assert_eq!(bodies, [&json!("from before"), &json!("between us")]);
    Ok(())
}

#[test]
fn one_persons_words_are_theirs_alone() -> Result<()> {
    let (server, mut ada, mut lin) = ada_and_lin()?;
    live(&server, &mut ada, &mut lin)?;
    let dir = Folder::new("chat-export-")?;
    let out = dir.path().join("ada");
    let path = out.to_str().unwrap();
    ensure!(server.command(&["export", path, "--user", "ada"])?.status.success());
    let lines = std::fs::read_to_string(out.join("export.jsonl"))?;
    assert!(
        lines.contains("first words") && !lines.contains("in a thread") && !lines.contains("between us"),
        "{lines}"
    );
    assert_eq!(std::fs::read_dir(out.join("files"))?.count(), 1);
    let refused = server.command(&["export", dir.path().join("x").to_str().unwrap(), "--user", "nobody"])?;
    assert!(String::from_utf8_lossy(&refused.stderr).contains("nobody called nobody"), "{refused:?}");
    let home = Folder::new("chat-server-")?;
    let refused = server_command(&["import", path], home.path())?;
    assert!(String::from_utf8_lossy(&refused.stderr).contains("what ada wrote"), "{refused:?}");
    Ok(())
}

#[test]
fn a_broken_export_says_where() -> Result<()> {
    let dir = Folder::new("chat-export-")?;
    let home = Folder::new("chat-server-")?;
    let header = r#"{"type":"export","format":1,"version":"x","at":1}"#;
    for (lines, why) in [
        ("".to_owned(), "is empty"),
        ("{}\n".to_owned(), "line 1"),
        (header.to_owned(), "cut off"),
        (format!("{header}\n{header}\n"), "begins with one line"),
        (r#"{"type":"export","format":9,"version":"9","at":1}"#.to_owned() + "\n", "newer chat-server"),
        (format!("{header}\n{{\"type\":\"event\"}}\n"), "line 2"),
    ] {
        std::fs::write(dir.path().join("export.jsonl"), lines)?;
        let refused = server_command(&["import", dir.path().to_str().unwrap()], home.path())?;
        let reason = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success() && reason.contains(why), "{why}: {reason}");
    }
    Ok(())
}
