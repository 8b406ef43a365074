//! The question about a certificate for which nobody vouches.

use chat_client::Update;
use chat_client::known::Mark;
use chat_client::stranger::Stranger;
use chat_proto::{Fingerprint, SafeText, Timestamp};
use chat_tui::effect::Outcome;
use chat_tui::plain::{Out, Talk};
use chat_tui::state::sign_in::Known;
use chat_tui::{Moment, What};

use crate::common::{NOW, Stage};

fn stranger(before: Option<Mark>) -> Box<Stranger> {
    Box::new(Stranger {
        server: "wss://chat.example.org:7667".parse().unwrap(),
        fingerprint: Fingerprint::new([0xAB; 32]),
        names: vec![SafeText::line("chat.example.org"), SafeText::line("localhost")],
        validity: Some((Timestamp(NOW), Timestamp(NOW + 86_400_000))),
        why: "it was signed by nobody whom this system knows".to_owned(),
        before,
    })
}

fn changed() -> Box<Stranger> {
    stranger(Some(Mark::Certificate(Fingerprint::new([0x12; 32]))))
}

#[test]
fn the_form_goes_on_after_a_yes_and_nothing_is_sent_after_a_no() {
    let mut stage = Stage::empty();
    stage.input(What::FirstRun(Known::default()));
    assert!(stage.keys(&["chat.example.org:7667", "Enter"]).contains("Probe"));
    stage.outcome(Outcome::Untrusted(stranger(None)));
    let screen = stage.screen(80, 24);
    assert!(screen.contains("ABAB ABAB ABAB") && screen.contains("Trust this certificate?"), "{screen}");
    // No key but these says anything.
    assert_eq!(stage.keys(&["Enter", "x", "Tab"]), "");
    assert_eq!(stage.keys(&["n"]), "");
    assert!(stage.screen(80, 24).contains("not trusted; nothing was sent"));

    assert!(stage.keys(&["Enter"]).contains("Probe"));
    stage.outcome(Outcome::Untrusted(stranger(None)));
    assert!(stage.keys(&["y"]).contains("trust ABAB"));
    let effects = stage.outcome(Outcome::Trusted(Ok(())));
    assert!(crate::common::said(&effects).contains("Probe"), "{effects:?}");
    assert!(!stage.screen(80, 24).contains("Trust this certificate?"));
}

#[test]
fn a_changed_certificate_takes_its_own_first_digits() {
    let mut stage = Stage::team();
    stage.news(Update::Untrusted(changed()));
    let screen = stage.screen(80, 24);
    for part in ["CERTIFICATE CHANGED", "1212 1212", "ABAB ABAB"] {
        assert!(screen.contains(part), "{part} in\n{screen}");
    }
    assert_eq!(stage.keys(&["y", "Enter", "1", "2", "1", "2"]), "");
    assert!(stage.screen(80, 24).contains("not the first digits"));
    assert_eq!(stage.keys(&["Esc"]), "");
    assert!(!stage.screen(80, 24).contains("ABAB"));
    stage.keys(&["/trust", "Enter"]);
    assert!(stage.keys(&["a", "b", "a", "b"]).contains("trust ABAB"));
    stage.outcome(Outcome::Trusted(Err("the disk is full".to_owned())));
    assert!(stage.screen(80, 24).contains("the disk is full"));
    let effects = stage.outcome(Outcome::Trusted(Ok(())));
    assert!(crate::common::said(&effects).to_lowercase().contains("reconnect"), "{effects:?}");
}

#[test]
fn where_there_is_room_a_fingerprint_is_shown_whole() {
    for columns in 1..120 {
        for rows in [1, 3, 8, 24, 60] {
            let mut stage = Stage::team();
            stage.news(Update::Untrusted(changed()));
            let screen = stage.screen(columns, rows);
            if columns >= 40 && rows >= 24 {
                let shown: usize = screen.lines().map(|line| line.matches("ABAB").count()).sum();
                assert_eq!(shown, 16, "{columns}x{rows}\n{screen}");
            }
        }
    }
}

/// What the lines say to this, and what is done.
fn lines(talk: &mut Talk, what: What) -> String {
    told(talk.take(Moment { clock: Timestamp(NOW), ms: 0 }, what))
}

fn line(talk: &mut Talk, line: &str) -> String {
    told(talk.line(Moment { clock: Timestamp(NOW), ms: 0 }, line))
}

fn told(out: Out) -> String {
    let lines: String = out.lines.iter().map(|line| format!("{line}\n")).collect();
    format!("{lines}[{}]", crate::common::said(&out.effects))
}

fn form() -> Talk {
    let mut talk = Talk::with(Stage::empty().state);
    lines(&mut talk, What::FirstRun(Known { server: Some("chat.example.org".into()), ..Known::default() }));
    talk
}

#[test]
fn lines_ask_whom_to_trust_and_only_the_whole_word_is_a_yes() {
    let mut talk = form().with_a_person();
    let asked = lines(&mut talk, What::Outcome(Outcome::Untrusted(stranger(None))));
    for part in ["No authority vouches", "chat.example.org, localhost", "ABAB ABAB", "Write yes or no."] {
        assert!(asked.contains(part), "{part} in {asked}");
    }
    assert!(talk.is_ready() && !talk.has_failed(), "the answer is a line");
    for other in ["y", "hello", ""] {
        assert_eq!(line(&mut talk, other), "Write yes or no.\n[]", "{other}");
    }
    let done = line(&mut talk, "yes");
    assert!(done.contains("[trust ABAB"), "{done}");
    let goes_on = lines(&mut talk, What::Outcome(Outcome::Trusted(Ok(()))));
    assert!(goes_on.starts_with("Trusted") && goes_on.contains("Probe"), "{goes_on}");

    let mut talk = form().with_a_person();
    lines(&mut talk, What::Outcome(Outcome::Untrusted(stranger(None))));
    assert!(line(&mut talk, "no").contains("nothing was sent"));
    assert!(talk.has_failed());
}

#[test]
fn lines_take_the_digits_of_a_changed_certificate() {
    let mut talk = Talk::with(Stage::team().state).with_a_person();
    let asked = lines(&mut talk, What::Engine(Update::Untrusted(changed())));
    assert!(asked.contains("CERTIFICATE CHANGED") && asked.contains("1212 1212"), "{asked}");
    assert!(!lines(&mut talk, What::Engine(Update::Untrusted(changed()))).contains("CHANGED"), "once");
    assert!(line(&mut talk, "yes").contains("first four digits"));
    assert!(line(&mut talk, "1212").contains("not the first digits"));
    assert!(line(&mut talk, "abab").contains("[trust ABAB"));
    lines(&mut talk, What::Outcome(Outcome::Trusted(Err("the disk is full".to_owned()))));
    assert!(line(&mut talk, "no").contains("/trust shows it again"));
    assert!(line(&mut talk, "/trust").contains("CERTIFICATE CHANGED"), "asked again");
}

#[test]
fn a_script_is_not_asked() {
    let mut talk = form();
    let told = lines(&mut talk, What::Outcome(Outcome::Untrusted(stranger(None))));
    assert!(told.contains("--trust") && !told.contains("yes or no"), "{told}");
    assert!(talk.has_failed() && !talk.is_ready());
}
