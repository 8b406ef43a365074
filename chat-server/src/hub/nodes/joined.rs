//! Who became a member of what, as the store says it: told again where a node that should have told
//! it may have failed to, or this one could not follow.

use std::collections::{BTreeMap, HashMap};

use chat_proto::{ConversationId, UserId};
use tokio::time::Instant;

use super::listener::ON_THE_WAY;

/// Entries; beyond that, the store is believed at once.
const MOST: usize = 50_000;

/// How often somebody is told that they joined. The first time a node may still count them in, because it has not
/// heard that they had left before; by the second it has.
const TIMES: u8 = 2;

#[derive(Default)]
pub(super) struct Joined(HashMap<(ConversationId, UserId), Entry>);

struct Entry {
    /// When it is told the next time.
    due: Instant,
    /// How often it is still told.
    times: u8,
    was_told: bool,
}

impl Joined {
    /// The store says so, once or for as long as something older may come to sight there.
    pub(super) fn note(&mut self, joined: Vec<(ConversationId, UserId)>, now: Instant) {
        for place in joined {
            let begin = Entry { due: now + ON_THE_WAY, times: TIMES, was_told: false };
            // Whoever has come again since is told as if for the first time.
            self.0.entry(place).or_insert(begin).times = TIMES;
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
                entry.times -= 1;
            }
            entry.times > 0
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
    async fn who_joined_is_told_late_and_twice_and_again_when_they_join_again() {
        let (place, begin) =
            ((ConversationId(Uuid::from_u128(1)), UserId(Uuid::from_u128(2))), Instant::now());
        let mut joined = Joined::default();
        let mut told = Vec::new();
        for half_seconds in 0..60_u32 {
            let now = begin + Duration::from_millis(500) * half_seconds;
            if [0, 25, 34].contains(&half_seconds) {
                joined.note(vec![place], now);
            }
            if !joined.due(now, false).is_empty() {
                told.push(half_seconds);
            }
        }
        assert_eq!(told, [6, 12, 31, 37, 43], "the third time it was said, it was told once of twice");
        assert!(joined.0.is_empty());
        joined.note(vec![place], begin);
        assert_eq!(joined.due(begin, true).len(), 1, "at once where the bus is away");
        assert!(joined.due(begin, true).is_empty(), "and not at each look");
    }
}
