//! A text that must not be seen in a log.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A password, token or invite code. Its `Debug` form hides it, and it has no `Display`.
///
/// Comparing two is for those from one hand, as an old and a new password; what is stored is a hash,
/// and is checked as one.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Wraps a text that must not be logged.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one place that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(hidden)")
    }
}
