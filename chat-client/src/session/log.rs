//! The conversations as this client holds them: rows, positions, gaps and their filling.
//!
//! Each conversation has a stretch of events that ends at `have`. An event that follows it is
//! applied; one that is held already is ignored; one beyond it is dropped, because the pages that
//! are then asked for bring it again.

use chat_proto::{
    Answer, Call, Conversation, ConversationId, ConversationPage, Event, EventKind, GetHistory, HistoryPage,
    Message, ReadState, Resumed, Seq, UserId,
};
use std::collections::HashMap;

use super::{LISTED_CONVERSATIONS, Now, Purpose, Session};
use crate::cache::{Batch, Change};
use crate::update::Update;

/// More missed events than this are not fetched: the held ones are given up, and the newest page
/// is read when somebody looks.
pub(super) const MAX_MISSED: u64 = 2_000;

/// Unknown conversations that are asked for at once; a server that names more is not sane.
const UNKNOWN_ROWS: usize = 64;

/// One conversation.
pub(super) struct Replica {
    /// As the interface was told.
    pub(super) row: Conversation,
    /// The newest event held.
    pub(super) have: Seq,
    /// The newest event known to exist.
    target: Seq,
    /// The newest event that came too early to be applied, since the last page: a page that was read before it
    /// can come after it.
    early: Seq,
    fetching: bool,
    /// Counts came without saying up to which event. Whether the next one is among them, nobody
    /// knows: the row, which says it, is then asked for.
    blind: bool,
    /// The row is asked for when no event is missing.
    recount: bool,
    /// Whether the server named it on this connection.
    seen: bool,
}

impl Replica {
    fn new(row: Conversation, have: Seq) -> Self {
        let target = row.head.max(have);
        let (fetching, blind, recount, seen) = (false, false, false, false);
        Self { row, have, target, early: Seq::ZERO, fetching, blind, recount, seen }
    }

    fn missing(&self) -> u64 {
        self.target.0.saturating_sub(self.have.0)
    }

    /// Applies an event if it is the next one.
    fn apply(&mut self, event: &Event, me: UserId) -> bool {
        self.target = self.target.max(event.seq);
        if event.seq != self.have.next() {
            self.early = self.early.max(event.seq);
            return false;
        }
        self.have = event.seq;
        // Rows may be ahead of the events; what they counted already is not counted again.
        if event.seq > self.row.head {
            self.count(event, me);
            self.recount |= std::mem::take(&mut self.blind);
        }
        true
    }

    fn count(&mut self, event: &Event, me: UserId) {
        let row = &mut self.row;
        row.head = event.seq;
        // What ends is no news.
        if !matches!(event.what, EventKind::Deleted { .. }) {
            // As the server has it, also when its clock went back: it orders the list by this.
            row.active_at = event.at;
        }
        match &event.what {
            EventKind::Message(message) => self.count_message(event, message, me),
            // Deleted before it came here. The server has counted it, and what it was is not said.
            EventKind::Tombstone(_) => self.recount = true,
            EventKind::Topic { topic } => row.topic = topic.clone(),
            EventKind::Renamed { name } => row.name = Some(name.clone()),
            EventKind::Described { description } => row.description = description.clone(),
            EventKind::Rules { rules } => row.rules = *rules,
            EventKind::Role { user, role } if user.id == me => row.role = *role,
            EventKind::Joined => row.members = row.members.saturating_add(1),
            EventKind::Edited { .. } | EventKind::Reaction { .. } | EventKind::Pinned { .. } => {
                self.change_preview(event)
            }
            EventKind::Deleted { target } => {
                // What is gone is not unread; whether it was, the server knows.
                self.recount |= *target > row.read;
                self.change_preview(event);
            }
            EventKind::Left | EventKind::Removed { .. } | EventKind::Banned { removed: true, .. } => {
                row.members = row.members.saturating_sub(1);
            }
            EventKind::Created { .. }
            | EventKind::Role { .. }
            | EventKind::Invited { .. }
            | EventKind::Banned { .. }
            | EventKind::Unbanned { .. }
            | EventKind::Muted { .. }
            | EventKind::Unmuted { .. }
            | EventKind::Unknown => {}
        }
    }

    /// The messages of a thread are unread there, not in the main line; who is called by name is
    /// called everywhere.
    fn count_message(&mut self, event: &Event, message: &Message, me: UserId) {
        if event.author.id != me && event.seq > self.row.read {
            self.row.unread += u64::from(message.thread.is_none());
            self.row.mentions += u64::from(event.mentions(me) || message.call == Some(Call::Room));
            // Whether one was there when it was written, the server knows.
            self.recount |= message.call == Some(Call::Here) && !event.mentions(me);
        }
        // Whom it called when it was written, which is what counts, an edited one does not tell.
        self.recount |= message.edited.is_some();
        match message.thread {
            None => self.row.last_message = Some(event.clone()),
            Some(_) => self.change_preview(event),
        }
    }

