//! What admins see of the server, as lists to choose from: the one place with all that they do, the
//! accounts, one account, the invite codes, and what is shown this once.

use chat_proto::{
    AccountInfo, AccountPage, Codes, DisableUser, EnableUser, InviteCode, ListAccounts, ListCodes,
    ListSessions, Request, ResetUser, RevokeCode, Role, RoomSurvey, SetLockdown, SetUserRole, SurveyRooms,
    Topic, UserName,
};

use super::State;
use super::picker::{Item, Kind, Picker};
use crate::action::{Action, Once, Order, Safety};

fn row(label: &str, detail: impl Into<String>, action: Action) -> Item {
    Item { label: label.to_owned(), detail: detail.into(), action }
}

fn ask(request: Request) -> Action {
    Action::Safety(Safety::Ask(Box::new(request)))
}

fn confirm(question: String, request: Request) -> Action {
    Action::Safety(Safety::Confirm(question, Box::new(request)))
}

/// All that admins do.
pub(crate) fn menu(state: &State) -> Picker {
    let begin = |line: &str| Action::Compose(line.to_owned());
    let accounts = ask(Request::ListAccounts(ListAccounts::default()));
    let doors = match state.lockdown {
        None => row("lock down", "the doors are open; let nobody new in", lockdown(true)),
        Some(at) => {
            let words = format!("locked down since {}", state.day_and_time(at));
            row("open the doors", words, lockdown(false))
        }
    };
    let items = vec![
        row("accounts", "who may log in; disable, enable, role, reset, logins", accounts),
        row("new account", "for somebody, by name", begin("/admin create @")),
        row("invite codes", "those that still make accounts; Enter ends one", ask(codes_request())),
        row("new invite code", "for one person or more", begin("/admin invite member uses 1 for 7d")),
        doors,
        row("rooms", "all of them, and how large they are", ask(rooms_request(None))),
        row("reports", "what people reported, everywhere", Action::Order(Order::Reports(true))),
        row("audit", "what was done to keep order", Action::Order(Order::Audit(true))),
        row("bans", "who is banned from the server", Action::Order(Order::Bans(true))),
    ];
    Picker::new(Kind::Admin, items)
}

/// Shuts the doors, or opens them; asks before.
pub(crate) fn lockdown(on: bool) -> Action {
    let question = match on {
        true => "Let nobody new in: no account is made, and only admins log in by a password? y locks down",
        false => "Open the doors again? y opens them",
    };
    confirm(question.to_owned(), Request::SetLockdown(SetLockdown { on: Some(on) }))
}

pub(crate) fn codes_request() -> Request {
    Request::ListCodes(ListCodes {})
}

pub(crate) fn rooms_request(after: Option<chat_proto::RoomName>) -> Request {
    Request::SurveyRooms(SurveyRooms { after, limit: None })
}

/// A page of the accounts; Enter on one shows what can be done.
pub(crate) fn accounts(state: &State, page: &AccountPage, query: Option<&String>) -> Picker {
    let mut items: Vec<Item> = page.accounts.iter().map(|account| account_item(state, account)).collect();
    if let Some(last) = page.accounts.last().filter(|_| page.more) {
        let next = ListAccounts { query: query.cloned(), after: Some(last.user.name.clone()), limit: None };
        items.push(row("more…", "the accounts after these", ask(Request::ListAccounts(next))));
    }
    Picker::new(Kind::AllAccounts, items)
}

fn account_item(state: &State, account: &AccountInfo) -> Item {
    Item {
        label: format!("@{}", account.user.name),
        detail: words(state, account),
        action: Action::Safety(Safety::Account(Box::new(account.clone()))),
    }
}

/// "member · disabled since 09:30 · second factor · last seen 09:00".
fn words(state: &State, account: &AccountInfo) -> String {
    let mut words = vec![account.role.to_string()];
    if account.user.bot {
        words.push("bot".to_owned());
    }
    words.extend(account.disabled.map(|at| format!("disabled since {}", state.day_and_time(at))));
    if account.second_factor {
        words.push("second factor".to_owned());
    }
    words.push(seen(state, account));
    words.join(" · ")
}

fn seen(state: &State, account: &AccountInfo) -> String {
    match account.last_seen {
        Some(at) => format!("last seen {}", state.day_and_time(at)),
        None => "never seen".to_owned(),
    }
}

/// One account: what is known, and what this admin may do about it.
pub(crate) fn account(state: &State, account: &AccountInfo) -> Picker {
    let name = &account.user.name;
    let mut items = Vec::new();
    if account.role < state.role && !state.is_me(account.user.id) {
        items.extend(logins(account));
        if !account.user.bot {
            items.extend(duties(state, account.role, account.disabled.is_some(), name));
        }
    }
    let profile = Action::Order(Order::Profile(Some(name.clone())));
    items.push(row("profile", "what they say of themselves; mute, ban", profile));
    let all = ask(Request::ListAccounts(ListAccounts::default()));
    items.push(row("back", "to the accounts", all));
    let mut picker = Picker::new(Kind::Account, items).titled(format!("account @{name}"));
    let stands = match account.disabled {
        Some(at) => format!("disabled since {}", state.day_and_time(at)),
        None => "may log in".to_owned(),
    };
    let bot = if account.user.bot { "bot, " } else { "" };
    let factor = if account.second_factor { "on" } else { "off" };
    let head = [
        ("state", stands),
        ("role", format!("{bot}{}", account.role)),
        ("made", state.day_and_time(account.at)),
        ("seen", seen(state, account)),
        ("two-factor", factor.to_owned()),
        ("logins", account.sessions.to_string()),
    ];
    picker.head = head.into_iter().map(|(left, right)| (left.to_owned(), right)).collect();
    picker
}

