//! What the update wants done outside, what comes back, and the one place where it is done.
//!
//! Commands to the engine go through one task in their order, so two messages never overtake each
//! other; questions each wait for their answer in a task of their own.

mod answer;
mod carry;
mod day;
mod export;
mod folder;
mod keep;
mod link;
pub(crate) mod lock;
mod paths;
mod picture;
mod trust;
mod wish;

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use chat_client::account::{Account, Accounts};
use chat_client::address::ServerAddress;
use chat_client::export::Format;
use chat_client::files::Courier;
use chat_client::link::{Link, LinkError};
use chat_client::provider::{self, Answers, Missing};
use chat_client::stranger::Stranger;
use chat_client::tls::Tls;
use chat_client::wire::DialError;
use chat_client::{Anchor, Client, Draft, Enclosure, History, RequestError, sign_in};
use chat_proto::{
    Answer, Body, BotCommand, ClientId, Conversation, ConversationId, CreateRoom, Dnd, Event, Hello, Member,
    NotifyState, OidcBegun, PersonRow, Position, PresenceState, Request, RoomInfo, RoomName, RunCommand,
    Secret, Seq, SetDnd, SetNotify, ThreadPage, Timestamp, UserId, UserName, Versions,
};
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinHandle};

use crate::action::Keep;
use crate::keymap::{Chord, Context};
use crate::markup::Code;
use crate::markup::code::{Inked, inks};
use crate::notification::Notification;
use crate::settings::{Loaded, Source};
use crate::state::browser::{Folder, Look, Shown};
use crate::state::neighbours::{SeatId, Spot};
use crate::state::pictures::{Drawing, Wanted};
use crate::state::sign_in::{Ask, Refused};
use crate::state::transfer::Job;
pub(crate) use folder::size_words;
pub use lock::Try;
pub use wish::{Page, Wish};

/// Commands that may wait for the engine: it takes them as fast as a person types.
const COMMANDS: usize = 1_024;

/// Answers that may wait for the screen.
const OUTCOMES: usize = 256;

