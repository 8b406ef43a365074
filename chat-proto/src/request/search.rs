//! Search: what is asked and what is found. The query language is [`crate::SearchQuery`].

use serde::{Deserialize, Serialize};

use crate::Event;
use crate::absent::is_default;

/// Payload of `search`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Search {
    /// What to look for, in the language of [`crate::SearchQuery`].
    pub query: String,
    /// What comes first; the best match if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<SearchOrder>,
    /// From the page before, which answered the same query and order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// How many hits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// What comes first in a search.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SearchOrder {
    /// The best match; a newer message counts for more. At most
    /// [`crate::limits::SEARCH_HITS`] hits. Without a word to match, the same as `newest`.
    #[default]
    Best,
    /// The newest message. Without an end.
    Newest,
}

/// The answer to `search`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SearchPage {
    /// What was found. A page may be short, and even empty, while there are more: long messages
    /// end it early, and what was deleted meanwhile is left out.
    pub hits: Vec<Hit>,
    /// Ask again with this for more; absent at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// True while the server, after an upgrade or an import, has messages that it cannot find yet.
    #[serde(default, skip_serializing_if = "is_default")]
    pub indexing: bool,
}

/// A message that was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hit {
    /// The message as it stands now.
    pub event: Event,
    /// One line of its text around the first match, cut on whole characters, with `…` where
    /// something was left out. It is clean already: see [`crate::SafeText`].
    pub snippet: String,
    /// What to mark in `snippet`: from and to, counted in Unicode scalar values, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub marks: Vec<[usize; 2]>,
}
