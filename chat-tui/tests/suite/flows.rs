//! Keys and news in, effects and text out: what the chat does, case by case.

use crate::common::*;
use chat_client::{Anchor, Connection, Delivery, History, RequestError, Update};
use chat_proto::*;
use chat_tui::What;
use chat_tui::effect::{Effect, Outcome, Question, Tell};
use chat_tui::state::sign_in::Known;
use crossterm::event::{Event as TermEvent, MouseButton, MouseEvent, MouseEventKind};

/// Types and keys in #deploys; what follows.
fn case(keys: &[&str]) -> String {
    Stage::team().keys(keys)
}

fn opened(keys: &[&str]) -> String {
    let mut stage = Stage::team();
    stage.keys(keys);
    let open = stage.state.open_conversation().cloned().unwrap();
    stage.state.conversations.title(&open)
}

#[test]
fn enter_sends_and_clears() {
    let mut stage = Stage::team();
    assert_eq!(stage.keys(&["hi"]), "typing #deploys, typing #deploys");
    assert_eq!(stage.keys(&["Enter"]), "send #deploys hi, not typing #deploys, draft #deploys \"\"");
    assert_eq!(stage.text(), "");
    assert_eq!(case(&["Enter"]), "");
    assert_eq!(case(&[" ", "Enter"]), "");
}

#[test]
fn several_lines_have_three_keys() {
    for key in ["Alt-Enter", "Shift-Enter", "Ctrl-J"] {
        let mut stage = Stage::team();
        stage.keys(&["a", key, "b"]);
        assert_eq!(stage.text(), "a\nb", "{key}");
        assert!(stage.keys(&["Enter"]).starts_with("send #deploys a\nb"));
    }
}

#[test]
fn commands_are_not_messages() {
    assert_eq!(case(&["/join #ops", "Enter"]), "draft #deploys \"\", join #ops");
    assert_eq!(case(&["/Msg @Zoe hello", "Enter"]), "draft #deploys \"\", direct @zoe Say(\"hello\")");
    assert_eq!(case(&["/leave", "Enter"]), "draft #deploys \"\", room.leave #deploys");
    assert_eq!(case(&["/topic ship it", "Enter"]), "draft #deploys \"\", room.topic #deploys topic=ship it");
    assert_eq!(case(&["/create #ops pagers", "Enter"]), "draft #deploys \"\", create #ops pagers");
    assert_eq!(case(&["/away", "Enter"]), "draft #deploys \"\", presence away");
    assert_eq!(case(&["/reconnect", "Enter"]), "draft #deploys \"\", reconnect");
    assert!(case(&["/quit", "Enter"]).ends_with("quit"));
    assert!(case(&["//shrug", "Enter"]).contains("send #deploys /shrug"));
}

#[test]
fn a_message_to_somebody_known_goes_there_at_once() {
    let effects = case(&["/msg ada hi", "Enter"]);
    assert!(effects.contains("send @ada hi"), "{effects}");
}

#[test]
fn an_unknown_command_says_so_and_stays() {
    let mut stage = Stage::team();
    assert_eq!(stage.keys(&["/frob it", "Enter"]), "");
    assert_eq!(stage.text(), "/frob it");
    assert_eq!(stage.notice(), "There is no command /frob; /help lists them, //frob sends it as text");
    stage.keys(&["x"]);
    assert_eq!(stage.notice(), "", "a notice stays until the next key");
}

#[test]
fn a_missing_room_is_offered() {
    let mut stage = Stage::team();
    let refusal = WireError::new(ErrorCode::NotFound, "no such room");
    let ask = Question::Join(RoomName::parse("ops").unwrap());
    stage.outcome(Outcome::Opened(ask, Err(RequestError::Refused(refusal))));
    assert_eq!(stage.notice(), "There is no room #ops; /create #ops makes it");
}

#[test]
fn too_long_is_said_and_nothing_is_lost() {
    let mut stage = Stage::team();
    let long = "x".repeat(limits::MESSAGE_BYTES + 3);
    stage.input(What::Terminal(TermEvent::Paste(long.clone())));
    assert!(stage.screen(100, 20).contains("3 bytes too long"));
    assert_eq!(stage.keys(&["Enter"]), "");
    assert_eq!(stage.text(), long);
}

#[test]
fn a_paste_is_text_and_not_keys() {
    let mut stage = Stage::team();
    stage.input(What::Terminal(TermEvent::Paste("one\r\ntwo\n/quit".into())));
    assert_eq!(stage.text(), "one\ntwo\n/quit");
}

