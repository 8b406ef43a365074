//! The form of the first run: where the keys go.

use crate::common::*;
use crate::flows::hello;
use chat_proto::*;
use chat_tui::What;
use chat_tui::effect::Outcome;
use chat_tui::state::sign_in::{Known, Refused};
use crossterm::event::Event as TermEvent;

/// The form of a server for which an account needs an invite code.
fn form() -> Stage {
    let mut stage = Stage::empty();
    let server = "ws://127.0.0.1:7667";
    stage.input(What::FirstRun(Known { server: Some(server.into()), ..Known::default() }));
    stage.outcome(Outcome::Probed(server.parse().unwrap(), Ok(hello(Registration::Invite))));
    stage
}

#[test]
fn a_name_is_written_without_leaving_the_choice_first() {
    let mut stage = form();
    stage.keys(&["ada", "Enter", "correct horse"]);
    let asked = stage.keys(&["Enter"]);
    assert!(asked.contains("UserName(\"ada\")"), "{asked}");
    let mut stage = form();
    stage.input(What::Terminal(TermEvent::Paste("ada\r".into())));
    stage.keys(&["Enter", "correct horse"]);
    assert!(stage.keys(&["Enter"]).contains("UserName(\"ada\")"), "pasted, too");
    let mut stage = form();
    stage.keys(&[" "]);
    assert!(stage.screen(80, 24).contains("invite"), "a blank goes on choosing");
}

#[test]
fn a_refused_invite_code_is_where_the_keys_are() {
    let mut stage = form();
    stage.keys(&[" ", "ada", "Enter", "correct horse", "Enter", "wrong", "Enter"]);
    let message = "This invite code is not valid.".to_owned();
    let refused = Refused { message, needs_code: false, needs_invite: true };
    stage.keys(&["Up", "Up"]);
    stage.outcome(Outcome::SignedIn(Err(refused)));
    stage.keys(&["Ctrl-U", "right"]);
    let asked = stage.keys(&["Enter"]);
    assert!(asked.starts_with("Register(") && asked.contains("UserName(\"ada\")"), "{asked}");
}
