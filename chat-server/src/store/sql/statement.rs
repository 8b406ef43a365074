//! Statements, and the rows that come of them.

use std::sync::Arc;

use rusqlite::params_from_iter;

use super::bound::Bound;
use super::value::{FromSql, Params, ValueRef};
use super::{Error, Result};
use crate::store::postgres::Session;

/// A prepared statement.
pub(in crate::store) enum Statement<'c> {
    Sqlite(rusqlite::CachedStatement<'c>),
    /// Its text in PostgreSQL's words; it is prepared when its values are known.
    Postgres(&'c Session, Arc<str>),
}

impl Statement<'_> {
    /// Runs it; how many rows it changed.
    pub(in crate::store) fn execute(&mut self, params: impl Params) -> Result<usize> {
        params.with(|values| match self {
            Statement::Sqlite(statement) => {
                Ok(statement.execute(params_from_iter(values.iter().map(|value| Bound(*value))))?)
            }
            Statement::Postgres(session, text) => session.execute(text, values),
        })
    }

    /// Runs it and gives its rows, one at a time.
    pub(in crate::store) fn query(&mut self, params: impl Params) -> Result<Rows<'_>> {
        params.with(|values| {
            Ok(match self {
                Statement::Sqlite(statement) => {
                    Rows::Sqlite(statement.query(params_from_iter(values.iter().map(|value| Bound(*value))))?)
                }
                Statement::Postgres(session, text) => Rows::Postgres(session.query(text, values)?, 0),
            })
        })
    }

    /// Runs it and reads each of its rows.
    pub(in crate::store) fn query_map<T, F>(&mut self, params: impl Params, read: F) -> Result<Mapped<'_, F>>
    where
        F: FnMut(&Row<'_>) -> Result<T>,
    {
        Ok(Mapped { rows: self.query(params)?, read })
    }

    /// Runs it and reads its first row.
    pub(in crate::store) fn query_row<T>(
        &mut self,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> Result<T>,
    ) -> Result<T> {
        match self.query(params)?.next()? {
            Some(row) => read(&row),
            None => Err(Error::NoRow),
        }
    }

    /// Whether it has a row.
    pub(in crate::store) fn exists(&mut self, params: impl Params) -> Result<bool> {
        Ok(self.query(params)?.next()?.is_some())
    }
}

/// Rows, one after the other.
pub(in crate::store) enum Rows<'s> {
    Sqlite(rusqlite::Rows<'s>),
    /// All of them, and how many were given.
    Postgres(Vec<tokio_postgres::Row>, usize),
}

impl Rows<'_> {
    /// The next one.
    pub(in crate::store) fn next(&mut self) -> Result<Option<Row<'_>>> {
        Ok(match self {
            Rows::Sqlite(rows) => rows.next()?.map(Row::Sqlite),
            Rows::Postgres(rows, given) => {
                let row = rows.get(*given);
                *given += 1;
                row.map(Row::Postgres)
            }
        })
    }
}

/// Rows as something else.
pub(in crate::store) struct Mapped<'s, F> {
    rows: Rows<'s>,
    read: F,
}

impl<T, F: FnMut(&Row<'_>) -> Result<T>> Iterator for Mapped<'_, F> {
    type Item = Result<T>;

    fn next(&mut self) -> Option<Self::Item> {
        self.rows.next().transpose().map(|row| row.and_then(|row| (self.read)(&row)))
    }
}

/// One row.
pub(in crate::store) enum Row<'r> {
    Sqlite(&'r rusqlite::Row<'r>),
    Postgres(&'r tokio_postgres::Row),
}

/// The number of a column. Named so that what is read can be said alone: `get::<_, String>(3)`.
pub(in crate::store) trait Column {
    fn number(self) -> usize;
}

impl Column for usize {
    fn number(self) -> usize {
        self
    }
}

impl Row<'_> {
    /// Reads a column.
    pub(in crate::store) fn get<C: Column, T: FromSql>(&self, column: C) -> Result<T> {
        let column = column.number();
        let value = match self {
            Row::Sqlite(row) => of_sqlite(row, column)?,
            Row::Postgres(row) => row.try_get(column)?,
        };
        T::from_sql(value)
            .ok_or_else(|| Error::Unreadable(column, format!("it holds {}", kind_of(value)).into()))
    }
}

fn of_sqlite<'r>(row: &'r rusqlite::Row<'_>, column: usize) -> Result<ValueRef<'r>> {
    Ok(match row.get_ref(column)? {
        rusqlite::types::ValueRef::Null => ValueRef::Null,
        rusqlite::types::ValueRef::Integer(n) => ValueRef::Integer(n),
        rusqlite::types::ValueRef::Real(x) => ValueRef::Real(x),
        rusqlite::types::ValueRef::Text(text) => ValueRef::Text(
            std::str::from_utf8(text).map_err(|cause| Error::Unreadable(column, cause.into()))?,
        ),
        rusqlite::types::ValueRef::Blob(bytes) => ValueRef::Blob(bytes),
    })
}

/// The value itself may be a secret.
fn kind_of(value: ValueRef<'_>) -> &'static str {
    match value {
        ValueRef::Null => "nothing",
        ValueRef::Integer(_) => "a number that does not fit",
        ValueRef::Real(_) => "a fraction",
        ValueRef::Bool(_) => "a truth",
        ValueRef::Text(_) => "a text",
        ValueRef::Blob(_) => "bytes that do not fit",
    }
}
