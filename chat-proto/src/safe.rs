//! Text from others, made safe to draw.
//!
//! [`SafeText`] is the only form in which a text that somebody else wrote may reach a terminal, a
//! title, an export or a log. It promises:
//!
//! 1. No C0 or C1 control and no escape: they become their visible pictures (`␛`, `␇`, `�`), so
//!    nothing is hidden and nothing is obeyed.
//! 2. No bidi control: a text cannot reverse its neighbours. Arabic and Hebrew letters stay; they
//!    need no controls.
//! 3. No invisible character, except a joiner where a script or an emoji needs it.
//! 4. At most [`MARKS`] combining marks in a row, so that a line stays a line.
//! 5. Making a safe text safe again changes nothing.

use std::fmt;

use unicode_properties::{
    EmojiStatus, GeneralCategory, GeneralCategoryGroup, UnicodeEmoji, UnicodeGeneralCategory,
};

/// Combining marks that may follow one another. Vietnamese needs 2, Hebrew with cantillation 4.
const MARKS: usize = 6;

/// Spaces that a tab becomes; a real tab would move the cursor by the terminal's rules.
const TAB: &str = "    ";

/// A text that a terminal may be given. See the module's promises.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SafeText(String);

impl SafeText {
    /// One line: line breaks become spaces.
    #[must_use]
    pub fn line(raw: &str) -> Self {
        Self(clean(raw, " "))
    }

