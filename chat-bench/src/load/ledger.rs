//! Which messages are under way, and who has still to hear of them.

use anyhow::{Context, Result, ensure};

/// Messages that can be under way; a ring, so that nothing is allocated for each.
const ROOM: usize = 1 << 20;

/// A message under way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Who do not have it yet.
    pub(crate) readers: u32,
    /// Whether its sender has the answer.
    pub(crate) answered: bool,
    /// Its sender.
    pub(crate) from: u32,
    /// Its route.
    pub(crate) route: usize,
    /// When it was due.
    pub(crate) due: u64,
}

/// The messages under way, by their numbers.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    entries: Vec<Entry>,
    /// The number of the next one.
    next: u32,
    under_way: usize,
}

impl Ledger {
    /// One more; returns its number.
    ///
    /// # Errors
    /// There is no room: the one whose place it would take is not done.
    pub(crate) fn open(&mut self, entry: Entry) -> Result<u32> {
        let number = self.next;
        let at = place(number);
        if at == self.entries.len() {
            self.entries.push(entry);
        } else {
            let old = self.entries[at];
            ensure!(old.readers == 0 && old.answered, "a million messages are under way");
            self.entries[at] = entry;
        }
        self.next = self.next.wrapping_add(1);
        self.under_way += 1;
        Ok(number)
    }

    /// Somebody has it.
    ///
    /// # Errors
    /// Everybody had it already, or it was never sent.
    pub(crate) fn delivered(&mut self, number: u32) -> Result<Entry> {
        let entry = self.entries.get_mut(place(number)).filter(|entry| entry.readers > 0);
        let entry = entry
            .with_context(|| format!("message {number} was delivered more often than it has readers"))?;
        entry.readers -= 1;
        let entry = *entry;
        Ok(self.settle(entry))
    }

    /// Its sender has the answer.
    ///
    /// # Errors
    /// They had it already, or it was never sent.
    pub(crate) fn answered(&mut self, number: u32) -> Result<Entry> {
        let entry = self.entries.get_mut(place(number)).filter(|entry| !entry.answered);
        let entry = entry.with_context(|| format!("message {number} was answered twice"))?;
        entry.answered = true;
        let entry = *entry;
        Ok(self.settle(entry))
    }

    /// How many are under way.
    pub(crate) fn under_way(&self) -> usize {
        self.under_way
    }

    /// Whether there will soon be no room.
    pub(crate) fn is_nearly_full(&self) -> bool {
        self.under_way > ROOM / 2
    }

    fn settle(&mut self, entry: Entry) -> Entry {
        if entry.readers == 0 && entry.answered {
            self.under_way -= 1;
        }
        entry
    }
}

fn place(number: u32) -> usize {
    number as usize % ROOM
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(readers: u32) -> Entry {
        Entry { readers, ..Entry::default() }
    }

    #[test]
    fn a_message_is_done_when_all_have_it_and_it_is_answered() {
        let mut ledger = Ledger::default();
        let number = ledger.open(entry(2)).unwrap();
        assert_eq!(ledger.delivered(number).unwrap().readers, 1);
        assert!(ledger.answered(number).is_ok());
        assert_eq!(ledger.under_way(), 1);
        assert_eq!(ledger.delivered(number).unwrap().readers, 0);
        assert_eq!(ledger.under_way(), 0);
    }

    #[test]
    fn what_comes_too_often_is_an_error() {
        let mut ledger = Ledger::default();
        let number = ledger.open(entry(1)).unwrap();
        ledger.delivered(number).unwrap();
        assert!(ledger.delivered(number).unwrap_err().to_string().contains("more often"));
        ledger.answered(number).unwrap();
        assert!(ledger.answered(number).unwrap_err().to_string().contains("twice"));
        assert!(ledger.delivered(number + 1).is_err(), "never sent");
    }

    #[test]
    fn the_ring_takes_no_place_that_is_not_free() {
        let mut ledger = Ledger::default();
        for _ in 0..ROOM {
            ledger.open(entry(0)).unwrap();
        }
        assert!(ledger.is_nearly_full() && ledger.open(entry(0)).is_err());
        ledger.answered(0).unwrap();
        assert_eq!(ledger.open(entry(0)).unwrap() as usize, ROOM);
    }
}
