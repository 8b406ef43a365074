//! Acting on messages: choosing one, and what the letters do to it.
//!
//! A command without a choice means the newest message that it can be done to.

use chat_client::Draft;
use chat_proto::{
    Body, ConversationId, DeleteMessage, Emoji, Event, PinMessage, Position, React, Request, SafeText, Seq,
};

use super::{Effects, complain, lists, places, say_so, threads, writing};
use crate::action::{Action, Place, Plain};
use crate::effect::{Effect, Question, Tell, Then};
use crate::layout;
use crate::markup::{Code, Rich};
use crate::state::composer::Composer;
use crate::state::message::{FOLDED_QUOTE, first_words, quoted};
use crate::state::picker::{Item, Kind, Picker};
use crate::state::rights;
use crate::state::timeline::{Key, thread_of};
use crate::state::{Confirm, Popup, Purpose, State};

/// Begins to choose a message: that which a jump led to, or the lowest on screen.
pub(super) fn select(state: &mut State) {
    match places::first_choice(state) {
        Some(seq) => chosen(state, seq),
        None => say_so(state, "There is no message to choose here".to_owned()),
    }
}

/// Chooses the next message in a direction.
pub(super) fn step(state: &mut State, back: bool) {
    let Some(selected) = state.selected else { return select(state) };
    let next = layout::with_pane(state, |pane, _| match back {
        true => pane.messages().rev().find(|seq| *seq < selected),
        false => pane.messages().find(|seq| *seq > selected),
    });
    match next.flatten() {
        Some(seq) => chosen(state, seq),
        None if !back => places::newest(state),
        None => {}
    }
}

fn chosen(state: &mut State, seq: Seq) {
    places::look_by(state, |pane, timeline| pane.showing(timeline.scroll, Key::Event(seq)));
    (state.selected, state.found) = (Some(seq), None);
    state.chosen_from = None;
}

/// Chooses the next message in a direction too.
pub(super) fn step_too(state: &mut State, back: bool) {
    let from = state.selected.map(|selected| state.chosen_from.unwrap_or(selected));
    let Some(selected) = state.selected else { return select(state) };
    step(state, back);
    match state.selected {
        Some(_) => state.chosen_from = from,
        // Below the newest there is none.
        None => (state.selected, state.chosen_from) = (Some(selected), from),
    }
}

/// The chosen message, or the newest that is wanted.
pub(super) fn target(state: &State, wanted: impl Fn(&Event) -> bool) -> Option<Event> {
    match state.selected {
        Some(seq) => state.focused_timeline()?.get(seq).filter(|event| event.body().is_some()).cloned(),
        None => state.focused_timeline()?.newest(None, wanted).cloned(),
    }
}

/// The chosen message of somebody else, or their newest; says so if there is none.
pub(super) fn of_others(state: &mut State) -> Option<(ConversationId, Seq)> {
    let me = state.my_id();
    let event = need(state, |event| Some(event.author.id) != me)?;
    Some((event.conversation, event.seq))
}

/// The own chosen message, or the own newest; says so if there is none.
pub(super) fn own(state: &mut State) -> Option<(ConversationId, Seq)> {
    let me = state.my_id();
    let event = need(state, |event| Some(event.author.id) == me)?;
    Some((event.conversation, event.seq))
}

/// The chosen message of somebody whom one blocks, or their newest.
pub(super) fn folded(state: &State) -> Option<(ConversationId, Seq)> {
    let is_blocked = |event: &Event| state.blocked.contains(&event.author.id);
    let event = target(state, is_blocked).filter(is_blocked)?;
    Some((event.conversation, event.seq))
}

/// The message to act on; says so if there is none.
fn need(state: &mut State, wanted: impl Fn(&Event) -> bool) -> Option<Event> {
    let found = target(state, wanted);
    if found.is_none() {
        let text = match state.selected {
            Some(_) => "That message was deleted",
            None => "There is no message here that this could be done to",
        };
        complain(state, text.to_owned());
    }
    found
}

/// The message to act on that is one's own.
fn need_own(state: &mut State) -> Option<Event> {
    let me = state.my_id();
    let event = need(state, |event| Some(event.author.id) == me)?;
    if !state.is_me(event.author.id) {
        complain(state, "Only its author can edit a message".to_owned());
        return None;
    }
    Some(event)
}