#[test]
fn the_list_is_walked_by_keys() {
    assert_eq!(opened(&["Alt-Down"]), "#general");
    assert_eq!(opened(&["Alt-Up"]), "@lin");
    assert_eq!(opened(&["Ctrl-N", "Ctrl-N"]), "#random");
    assert_eq!(opened(&["Alt-4"]), "@ada");
    assert_eq!(opened(&["Alt-9"]), "#deploys");
    assert_eq!(opened(&["Alt-3", "Alt-1", "Alt-/"]), "#random");
}

#[test]
fn what_needs_me_comes_by_weight_and_then_home() {
    let mut stage = Stage::team();
    let mut places = Vec::new();
    for _ in 0..4 {
        stage.keys(&["Alt-A"]);
        let mut open = stage.state.open_conversation().cloned().unwrap();
        places.push(stage.state.conversations.title(&open));
        (open.unread, open.mentions) = (0, 0);
        stage.news(Update::Conversations(vec![open]));
    }
    assert_eq!(places, ["#general", "@ada", "#deploys", "#deploys"], "mention, direct, then back home");
    stage.keys(&["Alt-A"]);
    assert_eq!(stage.notice(), "Nothing is waiting for you");
}

#[test]
fn ctrl_k_kills_or_jumps() {
    let mut stage = Stage::team();
    stage.keys(&["one two", "Ctrl-A", "Ctrl-K"]);
    assert_eq!(stage.text(), "");
    stage.keys(&["Ctrl-Y"]);
    assert_eq!(stage.text(), "one two");
    assert_eq!(stage.keys(&["Ctrl-K"]), "rooms \"\", people \"\"", "nothing behind the cursor");
    assert!(stage.screen(100, 30).contains("jump anywhere"));
    let mut stage = Stage::team();
    stage.keys(&["one", "Ctrl-A", "Ctrl-P"]);
    assert!(stage.state.popup.is_some(), "Ctrl-P jumps always");
    assert_eq!(stage.text(), "one");
}

#[test]
fn letters_filter_in_the_switcher() {
    for (typed, place) in [("rand", "#random"), ("jkl", "#deploys"), ("@lin", "@lin"), ("gen", "#general")] {
        assert_eq!(opened(&["Ctrl-P", typed, "Enter"]), place, "{typed}");
    }
    assert_eq!(opened(&["Ctrl-P", "Esc"]), "#deploys");
}

#[test]
fn tab_completes_and_cycles() {
    let text = |keys: &[&str]| {
        let mut stage = Stage::team();
        stage.keys(keys);
        stage.text()
    };
    assert_eq!(text(&["hi @gr", "Tab"]), "hi @grace ");
    assert_eq!(text(&["#d", "Tab"]), "#deploys ");
    assert_eq!(text(&["/jo", "Tab"]), "/join ");
    assert_eq!(text(&["/ro", "Tab"]), "/role ");
    assert_eq!(text(&["/ro", "Tab", "Tab"]), "/rooms ");
    assert_eq!(text(&["/ro", "Tab", "Tab", "Tab"]), "/ro");
    assert_eq!(text(&["/ro", "Shift-Tab"]), "/rooms ");
    assert_eq!(text(&["/ro", "Tab", "Esc"]), "/ro", "Esc takes the completion back first");
    assert_eq!(text(&["well done :tad", "Tab"]), "well done 🎉 ");
    assert_eq!(text(&["word", "Tab"]), "word");
}

#[test]
fn tab_asks_for_people_it_does_not_know() {
    let mut stage = Stage::team();
    let effects = stage.keys(&["@zo", "Tab"]);
    assert!(effects.contains("people \"zo\""), "{effects}");
    stage.outcome(Outcome::People(
        "zo".into(),
        vec![PersonRow { person: person("zoe"), card: Card::default() }],
    ));
    assert_eq!(stage.text(), "@zoe ");
}

#[test]
fn drafts_stay_with_their_conversation() {
    let mut stage = Stage::team();
    stage.keys(&["half a thou"]);
    assert_eq!(said(&stage.tick(1_000)), "draft #deploys \"half a thou\"");
    let effects = stage.keys(&["ght", "Alt-4"]);
    assert!(effects.contains("draft #deploys \"half a thought\""), "{effects}");
    assert_eq!(stage.text(), "");
    stage.keys(&["Alt-/"]);
    assert_eq!(stage.text(), "half a thought");
    stage.keys(&["Alt-3"]);
    stage.outcome(Outcome::Draft(RANDOM, "from yesterday".into()));
    assert_eq!(stage.text(), "from yesterday");
}

