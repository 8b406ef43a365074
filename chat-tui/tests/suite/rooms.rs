//! Rooms, their people and their rules: keys and news in, effects and text out; and the fold of
//! later events over what is shown.

use crate::common::*;
use chat_client::{Anchor, Delivery, History, RequestError, Update};
use chat_proto::*;
use chat_tui::What;
use chat_tui::effect::Outcome;
use crossterm::event::{Event as TermEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

/// A command in #deploys; what follows, without the draft that Enter clears.
fn command(line: &str) -> String {
    let effects = Stage::team().keys(&[line, "Enter"]);
    effects.trim_start_matches("typing #deploys, ").replace("draft #deploys \"\", ", "")
}

#[test]
fn every_command_asks_for_its_change() {
    for (line, asked) in [
        ("/create --private #ops pagers", "create private #ops pagers"),
        ("/invite @zoe", "room.invite #deploys user=zoe"),
        ("/kick @lin too loud", "member.remove #deploys reason=too loud user=lin"),
        ("/role @lin moderator", "member.role #deploys role=moderator user=lin"),
        ("/rename #ships", "room.rename #deploys name=ships"),
        ("/describe where it ships", "room.describe #deploys description=where it ships"),
        ("/archive", "room.rules #deploys rules={\"archived\":true}"),
        ("/unarchive", "room.rules #deploys rules={}"),
        ("/slow 30", "room.rules #deploys rules={\"slow_mode_s\":30}"),
        ("/announce on", "room.rules #deploys rules={\"announcement\":true}"),
        ("/msg @ada @lin hi", "direct @ada @lin Say(\"hi\")"),
        ("/msg @ada,@lin", "direct @ada @lin Look"),
        ("/pins", "pins #deploys"),
    ] {
        assert_eq!(command(line), asked, "{line}");
    }
}

#[test]
fn rules_change_one_at_a_time() {
    let mut stage = Stage::team();
    let rules = RoomRules { slow_mode_s: 10, ..RoomRules::default() };
    stage.news(Update::Conversations(vec![Conversation { rules, ..room(DEPLOYS, "deploys", "") }]));
    let effects = stage.keys(&["/announce on", "Enter"]);
    assert!(effects.ends_with("rules={\"announcement\":true,\"slow_mode_s\":10}"), "{effects}");
    assert!(stage.screen(100, 24).contains("deploys · slow 10 s"));
}

#[test]
fn a_group_is_found_again() {
    let mut stage = Stage::team();
    let group = Conversation { with: vec![person("ada"), person("lin")], ..direct(RANDOM, "ada") };
    stage.news(Update::Conversations(vec![group]));
    assert!(stage.screen(80, 24).contains("& ada, lin"));
    assert!(stage.keys(&["/msg @lin @ada hi", "Enter"]).contains("send #random hi"));
    assert!(stage.keys(&["/msg @ada hi", "Enter"]).contains("send @ada hi"), "not the group");
}

#[test]
fn rooms_are_no_directs() {
    let mut stage = Stage::team();
    stage.keys(&["Alt-4"]);
    for line in ["/kick @ada", "/rename #x", "/slow 5", "/leave", "/topic x"] {
        assert!(!stage.keys(&[line, "Enter"]).contains("room."), "{line}");
        assert_eq!(stage.notice(), "That is for rooms; a direct conversation is only its people", "{line}");
    }
}

fn invitation(id: ConversationId, name: &str) -> Invitation {
    Invitation {
        conversation: id,
        name: RoomName::parse(name).unwrap(),
        topic: Topic::new("pagers").unwrap(),
        private: true,
        by: person("ada"),
        at: Timestamp(NOW),
    }
}

#[test]
fn invitations_are_answered() {
    let ops = ConversationId(uuid::Uuid::from_u128(42));
    let invited = || {
        let mut stage = Stage::team();
        stage.news(Update::Invitations(vec![invitation(ops, "ops")]));
        stage
    };
    assert!(invited().screen(80, 24).contains("INVITATIONS"));
    assert!(invited().keys(&["/accept #ops", "Enter"]).ends_with("accept ?"));
    let mut stage = invited();
    assert!(stage.keys(&["/decline #ops", "Enter"]).ends_with("invitation.decline ?"));
    assert!(!stage.screen(80, 24).contains("INVITATIONS"));
    let mut stage = invited();
    stage.screen(80, 24);
    let click = MouseEvent {
        kind: MouseEventKind::Down(MouseButton::Left),
        column: 5,
        row: 2,
        modifiers: KeyModifiers::NONE,
    };
    stage.input(What::Terminal(TermEvent::Mouse(click)));
    assert!(stage.screen(80, 24).contains("ada invites you into #ops"));
    assert_eq!(stage.keys(&["Enter"]), "accept ?");
    assert!(invited().keys(&["Ctrl-P", "ops", "Enter", "decl", "Enter"]).ends_with("invitation.decline ?"));
    let mut stage = invited();
    stage.keys(&["/invitations", "Enter", "Enter"]);
    assert!(stage.screen(80, 24).contains("ada invites you into #ops"));
    stage.keys(&["Esc", "/accept #nope", "Enter"]);
    assert_eq!(stage.notice(), "Nobody has invited you into #nope");
}

#[test]
fn where_one_may_not_write_it_is_said() {
    let with = |change: fn(&mut Conversation)| {
        let mut stage = Stage::team();
        let mut deploys = room(DEPLOYS, "deploys", "");
        (deploys.head, deploys.read) = (Seq(7), Seq(7));
        change(&mut deploys);
        stage.news(Update::Conversations(vec![deploys]));
        stage
    };
    let mut stage = with(|c| c.rules.archived = true);
    assert_eq!(stage.keys(&["h"]), "");
    assert_eq!(stage.text(), "");
    assert!(stage.notice().starts_with("This room is archived"));
    assert!(stage.screen(80, 24).contains("nobody writes here any more"));
    assert!(stage.keys(&["/unarchive", "Enter"]).contains("room.rules"), "commands work");
    stage.input(What::Terminal(TermEvent::Paste("pasted".into())));
    assert_eq!(stage.text(), "");
    let mut stage = with(|c| c.role = RoomRole::ReadOnly);
    stage.keys(&["h"]);
    assert!(stage.notice().starts_with("You can read here, but not write"));
    let mut stage = with(|c| c.rules.announcement = true);
    stage.keys(&["h"]);
    assert!(stage.notice().starts_with("Only moderators begin messages here"));
    stage.keys(&["Alt-M", "t"]);
    assert!(stage.keys(&["h", "Enter"]).contains("(thread 7)"), "but all answer in threads");
    let mut stage = with(|c| (c.rules.announcement, c.role) = (true, RoomRole::Moderator));
    assert!(stage.keys(&["h", "Enter"]).contains("send #deploys h"));
    let mut stage = with(|c| c.rules.announcement = true);
    stage.news(Update::Me { user: me(), role: Role::Admin, server_name: "acme".into() });
    assert!(stage.keys(&["h", "Enter"]).contains("send #deploys h"), "an admin has an owner's power");
}

#[test]
fn members_are_listed_with_role_and_presence() {
    let mut stage = Stage::team();
    stage.live(event(
        DEPLOYS,
        8,
        24,
        "ada",
        EventKind::Role { user: person("lin"), role: RoomRole::Moderator },
    ));
    stage.keys(&["/members", "Enter"]);
    let screen = stage.screen(80, 24);
    for row in
        ["@ada                       ● online · owner", "@lin                       ◐ away · moderator"]
    {
        assert!(screen.contains(row), "{row}\n{screen}");
    }
}

#[test]
fn what_happens_in_a_room_is_told_in_few_lines() {
    let mut stage = Stage::team();
    let zoe = person("zoe");
    for (seq, author, what) in [
        (8, "ada", EventKind::Invited { user: zoe.clone() }),
        (9, "ada", EventKind::Invited { user: person("kim") }),
        (10, "zoe", EventKind::Joined),
        (11, "ada", EventKind::Role { user: zoe.clone(), role: RoomRole::ReadOnly }),
        (12, "ada", EventKind::Removed { user: zoe, reason: Topic::new("spam").unwrap() }),
        (13, "ada", EventKind::Renamed { name: RoomName::parse("ships").unwrap() }),
        (14, "ada", EventKind::Rules { rules: RoomRules { slow_mode_s: 30, ..RoomRules::default() } }),
        (15, "ada", EventKind::Rules { rules: RoomRules::default() }),
        (16, "ada", EventKind::Described { description: Description::new("all about\nships").unwrap() }),
    ] {
        stage.live(event(DEPLOYS, seq, 24, author, what));
    }
    let screen = stage.screen(200, 40);
    for line in [
        "· ada invited zoe and kim, zoe joined, ada made zoe read-only, ada removed zoe (spam)",
        "· ada renamed the room to #ships",
        "· ada set how people write here: slow mode 30 s",
        "· ada set how people write here: as they like",
        "· ada described the room: all about ships",
    ] {
        assert!(screen.contains(line), "{line}\n{screen}");
    }
}

fn edited(seq: u64, target: u64, body: &str) -> Event {
    let body = Body::new(body).unwrap();
    event(DEPLOYS, seq, 24, "grace", EventKind::Edited { target: Seq(target), body, mentions: Vec::new() })
}

fn reacted(seq: u64, target: u64, who: &str, on: bool) -> Event {
    let emoji = Emoji::new("👍").unwrap();
    event(DEPLOYS, seq, 24, who, EventKind::Reaction { target: Seq(target), emoji, on })
}

#[test]
fn later_events_change_what_is_shown() {
    let mut stage = Stage::team();
    stage.live(edited(8, 6, "graph removed"));
    assert!(stage.screen(80, 24).contains("graph removed (edited)"));
    stage.live(reacted(9, 6, "ada", true));
    stage.live(reacted(10, 6, "lin", true));
    assert!(stage.screen(80, 24).contains("👍 2"));
    stage.live(reacted(11, 6, "ada", false));
    assert!(stage.screen(80, 24).contains("👍 1"));
    stage.live(event(DEPLOYS, 12, 24, "ada", EventKind::Pinned { target: Seq(6), on: true }));
    assert!(stage.screen(80, 24).contains("graph removed (edited) ⚑"));
    stage.live(event(DEPLOYS, 13, 24, "grace", EventKind::Deleted { target: Seq(6) }));
    let screen = stage.screen(80, 24);
    assert!(screen.contains("message deleted") && !screen.contains("graph") && !screen.contains("👍"));
    assert_eq!(screen.matches("· ").count(), 3, "changes have no line of their own: {screen}");
}

#[test]
fn the_same_news_twice_changes_nothing() {
    let mut stage = Stage::team();
    let answer = said_as(DEPLOYS, 8, 23, "lin", "in there", |m| m.thread = Some(Seq(4)));
    for _ in 0..2 {
        stage.live(answer.clone());
        stage.live(edited(9, 6, "once"));
        stage.live(reacted(10, 6, "ada", true));
    }
    let screen = stage.screen(80, 24);
    assert!(screen.contains("⌥ 1 reply") && screen.contains("👍 1"), "{screen}");
    stage.live(message(DEPLOYS, 6, 21, "grace", "graph attached"));
    assert!(stage.screen(80, 24).contains("once (edited)"), "an old copy does not undo an edit");
}

#[test]
fn a_page_that_knows_later_events_counts_them_once() {
    // What was missed comes as it stands now: the root already counts the answer behind it.
    let mut stage = Stage::team();
    let root = said_as(DEPLOYS, 8, 23, "ada", "a question", |m| m.replies = 1);
    let answer = said_as(DEPLOYS, 9, 23, "lin", "an answer", |m| m.thread = Some(Seq(8)));
    let events = vec![root, answer];
    stage.news(Update::Events { conversation: DEPLOYS, events, live: false });
    assert!(stage.screen(80, 24).contains("⌥ 1 reply"));
}

#[test]
fn a_change_to_what_is_not_held_waits_for_its_page() {
    let mut stage = Stage::empty();
    stage.screen(80, 20);
    stage.news(Update::Conversations(vec![room(DEPLOYS, "deploys", "")]));
    let page = |from: u64, to: u64| History {
        events: (from..=to).map(|seq| message(DEPLOYS, seq, 1, "ada", &format!("line {seq}."))).collect(),
        more_before: from > 1,
        more_after: false,
    };
    stage.outcome(Outcome::History(DEPLOYS, Anchor::Newest, Ok(page(101, 200))));
    stage.live(edited(201, 90, "changed"));
    stage.live(reacted(202, 90, "lin", true));
    for _ in 0..10 {
        stage.keys(&["PageUp"]);
    }
    // The page was asked for before the change and comes after it.
    stage.outcome(Outcome::History(DEPLOYS, Anchor::Before(Seq(101)), Ok(page(1, 100))));
    stage.keys(&["/goto 90", "Enter"]);
    let screen = stage.screen(80, 20);
    assert!(screen.contains("changed (edited)") && screen.contains("👍 1"), "{screen}");
}

#[test]
fn scrolled_back_a_change_below_moves_nothing() {
    let mut stage = Stage::empty();
    stage.news(Update::Conversations(vec![room(DEPLOYS, "deploys", "")]));
    let many = (1..=100).map(|seq| message(DEPLOYS, seq, 1, "ada", &format!("line {seq}."))).collect();
    stage.history(DEPLOYS, many);
    stage.screen(80, 20);
    stage.keys(&["PageUp", "PageUp"]);
    // Above the newest rows, which stay in sight.
    let pane = |screen: String| screen.lines().take(12).map(str::to_owned).collect::<Vec<_>>();
    let before = pane(stage.screen(80, 20));
    stage.live(edited(
        101,
        100,
        "changed, and so much longer that it needs a second row of the pane to stand in",
    ));
    stage.live(reacted(102, 99, "lin", true));
    stage.live(said_as(DEPLOYS, 103, 2, "lin", "in there", |m| m.thread = Some(Seq(98))));
    assert_eq!(before, pane(stage.screen(80, 20)));
    assert!(!stage.screen(80, 20).contains("new ↓"), "a thread's message is not new in the room");
}

#[test]
fn a_deleted_message_keeps_its_thread() {
    let mut stage = Stage::team();
    stage.live(said_as(DEPLOYS, 8, 23, "lin", "in there", |m| m.thread = Some(Seq(6))));
    stage.live(event(DEPLOYS, 9, 24, "grace", EventKind::Deleted { target: Seq(6) }));
    let screen = stage.screen(80, 24);
    assert!(screen.contains("message deleted") && screen.contains("⌥ 1 reply"), "{screen}");
    stage.keys(&["Alt-M", "Up", "t"]);
    assert!(stage.screen(80, 24).contains("in there"));
}

#[test]
fn an_old_own_message_of_a_thread_is_shown_once() {
    let mut stage = Stage::team();
    stage.keys(&["Alt-M", "t"]);
    let own = chat_client::Draft { thread: Some(Seq(7)), ..draft(DEPLOYS, "once") };
    stage.news(going(1_008, own.clone(), Delivery::Sending));
    stage.live(said_as(DEPLOYS, 8, 23, "mara", "once", |m| m.thread = Some(Seq(7))));
    stage.news(going(1_008, own, Delivery::Stored { seq: Seq(8), at: Timestamp(NOW) }));
    assert_eq!(stage.screen(80, 24).matches("once").count(), 1);
    stage.keys(&["Esc"]);
    assert!(!stage.screen(80, 24).contains("once"));
}

#[test]
fn an_invitation_that_is_gone_says_so() {
    let refusal = RequestError::Refused(WireError::new(ErrorCode::NotFound, "There is no such room."));
    let mut stage = Stage::team();
    stage.outcome(Outcome::Opened(chat_tui::effect::Question::Accept(RANDOM), Err(refusal)));
    assert_eq!(stage.notice(), "There is no such room.");
}

#[test]
fn whoever_is_put_out_while_writing_says_nothing_elsewhere() {
    let mut stage = Stage::team();
    stage.keys(&["Alt-3", "Alt-1", "half a sec"]);
    assert_eq!(
        said(&stage.news(Update::Removed(DEPLOYS))),
        "draft #deploys \"half a sec\", not typing #deploys"
    );
    assert_eq!((stage.state.open, stage.notice()), (None, "You are not in #deploys any more."));
    assert_eq!(stage.keys(&["ret", "Enter"]), "");
    stage.news(Update::Conversations(vec![Conversation { unread: 9, ..room(GENERAL, "general", "") }]));
    assert_eq!(stage.state.open, None, "none opens by itself, whatever happens there");
    assert!(stage.screen(80, 24).contains("No conversation is open"));
    stage.keys(&["Alt-1"]);
    assert_eq!((stage.state.open, stage.text().as_str()), (Some(GENERAL), "ret"), "and nothing is lost");
}

#[test]
fn a_question_is_about_the_conversation_in_which_it_was_asked() {
    let mut stage = Stage::team();
    stage.keys(&["Up", "Esc", "/delete", "Enter"]);
    assert!(stage.state.confirm.is_some());
    let ask = chat_tui::effect::Question::Join(RoomName::parse("random").unwrap());
    stage.outcome(Outcome::Opened(ask, Ok(Box::new(room(RANDOM, "random", "")))));
    assert_eq!((stage.state.open, stage.state.confirm.is_none()), (Some(RANDOM), true));
    assert!(!stage.keys(&["y"]).contains("message.delete"));
    stage.keys(&["Backspace", "Alt-1", "/delete", "Enter"]);
    stage.news(Update::Removed(DEPLOYS));
    assert!(stage.state.confirm.is_none());
}

#[test]
fn a_private_room_is_left_after_a_question() {
    let mut stage = Stage::team();
    let private = Conversation { private: true, ..room(DEPLOYS, "deploys", "") };
    stage.news(Update::Conversations(vec![private]));
    assert_eq!(stage.keys(&["/leave", "Enter", "n"]), "draft #deploys \"\"");
    assert!(stage.keys(&["/leave", "Enter", "y"]).ends_with("room.leave #deploys"));
    stage.news(Update::Removed(DEPLOYS));
    assert!(stage.state.open.is_some(), "whoever leaves goes on elsewhere");
}

#[test]
fn what_cannot_be_meant_is_not_done() {
    for (line, notice) in [
        ("/leave #random", "/leave takes nothing behind it: Leave this room"),
        ("/archive #random", "/archive takes nothing behind it: End writing in this room; all can read"),
        ("/delete 4", "/delete takes nothing behind it: Delete your selected message, or your last one"),
        ("/password secret", "/password takes nothing behind it: Change your password; all other logins end"),
        ("/export pdf", "There is no form pdf: write text, markdown, json; a file is ./pdf"),
    ] {
        let mut stage = Stage::team();
        assert_eq!(stage.keys(&[line, "Enter"]).replace("typing #deploys, ", ""), "", "{line}");
        assert_eq!((stage.notice(), stage.text().as_str()), (notice, line));
    }
    let mut stage = Stage::team();
    assert_eq!(stage.keys(&["/topic release train, freeze Friday", "Enter"]), "draft #deploys \"\"");
    assert_eq!(stage.notice(), "That is the topic already");
}

#[test]
fn help_says_what_one_command_does() {
    for (line, notice) in [
        ("/help topic", "/topic [text] · Show or set this room's topic"),
        ("/help /Leave", "/leave · Leave this room"),
        ("/help le", "There is no command /le; /help lists them"),
    ] {
        let mut stage = Stage::team();
        stage.keys(&[line, "Enter"]);
        assert_eq!((stage.notice(), stage.state.popup.is_none()), (notice, true));
    }
}
