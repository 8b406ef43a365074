//! Names of people and rooms, canonical from birth.
//!
//! A name is brought to one form on the way in (NFKC, then lower case), so `Ada`, `ada` and
//! full-width `ａｄａ` are one account, and two names are equal exactly when their text is.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};
use thiserror::Error;
use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

use crate::limits;

/// Why a text is not a name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NameError {
    /// Nothing was left to be a name.
    #[error("a name cannot be empty")]
    Empty,
    /// More than the allowed characters.
    #[error("a name has at most {0} characters")]
    TooLong(usize),
    /// A character that names do not have.
    #[error("a name has only letters, digits, '.', '-' and '_'")]
    BadCharacter,
    /// A name that starts or ends with punctuation could not be told from a sentence around it.
    #[error("a name starts and ends with a letter or a digit")]
    BadEdge,
    /// A word that the product itself uses.
    #[error("this name is reserved; choose another")]
    Reserved,
}

/// An account's name, written `@name` by people.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct UserName(String);

impl UserName {
    /// Names that would be taken for the product speaking, or for a mention of everybody.
    pub const RESERVED: [&str; 14] = [
        "admin",
        "administrator",
        "all",
        "bot",
        "channel",
        "chat",
        "everyone",
        "here",
        "me",
        "moderator",
        "root",
        "room",
        "server",
        "system",
    ];

    /// Reads a name as typed; `Ada` gives `ada`.
    ///
    /// # Errors
    /// The rule that the text breaks.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        canonical(text, limits::USER_NAME_CHARS).map(Self)
    }

    /// Whether nobody may take this name, because it speaks for the product or for everybody.
    #[must_use]
    pub fn is_reserved(&self) -> bool {
        Self::RESERVED.contains(&self.0.as_str())
    }

    /// The canonical text, without `@`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A room's name, written `#name` by people.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct RoomName(String);

impl RoomName {
    /// Reads a name as typed; `Deploys` gives `deploys`.
    ///
    /// # Errors
    /// The rule that the text breaks.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        canonical(text, limits::ROOM_NAME_CHARS).map(Self)
    }

    /// The canonical text, without `#`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// NFKC, lower case, then NFKC again because lower case may leave decomposed letters.
fn canonical(text: &str, max_chars: usize) -> Result<String, NameError> {
    // A bound before the work: NFKC can make one character eighteen.
    if text.chars().nth(max_chars * 4).is_some() {
        return Err(NameError::TooLong(max_chars));
    }
    let name: String = text.trim().nfkc().flat_map(char::to_lowercase).nfkc().collect();
    if name.is_empty() {
        return Err(NameError::Empty);
    }
    if name.chars().count() > max_chars {
        return Err(NameError::TooLong(max_chars));
    }
    if !name.chars().all(is_name_char) {
        return Err(NameError::BadCharacter);
    }
    let edges_ok = name.starts_with(is_word_char) && name.ends_with(|c| is_word_char(c) || is_mark(c));
    if edges_ok { Ok(name) } else { Err(NameError::BadEdge) }
}

/// Whether a character may stand inside a canonical name.
pub(crate) fn is_name_char(c: char) -> bool {
    is_word_char(c) || is_mark(c) || matches!(c, '.' | '-' | '_')
}

fn is_word_char(c: char) -> bool {
    use unicode_properties::GeneralCategory::DecimalNumber;
    c.general_category_group() == GeneralCategoryGroup::Letter || c.general_category() == DecimalNumber
}

/// Vowel signs and the like; without them no Hindi or Thai name could be written.
fn is_mark(c: char) -> bool {
    use unicode_properties::GeneralCategory::{NonspacingMark, SpacingMark};
    matches!(c.general_category(), NonspacingMark | SpacingMark)
}

macro_rules! name_traits {
    ($($name:ident)+) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::parse(text)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Self::parse(&text).map_err(serde::de::Error::custom)
            }
        }
    )+};
}

name_traits!(UserName RoomName);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_look_the_same_are_the_same() {
        for typed in ["ada", "Ada", " ADA ", "ａｄａ"] {
            assert_eq!(UserName::parse(typed).unwrap().as_str(), "ada", "{typed}");
        }
    }

    #[test]
    fn people_of_many_scripts_have_names() {
        for typed in ["žofie", "иван", "李雷", "हिन्दी", "ليلى", "o.brien-2", "a_b"] {
            assert!(UserName::parse(typed).is_ok(), "{typed}");
        }
    }

    #[test]
    fn what_is_not_a_name_says_why() {
        let case = |typed: &str| UserName::parse(typed).unwrap_err();
        assert_eq!(case(""), NameError::Empty);
        assert_eq!(case("  "), NameError::Empty);
        assert_eq!(case("a b"), NameError::BadCharacter);
        assert_eq!(case("a\u{202e}b"), NameError::BadCharacter);
        assert_eq!(case("a\u{200b}b"), NameError::BadCharacter);
        assert_eq!(case("@ada"), NameError::BadCharacter);
        assert_eq!(case("ada\u{7}"), NameError::BadCharacter);
        assert_eq!(case(".ada"), NameError::BadEdge);
        assert_eq!(case("ada."), NameError::BadEdge);
        assert_eq!(case(&"a".repeat(33)), NameError::TooLong(32));
        assert_eq!(case(&"ﷺ".repeat(32)), NameError::TooLong(32), "NFKC makes one character eighteen");
    }

    #[test]
    fn words_of_the_product_are_reserved() {
        assert!(UserName::parse("Everyone").unwrap().is_reserved());
        assert!(!UserName::parse("ada").unwrap().is_reserved());
    }
}
