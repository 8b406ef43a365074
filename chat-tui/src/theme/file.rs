//! Reading a theme: what is right counts, what is wrong is told by its line.
//!
//! ```toml
//! base = "dark"
//! mention = "#ffc66d bold"
//! chosen = "white on #3a4466"
//! names = ["#7aa2f7", "green", "178"]
//! ```

use ratatui::style::{Color, Modifier, Style};
use toml::de::{DeTable, DeValue};

use super::colour::{self, Rgb};
use super::{NAMES, Role, Theme};
use crate::settings::{line_of, nearest};

/// Words beside the colours of a look.
const WORDS: &[(&str, Modifier)] = &[
    ("bold", Modifier::BOLD),
    ("dim", Modifier::DIM),
    ("italic", Modifier::ITALIC),
    ("underline", Modifier::UNDERLINED),
    ("reverse", Modifier::REVERSED),
];

/// Sentences about one theme; more would tell nothing new.
const COMPLAINTS: usize = 20;

/// A theme that was read, and what is wrong in its file.
#[derive(Debug, Clone, PartialEq)]
pub struct Read {
    /// The theme.
    pub theme: Theme,
    /// What was wrong, each in one sentence.
    pub complaints: Vec<String>,
}

/// Reads a theme of this name that may build on one of those.
#[must_use]
pub fn read(name: &str, text: &str, others: &[Theme]) -> Read {
    let (table, errors) = DeTable::parse_recoverable(text);
    let table = table.get_ref();
    let mut complaints: Vec<(usize, String)> = errors
        .iter()
        .map(|error| (error.span().map_or(0, |span| span.start), error.message().to_owned()))
        .collect();
    let mut theme = Theme {
        name: name.to_owned(),
        background: Rgb(0, 0, 0),
        looks: vec![Style::new(); Role::ALL.len()],
        names: Vec::new(),
    };
    let base = table.iter().find(|(key, _)| key.get_ref() == "base");
    if let Some((key, value)) = base {
        let wanted = value.get_ref().as_str().unwrap_or_default();
        match others.iter().find(|other| other.name == wanted) {
            Some(other) => theme = Theme { name: name.to_owned(), ..other.clone() },
            None => {
                let all: Vec<&str> = others.iter().map(|other| other.name.as_str()).collect();
                let told =
                    format!("there is no theme \"{wanted}\" to build on; use one of {}", all.join(", "));
                complaints.push((key.span().start, told));
            }
        }
    }
    for (key, value) in table.iter().filter(|(key, _)| key.get_ref() != "base") {
        if let Err(told) = take(&mut theme, key.get_ref(), value.get_ref()) {
            complaints.push((key.span().start, told));
        }
    }
    complaints.sort_by_key(|(at, _)| *at);
    complaints.truncate(COMPLAINTS);
    let told = complaints.into_iter().map(|(at, told)| format!("line {}: {told}", line_of(text, at)));
    Read { theme, complaints: told.collect() }
}

fn take(theme: &mut Theme, key: &str, value: &DeValue<'_>) -> Result<(), String> {
    if key == "names" {
        theme.names = names(value)?;
        return Ok(());
    }
    let text = value.as_str().ok_or_else(|| format!("{key} is a text, such as \"#ffc66d bold\""))?;
    if key == "background" {
        let colour = text.parse().ok().and_then(colour::rgb);
        theme.background =
            colour.ok_or_else(|| format!("background is a colour such as \"#1e1e2e\", not \"{text}\""))?;
        return Ok(());
    }
    let role = Role::ALL.iter().find(|role| role.name() == key).ok_or_else(|| {
        let all = Role::ALL.iter().map(|role| role.name()).chain(["base", "background", "names"]);
        let hint = nearest(key, all).map_or(String::new(), |near| format!("; did you mean {near}?"));
        format!("a theme has no {key}{hint}")
    })?;
    let look = look(text).map_err(|told| format!("{key}: {told}"))?;
    if let Some(place) = theme.looks.get_mut(*role as usize) {
        *place = look;
    }
    Ok(())
}

fn names(value: &DeValue<'_>) -> Result<Vec<Color>, String> {
    let wrong = || "names is a list of colours, such as [\"#7aa2f7\", \"green\"]".to_owned();
    let list = value.as_array().ok_or_else(wrong)?;
    if list.len() > NAMES {
        return Err(format!("names has at most {NAMES} colours"));
    }
    list.iter().map(|one| parse_colour(one.get_ref().as_str().ok_or_else(wrong)?)).collect()
}

/// `yellow bold`, `#ffffff on #3a4466`, `underline`, or nothing.
fn look(text: &str) -> Result<Style, String> {
    let mut look = Style::new();
    let mut words = text.split_whitespace();
    while let Some(word) = words.next() {
        if let Some((_, modifier)) = WORDS.iter().find(|(known, _)| *known == word) {
            look = look.add_modifier(*modifier);
        } else if word == "on" {
            let behind = words.next().ok_or("behind \"on\" stands the colour of the background")?;
            look = look.bg(parse_colour(behind)?);
        } else {
            look = look.fg(parse_colour(word)?);
        }
    }
    Ok(look)
}

fn parse_colour(text: &str) -> Result<Color, String> {
    let is_known = |colour: &Color| *colour != Color::Reset;
    text.parse().ok().filter(is_known).ok_or_else(|| {
        let words: Vec<&str> = WORDS.iter().map(|(word, _)| *word).collect();
        format!(
            "\"{text}\" is no colour; write #rrggbb, a number to 255, a name such as light-blue, or {}",
            words.join(", ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theme::builtin;

    fn told(text: &str) -> Vec<String> {
        read("mine", text, &builtin()).complaints
    }

    #[test]
    fn a_theme_builds_on_another() {
        let all = builtin();
        let read = read("mine", "base = \"light\"\nmention = \"#aa0000 bold on 230\"\n", &all);
        assert_eq!(read.complaints, Vec::<String>::new());
        let look = read.theme.looks[Role::Mention as usize];
        assert_eq!((look.fg, look.bg), (Some(Color::Rgb(170, 0, 0)), Some(Color::Indexed(230))));
        let light = all.iter().find(|theme| theme.name == "light").unwrap();
        assert_eq!(read.theme.looks[Role::Bad as usize], light.looks[Role::Bad as usize]);
    }

    #[test]
    fn what_is_wrong_is_told_by_its_line() {
        let text = "base = \"drak\"\nmentoin = \"red\"\nbad = \"redd\"\nnames = [1]\nbackground = \"soft\"\ndim = \"red on\"\n";
        assert_eq!(
            told(text),
            [
                "line 1: there is no theme \"drak\" to build on; use one of dark, light, high-contrast, 16-colours, no-colour",
                "line 2: a theme has no mentoin; did you mean mention?",
                "line 3: bad: \"redd\" is no colour; write #rrggbb, a number to 255, a name such as light-blue, or bold, dim, italic, underline, reverse",
                "line 4: names is a list of colours, such as [\"#7aa2f7\", \"green\"]",
                "line 5: background is a colour such as \"#1e1e2e\", not \"soft\"",
                "line 6: dim: behind \"on\" stands the colour of the background",
            ]
        );
    }
}
