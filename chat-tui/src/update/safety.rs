//! The safety of one's account: password, logins, second factor; and what admins do about accounts.

use chat_proto::{
    Answer, ListSessions, Request, RevokeSession, Secret, SessionInfo, Sessions, TotpSetup, UserName,
};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::{Effects, administration, linking, messages, say_so};
use crate::action::{Action, Safety};
use crate::state::administration as lists;
use crate::state::code::{self, Code};
use crate::state::page::Page;
use crate::state::picker::{Item, Kind, Picker};
use crate::state::secret::{Asking, SecretForm};
use crate::state::{Confirm, Popup, State};

/// Does it, or asks for it.
pub(super) fn act(state: &mut State, safety: Safety, effects: &mut Effects) {
    match safety {
        Safety::Password => ask(state, Asking::Password),
        Safety::TwoFactor => ask(state, Asking::TwoFactor),
        Safety::TwoFactorOff => ask(state, Asking::TwoFactorOff),
        Safety::Link => ask(state, Asking::Link),
        Safety::LinkCode(code) => linking::confirm(state, code, effects),
        Safety::Unlink => ask(state, Asking::Unlink),
        Safety::Admin => administration::menu(state, effects),
        Safety::Account(account) => {
            let card = lists::account(state, &account);
            state.popup = Some(Popup::Picker(Box::new(card)));
        }
        Safety::Create(name, role) => ask(state, Asking::Account(name, role)),
        Safety::CopyOnce(once) => {
            messages::copy(state, once.code.expose(), effects);
            administration::show_once(state, &once);
        }
        Safety::Sessions => effects.look(Request::ListSessions(ListSessions::default())),
        Safety::End(user, which) => {
            let whose = user.as_ref().map(|user| format!(" of @{user}")).unwrap_or_default();
            let (session, question) = match which {
                Some((session, device)) => {
                    (Some(session), format!("End the login{whose} on {device}? y ends it"))
                }
                None if user.is_some() => (None, format!("End all logins{whose}? y ends them")),
                None => (None, "End all other logins? y ends them".to_owned()),
            };
            confirm(state, question, Request::RevokeSession(RevokeSession { session, user }));
        }
        Safety::Ask(request) => effects.look(*request),
        Safety::Confirm(question, request) => confirm(state, question, *request),
    }
}

fn ask(state: &mut State, asking: Asking) {
    state.popup = Some(Popup::Secret(Box::new(SecretForm::new(asking))));
}

fn confirm(state: &mut State, question: String, request: Request) {
    let action = Action::Safety(Safety::Ask(Box::new(request)));
    state.confirm = Some(Confirm { question, action });
}

/// Keys while a password is typed do nothing else.
pub(super) fn key(state: &mut State, key: KeyEvent, effects: &mut Effects) {
    let Some(Popup::Secret(form)) = &mut state.popup else { return };
    let is_plain = matches!(key.modifiers, KeyModifiers::NONE | KeyModifiers::SHIFT);
    match key.code {
        KeyCode::Esc => state.popup = None,
        KeyCode::Char('c') if key.modifiers == KeyModifiers::CONTROL => state.popup = None,
        KeyCode::Enter => {
            if let Some(request) = form.enter() {
                state.popup = None;
                effects.look(request);
            }
        }
        KeyCode::Backspace => form.pop(),
        KeyCode::Char('u') if key.modifiers == KeyModifiers::CONTROL => form.clear(),
        // Letters of some layouts come with AltGr, which is both of these.
        KeyCode::Char(c) if is_plain || key.modifiers == KeyModifiers::CONTROL | KeyModifiers::ALT => {
            form.push(c.encode_utf8(&mut [0; 4]));
        }
        _ => {}
    }
}

