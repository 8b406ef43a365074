//! The list as the person arranged it, the mouse on it and in the composer, and emoji used last.

use crate::common::*;
use chat_client::Update;
use chat_proto::*;
use chat_tui::What;
use chat_tui::effect::Outcome;
use chat_tui::settings::ListOrder;
use crossterm::event::{Event as TermEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

fn mouse(stage: &mut Stage, kind: MouseEventKind, (column, row): (u16, u16)) -> String {
    let event = MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE };
    said(&stage.input(What::Terminal(TermEvent::Mouse(event))))
}

const DOWN: MouseEventKind = MouseEventKind::Down(MouseButton::Left);
const DRAG: MouseEventKind = MouseEventKind::Drag(MouseButton::Left);
const UP: MouseEventKind = MouseEventKind::Up(MouseButton::Left);

/// The names in the list, top to bottom, with the heads of groups.
fn list(stage: &mut Stage) -> String {
    let screen = stage.screen(100, 24);
    let rows = screen.lines().skip(1).map(|line| line.chars().skip(2).take(18).collect::<String>());
    let words = rows.map(|row| {
        row.split_whitespace()
            .filter(|w| w.len() > 1 && w.chars().all(|c| c.is_ascii_alphabetic()))
            .collect::<Vec<_>>()
            .join(" ")
    });
    let words: Vec<String> = words.filter(|row| !row.is_empty() && !row.contains("connected")).collect();
    words.join(", ")
}

