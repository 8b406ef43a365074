//! Bots and webhooks: asking for them, and what is shown of the answers.

use chat_client::{Client, RequestError};
use chat_proto::{
    ConversationId, CreateBot, CreateIncoming, CreateOutgoing, DeleteBot, DeleteIncoming, DeleteOutgoing,
    HookEvents, HookState, ListBots, ListIncoming, ListOutgoing, OutgoingHook, RotateToken, TestOutgoing,
    Topic,
};

use super::Kept;
use crate::action::Keep;

/// Characters of an id that are shown, and are enough to name a webhook of a room.
const ID_CHARS: usize = 8;

/// What a token is for.
const TOKEN: &str = "A program logs in with it, for instance as CHAT_TOKEN.";

/// Does it; a refusal is one sentence.
pub(super) async fn keep(client: &Client, room: Option<ConversationId>, keep: Keep) -> Result<Kept, String> {
    let done = match (keep, room) {
        (Keep::Bots, _) => bots(client).await,
        (Keep::CreateBot(name, scopes), _) => {
            client.request(CreateBot { name, scopes }).await.map(|made| token(&made))
        }
        (Keep::RotateToken(bot), _) => {
            client.request(RotateToken { bot, scopes: None }).await.map(|made| token(&made))
        }
        (Keep::DeleteBot(bot), _) => {
            let ask = DeleteBot { bot: bot.clone() };
            client.request(ask).await.map(|_| Kept::Said(format!("@{bot} has ended")))
        }
        (Keep::Incoming, Some(room)) => incoming(client, room).await,
        (Keep::CreateIncoming(name), Some(conversation)) => {
            client.request(CreateIncoming { conversation, name }).await.map(|made| Kept::Secret {
                title: format!("address of @{}", made.hook.bot.name),
                secret: made.path,
                use_for: "Whoever has it can write here, in the form that Slack takes.".to_owned(),
            })
        }
        (Keep::DeleteIncoming(name), Some(conversation)) => {
            let hooks = client.request(ListIncoming { conversation }).await.map_err(words)?.hooks;
            let found = hooks.into_iter().find(|hook| hook.bot.name == name);
            let hook =
                found.ok_or_else(|| format!("There is no webhook @{name} here; /incoming lists them"))?.id;
            let ended = client.request(DeleteIncoming { conversation, hook }).await;
            ended.map(|_| Kept::Said(format!("@{name} has ended")))
        }
        (Keep::Outgoing, Some(room)) => outgoing(client, room).await,
        (Keep::CreateOutgoing(url), Some(conversation)) => {
            let (events, trigger) = (HookEvents::default(), Topic::default());
            let made = client.request(CreateOutgoing { conversation, url, events, trigger }).await;
            made.map(|made| Kept::Secret {
                title: format!("secret of the webhook {}", short(&made.hook)),
                secret: made.secret,
                use_for: "Each call is signed with it.".to_owned(),
            })
        }
        (Keep::TestOutgoing(id), Some(conversation)) => {
            let hook = named(client, conversation, &id).await?.id;
            client.request(TestOutgoing { conversation, hook }).await.map(|result| {
                Kept::Said(match result.delivered {
                    true => "The test was taken".to_owned(),
                    false => format!("The test was not taken: {}", result.problem),
                })
            })
        }
        (Keep::DeleteOutgoing(id), Some(conversation)) => {
            let hook = named(client, conversation, &id).await?;
            let ended = client.request(DeleteOutgoing { conversation, hook: hook.id }).await;
            ended.map(|_| Kept::Said(format!("{} is told no more", hook.url)))
        }
        (_, None) => return Err("Open a room first; webhooks belong to rooms".to_owned()),
    };
    done.map_err(words)
}

fn words(error: RequestError) -> String {
    error.to_string()
}

fn token(made: &chat_proto::BotToken) -> Kept {
    Kept::Secret {
        title: format!("token of @{} ({})", made.user.name, made.scopes),
        secret: made.token.clone(),
        use_for: TOKEN.to_owned(),
    }
}

async fn bots(client: &Client) -> Result<Kept, RequestError> {
    let bots = client.request(ListBots {}).await?.bots;
    let rows = bots
        .iter()
        .map(|bot| (format!("@{}", bot.user.name), format!("{} · made by {}", bot.scopes, bot.owner.name)));
    let empty = "/bot create NAME read,write makes one".to_owned();
    Ok(Kept::List { title: "bots of yours".to_owned(), rows: rows.collect(), empty })
}

async fn incoming(client: &Client, conversation: ConversationId) -> Result<Kept, RequestError> {
    let hooks = client.request(ListIncoming { conversation }).await?.hooks;
    let rows = hooks.iter().map(|hook| (format!("@{}", hook.bot.name), format!("made by {}", hook.by.name)));
    let empty = "/incoming create NAME makes one".to_owned();
    Ok(Kept::List { title: "incoming webhooks".to_owned(), rows: rows.collect(), empty })
}

async fn outgoing(client: &Client, conversation: ConversationId) -> Result<Kept, RequestError> {
    let hooks = client.request(ListOutgoing { conversation }).await?.hooks;
    let rows = hooks.iter().map(|hook| (short(hook), state(hook)));
    let empty = "/outgoing create https://… makes one".to_owned();
    Ok(Kept::List { title: "outgoing webhooks".to_owned(), rows: rows.collect(), empty })
}

fn state(hook: &OutgoingHook) -> String {
    let mut line = format!("{} · {}", hook.url, hook.state.as_str());
    if hook.state != HookState::Working {
        line.push_str(&format!(": {}", hook.problem));
    }
    if hook.waiting > 0 {
        line.push_str(&format!(" · {} waiting", hook.waiting));
    }
    line
}

fn short(hook: &OutgoingHook) -> String {
    hook.id.to_string().chars().take(ID_CHARS).collect()
}

/// The one webhook whose id begins so.
async fn named(client: &Client, conversation: ConversationId, id: &str) -> Result<OutgoingHook, String> {
    let hooks = client.request(ListOutgoing { conversation }).await.map_err(words)?.hooks;
    let mut found = hooks.into_iter().filter(|hook| hook.id.to_string().starts_with(id));
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(one),
        (None, _) => Err(format!("There is no webhook {id} here; /outgoing lists them")),
        (Some(_), Some(_)) => Err(format!("Several webhooks begin with {id}; write more of the id")),
    }
}
