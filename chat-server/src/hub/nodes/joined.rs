//! Who became a member of what, as the store says it: told again where a node that should have told
//! it may have failed to, or this one could not follow.

use std::collections::{BTreeMap, HashMap};

use chat_proto::{ConversationId, UserId};
use tokio::time::Instant;

use super::listener::ON_THE_WAY;
use super::positions::OVERLAP;

/// Entries; beyond that, the store is believed at once.
const MOST: usize = 50_000;

#[derive(Default)]
pub(super) struct Joined(HashMap<(ConversationId, UserId), Entry>);

struct Entry {
    first: Instant,
    /// When it is told the next time.
    due: Instant,
    was_told: bool,
}

impl Joined {
    /// The store says so, each for some time.
    pub(super) fn note(&mut self, joined: Vec<(ConversationId, UserId)>, now: Instant) {
        for place in joined {
            self.0.entry(place).or_insert(Entry { first: now, due: now + ON_THE_WAY, was_told: false });
        }
    }

    /// Who is to be told now where they are a member; where they know it, nothing happens.
    pub(super) fn due(&mut self, now: Instant, at_once: bool) -> BTreeMap<ConversationId, Vec<UserId>> {
        let at_once = at_once || self.0.len() > MOST;
        let mut due: BTreeMap<ConversationId, Vec<UserId>> = BTreeMap::new();
        self.0.retain(|(conversation, user), entry| {
            if entry.due <= now || (at_once && !entry.was_told) {
                due.entry(*conversation).or_default().push(*user);
                (entry.was_told, entry.due) = (true, now + ON_THE_WAY);
            }
            // As long as the store says it again, plus the time until it is told once.
            now.duration_since(entry.first) <= OVERLAP + ON_THE_WAY
        });
        due
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use uuid::Uuid;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_joined_is_told_late_twice_and_then_forgotten() {
        let (place, begin) =
            ((ConversationId(Uuid::from_u128(1)), UserId(Uuid::from_u128(2))), Instant::now());
        let mut joined = Joined::default();
        let mut told = Vec::new();
        for half_seconds in 0..30_u32 {
            let now = begin + Duration::from_millis(500) * half_seconds;
            if now.duration_since(begin) <= OVERLAP {
                joined.note(vec![place], now);
            }
            if !joined.due(now, false).is_empty() {
                told.push(now.duration_since(begin).as_secs());
            }
        }
        assert_eq!(told, [3, 6]);
        assert!(joined.0.is_empty());
        joined.note(vec![place], begin);
        assert_eq!(joined.due(begin, true).len(), 1, "at once where the bus is away");
        assert!(joined.due(begin, true).is_empty(), "and not at each look");
    }
}
