//! Choosing messages and acting on them: keys and news in, effects and text out.

use crate::common::*;
use chat_client::{Anchor, Delivery, History, RequestError, Update};
use chat_proto::*;
use chat_tui::effect::{Outcome, Question, Then};
use chat_tui::state::Purpose;

/// The team's morning, some of it answered: 8 replies to 4, 9 and 10 stand in the thread of 4.
fn stage() -> Stage {
    let mut stage = Stage::team();
    stage.screen(80, 24);
    stage.live(said_as(DEPLOYS, 8, 23, "ada", "which one?", |m| m.reply_to = Some(Seq(5))));
    stage.live(said_as(DEPLOYS, 9, 24, "lin", "the small one", |m| m.thread = Some(Seq(4))));
    stage.live(said_as(DEPLOYS, 10, 25, "mara", "thanks", |m| m.thread = Some(Seq(4))));
    stage
}

/// Types and keys in #deploys, without the read marks; what follows.
fn case(keys: &[&str]) -> String {
    stage().keys(keys)
}

#[test]
fn letters_act_on_the_chosen_message() {
    assert_eq!(case(&["Alt-M", "p"]), "message.pin #deploys on=true seq=8");
    assert_eq!(case(&["Alt-M", "Up", "Up", "p"]), "message.pin #deploys on=true seq=6");
    assert_eq!(case(&["F9", "k", "k", "j", "y"]), "copy \"looks good, going to 50%\"");
    assert_eq!(case(&["Alt-M", "l"]), "copy \"#deploys:8\"");
    assert_eq!(case(&["Alt-M", "v"]), "");
    assert_eq!(case(&["Alt-M", "t"]), "ask thread #deploys 8");
    assert_eq!(case(&["Alt-M", "x", "z"]), "", "letters without a meaning do nothing");
    let mut stage = stage();
    stage.keys(&["Alt-M", "q", "Esc", "typed"]);
    assert_eq!(stage.text(), "typed");
}

#[test]
fn replies_say_what_they_answer() {
    let mut stage = stage();
    stage.keys(&["half", "Alt-M", "Up", "Up", "r"]);
    assert!(stage.screen(80, 24).contains("replying to grace: graph attached"));
    assert_eq!(stage.text(), "half", "what was being written is the answer");
    let effects = stage.keys(&[" done", "Enter"]);
    assert!(effects.contains("send #deploys half done (reply 6)"), "{effects}");
    assert_eq!(stage.state.purpose, Purpose::Write);
    stage.keys(&["Alt-M", "r", "Esc"]);
    assert_eq!(stage.state.purpose, Purpose::Write, "Esc takes it back");
    assert!(case(&["/reply me too", "Enter"]).contains("send #deploys me too (reply 8)"));
}

#[test]
fn up_edits_the_last_own_message_and_esc_brings_the_draft_back() {
    let mut stage = stage();
    stage.live(message(DEPLOYS, 11, 26, "mara", "and again"));
    stage.keys(&["Up"]);
    assert_eq!(stage.text(), "and again");
    stage.keys(&["Up"]);
    assert_eq!(stage.text(), "looks good, going to 50%", "while it stands unchanged, Up goes on");
    stage.keys(&["Down", "Down"]);
    assert_eq!((stage.text().as_str(), &stage.state.purpose), ("", &Purpose::Write));
    stage.keys(&["Up", "!", "Esc"]);
    assert_eq!((stage.text().as_str(), &stage.state.purpose), ("", &Purpose::Write));
    assert_eq!(stage.keys(&["Up", "!", "Enter"]), "message.edit #deploys body=and again! seq=11");
    assert_eq!(stage.keys(&["Up", "Enter"]), "", "nothing changed, nothing asked");
    stage.keys(&["draft", "Up"]);
    assert_eq!(stage.text(), "draft", "not with something written");
    stage.keys(&["Alt-M", "e"]);
    assert_eq!(stage.text(), "and again");
    stage.keys(&["Esc"]);
    assert_eq!(stage.text(), "draft");
    assert_eq!(said(&stage.tick(1_000)), "draft #deploys \"draft\"", "an edit is no draft");
}

