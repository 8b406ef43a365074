//! What a text is made of, for finding it: the one place that says which texts are alike.
//!
//! 1. Case, accents, width and compatibility forms do not count: `creme` is `Crème`, `ﬁ` is `fi`.
//! 2. Scripts that write no spaces (Chinese, Japanese, Korean particles, Thai …) give a word for
//!    every character, joined into runs, so that any part of a run can be found.
//! 3. An emoji is a word.
//! 4. Every word remembers where it stood, so that what was found can be marked.
//! 5. A text and a query go through the same function, so they cannot disagree.
//!
//! A change of what comes out needs another [`VERSION`]: the store then indexes anew.

use unicode_normalization::char::{compose, decompose_compatible, is_combining_mark};
use unicode_properties::UnicodeEmoji;

/// The rules by which words are made; an index of other rules is worthless.
pub const VERSION: i64 = 1;

/// Longer words count by their beginning; nobody types them, and a pasted key or picture would
/// only fill the index.
const WORD_CHARS: usize = 64;

/// Most words fit into so much without growing.
const USUAL_BYTES: usize = 16;

/// A word, or one character of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// What it is compared by. Has no white space and no ASCII but letters and digits.
    pub text: String,
    /// Where it begins in the text, in bytes.
    pub from: usize,
    /// Where it ends.
    pub to: usize,
    /// Whether it is one character of a script without spaces.
    pub in_run: bool,
    /// Whether it continues the run of the word before it.
    pub joined: bool,
}

/// Takes a text apart.
#[must_use]
pub fn words(text: &str) -> Vec<Word> {
    let mut words = Words::default();
    for (from, c) in text.char_indices() {
        let to = from + c.len_utf8();
        if c.is_ascii() {
            words.take(c.to_ascii_lowercase(), from, to);
        } else {
            decompose_compatible(c, |part| words.fold(part, from, to));
        }
    }
    words.found
}

/// What an index holds of a text, one token after the other: a word as it is; of a run every two
/// neighbours and its last character, so that parts of one or two characters can be found.
pub fn tokens(words: Vec<Word>) -> impl Iterator<Item = String> {
    let mut words = words.into_iter().peekable();
    std::iter::from_fn(move || {
        let mut token = words.next()?.text;
        if let Some(next) = words.peek().filter(|next| next.joined) {
            token.push_str(&next.text);
        }
        Some(token)
    })
}

#[derive(Default)]
struct Words {
    found: Vec<Word>,
    /// Whether the last word may go on, and how many characters it has.
    open: bool,
    chars: usize,
}

impl Words {
    /// One character of a decomposed one.
    fn fold(&mut self, part: char, from: usize, to: usize) {
        match part {
            'ß' => ['s', 's'].into_iter().for_each(|c| self.take(c, from, to)),
            'æ' | 'Æ' => ['a', 'e'].into_iter().for_each(|c| self.take(c, from, to)),
            'œ' | 'Œ' => ['o', 'e'].into_iter().for_each(|c| self.take(c, from, to)),
            'ø' | 'Ø' => self.take('o', from, to),
            'ł' | 'Ł' => self.take('l', from, to),
            'đ' | 'Đ' => self.take('d', from, to),
            'ı' => self.take('i', from, to),
            'ς' => self.take('σ', from, to),
            _ => part.to_lowercase().for_each(|c| self.take(c, from, to)),
        }
    }

    fn take(&mut self, c: char, from: usize, to: usize) {
        match class(c) {
            Class::Letter => self.letter(c, from, to),
            Class::Run => self.run(c, from, to),
            Class::Sign => self.begin(c, from, to, false, false),
            Class::Mark if self.compose(c, to) => {}
            Class::Mark if self.open && self.found.last().is_some_and(|word| !word.in_run) => {
                self.letter(c, from, to);
            }
            Class::Mark if self.open => self.widen(to),
            Class::Nothing => self.widen(to),
            Class::Break | Class::Mark => self.open = false,
        }
    }

