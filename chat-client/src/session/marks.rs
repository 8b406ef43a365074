//! What a client says about its person: read marks, typing, presence, and whom it watches.
//!
//! Read marks only grow, are kept while offline, and only the newest is told. Typing is told at
//! the pace of the protocol. Presence and watching are said again after every login.

use std::collections::HashMap;

use chat_proto::limits::TYPING_INTERVAL_MS;
use chat_proto::{
    ConversationId, MarkRead, PresenceState, ReadState, Seq, SetPresence, Signal, UserId, WatchPresence,
};

use super::{Now, Purpose, Session};
use crate::cache::Change;

/// Conversations whose typing is remembered; nobody writes in more at once.
const TYPED: usize = 16;

/// Read marks under way at once: somebody who marks everything as read must not use up the pace.
const MARKS_AT_ONCE: usize = 8;

/// The shortest time between two `typing` of one conversation.
const TYPING_INTERVAL: Now = Now::from_millis(TYPING_INTERVAL_MS);

/// See the module.
#[derive(Default)]
pub(super) struct Marks {
    /// Marks that the server has not confirmed.
    wanted: HashMap<ConversationId, Seq>,
    under_way: HashMap<ConversationId, Seq>,
    /// When `active` was last told, and whether it still holds.
    typed: HashMap<ConversationId, (Now, bool)>,
    watched: Vec<UserId>,
    presence: Option<PresenceState>,
}

impl Marks {
    pub(super) fn new(reads: Vec<(ConversationId, Seq)>) -> Self {
        Self { wanted: reads.into_iter().collect(), ..Self::default() }
    }

    pub(super) fn wanted(&self, conversation: ConversationId) -> Option<Seq> {
        self.wanted.get(&conversation).copied()
    }

    pub(super) fn wants(&self) -> bool {
        self.under_way.len() < MARKS_AT_ONCE && self.wanted.keys().any(|id| !self.under_way.contains_key(id))
    }

    pub(super) fn cut(&mut self) {
        self.under_way.clear();
        self.typed.clear();
    }

    pub(super) fn forget(&mut self, conversation: ConversationId) {
        self.wanted.remove(&conversation);
    }

    pub(super) fn forget_all(&mut self) {
        self.wanted.clear();
        self.under_way.clear();
    }

    /// A message was sent here, which ends "typing" for the others.
    pub(super) fn wrote(&mut self, conversation: ConversationId) {
        if let Some((_, active)) = self.typed.get_mut(&conversation) {
            *active = false;
        }
    }
}

impl Session {
    /// The person has read up to here.
    pub(crate) fn mark_read(&mut self, conversation: ConversationId, seq: Seq, now: Now) {
        let Some(replica) = self.replicas.get_mut(&conversation) else { return };
        let seq = seq.min(replica.row.head.max(replica.have));
        if seq <= replica.row.read {
            return;
        }
        replica.mark(seq);
        self.marks.wanted.insert(conversation, seq);
        self.write(Change::Read { conversation, seq });
        self.tell_row(conversation);
        self.pump(now);
    }

    pub(super) fn pump_marks(&mut self, now: Now) {
        let free = MARKS_AT_ONCE.saturating_sub(self.marks.under_way.len());
        let waits = |(id, _): &(&ConversationId, &Seq)| !self.marks.under_way.contains_key(*id);
        let next: Vec<(ConversationId, Seq)> =
            self.marks.wanted.iter().filter(waits).take(free).map(|(id, seq)| (*id, *seq)).collect();
        for (conversation, seq) in next {
            self.marks.under_way.insert(conversation, seq);
            self.ask(Purpose::Read(conversation), MarkRead { conversation, seq }, now);
        }
    }

    pub(super) fn read_told(&mut self, state: ReadState) {
        self.marks.under_way.remove(&state.conversation);
        if self.marks.wanted(state.conversation).is_some_and(|wanted| wanted <= state.read) {
            self.read_done(state.conversation, state.read);
        }
        self.counted(state.conversation, state.read, state.unread, state.mentions);
    }

    pub(super) fn read_refused(&mut self, conversation: ConversationId, temporary: bool) {
        if let Some(seq) = self.marks.under_way.remove(&conversation)
            && !temporary
        {
            self.read_done(conversation, seq);
            self.rows.insert(conversation);
        }
    }

    fn read_done(&mut self, conversation: ConversationId, seq: Seq) {
        self.marks.wanted.remove(&conversation);
        self.write(Change::ReadDone { conversation, seq });
    }

    /// The person writes, or stopped.
    pub(crate) fn typing(&mut self, conversation: ConversationId, active: bool, now: Now) {
        if !self.is_ready() {
            return;
        }
        let last = self.marks.typed.get(&conversation).copied();
        let say = match (active, last) {
            (true, Some((at, _))) => now >= at + TYPING_INTERVAL,
            (true, None) => true,
            (false, Some((_, was))) => was,
            (false, None) => false,
        };
        if !say {
            return;
        }
        if self.marks.typed.len() >= TYPED {
            self.marks.typed.retain(|_, (at, _)| now < *at + TYPING_INTERVAL);
        }
        let at = if active { now } else { last.map_or(now, |(at, _)| at) };
        self.marks.typed.insert(conversation, (at, active));
        self.send_signal(Signal::Typing { conversation, active });
    }

    /// The people on the screen.
    pub(crate) fn watch(&mut self, mut users: Vec<UserId>, now: Now) {
        users.truncate(self.limits.watched_people);
        if users == self.marks.watched {
            return;
        }
        self.marks.watched = users;
        if self.is_ready() {
            self.say_watched(now);
        }
    }

    /// Whether the person is there.
    pub(crate) fn set_presence(&mut self, state: PresenceState, now: Now) {
        if self.marks.presence == Some(state) {
            return;
        }
        self.marks.presence = Some(state);
        if self.is_ready() {
            self.ask(Purpose::State, SetPresence { state }, now);
        }
    }

    /// Says what every new connection must be told.
    pub(super) fn say_state(&mut self, now: Now) {
        if let Some(state) = self.marks.presence {
            self.ask(Purpose::State, SetPresence { state }, now);
        }
        self.say_watched(now);
    }

    /// Watches those again whom one watches.
    pub(super) fn say_watched(&mut self, now: Now) {
        if self.marks.watched.is_empty() {
            return;
        }
        let users = self.marks.watched.clone();
        self.ask(Purpose::State, WatchPresence { users }, now);
    }
}
