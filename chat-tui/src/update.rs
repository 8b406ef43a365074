//! What happens when something comes in: keys, news from the engine, answers, time.
//!
//! 1. No clock and no I/O: time comes in with the input, what is to be done goes out as effects.
//! 2. The screen is drawn again only if the input changed something on it.
//! 3. Read marks move only when the person can see the newest line.

pub(crate) mod accounts;
mod actions;
mod administration;
mod arranging;
mod attention;
mod bots;
mod browser;
mod days;
mod engine;
mod export;
mod files;
mod keys;
mod linking;
mod links;
mod listings;
mod lists;
mod lock;
pub(crate) mod messages;
pub(crate) mod moderation;
mod mouse;
mod outcomes;
mod pasting;
mod pictures;
mod places;
mod reading;
mod rebind;
mod rooms;
mod safety;
mod settings;
mod threads;
mod trust;
mod writing;

use chat_client::Update;
use chat_client::account::Account;
use chat_proto::Request;
use crossterm::event::{Event, KeyEventKind};

use crate::action::{Action, Plain};
use crate::effect::{Effect, Outcome, Question, Tell};
use crate::state::sign_in::{Known, SignIn};
use crate::state::{Moment, Notice, State, arrangement};

/// Without a key for this long, the others see one as away.
pub(crate) const AWAY_AFTER_MS: u64 = 10 * 60 * 1_000;

/// Something that came in, and when.
#[derive(Debug, Clone)]
pub struct Input {
    /// When.
    pub at: Moment,
    /// What.
    pub what: What,
}

/// What can come in.
#[derive(Debug, Clone)]
pub enum What {
    /// From the terminal: keys, mouse, paste, focus, size.
    Terminal(Event),
    /// From the engine.
    Engine(Update),
    /// An effect's outcome.
    Outcome(Outcome),
    /// An account to begin with.
    Account(Account),
    /// Nobody is logged in: the form opens with this filled in.
    FirstRun(Known),
    /// Something that a person wants done, however they said it.
    Do(Action),
    /// The file of settings may have changed.
    SettingsChanged,
    /// The program is asked to end, for instance by a signal.
    Terminate,
    /// Time has passed, as [`State::next_due_ms`] wished.
    Tick,
}

/// The effects being collected.
#[derive(Debug, Default)]
pub(crate) struct Effects(pub(crate) Vec<Effect>);

impl Effects {
    pub(crate) fn add(&mut self, effect: Effect) {
        self.0.push(effect);
    }

    pub(crate) fn tell(&mut self, tell: Tell) {
        self.0.push(Effect::Tell(tell));
    }

    pub(crate) fn ask(&mut self, question: Question) {
        self.0.push(Effect::Ask(question));
    }

    /// Asks for something whose answer is shown.
    pub(crate) fn look(&mut self, request: Request) {
        self.ask(Question::Look(Box::new(request)));
    }

    /// Asks for a change; only a refusal is heard of.
    pub(crate) fn change(&mut self, request: Request) {
        self.ask(Question::Do(Box::new(request)));
    }
}

/// Says that something went wrong, until the next key.
fn complain(state: &mut State, text: String) {
    state.notice = Some(Notice { text, is_error: true });
}

/// What to do where no conversation is open.
fn open_first(state: &State) -> String {
    format!("Open a conversation first: {}, /join #room or /msg @user", state.keymap.way(Plain::Switcher))
}

/// Says something, until the next key.
fn say_so(state: &mut State, text: String) {
    state.notice = Some(Notice { text, is_error: false });
}

/// Changes the state by one input and says what is to be done outside.
pub fn update(state: &mut State, input: Input) -> Vec<Effect> {
    state.now = input.at;
    state.memo.shut();
    let mut effects = Effects::default();
    let waits = state.holds && matches!(input.what, What::Engine(_));
    let visible = match input.what {
        What::Terminal(event) => terminal(state, event, &mut effects),
        What::Engine(news) => engine::news(state, news, &mut effects),
        What::Outcome(outcome) => outcomes::outcome(state, outcome, &mut effects),
        What::Account(account) => begin(state, account, &mut effects),
        What::FirstRun(known) => first_run(state, known, &mut effects),
        What::SettingsChanged => {
            effects.add(Effect::ReadSettings);
            false
        }
        What::Do(action) => {
            seen_alive(state, &mut effects);
            actions::act(state, action, &mut effects);
            true
        }
        What::Terminate => actions::quit(state, &mut effects),
        What::Tick => tick(state, &mut effects),
    };
    settings::preview(state);
    state.dirty |= visible | attention::hush(state);
    state.owes |= waits;
    if !waits {
        follow(state, &mut effects);
    }
    effects.0
}

