//! What people do about people: keep order, say something of themselves, keep others off.

use chat_proto::{
    Answer, AuditEntry, Ban, BanMember, BanUser, CloseReport, Conversation, ConversationKind, CreateReport,
    GetProfile, GetReaders, ListAudit, ListBans, ListBlocked, ListReports, MuteMember, MuteUser, Person,
    Privacy, Purge, Report, Request, SafeText, SetBlock, SetPrivacy, SetProfile, Status, Timestamp,
    UnbanMember, UnbanUser, UnmuteMember, UnmuteUser,
};

use super::{Effects, complain, files, lists, messages, safety, say_so};
use crate::action::{Action, Order, Penalty};
use crate::state::page::Page;
use crate::state::profile::status_words;
use crate::state::{Confirm, Popup, State};

/// Rows of a list that are asked for: what people scroll through.
const ROWS: u32 = 100;

/// Does it, or asks for it.
pub(super) fn act(state: &mut State, order: Order, effects: &mut Effects) {
    match order {
        Order::Ask(order) => ask(state, *order),
        Order::Show => show(state),
        Order::Readers => readers(state, effects),
        Order::Report(reason) => {
            if let Some((conversation, seq)) = messages::of_others(state) {
                effects.look(Request::CreateReport(CreateReport { conversation, seq, reason }));
            }
        }
        Order::Resolve(number, note) => match state.reports.get(number - 1) {
            Some(report) => effects.look(Request::CloseReport(CloseReport { report: report.id, note })),
            None => complain(state, format!("There is no report {number}; /reports lists them")),
        },
        Order::Profile(user) => {
            let user = user.or_else(|| state.me.as_ref().map(|me| me.name.clone()));
            if let Some(user) = user {
                effects.look(Request::GetProfile(GetProfile { user }));
            }
        }
        Order::Name(name) => set(SetProfile { display_name: Some(name), ..SetProfile::default() }, effects),
        Order::Zone(zone) => set(SetProfile { zone: Some(zone), ..SetProfile::default() }, effects),
        Order::Status(emoji, text, for_s) => {
            let ms = |seconds: u64| i64::try_from(seconds.saturating_mul(1_000)).unwrap_or(i64::MAX);
            let until = for_s.map(|s| Timestamp(state.now.clock.0.saturating_add(ms(s))));
            let status = Some(Status { emoji, text, until });
            set(SetProfile { status, ..SetProfile::default() }, effects);
        }
        Order::Block(user, on) => effects.look(Request::SetBlock(SetBlock { user, on })),
        Order::Blocked => effects.look(Request::ListBlocked(ListBlocked {})),
        Order::Privacy(set) if set == SetPrivacy::default() => say_so(state, privacy_words(state.privacy)),
        Order::Privacy(set) => effects.look(Request::SetPrivacy(set)),
        in_a_place => keep(state, in_a_place, effects),
    }
}

/// What is for the open room, or for the whole server.
fn keep(state: &mut State, order: Order, effects: &mut Effects) {
    let everywhere = match &order {
        Order::Ban(penalty) | Order::Mute(penalty) => penalty.everywhere,
        Order::Unban(_, everywhere) | Order::Unmute(_, everywhere) | Order::Purge(_, everywhere) => {
            *everywhere
        }
        Order::Bans(everywhere)
        | Order::Mutes(everywhere)
        | Order::Reports(everywhere)
        | Order::Audit(everywhere) => *everywhere,
        _ => return,
    };
    let room = if everywhere { None } else { Some(room(state)) };
    let conversation = match room {
        None => None,
        Some(Some(room)) => Some(room.id),
        Some(None) => {
            let text = "That is for rooms; --server behind the command means the whole server";
            return complain(state, text.to_owned());
        }
    };
    let limit = Some(ROWS);
    let (mutes, after, cursor) = (matches!(order, Order::Mutes(_)), None, None);
    effects.look(match (order, conversation) {
        (Order::Ban(Penalty { user, for_s, reason, .. }), Some(conversation)) => {
            Request::BanMember(BanMember { conversation, user, for_s, reason })
        }
        (Order::Ban(Penalty { user, for_s, reason, .. }), None) => {
            Request::BanUser(BanUser { user, for_s, reason })
        }
        (Order::Mute(Penalty { user, for_s, reason, .. }), Some(conversation)) => {
            Request::MuteMember(MuteMember { conversation, user, for_s, reason })
        }
        (Order::Mute(Penalty { user, for_s, reason, .. }), None) => {
            Request::MuteUser(MuteUser { user, for_s, reason })
        }
        (Order::Unban(user, _), Some(conversation)) => {
            Request::UnbanMember(UnbanMember { conversation, user })
        }
        (Order::Unban(user, _), None) => Request::UnbanUser(UnbanUser { user }),
        (Order::Unmute(user, _), Some(conversation)) => {
            Request::UnmuteMember(UnmuteMember { conversation, user })
        }
        (Order::Unmute(user, _), None) => Request::UnmuteUser(UnmuteUser { user }),
        (Order::Purge(user, _), conversation) => {
            let reason = chat_proto::Topic::default();
            Request::Purge(Purge { user, conversation, within_s: None, reason })
        }
        (Order::Bans(_) | Order::Mutes(_), conversation) => {
            Request::ListBans(ListBans { conversation, mutes, after, limit })
        }
        (Order::Reports(_), conversation) => {
            Request::ListReports(ListReports { conversation, all: false, cursor, limit })
        }
        (_, conversation) => Request::ListAudit(ListAudit { conversation, cursor, limit }),
    });
}

