//! The language of searches: what a person types, as a plain value.
//!
//! Clients read [`FILTERS`] for completion and help, and [`SearchQuery::parse`] to say what is
//! wrong before they ask; the server parses the same text again. Nothing here knows how a store
//! searches.
//!
//! ```text
//! deploy canary          both words, in any order; the last one may be a beginning
//! "rolled back"          these words, one after the other
//! -staging               without this word; -"a phrase" works as well
//! from:@ada in:#deploys  a filter, see FILTERS; one that is given twice means either
//! ```

use thiserror::Error;

use crate::limits;
use crate::{RoomName, Timestamp, UserName};

/// A filter of the language, for help and completion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filter {
    /// What stands before the colon.
    pub key: &'static str,
    /// What may stand after it, as examples; for `has` and `is`, all there is.
    pub values: &'static [&'static str],
    /// What it keeps.
    pub meaning: &'static str,
}

/// Every filter, in the order of help.
pub const FILTERS: &[Filter] = &[
    Filter { key: "from", values: &["me", "@ada"], meaning: "written by this person" },
    Filter {
        key: "in",
        values: &["#deploys", "@ada"],
        meaning: "in this room, or the direct with this person",
    },
    Filter { key: "mentions", values: &["me", "@ada"], meaning: "calling this person by name" },
    Filter { key: "before", values: &["2026-11-01"], meaning: "earlier than this day (UTC)" },
    Filter { key: "after", values: &["2026-11-01"], meaning: "later than this day (UTC)" },
    Filter { key: "on", values: &["2026-11-01"], meaning: "on this day (UTC)" },
    Filter { key: "has", values: &["link", "file"], meaning: "with a link, or with a file" },
    Filter { key: "is", values: &["pinned", "thread"], meaning: "pinned, or part of a thread" },
];

/// A search, understood.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SearchQuery {
    /// Each of these must be in the message.
    pub all: Vec<Term>,
    /// None of these may be.
    pub none: Vec<Term>,
    /// Written by one of these; empty for anybody.
    pub from: Vec<Whom>,
    /// In one of these; empty for everywhere.
    pub within: Vec<Place>,
    /// Mentioning one of these; empty for no matter.
    pub mentions: Vec<Whom>,
    /// Not earlier than this.
    pub since: Option<Timestamp>,
    /// Earlier than this.
    pub until: Option<Timestamp>,
    /// With a link.
    pub has_link: bool,
    /// With a file.
    pub has_file: bool,
    /// Pinned now.
    pub is_pinned: bool,
    /// An answer in a thread, or the message that one began with.
    pub is_thread: bool,
}

/// Text to be found. Case and accents do not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// As typed: a word, or the words of a phrase.
    pub text: String,
    /// Whether the last word may go on: `deplo` finds `deploys`.
    pub prefix: bool,
}

/// A person in a filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whom {
    /// Who asks.
    Me,
    /// Somebody by name; that there is such a person is not known here.
    Named(UserName),
}

/// A conversation in a filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// The room of that name.
    Room(RoomName),
    /// The direct with that person.
    Direct(UserName),
}

