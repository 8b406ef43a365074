//! What commands print: lines for people, or one JSON object a line for programs.

use std::io::Write;

use serde::Serialize;

/// Standard output.
pub(super) struct Output {
    json: bool,
}

impl Output {
    /// For people, or for programs.
    pub(super) fn new(json: bool) -> Self {
        Self { json }
    }

    /// Prints one thing.
    ///
    /// # Errors
    /// If nobody reads.
    pub(super) fn put<T: Serialize>(
        &mut self,
        thing: &T,
        line: impl FnOnce() -> String,
    ) -> anyhow::Result<()> {
        let text = if self.json { serde_json::to_string(thing)? } else { line() };
        Ok(writeln!(std::io::stdout().lock(), "{text}")?)
    }
}
