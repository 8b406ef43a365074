//! Completion in a search: the filters of its language, and what may stand after them.

use chat_proto::{ConversationKind, FILTERS, Filter};
use jiff::tz::TimeZone;

use super::State;
use super::items::date;

/// Candidates kept for one word; nobody cycles through more.
const CANDIDATES: usize = 50;

/// The word before the cursor: where it begins, and itself.
pub(crate) fn word(before: &str) -> (usize, &str) {
    let last = before.char_indices().rev().find(|(_, c)| c.is_whitespace());
    let start = last.map_or(0, |(at, c)| at + c.len_utf8());
    (start, &before[start..])
}

/// What a word of a search may become, likeliest first.
pub(crate) fn candidates(state: &State, word: &str) -> Vec<String> {
    let Some((key, typed)) = word.split_once(':') else {
        let typed = word.to_lowercase();
        let filters = FILTERS.iter().filter(|filter| filter.key.starts_with(&typed));
        return filters.map(|filter| format!("{}:", filter.key)).collect();
    };
    let Some(filter) = FILTERS.iter().find(|filter| filter.key.eq_ignore_ascii_case(key)) else {
        return Vec::new();
    };
    let typed = typed.trim_start_matches(['@', '#']).to_lowercase();
    let mut values = values(state, filter);
    values.retain(|value| value.trim_start_matches(['@', '#']).starts_with(&typed));
    values.truncate(CANDIDATES);
    values.into_iter().map(|value| format!("{}:{value} ", filter.key)).collect()
}

fn values(state: &State, filter: &Filter) -> Vec<String> {
    match filter.key {
        "from" | "mentions" => {
            let mut names: Vec<String> =
                state.people.known().map(|person| format!("@{}", person.name)).collect();
            names.sort();
            names.insert(0, "me".to_owned());
            names
        }
        "in" => places(state),
        "before" | "after" | "on" => {
            // The days of the language are those of UTC.
            vec![date(state.now.clock, &TimeZone::UTC).to_string()]
        }
        _ => filter.values.iter().map(|value| (*value).to_owned()).collect(),
    }
}

/// The open conversation first, then all others as the list shows them; groups have no name that
/// could be written.
fn places(state: &State) -> Vec<String> {
    let open = state.open_conversation();
    let others = state.conversations.in_order().filter(|c| Some(c.id) != state.open);
    let named = open.into_iter().chain(others);
    named
        .filter(|c| c.kind == ConversationKind::Room || c.with.len() == 1)
        .map(|c| state.conversations.title(c))
        .collect()
}
