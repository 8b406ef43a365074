//! A list of messages from everywhere: what a search found, the inbox, the threads that one
//! follows, what one saved. Each leads to its place.
//!
//! 1. It says what it wants asked ([`Listing::first`], [`Listing::more`]) and takes the answer only
//!    to its newest question; a late answer to an older one changes nothing.
//! 2. Pages come as one moves down; at most [`ROWS`] rows are held.

use chat_proto::{
    Event, FollowedThread, Hit, InboxItem, ListInbox, ListSaved, ListThreads, Person, Position, Reason,
    Search, SearchOrder, SearchQuery, Seq, Timestamp, limits,
};

use super::completion::Completion;
use super::composer::{Composer, Edit};
use super::message::quoted;
use crate::effect::{Page, Wish};

/// Rows held of one list; who has not found it among these asks for something else.
const ROWS: usize = 2_000;

/// Rows that are asked for at once: two tall screens.
const PAGE: u32 = 50;

/// With fewer rows than this below the chosen one, the next page is asked for.
const AHEAD: usize = 20;

/// Pages in a row that may bring nothing, while the server says that there are more.
const EMPTY_PAGES: u32 = 20;

/// What a list lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// What a search found.
    Search,
    /// What calls for the person.
    Inbox,
    /// The threads that the person follows.
    Threads,
    /// The messages that the person saved.
    Saved,
}

/// Why a row is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    Found,
    Saved,
    Inbox(Reason),
    /// The thread with this first message.
    Thread(Seq),
}

/// A message in the list. Its texts are as others wrote them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) at: Position,
    pub(crate) time: Timestamp,
    pub(crate) author: Person,
    pub(crate) words: String,
    /// What to mark in the words, in Unicode scalar values.
    pub(crate) marks: Vec<[usize; 2]>,
    pub(crate) why: Why,
    pub(crate) read: bool,
}

/// See the module.
#[derive(Debug, Clone)]
pub struct Listing {
    /// What it lists.
    pub kind: Kind,
    pub(crate) query: Composer,
    pub(crate) completion: Option<Completion>,
    /// Whether the next letter begins another search.
    pub(crate) begins_anew: bool,
    pub(crate) order: SearchOrder,
    pub(crate) unread_only: bool,
    pub(crate) rows: Vec<Row>,
    pub(crate) selected: usize,
    /// Why there is no answer, as one sentence.
    pub(crate) error: Option<String>,
    /// Whether the server cannot find old messages yet.
    pub(crate) indexing: bool,
    /// What was asked for and is not answered.
    asked: Option<Wish>,
    /// The search that the rows answer.
    answered: Option<(String, SearchOrder)>,
    cursor: Option<String>,
    empty_pages: u32,
    loaded: bool,
}

