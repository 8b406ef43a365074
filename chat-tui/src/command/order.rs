//! The arguments of the commands about people.

use chat_proto::{DisplayName, Emoji, SetPrivacy, StatusText, Topic, UserName, Zone};

use super::arguments::Parsed;
use super::split;
use crate::action::{Action, Order, Penalty};
use crate::state::emoji;

/// In place of a room: the whole server.
const EVERYWHERE: &str = "--server";

/// The longest status time; longer ones are for good.
const MOST_S: u64 = 10 * 366 * 24 * 60 * 60;

pub(super) fn ban(arguments: &str) -> Parsed {
    let penalty = penalty(arguments, "/ban [--server] @user [for 1h] [reason]")?;
    Ok(Action::Order(Order::Ask(Box::new(Order::Ban(penalty)))))
}

pub(super) fn mute(arguments: &str) -> Parsed {
    penalty(arguments, "/mute [--server] @user [for 1h] [reason]")
        .map(|penalty| Action::Order(Order::Mute(penalty)))
}

pub(super) fn unban(arguments: &str) -> Parsed {
    let (arguments, everywhere) = flag(arguments);
    Ok(Action::Order(Order::Unban(user(arguments, "/unban [--server] @user")?, everywhere)))
}

pub(super) fn unmute(arguments: &str) -> Parsed {
    let (arguments, everywhere) = flag(arguments);
    Ok(Action::Order(Order::Unmute(user(arguments, "/unmute [--server] @user")?, everywhere)))
}

pub(super) fn purge(arguments: &str) -> Parsed {
    let (arguments, everywhere) = flag(arguments);
    let order = Order::Purge(user(arguments, "/purge [--server] @user")?, everywhere);
    Ok(Action::Order(Order::Ask(Box::new(order))))
}

/// A list of this room, or of the server.
pub(super) fn list(arguments: &str, order: fn(bool) -> Order) -> Parsed {
    match flag(arguments) {
        ("", everywhere) => Ok(Action::Order(order(everywhere))),
        _ => Err("Nothing, or --server for the whole server, stands behind it".to_owned()),
    }
}

pub(super) fn report(arguments: &str) -> Parsed {
    Ok(Action::Order(Order::Report(one_line(arguments)?)))
}

pub(super) fn resolve(arguments: &str) -> Parsed {
    let (number, note) = split(arguments);
    let number = number.parse().ok().filter(|number| *number > 0);
    let number: usize = number.ok_or("Say which, by its number in /reports: /resolve 1 [note]")?;
    Ok(Action::Order(Order::Resolve(number, one_line(note)?)))
}

pub(super) fn profile(arguments: &str) -> Parsed {
    let user = if arguments.is_empty() { None } else { Some(user(arguments, "/profile @user")?) };
    Ok(Action::Order(Order::Profile(user)))
}

pub(super) fn nick(arguments: &str) -> Parsed {
    let name = DisplayName::new(arguments).map_err(|error| format!("Name: {error}"))?;
    Ok(Action::Order(Order::Name(name)))
}

pub(super) fn zone(arguments: &str) -> Parsed {
    let zone = Zone::new(arguments).map_err(|error| format!("Time zone: {error}"))?;
    Ok(Action::Order(Order::Zone(zone)))
}

/// `:palm_tree: on holiday for 2h`; no text takes it away.
pub(super) fn status(arguments: &str) -> Parsed {
    let (first, rest) = split(arguments);
    let (emoji, text) = match picture(first) {
        Some(emoji) => (Some(emoji), rest),
        None => (None, arguments),
    };
    let (text, for_s) = match text.rsplit_once("for ") {
        Some((before, time)) if before.is_empty() || before.ends_with(' ') => match seconds(time.trim()) {
            Some(seconds) => (before.trim(), Some(seconds)),
            None => (text, None),
        },
        _ => (text, None),
    };
    let text = StatusText::new(text).map_err(|error| format!("Status: {error}"))?;
    Ok(Action::Order(Order::Status(emoji, text, for_s)))
}

pub(super) fn block(arguments: &str, on: bool) -> Parsed {
    let usage = if on { "/block @user" } else { "/unblock @user" };
    Ok(Action::Order(Order::Block(user(arguments, usage)?, on)))
}

