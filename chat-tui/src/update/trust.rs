//! A server for whose certificate nobody vouches: the question, and what follows from the answer.

use chat_client::stranger::Stranger;
use crossterm::event::KeyEvent;

use super::{Effects, complain, say_so};
use crate::effect::{Effect, Tell};
use crate::state::State;
use crate::state::trust::{Answer, Trust};

/// Asks.
pub(super) fn met(state: &mut State, stranger: Box<Stranger>) {
    if let Some(form) = &mut state.sign_in {
        form.waits();
    }
    state.trust = Some(Trust::new(stranger));
}

/// Shows the question again, if there is one.
pub(super) fn show(state: &mut State) {
    match &mut state.trust {
        Some(trust) => trust.is_open = true,
        None => say_so(state, "There is no certificate to decide about here".to_owned()),
    }
}

/// Takes a key for the question; says whether there is one.
pub(super) fn key(state: &mut State, key: KeyEvent, effects: &mut Effects) -> bool {
    let Some(trust) = state.trust.as_mut().filter(|trust| trust.is_open) else { return false };
    match trust.key(key) {
        Answer::Wait => {}
        Answer::Trust => effects.add(Effect::Trust(trust.stranger.clone())),
        Answer::Close => close(state),
    }
    true
}

fn close(state: &mut State) {
    if let Some(form) = &mut state.sign_in {
        form.error = Some("The certificate is not trusted; nothing was sent.".to_owned());
        state.trust = None;
    } else if let Some(trust) = &mut state.trust {
        trust.is_open = false;
        complain(state, "Not trusted, and nothing was sent. /trust shows it again".to_owned());
    }
}

/// It is remembered, or cannot be.
pub(super) fn remembered(state: &mut State, result: Result<(), String>, effects: &mut Effects) {
    if let Err(error) = result {
        if let Some(trust) = &mut state.trust {
            trust.error = Some(error);
        }
        return;
    }
    state.trust = None;
    match &mut state.sign_in {
        Some(form) => effects.0.extend(form.goes_on().map(Effect::SignIn)),
        None => effects.tell(Tell::Reconnect),
    }
}
