//! Slash commands: "/join #deploys" becomes an [`Action`]. One row for each; help, the hint while
//! typing and completion read the same rows.

mod account;
mod admin;
mod arguments;
mod attention;
mod keep;
mod order;
pub(crate) mod path;
mod safety;
mod settings;

use chat_proto::PresenceState;

use crate::action::{Action, Hear, Order, Plain, Safety};

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

impl Command {
    /// What it does without arguments, if it can be done so.
    #[must_use]
    pub(crate) fn bare(&self) -> Option<Action> {
        (self.parse)("").ok()
    }
}

/// The command that does an action.
#[must_use]
pub(crate) fn of(plain: Plain) -> Option<&'static Command> {
    COMMANDS.iter().find(|command| command.bare() == Some(Action::Plain(plain)))
}

const fn row(
    name: &'static str,
    usage: &'static str,
    help: &'static str,
    parse: fn(&str) -> Result<Action, String>,
) -> Command {
    Command { name, usage, help, parse }
}

/// Whether a mute is meant for a person, and not for the open conversation.
fn names_somebody(arguments: &str) -> bool {
    arguments.starts_with('@') || arguments.starts_with("--")
}

/// All commands, in the order of the help screen.
pub const COMMANDS: &[Command] = &[
    row("help", "[COMMAND]", "All keys and commands; or what one command does", |name| match name {
        "" => plain(Plain::Help),
        name => Ok(Action::HelpOn(name.trim_start_matches('/').to_owned())),
    }),
    row("join", "#room", "Join a room, or go there", arguments::join),
    row("create", "[--private] #room [topic]", "Make a room", arguments::create),
    row("msg", "@user… [text]", "Open a direct conversation, with up to 8 people", arguments::message),
    row("leave", "", "Leave this room", |_| plain(Plain::Leave)),
    row("me", "TEXT", "Say what you do: \"ada waves\"", |text| arguments::text(text, "me", Action::Me)),
    row("reply", "TEXT", "Answer the selected message, or the newest", |text| {
        arguments::text(text, "reply", Action::Reply)
    }),
    row("thread", "", "Open the thread of the selected message, or the newest", |_| plain(Plain::Thread)),
    row("edit", "TEXT", "Change your selected message, or your last one", |text| {
        arguments::text(text, "edit", Action::Edit)
    }),
    row("delete", "", "Delete your selected message, or your last one", |_| plain(Plain::Delete)),
    row("react", "EMOJI|:name:", "React to the selected message, or the newest", arguments::react),
    row("emoji", "", "Choose an emoji for the text being written", |_| plain(Plain::Emoji)),
    row("pin", "", "Pin the selected message, or the newest", |_| Ok(Action::Pin(true))),
    row("unpin", "", "Unpin the selected message, or the newest pinned", |_| Ok(Action::Pin(false))),
    row("pins", "", "What is pinned here", |_| plain(Plain::Pins)),
    row("forward", "#room|@user", "Send the selected message, or the newest, on", arguments::forward),
    row(
        "upload",
        "[PATH] [text]",
        "Send a file; without a path, choose one in a browser of folders",
        arguments::upload,
    ),
    row("save", "[PATH]", "Save the files of the selected message, or the newest", arguments::save),
    row("files", "", "The files that you uploaded, and what they take", |_| plain(Plain::Files)),
    row("cancel", "", "Stop the file that was started last", |_| plain(Plain::StopFile)),
    row("editor", "", "Write the message in your editor", |_| plain(Plain::Editor)),
    row(
        "lock",
        "[new]",
        "Hide the screen until a passphrase is typed; new chooses another one",
        arguments::lock,
    ),
    row("view", "", "Show the picture of the selected message, or the newest", |_| plain(Plain::View)),
    row("versions", "", "What the selected message said before", |_| plain(Plain::Versions)),
    row("goto", "[#room]:SEQ", "Go to a message, as its link says", arguments::goto),
    row(
        "export",
        "[text|markdown|json] [PATH] | cancel",
        "Write this conversation into a file; nothing is overwritten",
        arguments::export,
    ),
    row("day", "DATE|yesterday|monday", "Go to what was written on a day", arguments::day),
    row("select", "", "Choose a message to act on", |_| plain(Plain::Select)),
    row(
        "search",
        "[query]",
        "Search all messages: words, \"phrases\", from:@ada in:#room",
        attention::search,
    ),
    row("inbox", "", "What calls for you, everywhere", |_| plain(Plain::Inbox)),
    row("threads", "", "The threads that you follow", |_| plain(Plain::Threads)),
    row("follow", "", "Follow the open thread: its messages come into your inbox", |_| {
        Ok(Action::Follow(true))
    }),
    row("unfollow", "", "Do not follow the open thread any more", |_| Ok(Action::Follow(false))),
    row("saved", "", "The messages that you saved", |_| plain(Plain::Saved)),
    row("star", "", "Keep this conversation among your favourites; again ends it", |_| plain(Plain::Star)),
    row("notify", "all|mentions|none|usual", "Which messages here alert you", attention::notify),
    row(
        "dnd",
        "2h|22:00-08:00 [mon-fri]|off",
        "Do not disturb, for a time or at these hours",
        attention::dnd,
    ),
    row("topic", "[text]", "Show or set this room's topic", arguments::topic),
    row("describe", "[text]", "Show or set what this room is for", arguments::describe),
    row("members", "", "Who is in this conversation, and their roles", |_| plain(Plain::Members)),
    row("invite", "@user", "Ask somebody into this room", arguments::invite),
    row("invitations", "", "The rooms that you are invited into", |_| plain(Plain::Invitations)),
    row("accept", "#room", "Take an invitation", |room| arguments::answer(room, true)),
    row("decline", "#room", "Decline an invitation", |room| arguments::answer(room, false)),
    row("kick", "@user [reason]", "Put somebody out of this room", arguments::kick),
    row(
        "ban",
        "[--server] @user [for 1h] [reason]",
        "Put somebody out and keep them out; asks once",
        order::ban,
    ),
    row("unban", "[--server] @user", "End a ban", order::unban),
    row("bans", "[--server]", "Who is banned", |text| order::list(text, Order::Bans)),
    row(
        "mute",
        "[2h] | [--server] @user [for 1h] [reason]",
        "Nothing here alerts you; or let somebody only read",
        |text| if names_somebody(text) { order::mute(text) } else { attention::mute(text) },
    ),
    row("unmute", "[[--server] @user]", "End a mute, of this conversation or of somebody", |text| {
        if names_somebody(text) { order::unmute(text) } else { Ok(Action::Hear(Some(Hear::Unmute))) }
    }),
    row("mutes", "[--server]", "Who is muted", |text| order::list(text, Order::Mutes)),
    row("purge", "[--server] @user", "Delete what somebody wrote in the last hour; asks once", order::purge),
    row(
        "report",
        "[reason]",
        "Report the selected message, or the newest, to those who keep order",
        order::report,
    ),
    row("reports", "[--server]", "The open reports", |text| order::list(text, Order::Reports)),
    row("resolve", "NUMBER [note]", "Close a report of the list", order::resolve),
    row("audit", "[--server]", "What was done to keep order", |text| order::list(text, Order::Audit)),
    row("role", "@user ROLE", "Make somebody owner, moderator, member or read-only", arguments::role),
    row("rename", "#new", "Give this room another name", arguments::rename),
    row("archive", "", "End writing in this room; all can read", |_| Ok(Action::Archive(true))),
    row("unarchive", "", "Let people write in this room again", |_| Ok(Action::Archive(false))),
    row("slow", "SECONDS|off", "How long members wait between two messages", arguments::slow),
    row("retention", "DAYSd|off", "How long this room keeps messages", arguments::retention),
    row("announce", "on|off", "Only moderators begin messages here", arguments::announce),
    row(
        "fold",
        "[favourites|rooms|direct|invitations]",
        "Fold a group of the list, or unfold it",
        arguments::fold,
    ),
    row("rooms", "", "The directory of public rooms", |_| plain(Plain::Rooms)),
    row("who", "", "Who is on this server", |_| plain(Plain::Who)),
    row("bot", "[create|token|delete NAME]", "Your bots; /bot create NAME read,write makes one", keep::bot),
    row(
        "incoming",
        "[create|delete NAME]",
        "Addresses to which programs post into this room",
        keep::incoming,
    ),
    row(
        "outgoing",
        "[create URL|test|delete ID]",
        "Programs that are told what happens here",
        keep::outgoing,
    ),
    row("away", "", "Show yourself as away", |_| Ok(Action::Presence(PresenceState::Away))),
    row("back", "", "Show yourself as here again", |_| Ok(Action::Presence(PresenceState::Online))),
    row("profile", "[@user]", "What somebody says of themselves", order::profile),
    row("nick", "[name]", "Your name in your own spelling", order::nick),
    row(
        "status",
        "[:emoji:] [text] [for 2h]",
        "What you are doing; without a text it is taken away",
        order::status,
    ),
    row("zone", "[Europe/Zurich]", "Where you are, for the local time in your profile", order::zone),
    row("block", "@user", "Keep somebody from writing to you, and from seeing you come and go", |text| {
        order::block(text, true)
    }),
    row("unblock", "@user", "End a block", |text| order::block(text, false)),
    row("blocked", "", "Whom you block", |_| Ok(Action::Order(Order::Blocked))),
    row("show", "", "Open a folded message of somebody you block, or fold it", |_| {
        Ok(Action::Order(Order::Show))
    }),
    row("privacy", "[read|typing|seen on|off]", "What you show, and are shown", order::privacy),
    row("password", "", "Change your password; all other logins end", |_| {
        Ok(Action::Safety(Safety::Password))
    }),
    row("sessions", "", "Where you are logged in; end one login, or all others", |_| {
        Ok(Action::Safety(Safety::Sessions))
    }),
    row(
        "twofactor",
        "[CODE|off [CODE]]",
        "Have logins ask for a code of an authenticator app",
        safety::two_factor,
    ),
    row("link", "[CODE]", "Link your account with the provider by which people log in here", safety::link),
    row("unlink", "", "End that link; your password stays", |_| Ok(Action::Safety(Safety::Unlink))),
    row(
        "admin",
        admin::USAGE,
        "For admins: accounts, invite codes, lockdown, rooms and the log, in one place",
        admin::admin,
    ),
    row("readers", "", "Who has read your selected message, or your last one", |_| {
        Ok(Action::Order(Order::Readers))
    }),
    row("accounts", "", "Your accounts and servers, and how they are connected", |_| plain(Plain::Accounts)),
    row(
        "account",
        "NAME|add|remove [NAME]",
        "Go to another account, sign in to one, or sign out",
        account::account,
    ),
    row("settings", "", "All settings with their values", |_| plain(Plain::Settings)),
    row("set", "NAME [VALUE]", "Change a setting, now and in the file", settings::set),
    row("theme", "[NAME]", "Choose a theme; without a name, look at all of them", settings::theme),
    row(
        "bind",
        "[ACTION [KEY]]",
        "Give an action another key; without one, choose from all of them",
        settings::bind,
    ),
    row("reload", "", "Read the file of settings again", |_| plain(Plain::ReloadSettings)),
    row("reconnect", "", "Connect now", |_| plain(Plain::Reconnect)),
    row("trust", "", "Decide about a certificate for which nobody vouches", |_| plain(Plain::Trust)),
    row("retry", "", "Send failed messages again", |_| plain(Plain::Retry)),
    row("discard", "", "Take a failed message back to edit it", |_| plain(Plain::Discard)),
    row("quit", "", "Close the chat", |_| plain(Plain::Quit)),
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
        // What is left out silently would do to the open room what was meant for another one.
        Some(command) if command.usage.is_empty() && !arguments.is_empty() => {
            Err(format!("/{} takes nothing behind it: {}", command.name, command.help))
        }
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
    fn days_are_said_in_a_few_ways() {
        for (line, days) in [("30d", 30), ("30 days", 30), ("1 day", 1), ("7", 7), ("off", 0)] {
            assert_eq!(case(&format!("/retention {line}")), format!("Retention({days})"));
        }
        for wrong in ["/retention", "/retention 0", "/retention 3h"] {
            assert_eq!(case(wrong), "Say how long: /retention 30d or /retention off");
        }
    }

    #[test]
    fn lines_become_actions() {
        assert_eq!(case("hello"), r#"Say("hello")"#);
        assert_eq!(case("//etc/passwd"), r#"Say("/etc/passwd")"#);
        assert_eq!(case("/JOIN #Deploys"), r#"Join(RoomName("deploys"))"#);
        assert_eq!(case("/join deploys "), r#"Join(RoomName("deploys"))"#);
        assert_eq!(case("/msg @ada hi  there"), r#"Message([UserName("ada")], Some("hi  there"))"#);
        assert_eq!(case("/msg ada"), r#"Message([UserName("ada")], None)"#);
        assert_eq!(case("/topic"), "Topic(None)");
        assert_eq!(case("/create #x one two"), r#"Create(RoomName("x"), Topic("one two"), false)"#);
        assert_eq!(case("/create --private #x"), r#"Create(RoomName("x"), Topic(""), true)"#);
        assert_eq!(case("/quit"), "Plain(Quit)");
        let both = r#"Message([UserName("ada"), UserName("lin")], Some("hi"))"#;
        assert_eq!(case("/msg @ada @lin hi"), both);
        assert_eq!(case("/msg @ada,@lin hi"), both);
        assert_eq!(case("/me waves"), r#"Me("waves")"#);
        assert_eq!(case("/react :tada:"), r#"React(Emoji("🎉"))"#);
        assert_eq!(case("/react"), "Plain(React)");
        assert_eq!(case("/role @ada read-only"), r#"Role(UserName("ada"), ReadOnly)"#);
        assert_eq!(case("/kick @ada too loud"), r#"Kick(UserName("ada"), Topic("too loud"))"#);
        assert_eq!(case("/slow 30"), "Slow(30)");
        assert_eq!(case("/slow off"), "Slow(0)");
        assert_eq!(case("/announce on"), "Announce(true)");
        assert_eq!(case("/forward @ada"), r#"Forward(User(UserName("ada")))"#);
        assert_eq!(case("/goto #ops:42"), r#"GoTo(Some(RoomName("ops")), Seq(42))"#);
        assert_eq!(case("/goto 42"), "GoTo(None, Seq(42))");
        assert_eq!(case("/decline ops"), r#"Answer(RoomName("ops"), false)"#);
    }

    #[test]
    fn bots_and_webhooks_are_kept() {
        assert_eq!(case("/bot"), "Keep(Bots)");
        assert_eq!(case("/bot token @robo"), r#"Keep(RotateToken(UserName("robo")))"#);
        let create = r#"Keep(CreateBot(UserName("robo"), Scopes({Read, Write})))"#;
        assert_eq!(case("/bot create robo read,write"), create);
        assert_eq!(case("/bot create robo write read"), create);
        assert_eq!(case("/incoming create grafana"), r#"Keep(CreateIncoming(UserName("grafana")))"#);
        assert_eq!(case("/outgoing create https://x.org/"), r#"Keep(CreateOutgoing("https://x.org/"))"#);
        assert_eq!(case("/bot dance"), "Say what: /bot create, /bot token or /bot delete");
        assert_eq!(
            case("/bot create robo root"),
            "Say what its token is good for: read, write, rooms, commands, with a comma between two"
        );
        assert_eq!(case("/incoming create"), "Say which: /incoming create NAME");
        assert_eq!(case("/outgoing delete"), "Say which: /outgoing delete ID");
    }

    #[test]
    fn paths_are_arguments() {
        assert_eq!(case("/upload a.png look"), r#"Upload("a.png", "look")"#);
        assert_eq!(case("/save"), "Save(None)");
        assert_eq!(case("/save \"my files\""), r#"Save(Some("my files"))"#);
        assert_eq!(case("/save my files"), r#"Save(Some("my files"))"#);
        assert_eq!(case("/upload"), "Plain(Upload)");
        assert_eq!(case("/upload \"a b"), "The quote around the path is not closed");
    }

    #[test]
    fn what_cannot_be_done_says_what_to_type() {
        assert_eq!(
            case("/frobnicate now"),
            "There is no command /frobnicate; /help lists them, //frobnicate sends it as text"
        );
        assert_eq!(case("/join"), "Say which room: /join #room");
        assert_eq!(case("/join #a b"), "#room: a name has only letters, digits, '.', '-' and '_'");
        assert_eq!(case("/msg"), "Say to whom: /msg @user… [text]");
        assert_eq!(case("/me"), "Write a text behind it: /me TEXT");
        assert_eq!(case("/role @ada king"), "Say which role: owner, moderator, member or read-only");
        assert_eq!(case("/slow soon"), "Say how long: /slow SECONDS or /slow off");
        assert_eq!(case("/announce"), "Say on or off: /announce on");
        assert_eq!(case("/goto there"), "Say where: /goto #room:SEQ");
        assert_eq!(case("/forward ops"), "Say where to: /forward #room or /forward @user");
    }

    #[test]
    fn hints_follow_the_typing() {
        assert_eq!(hint("hello"), None);
        assert_eq!(hint("//x"), None);
        assert_eq!(
            hint("/re").as_deref(),
            Some(
                "/reply /react /report /reports /resolve /rename /retention /readers /reload /reconnect /retry"
            )
        );
        assert_eq!(hint("/join #d").as_deref(), Some("/join #room · Join a room, or go there"));
        assert_eq!(hint("/zz").as_deref(), Some("no command /zz"));
    }
}
