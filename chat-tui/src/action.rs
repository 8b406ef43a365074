//! All that a person can do, each with a name and a help line.
//!
//! Keys, slash commands, the mouse and the switcher end in an [`Action`]; the help screen and the
//! switcher are printed from the same rows.

use chat_proto::{ConversationId, PresenceState, RoomName, Topic, UserName};

/// Something that a person wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// One of the actions that need nothing but their name.
    Plain(Plain),
    /// Opens the n-th conversation of the list, from 1.
    Jump(usize),
    /// Opens this conversation.
    Open(ConversationId),
    /// Joins a room by name, or goes there.
    Join(RoomName),
    /// Makes a room.
    Create(RoomName, Topic),
    /// Opens the direct conversation with somebody, and perhaps says something there.
    Message(UserName, Option<String>),
    /// Sets the topic of the open room; without a text, shows it.
    Topic(Option<Topic>),
    /// Says a text in the open conversation.
    Say(String),
    /// Tells the others whether one is here.
    Presence(PresenceState),
    /// Moves the view by rows; up is negative.
    Scroll(isize),
}

macro_rules! plain_actions {
    ($($name:ident = $title:literal, $help:literal;)+) => {
        /// Actions without an argument.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Plain {
            $(#[doc = $help] $name,)+
        }

        impl Plain {
            /// Every one, in the order of the help screen.
            pub const ALL: &[Plain] = &[$(Plain::$name,)+];

            /// Its name.
            #[must_use]
            pub fn title(self) -> &'static str {
                match self { $(Plain::$name => $title,)+ }
            }

            /// What it does, in one line.
            #[must_use]
            pub fn help(self) -> &'static str {
                match self { $(Plain::$name => $help,)+ }
            }
        }
    };
}

plain_actions! {
    Send = "send", "Send the message; with nothing written, retry a failed one";
    NewLine = "new line", "Begin a new line in the message";
    Switcher = "jump anywhere", "Find a conversation, a person, a room or a command";
    NextConversation = "next conversation", "Open the next conversation of the list";
    PreviousConversation = "previous conversation", "Open the conversation above";
    NextNeedsMe = "next that needs me", "Go to the next mention, direct message or unread room; then back home";
    LastConversation = "last conversation", "Go back to the conversation before this one";
    UnreadLine = "unread line", "Go to the first message that was new";
    PageUp = "page up", "Look further back; older history loads by itself";
    PageDown = "page down", "Look further on";
    Newest = "newest", "Go to the newest message";
    Complete = "complete", "Complete a @name, #room or /command; again for the next one";
    CompleteBack = "complete back", "The completion before";
    Older = "earlier message", "With nothing written: bring back one of your earlier messages";
    Later = "later message", "The later one of your messages";
    Retry = "retry", "Send the failed messages of this conversation again";
    Discard = "discard", "Take the newest failed message back into the composer";
    Cancel = "cancel", "Close what is open, one layer at a time; then go to the newest message";
    ToggleList = "toggle list", "Show or hide the list of conversations";
    Members = "members", "Who is in this conversation";
    Rooms = "rooms", "The directory of public rooms";
    Who = "who", "Who is on this server";
    Leave = "leave room", "Leave the open room";
    Away = "away", "Show yourself as away";
    Back = "back", "Show yourself as here again";
    Reconnect = "reconnect", "Connect now, without waiting for the next try";
    Redraw = "redraw", "Draw the whole screen again";
    Help = "help", "All keys and commands";
    Suspend = "suspend", "Back to the shell; fg returns here";
    Interrupt = "quit?", "Ask once, then quit";
    Quit = "quit", "Close the chat";
}

impl From<Plain> for Action {
    fn from(plain: Plain) -> Self {
        Action::Plain(plain)
    }
}
