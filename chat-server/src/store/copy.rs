//! A whole database copied into another engine's, table by table, and compared.
//!
//! 1. What is copied is one moment of the source: its snapshot is held to the end.
//! 2. A copy that was cut short goes on where it was. It knows its source by the epoch, which the copy
//!    takes over: clients go on as if nothing had happened.
//! 3. What is made anew in the target is not copied: search indexes, and the numbers of inboxes begin
//!    where they had come to.

mod tables;

use chat_proto::{ConversationId, Event, Person, Seq, Timestamp, UserId, UserName};
use sha2::{Digest, Sha256};
use thiserror::Error;
use tokio::runtime::Handle;
use uuid::Uuid;

use super::sql::{self, Connection, Kind, Row, ToSql, ValueRef};
use super::{Store, StoreError, postgres};
use tables::{TABLES, Table};

/// Rows that are read and written together.
const PAGE: usize = 500;

/// Rows in one statement.
const AT_ONCE: usize = 50;

/// Why a copy is none.
#[derive(Debug, Error)]
pub enum CopyError {
    /// The target is somebody else's.
    #[error(
        "there is something else in the target already. Name an empty database (or data directory); a copy that was \
         cut short goes on in its own"
    )]
    NotEmpty,
    /// They differ.
    #[error(
        "the table {0} came out different: the source has changed since this copy was begun. Begin again with an \
         empty target, and let no server run on the source meanwhile"
    )]
    Different(&'static str),
    /// One of them failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How far a copy is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Copying {
    /// The table at hand.
    pub table: &'static str,
    /// Its rows so far.
    pub rows: u64,
    /// Whether it is being compared.
    pub comparing: bool,
}

/// Copies all of one database into another that is empty, or in which a copy of the same one was begun,
/// and compares them; how many rows there are.
///
/// # Errors
/// [`CopyError`]; what was copied before stays, and the next try goes on.
pub async fn copy(
    from: &Store,
    to: &Store,
    mut told: impl FnMut(Copying) + Send + 'static,
) -> Result<u64, CopyError> {
    let (target, runtime) = (to.clone(), Handle::current());
    from.read(move |db| Ok(copy_all(db, &target, &runtime, &mut told))).await?
}

fn copy_all(
    db: &Connection,
    to: &Store,
    runtime: &Handle,
    told: &mut impl FnMut(Copying),
) -> Result<u64, CopyError> {
    let server = Server::of(db).map_err(StoreError::from)?;
    if !runtime.block_on(to.write(move |db| Ok(server.claim(db)?)))? {
        return Err(CopyError::NotEmpty);
    }
    let mut all = 0;
    for table in &TABLES {
        let digest = table.copy(db, to, runtime, told)?;
        let (rows, found) = runtime.block_on(to.read(move |db| Ok(table.digest(db, |_| {})?)))?;
        told(Copying { table: table.0, rows, comparing: true });
        if (rows, found) != digest {
            return Err(CopyError::Different(table.0));
        }
        all += rows;
    }
    runtime.block_on(to.write(|db| Ok(go_on_counting(db)?)))?;
    Ok(all)
}

/// The one row about the server.
struct Server {
    epoch: Uuid,
    revision: i64,
    lockdown_since: Option<i64>,
}

impl Server {
    fn of(db: &Connection) -> sql::Result<Self> {
        let newest = db.either(
            "inbox_revision",
            "inbox_revision + coalesce((SELECT max(revision) FROM inbox_revisions), 0)",
        );
        db.query_row(&format!("SELECT epoch, {newest}, lockdown_since FROM server"), [], |r| {
            Ok(Self { epoch: r.get(0)?, revision: r.get(1)?, lockdown_since: r.get(2)? })
        })
    }

    /// Makes an empty database this one's copy; false if it is something else's.
    fn claim(&self, db: &Connection) -> sql::Result<bool> {
        let epoch: Uuid = db.query_row("SELECT epoch FROM server", [], |r| r.get(0))?;
        let is_empty = "SELECT NOT EXISTS (SELECT 1 FROM users WHERE id <> zeroblob(16))";
        if epoch != self.epoch && !db.query_row(is_empty, [], |r| r.get::<_, bool>(0))? {
            return Ok(false);
        }
        db.execute(
            "UPDATE server SET epoch = ?1, inbox_revision = ?2, lockdown_since = ?3",
            sql::params![self.epoch, self.revision, self.lockdown_since],
        )?;
        Ok(true)
    }
}

/// Numbers that a database gives by itself go on behind those that were copied.
fn go_on_counting(db: &Connection) -> sql::Result<()> {
    if let Connection::Postgres(_) = db {
        for table in ["events", "audit"] {
            let next = format!(
                "SELECT setval(pg_get_serial_sequence('{table}', 'id'), coalesce(max(id), 0) + 1, false) FROM {table}"
            );
            db.query_row(&next, [], |_| Ok(()))?;
        }
    }
    Ok(())
}

/// A value that was read.
#[derive(Debug, Clone, PartialEq)]
enum Value {
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
    fn read(row: &Row<'_>, column: usize, kind: Kind) -> sql::Result<Self> {
        let value = match kind {
            Kind::Integer | Kind::Bool => row.get::<_, Option<i64>>(column)?.map(Value::Integer),
            Kind::Text => row.get::<_, Option<String>>(column)?.map(Value::Text),
            Kind::Blob => row.get::<_, Option<Vec<u8>>>(column)?.map(Value::Blob),
        };
        Ok(value.unwrap_or(Value::Null(kind)))
    }

