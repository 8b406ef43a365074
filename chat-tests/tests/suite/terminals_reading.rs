//! Real terminals: settings and keys that change while the chat runs, links, days, exports, a
//! terminal that says nothing, and the rights of what is left on the disk.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use chat_tests::{Key, Manner, Options, PASSWORD, Script, Server, Terminal, bin, run, uuid};
use serde_json::{Value, json};

use crate::scenarios::room;
use crate::terminals::{Seat, enter};

fn say(script: &mut Script, room: &str, body: &str) -> Result<()> {
    script.ok("message.send", json!({"conversation": room, "client_id": uuid(), "body": body})).map(drop)
}

#[test]
fn settings_and_keys_change_while_the_chat_runs() -> Result<()> {
    let server = Server::start()?;
    let seat = Seat::register(&server, "ada")?;
    let mut ada = Script::login(&server, "ada")?;
    let mut lin = Script::register(&server, "lin")?;
    room("ops", &mut ada, &mut [&mut lin])?;
    drop(ada);
    let terminal = seat.open()?;
    enter(&terminal, "/join #ops")?;
    terminal.wait_for_text("message #ops")?;
    let file = seat.dir.path().join("settings.toml");

    fs::write(&file, "[keys.chat]\n\"alt-z\" = \"/members\"\n")?;
    // The file is noticed by the kernel's word, in its own time; the key says when it holds.
    terminal.wait_until("the new key", |it| {
        it.press(Key::Alt('z')).is_ok() && it.screen().contains("─ members ─")
    })?;
    terminal.press(Key::Escape)?;
    terminal.wait_until_gone("─ members ─")?;

    fs::write(&file, "bell = \"loud\"\n[keys.chat]\n\"alt-z\" = \"/members\"\n")?;
    terminal.wait_for_text("bell")?;
    let screen = terminal.screen();
    ensure!(screen.contains("loud"), "the line that is wrong is quoted:\n{screen}");
    terminal.press(Key::Alt('z'))?;
    terminal.wait_for_text("─ members ─")?;
    terminal.press(Key::Escape)?;
    terminal.wait_until_gone("─ members ─")?;

    enter(&terminal, "/set theme light")?;
    terminal
        .wait_until("the file", |_| fs::read_to_string(&file).is_ok_and(|text| text.contains("light")))?;
    let kept = fs::read_to_string(&file)?;
    ensure!(kept.contains("alt-z"), "what the person wrote stays: {kept}");
    Ok(())
}

#[test]
fn links_are_told_to_the_terminal_and_days_are_gone_to() -> Result<()> {
    let server = Server::start()?;
    let seat = Seat::register(&server, "ada")?;
    let mut ada = Script::login(&server, "ada")?;
    let mut lin = Script::register(&server, "lin")?;
    let ops = room("ops", &mut ada, &mut [&mut lin])?;
    drop(ada);
    let long = format!("https://example.org/{}", "graph/".repeat(30));
    say(&mut lin, &ops, "the first of this day")?;
    say(&mut lin, &ops, &format!("see {long}"))?;
    say(
        &mut lin,
        &ops,
        "[home](javascript:alert(1)) and [a\u{1b}]8;;https://evil.example\u{7}b](https://example.org/b)",
    )?;
    for number in 0..60 {
        say(&mut lin, &ops, &format!("later {number}"))?;
    }
    let terminal = seat.open()?;
    enter(&terminal, "/join #ops")?;
    terminal.wait_for_text("later 59")?;
    enter(&terminal, "/day today")?;
    terminal.wait_for_text("the first of this day")?;
    terminal.wait_until("the links", |it| it.links().len() >= 2)?;
    let links = terminal.links();
    ensure!(links.contains(&long), "a link over several rows is whole: {links:?}");
    ensure!(links.contains(&"https://example.org/b".to_owned()), "{links:?}");
    ensure!(
        !links.contains(&"https://evil.example".to_owned()),
        "none that a message itself told: {links:?}"
    );
    ensure!(links.iter().all(|link| link.starts_with("https://")), "{links:?}");
    enter(&terminal, "/day 1999-01-01")?;
    terminal.wait_for("a word about that day", |screen| screen.contains("1999"))?;
    Ok(())
}

