//! The demo: as a machine sees it, and as a person does. Nothing is left behind either way.

// clippy.toml allows this inside test functions; their helpers are tests as well.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::process::{Command, Stdio};

use chat_tests::{Key, Signal, Terminal};
use tempfile::TempDir;

fn xtask() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_xtask"))
}

/// Where temporary files go, and the binaries beside `xtask`, so that nothing is built.
fn environment(scratch: &TempDir) -> [(&'static str, String); 2] {
    let binaries = xtask().parent().unwrap().to_string_lossy().into_owned();
    [("TMPDIR", scratch.path().to_string_lossy().into_owned()), ("CHAT_BIN_DIR", binaries)]
}

/// No folder in the scratch place, and no process that was told of it.
fn assert_nothing_is_left(scratch: &TempDir) {
    let left: Vec<_> =
        std::fs::read_dir(scratch.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(left.is_empty(), "{left:?}");
    let needle = scratch.path().to_string_lossy().into_owned();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let command = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        assert!(!String::from_utf8_lossy(&command).contains(&needle), "still runs: {:?}", entry.path());
    }
}

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
