//! Real terminals: the real server, real `chat-tui`s in pseudo-terminals, and what is seen there.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use chat_tests::{Key, PASSWORD, Script, Server, Signal, Terminal, bin, run};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::scenarios::{room, text};

/// A person in front of a terminal, with a folder of their own.
pub(crate) struct Seat {
    pub(crate) dir: TempDir,
    pub(crate) server: String,
    pub(crate) name: &'static str,
}

impl Seat {
    /// Makes the account, as `chat-cli register` does; the TUI then finds it.
    pub(crate) fn register(server: &Server, name: &'static str) -> Result<Self> {
        let seat = Self { dir: TempDir::with_prefix("chat-tui-")?, server: server.url(), name };
        let mut command = Command::new(bin("chat-cli")?);
        command.arg("register").arg("--data-dir").arg(seat.dir.path());
        command.envs([
            ("CHAT_SERVER", seat.server.as_str()),
            ("CHAT_USER", name),
            ("CHAT_PASSWORD", PASSWORD),
        ]);
        let output = run(command, "")?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(seat)
    }

    /// Opens the client and waits until it is connected.
    pub(crate) fn open(&self) -> Result<Terminal> {
        let terminal = self.open_offline()?;
        terminal.wait_for_text("connected")?;
        Ok(terminal)
    }

    fn open_offline(&self) -> Result<Terminal> {
        self.open_in(&[("TZ", "UTC")])
    }

    /// Opens the client in a terminal that says this of itself.
    fn open_in(&self, environment: &[(&str, &str)]) -> Result<Terminal> {
        let dir = self.dir.path().to_string_lossy().into_owned();
        let arguments = ["--server", &self.server, "--user", self.name, "--data-dir", &dir];
        Terminal::start(&bin("chat-tui")?, &arguments, environment, 100, 30)
    }
}

/// Types a line into the composer and sends it.
pub(crate) fn enter(terminal: &Terminal, line: &str) -> Result<()> {
    terminal.type_text(line)?;
    terminal.wait_for(&format!("{line:?} in the composer"), |screen| screen.contains(line))?;
    terminal.press(Key::Enter)
}

#[test]
fn one_types_the_other_sees_it_and_the_first_sees_read() -> Result<()> {
    let server = Server::start()?;
    let (ada_seat, lin_seat) = (Seat::register(&server, "ada")?, Seat::register(&server, "lin")?);
    let eve_seat = Seat::register(&server, "eve")?;
    let mut maker = Script::login(&server, "ada")?;
    room("elsewhere", &mut Script::login(&server, "eve")?, &mut [])?;
    maker.ok("direct.open", json!({"user": "lin"}))?;
    drop(maker);

    let (ada, lin, eve) = (ada_seat.open()?, lin_seat.open()?, eve_seat.open()?);
    enter(&ada, "/msg lin")?;
    enter(&lin, "/msg ada")?;
    ada.wait_for_text("message @lin")?;
    lin.wait_for_text("message @ada")?;

    ada.type_text("did the canary go out?")?;
    lin.wait_for_text("ada is typing")?;
    ada.press(Key::Enter)?;
    lin.wait_for_text("did the canary go out?")?;
    lin.wait_until_gone("ada is typing")?;
    ada.wait_for("the read mark", |screen| {
        screen.lines().any(|line| line.contains("did the canary go out?") && line.contains("✓✓"))
    })?;
    enter(&lin, "yes, 5% since 08:50")?;
    ada.wait_for_text("yes, 5% since 08:50")?;

    let eves = eve.screen();
    let words: Vec<&str> = eves.split(|c: char| !c.is_alphanumeric()).collect();
    for secret in ["canary", "since", "typing", "ada", "lin"] {
        assert!(!words.contains(&secret), "eve sees {secret:?}:\n{eves}");
    }
    Ok(())
}

#[test]
fn the_dot_follows_a_disconnect() -> Result<()> {
    let server = Server::start()?;
    let (ada_seat, lin_seat) = (Seat::register(&server, "ada")?, Seat::register(&server, "lin")?);
    Script::login(&server, "ada")?.ok("direct.open", json!({"user": "lin"}))?;
    let ada = ada_seat.open()?;
    let has_dot =
        |dot: char| move |screen: &str| screen.lines().any(|line| line.contains(&format!("{dot} lin")));
    ada.wait_for("lin to be away", has_dot('○'))?;
    let mut lin = lin_seat.open()?;
    ada.wait_for("lin to be there", has_dot('●'))?;
    lin.kill();
    ada.wait_for("lin to be gone", has_dot('○'))?;
    Ok(())
}

