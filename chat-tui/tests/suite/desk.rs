//! Several accounts in one list: what comes where, how one walks between them, and that nobody
//! writes to the wrong team.

use chat_client::account::Account;
use chat_client::{Alert, Connection, Update};
use chat_proto::*;
use chat_tui::desk::{ACCOUNTS, Desk, Ours};
use chat_tui::effect::{Effect, Outcome};
use chat_tui::state::neighbours::SeatId;
use chat_tui::state::sign_in::Ask;
use chat_tui::{Moment, State, What, view};
use crossterm::event::{Event as TermEvent, KeyCode, KeyEvent, MouseButton, MouseEvent, MouseEventKind};
use jiff::tz::TimeZone;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use crate::common::*;

fn account(server: &str, user: &str, team: &str) -> Account {
    let user = person(user);
    let token = Secret::new("token");
    Account { server: server.parse().unwrap(), user, token, server_name: team.to_owned() }
}

/// A desk and its clock.
struct Table {
    desk: Desk,
    ms: u64,
}

const ACME: SeatId = SeatId(0);
const BETA: SeatId = SeatId(1);

impl Table {
    fn alone() -> Self {
        let mut table = Self { desk: Desk::new(State::new(TimeZone::UTC, true)), ms: 0 };
        table.input(None, What::Account(account("acme.example", "mara", "acme")));
        table.fill(ACME, DEPLOYS, "deploys", ADA, "ada");
        table
    }

    /// mara on acme with #deploys and @ada, and lin on beta with #random and @grace.
    fn two() -> Self {
        let mut table = Self::alone();
        table.input(None, What::Account(account("beta.example", "lin", "beta")));
        table.fill(BETA, RANDOM, "random", LIN, "grace");
        table
    }

    fn fill(&mut self, seat: SeatId, room_id: ConversationId, name: &str, id: ConversationId, with: &str) {
        self.news(seat, Update::Connection(Connection::Online));
        let mut newest = room(room_id, name, "");
        newest.active_at = Timestamp(NOW);
        self.news(seat, Update::Conversations(vec![newest, direct(id, with)]));
    }

    fn input(&mut self, from: Option<SeatId>, what: What) -> Ours {
        let at = Moment { clock: Timestamp(NOW + self.ms as i64), ms: self.ms };
        let mut ours = self.desk.update(at, from, what);
        ours.extend(self.desk.settle());
        ours
    }

    fn news(&mut self, seat: SeatId, update: Update) -> Ours {
        self.input(Some(seat), What::Engine(update))
    }

    fn key(&mut self, key: KeyEvent) -> String {
        let ours = self.input(None, What::Terminal(TermEvent::Key(key)));
        told(&ours)
    }

    fn keys(&mut self, keys: &[&str]) -> String {
        let all: Vec<String> = keys.iter().flat_map(|key| keys_of(key)).map(|key| self.key(key)).collect();
        all.into_iter().filter(|words| !words.is_empty()).collect::<Vec<_>>().join(", ")
    }

    /// Something new in a conversation, as the engine tells it.
    fn message(&mut self, seat: SeatId, known: Conversation, from: &str, body: &str) -> Ours {
        let event = message(known.id, 1, 29, from, body);
        let mut ours = self.news(seat, Update::Conversations(vec![known]));
        ours.extend(self.news(
            seat,
            Update::Events { conversation: event.conversation, events: vec![event.clone()], live: true },
        ));
        ours.extend(self.news(seat, Update::Alert(Alert { event, reason: None })));
        ours
    }

    fn screen(&mut self, columns: u16, rows: u16) -> String {
        self.input(None, What::Terminal(TermEvent::Resize(columns, rows)));
        let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
        terminal.draw(|frame| view(self.desk.active(), frame)).unwrap();
        picture(terminal.backend().buffer(), columns)
    }

    fn notice(&self) -> &str {
        self.desk.active().notice.as_ref().map_or("", |notice| &notice.text)
    }
}

/// Effects in short words, each with the account it is for.
fn told(ours: &Ours) -> String {
    let words = ours.iter().map(|(seat, effect)| (seat.0, said(std::slice::from_ref(effect))));
    words
        .filter(|(_, word)| !word.is_empty())
        .map(|(seat, word)| format!("{seat}: {word}"))
        .collect::<Vec<_>>()
        .join(", ")
}

fn unread(mut known: Conversation, unread: u64, mentions: u64) -> Conversation {
    (known.head, known.unread, known.mentions) = (Seq(unread), unread, mentions);
    known
}