/// Why a text is not a search; a sentence for whoever typed it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SearchError {
    /// Nothing to look for.
    #[error("Search for a word, a \"phrase\", or with a filter such as from:@ada.")]
    Empty,
    /// Over [`limits::SEARCH_CHARS`].
    #[error("A search has at most {max} characters; leave something out.", max = limits::SEARCH_CHARS)]
    TooLong,
    /// Over [`limits::SEARCH_WORDS`].
    #[error("A search has at most {max} words and filters; leave something out.", max = limits::SEARCH_WORDS)]
    TooMany,
    /// A filter behind a minus.
    #[error("-{0}: cannot be used; only words and phrases can be left out.")]
    ExcludedFilter(&'static str),
    /// Not a person.
    #[error("{0}: takes a person, such as {0}:@ada or {0}:me.")]
    NotWhom(&'static str),
    /// Not a conversation.
    #[error("in: takes a room or a person, such as in:#deploys or in:@ada.")]
    NotPlace,
    /// Not a day.
    #[error("{0}: takes a day, such as {0}:2026-11-01.")]
    NotDay(&'static str),
    /// Not one of the few words that this filter takes.
    #[error("{0}: takes {1}.")]
    NotValue(&'static str, String),
}

impl SearchQuery {
    /// Reads what was typed.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn parse(text: &str) -> Result<Self, SearchError> {
        if text.chars().nth(limits::SEARCH_CHARS).is_some() {
            return Err(SearchError::TooLong);
        }
        let (mut query, mut last_word, mut parts) = (Self::default(), None, 0);
        let mut rest = text;
        while let Some(piece) = next_piece(&mut rest) {
            parts += 1;
            if parts > limits::SEARCH_WORDS {
                return Err(SearchError::TooMany);
            }
            match filter_of(&piece) {
                Some((filter, _)) if piece.excluded => return Err(SearchError::ExcludedFilter(filter.key)),
                Some((filter, value)) => query.add_filter(filter, value)?,
                None => {
                    let term = Term { text: piece.text.to_owned(), prefix: false };
                    if !piece.excluded && !piece.quoted {
                        last_word = Some(query.all.len());
                    }
                    if piece.excluded { query.none.push(term) } else { query.all.push(term) }
                }
            }
        }
        if let Some(term) = last_word.and_then(|at| query.all.get_mut(at)) {
            // One letter is the beginning of half the dictionary.
            term.prefix = term.text.chars().filter(|c| c.is_alphanumeric()).nth(1).is_some();
        }
        if parts == 0 { Err(SearchError::Empty) } else { Ok(query) }
    }

    fn add_filter(&mut self, filter: &Filter, value: &str) -> Result<(), SearchError> {
        let key = filter.key;
        match key {
            "from" => self.from.push(whom(key, value)?),
            "mentions" => self.mentions.push(whom(key, value)?),
            "in" => self.within.push(place(value)?),
            "before" => self.end_at(day(key, value)?),
            "after" => self.begin_at(day(key, value)? + DAY_MS),
            "on" => {
                let begin = day(key, value)?;
                self.begin_at(begin);
                self.end_at(begin + DAY_MS);
            }
            _ => *self.flag(key, value).ok_or_else(|| not_value(filter))? = true,
        }
        Ok(())
    }

    fn flag(&mut self, key: &str, value: &str) -> Option<&mut bool> {
        match (key, value.to_ascii_lowercase().as_str()) {
            ("has", "link") => Some(&mut self.has_link),
            ("has", "file") => Some(&mut self.has_file),
            ("is", "pinned") => Some(&mut self.is_pinned),
            ("is", "thread") => Some(&mut self.is_thread),
            _ => None,
        }
    }

    fn begin_at(&mut self, ms: i64) {
        self.since = self.since.max(Some(Timestamp(ms)));
    }

    fn end_at(&mut self, ms: i64) {
        self.until = Some(self.until.map_or(Timestamp(ms), |until| until.min(Timestamp(ms))));
    }
}

/// A word, a phrase or a filter, as it stands in the text.
struct Piece<'a> {
    text: &'a str,
    excluded: bool,
    quoted: bool,
}

fn is_quote(c: char) -> bool {
    matches!(c, '"' | '“' | '”' | '„' | '«' | '»')
}

fn is_space(c: char) -> bool {
    c.is_whitespace() || c.is_control()
}

/// Takes the next piece off the text. A phrase that is not closed goes to the end.
fn next_piece<'a>(rest: &mut &'a str) -> Option<Piece<'a>> {
    loop {
        let mut text = rest.trim_start_matches(is_space);
        let first = text.chars().next()?;
        let after_minus = text.strip_prefix('-');
        let excluded = after_minus.is_some_and(|after| after.starts_with(|c| !is_space(c) && c != '-'));
        text = after_minus.filter(|_| excluded).unwrap_or(text);
        let first = if excluded { text.chars().next()? } else { first };
        let quoted = is_quote(first);
        let found;
        if quoted {
            text = &text[first.len_utf8()..];
            let end = text.find(is_quote).unwrap_or(text.len());
            found = &text[..end];
            *rest = text[end..].strip_prefix(is_quote).unwrap_or("");
        } else {
            let end = text.find(|c| is_space(c) || is_quote(c)).unwrap_or(text.len());
            (found, *rest) = text.split_at(end);
        }
        // Two quotes with nothing between them ask for nothing.
        if !found.trim_matches(is_space).is_empty() {
            return Some(Piece { text: found, excluded, quoted });
        }
    }
}

