//! The loop of the lines: it waits for lines, the engine and answers, and writes what follows.
//!
//! 1. A line is taken only when the one before has its answer, so that a script does one thing
//!    after the other.
//! 2. At the end of its input it stays until what was sent is stored, within a bound.
//! 3. On a terminal, what comes while a line is being written waits for its end, within a bound.

use std::collections::VecDeque;
use std::io::{self, BufRead, IsTerminal, Write};
use std::time::Duration;

use chat_client::paths::Paths;
use chat_proto::{SafeText, Timestamp};
use crossterm::event::{Event, EventStream};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::keyboard::{Keyboard, Pressed};
use super::{Out, Talk};
use crate::app::{GOODBYE, Line, read_signals};
use crate::effect::{Effect, Places};
use crate::state::Moment;
use crate::update::What;

/// Lines that may wait to be taken.
const LINES: usize = 64;

/// How long the end of the input waits for what was sent.
const END: Duration = Duration::from_secs(15);

/// How long what comes waits for somebody who is writing and has stopped.
const HOLD: Duration = Duration::from_secs(10);

/// Lines that wait for the end of the line being written; more are written at once.
const HELD: usize = 100;

/// What comes from the person.
enum Typed {
    Key(Event),
    Line(String),
    End,
}

struct Loop {
    talk: Talk,
    line: Line,
    paths: Paths,
    /// Questions without an answer yet.
    asked: FuturesUnordered<JoinHandle<()>>,
    typed: mpsc::Receiver<Typed>,
    signals: mpsc::Receiver<What>,
    /// Finished lines that wait for their turn.
    lines: VecDeque<String>,
    keyboard: Option<Keyboard>,
    /// What waits for the end of the line being written, and since when nobody writes.
    held: Vec<SafeText>,
    last_key: Instant,
    ended: Option<Instant>,
    began: Instant,
}

/// Runs the chat as lines until the input ends or the person leaves; says whether everything
/// could be done.
///
/// # Errors
/// The output's, or the engine's if it cannot start.
pub async fn run(paths: Paths, places: Places, first: What) -> anyhow::Result<bool> {
    let is_typed = io::stdin().is_terminal() && io::stdout().is_terminal();
    let mut talk = Talk::new(jiff::tz::TimeZone::system());
    if is_typed {
        talk = talk.with_a_person();
    }
    talk.state_mut().take_settings(places.settings.load());
    let _quiet = if is_typed { Quiet::begin() } else { None };
    let (sender, typed) = mpsc::channel(LINES);
    if is_typed {
        tokio::spawn(read_keys(sender));
    } else {
        // A thread of its own, because reading a pipe cannot be interrupted.
        std::thread::Builder::new().name("lines".to_owned()).spawn(move || read_lines(&sender))?;
    }
    let (terminate, signals) = mpsc::channel(1);
    tokio::spawn(read_signals(terminate));
    let began = Instant::now();
    let mut this = Loop {
        talk,
        line: Line::new(&places),
        paths,
        asked: FuturesUnordered::new(),
        typed,
        signals,
        lines: VecDeque::new(),
        keyboard: is_typed.then(Keyboard::default),
        held: Vec::new(),
        last_key: began,
        ended: None,
        began,
    };
    let result = this.serve(first).await;
    let _ = tokio::time::timeout(GOODBYE, this.line.close()).await;
    result.map(|()| !this.talk.has_failed())
}

impl Loop {
    async fn serve(&mut self, first: What) -> anyhow::Result<()> {
        if self.keyboard.is_some() {
            self.write(&[SafeText::line("Write /help for the commands, /quit to leave.")])?;
        }
        let out = self.talk.take(self.now(), first);
        self.perform(out).await?;
        while !self.is_over() {
            if let Some(what) = self.wait().await? {
                let out = self.talk.take(self.now(), what);
                self.perform(out).await?;
            }
            while self.takes_lines()
                && let Some(line) = self.lines.pop_front()
            {
                let out = self.talk.line(self.now(), &line);
                self.perform(out).await?;
            }
        }
        let held = std::mem::take(&mut self.held);
        self.write(&held)
    }

    /// Whether the line before has its answer.
    fn takes_lines(&self) -> bool {
        self.talk.is_ready()
            && self.asked.is_empty()
            && self.line.has_nothing()
            && !self.talk.has_quit()
            // A script says one thing after the other, and hears of each how it went.
            && (self.keyboard.is_some() || !self.talk.is_sending())
    }

    fn is_over(&self) -> bool {
        let all_done = || self.takes_lines() && self.lines.is_empty() && !self.talk.is_sending();
        let must_sign_in = self.talk.state().sign_in.is_some() && self.talk.has_failed();
        let is_late = |ended: Instant| ended.elapsed() >= END;
        self.talk.has_quit() || must_sign_in || self.ended.is_some_and(|ended| is_late(ended) || all_done())
    }

