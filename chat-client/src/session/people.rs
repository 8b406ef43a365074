//! What the person shows, and whom they block: told by each login, then kept in step.

use std::collections::BTreeSet;

use chat_proto::{PersonRow, Privacy, UserId};

use super::{Now, Session};
use crate::update::Update;

/// See the module.
#[derive(Default)]
pub(super) struct Choices {
    privacy: Privacy,
    blocked: BTreeSet<UserId>,
    cards: Vec<PersonRow>,
}

impl Session {
    /// What the watched people say of themselves.
    pub(super) fn describe(&mut self, mut rows: Vec<PersonRow>) {
        rows.sort_unstable_by_key(|row| row.person.id);
        // Later changes are told one by one, so an equal list may still be news to the interface.
        if !rows.is_empty() || !self.choices.cards.is_empty() {
            self.choices.cards.clone_from(&rows);
            self.tell(Update::Cards(rows));
        }
    }

    /// The person shows this, on any device.
    pub(super) fn show(&mut self, privacy: Privacy) {
        if std::mem::replace(&mut self.choices.privacy, privacy) != privacy {
            self.tell(Update::Privacy(privacy));
        }
    }

    /// The person blocks these and nobody else.
    pub(super) fn block_all(&mut self, blocked: BTreeSet<UserId>) {
        if self.choices.blocked != blocked {
            self.choices.blocked.clone_from(&blocked);
            self.tell(Update::Blocked(blocked));
        }
    }

    /// The person blocked somebody, or ended that, on any device.
    pub(super) fn block(&mut self, user: UserId, on: bool, now: Now) {
        let mut blocked = self.choices.blocked.clone();
        if on {
            blocked.insert(user);
        } else {
            blocked.remove(&user);
        }
        self.block_all(blocked);
        // The server has ended the watch, or would grant it again.
        self.say_watched(now);
    }
}