/// Does one of the actions on a message.
pub(super) fn act_on(state: &mut State, plain: Plain, effects: &mut Effects) {
    match plain {
        Plain::Reply => reply(state),
        Plain::Thread => thread(state, effects),
        Plain::Edit => edit(state),
        Plain::Delete => ask_delete(state),
        Plain::React => pick_emoji(state),
        Plain::Pin => toggle_pin(state, effects),
        Plain::Forward => pick_place(state),
        Plain::Versions => versions(state, effects),
        Plain::CopyText => copy_text(state, effects),
        Plain::CopyCode => copy_code(state, effects),
        Plain::CopyLink => copy_link(state, effects),
        Plain::JumpToReplied => jump_to_replied(state, effects),
        _ => {}
    }
}

fn is_quiet(state: &mut State) -> bool {
    let silence = rights::silence_here(state);
    if let Some(reason) = silence.clone() {
        complain(state, reason);
    }
    silence.is_some()
}

fn reply(state: &mut State) {
    if is_quiet(state) {
        return;
    }
    if let Some(event) = need(state, |_| true) {
        writing::end_purpose(state);
        state.selected = None;
        state.purpose = Purpose::Reply(event.seq);
    }
}

/// Answers with a text at once.
pub(super) fn reply_with(state: &mut State, text: String, effects: &mut Effects) {
    let me = state.my_id();
    let others = |event: &Event| Some(event.author.id) != me;
    let event = match target(state, others) {
        Some(event) => Some(event),
        None => need(state, |_| true),
    };
    if let Some(event) = event {
        state.purpose = Purpose::Reply(event.seq);
        writing::say(state, text, false, effects);
        state.purpose = Purpose::Write;
        state.selected = None;
    }
}

/// A thread's message opens the thread that it is in. A deleted one may still have a thread.
fn thread(state: &mut State, effects: &mut Effects) {
    if state.in_thread() && state.selected.is_none() {
        return say_so(
            state,
            format!("You are in the thread; {} closes it", state.keymap.way(Plain::Cancel)),
        );
    }
    let held = state.selected.and_then(|seq| state.held(seq)).cloned();
    if let Some(event) = held.or_else(|| need(state, |_| true)) {
        threads::open(state, thread_of(&event).unwrap_or(event.seq), None, effects);
    }
}

fn edit(state: &mut State) {
    if is_quiet_for_edit(state) {
        return;
    }
    if let Some(event) = need_own(state) {
        begin_edit(state, &event);
    }
}

/// Editing is for all who may write, also where only moderators begin messages.
fn is_quiet_for_edit(state: &mut State) -> bool {
    let silence = state.open_conversation().and_then(|c| rights::silence(state, c, true));
    if let Some(reason) = silence.clone() {
        complain(state, reason);
    }
    silence.is_some()
}

fn begin_edit(state: &mut State, event: &Event) {
    let Some(body) = event.body() else { return };
    let before = body.as_str().to_owned();
    let draft = match std::mem::take(&mut state.purpose) {
        Purpose::Edit { draft, .. } => draft,
        Purpose::Write | Purpose::Reply(_) => state.composer.text(),
    };
    state.selected = None;
    state.composer = Composer::with_text(&before);
    state.purpose = Purpose::Edit { seq: event.seq, before, draft };
}

/// Up with nothing written edits the last own message; again, the one before. Down goes on.
pub(super) fn edit_neighbour(state: &mut State, back: bool) {
    let at = match &state.purpose {
        Purpose::Edit { seq, .. } => Some(*seq),
        _ => None,
    };
    if at.is_none() && (!back || is_quiet_for_edit(state)) {
        return;
    }
    let me = state.my_id();
    let own = |event: &Event| Some(event.author.id) == me;
    let Some(timeline) = state.focused_timeline() else { return };
    let found = match (at, back) {
        (Some(at), false) => timeline.next(at, own),
        (before, _) => timeline.newest(before, own),
    };
    match found.cloned() {
        Some(event) => begin_edit(state, &event),
        None if !back => writing::end_purpose(state),
        None => {}
    }
}

/// Gives the message a text at once.
pub(super) fn edit_to(state: &mut State, text: String, effects: &mut Effects) {
    if is_quiet_for_edit(state) {
        return;
    }
    if let Some(event) = need_own(state) {
        writing::send_edit(state, event.seq, text, effects);
        state.selected = None;
    }
}

