//! Why a statement failed, whichever engine said so.

use tokio_postgres::error::SqlState;

use crate::store::StoreError;

/// Why a statement failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// SQLite says so.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    /// PostgreSQL says so, or cannot be reached.
    #[error("{}", told(.0))]
    Postgres(#[from] tokio_postgres::Error),
    /// PostgreSQL did not answer in time.
    #[error("PostgreSQL does not answer")]
    Silent,
    /// A row was asked for and there is none.
    #[error("there is no such row")]
    NoRow,
    /// A column holds something else than it should.
    #[error("column {0} cannot be read: {1}")]
    Unreadable(usize, Box<dyn std::error::Error + Send + Sync>),
    /// A value cannot be stored.
    #[error("a value cannot be stored: {0}")]
    Unwritable(Box<dyn std::error::Error + Send + Sync>),
}

/// What came of a statement.
pub(in crate::store) type Result<T> = std::result::Result<T, Error>;

/// `None` in place of an error where there is no row.
pub(in crate::store) trait OptionalExtension<T> {
    fn optional(self) -> Result<Option<T>>;
}

impl<T> OptionalExtension<T> for Result<T> {
    fn optional(self) -> Result<Option<T>> {
        match self {
            Ok(value) => Ok(Some(value)),
            Err(Error::NoRow | Error::Sqlite(rusqlite::Error::QueryReturnedNoRows)) => Ok(None),
            Err(cause) => Err(cause),
        }
    }
}

/// The driver's own text names only the kind of error; the database's says what is wrong.
fn told(error: &tokio_postgres::Error) -> String {
    match (error.as_db_error(), std::error::Error::source(error)) {
        (Some(said), _) => format!("PostgreSQL: {} ({})", said.message(), said.code().code()),
        (None, Some(cause)) => format!("PostgreSQL: {error}: {cause}"),
        (None, None) => format!("PostgreSQL: {error}"),
    }
}

impl Error {
    /// Whether another writer was first.
    fn is_conflict(&self) -> bool {
        match self {
            Error::Sqlite(cause) => {
                cause.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation)
            }
            // Deadlocks and failed serialisations are races that were lost, too.
            Error::Postgres(cause) => cause.code().is_some_and(|code| {
                is_constraint(code)
                    || *code == SqlState::T_R_SERIALIZATION_FAILURE
                    || *code == SqlState::T_R_DEADLOCK_DETECTED
            }),
            _ => false,
        }
    }

    /// Whether it was stopped because it took too long.
    pub(in crate::store) fn is_interruption(&self) -> bool {
        match self {
            Error::Sqlite(cause) => {
                cause.sqlite_error_code() == Some(rusqlite::ErrorCode::OperationInterrupted)
            }
            Error::Postgres(cause) => cause.code() == Some(&SqlState::QUERY_CANCELED),
            _ => false,
        }
    }

    /// Whether it is PostgreSQL's own answer, behind which the connection goes on. One that is silent may still
    /// be at work.
    pub(in crate::store) fn is_answer(&self) -> bool {
        matches!(self, Error::Postgres(_)) && !self.is_lost_connection()
    }

    /// Whether the connection to the database is gone.
    pub(in crate::store) fn is_lost_connection(&self) -> bool {
        match self {
            Error::Postgres(cause) => cause.is_closed() || cause.code().is_none_or(is_going_down),
            _ => false,
        }
    }
}

/// Class 23: integrity constraints.
fn is_constraint(code: &SqlState) -> bool {
    code.code().starts_with("23")
}

/// Class 57P: an operator or a restart ended the session; class 08: it never stood.
fn is_going_down(code: &SqlState) -> bool {
    code.code().starts_with("57P") || code.code().starts_with("08")
}

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        if error.is_conflict() { StoreError::Conflict } else { StoreError::Failed(error.to_string()) }
    }
}
