//! Files: what a message tells of a file before anybody fetches it, checked once at the door.
//!
//! The bytes travel over HTTP, beside the socket; see PROTOCOL.md.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};
use thiserror::Error;

use crate::{FileId, SafeText, limits};

/// What a file is called when nothing is left of the name that it had.
const NAMELESS: &str = "file";

/// Longest extension that a cut name keeps, with its dot: `.tar.zst` and the like.
const EXTENSION_BYTES: usize = 12;

/// Longest media type: RFC 6838, section 4.2, allows 127 for each half; ours are far shorter.
const MEDIA_TYPE_BYTES: usize = 127;

/// Longest blur: that of 9 x 9 components.
const BLUR_HASH_BYTES: usize = 166;

/// A file of a message: all that can be shown of it without fetching it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// By what it is fetched.
    pub id: FileId,
    /// What its sender calls it.
    pub name: FileName,
    /// How many bytes it has.
    pub size: u64,
    /// What the server found it to be, whatever the sender said.
    pub media_type: MediaType,
    /// If it is a picture: how large, and what it looks like from afar.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<Picture>,
}

/// What is known of a picture before it is fetched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Picture {
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// A blurred view; with it there is a thumbnail to fetch, too. Absent for a picture that the
    /// server could not or would not open.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "known_blur")]
    pub blurhash: Option<BlurHash>,
}

/// Why a text is not the name of a file.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FileNameError {
    /// Nothing was left to be a name.
    #[error("a file's name cannot be empty")]
    Empty,
    /// Over the limit.
    #[error("a file's name has at most {} bytes", limits::FILE_NAME_BYTES)]
    TooLong,
    /// It would name another folder.
    #[error("a file's name has no '/' or '\\', and is not '.' or '..'")]
    Path,
    /// A character that hides, moves or breaks what stands beside it.
    #[error("a file's name is one line without control characters")]
    Control,
}

/// What a file is called: one line, without a path, safe to draw and to make a file of.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct FileName(String);

impl FileName {
    /// Takes a name as it is, without the white space around it.
    ///
    /// # Errors
    /// The rule that the text breaks.
    pub fn new(text: impl AsRef<str>) -> Result<Self, FileNameError> {
        let text = text.as_ref().trim();
        if text.is_empty() {
            return Err(FileNameError::Empty);
        }
        if text.len() > limits::FILE_NAME_BYTES {
            return Err(FileNameError::TooLong);
        }
        if text.contains(['/', '\\']) || matches!(text, "." | "..") {
            return Err(FileNameError::Path);
        }
        if !SafeText::is_safe_line(text) {
            return Err(FileNameError::Control);
        }
        Ok(Self(text.to_owned()))
    }

    /// Makes a name of anything: takes the last part of a path, drops what names do not have, and
    /// cuts what is too long before its extension.
    #[must_use]
    pub fn clean(raw: &str) -> Self {
        let last = raw.rsplit(['/', '\\']).find(|part| !part.trim().is_empty()).unwrap_or_default();
        let plain: String = last.chars().filter(|c| !c.is_control()).collect();
        let line = SafeText::line(&plain);
        let cut = cut(line.as_str().trim());
        Self::new(cut).unwrap_or_else(|_| Self(NAMELESS.to_owned()))
    }

    /// The name. Safe to draw.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Shortens a name, on whole characters, and keeps a short extension.
fn cut(name: &str) -> String {
    if name.len() <= limits::FILE_NAME_BYTES {
        return name.to_owned();
    }
    let extension = name.rfind('.').map_or("", |dot| &name[dot..]);
    let extension = if extension.len() <= EXTENSION_BYTES { extension } else { "" };
    let most = limits::FILE_NAME_BYTES - extension.len();
    let end = (0..=most).rev().find(|end| name.is_char_boundary(*end)).unwrap_or(0);
    format!("{}{extension}", &name[..end])
}

impl FromStr for FileName {
    type Err = FileNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::new(text)
    }
}

/// A text is not of the form that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the text is not {0}")]
pub struct FormError(&'static str);

/// What a file is, as in RFC 6838: `image/png`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct MediaType(String);

impl MediaType {
    /// Bytes of which nothing is known.
    #[must_use]
    pub fn bytes() -> Self {
        Self("application/octet-stream".to_owned())
    }

    /// Plain text in UTF-8.
    #[must_use]
    pub fn text() -> Self {
        Self("text/plain".to_owned())
    }

    /// The type and subtype.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for MediaType {
    type Err = FormError;

    fn from_str(text: &str) -> Result<Self, FormError> {
        let is_word = |word: &str| {
            let fits = |c: char| c.is_ascii_alphanumeric() || "!#$&-^_.+".contains(c);
            word.starts_with(|c: char| c.is_ascii_alphanumeric()) && word.chars().all(fits)
        };
        let halves = text.split_once('/').filter(|_| text.len() <= MEDIA_TYPE_BYTES);
        match halves {
            Some((kind, subtype)) if is_word(kind) && is_word(subtype) => Ok(Self(text.to_owned())),
            _ => Err(FormError("a media type")),
        }
    }
}

/// A picture seen from afar, in the letters of <https://blurha.sh>.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct BlurHash(String);

impl BlurHash {
    /// The letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for BlurHash {
    type Err = FormError;

    fn from_str(text: &str) -> Result<Self, FormError> {
        let fits = |c: char| c.is_ascii_alphanumeric() || "#$%*+,-.:;=?@[]^_{|}~".contains(c);
        let is_one = (6..=BLUR_HASH_BYTES).contains(&text.len()) && text.chars().all(fits);
        if is_one { Ok(Self(text.to_owned())) } else { Err(FormError("a blurhash")) }
    }
}

macro_rules! checked_text {
    ($($name:ident)+) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

    )+};
}

