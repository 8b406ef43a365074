//! Floor 4: which request goes where. A read goes to the store, a change to its shard.
//!
//! That the caller is logged in is a type: [`Caller`] exists only after a login. Who may do what
//! in a conversation is asked of `domain` by the shard, and of membership by the store's reads.

pub mod account;
pub mod file;
mod query;
mod room;
mod search;

use std::sync::Arc;

use chat_proto::{
    Answer, ConversationId, Done, ErrorCode, FrameId, Hello, Limits, PROTOCOL_VERSION, Person, Pong,
    ProtocolRange, Registration, Request, Role, SessionId, Signal, WireError,
};
use tracing::error;

use crate::auth::Passwords;
use crate::domain::{Actor, Command};
use crate::hub::outbox::Outbox;
use crate::hub::{Ending, Hub, Reply, SessionKey, Task, now, unavailable};
use crate::store::{Store, StoreError};
use file::FileDesk;

/// The version that `hello` names for people.
const SERVER: &str = concat!("chat-server/", env!("CARGO_PKG_VERSION"));

/// What every connection works with; one for the whole server.
pub struct App {
    /// Memory.
    pub store: Store,
    /// Delivery.
    pub hub: Hub,
    /// Hash workers.
    pub passwords: Passwords,
    /// Who may make an account.
    pub registration: Registration,
    /// The team's name.
    pub name: String,
    /// What clients must keep to.
    pub limits: Limits,
    /// Uploads and downloads.
    pub desk: FileDesk,
}

/// A connection that has said who it is.
#[derive(Clone)]
pub struct Caller {
    /// Who.
    pub person: Person,
    /// What they may do on the server.
    pub role: Role,
    /// By which login.
    pub session: SessionId,
    /// Over which connection.
    pub key: SessionKey,
    /// Where answers go.
    pub outbox: Outbox,
}

/// What became of a request.
pub enum Handled {
    /// It is done; this is the answer.
    Answer(Box<Answer>),
    /// Its shard answers through the outbox.
    Deferred,
    /// It is done, and so is the session: answer, then close.
    LoggedOut,
}

impl From<Answer> for Handled {
    fn from(answer: Answer) -> Self {
        Handled::Answer(Box::new(answer))
    }
}

impl App {
    /// The first frame of every connection.
    #[must_use]
    pub fn hello(&self) -> Hello {
        Hello {
            protocol: ProtocolRange { min: PROTOCOL_VERSION, max: PROTOCOL_VERSION },
            server: SERVER.to_owned(),
            name: self.name.clone(),
            epoch: self.store.epoch(),
            features: Vec::new(),
            registration: self.registration,
            limits: self.limits.clone(),
            ping_interval_ms: chat_proto::limits::PING_INTERVAL_MS,
            server_time: now(),
        }
    }

