//! One key and a few of them in a row: read from what people write ("ctrl-k", "C-x b", "g g"),
//! written as the help shows them ("Ctrl-K", "Ctrl-X B", "g g"), taken from the terminal.

use std::fmt;
use std::str::FromStr;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

pub(super) const NONE: KeyModifiers = KeyModifiers::NONE;
pub(super) const CTRL: KeyModifiers = KeyModifiers::CONTROL;
pub(super) const ALT: KeyModifiers = KeyModifiers::ALT;
pub(super) const SHIFT: KeyModifiers = KeyModifiers::SHIFT;

/// Keys of one chord; nobody presses more in a row for one thing.
pub const CHORD_KEYS: usize = 4;

/// Names of keys that are not one character. The first name of a key is the one that is shown.
const NAMES: &[(&str, KeyCode)] = &[
    ("Enter", KeyCode::Enter),
    ("Return", KeyCode::Enter),
    ("Esc", KeyCode::Esc),
    ("Escape", KeyCode::Esc),
    ("Tab", KeyCode::Tab),
    ("Space", KeyCode::Char(' ')),
    ("Backspace", KeyCode::Backspace),
    ("Del", KeyCode::Delete),
    ("Delete", KeyCode::Delete),
    ("Insert", KeyCode::Insert),
    ("Up", KeyCode::Up),
    ("Down", KeyCode::Down),
    ("Left", KeyCode::Left),
    ("Right", KeyCode::Right),
    ("Home", KeyCode::Home),
    ("End", KeyCode::End),
    ("PageUp", KeyCode::PageUp),
    ("PgUp", KeyCode::PageUp),
    ("PageDown", KeyCode::PageDown),
    ("PgDn", KeyCode::PageDown),
];

/// What stands before a key, in the ways of different programs.
const MODIFIERS: &[(&str, KeyModifiers)] = &[
    ("ctrl-", CTRL),
    ("control-", CTRL),
    ("c-", CTRL),
    ("alt-", ALT),
    ("meta-", ALT),
    ("m-", ALT),
    ("a-", ALT),
    ("shift-", SHIFT),
    ("s-", SHIFT),
];

/// A key with its modifiers, in the one form that all terminals are brought to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    modifiers: KeyModifiers,
    code: KeyCode,
}

impl Key {
    /// The key of an event. Terminals report the same key in several ways: letters beside Ctrl and
    /// Alt come in both cases, Shift also where it is in the character already, and Shift-Tab has
    /// two names.
    #[must_use]
    pub fn of(event: KeyEvent) -> Self {
        let modifiers = event.modifiers & (CTRL | ALT | SHIFT);
        let (modifiers, code) = match event.code {
            // AltGr arrives as Ctrl-Alt on some systems, and types a letter.
            KeyCode::Char(c) if modifiers.contains(CTRL | ALT) => (NONE, KeyCode::Char(c)),
            KeyCode::Char(c) if modifiers.intersects(CTRL | ALT) => {
                (modifiers - SHIFT, KeyCode::Char(c.to_ascii_lowercase()))
            }
            KeyCode::Char(c) => (NONE, KeyCode::Char(c)),
            KeyCode::BackTab => (SHIFT, KeyCode::Tab),
            code => (modifiers, code),
        };
        Self { modifiers, code }
    }

    /// The character that the key types, if it types one.
    #[must_use]
    pub fn typed(self) -> Option<char> {
        match (self.modifiers, self.code) {
            (NONE, KeyCode::Char(c)) => Some(c),
            _ => None,
        }
    }

    /// Whether it needs Alt, which dies on some keyboards and in some terminals.
    #[must_use]
    pub fn is_alt(self) -> bool {
        self.modifiers.contains(ALT)
    }
}

impl FromStr for Key {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (mut modifiers, mut rest) = (NONE, text);
        // A hyphen at the end is the key itself: "ctrl--".
        while let Some((prefix, modifier)) = MODIFIERS.iter().find(|(prefix, _)| begins(rest, prefix)) {
            modifiers |= *modifier;
            rest = rest.get(prefix.len()..).unwrap_or_default();
        }
        let code = code(rest).ok_or_else(|| format!("there is no key \"{text}\"; {}", how()))?;
        let KeyCode::Char(c) = code else { return Ok(Self { modifiers, code }) };
        match modifiers {
            _ if c == ' ' && modifiers == NONE => Ok(Self { modifiers, code }),
            NONE => Ok(Self { modifiers, code }),
            SHIFT => Ok(Self { modifiers: NONE, code: KeyCode::Char(c.to_ascii_uppercase()) }),
            _ if modifiers.contains(CTRL | ALT) => {
                Err(format!("{text} types a letter on many keyboards; leave Ctrl or Alt away"))
            }
            _ if modifiers.contains(SHIFT) => {
                Err(format!("terminals do not tell {text} from the same without Shift; leave Shift away"))
            }
            _ => Ok(Self { modifiers, code: KeyCode::Char(c.to_ascii_lowercase()) }),
        }
    }
}

