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
mod outcome;
mod paths;
mod picture;
mod question;
mod settings;
mod sign_in;
mod tell;
mod teller;
mod trust;
mod wish;

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use chat_client::Client;
use chat_client::account::Account;
use chat_client::export::Format;
use chat_client::files::Courier;
use chat_client::stranger::Stranger;
use chat_client::tls::Tls;
use chat_proto::{ConversationId, Secret, Seq, Timestamp};
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinHandle};

use crate::keymap::{Chord, Context};
use crate::markup::Code;
use crate::markup::code::inks;
use crate::notification::Notification;
use crate::settings::Source;
use crate::state::browser::Look;
use crate::state::pictures::Wanted;
use crate::state::sign_in::Ask;
use crate::state::transfer::Job;
pub(crate) use folder::size_words;
pub use lock::Try;
pub use outcome::{Kept, Outcome};
pub use question::{Question, Then};
pub use tell::{Move, Tell};
use teller::{Engine, tell_all};
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
    /// What is carried under this key could not be, for this reason; look whether its path and some
    /// of the words behind it are a file.
    FindFile(u64, PathBuf, String, String),
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

    /// Looks whether a path that is no file is one together with words behind it.
    pub fn find_file(&self, key: u64, path: PathBuf, words: String, error: String) {
        let outcomes = self.outcomes.clone();
        tokio::task::spawn_blocking(move || {
            let found = paths::with_blanks(&path, &words, error);
            // The screen is gone with the program.
            let _ = outcomes.blocking_send(Outcome::FileFound(key, found));
        });
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

    /// Ends the engine after it was told everything.
    pub async fn close(&mut self) {
        self.end_export();
        let Some(engine) = self.engine.take() else { return };
        drop(engine.tells);
        let _ = engine.teller.await;
        engine.client.close().await;
    }
}
