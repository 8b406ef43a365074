//! Tab completion: @names, #rooms, :emoji: and /commands, cycled by Tab and Shift-Tab.

use chat_proto::{ConversationKind, Person};

use crate::command::COMMANDS;
use crate::state::{State, emoji};

/// Candidates kept for one word; nobody cycles through more.
const CANDIDATES: usize = 50;

/// What is written after `@` to call everybody in a room, or everybody who is there.
const CALLS: [&str; 2] = ["room", "here"];

/// A completion under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// Where the word begins in the cursor's line, in bytes.
    pub(crate) start: usize,
    /// The word as it was typed.
    pub(crate) word: String,
    /// What it may become.
    pub(crate) candidates: Vec<String>,
    /// Which of them stands in the text now.
    pub(crate) at: Option<usize>,
}

/// The word before the cursor, if it is one that can be completed: where it begins, and itself.
#[must_use]
pub fn word(before: &str) -> Option<(usize, &str)> {
    let start = before
        .rfind(char::is_whitespace)
        .map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
    let word = &before[start..];
    let is_command = word.starts_with('/') && start == 0;
    let is_emoji = word.starts_with(':') && word.len() > 1;
    (is_command || is_emoji || word.starts_with(['@', '#'])).then_some((start, word))
}

/// What a word may become, likeliest first.
#[must_use]
pub fn candidates(state: &State, word: &str) -> Vec<String> {
    let mut chars = word.chars();
    let kind = chars.next();
    let typed = chars.as_str().to_lowercase();
    let mut found = match kind {
        Some('@') => names(state, &typed),
        Some('#') => rooms(state, &typed),
        Some(':') => emoji::beginning(&typed).into_iter().map(|emoji| format!("{emoji} ")).collect(),
        Some('/') => {
            let own = COMMANDS.iter().map(|c| c.name).filter(|name| name.starts_with(&typed));
            let theirs = state.commands.beginning(state.open, &typed);
            own.map(str::to_owned).chain(theirs).map(|name| format!("/{name} ")).collect()
        }
        _ => Vec::new(),
    };
    found.truncate(CANDIDATES);
    found
}

/// Members of the open conversation first, then everybody else.
fn names(state: &State, typed: &str) -> Vec<String> {
    let members = state.open.and_then(|id| state.people.members(id));
    let mut people: Vec<&Person> =
        state.people.known().filter(|p| !state.is_me(p.id) && p.name.as_str().starts_with(typed)).collect();
    people.sort_by_key(|p| (members.is_some_and(|m| !m.contains_key(&p.id)), &p.name));
    let is_room = state.open_conversation().is_some_and(|c| c.kind == ConversationKind::Room);
    let calls =
        CALLS.iter().filter(|call| is_room && call.starts_with(typed)).map(|call| format!("@{call} "));
    people.iter().map(|p| format!("@{} ", p.name)).chain(calls).collect()
}

fn rooms(state: &State, typed: &str) -> Vec<String> {
    let rooms = state.conversations.in_order().filter(|c| c.kind == ConversationKind::Room);
    rooms
        .filter_map(|c| c.name.as_ref())
        .filter(|name| name.as_str().starts_with(typed))
        .map(|name| format!("#{name} "))
        .collect()
}

impl Completion {
    /// Begins to complete a word.
    #[must_use]
    pub fn new(start: usize, word: &str, candidates: Vec<String>) -> Self {
        Self { start, word: word.to_owned(), candidates, at: None }
    }

    /// The next text for the word, or the one before; after the last comes the word as typed.
    pub fn turn(&mut self, back: bool) -> &str {
        let count = self.candidates.len();
        self.at = match (self.at, back) {
            (None, false) => (count > 0).then_some(0),
            (None, true) => count.checked_sub(1),
            (Some(at), false) => Some(at + 1).filter(|at| *at < count),
            (Some(at), true) => at.checked_sub(1),
        };
        self.at.and_then(|at| self.candidates.get(at)).map_or(&self.word, |text| text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_marked_words_are_completed() {
        assert_eq!(word("hi @ad"), Some((3, "@ad")));
        assert_eq!(word("#de"), Some((0, "#de")));
        assert_eq!(word("/jo"), Some((0, "/jo")));
        assert_eq!(word("well :tad"), Some((5, ":tad")));
        assert_eq!(word("so:"), None);
        assert_eq!(word(":"), None);
        assert_eq!(word("see /jo"), None);
        assert_eq!(word("ada"), None);
        assert_eq!(word(""), None);
        assert_eq!(word("日本\u{3000}@a"), Some((9, "@a")));
    }

    #[test]
    fn turning_comes_round_to_what_was_typed() {
        let mut completion = Completion::new(0, "@a", vec!["@ada ".into(), "@alan ".into()]);
        assert_eq!(completion.turn(false), "@ada ");
        assert_eq!(completion.turn(false), "@alan ");
        assert_eq!(completion.turn(false), "@a");
        assert_eq!(completion.turn(true), "@alan ");
    }
}
