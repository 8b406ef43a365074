//! What a client keeps on its disk equals what a new one is given by the server.

use chat_proto::{Conversation, Seq};

use super::ledger::Ledger;
use super::{End, Findings, View};

pub(super) fn check(_: &Ledger<'_>, end: &End, findings: &mut Findings) {
    for (client, cache) in &end.caches {
        match end.fresh.get(client) {
            Some(fresh) => compare(*client, cache, fresh, findings),
            None => findings.add(format!("client {client} has a cache, and the server gives it nothing")),
        }
    }
}

fn compare(client: usize, cache: &View, fresh: &View, findings: &mut Findings) {
    let held: Vec<_> = cache.rows.keys().collect();
    let given: Vec<_> = fresh.rows.keys().collect();
    if held != given {
        findings.add(format!("client {client} keeps the conversations {held:?}, and is given {given:?}"));
    }
    for (conversation, row) in &cache.rows {
        let Some(given) = fresh.rows.get(conversation) else { continue };
        if comparable(row) != comparable(given) {
            findings.add(format!("client {client} keeps {row:?}, and is given {given:?}"));
        }
    }
    for (conversation, events) in &cache.logs {
        let Some(given) = fresh.logs.get(conversation) else { continue };
        let (Some(first), Some(last)) = (events.first(), events.last()) else { continue };
        if last.seq.0 != given.len() as u64 {
            findings.add(format!(
                "client {client} keeps {conversation} up to {}, and there are {}",
                last.seq.0,
                given.len()
            ));
        }
        let from = usize::try_from(first.seq.0.saturating_sub(1)).unwrap_or(usize::MAX);
        for (held, stands) in events.iter().zip(given.get(from..).unwrap_or_default()) {
            if held != stands {
                findings.add(format!("client {client} keeps {held:?}, and there stands {stands:?}"));
            }
        }
    }
}

/// How far others have read is told by a signal, which a busy server may leave out.
fn comparable(row: &Conversation) -> Conversation {
    Conversation { others_read: Seq::ZERO, ..row.clone() }
}
