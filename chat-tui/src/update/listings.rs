//! Lists of messages from everywhere: opening them, their keys, and going from a row to its place.

use chat_proto::{InboxItem, ListThreads, MarkInbox, Request, SearchOrder, SetSaved, SetStar, limits};
use ratatui::layout::{Position, Rect};

use super::{Effects, actions, complain, lists, places, say_so};
use crate::action::{Action, Plain};
use crate::effect::{Page, Question, Wish};

use crate::keymap::{Context, Key};
use crate::layout;
use crate::state::completion::Completion;
use crate::state::composer::Edit;
use crate::state::filters;
use crate::state::listing::{Kind, Listing, Why};
use crate::state::{Popup, State};

/// Searches for a text; without one, goes on with the last search.
pub(super) fn search(state: &mut State, query: Option<String>, effects: &mut Effects) {
    let mut listing = match (query, state.search.take()) {
        (None, Some(mut last)) => {
            last.begins_anew = true;
            return open(state, *last);
        }
        (None, None) => return open(state, Listing::new(Kind::Search)),
        // The order is a habit, not a part of the question.
        (Some(query), last) => {
            let order = last.map_or_else(SearchOrder::default, |last| last.order);
            Listing::search(&query, order)
        }
    };
    let wish = listing.first();
    open(state, listing);
    ask(wish, effects);
}

/// Opens the inbox, the list of threads or what one saved.
pub(super) fn list(state: &mut State, kind: Kind, effects: &mut Effects) {
    let mut listing = Listing::new(kind);
    let wish = listing.first();
    open(state, listing);
    ask(wish, effects);
}

/// Opens what is unread in the inbox.
pub(super) fn unread_inbox(state: &mut State, effects: &mut Effects) {
    let mut listing = Listing::new(Kind::Inbox);
    listing.unread_only = true;
    let wish = listing.first();
    open(state, listing);
    ask(wish, effects);
}

fn open(state: &mut State, listing: Listing) {
    state.popup = Some(Popup::Listing(Box::new(listing)));
}

fn ask(wish: Option<Wish>, effects: &mut Effects) {
    if let Some(wish) = wish {
        effects.ask(Question::List(wish));
    }
}

/// A click on a row goes there; one beside the box closes it.
pub(super) fn click(state: &mut State, at: Position, effects: &mut Effects) -> bool {
    let screen = Rect::new(0, 0, state.size.0, state.size.1);
    let area = layout::popup(screen, layout::POPUP.1);
    let Some(listing) = listing(state) else { return false };
    if !area.contains(at) {
        close(state);
        return true;
    }
    let (rows, skip) = layout::listing_list(screen, listing);
    let row = skip + usize::from(at.y.saturating_sub(rows.y)) / layout::LISTING_ROW;
    if !rows.contains(at) || row >= listing.rows.len() || listing.is_changed() {
        return false;
    }
    listing.selected = row;
    take_row(state, effects);
    true
}

/// The list that is open.
fn listing(state: &mut State) -> Option<&mut Listing> {
    match &mut state.popup {
        Some(Popup::Listing(listing)) => Some(listing),
        _ => None,
    }
}

/// Takes a key while a list is open.
pub(super) fn key(state: &mut State, key: Key, effects: &mut Effects) {
    let State { popup: Some(Popup::Listing(listing)), keymap, .. } = state else { return };
    let writes = listing.kind == Kind::Search;
    let is_written = writes && key.typed().is_some();
    match keymap.plain(Context::Listing, key).filter(|_| !is_written) {
        Some(plain) => act(state, plain, effects),
        None if writes => {
            if let Some(change) = keymap.edit(key) {
                listing.edit(change);
            }
        }
        None => {}
    }
}

/// Takes pasted text.
pub(super) fn paste(state: &mut State, text: &str) {
    let Some(listing) = listing(state).filter(|listing| listing.kind == Kind::Search) else { return };
    for c in text.chars().filter(|c| !c.is_control()).take(limits::SEARCH_CHARS) {
        listing.edit(Edit::Insert(c));
    }
}

