//! The slash commands of bots, by conversation, as far as they were asked for.

use std::collections::HashMap;

use chat_proto::{BotCommand, CommandName, ConversationId, UserName};

use crate::command;

/// Conversations whose commands are kept; those of others are asked for again.
const KEPT: usize = 32;

/// See the module.
#[derive(Debug, Clone, Default)]
pub struct BotCommands {
    of: HashMap<ConversationId, Vec<BotCommand>>,
}

/// What a person means by a command that is none of the client's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meant {
    /// No bot here has it.
    Nothing,
    /// This one.
    One(CommandName, UserName),
    /// Several bots have it; they must say which.
    Several(Vec<String>),
}

impl BotCommands {
    /// Takes the commands of a conversation.
    pub fn set(&mut self, conversation: ConversationId, commands: Vec<BotCommand>) {
        if self.of.len() >= KEPT {
            self.of.clear();
        }
        self.of.insert(conversation, commands);
    }

    fn here(&self, conversation: Option<ConversationId>) -> &[BotCommand] {
        conversation.and_then(|id| self.of.get(&id)).map_or(&[], Vec::as_slice)
    }

    /// How each command is called here: with its bot where that matters.
    fn called(&self, conversation: Option<ConversationId>) -> impl Iterator<Item = (String, &BotCommand)> {
        let here = self.here(conversation);
        here.iter().map(move |known| {
            let name = &known.command.name;
            let is_one = here.iter().filter(|other| other.command.name == *name).count() == 1;
            (if is_one { name.to_string() } else { format!("{}:{name}", known.bot.name) }, known)
        })
    }

    /// The commands that begin with this, as they are called.
    #[must_use]
    pub fn beginning(&self, conversation: Option<ConversationId>, typed: &str) -> Vec<String> {
        let names = self.called(conversation).map(|(called, _)| called);
        names.filter(|called| called.starts_with(typed)).collect()
    }

    /// What is meant by `deploy`, or by `deployer:deploy`.
    #[must_use]
    pub fn meant(&self, conversation: Option<ConversationId>, typed: &str) -> Meant {
        let typed = typed.to_lowercase();
        let (bot, name) = match typed.split_once(':') {
            Some((bot, name)) => (Some(bot), name),
            None => (None, typed.as_str()),
        };
        let fits = |known: &&BotCommand| {
            known.command.name.as_str() == name && bot.is_none_or(|bot| known.bot.name.as_str() == bot)
        };
        let found: Vec<&BotCommand> = self.here(conversation).iter().filter(fits).collect();
        match found[..] {
            [] => Meant::Nothing,
            [one] => Meant::One(one.command.name.clone(), one.bot.name.clone()),
            _ => Meant::Several(found.iter().map(|one| format!("/{}:{name}", one.bot.name)).collect()),
        }
    }

    /// What to show while a command is being typed, the client's own and those of bots.
    #[must_use]
    pub fn hint(&self, conversation: Option<ConversationId>, line: &str) -> Option<String> {
        let own = command::hint(line)?;
        let typed = line.trim_start_matches('/');
        let name = typed.split(char::is_whitespace).next().unwrap_or_default();
        if command::find(name).is_some() {
            return Some(own);
        }
        let lower = name.to_lowercase();
        if let Some((called, known)) = self.called(conversation).find(|(called, _)| *called == lower) {
            let usage = format!("/{called} {}", known.command.usage);
            let words = [usage.trim_end(), known.command.description.as_str()];
            let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
            return Some(format!("{} · {}", words.join(" · "), known.bot.name));
        }
        let theirs = self.beginning(conversation, &lower).iter().map(|c| format!("/{c}")).collect::<Vec<_>>();
        if typed.len() != name.len() || theirs.is_empty() {
            return Some(own);
        }
        let own = if own.starts_with('/') { format!("{own} ") } else { String::new() };
        Some(format!("{own}{}", theirs.join(" ")))
    }
}

#[cfg(test)]
mod tests {
    use chat_proto::{CommandSpec, Person, RESERVED_COMMANDS, Topic, UserId};
    use uuid::Uuid;

    use super::*;

    fn known(bot: &str, name: &str) -> BotCommand {
        BotCommand {
            bot: Person { bot: true, ..Person::new(UserId(Uuid::nil()), bot.parse().unwrap()) },
            command: CommandSpec {
                name: name.parse().unwrap(),
                description: Topic::new("Does it").unwrap(),
                usage: Topic::new("WHAT").unwrap(),
            },
        }
    }

    #[test]
    fn the_bot_is_named_where_several_have_a_command() {
        let here = ConversationId(Uuid::nil());
        let mut commands = BotCommands::default();
        commands.set(here, vec![known("a", "deploy"), known("b", "deploy"), known("b", "lunch")]);
        let here = Some(here);
        assert_eq!(commands.beginning(here, "b"), ["b:deploy"]);
        assert_eq!(commands.beginning(here, ""), ["a:deploy", "b:deploy", "lunch"]);
        let one = |name: &str, bot: &str| Meant::One(name.parse().unwrap(), bot.parse().unwrap());
        assert_eq!(commands.meant(here, "Lunch"), one("lunch", "b"));
        assert_eq!(commands.meant(here, "a:deploy"), one("deploy", "a"));
        assert_eq!(
            commands.meant(here, "deploy"),
            Meant::Several(vec!["/a:deploy".into(), "/b:deploy".into()])
        );
        assert_eq!(commands.meant(here, "dance"), Meant::Nothing);
        assert_eq!(commands.meant(None, "lunch"), Meant::Nothing);
        assert_eq!(commands.hint(here, "/lunch to").as_deref(), Some("/lunch WHAT · Does it · b"));
        assert_eq!(commands.hint(here, "/l").as_deref(), Some("/leave /lock /link /lunch"));
        assert_eq!(commands.hint(here, "/lu").as_deref(), Some("/lunch"));
        assert_eq!(commands.hint(here, "lunch"), None);
    }

    /// A bot that could take one of these would never be heard.
    #[test]
    fn no_command_of_the_client_is_free_for_bots() {
        for own in command::COMMANDS {
            assert!(
                RESERVED_COMMANDS.contains(&own.name),
                "add {} to chat_proto::RESERVED_COMMANDS",
                own.name
            );
        }
    }
}
