//! What people do about people: keep order, say something of themselves, keep others off.

use chat_proto::{DisplayName, Emoji, SetPrivacy, StatusText, Topic, UserName, Zone};

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// Puts somebody out and keeps them out; was asked before.
    Ban(Penalty),
    /// Asks whether to do that, or to purge.
    Ask(Box<Order>),
    /// Ends a ban, on the server if the flag says so.
    Unban(UserName, bool),
    /// Lets somebody only read.
    Mute(Penalty),
    /// Ends a mute, on the server if the flag says so.
    Unmute(UserName, bool),
    /// The bans here; with the flag, of the server.
    Bans(bool),
    /// The mutes here; with the flag, of the server.
    Mutes(bool),
    /// Deletes what somebody wrote in the last hour, here or, with the flag, everywhere.
    Purge(UserName, bool),
    /// Reports a message.
    Report(Topic),
    /// The open reports here; with the flag, of the server.
    Reports(bool),
    /// Closes a report of the list that was shown last, by its number there.
    Resolve(usize, Topic),
    /// What was done to keep order here; with the flag, on the server.
    Audit(bool),
    /// What somebody says of themselves; oneself without a name.
    Profile(Option<UserName>),
    /// One's name in one's own spelling.
    Name(DisplayName),
    /// Where one is.
    Zone(Zone),
    /// What one is doing, and for how many seconds.
    Status(Option<Emoji>, StatusText, Option<u64>),
    /// Blocks somebody, or ends that.
    Block(UserName, bool),
    /// Whom one blocks.
    Blocked,
    /// Sets what one shows; says it where nothing is set.
    Privacy(SetPrivacy),
    /// Who has read a message.
    Readers,
    /// Opens a message of somebody one blocks, or folds it again.
    Show,
}

/// A ban or a mute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Penalty {
    /// Whose.
    pub user: UserName,
    /// For how many seconds; `None` for good.
    pub for_s: Option<u32>,
    /// Why.
    pub reason: Topic,
    /// On the whole server, in place of the open room.
    pub everywhere: bool,
}
