//! How much of one kind one person has under way at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chat_proto::UserId;

/// So many places for each person.
pub struct Seats {
    most: usize,
    taken: Arc<Mutex<HashMap<UserId, usize>>>,
}

/// A place that is taken until this is dropped.
pub struct Seat {
    user: UserId,
    taken: Arc<Mutex<HashMap<UserId, usize>>>,
}

impl Seats {
    /// So many.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self { most, taken: Arc::default() }
    }

    /// One more place, or `None` where the person has all of theirs.
    pub(super) fn take(&self, user: UserId) -> Option<Seat> {
        let mut taken = lock(&self.taken);
        let count = taken.entry(user).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(Seat { user, taken: self.taken.clone() })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = lock(&self.taken);
        match taken.get_mut(&self.user) {
            Some(count) if *count > 1 => *count -= 1,
            _ => {
                taken.remove(&self.user);
            }
        }
    }
}

/// A map that was being read when a thread died is still a map.
fn lock(taken: &Mutex<HashMap<UserId, usize>>) -> MutexGuard<'_, HashMap<UserId, usize>> {
    taken.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn each_person_has_their_own_places() {
        let (seats, ada, lin) = (Seats::new(2), UserId(Uuid::from_u128(1)), UserId(Uuid::from_u128(2)));
        let (first, _second) = (seats.take(ada).unwrap(), seats.take(ada).unwrap());
        assert!(seats.take(ada).is_none() && seats.take(lin).is_some());
        drop(first);
        assert!(seats.take(ada).is_some());
        assert_eq!(lock(&seats.taken).len(), 1, "nobody is remembered who has none");
    }
}
