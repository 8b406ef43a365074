//! The conversations as this client holds them: rows, positions, gaps and their filling.
//!
//! Each conversation has a stretch of events that ends at `have`. An event that follows it is
//! applied; one that is held already is ignored; one beyond it is dropped, because the pages that
//! are then asked for bring it again.

use std::collections::HashMap;

use chat_proto::{
    Answer, Conversation, ConversationId, ConversationPage, Event, GetHistory, HistoryPage, ReadState,
    Resumed, Seq, UserId,
};

use super::replica::Replica;
use super::{LISTED_CONVERSATIONS, Now, Purpose, Session};
use crate::cache::{Batch, Change};
use crate::update::Update;

/// More missed events than this are not fetched: the held ones are given up, and the newest page
/// is read when somebody looks.
pub(super) const MAX_MISSED: u64 = 2_000;

/// Unknown conversations that are asked for at once; a server that names more is not sane.
const UNKNOWN_ROWS: usize = 64;

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
            self.forgotten.remove(&id);
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
        // Nor does what was read of another life.
        self.marks.forget_all();
        let known: Vec<ConversationId> = self.replicas.drain().map(|(id, _)| id).collect();
        self.forgotten.extend(known.iter().copied());
        for conversation in known {
            self.tell(Update::Reset(conversation));
        }
    }

    pub(super) fn added(&mut self, row: Conversation) {
        self.adopt(vec![row], true);
    }

    /// The row that is asked for next.
    pub(super) fn next_row(&mut self) -> Option<ConversationId> {
        let conversation = self.rows.pop_first()?;
        let is_unconfirmed = self.marks.wanted(conversation).is_some();
        if let Some(replica) = self.replicas.get_mut(&conversation) {
            replica.ask_row(is_unconfirmed);
        }
        Some(conversation)
    }

    /// A row that was asked for; again if it is out of date by now.
    pub(super) fn row(&mut self, row: Conversation) {
        let conversation = row.id;
        let is_unconfirmed = self.marks.wanted(conversation).is_some();
        match self.replicas.get(&conversation) {
            // A mark that is on its way holds, whatever the row says.
            Some(replica) if !is_unconfirmed && replica.is_past(&row) => _ = self.rows.insert(conversation),
            _ => self.adopt(vec![row], true),
        }
        // One is a member, and yet what is missing is not to be had.
        let is_refused =
            |replica: &mut Replica| std::mem::take(&mut replica.refused) && replica.missing() > 0;
        if self.replicas.get_mut(&conversation).is_some_and(is_refused) {
            self.give_up(conversation);
        }
    }

    pub(super) fn remove(&mut self, conversation: ConversationId) {
        self.gaps.remove(&conversation);
        self.rows.remove(&conversation);
        self.marks.forget(conversation);
        let was_held = self.replicas.remove(&conversation).is_some();
        if was_held {
            self.write(Change::Remove(conversation));
        }
        if self.forgotten.remove(&conversation) || was_held {
            self.tell(Update::Removed(conversation));
        }
    }

    pub(super) fn listed(&mut self, page: ConversationPage) {
        self.listed += page.conversations.len();
        let goes_on = self.listed < LISTED_CONVERSATIONS && !page.conversations.is_empty();
        let ended = page.cursor.is_none();
        self.cursor = page.cursor.filter(|_| goes_on);
        self.adopt(page.conversations, self.catches_up);
        if ended {
            self.list_ended();
        }
    }

    /// All were named: those that were not are gone, or rose in the list while its pages were read, which the row
    /// of each tells.
    pub(super) fn list_ended(&mut self) {
        let unseen = self.replicas.values().filter(|replica| !replica.seen).map(|replica| replica.row.id);
        self.rows.extend(unseen.chain(self.forgotten.iter().copied()));
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
                replica.refused = true;
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
