//! Bots: making them, their tokens, ending them.

use std::sync::Arc;

use chat_proto::{
    Answer, BotInfo, BotToken, Bots, ConversationId, CreateBot, DeleteBot, Done, ErrorCode, FrameId, Invite,
    Person, Role, RotateToken, Scope, Scopes, Secret, SessionId, UserId, UserName, WireError, limits,
};
use tracing::{debug, info};
use uuid::Uuid;

use super::account::{is_reserved, looks_like, name_taken};
use super::{App, Caller, Handled, carry_through, store_failed};
use crate::auth::{SecretHash, new_token};
use crate::domain::{Actor, Command};
use crate::hub::{Ending, Task, now};
use crate::store::{BotAccount, NewBot, NewToken, StoreError};

impl App {
    pub(super) async fn create_bot(&self, caller: &Caller, ask: CreateBot) -> Result<Handled, WireError> {
        if caller.role == Role::Guest {
            return Err(forbidden("Guests cannot make bots; ask a member."));
        }
        must_be_good_for_something(&ask.scopes)?;
        let (token, secret) = token();
        let account = bot_account(caller, &ask.name)?;
        let bot = NewBot { account, scopes: ask.scopes.clone(), token };
        let user = match self.store.create_bot(bot).await {
            Ok(Some(user)) => user,
            Ok(None) => {
                let message = format!(
                    "You have {} bots, which is as many as can be; end one first.",
                    limits::BOTS_PER_PERSON
                );
                return Err(forbidden(message));
            }
            Err(StoreError::Conflict) => return Err(name_taken(&ask.name)),
            Err(cause) => return Err(store_failed(cause)),
        };
        info!(bot = %user.id, owner = %caller.person.id, "bot made");
        Ok(Answer::CreateBot(BotToken { user, scopes: ask.scopes, token: secret }).into())
    }

    pub(super) async fn list_bots(&self, caller: &Caller) -> Result<Handled, WireError> {
        let owner = (caller.role < Role::Admin).then_some(caller.person.id);
        let bots = self.store.bots(owner).await.map_err(store_failed)?;
        Ok(Answer::ListBots(Bots { bots }).into())
    }

    pub(super) async fn rotate_token(
        self: &Arc<Self>,
        caller: &Caller,
        ask: RotateToken,
    ) -> Result<Handled, WireError> {
        let bot = self.own_bot(caller, &ask.bot).await?;
        // An admin may end a bot of others, but not speak as it.
        if bot.owner.id != caller.person.id {
            return Err(forbidden(format!(
                "Only @{} gives this bot a token; you can end it.",
                bot.owner.name
            )));
        }
        let scopes = ask.scopes.unwrap_or(bot.scopes);
        must_be_good_for_something(&scopes)?;
        let (token, secret) = token();
        let (app, user, new_scopes) = (self.clone(), bot.user.id, scopes.clone());
        carry_through(async move {
            app.store.rotate_token(user, new_scopes, token).await.map_err(store_failed)?;
            app.hub.end(user, Ending::All).await;
            info!(bot = %user, "bot has a new token");
            Ok(())
        })
        .await?;
        Ok(Answer::RotateToken(BotToken { user: bot.user, scopes, token: secret }).into())
    }

    pub(super) async fn delete_bot(
        self: &Arc<Self>,
        caller: &Caller,
        ask: DeleteBot,
    ) -> Result<Handled, WireError> {
        let bot = self.own_bot(caller, &ask.bot).await?;
        self.end_bot(bot.user).await?;
        Ok(Answer::DeleteBot(Done {}).into())
    }

