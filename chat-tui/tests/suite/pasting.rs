//! What is pasted, written in an editor, or sent as files.

use std::path::PathBuf;

use crate::common::*;
use chat_client::Enclosure;
use chat_proto::*;
use chat_tui::What;
use chat_tui::effect::{Effect, Outcome};
use chat_tui::state::Popup;
use crossterm::event::Event as TermEvent;

fn paste(stage: &mut Stage, text: &str) -> String {
    said(&stage.input(What::Terminal(TermEvent::Paste(text.into()))))
}

const LINES: &str = "fn a() {\n    ```\n}\n\nfn b() {\n}\n";

#[test]
fn many_lines_are_asked_about() {
    let mut stage = Stage::team();
    paste(&mut stage, LINES);
    assert_eq!(stage.text(), "", "asked first");
    let screen = stage.screen(100, 24);
    assert!(screen.contains("6 lines pasted") && screen.contains("a code block"), "{screen}");
    stage.keys(&["Enter"]);
    assert_eq!(stage.text(), LINES);

    let mut stage = Stage::team();
    stage.keys(&["look:"]);
    paste(&mut stage, LINES);
    stage.keys(&["code", "Enter"]);
    assert_eq!(stage.text(), format!("look:\n````\n{}\n````\n", LINES.trim_end()));

    let mut stage = Stage::team();
    stage.keys(&["the log"]);
    paste(&mut stage, LINES);
    let sent = stage.keys(&["file", "Enter"]);
    assert!(sent.contains("upload text"), "{sent}");
    assert_eq!(stage.text(), "", "its words go with the file");
    assert!(stage.screen(100, 24).contains("pasted.txt 0%"));

    let mut stage = Stage::team();
    paste(&mut stage, LINES);
    stage.keys(&["Esc"]);
    assert_eq!(stage.text(), "");
}

/// A terminal pastes what Enter would have typed at the end of a line.
#[test]
fn the_ends_of_pasted_lines_are_those_of_terminals() {
    let mut stage = Stage::team();
    paste(&mut stage, &LINES.replace('\n', "\r"));
    assert!(stage.screen(100, 24).contains("6 lines pasted"));
    let sent = stage.keys(&["file", "Enter"]);
    assert!(sent.contains(&format!("upload text {LINES:?}")), "{sent}");
    let mut stage = Stage::team();
    paste(&mut stage, "one\r\ntwo\rthree");
    assert_eq!(stage.text(), "one\ntwo\nthree");
    assert_eq!(
        paste(&mut Stage::team(), "/tmp/a.png\r/tmp/b.png"),
        r#"inspect ["/tmp/a.png", "/tmp/b.png"]"#
    );
}

#[test]
fn what_is_too_long_for_a_message_can_only_be_a_file() {
    let mut stage = Stage::team();
    paste(&mut stage, &"x".repeat(5 * limits::MESSAGE_BYTES));
    let Some(Popup::Picker(picker)) = &stage.state.popup else { panic!("not asked") };
    assert_eq!(picker.rows().0.len(), 1);
    assert!(stage.keys(&["Enter"]).contains("upload text"));
}

