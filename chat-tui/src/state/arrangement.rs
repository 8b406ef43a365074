//! How a person has arranged the screen: what is folded, what was used last. It is kept over a
//! restart, beside the cache; settings, which are written by hand, are in a file.

use std::collections::BTreeSet;

use chat_proto::{ConversationId, Emoji};
use serde::{Deserialize, Serialize};

use super::list::Group;

/// The name under which it is kept.
pub(crate) const NOTE: &str = "arrangement";

/// Emoji that are remembered: as many as there are digits to choose one by.
pub(crate) const RECENT_EMOJI: usize = 9;

/// Conversations whose own place is remembered.
const PLACES: usize = 1_000;

/// See the module.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Arrangement {
    /// The groups of the list that show only what waits.
    pub(crate) folded: BTreeSet<Group>,
    /// Columns of the list, where they were chosen.
    pub(crate) list_columns: Option<u16>,
    /// The order that the person gave to conversations.
    pub(crate) order: Vec<ConversationId>,
    /// The emoji used last, the newest first.
    pub(crate) emoji: Vec<Emoji>,
}

impl Arrangement {
    /// As it was kept; what cannot be read is as at the beginning.
    #[must_use]
    pub(crate) fn read(text: &str) -> Self {
        let mut read: Self = serde_json::from_str(text).unwrap_or_default();
        read.order.truncate(PLACES);
        read.emoji.truncate(RECENT_EMOJI);
        read
    }

    /// To be kept.
    #[must_use]
    pub(crate) fn written(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Folds a group, or unfolds it.
    pub(crate) fn fold(&mut self, group: Group) {
        if !self.folded.remove(&group) {
            self.folded.insert(group);
        }
    }

    /// Remembers that an emoji was used; says whether that changes anything.
    pub(crate) fn used(&mut self, emoji: &Emoji) -> bool {
        if self.emoji.first() == Some(emoji) {
            return false;
        }
        self.emoji.retain(|other| other != emoji);
        self.emoji.insert(0, emoji.clone());
        self.emoji.truncate(RECENT_EMOJI);
        true
    }

    /// Moves a conversation within the rows of its group, which stand like this now.
    pub(crate) fn shift(&mut self, rows: &[ConversationId], id: ConversationId, by: isize) -> bool {
        let Some(at) = rows.iter().position(|row| *row == id) else { return false };
        let to = at.saturating_add_signed(by).min(rows.len().saturating_sub(1));
        let mut rows = rows.to_vec();
        rows.remove(at);
        rows.insert(to, id);
        self.order.retain(|other| !rows.contains(other));
        self.order.extend(rows);
        let spare = self.order.len().saturating_sub(PLACES);
        self.order.drain(..spare);
        at != to
    }
}
