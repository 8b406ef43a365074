//! Pictures of the screen. `INSTA_UPDATE=always cargo test -p chat-tui --test screens` draws them
//! again; read the difference before it is kept.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test may stop at once")]

mod common;

use chat_client::{Connection, Delivery, Update};
use chat_proto::*;
use chat_tui::What;
use chat_tui::effect::Outcome;
use chat_tui::state::sign_in::Known;
use common::*;
use insta::assert_snapshot;
use proptest::prelude::*;

/// A morning with a bit of everything.
fn busy() -> Stage {
    let mut stage = Stage::team();
    stage.live(event(DEPLOYS, 8, 23, "zoe", EventKind::Joined));
    stage.live(event(DEPLOYS, 9, 23, "ada", EventKind::Left));
    stage.live(message(
        DEPLOYS,
        10,
        24,
        "grace",
        "first\nand a longer second line that has to wrap on a small screen",
    ));
    stage.news(outgoing(DEPLOYS, 77, "one moment", Delivery::Sending));
    stage.news(Update::Typing { conversation: DEPLOYS, user: person("grace"), active: true });
    stage
}

#[test]
fn the_team_at_many_sizes() {
    for (columns, rows) in [(1, 1), (2, 2), (12, 5), (40, 10), (80, 24), (120, 40), (200, 60)] {
        assert_snapshot!(format!("team_{columns}x{rows}"), busy().screen(columns, rows));
    }
}

#[test]
fn widths_of_the_world() {
    let mut stage = Stage::team();
    for (seq, body) in [
        (8, "日本語の文章は幅が二倍です。折り返しも正しく行われます。"),
        (9, "emoji 👩‍👩‍👧 🇩🇪 👍🏽 ❤️ 🏳️‍🌈 and cafe\u{301} with marks"),
        (10, "שלום עולם مرحبا بالعالم می‌خواهم"),
        (11, "हिन्दी ไทย 한국어 ｶﾞｷﾞ"),
        (12, "\u{1b}[2J\u{202e}reversed?\u{202c} \u{200b}\u{7}"),
    ] {
        stage.live(message(DEPLOYS, seq, 23, "李雷", body));
    }
    assert_snapshot!("world_80x24", stage.screen(80, 24));
    assert_snapshot!("world_40x24", stage.screen(40, 24));
}

#[test]
fn a_failed_send() {
    let mut stage = Stage::team();
    let reason = "You are not a member of this room any more.".to_owned();
    stage.news(outgoing(DEPLOYS, 9, "did this go out?", Delivery::Failed { reason }));
    assert_snapshot!("failed_80x24", stage.screen(80, 24));
}

#[test]
fn offline_with_a_countdown() {
    let mut stage = Stage::team();
    stage.waiting(7);
    stage.news(outgoing(DEPLOYS, 9, "written on the train", Delivery::Queued));
    assert_snapshot!("offline_80x24", stage.screen(80, 24));
    assert_snapshot!("offline_40x10", stage.screen(40, 10));
}

#[test]
fn connecting_and_stopped() {
    let mut stage = Stage::empty();
    stage.news(Update::Connection(Connection::Connecting));
    assert_snapshot!("connecting_60x12", stage.screen(60, 12));
    let reason = "This server speaks another protocol; update chat-tui.".to_owned();
    stage.news(Update::Connection(Connection::Stopped { reason, login_needed: false }));
    assert_snapshot!("stopped_60x12", stage.screen(60, 12));
}

#[test]
fn the_switcher() {
    let mut stage = Stage::team();
    stage.keys(&["Ctrl-K"]);
    let room = RoomInfo {
        id: ConversationId(uuid::Uuid::from_u128(99)),
        name: RoomName::parse("incidents").unwrap(),
        topic: Topic::new("pagers and post-mortems").unwrap(),
        members: 9,
        description: Description::default(),
        archived: false,
        joined: false,
    };
    stage.outcome(Outcome::Rooms(vec![room]));
    stage.keys(&["in"]);
    assert_snapshot!("switcher_80x24", stage.screen(80, 24));
}

#[test]
fn the_help() {
    let mut stage = Stage::team();
    stage.keys(&["?"]);
    assert_snapshot!("help_100x50", stage.screen(100, 50));
}

