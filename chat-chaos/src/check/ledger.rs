//! A history by what was asked: who asked it, and what became of it.

use std::collections::{BTreeMap, BTreeSet};

use chat_proto::{ClientId, ConversationId, Event, Seq};

use crate::history::{Act, Entry, News, Rung, What, tag};

/// What became of an act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Nobody knows.
    Open,
    /// It is done; at this number, where there is one.
    Done(Option<Seq>),
    /// It was refused for good.
    Refused,
}

/// One act.
#[derive(Debug, Clone)]
pub(super) struct Deed<'a> {
    pub(super) op: u64,
    pub(super) client: usize,
    pub(super) at_us: u64,
    /// Where in the history it was asked; much can be asked in the same microsecond.
    pub(super) place: usize,
    pub(super) act: &'a Act,
    pub(super) outcome: Outcome,
    /// The ids under which its message was sent: one, as far as anybody knows.
    pub(super) ids: BTreeSet<ClientId>,
    /// Whether the client said that it keeps it.
    pub(super) kept: bool,
    /// Whether the client said that it failed for good.
    pub(super) failed: bool,
    /// In which of the client's lives it was asked.
    pub(super) life: usize,
}

/// Events that somebody was shown.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shown<'a> {
    pub(super) client: usize,
    pub(super) at_us: u64,
    pub(super) conversation: ConversationId,
    pub(super) events: &'a [Event],
}

/// See the module.
pub(super) struct Ledger<'a> {
    pub(super) history: &'a [Entry],
    pub(super) deeds: BTreeMap<u64, Deed<'a>>,
    pub(super) shown: Vec<Shown<'a>>,
    /// How often each client was born.
    pub(super) lives: BTreeMap<usize, usize>,
}

impl<'a> Ledger<'a> {
    pub(super) fn read(history: &'a [Entry]) -> Self {
        let mut ledger =
            Ledger { history, deeds: BTreeMap::new(), shown: Vec::new(), lives: BTreeMap::new() };
        for (place, entry) in history.iter().enumerate() {
            if let What::Client { client, news } = &entry.what {
                ledger.news(place, entry.at_us, *client, news);
            }
        }
        ledger
    }

    fn news(&mut self, place: usize, at_us: u64, client: usize, news: &'a News) {
        match news {
            News::Born => *self.lives.entry(client).or_default() += 1,
            News::Asked { op, act } => {
                let life = self.lives.get(&client).copied().unwrap_or_default();
                let (outcome, ids) = (Outcome::Open, BTreeSet::new());
                let (op, kept, failed) = (*op, false, false);
                let deed = Deed { op, client, at_us, place, act, outcome, ids, kept, failed, life };
                self.deeds.insert(op, deed);
            }
            News::Named { op, client_id } => self.change(*op, |deed| _ = deed.ids.insert(*client_id)),
            News::Outgoing { client_id, body, rung, .. } => self.moved(*client_id, body, rung),
            News::Done { op, seq } => self.change(*op, |deed| deed.outcome = Outcome::Done(*seq)),
            News::Refused { op, .. } => self.change(*op, |deed| deed.outcome = Outcome::Refused),
            News::Shown { conversation, events, .. } => {
                self.shown.push(Shown { client, at_us, conversation: *conversation, events });
            }
            News::Died | News::Line { .. } | News::Unknown { .. } | News::Forgot { .. } => {}
        }
    }

    fn moved(&mut self, client_id: ClientId, body: &str, rung: &Rung) {
        let Some(op) = op_of(body) else { return };
        self.change(op, |deed| {
            deed.ids.insert(client_id);
            match rung {
                Rung::Queued | Rung::Sending => deed.kept = true,
                Rung::Stored { seq } => deed.outcome = Outcome::Done(Some(*seq)),
                Rung::Failed { .. } => deed.failed = true,
            }
        });
    }

    fn change(&mut self, op: u64, change: impl FnOnce(&mut Deed<'a>)) {
        if let Some(deed) = self.deeds.get_mut(&op) {
            change(deed);
        }
    }

    /// Deeds that send something.
    pub(super) fn sends(&self) -> impl Iterator<Item = &Deed<'a>> {
        self.deeds.values().filter(|deed| matches!(deed.act, Act::Send { .. }))
    }
}

/// The act whose tag a text begins with.
pub(crate) fn op_of(body: &str) -> Option<u64> {
    let first = body.split(' ').next()?;
    let op = first.strip_prefix('m')?.parse().ok()?;
    (tag(op) == first).then_some(op)
}

/// The act whose tag the second word of an edited text is.
pub(super) fn edit_of(body: &str) -> Option<u64> {
    op_of(body.split_once(' ')?.1)
}
