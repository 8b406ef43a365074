//! Searching: rights, filters and words in one statement; ranking and snippets in Rust.
//!
//! 1. Rights are a join with `members` as it is now, in the statement that finds and again in the
//!    one that reads, so that no order of calls shows anything to a stranger.
//! 2. No text of a person becomes SQL or FTS5 syntax. SQL is put together from constants alone;
//!    a match expression from words that `domain::words` made, which hold no quote and no
//!    punctuation, each in quotes, bound as a value.
//! 3. The work is bounded: [`CANDIDATES`] are ranked at most, and a search that takes too long is
//!    interrupted.

use std::time::{Duration, Instant};

use chat_proto::{Hit, Place, SearchOrder, UserId, UserName, Whom, limits};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params, params_from_iter};

use super::log::PAGE_BYTES;
use super::{Sqlite, index, log, row};
use crate::domain::find::{self, Sequence};
use crate::domain::words::Word;
use crate::store::{Hits, Search, SearchCursor, StoreError};

/// The newest so many matches are ranked; older ones of a word that stands in more messages than
/// these cannot be what was meant by that word alone.
const CANDIDATES: u32 = 20_000;

/// SQLite asks so often (in its own steps, about a microsecond each) whether to go on.
const STEPS: i32 = 1_000;

impl Sqlite {
    /// Finds messages in the conversations that this person is a member of now. `None` if it took
    /// longer than it may, waiting for other searches included.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn search(&self, search: Search, within: Duration) -> Result<Option<Hits>, StoreError> {
        let deadline = Instant::now() + within;
        // A few searches at once, so that history never waits for a free reader behind them.
        let Ok(permit) = tokio::time::timeout(within, self.searches.clone().acquire_owned()).await else {
            return Ok(None);
        };
        self.writer.index_all().await?;
        let found = self
            .read_until(deadline, move |db| {
                // Held until the reader is free again, even when nobody waits any more.
                let _permit = permit;
                // One snapshot for finding and reading.
                let snapshot = db.unchecked_transaction()?;
                let hits = search_in(&snapshot, &search);
                Ok(hits)
            })
            .await?;
        match found {
            Err(cause) if cause.sqlite_error_code() == Some(rusqlite::ErrorCode::OperationInterrupted) => {
                Ok(None)
            }
            found => Ok(Some(found?)),
        }
    }

    /// As `read`; the query is interrupted at the deadline.
    async fn read_until<T: Send + 'static>(
        &self,
        deadline: Instant,
        query: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.read_mut(move |db| {
            db.progress_handler(STEPS, Some(move || Instant::now() >= deadline))?;
            let result = query(db);
            db.progress_handler(STEPS, None::<fn() -> bool>)?;
            result
        })
        .await
    }
}

fn search_in(db: &Connection, search: &Search) -> rusqlite::Result<Hits> {
    let indexing = index::is_filling(db)?;
    let nothing = Hits { hits: Vec::new(), cursor: None, indexing };
    let limit = usize::try_from(search.limit).unwrap_or(usize::MAX);
    if let Some(SearchCursor::Rest(ids)) = &search.cursor {
        let (hits, read) = read_hits(db, search, ids, limit)?;
        return Ok(Hits { hits, cursor: rest(&ids[read..]), indexing });
    }
    let Some(plan) = Plan::of(db, search)? else { return Ok(nothing) };
    if search.order == SearchOrder::Best && !search.wanted.all.is_empty() {
        let ids = best(db, search, plan)?;
        let (hits, read) = read_hits(db, search, &ids, limit)?;
        return Ok(Hits { hits, cursor: rest(&ids[read..]), indexing });
    }
    let ids = newest(db, search, plan)?;
    let (hits, read) = read_hits(db, search, &ids[..ids.len().min(limit)], limit)?;
    let last = ids[..read].last().filter(|_| ids.len() > read);
    Ok(Hits { hits, cursor: last.map(|id| SearchCursor::Below(*id)), indexing })
}

fn rest(ids: &[u64]) -> Option<SearchCursor> {
    (!ids.is_empty()).then(|| SearchCursor::Rest(ids.to_vec()))
}

/// The statement that finds: what to match in the index, and conditions on the rows.
struct Plan {
    /// What the index must match, if it can help.
    matching: Option<String>,
    conditions: String,
    values: Vec<Value>,
}

