//! Doing what a person wants, whichever way they said it.

use chat_proto::{ClientId, ConversationId, ConversationKind, PresenceState, RoomName, Topic, UserName};
use uuid::Uuid;

use super::{Effects, writing};
use crate::action::{Action, Plain};
use crate::effect::{Effect, Question, Tell};
use crate::layout;
use crate::state::composer::Composer;
use crate::state::picker::{Item, Kind, Picker};
use crate::state::timeline::{Key, Timeline};
use crate::state::{ListMode, Notice, Popup, Quit, State};

/// Conversations whose events stay in memory; the others are read from the cache again.
const TIMELINES: usize = 32;

/// Does an action.
pub(super) fn act(state: &mut State, action: Action, effects: &mut Effects) {
    match action {
        Action::Plain(plain) => do_plain(state, plain, effects),
        Action::Jump(number) => {
            let wanted = state.conversations.in_order().nth(number.saturating_sub(1)).map(|c| c.id);
            if let Some(id) = wanted {
                go(state, id, effects);
            }
        }
        Action::Open(id) => go(state, id, effects),
        Action::Join(room) => join(state, room, effects),
        Action::Create(name, topic) => {
            effects.ask(Question::Create(ClientId(Uuid::now_v7()), name, topic));
        }
        Action::Message(user, text) => message(state, user, text, effects),
        Action::Topic(topic) => set_topic(state, topic, effects),
        Action::Say(text) => {
            writing::say(state, text, effects);
        }
        Action::Presence(presence) => set_presence(state, presence, effects),
        Action::Scroll(rows) => scroll(state, rows),
    }
}

fn do_plain(state: &mut State, plain: Plain, effects: &mut Effects) {
    let page = isize::try_from(layout::areas(state).pane.height).unwrap_or(1).saturating_sub(2).max(1);
    match plain {
        Plain::Send => writing::send(state, effects),
        Plain::NewLine => {
            state.composer.edit(crate::state::composer::Edit::NewLine);
            writing::changed(state, effects);
        }
        Plain::Switcher => switcher(state, effects),
        Plain::NextConversation => neighbour(state, 1, effects),
        Plain::PreviousConversation => neighbour(state, -1, effects),
        Plain::NextNeedsMe => next_in_need(state, effects),
        Plain::LastConversation => {
            if let Some(last) = state.last {
                go(state, last, effects);
            }
        }
        Plain::UnreadLine => unread_line(state),
        Plain::PageUp => scroll(state, -page),
        Plain::PageDown => scroll(state, page),
        Plain::Newest => newest(state),
        Plain::Complete => writing::complete(state, false, effects),
        Plain::CompleteBack => writing::complete(state, true, effects),
        Plain::Older => writing::recall(state, true),
        Plain::Later => writing::recall(state, false),
        Plain::Retry => retry(state, true, effects),
        Plain::Discard => discard(state, effects),
        Plain::Cancel => cancel(state),
        Plain::ToggleList => toggle_list(state),
        Plain::Members => members(state, effects),
        Plain::Rooms => {
            state.popup = Some(Popup::Picker(Box::new(Picker::new(Kind::Rooms, Vec::new()))));
            effects.ask(Question::Rooms(String::new()));
        }
        Plain::Who => who(state, effects),
        Plain::Leave => leave(state, effects),
        Plain::Away => set_presence(state, PresenceState::Away, effects),
        Plain::Back => set_presence(state, PresenceState::Online, effects),
        Plain::Reconnect => effects.tell(Tell::Reconnect),
        Plain::Redraw => effects.add(Effect::Redraw),
        Plain::Help => state.popup = Some(Popup::Help(0)),
        Plain::Suspend => effects.add(Effect::Suspend),
        Plain::Interrupt => interrupt(state, effects),
        Plain::Quit => {
            quit(state, effects);
        }
    }
}

/// Says that something went wrong, until the next key.
pub(super) fn complain(state: &mut State, text: String) {
    state.notice = Some(Notice { text, is_error: true });
}

fn say_so(state: &mut State, text: String) {
    state.notice = Some(Notice { text, is_error: false });
}

/// Opens a conversation because the person chose it: the way back home is given up.
fn go(state: &mut State, id: ConversationId, effects: &mut Effects) {
    state.home = None;
    open(state, id, effects);
}

/// Brings a conversation on screen.
pub(super) fn open(state: &mut State, id: ConversationId, effects: &mut Effects) {
    state.list = ListMode::Auto;
    let Some(conversation) = state.conversations.get(id) else { return };
    if state.open == Some(id) {
        return;
    }
    let new_after = (conversation.unread > 0).then_some(conversation.read);
    writing::put_aside(state, effects);
    if let Some(left) = state.open_timeline_mut() {
        left.new_after = None;
        left.scroll = None;
    }
    if state.open.is_some() {
        state.last = state.open;
    }
    state.open = Some(id);
    let timeline = state.timelines.entry(id).or_default();
    timeline.new_after = new_after;
    timeline.scroll = None;
    timeline.blocked = false;
    forget_timelines(state);
    writing::bring_back(state, id, effects);
    ask_members(state, id, effects);
}