#[test]
fn only_own_messages_are_edited_and_no_edit_is_lost() {
    let mut stage = stage();
    assert_eq!(stage.keys(&["Alt-M", "e"]), "");
    assert_eq!(stage.notice(), "Only its author can edit a message");
    stage.keys(&["Esc", "Up", "Ctrl-U", "Enter"]);
    assert!(stage.notice().starts_with("Nothing is left of it"));
    let request = Request::EditMessage(EditMessage {
        conversation: DEPLOYS,
        seq: Seq(7),
        body: Body::new("going to 60%").unwrap(),
    });
    stage.keys(&["Esc"]);
    stage.outcome(Outcome::NotDone(Box::new(request), "This room is archived.".into()));
    assert_eq!(stage.text(), "going to 60%", "a refused edit comes back");
    assert!(matches!(stage.state.purpose, Purpose::Edit { seq: Seq(7), .. }));
    let effects = case(&["/edit going to 70%", "Enter"]);
    assert!(effects.ends_with("message.edit #deploys body=going to 70% seq=7"), "{effects}");
}

#[test]
fn deleting_asks_once() {
    let mut stage = stage();
    assert_eq!(stage.keys(&["Alt-M", "d"]), "");
    assert!(stage.notice().starts_with("You can delete your own messages"));
    assert_eq!(stage.keys(&["Up", "d"]), "");
    assert!(
        stage
            .screen(100, 24)
            .contains("Delete your message “looks good, going to 50%” for everybody? y deletes")
    );
    assert_eq!(stage.keys(&["n"]), "", "any other key keeps it");
    assert_eq!(stage.keys(&["d", "y"]), "message.delete #deploys seq=7");
    assert!(case(&["/delete", "Enter", "y"]).ends_with("message.delete #deploys seq=7"));
    stage
        .state
        .conversations
        .update(vec![Conversation { role: RoomRole::Moderator, ..room(DEPLOYS, "deploys", "") }]);
    assert_eq!(stage.keys(&["Down", "d", "y"]), "message.delete #deploys seq=8", "moderators keep order");
}

#[test]
fn the_name_of_an_emoji_becomes_one_with_its_second_colon() {
    let mut stage = Stage::team();
    let mut typed = |keys: &[&str]| {
        stage.keys(keys);
        let text = stage.state.composer.text();
        stage.state.composer = Default::default();
        text
    };
    assert_eq!(typed(&["done :tada: and :rocket:"]), "done 🎉 and 🚀");
    assert_eq!(typed(&["at 12:30: see a:b: or :zz:"]), "at 12:30: see a:b: or :zz:");
    assert_eq!(typed(&["`let :tada:"]), "`let :tada:", "code is code");
    assert_eq!(typed(&["`x` :tada:"]), "`x` 🎉");
    assert_eq!(typed(&[":tada:", "Ctrl-_"]), ":tada:", "who meant the words has them back");
}

#[test]
fn reactions_are_put_and_taken_back() {
    let mut stage = stage();
    assert_eq!(stage.keys(&["Alt-M", "+"]), "");
    assert!(stage.screen(80, 24).contains("react"));
    let react = |on| format!("redraw, message.react #deploys emoji=🚀 on={on} seq=8");
    let reacted = stage.keys(&["rocket", "Enter"]);
    assert!(reacted.contains("note arrangement"), "it is offered first the next time: {reacted}");
    assert!(reacted.ends_with("message.react #deploys emoji=🚀 on=true seq=8"), "{reacted}");
    let what = EventKind::Reaction { target: Seq(8), emoji: Emoji::new("🚀").unwrap(), on: true };
    stage.live(event(DEPLOYS, 11, 26, "mara", what));
    assert!(stage.screen(80, 24).contains("[🚀 1]"), "one's own stands in brackets");
    assert_eq!(stage.keys(&["+", "rocket", "Enter"]), react(false));
    assert!(case(&["/react :tada:", "Enter"]).ends_with("message.react #deploys emoji=🎉 on=true seq=8"));
    let mut stage = Stage::team();
    stage.keys(&["/react nonsense", "Enter"]);
    assert_eq!(stage.notice(), "There is no emoji :nonsense:; /react alone lists them");
}

#[test]
fn pins_are_listed_and_gone_to() {
    let mut stage = stage();
    assert!(case(&["/pin", "Enter"]).ends_with("message.pin #deploys on=true seq=8"));
    assert!(stage.keys(&["/pins", "Enter"]).ends_with("pins #deploys"));
    stage.outcome(Outcome::Pins(DEPLOYS, vec![message(DEPLOYS, 5, 15, "lin", "yes, 5% since 08:50")]));
    assert!(stage.screen(80, 24).contains("lin: yes, 5% since 08:50 · 5"));
    stage.keys(&["Enter"]);
    assert_eq!(stage.state.found, Some(Seq(5)));
    stage.outcome(Outcome::Pins(DEPLOYS, Vec::new()));
    assert!(stage.notice().starts_with("Nothing is pinned here"));
}

