//! An idle chat does nothing: no frame, no wake-up.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::common::*;
use chat_client::account::Account;
use chat_client::paths::Paths;
use chat_client::tls::Tls;
use chat_client::{Connection, Update};
use chat_proto::*;
use chat_tui::app::{self, App, Surface};
use chat_tui::desk::Desk;
use chat_tui::notification::Notification;
use chat_tui::state::neighbours::SeatId;
use chat_tui::state::sign_in::Known;
use chat_tui::{Moment, State, What};
use crossterm::event::{Event as TermEvent, KeyCode, KeyEvent};
use jiff::tz::TimeZone;
use tokio::sync::mpsc;

/// A surface that only counts.
#[derive(Clone, Default)]
struct Counter {
    frames: Arc<AtomicUsize>,
    titles: Arc<AtomicUsize>,
}

impl Surface for Counter {
    fn draw(&mut self, _: &State) -> io::Result<()> {
        self.frames.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    fn forget(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn title(&mut self, _: &str) -> io::Result<()> {
        self.titles.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    fn copy(&mut self, _: &str) -> io::Result<()> {
        Ok(())
    }

    fn mouse(&mut self, _: bool) -> io::Result<()> {
        Ok(())
    }

    fn bell(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn notify(&mut self, _: &Notification) -> io::Result<()> {
        Ok(())
    }

    fn suspend(&mut self) -> io::Result<(u16, u16)> {
        Ok((80, 24))
    }
}

impl Counter {
    fn frames(&self) -> usize {
        self.frames.swap(0, Ordering::SeqCst)
    }
}

/// A running chat without a terminal and without an engine.
fn running() -> (mpsc::Sender<What>, Counter, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let paths = Paths::resolve(Some(dir.path().to_owned())).unwrap();
    let places = app::places(&paths, Tls::default());
    let (sender, events) = mpsc::channel(1_024);
    let counter = Counter::default();
    let mut surface = counter.clone();
    let state = State::new(TimeZone::UTC, true);
    tokio::spawn(async move {
        let first = What::Engine(Update::Me { user: me(), role: Role::Member, server_name: "acme".into() });
        App::new(state, paths, places, events).run(&mut surface, first).await.unwrap();
    });
    (sender, counter, dir)
}

async fn settle() {
    tokio::time::sleep(Duration::from_millis(50)).await;
}

#[tokio::test(start_paused = true)]
async fn an_idle_chat_draws_nothing() {
    let (sender, counter, _dir) = running();
    let news = |update| What::Engine(update);
    sender.send(news(Update::Connection(Connection::Online))).await.unwrap();
    sender
        .send(news(Update::Conversations(vec![room(DEPLOYS, "deploys", ""), direct(ADA, "ada")])))
        .await
        .unwrap();
    settle().await;
    assert!(counter.frames() > 0);
    // Ten minutes bring the away mark, which is told and not drawn; after that there is nothing.
    tokio::time::sleep(Duration::from_secs(24 * 3_600)).await;
    assert_eq!(counter.frames(), 0);
    assert_eq!(counter.titles.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn three_idle_accounts_draw_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let paths = Paths::resolve(Some(dir.path().to_owned())).unwrap();
    let places = app::places(&paths, Tls::default());
    let mut state = State::new(TimeZone::UTC, true);
    // Moving dots are seen elsewhere.
    state.settings.motion = false;
    let mut desk = Desk::new(state);
    for (at, server) in ["a.example", "b.example", "c.example"].into_iter().enumerate() {
        let (server, token) = (server.parse().unwrap(), Secret::new("token"));
        let account = Account { server, user: me(), token, server_name: format!("team {at}") };
        desk.update(Moment::default(), None, What::Account(account));
        let seat = Some(SeatId(at as u64));
        // One is connected, one waits for its next try by a countdown, one was given up.
        let connection = match at {
            0 => Connection::Online,
            1 => Connection::Waiting { retry_in: Duration::from_secs(600), reason: "cut".into() },
            _ => Connection::Stopped { reason: "closed".into(), login_needed: false },
        };
        for update in [
            Update::Conversations(vec![room(DEPLOYS, "deploys", ""), direct(ADA, "ada")]),
            Update::Connection(connection),
            Update::Typing { conversation: DEPLOYS, user: person("ada"), active: true },
        ] {
            desk.update(Moment::default(), seat, What::Engine(update));
        }
    }
    let (_sender, events) = mpsc::channel(16);
    let counter = Counter::default();
    let mut surface = counter.clone();
    tokio::spawn(async move {
        App::with_desk(desk, paths, places, events).run(&mut surface, What::Tick).await.unwrap();
    });
    settle().await;
    assert!(counter.frames() > 0);
    // The typing of the one on the screen ends; nothing else of any of them is seen.
    tokio::time::sleep(Duration::from_secs(24 * 3_600)).await;
    assert_eq!(counter.frames(), 1);
    assert_eq!(counter.titles.load(Ordering::SeqCst), 0);
}

#[tokio::test(start_paused = true)]
async fn a_flood_is_drawn_in_few_frames() {
    let (sender, counter, _dir) = running();
    sender.send(What::Engine(Update::Conversations(vec![room(DEPLOYS, "deploys", "")]))).await.unwrap();
    settle().await;
    counter.frames();
    for _ in 0..500 {
        let key = KeyEvent::from(KeyCode::Char('x'));
        sender.try_send(What::Terminal(TermEvent::Key(key))).unwrap();
    }
    settle().await;
    assert!((1..=3).contains(&counter.frames()), "a batch is drawn once");
}

#[tokio::test(start_paused = true)]
async fn news_take_no_more_frames_than_a_screen_shows_and_keys_wait_for_none() {
    let (sender, counter, _dir) = running();
    settle().await;
    counter.frames();
    let news = async |n: u32| {
        let rooms = vec![room(DEPLOYS, &format!("deploys-{n}"), "")];
        sender.send(What::Engine(Update::Conversations(rooms))).await.unwrap();
        tokio::time::sleep(Duration::from_millis(1)).await;
    };
    for n in 0..1_000 {
        news(n).await;
    }
    let frames = counter.frames();
    assert!((30..=64).contains(&frames), "{frames} frames in a second");
    settle().await;
    assert!(counter.frames() <= 1, "what was owed is drawn, once");
    news(1_000).await;
    news(1_001).await;
    counter.frames();
    sender.send(What::Terminal(TermEvent::Key(KeyEvent::from(KeyCode::Char('x'))))).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(counter.frames(), 1, "a key is answered at once");
}

#[tokio::test(start_paused = true)]
async fn a_countdown_draws_once_a_second_and_stops() {
    let (sender, counter, _dir) = running();
    let waiting = Connection::Waiting { retry_in: Duration::from_secs(3), reason: "cut".into() };
    sender.send(What::Engine(Update::Connection(waiting))).await.unwrap();
    settle().await;
    counter.frames();
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(counter.frames(), 3);
}

#[tokio::test(start_paused = true)]
async fn what_moves_nothing_draws_nothing() {
    let (sender, counter, _dir) = running();
    sender.send(What::FirstRun(Known::default())).await.unwrap();
    settle().await;
    counter.frames();
    for event in [TermEvent::FocusLost, TermEvent::FocusGained, TermEvent::Resize(80, 24)] {
        sender.send(What::Terminal(event)).await.unwrap();
    }
    settle().await;
    assert_eq!(counter.frames(), 0);
    drop(sender);
    settle().await;
}

#[test]
fn what_cannot_be_seen_draws_nothing() {
    let mut stage = Stage::team();
    stage.state.take_dirty();
    let quiet = |stage: &mut Stage, update| {
        stage.news(update);
        assert!(!stage.state.take_dirty());
    };
    quiet(&mut stage, Update::Typing { conversation: RANDOM, user: person("ada"), active: true });
    quiet(
        &mut stage,
        Update::Presence(vec![Presence {
            user: person("ada").id,
            state: PresenceState::Online,
            last_seen: None,
        }]),
    );
    quiet(&mut stage, Update::Read { conversation: DEPLOYS, user: person("ada").id, seq: Seq(2) });
    stage.input(What::Terminal(TermEvent::FocusLost));
    assert!(!stage.state.take_dirty());
}
