//! Search, inbox and the list of threads: keys and answers in, effects and screens out.

use crate::common::*;
use chat_client::{Anchor, Connection, History, Update};
use chat_proto::*;
use chat_tui::What;
use chat_tui::effect::{Effect, Outcome, Page, Question, Wish};
use crossterm::event::Event as TermEvent;
use insta::assert_snapshot;

fn hit(event: Event, snippet: &str, marks: &[[usize; 2]]) -> Hit {
    Hit { event, snippet: snippet.into(), marks: marks.to_vec() }
}

fn search(query: &str, order: SearchOrder, cursor: Option<&str>) -> Wish {
    let query = query.to_owned();
    Wish::Search(Search { query, order: Some(order), cursor: cursor.map(str::to_owned), limit: Some(50) })
}

fn found(hits: Vec<Hit>, cursor: Option<&str>) -> Page {
    Page::Search(SearchPage { hits, cursor: cursor.map(str::to_owned), indexing: false })
}

fn canary() -> Vec<Hit> {
    let long = "…the graph of the last night shows nothing at all that would explain why the canary went up";
    vec![
        hit(message(DEPLOYS, 4, 14, "ada", "?"), "morning! did the canary go out?", &[[17, 23]]),
        hit(
            message(RANDOM, 120, -60 * 24 * 3, "lin", "?"),
            "a canary is a bird, Canary a wine",
            &[[2, 8], [20, 26]],
        ),
        hit(message(ADA, 9, -60 * 24 * 400, "mara", "?"), long, &[[78, 84], [500, 501]]),
        hit(message(GENERAL, 77, 2, "李雷", "?"), "カナリア canary \u{202e}日本語", &[[5, 11]]),
    ]
}

/// #deploys with the answer to a search for the canary.
fn searched() -> Stage {
    let mut stage = Stage::team();
    assert_eq!(stage.keys(&["/search canary", "Enter"]), "draft #deploys \"\", search best canary");
    let wish = search("canary", SearchOrder::Best, None);
    stage.outcome(Outcome::Listed(wish, Ok(found(canary(), None))));
    stage
}

#[test]
fn a_search_leads_into_context_and_back() {
    let mut stage = searched();
    assert_eq!(stage.keys(&["Down", "Enter"]), "history #random Around(Seq(120))");
    let page = History {
        events: (115..=125).map(|n| message(RANDOM, n, -60 * 24 * 3, "lin", &format!("bird {n}"))).collect(),
        more_before: true,
        more_after: true,
    };
    stage.outcome(Outcome::History(RANDOM, Anchor::Around(Seq(120)), Ok(page)));
    assert_eq!(stage.state.found, Some(Seq(120)));
    assert_eq!(stage.keys(&["Alt-M", "b"]), "", "the page is held");
    assert_eq!(stage.state.open, Some(DEPLOYS));
    stage.keys(&["Esc", "Esc"]);
    // The search is as it was left; its answer needs no second question.
    assert_eq!(stage.keys(&["Ctrl-F"]), "");
    assert!(stage.screen(80, 24).contains("▸  #random:120"));
    assert_eq!(stage.keys(&["Down", "Up", "Esc"]), "");
    assert!(stage.state.popup.is_none());
}

#[test]
fn a_hit_in_a_thread_opens_the_thread() {
    let mut stage = Stage::team();
    let answer = said_as(DEPLOYS, 8, 25, "lin", "canary is fine", |m| m.thread = Some(Seq(4)));
    stage.live(answer.clone());
    stage.keys(&["/search fine", "Enter"]);
    let hits = vec![hit(answer, "canary is fine", &[[10, 14]])];
    stage.outcome(Outcome::Listed(search("fine", SearchOrder::Best, None), Ok(found(hits, None))));
    assert_eq!(stage.keys(&["Enter"]), "ask thread #deploys 4");
    assert_eq!(stage.state.thread.as_ref().unwrap().root, Seq(4));
    assert_eq!(stage.state.found, Some(Seq(8)));
}

