//! Linking the account with somebody at the server's provider: where to go, and asking until it is
//! done there.

use chat_client::provider::{Missing, may_open};
use chat_proto::{OidcBegun, Secret};

use super::{Effects, complain, say_so};
use crate::effect::Effect;
use crate::state::code::Code;
use crate::state::page::Page;
use crate::state::{Popup, State};

/// What stands above the page that says where to go.
const TITLE: &str = "link with the provider";

/// Shows where to go. Where nothing has to be typed afterwards, it is asked for by itself.
pub(super) fn begun(state: &mut State, begun: OidcBegun, effects: &mut Effects) {
    let mut lines = vec!["Open this address in a browser, here or on another device:".to_owned()];
    lines.push(begun.url.clone());
    lines.extend(begun.user_code.iter().map(|code| format!("and type this code there: {code}")));
    lines.push(match begun.confirm {
        true => "Then write /link and the code that the last page shows.".to_owned(),
        false => "It is linked as soon as you are done there; this page may be closed.".to_owned(),
    });
    let address = begun.complete_url.as_ref().unwrap_or(&begun.url);
    let code = may_open(address).then(|| Code::of(address)).flatten();
    state.popup = Some(Popup::Page(Page::with_code(TITLE, lines, code)));
    let is_asked_for = !begun.confirm;
    let poll = begun.poll.clone();
    state.linking = Some(begun);
    if is_asked_for {
        effects.add(Effect::FinishLink(poll, None, std::time::Duration::ZERO));
    }
}

/// Takes the code that the last page shows.
pub(super) fn confirm(state: &mut State, code: Secret, effects: &mut Effects) {
    match &state.linking {
        Some(begun) => {
            effects.add(Effect::FinishLink(begun.poll.clone(), Some(code), std::time::Duration::ZERO));
        }
        None => complain(state, "Write /link alone first: it says where to go".to_owned()),
    }
}

/// Whether it is done, or what is missing; says whether that can be seen.
pub(super) fn answered(
    state: &mut State,
    poll: &Secret,
    code: Option<Secret>,
    result: Result<(), (String, Option<Missing>)>,
    effects: &mut Effects,
) -> bool {
    let Some(begun) = state.linking.as_ref().filter(|begun| begun.poll == *poll) else { return false };
    let is_over = begun.expires_at <= state.now.clock;
    match result {
        Err((_, Some(Missing::Time(pause)))) if !is_over => {
            effects.add(Effect::FinishLink(poll.clone(), code, pause));
            return false;
        }
        Err((_, Some(Missing::Time(_)))) => {
            end(state);
            complain(state, "Nobody logged in at the provider in time; /link begins again".to_owned());
        }
        Err((words, Some(Missing::Confirm))) => {
            complain(state, format!("{} /link and the code gives it", words.trim_end()));
        }
        Err((words, _)) => {
            end(state);
            complain(state, words);
        }
        Ok(()) => {
            end(state);
            say_so(state, "Your account is linked with the provider; /unlink ends that".to_owned());
        }
    }
    true
}

/// Forgets it, and takes its page away.
fn end(state: &mut State) {
    state.linking = None;
    if matches!(&state.popup, Some(Popup::Page(page)) if page.title == TITLE) {
        state.popup = None;
    }
}