#[test]
fn what_was_typed_offline_arrives_exactly_once_after_kill_9() -> Result<()> {
    let mut server = Server::start()?;
    let ada_seat = Seat::register(&server, "ada")?;
    let mut lin = Script::register(&server, "lin")?;
    let id = text(&lin.ok("direct.open", json!({"user": "ada"}))?["id"]);
    drop(lin);
    let mut ada = ada_seat.open()?;
    enter(&ada, "/msg lin")?;
    ada.wait_for_text("message @lin")?;
    server.kill();
    ada.wait_until_gone("● connected")?;

    let typed: Vec<String> = (1..=5).map(|n| format!("offline message {n}")).collect();
    for line in &typed {
        enter(&ada, line)?;
        // The composer is empty again and the message stands above it: it is in the outbox.
        ada.wait_for(&format!("{line:?} among the messages"), |screen| {
            screen.contains(line) && screen.contains("message @lin")
        })?;
    }
    ada.kill();
    server.restart()?;
    let ada = ada_seat.open()?;
    let mut lin = Script::login(&server, "lin")?;
    let count = |lin: &mut Script| -> Result<Vec<String>> {
        let page = lin.ok("history.get", json!({"conversation": id}))?;
        let messages = page["events"].as_array().unwrap().iter().filter(|event| event["kind"] == "message");
        Ok(messages.map(|event: &Value| text(&event["body"])).collect())
    };
    // The last one to arrive is the barrier: they are sent in order.
    while !count(&mut lin)?.contains(&typed[4]) {
        lin.expect("event", |event| event["kind"] == "message")?;
    }
    lin.barrier()?;
    assert_eq!(count(&mut lin)?, typed, "each once, in order");
    drop(ada);
    Ok(())
}

#[test]
fn the_terminal_is_given_back_on_every_way_out() -> Result<()> {
    let server = Server::start()?;
    let seat = Seat::register(&server, "ada")?;

    let mut terminal = seat.open()?;
    enter(&terminal, "/quit")?;
    assert_eq!(terminal.wait()?, 0);
    terminal.ensure_restored().context("after /quit")?;

    let mut terminal = seat.open()?;
    terminal.press(Key::Ctrl('c'))?;
    terminal.press(Key::Ctrl('c'))?;
    terminal.wait()?;
    terminal.ensure_restored().context("after Ctrl-C, twice")?;

    let mut left_changed = Vec::new();
    for signal in [Signal::Terminate, Signal::HangUp, Signal::Interrupt] {
        let mut terminal = seat.open()?;
        terminal.signal(signal)?;
        terminal.wait()?;
        left_changed.extend(terminal.ensure_restored().err().map(|cause| format!("{signal:?}: {cause}")));
    }
    assert!(left_changed.is_empty(), "{left_changed:?}");
    Ok(())
}

#[test]
fn any_size_of_terminal_is_survived() -> Result<()> {
    let server = Server::start()?;
    let seat = Seat::register(&server, "ada")?;
    let mut terminal = seat.open()?;
    for (columns, rows) in [(1, 1), (40, 10), (2, 50), (200, 1), (200, 60), (80, 24)] {
        terminal.resize(columns, rows)?;
    }
    terminal.wait_for_text("connected")?;
    // A storm, as of a window that is dragged: no size is waited for.
    for step in 0..200u16 {
        terminal.resize(1 + (step * 37) % 160, 1 + (step * 23) % 50)?;
        if step % 10 == 0 {
            terminal.resize(1, 1)?;
            terminal.type_text("x")?;
        }
    }
    terminal.resize(80, 24)?;
    terminal.wait_for_text(&"x".repeat(20))?;
    terminal.press(Key::Ctrl('u'))?;
    terminal.wait_until_gone("xx")?;
    enter(&terminal, "/quit")?;
    assert_eq!(terminal.wait()?, 0);
    terminal.ensure_restored()?;
    Ok(())
}

