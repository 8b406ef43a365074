//! How wide this terminal draws what terminals do not agree upon: measured once at the start, by
//! writing a sample and asking where the cursor stands.
//!
//! The standard leaves the width of some characters to the reader's script ("ambiguous"), and of
//! emoji made of several characters to the font. A program that counts another width than its
//! terminal loses the cursor and leaves parts of old texts behind.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// What is written to be measured: a line, a heart made a picture, a family, a flag, a thumb with a
/// colour. Each is two columns for those who follow the newest standard, but the line.
pub(crate) const SAMPLES: [&str; 5] = ["─", "❤\u{fe0f}", "👩\u{200d}👩\u{200d}👧", "🇩🇪", "👍🏽"];

/// What our own marks become where a line takes two columns: one column each, in every terminal.
const STAND_INS: &[(&str, &str)] = &[
    ("─", "-"),
    ("│", "|"),
    ("┃", "|"),
    ("▌", "|"),
    ("╭", "+"),
    ("╮", "+"),
    ("╰", "+"),
    ("╯", "+"),
    ("●", "*"),
    ("○", "o"),
    ("◐", "o"),
    ("◌", "o"),
    ("◇", "<"),
    ("▸", ">"),
    ("▣", "#"),
    ("·", "."),
    ("…", "~"),
    ("✓", "v"),
    ("✗", "x"),
    ("↑", "^"),
    ("↓", "v"),
    ("×", "x"),
    ("—", "-"),
    ("☾", "z"),
    ("⚑", "!"),
];

/// The widths of what is not agreed upon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Widths {
    /// Whether all of it was measured, or is only what the standard says.
    pub is_measured: bool,
    /// Characters of ambiguous width.
    pub ambiguous: usize,
    /// A character made a picture by a selector behind it.
    pub selected: usize,
    /// Whether pictures joined by a joiner are one picture, and not their sum.
    pub joins: bool,
    /// A flag.
    pub flag: usize,
    /// Whether a colour of skin joins what it stands behind.
    pub skin_joins: bool,
}

impl Default for Widths {
    fn default() -> Self {
        Self { is_measured: false, ambiguous: 1, selected: 2, joins: true, flag: 2, skin_joins: true }
    }
}

impl Widths {
    /// What the columns of the cursor behind each sample say; from 1.
    pub(crate) fn measured(columns: &[u16]) -> Self {
        let columns: Vec<usize> =
            columns.iter().map(|column| usize::from(column.saturating_sub(1))).collect();
        let [ambiguous, selected, joined, flag, skin] = columns[..] else { return Self::default() };
        // What nobody draws is a terminal that did something else, as at the edge of a narrow one.
        let is_sound =
            matches!((ambiguous, selected, flag), (1 | 2, 1 | 2, 1 | 2 | 4)) && joined > 0 && skin > 0;
        if !is_sound {
            return Self::default();
        }
        Self { is_measured: true, ambiguous, selected, joins: joined == 2, flag, skin_joins: skin == 2 }
    }

    /// The width of a grapheme that the standard gives `counted` columns.
    pub(crate) fn of(&self, grapheme: &str, counted: usize) -> usize {
        let mut chars = grapheme.chars();
        let Some(first) = chars.next() else { return 0 };
        let rest = chars.as_str();
        if rest.is_empty() {
            let is_wide = self.ambiguous == 2 && counted == 1 && first.width_cjk() == Some(2);
            return if is_wide && stand_in(grapheme).is_none() { 2 } else { counted };
        }
        if is_flag_half(first) {
            return if rest.chars().any(is_flag_half) { self.flag } else { counted };
        }
        let joined = rest.contains('\u{200d}') && counted == 2;
        let skinned = rest.contains(is_skin);
        if (joined && !self.joins) || (skinned && !self.skin_joins) {
            return grapheme.chars().filter(|c| *c != '\u{200d}').filter_map(UnicodeWidthChar::width).sum();
        }
        if counted == 2 && rest.contains('\u{fe0f}') && first.width() == Some(1) {
            self.selected
        } else {
            counted
        }
    }
}

/// What is drawn in place of one of our marks where it would take two columns.
pub(crate) fn stand_in(grapheme: &str) -> Option<&'static str> {
    STAND_INS.iter().find(|(mark, _)| *mark == grapheme).map(|(_, plain)| *plain)
}

/// Whether terminals are known to disagree about a grapheme: what stands behind it is drawn again.
pub(crate) fn is_risky(grapheme: &str) -> bool {
    let is_joining = |c: char| {
        matches!(c, '\u{200d}' | '\u{fe0e}' | '\u{fe0f}' | '\u{20e3}') || is_skin(c) || is_flag_half(c)
    };
    !grapheme.is_ascii() && (grapheme.contains(is_joining) || grapheme.width() > 2)
}

fn is_flag_half(c: char) -> bool {
    ('\u{1f1e6}'..='\u{1f1ff}').contains(&c)
}

fn is_skin(c: char) -> bool {
    ('\u{1f3fb}'..='\u{1f3ff}').contains(&c)
}

#[cfg(test)]
mod tests {
    use ratatui::buffer::CellWidth;

    use super::*;

    fn width(widths: &Widths, grapheme: &str) -> usize {
        widths.of(grapheme, usize::from(grapheme.cell_width()))
    }

    #[test]
    fn the_standard_is_kept_where_nothing_was_measured() {
        let standard = Widths::measured(&[]);
        assert!(!standard.is_measured);
        let widths = SAMPLES.map(|sample| width(&standard, sample));
        assert_eq!(widths, [1, 2, 2, 2, 2]);
    }

    #[test]
    fn what_was_measured_is_counted() {
        let measured = Widths::measured(&[3, 2, 7, 5, 5]);
        assert!(measured.is_measured);
        assert_eq!(SAMPLES.map(|sample| width(&measured, sample)), [1, 1, 6, 4, 4]);
        assert_eq!(width(&measured, "①"), 2, "ambiguous, and no mark of ours");
        assert_eq!(["a", "日", "😀", "e\u{301}"].map(|text| width(&measured, text)), [1, 2, 2, 1]);
        assert_eq!(stand_in("─"), Some("-"));
    }

    #[test]
    fn nonsense_is_not_believed() {
        assert_eq!(Widths::measured(&[1, 1, 1, 1, 1]), Widths::default());
        assert_eq!(Widths::measured(&[40, 3, 3, 3, 3]), Widths::default());
        assert_eq!(Widths::measured(&[2, 3]), Widths::default());
    }

    #[test]
    fn what_is_risky() {
        for risky in ["🇩🇪", "❤\u{fe0f}", "👩\u{200d}👩\u{200d}👧", "👍🏽", "1\u{fe0f}\u{20e3}"]
        {
            assert!(is_risky(risky), "{risky}");
        }
        for plain in ["a", "日", "😀", "é", "e\u{301}", "─"] {
            assert!(!is_risky(plain), "{plain}");
        }
    }
}
