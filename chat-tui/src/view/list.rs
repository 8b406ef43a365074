//! The list of conversations: the team on top, rooms, directs, the connection at the bottom.

use chat_client::Connection;
use chat_proto::{Conversation, Person, PresenceState, SafeText};
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use super::accounts;
use super::canvas::Canvas;
use crate::layout::{self, ListPart};
use crate::state::State;
use crate::state::conversations::is_direct;
use crate::state::list::ListRow;
use crate::text;

/// The sign of a private room.
const PRIVATE: &str = "⚿";

/// The sign of a conversation that is silent.
pub(super) const SILENT: &str = "⊘";

/// The sign of a conversation in which something is written and not sent.
const DRAFT: &str = "✎";

/// The sign of hours in which one does not want to be disturbed.
const QUIET: &str = "☾";

/// The word for a lockdown: what is to be lifted again must not be overlooked.
const LOCKED: &str = "LOCKED";

/// Counts above this are shown as more than this.
const COUNT: u64 = 99;

pub(super) fn draw(state: &State, area: Rect, canvas: &mut Canvas) {
    let theme = canvas.theme;
    let edge = usize::from(area.width).saturating_sub(1);
    for row in 0..usize::from(area.height) {
        canvas.literal(area, (edge, row), "│", theme.dim());
    }
    let inner = Rect { width: area.width.saturating_sub(1), ..area };
    let team = Rect { width: inner.width.saturating_sub(1), ..inner };
    let begins = canvas.put_right(team, 0, &signs(state), theme.mention());
    canvas.put_in(inner, (1, 0), begins.saturating_sub(2), &accounts::team(state), theme.title());
    let body = layout::list_body(state, area);
    let part = layout::list_part(state, usize::from(body.height));
    for (at, row) in part.rows.iter().copied().enumerate() {
        let body = beside_mark(&part, at, body, canvas);
        match row {
            ListRow::Account(seat) => accounts::head(state, seat, body, at, canvas),
            ListRow::Elsewhere(seat, number) => accounts::row(state, (seat, number), body, at, canvas),
            ListRow::Section(group, folded) => {
                let is_folded = state.arrangement.folded.contains(&group);
                let end = canvas.literal(body, (1, at), group.title(), theme.section());
                if is_folded {
                    let words = if folded > 0 { format!(" ▸ {folded}") } else { " ▸".to_owned() };
                    canvas.literal(body, (end, at), &words, theme.dim());
                }
            }
            ListRow::Invitation(id) => {
                let invitation = state.invitations.iter().find(|known| known.conversation == id);
                if let Some(invitation) = invitation {
                    let glyph = if invitation.private { PRIVATE } else { "#" };
                    canvas.literal(body, (1, at), glyph, theme.dim());
                    let words = format!("{} by {}", invitation.name, invitation.by.name);
                    canvas.put(body, (3, at), &SafeText::line(&words), theme.mention());
                }
            }
            ListRow::Conversation(id) => {
                if let Some(conversation) = state.conversations.get(id) {
                    conversation_row(state, conversation, body, at, canvas);
                }
            }
        }
    }
    let rows = usize::from(layout::connection_rows(state, area));
    let top = usize::from(area.height).saturating_sub(rows);
    let (words, style) = connection(state, canvas);
    let columns = usize::from(inner.width).saturating_sub(1);
    for (at, range) in text::wrap(words.as_str(), columns).into_iter().take(rows).enumerate() {
        let is_cut = at + 1 == rows;
        let part = if is_cut { &words.as_str()[range.start..] } else { &words.as_str()[range] };
        canvas.put(inner, (1, top + at), &SafeText::line(part), style);
    }
}

/// Says at the first and at the last row what waits out of sight; what is left of the row is for
/// the row itself.
fn beside_mark(part: &ListPart, at: usize, body: Rect, canvas: &mut Canvas) -> Rect {
    let is_last = at + 1 == part.rows.len();
    let (arrow, hidden) = match () {
        () if is_last && part.below.waiting > 0 => ("↓", part.below),
        () if at == 0 && part.above.waiting > 0 => ("↑", part.above),
        () => return body,
    };
    let sign = if hidden.calls { "@" } else { "" };
    let words = SafeText::line(&format!("{arrow} {sign}{}", hidden.waiting));
    let room = Rect { width: body.width.saturating_sub(1), ..body };
    let begins = canvas.put_right(room, at, &words, canvas.theme.dim());
    Rect { width: u16::try_from(begins).unwrap_or(body.width).min(body.width), ..body }
}

