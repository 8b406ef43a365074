//! Floor 4: which request goes where. A read goes to the store, a change to its shard.
//!
//! That the caller is logged in is a type: [`Caller`] exists only after a login. Who may do what
//! in a conversation is asked of `domain` by the shard, and of membership by the store's reads.

pub mod account;
mod query;

use std::sync::Arc;

use chat_proto::{
    Answer, Body, ClientId, ConversationId, ConversationKind, Done, ErrorCode, FrameId, Hello, Limits,
    OpenDirect, PROTOCOL_VERSION, Person, Pong, ProtocolRange, Registration, Request, Role, SessionId,
    Signal, Topic, WireError,
};
use tracing::error;
use uuid::Uuid;

use crate::auth::Passwords;
use crate::domain::{Command, not_found};
use crate::hub::outbox::Outbox;
use crate::hub::{Hub, Reply, SessionKey, Task, now, unavailable};
use crate::store::{Store, StoreError};

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
    pub async fn handle(
        self: Arc<Self>,
        caller: Caller,
        id: FrameId,
        request: Request,
    ) -> Result<Handled, WireError> {
        let submit = |conversation, task| self.submit(&caller, id.clone(), conversation, task);
        let command = |conversation, command| submit(conversation, Task::Command(command));
        match request {
            Request::Register(_) | Request::Login(_) | Request::Token(_) => Err(already_logged_in()),
            Request::Logout(_) => self.logout(&caller).await,
            Request::Resume(ask) => self.resume(&caller, ask).await,
            Request::ListConversations(ask) => self.list_conversations(&caller, ask).await,
            Request::GetConversation(ask) => self.get_conversation(&caller, ask).await,
            Request::OpenDirect(ask) => self.open_direct(&caller, id, ask).await,
            Request::CreateRoom(ask) => {
                let (kind, name) = (ConversationKind::Room, Some(ask.name));
                let task = Task::Begin { kind, name, topic: ask.topic, client_id: ask.client_id, with: None };
                submit(new_conversation(), task).await
            }
            Request::JoinRoom(ask) => {
                let room = self.store.room_named(ask.room.clone()).await.map_err(store_failed)?;
                command(room.ok_or_else(|| no_room(&ask.room))?, Command::Join).await
            }
            Request::LeaveRoom(ask) => command(ask.conversation, Command::Leave).await,
            Request::ListRooms(ask) => self.list_rooms(&caller, ask).await,
            Request::SetTopic(ask) => command(ask.conversation, Command::SetTopic(ask.topic)).await,
            Request::ListMembers(ask) => self.list_members(&caller, ask).await,
            Request::ListPeople(ask) => self.list_people(ask).await,
            Request::SendMessage(ask) => command(ask.conversation, send(ask.client_id, ask.body)).await,
            Request::GetHistory(ask) => self.get_history(&caller, ask).await,
            Request::MarkRead(ask) => submit(ask.conversation, Task::MarkRead(ask.seq)).await,
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
        self.hub.submit(conversation, caller.person.clone(), task, reply).await;
        Ok(Handled::Deferred)
    }

    async fn open_direct(&self, caller: &Caller, id: FrameId, ask: OpenDirect) -> Result<Handled, WireError> {
        let other = self.store.person(ask.user.clone()).await.map_err(store_failed)?;
        let other = other.ok_or_else(|| {
            WireError::new(ErrorCode::NotFound, format!("There is nobody called @{} here.", ask.user))
        })?;
        if other.id == caller.person.id {
            return Err(WireError::new(ErrorCode::Invalid, "A direct conversation needs somebody else."));
        }
        if let Some(direct) = self.store.direct_of(caller.person.id, other.id).await.map_err(store_failed)? {
            let shown = self.store.conversation(caller.person.id, direct).await.map_err(store_failed)?;
            return Ok(Answer::OpenDirect(shown.ok_or_else(not_found)?).into());
        }
        let task = Task::Begin {
            kind: ConversationKind::Direct,
            name: None,
            topic: Topic::default(),
            // Two people have one direct, so no repeat can make a second: any id will do.
            client_id: ClientId(Uuid::now_v7()),
            with: Some(other),
        };
        self.submit(caller, id, new_conversation(), task).await
    }

    async fn logout(&self, caller: &Caller) -> Result<Handled, WireError> {
        self.store.end_session(caller.session).await.map_err(store_failed)?;
        self.hub.end_login(caller.person.id, caller.key).await;
        Ok(Handled::LoggedOut)
    }
}

fn send(client_id: ClientId, body: Body) -> Command {
    Command::Send { client_id, body }
}

/// Ids sort by time, so that rows of one conversation lie together in every index.
fn new_conversation() -> ConversationId {
    ConversationId(Uuid::now_v7())
}

fn no_room(name: &chat_proto::RoomName) -> WireError {
    WireError::new(
        ErrorCode::NotFound,
        format!("There is no room called #{name}. Create it, or look in the list of rooms."),
    )
}

fn already_logged_in() -> WireError {
    WireError::new(ErrorCode::AlreadyLoggedIn, "This connection is logged in already; open another one.")
}

/// The store's fault, told to the user without its inside and to the admin with it.
pub(crate) fn store_failed(cause: StoreError) -> WireError {
    error!(%cause, "the store failed");
    unavailable()
}
