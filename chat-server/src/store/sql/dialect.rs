//! The verbs' SQL in PostgreSQL's words.
//!
//! Little differs, because the verbs keep to what both understand, and the first migration of
//! PostgreSQL makes the few functions of SQLite's that they use (`zeroblob`, `instr`, `hex`, and
//! `max` and `min` of two). What is left is how parameters are written (`?1` is `$1`) and that
//! `user`, a column of many tables, is a word of PostgreSQL's own and has to stand in quotes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Texts that are remembered; the verbs have fewer than half as many.
const REMEMBERED: usize = 1_024;

/// The texts that were put in other words, so that each is looked through once.
#[derive(Default)]
pub(in crate::store) struct Texts(Mutex<HashMap<String, Arc<str>>>);

impl Texts {
    /// This text in PostgreSQL's words.
    pub(in crate::store) fn of(&self, sql: &str) -> Arc<str> {
        // Nothing under the lock can be left half done.
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(text) = known.get(sql) {
            return text.clone();
        }
        let text: Arc<str> = translated(sql).into();
        if known.len() < REMEMBERED {
            known.insert(sql.to_owned(), text.clone());
        }
        text
    }
}

fn translated(sql: &str) -> String {
    let mut text = String::with_capacity(sql.len() + 16);
    let mut rest = sql;
    while let Some(c) = rest.chars().next() {
        let taken = match c {
            '\'' | '"' => quoted(rest, c),
            c if c.is_ascii_alphanumeric() || c == '_' => {
                let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
                end.unwrap_or(rest.len())
            }
            c => c.len_utf8(),
        };
        let (token, after) = rest.split_at(taken);
        match token {
            "?" => text.push('$'),
            "user" => text.push_str("\"user\""),
            token => text.push_str(token),
        }
        rest = after;
    }
    text
}

/// How long the quoted thing at the beginning is. A doubled quote begins the next one.
fn quoted(text: &str, quote: char) -> usize {
    text[1..].find(quote).map_or(text.len(), |end| end + 2)
}

#[cfg(test)]
mod tests {
    use super::translated;

    #[test]
    fn parameters_and_the_word_user_are_put_differently_and_nothing_else() {
        for (sqlite, postgres) in [
            (
                "SELECT user FROM members WHERE m.user = ?1",
                "SELECT \"user\" FROM members WHERE m.\"user\" = $1",
            ),
            ("SELECT user_id, users.id, by_user FROM users", "SELECT user_id, users.id, by_user FROM users"),
            ("VALUES ('user ?1', 'it''s ?2', ?12)", "VALUES ('user ?1', 'it''s ?2', $12)"),
            ("\"user\" = 'ü?' || ?3", "\"user\" = 'ü?' || $3"),
            ("'open", "'open"),
        ] {
            assert_eq!(translated(sqlite), postgres);
        }
    }
}