/// What came back, where it is about this; the answer again where it is not.
pub(super) fn looked(
    state: &mut State,
    request: &Request,
    answer: Answer,
    effects: &mut Effects,
) -> Option<Answer> {
    match administration::looked(state, request, answer)? {
        Answer::ListSessions(sessions) => {
            let user = match request {
                Request::ListSessions(ask) => ask.user.as_ref(),
                _ => None,
            };
            show_sessions(state, user, &sessions);
        }
        Answer::BeginTotp(setup) => show_setup(state, &setup),
        Answer::BeginLink(begun) => linking::begun(state, begun, effects),
        Answer::ConfirmTotp(made) => {
            let codes: Vec<&str> = made.codes.iter().map(Secret::expose).collect();
            let rows = vec![
                (String::new(), "Logins ask for a code from now on; all other logins have ended.".to_owned()),
                (String::new(), "Write these down where your phone is not. Each is good once:".to_owned()),
                (String::new(), codes.join("\n")),
            ];
            show(state, "recovery codes, shown this once", rows);
        }
        answer => match done(request) {
            Some(words) => say_so(state, words),
            None => return Some(answer),
        },
    }
    None
}

fn done(request: &Request) -> Option<String> {
    Some(match request {
        Request::ChangePassword(_) => "Your password is changed; all other logins have ended".to_owned(),
        Request::RevokeSession(RevokeSession { session: None, user: Some(user) }) => {
            format!("@{user} is logged out everywhere")
        }
        Request::RevokeCode(_) => "The invite code is ended; accounts made with it stay".to_owned(),
        Request::RevokeSession(ask) if ask.session.is_none() => "All other logins have ended".to_owned(),
        Request::RevokeSession(_) => "That login has ended".to_owned(),
        Request::RemoveLink(_) => "Your account is not linked with the provider any more".to_owned(),
        Request::DisableTotp(_) => "Logins ask for the password alone".to_owned(),
        Request::DisableUser(ask) => format!("@{} is disabled", ask.user),
        Request::EnableUser(ask) => format!("@{} may log in again", ask.user),
        Request::SetUserRole(ask) => format!("@{} is now {} on the server", ask.user, ask.role),
        _ => return None,
    })
}

fn show(state: &mut State, title: &str, rows: Vec<(String, String)>) {
    state.popup = Some(Popup::Page(Page::new(title.to_owned(), rows)));
}

fn show_sessions(state: &mut State, user: Option<&UserName>, sessions: &Sessions) {
    let mut items: Vec<Item> =
        sessions.sessions.iter().map(|session| session_item(state, user, session)).collect();
    let others = sessions.sessions.iter().filter(|session| !session.current).count();
    if others > 0 {
        items.push(Item {
            label: if user.is_some() { "end all" } else { "end all others" }.to_owned(),
            detail: String::new(),
            action: Action::Safety(Safety::End(user.cloned(), None)),
        });
    }
    let linked = if sessions.provider.is_some() { " · linked with the provider" } else { "" };
    let title = match (user, sessions.second_factor) {
        (Some(user), _) if sessions.sessions.is_empty() => {
            return say_so(state, format!("@{user} is logged in nowhere"));
        }
        (Some(user), _) => format!("logins of @{user} · Enter ends one"),
        (None, Some(factor)) => format!(
            "your logins · Enter ends one · second factor on, {} recovery codes left{linked}",
            factor.recovery_codes
        ),
        (None, None) => {
            format!("your logins · Enter ends one · no second factor; /twofactor sets one up{linked}")
        }
    };
    let picker = Picker::new(Kind::Sessions, items).titled(title);
    state.popup = Some(Popup::Picker(Box::new(picker)));
}

fn session_item(state: &State, user: Option<&UserName>, session: &SessionInfo) -> Item {
    let device = match session.device.as_str() {
        "" => "a device without a name".to_owned(),
        name => name.to_owned(),
    };
    let (used, began) = (state.day_and_time(session.used_at), state.day_and_time(session.began_at));
    let detail = format!("used {used} · since {began}");
    if session.current {
        let action = Action::Safety(Safety::Sessions);
        return Item { label: format!("{device} (here)"), detail, action };
    }
    let action = Action::Safety(Safety::End(user.cloned(), Some((session.id, device.clone()))));
    Item { label: device, detail, action }
}

/// The secret as a code to photograph, where one can be drawn, and as text.
fn show_setup(state: &mut State, setup: &TotpSetup) {
    let lines = vec![
        "Photograph the code with your authenticator app, or type this secret into it:".to_owned(),
        code::in_groups(setup.secret.expose()),
        "Then write /twofactor and the code that it shows.".to_owned(),
    ];
    let page = Page::with_code("second factor", lines, Code::of(setup.url.expose()));
    state.popup = Some(Popup::Page(page));
}
