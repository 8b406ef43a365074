//! The line above the conversation, and the line above the composer: notices, command hints, who
//! is writing, what is below. It always has its row, so nothing ever moves the text.

use chat_client::Connection;
use chat_proto::{ConversationKind, Person, PresenceState, SafeText, limits};
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use super::canvas::Canvas;
use super::list;
use crate::action::Plain;
use crate::keymap::{self, Context};
use crate::layout::{self, Areas};
use crate::state::message::replies_words;
use crate::state::profile::status_words;
use crate::state::rights;
use crate::state::system::listed;
use crate::state::timeline::Timeline;
use crate::state::{Mode, Purpose, State};
use crate::text;
use crate::update::messages::purpose_words;

/// People whose names are shown while they write; more are counted.
const WRITERS: usize = 2;

/// Rows that a notice or a question takes at most.
const SAID_ROWS: u16 = 3;

/// What can be done with the chosen message, what people need most first.
const SELECT_HINTS: &[(Plain, &str)] = &[
    (Plain::Reply, "reply"),
    (Plain::Thread, "thread"),
    (Plain::Edit, "edit"),
    (Plain::Delete, "delete"),
    (Plain::React, "react"),
    (Plain::Pin, "pin"),
    (Plain::Forward, "forward"),
    (Plain::SaveFiles, "save"),
    (Plain::CopyText, "copy"),
    (Plain::CopyCode, "code"),
    (Plain::CopyLink, "link"),
    (Plain::JumpToReplied, "replied"),
    (Plain::Versions, "versions"),
    (Plain::AboveToo, "more"),
    (Plain::Readers, "read by"),
    (Plain::JumpBack, "back"),
];

/// Name, topic, who is there.
pub(super) fn header(state: &State, area: Rect, canvas: &mut Canvas) {
    let theme = canvas.theme;
    let Some(conversation) = state.open_conversation() else {
        let hint = match state.link.connection {
            Connection::Online if state.conversations.in_order().next().is_some() => {
                format!("No conversation is open: {} goes to one", state.keymap.way(Plain::Switcher))
            }
            Connection::Online => "No conversation yet: /create #room, /join #room or /msg @user".to_owned(),
            _ => String::new(),
        };
        canvas.literal(area, (0, 0), &hint, theme.dim());
        return;
    };
    // Where the list is not there to show them.
    let signs = match layout::areas(state).list {
        None => list::signs_without_list(state),
        Some(_) => SafeText::line(""),
    };
    let begins = canvas.put_right(area, 0, &signs, theme.mention());
    let area = match begins < usize::from(area.width) {
        true => Rect { width: u16::try_from(begins.saturating_sub(1)).unwrap_or(area.width), ..area },
        false => area,
    };
    let begins = match conversation.kind {
        ConversationKind::Room => {
            let crowd = SafeText::line(&crowd(state, conversation.id, conversation.members));
            let fits = usize::from(area.width) > text::width(crowd.as_str()) + 16;
            if fits { canvas.put_right(area, 0, &crowd, theme.dim()) } else { usize::from(area.width) }
        }
        ConversationKind::Direct => usize::from(area.width),
    };
    let room =
        Rect { width: u16::try_from(begins.saturating_sub(1)).unwrap_or(area.width).min(area.width), ..area };
    let mark = SafeText::line(&format!("{} ", list::mark(conversation)));
    let column = canvas.put(room, (0, 0), &mark, theme.dim());
    let mut column = canvas.put(room, (column, 0), &list::name(conversation), theme.title());
    if !state.neighbours.is_alone() {
        let team = SafeText::line(&format!(" on {}", state.neighbours.label));
        column = canvas.put(room, (column, 0), &team, theme.section());
    }
    for word in rights::words(state, conversation) {
        column = canvas.literal(room, (column, 0), " · ", theme.dim());
        column = canvas.literal(room, (column, 0), &word, theme.warning());
    }
    if conversation.notify.is_silent(state.now.clock) {
        column = canvas.literal(room, (column, 0), " · muted", theme.dim());
    }
    match conversation.with.as_slice() {
        [person] if conversation.kind == ConversationKind::Direct => {
            if state.link.connection != Connection::Online {
                return;
            }
            let presence = state.people.presence(person.id);
            let (glyph, style) = list::presence(presence, canvas);
            let column = canvas.literal(room, (column + 2, 0), glyph, style);
            let column = canvas.literal(room, (column + 1, 0), presence_word(presence), theme.dim());
            canvas.put(room, (column, 0), &card_words(state, person), theme.dim());
        }
        _ if conversation.topic.is_empty() => {}
        _ => {
            let topic = SafeText::line(&format!(" · {}", conversation.topic));
            canvas.put(room, (column, 0), &topic, theme.dim());
        }
    }
}

