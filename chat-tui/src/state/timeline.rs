//! The events of a conversation's main line, or of one thread, as far as they are held, and the
//! own messages on their way.
//!
//! 1. The events of a main line follow one another without a gap; what would leave one is
//!    refused, and the caller asks for the newest page again. A thread holds only its own.
//! 2. A message of one's own is shown once: as pending until its event is here, then as event.
//! 3. A later event that changes a message changes the one held, by the rule that the server has
//!    too ([`Event::apply`]). Taking an event twice changes nothing.
//! 4. At most [`EVENTS`] are kept when nobody looks at old ones.

use std::collections::{BTreeMap, BTreeSet};

use chat_client::{Anchor, Delivery, History, Outgoing};
use chat_proto::{ClientId, Event, EventKind, Seq, ThreadPage, Timestamp, UserId};

/// Events kept in memory per conversation while its newest line is on screen: many screens.
const EVENTS: usize = 2_000;

/// Messages kept because others answer them from far away.
const CONTEXTS: usize = 500;

/// Lines for one person alone that are kept; they are for the moment.
const NOTES: usize = 50;

/// Events that one look at history asks for: two tall screens.
pub(crate) const PAGE: u32 = 100;

/// What a row on the screen belongs to; stays the same while other rows come and go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// What is above the first event.
    Top,
    /// What is below the last one, where it is not the newest.
    Bottom,
    /// The line between a thread's first message and the others.
    Replies,
    /// The day line before this event.
    Day(Seq),
    /// The "new" line before this event.
    New(Seq),
    /// The event itself, or a run of events that ends with it.
    Event(Seq),
    /// An own message without a number yet.
    Pending(ClientId),
    /// The n-th line for this person alone, behind this event.
    Note(Seq, u64),
    /// A file on its way, behind the message that has it; behind all others while it has none.
    Carry(Option<Seq>, u64),
}

/// Where one looks, when it is not the newest line: this row of this item is the lowest on screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scroll {
    /// The item.
    pub key: Key,
    /// Its row, from 0.
    pub row: usize,
}

/// A line for this person alone, which nobody stores: what they asked of a bot, and its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Its number among the notes here.
    pub(crate) number: u64,
    /// The newest event when it came.
    pub(crate) after: Seq,
    /// When it came.
    pub(crate) at: Timestamp,
    /// What it says. Not safe to draw.
    pub(crate) text: String,
}

/// See the module.
#[derive(Debug, Clone, Default)]
pub struct Timeline {
    events: BTreeMap<Seq, Event>,
    pending: Vec<Outgoing>,
    notes: Vec<Note>,
    noted: u64,
    /// Messages that others answer and that are not among the events; `None` for one that was
    /// asked for and is not there.
    contexts: BTreeMap<Seq, Option<Event>>,
    /// Those that were asked for.
    asked: BTreeSet<Seq>,
    /// The first message of the thread whose events these are; absent for the main line.
    pub(crate) thread: Option<Seq>,
    /// Whether the newest page has been here.
    pub(crate) loaded: bool,
    /// Whether the server has events before the first one held.
    pub(crate) more_before: bool,
    /// Whether it has events after the last one held: one looks at a place far back.
    pub(crate) more_after: bool,
    /// Whether a page is on its way.
    pub(crate) loading: bool,
    /// Whether that page comes below the events held.
    pub(crate) loads_below: bool,
    /// The message to go to when its page is here.
    pub(crate) jump: Option<Seq>,
    /// The newest read event when the conversation was opened: the "new" line stands after it.
    pub(crate) new_after: Option<Seq>,
    /// The read mark that was told to the engine.
    pub(crate) told_read: Seq,
    /// Whether a page could not be had; not asked again until something changes.
    pub(crate) blocked: bool,
    /// The newest event when the person began to look back.
    pub(crate) scrolled_at: Option<Seq>,
    /// `None` follows the newest line.
    pub(crate) scroll: Option<Scroll>,
}

impl Timeline {
    /// An empty thread.
    #[must_use]
    pub fn of_thread(root: Seq) -> Self {
        Self { thread: Some(root), ..Self::default() }
    }

    /// The events, oldest first.
    pub fn events(&self) -> impl DoubleEndedIterator<Item = &Event> {
        self.events.values()
    }

