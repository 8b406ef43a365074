//! The palette: all that one can go to or do, in one list that letters filter.
//!
//! 1. Conversations come first, those that need their reader before those last active; then people,
//!    actions and commands. What fits the letters much better still wins (see [`super::picker`]).
//! 2. Messages come last, from the server, for what is typed once the fingers rest.
//! 3. Each row says its key, or what kind of thing it is.

use chat_proto::{Conversation, Person, Role, Search, SearchPage, Timestamp};

use super::conversations::is_direct;
use super::neighbours::Spot;
use super::picker::{Item, Kind, Picker, is_offered};
use super::{State, profile, settings};
use crate::action::{Account, Action, Order, Plain, Safety};
use crate::command::{self, COMMANDS};
use crate::effect::Wish;
use crate::keymap::Keymap;
use crate::settings::ROWS;

/// How long the fingers rest before messages are searched: a question for each letter helps nobody.
pub(crate) const SEARCH_AFTER_MS: u64 = 250;

/// Letters before messages are searched; fewer are in every message.
const SEARCH_FROM: usize = 2;

/// Messages shown below everything else; the search itself shows more.
const MESSAGES: u32 = 8;

/// The palette over everything that is known.
#[must_use]
pub(crate) fn palette(state: &State) -> Picker {
    let mut items: Vec<Item> = Vec::new();
    items.extend(state.invitations.iter().map(|invitation| Item {
        label: format!("#{}", invitation.name),
        detail: format!("{} invites you", invitation.by.name),
        action: Action::AskInvitation(invitation.conversation),
    }));
    let mut conversations = state.conversations.by_recency();
    // The order among equals stays: the last active first.
    conversations.sort_by_key(|conversation| need(state, conversation));
    let others = conversations.into_iter().filter(|c| Some(c.id) != state.open);
    items.extend(others.map(|conversation| Item {
        label: state.conversations.title(conversation),
        detail: conversation_detail(state, conversation),
        action: Action::Open(conversation.id),
    }));
    items.extend(elsewhere(state));
    let mut picker = Picker::new(Kind::Anything, items);
    let mut people: Vec<Person> = state.people.known().cloned().collect();
    people.sort_by(|a, b| a.name.cmp(&b.name));
    let others = people.iter().filter(|person| !state.is_me(person.id));
    picker.add(others.map(|person| profile::item(state, person, None)));
    picker.add(actions());
    picker.add(commands(state.role));
    picker.add(ROWS.iter().map(|row| settings::item(state, row)));
    picker
}

/// The conversations of other accounts, and the accounts themselves.
fn elsewhere(state: &State) -> Vec<Item> {
    let mut rows: Vec<(Timestamp, Item)> = Vec::new();
    for digest in state.neighbours.all() {
        let go = |conversation| Action::Account(Account::Visit(Spot { seat: digest.seat, conversation }));
        rows.extend(digest.rows.iter().map(|row| {
            let label = format!("{} on {}", row.title, digest.label);
            (
                row.active_at,
                Item { label, detail: digest.standing.words().to_owned(), action: go(Some(row.id)) },
            )
        }));
        let detail = format!("account · {}", digest.standing.words());
        rows.push((Timestamp::default(), Item { label: digest.whole_name(), detail, action: go(None) }));
    }
    rows.sort_by_key(|(active_at, _)| std::cmp::Reverse(*active_at));
    rows.into_iter().map(|(_, item)| item).collect()
}

/// A rank: who was mentioned is needed before who was written to, and that before the rest.
fn need(state: &State, conversation: &Conversation) -> u8 {
    let is_silent = conversation.notify.is_silent(state.now.clock);
    match () {
        () if conversation.mentions > 0 => 0,
        () if conversation.unread == 0 || is_silent => 3,
        () if is_direct(conversation) => 1,
        () => 2,
    }
}

fn conversation_detail(state: &State, conversation: &Conversation) -> String {
    let mut words = Vec::new();
    if conversation.mentions > 0 {
        words.push(format!("@{}", conversation.mentions));
    }
    if conversation.unread > 0 {
        words.push(format!("{} unread", conversation.unread));
    }
    let topic = conversation.topic.as_str();
    if !topic.is_empty() {
        words.push(topic.to_owned());
    }
    if let [person] = conversation.with.as_slice()
        && let Some(card) = state.people.card(person.id)
    {
        words.push(card.display_name.to_string());
    }
    words.retain(|word| !word.is_empty());
    words.join(" · ")
}

fn actions() -> impl Iterator<Item = Item> {
    Plain::ALL.iter().filter(|plain| is_offered(**plain)).map(|plain| Item {
        label: plain.title().to_owned(),
        detail: plain.help().to_owned(),
        action: (*plain).into(),
    })
}

/// The commands that are not actions already: done at once, or begun in the composer.
fn commands(role: Role) -> impl Iterator<Item = Item> {
    COMMANDS.iter().filter_map(move |command| {
        let action = match command.bare() {
            Some(Action::Safety(Safety::Admin)) if role < Role::Admin => return None,
            Some(action @ Action::Safety(Safety::Admin)) => action,
            Some(Action::Plain(plain)) if is_offered(plain) => return None,
            Some(action) if command.usage.is_empty() => action,
            _ => Action::Compose(format!("/{} ", command.name)),
        };
        let usage = [command.name, command.usage].join(" ");
        let detail = format!("{} · /{}", command.help, usage.trim_end());
        Some(Item { label: format!("/{}", command.name), detail, action })
    })
}

/// The key of a row, or what kind of thing it is.
#[must_use]
pub(crate) fn tag(item: &Item, keymap: &Keymap) -> String {
    match &item.action {
        Action::Plain(plain) => keymap
            .label(*plain)
            .or_else(|| command::of(*plain).map(|command| format!("/{}", command.name)))
            .unwrap_or_else(|| "action".to_owned()),
        Action::Open(_) if item.label.starts_with('#') => "room".to_owned(),
        Action::Open(_) => "direct".to_owned(),
        Action::Order(Order::Profile(Some(_))) => "person".to_owned(),
        Action::Join(_) => "join".to_owned(),
        Action::AskInvitation(_) => "invitation".to_owned(),
        Action::Show(..) => "message".to_owned(),
        Action::Set(..) => "setting".to_owned(),
        _ => "command".to_owned(),
    }
}

/// The search for what is typed; `None` for what is no search.
#[must_use]
pub(crate) fn search(picker: &Picker) -> Option<Wish> {
    let query = picker.query().trim().to_owned();
    let is_name = query.starts_with(['#', '@', '/']);
    if is_name || query.chars().nth(SEARCH_FROM - 1).is_none() {
        return None;
    }
    Some(Wish::Search(Search { query, order: None, cursor: None, limit: Some(MESSAGES) }))
}

/// What a search found, as rows that lead there.
#[must_use]
pub(crate) fn found(state: &State, page: &SearchPage) -> Vec<Item> {
    let rows = page.hits.iter().map(|hit| {
        let place = state.conversations.get(hit.event.conversation);
        let place = place.map_or_else(String::new, |c| format!("{} · ", state.conversations.title(c)));
        let time = state.short_time(hit.event.at);
        Item {
            label: format!("{}: {}", hit.event.author.name, hit.snippet),
            detail: format!("{place}{time}"),
            action: Action::Show(hit.event.conversation, hit.event.seq),
        }
    });
    rows.collect()
}