    /// Brings the newest message up to date; which one is the newest after it, the server knows.
    fn change_preview(&mut self, event: &Event) {
        let Some(last) = &mut self.row.last_message else { return };
        last.apply(event);
        if matches!(last.what, EventKind::Tombstone(_)) {
            self.row.last_message = None;
            self.recount = true;
        }
    }

    /// Takes the server's row, unless it is older than what was counted since.
    fn update(&mut self, mut row: Conversation, marked: Option<Seq>) {
        self.target = self.target.max(row.head);
        if row.head < self.row.head {
            self.row.others_read = self.row.others_read.max(row.others_read);
            self.blind = self.row.unread > 0 || self.row.mentions > 0;
            return;
        }
        self.blind = false;
        row.others_read = row.others_read.max(self.row.others_read);
        self.row = row;
        if let Some(marked) = marked {
            self.mark(marked);
        }
    }

    /// Moves the own mark; what is left unread is known at once only at the end.
    pub(super) fn mark(&mut self, seq: Seq) {
        self.row.read = self.row.read.max(seq);
        if seq >= self.row.head {
            (self.row.unread, self.row.mentions) = (0, 0);
        }
    }
}

impl Session {
    /// Takes what the disk knew.
    pub(super) fn know(
        &mut self,
        conversations: Vec<Conversation>,
        positions: &HashMap<ConversationId, Seq>,
    ) {
        for mut row in conversations {
            let have = positions.get(&row.id).copied().unwrap_or(row.head);
            if let Some(marked) = self.marks.wanted(row.id) {
                row.read = row.read.max(marked);
            }
            self.replicas.insert(row.id, Replica::new(row, have));
        }
        let rows: Vec<Conversation> = self.replicas.values().map(|replica| replica.row.clone()).collect();
        if !rows.is_empty() {
            self.tell(Update::Conversations(rows));
        }
    }

    /// A hello was heard: what the server names from now on is known to be there.
    pub(super) fn new_connection(&mut self) {
        for replica in self.replicas.values_mut() {
            replica.seen = false;
        }
    }

    /// Takes rows from the server. A conversation that is new to a client which knew others
    /// begins at its read mark, so that what was written meanwhile is caught up; on the first
    /// login all begin at their end.
    pub(super) fn adopt(&mut self, rows: Vec<Conversation>, catch_up: bool) {
        let mut told = Vec::with_capacity(rows.len());
        for row in rows {
            let id = row.id;
            let marked = self.marks.wanted(id);
            match self.replicas.get_mut(&id) {
                Some(replica) => replica.update(row, marked),
                None => self.begin(row, catch_up),
            }
            if let Some(replica) = self.replicas.get_mut(&id) {
                replica.seen = true;
                if replica.missing() > 0 {
                    self.gaps.insert(id);
                }
                told.push(replica.row.clone());
            }
            self.invitation_answered(id);
        }
        self.tell_rows(told);
    }

    fn begin(&mut self, row: Conversation, catch_up: bool) {
        let missed = row.head.0.saturating_sub(row.read.0);
        let have = if catch_up && missed <= MAX_MISSED { row.read.min(row.head) } else { row.head };
        self.write(Change::Begin { conversation: row.id, at: have });
        self.replicas.insert(row.id, Replica::new(row, have));
    }

    fn tell_rows(&mut self, rows: Vec<Conversation>) {
        if !rows.is_empty() {
            self.write(Change::Conversations(rows.clone()));
            self.tell(Update::Conversations(rows));
        }
    }

    pub(super) fn tell_row(&mut self, conversation: ConversationId) {
        if let Some(replica) = self.replicas.get(&conversation) {
            self.tell_rows(vec![replica.row.clone()]);
        }
    }

    /// Another epoch: no position holds any more.
    pub(super) fn forget_positions(&mut self) {
        self.epoch = None;
        self.write(Change::Forget);
        self.gaps.clear();
        let known: Vec<ConversationId> = self.replicas.drain().map(|(id, _)| id).collect();
        self.forgotten.extend(known.iter().copied());
        for conversation in known {
            self.tell(Update::Reset(conversation));
        }
    }

    pub(super) fn added(&mut self, row: Conversation) {
        self.adopt(vec![row], true);
    }