#[test]
fn another_text_is_another_search() {
    let mut stage = searched();
    stage.keys(&["Esc", "Alt-S"]);
    assert_eq!(stage.keys(&["graph", "Enter"]), "search best graph", "a letter begins anew");
    // A late answer to what is not asked any more changes nothing.
    stage.outcome(Outcome::Listed(search("canary", SearchOrder::Best, None), Ok(found(Vec::new(), None))));
    stage.outcome(Outcome::Listed(search("graph", SearchOrder::Best, None), Ok(found(canary(), None))));
    assert_eq!(stage.keys(&["Ctrl-O"]), "search newest graph");
    assert!(stage.screen(80, 24).contains("searching…"));
    stage.outcome(Outcome::Listed(search("graph", SearchOrder::Newest, None), Ok(found(canary(), None))));
    assert_eq!(stage.keys(&["Ctrl-U", "Enter"]), "");
    assert!(stage.screen(80, 24).contains("Search for a word, a \"phrase\""));
    assert_eq!(stage.keys(&["before:soon", "Enter"]), "");
    assert!(stage.screen(80, 24).contains("before: takes a day, such as before:2026-11-01."));
}

#[test]
fn pages_come_as_one_goes_down() {
    let hits = |from: u64| -> Vec<Hit> {
        (from..from + 25).map(|n| hit(message(GENERAL, n, 0, "ada", "x"), &format!("hit {n}"), &[])).collect()
    };
    let mut stage = Stage::team();
    stage.keys(&["/search hit", "Enter"]);
    let first = search("hit", SearchOrder::Best, None);
    let said_more = said(&stage.outcome(Outcome::Listed(first, Ok(found(hits(1), Some("b"))))));
    assert_eq!(said_more, "", "enough for now");
    assert_eq!(stage.keys(&["PageDown"]), "search best hit page b");
    let second = search("hit", SearchOrder::Best, Some("b"));
    // An empty page is not the end while there is a cursor.
    let more = said(&stage.outcome(Outcome::Listed(second, Ok(found(Vec::new(), Some("c"))))));
    assert_eq!(more, "search best hit page c");
    stage.outcome(Outcome::Listed(search("hit", SearchOrder::Best, Some("c")), Ok(found(hits(20), None))));
    for _ in 0..9 {
        assert_eq!(stage.keys(&["PageDown"]), "");
    }
    assert!(stage.screen(80, 24).contains("▸  #general:44"), "each hit once, to the last");
}

#[test]
fn an_answer_that_comes_after_the_search_was_closed_is_kept() {
    let mut stage = Stage::team();
    stage.keys(&["/search canary", "Enter", "Esc", "Alt-I"]);
    stage.outcome(Outcome::Listed(search("canary", SearchOrder::Best, None), Ok(found(canary(), None))));
    assert!(stage.screen(80, 24).contains("loading…"), "the inbox takes only its own");
    assert_eq!(stage.keys(&["Esc", "Ctrl-F"]), "");
    assert!(stage.screen(80, 24).contains("▸  #deploys:4"));
}

#[test]
fn endless_empty_pages_are_given_up() {
    let mut stage = Stage::team();
    stage.keys(&["/search hit", "Enter"]);
    let mut wish = search("hit", SearchOrder::Best, None);
    for asked in 0.. {
        assert!(asked < 50);
        let effects = stage.outcome(Outcome::Listed(wish, Ok(found(Vec::new(), Some("b")))));
        wish = search("hit", SearchOrder::Best, Some("b"));
        if effects.is_empty() {
            return;
        }
    }
}

#[test]
fn without_a_connection_it_says_so_and_tries_again_with_one() {
    let mut stage = Stage::team();
    stage.keys(&["/search canary", "Enter"]);
    let wish = search("canary", SearchOrder::Best, None);
    let offline = chat_client::RequestError::Offline.to_string();
    stage.outcome(Outcome::Listed(wish, Err(offline)));
    assert!(stage.screen(80, 24).contains("not connected to the server"));
    let again = said(&stage.news(Update::Connection(Connection::Online)));
    assert!(again.contains("search best canary"), "{again}");
}

