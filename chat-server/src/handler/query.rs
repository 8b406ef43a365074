//! Reads: straight from the store, which answers members only.

use std::collections::HashSet;
use std::sync::Arc;

use chat_proto::{
    Answer, ConversationPage, ErrorCode, Event, EventKind, GetConversation, GetHistory, GetThread,
    HistoryPage, ListConversations, ListMembers, ListPeople, ListPins, ListRooms, ListVersions, MemberPage,
    Messages, Missed, PeoplePage, Presence, PresenceList, PresenceState, Resume, Resumed, Role, RoomPage,
    Seq, ThreadPage, Versions, WatchPresence, WireError, limits,
};

use super::{App, Caller, Handled, store_failed};
use crate::domain::not_found;
use crate::hub::now;
use crate::metrics::{ResumeResult, metrics};
use crate::store::{ActivityCursor, Anchor};

impl App {
    pub(super) async fn resume(self: &Arc<Self>, caller: &Caller, ask: Resume) -> Result<Handled, WireError> {
        if ask.conversations.len() > limits::RESUME_CONVERSATIONS {
            return Err(invalid(format!(
                "A resume states at most {} conversations; state the most recent ones.",
                limits::RESUME_CONVERSATIONS
            )));
        }
        if ask.epoch != self.store.epoch() {
            metrics().resumes.add(ResumeResult::Resync, ask.conversations.len().max(1));
            let other = Resumed { same_epoch: false, resumed: Vec::new(), gone: Vec::new() };
            return Ok(Answer::Resume(other).into());
        }
        let (resumed, gone) =
            self.store.missed(caller.person.id, ask.conversations).await.map_err(store_failed)?;
        let whole = |missed: &&Missed| missed.events.last().is_some_and(|last| last.seq >= missed.head);
        let inline = resumed.iter().filter(whole).count();
        metrics().resumes.add(ResumeResult::Inline, inline);
        metrics().resumes.add(ResumeResult::Gap, resumed.len() - inline);
        Ok(Answer::Resume(Resumed { same_epoch: true, resumed, gone }).into())
    }

    pub(super) async fn list_conversations(
        self: &Arc<Self>,
        caller: &Caller,
        ask: ListConversations,
    ) -> Result<Handled, WireError> {
        let after = match ask.cursor.as_deref().map(ActivityCursor::decode) {
            None => None,
            Some(Some(cursor)) => Some(cursor),
            Some(None) => return Err(invalid("This cursor is not one that the server gave.")),
        };
        let page = self
            .store
            .conversations(caller.person.id, after, list_limit(ask.limit))
            .await
            .map_err(store_failed)?;
        let cursor = page.rows.last().filter(|_| page.more).map(|last| ActivityCursor::at(last).encode());
        let conversations = page.rows.into_iter().map(|row| caller.shown(row)).collect();
        Ok(Answer::ListConversations(ConversationPage { conversations, cursor }).into())
    }

    pub(super) async fn get_conversation(
        self: &Arc<Self>,
        caller: &Caller,
        ask: GetConversation,
    ) -> Result<Handled, WireError> {
        let found =
            self.store.conversation(caller.person.id, ask.conversation).await.map_err(store_failed)?;
        Ok(Answer::GetConversation(caller.shown(found.ok_or_else(not_found)?)).into())
    }

    pub(super) async fn list_rooms(
        self: &Arc<Self>,
        caller: &Caller,
        ask: ListRooms,
    ) -> Result<Handled, WireError> {
        let query = checked_query(ask.query)?;
        let page = self
            .store
            .rooms(caller.person.id, caller.role == Role::Guest, query, ask.after, list_limit(ask.limit))
            .await
            .map_err(store_failed)?;
        Ok(Answer::ListRooms(RoomPage { rooms: page.rows, more: page.more }).into())
    }

    pub(super) async fn list_members(
        self: &Arc<Self>,
        caller: &Caller,
        ask: ListMembers,
    ) -> Result<Handled, WireError> {
        let page = self
            .store
            .members(caller.person.id, ask.conversation, ask.after, list_limit(ask.limit), now())
            .await
            .map_err(store_failed)?
            .ok_or_else(not_found)?;
        Ok(Answer::ListMembers(MemberPage { members: page.rows, more: page.more }).into())
    }

    pub(super) async fn list_people(
        self: &Arc<Self>,
        caller: &Caller,
        ask: ListPeople,
    ) -> Result<Handled, WireError> {
        let query = checked_query(ask.query)?;
        let shared_with = (caller.role == Role::Guest).then_some(caller.person.id);
        let page = self
            .store
            .people(shared_with, query, ask.after, list_limit(ask.limit), now())
            .await
            .map_err(store_failed)?;
        Ok(Answer::ListPeople(PeoplePage { people: page.rows, more: page.more }).into())
    }

