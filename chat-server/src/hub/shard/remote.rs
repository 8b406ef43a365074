//! A conversation on several nodes: what is told to the others, what is done with what they tell.
//!
//! 1. For each conversation in which somebody here listens, the shard knows up to which event its
//!    members were told ([`Watched`]). The next one is told when it comes; an older one is dropped;
//!    before a later one the gap is read from the store ([`Shard::heal`]).
//! 2. So each event is told here once and in order, whichever way it comes: from this shard's own
//!    commit, over the bus, or out of the store.
//! 3. What is decided needs none of this: the store refuses a number that is taken, and before
//!    somebody is told no, it is asked whether something is new ([`Shard::not_behind`]).

use std::collections::{BTreeMap, BTreeSet};

use chat_proto::{ConversationId, Event, EventKind, Push, Seq, ServerFrame, UserId};
use tracing::{debug, warn};

use super::Shard;
use super::delivery::gone;
use super::turn::Outcome;
use crate::domain::{Change, Hearing, Room};
use crate::hub::nodes::Nodes;
use crate::hub::nodes::news::{Added, EventFrame, Inboxes, Invited, News, Turn, Typing, raw};
use crate::hub::{Job, SessionKey};
use crate::metrics::metrics;
use crate::store::{Committed, Notice, StoreError};

/// Events read from the store at once.
const PAGE: u32 = 200;

/// A conversation in which somebody here listens, while others may write in it on other nodes.
pub(super) struct Watched {
    /// Up to which event its members here were told.
    pub(super) delivered: Seq,
    /// How many of them listen.
    people: usize,
}

impl Shard {
    /// What is decided without a write is decided on what the store has.
    ///
    /// # Errors
    /// [`StoreError::Overtaken`] if there is something new; the conversation is to be loaded anew.
    pub(super) async fn not_behind(&self, conversation: ConversationId) -> Result<(), StoreError> {
        if self.nodes.is_none() || self.fresh.contains(&conversation) {
            return Ok(());
        }
        let known = self.rooms.get(&conversation).map(|room| room.head);
        match self.store.head(conversation).await? > known {
            true => Err(StoreError::Overtaken),
            false => Ok(()),
        }
    }

    /// Who has come listens where they are a member. If they were here before, and this is the first that is heard
    /// of one of these, their other connections are told of it first: nobody does later.
    ///
    /// # Errors
    /// The store's: they could not be told, and it is not noted that they listen there. At the next try they are told.
    pub(super) async fn watch_all(
        &mut self,
        user: UserId,
        session: SessionKey,
        places: &[(ConversationId, Seq)],
    ) -> Result<(), StoreError> {
        let was_here = self.arrived.contains(&user);
        for (conversation, head) in places {
            // They are told no counts of less than they know.
            if self.rooms.get(conversation).is_some_and(|room| room.head < *head) {
                self.rooms.remove(conversation);
            }
            let is_new = !self.places.get(&user).is_some_and(|known| known.contains(conversation));
            if was_here && is_new {
                self.tell_added(user, *conversation, session).await?;
            }
            self.watch(user, *conversation, *head);
        }
        if self.online.contains_key(&user) {
            self.arrived.insert(user);
        }
        Ok(())
    }

    /// Somebody who is a member listens here, if they are connected; all up to that event they know,
    /// or ask for.
    fn watch(&mut self, user: UserId, conversation: ConversationId, delivered: Seq) {
        let Some(nodes) = &self.nodes else { return };
        if !self.online.contains_key(&user) || !self.places.entry(user).or_default().insert(conversation) {
            return;
        }
        match self.watched.get_mut(&conversation) {
            Some(watched) => watched.people += 1,
            None => {
                self.watched.insert(conversation, Watched { delivered, people: 1 });
                nodes.want(conversation);
            }
        }
    }

    /// Somebody is not connected any more.
    pub(super) fn unwatch_all(&mut self, user: UserId) {
        self.arrived.remove(&user);
        for conversation in self.places.remove(&user).unwrap_or_default() {
            self.one_less(conversation);
        }
    }

    /// Somebody is no member any more.
    fn unwatch(&mut self, user: UserId, conversation: ConversationId) {
        if self.places.get_mut(&user).is_some_and(|places| places.remove(&conversation)) {
            self.one_less(conversation);
        }
    }

    fn one_less(&mut self, conversation: ConversationId) {
        let Some(watched) = self.watched.get_mut(&conversation) else { return };
        watched.people = watched.people.saturating_sub(1);
        if watched.people == 0 {
            self.watched.remove(&conversation);
            // Nobody tells of it any more, so it would grow old.
            self.rooms.remove(&conversation);
            if let Some(nodes) = &self.nodes {
                nodes.unwant(conversation);
            }
        }
    }

