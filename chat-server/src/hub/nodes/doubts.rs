//! Whose connections may not hold any more: the store is asked, and what does not hold ends.

use std::collections::BTreeSet;
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

/// Whom to ask for; at most everybody once. A handle, cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Doubts(Arc<Inner>);

#[derive(Default)]
struct Inner {
    /// Behind a lock that is held for a look-up.
    people: Mutex<BTreeSet<UserId>>,
    more: Notify,
}

impl Doubts {
    /// Logins of this person ended, or their role is another one.
    pub(super) fn add(&self, user: UserId) {
        self.people().insert(user);
        self.0.more.notify_one();
    }

    fn people(&self) -> std::sync::MutexGuard<'_, BTreeSet<UserId>> {
        self.0.people.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks the store for one after the other, for ever.
    pub(super) async fn settle(self, hub: Hub) {
        loop {
            self.0.more.notified().await;
            tokio::time::sleep(FIRST_HEAR).await;
            let people = std::mem::take(&mut *self.people());
            for user in people {
                while let Err(cause) = hub.uphold(user).await {
                    warn!(%cause, "cannot look whether somebody may stay connected; trying again");
                    tokio::time::sleep(AGAIN).await;
                }
            }
        }
    }
}
