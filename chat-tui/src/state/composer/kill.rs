//! What was killed, to be yanked: a ring, as in a shell.

/// Kills that are kept; nobody goes further back.
const KILLS: usize = 16;

/// See the module.
#[derive(Debug, Clone, Default)]
pub(super) struct Kills {
    /// The newest at the end.
    ring: Vec<String>,
    last: Last,
}

/// What the last edit was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Last {
    #[default]
    Other,
    Kill,
    /// The kill that was put in, counted from the newest.
    Yank(usize),
}

impl Kills {
    /// Something else was done: the next kill is a new one.
    pub(super) fn other(&mut self) {
        self.last = Last::Other;
    }

    /// Keeps a text; after another kill it joins that one, at its end or `before` it.
    pub(super) fn keep(&mut self, text: String, before: bool) {
        if text.is_empty() {
            return;
        }
        let joins = self.last == Last::Kill;
        self.last = Last::Kill;
        match self.ring.last_mut().filter(|_| joins) {
            Some(newest) if before => newest.insert_str(0, &text),
            Some(newest) => newest.push_str(&text),
            None => {
                if self.ring.len() >= KILLS {
                    self.ring.remove(0);
                }
                self.ring.push(text);
            }
        }
    }

    /// The newest; it is put in now.
    pub(super) fn yank(&mut self) -> &str {
        self.last = Last::Yank(0);
        self.ring.last().map_or("", String::as_str)
    }

    /// After a yank: the kill before the one that was put in, which is put in now. After the oldest
    /// comes the newest.
    pub(super) fn older(&mut self) -> Option<String> {
        let Last::Yank(at) = self.last else { return None };
        let next = (at + 1) % self.ring.len().max(1);
        self.last = Last::Yank(next);
        self.ring.iter().rev().nth(next).cloned()
    }
}
