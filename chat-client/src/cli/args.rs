//! What `chat-cli` understands, read into values that are right by type.

mod attention;

use std::path::PathBuf;
use std::time::Duration;

use chat_client::address::ServerAddress;
use chat_client::export::Format;
use chat_client::tls::Trusted;
use chat_proto::{
    CommandName, Description, Emoji, FileId, HookEvents, HookId, RoomName, RoomRole, Scope, Seq, Topic,
    UserName,
};
use clap::{Args, Parser, Subcommand, ValueEnum};

pub(super) use attention::{AttentionCommand, DndArgs, InboxArgs, NotifyArgs};

use super::account::AccountCommand;
use super::administration::UserCommand;
use super::order::OrderCommand;
use super::people::PeopleCommand;
use super::script;
use super::server::AdminCommand;
use super::target::{Place, Spot, Target};
use super::trust::TrustArgs;

/// Chat from scripts: send, listen, look things up.
#[derive(Parser)]
#[command(name = "chat-cli", version, after_help = HELP)]
pub(super) struct Cli {
    #[command(flatten)]
    pub(super) common: Common,
    #[command(subcommand)]
    pub(super) command: Command,
}

const HELP: &str = "\
TARGET is '#room', '@user', '@user,@other' for a group, or a conversation's id. Quote '#room': for a
shell, # begins a comment. A message is named by its number, or anywhere by TARGET:SEQ, like
'#deploys:42', which history --links prints.

Without a terminal, CHAT_SERVER, CHAT_USER, CHAT_PASSWORD, CHAT_CODE, CHAT_TOKEN, CHAT_INVITE and
CHAT_RESET stand in for prompts. With CHAT_SERVER and CHAT_TOKEN, or CHAT_SERVER, CHAT_USER and CHAT_PASSWORD, no saved
account is needed.

Exit codes: 0 done, 1 refused by the server, 2 wrong usage, 3 cannot connect, 4 timed out.