fn ask_delete(state: &mut State) {
    let me = state.my_id();
    let Some(event) = need(state, |event| Some(event.author.id) == me) else { return };
    if let Some(reason) = rights::keeps_from_deleting(state, &event) {
        return complain(state, reason.to_owned());
    }
    let whose =
        if state.is_me(event.author.id) { "your".to_owned() } else { format!("{}'s", event.author.name) };
    let words = first_words(&event).to_owned();
    let words = crate::text::cut(SafeText::line(&words).as_str(), 24);
    let question = format!("Delete {whose} message \u{201c}{words}\u{201d} for everybody? y deletes");
    state.confirm = Some(Confirm { question, action: Action::Delete(event.seq) });
}

pub(super) fn delete(state: &mut State, seq: Seq, effects: &mut Effects) {
    if let Some(conversation) = state.open {
        effects.change(Request::DeleteMessage(DeleteMessage { conversation, seq }));
    }
}

fn pick_emoji(state: &mut State) {
    if need(state, |_| true).is_some() {
        lists::emoji(state, Kind::Emoji);
    }
}

/// Puts a reaction, or takes the own one back.
pub(super) fn react(state: &mut State, emoji: Emoji, effects: &mut Effects) {
    let Some(event) = need(state, |_| true) else { return };
    let me = state.my_id();
    let has = |message: &chat_proto::Message| {
        message.reactions.iter().any(|r| r.emoji == emoji && r.users.iter().any(|user| Some(*user) == me))
    };
    let on = !event.message().is_some_and(has);
    effects.change(Request::React(React { conversation: event.conversation, seq: event.seq, emoji, on }));
}

fn toggle_pin(state: &mut State, effects: &mut Effects) {
    let Some(event) = need(state, |_| true) else { return };
    let on = !event.message().is_some_and(|message| message.pinned);
    effects.change(Request::PinMessage(PinMessage { conversation: event.conversation, seq: event.seq, on }));
}

pub(super) fn pin(state: &mut State, on: bool, effects: &mut Effects) {
    let is_other = |event: &Event| event.message().is_some_and(|message| message.pinned != on);
    if let Some(event) = need(state, is_other) {
        let (conversation, seq) = (event.conversation, event.seq);
        effects.change(Request::PinMessage(PinMessage { conversation, seq, on }));
    }
}

fn pick_place(state: &mut State) {
    let Some(event) = need(state, |_| true) else { return };
    let from = Position { conversation: event.conversation, seq: event.seq };
    let places = state.conversations.by_recency().into_iter().map(|conversation| Item {
        label: state.conversations.title(conversation),
        detail: conversation.topic.as_str().to_owned(),
        action: Action::ForwardTo(from, conversation.id),
    });
    let picker = Picker::new(Kind::Forward, places.collect());
    state.popup = Some(Popup::Picker(Box::new(picker)));
}

/// Forwards the message to a place by its name.
pub(super) fn forward(state: &mut State, place: Place, effects: &mut Effects) {
    let Some(event) = need(state, |_| true) else { return };
    let Some(body) = event.body().cloned() else { return };
    let from = Position { conversation: event.conversation, seq: event.seq };
    match place {
        Place::Room(room) => match places::room_named(state, &room) {
            Some(id) => forward_to(state, from, id, effects),
            None => complain(state, format!("You are not in #{room}; /join #{room} goes there")),
        },
        Place::User(user) => {
            effects.ask(Question::OpenDirect(vec![user], Then::Forward(from, body)));
        }
    }
}

/// Forwards a message that is held.
pub(super) fn forward_to(state: &mut State, from: Position, to: ConversationId, effects: &mut Effects) {
    let body = match &state.timelines.get(&from.conversation).and_then(|t| t.get(from.seq)) {
        Some(event) => event.body().cloned(),
        None => state.held(from.seq).and_then(|event| event.body().cloned()),
    };
    match body {
        Some(body) => hand_on(state, from, body, to, effects),
        None => complain(state, "That message was deleted".to_owned()),
    }
}

/// Sends a message on; it stays on screen where it was.
pub(super) fn hand_on(
    state: &mut State,
    from: Position,
    body: Body,
    to: ConversationId,
    effects: &mut Effects,
) {
    let Some(conversation) = state.conversations.get(to) else { return };
    if let Some(reason) = rights::silence(state, conversation, false) {
        return complain(state, reason);
    }
    let title = state.conversations.title(conversation);
    effects.tell(Tell::Send(Box::new(Draft { forward: Some(from), ..Draft::new(to, body) })));
    state.selected = None;
    say_so(state, format!("Forwarded to {title}"));
}

