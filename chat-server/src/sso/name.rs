//! The name of a new account, out of what the provider calls a person.

use chat_proto::{UserName, limits};

/// The claim made to fit: what names do not have becomes `-`, and of an address of mail the part
/// before the `@` stays. It is only a proposal; who somebody is never follows from it.
#[must_use]
pub fn fitting(claim: &str) -> Option<UserName> {
    let local = claim.split('@').next().unwrap_or_default();
    let mut name = String::new();
    for c in local.trim().chars().take(limits::USER_NAME_CHARS) {
        match c {
            c if c.is_alphanumeric() || matches!(c, '.' | '_') => name.push(c),
            _ if name.ends_with('-') => {}
            _ => name.push('-'),
        }
    }
    UserName::parse(name.trim_matches(|c: char| !c.is_alphanumeric())).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_provider_says_becomes_a_name() {
        let long = "x".repeat(500);
        let name = |claim| fitting(claim).map(|name| name.as_str().to_owned());
        assert_eq!(name("Ada.Lovelace").as_deref(), Some("ada.lovelace"));
        assert_eq!(name("ada@example.org").as_deref(), Some("ada"));
        assert_eq!(name("Ada King  Lovelace").as_deref(), Some("ada-king-lovelace"));
        assert_eq!(name("-\u{202e}ada!").as_deref(), Some("ada"));
        assert_eq!(name("漢字").as_deref(), Some("漢字"));
        assert_eq!(name(&long).map(|name| name.len()), Some(32));
        assert_eq!(name("@"), None);
        assert_eq!(name(" "), None);
    }
}
