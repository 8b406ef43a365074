//! What a client keeps on the disk: what was seen, what was typed, and what is not sent yet.
//!
//! 1. A message of the outbox is on the disk when it is said to be (`synchronous=FULL`), and goes
//!    only when it is known to be stored, or given up by a person.
//! 2. The events of a conversation are one stretch without a gap.
//! 3. Held events stand as all held events together leave them, as the server's history shows
//!    them. A deleted text is gone from the file.
//! 4. The schema only grows, step by step; a newer one than this program knows is left alone.
//!
//! All of it waits for the disk: it is called from the disk's own thread (see [`crate::disk`]).

mod fold;
mod history;
mod place;

use std::collections::HashMap;
use std::fs::File;

use chat_proto::{
    Body, ClientId, Conversation, ConversationId, Epoch, Event, EventKind, Position, Role, Seq, Timestamp,
    limits,
};
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use serde::{Serialize, de::DeserializeOwned};

pub(crate) use history::CachedPage;
pub(crate) use place::open;

use crate::update::{Delivery, Outgoing};

/// Events kept of each conversation over a restart: months of a lively room.
const EVENTS_EACH: u64 = 5_000;

/// Bytes of one note: names of some thousand conversations.
const NOTE_BYTES: usize = 256 * 1024;

/// The steps of the schema, in order; `user_version` counts those done. Only ever added to.
const STEPS: [&str; 4] = [
    include_str!("cache/schema.sql"),
    include_str!("cache/schema-2.sql"),
    include_str!("cache/schema-3.sql"),
    include_str!("cache/schema-4.sql"),
];

/// What the disk knew at the start.
#[derive(Debug, Default)]
pub(crate) struct Saved {
    pub(crate) role: Option<Role>,
    pub(crate) epoch: Option<Epoch>,
    pub(crate) conversations: Vec<Conversation>,
    /// The newest event held, by conversation.
    pub(crate) positions: HashMap<ConversationId, Seq>,
    pub(crate) outbox: Vec<Outgoing>,
    pub(crate) reads: Vec<(ConversationId, Seq)>,
}

/// What is to be kept.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Change {
    /// Who one is, and in which life of the database.
    Identity { role: Role, epoch: Epoch },
    /// These rows are so now.
    Conversations(Vec<Conversation>),
    /// A conversation is gone.
    Remove(ConversationId),
    /// A conversation's stretch begins anew behind this event.
    Begin { conversation: ConversationId, at: Seq },
    /// Events that follow the stretch.
    Events(Batch),
    /// Events that are kept if they touch the stretch.
    Page(Batch),
    /// Nothing that was seen holds any more. What was typed stays.
    Forget,
    /// A message waits. Also brings back one that is missing.
    OutboxAdd(Outgoing),
    /// A message failed for good, or is tried again.
    OutboxState { message: Outgoing, failed: Option<String> },
    /// A message is stored, or given up.
    OutboxRemove(ClientId),
    /// A read mark that the server has not confirmed.
    Read { conversation: ConversationId, seq: Seq },
    /// The server has confirmed up to here.
    ReadDone { conversation: ConversationId, seq: Seq },
    /// What a person has begun to write, in a conversation or in one of its threads; empty for
    /// nothing.
    Draft { conversation: ConversationId, thread: Option<Seq>, text: String },
    /// What the interface wants to find again; empty for nothing.
    Note { name: String, text: String },
}

/// Some events of a conversation, oldest first, without a gap.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Batch {
    pub(crate) conversation: ConversationId,
    pub(crate) events: Vec<Event>,
    /// They stand as they did after this event: later ones may change them.
    pub(crate) as_of: Seq,
}

/// The file, open, and the lock that keeps other engines off it.
pub(crate) struct Cache {
    db: Connection,
    _lock: Option<File>,
}

impl Cache {
    fn new(db: Connection, lock: Option<File>) -> rusqlite::Result<Self> {
        db.pragma_update(None, "journal_mode", "WAL")?;
        db.pragma_update(None, "synchronous", "FULL")?;
        // What was deleted is overwritten, not only let go.
        db.pragma_update(None, "secure_delete", "ON")?;
        let mut cache = Self { db, _lock: lock };
        cache.migrate()?;
        cache.prune()?;
        Ok(cache)
    }

    fn migrate(&mut self) -> rusqlite::Result<()> {
        let done = version(&self.db)?;
        for (number, step) in STEPS.iter().enumerate().skip(done) {
            let transaction = self.db.transaction()?;
            transaction.execute_batch(step)?;
            transaction.pragma_update(None, "user_version", number + 1)?;
            transaction.commit()?;
        }
        Ok(())
    }