/// Asks before what cannot be taken back, or hits hard.
fn ask(state: &mut State, order: Order) {
    let place = match room(state) {
        Some(room) => state.conversations.title(room),
        None => "here".to_owned(),
    };
    let place = |everywhere: bool| if everywhere { "the server".to_owned() } else { place.clone() };
    let question = match &order {
        Order::Ban(penalty) => {
            let whence = place(penalty.everywhere);
            let time = penalty.for_s.map_or("for good".to_owned(), |s| format!("for {}", span(s)));
            format!("Ban @{} from {whence} {time}? y bans", penalty.user)
        }
        Order::Purge(user, everywhere) => {
            let place = if *everywhere { "everywhere".to_owned() } else { format!("in {}", place(false)) };
            format!("Delete all that @{user} wrote {place} in the last hour? y deletes")
        }
        _ => return,
    };
    state.confirm = Some(Confirm { question, action: Action::Order(order) });
}

/// What came back.
pub(super) fn looked(state: &mut State, request: &Request, answer: Answer, effects: &mut Effects) {
    let Some(answer) = safety::looked(state, request, answer, effects) else { return };
    match answer {
        Answer::ListBans(page) => {
            let what =
                if matches!(request, Request::ListBans(ask) if ask.mutes) { "muted" } else { "banned" };
            let rows = page.bans.iter().map(|ban| ban_row(ban, state)).collect();
            show_page(state, what, rows, &format!("Nobody is {what} here"));
        }
        Answer::ListReports(page) => {
            state.reports = page.reports;
            let numbered = state.reports.iter().enumerate();
            let rows = numbered.map(|(at, report)| report_row(at + 1, report, state)).collect();
            show_page(state, "reports · /resolve NUMBER [note] closes one", rows, "There is no open report");
        }
        Answer::ListAudit(page) => {
            let rows = page.entries.iter().map(|entry| audit_row(entry, state)).collect();
            show_page(state, "what was done to keep order", rows, "Nothing was done yet");
        }
        Answer::ListFiles(page) => files::listed(state, &page),
        Answer::GetProfile(profile) => lists::person(state, &profile),
        Answer::ListBlocked(list) => {
            show_page(state, "blocked", name_rows(&list.people), "You block nobody");
        }
        Answer::GetReaders(found) => {
            let title = format!("who has read message {}", found.seq);
            show_page(state, &title, name_rows(&found.readers), "Nobody else has read it, or shows so");
        }
        Answer::Purge(purged) => {
            let more = if purged.more { "; there are more, so do it again" } else { "" };
            say_so(state, format!("{} messages were deleted{more}", purged.deleted));
        }
        Answer::SetProfile(profile) => {
            let words = status_words(&profile.status);
            let name = profile.display_name.as_str();
            say_so(state, format!("You are now @{} {name} {words}", profile.user.name).trim_end().to_owned());
        }
        Answer::SetPrivacy(privacy) => {
            state.privacy = privacy;
            say_so(state, privacy_words(privacy));
        }
        _ => say_so(state, done(request)),
    }
}

/// A report came in, or was closed; says whether the screen looks different now.
pub(super) fn reported(state: &mut State, report: &Report) -> bool {
    let place = report.room.as_ref().map_or("a direct".to_owned(), |room| format!("#{room}"));
    let about = &report.event.author.name;
    let reason = if report.reason.is_empty() { String::new() } else { format!(": {}", report.reason) };
    let text = match &report.closed {
        Some(closed) => format!("{} closed the report about @{about} in {place}", closed.by.name),
        None => format!("{} reported a message by @{about} in {place}{reason}; see /reports", report.by.name),
    };
    say_so(state, text);
    true
}