#[test]
fn forwarding_chooses_a_place() {
    let mut stage = stage();
    assert_eq!(stage.keys(&["Alt-M", "f", "rand", "Enter"]), "send #random which one? (forward #deploys:8)");
    assert_eq!(stage.notice(), "Forwarded to #random");
    assert!(case(&["/forward #general", "Enter"]).ends_with("send #general which one? (forward #deploys:8)"));
    let mut stage = self::stage();
    let effects = stage.keys(&["/forward @zoe", "Enter"]);
    assert!(effects.contains("direct @zoe Forward("), "{effects}");
    let from = Position { conversation: DEPLOYS, seq: Seq(8) };
    let then = Then::Forward(from, Body::new("which one?").unwrap());
    let ask = Question::OpenDirect(vec![person("zoe").name], then);
    let effects = stage.outcome(Outcome::Opened(ask, Ok(Box::new(direct(LIN, "zoe")))));
    assert_eq!(said(&effects), "send @lin which one? (forward #deploys:8)");
    assert_eq!(stage.state.open, Some(DEPLOYS), "one stays where one was");
    assert_eq!(case(&["/forward #nowhere", "Enter"]), "draft #deploys \"\"");
}

#[test]
fn actions_are_said_as_such() {
    let mut stage = stage();
    let effects = stage.keys(&["/me waves", "Enter"]);
    assert!(effects.starts_with("send #deploys waves (action)"), "{effects}");
    stage.news(going(5, chat_client::Draft { action: true, ..draft(DEPLOYS, "waves") }, Delivery::Queued));
    assert!(stage.screen(80, 24).contains("* mara waves"));
}

#[test]
fn a_thread_has_its_own_pane_and_composer() {
    let mut stage = stage();
    let screen = stage.screen(80, 24);
    assert!(screen.contains("⌥ 2 replies") && !screen.contains("the small one"), "{screen}");
    stage.keys(&["for the room", "/goto 4"]);
    stage.keys(&["Ctrl-U", "main text", "Alt-M"]);
    while stage.state.selected != Some(Seq(4)) {
        stage.keys(&["Up"]);
    }
    assert_eq!(stage.keys(&["t"]), "draft #deploys \"main text\", ask thread #deploys 4");
    assert_eq!(stage.text(), "", "the thread has a composer of its own");
    let screen = stage.screen(80, 24);
    assert!(screen.contains("the small one") && screen.contains("reply in thread"), "{screen}");
    assert!(!screen.contains("looks good"), "narrow: in the place of the main line");
    assert!(stage.keys(&["ok", "Enter"]).contains("send #deploys ok (thread 4)"));
    stage.keys(&["unsent", "Esc"]);
    assert_eq!(stage.text(), "main text");
    assert!(stage.state.thread.is_none());
    stage.keys(&["/thread"]);
    stage.keys(&["Ctrl-U", "Alt-M", "Up", "Up", "Up", "Up", "t"]);
    assert_eq!(stage.text(), "unsent", "what was begun in a thread is kept");
}

#[test]
fn a_wide_screen_shows_both_and_keys_mean_one() {
    let mut stage = stage();
    stage.screen(120, 40);
    stage.keys(&["Alt-M", "Up", "Up", "Up", "Up", "t"]);
    let screen = stage.screen(120, 40);
    assert!(screen.contains("looks good") && screen.contains("the small one"), "{screen}");
    assert!(stage.keys(&["a", "Enter"]).contains("(thread 4)"));
    stage.keys(&["Alt-T"]);
    assert!(stage.keys(&["b", "Enter"]).starts_with("typing #deploys, send #deploys b"));
    stage.keys(&["Esc"]);
    assert!(stage.state.thread.is_none());
}

