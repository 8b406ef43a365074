//! The task that owns the connection, the cache and the outbox of one account.
//!
//! It only carries: what is decided, [`crate::session`] decides. It never waits for the disk (a
//! thread does), and waits for a slow interface by not reading from the server any more.

mod desk;

use std::collections::{HashMap, VecDeque};
use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use thiserror::Error;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use tokio::time::{Instant, sleep_until};

use crate::account::Account;
use crate::address::ServerAddress;
use crate::backoff::Backoff;
use crate::cache;
use crate::client::{COMMANDS, Client, Command, Updates};
use crate::disk::{ASKED, Disk, Done, Job};
use crate::session::{Effect, End, Now, Session, Ticket};
use crate::stranger::Stranger;
use crate::tls::{Tls, TlsError, Trust};
use crate::update::{Connection, Update};
use crate::wire::{DialError, Heard, Stream, Wire};
use desk::Waiter;

/// Updates that wait for the interface; when they are as many, the engine waits too.
const UPDATES: usize = 1024;

/// Updates held beside those, made by what was already heard when the interface became slow.
const HELD: usize = 256;

/// Where the engine keeps its cache, outbox and drafts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Storage {
    /// In this file; see [`crate::paths::Paths::cache_file`].
    File(PathBuf),
    /// Nowhere: all is forgotten at the end.
    Memory,
}

/// What an engine is started with.
#[derive(Debug, Clone)]
pub struct Options {
    /// Who, and where.
    pub account: Account,
    /// Whom to trust.
    pub tls: Tls,
    /// Where to keep things.
    pub storage: Storage,
}

/// Why an engine cannot start.
#[derive(Debug, Error)]
pub enum StartError {
    /// TLS cannot be set up.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The cache was written by a newer version of this program.
    #[error("the cache {} was written by a newer version; update this program or choose another --data-dir", .0.display())]
    NewerCache(PathBuf),
    /// The cache cannot be opened.
    #[error("cannot open the cache {}: {cause}; if it is damaged, move it away", path.display())]
    Cache {
        /// Which.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// As many engines as there are places run on this account.
    #[error("too many chat clients run on this account at once; close one")]
    TooMany,
    /// There is no runtime.
    #[error("the chat client needs a tokio runtime")]
    NoRuntime,
}

/// How an engine comes to a line to its server, where that is not by TCP: in tests that have both in one
/// process, and their own clock.
pub type Road =
    Arc<dyn Fn() -> Pin<Box<dyn Future<Output = io::Result<Box<dyn Stream>>> + Send>> + Send + Sync>;

/// Starts an engine on the current tokio runtime. What the cache knows is told before anything is
/// asked from the network.
///
/// # Errors
/// [`StartError`]
pub fn start(options: Options) -> Result<(Client, Updates), StartError> {
    start_by(options, None)
}

/// As [`start`], for an engine that takes this road to its server.
///
/// # Errors
/// As there.
pub fn start_over(options: Options, road: Road) -> Result<(Client, Updates), StartError> {
    start_by(options, Some(road))
}

fn start_by(options: Options, road: Option<Road>) -> Result<(Client, Updates), StartError> {
    let runtime = tokio::runtime::Handle::try_current().map_err(|_| StartError::NoRuntime)?;
    let Options { account, tls, storage } = options;
    let tls = account.server.is_tls().then(|| tls.load()).transpose()?;
    let failed = |cause| StartError::Cache {
        path: match &storage {
            Storage::File(path) => path.clone(),
            Storage::Memory => ":memory:".into(),
        },
        cause,
    };
    let cache = cache::open(&storage)?;
    let saved = cache.saved().map_err(|error| failed(io::Error::other(error)))?;
    let (disk, dones) = Disk::start(cache).map_err(failed)?;
    let (client, commands) = mpsc::channel(COMMANDS);
    let (updates, news) = mpsc::channel(UPDATES);
    let engine = Engine {
        session: Session::new(&account, saved),
        server: account.server,
        road,
        tls,
        stranger: None,
        line: Line::Stopped,
        backoff: Backoff::default(),
        online_since: None,
        began: Instant::now(),
        commands,
        updates,
        held: VecDeque::new(),
        disk,
        dones,
        asked: 0,
        tickets: 0,
        waiters: HashMap::new(),
    };
    runtime.spawn(engine.run());
    Ok((Client::new(client), Updates { updates: news }))
}

type Dialled = Result<Box<Wire>, DialError>;
type Dialling = Pin<Box<dyn Future<Output = Dialled> + Send>>;

/// The connection, or what stands in its place.
enum Line {
    Dialling(Dialling),
    Up(Box<Wire>),
    Waiting(Instant),
    Stopped,
}

/// What the line did.
enum LineNews {
    Dialled(Dialled),
    Heard(Heard),
    Waited,
}

/// What the loop woke up for.
enum Step {
    Line(LineNews),
    Command(Command),
    Done(Done),
    Tick,
    Delivered,
    Over,
}

struct Engine {
    session: Session,
    server: ServerAddress,
    road: Option<Road>,
    tls: Option<Arc<Trust>>,
    /// The certificate of which the interface was told that nobody vouches for it.
    stranger: Option<Box<Stranger>>,
    line: Line,
    backoff: Backoff,
    online_since: Option<Instant>,
    began: Instant,
    commands: mpsc::Receiver<Command>,
    updates: mpsc::Sender<Update>,
    held: VecDeque<Update>,
    disk: Disk,
    dones: mpsc::Receiver<Done>,
    /// Jobs of the disk that will end in a [`Done`].
    asked: usize,
    tickets: Ticket,
    waiters: HashMap<Ticket, Waiter>,
}

impl Engine {
    async fn run(mut self) {
        self.settle().await;
        self.dial();
        let mut goodbye = None;
        loop {
            match self.wait().await {
                Step::Line(news) => self.line_news(news),
                Step::Command(Command::Close(done)) => {
                    goodbye = Some(done);
                    break;
                }
                Step::Command(command) => self.command(command).await,
                Step::Done(done) => self.done(done),
                Step::Tick => self.session.tick(self.now()),
                Step::Delivered => {}
                Step::Over => break,
            }
            self.settle().await;
        }
        self.end().await;
        if let Some(goodbye) = goodbye {
            // Whoever wanted to know may be gone.
            let _ = goodbye.send(());
        }
    }

