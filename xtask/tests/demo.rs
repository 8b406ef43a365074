//! The demo as a machine sees it: no terminal, a played conversation, exit code 0.

use std::path::Path;
use std::process::{Command, Stdio};

#[test]
fn without_a_terminal_a_conversation_is_played_and_checked() {
    let xtask = Path::new(env!("CARGO_BIN_EXE_xtask"));
    let output = Command::new(xtask)
        .arg("demo")
        // The debug binaries beside it; nothing is built.
        .env("CHAT_BIN_DIR", xtask.parent().unwrap())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}\n{stderr}");
    assert!(told.contains("did the canary go out?"), "{told}");
    assert!(told.contains("all as they should be"), "{told}");
}
