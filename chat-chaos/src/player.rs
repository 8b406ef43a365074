//! One person of a run, seen from the run: an engine in a process of its own, or a bare connection.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use anyhow::{Context, Result};
use chat_client::account::Account;
use chat_proto::{Person, Secret};
use chat_tests::{clean_environment, hold, release};
use tokio::sync::mpsc;

use crate::actor::{Opening, Order, Said};
use crate::bare;
use crate::dial::Dial;
use crate::history::{Act, News, Recorder};
use crate::link::Link;
use crate::seen::Seen;

/// Orders that may wait for a bare connection that is cut.
const ORDERS: usize = 4_096;

/// Writes down what one client is told, and remembers it.
#[derive(Clone)]
pub(crate) struct Notes {
    client: usize,
    person: Person,
    recorder: Recorder,
    // A lock, because the director looks at what the client's own thread writes.
    seen: Arc<Mutex<Seen>>,
}

impl Notes {
    /// What it says of itself.
    pub(crate) fn hear(&self, said: Said) {
        match said {
            Said::News(news) => self.news(news),
            Said::Rows(rows) => self.seen().rows(rows),
        }
    }

    pub(crate) fn news(&self, news: News) {
        self.seen().news(self.person.id, &news);
        self.recorder.client(self.client, news);
    }

    pub(crate) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// See the module.
pub(crate) struct Player {
    pub(crate) person: Person,
    pub(crate) token: Secret,
    pub(crate) link: Link,
    pub(crate) notes: Notes,
    /// Where its cache lies; a bare one has none.
    pub(crate) cache: Option<PathBuf>,
    hand: Mutex<Hand>,
}

enum Hand {
    /// An engine, while it lives.
    Engine(Option<Process>),
    /// Somebody in this process.
    Task(mpsc::Sender<Order>),
}

struct Process {
    child: Child,
    stdin: ChildStdin,
    reading: Option<JoinHandle<()>>,
}

impl Player {
    /// Somebody with an engine, whose cache lies in this folder. Not started yet.
    pub(crate) fn engine(
        client: usize,
        person: Person,
        token: Secret,
        link: Link,
        recorder: &Recorder,
        dir: &Path,
    ) -> Self {
        let cache = Some(dir.join(format!("client-{client}.db")));
        let hand = Mutex::new(Hand::Engine(None));
        Self { notes: notes(client, &person, recorder), person, token, link, cache, hand }
    }

    /// Somebody with a bare connection, which begins at once.
    pub(crate) fn bare(
        client: usize,
        person: Person,
        token: Secret,
        link: Link,
        recorder: &Recorder,
    ) -> Self {
        let (orders, given) = mpsc::channel(ORDERS);
        let notes = notes(client, &person, recorder);
        notes.news(News::Born);
        tokio::spawn(bare::run(Dial::to(link.url()), token.clone(), person.id, notes.clone(), given));
        Self { notes, person, token, link, cache: None, hand: Mutex::new(Hand::Task(orders)) }
    }

    /// Somebody in this process, who is given orders so.
    #[cfg(test)]
    pub(crate) fn task(
        (person, token): (Person, Secret),
        link: Link,
        notes: Notes,
        cache: Option<PathBuf>,
        orders: mpsc::Sender<Order>,
    ) -> Self {
        notes.news(News::Born);
        Self { notes, person, token, link, cache, hand: Mutex::new(Hand::Task(orders)) }
    }

    /// The engine's process, while it lives.
    pub(crate) fn pid(&self) -> Option<u32> {
        match &*self.hand() {
            Hand::Engine(process) => process.as_ref().map(|process| process.child.id()),
            Hand::Task(_) => None,
        }
    }

    /// Whether it has an engine.
    pub(crate) fn has_engine(&self) -> bool {
        self.cache.is_some()
    }

    /// Starts the engine's process, if there is one to start and it does not run.
    ///
    /// # Errors
    /// It cannot be started.
    pub(crate) fn start(&self) -> Result<()> {
        let Some(cache) = &self.cache else { return Ok(()) };
        let mut hand = self.hand();
        if let Hand::Engine(process @ None) = &mut *hand {
            let account = Account {
                server: self.link.url().parse().context("the address of a link")?,
                user: self.person.clone(),
                token: self.token.clone(),
                server_name: "chaos".to_owned(),
            };
            self.notes.news(News::Born);
            *process = Some(Process::start(&Opening { account, cache: cache.clone() }, self.notes.clone())?);
        }
        Ok(())
    }

    /// kill -9; what it said before is still heard. A bare one is left alone.
    pub(crate) fn kill(&self) {
        if let Hand::Engine(process) = &mut *self.hand()
            && let Some(process) = process.take()
        {
            process.end(true);
            self.notes.news(News::Died);
        }
    }

    /// Has it do something; false if it is dead, or takes nothing any more.
    pub(crate) fn give(&self, op: u64, act: Act) -> bool {
        // Held over both, so that the order in the history is the order in which it is told.
        let mut hand = self.hand();
        // Written down first: nothing may be seen of it before.
        self.notes.news(News::Asked { op, act: act.clone() });
        hand.order(&Order::Do { op, act })
    }

    /// Has it connect now.
    pub(crate) fn hurry(&self) {
        self.hand().order(&Order::Hurry);
    }

    /// Says goodbye, and waits for the end of an engine.
    pub(crate) fn end(&self) {
        let mut hand = self.hand();
        hand.order(&Order::End);
        if let Hand::Engine(process) = &mut *hand
            && let Some(process) = process.take()
        {
            process.end(false);
        }
    }

    fn hand(&self) -> MutexGuard<'_, Hand> {
        self.hand.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hand {
    fn order(&mut self, order: &Order) -> bool {
        match self {
            Hand::Engine(None) => false,
            Hand::Engine(Some(process)) => process.write(order),
            Hand::Task(orders) => orders.try_send(order.clone()).is_ok(),
        }
    }
}

/// Notes of one client.
pub(crate) fn notes(client: usize, person: &Person, recorder: &Recorder) -> Notes {
    Notes { client, person: person.clone(), recorder: recorder.clone(), seen: Arc::default() }
}

impl Process {
    fn start(opening: &Opening, notes: Notes) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        clean_environment(&mut command);
        command.arg("client").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().context("starting a client")?;
        hold(child.id());
        let stdin = child.stdin.take().context("a client without stdin")?;
        let stdout = child.stdout.take().context("a client without stdout")?;
        let reading = std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                // The last line of one that was killed may be half.
                if let Ok(said) = serde_json::from_str(&line) {
                    notes.hear(said);
                }
            }
        });
        let mut process = Self { child, stdin, reading: Some(reading) };
        let line = serde_json::to_string(opening)?;
        writeln!(process.stdin, "{line}").context("a client does not read")?;
        Ok(process)
    }

    fn write(&mut self, order: &Order) -> bool {
        let Ok(line) = serde_json::to_string(order) else { return false };
        writeln!(self.stdin, "{line}").and_then(|()| self.stdin.flush()).is_ok()
    }

    /// Waits for its end, or brings it about.
    fn end(mut self, by_force: bool) {
        if by_force {
            // An error means that it has ended already.
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
        release(self.child.id());
        if let Some(reading) = self.reading.take() {
            // It ends with the stream.
            let _ = reading.join();
        }
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        if let Hand::Engine(process) = self.hand.get_mut().unwrap_or_else(PoisonError::into_inner)
            && let Some(process) = process.take()
        {
            process.end(true);
        }
    }
}
