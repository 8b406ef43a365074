//! What a search asks of the index, and of the rows beside it.

use chat_proto::{ConversationId, Place, UserId, UserName, Whom};

use super::language::Language;
use crate::domain::find::Sequence;
use crate::store::Search;
use crate::store::sql::{self, Connection, Kind, OptionalExtension, ToSql, ValueRef, params};
use crate::store::verbs::{Entry, log};

/// Somebody in more conversations than this is looked for in all, and their rights are checked row by
/// row as everybody's are.
const NAMED_CONVERSATIONS: u32 = 100;

/// The statement that finds: what to match in the index, and conditions on the rows.
pub(super) struct Plan {
    /// What the index must match, if it can help.
    pub(super) matching: Option<String>,
    /// Conditions, each beginning with `AND`, with `?#` for a parameter.
    conditions: String,
    /// The values of the conditions.
    pub(super) values: Vec<Value>,
    /// No message that can be found has this id or a later one.
    pub(super) below: i64,
}

/// A value of a statement that is put together.
#[derive(Clone)]
pub(super) enum Value {
    Integer(i64),
    Text(String),
    Id(UserId),
}

impl ToSql for Value {
    fn value(&self) -> ValueRef<'_> {
        match self {
            Value::Integer(n) => ValueRef::Integer(*n),
            Value::Text(text) => ValueRef::Text(text),
            Value::Id(id) => ValueRef::Blob(id.0.as_bytes()),
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Value::Integer(_) => Kind::Integer,
            Value::Text(_) => Kind::Text,
            Value::Id(_) => Kind::Blob,
        }
    }
}

/// Few are pinned, and an index knows them; without it this would look at every message.
const PINNED: &str = " AND e.id IN (SELECT p.id FROM events p WHERE p.pinned = 1)";

/// An answer in a thread, or a message that has one.
const IN_THREAD: &str = " AND (e.target IS NOT NULL OR EXISTS (
    SELECT 1 FROM events t WHERE t.conversation = e.conversation AND t.target = e.seq AND t.kind = 'message'))";

impl Plan {
    /// `None` if nothing can be found, because a filter names nobody or no conversation.
    pub(super) fn of(db: &Connection, search: &Search) -> sql::Result<Option<Self>> {
        let language = db.either(Language::Fts5, Language::Tsquery);
        let own = Own::of(db, search.user)?;
        let Some(facts) = facts(db, search, &own)? else { return Ok(None) };
        let all = search.wanted.all.iter().map(|sequence| language.must(sequence));
        let mut needed: Vec<String> = language.phrases(&search.wanted.all).into_iter().chain(all).collect();
        needed.extend(facts.iter().map(|either| language.facts(either)));
        let unwanted: Vec<String> =
            search.wanted.none.iter().map(|sequence| language.words(sequence)).collect();
        let unwanted = (!unwanted.is_empty()).then(|| language.any(&unwanted));

        let below = own.newest.saturating_add(1);
        let mut plan = Plan { matching: None, conditions: String::new(), values: Vec::new(), below };
        match (needed.is_empty(), unwanted) {
            (true, None) => {}
            (true, Some(unwanted)) => plan.add(
                db.either(
                    " AND e.id NOT IN (SELECT rowid FROM search WHERE search MATCH ?#)",
                    " AND NOT (e.words @@ CAST(?# AS tsquery))",
                ),
                Value::Text(unwanted),
            ),
            (false, None) => plan.matching = Some(language.all(&needed)),
            (false, Some(unwanted)) => {
                plan.matching = Some(language.but(&language.all(&needed), &unwanted));
            }
        }
        let query = &search.query;
        if query.is_pinned {
            plan.conditions.push_str(PINNED);
        }
        if query.is_thread {
            plan.conditions.push_str(IN_THREAD);
        }
        if let Some(since) = query.since {
            plan.add(" AND e.at >= ?#", Value::Integer(since.0));
        }
        if let Some(until) = query.until {
            plan.add(" AND e.at < ?#", Value::Integer(until.0));
        }
        Ok(Some(plan))
    }

    fn add(&mut self, condition: &'static str, value: Value) {
        self.conditions.push_str(condition);
        self.values.push(value);
    }

    /// The conditions with their parameters numbered; those before are the statement's own.
    pub(super) fn conditions_from(&self, first: usize) -> String {
        let mut parts = self.conditions.split("?#");
        let begin = parts.next().unwrap_or_default().to_owned();
        parts.zip(first..).fold(begin, |text, (part, number)| format!("{text}?{number}{part}"))
    }
}

