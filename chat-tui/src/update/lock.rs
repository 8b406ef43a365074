//! `/lock`: hides the screen until the passphrase is typed.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::{Effects, complain, say_so};
use crate::effect::{Effect, Try};
use crate::state::State;
use crate::state::lock::{LEAST, Lock, Step};

/// Locks the screen; the first time, or if a new one is wished, the passphrase is chosen.
pub(super) fn lock(state: &mut State, new: bool) {
    let step = if new || state.lock_hash.is_none() { Step::New } else { Step::Open };
    state.lock = Some(Lock::new(step));
    (state.notice, state.selected, state.confirm) = (None, None, None);
}

/// Keys while the lock is shown do nothing else.
pub(super) fn key(state: &mut State, key: KeyEvent, effects: &mut Effects) {
    let Some(lock) = &mut state.lock else { return };
    if lock.busy {
        return;
    }
    let is_plain = matches!(key.modifiers, KeyModifiers::NONE | KeyModifiers::SHIFT);
    match key.code {
        KeyCode::Enter => enter(state, effects),
        KeyCode::Esc if !lock.is_closed() => state.lock = None,
        KeyCode::Backspace => lock.pop(),
        KeyCode::Char('u') if key.modifiers == KeyModifiers::CONTROL => lock.clear(),
        // Letters of some layouts come with AltGr, which is both of these.
        KeyCode::Char(c) if is_plain || key.modifiers == KeyModifiers::CONTROL | KeyModifiers::ALT => {
            lock.push(c.encode_utf8(&mut [0; 4]));
        }
        _ => {}
    }
}

fn enter(state: &mut State, effects: &mut Effects) {
    let now_ms = state.now.ms;
    let Some(lock) = &mut state.lock else { return };
    if lock.letters() == 0 || now_ms < lock.wait_until_ms {
        return;
    }
    match lock.step.clone() {
        Step::New if lock.letters() < LEAST => lock.error = Some("Take at least four letters"),
        Step::New => lock.step = Step::Again(lock.take()),
        Step::Again(first) => {
            let again = lock.take();
            if again.expose() == first.expose() {
                lock.busy = true;
                effects.add(Effect::Lock(Try::Set(again)));
            } else {
                *lock = Lock::new(Step::New);
                lock.error = Some("These were two different ones; choose again");
            }
        }
        Step::Open => {
            let Some(hash) = state.lock_hash.clone() else { return };
            lock.busy = true;
            effects.add(Effect::Lock(Try::Open(lock.take(), hash)));
        }
    }
}

/// The passphrase was chosen.
pub(super) fn set(state: &mut State, hash: Result<String, String>) -> bool {
    match hash {
        Ok(hash) => {
            state.lock_hash = Some(hash);
            lock(state, false);
        }
        Err(error) => {
            state.lock = None;
            complain(state, format!("Not locked: {error}"));
        }
    }
    true
}

/// A passphrase was looked at.
pub(super) fn tried(state: &mut State, fits: bool) -> bool {
    let now_ms = state.now.ms;
    let Some(lock) = state.lock.as_mut().filter(|lock| lock.is_closed()) else { return false };
    if fits {
        state.lock = None;
        state.last_key_ms = now_ms;
        say_so(state, "Unlocked".to_owned());
    } else {
        lock.refuse(now_ms);
    }
    true
}

/// Locks by itself when no key came for as long as the person has set.
pub(super) fn idle(state: &mut State) -> bool {
    let is_due = state.lock_due_ms().is_some_and(|due| due <= state.now.ms);
    if is_due {
        lock(state, false);
    }
    is_due
}
