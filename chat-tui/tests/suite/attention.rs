//! What calls for the person and what must not: levels, mutes, quiet hours, the bell, calls,
//! and how one stands to threads.

use crate::common::*;
use chat_client::{Alert, RequestError, Update};
use chat_proto::*;
use chat_tui::What;
use chat_tui::effect::Outcome;
use chat_tui::settings::{NotifyHow, NotifyShow};
use crossterm::event::Event as TermEvent;
use insta::assert_snapshot;

fn case(line: &str) -> String {
    Stage::team()
        .keys(&[line, "Enter"])
        .replace("draft #deploys \"\", ", "")
        .replace("draft #deploys \"\"", "")
}

fn notify(stage: &mut Stage, id: ConversationId, notify: Notify) {
    let row = stage.state.conversations.get(id).cloned().unwrap();
    stage.news(Update::Conversations(vec![Conversation { notify, ..row }]));
}

const NEVER: Notify = Notify { level: Some(NotifyLevel::None), muted_until: None };

fn muted_for(ms: i64) -> Notify {
    Notify { level: None, muted_until: Some(Timestamp(NOW + ms)) }
}

fn focus(stage: &mut Stage, on: bool) {
    stage.input(What::Terminal(if on { TermEvent::FocusGained } else { TermEvent::FocusLost }));
}

#[test]
fn levels_and_mutes_are_asked_for() {
    assert_eq!(case("/notify all"), "hear #deploys all None");
    assert_eq!(case("/notify usual"), "hear #deploys usual None");
    assert_eq!(case("/mute"), "hear #deploys none None");
    assert_eq!(case("/mute 2h"), "hear #deploys usual Some(7200)");
    let mut stage = Stage::team();
    notify(&mut stage, DEPLOYS, Notify { level: Some(NotifyLevel::All), ..muted_for(90_000) });
    let effects = stage.keys(&["/notify mentions", "Enter"]);
    assert!(effects.ends_with("hear #deploys mentions Some(90)"), "the mute goes on: {effects}");
    assert!(stage.keys(&["/unmute", "Enter"]).ends_with("hear #deploys all None"));
    notify(&mut stage, DEPLOYS, NEVER);
    assert!(stage.keys(&["/mute 30m", "Enter"]).ends_with("hear #deploys usual Some(1800)"));
    assert!(stage.keys(&["/unmute", "Enter"]).ends_with("hear #deploys usual None"));
}

#[test]
fn what_was_done_is_said() {
    let mut stage = Stage::team();
    let mut said = |conversation, notify| {
        stage.outcome(Outcome::Heard(NotifyState { conversation, notify }));
        stage.notice().to_owned()
    };
    assert_eq!(
        said(DEPLOYS, NEVER),
        "#deploys is muted: nothing alerts you until /unmute; mentions still count"
    );
    assert_eq!(
        said(DEPLOYS, muted_for(2 * 60 * MINUTE)),
        "#deploys is muted until 11:30; then mentions, calls, answers and followed threads alert you"
    );
    assert_eq!(said(ADA, Notify::default()), "@ada: every message alerts you, as is usual");
    let mut stage = Stage::team();
    assert_eq!(stage.keys(&["/notify", "Enter"]), "draft #deploys \"\"");
    assert!(stage.notice().starts_with("#deploys: mentions, calls,"), "{}", stage.notice());
}

#[test]
fn what_is_silent_does_not_shout() {
    let mut stage = Stage::team();
    notify(&mut stage, GENERAL, NEVER);
    notify(&mut stage, RANDOM, muted_for(MINUTE));
    notify(&mut stage, ADA, muted_for(MINUTE));
    assert_snapshot!("silent_80x14", stage.screen(80, 14));
    stage.keys(&["Alt-2"]);
    assert!(stage.screen(40, 10).contains("# general · muted"));
    stage.keys(&["Alt-1"]);
    // A mention in it is still gone to; what only waits there is not.
    stage.keys(&["Alt-A"]);
    assert_eq!(stage.state.open, Some(GENERAL));
    let mut general = stage.state.open_conversation().cloned().unwrap();
    (general.unread, general.mentions) = (0, 0);
    let mut deploys = stage.state.conversations.get(DEPLOYS).cloned().unwrap();
    deploys.unread = 0;
    stage.news(Update::Conversations(vec![general, deploys]));
    stage.keys(&["Alt-A"]);
    assert_eq!(stage.state.open, Some(DEPLOYS), "home: nothing else is waiting");
    // Two minutes later it is loud again, without a key.
    assert_eq!(stage.state.next_due_ms(), Some(60_000));
    stage.state.take_dirty();
    stage.tick(60_000);
    assert!(stage.state.take_dirty());
    stage.keys(&["Alt-A"]);
    assert_eq!(stage.state.open, Some(ADA));
}