fn versions(state: &mut State, effects: &mut Effects) {
    let is_edited = |event: &Event| event.message().is_some_and(|message| message.edited.is_some());
    let Some(event) = need(state, is_edited) else { return };
    match is_edited(&event) {
        true => effects.ask(Question::Versions(event.conversation, event.seq)),
        false => say_so(state, "This message was never edited".to_owned()),
    }
}

fn copy_text(state: &mut State, effects: &mut Effects) {
    if state.chosen_from.is_some() {
        return copy_chosen(state, effects);
    }
    let Some(event) = need(state, |_| true) else { return };
    copy(state, words_of(&event), effects);
}

fn words_of(event: &Event) -> &str {
    match event.body() {
        Some(body) if !body.is_empty() => body.as_str(),
        _ => first_words(event),
    }
}

/// Copies the chosen messages, each with its time and its author.
fn copy_chosen(state: &mut State, effects: &mut Effects) {
    let (Some(chosen), Some(timeline)) = (state.chosen(), state.focused_timeline()) else { return };
    let said = timeline
        .range(*chosen.start(), *chosen.end())
        .filter(|event| event.body().is_some() && timeline.shows(event) && !state.folds(event));
    let line = |event: &Event| {
        format!("[{}] {}: {}", state.day_and_time(event.at), event.author.name, words_of(event))
    };
    let lines: Vec<String> = said.map(line).collect();
    let text = lines.join("\n");
    effects.add(Effect::Copy(SafeText::block(&text).as_str().to_owned()));
    let many = if lines.len() == 1 { "message" } else { "messages" };
    say_so(state, format!("Copied {} {many}", lines.len()));
    state.chosen_from = None;
}

/// Puts a text into the clipboard.
pub(super) fn copy(state: &mut State, text: &str, effects: &mut Effects) {
    effects.add(Effect::Copy(SafeText::block(text).as_str().to_owned()));
    say_so(state, "Copied".to_owned());
}

/// Copies the code of a message; asks which, where there are several pieces.
fn copy_code(state: &mut State, effects: &mut Effects) {
    let codes = |event: &Event| Rich::of(event.body().map_or("", |body| body.as_str()), None).codes;
    let Some(event) = need(state, |event| !codes(event).is_empty()) else { return };
    let found = codes(&event);
    match found.as_slice() {
        [] => say_so(state, "There is no block of code in this message".to_owned()),
        [one] => copy(state, &one.text, effects),
        several => {
            let item = |(number, code): (usize, &Code)| Item {
                label: format!("{} {}", number + 1, code.text.lines().next().unwrap_or_default()),
                detail: code.language.clone(),
                action: Action::Copy(code.text.clone()),
            };
            let items = several.iter().enumerate().map(item).collect();
            let picker = Picker::new(Kind::Code, items);
            state.popup = Some(Popup::Picker(Box::new(picker)));
        }
    }
}

fn copy_link(state: &mut State, effects: &mut Effects) {
    let Some(event) = need(state, |_| true) else { return };
    let Some(conversation) = state.open_conversation() else { return };
    let place = conversation.name.as_ref().map(|name| format!("#{name}")).unwrap_or_default();
    let link = SafeText::line(&format!("{place}:{}", event.seq)).as_str().to_owned();
    say_so(state, format!("Copied {link}; /goto {link} goes there"));
    effects.add(Effect::Copy(link));
}

fn jump_to_replied(state: &mut State, effects: &mut Effects) {
    let is_reply = |event: &Event| event.message().is_some_and(|message| message.reply_to.is_some());
    let Some(event) = need(state, is_reply) else { return };
    match event.message().and_then(|message| message.reply_to) {
        Some(replied) => places::jump(state, event.conversation, replied, effects),
        None => say_so(state, "This message answers no other".to_owned()),
    }
}

/// What is replied to or edited, for the row above the composer. Not safe to draw.
pub(crate) fn purpose_words(state: &State) -> Option<String> {
    match &state.purpose {
        Purpose::Write => None,
        Purpose::Reply(seq) => {
            let held = state.held(*seq);
            let words = match held {
                Some(event) if state.folds(event) => FOLDED_QUOTE.to_owned(),
                held => held.map_or_else(|| format!("message {seq}"), quoted),
            };
            Some(format!("replying to {words}"))
        }
        Purpose::Edit { before, .. } => {
            Some(format!("editing: {}", before.lines().next().unwrap_or_default()))
        }
    }
}
