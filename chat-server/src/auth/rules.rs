//! Which passwords may be used: long enough, and not among those that everybody tries first.

use std::collections::HashSet;
use std::sync::LazyLock;

use chat_proto::{ErrorCode, Secret, WireError, limits};

/// The thousand passwords of eight characters or more that people have most often, in small
/// letters: the head of the list in zxcvbn (MIT), sorted.
static COMMON: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| include_str!("common_passwords.txt").lines().collect());

/// Whether a password may be used for an account of this name, in a team of that name.
///
/// # Errors
/// `password_weak` with the rule that it breaks.
pub fn check_password(name: &str, team: &str, password: &Secret) -> Result<(), WireError> {
    let password = password.expose();
    let refuse = |message: String| Err(WireError::new(ErrorCode::PasswordWeak, message));
    if password.chars().count() < limits::PASSWORD_MIN_CHARS {
        return refuse(format!("Choose a password of at least {} characters.", limits::PASSWORD_MIN_CHARS));
    }
    if password.len() > limits::PASSWORD_MAX_BYTES {
        return refuse(format!("Choose a password of at most {} bytes.", limits::PASSWORD_MAX_BYTES));
    }
    let folded = password.to_lowercase();
    if COMMON.contains(folded.as_str()) || is_one_character(&folded) {
        return refuse(
            "Many people have that password, so it is guessed first; choose another, for instance four words."
                .to_owned(),
        );
    }
    if is_made_of(&folded, name) || is_made_of(&folded, team) {
        return refuse(
            "Choose a password that is not your name or the team's with something behind it.".to_owned(),
        );
    }
    Ok(())
}

fn is_one_character(text: &str) -> bool {
    let mut chars = text.chars();
    let first = chars.next();
    chars.all(|c| Some(c) == first)
}

/// Whether this is the name, once or more, with nothing around it but digits and signs: what is
/// tried right after the name itself.
fn is_made_of(password: &str, name: &str) -> bool {
    let letters = |text: &str| text.chars().filter(|c| c.is_alphabetic()).collect::<String>();
    let (password, name) = (letters(password), letters(&name.to_lowercase()));
    let rest = password.replace(name.as_str(), "");
    !name.is_empty() && !password.is_empty() && rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weak_passwords_say_why() {
        let weak = |name: &str, password: &str| {
            check_password(name, "Acme Rockets", &Secret::new(password)).is_err()
        };
        assert!(weak("ada", "short"));
        assert!(weak("ada-lovelace", "Ada-Lovelace"));
        assert!(weak("lovelace", "Lovelace2026!"));
        assert!(weak("ada", "ada-ada-ada"));
        assert!(weak("ada", "AcmeRockets1"));
        assert!(weak("ada", &"x".repeat(limits::PASSWORD_MAX_BYTES + 1)));
        assert!(weak("ada", "PassWord"), "letters do not make it rarer");
        assert!(weak("ada", "1234567890"));
        assert!(weak("ada", "zzzzzzzzzz"));
        assert!(!weak("ada", "correct horse"));
        assert!(!weak("ada", "пароль-ада"));
        assert!(!weak("007", "4711-0815"), "a name without letters forbids nothing");
    }

    #[test]
    fn the_list_is_as_it_is_looked_up() {
        assert!(COMMON.len() >= 1_000);
        for word in COMMON.iter() {
            assert_eq!(word.to_lowercase(), **word);
            assert!(word.chars().count() >= limits::PASSWORD_MIN_CHARS, "{word} is refused for its length");
        }
    }
}