    pub(super) fn row(&mut self, row: Conversation) {
        self.adopt(vec![row], true);
    }

    pub(super) fn remove(&mut self, conversation: ConversationId) {
        self.gaps.remove(&conversation);
        self.rows.remove(&conversation);
        self.marks.forget(conversation);
        if self.replicas.remove(&conversation).is_some() {
            self.write(Change::Remove(conversation));
            self.tell(Update::Removed(conversation));
        }
    }

    pub(super) fn listed(&mut self, page: ConversationPage) {
        self.listed += page.conversations.len();
        let goes_on = self.listed < LISTED_CONVERSATIONS && !page.conversations.is_empty();
        let ended = page.cursor.is_none();
        self.cursor = page.cursor.filter(|_| goes_on);
        self.adopt(page.conversations, true);
        if ended {
            self.list_ended();
        }
    }

    /// All were named: those that were not are gone.
    pub(super) fn list_ended(&mut self) {
        let unseen = |replica: &&Replica| !replica.seen;
        let gone: Vec<ConversationId> = self.replicas.values().filter(unseen).map(|r| r.row.id).collect();
        for conversation in gone {
            self.remove(conversation);
        }
        for conversation in std::mem::take(&mut self.forgotten) {
            if !self.replicas.contains_key(&conversation) {
                self.tell(Update::Removed(conversation));
            }
        }
    }

    /// An event as it happens.
    pub(super) fn live(&mut self, event: Event, now: Now) {
        let conversation = event.conversation;
        let me = self.me();
        self.note_own(&event);
        match self.replicas.get_mut(&conversation) {
            Some(replica) => {
                if replica.apply(&event, me) {
                    let as_of = event.seq;
                    self.tell_events(conversation, vec![event.clone()], as_of, true);
                    self.alert(&event, None, now);
                }
                self.look_for_gap(conversation);
            }
            None if self.rows.len() < UNKNOWN_ROWS => _ = self.rows.insert(conversation),
            None => {}
        }
    }

    fn tell_events(&mut self, conversation: ConversationId, events: Vec<Event>, as_of: Seq, live: bool) {
        self.write(Change::Events(Batch { conversation, events: events.clone(), as_of }));
        self.tell(Update::Events { conversation, events, live });
        self.tell_row(conversation);
    }

    /// Applies what follows; what is held already is skipped.
    fn catch_up(&mut self, conversation: ConversationId, mut events: Vec<Event>, head: Seq) {
        let me = self.me();
        for event in &events {
            self.note_own(event);
        }
        let Some(replica) = self.replicas.get_mut(&conversation) else { return };
        replica.target = replica.target.max(head);
        events.retain(|event| replica.apply(event, me));
        if !events.is_empty() {
            self.tell_events(conversation, events, head, false);
        }
        self.look_for_gap(conversation);
    }

    fn look_for_gap(&mut self, conversation: ConversationId) {
        let Some(replica) = self.replicas.get_mut(&conversation) else { return };
        if replica.missing() > 0 {
            self.gaps.insert(conversation);
            return;
        }
        self.gaps.remove(&conversation);
        if std::mem::take(&mut replica.recount) {
            self.rows.insert(conversation);
        }
    }

    pub(super) fn resumed(&mut self, resumed: Resumed) {
        if !resumed.same_epoch {
            tracing::warn!("the server changed its epoch between hello and resume");
            let rows: Vec<Conversation> = self.replicas.values().map(|replica| replica.row.clone()).collect();
            let epoch = self.epoch;
            self.forget_positions();
            self.epoch = epoch;
            self.adopt(rows, false);
        }
        for conversation in resumed.gone {
            self.remove(conversation);
        }
        for missed in resumed.resumed {
            self.catch_up(missed.conversation, missed.events, missed.head);
        }
        self.ready();
    }

    /// A page that was asked for to fill a gap.
    pub(super) fn missed(&mut self, page: HistoryPage) {
        let conversation = page.conversation;
        let Some(replica) = self.replicas.get_mut(&conversation) else { return };
        replica.fetching = false;
        // The server knows best where the end is; a target from elsewhere must not be chased. What came
        // meanwhile is asked for once more.
        let early = std::mem::take(&mut replica.early);
        replica.target = page.head.max(replica.have).max(early);
        let before = replica.have;
        self.catch_up(conversation, page.events, page.head);
        let stuck = |replica: &Replica| replica.have == before && replica.have < page.head;
        if self.replicas.get(&conversation).is_some_and(stuck) {
            self.give_up(conversation);
        }
    }

