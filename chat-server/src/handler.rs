//! Floor 4: which request goes where. A read goes to the store, a change to its shard.
//!
//! That the caller is logged in is a type: [`Caller`] exists only after a login. Who may do what
//! in a conversation is asked of `domain` by the shard, and of membership by the store's reads.

pub mod account;
mod administration;
mod bots;
mod commands;
pub mod doors;
pub mod file;
mod inbox;
pub mod incoming;
mod keeping;
pub mod live;
mod moderation;
mod outgoing;
pub mod pace;
mod people;
mod query;
mod retention;
mod room;
pub mod search;
pub mod seats;
mod second_factor;
mod sign_in;
mod sso;

use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use arc_swap::ArcSwap;
use chat_proto::{
    Answer, Conversation, ConversationId, Done, ErrorCode, FrameId, Hello, Needs, PROTOCOL_VERSION, Person,
    Pong, ProtocolRange, Registration, Request, Role, Scope, Scopes, SessionId, Signal, WireError,
};
use tracing::error;

use crate::auth::{Guesses, Passwords};
use crate::domain::{Actor, Command};
use crate::hub::outbox::Outbox;
use crate::hub::{Ending, Hub, Reply, SessionKey, Task, now, unavailable};
use crate::metrics::{Kept, metrics};
use crate::outgoing::Outgoing;
use crate::sso::Sso;
use crate::store::{BanKind, Store, StoreError};
use doors::Doors;
use file::FileDesk;
use live::Live;
use pace::Paces;
use seats::Seats;

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
    /// Who guesses, and has to wait.
    pub guesses: Guesses,
    /// After how long without use a session ends.
    pub session_idle: Duration,
    /// What is posted to other programs.
    pub outgoing: Outgoing,
    /// How fast accounts may do what costs, and other programs post.
    pub paces: Paces,
    /// Searches under way: one for each account, of the two that the server does at once.
    pub searching: Seats,
    /// What a reload may change.
    pub live: ArcSwap<Live>,
    /// Uploads and downloads.
    pub desk: FileDesk,
    /// Whether anybody new comes in.
    pub doors: Doors,
    /// The provider by which people log in, if there is one.
    pub sso: Option<Sso>,
}

/// A connection that has said who it is.
#[derive(Clone)]
pub struct Caller {
    /// Who.
    pub person: Person,
    /// What they may do on the server.
    pub role: Role,
    /// What the token is good for, if it is a bot's; a person's is good for everything.
    pub scopes: Option<Scopes>,
    /// By which login.
    pub session: SessionId,
    /// Over which connection.
    pub key: SessionKey,
    /// Where answers go.
    pub outbox: Outbox,
    /// When it was last noted that the session is used.
    pub noted_at: Arc<AtomicI64>,
}

impl Caller {
    /// Whether the caller may see what is written.
    #[must_use]
    pub fn reads(&self) -> bool {
        self.has(Scope::Read)
    }

    /// The conversation as the caller may see it.
    fn shown(&self, mut conversation: Conversation) -> Conversation {
        if !self.reads() {
            conversation.last_message = None;
        }
        conversation
    }

    fn has(&self, scope: Scope) -> bool {
        self.scopes.as_ref().is_none_or(|scopes| scopes.has(scope))
    }

    /// Refuses what the caller's token is not good for.
    fn must_have(&self, needs: Needs) -> Result<(), WireError> {
        match needs {
            Needs::Nothing => Ok(()),
            Needs::Scope(scope) if self.has(scope) => Ok(()),
            Needs::Scope(scope) => Err(bots::lacks(scope)),
            Needs::Person if self.scopes.is_none() => Ok(()),
            Needs::Person => Err(bots::for_people()),
        }
    }

    fn actor(&self) -> Actor {
        Actor { person: self.person.clone(), role: self.role }
    }
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
        let live = self.live.load();
        Hello {
            protocol: ProtocolRange { min: PROTOCOL_VERSION, max: PROTOCOL_VERSION },
            server: SERVER.to_owned(),
            name: live.name.clone(),
            epoch: self.store.epoch(),
            features: Vec::new(),
            registration: match self.doors.shut_since() {
                Some(_) => Registration::Closed,
                None => live.registration,
            },
            provider: self.sso.as_ref().map(|sso| sso.offer.clone()),
            limits: live.limits.clone(),
            ping_interval_ms: u64::try_from(live.ping_interval.as_millis()).unwrap_or(u64::MAX),
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
        request: Box<Request>,
    ) -> Result<Handled, WireError> {
        caller.must_have(request.kind().needs())?;
        if let Some(now) = self.use_to_note(&caller) {
            Box::pin(self.note_use(&caller, now)).await;
        }
        match *request {
            // What is asked most does not need the memory that all the others need together.
            Request::SendMessage(ask) => self.send_message(&caller, id, ask).await,
            Request::MarkRead(ask) => {
                self.submit(&caller, id, ask.conversation, Task::MarkRead(ask.seq)).await
            }
            request => Box::pin(self.handle_any(caller, id, request)).await,
        }
    }

