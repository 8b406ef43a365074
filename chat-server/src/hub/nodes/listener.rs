//! What comes from other nodes: over the bus, and out of the store.
//!
//! The store is looked into twice a second, in one look for everything. What nodes kept there is
//! taken at once, so the end of a session, a ban or a lockdown holds within a second whatever becomes of
//! the bus. Of events it says in which conversations there are new ones: while the bus works that
//! is only a net for what it lost; while it does not, it is the way.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chat_proto::{ConversationId, Seq, Timestamp};
use tokio::sync::Notify;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tracing::{debug, error, warn};
use uuid::Uuid;

use super::doubts::Doubts;
use super::joined::Joined;
use super::news::{Added, Call, End, Heard, News, Nothing, Place, PolicyNews, Tell};
use super::positions::Positions;
use super::{Nodes, now};
use crate::bus::Received;
use crate::hub::presence::FromNode;
use crate::hub::{Hub, ToShard};
use crate::metrics::metrics;
use crate::store::{Act, Kept, NewsPosition, WhatsNew};

/// How often it is looked what is new in the store.
const LOOK: Duration = Duration::from_millis(500);

/// For how long events have time to come over a bus that works.
pub(super) const ON_THE_WAY: Duration = Duration::from_secs(3);

/// For how long everything in the store is taken at once, after the bus lost something.
const ATTENTIVE: Duration = Duration::from_secs(3);

/// For how long what a deaf node writes is taken out of the store at once; it says more often that it is.
const DEAF: Duration = Duration::from_secs(10);

/// Conversations in which events may be on the way; beyond that the store is believed at once.
const MOVED: usize = 50_000;

/// How often a node that hears nothing says so.
const SAY_DEAF: Duration = Duration::from_secs(3);

/// How long news are kept in the store.
const KEPT: Duration = Duration::from_secs(15 * 60);

/// A node that did not look for so long may have missed what is not kept any more.
const TOO_LONG: Duration = Duration::from_secs(10 * 60);

/// How often old news are let go.
const FORGET: Duration = Duration::from_secs(60);

/// The shortest time between two readings of the whole policy.
const POLICY_PAUSE: Duration = Duration::from_secs(1);

/// Lines taken from the bus at once.
const BATCH: usize = 256;

/// News that are remembered, so that what comes twice is done once.
const SEEN: usize = 16_384;

/// See the module.
pub(in crate::hub) struct Listener {
    hub: Hub,
    nodes: Nodes,
    /// Where it was come to when.
    positions: Positions,
    /// The kept news after the first of those that were taken.
    taken: BTreeSet<i64>,
    seen: Seen,
    /// In which conversations something happened that may be on its way, and since when.
    moved: HashMap<ConversationId, (Seq, Instant)>,
    /// Who became a member of what, as far as a node may not have told it.
    joined: Joined,
    /// Whose connections may not hold any more.
    doubts: Doubts,
    attentive_until: Instant,
    was_well: bool,
    said_deaf_at: Option<Instant>,
    /// By the wall clock, which goes on while the machine sleeps.
    looked_at: Timestamp,
    forgot_at: Instant,
    policy_changed: Arc<Notify>,
}

impl Listener {
    /// One that hears all from this position on.
    pub(in crate::hub) fn new(hub: Hub, nodes: Nodes, position: NewsPosition) -> Self {
        let (now, policy_changed) = (Instant::now(), Arc::new(Notify::new()));
        tokio::spawn(keep_policy(hub.clone(), nodes.clone(), policy_changed.clone()));
        let doubts = Doubts::default();
        tokio::spawn(doubts.clone().settle(hub.clone()));
        Self {
            hub,
            nodes,
            positions: Positions::new(now, position),
            taken: BTreeSet::new(),
            seen: Seen::default(),
            moved: HashMap::new(),
            joined: Joined::default(),
            doubts,
            attentive_until: now + ATTENTIVE,
            was_well: false,
            said_deaf_at: None,
            looked_at: super::now(),
            forgot_at: now,
            policy_changed,
        }
    }

    /// Listens until the bus ends with the server.
    pub(in crate::hub) async fn run(mut self, mut received: Received) {
        let mut clock = interval(LOOK);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut lines: Vec<Bytes> = Vec::with_capacity(BATCH);
        loop {
            tokio::select! {
                biased;
                // First, or a busy bus would keep what is kept waiting.
                _ = clock.tick() => self.look().await,
                count = received.recv_many(&mut lines, BATCH) => {
                    if count == 0 {
                        return;
                    }
                    for line in lines.drain(..) {
                        match std::str::from_utf8(&line) {
                            Ok(line) => self.hear(line, true).await,
                            Err(_) => debug!("what came over the bus is no text"),
                        }
                    }
                }
            }
        }
    }