#[test]
fn quiet_hours_are_asked_for_and_kept() {
    assert_eq!(case("/dnd 2h"), "quiet Some(7200) false");
    assert_eq!(case("/dnd 22:00-08:00 mon-fri"), "quiet None true");
    assert_eq!(case("/dnd off"), "quiet None false");
    let mut stage = Stage::team();
    assert_eq!(stage.keys(&["/dnd", "Enter"]), "draft #deploys \"\"");
    assert_eq!(stage.notice(), "You may be disturbed at all times; /dnd 2h changes that");
    let time = |text| ClockTime::parse(text).unwrap();
    let schedule = Schedule {
        from: time("22:00"),
        to: time("08:00"),
        days: vec![Weekday::Mon, Weekday::Tue],
        zone: ZoneName::new("Europe/Berlin").unwrap(),
    };
    let dnd = Dnd { until: Some(Timestamp(NOW + 60 * MINUTE)), schedule: Some(schedule) };
    stage.news(Update::Dnd(dnd.clone()));
    stage.outcome(Outcome::Quieted(dnd));
    assert_eq!(
        stage.notice(),
        "Do not disturb until 10:30, and 22:00-08:00 mon tue in Europe/Berlin; /dnd off ends it"
    );
    assert!(stage.keys(&["/dnd 3h", "Enter"]).ends_with("quiet Some(10800) true"), "the hours stay");
    assert!(stage.keys(&["/dnd 21:00-9:00", "Enter"]).ends_with("quiet Some(3600) true"), "the pause stays");
    assert!(stage.screen(80, 24).lines().next().unwrap().contains("☾"));
    assert!(stage.screen(40, 10).lines().next().unwrap().contains("☾"));
    stage.tick(60 * MINUTE as u64);
    assert!(!stage.screen(80, 24).contains("☾"), "Berlin has 11:30");
}

fn alert(conversation: ConversationId, seq: u64) -> Update {
    let event = message(conversation, seq, 29, "ada", "@mara?");
    Update::Alert(Alert { event, reason: Some(Reason::Mention) })
}

#[test]
fn the_bell_rings_for_what_is_not_seen() {
    let mut stage = Stage::team();
    assert_eq!(said(&stage.news(alert(DEPLOYS, 8))), "", "it is on screen");
    let called = "notify \"ada mentions you in #general: @mara?\", bell";
    assert_eq!(said(&stage.news(alert(GENERAL, 9))), called);
    assert_eq!(said(&stage.news(alert(GENERAL, 10))), "", "once in a second");
    stage.ms += 1_000;
    focus(&mut stage, false);
    let called = "notify \"ada mentions you in #deploys: @mara?\"";
    assert_eq!(said(&stage.news(alert(DEPLOYS, 11))), format!("{called}, bell"));
    stage.ms += 1_000;
    stage.state.settings.bell = false;
    assert_eq!(said(&stage.news(alert(DEPLOYS, 12))), called, "without a sound");
    stage.ms += 1_000;
    stage.state.settings.notify_how = NotifyHow::Off;
    assert_eq!(said(&stage.news(alert(DEPLOYS, 12))), "");
    (stage.state.settings.bell, stage.state.settings.notify_how) = (true, NotifyHow::Bell);
    focus(&mut stage, true);
    let event = said_as(DEPLOYS, 13, 29, "ada", "in there", |m| m.thread = Some(Seq(4)));
    let hidden = Update::Alert(Alert { event, reason: Some(Reason::Thread) });
    assert_eq!(said(&stage.news(hidden)), "bell", "the thread is not open");
}

#[test]
fn who_looks_back_is_told_of_the_newest() {
    let mut stage = Stage::team();
    for seq in 8..60 {
        stage.live(message(DEPLOYS, seq, 23, "lin", "and on"));
    }
    stage.screen(80, 24);
    stage.ms += 5_000;
    stage.keys(&["PageUp"]);
    assert!(said(&stage.news(alert(DEPLOYS, 60))).starts_with("notify"), "it is not on screen");
    stage.ms += 5_000;
    stage.keys(&["PageDown", "PageDown"]);
    assert_eq!(said(&stage.news(alert(DEPLOYS, 61))), "");
}