    /// Does what a logged-in caller asks.
    ///
    /// # Errors
    /// The refusal to answer with.
    #[allow(clippy::cognitive_complexity, reason = "a table: one line for each request, each with its await")]
    pub async fn handle(
        self: Arc<Self>,
        caller: Caller,
        id: FrameId,
        request: Request,
    ) -> Result<Handled, WireError> {
        let task = |conversation, task| self.submit(&caller, id.clone(), conversation, task);
        let command = |conversation, command| task(conversation, Task::Command(command));
        match request {
            Request::Register(_) | Request::Login(_) | Request::Token(_) => Err(already_logged_in()),
            Request::Logout(_) => self.logout(&caller).await,
            Request::Resume(ask) => self.resume(&caller, ask).await,
            Request::ListConversations(ask) => self.list_conversations(&caller, ask).await,
            Request::GetConversation(ask) => self.get_conversation(&caller, ask).await,
            Request::OpenDirect(ask) => self.open_direct(&caller, id, ask).await,
            Request::CreateRoom(ask) => self.create_room(&caller, id, ask).await,
            Request::JoinRoom(ask) => task(self.public_room(&caller, ask).await?, Task::Join).await,
            Request::Invite(ask) => {
                task(ask.conversation, Task::Invite(self.visible_person(&caller, &ask.user).await?)).await
            }
            Request::ListInvitations(_) => self.list_invitations(&caller).await,
            Request::AcceptInvitation(ask) => self.accept_invitation(&caller, id, ask.conversation).await,
            Request::DeclineInvitation(ask) => self.decline_invitation(&caller, ask.conversation).await,
            Request::RemoveMember(ask) => {
                let user = self.visible_person(&caller, &ask.user).await?;
                command(ask.conversation, Command::Remove { user, reason: ask.reason }).await
            }
            Request::SetRole(ask) => {
                let user = self.visible_person(&caller, &ask.user).await?;
                command(ask.conversation, Command::SetRole { user, role: ask.role }).await
            }
            Request::RenameRoom(ask) => command(ask.conversation, Command::Rename(ask.name)).await,
            Request::DescribeRoom(ask) => command(ask.conversation, Command::Describe(ask.description)).await,
            Request::SetRules(ask) => command(ask.conversation, Command::SetRules(ask.rules)).await,
            Request::LeaveRoom(ask) => command(ask.conversation, Command::Leave).await,
            Request::ListRooms(ask) => self.list_rooms(&caller, ask).await,
            Request::SetTopic(ask) => command(ask.conversation, Command::SetTopic(ask.topic)).await,
            Request::ListMembers(ask) => self.list_members(&caller, ask).await,
            Request::ListPeople(ask) => self.list_people(&caller, ask).await,
            Request::SendMessage(ask) => self.send_message(&caller, id, ask).await,
            Request::EditMessage(ask) => task(ask.conversation, Task::Edit(ask.seq, ask.body)).await,
            Request::DeleteMessage(ask) => task(ask.conversation, Task::Delete(ask.seq)).await,
            Request::React(ask) => task(ask.conversation, Task::React(ask.seq, ask.emoji, ask.on)).await,
            Request::PinMessage(ask) => task(ask.conversation, Task::Pin(ask.seq, ask.on)).await,
            Request::ListPins(ask) => self.list_pins(&caller, ask).await,
            Request::ListVersions(ask) => self.list_versions(&caller, ask).await,
            Request::GetThread(ask) => self.get_thread(&caller, ask).await,
            Request::GetHistory(ask) => self.get_history(&caller, ask).await,
            Request::Search(ask) => self.search(&caller, ask).await,
            Request::ListFiles(ask) => self.list_files(&caller, ask).await,
            Request::DeleteFile(ask) => self.delete_file(&caller, ask).await,
            Request::MarkRead(ask) => task(ask.conversation, Task::MarkRead(ask.seq)).await,
            Request::WatchPresence(ask) => self.watch_presence(&caller, ask).await,
            Request::SetPresence(ask) => {
                self.hub.presence().set(caller.person.id, caller.key, ask.state).await;
                Ok(Answer::SetPresence(Done {}).into())
            }
            Request::Ping(_) => Ok(self.pong().into()),
        }
    }

    /// Passes on what a logged-in caller says without wanting an answer.
    pub fn signal(&self, caller: &Caller, signal: Signal) {
        match signal {
            Signal::Typing { conversation, active } => {
                self.hub.typing(conversation, caller.person.clone(), active)
            }
        }
    }

    /// The answer to `ping`, before and after login.
    #[must_use]
    pub fn pong(&self) -> Answer {
        Answer::Ping(Pong { server_time: now() })
    }

    async fn submit(
        &self,
        caller: &Caller,
        id: FrameId,
        conversation: ConversationId,
        task: Task,
    ) -> Result<Handled, WireError> {
        let reply = Reply { id, session: caller.key, outbox: caller.outbox.clone() };
        let actor = Actor { person: caller.person.clone(), role: caller.role };
        self.hub.submit(conversation, actor, task, reply).await;
        Ok(Handled::Deferred)
    }

    async fn logout(&self, caller: &Caller) -> Result<Handled, WireError> {
        self.store.end_session(caller.session).await.map_err(store_failed)?;
        self.hub.end(caller.person.id, Ending::Login(caller.key)).await;
        Ok(Handled::LoggedOut)
    }
}

fn already_logged_in() -> WireError {
    WireError::new(ErrorCode::AlreadyLoggedIn, "This connection is logged in already; open another one.")
}

/// The store's fault, told to the user without its inside and to the admin with it.
pub(crate) fn store_failed(cause: StoreError) -> WireError {
    error!(%cause, "the store failed");
    unavailable()
}