    async fn look(&mut self) {
        let now = Instant::now();
        let must_settle = !self.nodes.0.fresh.is_fresh() || self.doubts.are_open();
        self.see_how_the_bus_is(now);
        let mut position = self.begin_at(now);
        // What had not ended at the first page may stand before where the last one came to.
        let (mut more, mut ended) = (true, i64::MAX);
        while more {
            match self.nodes.0.store.whats_new(position).await {
                Ok(new) => {
                    (more, position) = (new.more, new.position);
                    ended = ended.min(position.ended);
                    self.take(new, now).await;
                }
                Err(cause) => {
                    // Tried again at the next look, from the same place.
                    warn!(%cause, "cannot look what is new in the store");
                    return;
                }
            }
        }
        self.positions.came_to(now, NewsPosition { ended, ..position });
        // By the wall: the other clock stands still while a machine sleeps.
        let wall = super::now();
        if u128::from(wall.0.saturating_sub(self.looked_at.0).unsigned_abs()) > TOO_LONG.as_millis() {
            self.begin_anew().await;
        }
        self.looked_at = wall;
        // Whoever stood still, or has not been answered since the last look, is not up to date before the store has
        // said whose logins ended.
        if must_settle && !self.doubts.settle_now(&self.hub).await {
            return;
        }
        if self.nodes.0.fresh.looked(now) {
            self.hub.wake_all().await;
        }
        self.send_moved(now).await;
        if now.duration_since(self.forgot_at) > FORGET {
            self.forgot_at = now;
            let kept = i64::try_from(KEPT.as_millis()).unwrap_or(i64::MAX);
            let before = Timestamp(wall.0.saturating_sub(kept));
            if let Err(cause) = self.nodes.0.store.forget_news(before).await {
                warn!(%cause, "cannot let old news go");
            }
        }
    }

    /// Where a look at this time begins.
    fn begin_at(&mut self, now: Instant) -> NewsPosition {
        let begin = self.positions.begin(now);
        self.taken = self.taken.split_off(&begin.news.saturating_add(1));
        begin
    }

    fn see_how_the_bus_is(&mut self, now: Instant) {
        let is_well = self.nodes.is_well();
        if self.nodes.0.nats.take_loss() {
            self.attentive_until = now + ATTENTIVE;
            self.nodes.pass(&News::Look(Nothing {}));
        }
        if is_well && !self.was_well {
            self.said_deaf_at = None;
            self.hub.presence.hello();
        }
        if !is_well && self.said_deaf_at.is_none_or(|at| now.duration_since(at) >= SAY_DEAF) {
            self.said_deaf_at = Some(now);
            self.nodes.keep(&News::Deaf(Nothing {}));
        }
        self.was_well = is_well;
    }

    async fn take(&mut self, new: WhatsNew, now: Instant) {
        for (number, kept) in new.news {
            if !self.taken.insert(number) {
                continue;
            }
            match kept {
                Kept::Line(line) => self.hear(&line, false).await,
                Kept::Act(Act::Logins(user)) => self.doubts.add(user),
                Kept::Act(Act::Policy) => self.policy_changed.notify_one(),
                Kept::Act(Act::Doors) => self.hub.doors.notify_one(),
            }
        }
        self.joined.note(new.joined, now);
        for (conversation, seq) in new.moved {
            let known = self.moved.entry(conversation).or_insert((seq, now));
            known.0 = known.0.max(seq);
        }
    }

    /// Tells the shards of what happened, as far as the bus should have told it by now.
    async fn send_moved(&mut self, now: Instant) {
        let at_once = !self.nodes.is_well() || now < self.attentive_until || self.moved.len() > MOVED;
        let is_due = |since: Instant| at_once || now.duration_since(since) >= ON_THE_WAY;
        let due: Vec<_> = self.moved.extract_if(|_, (_, since)| is_due(*since)).collect();
        for (conversation, (seq, _)) in due {
            self.hub.to_shard(conversation, ToShard::Moved { conversation, seq }).await;
        }
        // After that, because who left and came again is not counted in any more.
        for (conversation, users) in self.joined.due(now, at_once) {
            self.add(Added { conversation, users }).await;
        }
    }

    /// After a sleep so long that news are lost: everybody begins anew, which reads all from the store.
    async fn begin_anew(&mut self) {
        error!("this node stood still for minutes; all of its clients begin anew");
        self.policy_changed.notify_one();
        self.hub.doors.notify_one();
        self.hub.end_all().await;
    }

    async fn hear(&mut self, line: &str, over_the_bus: bool) {
        let heard = match Heard::read(line) {
            Ok(heard) => heard,
            Err(cause) => return debug!(%cause, "what came from another node cannot be read"),
        };
        if heard.node == self.nodes.node() {
            return;
        }
        let Some(news) = heard.news else {
            return debug!("another node says what this version does not know");
        };
        if over_the_bus {
            let ms = u64::try_from(now().0.saturating_sub(heard.at.0)).unwrap_or(0);
            metrics().bus_lag_seconds.took(Duration::from_millis(ms));
        }
        // What happened in a conversation has a number of its own.
        if !matches!(news, News::Turn(_) | News::Typing(_)) && !self.seen.is_new(heard.id) {
            return;
        }
        self.act(heard.node, news).await;
    }

