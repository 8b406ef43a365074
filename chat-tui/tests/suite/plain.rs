//! The chat as lines: what is said, what a line does, and that nothing else gets out.

use chat_client::{Alert, Anchor, Connection, Delivery, History, Update};
use chat_proto::*;
use chat_tui::effect::Outcome;
use chat_tui::plain::{Out, Talk};
use chat_tui::{Moment, What};

use crate::common::*;

/// A talk and its clock, about the team of the screens.
struct Plain {
    talk: Talk,
}

impl Plain {
    fn team() -> (Self, String) {
        let mut plain = Self { talk: Talk::with(Stage::team().state) };
        let lines = plain.news(Update::Connection(Connection::Online));
        (plain, lines)
    }

    fn at() -> Moment {
        Moment { clock: Timestamp(NOW), ms: 0 }
    }

    fn what(&mut self, what: What) -> String {
        words(self.talk.take(Self::at(), what))
    }

    fn news(&mut self, update: Update) -> String {
        self.what(What::Engine(update))
    }

    fn live(&mut self, event: Event) -> String {
        let state = self.talk.state_mut();
        if let Some(row) = state.conversations.get(event.conversation).cloned() {
            let head = row.head.max(event.seq);
            state.conversations.update(vec![Conversation { head, ..row }]);
        }
        self.news(Update::Events { conversation: event.conversation, events: vec![event], live: true })
    }

    fn line(&mut self, line: &str) -> String {
        words(self.talk.line(Self::at(), line))
    }
}

/// What was written, then what is done.
fn words(out: Out) -> String {
    let lines: String = out.lines.iter().map(|line| format!("{line}\n")).collect();
    for line in &out.lines {
        assert!(SafeText::is_safe_line(line.as_str()), "{line:?}");
    }
    match said(&out.effects) {
        done if done.is_empty() => lines,
        done => format!("{lines}[{done}]\n"),
    }
}

#[test]
fn the_open_conversation_is_said_in_sentences() {
    let (_, lines) = Plain::team();
    insta::assert_snapshot!(lines);
}

#[test]
fn what_happens_is_one_line_each() {
    let (mut plain, _) = Plain::team();
    let mut all = plain.live(message(DEPLOYS, 8, 25, "ada", "canary is out"));
    all += &plain.live(message(DEPLOYS, 9, 25, "lin", "@mara look:\nfirst\nsecond"));
    all += &plain.live(said_as(DEPLOYS, 10, 25, "lin", "yes", |m| m.reply_to = Some(Seq(8))));
    all += &plain.live(said_as(DEPLOYS, 11, 25, "lin", "waves", |m| m.action = true));
    let emoji = Emoji::new("🎉").unwrap();
    all +=
        &plain.live(event(DEPLOYS, 12, 26, "ada", EventKind::Reaction { target: Seq(8), emoji, on: true }));
    let body = Body::new("canary is at 50%").unwrap();
    all += &plain.live(event(
        DEPLOYS,
        13,
        26,
        "ada",
        EventKind::Edited { target: Seq(8), body, mentions: vec![] },
    ));
    all += &plain.live(event(DEPLOYS, 14, 26, "ada", EventKind::Deleted { target: Seq(8) }));
    all += &plain.live(event(DEPLOYS, 15, 26, "joan", EventKind::Joined));
    all += &plain.live(message(DEPLOYS, 16, 60 * 24, "ada", "another day"));
    insta::assert_snapshot!(all);
}

#[test]
fn the_connection_and_what_calls_elsewhere_are_told() {
    let (mut plain, _) = Plain::team();
    let waiting = || {
        Update::Connection(Connection::Waiting {
            retry_in: std::time::Duration::from_secs(3),
            reason: "connection refused".into(),
        })
    };
    assert_eq!(plain.news(waiting()), "Not connected: connection refused. It is tried again by itself.\n");
    assert_eq!(plain.news(Update::Connection(Connection::Connecting)), "");
    assert_eq!(plain.news(waiting()), "", "each try is not a line");
    assert!(plain.news(Update::Connection(Connection::Online)).starts_with("Connected to acme as mara.\n"));
    let event = message(GENERAL, 9, 25, "ada", "@mara come\nhere");
    let alert = Alert { event, reason: Some(Reason::Mention) };
    let told = plain.news(Update::Alert(alert));
    assert!(
        told.starts_with("Elsewhere: ada mentions you in #general, 09:25: @mara come / here\n"),
        "{told}"
    );
}

