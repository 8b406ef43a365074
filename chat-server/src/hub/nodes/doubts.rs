//! Whose connections may not hold any more: the store is asked, and what does not hold ends.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chat_proto::UserId;
use tokio::sync::Notify;
use tracing::warn;

use crate::hub::Hub;

/// So long it is waited for the node that did it, which knows the reason better than the store does.
const FIRST_HEAR: Duration = Duration::from_millis(200);

/// The pause before the database is asked again.
const AGAIN: Duration = Duration::from_millis(500);

/// Whom to ask for; at most everybody once, and until the store has answered. A handle, cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Doubts(Arc<Inner>);

#[derive(Default)]
struct Inner {
    /// With how often they were added: a doubt that comes while the store is asked is another one. Behind a lock
    /// that is held for a look-up.
    people: Mutex<BTreeMap<UserId, u64>>,
    more: Notify,
}

impl Doubts {
    /// Logins of this person ended, or their role is another one.
    pub(super) fn add(&self, user: UserId) {
        *self.people().entry(user).or_default() += 1;
        self.0.more.notify_one();
    }

    /// Whether the store has not answered for somebody.
    pub(super) fn are_open(&self) -> bool {
        !self.people().is_empty()
    }

    /// Asks the store for all of them now, because nobody may be told anything before; whether it answered.
    pub(super) async fn settle_now(&self, hub: &Hub) -> bool {
        let people = self.people().clone();
        for (user, doubt) in people {
            if let Err(cause) = hub.uphold(user).await {
                warn!(%cause, "cannot look whether somebody may stay connected; nobody is told anything until then");
                return false;
            }
            self.settled(user, doubt);
        }
        true
    }

    fn settled(&self, user: UserId, doubt: u64) {
        let mut people = self.people();
        if people.get(&user) == Some(&doubt) {
            people.remove(&user);
        }
    }

    fn people(&self) -> std::sync::MutexGuard<'_, BTreeMap<UserId, u64>> {
        self.0.people.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks the store for one after the other, for ever.
    pub(super) async fn settle(self, hub: Hub) {
        loop {
            self.0.more.notified().await;
            tokio::time::sleep(FIRST_HEAR).await;
            let people = self.people().clone();
            for (user, doubt) in people {
                while let Err(cause) = hub.uphold(user).await {
                    warn!(%cause, "cannot look whether somebody may stay connected; trying again");
                    tokio::time::sleep(AGAIN).await;
                }
                self.settled(user, doubt);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_doubt_that_comes_while_the_store_is_asked_stays() {
        let (doubts, user) = (Doubts::default(), UserId(uuid::Uuid::from_u128(1)));
        doubts.add(user);
        let asked = doubts.people().clone();
        doubts.add(user);
        doubts.settled(user, asked[&user]);
        assert!(doubts.are_open());
        let asked = doubts.people().clone();
        doubts.settled(user, asked[&user]);
        assert!(!doubts.are_open());
    }
}
