//! The commands of `chat-cli`, one file for each kind.

mod account;
mod administration;
mod args;
mod attention;
mod bot;
mod change;
mod export;
mod failure;
mod files;
mod invitation;
mod listen;
mod look;
mod message;
mod order;
mod output;
mod pages;
mod people;
mod provider;
mod script;
mod search;
mod send;
mod server;
mod target;
mod trust;
mod webhook;
mod who;

use std::process::ExitCode;

use chat_client::words;
use chat_proto::SafeText;
use clap::Parser;

use args::{Cli, Command, Common, MessageCommand, RoomCommand};
use failure::Failure;
use output::Output;
use who::Who;

/// What a shell is told of a command that could not be read.
const WRONG_USAGE: u8 = 2;

/// Runs the command line; the exit code says how it went.
pub(crate) fn main() -> ExitCode {
    let filter = tracing_subscriber::EnvFilter::try_from_env("CHAT_LOG").unwrap_or_else(|_| "error".into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        // It repeats the arguments, and a script may have them from somebody else.
        Err(mistake) if mistake.use_stderr() => {
            eprint!("{}", SafeText::block(&mistake.render().to_string()));
            return ExitCode::from(WRONG_USAGE);
        }
        Err(page) => page.exit(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let done = match runtime {
        Ok(runtime) => {
            let done = runtime.block_on(run(cli));
            // A read of stdin may still wait for a terminal; nobody wants its line any more.
            runtime.shutdown_background();
            done
        }
        Err(error) => Err(Failure::usage(format!("cannot start: {error}"))),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

async fn run(cli: Cli) -> Result<(), Failure> {
    let Cli { common, command } = cli;
    let mut out = Output::new(common.json);
    match command {
        Command::Login { oidc: false, .. } => return who::login(&common, &mut out).await,
        Command::Login { invite, .. } => return provider::login(&common, invite, &mut out).await,
        Command::Register { invite } => return who::register(&common, invite, &mut out).await,
        Command::Reset { code } => return who::reset(&common, code, &mut out).await,
        Command::Logout => return who::logout(&common, &mut out).await,
        Command::Accounts => return who::accounts(&common, &mut out),
        Command::Trust(args) => return trust::trust(&common, args, &mut out).await,
        Command::Completions { shell } => return pages::completions(shell),
        Command::Man { into } => return pages::man(into.as_deref()),
        Command::Script { file, no_login: true } => {
            let (server, tls) = (who::server(&common)?, who::tls(&common)?);
            trust::meet(&server, &tls).await?;
            return script::run(&server, &tls, None, file, &mut out).await;
        }
        _ => {}
    }
    let who = Who::find(&common).await?;
    let done = with_account(&who, command, &mut out).await;
    who.end().await;
    done
}

#[allow(clippy::cognitive_complexity, reason = "a table: one line for each command, each with its await")]
async fn with_account(who: &Who, command: Command, out: &mut Output) -> Result<(), Failure> {
    match command {
        Command::Send(args) => send::send(who, args, out).await,
        Command::Upload(args) => files::upload(who, args, out).await,
        Command::Download(args) => files::download(who, args, out).await,
        Command::Files(args) => files::files(who, args, out).await,
        Command::Listen(args) => listen::listen(who, args, out).await,
        Command::History(args) => look::history(who, args, out).await,
        Command::Export(args) => export::export(who, args, out).await,
        Command::Message(command) => about_message(who, command, out).await,
        Command::Rooms { all, query } => look::rooms(who, all, query, out).await,
        Command::Members { target } => look::members(who, &target, out).await,
        Command::People { query } => look::people(who, query, out).await,
        Command::Search(args) => search::search(who, args, out).await,
        Command::Attention(command) => attention::run(who, command, out).await,
        Command::Whoami => look::whoami(who, out).await,
        Command::Room(command) => in_room(who, command, out).await,
        Command::Bot(command) => bot::bot(who, command, out).await,
        Command::Slash(command) => bot::command(who, command, out).await,
        Command::Incoming(command) => webhook::incoming(who, command, out).await,
        Command::Outgoing(command) => webhook::outgoing(who, command, out).await,
        Command::Order(command) => order::run(who, command, out).await,
        Command::Account(command) => account::run(who, command, out).await,
        Command::User(command) => administration::run(who, command, out).await,
        Command::Admin(command) => server::run(who, command, out).await,
        Command::AboutPeople(command) => people::run(who, command, out).await,
        Command::Read { target, seq } => change::read(who, &target, seq, out).await,
        Command::Script { file, .. } => {
            script::run(&who.account.server, &who.tls, Some(&who.account.token), file, out).await
        }
        // Done before an account was looked for.
        Command::Login { .. }
        | Command::Register { .. }
        | Command::Reset { .. }
        | Command::Logout
        | Command::Accounts
        | Command::Trust(_)
        | Command::Completions { .. }
        | Command::Man { .. } => Ok(()),
    }
}

async fn about_message(who: &Who, command: MessageCommand, out: &mut Output) -> Result<(), Failure> {
    match command {
        MessageCommand::Edit { message, text } => message::edit(who, &message, text, out).await,
        MessageCommand::Delete { message } => message::delete(who, &message, out).await,
        MessageCommand::React { message, emoji, remove } => {
            message::react(who, &message, emoji, !remove, out).await
        }
        MessageCommand::Pin { message, remove } => message::pin(who, &message, !remove, out).await,
        MessageCommand::Pins { target } => message::pins(who, &target, out).await,
        MessageCommand::Versions { message } => message::versions(who, &message, out).await,
        MessageCommand::Thread { target, seq } => message::thread(who, target, seq, out).await,
    }
}

async fn in_room(who: &Who, command: RoomCommand, out: &mut Output) -> Result<(), Failure> {
    match command {
        RoomCommand::Create(args) => change::create(who, args, out).await,
        RoomCommand::Join { room } => change::join(who, room.0, out).await,
        RoomCommand::Leave { target } => change::leave(who, &target, out).await,
        RoomCommand::Invite { target, person } => invitation::invite(who, &target, person.0, out).await,
        RoomCommand::Invitations => invitation::list(who, out).await,
        RoomCommand::Accept { room } => invitation::accept(who, &room.0, out).await,
        RoomCommand::Decline { room } => invitation::decline(who, &room.0, out).await,
        RoomCommand::Kick { target, person, reason } => {
            change::kick(who, &target, person.0, reason.unwrap_or_default(), out).await
        }
        RoomCommand::Role { target, person, role } => change::role(who, &target, person.0, role.0, out).await,
        RoomCommand::Rename { target, name } => change::rename(who, &target, name.0, out).await,
        RoomCommand::Describe { target, text } => change::describe(who, &target, text, out).await,
        RoomCommand::Rules(args) => change::rules(who, &args, out).await,
        RoomCommand::Topic { target, text } => change::topic(who, &target, text, out).await,
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn commands_are_read_as_the_design_writes_them() {
        for line in [
            "login --server ws://127.0.0.1:7667 --user ada",
            "register --invite CODE",
            "send #room text",
            "send @ada -",
            "send #room --json",
            "listen",
            "listen #a @b --json --count 3 --timeout 10s",
            "listen #a --since 41",
            "history #a --limit 5 --before 9 --json",
            "rooms --all",
            "rooms release",
            "inbox --all --limit 5 --mark-read",
            "inbox --clear",
            "threads --unread",
            "follow #a:42",
            "follow #a 42 --remove",
            "save #a:42",
            "save #a 42 --remove",
            "saved --limit 5",
            "star @ada --remove",
            "notify #a",
            "notify #a none --mute 2h",
            "dnd --for 2h",
            "dnd --from 22:00 --to 8:00 --days mon,tue --zone Europe/Berlin",
            "dnd --off",
            "history #a --links",
            "history --around #a:5",
            "history #a --around 5",
            "send @ada,@lin hi",
            "search deploy from:@ada in:#ops --newest --limit 5",
            "send #a --reply-to 3 --thread 2 --me waves",
            "send #a --forward @ada:3",
            "send #a --file a.png --file b.png look",
            "upload #a a.png b.png --text look",
            "upload @ada a.png --thread 3",
            "download #a 5",
            "download #a:5 --output dir",
            "download 01997f00-0000-7000-8000-000000009001 --output -",
            "files",
            "files --delete 01997f00-0000-7000-8000-000000009001",
            "edit #a 5 text",
            "edit #a 5 -",
            "delete #a 5",
            "react #a 5 👍 --remove",
            "pin #a 5",
            "pins #a",
            "versions #a 5",
            "thread #a 5",
            "thread #a:5",
            "create #room --topic x --private --description y",
            "invite #a @lin",
            "invitations",
            "accept #a",
            "decline #a",
            "kick #a @lin --reason spam",
            "role #a @lin read-only",
            "rename #a #b",
            "describe #a -",
            "rules #a",
            "rules #a --announcement on --slow 30 --archived off",
            "join room",
            "topic #room",
            "read #room 5",
            "script --no-login file.jsonl",
            "bot create robo --scope read,write",
            "bot list",
            "bot token @robo --scope commands",
            "bot delete robo",
            "incoming create #ops grafana",
            "incoming list #ops",
            "incoming delete #ops grafana",
            "outgoing create #ops https://ci.example.org/ --events message,edited --trigger !build",
            "outgoing list #ops",
            "outgoing test #ops 01997f00-0000-7000-8000-00000000ab02",
            "outgoing delete #ops 01997f00-0000-7000-8000-00000000ab02",
            "command list #ops",
            "command run #ops deploy api v2 --wait 5s",
            "command run #ops robo:deploy",
            "profile",
            "profile @ada",
            "profile --name Ada --zone Europe/Zurich",
            "status holiday --emoji 🌴 --for 2h",
            "status --clear",
            "block @lin",
            "unblock lin",
            "blocked",
            "privacy",
            "privacy --read-receipts off --typing on --last-seen off",
            "readers #a 5",
            "ban #a @lin --for 1h --reason spam",
            "ban --whole-server @lin",
            "unban #a @lin",
            "mute #a lin --for 10m",
            "unmute --whole-server @lin",
            "bans",
            "bans #a --mutes",
            "purge #a @lin --within 10m",
            "purge --whole-server @lin",
            "report #a 5 --reason spam",
            "reports",
            "reports #a --all",
            "trust",
            "trust wss://chat.example.org",
            "trust --forget chat.example.org",
            "whoami --trust 00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF",
            "reports --close 01997f00-0000-7000-8000-000000000e01 --note seen",
            "audit #a --limit 5",
            "password",
            "password --password-stdin",
            "reset --code 4K7Q-M9XA-P4TD-0ZRB-W2HC",
            "sessions",
            "sessions --revoke 01997f00-0000-7000-8000-00000000d001",
            "sessions --revoke-others",
            "two-factor on",
            "two-factor off --code 123456",
            "user list gr",
            "user disable @grace --reason gone",
            "user enable grace",
            "user role @grace guest",
            "user reset @grace --drop-two-factor",
            "user add @grace --role guest",
            "user add grace --code",
            "user logins @grace",
            "user logout @grace",
            "user logout @grace 01997f00-0000-7000-8000-00000000d001",
            "admin invite create --role guest --uses 5 --expires 2d",
            "admin invite list",
            "admin invite revoke 9f86d081884c7d65",
            "admin lockdown",
            "admin lockdown --end",
            "admin lockdown --status",
            "admin rooms",
        ] {
            let words = ["chat-cli"].into_iter().chain(line.split(' '));
            assert!(Cli::try_parse_from(words).is_ok(), "{line}");
        }
        for line in [
            "",
            "send",
            "send ada hi",
            "send #a hi --forward #b:3",
            "send #a --file a --forward #b:3",
            "upload #a",
            "download",
            "files --delete x",
            "history",
            "history #a --before 1 --after 2",
            "listen --timeout soon",
            "dnd --from 22:00",
            "dnd --from 25:00 --to 8:00",
            "notify #a loud",
            "react #a 5 smile",
            "role #a @lin king",
            "rules #a --archived maybe",
            "bot create robo",
            "bot create robo --scope root",
            "outgoing create #ops https://x/ --events nonsense",
            "outgoing test #ops 7",
            "command run #ops",
            "profile @ada --zone UTC",
            "status --clear holiday",
            "privacy --typing maybe",
            "ban @lin",
            "ban #a",
            "ban #a @lin --whole-server",
            "mute #a @lin --for long",
            "reports --note seen",
            "trust --forget",
            "whoami --trust me",
            "sessions --revoke here",
            "two-factor",
            "user role @grace king",
            "user add",
            "user add @grace --role owner",
            "admin",
            "admin invite create --uses 0",
            "admin lockdown --end --status",
            "user reset",
        ] {
            let words = ["chat-cli"].into_iter().chain(line.split(' ').filter(|word| !word.is_empty()));
            assert!(Cli::try_parse_from(words).is_err(), "{line}");
        }
    }
}