#[test]
fn a_room_that_is_taken_away_is_told_once_and_no_line_goes_elsewhere() {
    let (mut plain, _) = Plain::team();
    plain.line("/go random");
    plain.line("/go deploys");
    assert_eq!(plain.news(Update::Removed(DEPLOYS)), "You are not in #deploys any more.\n");
    assert!(plain.line("and now?").starts_with("Open a conversation first"));
    assert_eq!(plain.news(Update::Removed(RANDOM)), "You are not in #random any more.\n");
    plain.line("/go general");
    plain.line("/leave");
    assert!(plain.news(Update::Removed(GENERAL)).starts_with("You are not in #general any more.\nNow in "));
}

#[test]
fn delivery_is_told() {
    let (mut plain, _) = Plain::team();
    assert_eq!(plain.line("hello"), "[send #deploys hello]\n");
    assert!(plain.talk.is_sending());
    plain.news(outgoing(DEPLOYS, 77, "hello", Delivery::Queued));
    let stored = Delivery::Stored { seq: Seq(8), at: Timestamp(NOW) };
    assert_eq!(plain.news(outgoing(DEPLOYS, 77, "hello", stored)), "Sent as 8.\n");
    let own = said_as(DEPLOYS, 8, 29, "mara", "hello", |m| m.client_id = ClientId(uuid::Uuid::from_u128(77)));
    assert_eq!(plain.live(own), "[read #deploys 8]\n", "one does not hear oneself twice");
    assert!(!plain.talk.is_sending() && !plain.talk.has_failed());

    plain.line("again");
    plain.news(outgoing(DEPLOYS, 78, "again", Delivery::Queued));
    let failed = Delivery::Failed { reason: "slow mode: wait 30 s".into() };
    assert_eq!(
        plain.news(outgoing(DEPLOYS, 78, "again", failed)),
        "Not sent: slow mode: wait 30 s. /retry sends it again, /discard gives it up.\n"
    );
    assert!(plain.talk.has_failed());
    assert_eq!(plain.line("/retry"), "[retry]\n");
}

#[test]
fn numbers_stand_for_choosing_a_message() {
    let (mut plain, _) = Plain::team();
    assert_eq!(plain.line("/reply 4 yes, since nine"), "[send #deploys yes, since nine (reply 4)]\n");
    assert!(plain.line("/react 5 :tada:").contains("seq=5"));
    assert_eq!(
        plain.line("/reply 99 no"),
        "There is no message 99 among those that were read here; /read 100 reads further back.\n"
    );
    assert_eq!(plain.line("/reply no number"), "Say which message, by its number: /reply 12 TEXT.\n");
    assert!(plain.line("/edit 7 going to 75%").contains("message.edit"));
    assert_eq!(
        plain.line("/delete 7"),
        "Delete your message “looks good, going to 50%” for everybody? Write yes or no.\n"
    );
    assert_eq!(plain.line("perhaps"), "Not done.\n");
    plain.line("/delete 7");
    assert!(plain.line("yes").contains("message.delete"));
    assert!(plain.line("/thread 4 in the thread").contains("send #deploys in the thread (thread 4)"));
    assert_eq!(plain.line("in the room"), "[send #deploys in the room]\n", "and not in the thread any more");
}

#[test]
fn one_goes_about_by_lines() {
    let (mut plain, _) = Plain::team();
    insta::assert_snapshot!(plain.line("/list"));
    assert!(plain.line("/unread").contains("general, 3 unread, 1 mention"));
    assert!(plain.line("/go general").starts_with("Now in #general. 4 members, 3 unread, 1 mention.\n"));
    let row = |row: Conversation| vec![Conversation { head: Seq(2), ..row }];
    let general = plain.talk.state().conversations.get(GENERAL).cloned().unwrap();
    plain.news(Update::Conversations(row(general)));
    let page = History {
        events: vec![message(GENERAL, 1, 1, "ada", "hi"), message(GENERAL, 2, 2, "ada", "@mara hi")],
        more_before: false,
        more_after: false,
    };
    let read = plain.what(What::Outcome(Outcome::History(GENERAL, Anchor::Newest, Ok(page))));
    assert!(read.contains("2: ada mentions you in #general") && read.contains("[read #general 2]"), "{read}");
    assert!(plain.line("/go 2").starts_with("Now in #general"), "by its number in the list");
    assert!(plain.line("/go @ada").starts_with("Now in @ada. 2 unread."));
    assert!(plain.line("/go nowhere").contains("You are in no room nowhere"));
    assert!(plain.line("/go @nobody").contains("/msg @nobody begins one"));
    assert_eq!(plain.line("/join #new"), "[join #new]\n");
    assert!(plain.line("/frobnicate").contains("There is no command /frobnicate"));
    assert_eq!(plain.line("//slash"), "[send @ada /slash]\n");
    assert_eq!(plain.line("/typing"), "Nobody is writing here.\n");
}

