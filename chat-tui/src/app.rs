//! The only loop: wait, drain a batch, update, run the effects, draw once.
//!
//! 1. It waits for the terminal, the engine, outcomes and signals, and for a timer only when the
//!    state says that something is due. With nothing due it sleeps.
//! 2. It draws at most once per batch, and only if the state says that something changed.
//! 3. Whatever ends it, the engine is told goodbye and the terminal is given back.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use chat_client::account::Account;
use chat_client::files::Courier;
use chat_client::paths::Paths;
use chat_client::{Connection, Options, Storage, Update, Updates};
use chat_proto::Timestamp;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::editor;
use crate::effect::{Effect, Outcome, Places, Runner};
use crate::keyboard::Keyboard;
use crate::notification::Notification;
use crate::settings::{Colours, Source};
use crate::state::{Moment, Quit, State};
use crate::terminal::Screen;
use crate::update::{Input, What, update};

/// Inputs taken before the screen is drawn: a flood of news must not freeze it.
const BATCH: usize = 512;

/// How long the goodbye may take; a person has asked to leave.
const GOODBYE: Duration = Duration::from_secs(3);

/// Where frames go: the terminal, or a test's counter.
pub trait Surface {
    /// Draws the state.
    ///
    /// # Errors
    /// The terminal's.
    fn draw(&mut self, state: &State) -> io::Result<()>;
    /// Draws everything again next time.
    ///
    /// # Errors
    /// The terminal's.
    fn forget(&mut self) -> io::Result<()>;
    /// Sets the window's title.
    ///
    /// # Errors
    /// The terminal's.
    fn title(&mut self, title: &str) -> io::Result<()>;
    /// Puts a text into the clipboard, where the terminal lets programs do that.
    ///
    /// # Errors
    /// The terminal's.
    fn copy(&mut self, text: &str) -> io::Result<()>;
    /// Makes a sound.
    ///
    /// # Errors
    /// The terminal's.
    fn bell(&mut self) -> io::Result<()>;
    /// Tells something outside of the window.
    ///
    /// # Errors
    /// The terminal's.
    fn notify(&mut self, what: &Notification) -> io::Result<()>;
    /// Takes the mouse, or leaves it to the terminal; a surface without one does nothing.
    ///
    /// # Errors
    /// The terminal's.
    fn mouse(&mut self, on: bool) -> io::Result<()> {
        let _ = on;
        Ok(())
    }
    /// Goes back to the shell for a while; says the size after that.
    ///
    /// # Errors
    /// The terminal's.
    fn suspend(&mut self) -> io::Result<(u16, u16)>;
    /// Leaves the terminal to another program.
    fn step_aside(&mut self) {}
    /// Takes the terminal again; says the size after that, where it may be another.
    ///
    /// # Errors
    /// The terminal's.
    fn step_back(&mut self) -> io::Result<Option<(u16, u16)>> {
        Ok(None)
    }
}

impl Surface for Screen {
    fn draw(&mut self, state: &State) -> io::Result<()> {
        Screen::draw(self, state)
    }

    fn forget(&mut self) -> io::Result<()> {
        Screen::forget(self)
    }

    fn title(&mut self, title: &str) -> io::Result<()> {
        Screen::title(self, title)
    }

    fn copy(&mut self, text: &str) -> io::Result<()> {
        Screen::copy(self, text)
    }

    fn bell(&mut self) -> io::Result<()> {
        Screen::bell(self)
    }

    fn notify(&mut self, what: &Notification) -> io::Result<()> {
        Screen::notify(self, what)
    }

    fn mouse(&mut self, on: bool) -> io::Result<()> {
        Screen::mouse(self, on)
    }

    fn suspend(&mut self) -> io::Result<(u16, u16)> {
        Screen::suspend(self)
    }

    fn step_aside(&mut self) {
        Screen::step_aside(self);
    }

    fn step_back(&mut self) -> io::Result<Option<(u16, u16)>> {
        Screen::step_back(self).map(Some)
    }
}

/// The program's parts, beside the surface.
pub struct App {
    state: State,
    runner: Runner,
    outcomes: mpsc::Receiver<Outcome>,
    updates: Option<Updates>,
    /// Signals and, in tests, everything that a terminal would say.
    events: mpsc::Receiver<What>,
    paths: Paths,
    places: Places,
    began: Instant,
    /// Who reads the real terminal.
    keyboard: Option<Keyboard>,
}

impl App {
    /// The program in this state, with events to come from `events`.
    #[must_use]
    pub fn new(state: State, paths: Paths, places: Places, events: mpsc::Receiver<What>) -> Self {
        let (runner, outcomes) = Runner::new(places.clone());
        Self {
            state,
            runner,
            outcomes,
            updates: None,
            events,
            paths,
            places,
            began: Instant::now(),
            keyboard: None,
        }
    }

    /// Runs until the person leaves or the terminal is gone.
    ///
    /// # Errors
    /// The terminal's, or the engine's if it cannot start.
    pub async fn run(mut self, surface: &mut impl Surface, first: What) -> anyhow::Result<()> {
        let result = self.serve(surface, first).await;
        // The draft was handed over before this; a server that does not answer is not waited for.
        let _ = tokio::time::timeout(GOODBYE, self.runner.close()).await;
        result
    }

    async fn serve(&mut self, surface: &mut impl Surface, first: What) -> anyhow::Result<()> {
        let mut batch = vec![first];
        loop {
            for what in batch.drain(..) {
                self.take(what, surface).await?;
                if self.state.quit == Quit::Yes {
                    return Ok(());
                }
            }
            if self.state.take_dirty() {
                surface.draw(&self.state)?;
            }
            match self.wait().await {
                Some(what) => batch.push(what),
                None => return Ok(()),
            }
            self.drain(&mut batch);
        }
    }

