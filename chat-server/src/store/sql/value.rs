//! Values as they go into statements and come out of rows.

use uuid::Uuid;

/// A value, borrowed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::store) enum ValueRef<'v> {
    Null,
    Integer(i64),
    Real(f64),
    /// SQLite has a number for it.
    Bool(bool),
    Text(&'v str),
    Blob(&'v [u8]),
}

/// What a parameter is, also when it is null.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::store) enum Kind {
    Integer,
    Bool,
    Text,
    Blob,
}

/// What can be bound to a parameter.
pub(in crate::store) trait ToSql {
    fn value(&self) -> ValueRef<'_>;
    fn kind(&self) -> Kind;
}

/// What can be read from a column.
pub(in crate::store) trait FromSql: Sized {
    /// `None` if the value is something else.
    fn from_sql(value: ValueRef<'_>) -> Option<Self>;
}

/// The values of a statement: a list from `params!`, or an array of one type.
pub(in crate::store) trait Params {
    fn with<R>(&self, run: impl FnOnce(&[&dyn ToSql]) -> R) -> R;
}

impl Params for &[&dyn ToSql] {
    fn with<R>(&self, run: impl FnOnce(&[&dyn ToSql]) -> R) -> R {
        run(self)
    }
}

impl Params for [&dyn ToSql; 0] {
    fn with<R>(&self, run: impl FnOnce(&[&dyn ToSql]) -> R) -> R {
        run(&[])
    }
}

/// One implementation for every length would take the empty array for any type.
macro_rules! arrays {
    ($($length:literal)*) => {$(
        impl<T: ToSql> Params for [T; $length] {
            fn with<R>(&self, run: impl FnOnce(&[&dyn ToSql]) -> R) -> R {
                run(&self.each_ref().map(|value| value as &dyn ToSql))
            }
        }
    )*};
}
arrays!(1 2 3 4);

impl<T: ToSql> Params for Vec<T> {
    fn with<R>(&self, run: impl FnOnce(&[&dyn ToSql]) -> R) -> R {
        let values: Vec<&dyn ToSql> = self.iter().map(|value| value as &dyn ToSql).collect();
        run(&values)
    }
}

macro_rules! integers {
    ($($type:ty)*) => {$(
        impl ToSql for $type {
            fn value(&self) -> ValueRef<'_> {
                ValueRef::Integer(i64::from(*self))
            }
            fn kind(&self) -> Kind {
                Kind::Integer
            }
        }
        impl FromSql for $type {
            fn from_sql(value: ValueRef<'_>) -> Option<Self> {
                match value {
                    ValueRef::Integer(n) => Self::try_from(n).ok(),
                    ValueRef::Bool(truth) => Some(Self::from(truth)),
                    _ => None,
                }
            }
        }
    )*};
}
integers!(i64 i32 u32);

impl ToSql for bool {
    fn value(&self) -> ValueRef<'_> {
        ValueRef::Bool(*self)
    }
    fn kind(&self) -> Kind {
        Kind::Bool
    }
}

impl FromSql for bool {
    fn from_sql(value: ValueRef<'_>) -> Option<Self> {
        match value {
            ValueRef::Bool(truth) => Some(truth),
            ValueRef::Integer(n) => Some(n != 0),
            _ => None,
        }
    }
}

impl FromSql for f64 {
    fn from_sql(value: ValueRef<'_>) -> Option<Self> {
        match value {
            ValueRef::Real(x) => Some(x),
            _ => None,
        }
    }
}

impl ToSql for str {
    fn value(&self) -> ValueRef<'_> {
        ValueRef::Text(self)
    }
    fn kind(&self) -> Kind {
        Kind::Text
    }
}

impl ToSql for String {
    fn value(&self) -> ValueRef<'_> {
        ValueRef::Text(self)
    }
    fn kind(&self) -> Kind {
        Kind::Text
    }
}

impl FromSql for String {
    fn from_sql(value: ValueRef<'_>) -> Option<Self> {
        match value {
            ValueRef::Text(text) => Some(text.to_owned()),
            _ => None,
        }
    }
}

impl ToSql for [u8] {
    fn value(&self) -> ValueRef<'_> {
        ValueRef::Blob(self)
    }
    fn kind(&self) -> Kind {
        Kind::Blob
    }
}

impl ToSql for Vec<u8> {
    fn value(&self) -> ValueRef<'_> {
        ValueRef::Blob(self)
    }
    fn kind(&self) -> Kind {
        Kind::Blob
    }
}

impl FromSql for Vec<u8> {
    fn from_sql(value: ValueRef<'_>) -> Option<Self> {
        match value {
            ValueRef::Blob(bytes) => Some(bytes.to_vec()),
            _ => None,
        }
    }
}

impl<const N: usize> ToSql for [u8; N] {
    fn value(&self) -> ValueRef<'_> {
        ValueRef::Blob(self)
    }
    fn kind(&self) -> Kind {
        Kind::Blob
    }
}

impl<const N: usize> FromSql for [u8; N] {
    fn from_sql(value: ValueRef<'_>) -> Option<Self> {
        match value {
            ValueRef::Blob(bytes) => bytes.try_into().ok(),
            _ => None,
        }
    }
}

impl ToSql for Uuid {
    fn value(&self) -> ValueRef<'_> {
        ValueRef::Blob(self.as_bytes())
    }
    fn kind(&self) -> Kind {
        Kind::Blob
    }
}

impl FromSql for Uuid {
    fn from_sql(value: ValueRef<'_>) -> Option<Self> {
        <[u8; 16]>::from_sql(value).map(Uuid::from_bytes)
    }
}

impl<T: ToSql + ?Sized> ToSql for &T {
    fn value(&self) -> ValueRef<'_> {
        (**self).value()
    }
    fn kind(&self) -> Kind {
        (**self).kind()
    }
}

/// What a null would be, were it there.
trait OfKind {
    const KIND: Kind;
}

macro_rules! of_kind {
    ($($kind:ident: $($type:ty),+;)*) => {$($(
        impl OfKind for $type {
            const KIND: Kind = Kind::$kind;
        }
    )+)*};
}
of_kind! {
    Integer: i64, i32, u32;
    Bool: bool;
    Text: &str, String;
    Blob: Uuid, Vec<u8>, &[u8];
}

impl<const N: usize> OfKind for [u8; N] {
    const KIND: Kind = Kind::Blob;
}

impl<T: ToSql + OfKind> ToSql for Option<T> {
    fn value(&self) -> ValueRef<'_> {
        self.as_ref().map_or(ValueRef::Null, ToSql::value)
    }
    fn kind(&self) -> Kind {
        T::KIND
    }
}

impl<T: FromSql> FromSql for Option<T> {
    fn from_sql(value: ValueRef<'_>) -> Option<Self> {
        match value {
            ValueRef::Null => Some(None),
            value => T::from_sql(value).map(Some),
        }
    }
}