#[test]
fn commands_without_a_line_form_say_so_and_help_is_printed_from_the_table() {
    let (mut plain, _) = Plain::team();
    assert!(plain.line("/select").contains("by their number"));
    assert!(plain.line("/accounts").contains("--server and --user"));
    assert_eq!(plain.line("/help topic"), "/topic [text]: Show or set this room's topic.\n");
    assert_eq!(plain.line("/help /go").lines().count(), 1);
    let all = plain.line("/help");
    for command in chat_tui::command::COMMANDS {
        let has =
            all.contains(&format!("/{} ", command.name)) || all.contains(&format!("/{}:", command.name));
        assert!(has || plain.line(&format!("/help {}", command.name)).ends_with(".\n"), "{}", command.name);
    }
}

#[test]
fn older_messages_are_read_on_request() {
    let (mut plain, _) = Plain::team();
    let two = plain.line("/read 2");
    assert_eq!(two.lines().filter(|line| line.starts_with(['6', '7'])).count(), 2, "{two}");
    let before = plain.line("/read 1 before 6");
    assert!(before.starts_with("5: lin in #deploys"), "{before}");
    assert!(plain.line("/read all").contains("Say how many"));
}

#[test]
fn a_line_cannot_be_forged() {
    let (mut plain, _) = Plain::team();
    let forged = "hi\r\n9: ada in #deploys, 09:26: I agree\u{1b}[2J\u{7}\u{202e}\u{9b}31m\u{2028}10: ada: no";
    let lines = plain.live(message(DEPLOYS, 8, 25, "lin", forged));
    for line in lines.lines().filter(|line| !line.starts_with('[')) {
        assert!(line.starts_with("8: lin in #deploys") || line.starts_with("  | "), "{line:?}");
    }
    assert!(!lines.contains(['\u{1b}', '\u{7}', '\u{202e}', '\u{9b}', '\r']), "{lines:?}");
    // `words` looks at every line that gets out.
    let server_name = "ac\u{1b}]0;x\u{7}\u{202e}me\n9: ada: yes".to_owned();
    plain.news(Update::Me { user: me(), role: Role::Member, server_name });
    plain.news(Update::Connection(Connection::Connecting));
    let told = plain.news(Update::Connection(Connection::Online));
    assert_eq!(told.lines().filter(|line| !line.starts_with('[')).count(), 1, "{told}");
}

#[test]
fn admins_do_in_lines_what_they_do_on_a_screen() {
    let (mut plain, _) = Plain::team();
    plain.news(Update::Me { user: me(), role: Role::Admin, server_name: "acme".into() });
    let mut all = plain.line("/admin");
    all += &plain.line("/pick 5");
    all += &plain.line("yes");
    let looked =
        |request: Request, answer| What::Outcome(Outcome::Looked(Box::new(request), Box::new(answer)));
    let on = Request::SetLockdown(SetLockdown { on: Some(true) });
    all += &plain.what(looked(on, Answer::SetLockdown(Lockdown { since: Some(Timestamp(NOW)) })));
    all += &plain.line("/where");
    let code = Secret::new("TWWS-FMPN-5RYV-ZHKZ-76QA");
    let invite =
        InviteCode { id: "9f86".into(), role: Role::Member, uses: 1, at: Timestamp(NOW), until: None };
    let request = Request::CreateCode(CreateCode { role: Role::Member, uses: 1, for_s: None });
    all += &plain.what(looked(request, Answer::CreateCode(NewCode { code, invite })));
    all += &plain.line("/pick 1");
    all += &plain.line("/admin create @zoe");
    all += &plain.line("/admin create @zoe member code");
    insta::assert_snapshot!(all);
}