    pub(super) fn missed_refused(&mut self, conversation: ConversationId, temporary: bool) {
        if let Some(replica) = self.replicas.get_mut(&conversation) {
            replica.fetching = false;
            if !temporary {
                // Perhaps one is no member any more; the row tells.
                self.gaps.remove(&conversation);
                self.rows.insert(conversation);
            }
        }
    }

    /// Gives up the held events, for the gap behind them will not be filled.
    fn give_up(&mut self, conversation: ConversationId) {
        self.gaps.remove(&conversation);
        let Some(replica) = self.replicas.get_mut(&conversation) else { return };
        let at = replica.target;
        replica.have = at;
        self.write(Change::Begin { conversation, at });
        self.tell(Update::Reset(conversation));
        self.rows.insert(conversation);
    }

    pub(super) fn has_unfetched_gap(&self) -> bool {
        self.gaps.iter().any(|id| self.replicas.get(id).is_some_and(|replica| !replica.fetching))
    }

    /// Asks for missed events, at most this many pages at once; returns what is left of that.
    pub(super) fn pump_gaps(&mut self, mut free: usize, now: Now) -> usize {
        let wanted: Vec<ConversationId> = self.gaps.iter().copied().collect();
        for conversation in wanted {
            let Some(replica) = self.replicas.get_mut(&conversation) else {
                self.gaps.remove(&conversation);
                continue;
            };
            if replica.missing() > MAX_MISSED && !replica.fetching {
                self.give_up(conversation);
            } else if free > 0 && !replica.fetching {
                replica.fetching = true;
                free -= 1;
                let after = Some(replica.have);
                let limit = Some(self.limits.history_page);
                let ask = GetHistory { conversation, before: None, after, around: None, limit };
                self.ask(Purpose::Missed(conversation), ask, now);
            }
        }
        free
    }

    pub(super) fn forget_fetches(&mut self) {
        for replica in self.replicas.values_mut() {
            replica.fetching = false;
        }
    }

    pub(super) fn read_by(&mut self, conversation: ConversationId, user: UserId, seq: Seq) {
        if user == self.me() {
            return;
        }
        if let Some(replica) = self.replicas.get_mut(&conversation) {
            let further = seq > replica.row.others_read;
            replica.row.others_read = replica.row.others_read.max(seq);
            self.tell(Update::Read { conversation, user, seq });
            if further {
                self.tell_row(conversation);
            }
        }
    }

    /// The own counts, from the server.
    pub(super) fn counted(&mut self, conversation: ConversationId, read: Seq, unread: u64, mentions: u64) {
        let marked = self.marks.wanted(conversation);
        let Some(replica) = self.replicas.get_mut(&conversation) else { return };
        if read < replica.row.read && marked.is_none() {
            return;
        }
        let row = &mut replica.row;
        row.read = row.read.max(read);
        (row.unread, row.mentions) = (unread, mentions);
        if let Some(marked) = marked {
            replica.mark(marked);
        }
        // With nothing unread, what is on its way was written before the mark and counts for nothing.
        // A thread that mentions one is no unread message.
        replica.blind = unread > 0 || mentions > 0;
        self.tell_row(conversation);
    }

    /// Keeps a page for the next time. What is behind the newest event held is still to be told,
    /// and kept then: else it would be taken for told after a restart.
    fn keep_page(&mut self, page: &HistoryPage) {
        let Some(replica) = self.replicas.get(&page.conversation) else { return };
        let held = |event: &&Event| event.seq <= replica.have;
        let events: Vec<Event> = page.events.iter().filter(held).cloned().collect();
        if !events.is_empty() {
            let (conversation, as_of) = (page.conversation, page.head);
            self.write(Change::Page(Batch { conversation, events, as_of }));
        }
    }

    /// Takes what an answer to the interface says about conversations.
    pub(super) fn learn(&mut self, answer: &Answer, left: Option<ConversationId>) {
        match answer {
            Answer::GetConversation(row)
            | Answer::OpenDirect(row)
            | Answer::CreateRoom(row)
            | Answer::JoinRoom(row)
            | Answer::AcceptInvitation(row) => self.adopt(vec![row.clone()], false),
            Answer::GetHistory(page) => self.keep_page(page),
            Answer::MarkRead(ReadState { conversation, read, unread, mentions }) => {
                self.counted(*conversation, *read, *unread, *mentions);
            }
            Answer::LeaveRoom(_) => {
                if let Some(conversation) = left {
                    self.remove(conversation);
                }
            }
            Answer::DeclineInvitation(_) => {
                if let Some(conversation) = left {
                    self.invitation_answered(conversation);
                }
            }
            Answer::ListInvitations(list) => self.invitations(list.invitations.clone()),
            _ => {}
        }
    }
}
