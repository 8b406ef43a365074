//! What goes to stdout: lines that a terminal is not harmed by, or JSON, flushed at once.

use std::io::{ErrorKind, Write};

use chat_proto::{Conversation, Event, EventKind, RoomRules, SafeText, Timestamp};
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
            true => self.raw(&serde_json::to_string(thing).unwrap_or_default()),
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

    /// Prints a line of JSON as it is: JSON has no control characters, and programs want the rest.
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
        None => match conversation.with.first() {
            Some(person) => format!("@{}", person.name),
            None => conversation.id.to_string(),
        },
    }
}

/// The rules of a room in words.
pub(crate) fn rules_in_words(rules: RoomRules) -> String {
    let mut words = Vec::new();
    if rules.announcement {
        words.push("only moderators begin messages".to_owned());
    }
    if rules.slow_mode_s > 0 {
        words.push(format!("one message in {} s", rules.slow_mode_s));
    }
    if rules.archived {
        words.push("archived".to_owned());
    }
    if words.is_empty() { "everybody writes".to_owned() } else { words.join(", ") }
}

/// An event in words; further lines of a message are set in, so that they cannot pass for others.
pub(crate) fn words(event: &Event) -> String {
    let author = &event.author.name;
    match &event.what {
        EventKind::Message(message) => {
            let text = SafeText::block(message.body.as_str()).to_string().replace('\n', "\n    ");
            format!("{author}: {text}")
        }
        EventKind::Tombstone(_) => "(deleted)".to_owned(),
        EventKind::Edited { target, .. } => format!("* {author} edited message {target}"),
        EventKind::Deleted { target } => format!("* {author} deleted message {target}"),
        EventKind::Reaction { target, emoji, on: true } => {
            format!("* {author} reacted with {emoji} to message {target}")
        }
        EventKind::Reaction { target, emoji, on: false } => {
            format!("* {author} took {emoji} back from message {target}")
        }
        EventKind::Pinned { target, on: true } => format!("* {author} pinned message {target}"),
        EventKind::Pinned { target, on: false } => format!("* {author} unpinned message {target}"),
        EventKind::Invited { user } => format!("* {author} invited {}", user.name),
        EventKind::Removed { user, reason } if reason.is_empty() => {
            format!("* {author} put out {}", user.name)
        }
        EventKind::Removed { user, reason } => format!("* {author} put out {}: {reason}", user.name),
        EventKind::Role { user, role } => format!("* {author} made {} {role}", user.name),
        EventKind::Renamed { name } => format!("* {author} renamed the room to #{name}"),
        EventKind::Described { description } if description.is_empty() => {
            format!("* {author} removed the description")
        }
        EventKind::Described { description } => {
            let text = SafeText::block(description.as_str()).to_string().replace('\n', "\n    ");
            format!("* {author} described the room: {text}")
        }
        EventKind::Rules { rules } => format!("* {author} set the rules: {}", rules_in_words(*rules)),
        EventKind::Created { .. } => format!("* {author} began this conversation"),
        EventKind::Joined => format!("* {author} joined"),
        EventKind::Left => format!("* {author} left"),
        EventKind::Topic { topic } if topic.as_str().is_empty() => format!("* {author} removed the topic"),
        EventKind::Topic { topic } => format!("* {author} set the topic: {topic}"),
        EventKind::Unknown => format!("* {author} did something that this version does not know"),
    }
}