impl Plan {
    /// `None` if nothing can be found, because a filter names nobody or no conversation.
    fn of(db: &Connection, search: &Search) -> rusqlite::Result<Option<Self>> {
        let Some(facts) = facts(db, search)? else { return Ok(None) };
        let all = search.wanted.all.iter().map(must);
        let mut needed: Vec<String> = phrases(&search.wanted.all).into_iter().chain(all).collect();
        needed.extend(facts);
        let unwanted: Vec<String> =
            search.wanted.none.iter().map(|sequence| format!("words : {}", matching(sequence))).collect();
        let unwanted = (!unwanted.is_empty()).then(|| unwanted.join(" OR "));

        let mut plan = Plan { matching: None, conditions: String::new(), values: Vec::new() };
        match (needed.is_empty(), unwanted) {
            (true, None) => {}
            (true, Some(unwanted)) => plan.add(
                " AND e.id NOT IN (SELECT rowid FROM search WHERE search MATCH ?)",
                Some(Value::Text(unwanted)),
            ),
            (false, None) => plan.matching = Some(needed.join(" AND ")),
            (false, Some(unwanted)) => {
                plan.matching = Some(format!("({}) NOT ({unwanted})", needed.join(" AND ")));
            }
        }
        let query = &search.query;
        if query.is_pinned {
            plan.add(PINNED, None);
        }
        if query.is_thread {
            plan.add(IN_THREAD, None);
        }
        if let Some(since) = query.since {
            plan.add(" AND e.at >= ?", Some(Value::Integer(since.0)));
        }
        if let Some(until) = query.until {
            plan.add(" AND e.at < ?", Some(Value::Integer(until.0)));
        }
        Ok(Some(plan))
    }

    fn add(&mut self, condition: &'static str, value: Option<Value>) {
        self.conditions.push_str(condition);
        self.values.extend(value);
    }
}

/// Few are pinned, and an index knows them; without it this would look at every message.
const PINNED: &str = " AND e.id IN (SELECT p.id FROM events p WHERE p.pinned = 1)";

/// An answer in a thread, or a message that has one.
const IN_THREAD: &str = " AND (e.target IS NOT NULL OR EXISTS (
    SELECT 1 FROM events t WHERE t.conversation = e.conversation AND t.target = e.seq AND t.kind = 'message'))";

/// The filters that the index knows, one expression for each; `None` if one cannot be met.
fn facts(db: &Connection, search: &Search) -> rusqlite::Result<Option<Vec<String>>> {
    let query = &search.query;
    let mut facts: Vec<Vec<String>> = Vec::new();
    for (people, fact) in [(&query.from, index::by as fn(UserId) -> String), (&query.mentions, index::calls)]
    {
        if !people.is_empty() {
            let known = people.iter().map(|whom| person(db, search.user, whom));
            let known = known.collect::<rusqlite::Result<Vec<_>>>()?;
            facts.push(known.into_iter().flatten().map(fact).collect());
        }
    }
    if !query.within.is_empty() {
        let known = query.within.iter().map(|place| conversation(db, search.user, place));
        facts.push(known.collect::<rusqlite::Result<Vec<_>>>()?.into_iter().flatten().collect());
    }
    facts.extend(query.has_link.then(|| vec![index::LINK.to_owned()]));
    facts.extend(query.has_file.then(|| vec![index::FILE.to_owned()]));
    if facts.iter().any(Vec::is_empty) {
        return Ok(None);
    }
    let either = |tokens: &Vec<String>| {
        tokens.iter().map(|token| format!("\"{token}\"")).collect::<Vec<_>>().join(" OR ")
    };
    Ok(Some(facts.iter().map(|tokens| format!("facts : ({})", either(tokens))).collect()))
}

fn person(db: &Connection, me: UserId, whom: &Whom) -> rusqlite::Result<Option<UserId>> {
    match whom {
        Whom::Me => Ok(Some(me)),
        Whom::Named(name) => user_named(db, name),
    }
}

fn user_named(db: &Connection, name: &UserName) -> rusqlite::Result<Option<UserId>> {
    let mut query = db.prepare_cached("SELECT id FROM users WHERE name = ?1")?;
    query.query_row([name.as_str()], |r| r.get(0).map(UserId)).optional()
}

/// How the index knows a conversation. Whether one may look into it is for the join to say.
fn conversation(db: &Connection, me: UserId, place: &Place) -> rusqlite::Result<Option<String>> {
    let id = match place {
        Place::Room(name) => db
            .prepare_cached("SELECT id FROM conversations WHERE name = ?1")?
            .query_row([name.as_str()], |r| r.get(0))
            .optional()?,
        Place::Direct(name) => {
            let Some(other) = user_named(db, name)? else { return Ok(None) };
            db.prepare_cached("SELECT id FROM conversations WHERE pair = ?1")?
                .query_row([log::people_key(&[me, other])], |r| r.get(0))
                .optional()?
        }
    };
    Ok(id.map(|id| index::within(chat_proto::ConversationId(id))))
}

/// A sequence that must be found. Where its last word may go on, the whole word counts twice, so
/// that `deploy` finds `deploy` before `deployment`.
fn must(sequence: &Sequence) -> String {
    let matching = matching(sequence);
    if sequence.prefix {
        let whole = self::matching(&Sequence { prefix: false, ..sequence.clone() });
        format!("words : ({whole} OR {matching})")
    } else {
        format!("words : {matching}")
    }
}

