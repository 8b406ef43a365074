//! The keys of the chat before a profile and the person change any: one table for each context.

use crate::action::Plain;
use crate::state::composer::{Edit, Go};

/// A row: how people write the keys, and what they do.
pub(super) struct Row<T> {
    pub(super) keys: &'static str,
    pub(super) does: T,
}

pub(super) const fn row<T: Copy>(keys: &'static str, does: T) -> Row<T> {
    Row { keys, does }
}

/// The keys of the chat. The first row of an action is the one that is shown beside it. A key that
/// also stands among [`EDIT`] edits while there is something for it to edit.
pub(super) const CHAT: &[Row<Plain>] = &[
    row("Enter", Plain::Send),
    row("Alt-Enter", Plain::NewLine),
    row("Shift-Enter", Plain::NewLine),
    row("Ctrl-J", Plain::NewLine),
    row("Ctrl-K", Plain::Switcher),
    row("Ctrl-P", Plain::Switcher),
    row("Ctrl-F", Plain::Search),
    row("Alt-S", Plain::Search),
    row("Alt-I", Plain::Inbox),
    row("Alt-Down", Plain::NextConversation),
    row("Ctrl-N", Plain::NextConversation),
    row("F6", Plain::NextConversation),
    row("Alt-Up", Plain::PreviousConversation),
    row("F5", Plain::PreviousConversation),
    row("Alt-A", Plain::NextNeedsMe),
    row("F3", Plain::NextNeedsMe),
    row("Alt-/", Plain::LastConversation),
    row("F4", Plain::LastConversation),
    row("Alt-U", Plain::UnreadLine),
    row("PageUp", Plain::PageUp),
    row("PageDown", Plain::PageDown),
    row("Ctrl-End", Plain::Newest),
    row("Tab", Plain::Complete),
    row("Shift-Tab", Plain::CompleteBack),
    row("Up", Plain::EditLast),
    row("Down", Plain::EditLater),
    row("Alt-M", Plain::Select),
    row("F9", Plain::Select),
    row("Alt-T", Plain::OtherSide),
    row("Esc", Plain::Cancel),
    row("F2", Plain::ToggleList),
    row("F7", Plain::ToggleList),
    row("F8", Plain::ToggleList),
    row("Ctrl-L", Plain::Redraw),
    row("F1", Plain::Help),
    row("?", Plain::Help),
    row("Del", Plain::Discard),
    row("Ctrl-Z", Plain::Suspend),
    row("Ctrl-C", Plain::Interrupt),
];

/// The keys while a message is selected; the other keys of the chat work too, letters do not.
pub(super) const SELECT: &[Row<Plain>] = &[
    row("Up", Plain::Above),
    row("k", Plain::Above),
    row("Down", Plain::Below),
    row("j", Plain::Below),
    row("r", Plain::Reply),
    row("t", Plain::Thread),
    row("e", Plain::Edit),
    row("d", Plain::Delete),
    row("Del", Plain::Delete),
    row("+", Plain::React),
    row("p", Plain::Pin),
    row("f", Plain::Forward),
    row("s", Plain::SaveFiles),
    row("m", Plain::SaveMessage),
    row("v", Plain::Versions),
    row("y", Plain::CopyText),
    row("l", Plain::CopyLink),
    row("o", Plain::JumpToReplied),
    row("Enter", Plain::JumpToReplied),
    row("b", Plain::JumpBack),
    row("Backspace", Plain::JumpBack),
    row("?", Plain::Help),
    row("Esc", Plain::Cancel),
];

/// The keys while a list of messages is open. In a search, plain letters are written.
pub(super) const LISTING: &[Row<Plain>] = &[
    row("Enter", Plain::Take),
    row("Up", Plain::Above),
    row("Ctrl-P", Plain::Above),
    row("k", Plain::Above),
    row("Down", Plain::Below),
    row("Ctrl-N", Plain::Below),
    row("j", Plain::Below),
    row("PageUp", Plain::PageUp),
    row("PageDown", Plain::PageDown),
    row("Ctrl-O", Plain::Order),
    row("Tab", Plain::Complete),
    row("Shift-Tab", Plain::CompleteBack),
    row("r", Plain::ToggleRead),
    row("a", Plain::AllRead),
    row("d", Plain::LetGo),
    row("Del", Plain::LetGo),
    row("u", Plain::UnreadOnly),
    row("Esc", Plain::Cancel),
    row("Ctrl-C", Plain::Cancel),
    row("Ctrl-G", Plain::Cancel),
    row("q", Plain::Cancel),
];

