//! Who is on which other node.
//!
//! 1. A node says what changes on it, every few seconds that it is there, and now and then
//!    everybody, so that what was lost is made up for.
//! 2. A node that is silent for [`SILENCE`] has lost its people. One that says that it ends keeps
//!    them for the grace time, in which they come back on other nodes.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use chat_proto::{PresenceState, UserId};
use tokio::time::Instant;
use uuid::Uuid;

use super::{Known, Tracker};
use crate::hub::nodes::Nodes;
use crate::hub::nodes::news::{Everybody, News, Nothing, People};

/// How often a node says that it is there.
const BEAT: Duration = Duration::from_secs(2);

/// How often it says who is on it.
const EVERYBODY: Duration = Duration::from_secs(20);

/// After so long without a word, a node is gone, and its people with it.
const SILENCE: Duration = Duration::from_secs(8);

/// People in one message: some hundred kilobytes.
const PEOPLE: usize = 4_000;

/// Nodes that are heard; more than share one database.
const NODES: usize = 256;

/// What another node says.
#[derive(Debug)]
pub(in crate::hub) enum FromNode {
    /// How these people stand there.
    Some(People),
    /// How everybody, or a part, stands there.
    All(Everybody),
    /// It is new, and wants to hear the same.
    Hello,
    /// It ends.
    Bye,
    /// Two do not see each other from now on.
    Apart(UserId, UserId),
}

/// See the module.
pub(super) struct Elsewhere {
    nodes: Nodes,
    there: HashMap<Uuid, There>,
    /// What this node said of its own people.
    said: HashMap<UserId, PresenceState>,
    beat_at: Instant,
    everybody_at: Instant,
}

struct There {
    people: HashMap<UserId, PresenceState>,
    /// When they are gone, unless more is heard.
    until: Instant,
}

impl Elsewhere {
    pub(super) fn new(nodes: Nodes) -> Self {
        let now = Instant::now();
        let (there, said) = (HashMap::new(), HashMap::new());
        Self { nodes, there, said, beat_at: now, everybody_at: now + EVERYBODY }
    }

    /// When there is something to be said or forgotten.
    pub(super) fn next_beat(&self) -> Instant {
        self.beat_at
    }

    /// How somebody stands on the other nodes on which they are.
    pub(super) fn states_of(&self, user: UserId) -> impl Iterator<Item = PresenceState> {
        self.there.values().filter_map(move |there| there.people.get(&user).copied())
    }

    /// Whether somebody is on another node.
    pub(super) fn has(&self, user: UserId) -> bool {
        self.states_of(user).next().is_some()
    }

    /// Says who is here, and asks who is there.
    pub(super) fn say_hello(&mut self) {
        self.nodes.pass(&News::Hello(Nothing {}));
        self.say_everybody();
    }

    fn say_everybody(&mut self) {
        self.everybody_at = Instant::now() + EVERYBODY;
        let parts = u32::try_from(self.said.len() / PEOPLE + 1).unwrap_or(u32::MAX);
        for part in 0..parts {
            let is_in = |user: &UserId| parts == 1 || Everybody::part_of(*user, parts) == part;
            let people =
                self.said.iter().filter(|(user, _)| is_in(user)).map(|(user, state)| (*user, *state));
            self.nodes.pass(&News::Everybody(Everybody { part, parts, people: people.collect() }));
        }
    }

    /// Notes who these people are on that node; gives those for whom that is new.
    fn note(
        &mut self,
        node: Uuid,
        people: impl Iterator<Item = (UserId, Option<PresenceState>)>,
    ) -> Vec<UserId> {
        if self.there.len() >= NODES && !self.there.contains_key(&node) {
            return Vec::new();
        }
        let until = Instant::now() + SILENCE;
        let there = self.there.entry(node).or_insert_with(|| There { people: HashMap::new(), until });
        there.until = until;
        let mut changed = Vec::new();
        for (user, state) in people {
            let before = match state {
                Some(state) => there.people.insert(user, state),
                None => there.people.remove(&user),
            };
            if before != state {
                changed.push(user);
            }
        }
        changed
    }

    fn note_everybody(&mut self, node: Uuid, said: Everybody) -> Vec<UserId> {
        let Everybody { part, parts, people } = said;
        let named: HashSet<UserId> = people.iter().map(|(user, _)| *user).collect();
        let is_gone = |user: &UserId| Everybody::part_of(*user, parts) == part && !named.contains(user);
        let known = self.there.get(&node).into_iter().flat_map(|there| there.people.keys());
        let gone: Vec<UserId> = known.copied().filter(is_gone).collect();
        let gone = gone.into_iter().map(|user| (user, None));
        self.note(node, people.into_iter().map(|(user, state)| (user, Some(state))).chain(gone))
    }

    /// Nodes that have been silent for too long; gives who was on them.
    fn forget_silent(&mut self, now: Instant) -> Vec<UserId> {
        let silent = self.there.extract_if(|_, there| there.until <= now);
        silent.flat_map(|(_, there)| there.people.into_keys()).collect()
    }
}

impl Tracker {
    /// Another node says something.
    pub(super) fn hear(&mut self, node: Uuid, says: FromNode) {
        let grace = self.grace;
        let Some(elsewhere) = &mut self.elsewhere else { return };
        let changed = match says {
            FromNode::Some(People { people }) => elsewhere.note(node, people.into_iter()),
            FromNode::All(said) => elsewhere.note_everybody(node, said),
            FromNode::Hello => {
                elsewhere.say_everybody();
                Vec::new()
            }
            FromNode::Bye => {
                if let Some(there) = elsewhere.there.get_mut(&node) {
                    there.until = Instant::now() + grace;
                }
                Vec::new()
            }
            FromNode::Apart(one, other) => return self.part_both(one, other),
        };
        self.have_moved(changed);
    }

    /// These came or went on other nodes.
    fn have_moved(&mut self, people: Vec<UserId>) {
        let Some(elsewhere) = &self.elsewhere else { return };
        elsewhere.nodes.set_elsewhere(people.iter().map(|user| (*user, elsewhere.has(*user))));
        for user in people {
            self.people.entry(user).or_default();
            self.note_change(user);
        }
    }

    /// Tells the other nodes how those who changed stand on this one.
    pub(super) fn tell_nodes(&mut self, changed: &HashSet<UserId>) {
        let Some(elsewhere) = &mut self.elsewhere else { return };
        let mut news = Vec::new();
        for user in changed {
            let own = self.people.get(user).and_then(Known::own);
            let before = match own {
                Some(state) => elsewhere.said.insert(*user, state),
                None => elsewhere.said.remove(user),
            };
            if before != own {
                news.push((*user, own));
            }
        }
        for people in news.chunks(PEOPLE) {
            elsewhere.nodes.pass(&News::Presence(People { people: people.to_vec() }));
        }
    }

    /// Says that this node is there, when it is time, and forgets those that are not.
    pub(super) fn beat(&mut self, now: Instant) {
        let Some(elsewhere) = self.elsewhere.as_mut().filter(|elsewhere| elsewhere.beat_at <= now) else {
            return;
        };
        elsewhere.beat_at = now + BEAT;
        if elsewhere.everybody_at <= now {
            elsewhere.say_everybody();
        } else {
            elsewhere.nodes.pass(&News::Presence(People { people: Vec::new() }));
        }
        let gone = elsewhere.forget_silent(now);
        self.have_moved(gone);
    }
}
