//! Who a text calls by name.

use crate::limits;
use crate::name::{UserName, is_name_char};

/// The names that a text mentions as `@name`, in order, each once, at most [`limits::MENTIONS`].
///
/// An `@` counts only where a word begins, so that a mail address mentions nobody; punctuation
/// that ends a sentence is not part of the name. Whether such people exist, and are here, is for
/// the caller to find out.
#[must_use]
pub fn mentioned_names(text: &str) -> Vec<UserName> {
    let mut found: Vec<UserName> = Vec::new();
    let mut before = None;
    let mut rest = text;
    while let Some(at) = rest.find('@') {
        let previous = rest[..at].chars().next_back().or(before);
        rest = &rest[at + 1..];
        before = Some('@');
        let begins_word = previous.is_none_or(|c| !is_name_char(c) && c != '@' && c != '/');
        if !begins_word {
            continue;
        }
        let end = rest.find(|c| !is_name_char(c)).unwrap_or(rest.len());
        let word = rest[..end].trim_end_matches(['.', '-', '_']);
        if let Ok(name) = UserName::parse(word)
            && !found.contains(&name)
        {
            found.push(name);
            if found.len() == limits::MENTIONS {
                break;
            }
        }
    }
    found
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
    fn mentions_are_bounded() {
        let text: String = (0..200).map(|n| format!("@u{n} ")).collect();
        assert_eq!(mentioned_names(&text).len(), limits::MENTIONS);
    }
}
