//! What is the person's own on the server: their inbox, how they stand to threads, and what they
//! want to be alerted to.

use chat_proto::{
    Answer, ConversationId, Dnd, Event, EventKind, InboxItem, InboxState, Notify, NotifyLevel, Reason,
    Timestamp, Welcome,
};

use super::{Now, Session};
use crate::alert::is_quiet;
use crate::update::{Alert, Update};

/// See the module.
#[derive(Default)]
pub(super) struct Personal {
    inbox: InboxState,
    dnd: Dnd,
    /// The server's clock at some moment of ours.
    clock: Option<(Timestamp, Now)>,
}

impl Personal {
    pub(super) fn set_clock(&mut self, server_time: Timestamp, now: Now) {
        self.clock = Some((server_time, now));
    }

    /// What the server's clock shows, as far as ours went on since.
    fn server_time(&self, now: Now) -> Timestamp {
        let Some((then, since)) = self.clock else { return Timestamp(0) };
        let passed = i64::try_from(now.saturating_sub(since).as_millis()).unwrap_or(i64::MAX);
        Timestamp(then.0.saturating_add(passed))
    }
}

impl Session {
    pub(super) fn personal_welcome(&mut self, welcome: &Welcome) {
        // A restored database may count from less.
        self.personal.inbox = InboxState::default();
        self.inbox_stands(welcome.inbox);
        self.tell(Update::Inbox(self.personal.inbox));
        self.dnd(welcome.dnd.clone());
    }

    pub(super) fn inbox_stands(&mut self, state: InboxState) {
        let known = self.personal.inbox;
        if state.revision > known.revision {
            self.personal.inbox = state;
            if state.unread != known.unread {
                self.tell(Update::Inbox(state));
            }
        }
    }

    pub(super) fn inbox_item(&mut self, item: InboxItem, now: Now) {
        self.alert(&item.event, Some(item.reason), now);
        self.tell(Update::InboxItem(item));
    }

    pub(super) fn dnd(&mut self, dnd: Dnd) {
        self.personal.dnd = dnd.clone();
        self.tell(Update::Dnd(dnd));
    }

    pub(super) fn notify(&mut self, conversation: ConversationId, notify: Notify) {
        if let Some(replica) = self.replicas.get_mut(&conversation) {
            replica.row.notify = notify;
            self.tell_row(conversation);
        }
    }

    pub(super) fn star(&mut self, conversation: ConversationId, on: bool) {
        if let Some(replica) = self.replicas.get_mut(&conversation) {
            replica.row.starred = on;
            self.tell_row(conversation);
        }
    }

    /// Tells that a message alerts the person, if it does: as an event of the moment where every
    /// message does, as an item of the inbox where only those do. So it is told once.
    pub(super) fn alert(&mut self, event: &Event, reason: Option<Reason>, now: Now) {
        let EventKind::Message(_) = &event.what else { return };
        let Some(replica) = self.replicas.get(&event.conversation) else { return };
        let row = &replica.row;
        let at = self.personal.server_time(now);
        let level = row.notify.level.unwrap_or(NotifyLevel::usual(row.kind));
        let is_its_turn = (level == NotifyLevel::All) == reason.is_none();
        let is_new = event.author.id != self.me() && event.seq > row.read;
        let alerts = row.notify.alerts(row.kind, reason.is_some(), at);
        if is_its_turn && is_new && alerts && !is_quiet(&self.personal.dnd, at) {
            self.tell(Update::Alert(Alert { event: event.clone(), reason }));
        }
    }

    /// Takes what an answer to the interface says about the person's own things.
    pub(super) fn learn_personal(&mut self, answer: &Answer) {
        match answer {
            Answer::ListInbox(page) => self.inbox_stands(page.state),
            Answer::MarkInbox(state) => self.inbox_stands(*state),
            Answer::MarkThread(state) | Answer::FollowThread(state) => self.tell(Update::Thread(*state)),
            Answer::GetThread(page) => self.tell(Update::Thread(page.state)),
            Answer::ListThreads(list) => {
                for thread in &list.threads {
                    self.tell(Update::Thread(thread.state));
                }
            }
            Answer::SetNotify(state) => self.notify(state.conversation, state.notify),
            Answer::SetStar(state) => self.star(state.conversation, state.on),
            Answer::SetDnd(state) => self.dnd(state.dnd.clone()),
            _ => {}
        }
    }
}
