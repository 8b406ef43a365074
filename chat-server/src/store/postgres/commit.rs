//! Committing what shards decided.

use std::collections::{BTreeSet, HashMap};
use std::time::Instant;

use chat_proto::ConversationId;
use tracing::error;
use uuid::Uuid;

use super::batch::{Batch, Before, Statements};
use super::{Lent, Postgres};
use crate::metrics::{Kept, metrics};
use crate::store::{Committed, StoreError, Write, verbs};

impl Postgres {
    /// Commits these changes together or not at all; what followed, and whether a webhook is to be told.
    pub(in crate::store) async fn commit(&self, writes: Vec<Write>) -> Result<(Committed, bool), StoreError> {
        let began = Instant::now();
        let count = writes.len();
        let committed = self.on_a_thread(move |lent| commit(lent, &writes)).await;
        match &committed {
            Ok(_) => {
                metrics().commit_seconds.since(began);
                metrics().commit_writes.of(count);
            }
            Err(StoreError::Conflict | StoreError::Overtaken) => {}
            Err(StoreError::Failed(cause)) => {
                metrics().store_errors.add_one(Kept::Commit);
                error!(cause, writes = count, "a commit failed");
            }
        }
        committed
    }
}

fn commit(lent: &mut Lent, writes: &[Write]) -> Result<(Committed, bool), StoreError> {
    let batch = Batch::of(writes);
    let changed = conversations(writes);
    let (session, statements, before) = loop {
        let session = lent.session()?;
        let client = session.client()?;
        let begun = session.wait(async {
            let statements = Statements::of(client).await?;
            let before = Before::begin(client, &statements, &changed, batch.as_ref()).await?;
            Ok((statements, before))
        });
        match begun {
            Ok((statements, before)) => break (session, statements, before),
            // Nothing was written yet.
            Err(cause) if cause.is_lost_connection() && lent.may_try_again() => {}
            Err(cause) => return Err(cause.into()),
        }
    };
    let overtaken = match overtaken(writes, before.heads.clone()) {
        Ok(overtaken) => overtaken,
        Err(taken) => {
            session.roll_back();
            return Err(taken);
        }
    };
    // Nobody else has to begin anew because of them.
    let others: Vec<Write>;
    let (writes, batch) = match overtaken.is_empty() {
        true => (writes, batch),
        false => {
            others = writes.iter().filter(|write| !is_in(write, &overtaken)).cloned().collect();
            (&others[..], Batch::of(&others))
        }
    };
    if writes.is_empty() {
        session.roll_back();
        return Err(StoreError::Overtaken);
    }
    let committed = match batch.filter(|_| !before.has_hooks) {
        Some(batch) => match session.wait(batch.commit(session.client()?, &statements, &before)) {
            Ok(committed) => {
                session.give_back();
                Ok((committed, false))
            }
            Err(cause) => {
                session.roll_back();
                Err(cause.into())
            }
        },
        None => session.finish(|db| verbs::commit(db, writes)),
    };
    let overtaken = overtaken.into_iter().map(ConversationId).collect();
    committed.map(|(committed, queued)| (Committed { overtaken, ..committed }, queued))
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

/// The conversations in which an event is not the next one: another writer was first there.
fn overtaken(writes: &[Write], mut heads: HashMap<Uuid, i64>) -> Result<BTreeSet<Uuid>, StoreError> {
    let mut overtaken = BTreeSet::new();
    for write in writes {
        match write {
            Write::Begin { event, .. } => drop(heads.insert(event.conversation.0, verbs::int(event.seq.0))),
            Write::Event { event, .. } => {
                let head = heads.get_mut(&event.conversation.0).ok_or(StoreError::Conflict)?;
                *head += 1;
                if verbs::int(event.seq.0) != *head {
                    overtaken.insert(event.conversation.0);
                }
            }
            Write::Note(_) | Write::Read { .. } => {}
        }
    }
    Ok(overtaken)
}

/// Whether a change is one of these conversations'.
fn is_in(write: &Write, conversations: &BTreeSet<Uuid>) -> bool {
    let conversation = match write {
        Write::Begin { event, .. } | Write::Event { event, .. } => Some(event.conversation),
        Write::Read { conversation, .. } => Some(*conversation),
        Write::Note(note) => note.conversation,
    };
    conversation.is_some_and(|conversation| conversations.contains(&conversation.0))
}