#[test]
fn what_calls_is_told_outside_of_the_window_once() -> Result<()> {
    let server = Server::start()?;
    let seat = Seat::register(&server, "ada")?;
    let mut lin = Script::register(&server, "lin")?;
    let id = text(&lin.ok("direct.open", json!({"user": "ada"}))?["id"]);
    let mut say = |body: &str| {
        let message = json!({"conversation": id, "client_id": chat_tests::uuid(), "body": body});
        lin.ok("message.send", message).map(drop)
    };
    let mut terminal = seat.open_in(&[("TERM", "foot")])?;
    terminal.wait_for_text("connected")?;
    enter(&terminal, "/msg lin")?;
    terminal.wait_for_text("message @lin")?;
    say("seen at once")?;
    terminal.wait_for_text("seen at once")?;
    // The window loses the focus.
    terminal.type_text("\u{1b}[O")?;
    say("a;b\u{7}\u{1b}]0;owned\u{7}\u{202e}c")?;
    terminal.wait_until("the notification", |it| !it.notifications().is_empty())?;
    let told = terminal.notifications();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("777;notify;lin;a,b"), "{told:?}");
    assert!(!told[0].contains(['\u{7}', '\u{1b}', '\u{202e}']), "{told:?}");
    terminal.wait_until("one bell with it", |it| it.bells() == 1)?;
    terminal.wait_until("its mark in the title", |it| it.title().starts_with("(1)"))?;
    terminal.type_text("\u{1b}[I")?;
    enter(&terminal, "/quit")?;
    assert_eq!(terminal.wait()?, 0);

    // What came while nobody was there is read, not told.
    say("while away")?;
    let terminal = seat.open_in(&[("TERM", "xterm-kitty")])?;
    terminal.wait_for_text("while away")?;
    terminal.type_text("\u{1b}[O")?;
    say("and now")?;
    terminal.wait_until("the notification", |it| !it.notifications().is_empty())?;
    assert!(terminal.notifications()[0].starts_with("99;i="), "{:?}", terminal.notifications());
    terminal.wait_until("one bell with it", |it| it.bells() == 1)?;
    Ok(())
}

#[test]
fn the_lock_hides_everything_until_the_passphrase() -> Result<()> {
    let server = Server::start()?;
    let seat = Seat::register(&server, "ada")?;
    let mut lin = Script::register(&server, "lin")?;
    lin.ok("direct.open", json!({"user": "ada"}))?;
    let terminal = seat.open()?;
    terminal.wait_for_text("lin")?;
    enter(&terminal, "/lock")?;
    terminal.wait_for_text("Choose a passphrase")?;
    for asked in ["Choose a passphrase", "once more"] {
        terminal.wait_for_text(asked)?;
        terminal.type_text("hunter22")?;
        terminal.press(Key::Enter)?;
    }
    terminal.wait_for_text("The passphrase opens it")?;
    assert!(!terminal.screen().contains("lin"));
    terminal.wait_until("a title that tells nothing", |it| it.title() == "chat")?;
    terminal.press(Key::Ctrl('c'))?;
    terminal.type_text("wrong")?;
    terminal.press(Key::Enter)?;
    terminal.wait_for_text("That is not the passphrase")?;
    drop(terminal);
    let kept = std::fs::read_to_string(seat.dir.path().join("lock"))?;
    assert!(kept.starts_with("$argon2id$"), "{kept}");
    Ok(())
}

#[test]
fn the_doctor_says_what_works_and_what_to_do() -> Result<()> {
    let mut server = Server::start()?;
    let seat = Seat::register(&server, "ada")?;
    let dir = seat.dir.path().to_string_lossy().into_owned();
    let doctor = || -> Result<(i32, String)> {
        let mut command = Command::new(bin("chat-tui")?);
        command.args(["--data-dir", &dir, "doctor"]);
        let output = run(command, "")?;
        let code = output.status.code().context("it was killed")?;
        Ok((code, String::from_utf8_lossy(&output.stdout).into_owned()))
    };
    let (code, told) = doctor()?;
    assert_eq!(code, 0, "{told}");
    for wanted in ["ok   server", "warn terminal       none is here", "ok   cache", "ok   clock"] {
        assert!(told.contains(wanted), "{wanted:?} is missing in\n{told}");
    }
    let arguments = ["--data-dir", &dir, "doctor", "--notify"];
    let mut terminal = Terminal::start(&bin("chat-tui")?, &arguments, &[("TERM", "foot")], 120, 40)?;
    assert_eq!(terminal.wait()?, 0);
    let screen = terminal.screen();
    assert!(screen.contains("ok   widths") && screen.contains("osc777 (auto), and the bell"), "{screen}");
    assert_eq!(terminal.notifications(), ["777;notify;chat;Notifications work here"]);
    terminal.ensure_restored()?;

    server.kill();
    std::fs::write(seat.dir.path().join("settings.toml"), "bell = \"loud\"\n")?;
    let (code, told) = doctor()?;
    assert_eq!(code, 1, "{told}");
    assert!(told.contains("FAIL server") && told.contains("FAIL settings"), "{told}");
    Ok(())
}

