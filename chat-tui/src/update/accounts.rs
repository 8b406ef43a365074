//! Other accounts: going there, adding and leaving one. What is more than a wish is done by
//! [`crate::desk`], which holds them all.

use chat_proto::ConversationId;

use super::{Effects, complain, places, say_so, writing};
use crate::action::{Account, Action};
use crate::effect::{Effect, Move, Tell};
use crate::state::neighbours::{Digest, Spot, whole_name};
use crate::state::picker::{Item, Kind, Picker};
use crate::state::{Confirm, Popup, State};

/// Does what a person wants with their accounts.
pub(super) fn act(state: &mut State, wish: Account, effects: &mut Effects) {
    match wish {
        Account::Add => effects.add(Effect::Seat(Move::Add)),
        Account::Go(name) => match state.neighbours.named(&name) {
            Ok(seat) => visit(Spot { seat, conversation: None }, effects),
            Err(_) if is_own(state, &name) => say_so(state, "That is the account you are in".to_owned()),
            Err(_) if state.neighbours.is_alone() => {
                complain(state, "There is no other account; /account add signs in to one".to_owned());
            }
            Err(error) => complain(state, error),
        },
        Account::Remove(name) => remove(state, name),
        Account::SignOut(seat) => effects.add(Effect::Seat(Move::Remove(seat))),
        Account::Visit(spot) => visit(spot, effects),
    }
}

fn visit(to: Spot, effects: &mut Effects) {
    effects.add(Effect::Seat(Move::Visit { to, home: None }));
}

fn is_own(state: &State, name: &str) -> bool {
    let user = state.me.as_ref().map(|me| me.name.as_str()).unwrap_or_default();
    let label = own_label(state);
    [user, label, &whole_name(user, label)].iter().any(|own| own.eq_ignore_ascii_case(name))
}

/// What the account on screen is called.
fn own_label(state: &State) -> &str {
    if state.neighbours.label.is_empty() { &state.server_name } else { &state.neighbours.label }
}

/// Asks once: what is kept of the account on this machine goes with it.
fn remove(state: &mut State, name: Option<String>) {
    let name = name.filter(|name| !is_own(state, name));
    let (seat, whole) = match name.map(|name| state.neighbours.named(&name)) {
        None => {
            let user = state.me.as_ref().map(|me| me.name.as_str()).unwrap_or_default();
            (state.neighbours.own, whole_name(user, own_label(state)))
        }
        Some(Ok(seat)) => (seat, state.neighbours.get(seat).map(Digest::whole_name).unwrap_or_default()),
        Some(Err(error)) => return complain(state, error),
    };
    let question = format!("Sign out of {whole}? Unsent messages and what is kept here of it go. (y/n)");
    state.confirm = Some(Confirm { question, action: Action::Account(Account::SignOut(seat)) });
}

/// Lists the accounts; choosing one goes there.
pub(super) fn list(state: &mut State) {
    let user = state.me.as_ref().map(|me| me.name.as_str()).unwrap_or_default();
    let own = Digest::of(state.neighbours.own, own_label(state).to_owned(), state);
    let mut items = Vec::new();
    items.extend(state.neighbours.before.iter().map(|digest| item(digest, false)));
    items.push(Item { label: whole_name(user, own_label(state)), ..item(&own, true) });
    items.extend(state.neighbours.after.iter().map(|digest| item(digest, false)));
    items.push(Item {
        label: "add an account".to_owned(),
        detail: "Sign in to another server, or by another name; /account remove signs out".to_owned(),
        action: Action::Account(Account::Add),
    });
    state.popup = Some(Popup::Picker(Box::new(Picker::new(Kind::Accounts, items))));
}

fn item(digest: &Digest, is_own: bool) -> Item {
    let mut words = vec![format!("{} {}", digest.standing.mark(), digest.standing.words())];
    if is_own {
        words.push("here".to_owned());
    }
    if digest.mentions > 0 {
        words.push(format!("{} mentions", digest.mentions));
    }
    if digest.unread > 0 {
        words.push(format!("{} unread", digest.unread));
    }
    words.push(digest.server.clone());
    let action = match is_own {
        true => Action::Nothing,
        false => Action::Account(Account::Visit(Spot { seat: digest.seat, conversation: None })),
    };
    Item { label: digest.whole_name(), detail: words.join(" · "), action }
}

/// Says that an account is signed out, or what is left to do.
pub(super) fn signed_out(state: &mut State, name: &str, result: Result<(), String>) {
    match result {
        Ok(()) => say_so(state, format!("Signed out of {name}; nothing of it is kept here")),
        Err(error) => complain(state, format!("Signed out of {name}, but {error}")),
    }
}

/// The account goes off the screen: the draft is safe, and what can be had again is not kept.
pub(crate) fn leave(state: &mut State) -> Vec<Effect> {
    let mut effects = Effects::default();
    writing::save_draft(state, &mut effects);
    if let (Some(open), true) = (state.open, std::mem::take(&mut state.told_typing)) {
        effects.tell(Tell::Typing(open, false));
    }
    let open = state.open;
    state.timelines.retain(|id, timeline| Some(*id) == open || !timeline.pending().is_empty());
    (state.popup, state.search, state.notice, state.confirm) = (None, None, None, None);
    (state.completion, state.selected, state.focused, state.aside) = (None, None, false, true);
    state.neighbours = crate::state::neighbours::Neighbours {
        own: state.neighbours.own,
        label: std::mem::take(&mut state.neighbours.label),
        ..Default::default()
    };
    effects.0
}

/// Opens a conversation of the account that has come on the screen.
pub(crate) fn arrive(state: &mut State, id: Option<ConversationId>) -> Vec<Effect> {
    let mut effects = Effects::default();
    if let Some(id) = id {
        places::go(state, id, &mut effects);
    }
    super::follow(state, &mut effects);
    effects.0
}

/// What is known of the other accounts has changed.
pub(crate) fn look_around(state: &mut State) -> Vec<Effect> {
    let mut effects = Effects::default();
    state.dirty = true;
    super::follow(state, &mut effects);
    effects.0
}

/// The person is at the keyboard, though in another account.
pub(crate) fn alive(state: &mut State) -> Vec<Effect> {
    let mut effects = Effects::default();
    super::seen_alive(state, &mut effects);
    effects.0
}