#[test]
fn filters_are_completed() {
    let complete = |typed: &[&str]| {
        let mut stage = Stage::team();
        stage.keys(&["Ctrl-F"]);
        stage.keys(typed);
        stage.keys(&["Enter"])
    };
    assert_eq!(complete(&["fr", "Tab", "Tab"]), "search best from:me ");
    assert_eq!(complete(&["canary in:", "Tab"]), "search best canary in:#deploys ");
    assert_eq!(complete(&["canary in:@", "Tab"]), "search best canary in:#deploys ");
    assert_eq!(complete(&["in:li", "Tab", "x"]), "search best in:@lin x");
    assert_eq!(complete(&["has:f", "Tab"]), "search best has:file ");
    assert_eq!(complete(&["x on:", "Tab"]), "search best x on:2026-11-17 ");
    assert_eq!(complete(&["x 10:", "Tab"]), "search best x 10:");
    assert_eq!(complete(&["from:", "Tab", "Tab", "Shift-Tab"]), "search best from:me ");
}

#[test]
fn control_f_moves_where_text_is_behind_the_cursor() {
    let mut stage = Stage::team();
    stage.keys(&["ab", "Home", "Ctrl-F", "x"]);
    assert_eq!(stage.text(), "axb");
    stage.keys(&["End", "Ctrl-F"]);
    assert!(stage.state.popup.is_some());
}

#[test]
fn a_paste_into_a_search_is_one_line() {
    let mut stage = Stage::team();
    stage.keys(&["Ctrl-F"]);
    stage.input(What::Terminal(TermEvent::Paste("two\nwords\u{1b}".into())));
    assert_eq!(stage.keys(&["Enter"]), "search best twowords");
}

#[test]
fn screens_of_a_search() {
    assert_snapshot!("search_80x24", searched().screen(80, 24));
    assert_snapshot!("search_120x40", searched().screen(120, 40));
    assert_snapshot!("search_40x10", searched().screen(40, 10));
    let mut stage = Stage::team();
    stage.keys(&["Ctrl-F"]);
    assert_snapshot!("search_empty_80x24", stage.screen(80, 24));
    stage.keys(&["nothing like it", "Enter"]);
    let wish = search("nothing like it", SearchOrder::Best, None);
    stage.outcome(Outcome::Listed(wish, Ok(found(Vec::new(), None))));
    assert_snapshot!("search_nothing_80x14", stage.screen(80, 14));
}

fn item(event: Event, reason: Reason, read: bool) -> InboxItem {
    InboxItem { event, reason, read }
}

fn inbox(items: Vec<InboxItem>) -> Page {
    let unread = items.iter().filter(|item| !item.read).count() as u64;
    Page::Inbox(InboxPage { items, state: InboxState { unread, revision: 9 }, cursor: None })
}

fn list_inbox(unread_only: bool) -> Wish {
    Wish::Inbox(ListInbox { unread_only, cursor: None, limit: Some(50) })
}

fn calls() -> Vec<InboxItem> {
    let in_thread = said_as(DEPLOYS, 8, 25, "lin", "p99 is fine", |m| m.thread = Some(Seq(4)));
    let gone = Tombstone { deleted: Seq(5), edit_of: None, thread: None, replies: 0, changed: None };
    vec![
        item(in_thread, Reason::Thread, false),
        item(message(DEPLOYS, 6, 21, "grace", "graph attached, @mara have a look"), Reason::Mention, false),
        item(message(GENERAL, 40, 2, "ada", "@room lunch\nin the yard"), Reason::Room, true),
        item(message(GENERAL, 39, -60 * 24, "zoe", "yes, that one"), Reason::Reply, true),
        item(event(RANDOM, 3, -60 * 48, "zoe", EventKind::Tombstone(gone)), Reason::Here, true),
    ]
}

fn with_inbox() -> Stage {
    let mut stage = Stage::team();
    stage.news(Update::Inbox(InboxState { unread: 2, revision: 9 }));
    assert_eq!(stage.keys(&["Alt-I"]), "inbox");
    stage.outcome(Outcome::Listed(list_inbox(false), Ok(inbox(calls()))));
    stage
}

