//! Conversations whose turns have to look before they write.
//!
//! Most turns are written by one statement that does nothing where another node was first, or a webhook wants
//! to hear of it. Where that is so now, it nearly always is so again at the next turn, which then does not try.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::batch::Heads;

/// How long one that had to look does not try without; some dozens of commits, so that a room in which nodes
/// argue hardly ever tries in vain, and one in which they met by chance soon does again.
const LASTS: Duration = Duration::from_millis(100);

/// Conversations noted. Beyond that all are forgotten, which costs each a try in vain.
const NOTED: usize = 4_096;

/// See the module. A lock, because turns are written on threads; held for a look.
#[derive(Debug, Clone, Default)]
pub(super) struct Detours(Arc<Mutex<HashMap<Uuid, Instant>>>);

impl Detours {
    /// Whether one of these has to look.
    pub(super) fn concern(&self, conversations: &Heads) -> bool {
        let noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let has_to = |id: &Uuid| noted.get(id).is_some_and(|since| since.elapsed() < LASTS);
        !noted.is_empty() && conversations.keys().any(has_to)
    }

    /// These had to look.
    pub(super) fn note(&self, conversations: impl IntoIterator<Item = Uuid>) {
        let mut conversations = conversations.into_iter().peekable();
        if conversations.peek().is_none() {
            return;
        }
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.len() >= NOTED {
            noted.clear();
        }
        let now = Instant::now();
        noted.extend(conversations.map(|id| (id, now)));
    }
}
