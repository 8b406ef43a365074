//! The themes that are always there, written as a person would write theirs.

use super::{Theme, file};

/// Their names, in the order in which they are offered.
pub(super) const NAMES: &[&str] = &["dark", "light", "high-contrast", "16-colours", "no-colour"];

/// All of them. A test reads every line.
pub(super) fn themes() -> Vec<Theme> {
    let texts = [DARK, LIGHT, HIGH_CONTRAST, SIXTEEN, NO_COLOUR];
    NAMES.iter().zip(texts).map(|(name, text)| file::read(name, text, &[]).theme).collect()
}

const DARK: &str = r##"
background = "#1e1e2e"
dim = "#9aa0b0"
title = "bold"
section = "#89aaf5 bold"
chosen = "#ffffff on #3a4466"
me = "bold"
mention = "#ffc66d bold"
found = "#ffc66d bold underline"
new = "#ff8590 bold"
good = "#8fd48a"
warning = "#ffb86c"
bad = "#ff8590 bold"
link = "#7dcfff underline"
heading = "bold underline"
quote = "#b4bbcc italic"
code = "#7fdbca"
keyword = "#cf9fee"
string = "#a5d6a7"
value = "#f7b27a"
comment = "#9aa0b0 italic"
function = "#8fb2ff"
type = "#6fd6e8"
added = "#8fd48a"
removed = "#ff8590"
names = ["#7fd4e8", "#9bd27f", "#d9a0f0", "#8fb2ff", "#e8c46b", "#ff9e8a",
    "#6fdcb8", "#f79bc5", "#b6aaff", "#c7d36f", "#ffae6b", "#8ccbff"]
"##;

const LIGHT: &str = r##"
background = "#ffffff"
dim = "#5f6472"
title = "bold"
section = "#1f4fbf bold"
chosen = "#000000 on #cfe0ff"
me = "bold"
mention = "#8a4b00 bold"
found = "#8a4b00 bold underline"
new = "#b00020 bold"
good = "#1a6b2b"
warning = "#8a4b00"
bad = "#b00020 bold"
link = "#0b57c2 underline"
heading = "bold underline"
quote = "#4a4f5c italic"
code = "#0b6666"
keyword = "#7a1fa2"
string = "#1a6b2b"
value = "#8a4b00"
comment = "#5f6472 italic"
function = "#1f4fbf"
type = "#00677a"
added = "#1a6b2b"
removed = "#b00020"
names = ["#00677a", "#2f6b12", "#8a22a8", "#1f4fbf", "#7a5800", "#b5341a",
    "#007055", "#ad1f66", "#5a3fc0", "#586500", "#9a4a00", "#0a5ea8"]
"##;

/// White on black, whatever the terminal has; level AAA of the WCAG, which is 7.
const HIGH_CONTRAST: &str = r##"
background = "#000000"
text = "#ffffff on #000000"
dim = "#d8d8d8"
title = "#ffffff bold"
section = "#00ffff bold"
chosen = "#000000 bold on #ffff00"
me = "#ffffff bold underline"
mention = "#ffff00 bold"
found = "#ffff00 bold underline"
new = "#ffa0a0 bold"
good = "#80ff80"
warning = "#ffff00"
bad = "#ffa0a0 bold underline"
link = "#80d8ff underline"
heading = "#ffffff bold underline"
quote = "#ffffff italic"
code = "#80ffff"
keyword = "#ffb0ff"
string = "#a0ffa0"
value = "#ffd080"
comment = "#d8d8d8 italic"
function = "#b0d0ff"
type = "#80ffff"
added = "#80ff80"
removed = "#ffa0a0"
names = ["#80ffff", "#80ff80", "#ffb0ff", "#b0d0ff", "#ffff80", "#ffb0a0"]
"##;

/// The terminal's own colours, which fit its background.
const SIXTEEN: &str = r##"
dim = "dim"
title = "bold"
section = "blue bold"
chosen = "reverse"
me = "bold"
mention = "yellow bold"
found = "yellow bold underline"
new = "red bold"
good = "green"
warning = "yellow"
bad = "red bold"
link = "blue underline"
heading = "bold underline"
quote = "italic"
code = "cyan"
keyword = "magenta"
string = "green"
value = "yellow"
comment = "dim italic"
function = "blue"
type = "light-cyan"
added = "green"
removed = "red"
names = ["cyan", "green", "magenta", "blue", "yellow", "light-red"]
"##;

