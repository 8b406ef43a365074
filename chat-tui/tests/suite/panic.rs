//! A panic gives the terminal back, in a real one: this test runs itself inside a pseudo-terminal.

use std::io::Read;
use std::os::unix::fs::PermissionsExt;

use chat_client::paths::Paths;
use chat_tui::terminal::Screen;
use portable_pty::{CommandBuilder, PtySize, native_pty_system};

/// Set for the copy of this program that runs in the pseudo-terminal.
const INSIDE: &str = "CHAT_TUI_TEST_PANICS_INSIDE";

const ENTER_ALTERNATE_SCREEN: &str = "\u{1b}[?1049h";
const LEAVE_ALTERNATE_SCREEN: &str = "\u{1b}[?1049l";

#[test]
fn a_panic_gives_the_terminal_back_and_is_told_after_that() {
    if let Some(dir) = std::env::var_os(INSIDE) {
        chat_tui::crash::install(&Paths::resolve(Some(dir.into())).unwrap());
        let _screen = Screen::enter().unwrap();
        panic!("a fault that quotes what ada wrote");
    }
    let size = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
    let pty = native_pty_system().openpty(size).unwrap();
    let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
    command.args(["--exact", "panic::a_panic_gives_the_terminal_back_and_is_told_after_that", "--nocapture"]);
    let dir = tempfile::tempdir().unwrap();
    command.env(INSIDE, dir.path());
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
        at(LEAVE_ALTERNATE_SCREEN) < at("chat-tui stopped because of a fault of its own"),
        "it is told on the person's own screen"
    );

    let report =
        files(dir.path()).into_iter().find(|path| path.to_string_lossy().contains("crash-")).unwrap();
    let told: String = output.split_whitespace().collect();
    let names = |what: &str| told.contains(&what.replace(' ', ""));
    assert!(names(&report.to_string_lossy()), "it says where the report is: {output}");
    assert!(names("the log is") && names("chat-tui.log"), "and where the log is: {output}");
    let text = std::fs::read_to_string(&report).unwrap();
    assert!(text.contains("panic.rs") && text.contains("terminal:"), "{text}");
    assert!(!text.contains("ada wrote") && !output.contains("ada wrote"), "no word of anybody: {text}");
    assert_eq!(std::fs::metadata(&report).unwrap().permissions().mode() & 0o077, 0);
}

/// All files below a folder.
fn files(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}
