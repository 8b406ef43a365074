//! The handle that an interface holds: cheap to clone, never blocks, shows no lock.

use chat_proto::{
    Answer, Ask, Body, ClientId, ConversationId, PresenceState, Request, Seq, UserId, WireError,
};
use thiserror::Error;
use tokio::sync::{mpsc, oneshot};

use crate::update::{Anchor, Draft, History, Update};

/// Commands that may wait for the engine; a person cannot type faster than it drains them.
pub(crate) const COMMANDS: usize = 256;

/// Why the engine could not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RequestError {
    /// The server said no.
    #[error(transparent)]
    Refused(WireError),
    /// There is no connection now, or it was cut before the answer came.
    #[error("not connected to the server; try again when the connection is back")]
    Offline,
    /// The engine has ended.
    #[error("the chat client has stopped")]
    Stopped,
}

/// What the handle asks of the engine.
pub(crate) enum Command {
    Request(Box<Request>, oneshot::Sender<Result<Box<Answer>, RequestError>>),
    Send(ClientId, Box<Draft>),
    Retry(ClientId),
    Discard(ClientId),
    History {
        conversation: ConversationId,
        anchor: Anchor,
        limit: u32,
        answer: oneshot::Sender<Result<History, RequestError>>,
    },
    MarkRead {
        conversation: ConversationId,
        seq: Seq,
    },
    Typing {
        conversation: ConversationId,
        active: bool,
    },
    SaveDraft {
        conversation: ConversationId,
        thread: Option<Seq>,
        text: String,
    },
    Draft {
        conversation: ConversationId,
        thread: Option<Seq>,
        answer: oneshot::Sender<Option<String>>,
    },
    SaveNote {
        name: String,
        text: String,
    },
    Note {
        name: String,
        answer: oneshot::Sender<Option<String>>,
    },
    Watch(Vec<UserId>),
    Presence(PresenceState),
    Reconnect,
    Close(oneshot::Sender<()>),
}

/// A running engine, seen from outside. The engine ends when all handles are gone.
#[derive(Clone)]
pub struct Client {
    commands: mpsc::Sender<Command>,
}

/// The engine's updates, in order. Dropping it ends the engine.
pub struct Updates {
    pub(crate) updates: mpsc::Receiver<Update>,
}

impl Updates {
    /// The next update; `None` after the engine has ended.
    pub async fn next(&mut self) -> Option<Update> {
        self.updates.recv().await
    }

    /// An update that is there already, so that a screen can take all before it draws once.
    pub fn try_next(&mut self) -> Option<Update> {
        self.updates.try_recv().ok()
    }
}

impl Client {
    pub(crate) fn new(commands: mpsc::Sender<Command>) -> Self {
        Self { commands }
    }

    /// Asks the server and waits for its answer.
    ///
    /// # Errors
    /// [`RequestError`]: refused, not connected, or stopped. After `Offline` it is not known
    /// whether the server did it.
    pub async fn request<A: Ask>(&self, ask: A) -> Result<A::Answer, RequestError> {
        let (answer, answered) = oneshot::channel();
        self.command(Command::Request(Box::new(ask.into_request()), answer)).await?;
        let answer = answered.await.map_err(|_| RequestError::Stopped)??;
        A::answer(*answer).ok_or(RequestError::Stopped)
    }

    /// As [`Client::request`], for whoever takes any answer.
    ///
    /// # Errors
    /// As there.
    pub async fn ask(&self, request: Request) -> Result<Answer, RequestError> {
        let (answer, answered) = oneshot::channel();
        self.command(Command::Request(Box::new(request), answer)).await?;
        Ok(*answered.await.map_err(|_| RequestError::Stopped)??)
    }

    /// Puts a message into the durable outbox and returns its id at once; its way is told by
    /// [`Update::Outgoing`], beginning with `Queued` once it is safe on this disk.
    ///
    /// # Errors
    /// `Stopped` if the engine has ended; the message was not taken.
    pub async fn send(&self, conversation: ConversationId, body: Body) -> Result<ClientId, RequestError> {
        self.send_draft(Draft::new(conversation, body)).await
    }

    /// As [`Client::send`], for a message that is tied to others.
    ///
    /// # Errors
    /// `Stopped` if the engine has ended; the message was not taken.
    pub async fn send_draft(&self, draft: Draft) -> Result<ClientId, RequestError> {
        let client_id = ClientId(uuid::Uuid::now_v7());
        self.command(Command::Send(client_id, Box::new(draft))).await?;
        Ok(client_id)
    }

    /// Tries a failed message again, under the same id.
    ///
    /// # Errors
    /// `Stopped` if the engine has ended.
    pub async fn retry(&self, message: ClientId) -> Result<(), RequestError> {
        self.command(Command::Retry(message)).await
    }

    /// Gives a failed message up.
    ///
    /// # Errors
    /// `Stopped` if the engine has ended.
    pub async fn discard(&self, message: ClientId) -> Result<(), RequestError> {
        self.command(Command::Discard(message)).await
    }

