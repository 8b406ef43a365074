//! All accounts at once: a [`State`] for each, and which of them is on the screen. As pure as they
//! are: inputs in, effects out, each with the account that it is for.
//!
//! 1. Keys, paste and mouse go to the account on the screen; size and focus concern all. What an
//!    account's engine says goes to that account, on the screen or not.
//! 2. An account that is not on the screen has no focus: nothing in it is marked as read, and
//!    everything that calls is told.
//! 3. The account on the screen knows digests of the others, made once per batch and only of those
//!    that changed. With one account there are none, and everything is as if there were no desk.

use std::sync::Arc;

use chat_client::account::Account;
use chat_client::{Connection, Update};
use crossterm::event::Event;

use crate::effect::{Effect, Move, Outcome};
use crate::state::neighbours::{Digest, Neighbours, SeatId, Spot};
use crate::state::sign_in::Known;
use crate::state::{Moment, Notice, Quit, State};
use crate::update::{Input, What, accounts, settle, update};

/// Accounts that are open at once. Each has a socket, a thread for its disk and a list of
/// conversations; more than this nobody can look after.
pub const ACCOUNTS: usize = 16;

/// An account, or a form that will become one.
struct Seat {
    id: SeatId,
    state: State,
    account: Option<Account>,
    digest: Arc<Digest>,
    /// Whether the digest has to be made again.
    stale: bool,
}

/// Effects, each with the account that it is for.
pub type Ours = Vec<(SeatId, Effect)>;

/// See the module.
pub struct Desk {
    /// In the order of the list; never empty.
    seats: Vec<Seat>,
    /// The one on the screen.
    active: usize,
    /// Where one was before; where an abandoned form leads back to.
    before: Option<SeatId>,
    next: u64,
    /// Whether the terminal has the focus.
    focused: bool,
}

impl Desk {
    /// A desk with this one account, or with none yet.
    #[must_use]
    pub fn new(state: State) -> Self {
        let focused = state.focused;
        let mut desk = Self { seats: Vec::new(), active: 0, before: None, next: 0, focused };
        desk.push(state, None);
        desk
    }

    /// The account on the screen.
    #[must_use]
    pub fn active(&self) -> &State {
        &self.seats[self.active].state
    }

    /// The same, to be changed by what concerns the terminal.
    pub fn active_mut(&mut self) -> &mut State {
        &mut self.seats[self.active].state
    }

    /// Which account is on the screen.
    #[must_use]
    pub fn active_seat(&self) -> SeatId {
        self.seats[self.active].id
    }

    /// An account's state.
    #[must_use]
    pub fn state(&self, seat: SeatId) -> Option<&State> {
        self.index(seat).map(|at| &self.seats[at].state)
    }

    /// All accounts, in the order of the list.
    pub fn seats(&self) -> impl Iterator<Item = SeatId> {
        self.seats.iter().map(|seat| seat.id)
    }

    /// Whether the person wants to leave.
    #[must_use]
    pub fn has_quit(&self) -> bool {
        self.active().quit == Quit::Yes
    }

    /// When the next thing happens that nobody brings.
    #[must_use]
    pub fn next_due_ms(&self) -> Option<u64> {
        self.seats.iter().filter_map(|seat| seat.state.next_due_ms()).min()
    }

    /// The terminal has this size now.
    pub fn resize(&mut self, size: (u16, u16)) {
        self.seats.iter_mut().for_each(|seat| seat.state.size = size);
    }

    /// Takes an input: from an account's engine or questions, or from the terminal.
    pub fn update(&mut self, at: Moment, from: Option<SeatId>, what: What) -> Ours {
        let mut ours = Vec::new();
        match (from, what) {
            (Some(seat), What::Outcome(Outcome::SignedIn(Ok(account)))) => {
                self.signed_in(seat, account, at, &mut ours);
            }
            // Whoever asked: the file is one for all.
            (Some(_), What::Outcome(Outcome::Settings(loaded))) => {
                for index in 0..self.seats.len() {
                    self.feed(index, at, What::Outcome(Outcome::Settings(loaded.clone())), &mut ours);
                }
            }
            (Some(seat), what) => {
                // News for an account that was left meanwhile concern nobody.
                if let Some(index) = self.index(seat) {
                    self.feed(index, at, what, &mut ours);
                }
            }
            (None, What::Account(account)) => self.open(account, at, &mut ours),
            (None, What::Terminal(event)) => self.terminal(event, at, &mut ours),
            (None, What::Tick) => self.tick(at, &mut ours),
            (None, what) => self.feed(self.active, at, what, &mut ours),
        }
        ours
    }

