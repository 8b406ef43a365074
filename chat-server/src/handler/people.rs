//! What people say of themselves, whom they block, what they show; and who has read what.

use std::sync::Arc;

use chat_proto::{
    Answer, BlockList, Done, ErrorCode, GetProfile, GetReaders, Person, Profile, Push, Readers, SetBlock,
    SetPrivacy, SetProfile, WireError, limits,
};

use super::{App, Caller, Handled, carry_through, store_failed};
use crate::domain::not_found;
use crate::domain::policy::PolicyChange;
use crate::hub::now;
use crate::store::ReadBy;

impl App {
    pub(super) async fn set_profile(
        self: &Arc<Self>,
        caller: &Caller,
        ask: SetProfile,
    ) -> Result<Handled, WireError> {
        if let Some(zone) = ask.zone.as_ref().filter(|zone| !zone.is_empty())
            && jiff::tz::TimeZone::get(zone.as_str()).is_err()
        {
            let message = "There is no such time zone; write it like Europe/Zurich, as in the IANA list.";
            return Err(WireError::new(ErrorCode::Invalid, message));
        }
        let user = caller.person.id;
        let set = self.store.set_profile(user, ask, now()).await.map_err(store_failed)?;
        let profile = set.map_err(|mute| mute.muted_on_server())?.ok_or_else(not_found)?;
        let push = Push::Profile { profile: profile.clone() };
        self.hub.tell(user, None, &push).await;
        self.hub.tell_watchers(user, &push).await;
        Ok(Answer::SetProfile(profile).into())
    }

    pub(super) async fn get_profile(&self, caller: &Caller, ask: GetProfile) -> Result<Handled, WireError> {
        let Person { id, .. } = self.visible_person(caller, &ask.user).await?;
        let profile = self.store.profile(id, now()).await.map_err(store_failed)?.ok_or_else(not_found)?;
        let last_seen = self.store.last_seen(caller.person.id, id).await.map_err(store_failed)?;
        Ok(Answer::GetProfile(Profile { last_seen, ..profile }).into())
    }

    pub(super) async fn set_block(
        self: &Arc<Self>,
        caller: &Caller,
        ask: SetBlock,
    ) -> Result<Handled, WireError> {
        let (blocker, on) = (caller.person.id, ask.on);
        let user = self.visible_person(caller, &ask.user).await?;
        if user.id == blocker {
            return Err(WireError::new(ErrorCode::Invalid, "You cannot block yourself."));
        }
        let app = self.clone();
        carry_through(async move {
            let _turn = app.hub.policy_turn().await;
            if !app.store.set_block(blocker, user.id, on, now()).await.map_err(store_failed)? {
                let message = format!(
                    "You block {} people, which is the most; unblock one first.",
                    limits::BLOCKED_PEOPLE
                );
                return Err(WireError::new(ErrorCode::Forbidden, message));
            }
            app.hub.tell_policy(&PolicyChange::Block(blocker, user.id, on)).await;
            app.hub.tell(blocker, None, &Push::Blocked { user, on }).await;
            Ok(())
        })
        .await?;
        Ok(Answer::SetBlock(Done {}).into())
    }

    pub(super) async fn list_blocked(&self, caller: &Caller) -> Result<Handled, WireError> {
        let people = self.store.blocked(caller.person.id).await.map_err(store_failed)?;
        Ok(Answer::ListBlocked(BlockList { people }).into())
    }

    pub(super) async fn set_privacy(
        self: &Arc<Self>,
        caller: &Caller,
        ask: SetPrivacy,
    ) -> Result<Handled, WireError> {
        let (app, user) = (self.clone(), caller.person.id);
        let privacy = carry_through(async move {
            let _turn = app.hub.policy_turn().await;
            let privacy = app.store.set_privacy(user, ask).await.map_err(store_failed)?;
            app.hub.tell_policy(&PolicyChange::Privacy(user, privacy)).await;
            app.hub.tell(user, None, &Push::Privacy { privacy }).await;
            Ok(privacy)
        })
        .await?;
        Ok(Answer::SetPrivacy(privacy).into())
    }

    pub(super) async fn get_readers(&self, caller: &Caller, ask: GetReaders) -> Result<Handled, WireError> {
        let GetReaders { conversation, seq } = ask;
        let read = self.store.read_by(caller.person.id, conversation, seq).await.map_err(store_failed)?;
        let refusal = |message: &str| Err(WireError::new(ErrorCode::Forbidden, message));
        match read.ok_or_else(not_found)? {
            ReadBy::People(readers) => Ok(Answer::GetReaders(Readers { conversation, seq, readers }).into()),
            ReadBy::TooMany => refusal("There are too many people here to say who has read what."),
            ReadBy::NotShown => refusal(
                "You do not show what you have read, so you are not shown what others have; privacy.set changes that.",
            ),
        }
    }
}
