//! The only loop: wait, drain a batch, update, run the effects, draw once.
//!
//! 1. It waits for the terminal, the engine, outcomes and signals, and for a timer only when the
//!    state says that something is due. With nothing due it sleeps.
//! 2. It draws at most once per batch, and only if the state says that something changed: at once
//!    after whatever the person did, and for news of others at most once per [`FRAME`].
//! 3. Whatever ends it, the engine is told goodbye and the terminal is given back.

mod line;
mod surface;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::time::Duration;

use chat_client::account::{Account, Accounts};
use chat_client::link::LinkError;
use chat_client::paths::Paths;
use chat_client::sign_in;
use chat_client::tls::Tls;
use chat_proto::Timestamp;
use futures_util::future::{join_all, select_all};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::desk::{self, Desk};
use crate::editor;
use crate::effect::{Effect, Outcome, Places};
use crate::keyboard::Keyboard;
use crate::settings::{Colours, Source};
use crate::state::neighbours::SeatId;
use crate::state::{Moment, State};
use crate::terminal::Screen;
use crate::update::What;
pub(crate) use line::Line;
pub use surface::Surface;

/// Inputs taken before the screen is drawn: a flood of news must not freeze it.
const BATCH: usize = 512;

/// The time between two drawings that nobody's hand asked for. More than sixty a second no screen shows,
/// and in a flood of messages they would take most of a processor.
const FRAME: Duration = Duration::from_millis(16);

/// How long the goodbye may take; a person has asked to leave.
pub(crate) const GOODBYE: Duration = Duration::from_secs(3);

/// How long the end of a session is tried before the account goes without it.
const LOGOUT: Duration = Duration::from_secs(10);

/// An input, and the account that it comes from; the terminal has none.
type Came = (Option<SeatId>, What);

/// The program's parts, beside the surface.
pub struct App {
    desk: Desk,
    lines: Vec<(SeatId, Line)>,
    /// Accounts to open as soon as the first one is on the screen.
    waiting: VecDeque<Account>,
    /// Signals and, in tests, everything that a terminal would say.
    events: mpsc::Receiver<What>,
    /// What is heard of accounts that are not on the desk any more.
    left: (mpsc::Sender<What>, mpsc::Receiver<What>),
    paths: Paths,
    places: Places,
    began: Instant,
    /// When what has changed is to be on the screen, if it is not there yet.
    owed: Option<Instant>,
    /// When it was last drawn.
    drawn: Option<Instant>,
    /// Who reads the real terminal.
    keyboard: Option<Keyboard>,
}

impl App {
    /// The program in this state, with events to come from `events`.
    #[must_use]
    pub fn new(state: State, paths: Paths, places: Places, events: mpsc::Receiver<What>) -> Self {
        Self::with_desk(Desk::new(state), paths, places, events)
    }

    /// The same, with accounts that are there already.
    #[must_use]
    pub fn with_desk(desk: Desk, paths: Paths, places: Places, events: mpsc::Receiver<What>) -> Self {
        let (lines, waiting, left) = (Vec::new(), VecDeque::new(), mpsc::channel(desk::ACCOUNTS));
        let (began, owed, drawn) = (Instant::now(), None, None);
        Self { desk, lines, waiting, events, left, paths, places, began, owed, drawn, keyboard: None }
    }

    /// With these accounts beside the first.
    #[must_use]
    pub fn beside(mut self, accounts: Vec<Account>) -> Self {
        self.waiting = accounts.into();
        self
    }

    /// Runs until the person leaves or the terminal is gone.
    ///
    /// # Errors
    /// The terminal's, or the engine's if it cannot start.
    pub async fn run(mut self, surface: &mut impl Surface, first: What) -> anyhow::Result<()> {
        let result = self.serve(surface, first).await;
        // The drafts were handed over before this; a server that does not answer is not waited for.
        join_all(self.lines.iter_mut().map(|(_, line)| line.close())).await;
        result
    }