#[test]
fn an_item_of_the_inbox_leads_into_context_and_is_read() {
    let mut stage = with_inbox();
    let place = format!("{{\"conversation\":\"{}\",\"seq\":6}}", DEPLOYS.0);
    assert_eq!(stage.keys(&["Down", "Enter"]), format!("inbox.mark items=[{place}]"));
    assert_eq!((stage.state.open, stage.state.found), (Some(DEPLOYS), Some(Seq(6))));
    let mut stage = with_inbox();
    assert_eq!(stage.keys(&["j", "j", "Enter"]), "history #general Around(Seq(40))", "it was read before");
}

#[test]
fn items_are_marked_by_letters() {
    let mut stage = with_inbox();
    let place = format!("{{\"conversation\":\"{}\",\"seq\":8}}", DEPLOYS.0);
    assert_eq!(stage.keys(&["r"]), format!("inbox.mark items=[{place}]"));
    assert_eq!(stage.keys(&["r"]), format!("inbox.mark items=[{place}] unread=true"));
    assert_eq!(stage.keys(&["a"]), "inbox.mark all=true");
    assert!(!stage.screen(80, 24).contains("●  "));
    assert_eq!(stage.keys(&["u"]), "inbox unread");
    stage.outcome(Outcome::Listed(list_inbox(true), Ok(inbox(Vec::new()))));
    assert!(stage.screen(80, 24).contains("Nothing is unread; u shows all."));
    assert_eq!(stage.keys(&["x", "q"]), "");
    assert!(stage.state.popup.is_none());
}

#[test]
fn the_inbox_follows_what_happens() {
    let mut stage = with_inbox();
    stage.keys(&["Down"]);
    let new = item(message(ADA, 12, 29, "ada", "@mara?"), Reason::Mention, false);
    stage.news(Update::InboxItem(new.clone()));
    stage.news(Update::InboxItem(new));
    let screen = stage.screen(80, 24);
    assert!(screen.contains(" ● @ada:12") && screen.contains("▸● #deploys:6"), "{screen}");
    // It was read on another device: asked again, and what is chosen stays so.
    let again = said(&stage.news(Update::Inbox(InboxState { unread: 0, revision: 10 })));
    assert_eq!(again, "inbox");
    let mut read = calls();
    read.iter_mut().for_each(|item| item.read = true);
    stage.outcome(Outcome::Listed(list_inbox(false), Ok(inbox(read))));
    let screen = stage.screen(80, 24);
    assert!(screen.contains("▸  #deploys:6") && !screen.contains("▸● "), "{screen}");
}

#[test]
fn everything_can_be_marked_as_read_from_the_switcher() {
    let mut stage = Stage::team();
    stage.news(Update::Inbox(InboxState { unread: 2, revision: 9 }));
    let effects = stage.keys(&["Ctrl-K", "mark all as read", "Enter"]);
    assert!(effects.ends_with("inbox.mark all=true"), "{effects}");
}

#[test]
fn screens_of_the_inbox() {
    assert_snapshot!("inbox_80x24", with_inbox().screen(80, 24));
    assert_snapshot!("inbox_120x40", with_inbox().screen(120, 40));
    assert_snapshot!("inbox_40x14", with_inbox().screen(40, 14));
    let mut stage = Stage::team();
    stage.news(Update::Inbox(InboxState { unread: 3, revision: 9 }));
    assert_snapshot!("inbox_count_80x14", stage.screen(80, 14));
    assert_snapshot!("inbox_count_40x10", stage.screen(40, 10));
}

fn threads() -> Page {
    let state = |thread, unread| ThreadState {
        conversation: DEPLOYS,
        thread: Seq(thread),
        following: true,
        read: Seq(thread),
        unread,
    };
    let thread = |root, last: Event, unread| FollowedThread {
        state: state(last.message().unwrap().thread.unwrap().0, unread),
        root,
        last,
    };
    let answer = |seq, minute, author, root| {
        said_as(DEPLOYS, seq, minute, author, "p99 is fine", |m| m.thread = Some(Seq(root)))
    };
    let first = message(DEPLOYS, 4, 14, "ada", "morning! did the canary go out?");
    let second = message(DEPLOYS, 2, -600, "mara", "who has the keys?");
    let threads =
        vec![thread(first, answer(9, 26, "lin", 4), 2), thread(second, answer(3, -500, "mara", 2), 0)];
    Page::Threads(ThreadList { threads, cursor: None })
}