#[test]
fn quitting_asks_once_and_keeps_the_draft() {
    let mut stage = Stage::team();
    assert_eq!(stage.keys(&["x", "Ctrl-C"]), "typing #deploys");
    assert!(stage.notice().contains("unsent text"));
    assert_eq!(stage.keys(&["Ctrl-C"]), "draft #deploys \"x\", not typing #deploys, quit");
    assert_eq!(case(&["Ctrl-C", "Esc", "Ctrl-C"]), "", "another key takes it back");
}

#[test]
fn typing_is_told_shown_and_forgotten() {
    let mut stage = Stage::team();
    stage.state.settings.motion = false;
    let writes = |who: &str, active| Update::Typing { conversation: DEPLOYS, user: person(who), active };
    stage.news(writes("ada", true));
    assert!(stage.screen(80, 24).contains("ada is typing…"));
    stage.news(writes("lin", true));
    assert!(stage.screen(80, 24).contains("ada and lin are typing…"));
    stage.news(writes("grace", true));
    assert!(stage.screen(80, 24).contains("3 people are typing…"));
    stage.live(message(DEPLOYS, 8, 23, "ada", "there"));
    stage.news(writes("lin", false));
    assert!(stage.screen(80, 24).contains("grace is typing…"));
    assert_eq!(stage.state.next_due_ms(), Some(limits::TYPING_EXPIRY_MS));
    stage.tick(limits::TYPING_EXPIRY_MS);
    assert!(!stage.screen(80, 24).contains("typing…"));
    assert_eq!(case(&["/join"]), "", "a command is not told");
}

#[test]
fn typing_elsewhere_is_not_shown_here() {
    let mut stage = Stage::team();
    stage.news(Update::Typing { conversation: GENERAL, user: person("ada"), active: true });
    assert!(!stage.screen(80, 24).contains("typing…"));
}

#[test]
fn read_marks_move_only_when_somebody_looks() {
    let mut stage = Stage::team();
    let next = |seq| message(DEPLOYS, seq, 24, "ada", "news");
    assert_eq!(said(&stage.live(next(8))), "read #deploys 8");
    stage.input(What::Terminal(TermEvent::FocusLost));
    assert_eq!(said(&stage.live(next(9))), "");
    assert_eq!(said(&stage.input(What::Terminal(TermEvent::FocusGained))), "read #deploys 9");
    stage.screen(80, 10);
    stage.keys(&["PageUp"]);
    assert_eq!(said(&stage.live(next(10))), "", "scrolled back");
    assert!(stage.screen(80, 10).contains("1 new ↓"));
    assert_eq!(stage.keys(&["Esc"]), "read #deploys 10");
    stage.keys(&["F1"]);
    assert_eq!(said(&stage.live(next(11))), "", "covered by the help");
}

#[test]
fn the_new_line_stays_where_it_was() {
    let mut stage = Stage::team();
    stage.live(message(DEPLOYS, 8, 24, "ada", "more"));
    let screen = stage.screen(80, 24);
    let line = |text: &str| screen.lines().position(|line| line.contains(text)).unwrap();
    assert_eq!(line(" new ") + 1, line("graph attached"));
    assert_eq!(screen.matches(" new ").count(), 1);
}

#[test]
fn scrolled_back_the_text_stands_still() {
    let mut stage = Stage::empty();
    stage.news(Update::Conversations(vec![room(DEPLOYS, "deploys", "")]));
    let many = (1..=100).map(|seq| message(DEPLOYS, seq, 1, "ada", &format!("line {seq}"))).collect();
    stage.history(DEPLOYS, many);
    stage.screen(80, 20);
    stage.keys(&["PageUp"]);
    let before = stage.screen(80, 20);
    stage.live(message(DEPLOYS, 101, 2, "ada", "below"));
    let after = stage.screen(80, 20);
    // The newest rows stay in sight below, and only they are others now.
    let pane = |screen: &str| screen.lines().take(12).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(pane(&before), pane(&after));
    assert!(after.contains("1 new ↓") && after.contains("below"), "{after}");
    stage.keys(&["PageDown", "PageDown"]);
    assert!(stage.screen(80, 20).contains("below"));
}