#[test]
fn others_at_the_screen_see_as_much_as_one_wants() {
    let mut stage = Stage::team();
    let mut told = |show, body: &str| {
        (stage.state.settings.notify_show, stage.ms) = (show, stage.ms + 1_000);
        stage.state.settings.bell = false;
        let event = message(GENERAL, 9, 29, "ada", body);
        said(&stage.news(Update::Alert(Alert { event, reason: Some(Reason::Reply) })))
    };
    assert_eq!(told(NotifyShow::Full, "yes\nand no"), "notify \"ada answers you in #general: yes\"");
    assert_eq!(told(NotifyShow::Name, "yes"), "notify \"ada answers you in #general\"");
    assert_eq!(told(NotifyShow::Nothing, "yes"), "notify \"chat: A message for you\"");
    let long = told(NotifyShow::Full, &format!("{}\u{301}", "a\u{301}".repeat(4_000)));
    assert!(long.len() < 1_200, "{}", long.len());
    let hostile = told(NotifyShow::Full, "x\u{7}\u{1b}]0;owned\u{1b}\\\u{9c}\u{202e}y");
    assert!(!hostile.contains(['\u{7}', '\u{1b}', '\u{9c}', '\u{202e}']), "{hostile:?}");
}

#[test]
fn calls_are_highlighted_and_completed() {
    let mut stage = Stage::team();
    let call = |seq, author, body, call| said_as(DEPLOYS, seq, 23, author, body, |m| m.call = call);
    stage.live(call(8, "ada", "@room lunch, not mail@room.org", Some(Call::Room)));
    stage.live(call(9, "mara", "@here me too", Some(Call::Here)));
    stage.live(call(10, "ada", "@mara: the word @room alone", None));
    let buffer = stage.buffer(80, 24);
    let reversed: String = buffer
        .content
        .iter()
        .filter(|cell| cell.modifier.contains(ratatui::style::Modifier::REVERSED))
        .map(|cell| cell.symbol())
        .collect();
    assert_eq!(reversed, "@mara@room@mara");
    stage.keys(&["@ro", "Tab"]);
    assert_eq!(stage.text(), "@room ");
    stage.keys(&["Ctrl-U", "@he", "Tab"]);
    assert_eq!(stage.text(), "@here ");
    stage.keys(&["Ctrl-U", "Alt-4", "@ro", "Tab"]);
    assert_eq!(stage.text(), "@ro", "nobody is called in a direct conversation");
}

fn stands(following: bool, read: u64, unread: u64) -> ThreadState {
    ThreadState { conversation: DEPLOYS, thread: Seq(4), following, read: Seq(read), unread }
}

fn answer(seq: u64) -> Event {
    said_as(DEPLOYS, seq, 25, "lin", &format!("answer {seq}"), |m| m.thread = Some(Seq(4)))
}

/// The thread of message 4 with answers 8 and 9, of which one is new, just opened.
fn in_thread(state: ThreadState) -> (Stage, String) {
    let mut stage = Stage::team();
    stage.live(answer(8));
    stage.live(answer(9));
    stage.news(Update::Thread(state));
    let root = message(DEPLOYS, 4, 14, "ada", "morning! did the canary go out?");
    stage.keys(&["Alt-M", "Up", "Up", "Up", "t"]);
    let page =
        ThreadPage { conversation: DEPLOYS, root, events: vec![answer(8), answer(9)], more: false, state };
    let effects = stage.outcome(Outcome::Thread(DEPLOYS, Seq(4), Ok(Box::new(page))));
    (stage, said(&effects))
}