    fn letter(&mut self, c: char, from: usize, to: usize) {
        match self.found.last_mut() {
            Some(word) if self.open && !word.in_run => {
                if self.chars < WORD_CHARS {
                    word.text.push(c);
                    self.chars += 1;
                }
                word.to = to;
            }
            _ => {
                self.begin(c, from, to, false, false);
                self.open = true;
            }
        }
    }

    fn run(&mut self, c: char, from: usize, to: usize) {
        if self.compose(c, to) {
            return;
        }
        let joined = self.open && self.found.last().is_some_and(|word| word.in_run);
        self.begin(c, from, to, true, joined);
        self.open = true;
    }

    fn begin(&mut self, c: char, from: usize, to: usize, in_run: bool, joined: bool) {
        let mut text = String::with_capacity(if in_run { c.len_utf8() } else { USUAL_BYTES });
        text.push(c);
        self.found.push(Word { text, from, to, in_run, joined });
        (self.open, self.chars) = (false, 1);
    }

    /// Puts a kana and its voice mark, or the parts of a Korean syllable, together again.
    fn compose(&mut self, c: char, to: usize) -> bool {
        let is_part =
            matches!(c, '\u{3099}' | '\u{309a}' | '\u{1161}'..='\u{1175}' | '\u{11a8}'..='\u{11c2}');
        let Some(word) = self.found.last_mut().filter(|word| is_part && self.open && word.in_run) else {
            return false;
        };
        let Some(whole) = word.text.pop().and_then(|first| {
            let whole = compose(first, c);
            word.text.extend(whole.is_none().then_some(first));
            whole
        }) else {
            return false;
        };
        word.text.push(whole);
        word.to = to;
        true
    }

    /// What leaves no trace belongs to what it follows.
    fn widen(&mut self, to: usize) {
        if let Some(word) = self.found.last_mut().filter(|_| self.open) {
            word.to = to;
        }
    }
}

enum Class {
    Letter,
    Run,
    /// A word on its own.
    Sign,
    /// Part of a letter, where there is one.
    Mark,
    /// As if it were not there.
    Nothing,
    Break,
}

fn class(c: char) -> Class {
    match c {
        _ if c.is_ascii() => {
            if c.is_ascii_alphanumeric() {
                Class::Letter
            } else {
                Class::Break
            }
        }
        // Accents, Hebrew points and cantillation, Arabic vowel signs and the stretching stroke.
        '\u{300}'..='\u{36f}'
        | '\u{591}'..='\u{5c7}'
        | '\u{610}'..='\u{61a}'
        | '\u{640}'
        | '\u{64b}'..='\u{65f}'
        | '\u{670}'
        | '\u{6d6}'..='\u{6dc}'
        | '\u{20d0}'..='\u{20ff}' => Class::Nothing,
        // Joiners, soft hyphen, direction marks, variation selectors, skin tones.
        '\u{ad}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2069}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}'
        | '\u{1f3fb}'..='\u{1f3ff}' => Class::Nothing,
        _ if writes_no_spaces(c) => Class::Run,
        _ if is_combining_mark(c) => Class::Mark,
        _ if c.is_alphanumeric() => Class::Letter,
        _ if c.is_emoji_char() => Class::Sign,
        _ => Class::Break,
    }
}

