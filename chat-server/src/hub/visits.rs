//! Who is here over HTTP: uploads and downloads that go on while their login lasts, and no longer.
//!
//! 1. What ends sessions ends their visits as well; see [`Hub::end`](super::Hub::end).
//! 2. A visit that begins in the same moment is told by [`Visits::endings`], which counts.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use chat_proto::{SessionId, UserId};
use tokio_util::sync::CancellationToken;

use super::{Ending, SessionKey};

/// All visits of now.
#[derive(Debug, Clone, Default)]
pub struct Visits(Arc<Mutex<Book>>);

/// Behind a lock, because requests come and go on every thread; it is held for a look-up only.
#[derive(Debug, Default)]
struct Book {
    /// As many as there are requests under way; each connection has one at a time.
    here: HashMap<UserId, Vec<Entry>>,
    endings: u64,
    last: u64,
}

#[derive(Debug)]
struct Entry {
    number: u64,
    session: SessionId,
    over: CancellationToken,
}

/// One request over HTTP, as long as this is held.
#[derive(Debug)]
pub struct Visit {
    user: UserId,
    number: u64,
    over: CancellationToken,
    visits: Visits,
}

impl Visit {
    /// Returns when the login behind it has ended.
    pub async fn ended(&self) {
        self.over.cancelled().await;
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let mut book = self.visits.book();
        if let Some(entries) = book.here.get_mut(&self.user) {
            entries.retain(|entry| entry.number != self.number);
            if entries.is_empty() {
                book.here.remove(&self.user);
            }
        }
    }
}

impl Visits {
    /// How often visits were ended so far. Who asks before looking the session up and again after
    /// [`begin`](Self::begin), and finds another number, must look the session up once more.
    #[must_use]
    pub fn endings(&self) -> u64 {
        self.book().endings
    }

    /// Somebody is here by that login.
    #[must_use]
    pub fn begin(&self, user: UserId, session: SessionId) -> Visit {
        let mut book = self.book();
        book.last += 1;
        let (number, over) = (book.last, CancellationToken::new());
        book.here.entry(user).or_default().push(Entry { number, session, over: over.clone() });
        Visit { user, number, over, visits: self.clone() }
    }

    /// By which logins somebody is here.
    pub(super) fn logins(&self, user: UserId) -> Vec<SessionId> {
        self.book().here.get(&user).into_iter().flatten().map(|entry| entry.session).collect()
    }

    /// Ends those of a person that belong to the logins that end.
    pub(super) fn end(&self, user: UserId, which: Ending) {
        let mut book = self.book();
        book.endings += 1;
        for entry in book.here.get(&user).into_iter().flatten() {
            // A visit is no connection of the socket; the one that asked for the end is never it.
            if which.includes(&SessionKey { connection: 0, login: entry.session }) {
                entry.over.cancel();
            }
        }
    }

    /// A book that was being written when a thread died is still a book.
    fn book(&self) -> std::sync::MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use chat_proto::CloseReason;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_visit_ends_with_its_login_and_no_other() {
        let (visits, ada) = (Visits::default(), UserId(Uuid::from_u128(1)));
        let (old, new) = (SessionId(Uuid::from_u128(2)), SessionId(Uuid::from_u128(3)));
        let (first, second) = (visits.begin(ada, old), visits.begin(ada, new));
        let before = visits.endings();
        visits.end(UserId(Uuid::from_u128(9)), Ending::All);
        assert!(visits.endings() > before && !first.over.is_cancelled());
        visits.end(ada, Ending::Others(new, CloseReason::CredentialsChanged));
        assert!(first.over.is_cancelled() && !second.over.is_cancelled());
        visits.end(ada, Ending::Banned);
        assert!(second.over.is_cancelled());
        drop((first, second));
        assert!(visits.book().here.is_empty(), "nobody is remembered who is gone");
    }
}