#[test]
fn a_whole_thread_comes_from_the_server() {
    let mut stage = stage();
    stage.keys(&["Alt-M", "Up", "Up", "Up", "Up", "t"]);
    let root = message(DEPLOYS, 4, 14, "ada", "morning! did the canary go out?");
    let says = |seq, text| said_as(DEPLOYS, seq, 24, "lin", text, |m| m.thread = Some(Seq(4)));
    let page = ThreadPage {
        conversation: DEPLOYS,
        root,
        events: vec![says(9, "the small one"), says(10, "or not")],
        more: false,
        state: ThreadState {
            conversation: DEPLOYS,
            thread: Seq(4),
            following: true,
            read: Seq(4),
            unread: 2,
        },
    };
    stage.outcome(Outcome::Thread(DEPLOYS, Seq(4), Ok(Box::new(page))));
    stage.live(says(11, "live"));
    let screen = stage.screen(80, 24);
    assert!(
        screen.contains("or not") && screen.contains("live") && screen.contains("─ 3 replies ─"),
        "{screen}"
    );
    let refused = |stage: &mut Stage, code| {
        let refusal = RequestError::Refused(WireError::new(code, "Not now."));
        stage.outcome(Outcome::Thread(DEPLOYS, Seq(4), Err(refusal)));
        assert_eq!(stage.notice(), "Not now.");
    };
    refused(&mut stage, ErrorCode::RateLimited);
    assert!(stage.state.in_thread(), "it may be had later");
    refused(&mut stage, ErrorCode::NotFound);
    assert!(stage.state.thread.is_none());
}

/// A thread does not hold what changed its messages, so that a page asked for before would bring
/// their old texts back.
#[test]
fn a_page_that_is_older_than_a_change_does_not_undo_it() {
    let mut stage = stage();
    stage.keys(&["Alt-M", "Up", "Up", "Up", "Up", "t"]);
    let says = |seq, text| said_as(DEPLOYS, seq, 24, "lin", text, |m| m.thread = Some(Seq(4)));
    let state =
        ThreadState { conversation: DEPLOYS, thread: Seq(4), following: true, read: Seq(4), unread: 0 };
    let page = || ThreadPage {
        conversation: DEPLOYS,
        root: message(DEPLOYS, 4, 14, "ada", "morning! did the canary go out?"),
        events: vec![says(9, "the small one"), says(10, "thanks")],
        more: false,
        state,
    };
    stage.outcome(Outcome::Thread(DEPLOYS, Seq(4), Ok(Box::new(page()))));
    let body = Body::new("the large one").unwrap();
    let edited = EventKind::Edited { target: Seq(9), body, mentions: Vec::new() };
    stage.live(event(DEPLOYS, 11, 26, "lin", edited));
    stage.outcome(Outcome::Thread(DEPLOYS, Seq(4), Ok(Box::new(page()))));
    let screen = stage.screen(80, 24);
    assert!(screen.contains("the large one") && !screen.contains("the small one"), "{screen}");
}

#[test]
fn jumps_go_to_what_was_answered_and_back() {
    let mut stage = stage();
    stage.keys(&["Alt-M", "o"]);
    assert_eq!(stage.state.selected, Some(Seq(5)));
    stage.keys(&["b"]);
    assert_eq!(stage.state.selected, Some(Seq(8)));
    stage.keys(&["b"]);
    assert_eq!(stage.notice(), "There is no jump to go back from");
    stage.keys(&["Esc", "/goto #deploys:6", "Enter"]);
    assert_eq!((stage.state.selected, stage.state.found), (None, Some(Seq(6))));
    stage.keys(&["Esc", "/goto #nowhere:6", "Enter"]);
    assert_eq!(stage.notice(), "You are not in #nowhere; /join #nowhere goes there");
}

#[test]
fn after_a_jump_letters_are_text_until_one_chooses() {
    let mut stage = stage();
    stage.keys(&["/goto 5", "Enter"]);
    assert!(!stage.keys(&["please"]).contains("message.pin"), "p is a letter");
    assert_eq!(stage.text(), "please");
    assert_eq!(stage.state.found, Some(Seq(5)), "it stays marked");
    assert_eq!(stage.keys(&["Alt-M", "p"]), "message.pin #deploys on=true seq=5", "the choice begins there");
    stage.keys(&["Esc", "Ctrl-U", "/goto 6", "Enter", "/"]);
    assert_eq!(stage.text(), "/");
    stage.keys(&["Ctrl-U", "Esc", "Alt-M"]);
    assert_eq!(stage.state.selected, Some(Seq(8)), "Esc takes the mark away");
    stage.keys(&["Esc", "/goto 5", "Enter", "yes", "Enter"]);
    assert_eq!(stage.state.found, None, "what is said is below it");
}

#[test]
fn a_link_to_a_message_of_a_thread_opens_the_thread() {
    let mut stage = stage();
    stage.keys(&["/goto 9", "Enter"]);
    assert_eq!(stage.state.thread.as_ref().map(|thread| thread.root), Some(Seq(4)));
    assert_eq!(stage.state.found, Some(Seq(9)));
}

