//! The arguments of `/admin`.

use chat_proto::{
    CreateCode, CreateUser, EnableUser, ListAccounts, ListSessions, Request, ResetUser, RevokeCode, Role,
    RoomName, SetUserRole, Topic, UserName,
};

use super::arguments::Parsed;
use super::{order, split};
use crate::action::{Action, Order, Safety};
use crate::state::administration as lists;

/// How it is written.
pub(super) const USAGE: &str =
    "[users|create|disable|enable|role|reset|logins|logout|invites|invite|revoke|lockdown|rooms|audit]";

const ADMIN: &str = "Say /admin alone for the list, or what: /admin users, create, disable, enable, role, reset, \
                     logins or logout @user, invites, invite, revoke, lockdown, rooms, audit";

const INVITE: &str = "Say for what: /admin invite member uses 5 for 7d";

fn ask(request: Request) -> Parsed {
    Ok(Action::Safety(Safety::Ask(Box::new(request))))
}

pub(super) fn admin(arguments: &str) -> Parsed {
    let (verb, rest) = split(arguments);
    match verb {
        "" => Ok(Action::Safety(Safety::Admin)),
        "users" => {
            let query = Some(rest.to_owned()).filter(|query| !query.is_empty());
            ask(Request::ListAccounts(ListAccounts { query, ..ListAccounts::default() }))
        }
        "invites" => ask(lists::codes_request()),
        "invite" => invite(rest),
        "revoke" if !rest.is_empty() => ask(Request::RevokeCode(RevokeCode { id: rest.to_owned() })),
        "revoke" => Err("Say which, by its id in /admin invites: /admin revoke ID".to_owned()),
        "lockdown" => match rest {
            "" | "on" => Ok(lists::lockdown(true)),
            "off" => Ok(lists::lockdown(false)),
            _ => Err("Say on or off: /admin lockdown off".to_owned()),
        },
        "rooms" => rooms(rest),
        "audit" if rest.is_empty() => Ok(Action::Order(Order::Audit(true))),
        _ => about(verb, rest),
    }
}

/// What is done about an account.
fn about(verb: &str, rest: &str) -> Parsed {
    let (name, more) = split(rest);
    match verb {
        "create" => create(name, more),
        "disable" => {
            let reason = Topic::new(more).map_err(|error| format!("Reason: {error}"))?;
            Ok(lists::disable(user(name)?, reason))
        }
        "enable" => ask(Request::EnableUser(EnableUser { user: user(name)? })),
        "role" if more.is_empty() => Err(role_wanted("role")),
        "role" => {
            let role = role(more, "role", Role::Member)?;
            ask(Request::SetUserRole(SetUserRole { user: user(name)?, role }))
        }
        "reset" => {
            let second_factor = match more {
                "" => false,
                "twofactor" => true,
                _ => {
                    return Err("Nothing, or twofactor to take that away too, stands behind @user".to_owned());
                }
            };
            ask(Request::ResetUser(ResetUser { user: user(name)?, second_factor }))
        }
        "logins" => ask(Request::ListSessions(ListSessions { user: Some(user(name)?) })),
        "logout" => Ok(Action::Safety(Safety::End(Some(user(name)?), None))),
        _ => Err(ADMIN.to_owned()),
    }
}

/// `@ada member`, then a hidden field asks for the password; `@ada member code` asks for none.
fn create(name: &str, more: &str) -> Parsed {
    let (name, (word, last)) = (user(name)?, split(more));
    let (word, with_code) = match (word, last) {
        ("code", "") => ("", true),
        (word, "code") => (word, true),
        (word, "") => (word, false),
        _ => return Err(role_wanted("create")),
    };
    let role = role(word, "create", Role::Member)?;
    match with_code {
        true => ask(Request::CreateUser(CreateUser { name, password: None, role })),
        false => Ok(Action::Safety(Safety::Create(name, role))),
    }
}

/// `member uses 5 for 7d`, in this order; each can be left out.
fn invite(arguments: &str) -> Parsed {
    let mut ask_code = CreateCode { role: Role::Member, uses: 1, for_s: None };
    let mut words = arguments.split_whitespace().peekable();
    if let Some(word) = words.next_if(|word| !matches!(*word, "uses" | "for")) {
        ask_code.role = role(word, "invite", Role::Member)?;
    }
    while let Some(word) = words.next() {
        let value = words.next().ok_or(INVITE)?;
        match word {
            "uses" => ask_code.uses = value.parse().map_err(|_| INVITE.to_owned())?,
            "for" => {
                let seconds = order::seconds(value).ok_or(INVITE)?;
                ask_code.for_s = Some(u32::try_from(seconds).unwrap_or(u32::MAX));
            }
            _ => return Err(INVITE.to_owned()),
        }
    }
    ask(Request::CreateCode(ask_code))
}

fn rooms(arguments: &str) -> Parsed {
    let after = match arguments {
        "" => None,
        text => {
            let name = text.strip_prefix("after ").unwrap_or(text).trim().trim_start_matches('#');
            Some(RoomName::parse(name).map_err(|error| format!("#room: {error}"))?)
        }
    };
    ask(lists::rooms_request(after))
}

fn role(word: &str, verb: &str, usual: Role) -> Result<Role, String> {
    if word.is_empty() {
        return Ok(usual);
    }
    let found = [Role::Guest, Role::Member, Role::Admin].into_iter().find(|role| role.as_str() == word);
    found.ok_or_else(|| role_wanted(verb))
}

fn role_wanted(verb: &str) -> String {
    match verb {
        "invite" => INVITE.to_owned(),
        verb => format!("Say which role: /admin {verb} @user guest, member or admin"),
    }
}

fn user(text: &str) -> Result<UserName, String> {
    UserName::parse(text.trim_start_matches('@')).map_err(|_| ADMIN.to_owned())
}
