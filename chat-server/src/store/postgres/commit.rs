//! Committing what shards decided.

use std::collections::{BTreeSet, HashMap};

use uuid::Uuid;

use super::batch::{Batch, Before};
use super::{BEGIN, Postgres};
use crate::store::sql::Connection;
use crate::store::{Committed, StoreError, Write, verbs};

impl Postgres {
    /// Commits these changes together or not at all; what followed, and whether a webhook is to be told.
    pub(in crate::store) async fn commit(&self, writes: Vec<Write>) -> Result<(Committed, bool), StoreError> {
        self.turn(BEGIN.to_owned(), move |db| {
            let Connection::Postgres(session) = db else { return verbs::commit(db, &writes) };
            let client = session.client()?;
            let batch = Batch::of(&writes);
            let changed = conversations(&writes);
            let before = session.wait(Before::of(client, &changed, batch.as_ref()))?;
            follow_on(&writes, before.heads.clone())?;
            match batch.filter(|_| !before.has_hooks) {
                Some(batch) => Ok((session.wait(batch.write(client, &before))?, false)),
                None => verbs::commit(db, &writes),
            }
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
