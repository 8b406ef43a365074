//! The log by itself: its numbers, and that somebody asked for each entry.

use chat_proto::{Event, EventKind};

use super::ledger::{Deed, Ledger, edit_of, op_of};
use super::{End, Findings};
use crate::history::Act;

pub(super) fn check(ledger: &Ledger<'_>, end: &End, findings: &mut Findings) {
    for (conversation, log) in &end.logs {
        for (event, number) in log.iter().zip(1_u64..) {
            if event.seq.0 != number {
                findings.add(format!("{conversation}: number {} stands where {number} should", event.seq.0));
                break;
            }
        }
        let began = end.began.get(conversation).copied().unwrap_or_default();
        for event in log.iter().filter(|event| event.seq.0 > began) {
            if !was_asked(ledger, end, event) {
                findings.add(format!("{conversation}: nobody asked for {event:?}"));
            }
        }
    }
}

/// Whether somebody wanted this, who is its author.
fn was_asked(ledger: &Ledger<'_>, end: &End, event: &Event) -> bool {
    let is_author = |deed: &&Deed<'_>| {
        deed.act.conversation() == event.conversation
            && end.people.get(deed.client).is_some_and(|person| person.id == event.author.id)
    };
    let mut deeds = ledger.deeds.values().filter(is_author);
    let by_op = |op: Option<u64>| op.and_then(|op| ledger.deeds.get(&op)).filter(is_author);
    match &event.what {
        EventKind::Message(message) => {
            let text = message.body.as_str();
            by_op(op_of(text)).is_some_and(|deed| match deed.act {
                Act::Send { body, thread, .. } => {
                    (message.edited.is_some() || body == text) && *thread == message.thread
                }
                _ => false,
            })
        }
        EventKind::Edited { target, body, .. } => by_op(edit_of(body.as_str())).is_some_and(
            |deed| matches!(deed.act, Act::Edit { seq, body: asked, .. } if seq == target && asked == body.as_str()),
        ),
        EventKind::Deleted { target } => {
            deeds.any(|deed| matches!(deed.act, Act::Delete { seq, .. } if seq == target))
        }
        EventKind::Reaction { target, emoji, on } => deeds.any(|deed| {
            *on && matches!(deed.act, Act::React { seq, emoji: asked, .. } if seq == target && asked == emoji)
        }),
        EventKind::Joined => deeds.any(|deed| matches!(deed.act, Act::Join { .. } | Act::Accept { .. })),
        EventKind::Left => deeds.any(|deed| matches!(deed.act, Act::Leave { .. })),
        EventKind::Invited { user } => {
            deeds.any(|deed| matches!(deed.act, Act::Invite { user: asked, .. } if *asked == user.name))
        }
        EventKind::Removed { user, .. } => {
            deeds.any(|deed| matches!(deed.act, Act::Remove { user: asked, .. } if *asked == user.name))
        }
        // What was there is gone on purpose.
        EventKind::Tombstone(_) => true,
        _ => false,
    }
}