/// A long room, of which the newest page is held.
fn long() -> Stage {
    let mut stage = Stage::empty();
    stage.screen(80, 20);
    let mut deploys = room(DEPLOYS, "deploys", "");
    (deploys.head, deploys.read) = (Seq(1_000), Seq(1_000));
    stage.news(Update::Conversations(vec![deploys]));
    stage.outcome(Outcome::History(DEPLOYS, Anchor::Newest, Ok(lines(901, 1_000))));
    stage
}

fn lines(from: u64, to: u64) -> History {
    History {
        events: (from..=to).map(|seq| message(DEPLOYS, seq, 1, "ada", &format!("line {seq}."))).collect(),
        more_before: from > 1,
        more_after: to < 1_000,
    }
}

#[test]
fn a_jump_far_back_and_home_again() {
    let mut stage = long();
    let effects = stage.keys(&["/goto 300", "Enter"]);
    assert!(effects.ends_with("history #deploys Around(Seq(300))"), "{effects}");
    stage.outcome(Outcome::History(DEPLOYS, Anchor::Around(Seq(300)), Ok(lines(251, 350))));
    let screen = stage.screen(80, 20);
    assert!(screen.contains("line 300.") && !screen.contains("line 1000."), "{screen}");
    assert_eq!(stage.state.found, Some(Seq(300)));
    let effects = stage.live(message(DEPLOYS, 1_001, 2, "ada", "news"));
    assert_eq!(said(&effects), "", "nothing is read, and no gap is seen");
    assert!(stage.screen(80, 20).contains("line 300."), "the text stands still");
    let mut asked = String::new();
    for _ in 0..4 {
        asked.push_str(&stage.keys(&["PageDown"]));
    }
    assert_eq!(asked, "history #deploys After(Seq(350))", "what comes after is asked for");
    let screen = stage.screen(80, 20);
    assert!(row_of(&screen, "line 350.") < row_of(&screen, "loading…"), "below what is held:\n{screen}");
    stage.outcome(Outcome::History(DEPLOYS, Anchor::After(Seq(350)), Ok(lines(351, 450))));
    assert!(stage.screen(80, 20).contains("line 350."), "the rows on screen stay");
    stage.keys(&["Esc"]);
    assert_eq!(stage.keys(&["Esc"]), "history #deploys Newest");
    stage.outcome(Outcome::History(DEPLOYS, Anchor::Newest, Ok(lines(901, 1_000))));
    assert!(stage.screen(80, 20).contains("line 1000."));
}

/// The row of the screen that has this text.
fn row_of(screen: &str, text: &str) -> usize {
    screen.lines().position(|line| line.contains(text)).unwrap_or_else(|| panic!("no {text:?}:\n{screen}"))
}

#[test]
fn what_is_not_held_is_a_row_above_and_below() {
    let mut stage = long();
    stage.keys(&["/goto 300", "Enter"]);
    assert!(stage.screen(80, 20).contains("loading…"), "a jump says that it waits");
    stage.outcome(Outcome::History(DEPLOYS, Anchor::Around(Seq(300)), Ok(lines(296, 303))));
    let screen = stage.screen(80, 24);
    assert!(row_of(&screen, "loading…") < row_of(&screen, "line 296."), "{screen}");
    assert!(row_of(&screen, "line 303.") < row_of(&screen, "newer messages below"), "{screen}");

    // Asked in the moment in which the connection came back: it is asked again at once.
    let before = Anchor::Before(Seq(296));
    let effects = stage.outcome(Outcome::History(DEPLOYS, before, Err(RequestError::Offline)));
    assert_eq!(said(&effects), "history #deploys Before(Seq(296))");
    let refusal = RequestError::Refused(WireError::new(ErrorCode::Unavailable, "Later."));
    stage.outcome(Outcome::History(DEPLOYS, before, Err(refusal)));
    let screen = stage.screen(80, 24);
    assert!(screen.contains("older messages could not be loaded yet"), "{screen}");
    assert!(screen.contains("newer messages could not be loaded yet"), "{screen}");
    assert_eq!(stage.keys(&["PageDown"]), "history #deploys Before(Seq(296))", "a step tries again");
    let effects = stage.outcome(Outcome::History(DEPLOYS, Anchor::Before(Seq(296)), Ok(lines(1, 295))));
    assert_eq!(said(&effects), "history #deploys After(Seq(303))");
    assert!(stage.screen(80, 24).contains("loading…"));
    stage.outcome(Outcome::History(DEPLOYS, Anchor::After(Seq(303)), Ok(lines(304, 1_000))));
    let screen = stage.screen(80, 24);
    assert!(!screen.contains("messages below") && !screen.contains("loading…"), "{screen}");
    assert!(screen.contains("line 303."), "the rows on screen stay:\n{screen}");
}

