//! All that a person can do, each with a name and a help line.
//!
//! Keys, slash commands, the mouse and the switcher end in an [`Action`]; the help screen and the
//! switcher are printed from the same rows.

mod account;
mod attention;
mod order;
mod safety;

use std::path::PathBuf;

use chat_client::export::Format;
use chat_proto::{
    ConversationId, Description, Emoji, FileId, Position, PresenceState, RoomInfo, RoomName, RoomRole,
    Scopes, Seq, Topic, UserName,
};

use jiff::civil::{Date, Weekday};

use crate::keymap::{Chord, Context};
use crate::markup::Target;
use crate::state::list::Group;
pub use account::Account;
pub use attention::{Hear, Quiet};
pub use order::{Order, Penalty};
pub use safety::{Once, Safety};

/// A room or a person, as people write them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// `#room`.
    Room(RoomName),
    /// `@user`.
    User(UserName),
}

/// A day, as people say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayWish {
    /// So many days ago.
    Ago(i32),
    /// The last day of this name before today.
    Named(Weekday),
    /// This one.
    Date(Date),
}

/// Something that a person wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// One of the actions that need nothing but their name.
    Plain(Plain),
    /// Opens the n-th conversation of the list, from 1.
    Jump(usize),
    /// Opens this conversation.
    Open(ConversationId),
    /// Shows a room of the directory, to join it or not.
    LookAtRoom(Box<RoomInfo>),
    /// Puts somebody's name into the text being written.
    Mention(UserName),
    /// Joins a room by name, or goes there.
    Join(RoomName),
    /// Makes a room; perhaps one that only its members know of.
    Create(RoomName, Topic, bool),
    /// Opens the direct conversation with these people, and perhaps says something there.
    Message(Vec<UserName>, Option<String>),
    /// Sets the topic of the open room; without a text, shows it.
    Topic(Option<Topic>),
    /// Puts a text into the composer, to go on with.
    Compose(String),
    /// Says a text in the open conversation.
    Say(String),
    /// Says it as an action: "ada waves".
    Me(String),
    /// Answers a message with this text.
    Reply(String),
    /// Gives the own message this text.
    Edit(String),
    /// Uploads these files into one message, with what is written.
    UploadAll(Vec<PathBuf>),
    /// Does this with a pasted text.
    Paste(Paste, String),
    /// Uploads a file and sends it with this text.
    Upload(PathBuf, String),
    /// Deletes an own upload that is in no message, which people call so; asks once.
    DropFile(FileId, String),
    /// Deletes it; was asked before.
    DeleteFile(FileId),
    /// Stops this file that is on its way; was asked before.
    StopFile(u64),
    /// Saves the files of a message, there or where downloads go.
    Save(Option<PathBuf>),
    /// Puts an emoji into the text being written.
    Emoji(Emoji),
    /// Puts a reaction to a message, or takes it back.
    React(Emoji),
    /// Pins a message for everybody, or unpins it.
    Pin(bool),
    /// Deletes this message of the open conversation; was asked before.
    Delete(Seq),
    /// Forwards a message to a place.
    Forward(Place),
    /// Forwards this message there.
    ForwardTo(Position, ConversationId),
    /// Goes to a message, in the open conversation or another room.
    GoTo(Option<RoomName>, Seq),
    /// Goes to a message of this conversation.
    Show(ConversationId, Seq),
    /// Searches everywhere; without a text, opens the last search again.
    Search(Option<String>),
    /// Opens a thread by its first message, in this conversation.
    ShowThread(ConversationId, Seq),
    /// Follows the open thread, or does not any more.
    Follow(bool),
    /// How one wants to hear of the open conversation; without a wish, says how one does.
    Hear(Option<Hear>),
    /// When one does not want to be disturbed; without a wish, says when.
    Quiet(Option<Quiet>),
    /// Asks somebody into the open room.
    Invite(UserName),
    /// Takes an invitation, or declines it.
    Answer(RoomName, bool),
    /// Asks what to do with an invitation.
    AskInvitation(ConversationId),
    /// Puts somebody out of the open room.
    Kick(UserName, Topic),
    /// Gives somebody a role in the open room.
    Role(UserName, RoomRole),
    /// Gives the open room another name.
    Rename(RoomName),
    /// Describes the open room; without a text, shows the description.
    Describe(Option<Description>),
    /// Leaves this room; was asked before, where one could not come back.
    Leave(ConversationId),
    /// Ends writing in the open room, or allows it again.
    Archive(bool),
    /// Seconds that members of the open room wait between two messages.
    Slow(u32),
    /// Days for which the open room keeps messages; 0 for as long as the server does.
    Retention(u32),
    /// Lets only moderators begin messages in the open room, or everybody.
    Announce(bool),
    /// Something about people: keeping order, a profile, a block.
    Order(Order),
    /// See [`Safety`].
    Safety(Safety),
    /// Shows or changes one's bots, or the webhooks of the open room.
    Keep(Keep),
    /// Something with one's accounts.
    Account(Account),
    /// Gives a setting a value; without one, offers its values.
    Set(&'static str, Option<String>),
    /// Gives the lock another passphrase.
    NewLock,
    /// Gives an action this key there, in the place of the one it had.
    BindKey(Context, Chord, Plain),
    /// Gives an action another key: asks for the action, and for the key, where they are not said.
    Bind(Option<Plain>, Option<Chord>),
    /// Says what the command of this name does.
    HelpOn(String),
    /// Nothing: a row that is there to be read.
    Nothing,
    /// Folds a group of the list, or unfolds it.
    Fold(Group),
    /// Tells the others whether one is here.
    Presence(PresenceState),
    /// Writes the open conversation into a file: there, or where downloads go.
    Export(Format, Option<PathBuf>),
    /// Ends that.
    EndExport,
    /// Goes to the first message of a day.
    GoToDay(DayWish),
    /// Goes where a link leads; was asked before, where it leads elsewhere than it looks.
    Visit(Target),
    /// Puts a text into the clipboard.
    Copy(String),
    /// Moves the view by rows; up is negative.
    Scroll(isize),
}