    pub(super) async fn get_history(
        self: &Arc<Self>,
        caller: &Caller,
        ask: GetHistory,
    ) -> Result<Handled, WireError> {
        let anchor = match (ask.before, ask.after, ask.around) {
            (None, None, None) => Anchor::Newest,
            (Some(seq), None, None) => Anchor::Before(seq),
            (None, Some(seq), None) => Anchor::After(seq),
            (None, None, Some(seq)) => Anchor::Around(seq),
            _ => return Err(invalid("Give at most one of before, after and around.")),
        };
        let limit = ask.limit.unwrap_or(limits::HISTORY_PAGE_DEFAULT).clamp(1, limits::HISTORY_PAGE);
        let page = self
            .store
            .history(caller.person.id, ask.conversation, anchor, limit)
            .await
            .map_err(store_failed)?
            .ok_or_else(not_found)?;
        let first = page.events.first().map(|event| event.seq);
        let last = page.events.last().map(|event| event.seq);
        Ok(Answer::GetHistory(HistoryPage {
            conversation: ask.conversation,
            // An empty page after the end, or before the beginning, still says what lies beyond.
            more_before: first.map_or(matches!(anchor, Anchor::After(_)), |seq| seq > Seq(1)),
            more_after: last.map_or(matches!(anchor, Anchor::Before(_)), |seq| seq < page.head),
            events: page.events,
            head: page.head,
        })
        .into())
    }

    pub(super) async fn list_pins(
        self: &Arc<Self>,
        caller: &Caller,
        ask: ListPins,
    ) -> Result<Handled, WireError> {
        let pins = self.store.pins(caller.person.id, ask.conversation).await.map_err(store_failed)?;
        let events = pins.ok_or_else(not_found)?;
        Ok(Answer::ListPins(Messages { conversation: ask.conversation, events }).into())
    }

    pub(super) async fn list_versions(
        self: &Arc<Self>,
        caller: &Caller,
        ask: ListVersions,
    ) -> Result<Handled, WireError> {
        let ListVersions { conversation, seq } = ask;
        let found = self.store.versions(caller.person.id, conversation, seq).await.map_err(store_failed)?;
        let versions = found.ok_or_else(not_found)?;
        Ok(Answer::ListVersions(Versions { conversation, seq, versions }).into())
    }

    pub(super) async fn get_thread(
        self: &Arc<Self>,
        caller: &Caller,
        ask: GetThread,
    ) -> Result<Handled, WireError> {
        let GetThread { conversation, thread, .. } = ask;
        let user = caller.person.id;
        let root = self.store.event_for(user, conversation, thread).await.map_err(store_failed)?;
        let is_root = |event: &Event| match &event.what {
            EventKind::Message(_) => true,
            EventKind::Tombstone(tombstone) => tombstone.edit_of.is_none(),
            _ => false,
        };
        let root = root.filter(is_root).ok_or_else(not_found)?;
        let limit = ask.limit.unwrap_or(limits::HISTORY_PAGE_DEFAULT).clamp(1, limits::HISTORY_PAGE);
        let after = ask.after.unwrap_or(Seq::ZERO);
        let page = self.store.thread(user, conversation, thread, after, limit).await.map_err(store_failed)?;
        let page = page.ok_or_else(not_found)?;
        let state = self.store.thread_state(user, conversation, thread).await.map_err(store_failed)?;
        let (events, more) = (page.rows, page.more);
        Ok(Answer::GetThread(ThreadPage { conversation, root, events, more, state }).into())
    }

    pub(super) async fn watch_presence(
        self: &Arc<Self>,
        caller: &Caller,
        ask: WatchPresence,
    ) -> Result<Handled, WireError> {
        if ask.users.len() > limits::WATCHED_PEOPLE {
            return Err(invalid(format!("Watch at most {} people.", limits::WATCHED_PEOPLE)));
        }
        let visible =
            self.store.visible_people(caller.person.id, ask.users.clone()).await.map_err(store_failed)?;
        // Strangers and people who do not exist look alike: offline, for ever.
        let mut hidden: HashSet<_> = ask.users.into_iter().collect();
        hidden.retain(|user| !visible.contains_key(user));
        let profiles =
            self.store.cards(visible.keys().copied().collect(), now()).await.map_err(store_failed)?;
        let mut presences = self.hub.presence().watch(caller.key, visible).await;
        presences.extend(hidden.into_iter().map(|user| Presence {
            user,
            state: PresenceState::Offline,
            last_seen: None,
        }));
        Ok(Answer::WatchPresence(PresenceList { presences, profiles }).into())
    }
}

pub(super) fn list_limit(asked: Option<u32>) -> u32 {
    asked.unwrap_or(limits::LIST_PAGE).clamp(1, limits::LIST_PAGE)
}

pub(super) fn checked_query(query: Option<String>) -> Result<Option<String>, WireError> {
    match query {
        Some(text) if text.chars().nth(limits::QUERY_CHARS).is_some() => {
            Err(invalid(format!("Search for at most {} characters.", limits::QUERY_CHARS)))
        }
        query => Ok(query),
    }
}

pub(super) fn invalid(message: impl Into<String>) -> WireError {
    WireError::new(ErrorCode::Invalid, message)
}