/// Does what follows from news that were taken together: looking at the screen after each of a
/// thousand would take seconds.
pub(crate) fn settle(state: &mut State) -> Vec<Effect> {
    let mut effects = Effects::default();
    if state.owes {
        follow(state, &mut effects);
    }
    effects.0
}

/// Does what follows from what is on screen now.
fn follow(state: &mut State, effects: &mut Effects) {
    state.owes = false;
    state.memo.open();
    if state.sign_in.is_none() {
        reading::follow(state, effects);
        browser::follow(state, effects);
    }
}

/// Takes something from the terminal; says whether the screen may look different now.
fn terminal(state: &mut State, event: Event, effects: &mut Effects) -> bool {
    match event {
        Event::Key(key) if key.kind == KeyEventKind::Release => false,
        Event::Key(key) => {
            seen_alive(state, effects);
            match state.lock {
                Some(_) => lock::key(state, key, effects),
                None => keys::key(state, key, effects),
            }
            true
        }
        Event::Mouse(_) if state.lock.is_some() => false,
        Event::Mouse(mouse) => mouse::mouse(state, mouse, effects),
        Event::Paste(text) => {
            seen_alive(state, effects);
            // Terminals paste the ends of lines as they would be typed: by Enter.
            let text = text.replace("\r\n", "\n").replace('\r', "\n");
            match &mut state.lock {
                Some(lock) if lock.busy => {}
                Some(lock) => lock.push(&text),
                None => keys::paste(state, &text, effects),
            }
            true
        }
        Event::Resize(columns, rows) => {
            let changed = state.size != (columns, rows);
            state.size = (columns, rows);
            changed
        }
        Event::FocusGained => {
            state.focused = true;
            false
        }
        Event::FocusLost => {
            state.focused = false;
            false
        }
    }
}

/// A person is at the keyboard.
fn seen_alive(state: &mut State, effects: &mut Effects) {
    state.last_key_ms = state.now.ms;
    if std::mem::take(&mut state.idle) {
        effects.tell(Tell::Presence(chat_proto::PresenceState::Online));
    }
}

/// Begins with an account; what was held of another one is forgotten.
fn begin(state: &mut State, account: Account, effects: &mut Effects) -> bool {
    let fresh = State {
        notice: state.notice.take(),
        lock: state.lock.take(),
        lock_hash: state.lock_hash.take(),
        pictures: std::mem::take(&mut state.pictures),
        me: Some(account.user.clone()),
        server_name: account.server_name.clone(),
        server: account.server.to_string(),
        title: std::mem::take(&mut state.title),
        neighbours: std::mem::take(&mut state.neighbours),
        ..state.renewed()
    };
    *state = fresh;
    effects.add(Effect::Start(account));
    effects.ask(Question::Note(arrangement::NOTE));
    true
}

fn first_run(state: &mut State, known: Known, effects: &mut Effects) -> bool {
    let (form, ask) = SignIn::new(known);
    state.sign_in = Some(form);
    effects.0.extend(ask.map(Effect::SignIn));
    true
}

/// Does what was due; says whether that can be seen.
fn tick(state: &mut State, effects: &mut Effects) -> bool {
    let now_ms = state.now.ms;
    let moved = state.motion_due_ms().is_some();
    let mut visible = state.people.expire_writing(now_ms) | moved | lock::idle(state);
    visible |= matches!(state.link.connection, chat_client::Connection::Waiting { .. });
    if state.ask_due_ms.is_some_and(|due| due <= now_ms) {
        state.ask_due_ms = None;
        lists::search_messages(state, effects);
        writing::ask_people(state, effects);
    }
    if state.draft_due_ms.is_some_and(|due| due <= now_ms) {
        writing::save_draft(state, effects);
    }
    if !state.idle && !state.away && now_ms >= state.last_key_ms + AWAY_AFTER_MS && state.me.is_some() {
        state.idle = true;
        effects.tell(Tell::Presence(chat_proto::PresenceState::Away));
    }
    visible
}