    /// Waits for one input; `None` when nothing more will ever come.
    async fn wait(&mut self) -> Option<What> {
        let due = self.state.next_due_ms().map(|due| self.began + Duration::from_millis(due));
        let timer = async {
            match due {
                Some(due) => tokio::time::sleep_until(due).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            event = self.events.recv() => event,
            update = next_update(&mut self.updates) => Some(What::Engine(update)),
            Some(outcome) = self.outcomes.recv() => Some(What::Outcome(outcome)),
            () = timer => Some(What::Tick),
        }
    }

    /// Takes what is there already, so that it is drawn together.
    fn drain(&mut self, batch: &mut Vec<What>) {
        while batch.len() < BATCH {
            let event = self.events.try_recv().ok();
            let update = || self.updates.as_mut().and_then(Updates::try_next).map(What::Engine);
            let outcome = event.or_else(update);
            let next = outcome.or_else(|| self.outcomes.try_recv().ok().map(What::Outcome));
            match next {
                Some(what) => batch.push(what),
                None => return,
            }
        }
    }

    /// Updates the state and runs what follows.
    async fn take(&mut self, what: What, surface: &mut impl Surface) -> anyhow::Result<()> {
        let input = Input { at: self.now(), what };
        for effect in update(&mut self.state, input) {
            match effect {
                Effect::Tell(tell) => self.runner.tell(tell),
                Effect::Ask(question) => self.runner.ask(question),
                Effect::Carry(key, job) => self.runner.carry(key, job),
                Effect::Export(id, title, format, to) => self.runner.export(id, title, format, to),
                Effect::EndExport => self.runner.end_export(),
                Effect::Visit(address) => self.runner.visit(address),
                Effect::FindDay(id, head, day) => self.runner.find_day(id, head, day),
                Effect::Ink(code) => self.runner.ink(code),
                Effect::Lock(what) => self.runner.lock(what),
                Effect::Picture(wanted, cell) => self.runner.picture(wanted, cell),
                Effect::SignIn(ask) => self.runner.sign_in(ask),
                Effect::Start(account) => self.start(account).await?,
                Effect::Title(title) => surface.title(&title)?,
                Effect::Copy(text) => surface.copy(&text)?,
                Effect::Bell => surface.bell()?,
                Effect::Notify(what) => surface.notify(&what)?,
                Effect::Mouse(on) => surface.mouse(on)?,
                Effect::ReadSettings => self.runner.read_settings(),
                Effect::WriteSetting(name, value) => self.runner.write_setting(name, value),
                Effect::Redraw => surface.forget()?,
                Effect::Suspend => {
                    // The shell, not we, was told of a change of size meanwhile.
                    self.state.size = surface.suspend()?;
                    surface.draw(&self.state)?;
                }
                Effect::Edit(text) => self.edit(text, surface).await?,
                Effect::Inspect(paths, text) => self.runner.inspect(paths, text),
                Effect::Abandon(key) => self.runner.abandon(key),
                Effect::Quit => {}
            }
        }
        Ok(())
    }

    /// Leaves the screen to an editor; what comes of it is an outcome.
    async fn edit(&mut self, text: String, surface: &mut impl Surface) -> anyhow::Result<()> {
        let words = editor::words(&self.state.settings.editor, |name| std::env::var(name).ok());
        let written = match words {
            Ok(words) => {
                if let Some(keyboard) = &mut self.keyboard {
                    keyboard.rest().await;
                }
                surface.step_aside();
                let written = editor::write(&words, &text).await;
                if let Some(size) = surface.step_back()? {
                    self.state.size = size;
                }
                if let Some(keyboard) = &mut self.keyboard {
                    keyboard.wake();
                }
                written
            }
            Err(error) => Err(error),
        };
        self.runner.tell_outcome(Outcome::Edited(text, written));
        surface.draw(&self.state)?;
        Ok(())
    }

    /// Starts the engine for an account, after the one before has ended.
    async fn start(&mut self, account: Account) -> anyhow::Result<()> {
        self.updates = None;
        let _ = tokio::time::timeout(GOODBYE, self.runner.close()).await;
        let storage = Storage::File(self.paths.cache_file(&account));
        let tls = self.places.tls.clone();
        self.runner.courier(Courier::new(&account, tls.clone(), self.paths.transfers_dir()));
        let (client, updates) = chat_client::start(Options { account, tls, storage })?;
        self.runner.engine(client);
        self.updates = Some(updates);
        Ok(())
    }

    fn now(&self) -> Moment {
        let ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        Moment { clock: Timestamp(jiff::Timestamp::now().as_millisecond()), ms }
    }
}

/// The engine's next news; never comes while there is no engine. An engine that ended on its own
/// says so once.
async fn next_update(updates: &mut Option<Updates>) -> Update {
    let Some(running) = updates else { return std::future::pending().await };
    if let Some(update) = running.next().await {
        return update;
    }
    tracing::warn!("the engine has ended");
    *updates = None;
    let reason = "The chat has stopped working; start chat-tui again.".to_owned();
    Update::Connection(Connection::Stopped { reason, login_needed: false })
}

/// Runs the program on the real terminal.
///
/// # Errors
/// The terminal's, or the engine's if it cannot start.
pub async fn run(paths: Paths, places: Places, first: What) -> anyhow::Result<()> {
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
    let mut app = App::new(state, paths, places, events);
    app.keyboard = Some(keyboard);
    app.run(&mut screen, first).await
}

async fn read_signals(sender: mpsc::Sender<What>) {
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
