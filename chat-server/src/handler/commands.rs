//! Slash commands of bots: registering, listing, running and answering them.

use std::collections::HashSet;

use chat_proto::{
    Answer, AnswerCommand, CommandCall, CommandReply, CommandRun, Commands, Done, ErrorCode, ListCommands,
    Push, RegisterCommands, RunCommand, RunId, WireError, limits,
};
use uuid::Uuid;

use super::{App, Caller, Handled, store_failed};
use crate::domain::commands::{choose, may_run};
use crate::domain::not_found;
use crate::hub::Run;
use crate::hub::now;

impl App {
    pub(super) async fn register_commands(
        &self,
        caller: &Caller,
        ask: RegisterCommands,
    ) -> Result<Handled, WireError> {
        if !caller.person.bot {
            let message = "Only bots register commands; log in with a bot's token.";
            return Err(WireError::new(ErrorCode::Forbidden, message));
        }
        if ask.commands.len() > limits::COMMANDS_PER_BOT {
            let message = format!("A bot has at most {} commands.", limits::COMMANDS_PER_BOT);
            return Err(invalid(message));
        }
        let mut names = HashSet::new();
        for command in &ask.commands {
            let name = &command.name;
            if name.is_reserved() {
                return Err(invalid(format!("/{name} belongs to the clients; choose another name.")));
            }
            if !names.insert(name) {
                return Err(invalid(format!("/{name} is there twice; name each command once.")));
            }
        }
        self.store.set_commands(caller.person.id, ask.commands).await.map_err(store_failed)?;
        Ok(Answer::RegisterCommands(Done {}).into())
    }

    pub(super) async fn list_commands(
        &self,
        caller: &Caller,
        ask: ListCommands,
    ) -> Result<Handled, WireError> {
        let conversation = ask.conversation;
        let standing = self.store.standing(conversation, caller.person.id).await.map_err(store_failed)?;
        standing.ok_or_else(not_found)?;
        let commands = self.store.commands(conversation, None).await.map_err(store_failed)?;
        Ok(Answer::ListCommands(Commands { conversation, commands }).into())
    }

    pub(super) async fn run_command(&self, caller: &Caller, ask: RunCommand) -> Result<Handled, WireError> {
        let RunCommand { conversation, name, bot, text } = ask;
        if text.len() > limits::COMMAND_TEXT_BYTES {
            let message =
                format!("The text behind a command has at most {} bytes.", limits::COMMAND_TEXT_BYTES);
            return Err(invalid(message));
        }
        let standing = self.store.standing(conversation, caller.person.id).await.map_err(store_failed)?;
        may_run(standing.map(|standing| standing.role))?;
        let mutes = self.store.mutes(conversation, caller.person.id, now()).await.map_err(store_failed)?;
        match mutes {
            (Some(everywhere), _) => return Err(everywhere.muted_on_server()),
            (None, Some(here)) => return Err(here.muted_in_room()),
            (None, None) => {}
        }
        let known = self.store.commands(conversation, Some(name.clone())).await.map_err(store_failed)?;
        let bot = choose(&known, &name, bot.as_ref())?.bot.clone();
        let id = RunId(Uuid::new_v4());
        let user = caller.person.clone();
        let run = Run { conversation, user: user.id, bot: bot.clone(), name: name.clone() };
        let call = CommandCall { run: id, conversation, user, name, text };
        if !self.hub.call(id, run, &Push::Command(call)).await {
            let message = format!("@{} is not connected at the moment; try again later.", bot.name);
            return Err(WireError::new(ErrorCode::Unavailable, message));
        }
        Ok(Answer::RunCommand(CommandRun { run: id, bot }).into())
    }

    pub(super) async fn answer_command(
        &self,
        caller: &Caller,
        ask: AnswerCommand,
    ) -> Result<Handled, WireError> {
        let run = self.hub.runs().answer(ask.run, caller.person.id).await.ok_or_else(|| {
            let message = "There is no such run of a command to be answered; it may be over.";
            WireError::new(ErrorCode::NotFound, message)
        })?;
        let Run { conversation, user, bot, name } = run;
        let reply = CommandReply { run: ask.run, conversation, bot, name, text: ask.text };
        self.hub.tell(user, None, &Push::CommandAnswer(reply)).await;
        Ok(Answer::AnswerCommand(Done {}).into())
    }
}

fn invalid(message: String) -> WireError {
    WireError::new(ErrorCode::Invalid, message)
}