    /// Waits for something that the talk has to know.
    async fn wait(&mut self) -> anyhow::Result<Option<What>> {
        let due = self.talk.state().next_due_ms().map(|due| self.began + Duration::from_millis(due));
        let held = (!self.held.is_empty()).then(|| self.last_key + HOLD);
        let end = self.ended.map(|ended| ended + END);
        let next = [due, held, end].into_iter().flatten().min();
        let timer = async {
            match next {
                Some(next) => tokio::time::sleep_until(next).await,
                None => std::future::pending().await,
            }
        };
        let is_open = self.ended.is_none() && self.lines.len() < LINES;
        tokio::select! {
            what = self.line.next() => Ok(Some(what)),
            Some(_) = self.asked.next() => Ok(None),
            Some(what) = self.signals.recv() => Ok(Some(what)),
            typed = self.typed.recv(), if is_open => self.typed(typed.unwrap_or(Typed::End)).map(|()| None),
            () = timer => {
                if held.is_some_and(|held| held <= Instant::now()) {
                    self.release()?;
                }
                Ok(Some(What::Tick))
            }
        }
    }

    fn typed(&mut self, typed: Typed) -> anyhow::Result<()> {
        let event = match typed {
            Typed::Line(line) => {
                self.lines.push_back(line);
                return Ok(());
            }
            Typed::End => {
                self.ended = Some(Instant::now());
                return Ok(());
            }
            Typed::Key(event) => event,
        };
        let (Some(keyboard), Event::Key(key)) = (&mut self.keyboard, event) else { return Ok(()) };
        self.last_key = Instant::now();
        match keyboard.key(key) {
            Pressed::Echo(echo) => {
                let is_empty = keyboard.text().is_empty();
                echo_out(&echo)?;
                if is_empty && !self.held.is_empty() {
                    self.release()?;
                }
            }
            Pressed::Line(line) => {
                echo_out("\n")?;
                self.lines.push_back(line);
                let held = std::mem::take(&mut self.held);
                self.write(&held)?;
            }
            Pressed::End => self.ended = Some(Instant::now()),
        }
        Ok(())
    }

    async fn perform(&mut self, out: Out) -> anyhow::Result<()> {
        let writes = self.keyboard.as_ref().is_some_and(|keyboard| !keyboard.text().is_empty());
        if writes {
            self.held.extend(out.lines);
            if self.held.len() > HELD {
                self.release()?;
            }
        } else {
            self.write(&out.lines)?;
        }
        for effect in out.effects {
            match effect {
                Effect::Tell(tell) => self.line.runner.tell(tell),
                Effect::Ask(question) => self.asked.extend(self.line.runner.ask(question)),
                Effect::Carry(key, job) => self.line.runner.carry(key, job),
                Effect::Abandon(key) => self.line.runner.abandon(key),
                Effect::FindFile(key, path, words, error) => {
                    self.line.runner.find_file(key, path, words, error);
                }
                Effect::Inspect(paths, text) => self.line.runner.inspect(paths, text),
                Effect::Export(id, title, format, to) => self.line.runner.export(id, title, format, to),
                Effect::EndExport => self.line.runner.end_export(),
                Effect::FindDay(id, head, day) => self.line.runner.find_day(id, head, day),
                Effect::SignIn(ask) => self.line.runner.sign_in(ask),
                Effect::Trust(stranger) => self.line.runner.trust(stranger),
                Effect::Start(account) => self.line.start(account, &self.paths).await?,
                Effect::ReadSettings => self.line.runner.read_settings(),
                Effect::WriteSetting(name, value) => self.line.runner.write_setting(name, value),
                Effect::Bell if self.keyboard.is_some() => echo_out("\u{7}")?,
                _ => {}
            }
        }
        Ok(())
    }

    /// Writes what waited, and the begun line again below it.
    fn release(&mut self) -> anyhow::Result<()> {
        let held = std::mem::take(&mut self.held);
        let text = self.keyboard.as_ref().map(Keyboard::text).unwrap_or_default();
        if !text.is_empty() {
            echo_out("\n")?;
        }
        self.write(&held)?;
        echo_out(&text)
    }

    fn write(&self, lines: &[SafeText]) -> anyhow::Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())?;
        Ok(out.flush()?)
    }

    fn now(&self) -> Moment {
        let ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        Moment { clock: Timestamp(jiff::Timestamp::now().as_millisecond()), ms }
    }
}

/// Writes what the person typed, or a sound.
fn echo_out(echo: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(echo.as_bytes())?;
    Ok(out.flush()?)
}

/// The terminal without its own line and its own echo; dropping it gives them back.
struct Quiet(Termios);

impl Quiet {
    /// Takes the terminal; nothing where it is not one.
    fn begin() -> Option<Self> {
        let before = tcgetattr(io::stdin()).ok()?;
        let mut modes = before.clone();
        // Signals stay: Ctrl-C ends and Ctrl-Z stops, as for every program of lines.
        modes.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
        tcsetattr(io::stdin(), OptionalActions::Now, &modes).ok()?;
        Some(Self(before))
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        // There is nobody left to tell.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
    }
}

async fn read_keys(sender: mpsc::Sender<Typed>) {
    let mut events = EventStream::new();
    while let Some(Ok(event)) = events.next().await {
        if sender.send(Typed::Key(event)).await.is_err() {
            return;
        }
    }
    let _ = sender.send(Typed::End).await;
}

fn read_lines(sender: &mpsc::Sender<Typed>) {
    for line in io::stdin().lock().lines() {
        // What is not text ends it, as the end of the input does.
        let Ok(line) = line else { break };
        if sender.blocking_send(Typed::Line(line)).is_err() {
            return;
        }
    }
    let _ = sender.blocking_send(Typed::End);
}
