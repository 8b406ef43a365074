//! The arguments of `/bot`, `/incoming` and `/outgoing`.

use chat_proto::{Scope, Scopes, UserName};

use super::split;
use crate::action::{Action, Keep};

type Parsed = Result<Action, String>;

pub(super) fn bot(arguments: &str) -> Parsed {
    let (verb, rest) = split(arguments);
    let (name, scopes) = split(rest);
    Ok(Action::Keep(match verb {
        "" => Keep::Bots,
        "create" => Keep::CreateBot(user(name, "/bot create NAME read,write")?, scopes_of(scopes)?),
        "token" => Keep::RotateToken(user(name, "/bot token NAME")?),
        "delete" => Keep::DeleteBot(user(name, "/bot delete NAME")?),
        _ => return Err("Say what: /bot create, /bot token or /bot delete".to_owned()),
    }))
}

pub(super) fn incoming(arguments: &str) -> Parsed {
    let (verb, name) = split(arguments);
    Ok(Action::Keep(match verb {
        "" => Keep::Incoming,
        "create" => Keep::CreateIncoming(user(name, "/incoming create NAME")?),
        "delete" => Keep::DeleteIncoming(user(name, "/incoming delete NAME")?),
        _ => return Err("Say what: /incoming create or /incoming delete".to_owned()),
    }))
}

pub(super) fn outgoing(arguments: &str) -> Parsed {
    let (verb, rest) = split(arguments);
    let given = |usage: &str| match rest {
        "" => Err(format!("Say which: {usage}")),
        rest => Ok(rest.to_owned()),
    };
    Ok(Action::Keep(match verb {
        "" => Keep::Outgoing,
        "create" => Keep::CreateOutgoing(given("/outgoing create https://…")?),
        "test" => Keep::TestOutgoing(given("/outgoing test ID")?),
        "delete" => Keep::DeleteOutgoing(given("/outgoing delete ID")?),
        _ => return Err("Say what: /outgoing create, /outgoing test or /outgoing delete".to_owned()),
    }))
}

fn user(name: &str, usage: &str) -> Result<UserName, String> {
    if name.is_empty() {
        return Err(format!("Say which: {usage}"));
    }
    UserName::parse(name.trim_start_matches('@')).map_err(|error| format!("NAME: {error}"))
}

fn scopes_of(words: &str) -> Result<Scopes, String> {
    let words = words.split([',', ' ']).filter(|word| !word.is_empty());
    let all = Scope::ALL.map(Scope::as_str).join(", ");
    let scopes = words.map(|word| Scope::from_word(word).ok_or(())).collect::<Result<Scopes, ()>>();
    let scopes = scopes.ok().filter(|scopes| !scopes.is_empty());
    scopes.ok_or_else(|| format!("Say what its token is good for: {all}, with a comma between two"))
}
