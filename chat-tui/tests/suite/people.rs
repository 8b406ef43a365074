//! Keeping order, profiles, blocks: commands in, effects and text out.

use std::collections::BTreeSet;

use crate::common::*;
use chat_client::Update;
use chat_proto::*;
use chat_tui::effect::Outcome;
use uuid::Uuid;

/// A command in #deploys; what follows, without the draft that Enter clears.
fn command(line: &str) -> String {
    let effects = Stage::team().keys(&[line, "Enter"]);
    effects.trim_start_matches("typing #deploys, ").replace("draft #deploys \"\", ", "")
}

fn said_by(name: &str, text: &str) -> Profile {
    Profile {
        user: person(name),
        display_name: DisplayName::new("Ada L.").unwrap(),
        status: Status {
            emoji: Some(Emoji::new("🌴").unwrap()),
            text: StatusText::new(text).unwrap(),
            until: Some(Timestamp(NOW + MINUTE)),
        },
        zone: Zone::new("Asia/Tokyo").unwrap(),
        role: Role::Member,
        since: Timestamp(NOW - 24 * 60 * MINUTE),
        last_seen: None,
    }
}

#[test]
fn every_command_asks_for_its_answer() {
    for (line, asked) in [
        ("/mute @lin for 10m too loud", "member.mute #deploys for_s=600 reason=too loud user=lin"),
        ("/mute --server @lin", "user.mute user=lin"),
        ("/unmute @lin", "member.unmute #deploys user=lin"),
        ("/unban --server @lin", "user.unban user=lin"),
        ("/bans", "ban.list #deploys limit=100"),
        ("/mutes --server", "ban.list limit=100 mutes=true"),
        ("/report spam", "report.create #deploys reason=spam seq=6"),
        ("/reports", "report.list #deploys limit=100"),
        ("/audit --server", "audit.list limit=100"),
        ("/profile @lin", "user.get user=lin"),
        ("/profile", "user.get user=mara"),
        ("/nick Mara M.", "profile.set display_name=Mara M."),
        ("/zone Europe/Zurich", "profile.set zone=Europe/Zurich"),
        ("/block @lin", "block.set on=true user=lin"),
        ("/unblock @lin", "block.set on=false user=lin"),
        ("/blocked", "block.list"),
        ("/privacy read off", "privacy.set read_receipts=false"),
        ("/readers", "message.readers #deploys seq=7"),
    ] {
        assert_eq!(command(line).trim(), asked, "{line}");
    }
}

#[test]
fn what_hits_hard_is_asked_once() {
    for (line, question, asked) in [
        (
            "/ban @lin for 1h spam",
            "Ban @lin from #deploys for 1 h?",
            "member.ban #deploys for_s=3600 reason=spam user=lin",
        ),
        ("/ban --server @lin", "Ban @lin from the server for good?", "user.ban user=lin"),
        ("/purge @lin", "Delete all that @lin wrote in #deploys", "user.purge #deploys user=lin"),
        ("/purge --server @lin", "Delete all that @lin wrote everywhere", "user.purge user=lin"),
    ] {
        let mut stage = Stage::team();
        assert!(!stage.keys(&[line, "Enter"]).contains("lin"), "{line}");
        assert!(stage.screen(100, 24).contains(question), "{}", stage.screen(100, 24));
        assert_eq!(stage.keys(&["n"]), "", "another key means no");
        stage.keys(&["Backspace", line, "Enter"]);
        assert_eq!(stage.keys(&["y"]), asked);
    }
}

#[test]
fn in_a_direct_only_the_server_is_left_to_keep_order_on() {
    let mut stage = Stage::team();
    stage.keys(&["/msg @ada", "Enter"]);
    assert!(!stage.keys(&["/mute @ada", "Enter"]).contains("mute"));
    assert!(stage.screen(100, 24).contains("--server behind the command"));
    assert!(stage.keys(&["/mute --server @ada", "Enter"]).ends_with("user.mute user=ada"));
}

#[test]
fn messages_of_who_is_blocked_are_folded_until_one_looks() {
    let mut stage = Stage::team();
    let text = "yes, 5% since 08:50";
    assert!(stage.screen(100, 24).contains(text));
    stage.news(Update::Blocked(BTreeSet::from([person("lin").id])));
    let screen = stage.screen(100, 24);
    assert!(!screen.contains(text) && screen.contains("somebody you block; /show opens it"), "{screen}");
    assert!(screen.contains("graph attached"), "the others speak as before");
    stage.keys(&["/show", "Enter"]);
    assert!(stage.screen(100, 24).contains(text));
    stage.keys(&["/show", "Enter"]);
    assert!(!stage.screen(100, 24).contains(text));
    stage.news(Update::Blocked(BTreeSet::new()));
    assert!(stage.screen(100, 24).contains(text));
}

#[test]
fn a_status_stands_beside_the_name_until_it_ends() {
    let mut stage = Stage::team();
    stage.news(Update::Profile(Box::new(said_by("ada", "on holiday"))));
    assert!(stage.screen(100, 24).contains("ada 🌴"), "{}", stage.screen(100, 24));
    stage.keys(&["/msg @ada", "Enter"]);
    assert!(stage.screen(100, 24).contains("· Ada L. · 🌴 on holiday"), "{}", stage.screen(100, 24));
    stage.ms += 2 * MINUTE as u64;
    stage.keys(&["x"]);
    let screen = stage.screen(100, 24);
    assert!(!screen.contains("🌴") && screen.contains("Ada L."), "{screen}");
    stage.news(Update::Cards(Vec::new()));
    assert!(!stage.screen(100, 24).contains("Ada L."));
}

#[test]
fn a_profile_says_what_time_it_is_there() {
    let mut stage = Stage::team();
    let ask = Request::GetProfile(GetProfile { user: "ada".parse().unwrap() });
    let answer = Answer::GetProfile(said_by("ada", "out\u{202e}side"));
    stage.outcome(Outcome::Looked(Box::new(ask), Box::new(answer)));
    let screen = stage.screen(100, 24);
    for words in ["@ada", "Ada L.", "🌴 outside", "18:30 in Asia/Tokyo", "16 Nov 2026"] {
        assert!(screen.contains(words), "{words} in {screen}");
    }
}

#[test]
fn a_report_is_closed_by_its_number() {
    let mut stage = Stage::team();
    let event = message(DEPLOYS, 5, 15, "lin", "buy\nnow");
    let (room, reason) = (RoomName::parse("deploys").ok(), Topic::new("spam").unwrap());
    let (id, at, by) = (ReportId(Uuid::from_u128(7)), Timestamp(NOW), person("ada"));
    let report = Report { id, at, by, reason, room, event, closed: None };
    stage.news(Update::Report(Box::new(report.clone())));
    assert!(stage.screen(110, 24).contains("ada reported a message by @lin in #deploys: spam; see /reports"));
    assert!(!stage.keys(&["/resolve 1", "Enter"]).contains("report"), "none was listed");
    let ask = Request::ListReports(ListReports::default());
    let page = ReportPage { reports: vec![report], cursor: None };
    stage.outcome(Outcome::Looked(Box::new(ask), Box::new(Answer::ListReports(page))));
    let screen = stage.screen(100, 24);
    assert!(screen.contains("@ada in #deploys: spam") && screen.contains("@lin: buy"), "{screen}");
    let effects = stage.keys(&["Esc", "/resolve 1 talked to lin", "Enter"]);
    assert!(effects.contains("report.close note=talked to lin report=00000000"), "{effects}");
}