pub(super) fn privacy(arguments: &str) -> Parsed {
    const USAGE: &str = "Say what: /privacy read|typing|seen on|off";
    if arguments.is_empty() {
        return Ok(Action::Order(Order::Privacy(SetPrivacy::default())));
    }
    let (what, switch) = split(arguments);
    let on = match switch {
        "on" => Some(true),
        "off" => Some(false),
        _ => return Err(USAGE.to_owned()),
    };
    let none = SetPrivacy::default();
    Ok(Action::Order(Order::Privacy(match what {
        "read" => SetPrivacy { read_receipts: on, ..none },
        "typing" => SetPrivacy { typing: on, ..none },
        "seen" => SetPrivacy { last_seen: on, ..none },
        _ => return Err(USAGE.to_owned()),
    })))
}

fn penalty(arguments: &str, usage: &str) -> Result<Penalty, String> {
    let (arguments, everywhere) = flag(arguments);
    let (name, rest) = split(arguments);
    let user = user(name, usage)?;
    let (for_s, reason) = match rest.strip_prefix("for ").map(split) {
        Some((time, reason)) => match seconds(time) {
            Some(seconds) => (Some(u32::try_from(seconds).unwrap_or(u32::MAX)), reason),
            // "for spam" is a reason.
            None => (None, rest),
        },
        None => (None, rest),
    };
    Ok(Penalty { user, for_s, reason: one_line(reason)?, everywhere })
}

/// The arguments without the word for the whole server, and whether it stood there.
fn flag(arguments: &str) -> (&str, bool) {
    match arguments.strip_prefix(EVERYWHERE) {
        Some(rest) if rest.is_empty() || rest.starts_with(char::is_whitespace) => (rest.trim(), true),
        _ => (arguments, false),
    }
}

fn picture(word: &str) -> Option<Emoji> {
    emoji::parse(word).ok()
}

/// `90s`, `10m`, `2h`, `7d`.
pub(super) fn seconds(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits.parse().ok().filter(|number| *number > 0)?;
    let unit = match &text[digits.len()..] {
        "s" => 1,
        "m" | "min" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        "w" => 7 * 24 * 60 * 60,
        _ => return None,
    };
    number.checked_mul(unit).map(|seconds| seconds.min(MOST_S))
}

fn user(argument: &str, usage: &str) -> Result<UserName, String> {
    if argument.is_empty() {
        return Err(format!("Say whom: {usage}"));
    }
    UserName::parse(argument.trim_start_matches('@')).map_err(|error| format!("@user: {error}"))
}

fn one_line(text: &str) -> Result<Topic, String> {
    Topic::new(text).map_err(|error| format!("Reason: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(parsed: Parsed) -> String {
        parsed.map_or_else(|error| error, |action| format!("{action:?}"))
    }

    #[test]
    fn penalties_have_a_time_and_a_reason() {
        let mute = |line| case(mute(line));
        assert!(
            mute("@lin for 10m too loud")
                .contains(r#"for_s: Some(600), reason: Topic("too loud"), everywhere: false"#)
        );
        assert!(mute("--server lin").contains(r#"for_s: None, reason: Topic(""), everywhere: true"#));
        assert!(mute("lin for spam").contains(r#"for_s: None, reason: Topic("for spam")"#));
        assert_eq!(mute(""), "Say whom: /mute [--server] @user [for 1h] [reason]");
        assert!(case(ban("@lin for 999999d")).contains("Ask(Ban("));
    }

    #[test]
    fn a_status_is_a_picture_words_and_a_time() {
        let status = |line| case(status(line));
        assert_eq!(
            status(":tada: on holiday for 2h"),
            r#"Order(Status(Some(Emoji("🎉")), StatusText("on holiday"), Some(7200)))"#
        );
        assert_eq!(status("waiting for lin"), r#"Order(Status(None, StatusText("waiting for lin"), None))"#);
        assert_eq!(status(""), r#"Order(Status(None, StatusText(""), None))"#);
        assert_eq!(
            case(privacy("read off")),
            r"Order(Privacy(SetPrivacy { read_receipts: Some(false), typing: None, last_seen: None }))"
        );
        assert!(case(privacy("all off")).starts_with("Say what"));
    }
}