    /// Tells the other nodes what a turn did, and makes sure that nothing before it is missing here.
    pub(super) async fn share(&mut self, jobs: &[Job], outcomes: &[Outcome], committed: &Committed) {
        if self.nodes.is_none() {
            return;
        }
        let events: Vec<&Event> = outcomes
            .iter()
            .filter_map(|outcome| match outcome {
                Outcome::Happened(event) | Outcome::Began { event, .. } => Some(event),
                _ => None,
            })
            .collect();
        for rebased in &committed.rebased {
            self.tell_first(rebased).await;
        }
        self.share_events(&events, committed).await;
        let Some(nodes) = &self.nodes else { return };
        for (job, outcome) in jobs.iter().zip(outcomes) {
            let user = job.actor.person.id;
            match outcome {
                Outcome::Began { members, event } => {
                    let added = Added { conversation: event.conversation, users: members.clone() };
                    nodes.keep(&News::Added(added));
                }
                Outcome::Read => {
                    let inbox = committed.inboxes.contains(&user);
                    if let Some(read) = self.read_of(user, job.conversation, inbox) {
                        nodes.pass_within(job.conversation, &News::Read(read));
                    }
                }
                _ => {}
            }
        }
    }

    /// As [`share`](Self::share), of events alone.
    pub(super) async fn share_events(&mut self, events: &[&Event], committed: &Committed) {
        let Some(nodes) = self.nodes.clone() else { return };
        let mut places: BTreeMap<ConversationId, Vec<&Event>> = BTreeMap::new();
        for event in events {
            places.entry(event.conversation).or_default().push(event);
        }
        for (conversation, events) in places {
            if nodes.is_well()
                && let Some(turn) = turn(conversation, &events, committed)
            {
                nodes.publish(conversation, &News::Turn(turn));
            }
            for event in &events {
                tell_of_members(&nodes, event);
            }
            if events.iter().any(|event| takes_away(event)) && !committed.inboxes.is_empty() {
                let users = committed.inboxes.iter().copied().collect();
                nodes.pass(&News::Inboxes(Inboxes { conversation, users }));
            }
            self.before_own(conversation, &events).await;
        }
    }

    /// Own events are about to be told here: what others wrote before them is told first.
    async fn before_own(&mut self, conversation: ConversationId, events: &[&Event]) {
        let (Some(first), Some(last)) = (events.first(), events.last()) else { return };
        for event in events {
            // Whoever comes in hears this as the first thing.
            self.let_in(event, Seq(event.seq.0.saturating_sub(1)));
            self.let_go(event);
        }
        let delivered = self.watched.get(&conversation).map(|watched| watched.delivered);
        if delivered.is_some_and(|delivered| delivered.0 + 1 < first.seq.0) {
            self.heal(conversation, Some(Seq(first.seq.0 - 1))).await;
        }
        // Where those before cannot be read, these wait with them for the next look.
        if let Some(watched) = self.watched.get_mut(&conversation)
            && watched.delivered.0 + 1 >= first.seq.0
        {
            watched.delivered = watched.delivered.max(last.seq);
        }
    }

    /// Whether this event, which happened here, is told with those before it at the next look.
    pub(super) fn waits(&self, event: &Event) -> bool {
        self.watched.get(&event.conversation).is_some_and(|watched| watched.delivered < event.seq)
    }

    /// Notes who listens in a conversation since this, which happened here. Who comes in elsewhere is
    /// told by [`hear_added`](Self::hear_added).
    fn let_in(&mut self, event: &Event, delivered: Seq) {
        match &event.what {
            EventKind::Created { .. } => {
                let Some(room) = self.rooms.get(&event.conversation) else { return };
                let members: Vec<UserId> = room.members.keys().copied().collect();
                for member in members {
                    self.watch(member, event.conversation, delivered);
                }
            }
            EventKind::Joined => self.watch(event.author.id, event.conversation, delivered),
            _ => {}
        }
    }

    /// Notes who does not listen in a conversation any more. They are told of it all the same: that goes by
    /// the members.
    fn let_go(&mut self, event: &Event) {
        if let Some(user) = gone(event) {
            self.unwatch(user, event.conversation);
        }
    }

    /// Another node tells something.
    pub(super) async fn hear(&mut self, news: News) {
        match news {
            News::Turn(turn) => self.hear_turn(turn).await,
            News::Moved(place) => self.heal(place.conversation, None).await,
            News::Read(read) => self.hear_read(&read).await,
            News::Typing(typing) => self.hear_typing(typing).await,
            News::Invited(Invited { conversation, user }) => {
                self.tell_invited(user, conversation, SessionKey::SERVER).await;
            }
            News::Inboxes(Inboxes { users, .. }) => self.tell_inboxes_of(users).await,
            // What concerns no conversation does not come here.
            _ => {}
        }
    }

