//! The arguments of `/password`, `/sessions`, `/twofactor` and `/admin`.

use chat_proto::{
    ConfirmTotp, DisableTotp, DisableUser, EnableUser, ListAccounts, Request, ResetUser, Role, Secret,
    SetUserRole, Topic, UserName,
};

use super::arguments::Parsed;
use super::split;
use crate::action::{Action, Safety};

const TWO_FACTOR: &str = "Say nothing to set it up, then /twofactor CODE; /twofactor off CODE ends it";
const ADMIN: &str = "Say what: /admin users, disable, enable, role or reset, then @user";

fn ask(request: Request) -> Parsed {
    Ok(Action::Safety(Safety::Ask(Box::new(request))))
}

/// Nothing stands behind these: a password typed there would be seen.
pub(super) fn alone(arguments: &str, safety: Safety) -> Parsed {
    match arguments {
        "" => Ok(Action::Safety(safety)),
        _ => Err("Nothing stands behind this command; it asks by itself".to_owned()),
    }
}

pub(super) fn two_factor(arguments: &str) -> Parsed {
    let (first, rest) = split(arguments);
    match (first, rest) {
        ("", _) => Ok(Action::Safety(Safety::TwoFactor)),
        ("off", "") => Err(TWO_FACTOR.to_owned()),
        ("off", code) => {
            ask(Request::DisableTotp(DisableTotp { password: None, code: Some(Secret::new(code)) }))
        }
        _ if arguments.chars().all(|c| c.is_ascii_digit() || c == ' ') => {
            ask(Request::ConfirmTotp(ConfirmTotp { code: Secret::new(arguments) }))
        }
        _ => Err(TWO_FACTOR.to_owned()),
    }
}

pub(super) fn admin(arguments: &str) -> Parsed {
    let (verb, rest) = split(arguments);
    let (name, more) = split(rest);
    match verb {
        "users" => {
            let query = Some(rest.to_owned()).filter(|query| !query.is_empty());
            ask(Request::ListAccounts(ListAccounts { query, ..ListAccounts::default() }))
        }
        "disable" => {
            let user = user(name)?;
            let reason = Topic::new(more).map_err(|error| format!("Reason: {error}"))?;
            let question =
                format!("End all logins of @{user} and of their bots, and refuse new ones? y does");
            let request = Box::new(Request::DisableUser(DisableUser { user, reason }));
            Ok(Action::Safety(Safety::Confirm(question, request)))
        }
        "enable" => ask(Request::EnableUser(EnableUser { user: user(name)? })),
        "role" => {
            let role =
                [Role::Guest, Role::Member, Role::Admin].into_iter().find(|role| role.as_str() == more);
            let role = role.ok_or("Say which role: /admin role @user guest, member or admin")?;
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
        _ => Err(ADMIN.to_owned()),
    }
}

fn user(text: &str) -> Result<UserName, String> {
    UserName::parse(text.trim_start_matches('@')).map_err(|_| ADMIN.to_owned())
}
