//! The chat as lines, for screen readers, dumb terminals and pipes: `chat-tui --plain`.
//!
//! The same [`State`] and the same update as on the full screen; in place of a picture there are
//! whole sentences, each on a line of its own, and nothing that was written is ever changed.
//!
//! 1. Only letters, spaces and line ends are written: no escape sequence, no movement, no colour.
//! 2. What others wrote is [`SafeText`], and its further lines begin with a bar, so that nobody
//!    can write a line that looks like somebody else's.
//! 3. A read mark moves when the message was written out, for the open conversation only.
//! 4. Pure like the rest: [`run`] waits, reads and writes.

mod commands;
mod keyboard;
mod lists;
mod news;
mod run;
mod trust;
mod words;

use std::collections::{HashMap, HashSet};

use chat_client::{Connection, Delivery};
use chat_proto::{ClientId, ConversationId, Fingerprint, SafeText, Seq};
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::action::{Action, Plain};
use crate::effect::{Effect, Tell};
use crate::state::composer::Composer;
use crate::state::items::date;
use crate::state::{Moment, Purpose, Quit, State};
use crate::update::{Input, What, update};

pub use run::run;

/// The screen that the state thinks it has: one page is a look back.
const SIZE: (u16, u16) = (100, 24);

/// Messages that are written out when a conversation is opened and nothing there is new.
const LOOK: usize = 5;

/// New messages that are written out by themselves; before more of them stands how to read on.
const NEW: usize = 30;

/// Conversations of which it is known how far they were written out.
const KNOWN: usize = 1_000;

/// What is to be written, and what is to be done.
#[derive(Debug, Default)]
pub struct Out {
    /// Lines, safe to write.
    pub lines: Vec<SafeText>,
    /// For the engine and the server.
    pub effects: Vec<Effect>,
}

impl Out {
    fn say(&mut self, line: &str) {
        self.lines.push(SafeText::line(line));
    }
}

/// A page of history that was asked for.
#[derive(Debug, Clone, Copy)]
struct Wanted {
    count: usize,
    before: Option<Seq>,
}

/// See the module.
pub struct Talk {
    state: State,
    /// How far each conversation was written out.
    written: HashMap<ConversationId, Seq>,
    /// The conversation that was announced.
    here: Option<ConversationId>,
    /// Whether its messages were written out.
    looked: bool,
    /// History that is to be written out when it is here.
    wanted: Option<Wanted>,
    /// The day of the last line with a time.
    day: Option<Date>,
    /// Own messages on their way, so that they are not told like those of others.
    mine: HashSet<ClientId>,
    /// Messages that were handed over and of which nothing was heard yet.
    handed: usize,
    /// Notes for this person alone that were written out.
    notes: usize,
    /// What was last said of the connection.
    said: Option<Connection>,
    /// The rows of the last list, to be picked by their number.
    offers: Vec<Action>,
    /// What waits for a yes.
    question: Option<String>,
    /// Whether somebody is there who can be asked whom to trust; a script cannot.
    has_ear: bool,
    /// The certificate about which was asked last.
    asked_trust: Option<Fingerprint>,
    /// Whether something was not done, for scripts.
    failed: bool,
}

impl Talk {
    /// A talk in which nothing was said yet.
    #[must_use]
    pub fn new(zone: TimeZone) -> Self {
        let mut state = State::new(zone, false);
        state.size = SIZE;
        Self::with(state)
    }

    /// A talk about what is there.
    #[must_use]
    pub fn with(state: State) -> Self {
        Self {
            state,
            written: HashMap::new(),
            here: None,
            looked: false,
            wanted: None,
            day: None,
            mine: HashSet::new(),
            handed: 0,
            notes: 0,
            said: None,
            offers: Vec::new(),
            question: None,
            has_ear: false,
            asked_trust: None,
            failed: false,
        }
    }

    /// The same talk with a person, who can be asked whom to trust.
    #[must_use]
    pub fn with_a_person(self) -> Self {
        Self { has_ear: true, ..self }
    }

    /// All that is known.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The same, to be changed before the first input.
    pub fn state_mut(&mut self) -> &mut State {
        &mut self.state
    }

    /// Whether the person wants to leave.
    #[must_use]
    pub fn has_quit(&self) -> bool {
        self.state.quit == Quit::Yes
    }

