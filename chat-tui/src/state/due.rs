//! When something happens that no key and no news will bring.

use chat_client::Connection;

use super::State;
use super::attention::to_next_minute;

impl State {
    /// Seconds until the next try, while one is waited for.
    #[must_use]
    pub fn retry_in_s(&self) -> Option<u64> {
        let Connection::Waiting { retry_in, .. } = &self.link.connection else { return None };
        let passed = self.now.ms.saturating_sub(self.link.since_ms);
        let left = u64::try_from(retry_in.as_millis()).unwrap_or(u64::MAX).saturating_sub(passed);
        Some(left.div_ceil(1_000))
    }

    /// When the screen locks by itself.
    pub(crate) fn lock_due_ms(&self) -> Option<u64> {
        let minutes = u64::from(self.settings.lock_minutes.0);
        let is_wanted = minutes > 0 && self.lock.is_none() && self.lock_hash.is_some();
        is_wanted.then(|| self.last_key_ms + minutes * 60_000)
    }

    /// When the next thing happens that no key and no news will bring: `None` lets the program
    /// sleep until something comes.
    #[must_use]
    pub fn next_due_ms(&self) -> Option<u64> {
        let countdown = self.retry_in_s().filter(|left| *left > 0).map(|left| {
            let Connection::Waiting { retry_in, .. } = &self.link.connection else { return u64::MAX };
            let end =
                self.link.since_ms.saturating_add(u64::try_from(retry_in.as_millis()).unwrap_or(u64::MAX));
            // The moment at which one second less is left.
            end.saturating_sub((left - 1).saturating_mul(1_000))
        });
        let away = (!self.idle && !self.away && self.me.is_some())
            .then(|| self.last_key_ms + crate::update::AWAY_AFTER_MS);
        let clock = self.hush.will_change.then(|| self.now.ms + to_next_minute(self.now.clock));
        // What only moves on the screen waits until the account is there.
        let on_screen = [
            self.people.writing_due_ms(),
            self.motion_due_ms(),
            countdown,
            self.lock_due_ms(),
            self.ask_due_ms,
        ];
        let on_screen = on_screen.into_iter().filter(|_| !self.aside);
        let due = [self.draft_due_ms, away, self.thread_due_ms, clock];
        on_screen.chain(due).flatten().min()
    }
}