fn set(profile: SetProfile, effects: &mut Effects) {
    effects.look(Request::SetProfile(profile));
}

fn room(state: &State) -> Option<&Conversation> {
    state.open_conversation().filter(|open| open.kind == ConversationKind::Room)
}

fn readers(state: &mut State, effects: &mut Effects) {
    if let Some((conversation, seq)) = messages::own(state) {
        effects.look(Request::GetReaders(GetReaders { conversation, seq }));
    }
}

/// Opens a folded message, or folds it again.
fn show(state: &mut State) {
    let Some((conversation, seq)) = messages::folded(state) else {
        return say_so(state, "There is no message here by somebody you block".to_owned());
    };
    let place = (conversation, seq);
    if !state.unfolded.remove(&place) {
        state.unfolded.insert(place);
    }
}

fn show_page(state: &mut State, title: &str, rows: Vec<(String, String)>, none: &str) {
    if rows.is_empty() {
        return say_so(state, none.to_owned());
    }
    state.popup = Some(Popup::Page(Page::new(title.to_owned(), rows)));
}

fn done(request: &Request) -> String {
    match request {
        Request::BanMember(BanMember { user, .. }) | Request::BanUser(BanUser { user, .. }) => {
            format!("@{user} is banned")
        }
        Request::MuteMember(MuteMember { user, .. }) | Request::MuteUser(MuteUser { user, .. }) => {
            format!("@{user} is muted")
        }
        Request::SetBlock(SetBlock { user, on: true }) => {
            format!("You block @{user}; they cannot write to you, and you do not see each other come and go")
        }
        Request::SetBlock(SetBlock { user, .. }) => format!("You do not block @{user} any more"),
        Request::CreateReport(_) => "Reported; those who keep order here see the message".to_owned(),
        Request::CloseReport(_) => "The report is closed".to_owned(),
        _ => "Done".to_owned(),
    }
}

fn name_rows(people: &[Person]) -> Vec<(String, String)> {
    people.iter().map(|person| (String::new(), format!("@{}", person.name))).collect()
}

fn ban_row(ban: &Ban, state: &State) -> (String, String) {
    let until =
        ban.until.map_or("for good".to_owned(), |until| format!("until {}", state.day_and_time(until)));
    let reason = if ban.reason.is_empty() { String::new() } else { format!(": {}", ban.reason) };
    (format!("@{}", ban.user.name), format!("by @{}, {until}{reason}", ban.by.name))
}

fn report_row(number: usize, report: &Report, state: &State) -> (String, String) {
    let place = report.room.as_ref().map_or("a direct".to_owned(), |room| format!("#{room}"));
    let reason = if report.reason.is_empty() { String::new() } else { format!(": {}", report.reason) };
    let said = report.event.body().map_or("(deleted)".to_owned(), |body| {
        SafeText::block(body.as_str()).to_string().replace('\n', "\n  ")
    });
    let text = format!(
        "{} · @{} in {place}{reason}\n  @{}: {said}",
        state.day_and_time(report.at),
        report.by.name,
        report.event.author.name
    );
    (number.to_string(), text)
}

fn audit_row(entry: &AuditEntry, state: &State) -> (String, String) {
    let mut text = format!("@{} {}", entry.actor.name, entry.act);
    if let Some(target) = &entry.target {
        text.push_str(&format!(" @{}", target.name));
    }
    if let Some(room) = &entry.room {
        text.push_str(&format!(" in #{room}"));
    }
    if let Some(role) = &entry.details.role {
        text.push_str(&format!(" ({role})"));
    }
    if let Some(until) = entry.details.until {
        text.push_str(&format!(" until {}", state.day_and_time(until)));
    }
    if !entry.reason.is_empty() {
        text.push_str(&format!(": {}", entry.reason));
    }
    (state.day_and_time(entry.at), text)
}

fn privacy_words(privacy: Privacy) -> String {
    let word = |on: bool| if on { "shown" } else { "hidden, both ways" };
    format!(
        "what is read: {} · typing: {} · last online: {}",
        word(privacy.read_receipts),
        word(privacy.typing),
        word(privacy.last_seen)
    )
}

/// "90 s", "10 min", "2 h", "7 d".
fn span(seconds: u32) -> String {
    match seconds {
        s if s % 86_400 == 0 => format!("{} d", s / 86_400),
        s if s % 3_600 == 0 => format!("{} h", s / 3_600),
        s if s % 60 == 0 => format!("{} min", s / 60),
        s => format!("{s} s"),
    }
}
