//! The thread that is open beside the main line, or in its place on a narrow screen.

use chat_proto::Seq;

use super::timeline::Timeline;

/// See the module.
#[derive(Debug, Clone)]
pub struct Thread {
    /// Its first message.
    pub root: Seq,
    /// Its messages.
    pub(crate) timeline: Timeline,
    /// Whether the keys and the composer mean it and not the main line.
    pub focused: bool,
    /// How far it was told that one has read in it.
    pub(crate) told_read: Seq,
    /// When that was told.
    pub(crate) told_ms: Option<u64>,
    /// What is being written on the side that the composer does not mean now.
    pub(crate) other_text: String,
}

impl Thread {
    /// A thread of which nothing is known yet.
    #[must_use]
    pub fn new(root: Seq) -> Self {
        Self {
            root,
            timeline: Timeline::of_thread(root),
            focused: false,
            told_read: Seq::ZERO,
            told_ms: None,
            other_text: String::new(),
        }
    }
}