#[test]
fn older_history_comes_by_looking_up() {
    let mut stage = Stage::empty();
    stage.screen(80, 20);
    let effects = stage.news(Update::Conversations(vec![room(DEPLOYS, "deploys", "")]));
    assert_eq!(said(&effects), "history #deploys Newest");
    let page = |from: u64, to: u64| History {
        events: (from..=to).map(|seq| message(DEPLOYS, seq, 1, "ada", &format!("line {seq}"))).collect(),
        more_before: from > 1,
        more_after: false,
    };
    stage.outcome(Outcome::History(DEPLOYS, Anchor::Newest, Ok(page(101, 200))));
    let mut asked = String::new();
    for _ in 0..10 {
        asked.push_str(&stage.keys(&["PageUp"]));
    }
    assert_eq!(asked, "history #deploys Before(Seq(101))", "asked once");
    assert!(stage.screen(80, 20).contains("loading…"));
    stage.outcome(Outcome::History(DEPLOYS, Anchor::Before(Seq(101)), Ok(page(1, 100))));
    assert!(stage.screen(80, 20).contains("line 101"), "the rows on screen stay");
    for _ in 0..20 {
        stage.keys(&["PageUp"]);
    }
    let screen = stage.screen(80, 20);
    assert!(screen.contains("line 1\n") || screen.contains("line 1|"), "{screen}");
}

#[test]
fn a_gap_asks_for_the_newest_page_again() {
    let mut stage = Stage::team();
    let effects = stage.live(message(DEPLOYS, 12, 24, "ada", "later"));
    assert_eq!(said(&effects), "history #deploys Newest");
}

#[test]
fn own_messages_are_shown_once() {
    let mut stage = Stage::team();
    let ladder = |delivery| outgoing(DEPLOYS, 1_008, "once", delivery);
    let count = |stage: &mut Stage| stage.screen(80, 24).matches("once").count();
    stage.news(ladder(Delivery::Queued));
    stage.news(ladder(Delivery::Sending));
    assert_eq!(count(&mut stage), 1);
    let stored = || ladder(Delivery::Stored { seq: Seq(8), at: Timestamp(NOW) });
    stage.news(stored());
    assert_eq!(count(&mut stage), 1);
    stage.live(message(DEPLOYS, 8, 30, "mara", "once"));
    stage.news(stored());
    assert_eq!(count(&mut stage), 1, "also when the news comes twice");
}

#[test]
fn a_failed_message_can_be_retried_or_taken_back() {
    let failed = || {
        let mut stage = Stage::team();
        stage.news(outgoing(DEPLOYS, 9, "lost?", Delivery::Failed { reason: "not a member".into() }));
        stage
    };
    assert!(failed().screen(80, 24).contains("✗ not a member — Enter retries, Del takes it back"));
    assert_eq!(failed().keys(&["Enter"]), "retry");
    assert_eq!(failed().keys(&["/retry", "Enter"]), "draft #deploys \"\", retry");
    let mut stage = failed();
    assert_eq!(stage.keys(&["Del"]), "discard, typing #deploys");
    assert_eq!(stage.text(), "lost?");
}

#[test]
fn a_message_that_was_not_taken_comes_back() {
    let mut stage = Stage::team();
    stage.keys(&["hi", "Enter"]);
    stage.outcome(Outcome::NotSent(Box::new(draft(DEPLOYS, "hi"))));
    assert_eq!(stage.text(), "hi");
}

#[test]
fn being_away_is_told_after_ten_minutes_and_ended_by_a_key() {
    let mut stage = Stage::team();
    assert_eq!(stage.state.next_due_ms(), Some(600_000));
    assert_eq!(said(&stage.tick(600_000)), "presence away");
    assert_eq!(stage.state.next_due_ms(), None, "nothing more is due");
    assert_eq!(stage.keys(&["x"]), "presence online, typing #deploys");
}

#[test]
fn the_countdown_runs_by_whole_seconds() {
    let mut stage = Stage::team();
    stage.waiting(7);
    assert_eq!(stage.state.retry_in_s(), Some(7));
    assert_eq!(stage.state.next_due_ms(), Some(1_000));
    stage.tick(1_000);
    assert_eq!(stage.state.retry_in_s(), Some(6));
    stage.tick(6_000);
    assert_eq!(stage.state.retry_in_s(), Some(0));
    assert_eq!(stage.state.next_due_ms(), Some(600_000), "then only the away mark is left");
}

#[test]
fn leaving_a_room_shows_another() {
    let mut stage = Stage::team();
    stage.keys(&["Alt-3", "Alt-1", "/leave", "Enter"]);
    stage.news(Update::Removed(DEPLOYS));
    assert_eq!(stage.state.open, Some(RANDOM));
}