#[test]
fn one_account_looks_as_if_there_were_no_desk() {
    let mut table = Table::alone();
    let screen = table.screen(80, 16);
    assert!(screen.contains("ROOMS") && screen.contains("message #deploys"), "{screen}");
    assert!(!screen.contains("accounts") && !screen.contains("on acme"), "{screen}");
    insta::assert_snapshot!(screen);
}

#[test]
fn all_accounts_stand_in_one_list() {
    let mut table = Table::two();
    table.message(BETA, unread(room(RANDOM, "random", ""), 2, 1), "grace", "@lin lunch?");
    insta::assert_snapshot!(table.screen(80, 16));
    table.news(
        BETA,
        Update::Connection(Connection::Waiting {
            retry_in: std::time::Duration::from_secs(5),
            reason: "cut".into(),
        }),
    );
    insta::assert_snapshot!("offline", table.screen(80, 16));
    for (columns, rows) in [(1, 1), (3, 3), (20, 4), (40, 10), (200, 60)] {
        table.screen(columns, rows);
    }
}

#[test]
fn two_accounts_on_one_team_are_told_apart() {
    let mut table = Table::alone();
    table.input(None, What::Account(account("acme.example", "robin", "acme")));
    let screen = table.screen(80, 16);
    assert!(screen.contains("mara@acme") && screen.contains("robin@acme"), "{screen}");
    table.input(None, What::Account(account("ws://127.0.0.1:70", "mara", "acme")));
    let screen = table.screen(100, 16);
    assert!(screen.contains("mara@acme.example") && screen.contains("mara@127.0.0.1:70"), "{screen}");
}

#[test]
fn walking_crosses_accounts_and_messages_go_to_the_right_one() {
    let mut table = Table::two();
    assert_eq!(table.desk.active().open, Some(DEPLOYS));
    table.keys(&["Alt-Down", "Alt-Down"]);
    assert_eq!((table.desk.active_seat(), table.desk.active().open), (BETA, Some(RANDOM)));
    assert!(table.screen(80, 16).contains("lin on beta"), "the frame says where one writes");
    let sent = table.keys(&["hello", "Enter"]);
    assert!(sent.contains("1: send #random hello"), "{sent}");
    table.keys(&["Alt-Up"]);
    assert_eq!((table.desk.active_seat(), table.desk.active().open), (ACME, Some(ADA)));
    table.keys(&["Alt-/"]);
    assert_eq!((table.desk.active_seat(), table.desk.active().open), (BETA, Some(RANDOM)));
    table.keys(&["Alt-/"]);
    assert_eq!((table.desk.active_seat(), table.desk.active().open), (ACME, Some(ADA)));
    table.keys(&["Alt-4"]);
    assert_eq!((table.desk.active_seat(), table.desk.active().open), (BETA, Some(LIN)));
    table.keys(&["Ctrl-K", "deploys on", "Enter"]);
    assert_eq!((table.desk.active_seat(), table.desk.active().open), (ACME, Some(DEPLOYS)));
}

#[test]
fn a_draft_waits_in_its_own_account() {
    let mut table = Table::two();
    let told = table.keys(&["half a thought", "Alt-Down", "Alt-Down"]);
    assert!(told.contains("0: draft #deploys \"half a thought\""), "{told}");
    assert!(told.contains("0: not typing #deploys"), "{told}");
    assert_eq!(table.desk.active().composer.text(), "");
    table.keys(&["Alt-1"]);
    assert_eq!(table.desk.active().composer.text(), "half a thought");
}

#[test]
fn a_click_goes_to_another_account() {
    let mut table = Table::two();
    let screen = table.screen(80, 16);
    let row = screen.lines().position(|line| line.contains("# random")).unwrap();
    let kind = MouseEventKind::Down(MouseButton::Left);
    let click =
        MouseEvent { kind, column: 4, row: row as u16, modifiers: crossterm::event::KeyModifiers::NONE };
    table.input(None, What::Terminal(TermEvent::Mouse(click)));
    assert_eq!((table.desk.active_seat(), table.desk.active().open), (BETA, Some(RANDOM)));
}

