//! Where a text calls its reader: by name, or together with everybody.

use std::ops::Range;

use chat_proto::called;

/// Whose calls are looked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Callee<'a> {
    /// Their name, in lower case.
    pub(crate) name: &'a str,
    /// Whether the message calls everybody.
    pub(crate) with_all: bool,
}

/// The calls in a text.
pub(super) fn calls(text: &str, callee: &Callee) -> Vec<Range<usize>> {
    let by_name = |at: usize| {
        let end = at + 1 + callee.name.len();
        let called = text.get(at + 1..end)?;
        let ends = text[end..].chars().next().is_none_or(|c| !c.is_alphanumeric());
        (called.to_lowercase() == callee.name && ends).then_some(at..end)
    };
    let by_word = |at: usize| {
        let word = &text[at + 1..];
        let end = at + 1 + word.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(word.len());
        let begins = !text[..at].ends_with(|c: char| c.is_alphanumeric());
        (callee.with_all && begins && called(&text[at..end]).is_some()).then_some(at..end)
    };
    text.match_indices('@').filter_map(|(at, _)| by_name(at).or_else(|| by_word(at))).collect()
}