/// The filter that a piece is, and its value. An unknown key is text: people search for `10:30`.
fn filter_of<'a>(piece: &Piece<'a>) -> Option<(&'static Filter, &'a str)> {
    let (key, value) = piece.text.split_once(':').filter(|_| !piece.quoted)?;
    let filter = FILTERS.iter().find(|filter| filter.key.eq_ignore_ascii_case(key))?;
    Some((filter, value))
}

fn whom(key: &'static str, value: &str) -> Result<Whom, SearchError> {
    if value.eq_ignore_ascii_case("me") || value.eq_ignore_ascii_case("@me") {
        return Ok(Whom::Me);
    }
    let name = UserName::parse(value.strip_prefix('@').unwrap_or(value));
    name.map(Whom::Named).map_err(|_| SearchError::NotWhom(key))
}

fn place(value: &str) -> Result<Place, SearchError> {
    let found = match value.strip_prefix('@') {
        Some(name) => UserName::parse(name).map(Place::Direct),
        None => RoomName::parse(value.strip_prefix('#').unwrap_or(value)).map(Place::Room),
    };
    found.map_err(|_| SearchError::NotPlace)
}

fn not_value(filter: &Filter) -> SearchError {
    SearchError::NotValue(filter.key, filter.values.join(" or "))
}

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// The first millisecond of a day that is written as `2026-11-01`.
fn day(key: &'static str, value: &str) -> Result<i64, SearchError> {
    civil_day(value).map(|days| days * DAY_MS).ok_or(SearchError::NotDay(key))
}

