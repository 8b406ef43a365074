//! The help screen's rows, printed from the tables of keys, actions and commands.

use crate::action::Plain;
use crate::command::COMMANDS;
use crate::keymap::{self, OTHER_KEYS};

/// A row of the help screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Row {
    Gap,
    Title(&'static str),
    Line(String, &'static str),
}

/// All rows.
pub(crate) fn rows() -> Vec<Row> {
    let mut rows = vec![Row::Title("KEYS")];
    for plain in Plain::ALL {
        let labels: Vec<&str> = keymap::labels(*plain).collect();
        if !labels.is_empty() {
            rows.push(Row::Line(labels.join(", "), plain.help()));
        }
    }
    rows.extend(OTHER_KEYS.iter().map(|(key, help)| Row::Line((*key).to_owned(), help)));
    rows.extend([Row::Gap, Row::Title("WITH A MESSAGE SELECTED")]);
    for plain in Plain::ALL {
        let labels: Vec<&str> = keymap::select_labels(*plain).collect();
        if !labels.is_empty() {
            rows.push(Row::Line(labels.join(", "), plain.help()));
        }
    }
    rows.extend([Row::Gap, Row::Title("IN SEARCH, INBOX AND THREADS")]);
    for plain in Plain::ALL {
        let labels: Vec<&str> = keymap::listing_labels(*plain).collect();
        if !labels.is_empty() {
            rows.push(Row::Line(labels.join(", "), plain.help()));
        }
    }
    rows.extend([Row::Gap, Row::Title("COMMANDS")]);
    for command in COMMANDS {
        let usage = format!("/{} {}", command.name, command.usage);
        rows.push(Row::Line(usage.trim_end().to_owned(), command.help));
    }
    rows.push(Row::Line("//text".to_owned(), "Send a text that begins with a slash"));
    rows
}