    async fn act(&mut self, node: Uuid, news: News) {
        match news {
            News::Turn(turn) => self.to_shard(turn.conversation, News::Turn(turn)).await,
            News::Moved(place) => self.to_shard(place.conversation, News::Moved(place)).await,
            News::Read(read) => self.to_shard(read.conversation, News::Read(read)).await,
            News::Typing(typing) => self.to_shard(typing.conversation, News::Typing(typing)).await,
            News::Invited(invited) => self.to_shard(invited.conversation, News::Invited(invited)).await,
            News::Inboxes(inboxes) => self.to_shard(inboxes.conversation, News::Inboxes(inboxes)).await,
            News::Added(added) => self.add(added).await,
            News::Tell(Tell { user, frame }) => {
                self.hub.tell_here(user, None, String::from(Box::<str>::from(frame)).into()).await
            }
            News::TellWatchers(Tell { user, frame }) => {
                self.hub
                    .presence
                    .tell_watchers_here(user, String::from(Box::<str>::from(frame)).into())
                    .await;
            }
            News::Call(Call { frame, id, run }) => {
                let bot = run.bot.id;
                self.hub.runs.begin(id, run).await;
                self.hub.call_here(bot, String::from(Box::<str>::from(frame)).into()).await;
            }
            News::End(end) => self.end(&end).await,
            News::Policy(PolicyNews { apart }) => {
                self.policy_changed.notify_one();
                if let Some((one, other)) = apart {
                    self.hub.presence.hear_from(node, FromNode::Apart(one, other)).await;
                }
            }
            News::Doors(_) => self.hub.doors.notify_one(),
            News::Presence(people) => self.hub.presence.hear_from(node, FromNode::Some(people)).await,
            News::Everybody(people) => self.hub.presence.hear_from(node, FromNode::All(people)).await,
            News::Hello(_) => self.hub.presence.hear_from(node, FromNode::Hello).await,
            News::Bye(_) => self.hub.presence.hear_from(node, FromNode::Bye).await,
            News::Deaf(_) => {
                self.nodes.another_is_deaf();
                // What happens there does not come over the bus.
                self.attentive_until = self.attentive_until.max(Instant::now() + DEAF);
            }
            News::Look(_) => self.attentive_until = Instant::now() + ATTENTIVE,
        }
    }

    async fn to_shard(&self, conversation: ConversationId, news: News) {
        self.hub.to_shard(conversation, ToShard::News(Box::new(news))).await;
    }

    /// Somebody may be a member where nobody of this node was; what happens there until the bus
    /// brings it is in the store.
    async fn add(&self, added: Added) {
        let (begun, conversation) = (Instant::now(), added.conversation);
        let (hub, nodes) = (self.hub.clone(), self.nodes.clone());
        let mut told = hub.add(added.clone()).await;
        tokio::spawn(async move {
            loop {
                // The shard has wanted by then what it wants; an error means that it has ended with the server.
                let Ok(result) = told.await else { return };
                nodes.settled().await;
                let look = News::Moved(Place { conversation });
                hub.to_shard(conversation, ToShard::News(Box::new(look))).await;
                if result.is_ok() {
                    return;
                }
                tokio::time::sleep(ON_THE_WAY).await;
                // It would keep the shard waiting to ask a store that cannot be asked.
                while !nodes.is_fresh() {
                    if begun.elapsed() > TOO_LONG {
                        // All who are connected begin anew.
                        return;
                    }
                    tokio::time::sleep(LOOK).await;
                }
                told = hub.add(added.clone()).await;
            }
        });
    }

    async fn end(&self, end: &End) {
        self.hub.end_here(end.user, end.which()).await;
    }
}

/// Reads the whole policy when another node changed it, now and then where it changes often.
async fn keep_policy(hub: Hub, nodes: Nodes, changed: Arc<Notify>) {
    loop {
        changed.notified().await;
        // Nobody here changes it meanwhile; otherwise what is read could be older than what is told.
        let turn = hub.policy_turn().await;
        match nodes.0.store.policy(now()).await {
            Ok(policy) => hub.replace_policy(policy).await,
            Err(cause) => {
                warn!(%cause, "cannot read the policy; tried again");
                changed.notify_one();
            }
        }
        drop(turn);
        tokio::time::sleep(POLICY_PAUSE).await;
    }
}

/// The ids of the latest news, in two halves, of which the older is let go.
#[derive(Default)]
struct Seen {
    newer: HashSet<Uuid>,
    older: HashSet<Uuid>,
}

impl Seen {
    /// Whether it comes for the first time.
    fn is_new(&mut self, id: Uuid) -> bool {
        if self.older.contains(&id) || !self.newer.insert(id) {
            return false;
        }
        if self.newer.len() >= SEEN / 2 {
            self.older = std::mem::take(&mut self.newer);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_twice_is_done_once_and_memory_is_bounded() {
        let mut seen = Seen::default();
        assert!(seen.is_new(Uuid::nil()) && !seen.is_new(Uuid::nil()));
        for n in 1..=SEEN as u128 * 3 {
            assert!(seen.is_new(Uuid::from_u128(n)));
        }
        assert!(seen.newer.len() + seen.older.len() <= SEEN);
        assert!(!seen.is_new(Uuid::from_u128(SEEN as u128 * 3)));
    }
}
