//! One connection within one transaction, for code that waits for each answer.
//!
//! The verbs run on a thread that may block; the connection lives on the runtime. Every answer is
//! waited for at most [`PATIENCE`], so that a database that hangs takes no thread for good.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use deadpool_postgres::Object;
use futures_util::{StreamExt, pin_mut};
use tokio::runtime::Handle;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::COMMIT;
use crate::store::StoreError;
use crate::store::sql::{Connection, Error, Kind, Result, Texts, ToSql};

/// How long one answer of the database may take; the network ends a broken connection long before.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// A connection within a transaction. Dropped before its end, the connection goes with it, and the
/// database undoes what was done.
pub(in crate::store) struct Session {
    /// Taken out at the end.
    client: Option<Object>,
    runtime: Handle,
    texts: Arc<Texts>,
}

impl Session {
    /// On this connection; nothing has begun yet.
    pub(super) fn over(client: Object, runtime: Handle, texts: Arc<Texts>) -> Self {
        Self { client: Some(client), runtime, texts }
    }

    /// Does something within the transaction, which goes on.
    pub(super) fn within<T>(&self, job: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        job(&Connection::Postgres(self))
    }

    /// Does the job, makes it last or undoes it, and gives the connection back.
    pub(super) fn finish<T>(
        self,
        job: impl FnOnce(&Connection) -> std::result::Result<T, StoreError>,
    ) -> std::result::Result<T, StoreError> {
        match job(&Connection::Postgres(&self)) {
            Ok(done) => {
                self.batch(COMMIT)?;
                self.give_back();
                Ok(done)
            }
            Err(cause) => {
                self.roll_back();
                Err(cause)
            }
        }
    }

    /// Undoes what was done, and gives the connection back.
    pub(super) fn roll_back(self) {
        // Where that fails, the connection goes, and what was done in it.
        if self.batch("ROLLBACK").is_ok() {
            self.give_back();
        }
    }

    /// Gives the connection back; its transaction has ended.
    pub(super) fn give_back(mut self) {
        drop(self.client.take());
    }

    /// A text of the verbs in PostgreSQL's words.
    pub(in crate::store) fn text(&self, sql: &str) -> Arc<str> {
        self.texts.of(sql)
    }

    /// Runs a statement; how many rows it changed.
    pub(in crate::store) fn execute(&self, text: &str, values: &[&dyn ToSql]) -> Result<usize> {
        let client = self.client()?;
        let changed = self.wait(async {
            let statement = client.prepare_typed_cached(text, &types(values)).await?;
            client.execute_raw(&statement, values.iter().map(|value| value.value())).await
        })?;
        Ok(usize::try_from(changed).unwrap_or(usize::MAX))
    }

    /// Runs a query and gives its rows.
    pub(in crate::store) fn query(&self, text: &str, values: &[&dyn ToSql]) -> Result<Vec<Row>> {
        let client = self.client()?;
        self.wait(async {
            let statement = client.prepare_typed_cached(text, &types(values)).await?;
            let answers = client.query_raw(&statement, values.iter().map(|value| value.value())).await?;
            pin_mut!(answers);
            let mut rows = Vec::new();
            while let Some(row) = answers.next().await {
                rows.push(row?);
            }
            Ok(rows)
        })
    }

    /// Has statements stopped at the deadline, up to the end of the transaction.
    pub(in crate::store) fn until(&self, deadline: Instant) -> Result<()> {
        self.batch(&stop_at(deadline))
    }

    /// Runs statements without values.
    pub(super) fn batch(&self, text: &str) -> Result<()> {
        let client = self.client()?;
        self.wait(client.batch_execute(text))
    }

    /// Waits for something that the connection does.
    pub(super) fn wait<T>(
        &self,
        answer: impl Future<Output = std::result::Result<T, tokio_postgres::Error>>,
    ) -> Result<T> {
        self.runtime.block_on(self.answer(answer))
    }

    /// The same where a task may wait.
    pub(super) async fn answer<T>(
        &self,
        answer: impl Future<Output = std::result::Result<T, tokio_postgres::Error>>,
    ) -> Result<T> {
        match tokio::time::timeout(PATIENCE, answer).await {
            Ok(answer) => Ok(answer?),
            Err(_) => Err(Error::Silent),
        }
    }

    /// The connection.
    pub(super) fn client(&self) -> Result<&Object> {
        self.client.as_ref().ok_or(Error::Silent)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(client) = self.client.take() {
            // Not back into the pool: something may still be open in it.
            drop(Object::take(client));
        }
    }
}

/// What has statements stopped then.
pub(super) fn stop_at(deadline: Instant) -> String {
    // 0 would be no limit at all.
    let left = deadline.saturating_duration_since(Instant::now()).as_millis().max(1);
    format!("SET LOCAL statement_timeout = {left}")
}

fn types(values: &[&dyn ToSql]) -> Vec<Type> {
    values.iter().map(|value| Kind::declared(value.kind())).collect()
}
