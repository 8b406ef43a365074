//! Committing what shards decided.

use std::collections::{BTreeSet, HashMap};

use uuid::Uuid;

use super::{BEGIN, Postgres, Session};
use crate::store::sql;
use crate::store::{Committed, StoreError, Write, verbs};

/// The rows of these conversations, in one order for everybody, so that two who commit to the same ones
/// do not wait for each other for ever.
const LOCK: &str = "SELECT id, head FROM conversations WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE";

impl Postgres {
    /// Commits these changes together or not at all; what followed, and whether a webhook is to be told.
    pub(in crate::store) async fn commit(&self, writes: Vec<Write>) -> Result<(Committed, bool), StoreError> {
        self.turn(BEGIN.to_owned(), move |db| {
            if let sql::Connection::Postgres(session) = db {
                let heads = lock(session, &conversations(&writes))?;
                follow_on(&writes, heads)?;
            }
            verbs::commit(db, &writes)
        })
        .await
    }
}

/// The conversations that these change and that there are already.
fn conversations(writes: &[Write]) -> BTreeSet<Uuid> {
    let mut changed = BTreeSet::new();
    for write in writes {
        match write {
            Write::Event { event, .. } => drop(changed.insert(event.conversation.0)),
            Write::Read { conversation, .. } => drop(changed.insert(conversation.0)),
            Write::Begin { .. } | Write::Note(_) => {}
        }
    }
    changed
}

/// Holds these conversations until the end of the transaction; how far each has come.
fn lock(session: &Session, conversations: &BTreeSet<Uuid>) -> sql::Result<HashMap<Uuid, i64>> {
    if conversations.is_empty() {
        return Ok(HashMap::new());
    }
    let ids: Vec<&[u8]> = conversations.iter().map(|id| &id.as_bytes()[..]).collect();
    let client = session.client()?;
    let rows = session.wait(async {
        let statement = client.prepare_cached(LOCK).await?;
        client.query(&statement, &[&ids]).await
    })?;
    let read = |row: &tokio_postgres::Row| -> sql::Result<(Uuid, i64)> {
        let row = sql::Row::Postgres(row);
        Ok((row.get(0)?, row.get(1)?))
    };
    rows.iter().map(read).collect()
}

/// Whether each event is the next of its conversation; otherwise another writer was first.
fn follow_on(writes: &[Write], mut heads: HashMap<Uuid, i64>) -> Result<(), StoreError> {
    for write in writes {
        match write {
            Write::Begin { event, .. } => drop(heads.insert(event.conversation.0, verbs::int(event.seq.0))),
            Write::Event { event, .. } => {
                let head = heads.get_mut(&event.conversation.0).ok_or(StoreError::Conflict)?;
                if verbs::int(event.seq.0) != *head + 1 {
                    return Err(StoreError::Conflict);
                }
                *head += 1;
            }
            Write::Note(_) | Write::Read { .. } => {}
        }
    }
    Ok(())
}
