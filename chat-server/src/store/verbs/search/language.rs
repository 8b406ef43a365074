//! How the two indexes are asked: FTS5's match expressions and PostgreSQL's `tsquery`. They hold the
//! same tokens, so the same is found.

use super::plan::whole;
use crate::domain::find::Sequence;
use crate::domain::words::Word;

/// Which index is asked.
#[derive(Debug, Clone, Copy)]
pub(super) enum Language {
    Fts5,
    Tsquery,
}

impl Language {
    /// All of these.
    pub(super) fn all(self, needed: &[String]) -> String {
        match self {
            Language::Fts5 => needed.join(" AND "),
            Language::Tsquery => joined(needed, " & "),
        }
    }

    /// Any of these.
    pub(super) fn any(self, wanted: &[String]) -> String {
        match self {
            Language::Fts5 => wanted.join(" OR "),
            Language::Tsquery => joined(wanted, " | "),
        }
    }

    /// The one and not the other.
    pub(super) fn but(self, needed: &str, unwanted: &str) -> String {
        match self {
            Language::Fts5 => format!("({needed}) NOT ({unwanted})"),
            Language::Tsquery => format!("({needed}) & !({unwanted})"),
        }
    }

    /// A message of which either of these facts is true.
    pub(super) fn facts(self, either: &[String]) -> String {
        match self {
            Language::Fts5 => {
                let tokens: Vec<String> = either.iter().map(|token| format!("\"{token}\"")).collect();
                format!("facts : ({})", tokens.join(" OR "))
            }
            Language::Tsquery => {
                either.iter().map(|token| format!("'={token}'")).collect::<Vec<_>>().join(" | ")
            }
        }
    }

    /// A message with this sequence.
    pub(super) fn words(self, sequence: &Sequence) -> String {
        match self {
            Language::Fts5 => format!("words : {}", self.matching(sequence)),
            Language::Tsquery => self.matching(sequence),
        }
    }

    /// A sequence that must be found. Where its last word may go on, FTS5 counts the whole word
    /// twice, so that `deploy` finds `deploy` before `deployment`; PostgreSQL ranks by a query of its own.
    pub(super) fn must(self, sequence: &Sequence) -> String {
        let matching = self.matching(sequence);
        match self {
            Language::Fts5 if sequence.prefix => {
                format!("words : ({} OR {matching})", self.matching(&whole(sequence)))
            }
            _ => self.words(sequence),
        }
    }

    /// All wanted words one after the other, for whoever typed them so: it changes what comes first,
    /// not what is found.
    pub(super) fn phrases(self, all: &[Sequence]) -> Option<String> {
        let [first, _, ..] = all else { return None };
        match self {
            Language::Fts5 => {
                let phrase = self.matching(&in_one(all));
                Some(format!("words : ({phrase} OR {})", self.matching(first)))
            }
            Language::Tsquery => None,
        }
    }

    /// A sequence as the index reads it. See `domain::words::tokens` for what it holds of a run; the
    /// same tokens are asked for, as far as they are certain.
    pub(super) fn matching(self, sequence: &Sequence) -> String {
        debug_assert!(sequence.words.iter().all(is_harmless));
        let (tokens, star) = tokens(sequence);
        match self {
            Language::Fts5 => format!("\"{}\"{}", tokens.join(" "), if star { " *" } else { "" }),
            Language::Tsquery => {
                let tokens: Vec<String> = tokens.iter().map(|token| format!("'{token}'")).collect();
                format!("{}{}", tokens.join(" <-> "), if star { ":*" } else { "" })
            }
        }
    }
}

/// All words one after the other.
pub(super) fn in_one(all: &[Sequence]) -> Sequence {
    Sequence {
        words: all.iter().flat_map(|sequence| &sequence.words).cloned().collect(),
        prefix: all.last().is_some_and(|sequence| sequence.prefix),
    }
}

fn joined(parts: &[String], by: &str) -> String {
    parts.iter().map(|part| format!("({part})")).collect::<Vec<_>>().join(by)
}

/// What is asked for, and whether the last may go on.
fn tokens(sequence: &Sequence) -> (Vec<String>, bool) {
    let words = &sequence.words;
    let mut tokens: Vec<String> = Vec::new();
    let mut star = sequence.prefix;
    for (at, word) in words.iter().enumerate() {
        match words.get(at + 1) {
            Some(next) if next.joined => tokens.push(format!("{}{}", word.text, next.text)),
            // In the text, the run may go on: its last two are found as a pair, a single one as
            // the beginning of a pair.
            None if word.in_run && word.joined => {}
            None if word.in_run => {
                star = true;
                tokens.push(word.text.clone());
            }
            _ => tokens.push(word.text.clone()),
        }
    }
    (tokens, star)
}

fn is_harmless(word: &Word) -> bool {
    word.text.chars().all(|c| !c.is_ascii() || c.is_ascii_alphanumeric())
}