    /// The store has events up to this one.
    pub(super) async fn hear_moved(&mut self, conversation: ConversationId, seq: Seq) {
        if self.watched.get(&conversation).is_some_and(|watched| watched.delivered < seq) {
            self.heal(conversation, None).await;
        }
    }

    async fn hear_turn(&mut self, turn: Turn) {
        let conversation = turn.conversation;
        let notices: Vec<Notice> = turn
            .notices
            .iter()
            .map(|(user, seq, reason)| Notice { user: *user, conversation, seq: *seq, reason: *reason })
            .collect();
        let mut new = Vec::new();
        for frame in &turn.frames {
            // What those before lead to is told, also where nobody listens any more after them.
            let Some(delivered) = self.watched.get(&conversation).map(|watched| watched.delivered) else {
                break;
            };
            let event = match serde_json::from_str::<EventFrame>(frame.get()) {
                Ok(EventFrame { payload }) => payload,
                Err(cause) => {
                    debug!(%cause, "an event of another node cannot be read; the store has it");
                    self.heal(conversation, None).await;
                    break;
                }
            };
            if event.seq <= delivered {
                continue;
            }
            if event.seq.0 > delivered.0 + 1 {
                self.heal(conversation, None).await;
                continue;
            }
            if let Err(cause) = self.take_over(&event, &notices).await {
                warn!(%cause, "cannot load a conversation; its events are told later");
                break;
            }
            self.deliver_foreign(&event, frame.get().to_owned());
            new.push(event);
        }
        if new.is_empty() {
            return;
        }
        if turn.recounted {
            let recounted = Committed { recounted: vec![conversation], ..Committed::default() };
            let stale = self.recount(&recounted).await;
            self.forget(&stale);
        }
        let is_new = |notice: &&Notice| new.iter().any(|event| event.seq == notice.seq);
        let notices: Vec<Notice> = notices.iter().filter(is_new).copied().collect();
        self.tell_called(self.called_by(new.iter(), &notices));
        self.tell_thread_states(&turn.threads);
        self.tell_inboxes_of(notices.iter().map(|notice| notice.user).collect()).await;
    }

    /// Brings the conversation in memory up to this event, which the store has.
    async fn take_over(&mut self, event: &Event, notices: &[Notice]) -> Result<(), StoreError> {
        let conversation = event.conversation;
        if let Some(room) = self.rooms.get_mut(&conversation) {
            if room.head.0 + 1 == event.seq.0 {
                room.apply(&Change::Event(event.clone()));
                let mine = notices.iter().filter(|notice| notice.seq == event.seq && notice.reason.is_call());
                let called = mine.map(|notice| (notice.user, notice.reason)).collect();
                room.count_calls(&Hearing { called, ..Hearing::default() });
            } else if room.head < event.seq {
                self.rooms.remove(&conversation);
            }
        }
        self.load(conversation).await
    }

    /// Tells the members here of an event of another node.
    fn deliver_foreign(&mut self, event: &Event, frame: String) {
        let conversation = event.conversation;
        self.tell_gone(event, SessionKey::SERVER);
        self.give(conversation, frame);
        if let Some(watched) = self.watched.get_mut(&conversation) {
            watched.delivered = watched.delivered.max(event.seq);
        }
        self.let_go(event);
    }

    /// Tells the members here what the store has beyond what they were told, up to this event.
    pub(super) async fn heal(&mut self, conversation: ConversationId, upto: Option<Seq>) {
        let Some(begin) = self.watched.get(&conversation).map(|watched| watched.delivered) else { return };
        match self.tell_from_store(conversation, begin, upto).await {
            Ok(healed) => {
                if healed > 0 {
                    debug!(%conversation, healed, "events of other nodes were read from the store");
                    metrics().bus_healed.add(healed);
                }
            }
            // The next look tries again, from where this came to.
            Err(cause) => warn!(%cause, "cannot read what other nodes wrote; tried again"),
        }
    }

    pub(super) async fn tell_from_store(
        &mut self,
        conversation: ConversationId,
        begin: Seq,
        upto: Option<Seq>,
    ) -> Result<usize, StoreError> {
        let upto = upto.unwrap_or(Seq(u64::MAX));
        let (mut after, mut healed) = (begin, 0);
        while after < upto {
            let mut events = self.store.log_after(conversation, after, PAGE).await?;
            events.retain(|event| event.seq <= upto);
            let Some(last) = events.last().map(|event| event.seq) else { break };
            if self.rooms.get(&conversation).is_some_and(|room| room.head < last) {
                self.rooms.remove(&conversation);
            }
            self.load(conversation).await?;
            let notices = self.store.notices(conversation, after, last).await?;
            self.tell_all(&events, &notices).await?;
            healed += events.len();
            after = last;
        }
        Ok(healed)
    }

