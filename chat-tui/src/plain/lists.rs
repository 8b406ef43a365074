//! What opens over the conversation on a full screen, as numbered lines.

use chat_client::Connection;
use chat_proto::Reason;

use super::words::{block, capital, sentence, spoken, who};
use super::{Out, Talk};
use crate::action::Action;
use crate::state::Popup;
use crate::state::listing::{Kind as ListKind, Listing, Row, Why};
use crate::state::page::Page;
use crate::state::picker::{Kind, Picker};
use crate::state::secret::Asking;

/// Rows of a list that are written out; letters behind the command filter the rest.
const ROWS: usize = 40;

/// Writes out what is open and complete, and closes it.
pub(super) fn write(talk: &mut Talk, out: &mut Out) {
    let is_online = talk.state.link.connection == Connection::Online;
    match &talk.state.popup {
        // The server's answer brings the rows.
        Some(Popup::Picker(picker)) if waits(picker) && is_online => return,
        Some(Popup::Listing(listing)) if listing.is_waiting() && is_online => return,
        _ => {}
    }
    match talk.state.popup.take() {
        Some(Popup::Picker(picker)) => pick(talk, &picker, out),
        Some(Popup::Listing(listing)) => list(talk, &listing, out),
        Some(Popup::Page(page)) => read(&page, out),
        Some(Popup::Picture(file)) => {
            out.say(&sentence(&format!("{} is a picture; /save keeps it as a file", file.name)));
        }
        Some(Popup::Browser(_)) => out.say("Say which file: /upload PATH, and a text behind it."),
        Some(Popup::Secret(form)) if matches!(form.asking, Asking::Account(..)) => {
            out.say("What is typed into lines can be seen; write code behind the role for a code in place of a password.");
        }
        Some(Popup::Secret(_)) => out.say("What is typed into lines can be seen; use chat-cli for this."),
        Some(Popup::Help(_)) => super::commands::help("", out),
        None => {}
    }
}

/// Whether the rows of a picker come from the server and are not here yet.
fn waits(picker: &Picker) -> bool {
    matches!(picker.kind, Kind::Rooms | Kind::People | Kind::Members) && !picker.is_filled()
}

fn pick(talk: &mut Talk, picker: &Picker, out: &mut Out) {
    let (rows, _) = picker.rows();
    if rows.is_empty() {
        return out.say(&format!("{}: there is nothing.", capital(&picker.title)));
    }
    out.say(&format!("{}, {}:", capital(&picker.title), count(rows.len(), "row")));
    for (word, said) in &picker.head {
        if picker.kind == Kind::Once {
            // A full stop behind a code would be copied with it.
            out.say(&format!("{}{}{said}", capital(word), if word.is_empty() { "" } else { ": " }));
            continue;
        }
        out.say(&sentence(&format!("{}: {}", capital(word), spoken(said))));
    }
    talk.offers = rows.iter().map(|item| item.action.clone()).collect();
    for (at, item) in rows.iter().take(ROWS).enumerate() {
        let detail =
            if item.detail.is_empty() { String::new() } else { format!(", {}", spoken(&item.detail)) };
        out.say(&sentence(&format!("{}) {}{detail}", at + 1, item.label)));
    }
    ended(rows.len(), out);
}

fn list(talk: &mut Talk, listing: &Listing, out: &mut Out) {
    if let Some(error) = &listing.error {
        talk.failed = true;
        return out.say(&sentence(error));
    }
    let title = match listing.kind {
        ListKind::Search => "Search",
        ListKind::Inbox => "Inbox",
        ListKind::Threads => "Threads",
        ListKind::Saved => "Saved messages",
    };
    if listing.rows.is_empty() {
        return out.say(&format!("{title}: there is nothing."));
    }
    out.say(&format!("{title}, {}, the newest or best first:", count(listing.rows.len(), "message")));
    talk.offers = listing.rows.iter().map(|row| Action::Show(row.at.conversation, row.at.seq)).collect();
    for (at, row) in listing.rows.iter().take(ROWS).enumerate() {
        out.say(&format!("{}) {}", at + 1, found(talk, row)));
    }
    ended(listing.rows.len(), out);
}

/// "lin mentions you in #ops, 14:03, number 12, unread: the text".
fn found(talk: &Talk, row: &Row) -> String {
    let state = &talk.state;
    let title = state.conversations.get(row.at.conversation).map(|c| state.conversations.title(c));
    let title = title.unwrap_or_else(|| "a conversation".to_owned());
    let why = match row.why {
        Why::Inbox(Reason::Mention) => " mentions you",
        Why::Inbox(Reason::Room | Reason::Here) => " calls everybody",
        Why::Inbox(Reason::Reply) => " answers you",
        Why::Thread(_) => " wrote last in a thread",
        _ => "",
    };
    let time = state.short_time(row.time);
    let unread = if matches!(row.why, Why::Inbox(_)) && !row.read { ", unread" } else { "" };
    let text = row.words.replace('\n', " / ");
    format!("{}{why} in {title}, {time}, number {}{unread}: {text}", who(state, &row.author), row.at.seq)
}

fn read(page: &Page, out: &mut Out) {
    out.say(&format!("{}:", capital(&page.title)));
    for (left, right) in &page.rows {
        let mut rows = right.lines();
        let first = rows.next().unwrap_or_default();
        let gap = if left.is_empty() || first.is_empty() { "" } else { ": " };
        out.say(&format!("{left}{gap}{first}"));
        rows.for_each(|row| block(row, &mut out.lines));
    }
}

fn ended(rows: usize, out: &mut Out) {
    if rows > ROWS {
        out.say(&format!("{} more are not shown.", rows - ROWS));
    }
    out.say("/pick and a number chooses one.");
}

fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}
