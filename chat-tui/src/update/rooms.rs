//! What changes a room or who is in it, and invitations.

use chat_proto::{
    Conversation, ConversationId, ConversationKind, DeclineInvitation, DescribeRoom, Description, Invite,
    LeaveRoom, RemoveMember, RenameRoom, Request, RoomName, RoomRules, SetRole, SetRules, SetTopic, Topic,
    UserName,
};

use super::{Effects, complain, places, say_so, writing};
use crate::action::Action;
use crate::effect::{Question, Then};
use crate::state::page::Page;
use crate::state::{Confirm, Popup, State};

/// The open conversation, if it is a room; says so if it is not.
fn open_room(state: &mut State) -> Option<Conversation> {
    let open = state.open_conversation()?;
    if open.kind == ConversationKind::Direct {
        complain(state, "That is for rooms; a direct conversation is only its people".to_owned());
        return None;
    }
    Some(open.clone())
}

pub(super) fn join(state: &mut State, room: RoomName, effects: &mut Effects) {
    match places::room_named(state, &room) {
        Some(id) => places::go(state, id, effects),
        None => effects.ask(Question::Join(room)),
    }
}

/// Opens the direct conversation with people; without a new one being made if it is known.
pub(super) fn message(state: &mut State, users: Vec<UserName>, text: Option<String>, effects: &mut Effects) {
    let me = state.me.as_ref().map(|me| me.name.clone());
    let others: Vec<UserName> = users.into_iter().filter(|user| Some(user) != me.as_ref()).collect();
    if others.is_empty() {
        return complain(state, "That is you; a direct conversation needs somebody else".to_owned());
    }
    let is_with = |c: &&Conversation| {
        c.kind == ConversationKind::Direct
            && c.with.len() == others.len()
            && c.with.iter().all(|person| others.contains(&person.name))
    };
    let known = state.conversations.in_order().find(is_with).map(|c| c.id);
    match known {
        Some(id) => {
            places::go(state, id, effects);
            if let Some(text) = text {
                writing::say_plainly(state, &text, effects);
            }
        }
        None => effects.ask(Question::OpenDirect(others, text.map_or(Then::Look, Then::Say))),
    }
}

pub(super) fn topic(state: &mut State, topic: Option<Topic>, effects: &mut Effects) {
    let Some(room) = open_room(state) else { return };
    match topic {
        Some(topic) if topic == room.topic => say_so(state, "That is the topic already".to_owned()),
        Some(topic) => effects.change(Request::SetTopic(SetTopic { conversation: room.id, topic })),
        None if room.topic.is_empty() => say_so(state, "No topic; /topic TEXT sets one".to_owned()),
        None => say_so(state, format!("Topic: {}", room.topic)),
    }
}

pub(super) fn describe(state: &mut State, description: Option<Description>, effects: &mut Effects) {
    let Some(room) = open_room(state) else { return };
    match description {
        Some(description) => {
            effects.change(Request::DescribeRoom(DescribeRoom { conversation: room.id, description }));
        }
        None if room.description.is_empty() => {
            say_so(state, "No description; /describe TEXT sets one".to_owned());
        }
        None => {
            let rows = vec![(String::new(), room.description.as_str().to_owned())];
            state.popup = Some(Popup::Page(Page::new(state.conversations.title(&room), rows)));
        }
    }
}

/// Leaves the open room; asks first where one could not come back by oneself.
pub(super) fn leave(state: &mut State, effects: &mut Effects) {
    let Some(room) = open_room(state) else { return };
    if !room.private {
        return leave_now(state, room.id, effects);
    }
    let title = state.conversations.title(&room);
    let question = format!("Leave {title}, into which only an invitation leads back? y leaves");
    state.confirm = Some(Confirm { question, action: Action::Leave(room.id) });
}

pub(super) fn leave_now(state: &mut State, conversation: ConversationId, effects: &mut Effects) {
    state.leaving = Some(conversation);
    effects.change(Request::LeaveRoom(LeaveRoom { conversation }));
}

/// What is about one member of the open room, or about its name.
pub(super) fn manage(state: &mut State, action: Action, effects: &mut Effects) {
    let Some(room) = open_room(state) else { return };
    let conversation = room.id;
    let rules = |rules: RoomRules| Request::SetRules(SetRules { conversation, rules });
    effects.change(match action {
        Action::Invite(user) => Request::Invite(Invite { conversation, user }),
        Action::Kick(user, reason) => Request::RemoveMember(RemoveMember { conversation, user, reason }),
        Action::Role(user, role) => Request::SetRole(SetRole { conversation, user, role }),
        Action::Rename(name) => Request::RenameRoom(RenameRoom { conversation, name }),
        Action::Archive(archived) => rules(RoomRules { archived, ..room.rules }),
        Action::Slow(slow_mode_s) => rules(RoomRules { slow_mode_s, ..room.rules }),
        Action::Retention(keep_days) => rules(RoomRules { keep_days, ..room.rules }),
        Action::Announce(announcement) => rules(RoomRules { announcement, ..room.rules }),
        _ => return,
    });
}

/// Takes an invitation, or declines it.
pub(super) fn answer(state: &mut State, room: &RoomName, accept: bool, effects: &mut Effects) {
    let found = state.invitations.iter().find(|invitation| invitation.name == *room);
    match (found.map(|invitation| invitation.conversation), accept) {
        (None, _) => complain(state, format!("Nobody has invited you into #{room}")),
        (Some(id), true) => effects.ask(Question::Accept(id)),
        (Some(conversation), false) => {
            effects.change(Request::DeclineInvitation(DeclineInvitation { conversation }));
            state.invitations.retain(|invitation| invitation.conversation != conversation);
        }
    }
}