/// Asks who is there, where that is not known.
pub(super) fn ask_members(state: &mut State, id: ConversationId, effects: &mut Effects) {
    let Some(conversation) = state.conversations.get(id) else { return };
    match conversation.kind {
        ConversationKind::Direct => {
            let people = conversation.with.iter().chain(state.me.as_ref()).cloned().collect();
            state.people.set_members(id, people);
        }
        ConversationKind::Room => effects.ask(Question::Members(id)),
    }
}

/// Keeps memory bounded: old timelines go, except where own messages wait.
fn forget_timelines(state: &mut State) {
    let keep = [state.open, state.last, state.home];
    let spare = |(id, timeline): (&ConversationId, &Timeline)| {
        (!keep.contains(&Some(*id)) && timeline.pending().is_empty()).then_some(*id)
    };
    while state.timelines.len() > TIMELINES
        && let Some(id) = state.timelines.iter().find_map(spare)
    {
        state.timelines.remove(&id);
    }
}

fn neighbour(state: &mut State, by: isize, effects: &mut Effects) {
    let order: Vec<ConversationId> = state.conversations.in_order().map(|c| c.id).collect();
    let at = order.iter().position(|id| Some(*id) == state.open).unwrap_or(0);
    let next = match by {
        1.. => (at + 1) % order.len().max(1),
        _ => at.checked_sub(1).unwrap_or(order.len().saturating_sub(1)),
    };
    if let Some(id) = order.get(next) {
        go(state, *id, effects);
    }
}

fn next_in_need(state: &mut State, effects: &mut Effects) {
    let home = state.home.or(state.open);
    match state.conversations.next_in_need(state.open) {
        Some(id) => {
            open(state, id, effects);
            state.home = home;
        }
        None => match state.home.take() {
            Some(home) if state.open != Some(home) => open(state, home, effects),
            _ => say_so(state, "Nothing is waiting for you".to_owned()),
        },
    }
}

fn switcher(state: &mut State, effects: &mut Effects) {
    state.popup = Some(Popup::Picker(Box::new(Picker::switcher(state))));
    effects.ask(Question::Rooms(String::new()));
    effects.ask(Question::People(String::new()));
}

fn members(state: &mut State, effects: &mut Effects) {
    let Some(id) = state.open else { return };
    let mut people: Vec<_> = state.people.members(id).into_iter().flat_map(|m| m.values()).collect();
    people.sort_by_key(|person| (presence_word(state, person.id), &person.name));
    let items = people.into_iter().map(|person| Item {
        label: format!("@{}", person.name),
        detail: presence_word(state, person.id).1.to_owned(),
        action: Action::Message(person.name.clone(), None),
    });
    state.popup = Some(Popup::Picker(Box::new(Picker::new(Kind::Members, items.collect()))));
    ask_members(state, id, effects);
}

/// A rank for sorting, and the word.
fn presence_word(state: &State, user: chat_proto::UserId) -> (u8, &'static str) {
    if state.is_me(user) {
        return (0, "you");
    }
    match state.people.presence(user) {
        PresenceState::Online => (1, "● online"),
        PresenceState::Away => (2, "◐ away"),
        PresenceState::Offline => (3, "○ offline"),
    }
}

fn who(state: &mut State, effects: &mut Effects) {
    let mut picker = Picker::new(Kind::People, Vec::new());
    let mut people: Vec<_> = state.people.known().cloned().collect();
    people.sort_by(|a, b| a.name.cmp(&b.name));
    picker.add_people(&people, state.me.as_ref());
    state.popup = Some(Popup::Picker(Box::new(picker)));
    effects.ask(Question::People(String::new()));
}

fn join(state: &mut State, room: RoomName, effects: &mut Effects) {
    let known = state.conversations.in_order().find(|c| c.name.as_ref() == Some(&room)).map(|c| c.id);
    match known {
        Some(id) => go(state, id, effects),
        None => effects.ask(Question::Join(room)),
    }
}

fn message(state: &mut State, user: UserName, text: Option<String>, effects: &mut Effects) {
    if state.me.as_ref().is_some_and(|me| me.name == user) {
        return complain(state, "That is you; a direct conversation needs somebody else".to_owned());
    }
    let is_with = |c: &&chat_proto::Conversation| c.with.len() == 1 && c.with.iter().any(|p| p.name == user);
    let known = state.conversations.in_order().find(is_with).map(|c| c.id);
    match known {
        Some(id) => {
            go(state, id, effects);
            if let Some(text) = text {
                writing::say(state, text, effects);
            }
        }
        None => effects.ask(Question::OpenDirect(user, text)),
    }
}

