//! What is told to people's connections, wherever they are, and to whoever must know what holds for
//! people.

use std::sync::Arc;

use chat_proto::{CloseReason, Push, RunId, ServerFrame, SessionId, UserId};
use tokio::sync::{OwnedMutexGuard, oneshot};

use super::nodes::news::{self, Call, End, News, PolicyNews, Tell};
use super::outbox::Frame;
use super::{Ending, Hub, Run, SessionKey, ToShard, now};
use crate::domain::policy::{Policy, PolicyChange};
use crate::store::StoreError;

impl Hub {
    /// Tells all connections of a person, apart from one, what belongs to no conversation.
    pub async fn tell(&self, user: UserId, except: Option<SessionKey>, push: &Push) {
        let text = ServerFrame::encode_push(push);
        if let Some(nodes) = &self.nodes
            && let Some(frame) = news::raw(text.clone())
        {
            nodes.keep(&News::Tell(Tell { user, frame }));
        }
        self.tell_here(user, except, text.into()).await;
    }

    pub(super) async fn tell_here(&self, user: UserId, except: Option<SessionKey>, frame: Frame) {
        self.to_any_shard(ToShard::Tell { user, except, frame }).await;
    }

    /// Tells what a person says of themselves to those who watch them.
    pub async fn tell_watchers(&self, user: UserId, push: &Push) {
        let text = ServerFrame::encode_push(push);
        if let Some(nodes) = &self.nodes
            && let Some(frame) = news::raw(text.clone())
        {
            nodes.keep(&News::TellWatchers(Tell { user, frame }));
        }
        self.presence.tell_watchers_here(user, text.into()).await;
    }

    /// Begins a run of a slash command, and tells all connections of its bot, also those that do
    /// not read; false if it has none.
    pub async fn call(&self, id: RunId, run: Run, push: &Push) -> bool {
        let bot = run.bot.id;
        // Before the call, or the answer might come before its run is known.
        self.runs.begin(id, run.clone()).await;
        let text = ServerFrame::encode_push(push);
        let is_elsewhere = self.nodes.as_ref().filter(|nodes| nodes.is_elsewhere(bot));
        if let Some(nodes) = is_elsewhere
            && let Some(frame) = news::raw(text.clone())
        {
            nodes.keep(&News::Call(Call { frame, id, run }));
        }
        self.call_here(bot, text.into()).await || is_elsewhere.is_some()
    }

    pub(super) async fn call_here(&self, bot: UserId, frame: Frame) -> bool {
        let (told, answered) = oneshot::channel();
        self.to_any_shard(ToShard::Call { bot, frame, told }).await;
        answered.await.unwrap_or(false)
    }

    /// Closes connections of a person whose logins have ended, on every node.
    pub async fn end(&self, user: UserId, which: Ending) {
        self.end_here(user, which).await;
        if let Some(nodes) = &self.nodes {
            nodes.keep_surely(&News::End(End::of(user, which))).await;
        }
    }

    pub(super) async fn end_here(&self, user: UserId, which: Ending) {
        self.visits.end(user, which);
        self.to_any_shard(ToShard::End { user, which }).await;
        // They hear nothing more when this returns.
        self.settle_any().await;
    }

    /// Closes connections of a person on this node that do not hold by what the store says.
    ///
    /// # Errors
    /// The store failed; nothing is closed then.
    pub(super) async fn uphold(&self, user: UserId) -> Result<(), StoreError> {
        let (told, asked) = oneshot::channel();
        self.to_any_shard(ToShard::Logins { user, told }).await;
        let connected = asked.await.unwrap_or_default();
        let mut logins = self.visits.logins(user);
        logins.extend(connected.iter().map(|(login, _)| *login));
        logins.sort_unstable();
        logins.dedup();
        if logins.is_empty() {
            return Ok(());
        }
        // Asked after who is here: a login that begins meanwhile is not judged by what was before it.
        let standing = self.store.account_standing(user, logins.clone(), now()).await?;
        let reason = match &standing {
            Some(standing) if standing.is_disabled => CloseReason::Disabled,
            Some(standing) if standing.is_banned => CloseReason::Banned,
            _ => CloseReason::SessionEnded,
        };
        let holds = |login: &SessionId| standing.as_ref().is_some_and(|it| it.logins.contains(login));
        for login in logins.iter().filter(|login| !holds(login)) {
            self.end_here(user, Ending::Session(*login, reason)).await;
        }
        let role = standing.as_ref().map(|standing| standing.role);
        for (login, _) in connected.iter().filter(|(login, had)| holds(login) && Some(*had) != role) {
            self.end_here(user, Ending::Session(*login, CloseReason::RoleChanged)).await;
        }
        Ok(())
    }

    pub(super) async fn end_all(&self) {
        self.to_any_shard(ToShard::EndAll).await;
    }

    /// Whoever changes the policy takes a turn, then stores the change, then tells it.
    pub async fn policy_turn(&self) -> OwnedMutexGuard<()> {
        self.policy_turn.clone().lock_owned().await
    }

    /// Tells every shard a stored change. When it returns, it holds for everything that comes later.
    pub async fn tell_policy(&self, change: &PolicyChange) {
        for shard in self.shards.iter() {
            let (done, told) = oneshot::channel();
            if shard.send(ToShard::Policy { change: change.clone(), done }).await.is_ok() {
                // An error means that the shard has ended with the server.
                let _ = told.await;
            }
        }
        self.presence.tell_policy(change).await;
        if let Some(nodes) = &self.nodes {
            let apart = match change {
                PolicyChange::Block(one, other, true) => Some((*one, *other)),
                _ => None,
            };
            nodes.keep_surely(&News::Policy(PolicyNews { apart })).await;
        }
    }

    /// Tells every shard what holds, whatever it knew. Who calls this has the policy's turn.
    pub(super) async fn replace_policy(&self, policy: Policy) {
        let policy = Arc::new(policy);
        for shard in self.shards.iter() {
            // An error means that the shard has ended with the server.
            let _ = shard.send(ToShard::NewPolicy { policy: policy.clone() }).await;
        }
        self.presence.replace_policy(policy).await;
    }
}