    #[allow(clippy::cognitive_complexity, reason = "a table: one line for each request, each with its await")]
    async fn handle_any(
        self: Arc<Self>,
        caller: Caller,
        id: FrameId,
        request: Request,
    ) -> Result<Handled, WireError> {
        let task = |conversation, task| self.submit(&caller, id.clone(), conversation, task);
        let command = |conversation, command| task(conversation, Task::Command(command));
        match request {
            Request::Register(_)
            | Request::Login(_)
            | Request::Token(_)
            | Request::Reset(_)
            | Request::OidcBegin(_)
            | Request::OidcPoll(_) => Err(already_logged_in()),
            Request::BeginLink(ask) => self.begin_link(&caller, ask).await,
            Request::FinishLink(ask) => self.finish_link(&caller, ask).await,
            Request::RemoveLink(ask) => self.remove_link(&caller, ask).await,
            Request::Logout(_) => self.logout(&caller).await,
            Request::ChangePassword(ask) => self.change_password(&caller, ask).await,
            Request::ListSessions(ask) => self.list_sessions(&caller, ask).await,
            Request::RevokeSession(ask) => self.revoke_session(&caller, ask).await,
            Request::BeginTotp(ask) => self.begin_totp(&caller, ask).await,
            Request::ConfirmTotp(ask) => self.confirm_totp(&caller, ask).await,
            Request::DisableTotp(ask) => self.disable_totp(&caller, ask).await,
            Request::Resume(ask) => self.resume(&caller, ask).await,
            Request::ListConversations(ask) => self.list_conversations(&caller, ask).await,
            Request::GetConversation(ask) => self.get_conversation(&caller, ask).await,
            Request::OpenDirect(ask) => self.open_direct(&caller, id, ask).await,
            Request::CreateRoom(ask) => self.create_room(&caller, id, ask).await,
            Request::JoinRoom(ask) => task(self.public_room(&caller, ask).await?, Task::Join).await,
            Request::Invite(ask) => self.invite(&caller, id, ask).await,
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
            Request::FollowThread(ask) => self.follow_thread(&caller, ask).await,
            Request::MarkThread(ask) => self.mark_thread(&caller, ask).await,
            Request::ListThreads(ask) => self.list_threads(&caller, ask).await,
            Request::ListInbox(ask) => self.list_inbox(&caller, ask).await,
            Request::MarkInbox(ask) => self.mark_inbox(&caller, ask).await,
            Request::SetStar(ask) => self.set_star(&caller, ask).await,
            Request::SetSaved(ask) => self.set_saved(&caller, ask).await,
            Request::ListSaved(ask) => self.list_saved(&caller, ask).await,
            Request::SetNotify(ask) => self.set_notify(&caller, ask).await,
            Request::SetDnd(ask) => self.set_dnd(&caller, ask).await,
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
            Request::BanMember(ask) => {
                let user = self.visible_person(&caller, &ask.user).await?;
                let (for_s, reason) = (ask.for_s, ask.reason);
                command(ask.conversation, Command::Ban { user, for_s, reason }).await
            }
            Request::UnbanMember(ask) => {
                let user = self.visible_person(&caller, &ask.user).await?;
                command(ask.conversation, Command::Unban { user }).await
            }
            Request::MuteMember(ask) => {
                let user = self.visible_person(&caller, &ask.user).await?;
                let (for_s, reason) = (ask.for_s, ask.reason);
                command(ask.conversation, Command::Mute { user, for_s, reason }).await
            }
            Request::UnmuteMember(ask) => {
                let user = self.visible_person(&caller, &ask.user).await?;
                command(ask.conversation, Command::Unmute { user }).await
            }
            Request::ListBans(ask) => self.list_bans(&caller, ask).await,
            Request::BanUser(ask) => {
                self.punish(&caller, BanKind::Ban, &ask.user, ask.for_s, ask.reason).await
            }
            Request::MuteUser(ask) => {
                self.punish(&caller, BanKind::Mute, &ask.user, ask.for_s, ask.reason).await
            }
            Request::UnbanUser(ask) => self.pardon(&caller, BanKind::Ban, &ask.user).await,
            Request::UnmuteUser(ask) => self.pardon(&caller, BanKind::Mute, &ask.user).await,
            Request::ListAccounts(ask) => self.list_accounts(&caller, ask).await,
            Request::DisableUser(ask) => {
                self.disable(caller.actor(), &ask.user, ask.reason).await?;
                Ok(Answer::DisableUser(Done {}).into())
            }
            Request::EnableUser(ask) => {
                self.enable(caller.actor(), &ask.user).await?;
                Ok(Answer::EnableUser(Done {}).into())
            }
            Request::SetUserRole(ask) => {
                self.set_server_role(caller.actor(), &ask.user, ask.role).await?;
                Ok(Answer::SetUserRole(Done {}).into())
            }
            Request::ResetUser(ask) => {
                let made = self.make_reset(caller.actor(), &ask.user, ask.second_factor).await?;
                Ok(Answer::ResetUser(made).into())
            }
            Request::GivePassword(ask) => self.give_password(&caller, ask).await,
            Request::Purge(ask) => self.purge(&caller, ask).await,
            Request::CreateReport(ask) => self.create_report(&caller, ask).await,
            Request::ListReports(ask) => self.list_reports(&caller, ask).await,
            Request::CloseReport(ask) => self.close_report(&caller, ask).await,
            Request::ListAudit(ask) => self.list_audit(&caller, ask).await,
            Request::CreateBot(ask) => self.create_bot(&caller, ask).await,
            Request::ListBots(_) => self.list_bots(&caller).await,
            Request::RotateToken(ask) => self.rotate_token(&caller, ask).await,
            Request::DeleteBot(ask) => self.delete_bot(&caller, ask).await,
            Request::CreateIncoming(ask) => self.create_incoming(&caller, ask).await,
            Request::ListIncoming(ask) => self.list_incoming(&caller, ask).await,
            Request::DeleteIncoming(ask) => self.delete_incoming(&caller, ask).await,
            Request::CreateOutgoing(ask) => self.create_outgoing(&caller, ask).await,
            Request::ListOutgoing(ask) => self.list_outgoing(&caller, ask).await,
            Request::DeleteOutgoing(ask) => self.delete_outgoing(&caller, ask).await,
            Request::TestOutgoing(ask) => self.test_outgoing(&caller, ask).await,
            Request::RegisterCommands(ask) => self.register_commands(&caller, ask).await,
            Request::ListCommands(ask) => self.list_commands(&caller, ask).await,
            Request::RunCommand(ask) => self.run_command(&caller, ask).await,
            Request::AnswerCommand(ask) => self.answer_command(&caller, ask).await,
            Request::SetProfile(ask) => self.set_profile(&caller, ask).await,
            Request::GetProfile(ask) => self.get_profile(&caller, ask).await,
            Request::SetBlock(ask) => self.set_block(&caller, ask).await,
            Request::ListBlocked(_) => self.list_blocked(&caller).await,
            Request::SetPrivacy(ask) => self.set_privacy(&caller, ask).await,
            Request::GetReaders(ask) => self.get_readers(&caller, ask).await,
            Request::CreateCode(ask) => self.create_code(&caller, ask).await,
            Request::ListCodes(_) => self.list_codes(&caller).await,
            Request::RevokeCode(ask) => self.revoke_code(&caller, ask).await,
            Request::CreateUser(ask) => self.create_user(&caller, ask).await,
            Request::SetLockdown(ask) => self.set_lockdown(&caller, ask).await,
            Request::SurveyRooms(ask) => self.survey_rooms(&caller, ask).await,
            Request::Ping(_) => Ok(self.pong().into()),
        }
    }

