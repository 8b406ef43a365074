//! Colours as numbers: how bright they are, how far apart, how they are named with few of them, and
//! how terminals tell theirs.

use ratatui::style::Color;

use super::CONTRAST;
use crate::settings::Colours;

/// A colour as red, green and blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rgb(pub u8, pub u8, pub u8);

/// The usual values of a terminal's own sixteen; each terminal has its own.
const BASIC: [(Color, Rgb); 16] = [
    (Color::Black, Rgb(0, 0, 0)),
    (Color::Red, Rgb(205, 0, 0)),
    (Color::Green, Rgb(0, 205, 0)),
    (Color::Yellow, Rgb(205, 205, 0)),
    (Color::Blue, Rgb(0, 0, 238)),
    (Color::Magenta, Rgb(205, 0, 205)),
    (Color::Cyan, Rgb(0, 205, 205)),
    (Color::Gray, Rgb(229, 229, 229)),
    (Color::DarkGray, Rgb(127, 127, 127)),
    (Color::LightRed, Rgb(255, 0, 0)),
    (Color::LightGreen, Rgb(0, 255, 0)),
    (Color::LightYellow, Rgb(255, 255, 0)),
    (Color::LightBlue, Rgb(92, 92, 255)),
    (Color::LightMagenta, Rgb(255, 0, 255)),
    (Color::LightCyan, Rgb(0, 255, 255)),
    (Color::White, Rgb(255, 255, 255)),
];

/// The steps of the cube of 216 colours.
const CUBE: [u8; 6] = [0, 95, 135, 175, 215, 255];

/// The first colour of the cube.
const CUBE_AT: u8 = 16;

/// The first of the greys.
const GREYS_AT: u8 = 232;

