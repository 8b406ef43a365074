//! Outgoing webhooks: keeping and testing them. What they are told goes its own way, from the
//! commit of each event: see `store` and `outgoing`.

use chat_proto::{
    Answer, CreateOutgoing, DeleteOutgoing, Done, ErrorCode, HookId, HookState, ListOutgoing, NewOutgoing,
    OutgoingHook, OutgoingHooks, TestOutgoing, TestResult, WireError, limits,
};
use tracing::info;
use uuid::Uuid;

use super::incoming::{no_hook, too_many};
use super::{App, Caller, Handled, store_failed};
use crate::hub::now;
use crate::outgoing::new_secret;
use crate::store::NewOutgoingHook;

impl App {
    pub(super) async fn create_outgoing(
        &self,
        caller: &Caller,
        ask: CreateOutgoing,
    ) -> Result<Handled, WireError> {
        let CreateOutgoing { conversation, url, events, trigger } = ask;
        self.must_keep_hooks(caller, conversation).await?;
        if trigger.as_str().chars().count() > limits::TRIGGER_CHARS {
            let message = format!("A trigger has at most {} characters.", limits::TRIGGER_CHARS);
            return Err(WireError::new(ErrorCode::Invalid, message));
        }
        if !trigger.is_empty() && !events.has("message") {
            let message =
                "A trigger asks for messages; add \"message\" to the events, or leave the trigger out.";
            return Err(WireError::new(ErrorCode::Invalid, message));
        }
        let url = self.outgoing.check(&url).await?;
        let (id, secret, at) = (HookId(Uuid::new_v4()), new_secret(), now());
        let hook = NewOutgoingHook {
            id,
            conversation,
            url: url.clone(),
            events: events.clone(),
            trigger: trigger.clone(),
            secret: secret.clone(),
            maker: caller.person.id,
            at,
        };
        if !self.store.create_outgoing(hook).await.map_err(store_failed)? {
            return Err(too_many(limits::OUTGOING_PER_ROOM));
        }
        info!(hook = %id, %conversation, by = %caller.person.id, "outgoing webhook made");
        let hook = OutgoingHook {
            id,
            url,
            events,
            trigger,
            by: caller.person.clone(),
            at,
            state: HookState::Working,
            problem: String::new(),
            since: None,
            waiting: 0,
            dropped: 0,
        };
        Ok(Answer::CreateOutgoing(NewOutgoing { hook, secret }).into())
    }

    pub(super) async fn list_outgoing(
        &self,
        caller: &Caller,
        ask: ListOutgoing,
    ) -> Result<Handled, WireError> {
        let conversation = ask.conversation;
        self.must_keep_hooks(caller, conversation).await?;
        let hooks = self.store.outgoing(conversation).await.map_err(store_failed)?;
        Ok(Answer::ListOutgoing(OutgoingHooks { conversation, hooks }).into())
    }

    pub(super) async fn delete_outgoing(
        &self,
        caller: &Caller,
        ask: DeleteOutgoing,
    ) -> Result<Handled, WireError> {
        self.must_keep_hooks(caller, ask.conversation).await?;
        if !self.store.end_outgoing(ask.conversation, ask.hook).await.map_err(store_failed)? {
            return Err(no_hook());
        }
        info!(hook = %ask.hook, by = %caller.person.id, "outgoing webhook ended");
        Ok(Answer::DeleteOutgoing(Done {}).into())
    }

    pub(super) async fn test_outgoing(
        &self,
        caller: &Caller,
        ask: TestOutgoing,
    ) -> Result<Handled, WireError> {
        self.must_keep_hooks(caller, ask.conversation).await?;
        let target = self.store.outgoing_target(ask.conversation, ask.hook).await.map_err(store_failed)?;
        let problem = match self.outgoing.test(&target.ok_or_else(no_hook)?).await {
            Ok(()) => {
                self.store.outgoing_works(ask.hook).await.map_err(store_failed)?;
                String::new()
            }
            Err(problem) => problem,
        };
        Ok(Answer::TestOutgoing(TestResult { delivered: problem.is_empty(), problem }).into())
    }
}
