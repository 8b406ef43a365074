//! The demo: as a machine sees it, and as a person does.

use std::process::{Command, Stdio};

use chat_tests::{Key, Signal, Terminal};
use tempfile::TempDir;

use crate::{assert_nothing_is_left, environment, xtask};

#[test]
fn without_a_terminal_a_conversation_is_played_and_checked() {
    let scratch = TempDir::new().unwrap();
    let output =
        Command::new(xtask()).arg("demo").envs(environment(&scratch)).stdin(Stdio::null()).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}\n{stderr}");
    assert!(told.contains("did the canary go out?"), "{told}");
    assert!(told.contains("all as they should be"), "{told}");
    assert_nothing_is_left(&scratch);
}

fn open_demo(scratch: &TempDir) -> Terminal {
    let environment = environment(scratch);
    let environment: Vec<(&str, &str)> =
        environment.iter().map(|(key, value)| (*key, value.as_str())).collect();
    let terminal = Terminal::start(xtask(), &["demo"], &environment, 104, 28).unwrap();
    terminal.wait_for_text("● connected").unwrap();
    terminal
}

#[test]
fn with_a_terminal_colleagues_answer() {
    let scratch = TempDir::new().unwrap();
    let mut terminal = open_demo(&scratch);
    terminal.type_text("/join deploys").unwrap();
    terminal.press(Key::Enter).unwrap();
    terminal.wait_for_text("message #deploys").unwrap();
    terminal.type_text("looks good").unwrap();
    terminal.press(Key::Enter).unwrap();
    terminal.wait_for_text("lin is typing").unwrap();
    terminal.wait_for_text("going to 50% now").unwrap();
    terminal.wait_for_text("✓✓").unwrap();
    terminal.type_text("/quit").unwrap();
    terminal.press(Key::Enter).unwrap();
    assert_eq!(terminal.wait().unwrap(), 0);
    terminal.ensure_restored().unwrap();
    assert_nothing_is_left(&scratch);
}

#[test]
fn a_demo_that_is_stopped_tidies_up() {
    let scratch = TempDir::new().unwrap();
    let mut terminal = open_demo(&scratch);
    terminal.signal(Signal::Terminate).unwrap();
    terminal.wait().unwrap();
    terminal.ensure_restored().unwrap();
    assert_nothing_is_left(&scratch);
}