    /// Tells the members here of events of other nodes, and what they lead to for single people.
    pub(super) async fn tell_all(&mut self, events: &[Event], notices: &[Notice]) -> Result<(), StoreError> {
        for event in events {
            self.deliver_foreign(event, ServerFrame::encode_push(&Push::Event(event.clone())));
        }
        self.tell_called(self.called_by(events.iter(), notices));
        self.tell_healed_threads(events, notices).await?;
        self.tell_inboxes_of(notices.iter().map(|notice| notice.user).collect()).await;
        Ok(())
    }

    /// How those who hear of messages in threads, and who wrote them, stand to those threads.
    async fn tell_healed_threads(&self, events: &[Event], notices: &[Notice]) -> Result<(), StoreError> {
        let mut states = BTreeSet::new();
        for event in events {
            let Some(root) = event.message().and_then(|message| message.thread) else { continue };
            let hear = notices.iter().filter(|notice| notice.seq == event.seq).map(|notice| notice.user);
            let here = hear.chain([event.author.id]).filter(|user| self.online.contains_key(user));
            states.extend(here.map(|user| (user, event.conversation, root)));
        }
        for (user, conversation, root) in states {
            let state = self.store.thread_state(user, conversation, root).await?;
            self.tell_thread_states(&[(user, state)]);
        }
        Ok(())
    }

    async fn hear_typing(&mut self, Typing { conversation, user, active }: Typing) {
        if self.watched.contains_key(&conversation) && self.load(conversation).await.is_ok() {
            self.tell_typing(conversation, user, active);
        }
    }

    /// People who may be connected here are members since.
    ///
    /// # Errors
    /// The store's: some were not told, and it is not noted that they listen. At the next try they are told.
    pub(super) async fn hear_added(&mut self, added: &Added) -> Result<(), StoreError> {
        let conversation = added.conversation;
        let is_new = |user: &UserId| {
            self.online.contains_key(user)
                && !self.places.get(user).is_some_and(|places| places.contains(&conversation))
        };
        let here: Vec<UserId> = added.users.iter().copied().filter(is_new).collect();
        if here.is_empty() {
            return Ok(());
        }
        let knows = |room: &Room| here.iter().all(|user| room.members.contains_key(user));
        if !self.watched.contains_key(&conversation) || !self.rooms.get(&conversation).is_some_and(knows) {
            self.rooms.remove(&conversation);
        }
        self.load(conversation).await?;
        for user in here {
            let room = self.rooms.get(&conversation).filter(|room| room.members.contains_key(&user));
            let Some(head) = room.map(|room| room.head) else { continue };
            // Whoever is noted as listening is not told again.
            self.tell_added(user, conversation, SessionKey::SERVER).await?;
            self.watch(user, conversation, head);
        }
        Ok(())
    }
}

/// What is told of this conversation, out of what a commit did.
fn turn(conversation: ConversationId, events: &[&Event], committed: &Committed) -> Option<Turn> {
    let frames = events
        .iter()
        .map(|event| raw(ServerFrame::encode_push(&Push::Event((*event).clone()))))
        .collect::<Option<Vec<_>>>()?;
    let notices: Vec<_> = committed
        .notices
        .iter()
        .filter(|notice| notice.conversation == conversation)
        .map(|notice| (notice.user, notice.seq, notice.reason))
        .collect();
    let threads = committed.threads.iter().filter(|(_, state)| state.conversation == conversation);
    Some(Turn {
        conversation,
        frames,
        notices,
        threads: threads.copied().collect(),
        recounted: committed.recounted.contains(&conversation),
    })
}

/// Whether this may take something out of inboxes; of whose, the commit says for all at once.
fn takes_away(event: &Event) -> bool {
    matches!(
        event.what,
        EventKind::Deleted { .. } | EventKind::Left | EventKind::Removed { .. } | EventKind::Banned { .. }
    )
}

/// Tells all nodes of those who cannot know that a conversation concerns them now.
fn tell_of_members(nodes: &Nodes, event: &Event) {
    let conversation = event.conversation;
    match &event.what {
        EventKind::Joined => nodes.keep(&News::Added(Added { conversation, users: vec![event.author.id] })),
        EventKind::Invited { user } => nodes.keep(&News::Invited(Invited { conversation, user: user.id })),
        _ => {}
    }
}
