//! What an admin sees while something long goes on: a line now and then, on standard error.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// How often a line may come. A script's log of an hour has then a few hundred.
const EVERY: Duration = Duration::from_secs(5);

/// The same for people who watch.
const EVERY_ON_TERMINAL: Duration = Duration::from_millis(200);

/// Tells how far something is.
pub struct Progress {
    shown: Option<Instant>,
    is_terminal: bool,
    is_quiet: bool,
    is_line_open: bool,
}

impl Progress {
    /// On standard error.
    #[must_use]
    pub fn new() -> Self {
        let is_terminal = std::io::stderr().is_terminal();
        Self { shown: None, is_terminal, is_quiet: false, is_line_open: false }
    }

    /// Tells nothing, for tests and for parts of something longer.
    #[must_use]
    pub fn quiet() -> Self {
        Self { is_quiet: true, ..Self::new() }
    }

    /// How far it is. Told only when some time has passed, so it may be called for every file.
    pub fn at(&mut self, words: impl FnOnce() -> String) {
        let every = if self.is_terminal { EVERY_ON_TERMINAL } else { EVERY };
        let is_time = self.shown.is_none_or(|shown| shown.elapsed() >= every);
        if self.is_quiet || !is_time {
            return;
        }
        self.shown = Some(Instant::now());
        let mut out = std::io::stderr().lock();
        // Nobody reading this is no reason to stop.
        if self.is_terminal {
            let _ = write!(out, "\r\x1b[K{}", words());
            self.is_line_open = true;
        } else {
            let _ = writeln!(out, "{}", words());
        }
        let _ = out.flush();
    }

    /// A line that stays.
    pub fn say(&mut self, words: &str) {
        if self.is_quiet {
            return;
        }
        self.end();
        let _ = writeln!(std::io::stderr().lock(), "{words}");
    }

    /// Ends the line that is written over and over.
    pub fn end(&mut self) {
        if std::mem::take(&mut self.is_line_open) {
            let _ = write!(std::io::stderr().lock(), "\r\x1b[K");
        }
    }
}

impl Default for Progress {
    fn default() -> Self {
        Self::new()
    }
}