const NO_COLOUR: &str = r##"
dim = "dim"
title = "bold"
section = "bold"
chosen = "reverse"
me = "bold"
mention = "bold"
found = "bold underline"
new = "bold"
bad = "bold"
link = "underline"
heading = "bold underline"
quote = "italic"
comment = "dim italic"
keyword = "bold"
names = []
"##;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Colours;
    use crate::theme::colour::{self, Rgb};
    use crate::theme::{CONTRAST, Palette, Role};

    #[test]
    fn every_line_of_ours_is_right() {
        for (name, text) in NAMES.iter().zip([DARK, LIGHT, HIGH_CONTRAST, SIXTEEN, NO_COLOUR]) {
            assert_eq!(file::read(name, text, &[]).complaints, Vec::<String>::new(), "{name}");
        }
    }

    #[test]
    fn every_colour_of_ours_can_be_read_on_its_background() {
        for theme in themes() {
            let least = if theme.name == "high-contrast" { 7.0 } else { CONTRAST };
            for role in Role::ALL {
                let look = theme.looks[*role as usize];
                let behind = look.bg.and_then(colour::rgb).unwrap_or(theme.background);
                if let Some(ratatui::style::Color::Rgb(red, green, blue)) = look.fg {
                    let contrast = Rgb(red, green, blue).contrast(behind);
                    assert!(contrast >= least, "{} {}: {contrast:.2}", theme.name, role.name());
                }
            }
            for name in theme.names.iter().filter(|_| theme.name != "16-colours") {
                let contrast = colour::rgb(*name).unwrap().contrast(theme.background);
                assert!(contrast >= least, "{} {name}: {contrast:.2}", theme.name);
            }
        }
    }

    #[test]
    fn names_can_be_read_on_any_background_with_any_number_of_colours() {
        for theme in themes().iter().filter(|theme| theme.name != "16-colours") {
            for behind in
                [Rgb(0, 0, 0), Rgb(255, 255, 255), Rgb(0, 43, 54), Rgb(253, 246, 227), Rgb(119, 119, 119)]
            {
                for colours in [Colours::Full, Colours::Palette] {
                    let palette = Palette::new(theme, colours, Some(behind));
                    let behind = theme.looks[0].bg.and_then(colour::rgb).unwrap_or(behind);
                    for name in palette.names() {
                        let contrast = colour::rgb(*name).unwrap().contrast(behind);
                        assert!(contrast >= CONTRAST, "{} {colours:?} {behind:?} {name}", theme.name);
                    }
                }
            }
        }
    }

    /// The terminal's own sixteen are fit for its background, but for black and white, which are the
    /// background somewhere; and what a colour tells is told by its weight where there is none.
    #[test]
    fn the_terminals_own_colours_are_only_those_that_show_on_any_background() {
        use ratatui::style::Color;
        let theme = themes().into_iter().find(|theme| theme.name == "16-colours").unwrap();
        let shows = |colour: Color| {
            let unseen = [Color::Black, Color::White, Color::Gray, Color::DarkGray];
            !unseen.contains(&colour) && !matches!(colour, Color::Rgb(..) | Color::Indexed(_))
        };
        for role in Role::ALL {
            let look = theme.looks[*role as usize];
            assert!(look.fg.is_none_or(shows), "{}", role.name());
            assert!(look.bg.is_none(), "{}: what is behind a text is the terminal's own", role.name());
        }
        assert!(theme.names.iter().all(|name| shows(*name)));
        for theme in themes().iter().filter(|theme| matches!(theme.name.as_str(), "16-colours" | "no-colour"))
        {
            let palette = Palette::new(theme, Colours::None, None);
            let told = [
                Role::Dim,
                Role::Title,
                Role::Chosen,
                Role::Mention,
                Role::Found,
                Role::NewLine,
                Role::Bad,
                Role::Link,
            ];
            for role in told {
                assert_ne!(palette.look(role), palette.look(Role::Text), "{} {}", theme.name, role.name());
            }
            assert_ne!(palette.look(Role::Mention), palette.look(Role::Dim));
        }
    }

    #[test]
    fn without_colours_none_is_left_and_the_chosen_row_is_turned_round() {
        for theme in themes() {
            let palette = Palette::new(&theme, Colours::None, None);
            for role in Role::ALL {
                let look = palette.look(*role);
                assert_eq!((look.fg, look.bg), (None, None), "{} {}", theme.name, role.name());
            }
            assert!(palette.look(Role::Chosen).add_modifier.contains(ratatui::style::Modifier::REVERSED));
        }
    }
}