    /// Whether more inputs of this batch come: what follows from news is then done once, by
    /// [`Desk::settle`].
    pub fn hold(&mut self, on: bool) {
        self.seats.iter_mut().for_each(|seat| seat.state.holds = on);
    }

    /// After a batch: what follows from its news is done, and the account on the screen sees what the
    /// others have become.
    pub fn settle(&mut self) -> Ours {
        let mut ours = Vec::new();
        for index in 0..self.seats.len() {
            let state = &mut self.seats[index].state;
            let (at, effects) = (state.now, settle(state));
            self.take(index, at, effects, &mut ours);
        }
        ours.extend(self.compare());
        ours
    }

    fn compare(&mut self) -> Ours {
        if self.seats.len() == 1 && self.active().neighbours.is_alone() {
            return Vec::new();
        }
        let labels = self.labels();
        let mut changed = self.seats.len() == 1;
        for (seat, label) in self.seats.iter_mut().zip(&labels) {
            if !seat.state.aside {
                continue;
            }
            if std::mem::take(&mut seat.stale) || seat.digest.label != *label {
                let digest = Digest::of(seat.id, label.clone(), &seat.state);
                changed |= *seat.digest != digest;
                seat.digest = Arc::new(digest);
            }
        }
        let digests = |seats: &[Seat]| -> Vec<Arc<Digest>> {
            seats.iter().map(|seat| Arc::clone(&seat.digest)).collect()
        };
        let before = digests(&self.seats[..self.active]);
        let after = digests(&self.seats[self.active + 1..]);
        let (seat, label) = (self.active_seat(), labels[self.active].clone());
        let known = &self.active().neighbours;
        changed |=
            (known.before.len(), known.after.len()) != (before.len(), after.len()) || known.label != label;
        if !changed {
            return Vec::new();
        }
        let state = self.active_mut();
        state.neighbours = Neighbours { own: seat, label, before, after, ..state.neighbours.clone() };
        accounts::look_around(state).into_iter().map(|effect| (seat, effect)).collect()
    }

    /// What each account is called: its team, with the person's name where two have one team, and
    /// with the address in place of the team where that is not enough.
    fn labels(&self) -> Vec<String> {
        let address = |seat: &Seat| {
            let address = seat.account.as_ref().map(|account| account.server.to_string());
            address.map(|address| address.rsplit('/').next().unwrap_or_default().to_owned())
        };
        let team = |seat: &Seat| match &seat.state.server_name {
            name if name.is_empty() => address(seat).unwrap_or_else(|| "new account".to_owned()),
            name => name.clone(),
        };
        let user = |seat: &Seat| seat.state.me.as_ref().map(|me| me.name.to_string()).unwrap_or_default();
        let mut labels: Vec<String> = self.seats.iter().map(team).collect();
        let fuller: [&dyn Fn(&Seat) -> String; 2] =
            [&|seat| format!("{}@{}", user(seat), team(seat)), &|seat| {
                format!("{}@{}", user(seat), address(seat).unwrap_or_else(|| team(seat)))
            }];
        for fuller in fuller {
            let before = labels.clone();
            for (at, seat) in self.seats.iter().enumerate() {
                if before.iter().filter(|label| **label == before[at]).count() > 1 {
                    labels[at] = fuller(seat);
                }
            }
        }
        labels
    }

    fn index(&self, seat: SeatId) -> Option<usize> {
        self.seats.iter().position(|known| known.id == seat)
    }

    fn push(&mut self, mut state: State, account: Option<Account>) -> usize {
        let id = SeatId(self.next);
        self.next += 1;
        state.neighbours.own = id;
        let digest = Arc::new(Digest::default());
        self.seats.push(Seat { id, state, account, digest, stale: true });
        self.seats.len() - 1
    }

    /// Puts the list into an order that stays the same from one day to the next.
    fn sort(&mut self) {
        let active = self.active_seat();
        self.seats.sort_by_cached_key(|seat| {
            let account = seat.account.as_ref();
            (account.is_none(), account.map(|a| (a.server.to_string(), a.user.name.clone())), seat.id)
        });
        self.active = self.index(active).unwrap_or(0);
    }

