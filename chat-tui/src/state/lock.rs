//! The lock over the screen: what hides everything from who passes by.
//!
//! It keeps off people at the keyboard, not programs on this machine: who may read the files of this
//! account reads the cache, too.

use chat_proto::Secret;

/// Letters of a passphrase; more is a mistake of the clipboard.
const LETTERS: usize = 256;

/// Fewer letters would be tried out in passing.
pub(crate) const LEAST: usize = 4;

/// The wait after a wrong passphrase, doubled with each up to the second.
const WAIT_MS: (u64, u64) = (1_000, 30_000);

/// What the passphrase being typed is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A new one.
    New,
    /// The new one again.
    Again(Secret),
    /// It opens the lock.
    Open,
}

/// The lock while it is shown.
#[derive(Debug, Clone)]
pub struct Lock {
    /// What is asked for.
    pub step: Step,
    typed: String,
    /// Whether a passphrase is being looked at.
    pub busy: bool,
    /// What went wrong. Our own words.
    pub error: Option<&'static str>,
    wrong: u32,
    /// Before this moment nothing is looked at.
    pub wait_until_ms: u64,
}

impl Lock {
    /// A lock that asks for this.
    #[must_use]
    pub fn new(step: Step) -> Self {
        Self { step, typed: String::new(), busy: false, error: None, wrong: 0, wait_until_ms: 0 }
    }

    /// How many letters are typed.
    #[must_use]
    pub fn letters(&self) -> usize {
        self.typed.chars().count()
    }

    /// Whether nothing of the chat may be seen or done: also while a passphrase is chosen, so that
    /// nobody takes its field for the composer.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.step == Step::Open
    }

    pub(crate) fn push(&mut self, text: &str) {
        self.error = None;
        let room = LETTERS.saturating_sub(self.letters());
        self.typed.extend(text.chars().filter(|c| !c.is_control()).take(room));
    }

    pub(crate) fn pop(&mut self) {
        self.typed.pop();
    }

    pub(crate) fn clear(&mut self) {
        self.typed.clear();
    }

    pub(crate) fn take(&mut self) -> Secret {
        Secret::new(std::mem::take(&mut self.typed))
    }

    /// The passphrase was wrong.
    pub(crate) fn refuse(&mut self, now_ms: u64) {
        let wait = WAIT_MS.0.saturating_mul(1 << self.wrong.min(10)).min(WAIT_MS.1);
        (self.busy, self.wrong) = (false, self.wrong + 1);
        self.error = Some("That is not the passphrase; wait a moment before you try again");
        self.wait_until_ms = now_ms + wait;
    }
}
