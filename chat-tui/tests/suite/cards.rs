//! Cards of people and rooms: what they say, what can be done from them, and where they open.

use crate::common::*;
use chat_client::Update;
use chat_proto::*;
use chat_tui::What;
use chat_tui::effect::Outcome;
use chat_tui::state::Popup;
use crossterm::event::{Event as TermEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

fn profile(name: &str) -> Profile {
    Profile {
        user: person(name),
        display_name: DisplayName::new("Lin Chen").unwrap(),
        status: Status {
            emoji: Some(Emoji::new("🌴").unwrap()),
            text: StatusText::new("on holi\u{202e}day").unwrap(),
            until: Some(Timestamp(NOW + 60 * MINUTE)),
        },
        zone: Zone::new("Asia/Tokyo").unwrap(),
        role: Role::Member,
        since: Timestamp(NOW - 24 * 60 * MINUTE),
        last_seen: Some(Timestamp(NOW - 5 * MINUTE)),
    }
}

fn open_card(stage: &mut Stage, name: &str) {
    let ask = Request::GetProfile(GetProfile { user: name.parse().unwrap() });
    let answer = Answer::GetProfile(profile(name));
    stage.outcome(Outcome::Looked(Box::new(ask), Box::new(answer)));
}

fn rows(stage: &Stage) -> Vec<String> {
    let Some(Popup::Picker(picker)) = &stage.state.popup else { return Vec::new() };
    picker.rows().0.iter().map(|item| item.label.clone()).collect()
}

/// I am a moderator of #deploys now, or what else the role says.
fn with_role(stage: &mut Stage, role: RoomRole) {
    let mut deploys = room(DEPLOYS, "deploys", "release train");
    (deploys.role, deploys.head, deploys.read) = (role, Seq(7), Seq(7));
    stage.news(Update::Conversations(vec![deploys]));
}

#[test]
fn a_member_leads_to_a_card_with_all_that_is_known() {
    let mut stage = Stage::team();
    stage.keys(&["/members", "Enter"]);
    assert!(rows(&stage).contains(&"@lin".to_owned()));
    let asked = stage.keys(&["lin", "Enter"]);
    assert_eq!(asked, "user.get user=lin");
    open_card(&mut stage, "lin");
    let screen = stage.screen(100, 30);
    for words in [
        "@lin",
        "Lin Chen",
        "🌴 on holiday until 17 Nov 2026 10:30",
        "◐ away",
        "18:30 in Asia/Tokyo",
        "member, member in #deploys",
        "together in  #deploys",
        "17 Nov 2026 09:25",
        "▸ message",
    ] {
        assert!(screen.contains(words), "{words} in\n{screen}");
    }
    assert!(!screen.contains('\u{202e}'));
    assert_eq!(rows(&stage), ["message", "mention", "block"], "a member keeps no order");
    assert_eq!(stage.keys(&["Enter"]), "history @lin Newest", "the direct that is there");
}

#[test]
fn what_can_be_done_follows_the_rights() {
    let mut stage = Stage::team();
    with_role(&mut stage, RoomRole::Moderator);
    open_card(&mut stage, "lin");
    assert_eq!(rows(&stage), ["message", "mention", "block", "mute", "kick", "ban"]);
    stage.keys(&["ban", "Enter"]);
    assert_eq!(stage.text(), "/ban @lin ", "a reason can be written, and nothing is done by accident");
    open_card(&mut stage, "ada");
    assert_eq!(rows(&stage), ["message", "mention", "block"], "the owner stands above");
    open_card(&mut stage, "mara");
    assert_eq!(rows(&stage), ["change name", "set status", "set time zone"]);
    open_card(&mut stage, "zoe");
    assert_eq!(rows(&stage), ["message", "mention", "block", "invite"], "not in this room");
    stage.news(Update::Me { user: me(), role: Role::Admin, server_name: "acme".into() });
    open_card(&mut stage, "lin");
    let all = [
        "message",
        "mention",
        "block",
        "mute",
        "kick",
        "ban",
        "change role",
        "mute everywhere",
        "ban from the server",
        "disable",
        "enable",
        "make guest",
        "reset password",
        "reset password and second factor",
        "account",
    ];
    assert_eq!(rows(&stage), all);
}

#[test]
fn a_mention_goes_into_what_is_written_and_a_block_is_asked_for() {
    let mut stage = Stage::team();
    stage.keys(&["thanks "]);
    open_card(&mut stage, "lin");
    stage.keys(&["Down", "Enter"]);
    assert_eq!(stage.text(), "thanks @lin ");
    open_card(&mut stage, "lin");
    assert_eq!(stage.keys(&["block", "Enter"]), "block.set on=true user=lin");
}

#[test]
fn a_click_on_a_name_shows_who_it_is() {
    let mut stage = Stage::team();
    let screen = stage.screen(100, 24);
    let (row, line) = screen.lines().enumerate().find(|(_, line)| line.contains("09:15 lin")).unwrap();
    let name = line.chars().position(|c| c == ':').unwrap() - 1 + 5;
    let at = |stage: &mut Stage, column: usize| {
        let kind = MouseEventKind::Down(MouseButton::Left);
        let (column, row) = (u16::try_from(column).unwrap(), u16::try_from(row).unwrap());
        said(&stage.input(What::Terminal(TermEvent::Mouse(MouseEvent {
            kind,
            column,
            row,
            modifiers: KeyModifiers::NONE,
        }))))
    };
    assert_eq!(at(&mut stage, name), "user.get user=lin");
    assert_eq!(at(&mut stage, name - 4), "", "the time is nobody");
}

#[test]
fn lists_of_people_say_what_people_say_of_themselves() {
    let mut stage = Stage::team();
    stage.keys(&["/who", "Enter"]);
    let card = Card { display_name: DisplayName::new("Lin Chen").unwrap(), status: profile("lin").status };
    let rows = vec![
        PersonRow { person: person("lin"), card },
        PersonRow { person: person("zoe"), card: Card::default() },
    ];
    stage.outcome(Outcome::People(String::new(), rows));
    let screen = stage.screen(100, 30);
    assert!(screen.contains("◐ away · Lin Chen · 🌴 on holiday"), "{screen}");
    let zoe = screen.lines().find(|line| line.contains("@zoe")).unwrap();
    assert!(!zoe.contains("offline"), "of whom nothing is known, nothing is said: {zoe}");
    stage.keys(&["Esc", "/members", "Enter"]);
    let screen = stage.screen(100, 30);
    assert!(
        screen.contains("● online") && screen.contains("owner") && screen.contains("○ offline"),
        "{screen}"
    );
}

fn info(name: &str, joined: bool) -> RoomInfo {
    RoomInfo {
        id: ConversationId(uuid::Uuid::from_u128(99)),
        name: RoomName::parse(name).unwrap(),
        topic: Topic::new("ships and \u{202e}sails").unwrap(),
        members: 12,
        description: Description::new("All about the harbour.\nSecond line.").unwrap(),
        archived: false,
        joined,
    }
}

#[test]
fn a_room_is_looked_at_before_it_is_joined() {
    let mut stage = Stage::team();
    stage.keys(&["/rooms", "Enter"]);
    stage.outcome(Outcome::Rooms(vec![info("harbour", false), info("random", true)]));
    let screen = stage.screen(100, 30);
    assert!(
        screen.contains("12 members · ships and") && screen.contains("✓ joined · 12 members"),
        "{screen}"
    );
    assert_eq!(stage.keys(&["harb", "Enter"]).split(", ").last(), Some("rooms \"harb\""), "not joined yet");
    let screen = stage.screen(100, 30);
    for words in ["#harbour", "All about the harbour.", "Second line.", "only members read them", "▸ join"]
    {
        assert!(screen.contains(words), "{words} in\n{screen}");
    }
    assert!(!screen.contains('\u{202e}'));
    assert_eq!(stage.keys(&["Enter"]), "join #harbour");
    stage.keys(&["/rooms", "Enter"]);
    stage.outcome(Outcome::Rooms(vec![info("harbour", false)]));
    assert_eq!(stage.keys(&["Enter", "Down", "Enter"]), "rooms \"\"", "back to the directory");
}

#[test]
fn cards_fit_every_screen() {
    for (columns, rows) in [(1, 1), (10, 4), (30, 10), (40, 12), (80, 24), (200, 60)] {
        let mut stage = Stage::team();
        with_role(&mut stage, RoomRole::Owner);
        stage.screen(columns, rows);
        open_card(&mut stage, "lin");
        let screen = stage.screen(columns, rows);
        assert!(rows < 10 || screen.contains("▸ message"), "{columns}×{rows}\n{screen}");
        insta::assert_snapshot!(format!("card_{columns}x{rows}"), screen);
    }
}