    /// Hands an input to one account, and does what it wants of the desk.
    fn feed(&mut self, index: usize, at: Moment, what: What, ours: &mut Ours) {
        let seat = &mut self.seats[index];
        seat.stale = true;
        let effects = update(&mut seat.state, Input { at, what });
        self.take(index, at, effects, ours);
    }

    fn take(&mut self, index: usize, at: Moment, effects: Vec<Effect>, ours: &mut Ours) {
        // Behind the lock of the account on the screen nothing of the others is told either.
        let is_locked = self.active().lock.is_some();
        let (id, is_active) = (self.seats[index].id, index == self.active);
        let mut moves = Vec::new();
        for effect in effects {
            match effect {
                Effect::Seat(wish) => moves.push(wish),
                // The window shows one title, and only the account on the screen knows all.
                Effect::Title(_) if !is_active => {}
                Effect::Notify(what) if is_locked => ours.push((id, Effect::Notify(what.hidden()))),
                effect @ (Effect::Bell | Effect::Notify(_)) => {
                    // One sound for all of them.
                    self.seats.iter_mut().for_each(|seat| seat.state.rang_ms = Some(at.ms));
                    ours.push((id, effect));
                }
                Effect::Start(account) => {
                    if let Some(seat) = self.seats.iter_mut().find(|seat| seat.id == id) {
                        seat.account = Some(account.clone());
                    }
                    ours.push((id, Effect::Start(account)));
                }
                effect => ours.push((id, effect)),
            }
        }
        for wish in moves {
            match wish {
                Move::Visit { to, home } => self.visit(to, home, at, ours),
                Move::Add => self.add(at, ours),
                Move::Remove(seat) => self.remove(seat, at, ours),
            }
        }
    }

    fn terminal(&mut self, event: Event, at: Moment, ours: &mut Ours) {
        match event {
            Event::Resize(columns, rows) => {
                self.feed(self.active, at, What::Terminal(event), ours);
                self.resize((columns, rows));
            }
            Event::FocusGained | Event::FocusLost => {
                self.focused = event == Event::FocusGained;
                self.feed(self.active, at, What::Terminal(event), ours);
            }
            Event::Key(_) | Event::Paste(_) | Event::Mouse(_) => {
                let is_person = !matches!(event, Event::Mouse(_));
                let active = self.active_seat();
                self.feed(self.active, at, What::Terminal(event), ours);
                if self.active_seat() == active {
                    self.leave_form(at, ours);
                }
                if is_person {
                    self.alive(at, ours);
                }
            }
        }
    }

    /// The person is at the keyboard: for all their teams.
    fn alive(&mut self, at: Moment, ours: &mut Ours) {
        for seat in self.seats.iter_mut().filter(|seat| seat.state.aside) {
            seat.state.now = at;
            ours.extend(accounts::alive(&mut seat.state).into_iter().map(|effect| (seat.id, effect)));
        }
    }

    /// Who gives up a form goes back to another account, if there is one, and does not quit.
    fn leave_form(&mut self, at: Moment, ours: &mut Ours) {
        let seat = &mut self.seats[self.active];
        if seat.state.sign_in.is_none() || seat.state.quit != Quit::Yes || self.seats.len() == 1 {
            return;
        }
        let seat = &mut self.seats[self.active];
        seat.state.quit = Quit::No;
        let (id, is_new) = (seat.id, seat.account.is_none());
        let other = self.before.filter(|before| *before != id && self.index(*before).is_some());
        let other = other.or_else(|| self.seats().find(|other| *other != id));
        if let Some(other) = other {
            self.activate(other, None, at, ours);
        }
        if is_new {
            self.drop_seat(id);
        }
    }

    fn tick(&mut self, at: Moment, ours: &mut Ours) {
        for index in 0..self.seats.len() {
            let is_due = self.seats[index].state.next_due_ms().is_some_and(|due| due <= at.ms);
            if index == self.active || is_due {
                self.feed(index, at, What::Tick, ours);
            }
        }
    }

    /// Opens a saved account: on the screen if there is none yet, else beside those that are there.
    fn open(&mut self, account: Account, at: Moment, ours: &mut Ours) {
        let active = &self.seats[self.active];
        let is_free = active.account.is_none() && active.state.sign_in.is_none();
        let index = match is_free && active.state.me.is_none() {
            true => self.active,
            false if self.seats.len() >= ACCOUNTS => return self.say_full(),
            false => self.push(State { aside: true, focused: false, ..self.active().renewed() }, None),
        };
        self.feed(index, at, What::Account(account), ours);
        self.sort();
    }

