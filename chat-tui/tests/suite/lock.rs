//! The lock: what is hidden, what keys do not do, and how it opens.

use crate::common::*;
use chat_client::{Alert, Update};
use chat_proto::*;
use chat_tui::effect::{Effect, Outcome};
use chat_tui::{Input, What};
use crossterm::event::Event as TermEvent;

fn title(effects: &[Effect]) -> Option<&str> {
    effects.iter().find_map(|effect| match effect {
        Effect::Title(title) => Some(title.as_str()),
        _ => None,
    })
}

fn locked() -> Stage {
    let mut stage = Stage::team();
    stage.state.lock_hash = Some("$argon2id$".to_owned());
    stage.keys(&["/lock", "Enter"]);
    stage
}

#[test]
fn the_first_lock_asks_for_a_passphrase_twice() {
    let mut stage = Stage::team();
    stage.keys(&["/lock", "Enter"]);
    assert_eq!(stage.keys(&["abc", "Enter"]), "");
    assert!(stage.screen(80, 24).contains("Take at least four letters"));
    stage.keys(&["d", "Enter", "abce", "Enter"]);
    assert!(stage.screen(80, 24).contains("These were two different ones; choose again"));
    assert_eq!(stage.keys(&["abcd", "Enter", "abcd", "Enter"]), "set the lock");
    stage.outcome(Outcome::LockSet(Ok("$argon2id$".to_owned())));
    assert!(stage.screen(80, 24).contains("The passphrase opens it"));
    let mut stage = Stage::team();
    stage.keys(&["/lock", "Enter", "abcd", "Esc"]);
    assert!(stage.state.lock.is_none(), "who thought better of it goes back");
}

#[test]
fn nothing_of_the_chat_is_seen_or_done() {
    let mut stage = locked();
    for (columns, rows) in [(80, 24), (200, 60), (20, 5), (3, 3), (1, 1)] {
        let screen = stage.screen(columns, rows);
        for word in ["ada", "canary", "deploys", "acme", "lin"] {
            assert!(!screen.contains(word), "{word} in\n{screen}");
        }
    }
    let told =
        stage.keys(&["Ctrl-C", "Ctrl-C", "Alt-1", "F1", "Esc", "Ctrl-K", "Up", "PageUp", "Ctrl-Q", "Tab"]);
    assert_eq!(told, "");
    assert!(stage.state.lock.is_some() && stage.state.popup.is_none() && stage.text().is_empty());
    // What comes meanwhile is neither read nor told in words, and the title says nothing.
    let effects = stage.live(message(DEPLOYS, 8, 29, "ada", "psst"));
    assert_eq!(said(&effects), "");
    let event = message(DEPLOYS, 9, 29, "ada", "psst @mara");
    let effects = stage.news(Update::Alert(Alert { event, reason: Some(Reason::Mention) }));
    assert_eq!(said(&effects), "notify \"chat: A message for you\", bell");
    assert_eq!(title(&effects), None, "it was set with the lock");
    // A pasted text goes nowhere else.
    stage.input(What::Terminal(TermEvent::Paste("pasted".to_owned())));
    assert!(stage.text().is_empty());
}

#[test]
fn the_title_is_hidden_and_comes_back() {
    let mut stage = Stage::team();
    stage.state.lock_hash = Some("$argon2id$".to_owned());
    stage.keys(&["/lock"]);
    let enter = crossterm::event::KeyEvent::from(crossterm::event::KeyCode::Enter);
    let effects = stage.input(What::Terminal(TermEvent::Key(enter)));
    assert_eq!(title(&effects), Some("chat"));
    let effects = stage.outcome(Outcome::LockTried(true));
    assert!(title(&effects).is_some_and(|title| title.contains("acme")), "{effects:?}");
    assert!(stage.screen(80, 24).contains("canary"));
}

#[test]
fn wrong_passphrases_cost_time() {
    let mut stage = locked();
    assert_eq!(stage.keys(&["guess", "Enter"]), "try the lock");
    assert_eq!(stage.keys(&["again", "Enter"]), "", "one at a time");
    stage.outcome(Outcome::LockTried(false));
    assert!(stage.screen(80, 24).contains("That is not the passphrase"));
    assert_eq!(stage.keys(&["guess", "Enter"]), "");
    stage.ms += 1_000;
    assert_eq!(stage.keys(&["Enter"]), "try the lock");
    stage.outcome(Outcome::LockTried(false));
    stage.ms += 1_000;
    assert_eq!(stage.keys(&["guess", "Enter"]), "", "twice as long");
}

#[test]
fn it_locks_by_itself_when_nobody_types() {
    let mut stage = Stage::team();
    stage.state.settings.lock_minutes = chat_tui::settings::Number(5);
    stage.tick(6 * 60_000);
    assert!(stage.state.lock.is_none(), "there is no passphrase to open it with");
    stage.state.lock_hash = Some("$argon2id$".to_owned());
    stage.keys(&["x"]);
    let due = stage.ms + 5 * 60_000;
    // The draft is saved first.
    stage.tick(2_000);
    assert_eq!(stage.state.next_due_ms(), Some(due));
    stage.tick(5 * 60_000 - 2_001);
    assert!(stage.state.lock.is_none());
    stage.tick(1);
    assert!(stage.state.lock.is_some());
    let at = chat_tui::Moment { clock: Timestamp(NOW), ms: stage.ms };
    chat_tui::update(&mut stage.state, Input { at, what: What::Outcome(Outcome::LockTried(true)) });
    assert_eq!(stage.text(), "x", "what was being written is still there");
}
