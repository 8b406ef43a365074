//! Edits, deletions and reactions: those that were acknowledged are in the log, and none twice.

use std::collections::BTreeMap;

use chat_proto::{ConversationId, Event, EventKind, Seq, UserId};

use super::ledger::{Deed, Ledger, Outcome, edit_of};
use super::{End, Findings};
use crate::history::Act;

/// The changes of the log, by what made them.
#[derive(Default)]
struct Made {
    edits: BTreeMap<u64, Vec<Seq>>,
    deletions: BTreeMap<(ConversationId, Seq), Vec<Seq>>,
    reactions: BTreeMap<(ConversationId, Seq, String, UserId), Vec<Seq>>,
}

pub(super) fn check(ledger: &Ledger<'_>, end: &End, findings: &mut Findings) {
    let made = made(end);
    for deed in ledger.deeds.values() {
        let Some(who) = end.people.get(deed.client) else { continue };
        let conversation = deed.act.conversation();
        let there = match deed.act {
            Act::Edit { .. } => made.edits.get(&deed.op),
            Act::Delete { seq, .. } => made.deletions.get(&(conversation, *seq)),
            Act::React { seq, emoji, .. } => {
                made.reactions.get(&(conversation, *seq, emoji.as_str().to_owned(), who.id))
            }
            _ => continue,
        };
        let there = there.map_or(&[][..], Vec::as_slice);
        one(deed, there, end, findings);
    }
}

fn made(end: &End) -> Made {
    let mut made = Made::default();
    for event in end.logs.values().flatten() {
        let (at, seq) = (event.conversation, event.seq);
        match &event.what {
            EventKind::Edited { body, .. } => {
                if let Some(op) = edit_of(body.as_str()) {
                    made.edits.entry(op).or_default().push(seq);
                }
            }
            EventKind::Deleted { target } => made.deletions.entry((at, *target)).or_default().push(seq),
            EventKind::Reaction { target, emoji, .. } => {
                let key = (at, *target, emoji.as_str().to_owned(), event.author.id);
                made.reactions.entry(key).or_default().push(seq);
            }
            _ => {}
        }
    }
    made
}

fn one(deed: &Deed<'_>, there: &[Seq], end: &End, findings: &mut Findings) {
    let name = format!("{} {} of client {}", deed.act.kind(), deed.op, deed.client);
    if there.len() > 1 {
        findings.add(format!("{name} is there {} times: {there:?}", there.len()));
    }
    match deed.outcome {
        Outcome::Refused if !there.is_empty() => {
            findings.add(format!("{name} was refused and stands at {there:?}"));
        }
        Outcome::Done(at) => {
            let log = end.logs.get(&deed.act.conversation()).map_or(&[][..], Vec::as_slice);
            let is_there = there.first().is_some_and(|seq| at.is_none_or(|at| at == *seq));
            if !is_there && !is_erased(deed.act, at, log) {
                findings.add(format!("{name} was acknowledged at {at:?} and stands at {there:?}"));
            }
        }
        Outcome::Open | Outcome::Refused => {}
    }
    if let (Act::Delete { seq, conversation }, false) = (deed.act, there.is_empty()) {
        let target = end.logs.get(conversation).and_then(|log| by_number(log, *seq));
        if !target.is_some_and(|event| matches!(event.what, EventKind::Tombstone(_))) {
            findings.add(format!("{name} was done, and its target is {target:?}"));
        }
    }
}

/// The texts of edits go with their message.
fn is_erased(act: &Act, at: Option<Seq>, log: &[Event]) -> bool {
    let (Act::Edit { seq, .. }, Some(at)) = (act, at) else { return false };
    by_number(log, at).is_some_and(
        |event| matches!(&event.what, EventKind::Tombstone(grave) if grave.edit_of == Some(*seq)),
    )
}

fn by_number(log: &[Event], seq: Seq) -> Option<&Event> {
    log.get(usize::try_from(seq.0.checked_sub(1)?).ok()?)
}
