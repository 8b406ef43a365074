//! The inbox and the threads that one follows; levels of notification.

use serde::{Deserialize, Serialize};

use crate::absent::is_default;
use crate::{
    ConversationId, Dnd, FollowedThread, InboxItem, InboxState, Notify, NotifyLevel, Position, Schedule, Seq,
};

/// Payload of `inbox.list`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListInbox {
    /// Only what is not read.
    #[serde(default, skip_serializing_if = "is_default")]
    pub unread_only: bool,
    /// Where the page before ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// How many items.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// The answer to `inbox.list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InboxPage {
    /// The newest first.
    pub items: Vec<InboxItem>,
    /// How the whole inbox stands.
    pub state: InboxState,
    /// Where the next page begins; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// Payload of `inbox.mark`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarkInbox {
    /// Which messages; those that are not in the inbox are passed over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<Position>,
    /// Everything in it, in place of `items`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub all: bool,
    /// Mark them as not read, in place of read.
    #[serde(default, skip_serializing_if = "is_default")]
    pub unread: bool,
}

/// Payload of `thread.follow`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FollowThread {
    /// In which conversation.
    pub conversation: ConversationId,
    /// The thread's first message.
    pub thread: Seq,
    /// Follow it, or do not any more.
    pub on: bool,
}

/// Payload of `thread.mark`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarkThread {
    /// In which conversation.
    pub conversation: ConversationId,
    /// The thread's first message.
    pub thread: Seq,
    /// Read up to and with which message.
    pub seq: Seq,
}

/// Payload of `thread.list`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListThreads {
    /// Only those with something unread.
    #[serde(default, skip_serializing_if = "is_default")]
    pub unread_only: bool,
    /// Where the page before ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// How many threads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// The answer to `thread.list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThreadList {
    /// The one with the newest message first.
    pub threads: Vec<FollowedThread>,
    /// Where the next page begins; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// Payload of `conversation.notify`. It says how all stands from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetNotify {
    /// Which conversation.
    pub conversation: ConversationId,
    /// Which messages alert; absent for the usual.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<NotifyLevel>,
    /// Silent for so many seconds, whatever the level; absent for not at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mute_s: Option<u64>,
}

/// The answer to `conversation.notify`: how it stands now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotifyState {
    /// Which conversation.
    pub conversation: ConversationId,
    /// How one hears of it.
    pub notify: Notify,
}

/// Payload of `dnd.set`. It says how all stands from now on; without anything, one may be
/// disturbed at all times.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetDnd {
    /// Not for so many seconds from now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub for_s: Option<u64>,
    /// Not at these hours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Schedule>,
}

/// The answer to `dnd.set`: how it stands now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DndState {
    /// When one is not to be disturbed.
    pub dnd: Dnd,
}