#[test]
fn what_needs_me_is_found_in_every_account_and_leads_home() {
    let mut table = Table::two();
    table.message(BETA, unread(room(RANDOM, "random", ""), 1, 1), "grace", "@lin now");
    table.message(ACME, unread(direct(ADA, "ada"), 1, 0), "ada", "hello");
    table.keys(&["Alt-A"]);
    assert_eq!(
        (table.desk.active_seat(), table.desk.active().open),
        (BETA, Some(RANDOM)),
        "the mention first"
    );
    table.news(BETA, Update::Conversations(vec![room(RANDOM, "random", "")]));
    table.keys(&["Alt-A"]);
    assert_eq!((table.desk.active_seat(), table.desk.active().open), (ACME, Some(ADA)));
    table.news(ACME, Update::Conversations(vec![direct(ADA, "ada")]));
    table.keys(&["Alt-A"]);
    assert_eq!((table.desk.active_seat(), table.desk.active().open), (ACME, Some(DEPLOYS)), "home");
}

#[test]
fn an_account_off_the_screen_calls_and_is_not_read() {
    let mut table = Table::two();
    let known = unread(room(RANDOM, "random", ""), 1, 0);
    let history = chat_client::History { events: vec![], more_before: false, more_after: false };
    table
        .input(Some(BETA), What::Outcome(Outcome::History(RANDOM, chat_client::Anchor::Newest, Ok(history))));
    let ours = table.message(BETA, known, "grace", "lunch?");
    let told = told(&ours);
    assert!(told.contains("1: bell"), "open there, but nobody looks: {told}");
    assert!(!told.contains("read"), "{told}");
    let titles: Vec<_> = ours.iter().filter(|(_, effect)| matches!(effect, Effect::Title(_))).collect();
    assert_eq!(titles, [&(ACME, Effect::Title("(1) acme".to_owned()))], "one title counts all");
    let again = table.message(ACME, unread(direct(ADA, "ada"), 1, 0), "ada", "hello");
    assert!(!self::told(&again).contains("bell"), "one sound for all at once");
    table.ms += 2_000;
    let walked = table.keys(&["Alt-3"]);
    assert!(walked.contains("1: read #random 1"), "seen now: {walked}");
}

#[test]
fn a_form_for_another_account_is_left_by_escape() {
    let mut table = Table::two();
    table.keys(&["/account add", "Enter"]);
    assert!(table.screen(80, 24).contains("Which server"), "the form is open");
    assert!(table.screen(80, 24).contains("Esc back"));
    table.keys(&["Esc"]);
    assert!(!table.desk.has_quit());
    assert_eq!((table.desk.active_seat(), table.desk.seats().count()), (ACME, 2));

    table.keys(&["/account add", "Enter"]);
    let form = table.desk.active_seat();
    let new = account("gamma.example", "mara", "gamma");
    let ours = table.input(Some(form), What::Outcome(Outcome::SignedIn(Ok(new))));
    assert!(told(&ours).contains("start mara"));
    assert_eq!((table.desk.active_seat(), table.desk.seats().count()), (form, 3));
    let again = account("acme.example", "mara", "acme");
    table.keys(&["/account add", "Enter"]);
    let form = table.desk.active_seat();
    let ours = table.input(Some(form), What::Outcome(Outcome::SignedIn(Ok(again))));
    assert_eq!(told(&ours).split(", ").find(|word| word.contains("start")), Some("0: start mara"));
    assert_eq!((table.desk.active_seat(), table.desk.seats().count()), (ACME, 3), "it is open once");
}

#[test]
fn signing_out_asks_once_and_leaves_the_others() {
    let mut table = Table::two();
    table.keys(&["/account remove", "Enter"]);
    let question = &table.desk.active().confirm.as_ref().unwrap().question;
    assert!(question.contains("mara on acme"), "{question}");
    table.keys(&["n"]);
    assert_eq!(table.desk.seats().count(), 2);
    table.keys(&["/account remove beta", "Enter"]);
    let out = table.keys(&["y"]);
    assert!(out.contains("1: sign out lin"), "{out}");
    assert_eq!((table.desk.active_seat(), table.desk.seats().count()), (ACME, 1));
    let screen = table.screen(80, 16);
    assert!(screen.contains("ROOMS") && !screen.contains("accounts"), "alone again: {screen}");
    table.keys(&["/account remove", "Enter", "y"]);
    assert!(table.screen(80, 24).contains("Which server"), "the form of the first run");
    table.keys(&["Esc"]);
    assert!(table.desk.has_quit());
}

