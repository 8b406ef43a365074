//! What was decided without what another node wrote meanwhile: put behind it, where it would have been decided
//! the same.

use chat_proto::{Event, EventKind, Seq, UserId};

use super::{Change, Room};

/// Whether these, which were decided on what was there before the others came, would have been decided the same
/// after them. That is certain where all are messages, and nobody wrote on both sides: who may write, and whom it
/// calls, depends on no message of somebody else.
#[must_use]
pub fn commute<'e>(mut decided: impl Iterator<Item = &'e Event> + Clone, onto: &[Event]) -> bool {
    let is_message = |event: &Event| matches!(event.what, EventKind::Message(_));
    let author = |event: &Event| event.author.id;
    decided.clone().all(is_message)
        && onto.iter().all(is_message)
        && !decided.any(|event| onto.iter().any(|other| author(other) == author(event)))
}

impl Room {
    /// Puts messages before those that were applied last: these move up by as many numbers. `called` are the
    /// calls of the new ones, one for each. What may be put so, [`commute`] says.
    pub fn rebase(&mut self, onto: &[Event], called: impl Iterator<Item = UserId>) {
        let head = Seq(self.head.0 + onto.len() as u64);
        for event in onto {
            self.apply(&Change::Event(event.clone()));
        }
        for user in called {
            if let Some(member) = self.members.get_mut(&user) {
                member.mentions += 1;
            }
        }
        self.head = head;
    }
}