/// Scripts in which a space does not tell where a word begins. Korean has spaces, but glues its
/// particles to the words that people look for.
fn writes_no_spaces(c: char) -> bool {
    matches!(c,
        '\u{e01}'..='\u{e3a}' | '\u{e40}'..='\u{e4e}' // Thai
        | '\u{e81}'..='\u{ecd}' // Lao
        | '\u{1000}'..='\u{103f}' | '\u{1050}'..='\u{109f}' // Myanmar
        | '\u{1780}'..='\u{17d3}' // Khmer
        | '\u{1100}'..='\u{11ff}' | '\u{ac00}'..='\u{d7a3}' // Hangul
        | '\u{3005}'..='\u{3007}' | '\u{3041}'..='\u{309f}' // Hiragana
        | '\u{30a1}'..='\u{30fa}' | '\u{30fc}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}' // Katakana
        | '\u{3105}'..='\u{312f}' | '\u{31a0}'..='\u{31bf}' // Bopomofo
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{3ffff}') // Han
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(text: &str) -> String {
        words(text).iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ")
    }

    fn index(text: &str) -> String {
        tokens(words(text)).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn words_are_folded() {
        for (text, folded) in [
            ("Crème BRÛLÉE", "creme brulee"),
            ("cre\u{300}me", "creme"),
            ("Straße, STRASSE", "strasse strasse"),
            ("Øre Łódź Đorđe Æther", "ore lodz dorde aether"),
            ("İstanbul ısı", "istanbul isi"),
            ("Привет, ЁЖ! Йод", "привет еж иод"),
            ("ΟΔΟΣ οδός", "οδοσ οδοσ"),
            ("ﬁnd ①② ａｄａ", "find 12 ada"),
            ("שָׁלוֹם مُحَمَّد", "שלום محمد"),
            ("हिन्दी में", "हिन्दी में"),
            ("don't foo-bar snake_case x@y.org", "don t foo bar snake case x y org"),
            ("v1.2.3\u{ad}4 zero\u{200b}width", "v1 2 34 zerowidth"),
            ("ship it 🎉🎉 👩‍👩‍👧 👍🏽 ❤️ 1️⃣", "ship it 🎉 🎉 👩 👩 👧 👍 ❤ 1"),
            ("\u{1100}\u{1930}", "\u{1100}"), // a mark of another script
            ("™ … — \0 \u{7} ()", "tm"),
        ] {
            assert_eq!(texts(text), folded, "{text}");
        }
    }

    #[test]
    fn runs_are_found_from_every_character() {
        assert_eq!(index("今天天气"), "今天 天天 天气 气");
        assert_eq!(index("go去hello天气, 好"), "go 去 hello 天气 气 好");
        assert_eq!(index("京都駅"), "京都 都駅 駅");
        assert_eq!(index("서울에서"), "서울 울에 에서 서");
        assert_eq!(index("ｶﾞｷﾞ"), "ガギ ギ", "narrow forms");
        assert_eq!(index("か\u{3099}"), "が", "a mark of its own");
        assert_eq!(index("\u{1109}\u{1165}\u{110b}\u{116e}\u{11af}"), "서울 울", "a syllable in parts");
        assert_eq!(index("가\u{11a8}"), "각");
        assert_eq!(index("東・京"), "東 京");
    }

    #[test]
    fn long_words_count_by_their_beginning() {
        let found = words(&"ab".repeat(1_000));
        assert_eq!((found.len(), found[0].text.len(), found[0].to), (1, WORD_CHARS, 2_000));
        assert_eq!(found[0].text, words(&"ab".repeat(2_000))[0].text);
    }

    proptest! {
        #[test]
        fn words_stand_where_they_say(text in any::<String>()) {
            let mut end = 0;
            for word in words(&text) {
                prop_assert!(text.get(word.from..word.to).is_some_and(|part| !part.is_empty()));
                // One character may give several words; apart from that they stand in a row.
                prop_assert!(word.from >= end || text[word.from..end].chars().nth(1).is_none());
                end = end.max(word.to);
                prop_assert!(word.text.chars().all(|c| !c.is_ascii() || c.is_ascii_alphanumeric()));
                prop_assert!(!word.text.is_empty() && (word.in_run || !word.joined));
            }
        }

        #[test]
        fn folding_again_changes_nothing(text in "[\\PC]{0,30}") {
            let folded = texts(&text);
            prop_assert_eq!(texts(&folded), folded);
        }

        #[test]
        fn case_and_width_do_not_count(text in "[a-zà-öа-я0-9 ]{0,30}") {
            prop_assert_eq!(texts(&text.to_uppercase()), texts(&text));
        }
    }
}
