//! What is looked for, where it stands in a message, and what a person is shown of it. Pure.

use chat_proto::{SafeText, SearchQuery, Term, limits};
use unicode_segmentation::UnicodeSegmentation;

use super::words::{Word, words};

/// How much of a snippet stands before the first match, in characters as people see them.
const LEAD: usize = 40;

/// Words one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sequence {
    /// At least one.
    pub words: Vec<Word>,
    /// Whether the last word may go on.
    pub prefix: bool,
}

/// The texts of a search, taken apart. What has no words, such as `--`, is not looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Each must be there.
    pub all: Vec<Sequence>,
    /// None may be.
    pub none: Vec<Sequence>,
}

impl Wanted {
    /// The texts of this search.
    #[must_use]
    pub fn of(query: &SearchQuery) -> Self {
        let take = |terms: &[Term]| terms.iter().filter_map(Sequence::of).collect();
        Self { all: take(&query.all), none: take(&query.none) }
    }

    /// The places in a text that any of the wanted sequences is found at, in order, apart.
    fn places(&self, text: &str) -> Vec<(usize, usize)> {
        let found = words(text);
        let mut places: Vec<(usize, usize)> = Vec::new();
        for at in 0..found.len() {
            let ends = self.all.iter().filter_map(|sequence| sequence.end_at(&found[at..]));
            let Some(to) = ends.max() else { continue };
            match places.last_mut() {
                Some(last) if found[at].from < last.1 => last.1 = last.1.max(to),
                _ => places.push((found[at].from, to)),
            }
        }
        places
    }
}

impl Sequence {
    fn of(term: &Term) -> Option<Self> {
        let words = words(&term.text);
        // The rest of a character run is found anyway.
        let prefix = term.prefix && words.last().is_some_and(|word| !word.in_run);
        (!words.is_empty()).then_some(Self { words, prefix })
    }

    /// Where the sequence ends in the text, if it stands at the beginning of these words. The
    /// same question that the index answers.
    fn end_at(&self, text: &[Word]) -> Option<usize> {
        let text = text.get(..self.words.len())?;
        let last = self.words.len() - 1;
        let fits = self.words.iter().zip(text).enumerate().all(|(at, (wanted, found))| {
            let is_joined_alike = at == 0 || wanted.joined == found.joined;
            let is_beginning = self.prefix && at == last && !found.in_run;
            let same = found.text == wanted.text || is_beginning && found.text.starts_with(&wanted.text);
            same && is_joined_alike
        });
        fits.then(|| text[last].to)
    }
}

/// How far up a hit belongs: its relevance, which a message of this minute doubles, one of a
/// month ago raises by half, and so on down: `relevance × (1 + 30 days / (30 days + age))`.
#[must_use]
pub fn score(relevance: f64, age_ms: i64) -> f64 {
    const MONTH_MS: f64 = 30.0 * 24.0 * 60.0 * 60.0 * 1_000.0;
    #[expect(clippy::cast_precision_loss, reason = "a millisecond more or less does not matter")]
    let age_ms = age_ms.max(0) as f64;
    relevance * (1.0 + MONTH_MS / (MONTH_MS + age_ms))
}

/// One line of a text around the first match, safe to draw, and what to mark in it, counted in
/// Unicode scalar values.
#[must_use]
pub fn snippet(text: &str, wanted: &Wanted) -> (String, Vec<[usize; 2]>) {
    let places = wanted.places(text);
    let borders: Vec<usize> = text.grapheme_indices(true).map(|(at, _)| at).chain([text.len()]).collect();
    let window = window(text, &borders, places.first().map_or(0, |place| place.0));
    let mut line = Line::default();
    if window.0 > 0 {
        line.push("…", false);
    }
    let mut at = window.0;
    for (from, to) in places {
        // Whole characters: a match ends inside one when its accent was typed apart.
        let from = borders[borders.partition_point(|border| *border <= from).saturating_sub(1)].max(at);
        let to = borders[borders.partition_point(|border| *border < to).min(borders.len() - 1)].min(window.1);
        if from < to {
            line.push(&text[at..from], false);
            line.push(&text[from..to], true);
            at = to;
        }
    }
    line.push(&text[at..window.1], false);
    if window.1 < text.len() {
        line.push("…", false);
    }
    line.finish()
}

/// From where to where a snippet goes, in bytes, on borders of characters.
fn window(text: &str, borders: &[usize], first: usize) -> (usize, usize) {
    let last = borders.len() - 1;
    let first = borders.partition_point(|border| *border <= first).saturating_sub(1);
    // Near the end there is no more to show behind, so there is more before.
    let mut begin = first.saturating_sub(LEAD).min(last.saturating_sub(limits::SNIPPET_CHARS));
    if begin > 0 {
        // Better with a whole word, where one begins soon.
        let soon = begin..(begin + LEAD / 2).min(first);
        let is_space = |at: &usize| text[borders[*at]..].starts_with(char::is_whitespace);
        begin = soon.clone().find(is_space).map_or(begin, |space| space + 1);
    }
    (borders[begin], borders[(begin + limits::SNIPPET_CHARS).min(last)])
}

/// A line that is put together from pieces.
#[derive(Default)]
struct Line {
    text: String,
    chars: usize,
    marks: Vec<[usize; 2]>,
}

impl Line {
    fn push(&mut self, raw: &str, marked: bool) {
        let clean = SafeText::line(raw);
        let from = self.chars;
        self.text.push_str(clean.as_str());
        self.chars += clean.as_str().chars().count();
        if marked && self.chars > from {
            self.marks.push([from, self.chars]);
        }
    }

