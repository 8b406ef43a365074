//! Which rows of the list of conversations are on screen, and what waits in the others.

use std::sync::Arc;

use crate::state::State;
use crate::state::conversations::Need;
use crate::state::list::{self, ListRow};
use crate::state::neighbours::Digest;

/// What waits in rows that are out of sight.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Hidden {
    /// Conversations with something unread.
    pub(crate) waiting: usize,
    /// Whether a mention or a direct conversation is among them.
    pub(crate) calls: bool,
}

/// The part of the list that is on screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ListPart {
    pub(crate) rows: Vec<ListRow>,
    pub(crate) above: Hidden,
    pub(crate) below: Hidden,
}

/// The rows of the list that fit between the team's name and the connection's state.
pub(crate) fn list_rows(state: &State, height: usize) -> Vec<ListRow> {
    list_part(state, height).rows
}

/// The same, scrolled so that the open conversation is among them, with what waits above and below.
pub(crate) fn list_part(state: &State, height: usize) -> ListPart {
    let mut rows = elsewhere(&state.neighbours.before);
    if !state.neighbours.is_alone() {
        rows.push(ListRow::Account(state.neighbours.own));
    }
    rows.extend(list::rows(state));
    rows.extend(elsewhere(&state.neighbours.after));
    let open = state.open.map(ListRow::Conversation);
    let at = rows.iter().position(|row| Some(*row) == open).unwrap_or(0);
    // Keep some of what comes after the open one in sight.
    let wanted_end = (at + 1 + height / 4).min(rows.len());
    let skip = wanted_end.saturating_sub(height);
    let below = rows.split_off((skip + height).min(rows.len()));
    let shown = rows.split_off(skip);
    ListPart { rows: shown, above: hidden(state, &rows), below: hidden(state, &below) }
}

/// The rows of other accounts: for each its head and its conversations.
fn elsewhere(digests: &[Arc<Digest>]) -> Vec<ListRow> {
    let rows = |digest: &Arc<Digest>| {
        let seat = digest.seat;
        let conversations = (0..digest.rows.len()).map(move |at| ListRow::Elsewhere(seat, at));
        std::iter::once(ListRow::Account(seat)).chain(conversations)
    };
    digests.iter().flat_map(rows).collect()
}

fn hidden(state: &State, rows: &[ListRow]) -> Hidden {
    let need = |row: &ListRow| -> Option<Need> {
        match row {
            ListRow::Conversation(id) if list::waits(state, *id) => state.conversations.need(*id),
            ListRow::Elsewhere(seat, at) => state.neighbours.get(*seat)?.rows.get(*at)?.need(),
            _ => None,
        }
    };
    let needs: Vec<Need> = rows.iter().filter_map(need).collect();
    let calls = needs.iter().any(|(no_mention, no_direct, ..)| !(*no_mention && *no_direct));
    Hidden { waiting: needs.len(), calls }
}