    /// Cuts long stretches to their newest events.
    fn prune(&mut self) -> rusqlite::Result<()> {
        let transaction = self.db.transaction()?;
        transaction.execute(
            "DELETE FROM events WHERE conversation IN
                 (SELECT conversation FROM stretches WHERE high - low >= ?1)
             AND seq <= (SELECT high - ?1 FROM stretches s WHERE s.conversation = events.conversation)",
            [EVENTS_EACH],
        )?;
        transaction
            .execute("UPDATE stretches SET low = high - ?1 + 1 WHERE high - low >= ?1", [EVENTS_EACH])?;
        transaction.commit()
    }

    /// All that a session starts from.
    pub(crate) fn saved(&self) -> rusqlite::Result<Saved> {
        Ok(Saved {
            role: self.meta("role")?,
            epoch: self.meta("epoch")?,
            conversations: self.conversations()?,
            positions: self.pairs("SELECT conversation, high FROM stretches")?.into_iter().collect(),
            outbox: outbox(&self.db)?,
            reads: self.pairs("SELECT conversation, seq FROM reads")?,
        })
    }

    fn meta<T: DeserializeOwned>(&self, name: &str) -> rusqlite::Result<Option<T>> {
        let text: Option<String> = self
            .db
            .query_row("SELECT value FROM meta WHERE name = ?1", [name], |row| row.get(0))
            .optional()?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
    }

    fn conversations(&self) -> rusqlite::Result<Vec<Conversation>> {
        let mut query = self.db.prepare("SELECT json FROM conversations")?;
        let texts = query.query_map([], |row| row.get::<_, String>(0))?;
        // A row that this version cannot read comes again from the server.
        let rows = texts.filter_map(|text| text.map(|text| serde_json::from_str(&text).ok()).transpose());
        rows.collect()
    }

    fn pairs(&self, query: &str) -> rusqlite::Result<Vec<(ConversationId, Seq)>> {
        let mut query = self.db.prepare(query)?;
        let rows = query.query_map([], |row| Ok((ConversationId(row.get(0)?), Seq(row.get(1)?))))?;
        rows.collect()
    }

    /// What a person had begun to write.
    pub(crate) fn draft(
        &self,
        conversation: ConversationId,
        thread: Option<Seq>,
    ) -> rusqlite::Result<Option<String>> {
        let query = "SELECT text FROM drafts WHERE conversation = ?1 AND thread = ?2";
        let place = params![conversation.0, thread_number(thread)];
        self.db.query_row(query, place, |row| row.get(0)).optional()
    }

    /// What the interface kept under this name.
    pub(crate) fn note(&self, name: &str) -> rusqlite::Result<Option<String>> {
        self.db.query_row("SELECT text FROM notes WHERE name = ?1", [name], |row| row.get(0)).optional()
    }

    /// Keeps all of these, or none.
    ///
    /// # Errors
    /// SQLite's, for instance a full disk.
    pub(crate) fn apply(&mut self, changes: &[Change]) -> rusqlite::Result<()> {
        let transaction = self.db.transaction()?;
        for change in changes {
            apply(&transaction, change)?;
        }
        transaction.commit()?;
        if changes.iter().any(Change::erases) { self.forget_log() } else { Ok(()) }
    }

    /// Empties the write-ahead log, where erased texts may still be.
    fn forget_log(&self) -> rusqlite::Result<()> {
        self.db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
    }
}

impl Change {
    fn erases(&self) -> bool {
        match self {
            Change::Events(batch) => {
                batch.events.iter().any(|event| matches!(event.what, EventKind::Deleted { .. }))
            }
            Change::Remove(_) => true,
            _ => false,
        }
    }
}

