//! What `chat-cli` understands, read into values that are right by type.

mod attention;
mod bot;
mod message;
mod room;
mod value;

use std::path::PathBuf;
use std::time::Duration;

use chat_client::address::ServerAddress;
use chat_client::export::Format;
use chat_client::tls::Trusted;
use chat_proto::UserName;
use clap::{Args, Parser, Subcommand};

pub(super) use attention::{AttentionCommand, DndArgs, InboxArgs, NotifyArgs};
pub(super) use bot::{BotCommand, Called, IncomingCommand, OutgoingCommand, ScopeArg, SlashCommand};
pub(super) use message::{DownloadArgs, FilesArgs, MessageArgs, MessageCommand, SendArgs, UploadArgs};
pub(super) use room::{CreateArgs, RoomCommand, RulesArgs};
pub(super) use value::{Around, RoleArg, RoomArg, Switch, UserArg};

use super::account::AccountCommand;
use super::administration::UserCommand;
use super::order::OrderCommand;
use super::people::PeopleCommand;
use super::script;
use super::server::AdminCommand;
use super::target::Target;
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
CHAT_RESET stand in for prompts. With CHAT_SERVER and CHAT_TOKEN, or CHAT_SERVER, CHAT_USER and
CHAT_PASSWORD, no saved account is needed.

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