    /// Several lines: line breaks of any kind become `\n`, the only control character left.
    #[must_use]
    pub fn block(raw: &str) -> Self {
        Self(clean(raw, "\n"))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a finished screen cell or payload keeps the promises for one line.
    #[must_use]
    pub fn is_safe_line(text: &str) -> bool {
        // Plain ASCII is nearly every cell of a screen.
        text.bytes().all(|b| matches!(b, b' '..=b'~')) || clean(text, " ") == text
    }
}

impl fmt::Display for SafeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl AsRef<str> for SafeText {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// What happens to one character.
enum Fate {
    Keep,
    Drop,
    LineBreak,
    Tab,
    Picture(char),
    Joiner,
    Mark,
    Tag,
}

fn clean(raw: &str, line_break: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut marks = 0;
    // Whether it joins anything is known with what follows it and stays.
    let mut joiner = None;
    let mut chars = raw.chars().peekable();
    while let Some(c) = chars.next() {
        let fate = fate(c);
        // What is dropped, or only joins, begins no new cell.
        marks = match fate {
            Fate::Mark => marks + 1,
            Fate::Drop | Fate::Joiner | Fate::Tag => marks,
            Fate::Keep | Fate::LineBreak | Fate::Tab | Fate::Picture(_) => 0,
        };
        match fate {
            Fate::Drop => {}
            Fate::LineBreak => {
                if c == '\r' && chars.peek() == Some(&'\n') {
                    chars.next();
                }
                out.push_str(line_break);
            }
            Fate::Tab => out.push_str(TAB),
            Fate::Picture(picture) => out.push(picture),
            Fate::Joiner => joiner = Some(c),
            Fate::Mark if marks > MARKS => {}
            Fate::Tag if !follows_black_flag(&out) => {}
            Fate::Keep | Fate::Mark | Fate::Tag => {
                let before = out.chars().next_back();
                out.extend(joiner.take().filter(|_| joins(before, c)));
                out.push(c);
            }
        }
    }
    out
}

fn fate(c: char) -> Fate {
    match c {
        ' '..='~' => Fate::Keep,
        '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => Fate::LineBreak,
        '\t' => Fate::Tab,
        '\0'..='\u{1f}' => Fate::Picture(char::from_u32(0x2400 + c as u32).unwrap_or('\u{fffd}')),
        '\u{7f}' => Fate::Picture('\u{2421}'),
        '\u{80}'..='\u{9f}' => Fate::Picture('\u{fffd}'),
        '\u{200c}' | '\u{200d}' => Fate::Joiner,
        '\u{e0020}'..='\u{e007f}' => Fate::Tag,
        // Letters that are drawn as nothing: Hangul fillers, Khmer inherent vowels, blank Braille.
        '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' | '\u{17b4}' | '\u{17b5}' | '\u{2800}' => {
            Fate::Drop
        }
        // Selectors beyond the two that choose text or emoji form: a channel to hide data in.
        '\u{180b}'..='\u{180f}' | '\u{fe00}'..='\u{fe0d}' | '\u{e0100}'..='\u{e01ef}' => Fate::Drop,
        '\u{34f}' => Fate::Drop,
        _ if is_visible_format(c) => Fate::Keep,
        _ => by_category(c),
    }
}

fn by_category(c: char) -> Fate {
    if c.general_category_group() == GeneralCategoryGroup::Mark {
        return Fate::Mark;
    }
    match c.general_category() {
        GeneralCategory::Format | GeneralCategory::Control => Fate::Drop,
        GeneralCategory::LineSeparator | GeneralCategory::ParagraphSeparator => Fate::LineBreak,
        _ => Fate::Keep,
    }
}

/// Format characters that have ink: the Arabic, Syriac and Kaithi number and verse signs.
fn is_visible_format(c: char) -> bool {
    matches!(
        c,
        '\u{600}'..='\u{605}' | '\u{6dd}' | '\u{70f}' | '\u{890}'..='\u{891}' | '\u{8e2}' | '\u{110bd}' | '\u{110cd}'
    )
}

/// Whether a joiner between these two changes what is seen: inside an emoji, or inside a word of
/// a script that joins. Between Latin letters it only hides.
fn joins(before: Option<char>, after: char) -> bool {
    let Some(before) = before else { return false };
    (is_emoji_part(before) && is_emoji_part(after)) || (is_joining_letter(before) && is_joining_letter(after))
}

fn is_emoji_part(c: char) -> bool {
    let is_selector = c == '\u{fe0f}';
    is_selector
        || (!c.is_ascii()
            && !matches!(c.emoji_status(), EmojiStatus::NonEmoji | EmojiStatus::NonEmojiButEmojiComponent))
}

/// Letters and marks of the scripts that use joiners: Arabic and its neighbours, Mongolian, and
/// the scripts of India and around.
fn is_joining_letter(c: char) -> bool {
    let in_block = matches!(c, '\u{600}'..='\u{8ff}' | '\u{900}'..='\u{dff}' | '\u{1000}'..='\u{109f}'
        | '\u{1780}'..='\u{18af}' | '\u{fb50}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}');
    in_block
        && matches!(c.general_category_group(), GeneralCategoryGroup::Letter | GeneralCategoryGroup::Mark)
}

/// Tags mean something only in the flags of regions (England, Scotland, Wales): the black flag,
/// then tags.
fn follows_black_flag(out: &str) -> bool {
    /// The longest such flag has six tags and an end.
    const TAGS: usize = 7;
    out.chars().rev().take(TAGS).find(|c| !matches!(c, '\u{e0020}'..='\u{e007f}')) == Some('\u{1f3f4}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(raw: &str) -> String {
        SafeText::line(raw).0
    }

    #[test]
    fn escapes_are_seen_and_not_obeyed() {
        assert_eq!(line("\u{1b}]52;c;aGk=\u{7}"), "␛]52;c;aGk=␇");
        assert_eq!(line("\u{1b}[2J\u{9b}31m"), "␛[2J\u{fffd}31m");
        assert_eq!(line("a\u{8}\u{7f}\0"), "a␈␡␀");
    }

    #[test]
    fn line_breaks_and_tabs_are_plain() {
        assert_eq!(line("a\r\nb\nc\rd\u{2028}e"), "a b c d e");
        assert_eq!(SafeText::block("a\r\nb\nc\rd\u{2029}e\tf").as_str(), "a\nb\nc\nd\ne    f");
    }

    #[test]
    fn order_cannot_be_faked_and_real_scripts_survive() {
        assert_eq!(line("a\u{202e}b\u{2066}c\u{200f}d\u{61c}"), "abcd");
        for real in ["שלום עולם", "مرحبا بالعالم", "می\u{200c}خواهم", "क्\u{200d}ष", "é̂", "日本語", "ไทย"]
        {
            assert_eq!(line(real), real);
        }
    }

    #[test]
    fn nothing_hides_between_letters() {
        assert_eq!(line("a\u{200b}d\u{200d}a\u{feff}\u{2060}\u{ad}\u{3164}\u{34f}"), "ada");
        assert_eq!(line("a\u{e0041}\u{e0042}\u{fe01}b"), "ab");
        assert_eq!(
            line("h\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}\u{307}\u{308}"),
            "h\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}"
        );
    }

    #[test]
    fn emoji_of_several_parts_survive() {
        for emoji in ["👩‍👩‍👧", "🏳️‍🌈", "👍🏽", "🇩🇪", "❤️", "1️⃣", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "🧑🏿‍🤝‍🧑🏻"]
        {
            assert_eq!(line(emoji), emoji);
        }
        assert_eq!(line("👩\u{200d}"), "👩", "a joiner that joins nothing goes");
        assert_eq!(line("ح\u{200d}\u{180b}."), "ح.", "also with what goes behind it");
        assert_eq!(line("क्\u{180b}\u{200d}\u{180b}ष"), "क्\u{200d}ष");
    }

    proptest! {
        #[test]
        fn safe_text_has_no_control_and_no_bidi(raw in "\\PC*|(\\p{Cc}|\\p{Cf}|\\p{M}|.){0,80}") {
            for (text, newline_ok) in [(SafeText::line(&raw), false), (SafeText::block(&raw), true)] {
                for c in text.as_str().chars() {
                    prop_assert!(!c.is_control() || (newline_ok && c == '\n'), "{c:?}");
                    let is_bidi = matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
                    prop_assert!(!is_bidi, "{c:?}");
                }
            }
        }

        #[test]
        fn cleaning_twice_is_cleaning_once(raw in "(\\p{Cc}|\\p{Cf}|\\p{M}|\\p{Emoji}|.){0,60}") {
            let once = SafeText::line(&raw);
            prop_assert!(SafeText::is_safe_line(once.as_str()));
            let block = SafeText::block(&raw);
            prop_assert_eq!(SafeText::block(block.as_str()), block);
        }
    }
}