fn act(state: &mut State, plain: Plain, effects: &mut Effects) {
    let page = isize::try_from(layout::listing_rows(state)).unwrap_or(1).max(1);
    match plain {
        Plain::Cancel => close(state),
        Plain::Take => take_row(state, effects),
        Plain::Above => go(state, -1, effects),
        Plain::Below => go(state, 1, effects),
        Plain::PageUp => go(state, -page, effects),
        Plain::PageDown => go(state, page, effects),
        Plain::Complete => complete(state, false),
        Plain::CompleteBack => complete(state, true),
        Plain::Order => other_order(state, effects),
        Plain::UnreadOnly => unread_only(state, effects),
        Plain::ToggleRead => toggle_read(state, effects),
        Plain::AllRead => all_read(state, effects),
        Plain::LetGo => let_go(state, effects),
        _ => {}
    }
}

/// Closes the list; a search is kept to go on with.
fn close(state: &mut State) {
    if let Some(listing) = listing(state)
        && let Some(completion) = listing.completion.take()
    {
        return listing.query.replace_before_cursor(completion.start, &completion.word);
    }
    if let Some(Popup::Listing(listing)) = state.popup.take()
        && listing.kind == Kind::Search
    {
        state.search = Some(listing);
    }
}

/// Moves the choice; more rows come as one nears the end.
pub(super) fn go(state: &mut State, by: isize, effects: &mut Effects) {
    if let Some(listing) = listing(state) {
        listing.go(by);
        ask(listing.more(), effects);
    }
}

/// Searches for what is written, or goes where the chosen row leads.
fn take_row(state: &mut State, effects: &mut Effects) {
    let Some(listing) = listing(state) else { return };
    listing.completion = None;
    if listing.is_changed() {
        listing.selected = 0;
        return ask(listing.first(), effects);
    }
    let Some(row) = listing.chosen_mut() else { return };
    let (at, why, was_read) = (row.at, row.why, row.read);
    row.read = true;
    close(state);
    match why {
        Why::Found | Why::Saved => {}
        Why::Inbox(_) if was_read => {}
        Why::Inbox(_) => {
            let mark = MarkInbox { items: vec![at], ..MarkInbox::default() };
            effects.change(Request::MarkInbox(mark));
        }
        Why::Thread(root) => {
            return actions::act(state, Action::ShowThread(at.conversation, root), effects);
        }
    }
    actions::act(state, Action::Show(at.conversation, at.seq), effects);
}

/// Completes a filter or its value, or turns to the next completion.
fn complete(state: &mut State, back: bool) {
    let Some(Popup::Listing(open)) = &state.popup else { return };
    if open.kind != Kind::Search {
        return;
    }
    let begun = match &open.completion {
        Some(completion) => completion.clone(),
        None => {
            let (start, word) = filters::word(open.query.before());
            let found = filters::candidates(state, word);
            Completion::new(start, word, found.into_iter().map(Into::into).collect())
        }
    };
    let Some(listing) = listing(state) else { return };
    let mut completion = begun;
    let text = completion.turn(back).to_owned();
    listing.begins_anew = false;
    listing.query.replace_before_cursor(completion.start, &text);
    // With a single candidate the next Tab completes what comes after it.
    listing.completion = (completion.candidates.len() > 1).then_some(completion);
}

fn other_order(state: &mut State, effects: &mut Effects) {
    let Some(listing) = listing(state).filter(|listing| listing.kind == Kind::Search) else { return };
    listing.order = match listing.order {
        SearchOrder::Best => SearchOrder::Newest,
        SearchOrder::Newest => SearchOrder::Best,
    };
    listing.selected = 0;
    if !listing.query.is_empty() {
        listing.forget_choice();
        ask(listing.first(), effects);
    }
}

fn unread_only(state: &mut State, effects: &mut Effects) {
    let has_unread = |listing: &&mut Listing| matches!(listing.kind, Kind::Inbox | Kind::Threads);
    let Some(listing) = listing(state).filter(has_unread) else { return };
    listing.unread_only = !listing.unread_only;
    ask(listing.first(), effects);
}

fn toggle_read(state: &mut State, effects: &mut Effects) {
    let Some(listing) = listing(state).filter(|listing| listing.kind == Kind::Inbox) else { return };
    let Some(row) = listing.chosen_mut() else { return };
    row.read = !row.read;
    let mark = MarkInbox { items: vec![row.at], unread: !row.read, ..MarkInbox::default() };
    effects.change(Request::MarkInbox(mark));
}

/// Everything in the inbox is read, whether it is open or not.
pub(super) fn all_read(state: &mut State, effects: &mut Effects) {
    let is_empty = state.inbox.unread == 0;
    match listing(state) {
        Some(listing) if listing.kind == Kind::Inbox => {
            listing.rows.iter_mut().for_each(|row| row.read = true);
        }
        Some(_) => return,
        None if is_empty => return say_so(state, "Nothing in your inbox is unread".to_owned()),
        None => say_so(state, "Everything in your inbox is marked as read".to_owned()),
    }
    effects.change(Request::MarkInbox(MarkInbox { all: true, ..MarkInbox::default() }));
}