    /// Whether an event has a place of its own here: changes are seen in what they change, and
    /// the messages of a thread stand in the thread.
    #[must_use]
    pub fn shows(&self, event: &Event) -> bool {
        match (&event.what, thread_of(event)) {
            (EventKind::Message(_) | EventKind::Tombstone(_), thread) => {
                self.thread.is_some() || thread.is_none()
            }
            (
                EventKind::Edited { .. }
                | EventKind::Deleted { .. }
                | EventKind::Reaction { .. }
                | EventKind::Pinned { .. }
                | EventKind::Unknown,
                _,
            ) => false,
            _ => self.thread.is_none(),
        }
    }

    /// How many messages each thread has, where all of them are held.
    pub(crate) fn replies(&self) -> BTreeMap<Seq, u64> {
        let mut counts = BTreeMap::new();
        if !self.more_after && self.thread.is_none() {
            for thread in self.events.values().filter_map(thread_of) {
                *counts.entry(thread).or_default() += 1;
            }
        }
        counts
    }

    /// The event of that number.
    #[must_use]
    pub fn get(&self, seq: Seq) -> Option<&Event> {
        self.events.get(&seq)
    }

    /// The message that another one answers: `None` if it has to be asked for, `Some(None)` if it
    /// cannot be had.
    #[must_use]
    pub fn context(&self, seq: Seq) -> Option<Option<&Event>> {
        match self.events.get(&seq) {
            Some(event) => Some(Some(event)),
            None => self.contexts.get(&seq).map(Option::as_ref),
        }
    }

    /// Which of these messages have to be asked for; they count as asked from now on.
    pub(crate) fn ask_contexts(&mut self, wanted: Vec<Seq>) -> Vec<Seq> {
        wanted.into_iter().filter(|seq| self.context(*seq).is_none() && self.asked.insert(*seq)).collect()
    }

    /// What could not be had may be there now.
    pub(crate) fn forget_missing(&mut self) {
        self.contexts.retain(|_, event| event.is_some());
        self.asked.clear();
    }

    /// Takes a message that others answer, or that it cannot be had.
    pub fn take_context(&mut self, seq: Seq, event: Option<Event>) {
        while self.contexts.len() >= CONTEXTS {
            self.contexts.pop_first();
        }
        self.contexts.insert(seq, event);
    }

    /// The events from one number to another, both included.
    pub fn range(&self, from: Seq, to: Seq) -> impl Iterator<Item = &Event> {
        let to = to.max(from);
        self.events.range(from..=to).map(|(_, event)| event)
    }

    /// The own messages without a number, in the order they were written.
    #[must_use]
    pub fn pending(&self) -> &[Outgoing] {
        &self.pending
    }

    /// The lines for this person alone, in the order they came.
    #[must_use]
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// Adds a line for this person alone, behind the newest event; `head` is that one's number
    /// where no event is held.
    pub(crate) fn note(&mut self, text: String, at: Timestamp, head: Seq) {
        if self.notes.len() >= NOTES {
            self.notes.remove(0);
        }
        self.noted += 1;
        let after = self.last().unwrap_or(head);
        self.notes.push(Note { number: self.noted, after, at, text });
    }

    /// The number of the oldest event held.
    #[must_use]
    pub fn first(&self) -> Option<Seq> {
        self.events.keys().next().copied()
    }

    /// The number of the newest event held.
    #[must_use]
    pub fn last(&self) -> Option<Seq> {
        self.events.keys().next_back().copied()
    }

    /// How many messages of others came after this number, of those that are shown here.
    #[must_use]
    pub fn messages_after(&self, seq: Seq, me: Option<UserId>) -> usize {
        self.events
            .range(seq.next()..)
            .filter(|(_, event)| event.body().is_some() && self.shows(event) && Some(event.author.id) != me)
            .count()
    }

    /// How many messages of others came since the person began to look back.
    #[must_use]
    pub fn new_below(&self, me: Option<UserId>) -> usize {
        self.scrolled_at.map_or(0, |seq| self.messages_after(seq, me))
    }