#[test]
fn a_path_is_offered_as_upload() {
    let mut stage = Stage::team();
    let asked = paste(&mut stage, "'/tmp/my cat.png' /tmp/b.txt");
    assert_eq!(asked, r#"inspect ["/tmp/my cat.png", "/tmp/b.txt"]"#);
    let text = "'/tmp/my cat.png' /tmp/b.txt".to_owned();
    let found = vec![(PathBuf::from("/tmp/my cat.png"), 5), (PathBuf::from("/tmp/b.txt"), 6)];
    stage.outcome(Outcome::Inspected(Some(found.clone()), text.clone()));
    assert!(stage.screen(100, 24).contains("2 files pasted"));
    stage.keys(&["text", "Enter"]);
    assert_eq!(stage.text(), text);

    let mut stage = Stage::team();
    stage.outcome(Outcome::Inspected(None, "/etc/nothing".into()));
    assert_eq!(stage.text(), "/etc/nothing", "no file: a text");

    let mut stage = Stage::team();
    stage.outcome(Outcome::Inspected(Some(vec![("/tmp/a\u{202e}\u{1b}.png".into(), 5)]), "x".into()));
    let screen = stage.screen(100, 24);
    assert!(!screen.chars().any(|c| c == '\u{202e}' || (c.is_control() && c != '\n')));
}

fn two_files(stage: &mut Stage) -> Vec<u64> {
    let found = vec![(PathBuf::from("/tmp/a.png"), 5), (PathBuf::from("/tmp/b.txt"), 6)];
    stage.keys(&["both"]);
    stage.outcome(Outcome::Inspected(Some(found), "x".into()));
    let key = crossterm::event::KeyEvent::new(
        crossterm::event::KeyCode::Enter,
        crossterm::event::KeyModifiers::NONE,
    );
    let effects = stage.input(What::Terminal(TermEvent::Key(key)));
    let key = |effect: &Effect| if let Effect::Carry(key, _) = effect { Some(*key) } else { None };
    effects.iter().filter_map(key).collect()
}

fn file(name: &str) -> Enclosure {
    Enclosure { id: FileId(uuid::Uuid::from_u128(7)), name: FileName::clean(name) }
}

#[test]
fn several_files_are_one_message_in_their_order() {
    let mut stage = Stage::team();
    let keys = two_files(&mut stage);
    assert_eq!((keys.len(), stage.text()), (2, String::new()));
    assert_eq!(said(&stage.outcome(Outcome::Uploaded(keys[1], Ok(file("b.txt"))))), "");
    let effects = stage.outcome(Outcome::Uploaded(keys[0], Ok(file("a.png"))));
    let Some(Effect::Tell(chat_tui::effect::Tell::Send(draft))) = effects.first() else {
        panic!("{effects:?}")
    };
    let names: Vec<String> = draft.files.iter().map(|file| file.name.to_string()).collect();
    assert_eq!((names.join(" "), draft.body.as_str()), ("a.png b.txt".into(), "both"));
}

#[test]
fn a_file_that_fails_or_is_stopped_is_left_out() {
    let mut stage = Stage::team();
    let keys = two_files(&mut stage);
    stage.outcome(Outcome::Uploaded(keys[0], Ok(file("a.png"))));
    let stopped = stage.keys(&["Alt-X"]);
    assert!(stopped.starts_with("abandon, send #deploys both"), "{stopped}");

    let mut stage = Stage::team();
    let keys = two_files(&mut stage);
    stage.outcome(Outcome::Uploaded(keys[0], Err("too large".into())));
    assert!(stage.notice().contains("a.png was not uploaded: too large"));
    assert!(
        said(&stage.outcome(Outcome::Uploaded(keys[1], Ok(file("b.txt"))))).starts_with("send #deploys both")
    );

    let mut stage = Stage::team();
    two_files(&mut stage);
    stage.keys(&["/cancel", "Enter", "Alt-X"]);
    assert_eq!(stage.text(), "both", "nothing is left to send: the words come back");
    assert!(!stage.keys(&["Ctrl-U", "Alt-X"]).contains("abandon"));
    assert_eq!(stage.notice(), "No file is on its way");
}

#[test]
fn a_message_is_written_in_an_editor() {
    let mut stage = Stage::team();
    assert!(
        stage.keys(&["half a th", "Alt-E"]).ends_with("draft #deploys \"half a th\", edit \"half a th\"")
    );
    stage.outcome(Outcome::Edited("half a th".into(), Ok("a whole\nthought".into())));
    assert_eq!(stage.text(), "a whole\nthought");
    stage.outcome(Outcome::Edited(stage.text(), Err("vi ended with 1; the message is as it was".into())));
    assert_eq!(stage.text(), "a whole\nthought");
    assert!(stage.notice().contains("as it was"));
}

#[test]
fn tab_completes_a_path() {
    let mut stage = Stage::team();
    assert!(stage.keys(&["/upload ~/my", "Tab"]).ends_with("paths ~/my"));
    let found = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let several = found(&["~/my cat.png", "~/my pictures/"]);
    stage.outcome(Outcome::Paths("~/my".into(), several.clone()));
    assert_eq!(stage.text(), r"/upload ~/my\ cat.png ");
    stage.keys(&["Tab"]);
    assert_eq!(stage.text(), r"/upload ~/my\ pictures/");
    stage.keys(&["Enter"]);
    assert!(stage.keys(&["Tab"]).ends_with("paths ~/my pictures/"));
    stage.outcome(Outcome::Paths("~/my pictures/".into(), found(&["~/my pictures/a.png"])));
    assert_eq!(stage.text(), r"/upload ~/my\ pictures/a.png ", "one alone needs no choice");
    // An answer to what was written before changes nothing.
    stage.outcome(Outcome::Paths("~/my".into(), several));
    assert_eq!(stage.text(), r"/upload ~/my\ pictures/a.png ");
    stage.outcome(Outcome::Paths("~/m".into(), Vec::new()));
    assert_eq!(stage.notice(), "");
}
