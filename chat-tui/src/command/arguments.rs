//! The arguments of slash commands: text in, an [`Action`] or a sentence out.

use chat_client::export::Format;
use chat_proto::{Description, RoomName, RoomRole, Seq, Topic, UserName};
use jiff::civil::Weekday;

use super::{path, plain, split};
use crate::action::{Action, DayWish, Place, Plain};
use crate::state::emoji;
use crate::state::list::Group;

pub(super) type Parsed = Result<Action, String>;

/// What is said of a quote without its end.
const OPEN_QUOTE: &str = "The quote around the path is not closed";

pub(super) fn join(arguments: &str) -> Parsed {
    room(arguments, "/join #room").map(Action::Join)
}

pub(super) fn create(arguments: &str) -> Parsed {
    let (first, rest) = split(arguments);
    let private = first == "--private";
    let (name, topic) = if private { split(rest) } else { (first, rest) };
    Ok(Action::Create(room(name, "/create [--private] #room [topic]")?, one_line(topic, "Topic")?, private))
}

/// The people are the first word, its parts between commas, and every following word with an `@`.
pub(super) fn message(arguments: &str) -> Parsed {
    let (mut word, mut rest) = split(arguments);
    if word.is_empty() {
        return Err("Say to whom: /msg @user… [text]".to_owned());
    }
    let mut users: Vec<UserName> = Vec::new();
    loop {
        for name in word.split(',').filter(|name| !name.is_empty()) {
            let name = user(name, "/msg @user… [text]")?;
            if !users.contains(&name) {
                users.push(name);
            }
        }
        if !rest.starts_with('@') {
            break;
        }
        (word, rest) = split(rest);
    }
    Ok(Action::Message(users, (!rest.is_empty()).then(|| rest.to_owned())))
}

pub(super) fn topic(arguments: &str) -> Parsed {
    if arguments.is_empty() {
        return Ok(Action::Topic(None));
    }
    one_line(arguments, "Topic").map(|topic| Action::Topic(Some(topic)))
}

pub(super) fn describe(arguments: &str) -> Parsed {
    if arguments.is_empty() {
        return Ok(Action::Describe(None));
    }
    let description = Description::new(arguments).map_err(|error| format!("Description: {error}"))?;
    Ok(Action::Describe(Some(description)))
}

pub(super) fn text(arguments: &str, command: &str, action: fn(String) -> Action) -> Parsed {
    if arguments.is_empty() {
        return Err(format!("Write a text behind it: /{command} TEXT"));
    }
    Ok(action(arguments.to_owned()))
}

pub(super) fn react(arguments: &str) -> Parsed {
    if arguments.is_empty() {
        return plain(Plain::React);
    }
    emoji::parse(arguments).map(Action::React)
}

pub(super) fn forward(arguments: &str) -> Parsed {
    let usage = "/forward #room or /forward @user";
    match arguments.chars().next() {
        Some('#') => room(arguments, usage).map(|room| Action::Forward(Place::Room(room))),
        Some('@') => user(arguments, usage).map(|user| Action::Forward(Place::User(user))),
        None => plain(Plain::Forward),
        Some(_) => Err(format!("Say where to: {usage}")),
    }
}

/// `#room:42`, `:42` or `42`.
pub(super) fn goto(arguments: &str) -> Parsed {
    let (place, number) = arguments.rsplit_once(':').unwrap_or(("", arguments));
    let seq = number.trim().parse().ok().filter(|seq| *seq > 0);
    let Some(seq) = seq.map(Seq) else { return Err("Say where: /goto #room:SEQ".to_owned()) };
    if place.is_empty() {
        return Ok(Action::GoTo(None, seq));
    }
    room(place, "/goto #room:SEQ").map(|room| Action::GoTo(Some(room), seq))
}

/// The form may be left out, and the path as well.
pub(super) fn export(arguments: &str) -> Parsed {
    if arguments == "cancel" {
        return Ok(Action::EndExport);
    }
    let (first, rest) = split(arguments);
    let (format, path) = match first.parse() {
        Ok(format) => (format, rest),
        Err(_) => (Format::default(), arguments),
    };
    match path::first(path) {
        None => Err(OPEN_QUOTE.to_owned()),
        Some((named, _)) if named.is_empty() => Ok(Action::Export(format, None)),
        // A form that is not known is no name for a file.
        Some((_, "")) if path == first && !path.contains(['/', '.', '~', '"', '\'']) => {
            Err(format!("There is no form {path}: write {}; a file is ./{path}", Format::NAMES.join(", ")))
        }
        Some((named, "")) => Ok(Action::Export(format, Some(named.into()))),
        Some(_) => Ok(Action::Export(format, Some(path.into()))),
    }
}