fn set_topic(state: &mut State, topic: Option<Topic>, effects: &mut Effects) {
    let Some(conversation) = state.open_conversation() else { return };
    match (conversation.kind, topic) {
        (ConversationKind::Direct, _) => complain(state, "Only rooms have a topic".to_owned()),
        (ConversationKind::Room, Some(topic)) => effects.ask(Question::Topic(conversation.id, topic)),
        (ConversationKind::Room, None) => {
            let topic = conversation.topic.as_str();
            let text = if topic.is_empty() {
                "No topic; /topic TEXT sets one".to_owned()
            } else {
                format!("Topic: {topic}")
            };
            say_so(state, text);
        }
    }
}

fn leave(state: &mut State, effects: &mut Effects) {
    let Some(conversation) = state.open_conversation() else { return };
    match conversation.kind {
        ConversationKind::Room => effects.ask(Question::Leave(conversation.id)),
        ConversationKind::Direct => complain(state, "A direct conversation cannot be left".to_owned()),
    }
}

fn set_presence(state: &mut State, presence: PresenceState, effects: &mut Effects) {
    state.away = presence != PresenceState::Online;
    state.idle = false;
    effects.tell(Tell::Presence(presence));
    say_so(
        state,
        if state.away { "You are shown as away; /back ends it" } else { "You are shown as here" }.to_owned(),
    );
}

/// Sends failed messages again: all of them, or the newest.
pub(super) fn retry(state: &mut State, all: bool, effects: &mut Effects) {
    let Some(timeline) = state.open_timeline() else { return };
    let is_failed =
        |own: &&chat_client::Outgoing| matches!(own.delivery, chat_client::Delivery::Failed { .. });
    let failed: Vec<ClientId> =
        timeline.pending().iter().filter(is_failed).map(|own| own.client_id).collect();
    let skip = if all { 0 } else { failed.len().saturating_sub(1) };
    for message in &failed[skip..] {
        effects.tell(Tell::Retry(*message));
    }
    if failed.is_empty() && all {
        say_so(state, "No message here has failed".to_owned());
    }
}

/// Gives the newest failed message up; its text goes to the composer, so that nothing is lost.
fn discard(state: &mut State, effects: &mut Effects) {
    let failed = state.open_timeline().and_then(Timeline::failed);
    let Some((message, text)) = failed.map(|own| (own.client_id, own.body.as_str().to_owned())) else {
        return say_so(state, "No message here has failed".to_owned());
    };
    effects.tell(Tell::Discard(message));
    if state.composer.is_empty() {
        state.composer = Composer::with_text(&text);
        writing::changed(state, effects);
    }
}

/// Closes what is uppermost: a completion, the list over the conversation, an older place.
fn cancel(state: &mut State) {
    if let Some(mut completion) = state.completion.take() {
        completion.at = None;
        let word = completion.word.clone();
        state.composer.replace_before_cursor(completion.start, &word);
    } else if layout::areas(state).list_floats {
        state.list = ListMode::Auto;
    } else if state.composer.recalled.is_some() {
        state.composer = Composer::default();
    } else {
        newest(state);
    }
}

fn toggle_list(state: &mut State) {
    state.list = match state.list {
        ListMode::Auto => ListMode::Toggled,
        ListMode::Toggled => ListMode::Auto,
    };
}

fn scroll(state: &mut State, rows: isize) {
    let place = layout::with_pane(state, |pane, timeline| pane.scrolled(timeline.scroll, rows));
    if let (Some(place), Some(timeline)) = (place, state.open_timeline_mut()) {
        if timeline.scroll.is_none() {
            timeline.scrolled_at = timeline.last();
        }
        timeline.scroll = place;
        timeline.blocked &= rows > 0;
    }
}

fn newest(state: &mut State) {
    if let Some(timeline) = state.open_timeline_mut() {
        timeline.scroll = None;
    }
}

/// Goes to the "new" line, or as far towards it as is held.
fn unread_line(state: &mut State) {
    let found = layout::with_pane(state, |pane, _| {
        let key = pane.items.items.iter().map(|(key, _)| *key).find(|key| matches!(key, Key::New(_)))?;
        Some(pane.with_top(key))
    });
    match found.flatten() {
        Some(place) => {
            if let Some(timeline) = state.open_timeline_mut() {
                timeline.scrolled_at =
                    timeline.scrolled_at.filter(|_| timeline.scroll.is_some()).or(timeline.last());
                timeline.scroll = place;
            }
        }
        None => say_so(state, "Nothing here was new when you came".to_owned()),
    }
}

fn interrupt(state: &mut State, effects: &mut Effects) {
    if state.quit == Quit::Asked {
        quit(state, effects);
        return;
    }
    state.quit = Quit::Asked;
    let text = if state.has_unsent_text() {
        "You have unsent text (it is kept as a draft); press Ctrl-C again to quit"
    } else {
        "Press Ctrl-C again to quit"
    };
    say_so(state, text.to_owned());
}

/// Ends the program, after the draft is safe.
pub(super) fn quit(state: &mut State, effects: &mut Effects) -> bool {
    writing::put_aside(state, effects);
    state.quit = Quit::Yes;
    effects.add(Effect::Quit);
    false
}