/// The keys in a list to choose from; letters filter, always.
pub(super) const PICKER: &[Row<Plain>] = &[
    row("Enter", Plain::Take),
    row("Up", Plain::Above),
    row("Shift-Tab", Plain::Above),
    row("Ctrl-P", Plain::Above),
    row("Down", Plain::Below),
    row("Tab", Plain::Below),
    row("Ctrl-N", Plain::Below),
    row("PageUp", Plain::PageUp),
    row("PageDown", Plain::PageDown),
    row("Esc", Plain::Cancel),
    row("Ctrl-C", Plain::Cancel),
    row("Ctrl-G", Plain::Cancel),
];

/// The keys in the help and on other pages to read.
pub(super) const PAGE: &[Row<Plain>] = &[
    row("Up", Plain::Above),
    row("k", Plain::Above),
    row("Down", Plain::Below),
    row("j", Plain::Below),
    row("PageUp", Plain::PageUp),
    row("PageDown", Plain::PageDown),
    row("Space", Plain::PageDown),
    row("Home", Plain::Top),
    row("Esc", Plain::Cancel),
    row("Enter", Plain::Cancel),
    row("Ctrl-C", Plain::Cancel),
    row("Ctrl-G", Plain::Cancel),
    row("F1", Plain::Cancel),
    row("q", Plain::Cancel),
    row("?", Plain::Cancel),
];

/// The keys that change a text, in every field.
pub(super) const EDIT: &[Row<Edit>] = &[
    row("Left", Edit::Left),
    row("Ctrl-B", Edit::Left),
    row("Right", Edit::Right),
    row("Ctrl-F", Edit::Right),
    row("Alt-B", Edit::WordLeft),
    row("Ctrl-Left", Edit::WordLeft),
    row("Alt-Left", Edit::WordLeft),
    row("Alt-F", Edit::WordRight),
    row("Ctrl-Right", Edit::WordRight),
    row("Alt-Right", Edit::WordRight),
    row("Home", Edit::Home),
    row("Ctrl-A", Edit::Home),
    row("End", Edit::End),
    row("Ctrl-E", Edit::End),
    row("Up", Edit::Up),
    row("Down", Edit::Down),
    row("Backspace", Edit::Backspace),
    row("Shift-Backspace", Edit::Backspace),
    row("Ctrl-H", Edit::Backspace),
    row("Del", Edit::Delete),
    row("Ctrl-D", Edit::Delete),
    row("Ctrl-W", Edit::KillBlankWord),
    row("Alt-Backspace", Edit::KillWordBack),
    row("Ctrl-Backspace", Edit::KillWordBack),
    row("Alt-D", Edit::KillWord),
    row("Ctrl-K", Edit::KillToEnd),
    row("Ctrl-U", Edit::KillToStart),
    row("Ctrl-Y", Edit::Yank),
    row("Ctrl-_", Edit::Undo),
    row("Ctrl-/", Edit::Undo),
    // The byte of Ctrl-_ arrives as Ctrl-7 from a plain terminal.
    row("Ctrl-7", Edit::Undo),
    row("Ctrl-^", Edit::Redo),
    row("Alt-_", Edit::Redo),
    // The byte of Ctrl-^ arrives as Ctrl-6.
    row("Ctrl-6", Edit::Redo),
    row("Alt-Y", Edit::YankOlder),
    row("Shift-Left", Edit::Select(Go::Left)),
    row("Shift-Right", Edit::Select(Go::Right)),
    row("Shift-Up", Edit::Select(Go::Up)),
    row("Shift-Down", Edit::Select(Go::Down)),
    row("Shift-Home", Edit::Select(Go::Home)),
    row("Shift-End", Edit::Select(Go::End)),
    row("Ctrl-Shift-Left", Edit::Select(Go::WordLeft)),
    row("Alt-Shift-Left", Edit::Select(Go::WordLeft)),
    row("Ctrl-Shift-Right", Edit::Select(Go::WordRight)),
    row("Alt-Shift-Right", Edit::Select(Go::WordRight)),
];