    /// Waits for the next thing to do. Answers and updates first, then what fills them again.
    async fn wait(&mut self) -> Step {
        let has_room = self.held.len() < HELD;
        let takes = has_room && self.asked < ASKED && !self.session.is_full();
        let deadline = self.session.deadline().map(|deadline| self.began + deadline);
        tokio::select! {
            biased;
            place = self.updates.reserve(), if !self.held.is_empty() => match place {
                Ok(place) => {
                    if let Some(update) = self.held.pop_front() {
                        place.send(update);
                    }
                    Step::Delivered
                }
                Err(_) => Step::Over,
            },
            Some(done) = self.dones.recv() => Step::Done(done),
            command = self.commands.recv(), if takes => command.map_or(Step::Over, Step::Command),
            news = self.line.next(), if has_room => Step::Line(news),
            () = sleep_until(deadline.unwrap_or(self.began)), if has_room && deadline.is_some() => Step::Tick,
            () = self.updates.closed() => Step::Over,
        }
    }

    /// Does what the session wants done.
    async fn settle(&mut self) {
        loop {
            let mut frames = Vec::new();
            let mut end = None;
            let effects = self.session.effects();
            if effects.is_empty() {
                return;
            }
            for effect in effects {
                match effect {
                    Effect::Send(frame) => frames.push(frame),
                    Effect::Tell(update) => self.tell(update),
                    Effect::Write(change) => self.disk.give(Job::Change(change)).await,
                    Effect::Answer(ticket, answer) => self.answer(ticket, answer),
                    Effect::End(why) => end = Some(why),
                }
            }
            if let Some(end) = end {
                self.leave(end);
            } else if !frames.is_empty() {
                self.send(frames).await;
            }
        }
    }

