//! Slash commands that bots answer.

use serde::{Deserialize, Serialize};

use crate::absent::is_default;
use crate::{Body, CommandName, ConversationId, Person, RunId, Topic, UserName};

/// Payload of `command.register`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisterCommands {
    /// All of them; those registered before and not named here end.
    pub commands: Vec<CommandSpec>,
}

/// One command, as its bot describes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandSpec {
    /// Its name, without the slash.
    pub name: CommandName,
    /// What it does, in one line.
    #[serde(default, skip_serializing_if = "is_default")]
    pub description: Topic,
    /// How its arguments are written, such as `SERVICE [VERSION]`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub usage: Topic,
}

/// Payload of `command.list`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListCommands {
    /// Of which conversation.
    pub conversation: ConversationId,
}

/// The answer to `command.list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commands {
    /// In which conversation.
    pub conversation: ConversationId,
    /// By name, then by bot.
    pub commands: Vec<BotCommand>,
}

/// A command and whose it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BotCommand {
    /// The bot.
    pub bot: Person,
    /// The command.
    #[serde(flatten)]
    pub command: CommandSpec,
}

/// Payload of `command.run`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunCommand {
    /// Where; the bot must be a member.
    pub conversation: ConversationId,
    /// Which command, without the slash.
    pub name: CommandName,
    /// Whose, when several bots have one of that name; people write `/bot:name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bot: Option<UserName>,
    /// What stands behind it; may be empty.
    #[serde(default)]
    pub text: String,
}

/// The answer to `command.run`: the bot was told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandRun {
    /// The run; a `command.answer` names it.
    pub run: RunId,
    /// Which bot was told.
    pub bot: Person,
}

/// Payload of `command.answer`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerCommand {
    /// Which run.
    pub run: RunId,
    /// What to say to the person who ran it.
    pub text: Body,
}

/// What a bot is told when somebody runs a command of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandCall {
    /// The run, to answer it.
    pub run: RunId,
    /// Where.
    pub conversation: ConversationId,
    /// Who.
    pub user: Person,
    /// Which command.
    pub name: CommandName,
    /// What stands behind it; may be empty.
    #[serde(default)]
    pub text: String,
}

/// What the person is told whom a bot answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandReply {
    /// The run that it answers.
    pub run: RunId,
    /// Where that was.
    pub conversation: ConversationId,
    /// Which bot.
    pub bot: Person,
    /// Which command it was.
    pub name: CommandName,
    /// What it says.
    pub text: Body,
}