    async fn serve(&mut self, surface: &mut impl Surface, first: What) -> anyhow::Result<()> {
        let mut batch = vec![(None, first)];
        loop {
            let is_by_hand = batch.iter().any(|(_, what)| !matches!(what, What::Engine(_) | What::Tick));
            self.desk.hold(true);
            for (from, what) in batch.drain(..) {
                self.take(from, what, surface).await?;
                if self.desk.has_quit() {
                    return Ok(());
                }
            }
            self.desk.hold(false);
            for (seat, effect) in self.desk.settle() {
                self.perform(seat, effect, surface).await?;
            }
            self.show(is_by_hand, surface)?;
            match self.wait().await {
                Some(came) => batch.push(came),
                None => return Ok(()),
            }
            self.drain(&mut batch);
        }
    }

    /// Draws what has changed, now or when its time comes.
    fn show(&mut self, is_by_hand: bool, surface: &mut impl Surface) -> anyhow::Result<()> {
        let now = Instant::now();
        if self.desk.active_mut().take_dirty() && self.owed.is_none() {
            self.owed = Some(self.drawn.map_or(now, |drawn| drawn + FRAME));
        }
        if self.owed.is_some_and(|due| is_by_hand || due <= now) {
            surface.draw(self.desk.active())?;
            (self.owed, self.drawn) = (None, Some(now));
        }
        Ok(())
    }

