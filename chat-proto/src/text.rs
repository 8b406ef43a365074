//! Texts that people write, checked once at the door.
//!
//! These hold what was written, byte for byte; [`crate::SafeText`] is what may be drawn.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};
use thiserror::Error;
use unicode_properties::UnicodeEmoji;
use unicode_segmentation::UnicodeSegmentation;

use crate::limits;

/// Why a text was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TextError {
    /// Nothing but white space.
    #[error("the text is empty")]
    Empty,
    /// Over the limit, which is named with its unit.
    #[error("the text is longer than {0} {1}")]
    TooLong(usize, &'static str),
    /// A control character where one line of plain text is wanted.
    #[error("the text has a control character or a line break")]
    Control,
    /// Not a time of day.
    #[error("a time of day is written as 22:00")]
    NotATime,
    /// Nothing like the name of a time zone.
    #[error("a time zone is named like Europe/Berlin")]
    NotAZone,
    /// None of the words that are known here.
    #[error("this word is not known here")]
    UnknownWord,
    /// Not one single emoji.
    #[error("a reaction is one emoji")]
    NotEmoji,
}

/// What a person wrote in a message: 1 to [`limits::MESSAGE_BYTES`] bytes, not only white space.
/// Or nothing at all ([`Body::default`]), beside files; the server sees to it that there are some.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Body(String);

impl Body {
    /// Takes a text as a message body, unchanged.
    ///
    /// # Errors
    /// [`TextError::Empty`] or [`TextError::TooLong`].
    pub fn new(text: impl Into<String>) -> Result<Self, TextError> {
        let text = text.into();
        if text.len() > limits::MESSAGE_BYTES {
            return Err(TextError::TooLong(limits::MESSAGE_BYTES, "bytes"));
        }
        if text.trim().is_empty() {
            return Err(TextError::Empty);
        }
        Ok(Self(text))
    }

    /// As [`Body::new`], and takes nothing for the body of a message with files.
    ///
    /// # Errors
    /// [`TextError::Empty`] for mere white space, or [`TextError::TooLong`].
    pub fn or_nothing(text: impl Into<String>) -> Result<Self, TextError> {
        let text = text.into();
        if text.is_empty() { Ok(Self::default()) } else { Self::new(text) }
    }