#[test]
fn a_conversation_is_exported_the_same_way_by_both() -> Result<()> {
    // More than one page of history, written at once.
    let more = ["--requests-per-second", "1000", "--request-burst", "1000"].map(str::to_owned).to_vec();
    let server = Server::start_with(Options { more, ..Options::default() })?;
    let seat = Seat::register(&server, "ada")?;
    let mut ada = Script::login(&server, "ada")?;
    let mut lin = Script::register(&server, "lin")?;
    let ops = room("ops", &mut ada, &mut [&mut lin])?;
    drop(ada);
    for number in 0..250 {
        say(&mut lin, &ops, &format!("line {number}"))?;
    }
    say(&mut lin, &ops, "\u{1b}]0;owned\u{7}\u{202e}the end")?;
    let folder = seat.dir.path().join("out");
    fs::create_dir(&folder)?;

    let terminal = seat.open()?;
    enter(&terminal, "/join #ops")?;
    terminal.wait_for_text("the end")?;
    for (format, name) in [("text", "tui.txt"), ("markdown", "tui.md"), ("json", "tui.json")] {
        let path = folder.join(name);
        enter(&terminal, &format!("/export {format} {}", path.display()))?;
        terminal.wait_until("the export", |_| {
            // It is there before its last line is.
            fs::read_to_string(&path).is_ok_and(|text| text.contains("the end"))
        })?;
        let shell = folder.join(name.replace("tui", "cli"));
        let mut command = Command::new(bin("chat-cli")?);
        command
            .args(["export", "#ops", "--format", format])
            .arg(&shell)
            .arg("--data-dir")
            .arg(seat.dir.path());
        command.envs([
            ("CHAT_SERVER", seat.server.as_str()),
            ("CHAT_USER", "ada"),
            ("CHAT_PASSWORD", PASSWORD),
        ]);
        let output = run(command, "")?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let (tui, cli) = (fs::read_to_string(&path)?, fs::read_to_string(&shell)?);
        ensure!(body(&tui) == body(&cli), "{format} differs:\n{tui}\n{cli}");
        ensure!(tui.contains("line 0") && tui.contains("line 249") && tui.contains("the end"), "{tui}");
        let unsafe_ = tui.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}');
        ensure!(!unsafe_, "{format} holds a control character: {tui:?}");
        if format == "json" {
            let rows = tui.lines().map(serde_json::from_str::<Value>).collect::<Result<Vec<_>, _>>();
            ensure!(rows.is_ok() || serde_json::from_str::<Value>(&tui).is_ok(), "{tui}");
        }
    }
    Ok(())
}

/// An export without the line that says when it was made.
fn body(text: &str) -> Vec<&str> {
    text.lines().filter(|line| !line.to_lowercase().contains("exported")).collect()
}

#[test]
fn a_terminal_that_answers_nothing_can_be_chatted_in() -> Result<()> {
    let server = Server::start()?;
    let seat = Seat::register(&server, "ada")?;
    let mut lin = Script::register(&server, "lin")?;
    lin.ok("direct.open", json!({"user": "ada"}))?;
    let dir = seat.dir.path().to_string_lossy().into_owned();
    let arguments = ["--server", &seat.server, "--user", seat.name, "--data-dir", &dir];
    let mut terminal =
        Terminal::start_in(Manner::Silent, &bin("chat-tui")?, &arguments, &[("TZ", "UTC")], (80, 24))?;
    // Keys that come while it waits for an answer are not lost.
    terminal.type_text("/msg lin")?;
    terminal.wait_for_text("connected")?;
    terminal.wait_for_text("/msg lin")?;
    terminal.press(Key::Enter)?;
    terminal.wait_for_text("message @lin")?;
    enter(&terminal, "is anybody there?")?;
    lin.expect_message("is anybody there?")?;
    enter(&terminal, "/quit")?;
    assert_eq!(terminal.wait()?, 0);
    terminal.ensure_restored()?;
    Ok(())
}

#[test]
fn what_is_left_on_the_disk_is_for_its_owner_alone() -> Result<()> {
    let server = Server::start()?;
    let seat = Seat::register(&server, "ada")?;
    let mut lin = Script::register(&server, "lin")?;
    lin.ok("direct.open", json!({"user": "ada"}))?;
    let mut terminal = seat.open()?;
    enter(&terminal, "/msg lin")?;
    terminal.wait_for_text("message @lin")?;
    enter(&terminal, "/set bell false")?;
    enter(&terminal, "for lin alone")?;
    lin.expect_message("for lin alone")?;
    terminal.type_text("a draft that is kept")?;
    terminal.wait_for_text("a draft that is kept")?;
    let running = files(seat.dir.path())?;
    terminal.press(Key::Ctrl('c'))?;
    terminal.press(Key::Ctrl('c'))?;
    terminal.press(Key::Ctrl('c'))?;
    terminal.wait()?;
    let all: Vec<PathBuf> = running.into_iter().chain(files(seat.dir.path())?).collect();
    let named = |part: &str| all.iter().any(|path| path.to_string_lossy().contains(part));
    ensure!(named(".db") && named("-wal") && named(".lock") && named(".log"), "{all:?}");
    for path in all.iter().filter(|path| path.exists()) {
        let mode = fs::metadata(path).context("a file that was there")?.permissions().mode();
        ensure!(mode & 0o077 == 0, "{} has the rights {mode:o}", path.display());
    }
    Ok(())
}

/// All files below a folder.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            all.extend(files(&path)?);
        } else {
            all.push(path);
        }
    }
    Ok(all)
}
