//! Who works on an upload now.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use chat_proto::FileId;
use tokio::sync::OwnedMutexGuard;
use tokio_util::sync::CancellationToken;

/// How long to wait for a turn. Longer than storing a large file in a bucket takes.
const WAIT: Duration = Duration::from_secs(60);

/// Entries beyond which those that nobody uses are taken out of the map.
const CROWD: usize = 256;

/// One turn at a time for each upload; who comes asks the one before to make way. The lock on the
/// map is held only to look something up.
#[derive(Default)]
pub(super) struct Turns {
    slots: Mutex<HashMap<FileId, Weak<Slot>>>,
}

#[derive(Default)]
struct Slot {
    turn: Arc<tokio::sync::Mutex<()>>,
    /// Tells the one whose turn it is that somebody waits.
    wanted: Mutex<CancellationToken>,
}

/// As long as this is held, nobody else works on the upload.
pub(super) struct Turn {
    wanted: CancellationToken,
    _slot: Arc<Slot>,
    _turn: OwnedMutexGuard<()>,
}

impl Turn {
    /// Returns when somebody else wants it.
    pub(super) async fn is_wanted(&self) {
        self.wanted.cancelled().await;
    }
}

impl Turns {
    /// Waits for a turn; `None` if that takes too long.
    pub(super) async fn take(&self, file: FileId) -> Option<Turn> {
        let slot = self.slot(file);
        lock(&slot.wanted).cancel();
        let turn = tokio::time::timeout(WAIT, slot.turn.clone().lock_owned()).await.ok()?;
        let wanted = CancellationToken::new();
        *lock(&slot.wanted) = wanted.clone();
        Some(Turn { wanted, _slot: slot, _turn: turn })
    }

    fn slot(&self, file: FileId) -> Arc<Slot> {
        let mut slots = lock(&self.slots);
        if let Some(slot) = slots.get(&file).and_then(Weak::upgrade) {
            return slot;
        }
        if slots.len() > CROWD {
            slots.retain(|_, slot| slot.strong_count() > 0);
        }
        let slot = Arc::new(Slot::default());
        slots.insert(file, Arc::downgrade(&slot));
        slot
    }
}

/// A map that was being read when a thread died is still a map.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[tokio::test]
    async fn who_comes_later_gets_the_turn_when_the_first_makes_way() {
        let (turns, file) = (Arc::new(Turns::default()), FileId(Uuid::from_u128(1)));
        let first = turns.take(file).await.unwrap();
        let second = tokio::spawn({
            let turns = turns.clone();
            async move { turns.take(file).await.is_some() }
        });
        first.is_wanted().await;
        drop(first);
        assert!(second.await.unwrap());
        assert!(turns.take(FileId(Uuid::from_u128(2))).await.is_some(), "others do not wait");
    }
}