#[test]
fn a_command_shows_its_usage() {
    let mut stage = Stage::team();
    stage.keys(&["/create"]);
    assert_snapshot!("command_80x14", stage.screen(80, 14));
}

#[test]
fn a_message_of_several_lines() {
    let mut stage = Stage::team();
    stage.keys(&["one", "Alt-Enter", "two", "Alt-Enter", "three"]);
    assert_snapshot!("composer_80x24", stage.screen(80, 24));
}

#[test]
fn the_list_over_a_narrow_screen() {
    let mut stage = Stage::team();
    stage.screen(40, 14);
    stage.keys(&["F2"]);
    assert_snapshot!("list_40x14", stage.screen(40, 14));
}

#[test]
fn the_first_run() {
    let mut stage = Stage::empty();
    stage.input(What::FirstRun(Known::default()));
    assert_snapshot!("first_run_80x24", stage.screen(80, 24));
    assert_snapshot!("first_run_30x6", stage.screen(30, 6));
    stage.keys(&["ws://127.0.0.1:7667", "Enter"]);
    let hello = Hello {
        protocol: ProtocolRange { min: 1, max: 1 },
        server: "chat-server 0.1.0".into(),
        name: "acme".into(),
        epoch: Epoch(uuid::Uuid::nil()),
        features: Vec::new(),
        registration: Registration::Invite,
        limits: Limits::default(),
        ping_interval_ms: 25_000,
        server_time: Timestamp(NOW),
    };
    stage.outcome(Outcome::Probed("ws://127.0.0.1:7667".parse().unwrap(), Ok(hello)));
    stage.keys(&["Right", "Enter", "ada", "Enter", "short", "Enter"]);
    stage.keys(&["code", "Enter"]);
    assert_snapshot!("new_account_80x24", stage.screen(80, 24));
}

/// Anything that people or attackers write.
fn hostile() -> impl Strategy<Value = String> {
    "(\\p{Cc}|\\p{Cf}|\\p{M}|\\p{Emoji}|\\p{Han}|\\p{Arabic}|[\u{200b}-\u{200f}\u{202a}-\u{202e}\u{2066}-\u{2069}]|a| |.){1,40}"
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_cell_is_unsafe_whatever_anybody_writes(
        bodies in proptest::collection::vec(hostile(), 1..4), team in hostile(), reason in hostile(), typed in hostile(),
        (columns, rows) in (1u16..100, 1u16..30), topic in "[^\\p{Cc}\u{2028}\u{2029}]{0,60}",
    ) {
        let mut stage = Stage::team();
        stage.news(Update::Me { user: me(), role: Role::Member, server_name: team });
        stage.news(Update::Conversations(vec![room(GENERAL, "general", &topic)]));
        for (at, body) in bodies.iter().enumerate() {
            if let Ok(body) = Body::new(body.as_str()) {
                stage.live(message(DEPLOYS, 8 + at as u64, 23, "ada", body.as_str()));
                stage.news(outgoing(DEPLOYS, 900 + at as u128, body.as_str(), Delivery::Failed { reason: reason.clone() }));
            }
        }
        stage.input(What::Terminal(crossterm::event::Event::Paste(typed)));
        for keys in [&[][..], &["Alt-1"][..], &["Ctrl-P", "g"][..]] {
            stage.keys(keys);
            let buffer = stage.buffer(columns, rows);
            for cell in &buffer.content {
                prop_assert!(SafeText::is_safe_line(cell.symbol()), "{:?}", cell.symbol());
            }
            stage.keys(&["PageUp", "Alt-U"]);
        }
    }

    #[test]
    fn no_size_panics(columns in 1u16..210, rows in 1u16..70, keys in proptest::sample::subsequence(
        vec!["F2", "PageUp", "x", "Alt-Enter", "Ctrl-P", "Esc", "F1", "Esc", "Alt-U", "Alt-1", "?", "PageDown"], 0..12)) {
        let mut stage = busy();
        stage.screen(columns, rows);
        stage.keys(&keys);
        stage.screen(columns, rows);
        stage.screen(rows, columns);
    }
}
