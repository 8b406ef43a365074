//! One table brought to what it is in the source.

use std::collections::{HashMap, HashSet};

use chat_proto::{ConversationId, Event, Person, Seq, Timestamp, UserId, UserName};
use sha2::{Digest, Sha256};
use tokio::runtime::Handle;
use uuid::Uuid;

use super::tables::Table;
use super::value::Value;
use super::{CopyError, Copying};
use crate::store::sql::{self, Connection, Kind};
use crate::store::{Store, StoreError, postgres};

/// Rows that are read and written together.
const PAGE: usize = 500;

/// Rows in one statement.
const AT_ONCE: usize = 50;

type Values = Vec<Value>;

impl Table {
    fn columns(&self) -> impl Iterator<Item = (&'static str, Kind)> + '_ {
        self.1.iter().chain(self.2).copied()
    }

    fn names(columns: impl Iterator<Item = (&'static str, Kind)>) -> String {
        columns.map(|(name, _)| name).collect::<Vec<_>>().join(", ")
    }

    /// The key of a row.
    fn key<'a>(&self, row: &'a [Value]) -> &'a [Value] {
        &row[..self.1.len().min(row.len())]
    }

    /// The rows behind this one, in the order of the key.
    fn page(&self, db: &Connection, after: Option<&[Value]>) -> sql::Result<Vec<Values>> {
        self.rows(db, &self.columns().collect::<Vec<_>>(), after, None)
    }

    /// So many columns of the rows behind the first key, up to the second where there is one.
    fn rows(
        &self,
        db: &Connection,
        columns: &[(&'static str, Kind)],
        after: Option<&[Value]>,
        upto: Option<&[Value]>,
    ) -> sql::Result<Vec<Values>> {
        let (all, key) = (Self::names(columns.iter().copied()), Self::names(self.1.iter().copied()));
        let width = self.1.len();
        let behind = after.map(|_| format!("({key}) > ({})", places(1, width)));
        let first = if after.is_some() { width + 1 } else { 1 };
        let before = upto.map(|_| format!("({key}) <= ({})", places(first, width)));
        let within = behind.into_iter().chain(before).collect::<Vec<_>>().join(" AND ");
        let within = if within.is_empty() { within } else { format!("WHERE {within}") };
        let sql = format!("SELECT {all} FROM {} {within} ORDER BY {key} LIMIT {PAGE}", self.0);
        let bounds: Values = after.into_iter().chain(upto).flatten().cloned().collect();
        db.prepare_cached(&sql)?
            .query_map(bounds, |row| {
                columns.iter().enumerate().map(|(at, (_, kind))| Value::read(row, at, *kind)).collect()
            })?
            .collect()
    }

    /// How many rows there are, and what they come to.
    pub(super) fn digest(&self, db: &Connection, mut each: impl FnMut(u64)) -> sql::Result<(u64, [u8; 32])> {
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

    /// Takes out of the target what is not in the source any more; how many rows.
    pub(super) fn prune(
        &'static self,
        db: &Connection,
        to: &Store,
        runtime: &Handle,
    ) -> Result<u64, CopyError> {
        let (mut gone, mut last) = (0, None::<Values>);
        loop {
            let behind = last.clone();
            let there =
                runtime.block_on(to.read(move |db| Ok(self.rows(db, self.1, behind.as_deref(), None)?)))?;
            let Some(end) = there.last().cloned() else { return Ok(gone) };
            // In the source there may be more in this stretch than in the target.
            let (mut here, mut from) = (HashSet::new(), last);
            loop {
                let page = self.rows(db, self.1, from.as_deref(), Some(&end)).map_err(StoreError::from)?;
                from = page.last().cloned();
                let is_last = page.len() < PAGE;
                here.extend(page);
                if is_last {
                    break;
                }
            }
            let old: Vec<Values> = there.into_iter().filter(|key| !here.contains(key)).collect();
            gone += old.len() as u64;
            if !old.is_empty() {
                runtime.block_on(to.write_beside(move |db| Ok(self.delete(db, old)?)))?;
            }
            last = Some(end);
        }
    }

    /// Brings what is in the source into the target; how many rows there are, what they come to, and how many
    /// of them were there and had changed.
    pub(super) fn copy(
        &'static self,
        db: &Connection,
        to: &Store,
        runtime: &Handle,
        told: &mut impl FnMut(Copying),
    ) -> Result<(u64, [u8; 32], u64), CopyError> {
        let (mut digest, mut rows, mut changed, mut last) = (Sha256::new(), 0, 0, None::<Values>);
        loop {
            let page = self.page(db, last.as_deref()).map_err(StoreError::from)?;
            rows += page.len() as u64;
            page.iter().flatten().for_each(|value| value.digest(&mut digest));
            let is_last = page.len() < PAGE;
            let (begin, end) = (last.clone(), page.last().map(|row| self.key(row).to_vec()));
            last = end.clone().or(last);
            if end.is_some() {
                let bring = move |db: &Connection| {
                    let known =
                        self.rows(db, &self.columns().collect::<Vec<_>>(), begin.as_deref(), end.as_deref())?;
                    Ok(self.bring(db, page, known)?)
                };
                changed += runtime.block_on(to.write_beside(bring))?;
            }
            told(Copying { table: self.0, rows, comparing: false });
            if is_last {
                return Ok((rows, digest.finalize().into(), changed));
            }
        }
    }

    /// Writes those of these rows that are not known as they are; how many were known otherwise.
    fn bring(&self, db: &Connection, page: Vec<Values>, known: Vec<Values>) -> sql::Result<u64> {
        let known: HashMap<Values, Values> =
            known.into_iter().map(|row| (self.key(&row).to_vec(), row)).collect();
        let (mut new, mut changed) = (Vec::new(), 0);
        for row in page {
            match known.get(self.key(&row)) {
                None => new.push(row),
                Some(same) if *same == row => {}
                Some(_) => {
                    changed += 1;
                    self.update(db, row)?;
                }
            }
        }
        self.insert(db, &new)?;
        Ok(changed)
    }

    fn update(&self, db: &Connection, row: Values) -> sql::Result<()> {
        let width = row.len();
        let mut set: Vec<String> =
            self.columns().zip(1..).map(|((name, _), at)| format!("{name} = ?{at}")).collect();
        let key: Vec<String> =
            self.1.iter().zip(1..).map(|((name, _), at)| format!("{name} = ?{at}")).collect();
        let mut values = row;
        if self.has_words(db) {
            set.push(format!("words = CAST(?{} AS tsvector)", width + 1));
            values.push(words_of(&values));
        }
        let (set, key) = (set.join(", "), key.join(" AND "));
        db.prepare_cached(&format!("UPDATE {} SET {set} WHERE {key}", self.0))?.execute(values)?;
        Ok(())
    }

    fn delete(&self, db: &Connection, keys: Vec<Values>) -> sql::Result<()> {
        let key: Vec<String> =
            self.1.iter().zip(1..).map(|((name, _), at)| format!("{name} = ?{at}")).collect();
        let mut delete = db.prepare_cached(&format!("DELETE FROM {} WHERE {}", self.0, key.join(" AND ")))?;
        keys.into_iter().try_for_each(|key| delete.execute(key).map(drop))
    }

    /// Whether what a row is found by stands beside it.
    fn has_words(&self, db: &Connection) -> bool {
        matches!(db, Connection::Postgres(_)) && self.0 == "events"
    }

    fn insert(&self, db: &Connection, page: &[Values]) -> sql::Result<()> {
        let words = self.has_words(db);
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