    /// Adds it to a digest, so that no two lists of values are alike.
    fn digest(&self, into: &mut Sha256) {
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

type Values = Vec<Value>;

impl Table {
    fn columns(&self) -> impl Iterator<Item = (&'static str, Kind)> + '_ {
        self.1.iter().chain(self.2).copied()
    }

    fn names(columns: impl Iterator<Item = (&'static str, Kind)>) -> String {
        columns.map(|(name, _)| name).collect::<Vec<_>>().join(", ")
    }

    /// The rows behind this one, in the order of the key.
    fn page(&self, db: &Connection, after: Option<&[Value]>) -> sql::Result<Vec<Values>> {
        let (all, key) = (Self::names(self.columns()), Self::names(self.1.iter().copied()));
        let behind = match after {
            Some(after) => format!("WHERE ({key}) > ({})", places(1, after.len())),
            None => String::new(),
        };
        let sql = format!("SELECT {all} FROM {} {behind} ORDER BY {key} LIMIT {PAGE}", self.0);
        let kinds: Vec<Kind> = self.columns().map(|(_, kind)| kind).collect();
        let mut query = db.prepare_cached(&sql)?;
        query
            .query_map(after.unwrap_or_default().to_vec(), |row| {
                kinds.iter().enumerate().map(|(at, kind)| Value::read(row, at, *kind)).collect()
            })?
            .collect()
    }

    /// How many rows there are, and what they come to.
    fn digest(&self, db: &Connection, mut each: impl FnMut(u64)) -> sql::Result<(u64, [u8; 32])> {
        let (mut digest, mut rows, mut last) = (Sha256::new(), 0, None::<Values>);
        loop {
            let page = self.page(db, last.as_deref())?;
            rows += page.len() as u64;
            page.iter().flatten().for_each(|value| value.digest(&mut digest));
            last = page.last().map(|row| row[..self.1.len()].to_vec()).or(last);
            each(rows);
            if page.len() < PAGE {
                return Ok((rows, digest.finalize().into()));
            }
        }
    }

    fn copy(
        &'static self,
        db: &Connection,
        to: &Store,
        runtime: &Handle,
        told: &mut impl FnMut(Copying),
    ) -> Result<(u64, [u8; 32]), CopyError> {
        let (mut digest, mut rows, mut last) = (Sha256::new(), 0, None::<Values>);
        loop {
            let page = self.page(db, last.as_deref()).map_err(StoreError::from)?;
            rows += page.len() as u64;
            page.iter().flatten().for_each(|value| value.digest(&mut digest));
            last = page.last().map(|row| row[..self.1.len()].to_vec()).or(last);
            let is_last = page.len() < PAGE;
            runtime.block_on(to.write_beside(move |db| Ok(self.insert(db, &page)?)))?;
            told(Copying { table: self.0, rows, comparing: false });
            if is_last {
                return Ok((rows, digest.finalize().into()));
            }
        }
    }

    fn insert(&self, db: &Connection, page: &[Values]) -> sql::Result<()> {
        let words = matches!(db, Connection::Postgres(_)) && self.0 == "events";
        let mut names = Self::names(self.columns());
        if words {
            names.push_str(", words");
        }
        let width = self.columns().count() + usize::from(words);
        // What is left over goes row by row, so that there are two statements for a table and not fifty.
        let whole = page.len() - page.len() % AT_ONCE;
        for rows in page[..whole].chunks(AT_ONCE).chain(page[whole..].chunks(1)) {
            let each = (0..rows.len()).map(|n| match words {
                true => {
                    format!("({}, CAST(?{} AS tsvector))", places(n * width + 1, width - 1), (n + 1) * width)
                }
                false => format!("({})", places(n * width + 1, width)),
            });
            let each = each.collect::<Vec<_>>().join(", ");
            let sql = format!("INSERT INTO {} ({names}) VALUES {each} ON CONFLICT DO NOTHING", self.0);
            let mut values = Vec::with_capacity(rows.len() * width);
            for row in rows {
                values.extend(row.iter().cloned());
                if words {
                    values.push(words_of(row));
                }
            }
            db.prepare_cached(&sql)?.execute(values)?;
        }
        Ok(())
    }
}

fn places(first: usize, count: usize) -> String {
    (first..first + count).map(|n| format!("?{n}")).collect::<Vec<_>>().join(", ")
}

/// What a row of `events` is found by.
fn words_of(row: &[Value]) -> Value {
    let vector = match row {
        [
            _,
            Value::Blob(conversation),
            Value::Integer(seq),
            Value::Integer(at),
            Value::Blob(author),
            _,
            _,
            _,
            Value::Text(content),
            ..,
        ] => {
            let id = |bytes: &[u8]| Uuid::from_slice(bytes).unwrap_or_default();
            let nobody = UserName::parse("nobody").ok();
            serde_json::from_str(content).ok().zip(nobody).and_then(|(what, name)| {
                postgres::vector(&Event {
                    conversation: ConversationId(id(conversation)),
                    seq: Seq(u64::try_from(*seq).unwrap_or_default()),
                    at: Timestamp(*at),
                    author: Person::new(UserId(id(author)), name),
                    what,
                })
            })
        }
        _ => None,
    };
    vector.map_or(Value::Null(Kind::Text), Value::Text)
}