/// Something to be done outside.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// For the engine, in order, without an answer.
    Tell(Tell),
    /// For the engine, with an answer.
    Ask(Question),
    /// Carry a file; its progress and its end come under this key.
    Carry(u64, Job),
    /// Set or try the passphrase of the lock.
    Lock(Try),
    /// Fetch a picture and make it ready, where a cell has so many pixels.
    Picture(Wanted, Option<(u16, u16)>),
    /// For the form of the first run.
    SignIn(Ask),
    /// Remember that the person trusts this certificate.
    Trust(Box<Stranger>),
    /// Ask, after this time, whether the link of this name with the provider is done; perhaps with
    /// the code that the last page shows.
    FinishLink(Secret, Option<Secret>, Duration),
    /// Start the engine for this account, in place of the one before.
    Start(Account),
    /// Something that concerns the other accounts.
    Seat(Move),
    /// Sign out of this account: end its session, and forget what is kept of it.
    SignOut(Account),
    /// Give the terminal's window a title; it is safe.
    Title(String),
    /// Put a text into the clipboard; it is safe.
    Copy(String),
    /// Find the colours of a block of code.
    Ink(Code),
    /// Open an address with the system's program for it; it is printable ASCII.
    Visit(String),
    /// Find the first message that is not older than this; with the newest number there.
    FindDay(ConversationId, Seq, Timestamp),
    /// Write a conversation that people call so into a file: there, or where downloads go.
    Export(ConversationId, String, Format, Option<PathBuf>),
    /// End that; no file is left.
    EndExport,
    /// Make a sound.
    Bell,
    /// Tell something outside of the window; it is safe.
    Notify(Notification),
    /// Take the mouse, or leave it to the terminal.
    Mouse(bool),
    /// Read the settings again.
    ReadSettings,
    /// Write a setting into the file: its name and value.
    WriteSetting(&'static str, String),
    /// Write keys into the file: where, and what each does.
    WriteKeys(Context, Vec<(Chord, &'static str)>),
    /// Draw everything again.
    Redraw,
    /// Write this text in an editor.
    Edit(String),
    /// Look whether these are files; the pasted text that named them comes back too.
    Inspect(Vec<PathBuf>, String),
    /// Look which paths begin like this one.
    FindPaths(String),
    /// List a folder.
    ReadFolder(PathBuf),
    /// Look into a file or a folder.
    LookInto(Look),
    /// Stop carrying a file.
    Abandon(u64),
    /// Go back to the shell until it calls.
    Suspend,
    /// End the program.
    Quit,
}

/// What is done with the accounts as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Move {
    /// Bring another account on the screen.
    Visit {
        /// Which, and what of it.
        to: Spot,
        /// Where "next that needs me" began, to lead back there.
        home: Option<Spot>,
    },
    /// Open the form for a further account.
    Add,
    /// Sign out of this one.
    Remove(SeatId),
}

/// A command to the engine.
#[derive(Debug, Clone, PartialEq)]
pub enum Tell {
    /// Send a message.
    Send(Box<Draft>),
    /// Try a failed message again.
    Retry(ClientId),
    /// Give a failed message up.
    Discard(ClientId),
    /// One has read up to here.
    MarkRead(ConversationId, Seq),
    /// One is writing, or stopped.
    Typing(ConversationId, bool),
    /// Watch these people.
    Watch(Vec<UserId>),
    /// Whether one is here.
    Presence(PresenceState),
    /// Connect now.
    Reconnect,
    /// Keep what is being written.
    SaveDraft(ConversationId, String),
    /// The same in a thread.
    SaveThreadDraft(ConversationId, Seq, String),
    /// Keep something small over a restart, under this name.
    SaveNote(&'static str, String),
}

/// What is done in a conversation once it is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Then {
    /// Nothing more.
    Look,
    /// This is said.
    Say(String),
    /// This message, with its text, is forwarded there.
    Forward(Position, Body),
}

/// A question to the engine.
#[derive(Debug, Clone, PartialEq)]
pub enum Question {
    /// A page of history.
    History(ConversationId, Anchor, u32),
    /// What was being written there.
    Draft(ConversationId),
    /// What was being written in that thread.
    ThreadDraft(ConversationId, Seq),
    /// What was kept under this name.
    Note(&'static str),
    /// Join a room.
    Join(RoomName),
    /// Make a room.
    Create(CreateRoom),
    /// Take an invitation.
    Accept(ConversationId),
    /// Open a direct conversation, and then do this there.
    OpenDirect(Vec<UserName>, Then),
    /// Change something; only a refusal is told.
    Do(Box<Request>),
    /// Ask for something whose answer is shown.
    Look(Box<Request>),
    /// A thread from its first message on.
    Thread(ConversationId, Seq),
    /// One message that another one answers.
    Context(ConversationId, Seq),
    /// A page of a list of messages.
    List(Wish),
    /// How one wants to hear of a conversation.
    Hear(SetNotify),
    /// When one does not want to be disturbed.
    Quiet(SetDnd),
    /// What is pinned.
    Pins(ConversationId),
    /// What a message said before.
    Versions(ConversationId, Seq),
    /// Who is in a conversation.
    Members(ConversationId),
    /// Rooms with this in their name or topic.
    Rooms(String),
    /// People with this in their name.
    People(String),
    /// The slash commands of the bots in a conversation.
    Commands(ConversationId),
    /// Run a bot's command; with the line that was typed, which comes back if it is refused.
    Run(Box<RunCommand>, String),
    /// Show or change bots and webhooks.
    Keep(Option<ConversationId>, Keep),
}

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

/// Where the program keeps things and whom it trusts; the same for its whole life.
#[derive(Debug, Clone)]
pub struct Places {
    /// Whom to trust.
    pub tls: Tls,
    /// The folder of the accounts.
    pub accounts: PathBuf,
    /// The settings.
    pub settings: Source,
}

/// Does the effects that concern the engine and the server.
pub struct Runner {
    places: Places,
    outcomes: mpsc::Sender<Outcome>,
    engine: Option<Engine>,
    courier: Option<Courier>,
    export: Option<JoinHandle<()>>,
    carrying: HashMap<u64, AbortHandle>,
}

/// A running engine, with the task that tells it things in order.
struct Engine {
    client: Client,
    tells: mpsc::Sender<Tell>,
    teller: JoinHandle<()>,
}

impl Runner {
    /// A runner without an engine, and where its outcomes come out.
    #[must_use]
    pub fn new(places: Places) -> (Self, mpsc::Receiver<Outcome>) {
        let (outcomes, receiver) = mpsc::channel(OUTCOMES);
        let carrying = HashMap::new();
        let tls = trust::telling(places.tls.clone(), outcomes.clone());
        let places = Places { tls, ..places };
        (Self { places, outcomes, engine: None, courier: None, export: None, carrying }, receiver)
    }

    /// Takes the engine that is to be told and asked from now on.
    pub fn engine(&mut self, client: Client) {
        let (tells, queue) = mpsc::channel(COMMANDS);
        let teller = tokio::spawn(tell_all(client.clone(), queue, self.outcomes.clone()));
        self.engine = Some(Engine { client, tells, teller });
    }

    /// Hands a command over. Never waits: a full queue gives a message's text back.
    pub fn tell(&self, tell: Tell) {
        let Some(engine) = &self.engine else { return };
        if let Err(error) = engine.tells.try_send(tell)
            && let Tell::Send(draft) = error.into_inner()
        {
            let _ = self.outcomes.try_send(Outcome::NotSent(draft));
        }
    }

    /// Asks the engine; the answer comes as an outcome, at the latest when the task has ended.
    pub fn ask(&self, question: Question) -> Option<JoinHandle<()>> {
        let engine = self.engine.as_ref()?;
        let (client, outcomes) = (engine.client.clone(), self.outcomes.clone());
        Some(tokio::spawn(async move {
            if let Some(outcome) = answer::answer(&client, question).await {
                let _ = outcomes.send(outcome).await;
            }
        }))
    }

    /// Takes who carries files from now on.
    pub fn courier(&mut self, courier: Courier) {
        self.courier = Some(courier);
    }

    /// Carries a file; it ends with the program, and goes on when it is tried again.
    pub fn carry(&mut self, key: u64, job: Job) {
        self.carrying.retain(|_, task| !task.is_finished());
        if let Some(courier) = self.courier.clone() {
            let task = tokio::spawn(carry::carry(courier, key, job, self.outcomes.clone()));
            self.carrying.insert(key, task.abort_handle());
        }
    }

    /// Finds the colours of a block of code, beside the thread that draws.
    pub fn ink(&self, code: Code) {
        let outcomes = self.outcomes.clone();
        tokio::task::spawn_blocking(move || {
            let found = inks(&code);
            let _ = outcomes.blocking_send(Outcome::Inked(code, found));
        });
    }

    /// Stops carrying a file. What has come of it stays for the next try, for a while.
    pub fn abandon(&mut self, key: u64) {
        if let Some(task) = self.carrying.remove(&key) {
            task.abort();
        }
    }

    /// Looks which paths begin like this one.
    pub fn find_paths(&self, typed: String) {
        let outcomes = self.outcomes.clone();
        tokio::task::spawn_blocking(move || {
            let found = paths::beginning(&typed);
            // The screen is gone with the program.
            let _ = outcomes.blocking_send(Outcome::Paths(typed, found));
        });
    }

    /// Lists a folder.
    pub fn read_folder(&self, asked: PathBuf) {
        let outcomes = self.outcomes.clone();
        tokio::task::spawn_blocking(move || {
            let folder = folder::list(&asked);
            // The screen is gone with the program.
            let _ = outcomes.blocking_send(Outcome::FolderRead(asked, folder));
        });
    }

    /// Looks into a file or a folder.
    pub fn look_into(&self, look: Look) {
        tokio::spawn(folder::look(look, self.outcomes.clone()));
    }

    /// Looks whether all of these are files.
    pub fn inspect(&self, paths: Vec<PathBuf>, text: String) {
        let outcomes = self.outcomes.clone();
        tokio::spawn(async move {
            let found = carry::files(paths).await;
            // The screen is gone with the program.
            let _ = outcomes.send(Outcome::Inspected(found, text)).await;
        });
    }

    /// Hands over what was done by the loop itself.
    pub fn tell_outcome(&self, outcome: Outcome) {
        let outcomes = self.outcomes.clone();
        tokio::spawn(async move {
            let _ = outcomes.send(outcome).await;
        });
    }

    /// Reads the settings again.
    pub fn read_settings(&self) {
        let (source, outcomes) = (self.places.settings.clone(), self.outcomes.clone());
        tokio::task::spawn_blocking(move || {
            let _ = outcomes.blocking_send(Outcome::Settings(Box::new(source.load())));
        });
    }

    /// Writes one setting, then reads them all again.
    pub fn write_setting(&self, name: &'static str, value: String) {
        let (source, outcomes) = (self.places.settings.clone(), self.outcomes.clone());
        tokio::task::spawn_blocking(move || {
            let told = match source.write(name, &value) {
                Ok(None) => Outcome::SettingWritten(format!("{name} = {value}")),
                Ok(Some(by)) => Outcome::SettingWritten(format!(
                    "{name} = {value} is saved, but {by} goes before it while this runs"
                )),
                Err(error) => Outcome::Refused(format!("{error:#}")),
            };
            let _ = outcomes.blocking_send(Outcome::Settings(Box::new(source.load())));
            let _ = outcomes.blocking_send(told);
        });
    }

    /// Writes keys, then reads the settings again.
    pub fn write_keys(&self, context: Context, lines: Vec<(Chord, &'static str)>) {
        let (source, outcomes) = (self.places.settings.clone(), self.outcomes.clone());
        tokio::task::spawn_blocking(move || {
            let told = match source.write_keys(context, &lines) {
                Ok(()) => {
                    let words: Vec<String> =
                        lines.iter().map(|(chord, does)| format!("{chord} = {does}")).collect();
                    Outcome::SettingWritten(words.join(", "))
                }
                Err(error) => Outcome::Refused(format!("{error:#}")),
            };
            let _ = outcomes.blocking_send(Outcome::Settings(Box::new(source.load())));
            let _ = outcomes.blocking_send(told);
        });
    }

    /// Opens an address with the system's program for it.
    pub fn visit(&self, address: String) {
        let outcomes = self.outcomes.clone();
        tokio::task::spawn_blocking(move || {
            if open::that_detached(&address).is_err() {
                let error = "No program here opens links; its capital letter copies a link".to_owned();
                let _ = outcomes.blocking_send(Outcome::Refused(error));
            }
        });
    }

    /// Sets or tries the passphrase of the lock.
    pub fn lock(&self, what: Try) {
        let (folder, outcomes) = (self.places.accounts.clone(), self.outcomes.clone());
        tokio::spawn(async move {
            if let Ok(outcome) = tokio::task::spawn_blocking(move || lock::attempt(folder, what)).await {
                let _ = outcomes.send(outcome).await;
            }
        });
    }

    /// Writes a conversation into a file, in place of one that is being written.
    pub fn export(&mut self, id: ConversationId, title: String, format: Format, to: Option<PathBuf>) {
        self.end_export();
        let Some(engine) = &self.engine else { return };
        let (client, outcomes) = (engine.client.clone(), self.outcomes.clone());
        self.export = Some(tokio::spawn(async move {
            let done = export::write(&client, id, &title, format, to, &outcomes).await;
            let _ = outcomes.send(Outcome::Exported(done)).await;
        }));
    }

    /// Ends writing a conversation; what is there of the file goes with it.
    pub fn end_export(&mut self) {
        if let Some(export) = self.export.take() {
            export.abort();
        }
    }

    /// Finds the first message of a day.
    pub fn find_day(&self, conversation: ConversationId, head: Seq, from: Timestamp) {
        let Some(engine) = &self.engine else { return };
        let (client, outcomes) = (engine.client.clone(), self.outcomes.clone());
        tokio::spawn(async move {
            let found = day::find(&client, conversation, head, from).await.map_err(|error| error.to_string());
            let _ = outcomes.send(Outcome::Day(conversation, found)).await;
        });
    }

    /// Fetches a picture.
    pub fn picture(&self, wanted: Wanted, cell: Option<(u16, u16)>) {
        if let Some(courier) = self.courier.clone() {
            tokio::spawn(picture::picture(courier, wanted, cell, self.outcomes.clone()));
        }
    }

    /// Asks a server for the form.
    pub fn sign_in(&self, ask: Ask) {
        let (places, outcomes) = (self.places.clone(), self.outcomes.clone());
        tokio::spawn(async move {
            if let Some(outcome) = signed_in(&places, ask).await {
                let _ = outcomes.send(outcome).await;
            }
        });
    }

    /// Ends the engine after it was told everything.
    pub async fn close(&mut self) {
        self.end_export();
        let Some(engine) = self.engine.take() else { return };
        drop(engine.tells);
        let _ = engine.teller.await;
        engine.client.close().await;
    }
}

async fn tell_all(client: Client, mut queue: mpsc::Receiver<Tell>, outcomes: mpsc::Sender<Outcome>) {
    while let Some(tell) = queue.recv().await {
        let unsent = match &tell {
            Tell::Send(draft) => Some(draft.clone()),
            _ => None,
        };
        if let (Err(error), Some(draft)) = (tell_one(&client, tell).await, unsent) {
            tracing::warn!(%error, "a message was not taken");
            let _ = outcomes.try_send(Outcome::NotSent(draft));
        }
    }
}

async fn tell_one(client: &Client, tell: Tell) -> Result<(), RequestError> {
    match tell {
        Tell::Send(draft) => client.send_draft(*draft).await.map(|_| ()),
        Tell::Retry(message) => client.retry(message).await,
        Tell::Discard(message) => client.discard(message).await,
        Tell::MarkRead(conversation, seq) => client.mark_read(conversation, seq).await,
        Tell::Typing(conversation, active) => client.typing(conversation, active).await,
        Tell::Watch(users) => client.watch(users).await,
        Tell::Presence(state) => client.set_presence(state).await,
        Tell::Reconnect => client.reconnect().await,
        Tell::SaveDraft(conversation, text) => client.save_draft(conversation, text).await,
        Tell::SaveThreadDraft(conversation, thread, text) => {
            client.save_thread_draft(conversation, thread, text).await
        }
        Tell::SaveNote(name, text) => client.save_note(name, text).await,
    }
}

async fn signed_in(places: &Places, ask: Ask) -> Option<Outcome> {
    let tls = &places.tls;
    let result = match ask {
        Ask::Probe(server) => {
            return Some(match sign_in::probe(&server, tls).await {
                Err(LinkError::Dial(DialError::Untrusted(stranger))) => Outcome::Untrusted(stranger),
                probed => Outcome::Probed(server, probed.map_err(|error| error.to_string())),
            });
        }
        Ask::LogIn(server, name, password, code) => sign_in::login(&server, tls, name, password, code).await,
        Ask::Reset(server, reset, password, code) => {
            sign_in::reset(&server, tls, reset, password, code).await
        }
        Ask::Register(server, name, password, invite) => {
            sign_in::register(&server, tls, name, password, invite).await
        }
        Ask::Token(server, token) => by_token(server, tls, token).await,
        Ask::Provider(server) => {
            let begun = provider::begin(&server, tls).await;
            if let Ok(begun) = &begun {
                open_where_one_can_see(begun);
            }
            return Some(Outcome::AtProvider(begun.map(Box::new).map_err(|error| error.to_string())));
        }
        Ask::Finish(server, poll, answers, pause) => {
            tokio::time::sleep(pause).await;
            match provider::finish(&server, tls, &poll, &answers).await {
                Err(error) => {
                    let missing = provider::missing(&error);
                    return Some(Outcome::StillOut(poll, answers, error.to_string(), missing));
                }
                done => done,
            }
        }
        Ask::Quit => return None,
    };
    if let Err(LinkError::Dial(DialError::Untrusted(stranger))) = result {
        return Some(Outcome::Untrusted(stranger));
    }
    let refused = |error: sign_in::SignInError| Refused {
        message: error.to_string(),
        needs_code: sign_in::needs_code(&error),
    };
    let result = result.map_err(refused).and_then(|account| {
        let saved = Accounts::open(&places.accounts).and_then(|mut all| all.save(account.clone()));
        saved.map(|()| account).map_err(|error| error.to_string().into())
    });
    Some(Outcome::SignedIn(result))
}

/// Opens the provider's page for the person, where there is a screen for it; over SSH a browser in
/// the terminal would fall over this program.
fn open_where_one_can_see(begun: &OidcBegun) {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let has_screen = cfg!(target_os = "macos") || is_set("DISPLAY") || is_set("WAYLAND_DISPLAY");
    let address = begun.complete_url.as_ref().unwrap_or(&begun.url).clone();
    if has_screen && provider::may_open(&address) {
        tokio::task::spawn_blocking(move || {
            // The address stands on the screen as well.
            let _ = open::that_detached(&address);
        });
    }
}

async fn by_token(server: ServerAddress, tls: &Tls, token: Secret) -> Result<Account, sign_in::SignInError> {
    let (link, welcome) = Link::open(&server, tls, &token).await?;
    let server_name = link.hello().name.clone();
    link.close().await;
    Ok(Account { server, user: welcome.user, token, server_name })
}
