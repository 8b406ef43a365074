//! What a commit leads to for single people: their inbox, their threads, their counts.

use std::collections::{BTreeSet, HashMap};

use chat_proto::{ConversationId, Event, InboxItem, Push, Reason, Seq, ServerFrame, ThreadState, UserId};
use tracing::warn;

use super::Shard;
use super::turn::Outcome;
use crate::hub::outbox::Frame;
use crate::store::{Committed, Notice};

impl Shard {
    /// Loads the members' counts anew where a deleted message set them back; of which conversations they could
    /// not be loaded. Those are to be [forgotten](Self::forget) when what happened in them is told: until
    /// then they say whom to tell.
    #[must_use]
    pub(super) async fn recount(&mut self, committed: &Committed) -> Vec<ConversationId> {
        let mut stale = Vec::new();
        let conversations: BTreeSet<ConversationId> = committed.recounted.iter().copied().collect();
        for id in conversations {
            let Some(room) = self.rooms.get(&id) else { continue };
            let wrote_at = room.wrote_at.clone();
            match self.store.load(id).await {
                Ok(Some(mut fresh)) => {
                    fresh.wrote_at = wrote_at;
                    self.rooms.insert(id, fresh);
                }
                Ok(None) => {}
                Err(cause) => {
                    warn!(%cause, "could not count anew; the conversation is loaded at its next use");
                    stale.push(id);
                }
            }
        }
        stale
    }

    /// Has these loaded anew at their next use.
    pub(super) fn forget(&mut self, conversations: &[ConversationId]) {
        for conversation in conversations {
            self.rooms.remove(conversation);
        }
    }

    /// The news for the inboxes of those who are connected, encoded once for each reason.
    pub(super) fn called(&self, outcomes: &[Outcome], committed: &Committed) -> Vec<(UserId, Frame)> {
        if committed.notices.is_empty() {
            return Vec::new();
        }
        let happened = outcomes.iter().filter_map(|outcome| match outcome {
            Outcome::Happened(event) => Some(event),
            _ => None,
        });
        self.called_by(happened, &committed.notices)
    }

    /// As [`called`](Self::called), by these events.
    pub(super) fn called_by<'a>(
        &self,
        events: impl Iterator<Item = &'a Event>,
        notices: &[Notice],
    ) -> Vec<(UserId, Frame)> {
        let events: HashMap<_, &Event> =
            events.map(|event| ((event.conversation, event.seq), event)).collect();
        let mut frames: HashMap<(ConversationId, Seq, Reason), Frame> = HashMap::new();
        let mut called = Vec::new();
        for notice in notices.iter().filter(|notice| self.online.contains_key(&notice.user)) {
            let Some(event) = events.get(&(notice.conversation, notice.seq)) else { continue };
            let frame = frames.entry((notice.conversation, notice.seq, notice.reason)).or_insert_with(|| {
                let item = InboxItem { event: (*event).clone(), reason: notice.reason, read: false };
                ServerFrame::encode_push(&Push::InboxItem(item)).into()
            });
            called.push((notice.user, frame.clone()));
        }
        called
    }

    pub(super) fn tell_called(&self, called: Vec<(UserId, Frame)>) {
        for (user, frame) in called {
            self.tell(user, &frame);
        }
    }

    pub(super) fn tell_threads(&self, committed: &Committed) {
        self.tell_thread_states(&committed.threads);
    }

    pub(super) fn tell_thread_states(&self, states: &[(UserId, ThreadState)]) {
        for (user, state) in states {
            if self.online.contains_key(user) {
                self.tell(*user, &ServerFrame::encode_push(&Push::Thread(*state)).into());
            }
        }
    }

    /// Tells how each changed inbox of somebody connected stands now.
    pub(super) async fn tell_inboxes(&self, committed: Committed) {
        let changed: BTreeSet<UserId> = committed.inboxes.into_iter().collect();
        self.tell_inboxes_of(changed).await;
    }

    /// Tells how each of these inboxes stands now, as far as somebody is connected to hear it.
    pub(super) async fn tell_inboxes_of(&self, changed: BTreeSet<UserId>) {
        let online: Vec<UserId> = changed.into_iter().filter(|user| self.online.contains_key(user)).collect();
        if online.is_empty() {
            return;
        }
        match self.store.inbox_states(online).await {
            Ok(states) => {
                for (user, state) in states {
                    self.tell(user, &ServerFrame::encode_push(&Push::InboxChanged(state)).into());
                }
            }
            // They learn it from the next change, or at their next login.
            Err(cause) => warn!(%cause, "could not tell how inboxes stand"),
        }
    }

    fn tell(&self, user: UserId, frame: &Frame) {
        for (_, outbox) in self.sessions(user) {
            outbox.push(frame.clone());
        }
    }
}