    /// Pieces that are clean one by one make a clean line, but for rare ones such as a joiner at a
    /// border; such a line goes without marks, since cleaning would move what they count.
    fn finish(self) -> (String, Vec<[usize; 2]>) {
        if SafeText::is_safe_line(&self.text) {
            (self.text, self.marks)
        } else {
            (SafeText::line(&self.text).as_str().to_owned(), Vec::new())
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn wanted(query: &str) -> Wanted {
        Wanted::of(&SearchQuery::parse(query).unwrap())
    }

    /// The snippet with its marks in brackets.
    fn shown(text: &str, query: &str) -> String {
        let (line, marks) = snippet(text, &wanted(query));
        let mut out = String::new();
        for (at, c) in line.chars().enumerate() {
            out.extend(marks.iter().any(|mark| mark[1] == at).then_some(']'));
            out.extend(marks.iter().any(|mark| mark[0] == at).then_some('['));
            out.push(c);
        }
        out.extend(marks.iter().any(|mark| mark[1] == line.chars().count()).then_some(']'));
        out
    }

    #[test]
    fn matches_are_marked_as_they_were_written() {
        for (text, query, expected) in [
            ("two Deploys, one deploy", "deplo", "two [Deploys], one [deploy]"),
            ("a Crème brûlée", "creme brulee", "a [Crème] [brûlée]"),
            ("cre\u{300}me!", "crème", "[cre\u{300}me]!"),
            ("明日は京都駅前で", "京都駅", "明日は[京都駅]前で"),
            ("今天天气好", "天", "今[天][天]气好"),
            ("今天天气好", "天气", "今天[天气]好"),
            ("天 气", "天气", "天 气"),
            ("서울에서 만나요", "서울", "[서울]에서 만나요"),
            ("roll back, rolled back", "\"rolled back\"", "roll back, [rolled back]"),
            ("line one\nline\ttwo", "two", "line one line    [two]"),
            ("big 🎉 party", "🎉", "big [🎉] party"),
            ("family 👩‍👩‍👧!", "👩", "family [👩‍👩‍👧]!"),
            ("nothing here", "-other from:me", "nothing here"),
            ("ﷺ", "صلى", "[ﷺ]"),
            ("cafe deployment", "deploy caf", "[cafe] deployment"),
        ] {
            assert_eq!(shown(text, query), expected, "{text} | {query}");
        }
    }

    #[test]
    fn long_texts_are_cut_on_whole_characters_around_the_first_match() {
        let text = format!("{} needle {}", "before ".repeat(100), "after ".repeat(100));
        let line = shown(&text, "needle");
        assert!(line.starts_with("…before ") && line.contains(" [needle] after") && line.ends_with('…'));
        assert_eq!(line.chars().count(), limits::SNIPPET_CHARS + 4);
        let family = "👩‍👩‍👧".repeat(1_000);
        let line = shown(&format!("{family}天气{family}"), "天气");
        assert_eq!(line.graphemes(true).count(), limits::SNIPPET_CHARS + 4);
        assert!(line.contains("👩‍👩‍👧[天气]👩‍👩‍👧"));
        let line = shown(&format!("{}end", "x ".repeat(500)), "end");
        assert!(line.starts_with("…x") && line.ends_with("x [end]"));
        assert!(line.chars().count() > limits::SNIPPET_CHARS - LEAD);
    }

    #[test]
    fn a_snippet_is_safe_to_draw() {
        let line = shown("evil \u{1b}[31mred\u{202e} deploy\u{7}", "deploy");
        assert!(SafeText::is_safe_line(&line) && line.contains("[deploy]"), "{line}");
    }

    #[test]
    fn newer_counts_for_more_but_not_for_everything() {
        let day = 24 * 60 * 60 * 1_000;
        assert!((score(1.0, 0) - 2.0).abs() < 1e-9);
        assert!((score(1.0, 30 * day) - 1.5).abs() < 1e-9);
        assert!(score(1.0, 3_000 * day) > 1.0);
        assert!(score(2.1, 3_000 * day) > score(1.0, -day), "twice as good beats new");
    }

    proptest! {
        #[test]
        fn marks_lie_in_the_line_in_order(
            text in "[\\PCab天\u{300}\u{200d}\n 👩]{0,400}",
            query in "[ab天]{1,2}|[\\PC]{1,10}",
        ) {
            let Ok(query) = SearchQuery::parse(&query) else { return Ok(()) };
            let (line, marks) = snippet(&text, &Wanted::of(&query));
            let chars = line.chars().count();
            let mut at = 0;
            for [from, to] in marks {
                prop_assert!(at <= from && from < to && to <= chars);
                at = to;
            }
            prop_assert!(SafeText::is_safe_line(&line));
        }

        #[test]
        fn a_word_of_a_text_is_found_in_it(text in "[a-zé天气 ]{1,200}", nth in any::<prop::sample::Index>()) {
            let found = words(&text);
            prop_assume!(!found.is_empty());
            let one = nth.get(&found);
            let sequence = Sequence { words: vec![Word { joined: false, ..one.clone() }], prefix: false };
            let (line, marks) = snippet(&text, &Wanted { all: vec![sequence], none: Vec::new() });
            prop_assert!(!marks.is_empty());
            let marked: String = line.chars().skip(marks[0][0]).take(marks[0][1] - marks[0][0]).collect();
            prop_assert_eq!(&words(&marked)[0].text, &one.text);
        }
    }
}
