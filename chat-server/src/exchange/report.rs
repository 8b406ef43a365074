//! What an import did, or would do.

use std::collections::BTreeMap;

use serde::Serialize;

/// Lines about single things; after so many, only their number is told.
const NOTES: usize = 50;

/// What came, what was here, and what cannot come.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Whether nothing was changed, because it was only asked.
    pub dry_run: bool,
    /// New accounts. They have no password until somebody sets one.
    pub users_made: u64,
    /// Accounts that were here under their name.
    pub users_matched: u64,
    /// New conversations.
    pub conversations_made: u64,
    /// New events.
    pub events: u64,
    /// Events that were here already.
    pub events_known: u64,
    /// New files.
    pub files: u64,
    /// New lines of what people keep and where they stand: followed threads, inboxes, saved messages,
    /// invitations, blocks, bans, reports, the audit log.
    pub asides: u64,
    /// What is different here, in words.
    pub notes: Vec<String>,
    /// Notes beyond those.
    pub more_notes: u64,
    /// What was left out, by its kind.
    pub left_out: BTreeMap<String, u64>,
}

impl Report {
    /// Tells something about one thing.
    pub(super) fn note(&mut self, words: String) {
        if self.notes.len() < NOTES {
            self.notes.push(words);
        } else {
            self.more_notes += 1;
        }
    }

    /// Counts something that does not come.
    pub(super) fn leave_out(&mut self, what: &str) {
        *self.left_out.entry(what.to_owned()).or_default() += 1;
    }

    /// For people.
    #[must_use]
    pub fn words(&self) -> String {
        let would = if self.dry_run { "would come" } else { "came" };
        let mut text = format!(
            "{would}: {} accounts, {} conversations, {} events, {} files, {} other lines\nhere already: {} accounts by name, {} events\n",
            self.users_made,
            self.conversations_made,
            self.events,
            self.files,
            self.asides,
            self.users_matched,
            self.events_known
        );
        for note in &self.notes {
            text.push_str(&format!("note: {note}\n"));
        }
        if self.more_notes > 0 {
            text.push_str(&format!("and {} notes like these\n", self.more_notes));
        }
        for (what, times) in &self.left_out {
            text.push_str(&format!("left out: {what} ({times})\n"));
        }
        text
    }
}
