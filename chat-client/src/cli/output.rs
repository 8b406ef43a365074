//! What goes to stdout: lines that a terminal is not harmed by, or JSON, flushed at once.

use std::io::{ErrorKind, Write};

use chat_proto::{Conversation, SafeText, Timestamp};
use jiff::tz::TimeZone;
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
        let written = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
        written.map_err(|error| match error.kind() {
            ErrorKind::BrokenPipe => Failure::quiet(),
            _ => Failure::usage(format!("cannot write the output: {error}")),
        })
    }
}

/// The same JSON, with what a terminal might obey written as escapes: JSON itself escapes only the
/// C0 controls.
pub(crate) fn harmless(json: &str) -> String {
    let is_plain = |c: char| {
        !c.is_control()
            && !matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        match is_plain(c) {
            true => text.push(c),
            false => text.push_str(&format!("\\u{:04x}", u32::from(c))),
        }
    }
    text
}

/// A time by the local clock, in jiff's format.
pub(crate) fn local_time(at: Timestamp, format: &str) -> String {
    match jiff::Timestamp::from_millisecond(at.0) {
        Ok(time) => time.to_zoned(TimeZone::system()).strftime(format).to_string(),
        Err(_) => "?".to_owned(),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_harms_no_terminal_and_says_the_same() {
        let text = "a\u{9b}31m\u{7f}\u{202e}\u{2028}é日👍\u{1b}";
        let json = serde_json::to_string(text).unwrap();
        let shown = harmless(&json);
        assert!(!shown.chars().any(|c| c.is_control() || c == '\u{202e}'), "{shown}");
        assert!(shown.contains("é日👍"));
        assert_eq!(serde_json::from_str::<String>(&shown).unwrap(), text);
    }
}
