//! What goes to stdout: lines that a terminal is not harmed by, or JSON, flushed at once.

use std::io::{ErrorKind, Write};

pub(crate) use chat_client::words::{harmless, local_time};
use chat_proto::{Conversation, SafeText};
use serde::Serialize;

use super::failure::Failure;

/// Stdout, in one of its two forms.
pub(crate) struct Output {
    json: bool,
}

impl Output {
    /// Text, or JSON lines.
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether JSON is wanted.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// Prints a thing as JSON, or as the text that the closure gives.
    ///
    /// # Errors
    /// Quiet when nobody reads any more.
    pub(crate) fn put<T: Serialize>(
        &mut self,
        thing: &T,
        text: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        match self.json {
            true => self.raw(&harmless(&serde_json::to_string(thing).unwrap_or_default())),
            false => self.text(&text()),
        }
    }

    /// Prints lines that may have come from others.
    ///
    /// # Errors
    /// As [`Output::put`].
    pub(crate) fn text(&mut self, text: &str) -> Result<(), Failure> {
        self.raw(SafeText::block(text).as_str())
    }

    /// Prints a line as it is.
    ///
    /// # Errors
    /// As [`Output::put`].
    pub(crate) fn raw(&mut self, line: &str) -> Result<(), Failure> {
        let mut stdout = std::io::stdout().lock();
        written(writeln!(stdout, "{line}").and_then(|()| stdout.flush()))
    }
}

/// What became of printing: nobody reads any more, which ends a command quietly, or it failed.
///
/// # Errors
/// Either.
pub(crate) fn written(done: std::io::Result<()>) -> Result<(), Failure> {
    done.map_err(|error| match error.kind() {
        ErrorKind::BrokenPipe => Failure::quiet(),
        _ => Failure::usage(format!("cannot write the output: {error}")),
    })
}

/// What people call a conversation.
pub(crate) fn title(conversation: &Conversation) -> String {
    match &conversation.name {
        Some(name) => format!("#{name}"),
        None if conversation.with.is_empty() => conversation.id.to_string(),
        None => {
            let names = conversation.with.iter().map(|person| format!("@{}", person.name));
            names.collect::<Vec<_>>().join(",")
        }
    }
}
