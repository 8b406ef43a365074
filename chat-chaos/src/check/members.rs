//! Who was a member when, as the log says it.

use std::collections::BTreeMap;

use chat_proto::{ConversationId, EventKind, Seq, UserId};

use super::End;

/// A stay: from one event to another, both among what one may read; `None` for to this day.
pub(super) type Stay = (Seq, Option<Seq>);

/// The stays of everybody in a conversation, oldest first.
pub(super) fn stays(end: &End, conversation: ConversationId) -> BTreeMap<UserId, Vec<Stay>> {
    let mut stays: BTreeMap<UserId, Vec<Stay>> = BTreeMap::new();
    for client in end.directs.get(&conversation).into_iter().flatten() {
        if let Some(person) = end.people.get(*client) {
            stays.entry(person.id).or_default().push((Seq(1), None));
        }
    }
    for event in end.logs.get(&conversation).into_iter().flatten() {
        match &event.what {
            EventKind::Created { .. } | EventKind::Joined => {
                let of = stays.entry(event.author.id).or_default();
                // The people of a direct are there from the beginning.
                if of.last().is_none_or(|(_, end)| end.is_some()) {
                    of.push((event.seq, None));
                }
            }
            EventKind::Left => close(&mut stays, event.author.id, event.seq),
            EventKind::Removed { user, .. } | EventKind::Banned { user, removed: true, .. } => {
                close(&mut stays, user.id, event.seq);
            }
            _ => {}
        }
    }
    stays
}

fn close(stays: &mut BTreeMap<UserId, Vec<Stay>>, user: UserId, at: Seq) {
    if let Some((_, end @ None)) = stays.entry(user).or_default().last_mut() {
        *end = Some(at);
    }
}

/// Whether somebody is there now, of these stays.
pub(super) fn is_there(stays: &[Stay]) -> bool {
    stays.last().is_some_and(|(_, end)| end.is_none())
}