    /// Opens the form beside the accounts that are there.
    fn add(&mut self, at: Moment, ours: &mut Ours) {
        if self.seats.len() >= ACCOUNTS {
            return self.say_full();
        }
        let index = self.push(State { aside: true, ..self.active().renewed() }, None);
        let id = self.seats[index].id;
        self.activate(id, None, at, ours);
        self.feed(self.active, at, What::FirstRun(Known { returns: true, ..Known::default() }), ours);
    }

    fn say_full(&mut self) {
        let text = format!(
            "{ACCOUNTS} accounts are open, and that is the most at once; /account remove signs out of one"
        );
        let state = self.active_mut();
        state.notice = Some(Notice { text, is_error: true });
        state.dirty = true;
    }

    /// A form has done its work: its account begins here, or where it is open already.
    fn signed_in(&mut self, seat: SeatId, account: Account, at: Moment, ours: &mut Ours) {
        let is_same = |other: &Seat| other.account.as_ref().is_some_and(|known| known.is(&account));
        let elsewhere = self.seats.iter().find(|other| other.id != seat && is_same(other)).map(|o| o.id);
        let target = elsewhere.unwrap_or(seat);
        if elsewhere.is_some() {
            if self.active_seat() == seat {
                self.activate(target, None, at, ours);
            }
            self.drop_seat(seat);
        }
        if let Some(index) = self.index(target) {
            self.feed(index, at, What::Account(account), ours);
        }
        self.sort();
    }

    /// Goes to a conversation of another account.
    fn visit(&mut self, to: Spot, home: Option<Spot>, at: Moment, ours: &mut Ours) {
        if to.seat == self.active_seat() || self.index(to.seat).is_none() {
            return;
        }
        let from = Spot { seat: self.active_seat(), conversation: self.active().open };
        self.activate(to.seat, to.conversation, at, ours);
        let neighbours = &mut self.active_mut().neighbours;
        (neighbours.last, neighbours.home) = (Some(from), home);
    }

    /// Brings an account on the screen.
    fn activate(
        &mut self,
        seat: SeatId,
        conversation: Option<chat_proto::ConversationId>,
        at: Moment,
        ours: &mut Ours,
    ) {
        let Some(index) = self.index(seat) else { return };
        let leaving = &mut self.seats[self.active];
        leaving.stale = true;
        ours.extend(accounts::leave(&mut leaving.state).into_iter().map(|effect| (leaving.id, effect)));
        self.before = Some(leaving.id);
        let title = std::mem::take(&mut leaving.state.title);
        let common = leaving.state.renewed();
        self.active = index;
        let focused = self.focused;
        let state = self.active_mut();
        state.adopt(common);
        (state.now, state.title, state.aside) = (at, title, false);
        (state.focused, state.dirty) = (focused, true);
        // What is due on the screen was not looked at while it was away.
        self.feed(index, at, What::Tick, ours);
        let effects = accounts::arrive(self.active_mut(), conversation);
        self.take(index, at, effects, ours);
        ours.extend(self.compare());
    }

    /// Signs out: the account goes from the desk at once, the rest is done outside.
    fn remove(&mut self, seat: SeatId, at: Moment, ours: &mut Ours) {
        let Some(index) = self.index(seat) else { return };
        let account = self.seats[index].account.clone();
        if self.seats.len() == 1 {
            let fresh = self.active().renewed();
            self.active = self.push(State { focused: self.focused, ..fresh }, None);
            self.seats[self.active].state.title = std::mem::take(&mut self.seats[index].state.title);
            self.feed(self.active, at, What::FirstRun(Known::default()), ours);
        } else if index == self.active {
            let other = self.before.filter(|before| *before != seat && self.index(*before).is_some());
            let other = other.or_else(|| self.seats().find(|other| *other != seat));
            if let Some(other) = other {
                self.activate(other, None, at, ours);
            }
        }
        self.drop_seat(seat);
        if let Some(account) = account {
            ours.push((seat, Effect::SignOut(account)));
        }
    }

    fn drop_seat(&mut self, seat: SeatId) {
        let active = self.active_seat();
        if active != seat {
            self.seats.retain(|known| known.id != seat);
            self.active = self.index(active).unwrap_or(0);
        }
    }
}

/// The news that an account's engine cannot run.
#[must_use]
pub fn stopped(reason: String) -> What {
    What::Engine(Update::Connection(Connection::Stopped { reason, login_needed: false }))
}
