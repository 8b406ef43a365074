//! Messages: once, in their order, and none lost.

use std::collections::{BTreeMap, BTreeSet};

use chat_proto::{ClientId, ConversationId, EventKind, Seq};

use super::ledger::{Deed, Ledger, Outcome, op_of};
use super::{End, Findings};

/// Where the messages of the log are.
struct Places {
    by_op: BTreeMap<u64, Vec<(ConversationId, Seq)>>,
    by_id: BTreeMap<ClientId, Vec<(ConversationId, Seq)>>,
    graves: BTreeSet<(ConversationId, Seq)>,
}

pub(super) fn check(ledger: &Ledger<'_>, end: &End, findings: &mut Findings) {
    let places = places(end);
    let mut last: BTreeMap<(usize, ConversationId), (u64, Seq)> = BTreeMap::new();
    let mut sends: Vec<&Deed<'_>> = ledger.sends().collect();
    sends.sort_by_key(|deed| deed.place);
    for deed in sends {
        let at = one(deed, &places, findings);
        let conversation = deed.act.conversation();
        // One that was refused is over, and those after it go first. A copy of it that waits at a node which stands
        // still, on a connection that was cut long ago, may all the same be taken when that wakes.
        let Some(seq) = at.filter(|_| !deed.failed) else { continue };
        if let Some((op, before)) = last.insert((deed.client, conversation), (deed.op, seq))
            && before >= seq
        {
            findings.add(format!(
                "{} wrote m{op} before m{}, and they stand at {} and {}",
                deed.client, deed.op, before.0, seq.0
            ));
        }
    }
}

fn places(end: &End) -> Places {
    let mut places = Places { by_op: BTreeMap::new(), by_id: BTreeMap::new(), graves: BTreeSet::new() };
    for event in end.logs.values().flatten() {
        let at = (event.conversation, event.seq);
        match &event.what {
            EventKind::Message(message) => {
                places.by_id.entry(message.client_id).or_default().push(at);
                if let Some(op) = op_of(message.body.as_str()) {
                    places.by_op.entry(op).or_default().push(at);
                }
            }
            EventKind::Tombstone(grave) if grave.edit_of.is_none() => _ = places.graves.insert(at),
            _ => {}
        }
    }
    places
}

/// Looks at one message; says where it is.
fn one(deed: &Deed<'_>, places: &Places, findings: &mut Findings) -> Option<Seq> {
    let name = format!("m{} of client {}", deed.op, deed.client);
    let conversation = deed.act.conversation();
    if deed.ids.len() > 1 {
        findings.add(format!("{name} was sent under {} ids", deed.ids.len()));
    }
    let mut found: BTreeSet<(ConversationId, Seq)> = BTreeSet::new();
    found.extend(places.by_op.get(&deed.op).into_iter().flatten());
    for id in &deed.ids {
        found.extend(places.by_id.get(id).into_iter().flatten());
    }
    if found.len() > 1 {
        findings.add(format!("{name} is there {} times: {found:?}", found.len()));
    }
    if let Some((elsewhere, _)) = found.iter().find(|(of, _)| *of != conversation) {
        findings.add(format!("{name} was meant for {conversation} and stands in {elsewhere}"));
    }
    let there = found.iter().next().map(|(_, seq)| *seq);
    match deed.outcome {
        Outcome::Done(Some(seq)) => match there {
            Some(at) if at == seq => {}
            Some(at) => findings.add(format!("{name} was acknowledged as {} and stands at {}", seq.0, at.0)),
            // Deleted: then there is a tombstone in its place.
            None if places.graves.contains(&(conversation, seq)) => {}
            None => findings.add(format!("{name} was acknowledged as {} and is not there", seq.0)),
        },
        // A deleted one cannot be told from one that never came, so only a live one counts as lost; whoever
        // deletes must have seen it, and then its number is known.
        _ if deed.kept && !deed.failed && there.is_none() => {
            findings.add(format!("{name} was kept by its client, and never came"));
        }
        _ => {}
    }
    match deed.outcome {
        Outcome::Done(seq) => seq,
        _ => there,
    }
}