fn conversation_row(state: &State, conversation: &Conversation, area: Rect, row: usize, canvas: &mut Canvas) {
    let theme = canvas.theme;
    let is_open = state.open == Some(conversation.id);
    let is_silent = conversation.notify.is_silent(state.now.clock);
    let waits = conversation.unread > 0 && !is_silent;
    let name_style = match () {
        () if is_silent && conversation.mentions == 0 => theme.dim(),
        () if is_open || waits => theme.title(),
        () => theme.plain(),
    };
    if is_open {
        canvas.literal(area, (0, row), "▸", theme.mention());
    }
    let (glyph, glyph_style) = match conversation.with.as_slice() {
        [person] if is_direct(conversation) => presence(state.people.presence(person.id), canvas),
        _ => (mark(conversation), theme.dim()),
    };
    canvas.literal(area, (1, row), glyph, glyph_style);
    let counts = Rect { width: area.width.saturating_sub(1), ..area };
    let mut words = count(conversation.mentions, conversation.unread);
    if is_silent {
        let space = if words.is_empty() { "" } else { " " };
        words = format!("{words}{space}{SILENT}");
    }
    let count = SafeText::line(&words);
    let style = match () {
        () if conversation.mentions > 0 => theme.mention(),
        () if is_silent => theme.dim(),
        () => theme.title(),
    };
    let mut begins = canvas.put_right(counts, row, &count, style);
    if state.has_draft(conversation.id) {
        let gap = usize::from(begins < usize::from(counts.width));
        let room = Rect { width: u16::try_from(begins.saturating_sub(gap)).unwrap_or(0), ..counts };
        begins = canvas.put_right(room, row, &SafeText::line(DRAFT), theme.dim());
    }
    let columns = begins.saturating_sub(4);
    let shown = match conversation.with.as_slice() {
        [person] if is_direct(conversation) => with_emoji(state, person, &name(conversation)),
        _ => name(conversation),
    };
    canvas.put_in(area, (3, row), columns, &shown, name_style);
}

/// A name with what its person is doing, as a picture.
fn with_emoji(state: &State, person: &Person, name: &SafeText) -> SafeText {
    let status = state.people.card(person.id).and_then(|card| card.status.at(state.now.clock));
    match status.and_then(|status| status.emoji.as_ref()) {
        Some(emoji) => SafeText::line(&format!("{name} {emoji}")),
        None => name.clone(),
    }
}

/// Whether nobody new comes in, as admins are shown; whether one may be disturbed; and how many
/// messages in the inbox are unread: `LOCKED ☾ @3`.
pub(super) fn signs(state: &State) -> SafeText {
    signs_with(state, 0)
}

/// The same where the list is not there to show the direct conversations: they count, too.
pub(super) fn signs_without_list(state: &State) -> SafeText {
    let is_heard = |c: &&Conversation| is_direct(c) && !c.notify.is_silent(state.now.clock);
    // What calls by name is in the inbox as well.
    let unread = |c: &Conversation| c.unread.saturating_sub(c.mentions);
    signs_with(state, state.conversations.in_order().filter(is_heard).map(unread).sum())
}

fn signs_with(state: &State, directs: u64) -> SafeText {
    let locked = state.lockdown.is_some().then(|| LOCKED.to_owned());
    let quiet = state.hush.quiet.then(|| QUIET.to_owned());
    let calls = state.inbox.unread + state.neighbours.inbox() + directs;
    let unread = (calls > 0).then(|| format!("@{}", number(calls)));
    let signs: Vec<String> = locked.into_iter().chain(quiet).chain(unread).collect();
    SafeText::line(&signs.join(" "))
}

/// What kind of conversation it is, as one sign.
pub(crate) fn mark(conversation: &Conversation) -> &'static str {
    match (is_direct(conversation), conversation.with.len()) {
        (true, 0 | 1) => "@",
        (true, _) => "&",
        (false, _) if conversation.private => PRIVATE,
        (false, _) => "#",
    }
}

/// Its name without a sign: a room's, or the people of a direct.
pub(super) fn name(conversation: &Conversation) -> SafeText {
    match &conversation.name {
        Some(name) => SafeText::line(name.as_str()),
        None => {
            let names: Vec<&str> = conversation.with.iter().map(|person| person.name.as_str()).collect();
            SafeText::line(&names.join(", "))
        }
    }
}

/// `3`, `@1`, or `@1 3` when others wait besides the mentions.
pub(super) fn count(mentions: u64, unread: u64) -> String {
    match (mentions, unread) {
        (0, 0) => String::new(),
        (0, unread) => number(unread),
        (mentions, unread) if unread <= mentions => format!("@{}", number(mentions)),
        (mentions, unread) => format!("@{} {}", number(mentions), number(unread)),
    }
}

fn number(n: u64) -> String {
    if n > COUNT { format!("{COUNT}+") } else { n.to_string() }
}

/// A presence as shape and colour.
pub(super) fn presence(state: PresenceState, canvas: &Canvas) -> (&'static str, Style) {
    match state {
        PresenceState::Online => ("●", canvas.theme.good()),
        PresenceState::Away => ("◐", canvas.theme.warning()),
        PresenceState::Offline => ("○", canvas.theme.dim()),
    }
}

/// The connection in words, and how they look.
pub(super) fn connection(state: &State, canvas: &Canvas) -> (SafeText, Style) {
    let theme = canvas.theme;
    let style = match &state.link.connection {
        Connection::Online => theme.good(),
        Connection::Connecting => theme.warning(),
        Connection::Waiting { .. } => theme.warning().add_modifier(Modifier::BOLD),
        Connection::Stopped { .. } => theme.bad(),
    };
    (layout::connection_words(state), style)
}
