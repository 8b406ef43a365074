//! What is asked of SQLite.

use super::plan::{Plan, Value};
use super::{CANDIDATES, Candidate};
use crate::store::Search;
use crate::store::sql::{self, Connection};
use crate::store::verbs::row;

/// The newest matches with their ranks. `bm25` looks at the words alone.
pub(super) fn candidates(db: &Connection, search: &Search, plan: Plan) -> sql::Result<Vec<Candidate>> {
    let statement = format!(
        "SELECT e.id, e.at, -bm25(search, 1.0, 0.0) FROM search CROSS JOIN events e ON e.id = search.rowid
         CROSS JOIN members m ON m.conversation = e.conversation AND m.user = ?1
         WHERE search MATCH ?2 AND e.deleted = 0{} ORDER BY search.rowid DESC LIMIT {CANDIDATES}",
        plan.conditions_from(3)
    );
    let own = [Value::Id(search.user), Value::Text(plan.matching.unwrap_or_default())];
    let values: Vec<Value> = own.into_iter().chain(plan.values).collect();
    db.prepare_cached(&statement)?.query_map(values, Candidate::read)?.collect()
}

/// The ids of the newest matches, one more than asked for if there are more.
pub(super) fn ids(db: &Connection, search: &Search, plan: Plan, below: i64) -> sql::Result<Vec<u64>> {
    let mut values =
        vec![Value::Id(search.user), Value::Integer(below), Value::Integer(i64::from(search.limit) + 1)];
    let statement = match &plan.matching {
        Some(_) => format!(
            "SELECT e.id FROM search CROSS JOIN events e ON e.id = search.rowid
             CROSS JOIN members m ON m.conversation = e.conversation AND m.user = ?1
             WHERE search MATCH ?4 AND search.rowid < ?2 AND e.deleted = 0{}
             ORDER BY search.rowid DESC LIMIT ?3",
            plan.conditions_from(5)
        ),
        None => format!(
            "SELECT e.id FROM events e CROSS JOIN members m ON m.conversation = e.conversation AND m.user = ?1
             WHERE e.id < ?2 AND e.kind = 'message' AND e.deleted = 0{} ORDER BY e.id DESC LIMIT ?3",
            plan.conditions_from(4)
        ),
    };
    values.extend(plan.matching.map(Value::Text));
    values.extend(plan.values);
    db.prepare_cached(&statement)?.query_map(values, |r| row::count(r, 0))?.collect()
}
