//! Links: a letter for each, opening and copying.

use chat_proto::SafeText;
use crossterm::event::{KeyCode, KeyEvent};

use super::{Effects, places, say_so};
use crate::action::Action;
use crate::effect::Effect;
use crate::markup::{Link, Target};
use crate::state::hints::{hints, short_words, target_words};
use crate::state::{Confirm, State};

/// Columns of an address in a question.
const ASKED_COLUMNS: usize = 40;

/// Gives each link on screen a letter.
pub(super) fn letter(state: &mut State) {
    let found = hints(state);
    if found.is_empty() {
        return say_so(state, "There is no link on screen".to_owned());
    }
    state.hints = Some(found);
    say_so(state, "The letter opens the link, its capital copies it".to_owned());
}

/// Takes the letter.
pub(super) fn key(state: &mut State, key: KeyEvent, effects: &mut Effects) {
    let hints = state.hints.take().unwrap_or_default();
    let KeyCode::Char(typed) = key.code else { return };
    let Some(hint) = hints.into_iter().find(|hint| hint.letter == typed.to_ascii_lowercase()) else { return };
    if typed.is_ascii_uppercase() {
        let words = target_words(&hint.link.target);
        say_so(state, format!("Copied {words}"));
        effects.add(Effect::Copy(words));
    } else {
        follow(state, hint.link, effects);
    }
}

/// Goes where a link leads; asks before, where that is not where it seems to lead.
pub(super) fn follow(state: &mut State, link: Link, effects: &mut Effects) {
    if !link.is_suspect {
        return visit(state, link.target, effects);
    }
    let words = short_words(&link.target, ASKED_COLUMNS);
    let question = format!("Open {words}? y does; the link looks like another");
    state.confirm = Some(Confirm { question, action: Action::Visit(link.target) });
}

/// Goes where a link leads.
pub(super) fn visit(state: &mut State, target: Target, effects: &mut Effects) {
    match target {
        Target::Place(room, seq) => places::go_to(state, Some(room), seq, effects),
        Target::Web(address) => {
            say_so(state, format!("Opening {}", SafeText::line(&address)));
            effects.add(Effect::Visit(address));
        }
    }
}
