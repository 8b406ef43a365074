//! The example file and the table of the documentation.

use std::fmt::Write;

use super::{ROWS, Row, Settings};

/// A file with every setting at its default, each commented out under its help line.
#[must_use]
pub fn example() -> String {
    let mut out =
        String::from("# Settings of chat-tui. Each stands at its default; take the # away to change one.\n");
    let mut section = "";
    for row in ROWS {
        let (table, key) = row.name.rsplit_once('.').unwrap_or(("", row.name));
        if table != section {
            section = table;
            let _ = write!(out, "\n[{table}]\n");
        }
        let _ = write!(out, "\n# {}.\n", row.help);
        for (word, help) in row.words().iter().filter(|_| row.is_text) {
            let _ = writeln!(out, "#   {word:<12} {help}");
        }
        let _ = writeln!(out, "#{key} = {}", written(row, &Settings::default()));
    }
    out
}

/// The table of the documentation.
#[must_use]
pub fn table() -> String {
    let mut out = String::from("| Setting | Default | Allowed | What it does |\n|---|---|---|---|\n");
    for row in ROWS {
        let default = written(row, &Settings::default());
        let _ = writeln!(out, "| `{}` | `{default}` | {} | {} |", row.name, row.allowed(), row.help);
    }
    out
}

/// Every setting with its value, as lines of a file.
#[must_use]
pub fn shown(settings: &Settings) -> String {
    ROWS.iter().map(|row| format!("{} = {}\n", row.name, written(row, settings))).collect()
}

/// The value as it stands in the file.
pub(super) fn written(row: &Row, settings: &Settings) -> String {
    let text = row.get(settings);
    if row.is_text { toml::Value::String(text).to_string() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_says_the_defaults() {
        let shown: String = example()
            .lines()
            .map(|line| {
                let is_setting = line.starts_with('#') && !line.starts_with("# ");
                format!("{}\n", if is_setting { line.trim_start_matches('#') } else { line })
            })
            .collect();
        let mut settings = Settings { bell: false, ..Settings::default() };
        let (_, complaints) = super::super::file::read(&shown, &mut settings);
        assert_eq!(complaints, Vec::<String>::new(), "{shown}");
        assert_eq!(settings, Settings::default());
    }
}
