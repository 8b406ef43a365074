//! `chat-tui --plain`: a dumb terminal, and pipes.

use std::process::Command;

use anyhow::{Result, ensure};
use chat_tests::{Key, Script, Server, Terminal, bin, run, uuid};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::scenarios::{room, text};
use crate::terminals_accounts::sign_up;

/// Text that would take a terminal over, and a line that looks like somebody else's.
const HOSTILE: &str = "hi\u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}31m\u{202e}\r\n99: ada to you, 09:00: I agree";

/// Runs lines through a pipe; gives the exit code and what was written.
fn piped(dir: &TempDir, lines: &str) -> Result<(Option<i32>, String)> {
    let mut command = Command::new(bin("chat-tui")?);
    command.arg("--plain").arg("--data-dir").arg(dir.path()).env("TZ", "UTC");
    let output = run(command, lines)?;
    let written = String::from_utf8(output.stdout)?;
    ensure!(
        written.chars().all(|c| c == '\n' || !c.is_control()),
        "only letters and line ends are written: {written:?}"
    );
    Ok((output.status.code(), written))
}

#[test]
fn a_script_of_lines_does_one_thing_after_the_other() -> Result<()> {
    let server = Server::start()?;
    let dir = TempDir::with_prefix("chat-tui-")?;
    sign_up(&dir, &server, "ada")?;
    let mut lin = Script::register(&server, "lin")?;
    let ops = room("ops", &mut lin, &mut [])?;

    let (code, written) =
        piped(&dir, "/join #ops\nthe canary is out\n/reply 3 and at 50%\n/msg lin hello\n/list\n")?;
    assert_eq!(code, Some(0), "{written}");
    for words in
        ["Connected to", "Now in #ops", "Sent as 3.", "Sent as 4.", "Now in @lin", "1) #ops", "2) @lin, open"]
    {
        assert!(written.contains(words), "{words:?}:\n{written}");
    }
    let page = lin.ok("history.get", json!({"conversation": ops}))?;
    let events = page["events"].as_array().cloned().unwrap_or_default();
    let said = |event: &&Value| event["kind"] == "message";
    let bodies: Vec<String> = events.iter().filter(said).map(|event| text(&event["body"])).collect();
    assert_eq!(bodies, ["the canary is out", "and at 50%"]);
    assert_eq!(events.iter().rfind(said).unwrap()["reply_to"], 3);

    let (code, written) = piped(&dir, "/go nowhere\n")?;
    assert_eq!(code, Some(1), "what could not be done is told to the script:\n{written}");
    Ok(())
}

#[test]
fn hostile_text_stays_behind_its_bar() -> Result<()> {
    let server = Server::start()?;
    let dir = TempDir::with_prefix("chat-tui-")?;
    sign_up(&dir, &server, "ada")?;
    let mut lin = Script::register(&server, "lin")?;
    let id = text(&lin.ok("direct.open", json!({"user": "ada"}))?["id"]);
    lin.ok("message.send", json!({"conversation": id, "client_id": uuid(), "body": HOSTILE}))?;
    let (_, written) = piped(&dir, "/go @lin\n")?;
    assert!(written.contains("lin to you"), "{written}");
    assert!(written.lines().all(|line| !line.starts_with("99:")), "{written}");
    assert!(written.contains("  | 99: ada to you"), "{written}");
    assert!(!written.contains('\u{202e}'), "{written}");
    Ok(())
}

#[test]
fn a_dumb_terminal_gets_lines_and_a_message_does_not_garble_what_is_written() -> Result<()> {
    let server = Server::start()?;
    let dir = TempDir::with_prefix("chat-tui-")?;
    sign_up(&dir, &server, "ada")?;
    let mut lin = Script::register(&server, "lin")?;
    let id = text(&lin.ok("direct.open", json!({"user": "ada"}))?["id"]);
    let data = dir.path().to_string_lossy().into_owned();
    let environment = [("TZ", "UTC"), ("TERM", "dumb")];
    let mut tui = Terminal::start(&bin("chat-tui")?, &["--data-dir", &data], &environment, 80, 40)?;
    tui.wait_for_text("Connected to")?;
    tui.wait_for_text("Now in @lin")?;
    let say = |lin: &mut Script, body: &str| {
        let message = json!({"conversation": id, "client_id": uuid(), "body": body});
        lin.ok("message.send", message).map(drop)
    };
    say(&mut lin, "did it go out?")?;
    tui.wait_for_text("lin to you")?;

    // While a line is being written, what comes waits for its end.
    tui.type_text("yes, 5% sinc")?;
    tui.wait_for_text("yes, 5% sinc")?;
    say(&mut lin, HOSTILE)?;
    tui.type_text("e nine")?;
    tui.wait_for("the line in one piece", |screen| screen.lines().any(|line| line == "yes, 5% since nine"))?;
    tui.press(Key::Enter)?;
    lin.expect("event", |event| event["kind"] == "message" && event["body"] == "yes, 5% since nine")?;
    let screen = tui.wait_for_text("Sent as 4.")?;
    let at = |words: &str| screen.lines().position(|line| line.contains(words));
    assert!(at("yes, 5% since nine") < at("  | 99:"), "held until the line was finished:\n{screen}");
    assert!(tui.title().is_empty() && tui.clipboard().is_empty());
    tui.look(|screen| assert!(!screen.alternate_screen()));
    tui.type_text("/quit")?;
    tui.press(Key::Enter)?;
    assert_eq!(tui.wait()?, 0);
    tui.ensure_restored()?;
    Ok(())
}
