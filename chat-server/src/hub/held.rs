//! Who is to be woken for a message to many.
//!
//! A call of the system for each recipient is nearly all that a message in a large room costs. While more
//! waits for the shard, what it has delivered may wait for what it delivers next, and leaves with
//! it in one call. With nothing else to do, everybody is woken.
//!
//! Never thousands at once, though: a task that is woken stands behind all that were woken before, and so would the
//! shard when its commit has ended, and whatever else this server does. The rest is woken in waves, each when the one
//! before has been written, and whoever has to wait for theirs finds there what came in the meantime, too.

use std::task::Waker;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

/// Members from which on a message is one to many. Below, the commit costs more than the calls, and
/// those who answer each other would wait for nothing.
pub(super) const HELD_FROM: usize = 64;

/// No message waits longer than this and the turn that is under way then. Shorter than anybody sees, and
/// as long as a few commits on a usual disk.
const HELD_FOR: Duration = Duration::from_millis(4);

/// Woken at once. A thread of the runtime looks at what comes from outside of it after some sixty tasks, and whoever
/// yields there has their next turn then: more than those would pile up.
const WAVE: usize = 32;

/// Releases that may wait while one is under way, each of as many as are connected at the most. Held messages
/// leave together, so these are a quarter of a second; what does not fit is woken at once.
const RELEASES: usize = 64;

/// Those who wait: whoever is here has left their outbox.
pub(super) struct Held {
    takers: Vec<Waker>,
    since: Option<Instant>,
    /// Wakes in waves whom it is given, and ends with this.
    waves: mpsc::Sender<Vec<Waker>>,
}

impl Held {
    /// Nobody yet. Within a runtime.
    pub(super) fn start() -> Self {
        let (waves, released) = mpsc::channel(RELEASES);
        tokio::spawn(roll(released));
        Self { takers: Vec::new(), since: None, waves }
    }

    /// These are to be woken.
    pub(super) fn add(&mut self, takers: Vec<Waker>) {
        if !takers.is_empty() {
            self.since.get_or_insert_with(Instant::now);
            self.takers.extend(takers);
        }
    }

    /// Begins to wake them, unless there is more to come and none has waited for long.
    pub(super) fn release(&mut self, more_comes: bool) {
        let is_patient = self.since.is_some_and(|since| since.elapsed() < HELD_FOR);
        if more_comes && is_patient {
            return;
        }
        self.since = None;
        if self.takers.len() <= WAVE {
            return self.takers.drain(..).for_each(Waker::wake);
        }
        if let Err(left) = self.waves.try_send(std::mem::take(&mut self.takers)) {
            left.into_inner().into_iter().for_each(Waker::wake);
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.release(false);
    }
}

async fn roll(mut released: mpsc::Receiver<Vec<Waker>>) {
    while let Some(takers) = released.recv().await {
        let mut takers = takers.into_iter();
        while takers.len() > 0 {
            takers.by_ref().take(WAVE).for_each(Waker::wake);
            tokio::task::yield_now().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[tokio::test]
    async fn who_waits_is_woken_when_nothing_more_comes_or_they_have_waited_long_enough() {
        let count = Arc::new(Count::default());
        let woken = || count.0.load(Ordering::Relaxed);
        let mut held = Held::start();
        held.add(vec![count.clone().into(), count.clone().into()]);
        held.release(true);
        assert_eq!(woken(), 0);
        held.release(false);
        assert_eq!(woken(), 2);
        held.add(vec![count.clone().into()]);
        held.since = Instant::now().checked_sub(HELD_FOR);
        held.release(true);
        assert_eq!(woken(), 3);
        held.add(vec![count.clone().into()]);
        drop(held);
        assert_eq!(woken(), 4, "also when its shard ends");
    }

    #[tokio::test]
    async fn many_are_woken_in_waves_between_which_others_have_their_turn() {
        let many = 2 * WAVE + 1;
        let count = Arc::new(Count::default());
        let woken = || count.0.load(Ordering::Relaxed);
        let mut held = Held::start();
        held.add(vec![count.clone().into(); many]);
        held.release(false);
        let mut waves = vec![woken()];
        while woken() < many {
            tokio::task::yield_now().await;
            waves.push(woken());
        }
        waves.dedup();
        assert_eq!(waves, [0, WAVE, 2 * WAVE, many]);
    }

    #[tokio::test]
    async fn whoever_finds_no_room_is_woken_at_once() {
        let count = Arc::new(Count::default());
        let mut held = Held::start();
        for _ in 0..=RELEASES {
            held.add(vec![count.clone().into(); WAVE + 1]);
            held.release(false);
        }
        assert_eq!(count.0.load(Ordering::Relaxed), WAVE + 1);
        drop(held);
        while count.0.load(Ordering::Relaxed) < (RELEASES + 1) * (WAVE + 1) {
            tokio::task::yield_now().await;
        }
    }
}