#[test]
fn accounts_are_named_and_listed() {
    let mut table = Table::two();
    table.keys(&["/accounts", "Enter"]);
    let screen = table.screen(80, 24);
    for words in ["mara on acme", "lin on beta", "● connected", "add an account"] {
        assert!(screen.contains(words), "{words}: {screen}");
    }
    table.keys(&["beta", "Enter"]);
    assert_eq!(table.desk.active_seat(), BETA);
    table.keys(&["/account acm", "Enter"]);
    assert_eq!(table.desk.active_seat(), ACME);
    table.keys(&["/account nobody", "Enter"]);
    assert_eq!(table.notice(), "No other account is called nobody; there are: lin on beta");
    table.keys(&["/account acme", "Enter"]);
    assert_eq!(table.notice(), "That is the account you are in");
}

#[test]
fn there_is_a_bound_on_accounts() {
    let mut table = Table::alone();
    for n in 1..=ACCOUNTS {
        table.input(None, What::Account(account(&format!("s{n}.example"), "mara", "team")));
    }
    assert_eq!(table.desk.seats().count(), ACCOUNTS);
    assert!(table.notice().contains("the most"), "{}", table.notice());
}

#[test]
fn a_lost_login_of_another_account_disturbs_nobody() {
    let mut table = Table::two();
    let stopped = Connection::Stopped { reason: "Log in again.".into(), login_needed: true };
    table.news(BETA, Update::Connection(stopped));
    let screen = table.screen(100, 16);
    assert!(screen.contains("✗ beta · signed out") && screen.contains("message #deploys"), "{screen}");
    table.keys(&["/account beta", "Enter"]);
    assert!(table.desk.active().sign_in.is_some(), "the form is there, and only there");
    table.keys(&["Esc", "Esc"]);
    assert_eq!((table.desk.active_seat(), table.desk.seats().count()), (ACME, 2));
    assert!(!table.desk.has_quit());
    table.input(None, What::Terminate);
    assert!(table.desk.has_quit());
}

#[test]
fn hostile_names_of_teams_are_safe() {
    let mut table = Table::alone();
    table.input(None, What::Account(account("beta.example", "lin", "be\u{1b}]0;x\u{7}\u{202e}ta")));
    for key in ["Esc", "Alt-Down", "Alt-Down"] {
        let screen = table.screen(80, 16);
        assert!(!screen.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{screen}");
        table.keys(&[key]);
    }
}

#[test]
fn a_key_shows_one_as_here_in_all_teams() {
    let mut table = Table::two();
    table.ms = 11 * 60_000;
    let ours = table.input(None, What::Tick);
    let away = told(&ours);
    assert!(away.contains("0: presence away") && away.contains("1: presence away"), "{away}");
    let here = table.key(KeyEvent::from(KeyCode::Char('x')));
    assert!(here.contains("0: presence online") && here.contains("1: presence online"), "{here}");
}

#[test]
fn a_form_asks_for_its_own_account() {
    let mut table = Table::two();
    table.keys(&["/account add", "Enter"]);
    let form = table.desk.active_seat();
    table.keys(&["gamma.example"]);
    let ours = table.input(None, What::Terminal(TermEvent::Key(KeyEvent::from(KeyCode::Enter))));
    assert!(matches!(&ours[..], [(seat, Effect::SignIn(Ask::Probe(_)))] if *seat == form), "{ours:?}");
}

#[test]
fn what_follows_from_news_taken_together_is_done_once() {
    let mut table = Table::alone();
    let page = chat_client::History {
        events: vec![message(DEPLOYS, 1, 10, "ada", "first")],
        more_before: false,
        more_after: false,
    };
    table.input(Some(ACME), What::Outcome(Outcome::History(DEPLOYS, chat_client::Anchor::Newest, Ok(page))));
    let marks = |ours: &Ours| told(ours).matches("read #deploys").count();
    table.desk.hold(true);
    let mut ours = Ours::new();
    for seq in 2..40 {
        let events = vec![message(DEPLOYS, seq, 20, "ada", "and on")];
        let news = Update::Events { conversation: DEPLOYS, events, live: true };
        let at = Moment { clock: Timestamp(NOW), ms: table.ms };
        ours.extend(table.desk.update(at, Some(ACME), What::Engine(news)));
        let row = Conversation { head: Seq(seq), ..room(DEPLOYS, "deploys", "") };
        let news = What::Engine(Update::Conversations(vec![row]));
        ours.extend(table.desk.update(at, Some(ACME), news));
    }
    assert_eq!(marks(&ours), 0, "{}", told(&ours));
    table.desk.hold(false);
    let ours = table.desk.settle();
    assert_eq!(marks(&ours), 1, "{}", told(&ours));
    assert!(told(&ours).contains("read #deploys 39"), "{}", told(&ours));
    assert_eq!(marks(&table.desk.settle()), 0, "once");
}