#[test]
fn a_folded_group_shows_what_waits_and_where_one_is() {
    let mut stage = Stage::team();
    assert_eq!(list(&mut stage), "ROOMS, deploys, general, random, DIRECT, ada, lin");
    let kept = stage.keys(&["/fold rooms", "Enter"]);
    assert!(kept.contains(r#"note arrangement {"folded":["rooms"]"#), "{kept}");
    assert_eq!(list(&mut stage), "ROOMS, deploys, general, DIRECT, ada, lin");
    stage.keys(&["/fold direct", "Enter"]);
    assert_eq!(list(&mut stage), "ROOMS, deploys, general, DIRECT, ada");
    stage.keys(&["Alt-3"]);
    assert_eq!(stage.state.open, Some(ADA), "numbers count what is shown");
    stage.keys(&["/fold", "Enter"]);
    assert_eq!(list(&mut stage), "ROOMS, deploys, general, DIRECT, ada, lin", "the group of where one is");
    assert_eq!(stage.keys(&["/fold this", "Enter"]), "");
}

#[test]
fn favourites_stand_on_top() {
    let mut stage = Stage::team();
    assert!(stage.keys(&["/star", "Enter"]).contains("conversation.star #deploys on=true"));
    let mut deploys = stage.state.open_conversation().cloned().unwrap();
    deploys.starred = true;
    stage.news(Update::Conversations(vec![deploys]));
    assert_eq!(list(&mut stage), "FAVOURITES, deploys, ROOMS, general, random, DIRECT, ada, lin");
    assert!(stage.keys(&["/star", "Enter"]).contains("on=false"));
}

#[test]
fn the_order_is_the_persons() {
    let mut stage = Stage::team();
    stage.state.settings.list_order = ListOrder::Unread;
    assert_eq!(list(&mut stage), "ROOMS, general, deploys, random, DIRECT, ada, lin");
    stage.state.settings.list_order = ListOrder::Recent;
    assert_eq!(list(&mut stage), "ROOMS, deploys, general, random, DIRECT, ada, lin");
    stage.keys(&["Ctrl-K", "move conversation down", "Enter"]);
    assert!(stage.notice().contains("list.order own"));
    stage.state.settings.list_order = ListOrder::Own;
    let kept = stage.keys(&["Ctrl-K", "move conversation down", "Enter"]);
    assert!(kept.contains("note arrangement"), "{kept}");
    assert_eq!(list(&mut stage), "ROOMS, general, deploys, random, DIRECT, ada, lin");
    let note = kept.split_once("note arrangement ").unwrap().1.to_owned();
    let mut later = Stage::team();
    later.state.settings.list_order = ListOrder::Own;
    later.outcome(Outcome::Note("arrangement", note));
    assert_eq!(list(&mut later), "ROOMS, general, deploys, random, DIRECT, ada, lin", "after a restart");
    later.outcome(Outcome::Note("arrangement", "no json".into()));
    assert_eq!(list(&mut later), "ROOMS, deploys, general, random, DIRECT, ada, lin");
}

#[test]
fn the_mouse_folds_and_drags_the_border() {
    let mut stage = Stage::team();
    let screen = stage.screen(100, 24);
    let row = u16::try_from(screen.lines().position(|line| line.contains("DIRECT")).unwrap()).unwrap();
    assert!(mouse(&mut stage, DOWN, (3, row)).contains("note arrangement"));
    assert_eq!(list(&mut stage), "ROOMS, deploys, general, random, DIRECT, ada");
    let edge =
        u16::try_from(screen.lines().nth(3).unwrap().split('│').next().unwrap().chars().count() - 1).unwrap();
    mouse(&mut stage, DOWN, (edge, 3));
    for column in [edge + 5, 99, 0, 33] {
        mouse(&mut stage, DRAG, (column, 3));
        stage.screen(100, 24);
    }
    assert!(mouse(&mut stage, UP, (33, 3)).contains(r#""list_columns":34"#));
    assert_eq!(stage.screen(100, 24).lines().nth(3).unwrap().chars().position(|c| c == '│'), Some(34));
    assert_eq!(mouse(&mut stage, DRAG, (60, 3)), "", "let go");
}

#[test]
fn the_mouse_places_the_cursor_and_selects() {
    let mut stage = Stage::team();
    stage.keys(&["one two", "Ctrl-J", "three"]);
    let screen = stage.screen(80, 24);
    let row = u16::try_from(screen.lines().position(|line| line.contains("one two")).unwrap()).unwrap();
    let column = screen.lines().nth(row.into()).unwrap().split("one").next().unwrap().chars().count() - 1;
    let column = u16::try_from(column).unwrap();
    mouse(&mut stage, DOWN, (column + 4, row));
    mouse(&mut stage, DRAG, (column + 2, row + 1));
    mouse(&mut stage, UP, (column + 2, row + 1));
    assert_eq!(stage.state.composer.selected().as_deref(), Some("two\nth"));
    assert_eq!(stage.keys(&["Ctrl-C"]), "copy \"two\\nth\"");
    stage.keys(&["Shift-Del"]);
    assert_eq!(stage.text(), "one ree");
    stage.keys(&["Shift-Left", "Shift-Left", "Esc"]);
    assert_eq!(stage.state.composer.selected(), None, "Esc selects nothing");
    assert_eq!(stage.text(), "one ree");
}

#[test]
fn emoji_used_last_have_digits() {
    let mut stage = Stage::team();
    stage.keys(&["well ", "Ctrl-K", "emoji", "Enter"]);
    assert!(stage.screen(80, 24).contains("👍"));
    stage.keys(&["rocket", "Enter"]);
    assert_eq!(stage.text(), "well 🚀");
    stage.keys(&["Ctrl-U", "Alt-;", "1"]);
    assert_eq!(stage.text(), "🚀", "used last, so the first");
    stage.keys(&["Ctrl-U"]);
    let asked = stage.keys(&["Alt-M", "2"]);
    assert!(asked.contains("message.react #deploys emoji=👍 on=true"), "{asked}");
}

#[test]
fn what_is_written_in_a_thread_is_kept_over_a_restart() {
    let mut stage = Stage::team();
    stage.keys(&["main", "Alt-M", "t", "aside"]);
    let due = stage.state.next_due_ms().unwrap();
    assert!(said(&stage.tick(due)).contains("draft #deploys 7 \"aside\""));
    assert!(stage.keys(&["Alt-T", "x"]).is_empty() || stage.text() == "mainx");
    let mut later = Stage::team();
    later.keys(&["Alt-M", "t"]);
    later.outcome(Outcome::ThreadDraft(DEPLOYS, Seq(7), "aside".into()));
    assert_eq!(later.text(), "aside");
    assert!(later.keys(&["Enter"]).contains("draft #deploys 7 \"\""), "sent, so forgotten");
}

#[test]
fn an_answer_waits_while_one_looks_elsewhere() {
    let mut stage = Stage::team();
    stage.keys(&["Alt-M", "r", "because", "Alt-1", "Alt-2", "Alt-1"]);
    assert!(stage.keys(&["Enter"]).contains("send #deploys because (reply 7)"));
}

#[test]
fn what_waits_out_of_sight_is_said_at_the_edge_of_the_list() {
    let mut stage = Stage::team();
    let many = (0..30).map(|n| {
        let id = ConversationId(uuid::Uuid::from_u128(100 + n));
        let unread = if n % 10 == 9 { 2 } else { 0 };
        Conversation { unread, ..room(id, &format!("room{n:02}"), "") }
    });
    stage.news(Update::Conversations(many.collect()));
    let edges = |stage: &mut Stage| {
        let screen = stage.screen(80, 24);
        let rows: Vec<String> =
            screen.lines().map(|row| row.split('│').next().unwrap_or_default().to_owned()).collect();
        let with = |arrow: char| rows.iter().find(|row| row.contains(arrow)).map(|row| row.trim().to_owned());
        (with('↑'), with('↓'))
    };
    let (above, below) = edges(&mut stage);
    assert_eq!(above, None);
    assert!(below.as_ref().is_some_and(|row| row.ends_with("↓ @3")), "two rooms and @ada: {below:?}");
    stage.keys(&["Alt-Up"]);
    let (above, below) = edges(&mut stage);
    assert!(above.as_ref().is_some_and(|row| row.ends_with("↑ @3")), "with a mention: {above:?}");
    assert_eq!(below, None);
    stage.keys(&["Ctrl-N"]);
    assert!(
        stage.screen(40, 24).lines().next().unwrap().ends_with("@2|"),
        "the list is not there to show it"
    );
}
