//! Reading the text of `settings.toml`: what is right counts, what is wrong is told by line.

use toml::de::{DeTable, DeValue};

use super::{Row, Settings, row};
use crate::keymap::{Binding, Keymap};
use crate::theme::Theme;

/// Sentences about one file; more would tell nothing new.
const COMPLAINTS: usize = 50;

/// What was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// The settings.
    pub settings: Settings,
    /// The keys.
    pub keymap: Keymap,
    /// The themes: the built-in ones and those of the person.
    pub themes: Vec<Theme>,
    /// What was wrong, each in one sentence.
    pub complaints: Vec<String>,
}

/// Reads the file's text into settings; gives the keys of the person, and what is wrong.
pub(super) fn read(text: &str, settings: &mut Settings) -> (Vec<Binding>, Vec<String>) {
    let mut reader = Reader { text, settings, bindings: Vec::new(), complaints: Vec::new() };
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        reader.complain(error.span().map_or(0, |span| span.start), error.message());
    }
    reader.table("", table.get_ref());
    reader.complaints.truncate(COMPLAINTS);
    (reader.bindings, reader.complaints)
}

struct Reader<'a> {
    text: &'a str,
    settings: &'a mut Settings,
    bindings: Vec<Binding>,
    complaints: Vec<String>,
}

impl Reader<'_> {
    fn table(&mut self, before: &str, table: &DeTable<'_>) {
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        for (key, value) in entries {
            let name = format!("{before}{}", key.get_ref());
            match (value.get_ref(), row(&name)) {
                (DeValue::Table(keys), _) if before == "keys." => self.keys(key.get_ref(), keys),
                (DeValue::Table(inner), Err(_)) if is_section(&name) => {
                    self.table(&format!("{name}."), inner)
                }
                (_, Err(sentence)) => self.complain(key.span().start, &sentence),
                (value, Ok(row)) => self.value(key.span().start, row, value),
            }
        }
    }

    /// `[keys.chat]`: each line gives keys a meaning, or several in a row.
    fn keys(&mut self, context: &str, table: &DeTable<'_>) {
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        for (key, value) in entries {
            let does: Option<Vec<String>> = match value.get_ref() {
                DeValue::String(name) => Some(vec![name.to_string()]),
                DeValue::Array(names) => {
                    names.iter().map(|name| name.get_ref().as_str().map(str::to_owned)).collect()
                }
                _ => None,
            };
            let (line, keys) = (line_of(self.text, key.span().start), key.get_ref().to_string());
            match does {
                Some(does) => self.bindings.push(Binding { line, context: context.to_owned(), keys, does }),
                None => {
                    let sentence = format!("say what {keys} does by its name, or a list of names");
                    self.complain(key.span().start, &sentence);
                }
            }
        }
    }

    fn value(&mut self, at: usize, row: &Row, value: &DeValue<'_>) {
        let text = match value {
            DeValue::String(text) => text.to_string(),
            DeValue::Boolean(is) => is.to_string(),
            DeValue::Integer(number) => number.as_str().to_owned(),
            other => {
                let sentence =
                    format!("{} cannot be a {}; use {}", row.name, other.type_str(), row.allowed());
                return self.complain(at, &sentence);
            }
        };
        if let Err(sentence) = row.set(self.settings, &text) {
            self.complain(at, &sentence);
        }
    }

    fn complain(&mut self, at: usize, sentence: &str) {
        self.complaints.push(format!("line {}: {sentence}", line_of(self.text, at)));
    }
}

/// Whether settings have names that begin with this one.
fn is_section(name: &str) -> bool {
    super::ROWS.iter().any(|row| row.name.strip_prefix(name).is_some_and(|rest| rest.starts_with('.')))
}

/// The line of a byte, from 1.
pub(crate) fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Clock, NotifyHow};

    fn read(text: &str) -> (Settings, Vec<String>) {
        let mut settings = Settings::default();
        let (_, complaints) = super::read(text, &mut settings);
        (settings, complaints)
    }

    #[test]
    fn what_is_right_counts_and_what_is_wrong_is_told() {
        let text = "clock = \"12h\"\nbell = \"loud\"\n[notify]\nhow = \"bell\"\nhwo = 1\n[nothing]\na = 1\n";
        let (settings, complaints) = read(text);
        assert_eq!(
            (settings.clock, settings.notify_how, settings.bell),
            (Clock::Half, NotifyHow::Bell, true)
        );
        assert_eq!(
            complaints,
            [
                "line 2: bell cannot be \"loud\"; use true or false",
                "line 5: there is no setting notify.hwo; did you mean notify.how?",
                "line 6: there is no setting nothing; /settings lists them",
            ]
        );
    }

    #[test]
    fn a_broken_line_costs_only_itself() {
        let (settings, complaints) = read("clock = \"12h\"\nbell = = 3\nmouse = false\n");
        assert_eq!((settings.clock, settings.mouse), (Clock::Half, false));
        assert!(complaints.iter().all(|sentence| sentence.starts_with("line 2: ")), "{complaints:?}");
        assert!(!complaints.is_empty());
    }

    #[test]
    fn anything_at_all_is_read_without_a_panic() {
        for text in
            ["", "\u{0}", "[", "[[notify]]", "= 1", "notify = 1", "bell.x = 1", "theme = [1]", "\u{202e}=1"]
        {
            let _ = read(text);
        }
    }
}
