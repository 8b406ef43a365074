//! Finding a row by some of its letters, in their order: one place for every list that is filtered.

use nucleo_matcher::pattern::{AtomKind, CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

/// What is looked for, ready to be held against many rows.
pub(crate) struct Fuzzy {
    matcher: Matcher,
    scattered: Pattern,
    whole: Pattern,
    buffer: Vec<char>,
}

impl Fuzzy {
    /// Looks for this.
    pub(crate) fn new(query: &str) -> Self {
        let query = query.trim();
        let (case, form) = (CaseMatching::Ignore, Normalization::Smart);
        Self {
            matcher: Matcher::new(Config::DEFAULT),
            scattered: Pattern::parse(query, case, form),
            whole: Pattern::new(query, case, form, AtomKind::Substring),
            buffer: Vec::new(),
        }
    }

    /// How well a name fits: letters may stand apart, but in their order.
    pub(crate) fn score(&mut self, text: &str) -> Option<u32> {
        self.scattered.score(Utf32Str::new(text, &mut self.buffer), &mut self.matcher)
    }

    /// How well a sentence fits: words as they are written. Scattered letters fit any sentence.
    pub(crate) fn score_words(&mut self, text: &str) -> Option<u32> {
        self.whole.score(Utf32Str::new(text, &mut self.buffer), &mut self.matcher)
    }
}

/// The rows that fit, best first; in their order where they fit as well.
pub(crate) fn best<T>(query: &str, rows: impl Iterator<Item = (String, T)>) -> Vec<T> {
    let mut fuzzy = Fuzzy::new(query);
    let mut scored: Vec<(u32, T)> =
        rows.filter_map(|(name, row)| fuzzy.score(&name).map(|score| (score, row))).collect();
    scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    scored.into_iter().map(|(_, row)| row).collect()
}
