//! A value on its way from one engine to the other.

use sha2::{Digest, Sha256};

use crate::store::sql::{self, Kind, Row, ToSql, ValueRef};

/// A value that was read.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Value {
    Null(Kind),
    Integer(i64),
    Text(String),
    Blob(Vec<u8>),
}

impl ToSql for Value {
    fn value(&self) -> ValueRef<'_> {
        match self {
            Value::Null(_) => ValueRef::Null,
            Value::Integer(n) => ValueRef::Integer(*n),
            Value::Text(text) => ValueRef::Text(text),
            Value::Blob(bytes) => ValueRef::Blob(bytes),
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Value::Null(kind) => *kind,
            Value::Integer(_) => Kind::Integer,
            Value::Text(_) => Kind::Text,
            Value::Blob(_) => Kind::Blob,
        }
    }
}

impl Value {
    pub(super) fn read(row: &Row<'_>, column: usize, kind: Kind) -> sql::Result<Self> {
        let value = match kind {
            Kind::Integer | Kind::Bool => row.get::<_, Option<i64>>(column)?.map(Value::Integer),
            Kind::Text => row.get::<_, Option<String>>(column)?.map(Value::Text),
            Kind::Blob => row.get::<_, Option<Vec<u8>>>(column)?.map(Value::Blob),
        };
        Ok(value.unwrap_or(Value::Null(kind)))
    }

    /// Adds it to a digest, so that no two lists of values are alike.
    pub(super) fn digest(&self, into: &mut Sha256) {
        let (sign, bytes): (u8, &[u8]) = match self {
            Value::Null(_) => (0, &[]),
            Value::Integer(n) => (1, &n.to_be_bytes()),
            Value::Text(text) => (2, text.as_bytes()),
            Value::Blob(bytes) => (3, bytes),
        };
        into.update([sign]);
        into.update((bytes.len() as u64).to_be_bytes());
        into.update(bytes);
    }
}
