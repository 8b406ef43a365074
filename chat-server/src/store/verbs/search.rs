//! Searching: rights, filters and words in one statement; ranking and snippets in Rust.
//!
//! 1. Rights are a join with `members` as it is now, in the statement that finds and again in the
//!    one that reads, so that no order of calls shows anything to a stranger.
//! 2. No text of a person becomes SQL or the syntax of an index. SQL is put together from constants
//!    alone; what is matched (see [`Language`]) from words that `domain::words` made, which hold no
//!    quote and no punctuation, each in quotes, bound as a value.
//! 3. The work is bounded: [`CANDIDATES`] are ranked at most, and a search that takes too long is
//!    interrupted.

mod fts5;
mod language;
mod plan;
mod tsquery;
mod windows;

use std::time::{Duration, Instant};

use chat_proto::{Hit, SearchOrder, limits};

use super::log::PAGE_BYTES;
use super::{Entry, Store, row};
use crate::domain::find;
use crate::store::engine::Engine;
use crate::store::sql::{self, Connection, OptionalExtension, Row, params};
use crate::store::{Hits, Search, SearchCursor, StoreError, postgres, sqlite};
use plan::Plan;

/// The newest so many matches are ranked; older ones of a word that stands in more messages than
/// these cannot be what was meant by that word alone.
const CANDIDATES: u32 = 10_000;

impl Store {
    /// Finds messages in the conversations that this person is a member of now; all of them, unless it says
    /// that the index is behind. `None` if it took longer than it may, waiting for other searches included.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn search(&self, search: Search, within: Duration) -> Result<Option<Hits>, StoreError> {
        let deadline = Instant::now() + within;
        // A few searches at once, so that history never waits for a free reader behind them.
        let Ok(permit) = tokio::time::timeout(within, self.searches.clone().acquire_owned()).await else {
            return Ok(None);
        };
        if Instant::now() >= deadline {
            return Ok(None);
        }
        let is_behind = match &self.engine {
            // After an import of years, that takes longer than anybody waits for a search.
            Engine::Sqlite(sqlite) => match tokio::time::timeout(within / 2, sqlite.index_all()).await {
                Ok(taken_in) => {
                    taken_in?;
                    false
                }
                Err(_) => true,
            },
            Engine::Postgres(_) => false,
        };
        let found = self
            .read_until(deadline, move |db| {
                // Held until the reader is free again, even when nobody waits any more.
                let _permit = permit;
                let found = search_in(db, &search, deadline);
                Ok(found.map(|hits| Hits { indexing: hits.indexing || is_behind, ..hits }))
            })
            .await?;
        match found {
            Err(cause) if cause.is_interruption() => Ok(None),
            found => Ok(Some(found?)),
        }
    }
}

fn search_in(db: &Connection, search: &Search, deadline: Instant) -> sql::Result<Hits> {
    let indexing = match db {
        Connection::Sqlite(_) => sqlite::is_filling(db)?,
        Connection::Postgres(_) => postgres::is_filling(db)?,
    };
    let nothing = Hits { hits: Vec::new(), cursor: None, indexing };
    let limit = usize::try_from(search.limit).unwrap_or(usize::MAX);
    if let Some(SearchCursor::Rest(ids)) = &search.cursor {
        let (hits, read) = read_hits(db, search, ids, limit)?;
        return Ok(Hits { hits, cursor: rest(&ids[read..]), indexing });
    }
    let Some(plan) = Plan::of(db, search)? else { return Ok(nothing) };
    if search.order == SearchOrder::Best && !search.wanted.all.is_empty() {
        let ids = best(db, search, plan, deadline)?;
        let (hits, read) = read_hits(db, search, &ids, limit)?;
        return Ok(Hits { hits, cursor: rest(&ids[read..]), indexing });
    }
    let ids = newest(db, search, plan, deadline)?;
    let (hits, read) = read_hits(db, search, &ids[..ids.len().min(limit)], limit)?;
    let last = ids[..read].last().filter(|_| ids.len() > read);
    Ok(Hits { hits, cursor: last.map(|id| SearchCursor::Below(*id)), indexing })
}

fn rest(ids: &[u64]) -> Option<SearchCursor> {
    (!ids.is_empty()).then(|| SearchCursor::Rest(ids.to_vec()))
}

/// A message that fits, and how well.
struct Candidate {
    id: u64,
    at: i64,
    rank: f64,
}

impl Candidate {
    fn read(r: &Row<'_>) -> sql::Result<Self> {
        Ok(Self { id: row::count(r, 0)?, at: r.get(1)?, rank: r.get(2)? })
    }
}

/// The best matches, best first.
fn best(db: &Connection, search: &Search, plan: Plan, deadline: Instant) -> sql::Result<Vec<u64>> {
    let candidates = match db {
        Connection::Sqlite(_) => fts5::candidates(db, search, plan),
        Connection::Postgres(_) => tsquery::candidates(db, search, plan, deadline),
    }?;
    let scored = |one: Candidate| (find::score(one.rank, search.now.0.saturating_sub(one.at)), one.id);
    let mut found: Vec<(f64, u64)> = candidates.into_iter().map(scored).collect();
    found.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(b.1.cmp(&a.1)));
    found.truncate(limits::SEARCH_HITS);
    Ok(found.into_iter().map(|(_, id)| id).collect())
}

/// The newest matches, one more than asked for if there are more.
fn newest(db: &Connection, search: &Search, plan: Plan, deadline: Instant) -> sql::Result<Vec<u64>> {
    let below = match search.cursor {
        Some(SearchCursor::Below(id)) => row::int(id),
        _ => i64::MAX,
    };
    match db {
        Connection::Sqlite(_) => fts5::ids(db, search, plan, below),
        Connection::Postgres(_) => tsquery::ids(db, search, plan, below, deadline),
    }
}

/// Reads messages as they stand now, in this order, until the page is full; and how many ids that
/// took. What was deleted, or is not this person's any more, is left out.
fn read_hits(db: &Connection, search: &Search, ids: &[u64], limit: usize) -> sql::Result<(Vec<Hit>, usize)> {
    let sql = format!(
        "SELECT {} FROM events e JOIN users u ON u.id = e.author
         JOIN members m ON m.conversation = e.conversation AND m.user = ?2
         WHERE e.id = ?1 AND e.kind = 'message' AND e.deleted = 0",
        row::EVENT
    );
    let mut query = db.prepare_cached(&sql)?;
    let (mut hits, mut bytes, mut read) = (Vec::new(), 0, 0);
    for id in ids {
        if hits.len() == limit || bytes >= PAGE_BYTES {
            break;
        }
        read += 1;
        let found =
            query.query_row(params![row::int(*id), search.user.0], |r| row::event(r, 0)).optional()?;
        if let Some(event) = found {
            let text = event.message().map(Entry::text).unwrap_or_default();
            bytes += text.len();
            let (snippet, marks) = find::snippet(&text, &search.wanted);
            hits.push(Hit { event, snippet, marks });
        }
    }
    Ok((hits, read))
}
