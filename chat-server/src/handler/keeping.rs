//! What people keep for themselves: starred conversations and saved messages.

use std::sync::Arc;

use chat_proto::{Answer, ErrorCode, ListSaved, Push, SavedPage, SetSaved, SetStar, WireError, limits};

use super::inbox::read_cursor;
use super::query::{invalid, list_limit};
use super::{App, Caller, Handled, store_failed};
use crate::domain::not_found;
use crate::hub::now;
use crate::store::Saving;

impl App {
    pub(super) async fn set_star(
        self: &Arc<Self>,
        caller: &Caller,
        ask: SetStar,
    ) -> Result<Handled, WireError> {
        let user = caller.person.id;
        if !self.store.set_star(user, ask.conversation, ask.on).await.map_err(store_failed)? {
            return Err(not_found());
        }
        self.hub.tell(user, Some(caller.key), &Push::Starred(ask)).await;
        Ok(Answer::SetStar(ask).into())
    }

    pub(super) async fn set_saved(
        self: &Arc<Self>,
        caller: &Caller,
        ask: SetSaved,
    ) -> Result<Handled, WireError> {
        let user = caller.person.id;
        let SetSaved { conversation, seq, on } = ask;
        match self.store.set_saved(user, conversation, seq, on, now()).await.map_err(store_failed)? {
            Saving::Done => {
                self.hub.tell(user, Some(caller.key), &Push::Saved(ask)).await;
                Ok(Answer::SetSaved(ask).into())
            }
            Saving::NoMessage => Err(WireError::new(
                ErrorCode::NotFound,
                "There is no such message, or you are not a member where it is.",
            )),
            Saving::Full => Err(invalid(format!(
                "You keep {} messages, and no more are kept; let some go first.",
                limits::SAVED_MESSAGES
            ))),
        }
    }

    pub(super) async fn list_saved(
        self: &Arc<Self>,
        caller: &Caller,
        ask: ListSaved,
    ) -> Result<Handled, WireError> {
        let after = read_cursor(ask.cursor.as_deref())?;
        let page = self.store.saved(caller.person.id, after, list_limit(ask.limit)).await;
        let page = page.map_err(store_failed)?;
        let cursor = page.rows.last().filter(|_| page.more).map(|(_, place)| place.encode());
        let messages = page.rows.into_iter().map(|(event, _)| event).collect();
        Ok(Answer::ListSaved(SavedPage { messages, cursor }).into())
    }
}
