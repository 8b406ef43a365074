//! Rooms and directs: making them, finding their people, writing in them.

use std::sync::Arc;

use chat_proto::{
    Answer, Body, ClientId, ConversationId, ConversationKind, CreateRoom, Description, Done, ErrorCode,
    EventKind, FileId, Forwarded, FrameId, Invitations, JoinRoom, Needs, OpenDirect, Person, Position, Role,
    RoomName, Scope, SendMessage, Topic, UserId, UserName, WireError, limits,
};
use uuid::Uuid;

use super::{App, Caller, Handled, store_failed};
use crate::domain::not_found;
use crate::hub::{Beginning, Enclosed, Letter, Task};

impl App {
    pub(super) async fn create_room(
        self: &Arc<Self>,
        caller: &Caller,
        id: FrameId,
        ask: CreateRoom,
    ) -> Result<Handled, WireError> {
        if caller.role == Role::Guest {
            return Err(WireError::new(ErrorCode::Forbidden, "Guests cannot make rooms; ask a member."));
        }
        let beginning = Beginning {
            kind: ConversationKind::Room,
            name: Some(ask.name),
            topic: ask.topic,
            description: ask.description,
            private: ask.private,
            client_id: ask.client_id,
            with: Vec::new(),
        };
        self.submit(caller, id, new_conversation(), Task::Begin(Box::new(beginning))).await
    }

    /// The conversation of these people, made if there is none.
    pub(super) async fn open_direct(
        self: &Arc<Self>,
        caller: &Caller,
        id: FrameId,
        ask: OpenDirect,
    ) -> Result<Handled, WireError> {
        // Each name costs a look into the store.
        if ask.also.len() > limits::GROUP_PEOPLE {
            return Err(too_many_people());
        }
        let mut with: Vec<Person> = Vec::new();
        for name in std::iter::once(&ask.user).chain(&ask.also) {
            let person = self.visible_person(caller, name).await?;
            // Oneself and a name that is there twice are nobody more.
            if person.id == caller.person.id || with.contains(&person) {
                continue;
            }
            if with.len() + 1 >= limits::GROUP_PEOPLE {
                return Err(too_many_people());
            }
            with.push(person);
        }
        if with.is_empty() {
            return Err(WireError::new(ErrorCode::Invalid, "A direct conversation needs somebody else."));
        }
        let people: Vec<UserId> = with.iter().map(|person| person.id).chain([caller.person.id]).collect();
        if let Some(direct) = self.store.direct_of(people).await.map_err(store_failed)? {
            let shown = self.store.conversation(caller.person.id, direct).await.map_err(store_failed)?;
            return Ok(Answer::OpenDirect(caller.shown(shown.ok_or_else(not_found)?)).into());
        }
        let beginning = Beginning {
            kind: ConversationKind::Direct,
            name: None,
            topic: Topic::default(),
            description: Description::default(),
            private: true,
            // The same people have one direct, so no repeat can make a second: any id will do.
            client_id: ClientId(Uuid::now_v7()),
            with,
        };
        self.submit(caller, id, new_conversation(), Task::Begin(Box::new(beginning))).await
    }

    /// The room of that name, as far as its existence may be known. Whether one may join is the
    /// shard's to decide: who is invited may, also by name.
    pub(super) async fn public_room(
        &self,
        caller: &Caller,
        ask: JoinRoom,
    ) -> Result<ConversationId, WireError> {
        let none = || no_room(&ask.room);
        let room = self.store.room_named(ask.room.clone()).await.map_err(store_failed)?.ok_or_else(none)?;
        let user = caller.person.id;
        let known =
            self.store.is_known_room(room, user, caller.role == Role::Guest).await.map_err(store_failed)?;
        if known { Ok(room) } else { Err(none()) }
    }

    pub(super) async fn list_invitations(&self, caller: &Caller) -> Result<Handled, WireError> {
        let invitations =
            self.store.invitations(caller.person.id, limits::INVITATIONS).await.map_err(store_failed)?;
        Ok(Answer::ListInvitations(Invitations { invitations }).into())
    }

