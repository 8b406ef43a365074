//! What came back.

use std::path::PathBuf;

use chat_client::account::Account;
use chat_client::address::ServerAddress;
use chat_client::provider::{Answers, Missing};
use chat_client::stranger::Stranger;
use chat_client::{Anchor, Draft, Enclosure, History, RequestError};
use chat_proto::{
    Answer, BotCommand, Conversation, ConversationId, Dnd, Event, Hello, Member, NotifyState, OidcBegun,
    PersonRow, Request, RoomInfo, Secret, Seq, ThreadPage, Versions,
};

use super::{Page, Question, Wish};
use crate::markup::Code;
use crate::markup::code::Inked;
use crate::settings::Loaded;
use crate::state::browser::{Folder, Shown};
use crate::state::pictures::{Drawing, Wanted};
use crate::state::sign_in::Refused;

/// What came of bots and webhooks.
#[derive(Debug, Clone, PartialEq)]
pub enum Kept {
    /// Something that is shown this once: a title, the secret (a path begins with a slash), and
    /// what it is for.
    Secret {
        /// What it is.
        title: String,
        /// Itself.
        secret: Secret,
        /// What it is for, in a sentence.
        use_for: String,
    },
    /// A list to read.
    List {
        /// What it lists.
        title: String,
        /// A name at the left, the rest at the right.
        rows: Vec<(String, String)>,
        /// What to say when there are none.
        empty: String,
    },
    /// One sentence.
    Said(String),
}

/// What came back.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// A page of history.
    History(ConversationId, Anchor, Result<History, RequestError>),
    /// What was being written there.
    Draft(ConversationId, String),
    /// What was being written in that thread.
    ThreadDraft(ConversationId, Seq, String),
    /// What was kept under this name.
    Note(&'static str, String),
    /// A conversation was joined, made or opened; then this is to be said there.
    Opened(Question, Result<Box<Conversation>, RequestError>),
    /// The members.
    Members(ConversationId, Vec<Member>),
    /// A thread.
    Thread(ConversationId, Seq, Result<Box<ThreadPage>, RequestError>),
    /// One message that another one answers; `None` if it cannot be had.
    Context(ConversationId, Seq, Option<Box<Event>>),
    /// A page of a list of messages, or one sentence.
    Listed(Wish, Result<Page, String>),
    /// How one hears of a conversation now.
    Heard(NotifyState),
    /// When one is not disturbed now.
    Quieted(Dnd),
    /// What is pinned.
    Pins(ConversationId, Vec<Event>),
    /// What a message said before.
    Versions(Versions),
    /// A change was refused; one sentence.
    NotDone(Box<Request>, String),
    /// What was asked for by `Look`.
    Looked(Box<Request>, Box<Answer>),
    /// Rooms of the directory.
    Rooms(Vec<RoomInfo>),
    /// People of the server.
    People(String, Vec<PersonRow>),
    /// The commands of a conversation's bots.
    Commands(ConversationId, Vec<BotCommand>),
    /// A command was refused: where, the line that was typed, and one sentence.
    NotRun(ConversationId, String, String),
    /// What came of bots and webhooks, or one sentence.
    Kept(Result<Kept, String>),
    /// What came of a text in the editor: the text as it was, and as it is or why not.
    Edited(String, Result<String, String>),
    /// The files with their sizes, if all the paths of a pasted text are files; and the text.
    Inspected(Option<Vec<(PathBuf, u64)>>, String),
    /// A file that was meant by a path and some of the words of its message, and what is left of
    /// them; or why there is none.
    FileFound(u64, Result<(PathBuf, String), String>),
    /// The paths that begin like this one.
    Paths(String, Vec<String>),
    /// A folder that was asked for, or why it cannot be listed.
    FolderRead(PathBuf, Result<Folder, String>),
    /// What a file or a folder looks like.
    LookedInto(PathBuf, Shown),
    /// How far a file is: bytes that are there, and bytes of all.
    Carried(u64, u64, u64),
    /// A file was uploaded, or why not.
    Uploaded(u64, Result<Enclosure, String>),
    /// A file was saved, and where; or why not.
    Saved(u64, Result<PathBuf, String>),
    /// How much of a conversation is written, of a hundred.
    Exporting(u8),
    /// A conversation was written into a file: where, and how many events; or why not.
    Exported(Result<(PathBuf, u64), String>),
    /// The first message of a day, or of the next day that has any; `None` if there is none.
    Day(ConversationId, Result<Option<Seq>, String>),
    /// The colours of a block of code.
    Inked(Code, Inked),
    /// The settings as they stand in the file, and what is wrong there.
    Settings(Box<Loaded>),
    /// A setting was written; one sentence.
    SettingWritten(String),
    /// The passphrase of the lock was set, with its hash; or why not.
    LockSet(Result<String, String>),
    /// Whether a passphrase fits the lock.
    LockTried(bool),
    /// A picture is ready, or why not.
    Picture(Wanted, Result<Drawing, String>),
    /// Something was refused; one sentence.
    Refused(String),
    /// A message could not be handed over; its text goes back to the composer.
    NotSent(Box<Draft>),
    /// What a server says of itself.
    Probed(ServerAddress, Result<Hello, String>),
    /// An account was signed out of: its name, and what could not be done.
    SignedOut(String, Result<(), String>),
    /// The login or the new account.
    SignedIn(Result<Account, Refused>),
    /// Nobody vouches for the certificate of the server that was to be asked.
    Untrusted(Box<Stranger>),
    /// A trusted certificate is remembered, or one sentence why not.
    Trusted(Result<(), String>),
    /// One sentence about what was done without a question.
    Said(String),
    /// Whether the link of this name, asked for with this code, is done; or why not, and what is
    /// missing.
    Linking(Secret, Option<Secret>, Result<(), (String, Option<Missing>)>),
    /// A login by the provider has begun, or has not.
    AtProvider(Result<Box<OidcBegun>, String>),
    /// The login of this name, asked for with these answers, is not done; what is missing.
    StillOut(Secret, Box<Answers>, String, Option<Missing>),
}
