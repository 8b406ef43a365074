//! Webhooks of rooms: incoming, outgoing.

use chat_proto::{
    CreateIncoming, CreateOutgoing, DeleteIncoming, DeleteOutgoing, HookState, ListIncoming, ListOutgoing,
    OutgoingHook, TestOutgoing,
};
use serde_json::json;

use super::args::{IncomingCommand, OutgoingCommand};
use super::failure::Failure;
use super::output::Output;
use super::target::{self, Target};
use super::who::Who;

/// Makes, lists and ends incoming webhooks.
///
/// # Errors
/// As the exit codes say.
pub(crate) async fn incoming(who: &Who, command: IncomingCommand, out: &mut Output) -> Result<(), Failure> {
    let (mut link, welcome) = who.link().await?;
    let (IncomingCommand::Create { target, .. }
    | IncomingCommand::List { target }
    | IncomingCommand::Delete { target, .. }) = &command;
    let conversation = target::find(&mut link, &welcome, target).await?.id;
    let done = match command {
        IncomingCommand::Create { name, target } => {
            let made = link.request(CreateIncoming { conversation, name: name.0 }).await?;
            let url = format!("{}{}", who.account.server.http_url(), made.path.expose());
            if !out.is_json() {
                eprintln!(
                    "address of @{} for {target}, shown this once; keep it secret:",
                    made.hook.bot.name
                );
            }
            out.put(&json!({ "hook": made.hook, "path": made.path, "url": url }), || url.clone())
        }
        IncomingCommand::List { .. } => {
            let hooks = link.request(ListIncoming { conversation }).await?.hooks;
            hooks.iter().try_for_each(|hook| {
                out.put(hook, || format!("@{} · made by @{}", hook.bot.name, hook.by.name))
            })
        }
        IncomingCommand::Delete { name, target } => {
            let hooks = link.request(ListIncoming { conversation }).await?.hooks;
            let found = hooks.iter().find(|hook| hook.bot.name == name.0).ok_or_else(|| none(&target))?;
            link.request(DeleteIncoming { conversation, hook: found.id }).await?;
            out.put(&json!({ "deleted": found.id }), || format!("ended @{}", name.0))
        }
    };
    link.close().await;
    done
}

fn none(target: &Target) -> Failure {
    Failure::refused(format!(
        "there is no such webhook; list those of the room with: chat-cli incoming list '{target}'"
    ))
}

/// Makes, lists, tests and ends outgoing webhooks.
///
/// # Errors
/// As the exit codes say.
pub(crate) async fn outgoing(who: &Who, command: OutgoingCommand, out: &mut Output) -> Result<(), Failure> {
    let (mut link, welcome) = who.link().await?;
    let (OutgoingCommand::Create { target, .. }
    | OutgoingCommand::List { target }
    | OutgoingCommand::Delete { target, .. }
    | OutgoingCommand::Test { target, .. }) = &command;
    let conversation = target::find(&mut link, &welcome, target).await?.id;
    let done = match command {
        OutgoingCommand::Create { url, events, trigger, .. } => {
            let (events, trigger) = (events.unwrap_or_default(), trigger.unwrap_or_default());
            let made = link.request(CreateOutgoing { conversation, url, events, trigger }).await?;
            if !out.is_json() {
                eprintln!("webhook {}; the secret of its signatures, shown this once:", made.hook.id);
            }
            out.put(&made, || made.secret.expose().to_owned())
        }
        OutgoingCommand::List { .. } => {
            let hooks = link.request(ListOutgoing { conversation }).await?.hooks;
            hooks.iter().try_for_each(|hook| out.put(hook, || line(hook)))
        }
        OutgoingCommand::Delete { id, .. } => {
            link.request(DeleteOutgoing { conversation, hook: id }).await?;
            out.put(&json!({ "deleted": id }), || format!("ended {id}"))
        }
        OutgoingCommand::Test { id, .. } => {
            let result = link.request(TestOutgoing { conversation, hook: id }).await?;
            if result.delivered || out.is_json() {
                out.put(&result, || "the test was taken".to_owned())?;
            }
            let problem = || Failure::refused(format!("the test was not taken: {}", result.problem));
            if result.delivered { Ok(()) } else { Err(problem()) }
        }
    };
    link.close().await;
    done
}

fn line(hook: &OutgoingHook) -> String {
    let mut line = format!("{} {} · {}", hook.id, hook.url, hook.state.as_str());
    if hook.state != HookState::Working {
        line.push_str(&format!(": {}", hook.problem));
    }
    if !hook.events.kinds().is_empty() {
        line.push_str(&format!(" · only {}", hook.events.kinds().join(", ")));
    }
    if !hook.trigger.is_empty() {
        line.push_str(&format!(" · messages that begin with {:?}", hook.trigger.as_str()));
    }
    for (count, what) in [(hook.waiting, "waiting"), (hook.dropped, "dropped")] {
        if count > 0 {
            line.push_str(&format!(" · {count} {what}"));
        }
    }
    line
}
