//! Nobody saw what they may not see. Whoever is a member reads all that was before; whoever went out reads
//! nothing that came after, unless they came in again, and nothing before they did.

use std::collections::BTreeMap;

use chat_proto::{ConversationId, UserId};

use super::ledger::Ledger;
use super::members::{Stay, stays};
use super::{End, Findings};
use crate::history::Act;

pub(super) fn check(ledger: &Ledger<'_>, end: &End, findings: &mut Findings) {
    let all: BTreeMap<ConversationId, BTreeMap<UserId, Vec<Stay>>> =
        end.logs.keys().map(|id| (*id, stays(end, *id))).collect();
    for shown in &ledger.shown {
        let Some(who) = end.people.get(shown.client) else { continue };
        let of = all.get(&shown.conversation).and_then(|of| of.get(&who.id)).map_or(&[][..], Vec::as_slice);
        let begun = begun(ledger, end, shown.client, shown.conversation, of);
        for event in shown.events {
            let may = of.iter().zip(&begun).any(|((_, ended), began_us)| {
                *began_us <= shown.at_us && ended.is_none_or(|ended| event.seq <= ended)
            });
            if !may {
                findings.add(format!(
                    "client {} ({}) was shown {} of {} at {} us; its stays there: {of:?}, begun not before {begun:?}",
                    shown.client, who.name, event.seq.0, shown.conversation, shown.at_us
                ));
            }
        }
    }
    for (client, view) in &end.fresh {
        let Some(who) = end.people.get(*client) else { continue };
        for (conversation, of) in &all {
            let is_there = of.get(&who.id).is_some_and(|of| super::members::is_there(of));
            if is_there != view.rows.contains_key(conversation) {
                let stays = of.get(&who.id);
                findings.add(format!(
                    "client {client} in {conversation}: the log says {stays:?}, its list another thing"
                ));
            }
        }
    }
}

/// For each stay, a time before which it cannot have begun: the n-th time that somebody comes in follows the
/// n-th time that they ask for it.
fn begun(
    ledger: &Ledger<'_>,
    end: &End,
    client: usize,
    conversation: ConversationId,
    stays: &[Stay],
) -> Vec<u64> {
    let began = end.began.get(&conversation).copied().unwrap_or_default();
    let comes_in = |act: &Act| matches!(act, Act::Join { .. } | Act::Accept { .. });
    let mut asked = ledger
        .deeds
        .values()
        .filter(|deed| deed.client == client && deed.act.conversation() == conversation && comes_in(deed.act))
        .map(|deed| deed.at_us)
        .collect::<Vec<u64>>();
    asked.sort_unstable();
    let mut asked = asked.into_iter();
    stays.iter().map(|(from, _)| if from.0 <= began { 0 } else { asked.next().unwrap_or(u64::MAX) }).collect()
}
