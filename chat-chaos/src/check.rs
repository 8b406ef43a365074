//! What must hold, whatever happened: pure functions over a history and what is there at the end.
//!
//! 1. `log`: numbers have no gap and no double, and nothing is there that nobody asked for.
//! 2. `sends`: what was acknowledged, or kept by a client, is there exactly once and in its order; what was
//!    not is there at most once.
//! 3. `changes`: edits, deletions and reactions that were acknowledged are in the log once.
//! 4. `agreement`: whatever anybody was shown is what the log says, brought up to date by the same fold.
//! 5. `told`: an engine tells events one after the other, none left out, none twice.
//! 6. `sight`: nobody saw an event of a time at which they could not read there.
//! 7. `counts`: members, read marks, unread and mentions follow from the log.
//! 8. `caches`: what a client keeps equals what a new one is given.
//! 9. `nodes`: whichever node somebody comes to, they are given the same.
//! 10. `outcasts`: whose rights were taken hears nothing more a second later, and no node lets them in.

mod agreement;
mod caches;
mod changes;
mod counts;
mod ledger;
mod log;
mod members;
mod nodes;
mod outcasts;
mod sends;
mod sight;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use chat_proto::{Conversation, ConversationId, Event, Person, Seq};
use serde::{Deserialize, Serialize};

use crate::history::Entry;
use ledger::Ledger;

/// What one client is given that comes anew.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct View {
    /// Its conversations.
    pub(crate) rows: BTreeMap<ConversationId, Conversation>,
    /// Their logs as they stand: all of them, or as much as a cache holds.
    pub(crate) logs: BTreeMap<ConversationId, Vec<Event>>,
}

/// What is there at the end.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct End {
    /// The people, by their number; 0 is the keeper.
    pub(crate) people: Vec<Person>,
    /// Every log, by somebody who may read all of it.
    pub(crate) logs: BTreeMap<ConversationId, Vec<Event>>,
    /// How long each was before anybody did anything.
    pub(crate) began: BTreeMap<ConversationId, u64>,
    /// Directs, whose members are as they were made.
    pub(crate) directs: BTreeMap<ConversationId, Vec<usize>>,
    /// What the server gives each person, by number.
    pub(crate) fresh: BTreeMap<usize, View>,
    /// What is in the caches of those who have one.
    pub(crate) caches: BTreeMap<usize, View>,
    /// What the other nodes give them, by node.
    #[serde(default)]
    pub(crate) elsewhere: BTreeMap<usize, BTreeMap<usize, View>>,
    /// Those whose rights were taken.
    #[serde(default)]
    pub(crate) outcasts: Vec<Outcast>,
    /// What went wrong at the end itself: somebody did not come to rest.
    pub(crate) complaints: Vec<String>,
}

/// What is done to somebody whose rights end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum How {
    /// Banned from the server.
    Ban,
    /// Put out of the room.
    Kick,
    /// All their logins are ended.
    Revoke,
    /// Their account is disabled.
    Disable,
}

impl How {
    /// All.
    pub(crate) const ALL: [How; 4] = [How::Ban, How::Kick, How::Revoke, How::Disable];

    /// Whether the connection ends, and no node takes the login any more.
    pub(crate) fn ends_logins(self) -> bool {
        self != How::Kick
    }
}

/// Somebody whose rights were taken, and what they saw all the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Outcast {
    pub(crate) name: String,
    pub(crate) how: How,
    /// Where they listened at the beginning.
    pub(crate) node: usize,
    /// A second after it was acknowledged.
    pub(crate) since_us: u64,
    /// A message in the room that was asked for after that, if one could be written.
    pub(crate) marker: Option<Seq>,
    /// The last that they heard of the room.
    pub(crate) heard: Seq,
    /// When logins were asked that were taken and should not have been.
    pub(crate) late_logins: Vec<u64>,
    /// Whether they hold a connection at the end.
    pub(crate) is_online: bool,
    /// Nodes that give them at the end what they may not have.
    pub(crate) let_in_by: Vec<usize>,
}

/// A property that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    /// Which.
    pub(crate) property: &'static str,
    /// How it shows.
    pub(crate) text: String,
}

/// Where checks write what they find.
pub(crate) struct Findings {
    property: &'static str,
    found: Vec<Finding>,
}

/// Findings of one property that are told; the rest are of the same cause.
const TOLD_OF_EACH: usize = 25;

impl Findings {
    fn add(&mut self, text: impl Into<String>) {
        let property = self.property;
        if self.found.iter().filter(|finding| finding.property == property).count() < TOLD_OF_EACH {
            self.found.push(Finding { property, text: text.into() });
        }
    }
}

pub(crate) use ledger::op_of;

type Check = fn(&Ledger<'_>, &End, &mut Findings);

const CHECKS: [(&str, Check); 11] = [
    ("log", log::check),
    ("sends", sends::check),
    ("changes", changes::check),
    ("agreement", agreement::check),
    ("told", agreement::told),
    ("sight", sight::check),
    ("counts", counts::check),
    ("caches", caches::check),
    ("nodes", nodes::check),
    ("outcasts", outcasts::check),
    ("rest", rest),
];

/// Everything that does not hold.
pub(crate) fn check(history: &[Entry], end: &End) -> Vec<Finding> {
    let ledger = Ledger::read(history);
    let mut findings = Findings { property: "", found: Vec::new() };
    for (property, check) in CHECKS {
        findings.property = property;
        check(&ledger, end, &mut findings);
    }
    findings.found
}

fn rest(_: &Ledger<'_>, end: &End, findings: &mut Findings) {
    end.complaints.iter().for_each(|complaint| findings.add(complaint));
}
