//! What admins do about the server: what they asked for is shown, what they did is said.

use chat_proto::{
    Answer, CreatedUser, ListAccounts, Lockdown, NewCode, Request, ResetCode, Role, RoomSurvey, SetLockdown,
    SurveyPage, Timestamp,
};

use super::{Effects, complain, say_so};
use crate::action::Once;
use crate::state::administration as lists;
use crate::state::page::Page;
use crate::state::picker::Picker;
use crate::state::{Popup, State};

/// Opens the one place with all that admins do; how the doors stand is asked anew.
pub(super) fn menu(state: &mut State, effects: &mut Effects) {
    if state.role < Role::Admin {
        return complain(state, "Only admins of this server can do that".to_owned());
    }
    show(state, lists::menu(state));
    ask_lockdown(state, effects);
}

/// Asks how the doors stand, which admins are shown as long as they are shut.
pub(super) fn ask_lockdown(state: &State, effects: &mut Effects) {
    if state.role >= Role::Admin {
        effects.look(Request::SetLockdown(SetLockdown { on: None }));
    }
}

/// What came back, where it is about this; the answer again where it is not.
pub(super) fn looked(state: &mut State, request: &Request, answer: Answer) -> Option<Answer> {
    match answer {
        Answer::ListAccounts(page) => {
            let query = match request {
                Request::ListAccounts(ListAccounts { query, .. }) => query.as_ref(),
                _ => None,
            };
            if page.accounts.is_empty() {
                say_so(state, "No account has that in its name".to_owned());
                return None;
            }
            let exact = page
                .accounts
                .iter()
                .find(|account| Some(account.user.name.as_str()) == query.map(String::as_str));
            let picker = match exact {
                Some(account) => lists::account(state, account),
                None => lists::accounts(state, &page, query),
            };
            show(state, picker);
        }
        Answer::ListCodes(codes) => show(state, lists::codes(state, &codes)),
        Answer::CreateCode(made) => show_code(state, made),
        Answer::ResetUser(made) => show_reset(state, made),
        Answer::CreateUser(made) => created(state, made),
        Answer::SurveyRooms(page) => show_rooms(state, &page),
        Answer::SetLockdown(now) => doors(state, request, now),
        answer => return Some(answer),
    }
    None
}

fn show(state: &mut State, picker: Picker) {
    state.popup = Some(Popup::Picker(Box::new(picker)));
}

/// Shows something this once.
pub(super) fn show_once(state: &mut State, once: &Once) {
    show(state, lists::once(once));
}

fn show_code(state: &mut State, made: NewCode) {
    let NewCode { code, invite } = made;
    let until = invite.until.map_or("for good".to_owned(), |at| format!("until {}", state.day_and_time(at)));
    let accounts =
        if invite.uses == 1 { "1 account".to_owned() } else { format!("{} accounts", invite.uses) };
    let words = format!(
        "It makes {accounts} with the role {}, {until}. People type it when they sign up.",
        invite.role
    );
    show_once(state, &Once { title: "invite code".to_owned(), code, words });
}

fn show_reset(state: &mut State, made: ResetCode) {
    let until = state.day_and_time(made.expires_at);
    let words = format!(
        "Give it to @{}, who takes \"reset code\" when logging in. It is good once, until {until}.",
        made.user.name
    );
    show_once(state, &Once { title: "reset code".to_owned(), code: made.code, words });
}

fn created(state: &mut State, made: CreatedUser) {
    match made.reset {
        Some(reset) => show_reset(state, reset),
        None => say_so(state, format!("@{} can log in now, and should change the password", made.user.name)),
    }
}

fn show_rooms(state: &mut State, page: &SurveyPage) {
    if page.rooms.is_empty() {
        return say_so(state, "There are no more rooms".to_owned());
    }
    let mut rows: Vec<_> = page.rooms.iter().map(|room: &RoomSurvey| lists::room_row(state, room)).collect();
    if let Some(last) = page.rooms.last().filter(|_| page.more) {
        rows.push((String::new(), format!("There are more: /admin rooms after #{}", last.name)));
    }
    let title = "rooms, the private ones too".to_owned();
    state.popup = Some(Popup::Page(Page::new(title, rows)));
}

fn doors(state: &mut State, request: &Request, now: Lockdown) {
    state.lockdown = now.since;
    match request {
        Request::SetLockdown(SetLockdown { on: Some(_) }) => {
            let words = match now.since {
                Some(_) => "Locked down: nobody new comes in; /admin lockdown off opens the doors",
                None => "The doors are open",
            };
            say_so(state, words.to_owned());
        }
        _ => stand_anew(state),
    }
}

/// Another admin shut the doors or opened them.
pub(super) fn doors_moved(state: &mut State, since: Option<Timestamp>) -> bool {
    let moved = state.lockdown.is_some() != since.is_some();
    state.lockdown = since;
    if moved {
        let words = match since {
            Some(_) => "Another admin locked the server down: nobody new comes in",
            None => "Another admin opened the doors again",
        };
        say_so(state, words.to_owned());
        stand_anew(state);
    }
    moved
}

/// The list that is open tells how the doors stand.
fn stand_anew(state: &mut State) {
    if let Some(Popup::Picker(open)) = &state.popup
        && open.kind == crate::state::picker::Kind::Admin
        && open.query().is_empty()
    {
        let (_, at) = open.rows();
        let mut menu = lists::menu(state);
        menu.choose(at);
        show(state, menu);
    }
}