    pub(super) async fn accept_invitation(
        &self,
        caller: &Caller,
        id: FrameId,
        conversation: ConversationId,
    ) -> Result<Handled, WireError> {
        if !self.store.is_invited(conversation, caller.person.id).await.map_err(store_failed)? {
            return Err(no_invitation());
        }
        self.submit(caller, id, conversation, Task::Join).await
    }

    pub(super) async fn decline_invitation(
        &self,
        caller: &Caller,
        conversation: ConversationId,
    ) -> Result<Handled, WireError> {
        if !self.store.decline(conversation, caller.person.id).await.map_err(store_failed)? {
            return Err(no_invitation());
        }
        self.tell_declined(caller, conversation).await;
        Ok(Answer::DeclineInvitation(Done {}).into())
    }

    pub(super) async fn send_message(
        &self,
        caller: &Caller,
        id: FrameId,
        ask: SendMessage,
    ) -> Result<Handled, WireError> {
        let (body, files, forwarded) = match ask.forward {
            None => (ask.body, Enclosed::Own(own_files(ask.files)), None),
            Some(position) => {
                caller.must_have(Needs::Scope(Scope::Read))?;
                // What is forwarded is what stands there, not what the sender claims.
                let (body, files, forwarded) = Box::pin(self.forwarded(caller, position)).await?;
                (body, Enclosed::Forwarded(files), Some(forwarded))
            }
        };
        let SendMessage { conversation, client_id, action, reply_to, thread, .. } = ask;
        let letter = Letter { client_id, body, files, action, reply_to, thread, forwarded };
        self.submit(caller, id, conversation, Task::Send(Box::new(letter))).await
    }

    async fn forwarded(
        &self,
        caller: &Caller,
        from: Position,
    ) -> Result<(Body, Vec<FileId>, Forwarded), WireError> {
        let user = caller.person.id;
        let event = self.store.event_for(user, from.conversation, from.seq).await.map_err(store_failed)?;
        let Some(event) = event else { return Err(not_found()) };
        let EventKind::Message(message) = event.what else { return Err(not_found()) };
        let files = message.files.iter().map(|file| file.id).collect();
        if let Some(earlier) = message.forwarded {
            return Ok((message.body, files, earlier));
        }
        let source = self.store.conversation(user, from.conversation).await.map_err(store_failed)?;
        // The name of a private room is its members' business.
        let room = source.filter(|source| !source.private).and_then(|source| source.name);
        Ok((message.body, files, Forwarded { author: event.author, at: event.at, room }))
    }

    /// The person of that name, as far as the caller may know: a guest knows only people with whom
    /// they share a conversation.
    pub(super) async fn visible_person(&self, caller: &Caller, name: &UserName) -> Result<Person, WireError> {
        let nobody = || WireError::new(ErrorCode::NotFound, format!("There is nobody called @{name} here."));
        let person = self.store.person(name.clone()).await.map_err(store_failed)?.ok_or_else(nobody)?;
        if caller.role == Role::Guest {
            let known =
                self.store.visible_people(caller.person.id, vec![person.id]).await.map_err(store_failed)?;
            if known.is_empty() {
                return Err(nobody());
            }
        }
        Ok(person)
    }
}

/// Each of them costs a look into the store; one too many is enough to be refused.
fn own_files(mut files: Vec<FileId>) -> Vec<FileId> {
    files.truncate(limits::FILES_PER_MESSAGE + 1);
    files
}

/// Ids sort by time, so that rows of one conversation lie together in every index.
fn new_conversation() -> ConversationId {
    ConversationId(Uuid::now_v7())
}

fn too_many_people() -> WireError {
    let message =
        format!("A conversation without a name has at most {} people; make a room.", limits::GROUP_PEOPLE);
    WireError::new(ErrorCode::Invalid, message)
}

fn no_room(name: &RoomName) -> WireError {
    let message = format!("There is no room called #{name}. Create it, or look in the list of rooms.");
    WireError::new(ErrorCode::NotFound, message)
}

fn no_invitation() -> WireError {
    WireError::new(ErrorCode::NotFound, "There is no such invitation; it may have been answered already.")
}
