//! Slash commands: "/join #deploys" becomes an [`Action`]. One row for each; help, the hint while
//! typing and completion read the same rows.

use chat_proto::{PresenceState, RoomName, Topic, UserName};

use crate::action::{Action, Plain};

/// A row of the table.
pub struct Command {
    /// Its name without the slash.
    pub name: &'static str,
    /// How its arguments are written.
    pub usage: &'static str,
    /// What it does, in one line.
    pub help: &'static str,
    parse: fn(&str) -> Result<Action, String>,
}

/// All commands, in the order of the help screen.
pub const COMMANDS: &[Command] = &[
    Command { name: "help", usage: "", help: "All keys and commands", parse: |_| plain(Plain::Help) },
    Command { name: "join", usage: "#room", help: "Join a room, or go there", parse: join },
    Command { name: "create", usage: "#room [topic]", help: "Make a room", parse: create },
    Command { name: "msg", usage: "@user [text]", help: "Open a direct conversation", parse: message },
    Command { name: "leave", usage: "", help: "Leave this room", parse: |_| plain(Plain::Leave) },
    Command { name: "topic", usage: "[text]", help: "Show or set this room's topic", parse: topic },
    Command {
        name: "members",
        usage: "",
        help: "Who is in this conversation",
        parse: |_| plain(Plain::Members),
    },
    Command {
        name: "rooms",
        usage: "",
        help: "The directory of public rooms",
        parse: |_| plain(Plain::Rooms),
    },
    Command { name: "who", usage: "", help: "Who is on this server", parse: |_| plain(Plain::Who) },
    Command {
        name: "away",
        usage: "",
        help: "Show yourself as away",
        parse: |_| Ok(Action::Presence(PresenceState::Away)),
    },
    Command {
        name: "back",
        usage: "",
        help: "Show yourself as here again",
        parse: |_| Ok(Action::Presence(PresenceState::Online)),
    },
    Command { name: "reconnect", usage: "", help: "Connect now", parse: |_| plain(Plain::Reconnect) },
    Command { name: "retry", usage: "", help: "Send failed messages again", parse: |_| plain(Plain::Retry) },
    Command {
        name: "discard",
        usage: "",
        help: "Take a failed message back to edit it",
        parse: |_| plain(Plain::Discard),
    },
    Command { name: "quit", usage: "", help: "Close the chat", parse: |_| plain(Plain::Quit) },
];

/// What a finished line of the composer asks for.
///
/// # Errors
/// One sentence that says what is wrong and what to type instead.
pub fn parse(line: &str) -> Result<Action, String> {
    let Some(rest) = line.strip_prefix('/') else { return Ok(Action::Say(line.to_owned())) };
    if rest.starts_with('/') {
        return Ok(Action::Say(rest.to_owned()));
    }
    let (name, arguments) = split(rest);
    match find(name) {
        Some(command) => (command.parse)(arguments),
        None => Err(format!("There is no command /{name}; /help lists them, //{name} sends it as text")),
    }
}

/// The command of that name, in any case.
#[must_use]
pub fn find(name: &str) -> Option<&'static Command> {
    COMMANDS.iter().find(|command| command.name.eq_ignore_ascii_case(name))
}

/// What to show while a command is being typed: its usage, or the commands that begin like this.
#[must_use]
pub fn hint(line: &str) -> Option<String> {
    let rest = line.strip_prefix('/').filter(|rest| !rest.starts_with('/'))?;
    let (name, _) = split(rest);
    if let Some(command) = find(name) {
        let usage = [command.name, command.usage].join(" ");
        return Some(format!("/{} · {}", usage.trim_end(), command.help));
    }
    let begins = |command: &&Command| rest == name && command.name.starts_with(&name.to_ascii_lowercase());
    let names: Vec<String> = COMMANDS.iter().filter(begins).map(|c| format!("/{}", c.name)).collect();
    Some(if names.is_empty() { format!("no command /{name}") } else { names.join(" ") })
}

fn split(text: &str) -> (&str, &str) {
    let text = text.trim_end();
    text.split_once(char::is_whitespace).map_or((text, ""), |(name, rest)| (name, rest.trim()))
}

fn plain(action: Plain) -> Result<Action, String> {
    Ok(action.into())
}

fn join(arguments: &str) -> Result<Action, String> {
    room(arguments, "/join #room").map(Action::Join)
}

fn create(arguments: &str) -> Result<Action, String> {
    let (name, rest) = split(arguments);
    let topic = Topic::new(rest).map_err(|error| format!("Topic: {error}"))?;
    Ok(Action::Create(room(name, "/create #room [topic]")?, topic))
}

fn message(arguments: &str) -> Result<Action, String> {
    let (name, rest) = split(arguments);
    if name.is_empty() {
        return Err("Say to whom: /msg @user [text]".to_owned());
    }
    let user = UserName::parse(name.trim_start_matches('@')).map_err(|error| format!("@user: {error}"))?;
    Ok(Action::Message(user, (!rest.is_empty()).then(|| rest.to_owned())))
}

fn topic(arguments: &str) -> Result<Action, String> {
    if arguments.is_empty() {
        return Ok(Action::Topic(None));
    }
    Topic::new(arguments).map(|topic| Action::Topic(Some(topic))).map_err(|error| format!("Topic: {error}"))
}

fn room(argument: &str, usage: &str) -> Result<RoomName, String> {
    if argument.is_empty() {
        return Err(format!("Say which room: {usage}"));
    }
    RoomName::parse(argument.trim_start_matches('#')).map_err(|error| format!("#room: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(line: &str) -> String {
        match parse(line) {
            Ok(action) => format!("{action:?}"),
            Err(error) => error,
        }
    }

    #[test]
    fn lines_become_actions() {
        assert_eq!(case("hello"), r#"Say("hello")"#);
        assert_eq!(case("//etc/passwd"), r#"Say("/etc/passwd")"#);
        assert_eq!(case("/JOIN #Deploys"), r#"Join(RoomName("deploys"))"#);
        assert_eq!(case("/join deploys "), r#"Join(RoomName("deploys"))"#);
        assert_eq!(case("/msg @ada hi  there"), r#"Message(UserName("ada"), Some("hi  there"))"#);
        assert_eq!(case("/msg ada"), r#"Message(UserName("ada"), None)"#);
        assert_eq!(case("/topic"), "Topic(None)");
        assert_eq!(case("/create #x one two"), r#"Create(RoomName("x"), Topic("one two"))"#);
        assert_eq!(case("/quit"), "Plain(Quit)");
    }

    #[test]
    fn what_cannot_be_done_says_what_to_type() {
        assert_eq!(
            case("/frobnicate now"),
            "There is no command /frobnicate; /help lists them, //frobnicate sends it as text"
        );
        assert_eq!(case("/join"), "Say which room: /join #room");
        assert_eq!(case("/join #a b"), "#room: a name has only letters, digits, '.', '-' and '_'");
        assert_eq!(case("/msg"), "Say to whom: /msg @user [text]");
    }

    #[test]
    fn hints_follow_the_typing() {
        assert_eq!(hint("hello"), None);
        assert_eq!(hint("//x"), None);
        assert_eq!(hint("/re").as_deref(), Some("/reconnect /retry"));
        assert_eq!(hint("/join #d").as_deref(), Some("/join #room · Join a room, or go there"));
        assert_eq!(hint("/zz").as_deref(), Some("no command /zz"));
    }
}