fn version(db: &Connection) -> rusqlite::Result<usize> {
    db.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// The messages that wait, oldest first.
fn outbox(db: &Connection) -> rusqlite::Result<Vec<Outgoing>> {
    let mut query = db.prepare(
        "SELECT client_id, conversation, body, written_at, failed, action, reply_to, thread,
             forward_conversation, forward_seq, files
         FROM outbox ORDER BY number",
    )?;
    let rows = query.query_map([], |row| {
        let body: String = row.get(2)?;
        let failed: Option<String> = row.get(4)?;
        let files: String = row.get(10)?;
        Ok(Body::or_nothing(body).ok().map(|body| {
            let delivery = failed.map_or(Delivery::Queued, |reason| Delivery::Failed { reason });
            Ok(Outgoing {
                client_id: ClientId(row.get(0)?),
                conversation: ConversationId(row.get(1)?),
                body,
                files: serde_json::from_str(&files).unwrap_or_default(),
                action: row.get(5)?,
                reply_to: row.get::<_, Option<u64>>(6)?.map(Seq),
                thread: row.get::<_, Option<u64>>(7)?.map(Seq),
                forward: forward(row.get(8)?, row.get(9)?),
                written_at: Timestamp(row.get(3)?),
                delivery,
            })
        }))
    })?;
    rows.filter_map(Result::transpose).map(Result::flatten).collect()
}

fn forward(conversation: Option<uuid::Uuid>, seq: Option<u64>) -> Option<Position> {
    Some(Position { conversation: ConversationId(conversation?), seq: Seq(seq?) })
}

fn apply(db: &Transaction<'_>, change: &Change) -> rusqlite::Result<()> {
    match change {
        Change::Identity { role, epoch } => {
            put_meta(db, "role", role)?;
            put_meta(db, "epoch", epoch)
        }
        Change::Conversations(rows) => rows.iter().try_for_each(|row| put_row(db, row)),
        Change::Remove(conversation) => remove(db, *conversation),
        Change::Begin { conversation, at } => history::begin(db, *conversation, *at),
        Change::Events(batch) => history::append(db, batch),
        Change::Page(batch) => history::merge(db, batch),
        Change::Forget => db.execute_batch(
            "DELETE FROM events; DELETE FROM stretches; DELETE FROM conversations; DELETE FROM reads;
             DELETE FROM meta WHERE name = 'epoch';",
        ),
        Change::OutboxAdd(message) => add_message(db, message, None),
        Change::OutboxState { message, failed } => add_message(db, message, failed.as_deref()),
        Change::OutboxRemove(id) => run(db, "DELETE FROM outbox WHERE client_id = ?1", [id.0]),
        Change::Read { conversation, seq } => {
            let put =
                "INSERT INTO reads VALUES (?1, ?2) ON CONFLICT DO UPDATE SET seq = max(seq, excluded.seq)";
            run(db, put, params![conversation.0, seq.0])
        }
        Change::ReadDone { conversation, seq } => {
            run(db, "DELETE FROM reads WHERE conversation = ?1 AND seq <= ?2", params![conversation.0, seq.0])
        }
        Change::Draft { conversation, thread, text } => put_draft(db, *conversation, *thread, text),
        Change::Note { name, text } => put_note(db, name, text),
    }
}

fn run(db: &Transaction<'_>, statement: &str, values: impl rusqlite::Params) -> rusqlite::Result<()> {
    db.prepare_cached(statement)?.execute(values).map(|_| ())
}

fn put_meta<T: Serialize>(db: &Transaction<'_>, name: &str, value: &T) -> rusqlite::Result<()> {
    run(db, "INSERT OR REPLACE INTO meta VALUES (?1, ?2)", params![name, json(value)])
}

fn put_row(db: &Transaction<'_>, row: &Conversation) -> rusqlite::Result<()> {
    run(db, "INSERT OR REPLACE INTO conversations VALUES (?1, ?2)", params![row.id.0, json(row)])
}

fn remove(db: &Transaction<'_>, conversation: ConversationId) -> rusqlite::Result<()> {
    for table in ["events", "stretches", "reads", "drafts"] {
        run(db, &format!("DELETE FROM {table} WHERE conversation = ?1"), [conversation.0])?;
    }
    run(db, "DELETE FROM conversations WHERE id = ?1", [conversation.0])
}

fn add_message(db: &Transaction<'_>, message: &Outgoing, failed: Option<&str>) -> rusqlite::Result<()> {
    run(
        db,
        "INSERT INTO outbox (client_id, conversation, body, written_at, failed, action, reply_to, thread,
             forward_conversation, forward_seq, files)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
         ON CONFLICT (client_id) DO UPDATE SET failed = excluded.failed",
        params![
            message.client_id.0,
            message.conversation.0,
            message.body.as_str(),
            message.written_at.0,
            failed,
            message.action,
            message.reply_to.map(|seq| seq.0),
            message.thread.map(|seq| seq.0),
            message.forward.map(|from| from.conversation.0),
            message.forward.map(|from| from.seq.0),
            json(&message.files),
        ],
    )
}

fn put_draft(
    db: &Transaction<'_>,
    conversation: ConversationId,
    thread: Option<Seq>,
    text: &str,
) -> rusqlite::Result<()> {
    let thread = thread_number(thread);
    if text.is_empty() {
        let delete = "DELETE FROM drafts WHERE conversation = ?1 AND thread = ?2";
        return run(db, delete, params![conversation.0, thread]);
    }
    let end = text.floor_char_boundary(limits::MESSAGE_BYTES);
    run(
        db,
        "INSERT OR REPLACE INTO drafts VALUES (?1, ?2, ?3)",
        params![conversation.0, thread, &text[..end]],
    )
}

/// No event has the number 0.
fn thread_number(thread: Option<Seq>) -> u64 {
    thread.map_or(0, |seq| seq.0)
}

/// Notes that are too long are not kept: half of one means nothing.
fn put_note(db: &Transaction<'_>, name: &str, text: &str) -> rusqlite::Result<()> {
    if text.is_empty() || text.len() > NOTE_BYTES {
        return run(db, "DELETE FROM notes WHERE name = ?1", [name]);
    }
    run(db, "INSERT OR REPLACE INTO notes VALUES (?1, ?2)", params![name, text])
}

/// Our values are plain data with text keys, which JSON can always hold.
fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

#[cfg(test)]
mod tests;
