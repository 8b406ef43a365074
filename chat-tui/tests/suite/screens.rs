//! Pictures of the screen. `INSTA_UPDATE=always cargo test -p chat-tui screens` draws them
//! again; read the difference before it is kept.

use crate::common::*;
use chat_client::{Connection, Delivery, Update};
use chat_proto::*;
use chat_tui::What;
use chat_tui::effect::Outcome;
use chat_tui::state::sign_in::Known;
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
        provider: None,
        limits: Limits::default(),
        ping_interval_ms: 25_000,
        server_time: Timestamp(NOW),
    };
    stage.outcome(Outcome::Probed("ws://127.0.0.1:7667".parse().unwrap(), Ok(hello)));
    stage.keys(&["Right", "Enter", "ada", "Enter", "short", "Enter"]);
    stage.keys(&["code", "Enter"]);
    assert_snapshot!("new_account_80x24", stage.screen(80, 24));
}

/// Rooms & messages with a bit of everything: replies, reactions, an edit, a deletion, an action,
/// a forwarded message, a pin and a thread.
fn full() -> Stage {
    let mut stage = Stage::team();
    stage.screen(80, 24);
    let mut ops = room(ConversationId(uuid::Uuid::from_u128(6)), "ops", "");
    ops.private = true;
    let mut group = direct(ConversationId(uuid::Uuid::from_u128(7)), "ada");
    group.with.push(person("lin"));
    let mut deploys = room(DEPLOYS, "deploys", "release train, freeze Friday");
    (deploys.head, deploys.read, deploys.others_read) = (Seq(20), Seq(20), Seq(10));
    deploys.rules.slow_mode_s = 30;
    stage.news(Update::Conversations(vec![ops, group, deploys]));
    stage.news(Update::Invitations(vec![Invitation {
        conversation: ConversationId(uuid::Uuid::from_u128(8)),
        name: RoomName::parse("board").unwrap(),
        topic: Topic::new("numbers").unwrap(),
        private: true,
        by: person("ada"),
        at: Timestamp(NOW),
    }]));
    let from = Forwarded { author: person("zoe"), at: Timestamp(NOW), room: RoomName::parse("ops").ok() };
    for event in [
        said_as(DEPLOYS, 8, 23, "ada", "which canary?", |m| {
            m.reply_to = Some(Seq(5));
            m.reactions = vec![reaction("👍", &["lin", "mara"]), reaction("🎉", &["lin"])];
        }),
        said_as(DEPLOYS, 9, 24, "lin", "the small one", |m| m.thread = Some(Seq(4))),
        said_as(DEPLOYS, 10, 24, "mara", "thanks, then all is well", |m| m.thread = Some(Seq(4))),
        said_as(DEPLOYS, 11, 25, "grace", "all green", |m| (m.edited, m.pinned) = (Some(Seq(15)), true)),
        event(
            DEPLOYS,
            12,
            25,
            "lin",
            EventKind::Tombstone(Tombstone { deleted: Seq(16), ..Tombstone::default() }),
        ),
        said_as(DEPLOYS, 13, 26, "ada", "rings the bell", |m| m.action = true),
        said_as(DEPLOYS, 14, 27, "mara", "disk is full", |m| m.forwarded = Some(from)),
    ] {
        stage.live(event);
    }
    stage
}

#[test]
fn rooms_and_messages_at_many_sizes() {
    for (columns, rows) in [(40, 10), (40, 30), (80, 24), (120, 40)] {
        assert_snapshot!(format!("full_{columns}x{rows}"), full().screen(columns, rows));
    }
}

#[test]
fn a_thread_beside_the_room_or_in_its_place() {
    for (columns, rows) in [(40, 10), (80, 24), (120, 40)] {
        let mut stage = full();
        stage.screen(columns, rows);
        stage.keys(&["/goto 10", "Enter", "Esc", "half an ans"]);
        assert_snapshot!(format!("thread_{columns}x{rows}"), stage.screen(columns, rows));
    }
}

#[test]
fn a_chosen_message() {
    let mut stage = full();
    stage.screen(80, 24);
    stage.keys(&["/goto 8", "Enter", "Alt-M"]);
    assert_snapshot!("chosen_80x24", stage.screen(80, 24));
    assert_snapshot!("chosen_40x10", stage.screen(40, 10));
    stage.keys(&["r"]);
    assert_snapshot!("reply_80x24", stage.screen(80, 24));
    stage.keys(&["Esc", "Up"]);
    assert_snapshot!("edit_80x24", stage.screen(80, 24));
    stage.keys(&["Esc", "/goto 14", "Enter", "Alt-M", "d"]);
    assert_snapshot!("delete_80x24", stage.screen(80, 24));
}

#[test]
fn lists_about_a_room() {
    let mut stage = full();
    stage.keys(&["/members", "Enter"]);
    assert_snapshot!("members_80x24", stage.screen(80, 24));
    stage.keys(&["Esc", "/invitations", "Enter", "Enter"]);
    assert_snapshot!("invitation_80x24", stage.screen(80, 24));
    stage.keys(&["Esc", "Alt-M", "+", "tada"]);
    assert_snapshot!("emoji_80x24", stage.screen(80, 24));
}

#[test]
fn a_room_that_is_archived() {
    let mut stage = full();
    let mut deploys = room(DEPLOYS, "deploys", "release train, freeze Friday");
    (deploys.rules.archived, deploys.role) = (true, RoomRole::Moderator);
    stage.news(Update::Conversations(vec![deploys]));
    assert_snapshot!("archived_80x24", stage.screen(80, 24));
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
                stage.live(message(DEPLOYS, 8 + 2 * at as u64, 23, "ada", body.as_str()));
                stage.live(said_as(DEPLOYS, 9 + 2 * at as u64, 23, "ada", body.as_str(), |m| {
                    (m.action, m.reply_to, m.edited) = (at == 1, Some(Seq(8 + 2 * at as u64)), Some(Seq(40)));
                }));
                stage.news(outgoing(DEPLOYS, 900 + at as u128, body.as_str(), Delivery::Failed { reason: reason.clone() }));
            }
        }
        stage.input(What::Terminal(crossterm::event::Event::Paste(typed)));
        for keys in [&[][..], &["Alt-M", "r"][..], &["Esc", "Alt-M", "t"][..], &["Alt-M", "d"][..], &["Alt-1"][..], &["Ctrl-P", "g"][..]] {
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
        vec!["F2", "PageUp", "x", "Alt-Enter", "Ctrl-P", "Esc", "F1", "Esc", "Alt-U", "Alt-1", "?", "PageDown",
            "Alt-M", "Up", "t", "r", "Esc", "+", "Esc", "Alt-T", "d", "n", "l"], 0..20), calm in any::<bool>()) {
        let mut stage = if calm { busy() } else { full() };
        stage.screen(columns, rows);
        stage.keys(&keys);
        stage.screen(columns, rows);
        stage.screen(rows, columns);
    }
}