#[test]
fn a_followed_thread_opens_where_it_is() {
    let mut stage = Stage::team();
    stage.keys(&["Alt-2"]);
    assert_eq!(stage.keys(&["/threads", "Enter"]), "draft #general \"\", threads");
    stage.news(Update::Thread(ThreadState {
        conversation: DEPLOYS,
        thread: Seq(4),
        following: true,
        read: Seq(4),
        unread: 2,
    }));
    let wish = Wish::Threads(ListThreads { unread_only: false, cursor: None, limit: Some(50) });
    stage.outcome(Outcome::Listed(wish, Ok(threads())));
    assert_snapshot!("threads_80x24", stage.screen(80, 24));
    assert_eq!(stage.keys(&["Enter"]), "ask thread #deploys 4");
    assert_eq!(stage.state.open, Some(DEPLOYS));
    assert!(stage.state.in_thread() && stage.state.found.is_none());
}

#[test]
fn nothing_of_others_reaches_the_screen_unsafe() {
    let mut stage = Stage::team();
    stage.keys(&["/search x", "Enter"]);
    let hits =
        vec![hit(message(DEPLOYS, 4, 14, "ada", "x"), "\u{1b}[2J\u{202e}x\u{7} y", &[[1, 3], [0, 99]])];
    stage.outcome(Outcome::Listed(search("x", SearchOrder::Best, None), Ok(found(hits, None))));
    let screen = stage.screen(80, 24);
    assert!(!screen.contains(['\u{1b}', '\u{202e}', '\u{7}']));
}

#[test]
fn connecting_learns_which_threads_wait() {
    let mut stage = Stage::team();
    let effects = stage.news(Update::Connection(Connection::Online));
    let is_unread = |effect: &Effect| matches!(effect, Effect::Ask(Question::List(Wish::Threads(ask))) if ask.unread_only);
    assert!(effects.iter().any(is_unread));
}

#[test]
fn any_size_of_screen_is_survived() {
    let mut filters = Stage::team();
    filters.keys(&["Ctrl-F", "a long search that needs more columns than there are 日本語"]);
    for mut stage in [searched(), with_inbox(), filters] {
        for (columns, rows) in [(1, 1), (1, 30), (4, 4), (5, 3), (12, 5), (39, 11), (200, 3), (200, 60)] {
            stage.screen(columns, rows);
            stage.keys(&["PageDown", "Up", "PageUp", "Down"]);
        }
    }
}

#[test]
fn messages_are_saved_listed_and_let_go() {
    let mut stage = Stage::team();
    let seq = stage.state.open_timeline().unwrap().last().unwrap();
    assert_eq!(stage.keys(&["Alt-m", "m"]), format!("saved.set #deploys on=true seq={seq}"));
    stage.keys(&["Esc"]);
    assert_eq!(stage.keys(&["/saved", "Enter"]), "draft #deploys \"\", saved");
    let messages =
        vec![message(RANDOM, 120, -60, "lin", "birds"), message(DEPLOYS, 4, 14, "ada", "morning!")];
    let wish = Wish::Saved(ListSaved { cursor: None, limit: Some(50) });
    stage.outcome(Outcome::Listed(wish, Ok(Page::Saved(SavedPage { messages, cursor: None }))));
    assert_snapshot!("saved_80x14", stage.screen(80, 14));
    assert_eq!(stage.keys(&["u"]), "", "there is nothing unread in it");
    assert_eq!(stage.keys(&["d"]), "saved.set #random on=false seq=120");
    assert_eq!(stage.keys(&["Enter"]), "", "the next one is held");
    assert_eq!((stage.state.open, stage.state.found), (Some(DEPLOYS), Some(Seq(4))));
    assert_eq!(
        stage.keys(&["Esc", "/star", "Enter"]),
        "draft #deploys \"\", conversation.star #deploys on=true"
    );
}
