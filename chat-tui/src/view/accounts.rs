//! Several accounts on one screen: their heads and conversations in the list, and where one writes.

use chat_proto::SafeText;
use ratatui::layout::Rect;

use super::canvas::Canvas;
use super::list;
use crate::state::State;
use crate::state::neighbours::{Digest, SeatId, Standing, whole_name};

/// What stands over the list: the team, or how many accounts are in it.
pub(super) fn team(state: &State) -> SafeText {
    match state.neighbours.is_alone() {
        true => SafeText::line(&state.server_name),
        false => SafeText::line(&format!("{} accounts", state.neighbours.all().count() + 1)),
    }
}

/// Where one writes, on the frame of the composer: nothing while there is one account.
pub(super) fn writes_as(state: &State) -> SafeText {
    if state.neighbours.is_alone() {
        return SafeText::line("");
    }
    let user = state.me.as_ref().map(|me| me.name.as_str()).unwrap_or_default();
    SafeText::line(&whole_name(user, &state.neighbours.label))
}

/// The head of an account: its connection as a shape, its team, in words what is wrong, and counts.
pub(super) fn head(state: &State, seat: SeatId, area: Rect, row: usize, canvas: &mut Canvas) {
    let theme = canvas.theme;
    let own;
    let digest = match state.neighbours.get(seat) {
        Some(digest) => digest,
        None => {
            own = Digest::of(seat, state.neighbours.label.clone(), state);
            &own
        }
    };
    let is_here = seat == state.neighbours.own;
    let (mark, style) = match digest.standing {
        Standing::Online => (digest.standing.mark(), theme.good()),
        Standing::Connecting | Standing::Offline => (digest.standing.mark(), theme.warning()),
        Standing::Stopped | Standing::SignIn => (digest.standing.mark(), theme.bad()),
    };
    canvas.literal(area, (1, row), mark, style);
    let counts = Rect { width: area.width.saturating_sub(1), ..area };
    // What is wrong is said first; each row below has its own count.
    let count = match digest.standing {
        Standing::Online => list::count(digest.mentions, digest.unread),
        _ => String::new(),
    };
    let count = SafeText::line(&count);
    let begins = canvas.put_right(counts, row, &count, theme.mention());
    let words = match digest.standing {
        Standing::Online => digest.label.clone(),
        other => format!("{} · {}", digest.label, other.words()),
    };
    let style = if is_here { theme.title() } else { theme.section() };
    canvas.put_in(area, (3, row), begins.saturating_sub(4), &SafeText::line(&words), style);
}

/// A conversation of another account.
pub(super) fn row(
    state: &State,
    (seat, number): (SeatId, usize),
    area: Rect,
    row: usize,
    canvas: &mut Canvas,
) {
    let theme = canvas.theme;
    let Some(digest) = state.neighbours.get(seat) else { return };
    let Some(known) = digest.rows.get(number) else { return };
    let (glyph, style) = match known.presence {
        Some(presence) => list::presence(presence, canvas),
        None => (known.sign, theme.dim()),
    };
    canvas.literal(area, (1, row), glyph, style);
    let silent = if known.silent { list::SILENT } else { "" };
    let words = [list::count(known.mentions, known.unread), silent.to_owned()];
    let words: Vec<String> = words.into_iter().filter(|word| !word.is_empty()).collect();
    let style = match () {
        () if known.mentions > 0 => theme.mention(),
        () if known.silent => theme.dim(),
        () => theme.title(),
    };
    let counts = Rect { width: area.width.saturating_sub(1), ..area };
    let begins = canvas.put_right(counts, row, &SafeText::line(&words.join(" ")), style);
    let style = match () {
        () if known.silent && known.mentions == 0 => theme.dim(),
        () if known.unread > 0 => theme.title(),
        () => theme.plain(),
    };
    canvas.put_in(area, (3, row), begins.saturating_sub(4), &SafeText::line(&known.name), style);
}
