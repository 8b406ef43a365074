//! A panic gives the terminal back, in a real one: this test runs itself inside a pseudo-terminal.

use std::io::Read;

use chat_tui::terminal::Screen;
use portable_pty::{CommandBuilder, PtySize, native_pty_system};

/// Set for the copy of this program that runs in the pseudo-terminal.
const INSIDE: &str = "CHAT_TUI_TEST_PANICS_INSIDE";

const ENTER_ALTERNATE_SCREEN: &str = "\u{1b}[?1049h";
const LEAVE_ALTERNATE_SCREEN: &str = "\u{1b}[?1049l";

#[test]
fn a_panic_gives_the_terminal_back_and_is_told_after_that() {
    if std::env::var_os(INSIDE).is_some() {
        let _screen = Screen::enter().unwrap();
        panic!("a fault of our own");
    }
    let size = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
    let pty = native_pty_system().openpty(size).unwrap();
    let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
    command.args(["--exact", "panic::a_panic_gives_the_terminal_back_and_is_told_after_that", "--nocapture"]);
    command.env(INSIDE, "1");
    let mut child = pty.slave.spawn_command(command).unwrap();
    drop(pty.slave);
    let mut reader = pty.master.try_clone_reader().unwrap();
    let mut output = Vec::new();
    // The end of a pseudo-terminal is an error on Linux; what came before it counts.
    let _ = reader.read_to_end(&mut output);
    assert!(!child.wait().unwrap().success());

    let output = String::from_utf8_lossy(&output);
    let at = |what: &str| output.find(what).unwrap_or_else(|| panic!("{what:?} is missing in {output:?}"));
    assert!(at(ENTER_ALTERNATE_SCREEN) < at(LEAVE_ALTERNATE_SCREEN));
    assert!(
        at(LEAVE_ALTERNATE_SCREEN) < at("a fault of our own"),
        "the message is on the person's own screen"
    );
}