    async fn send(&mut self, frames: Vec<String>) {
        if let Line::Up(wire) = &mut self.line
            && let Err(reason) = wire.send(frames).await
        {
            let end = self.session.cut(None, &reason);
            self.leave(end);
        }
    }

    fn line_news(&mut self, news: LineNews) {
        let now = self.now();
        match news {
            LineNews::Waited => self.dial(),
            LineNews::Dialled(Ok(wire)) => {
                self.line = Line::Up(wire);
                self.stranger = None;
                self.session.opened(now);
            }
            LineNews::Dialled(Err(DialError::Untrusted(stranger))) => self.refuse(stranger),
            LineNews::Dialled(Err(error)) => {
                self.leave(End::Retry { reason: format!("{error}."), after: None })
            }
            LineNews::Heard(Heard::Text(text)) => self.session.frame(&text, now),
            LineNews::Heard(Heard::Alive) => self.session.heard(now),
            LineNews::Heard(Heard::Closed { code, reason }) => {
                let end = self.session.cut(code, &reason);
                self.leave(end);
            }
        }
        if self.session.is_online() && self.online_since.is_none() {
            self.online_since = Some(Instant::now());
        }
    }

    /// Stays away from a server for which nobody vouches, and asks once. It is tried again all the
    /// same: somebody in between may go away, and a certificate may be put right.
    fn refuse(&mut self, stranger: Box<Stranger>) {
        let reason = format!("{}.", stranger.sentence());
        if self.stranger.as_ref() != Some(&stranger) {
            self.tell(Update::Untrusted(stranger.clone()));
            self.stranger = Some(stranger);
        }
        self.leave(End::Retry { reason, after: None });
    }

    fn dial(&mut self) {
        let (server, tls) = (self.server.clone(), self.tls.clone());
        let dialling: Dialling = match self.road.clone() {
            None => Box::pin(async move { Wire::dial(&server, tls).await.map(Box::new) }),
            Some(road) => Box::pin(async move {
                let gone = |cause: io::Error| DialError::Unreachable {
                    server: server.to_string(),
                    cause: cause.to_string(),
                };
                Wire::over(road().await.map_err(gone)?, &server).await.map(Box::new)
            }),
        };
        self.line = Line::Dialling(dialling);
        self.tell(Update::Connection(Connection::Connecting));
    }

    /// Drops the line, and says what comes next.
    fn leave(&mut self, end: End) {
        if let Some(since) = self.online_since.take() {
            self.backoff.was_online(since.elapsed());
        }
        let state = match end {
            End::Stop { reason, login_needed } => {
                self.line = Line::Stopped;
                Connection::Stopped { reason, login_needed }
            }
            End::Retry { reason, after } => {
                let retry_in = self.backoff.next(rand::random(), after);
                self.line = Line::Waiting(Instant::now() + retry_in);
                Connection::Waiting { retry_in, reason }
            }
        };
        self.tell(Update::Connection(state));
    }

    fn reconnect(&mut self) {
        if matches!(self.line, Line::Waiting(_) | Line::Stopped) {
            self.backoff.reset();
            self.dial();
        }
    }

    fn tell(&mut self, update: Update) {
        if !self.held.is_empty() {
            self.held.push_back(update);
        } else if let Err(TrySendError::Full(update)) = self.updates.try_send(update) {
            self.held.push_back(update);
        }
    }

    fn now(&self) -> Now {
        self.began.elapsed()
    }

    async fn end(mut self) {
        self.session.offline();
        self.settle().await;
        if let Line::Up(wire) = self.line {
            wire.close().await;
        }
        // Nothing is taken from it any more, and the thread must not wait for that.
        drop(self.dones);
        self.disk.end().await;
    }
}

impl Line {
    /// What the line does next. Safe to drop while it waits.
    async fn next(&mut self) -> LineNews {
        match self {
            Line::Dialling(dialling) => LineNews::Dialled(dialling.await),
            Line::Up(wire) => LineNews::Heard(wire.next().await),
            Line::Waiting(until) => {
                sleep_until(*until).await;
                LineNews::Waited
            }
            Line::Stopped => std::future::pending().await,
        }
    }
}