/// All wanted words one after the other, for whoever typed them so: it changes what comes first,
/// not what is found.
fn phrases(all: &[Sequence]) -> Option<String> {
    let [first, _, ..] = all else { return None };
    let words = all.iter().flat_map(|sequence| &sequence.words).cloned().collect();
    let prefix = all.last().is_some_and(|sequence| sequence.prefix);
    let phrase = matching(&Sequence { words, prefix });
    Some(format!("words : ({phrase} OR {})", matching(first)))
}

/// A sequence as FTS5 reads it: a string, perhaps with a star. See `domain::words::tokens` for
/// what the index holds of a run; the same tokens are asked for, as far as they are certain.
fn matching(sequence: &Sequence) -> String {
    let words = &sequence.words;
    let mut tokens: Vec<String> = Vec::new();
    let mut star = sequence.prefix;
    for (at, word) in words.iter().enumerate() {
        match words.get(at + 1) {
            Some(next) if next.joined => tokens.push(format!("{}{}", word.text, next.text)),
            // In the text, the run may go on: its last two are found as a pair, a single one as
            // the beginning of a pair.
            None if word.in_run && word.joined => {}
            None if word.in_run => {
                star = true;
                tokens.push(word.text.clone());
            }
            _ => tokens.push(word.text.clone()),
        }
    }
    debug_assert!(words.iter().all(is_harmless));
    format!("\"{}\"{}", tokens.join(" "), if star { " *" } else { "" })
}

fn is_harmless(word: &Word) -> bool {
    word.text.chars().all(|c| !c.is_ascii() || c.is_ascii_alphanumeric())
}

/// The best matches, best first. `bm25` looks at the words alone.
fn best(db: &Connection, search: &Search, plan: Plan) -> rusqlite::Result<Vec<u64>> {
    let sql = format!(
        "SELECT e.id, e.at, -bm25(search, 1.0, 0.0) FROM search CROSS JOIN events e ON e.id = search.rowid
         CROSS JOIN members m ON m.conversation = e.conversation AND m.user = ?
         WHERE search MATCH ? AND e.deleted = 0{} ORDER BY search.rowid DESC LIMIT {CANDIDATES}",
        plan.conditions
    );
    let mut query = db.prepare_cached(&sql)?;
    let values =
        [Value::Blob(search.user.0.as_bytes().to_vec()), Value::Text(plan.matching.unwrap_or_default())];
    let mut found = query
        .query_map(params_from_iter(values.into_iter().chain(plan.values)), |r| {
            let age_ms = search.now.0.saturating_sub(r.get(1)?);
            Ok((find::score(r.get(2)?, age_ms), row::count(r, 0)?))
        })?
        .collect::<rusqlite::Result<Vec<(f64, u64)>>>()?;
    found.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(b.1.cmp(&a.1)));
    found.truncate(limits::SEARCH_HITS);
    Ok(found.into_iter().map(|(_, id)| id).collect())
}

/// The newest matches, one more than asked for if there are more.
fn newest(db: &Connection, search: &Search, plan: Plan) -> rusqlite::Result<Vec<u64>> {
    let below = match search.cursor {
        Some(SearchCursor::Below(id)) => row::int(id),
        _ => i64::MAX,
    };
    let me = Value::Blob(search.user.0.as_bytes().to_vec());
    let (sql, values) = match plan.matching {
        Some(matching) => (
            format!(
                "SELECT e.id FROM search CROSS JOIN events e ON e.id = search.rowid
                 CROSS JOIN members m ON m.conversation = e.conversation AND m.user = ?
                 WHERE search MATCH ? AND search.rowid < ? AND e.deleted = 0{}
                 ORDER BY search.rowid DESC LIMIT ?",
                plan.conditions
            ),
            vec![me, Value::Text(matching), Value::Integer(below)],
        ),
        None => (
            format!(
                "SELECT e.id FROM events e CROSS JOIN members m ON m.conversation = e.conversation AND m.user = ?
                 WHERE e.id < ? AND e.kind = 'message' AND e.deleted = 0{} ORDER BY e.id DESC LIMIT ?",
                plan.conditions
            ),
            vec![me, Value::Integer(below)],
        ),
    };
    let limit = Value::Integer(i64::from(search.limit) + 1);
    let values = values.into_iter().chain(plan.values).chain([limit]);
    let mut query = db.prepare_cached(&sql)?;
    query.query_map(params_from_iter(values), |r| row::count(r, 0))?.collect()
}

/// Reads messages as they stand now, in this order, until the page is full; and how many ids that
/// took. What was deleted, or is not this person's any more, is left out.
fn read_hits(
    db: &Connection,
    search: &Search,
    ids: &[u64],
    limit: usize,
) -> rusqlite::Result<(Vec<Hit>, usize)> {
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
            let text = event.message().map(index::text).unwrap_or_default();
            bytes += text.len();
            let (snippet, marks) = find::snippet(&text, &search.wanted);
            hits.push(Hit { event, snippet, marks });
        }
    }
    Ok((hits, read))
}