/// The head of the thread, over its pane or in the place of the room's.
pub(super) fn thread_header(state: &State, areas: &Areas, canvas: &mut Canvas) {
    let (Some(thread), Some(pane)) = (&state.thread, areas.thread) else { return };
    let theme = canvas.theme;
    let area = Rect { x: pane.x, width: pane.width, ..areas.header };
    let count = thread.timeline.events().count().saturating_sub(1) as u64;
    let column = canvas.literal(area, (0, 0), "⌥ thread", theme.title());
    let words = match state.open_conversation().filter(|_| areas.pane.width == 0) {
        Some(conversation) => {
            format!(" in {} · {}", state.conversations.title(conversation), replies_words(count))
        }
        None => format!(" · {}", replies_words(count)),
    };
    let column = canvas.put(area, (column, 0), &SafeText::line(&words), theme.dim());
    let Some(stands) = state.open.and_then(|id| state.threads.get(id, thread.root)) else { return };
    if stands.following {
        let new = if stands.unread > 0 { format!(" · {} new", stands.unread) } else { String::new() };
        let column = canvas.literal(area, (column, 0), &new, theme.mention());
        canvas.literal(area, (column, 0), " · following", theme.dim());
    }
}

/// " · Ada Lovelace · 🌴 on holiday", as far as they said it.
fn card_words(state: &State, person: &Person) -> SafeText {
    let Some(card) = state.people.card(person.id) else { return SafeText::line("") };
    let name = card.display_name.to_string();
    let status = card.status.at(state.now.clock).map(status_words).unwrap_or_default();
    let said = [name, status].into_iter().filter(|words| !words.is_empty());
    SafeText::line(&said.map(|words| format!(" · {words}")).collect::<String>())
}

fn presence_word(presence: PresenceState) -> &'static str {
    match presence {
        PresenceState::Online => "online",
        PresenceState::Away => "away",
        PresenceState::Offline => "offline",
    }
}

/// "12 members, 5 online": those online only where all members are known.
fn crowd(state: &State, id: chat_proto::ConversationId, members: u64) -> String {
    let count = if members == 1 { "1 member".to_owned() } else { format!("{members} members") };
    let known = state.people.members(id).filter(|known| known.len() as u64 == members);
    match known {
        Some(known)
            if state.link.connection == Connection::Online && known.len() <= limits::WATCHED_PEOPLE =>
        {
            let is_online = |user: &&chat_proto::UserId| {
                state.is_me(**user) || state.people.presence(**user) == PresenceState::Online
            };
            format!("{count}, {} online", known.keys().filter(is_online).count())
        }
        _ => count,
    }
}

/// The row above the composer.
pub(super) fn status(state: &State, areas: &Areas, canvas: &mut Canvas) {
    let area = areas.status;
    let mut room = area;
    let right = right(state, areas, canvas).map(|(text, style)| {
        // What stands at the right never takes more than two thirds.
        let text = SafeText::line(&text::cut(text.as_str(), usize::from(area.width) * 2 / 3));
        let columns = u16::try_from(text::width(text.as_str()) + 1).unwrap_or(u16::MAX);
        room.width = area.width.saturating_sub(columns);
        (text, style)
    });
    let columns = usize::from(room.width);
    let left = left(state, columns, canvas);
    let is_said = (state.notice.is_some() || state.confirm.is_some())
        && state.pending.is_empty()
        && state.rebind.is_none();
    if let Some((text, style)) =
        left.as_ref().filter(|(text, _)| is_said && text::width(text.as_str()) > columns)
    {
        return over(areas, text, *style, canvas);
    }
    if let Some((text, style)) = right {
        canvas.put_right(area, 0, &text, style);
    }
    if let Some((text, style)) = left {
        canvas.put(room, (0, 0), &text, style);
    }
}

/// What is said and wider than its row has several, over the conversation, while it stands: what
/// there is to do comes last in it.
fn over(areas: &Areas, text: &SafeText, style: Style, canvas: &mut Canvas) {
    let status = areas.status;
    let parts = text::wrap(text.as_str(), usize::from(status.width));
    let most = status.bottom().saturating_sub(areas.header.bottom()).min(SAID_ROWS);
    let height = u16::try_from(parts.len()).unwrap_or(most).min(most);
    if status.is_empty() || height == 0 {
        return;
    }
    let area = Rect { y: status.bottom() - height, height, ..status };
    canvas.clear(area);
    for (at, part) in parts.into_iter().take(usize::from(height)).enumerate() {
        let is_last = at + 1 == usize::from(height);
        let part = if is_last { &text.as_str()[part.start..] } else { &text.as_str()[part] };
        canvas.put(area, (0, at), &SafeText::line(part), style);
    }
}

