//! One terminal client with accounts on two servers.

use std::process::Command;

use anyhow::{Result, ensure};
use chat_tests::{Key, PASSWORD, Script, Server, Terminal, bin, run, uuid};
use serde_json::json;
use tempfile::TempDir;

use crate::scenarios::{room, text};

/// Makes an account on a server, kept in this folder beside others.
pub(crate) fn sign_up(dir: &TempDir, server: &Server, name: &str) -> Result<()> {
    let mut command = Command::new(bin("chat-cli")?);
    command.arg("register").arg("--data-dir").arg(dir.path());
    command.envs([("CHAT_SERVER", server.url().as_str()), ("CHAT_USER", name), ("CHAT_PASSWORD", PASSWORD)]);
    let output = run(command, "")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

/// Says something in a room, and waits until it is stored.
fn say(script: &mut Script, room: &str, body: &str) -> Result<()> {
    script.ok("message.send", json!({"conversation": room, "client_id": uuid(), "body": body})).map(drop)
}

/// What was said in a room.
fn said(script: &mut Script, room: &str) -> Result<Vec<String>> {
    let page = script.ok("history.get", json!({"conversation": room}))?;
    let events = page["events"].as_array().cloned().unwrap_or_default();
    Ok(events.iter().filter(|event| event["kind"] == "message").map(|event| text(&event["body"])).collect())
}

/// Whether a line of the list holds both.
fn row(screen: &str, one: &str, other: &str) -> bool {
    screen.lines().any(|line| line.split('│').next().is_some_and(|l| l.contains(one) && l.contains(other)))
}

#[test]
fn two_servers_in_one_list() -> Result<()> {
    let (one, mut two) = (Server::start()?, Server::start()?);
    let dir = TempDir::with_prefix("chat-tui-")?;
    sign_up(&dir, &one, "ada")?;
    sign_up(&dir, &two, "mara")?;
    let (mut lin, mut eve) = (Script::register(&one, "lin")?, Script::register(&two, "eve")?);
    let ops = room("ops", &mut lin, &mut [&mut Script::login(&one, "ada")?])?;
    let fun = room("fun", &mut eve, &mut [&mut Script::login(&two, "mara")?])?;

    let data = dir.path().to_string_lossy().into_owned();
    let tui = Terminal::start(&bin("chat-tui")?, &["--data-dir", &data], &[("TZ", "UTC")], 110, 30)?;
    tui.wait_for("both accounts, connected", |screen| {
        screen.contains("2 accounts") && row(screen, "● ", "ada@") && row(screen, "● ", "mara@")
    })?;
    // The account that was made last is on the screen.
    tui.wait_for_text("message #fun on mara@")?;
    say(&mut lin, &ops, "the canary is out")?;
    say(&mut eve, &fun, "who has lunch?")?;
    tui.wait_for_text("who has lunch?")?;
    tui.wait_for("the other account's count", |screen| row(screen, "# ops", "1"))?;

    tui.press(Key::Alt('a'))?;
    tui.wait_for_text("message #ops on ada@")?;
    tui.wait_for_text("the canary is out")?;
    tui.type_text("good, to 50%")?;
    tui.press(Key::Enter)?;
    tui.wait_for("the message on the server", |screen| {
        screen.lines().any(|l| l.contains("good, to 50%") && l.contains('✓'))
    })?;
    tui.press(Key::Alt('/'))?;
    tui.wait_for_text("message #fun on mara@")?;
    assert_eq!(said(&mut lin, &ops)?, ["the canary is out", "good, to 50%"]);
    assert_eq!(said(&mut eve, &fun)?, ["who has lunch?"]);

    // One server goes away; the other account does not notice.
    two.kill();
    tui.wait_for("mara to be offline", |screen| screen.contains("○ offline"))?;
    tui.press(Key::Alt('/'))?;
    tui.wait_for_text("message #ops on ada@")?;
    tui.wait_for("the other to be marked", |screen| {
        row(screen, "mara@", "offline") || row(screen, "○ ", "mara@")
    })?;
    say(&mut lin, &ops, "still here?")?;
    tui.wait_for_text("still here?")?;
    tui.type_text("still here")?;
    tui.press(Key::Enter)?;
    lin.expect("event", |event| event["kind"] == "message" && event["body"] == "still here")?;
    Ok(())
}

#[test]
fn signing_out_of_one_account_leaves_nothing_of_it() -> Result<()> {
    let (one, two) = (Server::start()?, Server::start()?);
    let dir = TempDir::with_prefix("chat-tui-")?;
    sign_up(&dir, &one, "ada")?;
    sign_up(&dir, &two, "mara")?;
    let data = dir.path().to_string_lossy().into_owned();
    let mut tui = Terminal::start(&bin("chat-tui")?, &["--data-dir", &data], &[("TZ", "UTC")], 110, 30)?;
    tui.wait_for("both accounts", |screen| row(screen, "● ", "ada@") && row(screen, "● ", "mara@"))?;
    let caches = || -> Result<usize> {
        let files = std::fs::read_dir(dir.path().join("cache"))?.filter_map(Result::ok);
        Ok(files.filter(|file| file.path().extension().is_some_and(|end| end == "db")).count())
    };
    assert_eq!(caches()?, 2);
    tui.type_text("/account remove")?;
    tui.press(Key::Enter)?;
    tui.wait_for_text("Sign out of mara@")?;
    tui.type_text("y")?;
    tui.wait_for_text("nothing of it is kept here")?;
    tui.wait_for("one account", |screen| !screen.contains("2 accounts") && screen.contains("● connected"))?;
    assert_eq!(caches()?, 1);
    let saved = std::fs::read_to_string(dir.path().join("accounts.json"))?;
    assert!(saved.contains("ada") && !saved.contains("mara"), "only one is saved");
    tui.type_text("/quit")?;
    tui.press(Key::Enter)?;
    assert_eq!(tui.wait()?, 0);
    Ok(())
}
