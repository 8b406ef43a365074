//! Slash commands of bots: who may run them, and which one is meant.

use chat_proto::{BotCommand, CommandName, ErrorCode, RoomRole, UserName, WireError};

use super::not_found;

/// Whether somebody may run commands where they are this; `None` for outsiders.
///
/// # Errors
/// The refusal.
pub fn may_run(role: Option<RoomRole>) -> Result<(), WireError> {
    match role {
        None => Err(not_found()),
        Some(RoomRole::ReadOnly) => {
            Err(WireError::new(ErrorCode::Forbidden, "You can read here, but not run commands."))
        }
        Some(_) => Ok(()),
    }
}

/// The command of that name, out of those in the conversation.
///
/// Where several bots have one of that name, the bot must be named: a bot that comes later cannot
/// take another's commands over.
///
/// # Errors
/// `not_found`, or `invalid` with the choices.
pub fn choose<'a>(
    known: &'a [BotCommand],
    name: &CommandName,
    bot: Option<&UserName>,
) -> Result<&'a BotCommand, WireError> {
    let fits =
        |known: &&BotCommand| known.command.name == *name && bot.is_none_or(|bot| known.bot.name == *bot);
    let found: Vec<&BotCommand> = known.iter().filter(fits).collect();
    match found[..] {
        [one] => Ok(one),
        [] => {
            let of = bot.map(|bot| format!("{bot}:")).unwrap_or_default();
            let message = format!("No bot here has a command /{of}{name}.");
            Err(WireError::new(ErrorCode::NotFound, message))
        }
        _ => {
            let choices: Vec<String> = found.iter().map(|one| format!("/{}:{name}", one.bot.name)).collect();
            let message = format!("Several bots have /{name}; say which: {}.", choices.join(" or "));
            Err(WireError::new(ErrorCode::Invalid, message))
        }
    }
}

#[cfg(test)]
mod tests {
    use chat_proto::{CommandSpec, Person, Topic, UserId};
    use uuid::Uuid;

    use super::*;

    fn command(bot: &str, name: &str) -> BotCommand {
        BotCommand {
            bot: Person::new(UserId(Uuid::nil()), bot.parse().unwrap()),
            command: CommandSpec {
                name: name.parse().unwrap(),
                description: Topic::default(),
                usage: Topic::default(),
            },
        }
    }

    #[test]
    fn the_bot_is_named_where_it_matters() {
        let known = [command("a", "deploy"), command("b", "deploy"), command("b", "lunch")];
        let choose = |name: &str, bot: Option<&str>| {
            let bot = bot.map(|bot| bot.parse().unwrap());
            let chosen = choose(&known, &name.parse().unwrap(), bot.as_ref());
            chosen.map(|one| one.bot.name.to_string()).map_err(|error| error.message)
        };
        assert_eq!(choose("lunch", None), Ok("b".to_owned()));
        assert_eq!(choose("deploy", Some("a")), Ok("a".to_owned()));
        assert_eq!(
            choose("deploy", None),
            Err("Several bots have /deploy; say which: /a:deploy or /b:deploy.".to_owned())
        );
        assert_eq!(choose("lunch", Some("a")), Err("No bot here has a command /a:lunch.".to_owned()));
    }

    #[test]
    fn readers_run_nothing() {
        assert_eq!(may_run(None).unwrap_err().code, ErrorCode::NotFound);
        assert_eq!(may_run(Some(RoomRole::ReadOnly)).unwrap_err().code, ErrorCode::Forbidden);
        assert!(may_run(Some(RoomRole::Member)).is_ok());
    }
}
