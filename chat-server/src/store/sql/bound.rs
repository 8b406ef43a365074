//! Values on their way into one driver or the other, and out of PostgreSQL's.

use bytes::BytesMut;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use super::{Kind, ValueRef};

/// A value on its way into SQLite.
pub(super) struct Bound<'v>(pub(super) &'v dyn super::ToSql);

impl rusqlite::ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        use rusqlite::types::ValueRef as Sqlite;
        Ok(rusqlite::types::ToSqlOutput::Borrowed(match self.0.value() {
            ValueRef::Null => Sqlite::Null,
            ValueRef::Integer(n) => Sqlite::Integer(n),
            ValueRef::Real(x) => Sqlite::Real(x),
            ValueRef::Bool(truth) => Sqlite::Integer(i64::from(truth)),
            ValueRef::Text(text) => Sqlite::Text(text.as_bytes()),
            ValueRef::Blob(bytes) => Sqlite::Blob(bytes),
        }))
    }
}

impl Kind {
    /// What PostgreSQL is told of a parameter. What a truth is, it is left to find out itself,
    /// because in its columns they are small numbers.
    pub(in crate::store) fn declared(self) -> Type {
        match self {
            Kind::Integer => Type::INT8,
            Kind::Bool => Type::UNKNOWN,
            Kind::Text => Type::TEXT,
            Kind::Blob => Type::BYTEA,
        }
    }
}

type Encoded = std::result::Result<IsNull, Box<dyn std::error::Error + Sync + Send>>;

impl ToSql for ValueRef<'_> {
    fn to_sql(&self, asked: &Type, out: &mut BytesMut) -> Encoded {
        match *self {
            ValueRef::Null => Ok(IsNull::Yes),
            ValueRef::Integer(n) => integer(n, asked, out),
            ValueRef::Real(x) => x.to_sql(asked, out),
            ValueRef::Bool(truth) if *asked == Type::BOOL => truth.to_sql(asked, out),
            ValueRef::Bool(truth) => integer(i64::from(truth), asked, out),
            // PostgreSQL has no such character; nothing that it could stand in is looked for or kept.
            ValueRef::Text(text) if text.contains('\0') => text.replace('\0', "\u{fffd}").to_sql(asked, out),
            ValueRef::Text(text) => text.to_sql(asked, out),
            ValueRef::Blob(bytes) => bytes.to_sql(asked, out),
        }
    }

    /// Whether a value fits is known only with the value.
    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// A number as wide as the column.
fn integer(n: i64, asked: &Type, out: &mut BytesMut) -> Encoded {
    match *asked {
        Type::INT2 => i16::try_from(n)?.to_sql(asked, out),
        Type::INT4 => i32::try_from(n)?.to_sql(asked, out),
        Type::INT8 => n.to_sql(asked, out),
        _ => Err(format!("a number where {asked} is asked for").into()),
    }
}

impl<'a> FromSql<'a> for ValueRef<'a> {
    fn from_sql(
        given: &Type,
        raw: &'a [u8],
    ) -> std::result::Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(match *given {
            Type::INT2 => ValueRef::Integer(i16::from_sql(given, raw)?.into()),
            Type::INT4 => ValueRef::Integer(i32::from_sql(given, raw)?.into()),
            Type::INT8 => ValueRef::Integer(i64::from_sql(given, raw)?),
            Type::BOOL => ValueRef::Bool(bool::from_sql(given, raw)?),
            Type::FLOAT4 => ValueRef::Real(f32::from_sql(given, raw)?.into()),
            Type::FLOAT8 => ValueRef::Real(f64::from_sql(given, raw)?),
            Type::BYTEA => ValueRef::Blob(raw),
            _ => ValueRef::Text(<&str>::from_sql(given, raw)?),
        })
    }

    fn from_sql_null(_: &Type) -> std::result::Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(ValueRef::Null)
    }

    fn accepts(given: &Type) -> bool {
        matches!(
            *given,
            Type::INT2
                | Type::INT4
                | Type::INT8
                | Type::BOOL
                | Type::FLOAT4
                | Type::FLOAT8
                | Type::BYTEA
                | Type::TEXT
                | Type::VARCHAR
                | Type::NAME
        )
    }
}