    /// Whether at least so many messages come after what one looks at, and the newest are held.
    pub(crate) fn is_far_back(&self, messages: usize) -> bool {
        let Some(scroll) = self.scroll.filter(|_| !self.more_after) else { return false };
        let seq = match scroll.key {
            Key::Pending(_) | Key::Bottom | Key::Carry(None, _) => return false,
            Key::Top | Key::Replies => Seq::ZERO,
            Key::Day(seq)
            | Key::New(seq)
            | Key::Event(seq)
            | Key::Note(seq, _)
            | Key::Carry(Some(seq), _) => seq,
        };
        let later = self.events.range(seq.next()..).map(|(_, event)| event);
        later.filter(|event| event.body().is_some() && self.shows(event)).take(messages).count() == messages
    }

    /// The newest message shown here, or the newest before `before`, that is wanted.
    pub(crate) fn newest(&self, before: Option<Seq>, wanted: impl Fn(&Event) -> bool) -> Option<&Event> {
        let before = before.unwrap_or(Seq(u64::MAX));
        let mut older = self.events.range(..before).rev().map(|(_, event)| event);
        older.find(|event| event.body().is_some() && self.shows(event) && wanted(event))
    }

    /// The oldest message shown here after `after` that is wanted.
    pub(crate) fn next(&self, after: Seq, wanted: impl Fn(&Event) -> bool) -> Option<&Event> {
        let mut later = self.events.range(after.next()..).map(|(_, event)| event);
        later.find(|event| event.body().is_some() && self.shows(event) && wanted(event))
    }

    /// Takes events that follow the newest one. False if there would be a gap.
    pub fn append(&mut self, events: &[Event]) -> bool {
        for event in events {
            if self.events.contains_key(&event.seq) {
                continue;
            }
            if !self.belongs(event) {
                self.change(event);
                continue;
            }
            let fits = self.thread.is_some() || self.last().is_none_or(|last| event.seq <= last.next());
            if !fits {
                return false;
            }
            self.change(event);
            self.take(event.clone());
        }
        self.forget_old();
        true
    }

    /// Whether an event that just happened is to be held.
    fn belongs(&self, event: &Event) -> bool {
        match self.thread {
            _ if self.more_after => false,
            None => true,
            Some(root) => thread_of(event) == Some(root) && (event.body().is_some()),
        }
    }

    /// Changes the message that an event is about, if it is held.
    fn change(&mut self, later: &Event) {
        let Some(target) = later.target() else { return };
        let held = self.events.get_mut(&target);
        let context = self.contexts.get_mut(&target).and_then(Option::as_mut);
        for message in held.into_iter().chain(context) {
            let is_stale = matches!(later.what, EventKind::Edited { .. })
                && message.message().and_then(|message| message.edited) >= Some(later.seq);
            if !is_stale {
                message.apply(later);
            }
        }
    }

    /// Before a later page comes below what one looks at: the rows on screen stay.
    pub(crate) fn hold_still(&mut self, anchor: Anchor) {
        let at_end = self.scroll.is_none_or(|scroll| scroll.key == Key::Bottom);
        if let (Anchor::After(_), true, true, Some(last)) = (anchor, at_end, self.more_after, self.last()) {
            self.scroll = Some(Scroll { key: Key::Event(last), row: usize::MAX });
        }
    }

    /// A page was asked for.
    pub(crate) fn wait_for(&mut self, anchor: Anchor) {
        (self.loading, self.loads_below) = (true, matches!(anchor, Anchor::After(_)));
    }

    /// Takes a page of history that was asked for at `anchor`.
    pub fn merge(&mut self, anchor: Anchor, page: History) {
        self.loading = false;
        if !self.joins(&page) {
            // A newest page that comes after a jump far back has no place there.
            let is_late = anchor == Anchor::Newest && self.more_after;
            if is_late || matches!(anchor, Anchor::Before(_) | Anchor::After(_)) {
                return;
            }
            self.events.clear();
        }
        let is_oldest = match (self.first(), page.events.first()) {
            (Some(held), Some(first)) => first.seq <= held,
            _ => true,
        };
        let is_newest = match (self.last(), page.events.last()) {
            (Some(held), Some(last)) => last.seq >= held,
            _ => true,
        };
        if is_oldest {
            self.more_before = page.more_before;
        }
        if is_newest {
            self.more_after = page.more_after && anchor != Anchor::Newest;
        }
        self.loaded |= matches!(anchor, Anchor::Newest | Anchor::Around(_));
        self.take_page(page.events);
    }

