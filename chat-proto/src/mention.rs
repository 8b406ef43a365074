//! Whom a text calls.

use crate::name::{UserName, is_name_char};
use crate::{Call, limits};

/// The words after `@` that call members without naming them, as chats of all kinds write them.
const CALLS: [(&str, Call); 5] = [
    ("room", Call::Room),
    ("all", Call::Room),
    ("everyone", Call::Room),
    ("channel", Call::Room),
    ("here", Call::Here),
];

/// The names that a text mentions as `@name`, in order, each once, at most [`limits::MENTIONS`].
///
/// An `@` counts only where a word begins, so that a mail address mentions nobody; punctuation
/// that ends a sentence is not part of the name. Whether such people exist, and are here, is for
/// the caller to find out.
#[must_use]
pub fn mentioned_names(text: &str) -> Vec<UserName> {
    let mut found: Vec<UserName> = Vec::new();
    for name in words(text) {
        if !found.contains(&name) {
            found.push(name);
            if found.len() == limits::MENTIONS {
                break;
            }
        }
    }
    found
}

/// Whom a text calls with `@room` or `@here`, of which no account can have the name; the wider one.
#[must_use]
pub fn called(text: &str) -> Option<Call> {
    words(text)
        .filter_map(|name| CALLS.iter().find(|(word, _)| *word == name.as_str()))
        .map(|(_, call)| *call)
        .max()
}

/// What stands after each `@` at which a word begins, if it can be a name.
fn words(text: &str) -> impl Iterator<Item = UserName> {
    text.match_indices('@').filter_map(|(at, _)| {
        let previous = text[..at].chars().next_back();
        if previous.is_some_and(|c| is_name_char(c) || c == '@' || c == '/') {
            return None;
        }
        let rest = &text[at + 1..];
        let end = rest.find(|c| !is_name_char(c)).unwrap_or(rest.len());
        UserName::parse(rest[..end].trim_end_matches(['.', '-', '_'])).ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> String {
        mentioned_names(text).iter().map(UserName::as_str).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn names_are_found_where_people_write_them() {
        assert_eq!(names("@ada look"), "ada");
        assert_eq!(names("thanks, @Lin."), "lin");
        assert_eq!(names("(@ada, @lin and @ada)"), "ada lin");
        assert_eq!(names("@o.brien-2: yes"), "o.brien-2");
        assert_eq!(names("你好 @李雷，再见"), "李雷");
        assert_eq!(names("mail ada@example.org"), "");
        assert_eq!(names("https://host/@ada"), "");
        assert_eq!(names("@@ada @ ada @"), "");
        assert_eq!(names("no one"), "");
    }

    #[test]
    fn calls_are_words_of_their_own() {
        assert_eq!(called("@room the door is open"), Some(Call::Room));
        assert_eq!(called("(@here), and @Everyone!"), Some(Call::Room));
        assert_eq!(called("anybody @here?"), Some(Call::Here));
        for calm in ["at room", "mail@room", "@roommate", "https://host/@here", ""] {
            assert_eq!(called(calm), None, "{calm}");
        }
    }

    #[test]
    fn mentions_are_bounded() {
        let text: String = (0..200).map(|n| format!("@u{n} ")).collect();
        assert_eq!(mentioned_names(&text).len(), limits::MENTIONS);
    }
}
