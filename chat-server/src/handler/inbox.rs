//! The inbox, followed threads, and how the caller wants to hear of what happens.

use std::sync::Arc;

use chat_proto::{
    Answer, ConversationId, Dnd, DndState, ErrorCode, FollowThread, InboxPage, InboxState, ListInbox,
    ListThreads, MarkInbox, MarkThread, Notify, NotifyState, Push, SetDnd, SetNotify, ThreadList,
    ThreadState, Timestamp, WireError, limits,
};
use jiff::tz::TimeZone;

use super::query::{invalid, list_limit};
use super::{App, Caller, Handled, store_failed};
use crate::domain::not_found;
use crate::hub::now;
use crate::store::InboxCursor;

impl App {
    pub(super) async fn list_inbox(
        self: &Arc<Self>,
        caller: &Caller,
        ask: ListInbox,
    ) -> Result<Handled, WireError> {
        let after = read_cursor(ask.cursor.as_deref())?;
        let (page, state) = self
            .store
            .inbox(caller.person.id, ask.unread_only, after, list_limit(ask.limit))
            .await
            .map_err(store_failed)?;
        let last = page.rows.last().filter(|_| page.more).map(|item| &item.event);
        let cursor = last.map(|event| {
            InboxCursor { at: event.at, conversation: event.conversation, seq: event.seq }.encode()
        });
        Ok(Answer::ListInbox(InboxPage { items: page.rows, state, cursor }).into())
    }

    pub(super) async fn mark_inbox(
        self: &Arc<Self>,
        caller: &Caller,
        ask: MarkInbox,
    ) -> Result<Handled, WireError> {
        if ask.items.len() > limits::INBOX_MARKS {
            return Err(invalid(format!(
                "Mark at most {} messages at once, or all of them.",
                limits::INBOX_MARKS
            )));
        }
        if ask.all != ask.items.is_empty() {
            return Err(invalid("Say which messages to mark, or all, and not both."));
        }
        let items = (!ask.all).then_some(ask.items);
        let state =
            self.store.mark_inbox(caller.person.id, items, !ask.unread).await.map_err(store_failed)?;
        self.tell_inbox(caller, state).await;
        Ok(Answer::MarkInbox(state).into())
    }

    pub(super) async fn follow_thread(
        self: &Arc<Self>,
        caller: &Caller,
        ask: FollowThread,
    ) -> Result<Handled, WireError> {
        let FollowThread { conversation, thread, on } = ask;
        let followed = self.store.follow_thread(caller.person.id, conversation, thread, on).await;
        let state = followed.map_err(store_failed)?.ok_or_else(no_thread)?;
        self.tell_thread(caller, state).await;
        Ok(Answer::FollowThread(state).into())
    }

    pub(super) async fn mark_thread(
        self: &Arc<Self>,
        caller: &Caller,
        ask: MarkThread,
    ) -> Result<Handled, WireError> {
        let MarkThread { conversation, thread, seq } = ask;
        let user = caller.person.id;
        let marked = self.store.mark_thread(user, conversation, thread, seq).await.map_err(store_failed)?;
        let (state, inbox_changed) = marked.ok_or_else(no_thread)?;
        self.tell_thread(caller, state).await;
        if inbox_changed {
            let states = self.store.inbox_states(vec![user]).await.map_err(store_failed)?;
            for (_, state) in states {
                // All devices, the asking one too: what it asked for was the thread.
                self.hub.tell(user, None, &Push::InboxChanged(state)).await;
            }
        }
        Ok(Answer::MarkThread(state).into())
    }

    pub(super) async fn list_threads(
        self: &Arc<Self>,
        caller: &Caller,
        ask: ListThreads,
    ) -> Result<Handled, WireError> {
        let after = read_cursor(ask.cursor.as_deref())?;
        let page = self
            .store
            .followed_threads(caller.person.id, ask.unread_only, after, list_limit(ask.limit))
            .await
            .map_err(store_failed)?;
        let cursor = page.rows.last().filter(|_| page.more).map(|(_, cursor)| cursor.encode());
        let threads = page.rows.into_iter().map(|(thread, _)| thread).collect();
        Ok(Answer::ListThreads(ThreadList { threads, cursor }).into())
    }

    pub(super) async fn set_notify(
        self: &Arc<Self>,
        caller: &Caller,
        ask: SetNotify,
    ) -> Result<Handled, WireError> {
        let SetNotify { conversation, level, mute_s } = ask;
        let notify = Notify { level, muted_until: mute_s.map(later).transpose()? };
        let user = caller.person.id;
        if !self.store.set_notify(user, conversation, notify).await.map_err(store_failed)? {
            return Err(not_found());
        }
        let state = NotifyState { conversation, notify };
        self.hub.tell(user, Some(caller.key), &Push::Notify(state)).await;
        Ok(Answer::SetNotify(state).into())
    }

    pub(super) async fn set_dnd(
        self: &Arc<Self>,
        caller: &Caller,
        ask: SetDnd,
    ) -> Result<Handled, WireError> {
        if let Some(schedule) = &ask.schedule {
            let mut days = schedule.days.clone();
            days.sort_unstable();
            days.dedup();
            if days.len() != schedule.days.len() {
                return Err(invalid("A day of the week is there twice."));
            }
            if TimeZone::get(schedule.zone.as_str()).is_err() {
                let zone = schedule.zone.as_str();
                return Err(invalid(format!("There is no time zone {zone}; name one like Europe/Berlin.")));
            }
        }
        let dnd = Dnd { until: ask.for_s.map(later).transpose()?, schedule: ask.schedule };
        let user = caller.person.id;
        self.store.set_dnd(user, dnd.clone()).await.map_err(store_failed)?;
        let state = DndState { dnd };
        self.hub.tell(user, Some(caller.key), &Push::Dnd(state.clone())).await;
        Ok(Answer::SetDnd(state).into())
    }

    /// Tells the caller's other devices that they declined an invitation.
    pub(super) async fn tell_declined(&self, caller: &Caller, conversation: ConversationId) {
        let removed = Push::InvitationRemoved { conversation };
        self.hub.tell(caller.person.id, Some(caller.key), &removed).await;
    }

    async fn tell_inbox(&self, caller: &Caller, state: InboxState) {
        self.hub.tell(caller.person.id, Some(caller.key), &Push::InboxChanged(state)).await;
    }

    async fn tell_thread(&self, caller: &Caller, state: ThreadState) {
        self.hub.tell(caller.person.id, Some(caller.key), &Push::Thread(state)).await;
    }
}

/// So many seconds from now.
fn later(seconds: u64) -> Result<Timestamp, WireError> {
    if !(1..=limits::MUTE_S).contains(&seconds) {
        return Err(invalid("Give a time between a second and a year."));
    }
    Ok(Timestamp(now().0.saturating_add(i64::try_from(seconds * 1_000).unwrap_or(i64::MAX))))
}

pub(super) fn read_cursor(cursor: Option<&str>) -> Result<Option<InboxCursor>, WireError> {
    let Some(text) = cursor else { return Ok(None) };
    InboxCursor::decode(text).map(Some).ok_or_else(|| invalid("This cursor is not one that the server gave."))
}

fn no_thread() -> WireError {
    WireError::new(ErrorCode::NotFound, "There is no such thread, or you are not a member where it is.")
}
