//! What several servers on one database ask of it.

use chat_proto::{ConversationId, Seq};

/// Up to where one has looked in what is new: opaque, only good for the store that gave it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NewsPosition {
    /// In what the nodes told each other.
    pub news: i64,
    /// In the logs of all conversations.
    pub log: i64,
}

/// What is new since a [`NewsPosition`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WhatsNew {
    /// What the nodes told each other, each with its number.
    pub news: Vec<(i64, String)>,
    /// The conversations in which something happened, with the number of the newest event of it.
    pub moved: Vec<(ConversationId, Seq)>,
    /// Where to look on.
    pub position: NewsPosition,
    /// Whether there is more than fits.
    pub more: bool,
}