    /// Passes on what a logged-in caller says without wanting an answer.
    pub fn signal(&self, caller: &Caller, signal: Signal) {
        match signal {
            Signal::Typing { .. } if !caller.has(Scope::Write) => {}
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
        let reply = Reply::to(id, caller.key, caller.reads(), caller.outbox.clone());
        self.hub.submit(conversation, caller.actor(), task, reply).await;
        Ok(Handled::Deferred)
    }

    async fn logout(self: &Arc<Self>, caller: &Caller) -> Result<Handled, WireError> {
        let (app, user, session, key) = (self.clone(), caller.person.id, caller.session, caller.key);
        carry_through(async move {
            app.store.end_session(session).await.map_err(store_failed)?;
            app.hub.end(user, Ending::Login(key)).await;
            Ok(())
        })
        .await?;
        Ok(Handled::LoggedOut)
    }
}

/// Runs to its end, whatever becomes of the connection that asked for it.
async fn carry_through<T: Send + 'static>(
    work: impl Future<Output = Result<T, WireError>> + Send + 'static,
) -> Result<T, WireError> {
    tokio::spawn(work).await.map_err(|_| unavailable())?
}

fn already_logged_in() -> WireError {
    WireError::new(ErrorCode::AlreadyLoggedIn, "This connection is logged in already; open another one.")
}

/// The store's fault, told to the user without its inside and to the admin with it.
pub(crate) fn store_failed(cause: StoreError) -> WireError {
    error!(%cause, "the store failed");
    metrics().store_errors.add_one(Kept::Request);
    unavailable()
}
