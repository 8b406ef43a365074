//! The arguments of `/account`.

use super::arguments::Parsed;
use super::split;
use crate::action::{Account, Action};

pub(super) fn account(arguments: &str) -> Parsed {
    let (verb, name) = split(arguments);
    Ok(Action::Account(match (verb, name) {
        ("", _) => return Err("Say which: /account NAME; /accounts lists them".to_owned()),
        ("add", "") => Account::Add,
        ("remove", "") => Account::Remove(None),
        ("remove", name) => Account::Remove(Some(name.to_owned())),
        _ => Account::Go(arguments.to_owned()),
    }))
}

#[cfg(test)]
mod tests {
    use crate::command::parse;

    #[test]
    fn lines_become_actions() {
        let case = |line| parse(line).map_or_else(|error| error, |action| format!("{action:?}"));
        assert_eq!(case("/accounts"), "Plain(Accounts)");
        assert_eq!(case("/account add"), "Account(Add)");
        assert_eq!(case("/account remove"), "Account(Remove(None))");
        assert_eq!(case("/account remove acme"), r#"Account(Remove(Some("acme")))"#);
        assert_eq!(case("/account mara on acme"), r#"Account(Go("mara on acme"))"#);
        assert_eq!(case("/account"), "Say which: /account NAME; /accounts lists them");
    }
}
