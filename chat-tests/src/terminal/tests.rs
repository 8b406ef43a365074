//! A shell in a terminal.

use super::*;

fn shell(script: &str) -> Terminal {
    Terminal::start(Path::new("/bin/sh"), &["-c", script], &[], 40, 5).unwrap()
}

#[test]
fn typing_goes_in_and_drawing_comes_out() {
    let mut terminal = shell("printf 'name? '; read name; printf 'hello %s' \"$name\"");
    terminal.wait_for_text("name?").unwrap();
    terminal.type_text("ada").unwrap();
    terminal.press(Key::Enter).unwrap();
    terminal.wait_for_text("hello ada").unwrap();
    assert_eq!(terminal.wait().unwrap(), 0);
    terminal.ensure_restored().unwrap();
}

#[test]
fn questions_of_the_program_are_answered() {
    let mut terminal =
        shell("stty raw -echo; printf '\\033[2;3H\\033[6n'; dd bs=1 count=6 2>/dev/null | od -An -c");
    terminal.wait_for_text("[   2   ;   3   R").unwrap();
    assert_eq!(terminal.wait().unwrap(), 0);
}

#[test]
fn what_is_left_changed_is_noticed() {
    let changes = ["\\033[?1049h", "\\033[?25l", "\\033[?1000h", "\\033[>1u", "\\033[?1004h"];
    for change in changes {
        let mut terminal = shell(&format!("printf '{change}'"));
        terminal.wait().unwrap();
        terminal.ensure_restored().unwrap_err();
    }
    let mut terminal = shell("stty raw -echo");
    terminal.wait().unwrap();
    terminal.ensure_restored().unwrap_err();
}
