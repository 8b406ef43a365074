//! What opens over the conversation: lists to choose from.

use chat_proto::{
    Card, ConversationId, Event, Member, Person, PresenceState, Profile, RoomInfo, SearchPage, UserId,
    Versions,
};

use super::{Effects, places, say_so};
use crate::action::{Action, Plain};
use crate::effect::{Question, Wish};
use crate::state::message::quoted;
use crate::state::page::Page;
use crate::state::picker::{Item, Kind, Picker};
use crate::state::{Popup, State};
use crate::state::{palette, profile};

fn open(state: &mut State, picker: Picker) {
    state.popup = Some(Popup::Picker(Box::new(picker)));
}

pub(super) fn switcher(state: &mut State, effects: &mut Effects) {
    open(state, palette::palette(state));
    effects.ask(Question::Rooms(String::new()));
    effects.ask(Question::People(String::new()));
}

/// Emoji to choose from, those used last first.
pub(super) fn emoji(state: &mut State, kind: Kind) {
    let picker = Picker::emoji(kind, &state.arrangement.emoji);
    open(state, picker);
}

/// The letters in the palette are others: messages are searched once the fingers rest.
pub(super) fn palette_typed(state: &mut State) {
    state.ask_due_ms = Some(state.now.ms + palette::SEARCH_AFTER_MS);
}

/// Searches messages for what is typed in the palette.
pub(super) fn search_messages(state: &mut State, effects: &mut Effects) {
    if let Some(Popup::Picker(picker)) = &state.popup
        && picker.kind == Kind::Anything
        && let Some(wish) = palette::search(picker)
    {
        effects.ask(Question::List(wish));
    }
}

/// Takes what was found for the palette; false if that is not what is typed now.
pub(super) fn messages_found(state: &mut State, wish: &Wish, page: &SearchPage) -> bool {
    let items = palette::found(state, page);
    match &mut state.popup {
        Some(Popup::Picker(picker))
            if picker.kind == Kind::Anything && palette::search(picker).as_ref() == Some(wish) =>
        {
            picker.take_found(items);
            true
        }
        _ => false,
    }
}

pub(super) fn rooms(state: &mut State, effects: &mut Effects) {
    open(state, Picker::new(Kind::Rooms, Vec::new()));
    effects.ask(Question::Rooms(String::new()));
}

pub(super) fn who(state: &mut State, effects: &mut Effects) {
    let mut picker = Picker::new(Kind::People, Vec::new());
    let mut people: Vec<Person> = state.people.known().cloned().collect();
    people.sort_by(|a, b| a.name.cmp(&b.name));
    picker.add(people.iter().map(|person| profile::item(state, person, None)));
    open(state, picker);
    effects.ask(Question::People(String::new()));
}

/// A room of the directory, to join it or not.
pub(super) fn room(state: &mut State, room: &RoomInfo) {
    open(state, profile::room_card(room));
}

/// What is known of somebody, and what can be done. An answer does not move who is choosing already.
pub(super) fn person(state: &mut State, found: &Profile) {
    state.people.meet(&found.user);
    open(state, profile::card(state, found));
}

pub(super) fn members(state: &mut State, effects: &mut Effects) {
    let Some(id) = state.open else { return };
    open(state, Picker::new(Kind::Members, member_items(state, id)));
    places::ask_members(state, id, effects);
}

/// The members of a conversation: those who are there first, each with presence and role.
pub(super) fn member_items(state: &State, id: ConversationId) -> Vec<Item> {
    let mut members: Vec<&Member> = state.people.members(id).into_iter().flat_map(|m| m.values()).collect();
    members.sort_by_key(|member| (presence_rank(state, member.user.id), &member.user.name));
    let item = |member: &Member| {
        let said = member.card != Card::default();
        let mut item = profile::item(state, &member.user, Some(&member.card).filter(|_| said));
        if profile::presence(state, &member.user).is_none() {
            item.detail = [ABSENT, &item.detail]
                .iter()
                .filter(|words| !words.is_empty())
                .copied()
                .collect::<Vec<_>>()
                .join(" · ");
        }
        if member.role != chat_proto::RoomRole::Member {
            item.detail = format!("{} · {}", item.detail, member.role);
        }
        item
    };
    members.into_iter().map(item).collect()
}

/// The members of an open conversation are watched: of whom nothing is told is not there.
const ABSENT: &str = "○ offline";

/// A rank for sorting: who is there first.
fn presence_rank(state: &State, user: UserId) -> u8 {
    if state.is_me(user) {
        return 0;
    }
    match state.people.presence(user) {
        PresenceState::Online => 1,
        PresenceState::Away => 2,
        PresenceState::Offline => 3,
    }
}

pub(super) fn ask_pins(state: &State, effects: &mut Effects) {
    if let Some(conversation) = state.open {
        effects.ask(Question::Pins(conversation));
    }
}

/// The pinned messages, the newest first; Enter goes there.
pub(super) fn pins(state: &mut State, id: ConversationId, events: &[Event]) {
    if state.open != Some(id) {
        return;
    }
    if events.is_empty() {
        return say_so(
            state,
            format!("Nothing is pinned here; {} pins a message", state.keymap.way(Plain::Pin)),
        );
    }
    let items = events.iter().rev().map(|event| Item {
        label: format!("{} · {}", quoted(event), event.seq),
        detail: state.day_and_time(event.at),
        action: Action::Show(id, event.seq),
    });
    let picker = Picker::new(Kind::Pins, items.collect());
    open(state, picker);
}

/// What a message said before, and what it says now.
pub(super) fn versions(state: &mut State, versions: &Versions) {
    let mut rows: Vec<(String, String)> = versions
        .versions
        .iter()
        .map(|version| (state.day_and_time(version.at), version.body.as_str().to_owned()))
        .collect();
    if let Some(now) = state.held(versions.seq).and_then(Event::body) {
        rows.push(("now".to_owned(), now.as_str().to_owned()));
    }
    let title = format!("versions of message {}", versions.seq);
    state.popup = Some(Popup::Page(Page::new(title, rows)));
}

/// The rooms that one is invited into.
pub(super) fn invitations(state: &mut State) {
    if state.invitations.is_empty() {
        return say_so(state, "Nobody has invited you into a room".to_owned());
    }
    let items = state.invitations.iter().map(|invitation| Item {
        label: format!("#{}", invitation.name),
        detail: format!("{} invites you · {}", invitation.by.name, invitation.topic),
        action: Action::AskInvitation(invitation.conversation),
    });
    let picker = Picker::new(Kind::Invitations, items.collect());
    open(state, picker);
}

/// Asks what to do with an invitation.
pub(super) fn invitation(state: &mut State, id: ConversationId) {
    let Some(invitation) = state.invitations.iter().find(|known| known.conversation == id) else { return };
    let name = &invitation.name;
    let row = |label: &str, detail: String, accept| Item {
        label: label.to_owned(),
        detail,
        action: Action::Answer(name.clone(), accept),
    };
    let kind = if invitation.private { "private room" } else { "room" };
    let topic = invitation.topic.as_str();
    let purpose = if topic.is_empty() { String::new() } else { format!(" · {topic}") };
    let items = vec![
        row("accept", format!("join the {kind} #{name}{purpose}"), true),
        row("decline", format!("{} is not told why", invitation.by.name), false),
    ];
    let title = format!("{} invites you into #{name}", invitation.by.name);
    let picker = Picker::new(Kind::Invitation, items).titled(title);
    open(state, picker);
}
