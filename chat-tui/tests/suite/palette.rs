//! The palette, and what a word may become while it is typed.

use crate::common::*;
use chat_proto::*;
use chat_tui::What;
use chat_tui::effect::{Effect, Outcome, Page, Question, Wish};
use chat_tui::state::Popup;
use crossterm::event::{Event as TermEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

fn rows(stage: &Stage) -> Vec<String> {
    let Some(Popup::Picker(picker)) = &stage.state.popup else { return Vec::new() };
    picker.rows().0.iter().map(|item| item.label.clone()).collect()
}

fn click(stage: &mut Stage, column: u16, row: u16) {
    let kind = MouseEventKind::Down(MouseButton::Left);
    stage.input(What::Terminal(TermEvent::Mouse(MouseEvent {
        kind,
        column,
        row,
        modifiers: KeyModifiers::NONE,
    })));
}

#[test]
fn what_needs_its_reader_stands_first() {
    let mut stage = Stage::team();
    stage.keys(&["Ctrl-K"]);
    assert_eq!(rows(&stage)[..4], ["#general", "@ada", "#random", "@lin"], "mention, direct, the rest");
    assert!(stage.screen(100, 30).contains("@1 · 3 unread"));
}

#[test]
fn commands_are_begun_or_done() {
    let mut stage = Stage::team();
    stage.keys(&["Ctrl-K", "/topic", "Enter"]);
    assert_eq!(stage.text(), "/topic ");
    assert_eq!(
        Stage::team().keys(&["Ctrl-K", "/archive", "Enter"]).split(", ").last(),
        Some("room.rules #deploys rules={\"archived\":true}")
    );
    let mut stage = Stage::team();
    stage.keys(&["a thought", "Ctrl-K", "Esc", "Home", "End", "Ctrl-K", "/topic", "Enter", "Ctrl-Y"]);
    assert_eq!(stage.text(), "/topic a thought", "nothing written is lost");
}

#[test]
fn messages_come_last_once_the_fingers_rest() {
    let mut stage = Stage::team();
    let typed = stage.keys(&["Ctrl-K", "canary"]);
    assert!(!typed.contains("search"), "{typed}");
    let due = stage.state.next_due_ms().unwrap();
    let asked = stage.tick(due);
    assert_eq!(said(&asked), "search best canary");
    let Some(Effect::Ask(Question::List(wish))) = asked.first() else { panic!("{asked:?}") };
    let event = message(RANDOM, 3, 1, "ada", "the canary sings");
    let hit = Hit { event, snippet: "the canary sings".into(), marks: Vec::new() };
    let page = SearchPage { hits: vec![hit], cursor: None, indexing: false };
    stage.outcome(Outcome::Listed(wish.clone(), Ok(Page::Search(page.clone()))));
    assert_eq!(rows(&stage).last().map(String::as_str), Some("ada: the canary sings"));
    let gone = stage.keys(&["Up", "Down", "Enter"]);
    assert!(gone.contains("history #random"), "{gone}");
    // An answer to what is not typed any more changes nothing.
    let mut stage = Stage::team();
    stage.keys(&["Ctrl-K", "other"]);
    stage.outcome(Outcome::Listed(wish.clone(), Ok(Page::Search(page))));
    assert!(!rows(&stage).iter().any(|row| row.contains("sings")));
    assert!(matches!(wish, Wish::Search(_)));
}

#[test]
fn hostile_words_are_harmless_in_every_row() {
    let mut stage = Stage::team();
    stage.news(chat_client::Update::Conversations(vec![room(
        ConversationId(uuid::Uuid::from_u128(9)),
        "evil",
        "a\u{202e}b",
    )]));
    stage.keys(&["Ctrl-K"]);
    let screen = stage.screen(100, 30);
    assert!(!screen.chars().any(|c| c == '\u{202e}' || (c.is_control() && c != '\n')));
    stage.keys(&["Esc", "#ev"]);
    let screen = stage.screen(100, 30);
    assert!(screen.contains("#evil") && !screen.contains('\u{202e}'));
}

#[test]
fn a_click_takes_a_row_and_one_beside_closes() {
    let mut stage = Stage::team();
    stage.keys(&["Ctrl-K"]);
    let screen = stage.screen(80, 24);
    let row = screen.lines().position(|line| line.contains("@lin")).unwrap();
    click(&mut stage, 10, u16::try_from(row).unwrap());
    assert_eq!(stage.state.open, Some(LIN));
    stage.keys(&["Ctrl-K"]);
    click(&mut stage, 0, 0);
    assert!(stage.state.popup.is_none());
}

#[test]
fn names_are_offered_while_they_are_typed() {
    let mut stage = Stage::team();
    stage.keys(&["hi @a"]);
    assert!(stage.screen(80, 24).contains("│ @ada"), "by itself");
    stage.keys(&["d", "Enter"]);
    assert_eq!(stage.text(), "hi @ada ", "Enter takes it");
    assert!(stage.keys(&["Enter"]).starts_with("send #deploys hi @ada"));

    stage.keys(&["@", "Down", "Down", "Up", "Enter"]);
    assert_eq!(stage.text(), "@ada ");
}

#[test]
fn enter_sends_what_is_whole_already() {
    assert!(Stage::team().keys(&["hi @ada", "Enter"]).contains("send #deploys hi @ada"));
    assert!(Stage::team().keys(&["#", "Enter"]).contains("send #deploys #"));
    assert!(Stage::team().keys(&["well :)", "Enter"]).contains("send #deploys well :)"));
    assert!(Stage::team().keys(&["see #4711", "Enter"]).contains("send #deploys see #4711"));
    assert!(Stage::team().keys(&["/away", "Enter"]).contains("presence away"));
}

#[test]
fn esc_closes_only_what_is_offered() {
    let mut stage = Stage::team();
    stage.keys(&["Alt-M", "r", "@a"]);
    assert!(stage.screen(80, 24).contains("│ @ada"));
    stage.keys(&["Esc", "d"]);
    assert!(!stage.screen(80, 24).contains("│ @ada"), "closed for this word");
    assert_eq!(stage.text(), "@ad");
    assert!(stage.keys(&["Enter"]).contains("(reply "), "still an answer");
    stage.keys(&["@ad"]);
    assert!(stage.screen(80, 24).contains("│ @ada"), "another word");
}

#[test]
fn nobody_is_asked_for_until_the_fingers_rest() {
    let mut stage = Stage::team();
    assert!(!stage.keys(&["hi @zoe"]).contains("people"));
    let due = stage.state.next_due_ms().unwrap();
    assert!(said(&stage.tick(due)).contains("people \"zoe\""));
    stage.outcome(Outcome::People(
        "zoe".into(),
        vec![PersonRow { person: person("zoey"), card: Card::default() }],
    ));
    assert!(stage.screen(80, 24).contains("│ @zoey"));
    assert_eq!(stage.text(), "hi @zoe", "what comes late changes no text");
}

#[test]
fn what_is_offered_fits_any_screen() {
    for (columns, rows) in [(1, 1), (2, 3), (5, 5), (9, 8), (20, 6), (40, 10), (250, 60)] {
        let mut stage = Stage::team();
        stage.keys(&["/"]);
        stage.screen(columns, rows);
        stage.keys(&["Up"]);
        stage.screen(columns, rows);
        stage.keys(&["Ctrl-C", "Ctrl-K"]);
        stage.screen(columns, rows);
    }
}
