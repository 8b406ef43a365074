//! Everything that people can name, say or send reaches a shell and a log as text, never as a command.

use anyhow::{Result, ensure};
use chat_tests::{Options, PASSWORD, Script, Server, uuid};
use serde_json::json;

use crate::cli::Shell;
use crate::raw_socket::RawSocket;
use crate::scenarios::files::http;
use crate::scenarios::{room, say, say_with};

/// The window's title, the clipboard, C1, erasing, a bidi override, an isolate, a line break that is
/// none, an invisible tag.
const EVIL: &str = "\u{1b}]0;owned\u{7}\u{1b}]52;c;b3duZWQ=\u{7}\u{9b}31m\u{90}q\u{9c}\u{1b}[2J\u{8}\u{202e}\u{2066}\u{2028}\u{e0041}\u{7f}x";

fn is_harmless(what: &str, printed: &str) -> Result<()> {
    let bad: Vec<char> = printed
        .chars()
        .filter(|c| {
            let is_break = *c == '\n' || *c == '\t';
            let is_bidi =
                matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}');
            (c.is_control() && !is_break) || is_bidi
        })
        .collect();
    ensure!(bad.is_empty(), "{what} prints {bad:?}: {printed:?}");
    Ok(())
}

#[test]
fn nothing_that_others_say_commands_the_shell_of_a_reader() -> Result<()> {
    let server = Server::start()?;
    let mut lin = Script::register(&server, "lin")?;
    let ada = Shell::new(&server, "ada")?;
    ada.done(&["register"])?;
    let mut script = Script::login(&server, "ada")?;
    let id = room("deploys", &mut lin, &mut [&mut script])?;
    // Wherever free text is taken; what is refused there does not come back either.
    let seq = say(&mut lin, &id, EVIL)?;
    say_with(&mut lin, &id, &format!("@ada {EVIL}"), json!({"reply_to": seq}))?;
    say_with(&mut lin, &id, EVIL, json!({"thread": seq}))?;
    for (kind, payload) in [
        ("room.topic", json!({"conversation": id, "topic": EVIL})),
        ("room.describe", json!({"conversation": id, "description": EVIL})),
        ("profile.set", json!({"display_name": EVIL})),
        ("profile.set", json!({"status": {"emoji": "🏖", "text": EVIL}})),
        ("profile.set", json!({"time_zone": EVIL})),
        ("room.create", json!({"client_id": uuid(), "name": format!("x{EVIL}")})),
        ("bot.create", json!({"name": format!("x{EVIL}"), "scopes": ["read"]})),
        ("incoming.create", json!({"conversation": id, "name": format!("x{EVIL}")})),
        ("message.react", json!({"conversation": id, "seq": seq, "emoji": EVIL, "on": true})),
        ("message.pin", json!({"conversation": id, "seq": seq, "on": true})),
        ("message.edit", json!({"conversation": id, "seq": seq, "body": format!("edited {EVIL}")})),
        ("user.ban", json!({"user": "nobody", "reason": EVIL})),
    ] {
        // Granted or refused: both are fine here.
        let _ = lin.request(kind, payload)?;
    }
    ensure!(http(&server, &lin).try_upload(EVIL, 1)?.status == 400, "no such file name");
    let _ = script.request("report.create", json!({"conversation": id, "seq": seq, "reason": EVIL}))?;
    let mut shown = 0;
    for arguments in [
        &["history", "#deploys"][..],
        &["history", "#deploys", "--json"],
        &["rooms"],
        &["rooms", "--json"],
        &["search", "owned"],
        &["inbox"],
        &["thread", "#deploys", "2"],
        &["members", "#deploys"],
        &["people"],
        &["pins", "#deploys"],
        &["versions", "#deploys", "2"],
        &["who", "lin"],
        &["listen", "--count", "0"],
    ] {
        let Ok(output) = chat_tests::run(ada.command(arguments)?, "") else { continue };
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        is_harmless(&arguments.join(" "), &printed)?;
        is_harmless(&arguments.join(" "), &String::from_utf8_lossy(&output.stderr))?;
        shown += usize::from(printed.contains("owned"));
    }
    ensure!(shown >= 3, "the text itself is shown, made harmless: {shown}");
    // What the server says of a mistake repeats the mistake harmlessly.
    for arguments in [&["history", EVIL.trim_matches('x')][..], &["send", "#nowhere\u{1b}[2J", "x"]] {
        let output = chat_tests::run(ada.command(arguments)?, "")?;
        is_harmless("a mistake", &String::from_utf8_lossy(&output.stderr))?;
    }
    Ok(())
}

#[test]
fn no_log_line_carries_a_control() -> Result<()> {
    for format in ["text", "json"] {
        let more = ["--log", "trace", "--log-format", format].map(str::to_owned).to_vec();
        let server = Server::start_with(Options { more, ..Options::default() })?;
        let mut raw = RawSocket::register(&server, "mallory")?;
        for frame in [
            json!({"type": EVIL, "id": EVIL}).to_string(),
            json!({"type": "room.join", "id": EVIL, "payload": {"room": EVIL}}).to_string(),
            json!({"type": "search", "id": "1", "payload": {"query": EVIL}}).to_string(),
            json!({"type": "auth.login", "id": "2", "payload": {"protocol": 1, "name": EVIL, "password": PASSWORD, "device": EVIL}})
                .to_string(),
            EVIL.to_owned(),
        ] {
            raw.send(&frame)?;
            raw.hear()?;
        }
        let mut stranger = Script::stranger(&server)?;
        let login = json!({"protocol": 1, "name": format!("eve{EVIL}"), "password": "x", "device": EVIL});
        let _ = stranger.request("auth.login", login)?;
        let http = chat_tests::http::Http::new(&server, "guess");
        let _ = http.ask("GET", "/files/%1b%5b2J", &[("User-Agent", "\u{1b}[2J")], b"");
        let log = server.log();
        ensure!(log.lines().count() > 3, "it logged little: {log}");
        is_harmless(format, &log)?;
        ensure!(!log.contains("owned"), "what people say is in no log: {log}");
    }
    Ok(())
}