    /// Ends a bot account: its tokens, its connections, and its places in rooms.
    pub(super) async fn end_bot(self: &Arc<Self>, bot: Person) -> Result<(), WireError> {
        let app = self.clone();
        carry_through(async move {
            let rooms = app.store.end_bot(bot.id).await.map_err(store_failed)?;
            app.hub.end(bot.id, Ending::All).await;
            info!(bot = %bot.id, "bot ended");
            for room in rooms {
                let left = app.hub.ask(room, bot_actor(bot.clone()), Task::Command(Command::Leave)).await;
                if let Err(refusal) = left {
                    // The only owner of a room with others in it stays its owner, though it is silent.
                    debug!(%room, %refusal, "a bot that has ended stays in a room");
                }
            }
            Ok(())
        })
        .await
    }

    /// The bot of that name, as far as it is the caller's to see.
    async fn own_bot(&self, caller: &Caller, name: &UserName) -> Result<BotInfo, WireError> {
        let nobody = || WireError::new(ErrorCode::NotFound, format!("You have no bot called @{name}."));
        let person = self.store.person(name.clone()).await.map_err(store_failed)?.ok_or_else(nobody)?;
        let bot = self.store.bot(person.id).await.map_err(store_failed)?.ok_or_else(nobody)?;
        let is_theirs = bot.owner.id == caller.person.id || caller.role >= Role::Admin;
        if is_theirs { Ok(bot) } else { Err(nobody()) }
    }

    /// Asks somebody into a room. A bot has no will of its own, so it comes in at once.
    pub(super) async fn invite(
        &self,
        caller: &Caller,
        id: FrameId,
        ask: Invite,
    ) -> Result<Handled, WireError> {
        let person = self.visible_person(caller, &ask.user).await?;
        if !person.bot {
            return self.submit(caller, id, ask.conversation, Task::Invite(person)).await;
        }
        if !self.store.is_live_bot(person.id).await.map_err(store_failed)? {
            return Err(WireError::new(ErrorCode::NotFound, format!("The bot @{} has ended.", ask.user)));
        }
        self.bring_in(caller.actor(), ask.conversation, person).await?;
        Ok(Answer::Invite(Done {}).into())
    }

    /// Asks a bot into a room, as this person, and has it accept.
    pub(super) async fn bring_in(
        &self,
        by: Actor,
        conversation: ConversationId,
        bot: Person,
    ) -> Result<(), WireError> {
        self.hub.ask(conversation, by, Task::Invite(bot.clone())).await?;
        self.hub.ask(conversation, bot_actor(bot), Task::Join).await?;
        Ok(())
    }
}

/// A bot as the rules see it: never more than a member of the server.
pub(super) fn bot_actor(bot: Person) -> Actor {
    Actor { person: bot, role: Role::Member }
}

/// An account for a program that this caller makes.
pub(super) fn bot_account(caller: &Caller, name: &UserName) -> Result<BotAccount, WireError> {
    if is_reserved(name) {
        return Err(name_taken(name));
    }
    Ok(BotAccount {
        id: UserId(Uuid::now_v7()),
        skeleton: looks_like(name),
        name: name.clone(),
        maker: caller.person.id,
        at: now(),
    })
}

pub(super) fn lacks(scope: Scope) -> WireError {
    forbidden(format!(
        "This needs a token with the scope {scope}; the bot's owner can give it one with bot.token."
    ))
}

pub(super) fn for_people() -> WireError {
    forbidden("Bots cannot do this; a person must.")
}

fn must_be_good_for_something(scopes: &Scopes) -> Result<(), WireError> {
    if scopes.is_empty() {
        let all = Scope::ALL.map(Scope::as_str).join(", ");
        let message = format!("Say what the token is good for: one or more of {all}.");
        return Err(WireError::new(ErrorCode::Invalid, message));
    }
    Ok(())
}

fn token() -> (NewToken, Secret) {
    let secret = new_token();
    let hash = SecretHash::of(secret.expose());
    (NewToken { session: SessionId(Uuid::new_v4()), hash, at: now() }, secret)
}

fn forbidden(message: impl Into<String>) -> WireError {
    WireError::new(ErrorCode::Forbidden, message)
}