    /// Waits for one input; `None` when nothing more will ever come.
    async fn wait(&mut self) -> Option<Came> {
        if let Some(account) = self.waiting.pop_front() {
            return Some((None, What::Account(account)));
        }
        let due = self.desk.next_due_ms().map(|due| self.began + Duration::from_millis(due));
        let due = due.into_iter().chain(self.owed).min();
        let timer = async {
            match due {
                Some(due) => tokio::time::sleep_until(due).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            event = self.events.recv() => event.map(|what| (None, what)),
            came = next_of(&mut self.lines) => Some(came),
            Some(what) = self.left.1.recv() => Some((None, what)),
            () = timer => Some((None, What::Tick)),
        }
    }

    /// Takes what is there already, so that it is drawn together: from each account in turn.
    fn drain(&mut self, batch: &mut Vec<Came>) {
        loop {
            let before = batch.len();
            batch.extend(self.events.try_recv().ok().map(|what| (None, what)));
            for (seat, line) in &mut self.lines {
                batch.extend(line.try_next().map(|what| (Some(*seat), what)));
            }
            if batch.len() == before || batch.len() >= BATCH {
                return;
            }
        }
    }

    /// Updates the state and runs what follows.
    async fn take(
        &mut self,
        from: Option<SeatId>,
        what: What,
        surface: &mut impl Surface,
    ) -> anyhow::Result<()> {
        let at = self.now();
        for (seat, effect) in self.desk.update(at, from, what) {
            self.perform(seat, effect, surface).await?;
        }
        Ok(())
    }

    /// Leaves the screen to an editor; what comes of it is an outcome.
    async fn edit(&mut self, seat: SeatId, text: String, surface: &mut impl Surface) -> anyhow::Result<()> {
        let words = editor::words(&self.desk.active().settings.editor, |name| std::env::var(name).ok());
        let written = match words {
            Ok(words) => {
                if let Some(keyboard) = &mut self.keyboard {
                    keyboard.rest().await;
                }
                surface.step_aside();
                let written = editor::write(&words, &text).await;
                if let Some(size) = surface.step_back()? {
                    self.desk.resize(size);
                }
                if let Some(keyboard) = &mut self.keyboard {
                    keyboard.wake();
                }
                written
            }
            Err(error) => Err(error),
        };
        self.line(seat).runner.tell_outcome(Outcome::Edited(text, written));
        surface.draw(self.desk.active())?;
        Ok(())
    }

    async fn perform(
        &mut self,
        seat: SeatId,
        effect: Effect,
        surface: &mut impl Surface,
    ) -> anyhow::Result<()> {
        match effect {
            Effect::Tell(tell) => self.line(seat).runner.tell(tell),
            Effect::Ask(question) => drop(self.line(seat).runner.ask(question)),
            Effect::Carry(key, job) => self.line(seat).runner.carry(key, job),
            Effect::Abandon(key) => self.line(seat).runner.abandon(key),
            Effect::FindPaths(typed) => self.line(seat).runner.find_paths(typed),
            Effect::FindFile(key, path, words, error) => {
                self.line(seat).runner.find_file(key, path, words, error);
            }
            Effect::ReadFolder(folder) => self.line(seat).runner.read_folder(folder),
            Effect::LookInto(look) => self.line(seat).runner.look_into(look),
            Effect::Inspect(paths, text) => self.line(seat).runner.inspect(paths, text),
            Effect::Export(id, title, format, to) => self.line(seat).runner.export(id, title, format, to),
            Effect::EndExport => self.line(seat).runner.end_export(),
            Effect::FindDay(id, head, day) => self.line(seat).runner.find_day(id, head, day),
            Effect::Visit(address) => self.line(seat).runner.visit(address),
            Effect::Ink(code) => self.line(seat).runner.ink(code),
            Effect::Picture(wanted, cell) => self.line(seat).runner.picture(wanted, cell),
            Effect::Lock(what) => self.line(seat).runner.lock(what),
            Effect::SignIn(ask) => self.line(seat).runner.sign_in(ask),
            Effect::FinishLink(poll, code, pause) => self.line(seat).runner.finish_link(poll, code, pause),
            Effect::Trust(stranger) => self.line(seat).runner.trust(stranger),
            Effect::Start(account) => self.start(seat, account).await?,
            Effect::SignOut(account) => self.sign_out(seat, account),
            Effect::Title(title) => surface.title(&title)?,
            Effect::Copy(text) => surface.copy(&text)?,
            Effect::Bell => surface.bell()?,
            Effect::Notify(what) => surface.notify(&what)?,
            Effect::Mouse(on) => surface.mouse(on)?,
            Effect::Edit(text) => self.edit(seat, text, surface).await?,
            Effect::ReadSettings => self.line(seat).runner.read_settings(),
            Effect::WriteSetting(name, value) => self.line(seat).runner.write_setting(name, value),
            Effect::WriteKeys(context, lines) => self.line(seat).runner.write_keys(context, lines),
            Effect::Redraw => surface.forget()?,
            Effect::Suspend => {
                // The shell, not we, was told of a change of size meanwhile.
                let size = surface.suspend()?;
                self.desk.resize(size);
                surface.draw(self.desk.active())?;
            }
            // The desk has done these.
            Effect::Seat(_) | Effect::Quit => {}
        }
        Ok(())
    }

    /// What runs for an account.
    fn line(&mut self, seat: SeatId) -> &mut Line {
        let at = self.lines.iter().position(|(known, _)| *known == seat).unwrap_or_else(|| {
            self.lines.push((seat, Line::new(&self.places)));
            self.lines.len() - 1
        });
        &mut self.lines[at].1
    }

    /// Starts the engine for an account. One of several that cannot start does not disturb the
    /// others.
    async fn start(&mut self, seat: SeatId, account: Account) -> anyhow::Result<()> {
        let paths = self.paths.clone();
        match self.line(seat).start(account, &paths).await {
            Err(error) if self.desk.seats().count() > 1 => {
                let at = self.now();
                // Only what is on the screen asks for anything now, and there is nothing to ask.
                self.desk.update(at, Some(seat), desk::stopped(format!("{error}.")));
                Ok(())
            }
            result => Ok(result?),
        }
    }

    /// Ends an account's session and forgets what is kept of it; says so when that is done.
    fn sign_out(&mut self, seat: SeatId, account: Account) {
        let at = self.lines.iter().position(|(known, _)| *known == seat);
        let line = at.map(|at| self.lines.swap_remove(at).1);
        let (paths, tls, left) = (self.paths.clone(), self.places.tls.clone(), self.left.0.clone());
        tokio::spawn(async move {
            if let Some(mut line) = line {
                line.close().await;
            }
            let result = forget(&paths, &tls, &account).await;
            let name = format!("{} on {}", account.user.name, account.server_name);
            let _ = left.send(What::Outcome(Outcome::SignedOut(name, result))).await;
        });
    }

    fn now(&self) -> Moment {
        let ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        Moment { clock: Timestamp(jiff::Timestamp::now().as_millisecond()), ms }
    }
}

/// The next input of whichever account has one; never comes while there is none.
async fn next_of(lines: &mut [(SeatId, Line)]) -> Came {
    if lines.is_empty() {
        return std::future::pending().await;
    }
    let waits = lines.iter_mut().map(|(seat, line)| Box::pin(async { (Some(*seat), line.next().await) }));
    select_all(waits).await.0
}

/// Ends a session on the server and takes its account and cache off this machine; or says what is
/// left to do.
async fn forget(paths: &Paths, tls: &Tls, account: &Account) -> Result<(), String> {
    let told = match tokio::time::timeout(LOGOUT, sign_in::logout(account, tls)).await {
        Ok(Ok(()) | Err(LinkError::Refused(_))) => Ok(()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("the server does not answer".to_owned()),
    };
    let saved = Accounts::open(paths.accounts_dir()).and_then(|mut all| all.remove(account));
    saved.map_err(|error| format!("it could not be taken off this machine: {error}"))?;
    paths.remove_cache(account).map_err(|error| format!("its cache could not be removed: {error}"))?;
    told.map_err(|error| {
        format!("the server could not be told ({error}): end the session there from another device")
    })
}

/// Runs the program on the real terminal.
///
/// # Errors
/// The terminal's, or the engine's if it cannot start.
pub async fn run(paths: Paths, places: Places, first: What, more: Vec<Account>) -> anyhow::Result<()> {
    let loaded = places.settings.load();
    let mut screen = Screen::enter()?;
    let zone = jiff::tz::TimeZone::system();
    let colours = crate::theme::colour::shown(|name| std::env::var(name).ok());
    let mut state = State::new(zone, colours != Colours::None);
    state.looks.colours = colours;
    state.looks.background = screen.abilities().background.or_else(crate::config::background);
    state.size = screen.size()?;
    state.lock_hash = crate::effect::lock::load(&places.accounts);
    state.abilities = screen.abilities().clone();
    state.take_settings(loaded);
    screen.mouse(state.settings.mouse)?;
    let (sender, events) = mpsc::channel(BATCH);
    for event in screen.typed() {
        // More than fits was not typed by a person.
        let _ = sender.try_send(What::Terminal(event));
    }
    let changed = sender.clone();
    let _watched = places.settings.watch(move || {
        // A full queue has news of its own, and /reload is there.
        let _ = changed.try_send(What::SettingsChanged);
    });
    let keyboard = Keyboard::new(sender.clone());
    tokio::spawn(read_signals(sender));
    let mut app = App::new(state, paths, places, events).beside(more);
    app.keyboard = Some(keyboard);
    app.run(&mut screen, first).await
}

pub(crate) async fn read_signals(sender: mpsc::Sender<What>) {
    let caught = [SignalKind::terminate(), SignalKind::hangup(), SignalKind::interrupt()].map(signal);
    let [Ok(mut term), Ok(mut hangup), Ok(mut interrupt)] = caught else { return };
    tokio::select! {
        _ = term.recv() => {}
        _ = hangup.recv() => {}
        _ = interrupt.recv() => {}
    }
    let _ = sender.send(What::Terminate).await;
}

/// The folder of the accounts, and whom to trust.
#[must_use]
pub fn places(paths: &Paths, tls: chat_client::tls::Tls) -> Places {
    let settings = Source::in_folder(paths.accounts_dir());
    Places { tls, accounts: PathBuf::from(paths.accounts_dir()), settings }
}
