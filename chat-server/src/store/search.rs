//! What a search asks of a store and where its next page begins, in no engine's words.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chat_proto::{Hit, SearchOrder, SearchQuery, Timestamp, UserId, limits};

use crate::domain::find::Wanted;

/// A search, checked.
#[derive(Debug, Clone)]
pub struct Search {
    /// Who asks. Nothing is found where they are no member now.
    pub user: UserId,
    /// The filters.
    pub query: SearchQuery,
    /// The texts.
    pub wanted: Wanted,
    /// What comes first.
    pub order: SearchOrder,
    /// Where the page begins; `None` for the first one.
    pub cursor: Option<SearchCursor>,
    /// Most hits.
    pub limit: u32,
    /// Now, for what counts as new.
    pub now: Timestamp,
}

/// A page of hits.
#[derive(Debug, Clone, PartialEq)]
pub struct Hits {
    /// The hits.
    pub hits: Vec<Hit>,
    /// Where the next page begins, if there is one.
    pub cursor: Option<SearchCursor>,
    /// Whether old messages are not in the index yet.
    pub indexing: bool,
}

/// Where the next page begins. Its numbers are the store's own; whoever makes some up gets
/// messages that they may see anyway, because rights are checked on every page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SearchCursor {
    /// What is left of an order by relevance, which was made once.
    Rest(Vec<u64>),
    /// What is older than this.
    Below(u64),
}

impl SearchCursor {
    /// The opaque text that clients hold.
    #[must_use]
    pub fn encode(&self) -> String {
        match self {
            SearchCursor::Below(id) => format!("n.{id}"),
            SearchCursor::Rest(ids) => {
                let mut bytes = Vec::new();
                ids.iter().for_each(|id| push_number(&mut bytes, *id));
                format!("b.{}", URL_SAFE_NO_PAD.encode(bytes))
            }
        }
    }

    /// Reads such a text; `None` for any other.
    #[must_use]
    pub fn decode(text: &str) -> Option<Self> {
        match text.split_once('.')? {
            ("n", id) => id.parse().ok().map(SearchCursor::Below),
            ("b", ids) => {
                let bytes = URL_SAFE_NO_PAD.decode(ids).ok()?;
                let mut ids = Vec::new();
                let mut rest = bytes.as_slice();
                while !rest.is_empty() && ids.len() < limits::SEARCH_HITS {
                    ids.push(take_number(&mut rest)?);
                }
                rest.is_empty().then_some(SearchCursor::Rest(ids))
            }
            _ => None,
        }
    }
}

/// Seven bits in a byte, the low ones first, the high bit set on all but the last.
fn push_number(bytes: &mut Vec<u8>, mut n: u64) {
    while n >= 0x80 {
        bytes.push((n & 0x7f) as u8 | 0x80);
        n >>= 7;
    }
    bytes.push(n as u8);
}

fn take_number(bytes: &mut &[u8]) -> Option<u64> {
    let mut n = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        n |= u64::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some(n);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_cursor_comes_back_the_same(ids in prop::collection::vec(any::<u64>(), 0..20), id in any::<u64>()) {
            for cursor in [SearchCursor::Rest(ids), SearchCursor::Below(id)] {
                prop_assert_eq!(SearchCursor::decode(&cursor.encode()), Some(cursor));
            }
        }

        #[test]
        fn no_text_makes_a_cursor_panic(text in "[bn]\\.[A-Za-z0-9_-]{0,40}|.*") {
            let _ = SearchCursor::decode(&text);
        }
    }

    #[test]
    fn a_cursor_is_bounded_and_small() {
        let rest = |n: u64| SearchCursor::Rest((1..=n).map(|n| 1_000_000 + n).collect()).encode();
        assert!(rest(500).len() <= 2_010, "{}", rest(500).len());
        assert!(SearchCursor::decode(&rest(500)).is_some());
        assert!(SearchCursor::decode(&rest(501)).is_none());
    }
}
