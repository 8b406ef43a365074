//! Completion of @names, #rooms, :emoji: and /commands. What a word may become is shown while it is
//! typed; Tab and Shift-Tab, Up and Down choose, Enter takes, Esc closes.

use chat_proto::{Conversation, ConversationKind, Person};

use crate::command::COMMANDS;
use crate::state::{State, emoji, fuzzy};

/// Candidates kept for one word; nobody cycles through more.
const CANDIDATES: usize = 50;

/// What is written after `@` to call everybody in a room, or everybody who is there.
const CALLS: [(&str, &str); 2] = [("room", "everybody in this room"), ("here", "everybody who is here now")];

/// Something that a word may become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// What is put into the text.
    pub(crate) text: String,
    /// Said about it. Not safe to draw, like the text.
    pub(crate) detail: String,
}

/// A completion under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// Where the word begins in the cursor's line, in bytes.
    pub(crate) start: usize,
    /// The word as it was typed.
    pub(crate) word: String,
    /// What it may become.
    pub(crate) candidates: Vec<Candidate>,
    /// Which of them stands in the text now.
    pub(crate) at: Option<usize>,
    /// Whether it began by itself while typing, and not by a key.
    pub(crate) by_itself: bool,
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

/// Whether a word is long enough to show what it may become, without being asked.
#[must_use]
pub fn shows_by_itself(word: &str) -> bool {
    // A smiley is no name yet.
    !word.starts_with(':') || word.chars().count() > 2
}

/// What a word may become, likeliest first.
#[must_use]
pub fn candidates(state: &State, word: &str) -> Vec<Candidate> {
    let mut chars = word.chars();
    let kind = chars.next();
    let typed = chars.as_str().to_lowercase();
    let mut found = match kind {
        Some('@') => fitting(&typed, names(state)),
        Some('#') => fitting(&typed, rooms(state)),
        Some(':') => emoji::beginning(&typed).into_iter().map(emoji_candidate).collect(),
        Some('/') => fitting(&typed, commands(state)),
        _ => Vec::new(),
    };
    found.truncate(CANDIDATES);
    found
}

/// Those that begin with what is typed; where none does, those that have its letters.
fn fitting(typed: &str, rows: Vec<(String, Candidate)>) -> Vec<Candidate> {
    let begins = |(name, _): &&(String, Candidate)| name.starts_with(typed);
    let found: Vec<Candidate> = rows.iter().filter(begins).map(|(_, row)| row.clone()).collect();
    if found.is_empty() { fuzzy::best(typed, rows.into_iter()) } else { found }
}

fn emoji_candidate((emoji, code): (&str, &str)) -> Candidate {
    Candidate { text: format!("{emoji} "), detail: format!(":{code}:") }
}

/// Members of the open conversation first, then everybody else.
fn names(state: &State) -> Vec<(String, Candidate)> {
    let members = state.open.and_then(|id| state.people.members(id));
    let mut people: Vec<&Person> = state.people.known().filter(|p| !state.is_me(p.id)).collect();
    people.sort_by_key(|p| (members.is_some_and(|m| !m.contains_key(&p.id)), &p.name));
    let person = |p: &Person| {
        let shown = state.people.card(p.id).map(|card| card.display_name.to_string()).unwrap_or_default();
        let is_here = members.is_some_and(|members| members.contains_key(&p.id));
        let words = [shown.as_str(), if is_here { "" } else { "not here" }];
        let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
        (p.name.to_string(), Candidate { text: format!("@{} ", p.name), detail: words.join(" · ") })
    };
    let is_room = state.open_conversation().is_some_and(|c| c.kind == ConversationKind::Room);
    let call = |(call, detail): &(&str, &str)| {
        ((*call).to_owned(), Candidate { text: format!("@{call} "), detail: (*detail).to_owned() })
    };
    people.into_iter().map(person).chain(CALLS.iter().filter(|_| is_room).map(call)).collect()
}

fn rooms(state: &State) -> Vec<(String, Candidate)> {
    let rooms = state.conversations.in_order().filter(|c| c.kind == ConversationKind::Room);
    let row = |room: &Conversation| {
        let name = room.name.as_ref()?;
        let detail = room.topic.as_str().to_owned();
        Some((name.to_string(), Candidate { text: format!("#{name} "), detail }))
    };
    rooms.filter_map(row).collect()
}

/// The client's own commands, then those of bots.
fn commands(state: &State) -> Vec<(String, Candidate)> {
    let own = COMMANDS.iter().map(|command| {
        let words = [command.usage, command.help].into_iter().filter(|words| !words.is_empty());
        let detail = words.collect::<Vec<_>>().join(" · ");
        (command.name.to_owned(), Candidate { text: format!("/{} ", command.name), detail })
    });
    let theirs = state.commands.beginning(state.open, "").into_iter().map(|name| {
        let candidate = Candidate { text: format!("/{name} "), detail: "of a bot".to_owned() };
        (name, candidate)
    });
    own.chain(theirs).collect()
}

impl From<String> for Candidate {
    fn from(text: String) -> Self {
        Self { text, detail: String::new() }
    }
}

impl Completion {
    /// Begins to complete a word.
    #[must_use]
    pub fn new(start: usize, word: &str, candidates: Vec<Candidate>) -> Self {
        Self { start, word: word.to_owned(), candidates, at: None, by_itself: false }
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
        self.at.and_then(|at| self.candidates.get(at)).map_or(&self.word, |candidate| &candidate.text)
    }

    /// Whether there is something to choose from on screen.
    #[must_use]
    pub fn is_shown(&self) -> bool {
        !self.candidates.is_empty()
    }

    /// What Enter takes: what was chosen, or the first that goes on where the word ends, unless the
    /// word is already one of them.
    #[must_use]
    pub fn taken(&self) -> Option<&str> {
        let first = || {
            let word = self.word.to_lowercase();
            let is_it = |one: &Candidate| one.text.trim_end() == word || one.detail == word;
            let is_begun = self.word.chars().nth(1).is_some();
            let follows = |one: &&Candidate| word.starts_with(':') || one.text.starts_with(&word);
            let whole = self.candidates.iter().any(is_it);
            self.candidates.first().filter(|_| is_begun && !whole).filter(follows)
        };
        let chosen = match self.at {
            Some(at) => self.candidates.get(at),
            None => first(),
        };
        chosen.map(|candidate| candidate.text.as_str())
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
        let mut completion =
            Completion::new(0, "@a", vec!["@ada ".to_owned().into(), "@alan ".to_owned().into()]);
        assert_eq!(completion.turn(false), "@ada ");
        assert_eq!(completion.turn(false), "@alan ");
        assert_eq!(completion.turn(false), "@a");
        assert_eq!(completion.turn(true), "@alan ");
    }
}
