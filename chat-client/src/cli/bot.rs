//! Bots and their slash commands: bot, command.

use chat_proto::{
    BotCommand as Known, BotToken, CreateBot, DeleteBot, ListBots, ListCommands, RotateToken, RunCommand,
    SafeText, Scopes,
};
use serde_json::json;
use tokio::time::timeout;

use super::args::{BotCommand, Called, ScopeArg, SlashCommand};
use super::failure::Failure;
use super::output::Output;
use super::target;
use super::who::Who;
use super::words::set_in;

/// Makes, lists and ends bots, and gives them tokens.
///
/// # Errors
/// As the exit codes say.
pub(crate) async fn bot(who: &Who, command: BotCommand, out: &mut Output) -> Result<(), Failure> {
    let (mut link, _) = who.link().await?;
    let done = match command {
        BotCommand::Create { name, scopes } => {
            let made = link.request(CreateBot { name: name.0, scopes: of(&scopes) }).await?;
            token(&made, out)
        }
        BotCommand::Token { name, scopes } => {
            let scopes = (!scopes.is_empty()).then(|| of(&scopes));
            token(&link.request(RotateToken { bot: name.0, scopes }).await?, out)
        }
        BotCommand::List => {
            let bots = link.request(ListBots {}).await?.bots;
            bots.iter().try_for_each(|bot| {
                out.put(bot, || format!("@{} ({}) of @{}", bot.user.name, bot.scopes, bot.owner.name))
            })
        }
        BotCommand::Delete { name } => {
            link.request(DeleteBot { bot: name.0.clone() }).await?;
            out.put(&json!({ "deleted": name.0 }), || format!("ended @{}", name.0))
        }
    };
    link.close().await;
    done
}

/// Only the token on stdout, so that a script can take it.
fn token(made: &BotToken, out: &mut Output) -> Result<(), Failure> {
    if !out.is_json() {
        eprintln!("token of @{} ({}), shown this once; use it as CHAT_TOKEN:", made.user.name, made.scopes);
    }
    out.put(made, || made.token.expose().to_owned())
}

fn of(scopes: &[ScopeArg]) -> Scopes {
    scopes.iter().map(|scope| scope.0).collect()
}

/// Lists and runs slash commands.
///
/// # Errors
/// As the exit codes say.
pub(crate) async fn command(who: &Who, command: SlashCommand, out: &mut Output) -> Result<(), Failure> {
    let (mut link, welcome) = who.link().await?;
    let done = match command {
        SlashCommand::List { target } => {
            let conversation = target::find(&mut link, &welcome, &target).await?.id;
            let known = link.request(ListCommands { conversation }).await?.commands;
            known.iter().try_for_each(|known| out.put(known, || line(known)))
        }
        SlashCommand::Run { target, command, text, wait } => {
            let conversation = target::find(&mut link, &welcome, &target).await?.id;
            let Called { bot, name } = command;
            let ask = RunCommand { conversation, name, bot, text: text.join(" ") };
            let run = link.request(ask).await?;
            if wait.is_zero() {
                out.put(&run, || format!("@{} was told", run.bot.name))
            } else {
                if out.is_json() {
                    out.put(&run, String::new)?;
                }
                match timeout(wait, link.command_answer(run.run)).await {
                    Ok(Ok(answer)) => {
                        out.put(&answer, || format!("{}: {}", answer.bot.name, set_in(answer.text.as_str())))
                    }
                    Ok(Err(error)) => Err(error.into()),
                    Err(_) => Err(Failure::timed_out(format!(
                        "@{} was told and has not answered; it may still, in the room",
                        run.bot.name
                    ))),
                }
            }
        }
    };
    link.close().await;
    done
}

fn line(known: &Known) -> String {
    let command = &known.command;
    let mut line = format!("/{}", command.name);
    if !command.usage.is_empty() {
        line.push_str(&format!(" {}", command.usage));
    }
    line.push_str(&format!(" · @{}", known.bot.name));
    if !command.description.is_empty() {
        line.push_str(&format!(" · {}", command.description));
    }
    SafeText::line(&line).to_string()
}