    /// Whether lines can be taken: it is known whether there is a connection, or whom to trust is
    /// being asked.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        let is_asked = self.has_ear && self.state.is_asked_to_trust();
        is_asked || !matches!(self.said, None | Some(Connection::Connecting))
    }

    /// Whether own messages are on their way and a connection is there to take them. Where one is,
    /// a message is on its way until it stands among the others: then its number can be used.
    #[must_use]
    pub fn is_sending(&self) -> bool {
        let timelines = || {
            self.state.timelines.iter().any(|(id, timeline)| {
                let comes = self.state.open == Some(*id) && timeline.loaded && !timeline.more_after;
                timeline.pending().iter().any(|own| match own.delivery {
                    Delivery::Failed { .. } => false,
                    Delivery::Stored { .. } => comes,
                    Delivery::Queued | Delivery::Sending => true,
                })
            })
        };
        self.state.link.connection == Connection::Online
            && (self.handed > 0 || !self.state.transfers.is_empty() || timelines())
    }

    /// Whether something could not be done.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.failed
    }

    /// Takes news of the engine, an answer, or time.
    pub fn take(&mut self, at: Moment, what: What) -> Out {
        let mut out = Out::default();
        match &what {
            What::Engine(update) => news::tell(self, update, &mut out),
            What::Outcome(outcome) => news::answered(self, outcome, &mut out),
            _ => {}
        }
        self.feed(at, what, &mut out);
        out
    }

    /// Takes a line that a person wrote.
    pub fn line(&mut self, at: Moment, line: &str) -> Out {
        let mut out = Out::default();
        self.state.now = at;
        if !trust::answer(self, at, line, &mut out) {
            commands::line(self, at, line, &mut out);
        }
        self.state.selected = None;
        self.after(&mut out);
        out
    }

    /// Does what one of the client's actions does, whichever way it was said.
    fn act(&mut self, at: Moment, action: Action, out: &mut Out) {
        self.feed(at, What::Do(action), out);
    }

    /// Sends a text, or does what it commands.
    fn send(&mut self, at: Moment, text: &str, out: &mut Out) {
        self.state.composer = Composer::with_text(text);
        self.act(at, Plain::Send.into(), out);
        // What could not be done was said; on a screen the text would stay to be mended.
        self.state.composer = Composer::default();
        self.state.purpose = Purpose::Write;
    }

    fn feed(&mut self, at: Moment, what: What, out: &mut Out) {
        let effects = update(&mut self.state, Input { at, what });
        for effect in effects {
            match effect {
                // What is begun on a screen stays as it is there, and here nothing is known of letters.
                Effect::Tell(Tell::SaveDraft(..) | Tell::Typing(..)) => {}
                Effect::Title(_) | Effect::Redraw | Effect::Suspend => {}
                Effect::Copy(text) => {
                    out.say("There is no clipboard here; this is the text:");
                    words::block(&text, &mut out.lines);
                }
                Effect::Seat(_) => out.say(
                    "Lines show one account at a time: start chat-tui --plain with --server and --user for another.",
                ),
                effect => {
                    self.handed += usize::from(matches!(effect, Effect::Tell(Tell::Send(_))));
                    out.effects.push(effect);
                }
            }
        }
        self.after(out);
    }

    /// Writes out what the state has to say now.
    fn after(&mut self, out: &mut Out) {
        if self.has_quit() {
            return;
        }
        if let Some(notice) = self.state.notice.take() {
            self.failed |= notice.is_error;
            out.say(&words::sentence(&notice.text));
        }
        let question = self.state.confirm.as_ref().map(|confirm| confirm.question.clone());
        if let Some(words) = question.as_ref().filter(|_| self.question != question) {
            // Which key answers is said behind the question, and there are no keys here.
            let words = words.rfind('?').map_or(words.as_str(), |end| &words[..=end]);
            out.say(&format!("{words} Write yes or no."));
        }
        self.question = question;
        trust::write(self, out);
        self.look_around(out);
        self.messages(out);
        lists::write(self, out);
    }

    /// Says where one is, if that has changed.
    fn look_around(&mut self, out: &mut Out) {
        if self.state.open == self.here {
            return;
        }
        (self.here, self.looked, self.wanted, self.notes) = (self.state.open, false, None, 0);
        let Some(conversation) = self.state.open_conversation() else { return };
        out.say(&words::place(&self.state, conversation));
    }

    /// Writes out the messages of the open conversation that were not written out.
    fn messages(&mut self, out: &mut Out) {
        let Some(id) = self.state.open else { return };
        let Some(timeline) = self.state.timelines.get(&id).filter(|timeline| timeline.loaded) else { return };
        let from = self.written.get(&id).copied();
        let was_read = timeline.new_after.or(from).unwrap_or(Seq(u64::MAX));
        let mut fresh: Vec<Seq> = match (self.looked, from) {
            (true, Some(from)) => {
                timeline.events().map(|event| event.seq).filter(|seq| *seq > from).collect()
            }
            (true, None) => timeline.events().map(|event| event.seq).collect(),
            (false, _) => {
                let shown = timeline.events().filter(|event| words::is_history(event));
                let seqs: Vec<Seq> = shown.map(|event| event.seq).collect();
                let new = seqs.iter().filter(|seq| **seq > was_read.min(from.unwrap_or(was_read))).count();
                let count = if from.is_some() { new } else { new.max(LOOK) };
                seqs[seqs.len().saturating_sub(count)..].to_vec()
            }
        };
        let last = timeline.last();
        let skipped = fresh.len().saturating_sub(NEW);
        if skipped > 0 {
            out.say(&format!("{skipped} more before these: /read {} reads them.", skipped + NEW));
            fresh.drain(..skipped);
        }
        let news = self.looked;
        for seq in fresh {
            self.event(seq, news, out);
        }
        self.looked = true;
        if self.written.len() >= KNOWN {
            self.written.clear();
        }
        if let Some(last) = last {
            self.written.insert(id, last);
        }
        self.wanted(out);
        self.own_notes(id, out);
    }

    /// What a bot said to this person alone.
    fn own_notes(&mut self, id: ConversationId, out: &mut Out) {
        let notes = self.state.timelines.get(&id).map(|timeline| timeline.notes()).unwrap_or_default();
        let newest = notes.last().map_or(0, |note| usize::try_from(note.number).unwrap_or(0) + 1);
        let count = newest.saturating_sub(self.notes).min(notes.len());
        for note in &notes[notes.len() - count..] {
            words::block(&note.text, &mut out.lines);
        }
        self.notes = newest;
    }

    /// Writes out one event, and before it the day, if that is another one.
    fn event(&mut self, seq: Seq, is_news: bool, out: &mut Out) {
        let Some(event) = self.state.open_timeline().and_then(|timeline| timeline.get(seq)) else { return };
        let own = event.message().is_some_and(|message| self.mine.contains(&message.client_id));
        if is_news && own && Some(event.author.id) == self.state.my_id() {
            return;
        }
        let lines = words::event(&self.state, event, is_news);
        let day = date(event.at, &self.state.zone);
        if !lines.is_empty() && self.day.replace(day) != Some(day) {
            out.say(&format!("{}.", day.strftime("%A %-d %B %Y")));
        }
        out.lines.extend(lines);
    }

    /// Writes out the history that was asked for, once it is here.
    fn wanted(&mut self, out: &mut Out) {
        let Some(wanted) = self.wanted else { return };
        let Some(timeline) = self.state.open_timeline().filter(|timeline| !timeline.loading) else { return };
        let shown = timeline.events().filter(|event| words::is_history(event)).map(|event| event.seq);
        let seqs: Vec<Seq> = shown.filter(|seq| wanted.before.is_none_or(|before| *seq < before)).collect();
        if let (true, false, Some(first)) =
            (seqs.len() < wanted.count && timeline.more_before, timeline.blocked, timeline.first())
        {
            let asked = commands::older(&mut self.state, first);
            out.effects.extend(asked);
            return;
        }
        let blocked = timeline.blocked;
        self.wanted = None;
        if seqs.is_empty() {
            out.say(if blocked {
                "Older messages cannot be had without a connection."
            } else {
                "There is nothing older."
            });
        }
        for seq in &seqs[seqs.len().saturating_sub(wanted.count)..] {
            self.event(*seq, false, out);
        }
    }
}