    /// Takes what is known of a thread before all of it is here.
    pub(crate) fn seed<'a>(&mut self, events: impl Iterator<Item = &'a Event>) {
        events.for_each(|event| self.take(event.clone()));
    }

    /// Takes a whole thread.
    pub fn merge_thread(&mut self, page: ThreadPage) {
        (self.loading, self.loaded, self.more_after) = (false, true, page.more);
        let mut events = page.events;
        events.push(page.root);
        self.take_page(events);
    }

    /// Takes events as history tells them. What is held may know changes that the page, asked
    /// for earlier, does not know yet; they are made again.
    fn take_page(&mut self, page: Vec<Event>) {
        let is_change = |event: &&Event| {
            event.body().is_none() && event.target().is_some_and(|t| page.iter().any(|e| e.seq == t))
        };
        let later: Vec<Event> = self.events.values().filter(is_change).cloned().collect();
        for event in page {
            // A thread holds what was changed, but not what changed it.
            let is_older = self.get(event.seq).is_some_and(|held| changed(held) > changed(&event));
            if !is_older {
                self.take(event);
            }
        }
        for event in later {
            self.change(&event);
        }
    }

    /// Whether a page touches the events held, so that both together have no gap.
    fn joins(&self, page: &History) -> bool {
        match (self.first(), self.last(), page.events.first(), page.events.last()) {
            (Some(first), Some(last), Some(from), Some(to)) => {
                from.seq <= last.next() && first <= to.seq.next()
            }
            _ => true,
        }
    }

    fn take(&mut self, event: Event) {
        if let Some(message) = event.message() {
            self.pending.retain(|own| own.client_id != message.client_id);
        }
        self.contexts.remove(&event.seq);
        self.events.insert(event.seq, event);
    }

    /// Lets old events go while nobody looks at them; they can be asked for again.
    fn forget_old(&mut self) {
        if self.scroll.is_some() || self.thread.is_some() {
            return;
        }
        while self.events.len() > EVENTS {
            self.events.pop_first();
            self.more_before = true;
        }
    }

    /// Takes news of an own message.
    pub fn outgoing(&mut self, own: Outgoing, me: Option<UserId>) {
        if let Delivery::Stored { seq, .. } = own.delivery
            && self.events.contains_key(&seq)
        {
            self.discard(own.client_id);
            return;
        }
        let is_here = |event: &Event| {
            Some(event.author.id) == me && event.message().is_some_and(|m| m.client_id == own.client_id)
        };
        if self.events.values().rev().take(PAGE as usize).any(is_here) {
            return;
        }
        match self.pending.iter_mut().find(|held| held.client_id == own.client_id) {
            Some(held) => *held = own,
            None => self.pending.push(own),
        }
    }

    /// Forgets an own message that was given up.
    pub fn discard(&mut self, message: ClientId) {
        self.pending.retain(|own| own.client_id != message);
    }

    /// The newest own message that failed.
    #[must_use]
    pub fn failed(&self) -> Option<&Outgoing> {
        self.pending.iter().rev().find(|own| matches!(own.delivery, Delivery::Failed { .. }))
    }

    /// Forgets the events; own messages on their way stay.
    pub fn reset(&mut self) {
        let (pending, thread, jump) = (std::mem::take(&mut self.pending), self.thread, self.jump);
        let (notes, noted) = (std::mem::take(&mut self.notes), self.noted);
        *self = Timeline { pending, notes, noted, thread, jump, ..Timeline::default() };
    }
}

/// The newest event that changed a message.
fn changed(event: &Event) -> Option<Seq> {
    match &event.what {
        EventKind::Message(message) => message.changed,
        EventKind::Tombstone(tombstone) => tombstone.changed,
        _ => None,
    }
}

/// The thread that a message belongs to, or belonged to before it was deleted.
#[must_use]
pub fn thread_of(event: &Event) -> Option<Seq> {
    match &event.what {
        EventKind::Message(message) => message.thread,
        EventKind::Tombstone(tombstone) => tombstone.thread,
        _ => None,
    }
}