checked_text!(FileName MediaType BlurHash);

// Only servers tell these, so an odd one of a newer server must not keep a client from reading the
// message around it.

impl<'de> Deserialize<'de> for FileName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self::clean(&text))
    }
}

impl<'de> Deserialize<'de> for MediaType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| text.parse().unwrap_or_else(|_| Self::bytes()))
    }
}

fn known_blur<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<BlurHash>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.and_then(|text| text.parse().ok()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_of_many_scripts_are_names() {
        for good in ["a", "latency.png", "Übersicht (2).pdf", "写真.jpg", ".bashrc", "a b"] {
            assert_eq!(FileName::new(good).unwrap().as_str(), good);
        }
        assert_eq!(FileName::new("  a.txt ").unwrap().as_str(), "a.txt");
    }

    #[test]
    fn what_is_not_a_name_says_why() {
        let case = |text: &str| FileName::new(text).unwrap_err();
        assert_eq!(case("  "), FileNameError::Empty);
        for path in ["../etc/passwd", "a/b", "a\\b", ".", ".."] {
            assert_eq!(case(path), FileNameError::Path, "{path}");
        }
        for bad in ["a\nb", "a\u{1b}[2J", "gpj.\u{202e}exe", "a\u{200b}b", "a\0"] {
            assert_eq!(case(bad), FileNameError::Control, "{bad:?}");
        }
        assert_eq!(case(&"x".repeat(limits::FILE_NAME_BYTES + 1)), FileNameError::TooLong);
    }

    #[test]
    fn a_cleaned_name_keeps_what_people_know_it_by() {
        let clean = |raw: &str| FileName::clean(raw).0;
        assert_eq!(clean("/home/ada/cat.png"), "cat.png");
        assert_eq!(clean("C:\\Users\\ada\\cat.png"), "cat.png");
        assert_eq!(clean("../../etc/passwd"), "passwd");
        assert_eq!(clean("gpj.\u{202e}exe\n"), "gpj.exe");
        assert_eq!(clean("dir/"), "dir");
        for nothing in ["", "/", "..", "\u{1b}", " / "] {
            assert_eq!(clean(nothing), NAMELESS, "{nothing:?}");
        }
        let long = clean(&format!("{}.png", "é".repeat(200)));
        assert!(long.ends_with("é.png") && long.len() <= limits::FILE_NAME_BYTES, "{long}");
    }

    #[test]
    fn what_a_newer_server_tells_can_be_read() {
        let told = r#"{"id":"01997f00-0000-7000-8000-000000009001","name":"../a\u001b.png","size":1,
            "media_type":"image/png; v=2","picture":{"width":1,"height":2,"blurhash":"v2:?"}}"#;
        let read: Attachment = serde_json::from_str(told).unwrap();
        assert_eq!((read.name.as_str(), read.media_type), ("a.png", MediaType::bytes()));
        assert_eq!(read.picture, Some(Picture { width: 1, height: 2, blurhash: None }));
    }

    #[test]
    fn media_types_and_blurs_have_their_form() {
        for good in ["image/png", "application/vnd.ms-excel", "image/svg+xml"] {
            assert!(good.parse::<MediaType>().is_ok(), "{good}");
        }
        for bad in ["", "image", "image/", "/png", "image/png; x=1", "image/p\r\nX: y", "a/b/c"] {
            assert!(bad.parse::<MediaType>().is_err(), "{bad:?}");
        }
        assert!("LEHV6nWB2yk8pyo0adR*.7kCMdnj".parse::<BlurHash>().is_ok());
        assert!("LE".parse::<BlurHash>().is_err() && "LE\u{1b}[2J12".parse::<BlurHash>().is_err());
    }

    proptest! {
        #[test]
        fn a_cleaned_name_is_a_name(raw in "(\\p{Cc}|\\p{Cf}|\\p{M}|[/\\\\.]|.){0,300}") {
            let name = FileName::clean(&raw);
            prop_assert_eq!(FileName::new(name.as_str()), Ok(name.clone()));
            prop_assert_eq!(FileName::clean(name.as_str()), name);
        }
    }
}
