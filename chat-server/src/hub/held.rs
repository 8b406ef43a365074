//! Who is to be woken for a message to many.
//!
//! A call of the system for each recipient is nearly all that a message in a large room costs. While more
//! waits for the shard, what it has delivered may wait for what it delivers next, and leaves with
//! it in one call. With nothing else to do, everybody is woken at once.

use std::task::Waker;
use std::time::{Duration, Instant};

/// Members from which on a message is one to many. Below, the commit costs more than the calls, and
/// those who answer each other would wait for nothing.
pub(super) const HELD_FROM: usize = 64;

/// No message waits longer than this and the turn that is under way then. Shorter than anybody sees, and
/// as long as a few commits on a usual disk.
const HELD_FOR: Duration = Duration::from_millis(4);

/// Those who wait, each once: whoever is here has left their outbox.
#[derive(Default)]
pub(super) struct Held {
    takers: Vec<Waker>,
    since: Option<Instant>,
}

impl Held {
    /// These are to be woken.
    pub(super) fn add(&mut self, takers: Vec<Waker>) {
        if !takers.is_empty() {
            self.since.get_or_insert_with(Instant::now);
            self.takers.extend(takers);
        }
    }

    /// Wakes them, unless there is more to come and none has waited for long.
    pub(super) fn release(&mut self, more_comes: bool) {
        let is_patient = self.since.is_some_and(|since| since.elapsed() < HELD_FOR);
        if !(more_comes && is_patient) {
            self.takers.drain(..).for_each(Waker::wake);
            self.since = None;
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.release(false);
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

    #[test]
    fn who_waits_is_woken_when_nothing_more_comes_or_they_have_waited_long_enough() {
        let count = Arc::new(Count::default());
        let woken = || count.0.load(Ordering::Relaxed);
        let mut held = Held::default();
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
}
