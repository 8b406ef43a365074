//! The commands of `chat-cli`, one file for each kind.

mod change;
mod failure;
mod listen;
mod look;
mod output;
mod script;
mod send;
mod target;
mod who;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use chat_client::address::ServerAddress;
use chat_proto::{RoomName, UserName};
use clap::{Args, Parser, Subcommand};

use failure::Failure;
use output::Output;
use target::Target;
use who::Who;

/// Chat from scripts: send, listen, look things up.
#[derive(Parser)]
#[command(name = "chat-cli", version, after_help = HELP)]
struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

const HELP: &str = "\
TARGET is '#room', '@user' or a conversation's id. Quote '#room': for a shell, # begins a comment.

Without a terminal, CHAT_SERVER, CHAT_USER, CHAT_PASSWORD, CHAT_TOKEN and CHAT_INVITE stand in for
prompts. With CHAT_SERVER and CHAT_TOKEN, or CHAT_SERVER, CHAT_USER and CHAT_PASSWORD, no saved
account is needed.

Exit codes: 0 done, 1 refused by the server, 2 wrong usage, 3 cannot connect, 4 timed out.

With --json every line on stdout is one JSON object:
  send                  {\"conversation\",\"seq\",\"at\",\"duplicate\",\"client_id\"}
  listen                {\"type\":\"listening\"}, then events
  history               events: {\"conversation\",\"seq\",\"at\",\"author\":{\"id\",\"name\"},\"kind\",…}
  rooms, create, join   conversations: {\"id\",\"kind\",\"name\",\"topic\",\"head\",\"read\",\"unread\",…}
  rooms --all           {\"id\",\"name\",\"topic\",\"members\",\"joined\"}
  members               {\"user\":{\"id\",\"name\"},\"read\"}
  people                {\"id\",\"name\"}
  whoami, login, …      {\"server\",\"server_name\",\"user\":{\"id\",\"name\"},\"role\"}
The objects are those of PROTOCOL.md; new fields may be added.";

/// What every command understands.
#[derive(Args)]
struct Common {
    /// The server, like example.org or ws://127.0.0.1:7667
    #[arg(long, global = true, env = "CHAT_SERVER", value_name = "URL")]
    server: Option<ServerAddress>,
    /// The account's name, where several are saved
    #[arg(long, global = true, env = "CHAT_USER", value_name = "NAME")]
    user: Option<UserName>,
    /// Keep everything in this folder
    #[arg(long, global = true, env = "CHAT_CONFIG_DIR", value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Trust these certificate authorities (PEM) in place of the system's
    #[arg(long, global = true, env = "CHAT_CA_FILE", value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// Print JSON, one object a line
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Log in to an account and keep its token
    Login,
    /// Make an account and keep its token
    Register {
        /// An invite code, where the server asks for one
        #[arg(long, env = "CHAT_INVITE", hide_env_values = true, value_name = "CODE")]
        invite: Option<String>,
    },
    /// End the session and forget its token
    Logout,
    /// Send a message; done when the server has stored it. Prints its number
    Send {
        /// '#room' or '@user'
        target: Target,
        /// The text; - or nothing reads it from stdin, all lines as one message
        text: Option<String>,
    },
    /// Print messages as they come, until stopped
    Listen(ListenArgs),
    /// Print messages that were written before
    History(HistoryArgs),
    /// List one's rooms and direct conversations
    Rooms {
        /// All public rooms of the server
        #[arg(long)]
        all: bool,
    },
    /// List the members of a room
    Members {
        /// '#room' or '@user'
        target: Target,
    },
    /// List the people on the server
    People {
        /// Only names with this in them
        query: Option<String>,
    },
    /// Make a public room and join it
    Create {
        /// '#room'
        room: RoomArg,
        /// What it is for
        #[arg(long, value_name = "TEXT")]
        topic: Option<String>,
    },
    /// Join a public room
    Join {
        /// '#room'
        room: RoomArg,
    },
    /// Leave a room
    Leave {
        /// '#room'
        target: Target,
    },
    /// Print or set a room's topic
    Topic {
        /// '#room'
        target: Target,
        /// The new topic; '' for none
        text: Option<String>,
    },
    /// Move one's read mark
    Read {
        /// '#room' or '@user'
        target: Target,
        /// Up to this number; to the end if it is not given
        seq: Option<u64>,
    },
    /// Print who one is, as the server says it
    Whoami,
    /// List the saved accounts
    Accounts,
    /// Speak the protocol: one frame a line on stdin, every reply and push on stdout
    #[command(after_help = script::HELP)]
    Script {
        /// Read the lines from this file in place of stdin
        file: Option<PathBuf>,
        /// Do not log in; the script does, and hears the hello
        #[arg(long)]
        no_login: bool,
    },
}

/// What `listen` understands.
#[derive(Args)]
struct ListenArgs {
    /// Only these; all if none is given
    targets: Vec<Target>,
    /// End after so many
    #[arg(long, value_name = "N")]
    count: Option<u64>,
    /// End after this time; without --count that is no failure
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    timeout: Option<Duration>,
    /// Begin with what came after this number (with one target)
    #[arg(long, value_name = "SEQ")]
    since: Option<u64>,
}

/// What `history` understands.
#[derive(Args)]
struct HistoryArgs {
    /// '#room' or '@user'
    target: Target,
    /// At most so many events
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: u32,
    /// The nearest before this number
    #[arg(long, value_name = "SEQ", group = "anchor")]
    before: Option<u64>,
    /// The nearest after this number
    #[arg(long, value_name = "SEQ", group = "anchor")]
    after: Option<u64>,
    /// Those on both sides of this number
    #[arg(long, value_name = "SEQ", group = "anchor")]
    around: Option<u64>,
}

/// A room's name, with or without its #.
#[derive(Clone)]
struct RoomArg(RoomName);

impl std::str::FromStr for RoomArg {
    type Err = chat_proto::NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        RoomName::parse(text.strip_prefix('#').unwrap_or(text)).map(Self)
    }
}

/// Runs the command line; the exit code says how it went.
pub(crate) fn main() -> ExitCode {
    let filter = tracing_subscriber::EnvFilter::try_from_env("CHAT_LOG").unwrap_or_else(|_| "error".into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let cli = Cli::parse();
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
        Command::Login => return who::login(&common, &mut out).await,
        Command::Register { invite } => return who::register(&common, invite, &mut out).await,
        Command::Logout => return who::logout(&common, &mut out).await,
        Command::Accounts => return who::accounts(&common, &mut out),
        Command::Script { file, no_login: true } => {
            let server = who::server(&common)?;
            return script::run(&server, &who::tls(&common), None, file, &mut out).await;
        }
        _ => {}
    }
    let who = Who::find(&common).await?;
    let done = with_account(&who, command, &mut out).await;
    who.end().await;
    done
}

async fn with_account(who: &Who, command: Command, out: &mut Output) -> Result<(), Failure> {
    match command {
        Command::Send { target, text } => send::send(who, &target, text, out).await,
        Command::Listen(args) => listen::listen(who, args, out).await,
        Command::History(args) => look::history(who, args, out).await,
        Command::Rooms { all: true } => look::directory(who, out).await,
        Command::Rooms { all: false } => look::rooms(who, out).await,
        Command::Members { target } => look::members(who, &target, out).await,
        Command::People { query } => look::people(who, query, out).await,
        Command::Whoami => look::whoami(who, out).await,
        Command::Create { room, topic } => change::create(who, room.0, topic, out).await,
        Command::Join { room } => change::join(who, room.0, out).await,
        Command::Leave { target } => change::leave(who, &target, out).await,
        Command::Topic { target, text } => change::topic(who, &target, text, out).await,
        Command::Read { target, seq } => change::read(who, &target, seq, out).await,
        Command::Script { file, .. } => {
            script::run(&who.account.server, &who.tls, Some(&who.account.token), file, out).await
        }
        // Done before an account was looked for.
        Command::Login | Command::Register { .. } | Command::Logout | Command::Accounts => Ok(()),
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
            "create #room --topic x",
            "join room",
            "topic #room",
            "read #room 5",
            "script --no-login file.jsonl",
        ] {
            let words = ["chat-cli"].into_iter().chain(line.split(' '));
            assert!(Cli::try_parse_from(words).is_ok(), "{line}");
        }
        for line in ["", "send", "send ada hi", "history #a --before 1 --after 2", "listen --timeout soon"] {
            let words = ["chat-cli"].into_iter().chain(line.split(' ').filter(|word| !word.is_empty()));
            assert!(Cli::try_parse_from(words).is_err(), "{line}");
        }
    }
}
