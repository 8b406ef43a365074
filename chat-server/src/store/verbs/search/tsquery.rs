//! What is asked of PostgreSQL.

use std::time::Instant;

use super::language::{Language, in_one};
use super::plan::{Plan, Value, whole};
use super::windows::windows;
use super::{CANDIDATES, Candidate};
use crate::domain::find::Sequence;
use crate::store::Search;
use crate::store::sql::{self, Connection, Row};
use crate::store::verbs::row;

/// How `ts_rank` counts the length of a message: by its logarithm.
const BY_LENGTH: u8 = 1;

/// The newest matches with their ranks. A whole word counts beside the beginning of one, and words that
/// stand together as they were typed count twice.
pub(super) fn candidates(
    db: &Connection,
    search: &Search,
    plan: Plan,
    deadline: Instant,
) -> sql::Result<Vec<Candidate>> {
    let all = &search.wanted.all;
    let asked = |sequence: &Sequence| Language::Tsquery.matching(sequence);
    let exact: Vec<String> = all.iter().map(|sequence| asked(&whole(sequence))).collect();
    let begun: Vec<String> = all.iter().map(asked).collect();
    let back = Back {
        statement: format!(
            "{} SELECT e.id, e.at,
                 (ts_rank(e.words, CAST(?6 AS tsquery), {BY_LENGTH}) + ts_rank(e.words, CAST(?7 AS tsquery), {BY_LENGTH}))
                     * CASE WHEN e.words @@ CAST(?8 AS tsquery) THEN 2 ELSE 1 END
             FROM newest JOIN events e ON e.id = newest.id",
            newest("e.words @@ CAST(?5 AS tsquery)", &plan.conditions_from(9)),
        ),
        below: plan.below,
        limit: CANDIDATES,
        values: [
            plan.matching.unwrap_or_default(),
            Language::Tsquery.all(&exact),
            Language::Tsquery.all(&begun),
            asked(&in_one(all)),
        ]
        .into_iter()
        .map(Value::Text)
        .chain(plan.values)
        .collect(),
    };
    back.go(db, search, deadline, Candidate::read)
}

/// The ids of the newest matches, one more than asked for if there are more.
pub(super) fn ids(
    db: &Connection,
    search: &Search,
    plan: Plan,
    below: i64,
    deadline: Instant,
) -> sql::Result<Vec<u64>> {
    let (found, first) = match &plan.matching {
        Some(_) => ("e.words @@ CAST(?5 AS tsquery)", 6),
        None => ("e.kind = 'message'", 5),
    };
    let back = Back {
        statement: format!(
            "{} SELECT id FROM newest ORDER BY id DESC",
            newest(found, &plan.conditions_from(first))
        ),
        below: plan.below.min(below),
        limit: search.limit + 1,
        values: plan.matching.map(Value::Text).into_iter().chain(plan.values).collect(),
    };
    back.go(db, search, deadline, |r| row::count(r, 0))
}

/// Of what is found for the person ?1 among the ids from ?2 up to ?3, the newest ?4. What is found is found first:
/// see [`windows`] for what PostgreSQL would do otherwise.
fn newest(found: &str, conditions: &str) -> String {
    format!(
        "WITH found AS MATERIALIZED (
             SELECT e.id FROM events e JOIN members m ON m.conversation = e.conversation AND m.user = ?1
             WHERE {found} AND e.id >= ?2 AND e.id < ?3 AND e.deleted = 0{conditions}),
         newest AS (SELECT id FROM found ORDER BY id DESC LIMIT ?4)"
    )
}

/// A search that goes back, window after window.
struct Back {
    statement: String,
    /// Where it begins.
    below: i64,
    /// How many it needs.
    limit: u32,
    /// The values from ?5 on.
    values: Vec<Value>,
}

impl Back {
    fn go<T>(
        &self,
        db: &Connection,
        search: &Search,
        deadline: Instant,
        read: impl Fn(&Row<'_>) -> sql::Result<T>,
    ) -> sql::Result<Vec<T>> {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let mut found = Vec::new();
        for (n, window) in windows(self.below).enumerate() {
            let left = i64::try_from(limit - found.len()).unwrap_or(i64::MAX);
            let own = [Value::Id(search.user)]
                .into_iter()
                .chain([window.start, window.end, left].map(Value::Integer))
                .chain(self.values.iter().cloned());
            // The first one has the time that the query was begun with.
            if n > 0 {
                db.until(deadline)?;
            }
            let mut query = db.prepare_cached(&self.statement)?;
            for row in query.query_map(own.collect::<Vec<_>>(), &read)? {
                found.push(row?);
            }
            if found.len() >= limit {
                break;
            }
        }
        Ok(found)
    }
}
