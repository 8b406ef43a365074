//! What is written and not sent: it stays where it was written, and nothing takes its place.

use crate::common::*;
use chat_client::Update;
use chat_proto::*;
use chat_tui::effect::Outcome;
use chat_tui::state::Purpose;

fn stage() -> Stage {
    let mut stage = Stage::team();
    stage.screen(80, 24);
    stage
}

/// `/upload` in #deploys, which fails when this was pressed meanwhile.
fn upload_fails_after(keys: &[&str]) -> Stage {
    let mut stage = stage();
    stage.keys(&["/upload /tmp/x", "Enter"]);
    stage.keys(keys);
    stage.outcome(Outcome::Uploaded(1, Err("no".to_owned())));
    stage
}

#[test]
fn a_draft_of_which_the_disk_tells_late_is_not_lost() {
    let mut stage = stage();
    stage.keys(&["Alt-3", "Alt-1"]);
    stage.outcome(Outcome::Draft(RANDOM, "from yesterday".into()));
    stage.keys(&["Alt-3"]);
    assert_eq!(stage.text(), "from yesterday");
    stage.keys(&[" and today", "Alt-1"]);
    stage.outcome(Outcome::Draft(RANDOM, "from yesterday".into()));
    stage.keys(&["Alt-3"]);
    assert_eq!(stage.text(), "from yesterday and today", "what was written since is newer");
}

#[test]
fn what_comes_back_stands_below_what_was_begun() {
    let stage = upload_fails_after(&["begun", "Home"]);
    assert_eq!(stage.text(), "begun\n/upload /tmp/x", "wherever the cursor stands");
    let mut stage = upload_fails_after(&["begun", "Alt-3"]);
    assert_eq!(stage.text(), "");
    stage.keys(&["Alt-1"]);
    assert_eq!(stage.text(), "begun\n/upload /tmp/x");
    let mut stage = upload_fails_after(&["Up"]);
    assert_eq!(stage.text(), "looks good, going to 50%", "an edit is no place for it");
    stage.keys(&["Esc"]);
    assert_eq!((stage.text().as_str(), &stage.state.purpose), ("/upload /tmp/x", &Purpose::Write));
}

#[test]
fn a_message_that_came_with_a_command_answers_nothing() {
    let mut stage = stage();
    stage.news(Update::Conversations(vec![Conversation { head: Seq(1), ..direct(ADA, "ada") }]));
    stage.keys(&["Alt-4"]);
    stage.history(ADA, vec![message(ADA, 1, 1, "ada", "lunch?")]);
    stage.keys(&["Alt-M", "r", "Alt-1"]);
    let sent = stage.keys(&["/msg @ada hi", "Enter"]);
    assert!(sent.contains("send @ada hi") && !sent.contains("reply"), "{sent}");
    assert_eq!(stage.state.purpose, Purpose::Reply(Seq(1)), "the answer is still to be written");
    assert!(stage.keys(&["yes", "Enter"]).contains("send @ada yes (reply 1)"));
}

#[test]
fn the_list_says_where_something_is_begun() {
    let mut stage = stage();
    let row = |stage: &mut Stage| {
        let screen = stage.screen(80, 24);
        let row = screen.lines().find(|row| row.contains("# general")).map(str::to_owned);
        row.unwrap().split('│').next().unwrap().trim_matches(['|', ' ']).to_owned()
    };
    stage.keys(&["Alt-2", "half", "Alt-1"]);
    assert_eq!(row(&mut stage), "# general  ✎ @1 3");
    stage.keys(&["Alt-2"]);
    assert!(!stage.screen(80, 24).contains('✎'), "there it is seen");
    stage.keys(&["Ctrl-U", "Alt-1"]);
    assert_eq!(row(&mut stage), "# general    @1 3");
}
