//! What a message is found by, as a `tsvector`: the tokens of `domain::words`, ready-made and each in
//! its place, so that words, their beginnings and phrases of all scripts are found as on SQLite; and the
//! facts, which begin with a sign that no word has and stand in no place. No extension is needed.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use chat_proto::Event;

use crate::store::sql::{self, Connection, params};
use crate::store::verbs::{Entry, int};

/// The last place that a `tsvector` knows; what comes later stands there, too.
const LAST: usize = 16_383;

/// Places kept of one word in one message, as PostgreSQL does.
const PLACES: usize = 255;

/// The text of the vector; none for what is no message.
pub(in crate::store) fn vector(event: &Event) -> Option<String> {
    let entry = Entry::of(event)?;
    let mut places: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, word) in entry.words.iter().enumerate() {
        let known = places.entry(word).or_default();
        if known.len() < PLACES {
            known.push((at + 1).min(LAST));
        }
    }
    let mut text = String::new();
    for fact in &entry.facts {
        // Writing to a text does not fail.
        let _ = write!(text, "'={fact}' ");
    }
    for (word, places) in places {
        let places = places.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        let _ = write!(text, "'{word}':{places} ");
    }
    Some(text)
}

/// A message becomes another, or nothing.
pub(in crate::store) fn change(db: &Connection, before: &Event, after: &Event) -> sql::Result<()> {
    let found_by = |event: &Event| event.message().map(|m| (m.body.clone(), m.mentions.clone()));
    if found_by(before) == found_by(after) {
        return Ok(());
    }
    db.prepare_cached("UPDATE events SET words = CAST(?3 AS tsvector) WHERE conversation = ?1 AND seq = ?2")?
        .execute(params![after.conversation.0, int(after.seq.0), vector(after)])?;
    Ok(())
}
