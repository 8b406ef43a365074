//! Search: the text becomes a query, the store finds, and takes only so long.

use std::sync::Arc;
use std::time::Duration;

use chat_proto::{Answer, ErrorCode, Search, SearchError, SearchPage, SearchQuery, WireError, limits};

use super::{App, Caller, Handled, store_failed};
use crate::domain::find::Wanted;
use crate::hub::now;
use crate::store::{self, SearchCursor};

/// The longest that one search may take; a person has turned away by then.
pub const PATIENCE: Duration = Duration::from_secs(2);

/// Searches of one account at once. There are two for the whole server.
pub const EACH: usize = 1;

/// After how long somebody whose search is under way may ask for the next, in milliseconds.
const WAIT_MS: u64 = 500;

impl App {
    pub(super) async fn search(self: &Arc<Self>, caller: &Caller, ask: Search) -> Result<Handled, WireError> {
        let query = SearchQuery::parse(&ask.query).map_err(|error| invalid(error.to_string()))?;
        self.paces.search(caller.person.id)?;
        let _seat = self.searching.take(caller.person.id).ok_or_else(one_at_a_time)?;
        let wanted = Wanted::of(&query);
        // Only signs were typed, which nothing is found by.
        let filters = SearchQuery { all: Vec::new(), none: Vec::new(), ..query.clone() };
        if wanted.all.is_empty() && wanted.none.is_empty() && filters == SearchQuery::default() {
            return Err(invalid(SearchError::Empty.to_string()));
        }
        let cursor = match ask.cursor.as_deref().map(SearchCursor::decode) {
            None => None,
            Some(Some(cursor)) => Some(cursor),
            Some(None) => return Err(invalid("This cursor is not one that the server gave.")),
        };
        let search = store::Search {
            user: caller.person.id,
            query,
            wanted,
            order: ask.order.unwrap_or_default(),
            cursor,
            limit: ask.limit.unwrap_or(limits::SEARCH_PAGE_DEFAULT).clamp(1, limits::SEARCH_PAGE),
            now: now(),
        };
        let found = self.store.search(search, PATIENCE).await.map_err(store_failed)?;
        let found = found.ok_or_else(too_slow)?;
        let cursor = found.cursor.as_ref().map(SearchCursor::encode);
        Ok(Answer::Search(SearchPage { hits: found.hits, cursor, indexing: found.indexing }).into())
    }
}

fn invalid(message: impl Into<String>) -> WireError {
    WireError::new(ErrorCode::Invalid, message)
}

fn one_at_a_time() -> WireError {
    let message = "A search of yours is under way; wait for what it finds.";
    WireError::new(ErrorCode::RateLimited, message).retry_after_ms(WAIT_MS)
}

fn too_slow() -> WireError {
    WireError::new(
        ErrorCode::Unavailable,
        "This search took too long; add a word, a room such as in:#deploys, or a day such as after:2026-11-01.",
    )
}