#[test]
fn a_thread_that_is_not_here_yet_says_so_between_its_messages() {
    let mut stage = long();
    stage.live(message(DEPLOYS, 1_001, 2, "ada", "who has the keys?"));
    stage.live(said_as(DEPLOYS, 1_002, 3, "lin", "I do", |m| m.thread = Some(Seq(1_001))));
    stage.keys(&["/thread", "Enter"]);
    let screen = stage.screen(120, 24);
    assert!(screen.contains("loading…"), "{screen}");
    stage.outcome(Outcome::Thread(DEPLOYS, Seq(1_001), Err(RequestError::Offline)));
    let screen = stage.screen(120, 24);
    assert!(screen.contains("answers come with the connection"), "{screen}");
}

#[test]
fn a_jump_to_nothing_says_so() {
    let mut stage = long();
    stage.keys(&["/goto 5000", "Enter"]);
    let empty = History { events: Vec::new(), more_before: true, more_after: false };
    stage.outcome(Outcome::History(DEPLOYS, Anchor::Around(Seq(5_000)), Ok(empty)));
    assert_eq!(stage.notice(), "There is no message 5000 here");
    assert!(stage.screen(80, 20).contains("line 1000."));
}

#[test]
fn what_is_answered_from_afar_is_fetched_once() {
    let mut stage = long();
    let reply = said_as(DEPLOYS, 1_001, 2, "lin", "still true", |m| m.reply_to = Some(Seq(12)));
    let effects = stage.live(reply);
    assert_eq!(said(&effects), "read #deploys 1001, context #deploys 12");
    assert!(stage.screen(80, 20).contains("│ …"));
    assert_eq!(stage.keys(&["Up"]), "", "asked once");
    let far = message(DEPLOYS, 12, 1, "ada", "the first rule\nand the second");
    stage.outcome(Outcome::Context(DEPLOYS, Seq(12), Some(Box::new(far))));
    assert!(stage.screen(80, 20).contains("│ ada: the first rule"));
    let edited =
        EventKind::Edited { target: Seq(12), body: Body::new("no rule").unwrap(), mentions: Vec::new() };
    stage.live(event(DEPLOYS, 1_002, 3, "ada", edited));
    assert!(stage.screen(80, 20).contains("│ ada: no rule"), "it follows its message");
    stage.live(event(DEPLOYS, 1_003, 3, "ada", EventKind::Deleted { target: Seq(12) }));
    assert!(stage.screen(80, 20).contains("│ ada: message deleted"));
}

#[test]
fn a_failed_message_of_a_closed_thread_is_told_in_the_main_line() {
    let mut stage = stage();
    let lost = chat_client::Draft { thread: Some(Seq(4)), ..draft(DEPLOYS, "lost in there") };
    stage.news(going(7, lost.clone(), Delivery::Queued));
    assert!(!stage.screen(80, 24).contains("lost in there"));
    stage.news(going(7, lost, Delivery::Failed { reason: "no".into() }));
    assert!(stage.screen(80, 24).contains("lost in there"));
}

#[test]
fn versions_are_read_over_the_room() {
    let mut stage = stage();
    stage.live(event(
        DEPLOYS,
        11,
        26,
        "ada",
        EventKind::Edited { target: Seq(8), body: Body::new("which canary?").unwrap(), mentions: Vec::new() },
    ));
    assert_eq!(stage.keys(&["Alt-M", "v"]), "versions #deploys 8");
    let version = Version { body: Body::new("which one?").unwrap(), at: Timestamp(NOW) };
    let versions = Versions { conversation: DEPLOYS, seq: Seq(8), versions: vec![version] };
    stage.outcome(Outcome::Versions(versions));
    let screen = stage.screen(80, 24);
    assert!(
        screen.contains("17 Nov 2026 09:30  which one?")
            && screen.contains("now                which canary?"),
        "{screen}"
    );
    stage.keys(&["Esc"]);
    assert!(stage.state.popup.is_none());
}