/// Where a person's messages are.
struct Own {
    /// The conversations of somebody who is in few: what stands in a million messages of others is then not
    /// looked for in those. SQLite walks from the newest message and needs no such help.
    conversations: Option<Vec<ConversationId>>,
    /// None has a later id.
    newest: i64,
}

impl Own {
    fn of(db: &Connection, me: UserId) -> sql::Result<Self> {
        if let Connection::Sqlite(_) = db {
            return Ok(Self { conversations: None, newest: i64::MAX });
        }
        let all = db
            .prepare_cached(
                "SELECT m.conversation, e.id FROM members m JOIN conversations c ON c.id = m.conversation
                 JOIN events e ON e.conversation = c.id AND e.seq = c.head WHERE m.user = ?1 LIMIT ?2",
            )?
            .query_map(params![me.0, NAMED_CONVERSATIONS + 1], |r| {
                Ok((ConversationId(r.get(0)?), r.get(1)?))
            })?
            .collect::<sql::Result<Vec<(ConversationId, i64)>>>()?;
        if all.len() > NAMED_CONVERSATIONS as usize {
            let newest = db.query_row("SELECT coalesce(max(id), 0) FROM events", params![], |r| r.get(0))?;
            return Ok(Self { conversations: None, newest });
        }
        let newest = all.iter().map(|(_, newest)| *newest).max().unwrap_or_default();
        Ok(Self { conversations: Some(all.into_iter().map(|(id, _)| id).collect()), newest })
    }
}

/// The filters that the index knows, one list for each, of which either must be true; `None` if one
/// cannot be met.
fn facts(db: &Connection, search: &Search, own: &Own) -> sql::Result<Option<Vec<Vec<String>>>> {
    let query = &search.query;
    let mut facts: Vec<Vec<String>> = Vec::new();
    for (people, fact) in [(&query.from, Entry::by as fn(UserId) -> String), (&query.mentions, Entry::calls)]
    {
        if !people.is_empty() {
            let known = people.iter().map(|whom| person(db, search.user, whom));
            let known = known.collect::<sql::Result<Vec<_>>>()?;
            facts.push(known.into_iter().flatten().map(fact).collect());
        }
    }
    if !query.within.is_empty() {
        let known = query.within.iter().map(|place| conversation(db, search.user, place));
        let known = known.collect::<sql::Result<Vec<_>>>()?;
        facts.push(known.into_iter().flatten().map(Entry::within).collect());
    } else if let Some(own) = own.conversations.as_ref().filter(|_| !search.wanted.all.is_empty()) {
        facts.push(own.iter().copied().map(Entry::within).collect());
    }
    facts.extend(query.has_link.then(|| vec![Entry::LINK.to_owned()]));
    facts.extend(query.has_file.then(|| vec![Entry::FILE.to_owned()]));
    Ok((!facts.iter().any(Vec::is_empty)).then_some(facts))
}

fn person(db: &Connection, me: UserId, whom: &Whom) -> sql::Result<Option<UserId>> {
    match whom {
        Whom::Me => Ok(Some(me)),
        Whom::Named(name) => user_named(db, name),
    }
}

fn user_named(db: &Connection, name: &UserName) -> sql::Result<Option<UserId>> {
    let mut query = db.prepare_cached("SELECT id FROM users WHERE name = ?1")?;
    query.query_row([name.as_str()], |r| r.get(0).map(UserId)).optional()
}

/// Whether one may look into it is for the join to say.
fn conversation(db: &Connection, me: UserId, place: &Place) -> sql::Result<Option<ConversationId>> {
    match place {
        Place::Room(name) => db
            .prepare_cached("SELECT id FROM conversations WHERE name = ?1")?
            .query_row([name.as_str()], |r| r.get(0).map(ConversationId))
            .optional(),
        Place::Direct(name) => {
            let Some(other) = user_named(db, name)? else { return Ok(None) };
            let key = log::people_key(&[me, other]);
            db.prepare_cached("SELECT id FROM conversations WHERE pair = ?1")?
                .query_row([key], |r| r.get(0).map(ConversationId))
                .optional()
        }
    }
}

/// A sequence without what its last word may go on with.
pub(super) fn whole(sequence: &Sequence) -> Sequence {
    Sequence { prefix: false, ..sequence.clone() }
}