fn logins(account: &AccountInfo) -> Vec<Item> {
    if account.sessions == 0 {
        return Vec::new();
    }
    let name = &account.user.name;
    let list = ask(Request::ListSessions(ListSessions { user: Some(name.clone()) }));
    let end = Action::Safety(Safety::End(Some(name.clone()), None));
    vec![
        row("logins", "where they are logged in; end one", list),
        row("log out", "end all their logins", end),
    ]
}

/// What an admin may do about somebody with a weaker role. What hits hard is begun in the composer,
/// where a reason can be written, and asks once.
fn duties(state: &State, role: Role, is_disabled: bool, name: &UserName) -> Vec<Item> {
    let begin = |label: &str, detail: &str, line: String| row(label, detail, Action::Compose(line));
    let reset = |second_factor| ask(Request::ResetUser(ResetUser { user: name.clone(), second_factor }));
    let mut items = vec![match is_disabled {
        true => row(
            "enable",
            "let them log in again",
            ask(Request::EnableUser(EnableUser { user: name.clone() })),
        ),
        false => begin(
            "disable",
            "end all their logins and refuse new ones; asks once",
            format!("/admin disable @{name} "),
        ),
    }];
    for other in [Role::Guest, Role::Member, Role::Admin] {
        if other != role && other < state.role {
            let set = Request::SetUserRole(SetUserRole { user: name.clone(), role: other });
            let question = format!("Make @{name} {other} on the server? y does");
            items.push(row(&format!("make {other}"), format!("now {role}"), confirm(question, set)));
        }
    }
    if !is_disabled {
        items.push(row("reset password", "a code with which they choose another, once", reset(false)));
        items.push(row("reset password and second factor", "for who has lost both", reset(true)));
    }
    items
}

/// The same, for the card of a person; whether they are disabled is not known there.
pub(crate) fn about_person(state: &State, role: Role, name: &UserName) -> Vec<Item> {
    let query = ListAccounts { query: Some(name.to_string()), ..ListAccounts::default() };
    let mut items = duties(state, role, false, name);
    items.insert(
        1,
        row(
            "enable",
            "let them log in again, if they are disabled",
            ask(Request::EnableUser(EnableUser { user: name.clone() })),
        ),
    );
    items.push(row("account", "state, second factor, logins", ask(Request::ListAccounts(query))));
    items
}

/// The disabling of an account, asked before.
pub(crate) fn disable(user: UserName, reason: Topic) -> Action {
    let question = format!("End all logins of @{user} and of their bots, and refuse new ones? y does");
    confirm(question, Request::DisableUser(DisableUser { user, reason }))
}

/// The invite codes; Enter ends one.
pub(crate) fn codes(state: &State, codes: &Codes) -> Picker {
    let mut items: Vec<Item> = codes.invites.iter().map(|invite| code_item(state, invite)).collect();
    let begin = Action::Compose("/admin invite member uses 1 for 7d".to_owned());
    items.push(row("new code", "with role, number of accounts and time", begin));
    let words = match codes.invites.len() {
        0 => "invite codes · there is none".to_owned(),
        1 => "invite codes · Enter ends it".to_owned(),
        count => format!("{count} invite codes · Enter ends one"),
    };
    Picker::new(Kind::Codes, items).titled(words)
}

fn code_item(state: &State, invite: &InviteCode) -> Item {
    let until = invite.until.map_or("for good".to_owned(), |at| format!("until {}", state.day_and_time(at)));
    let made = state.day_and_time(invite.at);
    let accounts = if invite.uses == 1 { "account" } else { "accounts" };
    let question = format!("End the invite code {}? Accounts made with it stay. y ends it", invite.id);
    Item {
        label: invite.id.clone(),
        detail: format!("{} {} {accounts} · {until} · made {made}", invite.uses, invite.role),
        action: confirm(question, Request::RevokeCode(RevokeCode { id: invite.id.clone() })),
    }
}

/// A room, without anything of what is said there.
pub(crate) fn room_row(state: &State, room: &RoomSurvey) -> (String, String) {
    let members = if room.members == 1 { "1 member".to_owned() } else { format!("{} members", room.members) };
    let messages =
        if room.messages == 1 { "1 message".to_owned() } else { format!("{} messages", room.messages) };
    let mut words = vec![members, messages, format!("active {}", state.day_and_time(room.active_at))];
    words.extend(room.private.then(|| "private".to_owned()));
    words.extend(room.archived.then(|| "archived".to_owned()));
    words.extend((room.rules.keep_days > 0).then(|| format!("kept {} d", room.rules.keep_days)));
    (format!("#{}", room.name), words.join(" · "))
}

/// What is shown this once, and a way to copy it.
pub(crate) fn once(once: &Once) -> Picker {
    let copy = Action::Safety(Safety::CopyOnce(Box::new(once.clone())));
    let items = vec![
        row("copy", "into the clipboard, as far as the terminal does that", copy),
        row("close", "it is never shown again", Action::Nothing),
    ];
    let mut picker = Picker::new(Kind::Once, items).titled(format!("{}, shown this once", once.title));
    picker.head =
        vec![("code".to_owned(), once.code.expose().to_owned()), (String::new(), once.words.clone())];
    picker
}
