//! The person's own messages on their way: one after the other in each conversation.
//!
//! A conversation has one send under way. More would be faster, but then a message that is
//! refused for the moment could be overtaken by the next one. Repeats carry the same id, so the
//! server never stores one twice.

use std::collections::{HashSet, VecDeque};

use chat_proto::{ClientId, Event, Seq, Timestamp};

use super::{Now, Purpose, Session};
use crate::cache::Change;
use crate::update::{Delivery, Outgoing, Update};

/// Messages that may wait. A person never has so many; a program that does must slow down.
pub(crate) const MESSAGES: usize = 1_000;

struct Message {
    outgoing: Outgoing,
    not_before: Now,
}

/// The messages, oldest first.
#[derive(Default)]
pub(super) struct Outbox {
    messages: VecDeque<Message>,
}

impl Outbox {
    pub(super) fn add(&mut self, outgoing: Outgoing) {
        if !self.messages.iter().any(|message| message.outgoing.client_id == outgoing.client_id) {
            self.messages.push_back(Message { outgoing, not_before: Now::ZERO });
        }
    }

    fn find(&mut self, id: ClientId) -> Option<&mut Message> {
        self.messages.iter_mut().find(|message| message.outgoing.client_id == id)
    }

    fn remove(&mut self, id: ClientId) -> Option<Outgoing> {
        let at = self.messages.iter().position(|message| message.outgoing.client_id == id)?;
        self.messages.remove(at).map(|message| message.outgoing)
    }

    /// Takes the messages that may be sent now, and counts them as sent.
    fn next(&mut self, now: Now, most: usize) -> Vec<Outgoing> {
        let sending = |message: &&Message| message.outgoing.delivery == Delivery::Sending;
        let mut free = most.saturating_sub(self.messages.iter().filter(sending).count());
        let mut busy = HashSet::new();
        let mut next = Vec::new();
        for message in &mut self.messages {
            let first = match message.outgoing.delivery {
                Delivery::Queued | Delivery::Sending => busy.insert(message.outgoing.conversation),
                Delivery::Failed { .. } | Delivery::Stored { .. } => false,
            };
            if free > 0 && first && message.outgoing.delivery == Delivery::Queued && message.not_before <= now
            {
                message.outgoing.delivery = Delivery::Sending;
                next.push(message.outgoing.clone());
                free -= 1;
            }
        }
        next
    }

    /// When the first message may be tried again of those that were postponed to after then.
    pub(super) fn next_try(&self, then: Now) -> Option<Now> {
        let waits =
            |message: &&Message| message.outgoing.delivery == Delivery::Queued && message.not_before > then;
        self.messages.iter().filter(waits).map(|message| message.not_before).min()
    }

    /// The connection is gone: what was under way waits again.
    pub(super) fn cut(&mut self) -> Vec<Outgoing> {
        let mut back = Vec::new();
        for message in &mut self.messages {
            message.not_before = Now::ZERO;
            if message.outgoing.delivery == Delivery::Sending {
                message.outgoing.delivery = Delivery::Queued;
                back.push(message.outgoing.clone());
            }
        }
        back
    }
}

impl Session {
    /// Whether another message may be written to the disk.
    pub(crate) fn outbox_has_room(&self) -> bool {
        self.outbox.messages.len() < MESSAGES
    }

    /// A message is safe on the disk (or will never be: then it says so).
    pub(crate) fn queue(&mut self, outgoing: Outgoing, now: Now) {
        self.tell(Update::Outgoing(outgoing.clone()));
        self.outbox.add(outgoing);
        self.pump(now);
    }

    /// The person wants a failed message to be tried again.
    pub(crate) fn retry(&mut self, id: ClientId, now: Now) {
        if let Some(message) = self.outbox.find(id)
            && matches!(message.outgoing.delivery, Delivery::Failed { .. })
        {
            message.outgoing.delivery = Delivery::Queued;
            message.not_before = Now::ZERO;
            let outgoing = message.outgoing.clone();
            self.write(Change::OutboxState { message: outgoing.clone(), failed: None });
            self.tell(Update::Outgoing(outgoing));
            self.pump(now);
        }
    }

    /// The person gives a message up that is not under way.
    pub(crate) fn discard(&mut self, id: ClientId) {
        if self.outbox.find(id).is_some_and(|message| message.outgoing.delivery != Delivery::Sending) {
            self.outbox.remove(id);
            self.write(Change::OutboxRemove(id));
            self.tell(Update::Discarded(id));
        }
    }

    pub(super) fn pump_outbox(&mut self, now: Now) {
        for outgoing in self.outbox.next(now, self.limits.sends_in_flight) {
            let send = outgoing.request();
            let id = outgoing.client_id;
            self.marks.wrote(outgoing.conversation);
            self.tell(Update::Outgoing(outgoing));
            self.ask(Purpose::Send(id), send, now);
        }
    }

    pub(super) fn stored(&mut self, id: ClientId, seq: Seq, at: Timestamp) {
        if let Some(mut outgoing) = self.outbox.remove(id) {
            outgoing.delivery = Delivery::Stored { seq, at };
            self.write(Change::OutboxRemove(id));
            self.tell(Update::Outgoing(outgoing));
        }
    }

    /// An event of one's own proves that its message is stored, even if the answer was lost.
    pub(super) fn note_own(&mut self, event: &Event) {
        if let Some(message) = event.message()
            && event.author.id == self.me()
        {
            self.stored(message.client_id, event.seq, event.at);
        }
    }

    pub(super) fn failed(&mut self, id: ClientId, reason: String) {
        if let Some(message) = self.outbox.find(id) {
            message.outgoing.delivery = Delivery::Failed { reason: reason.clone() };
            let outgoing = message.outgoing.clone();
            self.write(Change::OutboxState { message: outgoing.clone(), failed: Some(reason) });
            self.tell(Update::Outgoing(outgoing));
        }
    }

    pub(super) fn postpone(&mut self, id: ClientId, until: Now) {
        if let Some(message) = self.outbox.find(id) {
            message.outgoing.delivery = Delivery::Queued;
            message.not_before = until;
            let outgoing = message.outgoing.clone();
            self.tell(Update::Outgoing(outgoing));
        }
    }
}
