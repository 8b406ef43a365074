//! One conversation as this client holds it: its row, how far its events are held, and what is known to be
//! missing.

use chat_proto::{Call, Conversation, Event, EventKind, Message, Seq, UserId};

/// See the module.
pub(super) struct Replica {
    /// As the interface was told.
    pub(super) row: Conversation,
    /// The newest event held.
    pub(super) have: Seq,
    /// The newest event known to exist.
    pub(super) target: Seq,
    /// The newest event that came too early to be applied, since the last page: a page that was read before it
    /// can come after it.
    pub(super) early: Seq,
    pub(super) fetching: bool,
    /// A page that was asked for was refused for good, or could not be read.
    pub(super) refused: bool,
    /// Counts came without saying up to which event. Whether the next one is among them, nobody
    /// knows: the row, which says it, is then asked for.
    pub(super) blind: bool,
    /// The row is asked for when no event is missing.
    pub(super) recount: bool,
    /// How far the row had come, and was read, when it was asked for.
    asked: (Seq, Seq),
    /// Whether the server named it on this connection.
    pub(super) seen: bool,
}

impl Replica {
    pub(super) fn new(row: Conversation, have: Seq) -> Self {
        let target = row.head.max(have);
        let (early, asked) = (Seq::ZERO, (Seq::ZERO, Seq::ZERO));
        let (fetching, refused, blind, recount, seen) = (false, false, false, false, false);
        Self { row, have, target, early, fetching, refused, blind, recount, asked, seen }
    }

    pub(super) fn missing(&self) -> u64 {
        self.target.0.saturating_sub(self.have.0)
    }

    /// Applies an event if it is the next one.
    pub(super) fn apply(&mut self, event: &Event, me: UserId) -> bool {
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

    /// The row is asked for now; while a mark is on its way, which the answer may know of or not.
    pub(super) fn ask_row(&mut self, is_unconfirmed: bool) {
        self.asked = (self.row.head, if is_unconfirmed { Seq::ZERO } else { self.row.read });
    }

    /// Whether a row that was asked for is of before something that happened since. A row that says less than was
    /// known when it was asked for is no such: then the server is behind by itself.
    pub(super) fn is_past(&self, row: &Conversation) -> bool {
        let (head, read) = self.asked;
        self.row.head > row.head.max(head) || self.row.read > row.read.max(read)
    }

    /// Takes the server's row, unless it is older than what was counted since.
    pub(super) fn update(&mut self, mut row: Conversation, marked: Option<Seq>) {
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
