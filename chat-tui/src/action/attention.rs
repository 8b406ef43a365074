//! What a person may want about being called: of a conversation, and at all.

use chat_proto::{ClockTime, NotifyLevel, Weekday};

/// How one wants to hear of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hear {
    /// By this level; `None` for the usual one.
    Level(Option<NotifyLevel>),
    /// Not at all: for so many seconds, or until told otherwise.
    Mute(Option<u64>),
    /// Again, after it was muted.
    Unmute,
}

/// When one does not want to be disturbed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Quiet {
    /// Never: one may be disturbed at all times.
    Off,
    /// Not for so many seconds; the hours stay as they are.
    For(u64),
    /// Not from one time of day to another, on these days or on all; a pause stays as it is.
    Hours(ClockTime, ClockTime, Vec<Weekday>),
}