fn begins(text: &str, prefix: &str) -> bool {
    let head = text.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix));
    head && text.len() > prefix.len()
}

fn code(name: &str) -> Option<KeyCode> {
    let mut chars = name.chars();
    if let (Some(c), None) = (chars.next(), chars.next()) {
        return (!c.is_control()).then_some(KeyCode::Char(c));
    }
    if let Some((_, code)) = NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
        return Some(*code);
    }
    let number = name.strip_prefix(['F', 'f'])?.parse().ok()?;
    (1..=24).contains(&number).then_some(KeyCode::F(number))
}

fn how() -> &'static str {
    "write it as ctrl-k, alt-enter, f3, pagedown, or several with spaces: ctrl-x ctrl-e"
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (modifier, name) in [(CTRL, "Ctrl-"), (ALT, "Alt-"), (SHIFT, "Shift-")] {
            if self.modifiers.contains(modifier) {
                f.write_str(name)?;
            }
        }
        match self.code {
            KeyCode::F(number) => write!(f, "F{number}"),
            KeyCode::Char(c) if c != ' ' && self.modifiers == NONE => write!(f, "{c}"),
            KeyCode::Char(c) if c != ' ' => write!(f, "{}", c.to_ascii_uppercase()),
            code => match NAMES.iter().find(|(_, known)| *known == code) {
                Some((name, _)) => f.write_str(name),
                None => f.write_str("?"),
            },
        }
    }
}

/// Keys that are pressed one after the other for one thing; mostly one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Chord(Vec<Key>);

impl Chord {
    /// Keys pressed one after the other; `None` for none or too many.
    #[must_use]
    pub(crate) fn of(keys: Vec<Key>) -> Option<Self> {
        (1..=CHORD_KEYS).contains(&keys.len()).then_some(Self(keys))
    }

    /// The keys.
    #[must_use]
    pub fn keys(&self) -> &[Key] {
        &self.0
    }

    /// What is still to be pressed, if these keys begin it.
    pub(super) fn after(&self, begun: &[Key]) -> Option<&[Key]> {
        self.0.strip_prefix(begun).filter(|rest| !rest.is_empty())
    }
}

/// Keys in a row, as the help writes them.
pub(crate) fn written(keys: &[Key]) -> String {
    keys.iter().map(Key::to_string).collect::<Vec<_>>().join(" ")
}

impl FromStr for Chord {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let keys: Vec<Key> = text.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
        match keys.len() {
            0 => Err(format!("a key is missing; {}", how())),
            1..=CHORD_KEYS => Ok(Self(keys)),
            _ => Err(format!("\"{text}\" has too many keys: at most {CHORD_KEYS} in a row")),
        }
    }
}

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&written(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        text.parse::<Chord>().map_or_else(|error| error, |chord| chord.to_string())
    }

    #[test]
    fn keys_are_read_in_many_ways_and_written_in_one() {
        for (written, one) in [
            ("ctrl-k", "Ctrl-K"),
            ("C-x C-e", "Ctrl-X Ctrl-E"),
            ("m-enter", "Alt-Enter"),
            ("f3", "F3"),
            ("g G", "g G"),
            ("shift-a", "A"),
            ("s-tab", "Shift-Tab"),
            ("ctrl--", "Ctrl--"),
            ("-", "-"),
            ("pgdn", "PageDown"),
            ("ctrl-space", "Ctrl-Space"),
            ("space", "Space"),
            ("ctrl-shift-left", "Ctrl-Shift-Left"),
            ("é", "é"),
            ("alt-/", "Alt-/"),
        ] {
            assert_eq!(shown(written), one);
            assert_eq!(shown(&shown(written)), one, "what is written reads the same");
        }
    }

    #[test]
    fn what_is_not_a_key_says_how_to_write_one() {
        let how = how();
        assert_eq!(shown(""), format!("a key is missing; {how}"));
        assert_eq!(shown("hyper-x"), format!("there is no key \"hyper-x\"; {how}"));
        assert_eq!(shown("f99"), format!("there is no key \"f99\"; {how}"));
        assert_eq!(shown("a b c d e"), "\"a b c d e\" has too many keys: at most 4 in a row");
        assert_eq!(
            shown("ctrl-alt-x"),
            "ctrl-alt-x types a letter on many keyboards; leave Ctrl or Alt away"
        );
        assert!(shown("ctrl-shift-k").ends_with("leave Shift away"));
    }

    #[test]
    fn terminals_say_the_same_key_in_several_ways() {
        let of = |modifiers, code| Key::of(KeyEvent::new(code, modifiers)).to_string();
        assert_eq!(of(ALT | SHIFT, KeyCode::Char('A')), "Alt-A");
        assert_eq!(of(SHIFT, KeyCode::BackTab), "Shift-Tab");
        assert_eq!(of(NONE, KeyCode::BackTab), "Shift-Tab");
        assert_eq!(of(CTRL | ALT, KeyCode::Char('@')), "@");
        assert_eq!(of(SHIFT, KeyCode::Char('?')), "?");
    }
}