/// What becomes of a pasted text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paste {
    /// Text of the message.
    Text,
    /// A code block of the message.
    Block,
    /// A file.
    File,
}

/// What is done with bots and webhooks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Keep {
    /// Lists one's bots.
    Bots,
    /// Makes a bot with a token of this scope.
    CreateBot(UserName, Scopes),
    /// Gives a bot another token.
    RotateToken(UserName),
    /// Ends a bot.
    DeleteBot(UserName),
    /// Lists the addresses to which programs post.
    Incoming,
    /// Makes one, under this name.
    CreateIncoming(UserName),
    /// Ends the one of this name.
    DeleteIncoming(UserName),
    /// Lists the programs that are told what happens.
    Outgoing,
    /// Has everything told to this address.
    CreateOutgoing(String),
    /// Tries the one whose id begins so.
    TestOutgoing(String),
    /// Ends the one whose id begins so.
    DeleteOutgoing(String),
}

impl Keep {
    /// Whether it is about the open room, not about oneself.
    #[must_use]
    pub fn is_of_room(&self) -> bool {
        !matches!(self, Keep::Bots | Keep::CreateBot(..) | Keep::RotateToken(_) | Keep::DeleteBot(_))
    }
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
    Search = "search", "Search all messages; at the end of the line being written";
    Inbox = "inbox", "Mentions, calls, answers and threads, of all conversations";
    Threads = "threads", "The threads that you follow";
    Saved = "saved messages", "The messages that you saved";
    NextConversation = "next conversation", "Open the next conversation of the list";
    PreviousConversation = "previous conversation", "Open the conversation above";
    NextNeedsMe = "next that needs me", "Go to the next mention, direct message, followed thread or unread room, then the inbox; then back home";
    LastConversation = "last conversation", "Go back to the conversation before this one";
    UnreadLine = "unread line", "Go to the first message that was new";
    MarkRead = "mark as read", "Mark this conversation as read now";
    PageUp = "page up", "Look further back; older history loads by itself";
    PageDown = "page down", "Look further on";
    ChangeKey = "change key", "In the list of everything: give the chosen action another key, by pressing it";
    Top = "top", "Go to the top of a page to read";
    Newest = "newest", "Go to the newest message";
    Complete = "complete", "Complete a @name, #room, :emoji: or /command; again for the next";
    CompleteBack = "complete back", "The completion before";
    EditLast = "edit last message", "With nothing written: edit your last message; again for the one before";
    EditLater = "edit later message", "While editing: the later one of your messages";
    Select = "select message", "Choose a message by the arrows, then press a letter";
    OtherSide = "thread or room", "Write in the thread that is open, or in the room again";
    Retry = "retry", "Send the failed messages of this conversation again";
    Discard = "discard", "Take the newest failed message back into the composer";
    Cancel = "cancel", "Close what is open, one layer at a time; then go to the newest message";
    Reply = "reply", "Answer the message";
    Thread = "thread", "Open the message's thread, or begin one";
    Edit = "edit", "Change your message";
    Delete = "delete", "Delete the message for everybody; asks once";
    React = "react", "Choose an emoji for the message, or take it back";
    Pin = "pin or unpin", "Pin the message for everybody, or unpin it";
    Forward = "forward", "Send the message on to another conversation";
    Files = "your files", "The files that you uploaded, and what they take";
    SaveFiles = "save files", "Save the files of the message; nothing is overwritten";
    SaveMessage = "save message", "Keep the message for yourself; /saved lists them";
    View = "view picture", "Show the picture of the message over the whole screen";
    Versions = "versions", "What the message said before it was edited";
    CopyText = "copy text", "Copy the message to the clipboard";
    CopyLink = "copy link", "Copy the message's place, like #room:42; /goto goes there";
    JumpToReplied = "jump to replied", "Go to the message that this one answers";
    JumpBack = "jump back", "Go back to where you were before the jump";
    JumpForward = "jump forward", "Go on to where you were before going back";
    AboveToo = "choose upwards", "Choose the message above too";
    BelowToo = "choose downwards", "Choose the message below too";
    CopyCode = "copy code", "Copy the code of the message; choose, where there are several pieces";
    Readers = "readers", "Who has read your message";
    Links = "links", "Give each link on screen a letter: the letter opens it, its capital copies it";
    BareView = "bare view", "Only the text, without list and borders, to mark it with the mouse; any key ends it";
    PreviousDay = "previous day", "Go to the day before";
    NextDay = "next day", "Go to the day after";
    Above = "message above", "The message above";
    Below = "message below", "The message below";
    Pins = "pinned messages", "What is pinned in this conversation";
    Take = "go there", "Go to the message, in its conversation or thread";
    Order = "best or newest first", "In a search: the best match first, or the newest";
    ToggleRead = "read or unread", "In the inbox: mark the message as read, or as unread again";
    LetGo = "let go", "In the saved messages: keep the message no more";
    AllRead = "mark all as read", "Mark everything in the inbox as read";
    UnreadOnly = "only unread", "In the inbox and the list of threads: only what is unread, or all";
    Invitations = "invitations", "The rooms that you are invited into";
    Editor = "editor", "Write the message in your editor";
    Upload = "upload files", "Choose files in a browser of folders, and send them";
    FolderAbove = "folder above", "Go to the folder above";
    IntoFolder = "into folder", "Go into the chosen folder";
    HiddenFiles = "hidden files", "Show files whose names begin with a dot, or hide them";
    MarkFile = "mark file", "Mark the file, to send several in one message";
    StopFile = "stop file", "Stop the file that was started last";
    CopySelected = "copy selection", "Copy what is selected in the message being written; so does Ctrl-C";
    CutSelected = "cut selection", "Copy what is selected in the message being written, and delete it";
    Emoji = "emoji", "Choose an emoji for the text being written";
    MoveUp = "move conversation up", "Give this conversation the place above, with list.order = own";
    MoveDown = "move conversation down", "Give this conversation the place below, with list.order = own";
    Fold = "fold group", "Fold this conversation's group of the list, or unfold it; what waits stays";
    Star = "star", "Keep the conversation among your favourites, at the top of the list; again ends it";
    ToggleList = "toggle list", "Show or hide the list of conversations";
    Members = "members", "Who is in this conversation";
    Rooms = "rooms", "The directory of public rooms";
    Who = "who", "Who is on this server";
    Accounts = "accounts", "Your accounts and servers: go to one, or add one";
    Leave = "leave room", "Leave the open room";
    Away = "away", "Show yourself as away";
    Back = "back", "Show yourself as here again";
    Reconnect = "reconnect", "Connect now, without waiting for the next try";
    Trust = "trust", "Look at a certificate for which nobody vouches, and decide";
    Redraw = "redraw", "Draw the whole screen again";
    Lock = "lock", "Hide the screen until a passphrase is typed";
    Help = "help", "All keys and commands";
    NormalMode = "normal mode", "With vim keys: letters are keys, not text";
    InsertMode = "insert mode", "With vim keys: letters are text";
    Settings = "settings", "All settings with their values; also what is wrong in the file";
    Themes = "theme", "Choose a theme; each is shown while you go through them";
    ReloadSettings = "reload settings", "Read the file of settings again";
    Suspend = "suspend", "Back to the shell; fg returns here";
    Interrupt = "ask to quit", "Ask once, then quit";
    Quit = "quit", "Close the chat";
}

impl From<Plain> for Action {
    fn from(plain: Plain) -> Self {
        Action::Plain(plain)
    }
}
