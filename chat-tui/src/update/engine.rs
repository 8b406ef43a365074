//! News from the engine, applied to the picture of the world.

use chat_client::{Connection, Outgoing, Update};
use chat_proto::{ConversationId, Event, EventKind};

use super::{
    Effects, administration, attention, bots, complain, listings, moderation, places, reading, threads,
    trust, writing,
};
use crate::effect::Effect;
use crate::state::sign_in::{Known, SignIn};
use crate::state::timeline::thread_of;
use crate::state::{Link, State};

/// Takes news; says whether the screen may look different now.
pub(super) fn news(state: &mut State, news: Update, effects: &mut Effects) -> bool {
    match news {
        Update::Connection(connection) => connected(state, connection, effects),
        Update::Untrusted(stranger) => {
            trust::met(state, stranger);
            true
        }
        Update::Me { user, server_name, role } => {
            state.people.meet(&user);
            let changed =
                state.me.as_ref() != Some(&user) || state.server_name != server_name || state.role != role;
            state.me = Some(user);
            let promoted = state.role < role;
            state.role = role;
            state.server_name = server_name;
            if role < chat_proto::Role::Admin {
                state.lockdown = None;
            } else if promoted && state.link.connection == Connection::Online {
                administration::ask_lockdown(state, effects);
            }
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
        Update::Reset(id) => reset(state, id, effects),
        Update::Outgoing(own) => outgoing(state, own),
        Update::Discarded(message) => {
            state.timelines.values_mut().for_each(|timeline| timeline.discard(message));
            if let Some(thread) = &mut state.thread {
                thread.timeline.discard(message);
            }
            true
        }
        Update::Invitations(invitations) => {
            let changed = state.invitations != invitations;
            state.invitations = invitations;
            changed
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
        Update::Inbox(state_now) => {
            let changed = state.inbox != state_now;
            state.inbox = state_now;
            if changed {
                listings::inbox_changed(state, effects);
            }
            changed
        }
        Update::Cards(rows) => state.people.take_cards(&rows),
        Update::Profile(profile) => state.people.describe(&profile),
        Update::Blocked(blocked) => {
            let changed = state.blocked != blocked;
            state.blocked = blocked;
            changed
        }
        Update::Privacy(privacy) => {
            state.privacy = privacy;
            false
        }
        Update::Report(report) => moderation::reported(state, &report),
        Update::Lockdown(since) => administration::doors_moved(state, since),
        Update::BotAnswer(reply) => bots::answered(state, &reply),
        Update::InboxItem(item) => listings::came_in(state, item),
        Update::Thread(stands) => state.threads.take(stands),
        Update::Dnd(dnd) => {
            state.dnd = dnd;
            false
        }
        Update::Alert(alert) => {
            attention::alert(state, &alert, effects);
            false
        }
        Update::Presence(presences) => state.people.take_presence(&presences),
    }
}

/// What is held of a conversation is void.
fn reset(state: &mut State, id: ConversationId, effects: &mut Effects) -> bool {
    let Some(timeline) = state.timelines.get_mut(&id) else { return false };
    timeline.reset();
    let is_open = state.open == Some(id);
    if let (true, Some(thread)) = (is_open, &mut state.thread) {
        thread.timeline.reset();
        threads::ask(state, effects);
    }
    is_open
}

fn outgoing(state: &mut State, own: Outgoing) -> bool {
    let (id, me) = (own.conversation, state.my_id());
    let is_open = state.open == Some(id);
    if let (true, Some(thread)) = (is_open, &mut state.thread)
        && own.thread == Some(thread.root)
    {
        thread.timeline.outgoing(own.clone(), me);
    }
    state.timelines.entry(id).or_default().outgoing(own, me);
    is_open
}

fn connected(state: &mut State, connection: Connection, effects: &mut Effects) -> bool {
    match &connection {
        Connection::Online => {
            state.trust = None;
            state.timelines.values_mut().for_each(|timeline| {
                timeline.blocked = false;
                timeline.forget_missing();
            });
            if let Some(thread) = &mut state.thread {
                thread.told_read = chat_proto::Seq::ZERO;
            }
            listings::online(state, effects);
            administration::ask_lockdown(state, effects);
            threads::ask(state, effects);
            if let Some(id) = state.open {
                places::ask_members(state, id, effects);
                bots::ask_commands(id, effects);
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
        && !state.bereft
        && let Some(id) = state.conversations.by_recency().first().map(|c| c.id)
    {
        places::open(state, id, effects);
    }
}

fn removed(state: &mut State, id: ConversationId, effects: &mut Effects) {
    let title = state.conversations.get(id).map(|known| state.conversations.title(known));
    let is_own_wish = state.leaving.take_if(|leaving| *leaving == id).is_some();
    state.conversations.remove(id);
    state.timelines.remove(&id);
    state.last = state.last.filter(|last| *last != id);
    state.home = state.home.filter(|home| *home != id);
    if state.open == Some(id) {
        writing::put_aside(state, effects);
        state.open = None;
        match state.last {
            _ if !is_own_wish => {
                // Another conversation in its place would be told the rest of the sentence.
                state.bereft = true;
                let title = title.unwrap_or_else(|| "this conversation".to_owned());
                complain(state, format!("You are not in {title} any more."));
            }
            Some(last) if state.conversations.get(last).is_some() => places::open(state, last, effects),
            _ => open_first(state, effects),
        }
    }
}

fn happened(state: &mut State, id: ConversationId, events: &[Event]) -> bool {
    events.iter().for_each(|event| people_change(state, id, event));
    let can_see = state.open == Some(id) && reading::sees_newest(state);
    let me = state.my_id();
    let Some(timeline) = state.timelines.get_mut(&id) else { return false };
    let is_others =
        |event: &&Event| event.body().is_some() && thread_of(event).is_none() && Some(event.author.id) != me;
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
    let is_open = state.open == Some(id);
    if let (true, Some(thread)) = (is_open, &mut state.thread) {
        thread.timeline.append(events);
    }
    is_open
}

/// What an event says about people.
fn people_change(state: &mut State, id: ConversationId, event: &Event) {
    state.people.meet(&event.author);
    match &event.what {
        EventKind::Message(_) => {
            state.people.stopped_writing(id, event.author.id);
        }
        EventKind::Joined => state.people.joined(id, &event.author),
        EventKind::Left => state.people.left(id, event.author.id),
        EventKind::Removed { user, .. } | EventKind::Banned { user, .. } => state.people.left(id, user.id),
        EventKind::Role { user, role } => state.people.promoted(id, user.id, *role),
        EventKind::Invited { user } => state.people.meet(user),
        _ => {}
    }
}