impl Listing {
    /// An empty list.
    #[must_use]
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            query: Composer::default(),
            completion: None,
            begins_anew: false,
            order: SearchOrder::default(),
            unread_only: false,
            rows: Vec::new(),
            selected: 0,
            error: None,
            indexing: false,
            asked: None,
            answered: None,
            cursor: None,
            empty_pages: 0,
            loaded: false,
        }
    }

    /// A search for this, not asked yet.
    #[must_use]
    pub fn search(query: &str, order: SearchOrder) -> Self {
        Self { query: Composer::with_text(query), order, ..Self::new(Kind::Search) }
    }

    /// Asks for the first page; `None` if there is nothing to ask for, or it cannot be understood.
    /// What is shown stays until the answer is here.
    pub(crate) fn first(&mut self) -> Option<Wish> {
        self.empty_pages = 0;
        self.error = None;
        if self.kind == Kind::Search {
            self.begins_anew = false;
            if let Err(error) = SearchQuery::parse(&self.query.text()) {
                self.error = Some(error.to_string());
                self.forget();
                return None;
            }
        }
        self.asked = Some(self.wish(None, PAGE));
        self.asked.clone()
    }

    /// Asks for what is shown once more, because it may be different now; `None` while an answer
    /// is on its way or the list is too long to be asked for at once.
    pub(crate) fn again(&mut self) -> Option<Wish> {
        let count = u32::try_from(self.rows.len()).unwrap_or(u32::MAX).max(PAGE);
        if self.asked.is_some() || self.kind == Kind::Search || count > limits::LIST_PAGE {
            return None;
        }
        self.empty_pages = 0;
        self.asked = Some(self.wish(None, count));
        self.asked.clone()
    }

    /// Asks for the next page if the rows below the chosen one run out.
    pub(crate) fn more(&mut self) -> Option<Wish> {
        let below = self.rows.len().saturating_sub(self.selected);
        let is_needed = below < AHEAD && self.rows.len() < ROWS && self.empty_pages < EMPTY_PAGES;
        let cursor =
            self.cursor.clone().filter(|_| is_needed && self.asked.is_none() && !self.is_changed())?;
        self.asked = Some(self.wish(Some(cursor), PAGE));
        self.asked.clone()
    }

    fn wish(&self, cursor: Option<String>, limit: u32) -> Wish {
        let (unread_only, limit) = (self.unread_only, Some(limit));
        match self.kind {
            Kind::Search => {
                Wish::Search(Search { query: self.query.text(), order: Some(self.order), cursor, limit })
            }
            Kind::Inbox => Wish::Inbox(ListInbox { unread_only, cursor, limit }),
            Kind::Threads => Wish::Threads(ListThreads { unread_only, cursor, limit }),
            Kind::Saved => Wish::Saved(ListSaved { cursor, limit }),
        }
    }

    /// Whether this was asked for and is not answered.
    pub(crate) fn waits_for(&self, wish: &Wish) -> bool {
        self.asked.as_ref() == Some(wish)
    }

    /// Takes the answer to what it waits for.
    pub(crate) fn take(&mut self, wish: &Wish, answer: Result<Page, String>) {
        self.asked = None;
        let page = match answer {
            Ok(page) => page,
            Err(error) => {
                self.error = Some(error);
                return;
            }
        };
        let chosen = self.chosen().map(|row| row.at);
        if wish.is_first() {
            self.rows.clear();
        }
        if let Wish::Search(search) = wish {
            self.answered = Some((search.query.clone(), search.order.unwrap_or_default()));
        }
        let rows = match page {
            Page::Search(page) => {
                (self.cursor, self.indexing) = (page.cursor, page.indexing);
                page.hits.into_iter().map(found).collect()
            }
            Page::Inbox(page) => {
                self.cursor = page.cursor;
                page.items.into_iter().map(called).collect()
            }
            Page::Threads(page) => {
                self.cursor = page.cursor;
                page.threads.into_iter().map(followed).collect::<Vec<Row>>()
            }
            Page::Saved(page) => {
                self.cursor = page.cursor;
                page.messages.iter().map(saved).collect()
            }
        };
        self.empty_pages = if rows.is_empty() { self.empty_pages + 1 } else { 0 };
        (self.error, self.loaded) = (None, true);
        for row in rows {
            if self.rows.len() < ROWS && self.rows.iter().all(|held| held.at != row.at) {
                self.rows.push(row);
            }
        }
        let back = chosen.and_then(|at| self.rows.iter().position(|row| row.at == at));
        self.selected = back.unwrap_or(self.selected).min(self.rows.len().saturating_sub(1));
    }

    /// Something came into the inbox.
    pub(crate) fn came_in(&mut self, item: InboxItem) -> bool {
        let row = called(item);
        if self.kind != Kind::Inbox || !self.loaded || self.rows.iter().any(|held| held.at == row.at) {
            return false;
        }
        self.rows.insert(0, row);
        self.rows.truncate(ROWS);
        // The chosen row stays the chosen one.
        if self.selected > 0 {
            self.selected += 1;
        }
        true
    }

    /// Takes the chosen row away.
    pub(crate) fn let_go(&mut self) -> Option<Row> {
        let gone = (self.selected < self.rows.len()).then(|| self.rows.remove(self.selected));
        self.selected = self.selected.min(self.rows.len().saturating_sub(1));
        gone
    }

    /// The next answer begins at its first row.
    pub(crate) fn forget_choice(&mut self) {
        self.rows.clear();
        self.selected = 0;
    }

    fn forget(&mut self) {
        self.rows.clear();
        (self.asked, self.answered, self.cursor) = (None, None, None);
        (self.selected, self.indexing, self.loaded) = (0, false, false);
    }

    /// Changes what is searched for; says whether it is another text now.
    pub(crate) fn edit(&mut self, edit: Edit) -> bool {
        if matches!(edit, Edit::NewLine | Edit::Up | Edit::Down) {
            return false;
        }
        self.completion = None;
        if std::mem::take(&mut self.begins_anew) && matches!(edit, Edit::Insert(_)) {
            self.query = Composer::default();
        }
        let is_full = self.query.text().chars().nth(limits::SEARCH_CHARS).is_some();
        if is_full && matches!(edit, Edit::Insert(_) | Edit::Yank) {
            return false;
        }
        self.error = None;
        self.query.edit(edit)
    }

    /// Whether another search is written than the one that was answered.
    pub(crate) fn is_changed(&self) -> bool {
        let is_answered =
            |(query, order): &(String, SearchOrder)| *query == self.query.text() && *order == self.order;
        self.kind == Kind::Search && !self.answered.as_ref().is_some_and(is_answered)
    }

    /// Whether an answer is on its way.
    pub(crate) fn is_waiting(&self) -> bool {
        self.asked.is_some()
    }

    /// Moves the choice by rows.
    pub(crate) fn go(&mut self, by: isize) {
        let last = self.rows.len().saturating_sub(1);
        self.selected = self.selected.saturating_add_signed(by).min(last);
        self.empty_pages = 0;
    }

    /// The chosen row.
    pub(crate) fn chosen(&self) -> Option<&Row> {
        self.rows.get(self.selected)
    }

    pub(crate) fn chosen_mut(&mut self) -> Option<&mut Row> {
        self.rows.get_mut(self.selected)
    }
}

fn row(event: &Event, words: String, why: Why) -> Row {
    let at = Position { conversation: event.conversation, seq: event.seq };
    Row { at, time: event.at, author: event.author.clone(), words, marks: Vec::new(), why, read: true }
}

fn found(hit: Hit) -> Row {
    Row { marks: hit.marks, ..row(&hit.event, hit.snippet, Why::Found) }
}

fn called(item: InboxItem) -> Row {
    let words = item.event.body().map_or("message deleted", |body| body.as_str()).to_owned();
    Row { read: item.read, ..row(&item.event, words, Why::Inbox(item.reason)) }
}

fn saved(event: &Event) -> Row {
    let words = event.body().map_or("message deleted", |body| body.as_str()).to_owned();
    row(event, words, Why::Saved)
}

/// A thread stands for its first message; time and author are those of its newest.
fn followed(thread: FollowedThread) -> Row {
    let FollowedThread { root, last, state } = thread;
    let why = Why::Thread(state.thread);
    let at = Position { conversation: state.conversation, seq: state.thread };
    Row { at, read: state.unread == 0, ..row(&last, quoted(&root), why) }
}