/// Days since 1970-01-01 (Howard Hinnant, "chrono-compatible low-level date algorithms").
fn civil_day(value: &str) -> Option<i64> {
    let digits = |from: usize, to: usize| -> Option<i64> {
        let part = value.get(from..to)?;
        part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse().ok())?
    };
    let is_iso = value.len() == 10 && value.get(4..5) == Some("-") && value.get(7..8) == Some("-");
    let (year, month, day) = (digits(0, 4)?, digits(5, 7)?, digits(8, 10)?);
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let month_days = match month {
        2 => 28 + i64::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    if !is_iso || !(1..=month_days).contains(&day) {
        return None;
    }
    // Years that begin in March, so that the leap day is the last of one.
    let march_year = if month <= 2 { year - 1 } else { year };
    let era = march_year.div_euclid(400);
    let year_of_era = march_year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> SearchQuery {
        SearchQuery::parse(text).unwrap()
    }

    fn texts(terms: &[Term]) -> Vec<&str> {
        terms.iter().map(|term| term.text.as_str()).collect()
    }

    fn ada() -> UserName {
        UserName::parse("ada").unwrap()
    }

    #[test]
    fn words_phrases_and_what_is_left_out() {
        let query = parse(" deploy  \"rolled back\" -staging -“not this” canary ");
        assert_eq!(texts(&query.all), ["deploy", "rolled back", "canary"]);
        assert_eq!(texts(&query.none), ["staging", "not this"]);
        let prefixes: Vec<bool> = query.all.iter().map(|term| term.prefix).collect();
        assert_eq!(prefixes, [false, false, true], "only the last word may go on");
        assert!(!parse("a").all[0].prefix, "one letter is no beginning");
        assert!(parse("deplo in:#ops").all[0].prefix, "a filter after it changes nothing");
        assert_eq!(texts(&parse("5\" disk").all), ["5", " disk"], "an open phrase goes to the end");
        assert_eq!(texts(&parse("a-b --x - \"\" -\"\"").all), ["a-b", "--x", "-"]);
    }

    #[test]
    fn filters() {
        let query = parse("from:@Ada FROM:me in:#Deploys in:ops in:@ada mentions:me has:link is:THREAD");
        assert_eq!(query.from, [Whom::Named(ada()), Whom::Me]);
        assert_eq!(query.mentions, [Whom::Me]);
        let room = |name| Place::Room(RoomName::parse(name).unwrap());
        assert_eq!(query.within, [room("deploys"), room("ops"), Place::Direct(ada())]);
        assert_eq!((query.has_link, query.has_file), (true, false));
        assert_eq!((query.is_pinned, query.is_thread), (false, true));
        assert!(query.all.is_empty() && query.none.is_empty());
        assert_eq!(
            texts(&parse("10:30 https://x.org/ \"from:me\"").all),
            ["10:30", "https://x.org/", "from:me"]
        );
    }

    #[test]
    fn days_are_utc_and_narrow_each_other() {
        let span = |text: &str| {
            let query = parse(text);
            (query.since.map(|at| at.0 / DAY_MS), query.until.map(|at| at.0 / DAY_MS))
        };
        assert_eq!(span("on:1970-01-01"), (Some(0), Some(1)));
        assert_eq!(span("before:2026-11-01"), (None, Some(20_758)));
        assert_eq!(span("after:2026-11-01"), (Some(20_759), None));
        assert_eq!(span("after:2024-02-28 before:2024-03-01"), (Some(19_782), Some(19_783)));
        assert_eq!(span("before:2026-11-01 before:2026-10-01 x"), (None, Some(20_727)));
        assert_eq!(span("on:1969-12-31"), (Some(-1), Some(0)));
    }

    #[test]
    fn what_is_wrong_is_a_sentence() {
        let wrong = |text: &str| SearchQuery::parse(text).unwrap_err().to_string();
        for empty in ["", "  ", "\"\"", "\0\n"] {
            assert_eq!(wrong(empty), SearchError::Empty.to_string(), "{empty:?}");
        }
        assert_eq!(wrong("from:"), "from: takes a person, such as from:@ada or from:me.");
        assert_eq!(wrong("in:#a/b"), "in: takes a room or a person, such as in:#deploys or in:@ada.");
        assert_eq!(wrong("has:teeth"), "has: takes link or file.");
        assert_eq!(wrong("-in:#x"), "-in: cannot be used; only words and phrases can be left out.");
        for day in ["2026-13-01", "2026-02-29", "2026-1-1", "1.11.2026", "", "2026-11-0é", "+026-11-01"] {
            assert_eq!(wrong(&format!("before:{day}")), "before: takes a day, such as before:2026-11-01.");
        }
        assert_eq!(SearchQuery::parse(&"a".repeat(257)), Err(SearchError::TooLong));
        assert!(SearchQuery::parse(&"天".repeat(256)).is_ok());
        assert_eq!(SearchQuery::parse(&"a ".repeat(17)), Err(SearchError::TooMany));
    }

    #[test]
    fn the_table_is_what_is_understood() {
        for filter in FILTERS {
            for value in filter.values {
                let query = parse(&format!("{}:{value}", filter.key));
                assert_ne!(query, SearchQuery::default(), "{}:{value}", filter.key);
                assert!(query.all.is_empty());
            }
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_search_or_a_sentence(text in any::<String>()) {
            match SearchQuery::parse(&text) {
                Ok(query) => prop_assert!(query.all.len() + query.none.len() <= limits::SEARCH_WORDS),
                Err(error) => prop_assert!(error.to_string().ends_with('.')),
            }
        }

        #[test]
        fn what_is_put_together_comes_apart(
            words in prop::collection::vec("[a-zé天]{1,8}", 0..4),
            phrases in prop::collection::vec("[a-z]{1,5} [a-z]{1,5}", 0..3),
            without in prop::collection::vec("[a-z]{1,8}", 0..3),
            people in prop::collection::vec("[a-z]{3,8}", 0..3),
            days in 0..20_000_i64,
        ) {
            let text = words.iter().cloned()
                .chain(phrases.iter().map(|phrase| format!("\"{phrase}\"")))
                .chain(without.iter().map(|word| format!("-{word}")))
                .chain(people.iter().map(|name| format!("from:@{name}")))
                .chain([format!("on:{}", iso(days))])
                .collect::<Vec<_>>().join(" ");
            let query = parse(&text);
            let all: Vec<&str> = words.iter().chain(&phrases).map(String::as_str).collect();
            prop_assert_eq!(texts(&query.all), all);
            prop_assert_eq!(texts(&query.none), without);
            prop_assert_eq!(query.from.len(), people.len());
            prop_assert_eq!(query.since, Some(Timestamp(days * DAY_MS)));
        }
    }

    /// Counts days forward from 1970, in the slowest and plainest way.
    fn iso(mut days: i64) -> String {
        let (mut year, mut month) = (1970, 1);
        loop {
            let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            let length = match month {
                2 if is_leap => 29,
                2 => 28,
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            if days < length {
                return format!("{year:04}-{month:02}-{:02}", days + 1);
            }
            days -= length;
            (year, month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
        }
    }
}