fn left(state: &State, columns: usize, canvas: &Canvas) -> Option<(SafeText, Style)> {
    let theme = canvas.theme;
    if !state.pending.is_empty() {
        return Some((chord_words(state), theme.section()));
    }
    if let Some(rebind) = &state.rebind {
        return Some((SafeText::line(&rebind.words(&state.keymap)), theme.mention()));
    }
    if let Some(notice) = &state.notice {
        let style = if notice.is_error { theme.bad() } else { theme.title() };
        return Some((SafeText::line(&notice.text), style));
    }
    if let Some(confirm) = &state.confirm {
        return Some((SafeText::line(&confirm.question), theme.bad()));
    }
    if state.selected.is_some() {
        return Some((select_words(state, columns), theme.section()));
    }
    let bytes = state.composer.bytes();
    if bytes > limits::MESSAGE_BYTES {
        let over = bytes - limits::MESSAGE_BYTES;
        let text = format!("{over} bytes too long: a message has at most {}", limits::MESSAGE_BYTES);
        return Some((SafeText::line(&text), theme.bad()));
    }
    let hint = state.commands.hint(state.open, &state.composer.text());
    if let Some(hint) = hint.filter(|_| !matches!(state.purpose, Purpose::Edit { .. })) {
        return Some((SafeText::line(&hint), theme.section()));
    }
    if let Some(words) = purpose_words(state) {
        return Some((SafeText::line(&words), theme.section()));
    }
    if let Some(words) = state.transfers.words(&state.keymap.way(Plain::StopFile)) {
        return Some((words, theme.section()));
    }
    if let Some((title, percent)) = &state.export {
        let words = format!("writing {title} into a file {percent}% · /export cancel ends it");
        return Some((SafeText::line(&words), theme.section()));
    }
    let writing = writing(state)?;
    Some((writing, theme.dim().add_modifier(Modifier::ITALIC)))
}

/// "r reply  t thread": with the keys as they are now, as many as there is room for.
fn select_words(state: &State, columns: usize) -> SafeText {
    let chosen = state.selected.and_then(|seq| state.held(seq));
    let is_own = chosen.is_some_and(|event| state.is_me(event.author.id));
    let word = |(plain, word): &(Plain, &str)| {
        let key = state.keymap.labels(Context::Select, *plain).next()?;
        Some(format!("{key} {word}"))
    };
    let can_be = |(plain, _): &&(Plain, &str)| is_own || *plain != Plain::Edit;
    let mut words = String::new();
    for word in SELECT_HINTS.iter().filter(can_be).filter_map(word) {
        let gap = if words.is_empty() { "" } else { "  " };
        if text::width(&words) + gap.len() + text::width(&word) > columns {
            break;
        }
        words.push_str(gap);
        words.push_str(&word);
    }
    SafeText::line(&words)
}

/// "Ctrl-X … b jump anywhere · Ctrl-C quit": what can follow the keys that were pressed.
fn chord_words(state: &State) -> SafeText {
    let hints = state.keymap.hints(contexts(state), &state.pending);
    let hints: Vec<String> = hints.into_iter().map(|(keys, what)| format!("{keys} {what}")).collect();
    SafeText::line(&format!("{} … {}", keymap::written(&state.pending), hints.join(" · ")))
}

/// What has the keyboard where chords are.
fn contexts(state: &State) -> &'static [Context] {
    match (&state.popup, state.selected, state.mode) {
        (Some(_), _, _) => &[Context::Page],
        (None, Some(_), _) => &[Context::Select, Context::Chat],
        (None, None, Mode::Normal) => &[Context::Normal, Context::Chat],
        (None, None, Mode::Insert) => &[Context::Chat, Context::Edit],
    }
}

fn writing(state: &State) -> Option<SafeText> {
    let names: Vec<&str> = state.people.writing(state.open?).map(|person| person.name.as_str()).collect();
    let text = match names.len() {
        0 => return None,
        1 => format!("{} is typing", listed(&names)),
        count if count <= WRITERS => format!("{} are typing", listed(&names)),
        count => format!("{count} people are typing"),
    };
    Some(SafeText::line(&format!("{text}{}", state.typing_dots())))
}

/// What is new below the pane, and the connection where the list does not show it.
fn right(state: &State, areas: &Areas, canvas: &Canvas) -> Option<(SafeText, Style)> {
    let theme = canvas.theme;
    let connection = (areas.list.is_none() && state.link.connection != Connection::Online)
        .then(|| list::connection(state, canvas));
    if state.selected.is_some() && state.notice.is_none() && state.confirm.is_none() {
        let keys = state.keymap.hint(Context::Select, Plain::Help, "keys");
        let hints = keys.into_iter().chain(state.keymap.labels(Context::Select, Plain::Cancel).next());
        return Some((SafeText::line(&hints.collect::<Vec<_>>().join(" · ")), theme.dim()));
    }
    if state.purpose != Purpose::Write && state.notice.is_none() {
        let words = state.keymap.hint(Context::Chat, Plain::Cancel, "cancels");
        return words.map(|words| (SafeText::line(&words), theme.dim()));
    }
    let is_told = areas.tail.is_some() && !state.in_thread();
    let looks_back = |timeline: &&Timeline| {
        let jumps = timeline.loading && timeline.jump.is_some();
        jumps || (!is_told && (timeline.scroll.is_some() || timeline.more_after))
    };
    let timeline = state.focused_timeline().filter(looks_back);
    let below = timeline.map(|timeline| match timeline.new_below(state.my_id()) {
        // The place may be far from what is on the screen, and the row that says so with it.
        _ if timeline.loading && timeline.jump.is_some() => (SafeText::line("loading…"), theme.dim()),
        0 => (SafeText::line("more ↓"), theme.dim()),
        count => (SafeText::line(&format!("{count} new ↓")), theme.mention()),
    });
    below.or(connection)
}
