//! The safety of one's account: password, logins, second factor; and what admins do about accounts.

use chat_proto::{
    AccountInfo, Answer, ListSessions, Request, ResetCode, RevokeSession, Secret, SessionInfo, Sessions,
    TotpSetup,
};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;

use super::{Effects, say_so};
use crate::action::{Action, Safety};
use crate::state::picker::{Item, Kind, Picker};
use crate::state::secret::{Asking, SecretForm};
use crate::state::{Confirm, Page, Popup, State};

/// Does it, or asks for it.
pub(super) fn act(state: &mut State, safety: Safety, effects: &mut Effects) {
    match safety {
        Safety::Password => state.popup = Some(Popup::Secret(Box::new(SecretForm::new(Asking::Password)))),
        Safety::TwoFactor => state.popup = Some(Popup::Secret(Box::new(SecretForm::new(Asking::TwoFactor)))),
        Safety::Sessions => effects.look(Request::ListSessions(ListSessions {})),
        Safety::End(which) => {
            let (session, question) = match which {
                Some((session, device)) => (Some(session), format!("End the login of {device}? y ends it")),
                None => (None, "End all other logins? y ends them".to_owned()),
            };
            confirm(state, question, Request::RevokeSession(RevokeSession { session }));
        }
        Safety::Ask(request) => effects.look(*request),
        Safety::Confirm(question, request) => confirm(state, question, *request),
    }
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
pub(super) fn looked(state: &mut State, request: &Request, answer: Answer) -> Option<Answer> {
    match answer {
        Answer::ListSessions(sessions) => show_sessions(state, &sessions),
        Answer::BeginTotp(setup) => show_setup(state, &setup),
        Answer::ConfirmTotp(made) => {
            let codes: Vec<&str> = made.codes.iter().map(Secret::expose).collect();
            let rows = vec![
                (String::new(), "Logins ask for a code from now on; all other logins have ended.".to_owned()),
                (String::new(), "Write these down where your phone is not. Each is good once:".to_owned()),
                (String::new(), codes.join("\n")),
            ];
            show(state, "recovery codes, shown this once", rows);
        }
        Answer::ListAccounts(page) => {
            let mut rows: Vec<_> = page.accounts.iter().map(|account| account_row(state, account)).collect();
            if page.more {
                rows.push((String::new(), "There are more; /admin users TEXT looks for a name".to_owned()));
            }
            show(state, "accounts", rows);
        }
        Answer::ResetUser(made) => show_reset(state, &made),
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
        Request::RevokeSession(ask) if ask.session.is_none() => "All other logins have ended".to_owned(),
        Request::RevokeSession(_) => "That login has ended".to_owned(),
        Request::DisableTotp(_) => "Logins ask for the password alone".to_owned(),
        Request::DisableUser(ask) => format!("@{} is disabled", ask.user),
        Request::EnableUser(ask) => format!("@{} may log in again", ask.user),
        Request::SetUserRole(ask) => format!("@{} is now {} on the server", ask.user, ask.role),
        _ => return None,
    })
}

fn show(state: &mut State, title: &str, rows: Vec<(String, String)>) {
    state.popup = Some(Popup::Page(Page { title: title.to_owned(), rows, top: 0 }));
}

fn show_sessions(state: &mut State, sessions: &Sessions) {
    let mut items: Vec<Item> = sessions.sessions.iter().map(|session| session_item(state, session)).collect();
    if sessions.sessions.len() > 1 {
        items.push(Item {
            label: "end all others".to_owned(),
            detail: String::new(),
            action: Action::Safety(Safety::End(None)),
        });
    }
    let factor = match sessions.second_factor {
        Some(factor) => format!("second factor on, {} recovery codes left", factor.recovery_codes),
        None => "no second factor; /twofactor sets one up".to_owned(),
    };
    let picker =
        Picker::new(Kind::Sessions, items).titled(format!("your logins · Enter ends one · {factor}"));
    state.popup = Some(Popup::Picker(Box::new(picker)));
}

fn session_item(state: &State, session: &SessionInfo) -> Item {
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
    let action = Action::Safety(Safety::End(Some((session.id, device.clone()))));
    Item { label: device, detail, action }
}

/// The secret as a code to photograph, where one can be drawn, and as text.
fn show_setup(state: &mut State, setup: &TotpSetup) {
    let line = |text: String| (String::new(), text);
    let mut rows = vec![
        line("Photograph this with your authenticator app, or type the secret into it.".to_owned()),
        line("Then write /twofactor and the code that it shows.".to_owned()),
        line(setup.secret.expose().to_owned()),
    ];
    if let Ok(code) = QrCode::new(setup.url.expose()) {
        let drawn = code.render::<Dense1x2>().dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).build();
        rows.push(line(drawn));
    }
    show(state, "second factor", rows);
}

fn show_reset(state: &mut State, made: &ResetCode) {
    let until = state.day_and_time(made.expires_at);
    let words = format!(
        "Give it to @{}, who takes \"reset code\" when logging in. It is good once, until {until}.",
        made.user.name
    );
    let rows = vec![(String::new(), made.code.expose().to_owned()), (String::new(), words)];
    show(state, "reset code, shown this once", rows);
}

fn account_row(state: &State, account: &AccountInfo) -> (String, String) {
    let mut words = vec![account.role.to_string()];
    if account.user.bot {
        words.push("bot".to_owned());
    }
    words.extend(account.disabled.map(|at| format!("disabled since {}", state.day_and_time(at))));
    if account.second_factor {
        words.push("second factor".to_owned());
    }
    words.push(match account.last_seen {
        Some(at) => format!("last seen {}", state.day_and_time(at)),
        None => "never seen".to_owned(),
    });
    (format!("@{}", account.user.name), words.join(" · "))
}