    /// A page of history, from the cache where it holds the whole page, else from the server.
    /// Offline, what the cache has.
    ///
    /// # Errors
    /// `Refused`, or `Offline` when the cache has nothing there.
    pub async fn history(
        &self,
        conversation: ConversationId,
        anchor: Anchor,
        limit: u32,
    ) -> Result<History, RequestError> {
        let (answer, answered) = oneshot::channel();
        self.command(Command::History { conversation, anchor, limit, answer }).await?;
        answered.await.map_err(|_| RequestError::Stopped)?
    }

    /// Moves the own read mark forward. Kept and told later if there is no connection.
    ///
    /// # Errors
    /// `Stopped` if the engine has ended.
    pub async fn mark_read(&self, conversation: ConversationId, seq: Seq) -> Result<(), RequestError> {
        self.command(Command::MarkRead { conversation, seq }).await
    }

    /// Says that the person is writing, or stopped. May be called for every key: the engine keeps
    /// the pace of [`chat_proto::limits::TYPING_INTERVAL_MS`]. Forgotten if there is no connection.
    ///
    /// # Errors
    /// `Stopped` if the engine has ended.
    pub async fn typing(&self, conversation: ConversationId, active: bool) -> Result<(), RequestError> {
        self.command(Command::Typing { conversation, active }).await
    }

    /// Keeps what a person has begun to write here, also over a restart; an empty text is
    /// forgotten. Longer texts than a message may have are cut.
    ///
    /// # Errors
    /// `Stopped` if the engine has ended.
    pub async fn save_draft(&self, conversation: ConversationId, text: String) -> Result<(), RequestError> {
        self.command(Command::SaveDraft { conversation, thread: None, text }).await
    }

    /// The same in a thread.
    ///
    /// # Errors
    /// `Stopped` if the engine has ended.
    pub async fn save_thread_draft(
        &self,
        conversation: ConversationId,
        thread: Seq,
        text: String,
    ) -> Result<(), RequestError> {
        self.command(Command::SaveDraft { conversation, thread: Some(thread), text }).await
    }

    /// What a person had begun to write here.
    ///
    /// # Errors
    /// `Stopped` if the engine has ended.
    pub async fn draft(&self, conversation: ConversationId) -> Result<Option<String>, RequestError> {
        self.draft_of(conversation, None).await
    }

    /// The same in a thread.
    ///
    /// # Errors
    /// `Stopped` if the engine has ended.
    pub async fn thread_draft(
        &self,
        conversation: ConversationId,
        thread: Seq,
    ) -> Result<Option<String>, RequestError> {
        self.draft_of(conversation, Some(thread)).await
    }

    async fn draft_of(
        &self,
        conversation: ConversationId,
        thread: Option<Seq>,
    ) -> Result<Option<String>, RequestError> {
        let (answer, answered) = oneshot::channel();
        self.command(Command::Draft { conversation, thread, answer }).await?;
        answered.await.map_err(|_| RequestError::Stopped)
    }

    /// Keeps a small text of the interface beside the cache, under a name; an empty one is
    /// forgotten, and so is one that is too long.
    ///
    /// # Errors
    /// `Stopped` if the engine has ended.
    pub async fn save_note(&self, name: &str, text: String) -> Result<(), RequestError> {
        self.command(Command::SaveNote { name: name.to_owned(), text }).await
    }

    /// What the interface kept under this name.
    ///
    /// # Errors
    /// `Stopped` if the engine has ended.
    pub async fn note(&self, name: &str) -> Result<Option<String>, RequestError> {
        let (answer, answered) = oneshot::channel();
        self.command(Command::Note { name: name.to_owned(), answer }).await?;
        answered.await.map_err(|_| RequestError::Stopped)
    }

    /// Watches the presence of these people, also after every reconnect.
    ///
    /// # Errors
    /// `Stopped` if the engine has ended.
    pub async fn watch(&self, users: Vec<UserId>) -> Result<(), RequestError> {
        self.command(Command::Watch(users)).await
    }

    /// Says whether a person is at this device, also after every reconnect.
    ///
    /// # Errors
    /// `Stopped` if the engine has ended.
    pub async fn set_presence(&self, state: PresenceState) -> Result<(), RequestError> {
        self.command(Command::Presence(state)).await
    }

    /// Connects now if it is waiting or stopped.
    ///
    /// # Errors
    /// `Stopped` if the engine has ended.
    pub async fn reconnect(&self) -> Result<(), RequestError> {
        self.command(Command::Reconnect).await
    }

    /// Says goodbye to the server and ends the engine; returns when the cache is safe.
    pub async fn close(&self) {
        let (done, ended) = oneshot::channel();
        if self.command(Command::Close(done)).await.is_ok() {
            // An error here means that the engine ended on its own, which is what was wanted.
            let _ = ended.await;
        }
    }

    async fn command(&self, command: Command) -> Result<(), RequestError> {
        self.commands.send(command).await.map_err(|_| RequestError::Stopped)
    }
}
