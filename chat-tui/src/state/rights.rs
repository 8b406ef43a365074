//! What one may do in a conversation, as far as the screen must know before it asks. The server
//! decides; this only saves people from writing what would be refused.

use chat_proto::{Conversation, Event, EventKind, Role, RoomRole};

use super::State;

/// What one may do there: an admin of the server has an owner's power.
pub(crate) fn power(state: &State, conversation: &Conversation) -> RoomRole {
    if state.role >= Role::Admin { RoomRole::Owner } else { conversation.role }
}

/// Why one may not write there, as one sentence.
pub(crate) fn silence(state: &State, conversation: &Conversation, in_thread: bool) -> Option<String> {
    let power = power(state, conversation);
    if conversation.rules.archived {
        return Some("This room is archived; nobody writes here any more".to_owned());
    }
    if power < RoomRole::Member {
        return Some("You can read here, but not write".to_owned());
    }
    if conversation.rules.announcement && !in_thread && power < RoomRole::Moderator {
        return Some("Only moderators begin messages here; answer in threads".to_owned());
    }
    muted(state, conversation)
}

/// That one is muted in a room, as far as its newest events tell.
fn muted(state: &State, conversation: &Conversation) -> Option<String> {
    let me = state.my_id()?;
    let mut events = state.timelines.get(&conversation.id)?.events().rev();
    let (until, reason) = events
        .find_map(|event| match &event.what {
            EventKind::Muted { user, until, reason } if user.id == me => Some(Some((*until, reason))),
            EventKind::Unmuted { user } if user.id == me => Some(None),
            _ => None,
        })
        .flatten()?;
    if until.is_some_and(|until| until <= state.now.clock) {
        return None;
    }
    let time = until.map_or("for good".to_owned(), |until| format!("until {}", state.short_time(until)));
    let why = if reason.is_empty() { String::new() } else { format!(": {reason}") };
    Some(format!("You are muted here {time}{why}"))
}

/// Why one may not write where one is.
pub(crate) fn silence_here(state: &State) -> Option<String> {
    silence(state, state.open_conversation()?, state.in_thread())
}

/// Why one may not delete this message.
pub(crate) fn keeps_from_deleting(state: &State, event: &Event) -> Option<&'static str> {
    let may = state.is_me(event.author.id)
        || state.open_conversation().is_some_and(|c| power(state, c) >= RoomRole::Moderator);
    (!may).then_some("You can delete your own messages; only moderators delete those of others")
}

/// The state of a room in words, for its header: "archived · announcements · slow 30 s".
pub(crate) fn words(state: &State, conversation: &Conversation) -> Vec<String> {
    let rules = conversation.rules;
    let mut words = Vec::new();
    words.extend(rules.archived.then(|| "archived".to_owned()));
    words.extend(rules.announcement.then(|| "announcements".to_owned()));
    words.extend((rules.slow_mode_s > 0).then(|| format!("slow {} s", rules.slow_mode_s)));
    words.extend((rules.keep_days > 0).then(|| format!("kept {} d", rules.keep_days)));
    words.extend((power(state, conversation) < RoomRole::Member).then(|| "read-only".to_owned()));
    words
}
