//! Writing an event into the log.

use chat_proto::{Event, EventKind, Seq};
use uuid::Uuid;

use super::row;
use crate::store::postgres;
use crate::store::sql::{self, Connection, ToSql};

/// What the log notes of an event beside what it says itself.
pub(super) struct Noted<'a> {
    /// The word for its kind.
    pub(super) kind: &'a str,
    /// By which its author's request is known again.
    pub(super) client_id: Option<Uuid>,
    /// How many messages there are up to and with it.
    pub(super) messages: u64,
    /// The message that it changes, or the first of its thread.
    pub(super) target: Option<Seq>,
    /// Whether it is pinned.
    pub(super) pinned: bool,
    /// Whether it is no more than a gap.
    pub(super) deleted: bool,
}

impl<'a> Noted<'a> {
    /// Of an event that happens now, which makes so many messages.
    pub(super) fn new(event: &'a Event, messages: u64) -> Self {
        let client_id = match &event.what {
            EventKind::Created { client_id, .. } => Some(client_id.0),
            EventKind::Message(message) => Some(message.client_id.0),
            _ => None,
        };
        let target = event.target();
        Self { kind: event.what.as_str(), client_id, messages, target, pinned: false, deleted: false }
    }
}

/// Writes it. On PostgreSQL it is found by its words at once; on SQLite they are taken in later, many at a time.
pub(super) fn append(db: &Connection, event: &Event, noted: &Noted) -> sql::Result<()> {
    let (seq, messages) = (row::int(event.seq.0), row::int(noted.messages));
    let (target, content) = (noted.target.map(|seq| row::int(seq.0)), content(&event.what)?);
    let values: [&dyn ToSql; 11] = [
        &event.conversation.0,
        &seq,
        &event.at.0,
        &event.author.id.0,
        &noted.kind,
        &noted.client_id,
        &messages,
        &target,
        &content,
        &noted.pinned,
        &noted.deleted,
    ];
    match db {
        Connection::Sqlite(_) => db.execute(
            "INSERT INTO events
                 (conversation, seq, at, author, kind, client_id, messages, target, content, pinned, deleted)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            &values[..],
        ),
        Connection::Postgres(_) => {
            let words = postgres::vector(event);
            let values: Vec<&dyn ToSql> = values.into_iter().chain([&words as &dyn ToSql]).collect();
            db.execute(
                "INSERT INTO events
                     (conversation, seq, at, author, kind, client_id, messages, target, content, pinned, deleted, words)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, CAST(?12 AS tsvector))",
                &values[..],
            )
        }
    }
    .map(drop)
}

/// What an event says, as the log keeps it.
pub(super) fn content(what: &EventKind) -> sql::Result<String> {
    serde_json::to_string(what).map_err(|cause| sql::Error::Unwritable(Box::new(cause)))
}
