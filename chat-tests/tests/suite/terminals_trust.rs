//! The panel about a certificate for which nobody vouches, in a real terminal.

use std::process::Command;

use anyhow::{Result, ensure};
use chat_proto::Fingerprint;
use chat_tests::{Key, Script, Terminal, bin, run};
use tempfile::TempDir;

use crate::scenarios::room;
use crate::terminals::enter;
use crate::trust::{replace_certificate, self_signed};

#[test]
fn the_panel_asks_once_and_is_loud_when_the_certificate_changes() -> Result<()> {
    let mut server = self_signed()?;
    let mut lin = Script::register(&server, "lin")?;
    room("ops", &mut lin, &mut [])?;
    let dir = TempDir::with_prefix("chat-tui-")?;
    let (url, data) = (server.url(), dir.path().display().to_string());
    let arguments = ["--server", &url, "--user", "ada", "--data-dir", &data];
    let open =
        |environment: &[(&str, &str)]| Terminal::start(&bin("chat-tui")?, &arguments, environment, 90, 28);
    let halves = |word: &str| word.parse::<Fingerprint>().map(|print| print.rows(2));

    let tui = open(&[])?;
    let screen = tui.wait_for_text("Trust this certificate?")?;
    let first = halves(&server.fingerprint()?)?;
    for part in [first[0].as_str(), &first[1], "localhost", "chat-server cert", "No authority vouches"] {
        assert!(screen.contains(part), "{part} on\n{screen}");
    }
    tui.type_text("n")?;
    tui.wait_for_text("The certificate is not trusted; nothing was sent.")?;
    tui.press(Key::Enter)?;
    tui.wait_for_text("Trust this certificate?")?;
    tui.type_text("y")?;
    // The form goes on where it was.
    tui.wait_for_text("password")?;
    drop(tui);

    let ada = Script::register(&server, "ada")?;
    let token = ada.own_token();
    drop(ada);
    let tui = open(&[("CHAT_TOKEN", &token)])?;
    tui.wait_for_text("connected")?;
    enter(&tui, "/join #ops")?;
    tui.wait_for_text("message #ops")?;

    drop(lin);
    replace_certificate(&mut server)?;
    let screen = tui.wait_for_text("CERTIFICATE CHANGED")?;
    let second = halves(&server.fingerprint()?)?;
    for part in [&first[0], &first[1], &second[0], &second[1]] {
        assert!(screen.contains(part.as_str()), "{part} on\n{screen}");
    }
    // A letter is not enough, and neither are the digits of the old one.
    tui.type_text("y")?;
    tui.type_text(&first[0][..4])?;
    tui.wait_for_text("These are not the first digits")?;
    tui.press(Key::Escape)?;
    tui.wait_until_gone("Ask whoever runs it")?;
    tui.wait_for_text("Not trusted, and nothing was sent. /trust shows it again")?;
    enter(&tui, "/trust")?;
    tui.wait_for_text("Ask whoever runs it")?;
    tui.type_text(&second[0][..4])?;
    tui.wait_until_gone("Ask whoever runs it")?;
    let mut lin = Script::login(&server, "lin")?;
    enter(&tui, "back again")?;
    lin.expect_message("back again")?;
    Ok(())
}

#[test]
fn lines_ask_a_person_and_never_a_script() -> Result<()> {
    let server = self_signed()?;
    let token = Script::register(&server, "ada")?.own_token();
    let dir = TempDir::with_prefix("chat-tui-")?;
    let (url, data) = (server.url(), dir.path().display().to_string());
    let arguments = ["--plain", "--server", &url, "--data-dir", &data];

    let mut script = Command::new(bin("chat-tui")?);
    script.args(arguments).env("CHAT_TOKEN", &token);
    let output = run(script, "yes\n")?;
    let written = String::from_utf8(output.stdout)?;
    ensure!(written.contains("--trust") && output.status.code() == Some(1), "{written}");

    let tui = Terminal::start(&bin("chat-tui")?, &arguments, &[("CHAT_TOKEN", &token)], 90, 28)?;
    let screen = tui.wait_for_text("Write yes or no.")?;
    let first = server.fingerprint()?.parse::<Fingerprint>()?.rows(4);
    for part in ["No authority vouches", "localhost", first[0].as_str(), first[3].as_str()] {
        assert!(screen.contains(part), "{part} on\n{screen}");
    }
    enter(&tui, "sure")?;
    enter(&tui, "yes")?;
    tui.wait_for_text("Trusted, and remembered.")?;
    tui.wait_for_text("Connected to")?;
    Ok(())
}