    /// Whether there is no text.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text as written. Not safe to draw: see [`crate::SafeText`].
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One line that says what a room is for, or why something was done; may be empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Topic(String);

impl Topic {
    /// Takes one line of text, trimmed.
    ///
    /// # Errors
    /// [`TextError::TooLong`] or [`TextError::Control`].
    pub fn new(text: impl AsRef<str>) -> Result<Self, TextError> {
        one_line(text.as_ref(), limits::TOPIC_CHARS).map(Self)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text as written. Not safe to draw: see [`crate::SafeText`].
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Some lines that say what a room is for; may be empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Description(String);

impl Description {
    /// Takes a text, trimmed.
    ///
    /// # Errors
    /// [`TextError::TooLong`].
    pub fn new(text: impl AsRef<str>) -> Result<Self, TextError> {
        let text = text.as_ref().trim();
        if text.chars().nth(limits::DESCRIPTION_CHARS).is_some() {
            return Err(TextError::TooLong(limits::DESCRIPTION_CHARS, "characters"));
        }
        Ok(Self(text.to_owned()))
    }

    /// The text as written. Not safe to draw: see [`crate::SafeText`].
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What a person or program calls the device of a session, for the list of sessions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct DeviceName(String);

impl DeviceName {
    /// Takes one line of text, trimmed.
    ///
    /// # Errors
    /// [`TextError::TooLong`] or [`TextError::Control`].
    pub fn new(text: impl AsRef<str>) -> Result<Self, TextError> {
        one_line(text.as_ref(), limits::DEVICE_NAME_CHARS).map(Self)
    }

    /// The text as given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A person's name in their own spelling; may be empty. It is shown beside the account's name and
/// never in its place, because nothing keeps two people from the same one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct DisplayName(String);

/// What a person is doing, in a few words; may be empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct StatusText(String);

/// The name of a time zone, such as `Europe/Zurich`; may be empty. Whether there is such a zone,
/// the server says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Zone(String);

macro_rules! one_liners {
    ($($name:ident $limit:expr;)+) => {$(
        impl $name {
            /// Takes one line of text, trimmed.
            ///
            /// # Errors
            /// [`TextError::TooLong`] or [`TextError::Control`].
            pub fn new(text: impl AsRef<str>) -> Result<Self, TextError> {
                one_line(text.as_ref(), $limit).map(Self)
            }

            /// Whether there is none.
            #[must_use]
            pub fn is_empty(&self) -> bool {
                self.0.is_empty()
            }

            /// The text as written. Not safe to draw: see [`crate::SafeText`].
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
    )+};
}

one_liners! {
    DisplayName limits::DISPLAY_NAME_CHARS;
    StatusText limits::STATUS_CHARS;
    Zone limits::ZONE_CHARS;
}

/// One emoji, as a reaction: a single grapheme that a terminal shows as a picture, at most
/// [`limits::EMOJI_BYTES`] long.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Emoji(String);

impl Emoji {
    /// Takes one emoji.
    ///
    /// # Errors
    /// [`TextError::NotEmoji`] for anything else.
    pub fn new(text: impl AsRef<str>) -> Result<Self, TextError> {
        let text = text.as_ref().trim();
        let is_one = text.len() <= limits::EMOJI_BYTES && text.graphemes(true).count() == 1;
        let is_picture = text.chars().any(|c| !c.is_ascii() && c.is_emoji_char() || matches!(c, '\u{20e3}'));
        let is_safe = crate::SafeText::is_safe_line(text);
        if is_one && is_picture && is_safe { Ok(Self(text.to_owned())) } else { Err(TextError::NotEmoji) }
    }

    /// The emoji. Safe to draw.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn one_line(text: &str, max_chars: usize) -> Result<String, TextError> {
    let text = text.trim();
    if text.chars().nth(max_chars).is_some() {
        return Err(TextError::TooLong(max_chars, "characters"));
    }
    if text.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')) {
        return Err(TextError::Control);
    }
    Ok(text.to_owned())
}

macro_rules! text_traits {
    ($($name:ident by $new:ident)+) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Self::$new(text).map_err(serde::de::Error::custom)
            }
        }
    )+};
}

text_traits!(Body by or_nothing Topic by new Description by new DeviceName by new DisplayName by new StatusText by new Zone by new Emoji by new);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_kept_as_written() {
        let text = "  two\n\tlines \u{1b}[31m ";
        assert_eq!(Body::new(text).unwrap().as_str(), text);
    }

    #[test]
    fn a_reaction_is_one_emoji() {
        for good in ["👍", "❤️", "👩‍👩‍👧", "🇩🇪", "1️⃣", "👍🏽", "🏴󠁧󠁢󠁳󠁣󠁴󠁿"]
        {
            assert!(Emoji::new(good).is_ok(), "{good}");
        }
        for bad in ["", "a", "1", "👍👍", "é", "中", "\u{202e}", "👍\u{1b}", ":+1:"] {
            assert_eq!(Emoji::new(bad), Err(TextError::NotEmoji), "{bad}");
        }
    }

    #[test]
    fn bounds_hold() {
        assert_eq!(Body::new(" \n\t "), Err(TextError::Empty));
        assert_eq!(Body::new(""), Err(TextError::Empty));
        assert_eq!(Body::or_nothing(" "), Err(TextError::Empty));
        assert!(Body::or_nothing("").unwrap().is_empty());
        assert!(Body::new("a".repeat(limits::MESSAGE_BYTES)).is_ok());
        assert!(Body::new("a".repeat(limits::MESSAGE_BYTES + 1)).is_err());
        assert_eq!(Topic::new("a\nb"), Err(TextError::Control));
        assert!(Topic::new("é".repeat(limits::TOPIC_CHARS)).is_ok());
        assert!(Topic::new("é".repeat(limits::TOPIC_CHARS + 1)).is_err());
    }
}
