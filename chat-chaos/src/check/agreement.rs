//! What people were shown: it is what the log says, and an engine tells it in order.

use std::collections::BTreeMap;

use chat_proto::{ConversationId, Event, EventKind, Seq};

use super::ledger::Ledger;
use super::{End, Findings};
use crate::history::{News, What};

/// A log that can be asked for an event and for what changed it later.
struct Indexed<'a> {
    log: &'a [Event],
    /// By target, oldest first.
    later: BTreeMap<Seq, Vec<&'a Event>>,
}

impl<'a> Indexed<'a> {
    fn new(log: &'a [Event]) -> Self {
        let mut later: BTreeMap<Seq, Vec<&Event>> = BTreeMap::new();
        for event in log {
            if let Some(target) = event.target() {
                later.entry(target).or_default().push(event);
            }
        }
        Self { log, later }
    }

    fn get(&self, seq: Seq) -> Option<&'a Event> {
        self.log.get(usize::try_from(seq.0.checked_sub(1)?).ok()?)
    }

    /// Whether an event that was shown once is the one that stands there now.
    fn agrees(&self, shown: &Event) -> bool {
        let Some(stands) = self.get(shown.seq) else { return false };
        if shown == stands {
            return true;
        }
        let mut now = shown.clone();
        for later in self.later.get(&shown.seq).into_iter().flatten() {
            now.apply(later);
        }
        now == *stands || self.is_erased_edit(shown, stands)
    }

    /// An edit, whose text went with its message.
    fn is_erased_edit(&self, shown: &Event, stands: &Event) -> bool {
        let (EventKind::Edited { target, .. }, EventKind::Tombstone(grave)) = (&shown.what, &stands.what)
        else {
            return false;
        };
        grave.edit_of == Some(*target)
            && shown.author == stands.author
            && shown.at == stands.at
            && self
                .get(grave.deleted)
                .is_some_and(|event| matches!(&event.what, EventKind::Deleted { target: of } if of == target))
    }
}

pub(super) fn check(ledger: &Ledger<'_>, end: &End, findings: &mut Findings) {
    let logs: BTreeMap<ConversationId, Indexed<'_>> =
        end.logs.iter().map(|(id, log)| (*id, Indexed::new(log))).collect();
    for shown in &ledger.shown {
        let Some(log) = logs.get(&shown.conversation) else {
            findings
                .add(format!("client {} was shown {}, which is not there", shown.client, shown.conversation));
            continue;
        };
        for event in shown.events.iter().filter(|event| !log.agrees(event)) {
            findings.add(format!(
                "client {} was shown {event:?}, and there stands {:?}",
                shown.client,
                log.get(event.seq)
            ));
        }
    }
    for (client, view) in &end.fresh {
        for (conversation, events) in &view.logs {
            if end.logs.get(conversation) != Some(events) {
                findings.add(format!("client {client} reads another log of {conversation} than the others"));
            }
        }
    }
}

/// Within one life, the news of a conversation follow each other.
pub(super) fn told(ledger: &Ledger<'_>, _: &End, findings: &mut Findings) {
    let mut last: BTreeMap<(usize, ConversationId), Seq> = BTreeMap::new();
    for entry in ledger.history {
        let What::Client { client, news } = &entry.what else { continue };
        match news {
            News::Born => last.retain(|(of, _), _| of != client),
            News::Forgot { conversation } => _ = last.remove(&(*client, *conversation)),
            News::Shown { conversation, events, page: false } => {
                for event in events {
                    let before = last.insert((*client, *conversation), event.seq);
                    if before.is_some_and(|before| before.next() != event.seq) {
                        findings.add(format!(
                            "client {client} was told {} of {conversation} after {before:?}",
                            event.seq.0
                        ));
                    }
                }
            }
            _ => {}
        }
    }
}