#[test]
fn the_mark_of_a_thread_moves_with_the_screen() {
    let (mut stage, effects) = in_thread(stands(true, 8, 1));
    assert_eq!(effects, "thread.mark #deploys seq=9 thread=4");
    assert_snapshot!("followed_thread_120x40", stage.screen(120, 40));
    stage.news(Update::Thread(stands(true, 9, 0)));
    // The next one within a second waits; then it is told by itself.
    assert_eq!(said(&stage.live(answer(10))), "read #deploys 10");
    assert_eq!(stage.state.next_due_ms(), Some(1_000));
    assert_eq!(said(&stage.tick(1_000)), "thread.mark #deploys seq=10 thread=4");
    assert_ne!(stage.state.next_due_ms(), Some(1_000));
    // Nobody looks.
    stage.ms += 5_000;
    focus(&mut stage, false);
    assert_eq!(said(&stage.live(answer(11))), "");
    let effects = stage.input(What::Terminal(TermEvent::FocusGained));
    assert_eq!(said(&effects), "read #deploys 11, thread.mark #deploys seq=11 thread=4");
    // A mark that could not be told says nothing; the next connection tells it.
    let mark = MarkThread { conversation: DEPLOYS, thread: Seq(4), seq: Seq(11) };
    let refused = Outcome::NotDone(Box::new(Request::MarkThread(mark)), RequestError::Offline.to_string());
    stage.outcome(refused);
    assert_eq!(stage.notice(), "");
}

#[test]
fn a_thread_is_followed_and_left() {
    let (mut stage, _) = in_thread(stands(false, 0, 0));
    assert!(!stage.screen(120, 40).contains("following"));
    assert_eq!(
        stage.keys(&["/follow", "Enter"]),
        "draft #deploys 4 \"\", thread.follow #deploys on=true thread=4"
    );
    stage.news(Update::Thread(stands(true, 9, 0)));
    assert!(stage.screen(120, 40).contains("following"));
    assert!(stage.keys(&["/unfollow", "Enter"]).ends_with("thread.follow #deploys on=false thread=4"));
    let mut stage = Stage::team();
    assert_eq!(stage.keys(&["/follow", "Enter"]), "draft #deploys \"\"");
    assert_eq!(stage.notice(), "Open the thread first: Alt-M t");
}

#[test]
fn a_followed_thread_shows_what_is_new_in_the_main_line() {
    let mut stage = Stage::team();
    stage.live(answer(8));
    stage.live(answer(9));
    assert!(stage.screen(80, 24).contains("⌥ 2 replies"));
    stage.news(Update::Thread(stands(true, 8, 1)));
    assert!(stage.screen(80, 24).contains("⌥ 2 replies, 1 new"));
    stage.news(Update::Thread(stands(false, 8, 1)));
    assert!(!stage.screen(80, 24).contains("1 new"));
}

/// What follows Alt-A until nothing waits any more, one step in a line.
fn steps(stage: &mut Stage) -> Vec<String> {
    let mut steps = Vec::new();
    for _ in 0..9 {
        stage.keys(&["Alt-A"]);
        let thread = stage.state.thread.as_ref().map_or(String::new(), |_| " thread".to_owned());
        let inbox = if stage.state.popup.is_some() { " inbox" } else { "" };
        let step = format!("{}{thread}{inbox}", stage.state.open.map_or("nowhere", place));
        stage.keys(if inbox.is_empty() { &[] } else { &["Esc"] });
        if stage.notice() == "Nothing is waiting for you" {
            break;
        }
        steps.push(step);
    }
    steps
}

fn unread_thread(stage: &mut Stage, conversation: ConversationId, unread: u64) {
    let state = ThreadState { conversation, thread: Seq(4), following: true, unread, read: Seq(4) };
    stage.news(Update::Thread(state));
}

#[test]
fn followed_threads_and_the_inbox_are_on_the_way_and_it_leads_back() {
    let mut stage = Stage::team();
    stage.news(Update::Conversations(vec![room(DEPLOYS, "deploys", "")]));
    unread_thread(&mut stage, RANDOM, 2);
    stage.news(Update::Inbox(InboxState { unread: 3, revision: 9 }));
    let seen = |stage: &mut Stage, id, with: Option<&str>| {
        let read = match with {
            Some(name) => direct(id, name),
            None => room(id, "general", ""),
        };
        stage.news(Update::Conversations(vec![read]));
    };
    stage.keys(&["Alt-A"]);
    assert_eq!(stage.state.open, Some(GENERAL), "a mention first");
    seen(&mut stage, GENERAL, None);
    stage.keys(&["Alt-A"]);
    assert_eq!(stage.state.open, Some(ADA), "then a direct message");
    seen(&mut stage, ADA, Some("ada"));
    stage.keys(&["Alt-A"]);
    assert!(stage.state.open == Some(RANDOM) && stage.state.in_thread(), "then a followed thread");
    unread_thread(&mut stage, RANDOM, 0);
    assert_eq!(steps(&mut stage), ["#random thread inbox", "#deploys"], "then the inbox, once, then back");
}
