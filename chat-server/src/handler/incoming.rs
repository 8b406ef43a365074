//! Incoming webhooks: keeping them, and what is posted to them.
//!
//! What is posted goes the way of every message: the webhook's bot is a member of the room, and
//! the room's rules hold for it. In an announcement room it needs the role of a moderator.

use std::sync::Arc;

use chat_proto::{
    Answer, ClientId, ConversationId, CreateIncoming, DeleteIncoming, Done, ErrorCode, HookId, IncomingHook,
    IncomingHooks, ListIncoming, NewIncoming, Secret, WireError, limits,
};
use tracing::{debug, info};
use uuid::Uuid;

use super::account::name_taken;
use super::bots::{bot_account, bot_actor};
use super::{App, Caller, Handled, store_failed};
use crate::auth::{SecretHash, new_token};
use crate::domain::hooks::may_keep;
use crate::hub::{Enclosed, Letter, Task, now};
use crate::slack::{NotAMessage, text_of};
use crate::store::{IncomingTarget, NewIncomingHook, StoreError};

/// When to come back after the server failed, in milliseconds.
const LATER_MS: u64 = 1_000;

/// Why a post was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// No webhook has this secret, or its bot is not in the room any more.
    NoService,
    /// Not what Slack would understand.
    InvalidPayload,
    /// Nothing to write.
    NoText,
    /// Nobody writes in the room any more.
    Archived,
    /// The room's rules do not let the webhook's bot write.
    Prohibited,
    /// Faster than the webhook or the room allows.
    TooFast {
        /// How long to wait, in seconds.
        retry_after_s: u64,
    },
    /// The server cannot do it now.
    Unavailable,
}

impl Refused {
    fn too_fast(wait_ms: u64) -> Self {
        Self::TooFast { retry_after_s: wait_ms.div_ceil(1_000).max(1) }
    }
}

impl App {
    /// Writes what another program posts with this secret.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn receive_post(&self, secret: &str, body: &[u8]) -> Result<(), Refused> {
        let target = self.store.incoming_target(SecretHash::of(secret), now()).await.map_err(|cause| {
            store_failed(cause);
            Refused::Unavailable
        })?;
        let IncomingTarget { id, conversation, bot } = target.ok_or(Refused::NoService)?;
        self.paces
            .hooks
            .take(&id)
            .map_err(|wait| Refused::too_fast(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)))?;
        let body = text_of(body).map_err(|cause| match cause {
            NotAMessage::Invalid => Refused::InvalidPayload,
            NotAMessage::NoText => Refused::NoText,
        })?;
        let letter = Letter {
            client_id: ClientId(Uuid::now_v7()),
            body,
            files: Enclosed::Own(Vec::new()),
            action: false,
            reply_to: None,
            thread: None,
            forwarded: None,
        };
        let sent = self.hub.ask(conversation, bot_actor(bot), Task::Send(Box::new(letter))).await;
        match sent {
            Ok(_) => Ok(()),
            Err(refusal) => {
                debug!(hook = %id, code = refusal.code.as_str(), "a post was not taken");
                Err(self.refused(conversation, &refusal).await)
            }
        }
    }

    async fn refused(&self, conversation: ConversationId, refusal: &WireError) -> Refused {
        match refusal.code {
            ErrorCode::NotFound => Refused::NoService,
            ErrorCode::RateLimited => Refused::too_fast(refusal.retry_after_ms.unwrap_or(LATER_MS)),
            ErrorCode::Forbidden => match self.store.load(conversation).await {
                Ok(Some(room)) if room.rules.archived => Refused::Archived,
                _ => Refused::Prohibited,
            },
            _ => Refused::Unavailable,
        }
    }

    pub(super) async fn create_incoming(
        &self,
        caller: &Caller,
        ask: CreateIncoming,
    ) -> Result<Handled, WireError> {
        let CreateIncoming { conversation, name } = ask;
        self.must_keep_hooks(caller, conversation).await?;
        let (id, secret) = (HookId(Uuid::new_v4()), new_token());
        let account = bot_account(caller, &name)?;
        let at = account.at;
        let hook = NewIncomingHook { id, conversation, account, secret: SecretHash::of(secret.expose()) };
        let bot = match self.store.create_incoming(hook).await {
            Ok(Some(bot)) => bot,
            Ok(None) => return Err(too_many(limits::INCOMING_PER_ROOM)),
            Err(StoreError::Conflict) => return Err(name_taken(&name)),
            Err(cause) => return Err(store_failed(cause)),
        };
        if let Err(refusal) = self.bring_in(caller.actor(), conversation, bot.clone()).await {
            self.store.end_incoming(conversation, id).await.map_err(store_failed)?;
            return Err(refusal);
        }
        info!(hook = %id, %conversation, by = %caller.person.id, "incoming webhook made");
        let hook = IncomingHook { id, bot, by: caller.person.clone(), at };
        let path = Secret::new(format!("/hooks/{}", secret.expose()));
        Ok(Answer::CreateIncoming(NewIncoming { hook, path }).into())
    }

    pub(super) async fn list_incoming(
        &self,
        caller: &Caller,
        ask: ListIncoming,
    ) -> Result<Handled, WireError> {
        let conversation = ask.conversation;
        self.must_keep_hooks(caller, conversation).await?;
        let hooks = self.store.incoming(conversation).await.map_err(store_failed)?;
        Ok(Answer::ListIncoming(IncomingHooks { conversation, hooks }).into())
    }

    pub(super) async fn delete_incoming(
        self: &Arc<Self>,
        caller: &Caller,
        ask: DeleteIncoming,
    ) -> Result<Handled, WireError> {
        self.must_keep_hooks(caller, ask.conversation).await?;
        let bot = self.store.end_incoming(ask.conversation, ask.hook).await.map_err(store_failed)?;
        self.end_bot(bot.ok_or_else(no_hook)?).await?;
        info!(hook = %ask.hook, by = %caller.person.id, "incoming webhook ended");
        Ok(Answer::DeleteIncoming(Done {}).into())
    }

    /// Refuses who may not see and change the webhooks of a conversation.
    pub(super) async fn must_keep_hooks(
        &self,
        caller: &Caller,
        conversation: ConversationId,
    ) -> Result<(), WireError> {
        let standing = self.store.standing(conversation, caller.person.id).await.map_err(store_failed)?;
        may_keep(standing.map(|standing| (standing.kind, standing.role)), caller.role)
    }
}

/// For a moderator, who may know that there is no such webhook; everybody else was refused before.
pub(super) fn no_hook() -> WireError {
    WireError::new(ErrorCode::NotFound, "There is no such webhook in this room; list them to see their ids.")
}

pub(super) fn too_many(most: usize) -> WireError {
    let message = format!("This room has {most} such webhooks, which is as many as can be; end one first.");
    WireError::new(ErrorCode::Forbidden, message)
}
