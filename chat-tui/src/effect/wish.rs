//! A page of a list of messages: what is asked for, and what comes.

use chat_client::{Client, RequestError};
use chat_proto::{InboxPage, ListInbox, ListSaved, ListThreads, SavedPage, Search, SearchPage, ThreadList};

/// Which page of which list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// What a search finds.
    Search(Search),
    /// What calls for the person.
    Inbox(ListInbox),
    /// The threads that the person follows.
    Threads(ListThreads),
    /// The messages that the person saved.
    Saved(ListSaved),
}

/// The page.
#[derive(Debug, Clone, PartialEq)]
pub enum Page {
    /// What a search found.
    Search(SearchPage),
    /// What calls for the person.
    Inbox(InboxPage),
    /// The threads that the person follows.
    Threads(ThreadList),
    /// The messages that the person saved.
    Saved(SavedPage),
}

impl Wish {
    /// Whether it is for the list from its beginning.
    #[must_use]
    pub fn is_first(&self) -> bool {
        match self {
            Wish::Search(ask) => ask.cursor.is_none(),
            Wish::Inbox(ask) => ask.cursor.is_none(),
            Wish::Threads(ask) => ask.cursor.is_none(),
            Wish::Saved(ask) => ask.cursor.is_none(),
        }
    }

    pub(super) async fn ask(&self, client: &Client) -> Result<Page, RequestError> {
        match self.clone() {
            Wish::Search(ask) => client.request(ask).await.map(Page::Search),
            Wish::Inbox(ask) => client.request(ask).await.map(Page::Inbox),
            Wish::Threads(ask) => client.request(ask).await.map(Page::Threads),
            Wish::Saved(ask) => client.request(ask).await.map(Page::Saved),
        }
    }
}
