//! What is asked of PostgreSQL.

use super::CANDIDATES;
use super::language::{Language, in_one};
use super::plan::{Plan, Value, whole};
use crate::domain::find::Sequence;
use crate::store::Search;

/// How `ts_rank` counts the length of a message: by its logarithm.
const BY_LENGTH: u8 = 1;

/// The best matches. A whole word counts beside the beginning of one, and words that stand together
/// as they were typed count twice.
pub(super) fn best(search: &Search, plan: Plan) -> (String, Vec<Value>) {
    let all = &search.wanted.all;
    let asked = |sequence: &Sequence| Language::Tsquery.matching(sequence);
    let exact: Vec<String> = all.iter().map(|sequence| asked(&whole(sequence))).collect();
    let begun: Vec<String> = all.iter().map(asked).collect();
    let statement = format!(
        "SELECT e.id, e.at,
             (ts_rank(e.words, CAST(?3 AS tsquery), {BY_LENGTH}) + ts_rank(e.words, CAST(?4 AS tsquery), {BY_LENGTH}))
                 * CASE WHEN e.words @@ CAST(?5 AS tsquery) THEN 2 ELSE 1 END
         FROM events e JOIN members m ON m.conversation = e.conversation AND m.user = ?1
         WHERE e.words @@ CAST(?2 AS tsquery) AND e.deleted = 0{} ORDER BY e.id DESC LIMIT {CANDIDATES}",
        plan.conditions_from(6)
    );
    let own = [
        Value::Id(search.user),
        Value::Text(plan.matching.unwrap_or_default()),
        Value::Text(Language::Tsquery.all(&exact)),
        Value::Text(Language::Tsquery.all(&begun)),
        Value::Text(asked(&in_one(all))),
    ];
    (statement, own.into_iter().chain(plan.values).collect())
}

/// The newest matches.
pub(super) fn newest(search: &Search, plan: Plan, below: i64) -> (String, Vec<Value>) {
    let (found, first) = match &plan.matching {
        Some(_) => ("e.words @@ CAST(?4 AS tsquery)", 5),
        None => ("e.kind = 'message'", 4),
    };
    let statement = format!(
        "SELECT e.id FROM events e JOIN members m ON m.conversation = e.conversation AND m.user = ?1
         WHERE {found} AND e.id < ?2 AND e.deleted = 0{} ORDER BY e.id DESC LIMIT ?3",
        plan.conditions_from(first)
    );
    let mut values =
        vec![Value::Id(search.user), Value::Integer(below), Value::Integer(i64::from(search.limit) + 1)];
    values.extend(plan.matching.map(Value::Text));
    values.extend(plan.values);
    (statement, values)
}