impl Rgb {
    /// How bright it is, as the WCAG reckons: from 0 to 1.
    #[must_use]
    pub fn luminance(self) -> f64 {
        let linear = |part: u8| {
            let part = f64::from(part) / 255.0;
            if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(self.0) + 0.7152 * linear(self.1) + 0.0722 * linear(self.2)
    }

    /// How much one stands out from the other, as the WCAG reckons: from 1 to 21.
    #[must_use]
    pub fn contrast(self, other: Rgb) -> f64 {
        let (one, two) = (self.luminance(), other.luminance());
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }

    /// Whether black stands out more from it than white.
    #[must_use]
    pub fn is_light(self) -> bool {
        self.contrast(Rgb(0, 0, 0)) > self.contrast(Rgb(255, 255, 255))
    }

    /// The colour nearest to it on the way to black or white that can be read before this one.
    #[must_use]
    pub fn readable_on(self, behind: Rgb) -> Rgb {
        let end = if behind.is_light() { 0 } else { 255 };
        let mixed = |share: u16| {
            let mix = |part: u8| {
                let mixed = (u16::from(part) * (STEPS - share) + end * share) / STEPS;
                u8::try_from(mixed).unwrap_or(u8::MAX)
            };
            Rgb(mix(self.0), mix(self.1), mix(self.2))
        };
        let mut steps = (0..=STEPS).map(mixed);
        steps.find(|colour| colour.contrast(behind) >= CONTRAST).unwrap_or_else(|| mixed(STEPS))
    }

    fn distance(self, other: Rgb) -> u32 {
        // Weighed by how well eyes tell them apart.
        let square = |a: u8, b: u8| u32::from(a.abs_diff(b)).pow(2);
        2 * square(self.0, other.0) + 4 * square(self.1, other.1) + 3 * square(self.2, other.2)
    }
}

/// Steps on the way to black or white.
const STEPS: u16 = 32;

/// The red, green and blue of a colour, as far as it is known.
#[must_use]
pub fn rgb(colour: Color) -> Option<Rgb> {
    match colour {
        Color::Rgb(red, green, blue) => Some(Rgb(red, green, blue)),
        Color::Indexed(index) => Some(indexed(index)),
        named => BASIC.iter().find(|(known, _)| *known == named).map(|(_, rgb)| *rgb),
    }
}

fn indexed(index: u8) -> Rgb {
    if let Some((_, rgb)) = BASIC.get(usize::from(index)) {
        return *rgb;
    }
    if index >= GREYS_AT {
        let grey = 8 + 10 * (index - GREYS_AT);
        return Rgb(grey, grey, grey);
    }
    let at = index - CUBE_AT;
    let step = |at: u8| CUBE.get(usize::from(at % 6)).copied().unwrap_or(u8::MAX);
    Rgb(step(at / 36), step(at / 6), step(at))
}

/// A colour of a text, moved until it can be read before this one and the terminal can show it. The
/// terminal's own sixteen are left alone: only it knows what they are.
#[must_use]
pub fn readable(colour: Color, behind: Rgb, colours: Colours) -> Color {
    match colour {
        Color::Rgb(red, green, blue) => {
            let wanted = Rgb(red, green, blue).readable_on(behind);
            nearest(wanted, colours, |candidate| candidate.contrast(behind) >= CONTRAST)
        }
        other => brought(other, colours),
    }
}

/// A colour as near as the terminal can show it.
#[must_use]
pub fn brought(colour: Color, colours: Colours) -> Color {
    match (colour, colours) {
        (Color::Rgb(red, green, blue), _) => nearest(Rgb(red, green, blue), colours, |_| true),
        (Color::Indexed(index), Colours::Basic) => nearest(indexed(index), colours, |_| true),
        (other, _) => other,
    }
}

/// The nearest of the colours that the terminal shows and that will do; the nearest at all if none
/// of them will.
fn nearest(wanted: Rgb, colours: Colours, will_do: impl Fn(Rgb) -> bool) -> Color {
    let all: Vec<(Color, Rgb)> = match colours {
        Colours::Palette => {
            (CUBE_AT..=u8::MAX).map(|index| (Color::Indexed(index), indexed(index))).collect()
        }
        Colours::Basic => BASIC.to_vec(),
        Colours::Auto | Colours::Full | Colours::None => {
            return Color::Rgb(wanted.0, wanted.1, wanted.2);
        }
    };
    let good = all.iter().filter(|(_, rgb)| will_do(*rgb)).min_by_key(|(_, rgb)| rgb.distance(wanted));
    let any = || all.iter().min_by_key(|(_, rgb)| rgb.distance(wanted));
    good.or_else(any).map_or(Color::Reset, |(colour, _)| *colour)
}

/// The background as a terminal answers it to OSC 11: `rgb:1e1e/1e1e/2e2e`, with one to four digits
/// each, or `#1e1e2e`.
#[must_use]
pub fn answered(text: &str) -> Option<Rgb> {
    let parts: Vec<&str> = match text.strip_prefix('#') {
        Some(digits) if digits.is_ascii() && !digits.is_empty() && digits.len() % 3 == 0 => {
            let width = digits.len() / 3;
            (0..3).filter_map(|at| digits.get(at * width..(at + 1) * width)).collect()
        }
        Some(_) => return None,
        // `rgba:` has a fourth part, which says how much shows through.
        None => {
            text.strip_prefix("rgb:").or_else(|| text.strip_prefix("rgba:"))?.split('/').take(3).collect()
        }
    };
    match parts.iter().map(|part| scaled(part)).collect::<Option<Vec<u8>>>()?.as_slice() {
        [red, green, blue] => Some(Rgb(*red, *green, *blue)),
        _ => None,
    }
}

/// One to four digits, of all that so many digits can say.
fn scaled(digits: &str) -> Option<u8> {
    let most = match digits.len() {
        1 => 0xf,
        2 => 0xff,
        3 => 0xfff,
        4 => 0xffff,
        _ => return None,
    };
    // A sign is not a digit.
    let value = u32::from_str_radix(digits, 16).ok().filter(|_| !digits.starts_with('+'))?;
    u8::try_from(value * 255 / most).ok()
}

/// The background as some terminals write it into `COLORFGBG`: the last number is one of their own
/// sixteen.
#[must_use]
pub fn from_variable(text: &str) -> Option<Rgb> {
    let index: u8 = text.rsplit(';').next()?.trim().parse().ok()?;
    (index < CUBE_AT).then(|| indexed(index))
}

/// How many colours the terminal shows, as its environment says. `NO_COLOR` goes before all:
/// <https://no-color.org>.
#[must_use]
pub fn shown(get: impl Fn(&str) -> Option<String>) -> Colours {
    let get = |name: &str| get(name).unwrap_or_default();
    let term = get("TERM");
    let is_full = |name: &str| FULL.iter().any(|known| name.contains(known));
    if !get("NO_COLOR").is_empty() || term == "dumb" {
        Colours::None
    } else if matches!(get("COLORTERM").as_str(), "truecolor" | "24bit") || is_full(&term) {
        Colours::Full
    } else if term.contains("256color") {
        Colours::Palette
    } else {
        Colours::Basic
    }
}

/// Parts of `TERM` of terminals that show all colours.
const FULL: &[&str] = &["direct", "kitty", "ghostty", "alacritty", "wezterm", "foot", "contour"];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BLACK: Rgb = Rgb(0, 0, 0);
    const WHITE: Rgb = Rgb(255, 255, 255);

