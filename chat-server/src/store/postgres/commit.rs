//! Committing what shards decided.

use std::collections::BTreeSet;
use std::time::Instant;

use tracing::error;
use uuid::Uuid;

use super::batch::{Batch, Before, Statements};
use super::rebase::Behind;
use super::{Lent, Postgres, Session};
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
    let behind = match Behind::find(writes, &before.heads) {
        Ok(behind) => behind,
        Err(gone) => {
            session.roll_back();
            return Err(gone);
        }
    };
    if behind.is_empty() {
        return write(session, &statements, &before, writes, batch);
    }
    let settled = match session.within(|db| behind.settle(db, writes)) {
        Ok(settled) => settled,
        Err(cause) => {
            session.roll_back();
            return Err(cause.into());
        }
    };
    metrics().commit_rebased.add(settled.committed.rebased.len());
    metrics().commit_overtaken.add(settled.committed.overtaken.len());
    if settled.writes.is_empty() {
        session.roll_back();
        return Err(StoreError::Overtaken);
    }
    let (committed, queued) =
        write(session, &statements, &before, &settled.writes, Batch::of(&settled.writes))?;
    let Committed { overtaken, rebased, marks, .. } = settled.committed;
    Ok((Committed { overtaken, rebased, marks, ..committed }, queued))
}

/// Writes these, which are in order, and commits.
fn write(
    session: Session,
    statements: &Statements,
    before: &Before,
    writes: &[Write],
    batch: Option<Batch<'_>>,
) -> Result<(Committed, bool), StoreError> {
    match batch.filter(|_| !before.has_hooks) {
        Some(batch) => match session.wait(batch.commit(session.client()?, statements, before)) {
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
