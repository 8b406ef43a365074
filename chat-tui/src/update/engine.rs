//! News from the engine, applied to the picture of the world.

use chat_client::{Connection, Update};
use chat_proto::{ConversationId, Event, EventKind};

use super::Effects;
use super::actions;
use super::reading;
use crate::effect::Effect;
use crate::state::sign_in::{Known, SignIn};
use crate::state::{Link, State};

/// Takes news; says whether the screen may look different now.
pub(super) fn news(state: &mut State, news: Update, effects: &mut Effects) -> bool {
    match news {
        Update::Connection(connection) => connected(state, connection, effects),
        Update::Me { user, server_name, .. } => {
            state.people.meet(&user);
            let changed = state.me.as_ref() != Some(&user) || state.server_name != server_name;
            state.me = Some(user);
            state.server_name = server_name;
            changed
        }
        Update::Conversations(conversations) => {
            conversations.iter().flat_map(|c| &c.with).for_each(|person| state.people.meet(person));
            let changed = state.conversations.update(conversations);
            open_first(state, effects);
            changed
        }
        Update::Removed(id) => {
            removed(state, id, effects);
            true
        }
        Update::Events { conversation, events, .. } => happened(state, conversation, &events),
        Update::Reset(id) => match state.timelines.get_mut(&id) {
            Some(timeline) => {
                timeline.reset();
                state.open == Some(id)
            }
            None => false,
        },
        Update::Outgoing(own) => {
            let (id, me) = (own.conversation, state.my_id());
            state.timelines.entry(id).or_default().outgoing(own, me);
            state.open == Some(id)
        }
        Update::Discarded(message) => {
            state.timelines.values_mut().for_each(|timeline| timeline.discard(message));
            true
        }
        Update::Read { conversation, user, seq } => {
            !state.is_me(user)
                && state.conversations.others_read(conversation, seq)
                && state.open == Some(conversation)
        }
        Update::Typing { conversation, user, active } => {
            let now_ms = state.now.ms;
            let changed = match active {
                _ if state.is_me(user.id) => false,
                true => state.people.writes(conversation, user, now_ms),
                false => state.people.stopped_writing(conversation, user.id),
            };
            changed && state.open == Some(conversation)
        }
        Update::Presence(presences) => state.people.take_presence(&presences),
    }
}

fn connected(state: &mut State, connection: Connection, effects: &mut Effects) -> bool {
    match &connection {
        Connection::Online => {
            state.timelines.values_mut().for_each(|timeline| timeline.blocked = false);
            if let Some(id) = state.open {
                actions::ask_members(state, id, effects);
            }
        }
        Connection::Stopped { reason, login_needed: true } => log_in_again(state, reason.clone(), effects),
        Connection::Waiting { .. } | Connection::Stopped { .. } => state.people.forget_presence(),
        Connection::Connecting => {}
    }
    state.link = Link { connection, since_ms: state.now.ms };
    true
}

/// The token is no longer valid: the form opens, with server and name filled in.
fn log_in_again(state: &mut State, reason: String, effects: &mut Effects) {
    let known = Known {
        server: Some(state.server.clone()),
        user: state.me.as_ref().map(|me| me.name.to_string()),
        ..Known::default()
    };
    let (form, ask) = SignIn::again(known, reason);
    state.sign_in = Some(form);
    effects.0.extend(ask.map(Effect::SignIn));
}

/// Something is on screen as soon as there is something.
fn open_first(state: &mut State, effects: &mut Effects) {
    if state.open.is_none()
        && let Some(id) = state.conversations.by_recency().first().map(|c| c.id)
    {
        actions::open(state, id, effects);
    }
}

fn removed(state: &mut State, id: ConversationId, effects: &mut Effects) {
    state.conversations.remove(id);
    state.timelines.remove(&id);
    state.last = state.last.filter(|last| *last != id);
    state.home = state.home.filter(|home| *home != id);
    if state.open == Some(id) {
        state.open = None;
        match state.last {
            Some(last) if state.conversations.get(last).is_some() => actions::open(state, last, effects),
            _ => open_first(state, effects),
        }
    }
}

fn happened(state: &mut State, id: ConversationId, events: &[Event]) -> bool {
    for event in events {
        state.people.meet(&event.author);
        match event.what {
            EventKind::Message { .. } => {
                state.people.stopped_writing(id, event.author.id);
            }
            EventKind::Joined => state.people.joined(id, &event.author),
            EventKind::Left => state.people.left(id, event.author.id),
            EventKind::Created { .. } | EventKind::Topic { .. } | EventKind::Unknown => {}
        }
    }
    let can_see = state.open == Some(id) && reading::sees_newest(state);
    let me = state.my_id();
    let Some(timeline) = state.timelines.get_mut(&id) else { return false };
    let is_others = |event: &&Event| event.body().is_some() && Some(event.author.id) != me;
    if state.open == Some(id)
        && !can_see
        && timeline.new_after.is_none()
        && let Some(first) = events.iter().find(is_others)
    {
        timeline.new_after = Some(chat_proto::Seq(first.seq.0.saturating_sub(1)));
    }
    if !timeline.append(events) {
        timeline.reset();
    }
    state.open == Some(id)
}