#[test]
fn hostile_text_does_not_reach_the_terminal() -> Result<()> {
    let server = Server::start()?;
    let seat = Seat::register(&server, "ada")?;
    let mut lin = Script::register(&server, "lin")?;
    let id = text(&lin.ok("direct.open", json!({"user": "ada"}))?["id"]);
    let terminal = seat.open()?;
    enter(&terminal, "/msg lin")?;
    terminal.wait_for_text("message @lin")?;
    let body = "\u{1b}]0;owned\u{7}\u{1b}]52;c;aGFja2Vk\u{7}\u{1b}[2J\u{1b}[Hafter";
    lin.ok("message.send", json!({"conversation": id, "client_id": chat_tests::uuid(), "body": body}))?;
    terminal.wait_for_text("after")?;
    assert!(!terminal.title().contains("owned"));
    assert!(terminal.clipboard().is_empty());
    terminal.wait_for_text("message @lin")?;
    Ok(())
}

#[test]
fn search_and_inbox_lead_to_their_place() -> Result<()> {
    let server = Server::start()?;
    let seat = Seat::register(&server, "ada")?;
    let (mut ada_cli, mut lin) = (Script::login(&server, "ada")?, Script::register(&server, "lin")?);
    let ops = room("ops", &mut lin, &mut [&mut ada_cli])?;
    let random = room("random", &mut lin, &mut [&mut ada_cli])?;
    drop(ada_cli);
    let mut say = |conversation: &str, body: &str| {
        let message = json!({"conversation": conversation, "client_id": chat_tests::uuid(), "body": body});
        lin.ok("message.send", message).map(drop)
    };
    say(&ops, "the canary went out")?;
    for n in 1..=40 {
        say(&ops, &format!("early {n}"))?;
    }
    say(&ops, "@ada here is the graph")?;
    for n in 1..=40 {
        say(&ops, &format!("late {n}"))?;
    }
    say(&random, "who has lunch?")?;

    let ada = seat.open()?;
    enter(&ada, "/join #random")?;
    ada.wait_for_text("message #random")?;
    ada.wait_for_text("who has lunch?")?;
    ada.press(Key::Ctrl('f'))?;
    ada.wait_for_text("search · best match first")?;
    ada.type_text("canary")?;
    ada.press(Key::Enter)?;
    ada.wait_for_text("▸  #ops:3")?;
    ada.press(Key::Enter)?;
    ada.wait_for("the message in its context", |screen| {
        let chosen = screen.lines().any(|line| line.contains("┃the canary went out"));
        chosen && screen.contains("early 3") && screen.contains("message #ops")
    })?;
    // Letters are text until one chooses.
    ada.press(Key::Alt('m'))?;
    ada.wait_for_text("r reply")?;
    ada.type_text("b")?;
    ada.wait_for("the way back", |screen| {
        screen.contains("┃who has lunch?") && screen.contains("message #random")
    })?;

    ada.press(Key::Alt('i'))?;
    ada.wait_for_text("inbox · 1 unread")?;
    ada.wait_for_text("lin mentions you")?;
    ada.press(Key::Enter)?;
    ada.wait_for("the mention in its context", |screen| {
        screen.contains("┃@ada here is the graph") && screen.contains("early 40") && screen.contains("late 1")
    })?;
    ada.press(Key::Alt('i'))?;
    ada.wait_for_text("─ inbox ─")?;
    ada.wait_for_text("▸  #ops:44")?;
    assert_eq!(ada.bells(), 0, "nothing called while she was there");
    say(&random, "@ada we go now")?;
    ada.wait_for_text("inbox · 1 unread")?;
    ada.wait_for_text("@ada we go now")?;
    assert_eq!(ada.bells(), 1);
    Ok(())
}