/// `yesterday`, `monday` or `2026-11-01`.
pub(super) fn day(arguments: &str) -> Parsed {
    let said = arguments.to_lowercase();
    let wish = match said.as_str() {
        "today" => Some(DayWish::Ago(0)),
        "yesterday" => Some(DayWish::Ago(1)),
        "monday" | "mon" => Some(DayWish::Named(Weekday::Monday)),
        "tuesday" | "tue" => Some(DayWish::Named(Weekday::Tuesday)),
        "wednesday" | "wed" => Some(DayWish::Named(Weekday::Wednesday)),
        "thursday" | "thu" => Some(DayWish::Named(Weekday::Thursday)),
        "friday" | "fri" => Some(DayWish::Named(Weekday::Friday)),
        "saturday" | "sat" => Some(DayWish::Named(Weekday::Saturday)),
        "sunday" | "sun" => Some(DayWish::Named(Weekday::Sunday)),
        date => date.parse().ok().map(DayWish::Date),
    };
    let wish = wish.ok_or("Say which day: /day yesterday, /day monday or /day 2026-11-01")?;
    Ok(Action::GoToDay(wish))
}

pub(super) fn invite(arguments: &str) -> Parsed {
    user(arguments, "/invite @user").map(Action::Invite)
}

pub(super) fn answer(arguments: &str, accept: bool) -> Parsed {
    if arguments.is_empty() {
        return plain(Plain::Invitations);
    }
    room(arguments, "/accept #room").map(|room| Action::Answer(room, accept))
}

pub(super) fn kick(arguments: &str) -> Parsed {
    let (name, reason) = split(arguments);
    Ok(Action::Kick(user(name, "/kick @user [reason]")?, one_line(reason, "Reason")?))
}

pub(super) fn role(arguments: &str) -> Parsed {
    let (name, role) = split(arguments);
    let user = user(name, "/role @user ROLE")?;
    let found = RoomRole::ALL.into_iter().find(|known| known.as_str().eq_ignore_ascii_case(role));
    let role = found.ok_or("Say which role: owner, moderator, member or read-only")?;
    Ok(Action::Role(user, role))
}

pub(super) fn rename(arguments: &str) -> Parsed {
    room(arguments, "/rename #new").map(Action::Rename)
}

pub(super) fn slow(arguments: &str) -> Parsed {
    match arguments.trim_end_matches('s').trim() {
        "off" => Ok(Action::Slow(0)),
        seconds => seconds
            .parse()
            .map(Action::Slow)
            .map_err(|_| "Say how long: /slow SECONDS or /slow off".to_owned()),
    }
}

pub(super) fn retention(arguments: &str) -> Parsed {
    if arguments == "off" {
        return Ok(Action::Retention(0));
    }
    let days = arguments.trim_end_matches("days").trim_end_matches("day").trim_end_matches('d').trim();
    match days.parse() {
        Ok(days) if days > 0 => Ok(Action::Retention(days)),
        _ => Err("Say how long: /retention 30d or /retention off".to_owned()),
    }
}

pub(super) fn announce(arguments: &str) -> Parsed {
    match arguments {
        "on" => Ok(Action::Announce(true)),
        "off" => Ok(Action::Announce(false)),
        _ => Err("Say on or off: /announce on".to_owned()),
    }
}

pub(super) fn upload(arguments: &str) -> Parsed {
    match path::first(arguments) {
        None => Err(OPEN_QUOTE.to_owned()),
        Some((path, _)) if path.is_empty() => Ok(Plain::Upload.into()),
        Some((path, text)) => Ok(Action::Upload(path.into(), text.to_owned())),
    }
}

pub(super) fn save(arguments: &str) -> Parsed {
    match path::first(arguments) {
        None => Err(OPEN_QUOTE.to_owned()),
        Some((path, _)) if path.is_empty() => Ok(Action::Save(None)),
        // Nothing is said with it, so spaces are a part of the path, quoted or not.
        Some((path, "")) => Ok(Action::Save(Some(path.into()))),
        Some(_) => Ok(Action::Save(Some(arguments.into()))),
    }
}

fn one_line(text: &str, what: &str) -> Result<Topic, String> {
    Topic::new(text).map_err(|error| format!("{what}: {error}"))
}

fn user(argument: &str, usage: &str) -> Result<UserName, String> {
    if argument.is_empty() {
        return Err(format!("Say whom: {usage}"));
    }
    UserName::parse(argument.trim_start_matches('@')).map_err(|error| format!("@user: {error}"))
}

fn room(argument: &str, usage: &str) -> Result<RoomName, String> {
    if argument.is_empty() {
        return Err(format!("Say which room: {usage}"));
    }
    RoomName::parse(argument.trim_start_matches('#')).map_err(|error| format!("#room: {error}"))
}

/// `/lock`, or `/lock new`.
pub(super) fn lock(rest: &str) -> Result<Action, String> {
    match rest {
        "" => Ok(Plain::Lock.into()),
        "new" => Ok(Action::NewLock),
        _ => Err("Say /lock, or /lock new for another passphrase".to_owned()),
    }
}

/// `/fold`, or `/fold rooms`.
pub(super) fn fold(text: &str) -> Result<Action, String> {
    Ok(Action::Fold(match text.to_ascii_lowercase().as_str() {
        "" => return Ok(Plain::Fold.into()),
        "favourites" => Group::Favourites,
        "rooms" => Group::Rooms,
        "direct" => Group::Direct,
        "invitations" => Group::Invitations,
        _ => return Err("Say which: /fold favourites, rooms, direct or invitations".to_owned()),
    }))
}
