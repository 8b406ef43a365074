//! The little of SQL drivers that the verbs need, over either engine, so that every verb is
//! written once.
//!
//! 1. The verbs see [`Connection`], [`Row`] and values that can be [bound](ToSql) and
//!    [read](FromSql); what engine is below they ask only where its words differ
//!    ([`Connection::either`]).
//! 2. The one dialect is SQLite's, kept to what PostgreSQL understands too; `dialect` says what is
//!    put in other words for PostgreSQL when a statement is prepared.
//! 3. On SQLite it costs nothing worth naming: values are borrowed, statements are the driver's own.

mod bound;
mod dialect;
mod error;
mod statement;
mod value;

pub use error::Error;

pub(in crate::store) use dialect::Texts;
pub(in crate::store) use error::{OptionalExtension, Result};
pub(in crate::store) use statement::{Row, Statement};
pub(in crate::store) use value::{Kind, Params, ToSql, ValueRef};

use std::time::Instant;

use crate::store::postgres::Session;

/// The values of a statement, in the order of its parameters.
macro_rules! params {
    ($($value:expr),* $(,)?) => {
        &[$(&$value as &dyn $crate::store::sql::ToSql),*] as &[&dyn $crate::store::sql::ToSql]
    };
}
pub(in crate::store) use params;

/// A connection within a transaction, to one engine or the other.
pub(in crate::store) enum Connection<'c> {
    /// SQLite.
    Sqlite(&'c rusqlite::Connection),
    /// PostgreSQL.
    Postgres(&'c Session),
}

impl Connection<'_> {
    /// A statement that is prepared once for each connection.
    pub(in crate::store) fn prepare_cached(&self, sql: &str) -> Result<Statement<'_>> {
        Ok(match self {
            Connection::Sqlite(connection) => Statement::Sqlite(connection.prepare_cached(sql)?),
            Connection::Postgres(session) => Statement::Postgres(session, session.text(sql)),
        })
    }

    /// Runs a statement that gives no rows; how many it changed.
    pub(in crate::store) fn execute(&self, sql: &str, params: impl Params) -> Result<usize> {
        self.prepare_cached(sql)?.execute(params)
    }

    /// Runs a query and reads its first row.
    pub(in crate::store) fn query_row<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> Result<T>,
    ) -> Result<T> {
        self.prepare_cached(sql)?.query_row(params, read)
    }

    /// Further statements of a query that [may take until then](crate::store::Store::read_until) are stopped then, too:
    /// PostgreSQL counts for each anew. SQLite looks at the time by itself.
    pub(in crate::store) fn until(&self, deadline: Instant) -> Result<()> {
        match self {
            Connection::Sqlite(_) => Ok(()),
            Connection::Postgres(session) => session.until(deadline),
        }
    }

    /// The one for SQLite or the one for PostgreSQL.
    pub(in crate::store) fn either<T>(&self, sqlite: T, postgres: T) -> T {
        match self {
            Connection::Sqlite(_) => sqlite,
            Connection::Postgres(_) => postgres,
        }
    }
}
