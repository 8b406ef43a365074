//! One conversation's events as far as they are held, and the own messages on their way.
//!
//! 1. The events held follow one another without a gap; what would leave one is refused, and the
//!    caller asks for the newest page again.
//! 2. A message of one's own is shown once: as pending until its event is here, then as event.
//! 3. At most [`EVENTS`] are kept when nobody looks at old ones.

use std::collections::BTreeMap;

use chat_client::{Anchor, Delivery, History, Outgoing};
use chat_proto::{ClientId, Event, EventKind, Seq, UserId};

/// Events kept in memory per conversation while its newest line is on screen: many screens.
const EVENTS: usize = 2_000;

/// Events that one look at history asks for: two tall screens.
pub(crate) const PAGE: u32 = 100;

/// What a row on the screen belongs to; stays the same while other rows come and go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// What is above the first event.
    Top,
    /// The day line before this event.
    Day(Seq),
    /// The "new" line before this event.
    New(Seq),
    /// The event itself, or a run of events that ends with it.
    Event(Seq),
    /// An own message without a number yet.
    Pending(ClientId),
}

/// Where one looks, when it is not the newest line: this row of this item is the lowest on screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scroll {
    /// The item.
    pub key: Key,
    /// Its row, from 0.
    pub row: usize,
}

/// See the module.
#[derive(Debug, Clone, Default)]
pub struct Timeline {
    events: BTreeMap<Seq, Event>,
    pending: Vec<Outgoing>,
    /// Whether the newest page has been here.
    pub(crate) loaded: bool,
    /// Whether the server has events before the first one held.
    pub(crate) more_before: bool,
    /// Whether a page is on its way.
    pub(crate) loading: bool,
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
    /// The events, oldest first.
    pub fn events(&self) -> impl DoubleEndedIterator<Item = &Event> {
        self.events.values()
    }

    /// The event of that number.
    #[must_use]
    pub fn get(&self, seq: Seq) -> Option<&Event> {
        self.events.get(&seq)
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

    /// How many messages of others came after this number.
    #[must_use]
    pub fn messages_after(&self, seq: Seq, me: Option<UserId>) -> usize {
        self.events
            .range(seq.next()..)
            .filter(|(_, event)| event.body().is_some() && Some(event.author.id) != me)
            .count()
    }

    /// Takes events that follow the newest one. False if there would be a gap.
    pub fn append(&mut self, events: &[Event]) -> bool {
        for event in events {
            let fits = self.last().is_none_or(|last| event.seq <= last.next());
            if !fits {
                return false;
            }
            self.take(event.clone());
        }
        self.forget_old();
        true
    }

    /// Takes a page of history that was asked for at `anchor`.
    pub fn merge(&mut self, anchor: Anchor, page: History) {
        self.loading = false;
        if !self.joins(&page) {
            if anchor != Anchor::Newest {
                return;
            }
            self.events.clear();
        }
        let is_oldest = match (self.first(), page.events.first()) {
            (Some(held), Some(first)) => first.seq <= held,
            _ => true,
        };
        if is_oldest {
            self.more_before = page.more_before;
        }
        self.loaded |= anchor == Anchor::Newest;
        for event in page.events {
            self.take(event);
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
        if let EventKind::Message { client_id, .. } = &event.what {
            self.pending.retain(|own| own.client_id != *client_id);
        }
        self.events.insert(event.seq, event);
    }

    /// Lets old events go while nobody looks at them; they can be asked for again.
    fn forget_old(&mut self) {
        if self.scroll.is_some() {
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
            Some(event.author.id) == me
                && matches!(&event.what, EventKind::Message { client_id, .. } if *client_id == own.client_id)
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
        let pending = std::mem::take(&mut self.pending);
        *self = Timeline { pending, ..Timeline::default() };
    }

    /// The own messages' texts, the newest first.
    pub fn own_texts(&self, me: Option<UserId>) -> impl Iterator<Item = &str> {
        let waiting = self.pending.iter().rev().map(|own| own.body.as_str());
        let sent = self.events.values().rev().filter(move |event| Some(event.author.id) == me);
        waiting.chain(sent.filter_map(|event| event.body().map(chat_proto::Body::as_str)))
    }
}