    #[test]
    fn contrast_is_reckoned_as_the_wcag_does() {
        assert!((BLACK.contrast(WHITE) - 21.0).abs() < 1e-9);
        assert!((Rgb(0x76, 0x76, 0x76).contrast(WHITE) - 4.54).abs() < 0.01);
        assert!(WHITE.is_light() && !BLACK.is_light() && !Rgb(30, 30, 46).is_light());
    }

    #[test]
    fn terminals_tell_their_background_in_several_ways() {
        assert_eq!(answered("rgb:1e1e/1e1e/2e2e"), Some(Rgb(30, 30, 46)));
        assert_eq!(answered("rgb:f/0/8"), Some(Rgb(255, 0, 136)));
        assert_eq!(answered("rgba:ffff/ffff/ffff/8000"), Some(WHITE));
        assert_eq!(answered("#1e1e2e"), Some(Rgb(30, 30, 46)));
        for wrong in
            ["", "rgb:", "rgb:1/2", "rgb:+1/2/3", "rgb:12345/1/1", "#", "#12", "#é12345", "rgb:ff/ff/\u{7}"]
        {
            assert_eq!(answered(wrong), None, "{wrong}");
        }
        assert_eq!(from_variable("15;0"), Some(BLACK));
        assert_eq!(from_variable("0;default;15"), Some(WHITE));
        assert_eq!(from_variable("15;default"), None);
    }

    #[test]
    fn the_environment_says_how_many_colours_there_are() {
        let of = |pairs: &[(&str, &str)]| {
            shown(|name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
        };
        assert_eq!(of(&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")]), Colours::Full);
        assert_eq!(of(&[("TERM", "xterm-kitty")]), Colours::Full);
        assert_eq!(of(&[("TERM", "screen-256color")]), Colours::Palette);
        assert_eq!(of(&[("TERM", "xterm")]), Colours::Basic);
        assert_eq!(of(&[("TERM", "dumb")]), Colours::None);
        assert_eq!(of(&[("TERM", "xterm-kitty"), ("NO_COLOR", "1")]), Colours::None);
        assert_eq!(of(&[("TERM", "xterm"), ("NO_COLOR", "")]), Colours::Basic);
    }

    proptest! {
        #[test]
        fn every_colour_can_be_made_readable_before_every_other(a: [u8; 3], b: [u8; 3]) {
            let (text, behind) = (Rgb(a[0], a[1], a[2]), Rgb(b[0], b[1], b[2]));
            prop_assert!(text.readable_on(behind).contrast(behind) >= CONTRAST);
            let of_256 = readable(Color::Rgb(a[0], a[1], a[2]), behind, Colours::Palette);
            prop_assert!(rgb(of_256).unwrap().contrast(behind) >= CONTRAST);
        }

        #[test]
        fn a_terminal_may_answer_anything(text in "\\PC*") {
            let _ = (answered(&text), from_variable(&text));
        }
    }
}
