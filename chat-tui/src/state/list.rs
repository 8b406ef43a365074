//! The list of conversations: its groups, their order, and what a folded group still shows.

use chat_proto::{Conversation, ConversationId};
use serde::{Deserialize, Serialize};

use super::State;
use super::conversations::is_direct;
use super::neighbours::SeatId;
use crate::settings::ListOrder;

/// A group of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// The rooms that one is invited into.
    Invitations,
    /// The conversations that one starred.
    Favourites,
    /// Rooms.
    Rooms,
    /// Direct conversations.
    Direct,
}

impl Group {
    /// What stands above it.
    #[must_use]
    pub(crate) fn title(self) -> &'static str {
        match self {
            Group::Invitations => "INVITATIONS",
            Group::Favourites => "FAVOURITES",
            Group::Rooms => "ROOMS",
            Group::Direct => "DIRECT",
        }
    }

    /// The group of a conversation.
    #[must_use]
    pub(crate) fn of(conversation: &Conversation) -> Self {
        match () {
            () if conversation.starred => Group::Favourites,
            () if is_direct(conversation) => Group::Direct,
            () => Group::Rooms,
        }
    }
}

/// A row of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ListRow {
    /// The head of a group, and how many of its rows are folded away.
    Section(Group, usize),
    /// The head of an account, where there are several.
    Account(SeatId),
    /// The n-th conversation of another account.
    Elsewhere(SeatId, usize),
    Invitation(ConversationId),
    Conversation(ConversationId),
}

/// All rows, from the top.
pub(crate) fn rows(state: &State) -> Vec<ListRow> {
    let mut rows = Vec::new();
    if !state.invitations.is_empty() {
        let all = state.invitations.iter().map(|known| ListRow::Invitation(known.conversation));
        group_rows(state, Group::Invitations, all.collect(), &mut rows);
    }
    for group in [Group::Favourites, Group::Rooms, Group::Direct] {
        let members = members(state, group);
        if group != Group::Favourites || !members.is_empty() {
            let all = members.into_iter().map(ListRow::Conversation);
            group_rows(state, group, all.collect(), &mut rows);
        }
    }
    rows
}

/// A folded group still shows what waits, and where one is.
fn group_rows(state: &State, group: Group, all: Vec<ListRow>, rows: &mut Vec<ListRow>) {
    let is_folded = state.arrangement.folded.contains(&group);
    let stays = |row: &ListRow| match row {
        ListRow::Conversation(id) => state.open == Some(*id) || waits(state, *id),
        _ => false,
    };
    let count = all.len();
    let shown: Vec<ListRow> = all.into_iter().filter(|row| !is_folded || stays(row)).collect();
    rows.push(ListRow::Section(group, count - shown.len()));
    rows.extend(shown);
}

/// Whether a conversation has something unread that is not silent.
pub(crate) fn waits(state: &State, id: ConversationId) -> bool {
    let Some(conversation) = state.conversations.get(id) else { return false };
    conversation.mentions > 0 || (conversation.unread > 0 && !conversation.notify.is_silent(state.now.clock))
}

/// The conversations of a group, in the order that the person wants.
pub(crate) fn members(state: &State, group: Group) -> Vec<ConversationId> {
    let mut all: Vec<&Conversation> =
        state.conversations.in_order().filter(|conversation| Group::of(conversation) == group).collect();
    // The order by name stays among equals.
    match state.settings.list_order {
        ListOrder::Name => {}
        ListOrder::Recent => all.sort_by_key(|c| std::cmp::Reverse(c.active_at)),
        ListOrder::Unread => all.sort_by_key(|c| (c.mentions == 0, !waits(state, c.id))),
        ListOrder::Own => {
            let place = |id| state.arrangement.order.iter().position(|other| *other == id);
            all.sort_by_key(|c| place(c.id).unwrap_or(usize::MAX));
        }
    }
    all.into_iter().map(|conversation| conversation.id).collect()
}

/// The conversations as they stand in the list, without those that are folded away.
pub(crate) fn order(state: &State) -> Vec<ConversationId> {
    let conversation = |row| match row {
        ListRow::Conversation(id) => Some(id),
        _ => None,
    };
    rows(state).into_iter().filter_map(conversation).collect()
}
