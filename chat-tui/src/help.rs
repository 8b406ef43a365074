//! What can be pressed and typed, printed from the live keys and the tables of actions and
//! commands: the help screen, the table of the documentation and the man page.

use crate::action::Plain;
use crate::command::COMMANDS;
use crate::keymap::{Context, Does, EDITS, Keymap, what};

/// A row of the help screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Row {
    Gap,
    Title(String),
    Line(String, String),
}

/// All rows.
pub(crate) fn rows(keymap: &Keymap) -> Vec<Row> {
    let mut rows = Vec::new();
    for context in Context::ALL {
        let lines = keys(keymap, *context);
        if !lines.is_empty() {
            rows.push(Row::Title(context.title().to_uppercase()));
            rows.extend(lines.into_iter().map(|(keys, help)| Row::Line(keys, help)));
            rows.push(Row::Gap);
        }
    }
    rows.push(Row::Title("COMMANDS".to_owned()));
    rows.extend(commands().into_iter().map(|(usage, help)| Row::Line(usage, help.to_owned())));
    rows
}

/// The keys of a context: those that do the same in one line, with what they do.
pub(crate) fn keys(keymap: &Keymap, context: Context) -> Vec<(String, String)> {
    let mut lines: Vec<(Vec<String>, Vec<Does>)> = Vec::new();
    for (chord, does) in keymap.rows(context) {
        match lines.iter_mut().find(|(_, same)| **same == **does) {
            Some((labels, _)) => labels.push(chord.to_string()),
            None => lines.push((vec![chord.to_string()], does.to_vec())),
        }
    }
    // In the order of the actions, whatever the order in which they were bound.
    lines.sort_by_key(|(_, does)| match does.as_slice() {
        [Does::Plain(plain)] => (0, Plain::ALL.iter().position(|other| other == plain)),
        [Does::Jump(number)] => (1, Some(*number)),
        [Does::Edit(edit)] => (2, EDITS.iter().position(|(other, _, _)| other == edit)),
        _ => (3, None),
    });
    let mut out: Vec<(String, String)> = Vec::new();
    let jumps: Vec<String> = lines
        .iter()
        .filter(|(_, does)| matches!(does.as_slice(), [Does::Jump(_)]))
        .flat_map(|(labels, _)| labels.clone())
        .collect();
    for (labels, does) in lines {
        match (does.as_slice(), jumps.as_slice()) {
            ([Does::Jump(_)], [first, .., last]) => {
                let line = (format!("{first} … {last}"), "Open that conversation of the list".to_owned());
                if out.last() != Some(&line) {
                    out.push(line);
                }
            }
            (does, _) => out.push((labels.join(", "), help(does))),
        }
    }
    if context == Context::Chat {
        out.push(("mouse".to_owned(), "Click a conversation; the wheel scrolls".to_owned()));
    }
    out
}

/// What some steps do: the help line of the one, or the names of several.
fn help(does: &[Does]) -> String {
    match does {
        [Does::Plain(plain)] => plain.help().to_owned(),
        [Does::Jump(number)] => format!("Open conversation {number} of the list"),
        [Does::Edit(edit)] => {
            let row = EDITS.iter().find(|(known, _, _)| known == edit);
            row.map_or_else(|| what(does), |(_, _, help)| (*help).to_owned())
        }
        does => {
            let words = what(does);
            let mut chars = words.chars();
            chars.next().map_or(String::new(), |first| first.to_uppercase().chain(chars).collect())
        }
    }
}

/// The slash commands as they are typed, with their help.
pub(crate) fn commands() -> Vec<(String, &'static str)> {
    let usage = |name: &str, usage: &str| format!("/{name} {usage}").trim_end().to_owned();
    let mut rows: Vec<_> = COMMANDS.iter().map(|row| (usage(row.name, row.usage), row.help)).collect();
    rows.push(("//text".to_owned(), "Send a text that begins with a slash"));
    rows
}
