//! Committing what shards decided.

use std::time::Instant;

use tokio::runtime::Handle;
use tracing::error;

use super::batch::{Batch, Before, Statements};
use super::rebase::{Behind, decided_on};
use super::{Lent, Postgres, Session};
use crate::metrics::{Kept, metrics};
use crate::store::sql::Error;
use crate::store::{Committed, StoreError, Write, verbs};

impl Postgres {
    /// Commits these changes together or not at all; what followed, and whether a webhook is to be told.
    pub(in crate::store) async fn commit(&self, writes: Vec<Write>) -> Result<(Committed, bool), StoreError> {
        let began = Instant::now();
        let count = writes.len();
        let committed = match self.commit_at_once(&writes).await {
            Ok(Some(committed)) => Ok((committed, false)),
            Ok(None) => self.on_a_thread(move |lent| commit(lent, &writes)).await,
            Err(cause) => Err(cause),
        };
        match &committed {
            Ok(_) => {
                self.merger.something_was_written();
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

    /// Commits these by one statement and no thread that would wait for it, if they are plain and nobody else was
    /// first; otherwise nothing is written.
    async fn commit_at_once(&self, writes: &[Write]) -> Result<Option<Committed>, StoreError> {
        let decided = decided_on(writes);
        // First, because all of it would be put together in vain.
        if self.detours.concern(&decided) {
            return Ok(None);
        }
        let Some(batch) = Batch::of(writes).filter(|batch| !batch.answers()) else { return Ok(None) };
        let session = Session::over(self.lend().await?, Handle::current(), self.texts.clone());
        let committed = session.answer(batch.commit_alone(session.client()?, &decided)).await;
        // Its transaction has ended with the answer, whatever that was; without one, the connection goes.
        if committed.as_ref().map_or_else(Error::is_answer, |_| true) {
            session.give_back();
        }
        Ok(committed?)
    }
}

/// Looks first, and writes then.
fn commit(lent: &mut Lent, writes: &[Write]) -> Result<(Committed, bool), StoreError> {
    let decided = decided_on(writes);
    let batch = Batch::of(writes);
    let detours = lent.postgres.detours.clone();
    let (session, statements, before) = loop {
        let session = lent.session()?;
        let client = session.client()?;
        let begun = session.wait(async {
            let statements = Statements::of(client).await?;
            let before = Before::begin(client, &statements, &decided, batch.as_ref()).await?;
            Ok((statements, before))
        });
        match begun {
            Ok((statements, before)) => break (session, statements, before),
            // Nothing was written yet.
            Err(cause) if cause.is_lost_connection() && lent.may_try_again() => {}
            Err(cause) => return Err(cause.into()),
        }
    };
    let behind = match Behind::find(&decided, &before.heads) {
        Ok(behind) => behind,
        Err(gone) => {
            session.roll_back();
            return Err(gone);
        }
    };
    match before.has_hooks {
        true => detours.note(decided.keys().copied()),
        false => detours.note(behind.conversations()),
    }
    if behind.is_empty() {
        return write(session, &statements, &before, writes, batch);
    }
    let settled = match session.within(|db| behind.settle(db, writes, &before.meanwhile)) {
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
    let (mut committed, queued) =
        write(session, &statements, &before, &settled.writes, Batch::of(&settled.writes))?;
    let Committed { overtaken, rebased, marks, recounted, .. } = settled.committed;
    committed.recounted.extend(recounted);
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
            Ok(Some(committed)) => {
                session.give_back();
                Ok((committed, false))
            }
            // Nobody can have changed what is held; but who added a webhook holds nothing.
            Ok(None) => {
                session.give_back();
                Err(StoreError::Overtaken)
            }
            Err(cause) => {
                session.roll_back();
                Err(cause.into())
            }
        },
        None => session.finish(|db| verbs::commit(db, writes)),
    }
}
