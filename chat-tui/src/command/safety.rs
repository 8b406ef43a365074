//! The arguments of `/link` and `/twofactor`.

use chat_proto::{ConfirmTotp, DisableTotp, Request, Secret};

use super::arguments::Parsed;
use super::split;
use crate::action::{Action, Safety};

const TWO_FACTOR: &str = "Say nothing to set it up, then /twofactor CODE; /twofactor off ends it";

fn ask(request: Request) -> Parsed {
    Ok(Action::Safety(Safety::Ask(Box::new(request))))
}

/// Nothing begins it; the code that the last page shows ends it.
pub(super) fn link(arguments: &str) -> Parsed {
    Ok(Action::Safety(match arguments {
        "" => Safety::Link,
        code => Safety::LinkCode(Secret::new(code)),
    }))
}

pub(super) fn two_factor(arguments: &str) -> Parsed {
    let (first, rest) = split(arguments);
    match (first, rest) {
        ("", _) => Ok(Action::Safety(Safety::TwoFactor)),
        ("off", "") => Ok(Action::Safety(Safety::TwoFactorOff)),
        ("off", code) => {
            ask(Request::DisableTotp(DisableTotp { password: None, code: Some(Secret::new(code)) }))
        }
        _ if arguments.chars().all(|c| c.is_ascii_digit() || c == ' ') => {
            ask(Request::ConfirmTotp(ConfirmTotp { code: Secret::new(arguments) }))
        }
        _ => Err(TWO_FACTOR.to_owned()),
    }
}