With --json every line on stdout is one JSON object:
  send, upload          {\"conversation\",\"seq\",\"at\",\"duplicate\",\"client_id\"}
  listen                {\"type\":\"listening\"}, then events
  history, pins, thread events: {\"conversation\",\"seq\",\"at\",\"author\":{\"id\",\"name\"},\"kind\",…}
  search                {\"event\",\"snippet\",\"marks\"}
  inbox                 {\"event\",\"reason\",\"read\"}
  threads               {\"root\",\"last\",\"state\"}
  notify, dnd           {\"conversation\",\"notify\"}, {\"dnd\"}
  follow                {\"conversation\",\"thread\",\"following\",\"read\",\"unread\"}
  save, star            {\"conversation\",\"seq\",\"on\"}
  download              {\"file\",\"path\",\"size\"}
  files                 {\"id\",\"name\",\"size\",\"media_type\",\"at\",\"used\",\"messages\",…}
  files --delete        {\"file\"}
  versions              {\"body\",\"at\"}
  edit, delete, rename, describe, rules, topic
                        {\"conversation\",\"seq\"}
  react, pin            {\"conversation\",\"seq\",\"on\"}
  rooms, create, join, accept
                        conversations: {\"id\",\"kind\",\"name\",\"topic\",\"head\",\"read\",\"unread\",…}
  rooms --all [WORDS]   {\"id\",\"name\",\"topic\",\"members\",\"joined\"}
  invitations           {\"conversation\",\"name\",\"topic\",\"private\",\"by\",\"at\"}
  invite, kick, role    {\"conversation\",\"user\"}
  bot create, bot token {\"user\",\"scopes\",\"token\"}
  bot list              {\"user\",\"owner\",\"scopes\",\"at\"}
  incoming create       {\"hook\":{\"id\",\"bot\",\"by\",\"at\"},\"path\",\"url\"}
  incoming list         {\"id\",\"bot\",\"by\",\"at\"}
  outgoing create       {\"hook\":{\"id\",\"url\",\"state\",…},\"secret\"}
  outgoing list         {\"id\",\"url\",\"events\",\"trigger\",\"by\",\"at\",\"state\",…}
  outgoing test         {\"delivered\",\"problem\"}
  command list          {\"bot\",\"name\",\"description\",\"usage\"}
  command run           {\"run\",\"bot\"}, then {\"run\",\"conversation\",\"bot\",\"name\",\"text\"}
  ban, unban, mute, unmute
                        {\"conversation\",\"user\"}, with --whole-server {\"user\"}
  bans                  {\"user\",\"by\",\"at\",\"until\",\"reason\"}
  purge                 {\"deleted\"}
  reports               {\"id\",\"at\",\"by\",\"reason\",\"room\",\"event\",\"closed\"}
  audit                 {\"id\",\"at\",\"actor\",\"act\",\"room\",\"target\",\"details\",\"reason\"}
  login --oidc, link    {\"url\",\"user_code\",\"complete_url\",\"confirm\",\"expires_at\"}, then the account or {\"linked\"}
  sessions              {\"id\",\"device\",\"began_at\",\"used_at\",\"current\"}
  two-factor on         {\"secret\",\"url\"}, then {\"codes\"}
  user list             {\"user\",\"role\",\"at\",\"last_seen\",\"disabled\",\"second_factor\",\"sessions\"}
  user reset, user add --code
                        {\"user\",\"code\",\"expires_at\"}
  user add              {\"user\":{\"id\",\"name\"}}
  user logins           {\"id\",\"device\",\"began_at\",\"used_at\"}
  admin invite create   {\"code\",\"invite\":{\"id\",\"role\",\"uses\",\"at\",\"until\"}}
  admin invite list     {\"id\",\"role\",\"uses\",\"at\",\"until\"}
  admin lockdown        {\"since\"}
  admin rooms           {\"id\",\"name\",\"private\",\"archived\",\"rules\",\"members\",\"messages\",\"active_at\"}
  user disable, …       {\"user\"}
  members               {\"user\":{\"id\",\"name\"},\"role\",\"read\"}
  people                {\"id\",\"name\",\"display_name\",\"status\"}
  profile, status       {\"user\",\"display_name\",\"status\",\"zone\",\"role\",\"since\",\"last_seen\"}
  blocked, readers      {\"id\",\"name\"}
  privacy               {\"read_receipts\",\"typing\",\"last_seen\"}
  trust                 {\"server\",\"by\":\"authority\" or \"certificate\",\"fingerprint\"}
  whoami, login, …      {\"server\",\"server_name\",\"user\":{\"id\",\"name\"},\"role\"}
The objects are those of PROTOCOL.md; new fields may be added.";

/// What `search` understands.
#[derive(Args)]
pub(super) struct SearchArgs {
    /// What to look for; write -- before the first -word
    #[arg(required = true, value_name = "QUERY")]
    pub(super) query: Vec<String>,
    /// How many messages at most
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=500))]
    pub(super) limit: u32,
    /// The newest first, in place of the best
    #[arg(long)]
    pub(super) newest: bool,
}

/// What every command understands.
#[derive(Args)]
pub(super) struct Common {
    /// The server, like example.org or ws://127.0.0.1:7667
    #[arg(long, global = true, env = "CHAT_SERVER", value_name = "URL")]
    pub(super) server: Option<ServerAddress>,
    /// The account's name, where several are saved
    #[arg(long, global = true, env = "CHAT_USER", value_name = "NAME")]
    pub(super) user: Option<UserName>,
    /// Keep everything in this folder
    #[arg(long, global = true, env = "CHAT_CONFIG_DIR", value_name = "DIR")]
    pub(super) data_dir: Option<PathBuf>,
    /// Trust these certificate authorities (PEM) in place of the system's
    #[arg(long, global = true, env = "CHAT_CA_FILE", value_name = "FILE")]
    pub(super) ca_file: Option<PathBuf>,
    /// Trust the server's certificate with this SHA-256 fingerprint, and remember it
    #[arg(long, global = true, env = "CHAT_TRUST", value_name = "FINGERPRINT")]
    pub(super) trust: Option<Trusted>,
    /// Print JSON, one object a line
    #[arg(long, global = true)]
    pub(super) json: bool,
}

#[derive(Subcommand)]
pub(super) enum Command {
    /// Log in to an account and keep its token
    Login {
        /// Log in by the provider that the server names, in a browser on any device
        #[arg(long)]
        oidc: bool,
        /// With --oidc, an invite code, where the server asks for one for a new account
        #[arg(long, env = "CHAT_INVITE", hide_env_values = true, value_name = "CODE")]
        invite: Option<String>,
    },
    /// Make an account and keep its token
    Register {
        /// An invite code, where the server asks for one
        #[arg(long, env = "CHAT_INVITE", hide_env_values = true, value_name = "CODE")]
        invite: Option<String>,
    },
    /// Set a new password by the reset code of an admin, and keep the new token
    Reset {
        /// The code; asked for on a terminal
        #[arg(long, env = "CHAT_RESET", hide_env_values = true, value_name = "CODE")]
        code: Option<String>,
    },
    /// End the session and forget its token
    Logout,
    #[command(flatten)]
    Account(AccountCommand),
    /// Send a message; done when the server has stored it. Prints its number
    Send(SendArgs),
    /// Upload files and send them as one message; a stopped upload goes on when it is tried again
    Upload(UploadArgs),
    /// Fetch the files of a message, or one by its id; nothing is ever overwritten
    Download(DownloadArgs),
    /// List one's own uploads, where they are and what they take; or delete one
    Files(FilesArgs),
    /// Print messages as they come, until stopped
    Listen(ListenArgs),
    /// Print messages that were written before
    History(HistoryArgs),
    /// Write a whole conversation into a file; prints where it is
    Export(ExportArgs),
    #[command(flatten)]
    Message(MessageCommand),
    /// Search one's conversations: words, "a phrase", -not, and filters such as from:@ada in:#room
    /// before:2026-11-01 after: on: has:link has:file mentions:me is:pinned is:thread
    Search(SearchArgs),
    /// List one's rooms and direct conversations
    Rooms {
        /// All public rooms of the server
        #[arg(long)]
        all: bool,
        /// Only public rooms with this in their name or topic
        #[arg(value_name = "WORDS")]
        query: Option<String>,
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
    #[command(flatten)]
    Attention(AttentionCommand),
    #[command(flatten)]
    Room(RoomCommand),
    /// Bots: accounts for programs, which log in with CHAT_TOKEN
    #[command(subcommand)]
    Bot(BotCommand),
    /// Slash commands of bots
    #[command(name = "command", subcommand)]
    Slash(SlashCommand),
    /// Incoming webhooks: addresses to which other programs post messages, as they do to Slack
    #[command(subcommand)]
    Incoming(IncomingCommand),
    /// Outgoing webhooks: other programs that are told what happens in a room
    #[command(subcommand)]
    Outgoing(OutgoingCommand),
    #[command(flatten)]
    Order(OrderCommand),
    /// Accounts, for those who run the server
    #[command(subcommand)]
    User(UserCommand),
    /// The server itself, for those who run it
    #[command(subcommand)]
    Admin(AdminCommand),
    #[command(flatten)]
    AboutPeople(PeopleCommand),
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
    /// List how servers are known, meet one for whose certificate nobody vouches, or forget one
    Trust(TrustArgs),
    /// Print what makes a shell complete these commands: source <(chat-cli completions bash)
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Print the man page: chat-cli man | man -l -
    Man {
        /// Write it into this folder, with a page for each command
        #[arg(long, value_name = "DIR")]
        into: Option<PathBuf>,
    },
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

/// The commands about a message that is there already.
#[derive(Subcommand)]
pub(super) enum MessageCommand {
    /// Change the text of one's own message
    Edit {
        #[command(flatten)]
        message: MessageArgs,
        /// The new text; - or nothing reads it from stdin
        text: Option<String>,
    },
    /// Delete a message; its text is gone everywhere
    Delete {
        #[command(flatten)]
        message: MessageArgs,
    },
    /// Put a reaction to a message
    React {
        #[command(flatten)]
        message: MessageArgs,
        /// One emoji
        #[arg(value_parser = |text: &str| Emoji::new(text))]
        emoji: Emoji,
        /// Take it back
        #[arg(long)]
        remove: bool,
    },
    /// Pin a message for everybody
    Pin {
        #[command(flatten)]
        message: MessageArgs,
        /// Unpin it
        #[arg(long)]
        remove: bool,
    },
    /// Print the pinned messages
    Pins {
        /// '#room' or '@user'
        target: Target,
    },
    /// Print the earlier texts of an edited message
    Versions {
        #[command(flatten)]
        message: MessageArgs,
    },
    /// Print a thread: its first message and the answers
    Thread {
        /// '#room' or '@user', or with the number: '#room:42'
        target: Spot,
        /// The first message of the thread
        seq: Option<u64>,
    },
}

/// The commands that change a room, or who is in it.
#[derive(Subcommand)]
pub(super) enum RoomCommand {
    /// Make a room and join it
    Create(CreateArgs),
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
    /// Ask somebody into a room
    Invite {
        /// '#room'
        target: Target,
        /// '@user'
        #[arg(value_name = "USER")]
        person: UserArg,
    },
    /// List the rooms that one is invited into
    Invitations,
    /// Accept an invitation and join
    Accept {
        /// '#room'
        room: RoomArg,
    },
    /// Decline an invitation; who invited is not told
    Decline {
        /// '#room'
        room: RoomArg,
    },
    /// Put somebody out of a room
    Kick {
        /// '#room'
        target: Target,
        /// '@user'
        #[arg(value_name = "USER")]
        person: UserArg,
        /// Why, for everybody to read
        #[arg(long, value_name = "TEXT", value_parser = |text: &str| Topic::new(text))]
        reason: Option<Topic>,
    },
    /// Give somebody a role in a room
    Role {
        /// '#room'
        target: Target,
        /// '@user'
        #[arg(value_name = "USER")]
        person: UserArg,
        /// Which
        role: RoleArg,
    },
    /// Give a room another name
    Rename {
        /// '#room'
        target: Target,
        /// '#new-name'
        name: RoomArg,
    },
    /// Print or set a room's topic
    Topic {
        /// '#room'
        target: Target,
        /// The new topic; '' for none
        text: Option<String>,
    },
    /// Print or set a room's description
    Describe {
        /// '#room'
        target: Target,
        /// The new description; - reads it from stdin, '' for none
        text: Option<String>,
    },
    /// Print or set how people may write in a room
    Rules(RulesArgs),
}

/// The commands about bots.
#[derive(Subcommand)]
pub(super) enum BotCommand {
    /// Make a bot and print its token, which is shown this once
    Create {
        /// Its name
        name: UserArg,
        /// What the token is good for; with a comma between two
        #[arg(long = "scope", value_name = "SCOPE", required = true, value_delimiter = ',')]
        scopes: Vec<ScopeArg>,
    },
    /// List one's bots
    List,
    /// Give a bot another token and print it; the one before ends at once
    Token {
        /// Which
        name: UserArg,
        /// What the new token is good for; the same as before if it is not given
        #[arg(long = "scope", value_name = "SCOPE", value_delimiter = ',')]
        scopes: Vec<ScopeArg>,
    },
    /// End a bot; what it wrote stays
    Delete {
        /// Which
        name: UserArg,
    },
}

/// The commands about slash commands.
#[derive(Subcommand)]
pub(super) enum SlashCommand {
    /// List the slash commands of the bots in a conversation
    List {
        /// '#room' or '@bot'
        target: Target,
    },
    /// Run a slash command of a bot, and print what it answers in private
    Run {
        /// '#room' or '@bot'
        target: Target,
        /// The command, or bot:command where several bots have it
        command: Called,
        /// What stands behind it
        text: Vec<String>,
        /// How long to wait for an answer; 0s not at all
        #[arg(long, value_name = "TIME", default_value = "0s", value_parser = humantime::parse_duration)]
        wait: Duration,
    },
}

/// The commands about incoming webhooks.
#[derive(Subcommand)]
pub(super) enum IncomingCommand {
    /// Make one and print its address, which is shown this once
    Create {
        /// '#room'
        target: Target,
        /// The name under which it writes
        name: UserArg,
    },
    /// List those of a room
    List {
        /// '#room'
        target: Target,
    },
    /// End one
    Delete {
        /// '#room'
        target: Target,
        /// Its name
        name: UserArg,
    },
}

/// The commands about outgoing webhooks.
#[derive(Subcommand)]
pub(super) enum OutgoingCommand {
    /// Make one and print the secret of its signatures, which is shown this once
    Create {
        /// '#room'
        target: Target,
        /// Where to post, https://…
        url: String,
        /// Which kinds of event, with a comma between two; all if it is not given
        #[arg(long, value_name = "KINDS", value_parser = events)]
        events: Option<HookEvents>,
        /// Only messages of people that begin with this
        #[arg(long, value_name = "TEXT", value_parser = |text: &str| Topic::new(text))]
        trigger: Option<Topic>,
    },
    /// List those of a room, and how they fare
    List {
        /// '#room'
        target: Target,
    },
    /// End one
    Delete {
        /// '#room'
        target: Target,
        /// Its id, as the list prints it
        id: HookId,
    },
    /// Post a test now and print what came of it; one that was given up works again when it is taken
    Test {
        /// '#room'
        target: Target,
        /// Its id, as the list prints it
        id: HookId,
    },
}

fn events(words: &str) -> Result<HookEvents, String> {
    HookEvents::new(words.split(',')).map_err(|word| {
        format!("there is no event {word:?}; write all, or some of {}", HookEvents::KINDS.join(", "))
    })
}

/// A scope of a token, by its word on the wire.
#[derive(Clone, Copy)]
pub(super) struct ScopeArg(pub(super) Scope);

impl ValueEnum for ScopeArg {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self(Scope::Read), Self(Scope::Write), Self(Scope::Rooms), Self(Scope::Commands)]
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        Some(self.0.as_str().into())
    }
}

/// A slash command as it is called: `deploy`, or `bot:deploy`.
#[derive(Clone)]
pub(super) struct Called {
    pub(super) bot: Option<UserName>,
    pub(super) name: CommandName,
}

impl std::str::FromStr for Called {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.strip_prefix('/').unwrap_or(text);
        let (bot, name) = match text.split_once(':') {
            Some((bot, name)) => (Some(bot.parse::<UserArg>().map_err(|error| error.to_string())?.0), name),
            None => (None, text),
        };
        Ok(Self { bot, name: name.parse().map_err(|error: chat_proto::CommandNameError| error.to_string())? })
    }
}

/// What `send` understands.
#[derive(Args)]
pub(super) struct SendArgs {
    /// '#room', '@user', or '@user,@other' for a group
    pub(super) target: Target,
    /// The text; - or nothing reads it from stdin, all lines as one message
    #[arg(conflicts_with = "forward")]
    pub(super) text: Option<String>,
    /// Answer this message
    #[arg(long, value_name = "SEQ")]
    pub(super) reply_to: Option<u64>,
    /// Write in the thread of this message
    #[arg(long, value_name = "SEQ")]
    pub(super) thread: Option<u64>,
    /// As an action: '* ada waves'
    #[arg(long)]
    pub(super) me: bool,
    /// Forward this message in place of a text
    #[arg(long, value_name = "TARGET:SEQ")]
    pub(super) forward: Option<Place>,
    /// Upload this file and send it along; may be given several times, and needs no text
    #[arg(long = "file", value_name = "PATH", conflicts_with = "forward")]
    pub(super) files: Vec<PathBuf>,
}

/// What `upload` understands.
#[derive(Args)]
pub(super) struct UploadArgs {
    /// '#room', '@user', or '@user,@other' for a group
    pub(super) target: Target,
    /// The files
    #[arg(required = true, value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
    /// A text to go with them; - reads it from stdin
    #[arg(long)]
    pub(super) text: Option<String>,
    /// Send them into the thread of this message
    #[arg(long, value_name = "SEQ")]
    pub(super) thread: Option<u64>,
}

/// What `download` understands.
#[derive(Args)]
pub(super) struct DownloadArgs {
    /// '#room' or '@user', or with the message's number: '#room:42'; or a file's id
    #[arg(value_name = "TARGET|FILE-ID")]
    pub(super) what: String,
    /// The message's number
    pub(super) seq: Option<u64>,
    /// Where to: a folder, a new file's path, or - for stdout
    #[arg(long, short, value_name = "PATH")]
    pub(super) output: Option<PathBuf>,
}

/// What `files` understands.
#[derive(Args)]
pub(super) struct FilesArgs {
    /// Delete this upload, which is in no message
    #[arg(long, value_name = "FILE-ID")]
    pub(super) delete: Option<FileId>,
}

/// A message that is there already.
#[derive(Args)]
pub(super) struct MessageArgs {
    /// '#room' or '@user'
    pub(super) target: Target,
    /// The message's number
    pub(super) seq: u64,
}

/// What `create` understands.
#[derive(Args)]
pub(super) struct CreateArgs {
    /// '#room'
    pub(super) room: RoomArg,
    /// Only members and who is invited know of it
    #[arg(long)]
    pub(super) private: bool,
    /// What it is for
    #[arg(long, value_name = "TEXT", value_parser = |text: &str| Topic::new(text))]
    pub(super) topic: Option<Topic>,
    /// What it is for, at more length
    #[arg(long, value_name = "TEXT", value_parser = |text: &str| Description::new(text))]
    pub(super) description: Option<Description>,
}

/// What `rules` understands.
#[derive(Args)]
pub(super) struct RulesArgs {
    /// '#room'
    pub(super) target: Target,
    /// Only moderators begin messages; the others answer in threads
    #[arg(long, value_name = "on|off")]
    pub(super) announcement: Option<Switch>,
    /// Seconds that a member waits between two messages; 0 for none
    #[arg(long, value_name = "SECONDS")]
    pub(super) slow: Option<u32>,
    /// Every member may call @room and @here
    #[arg(long, value_name = "on|off")]
    pub(super) free_calls: Option<Switch>,
    /// Nobody writes any more
    #[arg(long, value_name = "on|off")]
    pub(super) archived: Option<Switch>,
    /// Days after which messages are deleted; 0 for as long as the server keeps them
    #[arg(long, value_name = "DAYS")]
    pub(super) keep: Option<u32>,
}

/// What `listen` understands.
#[derive(Args)]
pub(super) struct ListenArgs {
    /// Only these; all if none is given
    pub(super) targets: Vec<Target>,
    /// End after so many
    #[arg(long, value_name = "N")]
    pub(super) count: Option<u64>,
    /// End after this time; without --count that is no failure
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(super) timeout: Option<Duration>,
    /// Only messages that alert: by their conversation's level, not muted, not at quiet hours
    #[arg(long, conflicts_with = "since")]
    pub(super) alerts: bool,
    /// Begin with what came after this number (with one target)
    #[arg(long, value_name = "SEQ")]
    pub(super) since: Option<u64>,
}

/// What `history` understands.
#[derive(Args)]
pub(super) struct HistoryArgs {
    /// '#room' or '@user'; needless where --around names it
    #[arg(required_unless_present = "around")]
    pub(super) target: Option<Target>,
    /// At most so many events
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub(super) limit: u32,
    /// The nearest before this number
    #[arg(long, value_name = "SEQ", group = "anchor")]
    pub(super) before: Option<u64>,
    /// The nearest after this number
    #[arg(long, value_name = "SEQ", group = "anchor")]
    pub(super) after: Option<u64>,
    /// Those on both sides of this number, also as '#room:42'
    #[arg(long, value_name = "SEQ", group = "anchor")]
    pub(super) around: Option<Around>,
    /// Begin each line with what names the message: '#room:42'
    #[arg(long)]
    pub(super) links: bool,
}

/// What `export` understands.
#[derive(Args)]
pub(super) struct ExportArgs {
    /// '#room' or '@user'
    pub(super) target: Target,
    /// The file, or a folder for it; nothing is overwritten
    #[arg(default_value = ".")]
    pub(super) path: PathBuf,
    /// text, markdown or json
    #[arg(long, default_value_t = Format::Text)]
    pub(super) format: Format,
}

/// A room's name, with or without its #.
#[derive(Clone)]
pub(super) struct RoomArg(pub(super) RoomName);

impl std::str::FromStr for RoomArg {
    type Err = chat_proto::NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        RoomName::parse(text.strip_prefix('#').unwrap_or(text)).map(Self)
    }
}

/// A person's name, with or without its @.
#[derive(Clone)]
pub(super) struct UserArg(pub(super) UserName);

impl std::str::FromStr for UserArg {
    type Err = chat_proto::NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        UserName::parse(text.strip_prefix('@').unwrap_or(text)).map(Self)
    }
}

/// A message's number, alone or with its conversation.
#[derive(Clone)]
pub(super) enum Around {
    /// In the conversation that is named beside it.
    Seq(Seq),
    /// With its own.
    Place(Place),
}

impl std::str::FromStr for Around {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.parse() {
            Ok(seq) => Ok(Self::Seq(Seq(seq))),
            Err(_) => text.parse().map(Self::Place),
        }
    }
}

/// A role in a room, by its word on the wire.
#[derive(Clone, Copy)]
pub(super) struct RoleArg(pub(super) RoomRole);

impl ValueEnum for RoleArg {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self(RoomRole::ReadOnly), Self(RoomRole::Member), Self(RoomRole::Moderator), Self(RoomRole::Owner)]
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        Some(self.0.as_str().into())
    }
}

/// On or off.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Switch {
    /// It holds.
    On,
    /// It does not.
    Off,
}
