//! Rows of the database as values of the product.

use std::str::FromStr;

use chat_proto::{
    Event, EventKind, Notify, Person, Reason, Role, RoomRole, RoomRules, Seq, Timestamp, UserName,
};
use uuid::Uuid;

use crate::store::sql::{self, Row};

/// The columns of an event, for [`event`], from `events e JOIN users u ON u.id = e.author`.
pub(in crate::store) const EVENT: &str = "e.conversation, e.seq, e.at, e.author, u.name, u.bot, e.content";

/// How many columns [`EVENT`] has.
pub(super) const EVENT_COLUMNS: usize = 7;

/// Reads the columns of [`EVENT`], which begin at `at`.
pub(in crate::store) fn event(row: &Row<'_>, at: usize) -> sql::Result<Event> {
    let content: String = row.get(at + 6)?;
    let what: EventKind = serde_json::from_str(&content).map_err(|cause| unreadable(at + 6, cause))?;
    Ok(Event {
        conversation: chat_proto::ConversationId(row.get(at)?),
        seq: seq(row, at + 1)?,
        at: Timestamp(row.get(at + 2)?),
        author: person(row, at + 3)?,
        what,
    })
}

/// Reads the columns `id, name, bot` of `users`, which begin at `at`.
pub(super) fn person(row: &Row<'_>, at: usize) -> sql::Result<Person> {
    Ok(Person {
        id: chat_proto::UserId(row.get::<_, Uuid>(at)?),
        name: parsed::<UserName>(row, at + 1)?,
        bot: row.get(at + 2)?,
    })
}

pub(super) fn seq(row: &Row<'_>, at: usize) -> sql::Result<Seq> {
    count(row, at).map(Seq)
}

/// A number that is never negative.
pub(in crate::store) fn count(row: &Row<'_>, at: usize) -> sql::Result<u64> {
    row.get::<_, i64>(at).map(|n| u64::try_from(n).unwrap_or(0))
}

/// A text that was checked when it was stored.
pub(super) fn parsed<T: FromStr>(row: &Row<'_>, at: usize) -> sql::Result<T>
where
    T::Err: std::error::Error + Send + Sync + 'static,
{
    row.get::<_, String>(at)?.parse().map_err(|cause| unreadable(at, cause))
}

pub(super) fn role(row: &Row<'_>, at: usize) -> sql::Result<Role> {
    let word: String = row.get(at)?;
    [Role::Guest, Role::Member, Role::Admin, Role::Owner]
        .into_iter()
        .find(|role| role.as_str() == word)
        .ok_or_else(|| unreadable(at, std::fmt::Error))
}

pub(super) fn room_role(row: &Row<'_>, at: usize) -> sql::Result<RoomRole> {
    let word: String = row.get(at)?;
    RoomRole::ALL
        .into_iter()
        .find(|role| role.as_str() == word)
        .ok_or_else(|| unreadable(at, std::fmt::Error))
}

/// Reads `announcement, slow_mode_s, archived, free_calls, keep_days`, which begin at `at`.
pub(super) fn rules(row: &Row<'_>, at: usize) -> sql::Result<RoomRules> {
    Ok(RoomRules {
        announcement: row.get(at)?,
        slow_mode_s: row.get(at + 1)?,
        archived: row.get(at + 2)?,
        free_calls: row.get(at + 3)?,
        keep_days: row.get(at + 4)?,
    })
}

pub(super) fn reason(row: &Row<'_>, at: usize) -> sql::Result<Reason> {
    let word: String = row.get(at)?;
    Reason::ALL
        .into_iter()
        .find(|reason| reason.as_str() == word)
        .ok_or_else(|| unreadable(at, std::fmt::Error))
}

/// Reads `level, muted_until`, which begin at `at`.
pub(super) fn notify(row: &Row<'_>, at: usize) -> sql::Result<Notify> {
    let level = row.get::<_, Option<String>>(at)?;
    Ok(Notify {
        level: level.map(|word| word.parse().map_err(|cause| unreadable(at, cause))).transpose()?,
        muted_until: row.get::<_, Option<i64>>(at + 1)?.map(Timestamp),
    })
}

pub(super) fn unreadable(column: usize, cause: impl std::error::Error + Send + Sync + 'static) -> sql::Error {
    sql::Error::Unreadable(column, Box::new(cause))
}

/// A number for a query; ours never reach the limit.
pub(in crate::store) fn int(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
