//! What is asked of SQLite.

use super::CANDIDATES;
use super::plan::{Plan, Value};
use crate::store::Search;

/// The best matches. `bm25` looks at the words alone.
pub(super) fn best(search: &Search, plan: Plan) -> (String, Vec<Value>) {
    let statement = format!(
        "SELECT e.id, e.at, -bm25(search, 1.0, 0.0) FROM search CROSS JOIN events e ON e.id = search.rowid
         CROSS JOIN members m ON m.conversation = e.conversation AND m.user = ?1
         WHERE search MATCH ?2 AND e.deleted = 0{} ORDER BY search.rowid DESC LIMIT {CANDIDATES}",
        plan.conditions_from(3)
    );
    let own = [Value::Id(search.user), Value::Text(plan.matching.unwrap_or_default())];
    (statement, own.into_iter().chain(plan.values).collect())
}

/// The newest matches.
pub(super) fn newest(search: &Search, plan: Plan, below: i64) -> (String, Vec<Value>) {
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
    (statement, values)
}