#[test]
fn the_mouse_opens_and_scrolls() {
    let mut stage = Stage::team();
    stage.screen(80, 24);
    let mouse = |kind, column, row| {
        What::Terminal(TermEvent::Mouse(MouseEvent {
            kind,
            column,
            row,
            modifiers: crossterm::event::KeyModifiers::NONE,
        }))
    };
    stage.input(mouse(MouseEventKind::Down(MouseButton::Left), 5, 3));
    assert_eq!(stage.state.open, Some(GENERAL));
    stage.state.take_dirty();
    stage.input(mouse(MouseEventKind::Moved, 9, 9));
    assert!(!stage.state.take_dirty(), "bare motion draws nothing");
}

#[test]
fn a_lost_login_opens_the_form_filled_in() {
    let mut stage = Stage::team();
    let stopped = Connection::Stopped { reason: "Log in again.".into(), login_needed: true };
    stage.news(Update::Connection(stopped));
    let screen = stage.screen(80, 24);
    assert!(screen.contains("Log in again."), "{screen}");
}

#[test]
fn the_form_asks_what_it_needs() {
    let mut stage = Stage::empty();
    stage.input(What::FirstRun(Known::default()));
    assert_eq!(stage.keys(&["not a server!", "Enter"]), "");
    assert!(stage.state.sign_in.is_some());
    let probe = stage.keys(&["Ctrl-U", "ws://127.0.0.1:7667", "Enter"]);
    assert!(probe.starts_with("Probe("), "{probe}");
    stage.outcome(Outcome::Probed("ws://127.0.0.1:7667".parse().unwrap(), Ok(hello(Registration::Invite))));
    assert_eq!(stage.keys(&["Enter", "ada", "Enter", "correct horse"]), "");
    let login = stage.keys(&["Enter"]);
    assert!(login.starts_with("LogIn(") && !login.contains("horse"), "{login}");
    stage.outcome(Outcome::SignedIn(Err("The name or the password is not right.".to_owned().into())));
    assert!(stage.screen(80, 24).contains("not right"));
    assert_eq!(stage.keys(&["Esc", "Esc"]), "quit");
}

#[test]
fn what_the_environment_knows_is_not_asked() {
    let mut stage = Stage::empty();
    let known = Known {
        server: Some("ws://127.0.0.1:1".into()),
        user: Some("ada".into()),
        password: Some(Secret::new("correct horse")),
        ..Known::default()
    };
    assert!(said(&stage.input(What::FirstRun(known))).starts_with("Probe("));
    let probed = Outcome::Probed("ws://127.0.0.1:1".parse().unwrap(), Ok(hello(Registration::Open)));
    assert!(said(&stage.outcome(probed)).starts_with("LogIn("));
}

pub fn hello(registration: Registration) -> Hello {
    Hello {
        protocol: ProtocolRange { min: 1, max: 1 },
        server: "chat-server 0.1.0".into(),
        name: "acme".into(),
        epoch: Epoch(uuid::Uuid::nil()),
        features: Vec::new(),
        registration,
        provider: None,
        limits: Limits::default(),
        ping_interval_ms: 25_000,
        server_time: Timestamp(NOW),
    }
}

#[test]
fn the_title_is_safe_and_written_on_change_only() {
    let mut stage = Stage::empty();
    let server_name = "a\u{1b}]0;x\u{7}\u{202e}b".to_owned();
    let effects = stage.news(Update::Me { user: me(), role: Role::Member, server_name: server_name.clone() });
    let title =
        effects.iter().find_map(|e| if let Effect::Title(title) = e { Some(title.clone()) } else { None });
    assert_eq!(title.as_deref(), Some("a␛]0;x␇b"));
    let again = stage.news(Update::Me { user: me(), role: Role::Member, server_name });
    assert!(again.is_empty(), "{again:?}");
}

#[test]
fn only_people_on_screen_are_watched() {
    let mut stage = Stage::empty();
    let effects = stage.news(Update::Conversations(vec![direct(ADA, "ada"), direct(LIN, "lin")]));
    let watched = effects
        .iter()
        .find_map(|e| if let Effect::Tell(Tell::Watch(users)) = e { Some(users.len()) } else { None });
    assert_eq!(watched, Some(2));
}

#[test]
fn what_is_typed_before_the_first_conversation_is_there_is_kept() {
    let mut stage = Stage::empty();
    stage.keys(&["/msg li"]);
    stage.news(Update::Conversations(vec![room(DEPLOYS, "deploys", "")]));
    stage.keys(&["n"]);
    assert_eq!(stage.text(), "/msg lin");
}