/// Keeps the chosen message of what one saved no more.
fn let_go(state: &mut State, effects: &mut Effects) {
    let Some(listing) = listing(state).filter(|listing| listing.kind == Kind::Saved) else { return };
    let Some(row) = listing.let_go() else { return };
    let wish = listing.more();
    let (conversation, seq) = (row.at.conversation, row.at.seq);
    effects.change(Request::SetSaved(SetSaved { conversation, seq, on: false }));
    ask(wish, effects);
}

/// Saves the chosen message for oneself.
pub(super) fn save(state: &mut State, effects: &mut Effects) {
    let (Some(conversation), Some(seq)) = (state.open, state.selected) else {
        return say_so(state, format!("Choose a message first: {}", state.keymap.way(Plain::SaveMessage)));
    };
    effects.change(Request::SetSaved(SetSaved { conversation, seq, on: true }));
    say_so(state, "Saved; /saved lists what you saved".to_owned());
}

/// Stars the open conversation, or takes the star away.
pub(super) fn star(state: &mut State, effects: &mut Effects) {
    let Some(open) = state.open_conversation() else { return };
    let ask = SetStar { conversation: open.id, on: !open.starred };
    let title = state.conversations.title(open);
    effects.change(Request::SetStar(ask));
    say_so(
        state,
        if ask.on { format!("{title} is starred") } else { format!("{title} is not starred any more") },
    );
}

/// Takes a page that was asked for.
pub(super) fn listed(
    state: &mut State,
    wish: &Wish,
    answer: Result<Page, String>,
    effects: &mut Effects,
) -> bool {
    meet(state, &answer);
    match listing(state).filter(|listing| listing.waits_for(wish)) {
        Some(listing) => {
            listing.take(wish, answer);
            ask(listing.more(), effects);
            true
        }
        // A search that was closed before its answer came shows it when it is opened again.
        None => {
            if let Ok(Page::Search(page)) = &answer
                && lists::messages_found(state, wish, page)
            {
                return true;
            }
            if let Some(last) = state.search.as_mut().filter(|last| last.waits_for(wish)) {
                last.take(wish, answer);
            }
            false
        }
    }
}

/// The people in an answer are known from now on.
fn meet(state: &mut State, answer: &Result<Page, String>) {
    let Ok(page) = answer else { return };
    match page {
        Page::Search(page) => page.hits.iter().for_each(|hit| state.people.meet(&hit.event.author)),
        Page::Inbox(page) => page.items.iter().for_each(|item| state.people.meet(&item.event.author)),
        Page::Saved(page) => page.messages.iter().for_each(|event| state.people.meet(&event.author)),
        Page::Threads(page) => page.threads.iter().for_each(|t| state.people.meet(&t.last.author)),
    }
}

/// Something came into the inbox.
pub(super) fn came_in(state: &mut State, item: InboxItem) -> bool {
    listing(state).is_some_and(|listing| listing.came_in(item))
}

/// The inbox stands differently: what is shown of it may be read now, here or elsewhere.
pub(super) fn inbox_changed(state: &mut State, effects: &mut Effects) {
    if let Some(listing) = listing(state).filter(|listing| listing.kind == Kind::Inbox) {
        ask(listing.again(), effects);
    }
}

/// There is a connection again: what could not be had is asked for once more, and how one stands
/// to threads with something unread is learned from the answer.
pub(super) fn online(state: &mut State, effects: &mut Effects) {
    state.threads.forget();
    let unread = ListThreads { unread_only: true, cursor: None, limit: Some(limits::LIST_PAGE) };
    effects.ask(Question::List(Wish::Threads(unread)));
    if let Some(listing) = listing(state).filter(|listing| listing.error.is_some()) {
        ask(listing.first(), effects);
    }
}

/// Opens a thread of a conversation; a jump back leads to where one was.
pub(super) fn show_thread(
    state: &mut State,
    id: chat_proto::ConversationId,
    root: chat_proto::Seq,
    effects: &mut Effects,
) {
    places::remember(state);
    places::go(state, id, effects);
    if state.open != Some(id) {
        return complain(state, "That conversation is not here any more".to_owned());
    }
    super::threads::open(state, root, None, effects);
}
