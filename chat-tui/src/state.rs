//! All that the screen is made of. [`crate::update()`] changes it, [`crate::view()`] draws it, and
//! nothing else holds any.
//!
//! Names, topics and messages are kept as they came; they become
//! [`chat_proto::SafeText`] in the view, and nowhere are they drawn without.

pub(crate) mod administration;
pub mod arrangement;
pub(crate) mod attention;
pub mod browser;
pub mod code;
pub mod commands;
pub mod completion;
pub mod composer;
pub mod conversations;
mod due;
pub(crate) mod emoji;
pub(crate) mod filters;
mod fresh;
pub(crate) mod fuzzy;
pub(crate) mod hints;
pub mod inks;
pub mod items;
pub mod list;
pub mod listing;
pub mod lock;
pub mod looks;
pub(crate) mod memo;
pub(crate) mod message;
pub mod neighbours;
mod over;
pub mod page;
pub(crate) mod palette;
pub(crate) mod pane;
pub mod people;
pub mod picker;
pub mod pictures;
pub(crate) mod profile;
pub(crate) mod provider;
pub(crate) mod rebind;
pub(crate) mod rights;
pub mod secret;
pub(crate) mod settings;
pub mod sign_in;
pub(crate) mod system;
pub mod thread;
pub mod timeline;
pub mod transfer;
pub mod trust;

use std::collections::{BTreeSet, HashMap};
use std::ops::RangeInclusive;
use std::path::PathBuf;

use chat_client::Connection;
use chat_proto::{
    Conversation, ConversationId, Dnd, Event, InboxState, Invitation, OidcBegun, Person, Privacy, Report,
    Role, Seq, Timestamp, UserId,
};
use jiff::tz::TimeZone;

use arrangement::Arrangement;
use attention::{Hush, Threads};
use commands::BotCommands;
use completion::Completion;
use composer::Composer;
use conversations::Conversations;
use hints::Hint;
use inks::Inks;
use listing::Listing;
use lock::Lock;
use looks::Looks;
use memo::Memo;
use neighbours::Neighbours;
pub use over::{Confirm, Drag, Notice, Popup};
use people::People;
use pictures::Pictures;
use rebind::Rebind;
use sign_in::SignIn;
use thread::Thread;
use timeline::{Scroll, Timeline};
use transfer::Transfers;
use trust::Trust;

use crate::keymap::{Key, Keymap};
use crate::settings::{Colours, Settings};
use crate::terminal::abilities::Abilities;

/// A point in time, by two clocks: one for people, one that never jumps for waiting.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Moment {
    /// The time of day.
    pub clock: Timestamp,
    /// Milliseconds since the program began.
    pub ms: u64,
}

/// What the text in the composer is to become.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Purpose {
    /// A message.
    #[default]
    Write,
    /// An answer to this message.
    Reply(Seq),
    /// The new text of this message.
    Edit {
        /// Which.
        seq: Seq,
        /// Its text now.
        before: String,
        /// What was being written before; it comes back afterwards.
        draft: String,
    },
}

/// A place where one was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stop {
    pub(crate) conversation: ConversationId,
    pub(crate) seq: Seq,
    /// Where in the main line one looked; `None` for a place in a thread.
    pub(crate) scroll: Option<Option<Scroll>>,
}

/// What letters are in the composer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Text; the only one but with vim keys.
    Insert,
    /// Keys.
    Normal,
}

/// What the connection is doing, and since when.
#[derive(Debug, Clone)]
pub struct Link {
    /// As the engine told.
    pub connection: Connection,
    /// When it told, on the waiting clock.
    pub since_ms: u64,
}

/// Whether the person wants to leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quit {
    /// No.
    No,
    /// Asked once; the next Ctrl-C means it.
    Asked,
    /// Yes: nothing more is drawn.
    Yes,
}

/// Where the list of conversations is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListMode {
    /// Beside the conversation where there is room, else hidden.
    Auto,
    /// The other way round.
    Toggled,
}

/// See the module.
#[derive(Debug)]
pub struct State {
    /// Now, as the last input brought it.
    pub now: Moment,
    /// The person's time zone.
    pub zone: TimeZone,
    /// Whether colours are wanted.
    pub colour: bool,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// Whether the terminal has the focus; assumed until it says otherwise.
    pub focused: bool,
    /// Who one is.
    pub me: Option<Person>,
    /// What one may do on the server.
    pub(crate) role: Role,
    /// Since when the server is locked down, as far as an admin was told.
    pub lockdown: Option<Timestamp>,
    /// The team's name.
    pub server_name: String,
    /// The address of the server, for logging in again.
    pub(crate) server: String,
    /// The connection.
    pub link: Link,
    /// The conversations.
    pub conversations: Conversations,
    /// How one's inbox stands.
    pub inbox: InboxState,
    /// How one stands to threads.
    pub(crate) threads: Threads,
    /// When one does not want to be disturbed.
    pub(crate) dnd: Dnd,
    /// What of the screen changes by the clock.
    pub(crate) hush: Hush,
    /// What the terminal can do.
    pub abilities: Abilities,
    /// What the person has set.
    pub settings: Settings,
    /// What the screen looks like.
    pub looks: Looks,
    /// The keys.
    pub keymap: Keymap,
    /// What was pressed of a chord.
    pub pending: Vec<Key>,
    /// What letters are, with vim keys.
    pub mode: Mode,
    /// What is wrong in the file of settings, each in one sentence.
    pub(crate) complaints: Vec<String>,
    /// The other accounts, as far as they concern this one.
    pub neighbours: Neighbours,
    /// Whether another account is on the screen.
    pub(crate) aside: bool,
    /// When it last did.
    pub(crate) rang_ms: Option<u64>,
    /// The last search, to go on with.
    pub(crate) search: Option<Box<Listing>>,
    /// When the read mark of the open thread is to be told.
    pub(crate) thread_due_ms: Option<u64>,
    /// The rooms that one is invited into.
    pub invitations: Vec<Invitation>,
    /// The people.
    pub people: People,
    /// Whom one blocks.
    pub(crate) blocked: BTreeSet<UserId>,
    /// Messages of theirs that one looks at all the same.
    pub(crate) unfolded: BTreeSet<(ConversationId, Seq)>,
    /// The reports that were listed last, for closing one by its number.
    pub(crate) reports: Vec<Report>,
    /// What one shows to others.
    pub(crate) privacy: Privacy,
    /// The slash commands of bots.
    pub commands: BotCommands,
    /// What is held of each conversation that was opened.
    pub(crate) timelines: HashMap<ConversationId, Timeline>,
    /// The conversation on screen.
    pub open: Option<ConversationId>,
    /// Whether the conversation on screen was taken away: then none opens by itself, because what
    /// is being typed is not meant for it.
    pub(crate) bereft: bool,
    /// The room that one is leaving.
    pub(crate) leaving: Option<ConversationId>,
    /// The conversation before it.
    pub(crate) last: Option<ConversationId>,
    /// Where "next that needs me" began.
    pub(crate) home: Option<ConversationId>,
    /// How the inbox stood when that led into it.
    pub(crate) inbox_seen: Option<u64>,
    /// The thread beside the main line.
    pub thread: Option<Thread>,
    /// What was being written in threads that are closed.
    pub(crate) thread_drafts: HashMap<(ConversationId, Seq), String>,
    /// The message that keys act on; while there is one, letters are keys.
    pub selected: Option<Seq>,
    /// The message that a jump led to; it is only marked, and letters are text.
    pub found: Option<Seq>,
    /// Where the choice of several messages began; means nothing while none is selected.
    pub(crate) chosen_from: Option<Seq>,
    /// The conversation that is being written into a file, and how much of a hundred.
    pub(crate) export: Option<(String, u8)>,
    /// Whether only the text is shown.
    pub bare: bool,
    /// The links that wait for a letter.
    pub(crate) hints: Option<Vec<Hint>>,
    /// The colours of the code on screen.
    pub(crate) inks: Inks,
    /// Where one was before jumping, the last place at the end.
    pub(crate) jumps: Vec<Stop>,
    /// Where one was before going back, the last place at the end.
    pub(crate) returns: Vec<Stop>,
    /// A key that is being chosen for an action.
    pub(crate) rebind: Option<Rebind>,
    /// Something that waits for a yes.
    pub confirm: Option<Confirm>,
    /// What is being written.
    pub composer: Composer,
    /// What for.
    pub purpose: Purpose,
    /// A completion under way.
    pub(crate) completion: Option<Completion>,
    /// Where a word begins whose completions were closed; they stay closed while it is typed.
    pub(crate) completion_shut: Option<(usize, usize)>,
    /// What was being written in the other conversations.
    pub(crate) drafts: HashMap<ConversationId, String>,
    /// Which messages are being answered in the other conversations.
    pub(crate) reply_targets: HashMap<ConversationId, Seq>,
    /// When the draft on screen is to be saved.
    pub(crate) draft_due_ms: Option<u64>,
    /// Whether the others were told that one is writing.
    pub(crate) told_typing: bool,
    /// The files on their way.
    pub(crate) transfers: Transfers,
    /// The folder from which files were chosen last.
    pub(crate) upload_folder: Option<PathBuf>,
    /// The lock, over everything.
    pub lock: Option<Lock>,
    /// The hash of the lock's passphrase, once one was chosen.
    pub lock_hash: Option<String>,
    /// The pictures on screen.
    pub pictures: Pictures,
    /// What lies over the conversation.
    pub popup: Option<Popup>,
    /// When the server is asked about what is typed: once the fingers rest.
    pub(crate) ask_due_ms: Option<u64>,
    /// The form of the first run, over everything.
    pub sign_in: Option<SignIn>,
    /// The question about a certificate for which nobody vouches, over that form, too.
    pub trust: Option<Trust>,
    /// A link with the provider that has begun.
    pub(crate) linking: Option<OidcBegun>,
    /// One line for the person.
    pub notice: Option<Notice>,
    /// Where the list is.
    pub(crate) list: ListMode,
    /// How the person has arranged the screen.
    pub arrangement: Arrangement,
    /// What is being dragged with the mouse.
    pub(crate) drag: Option<Drag>,
    /// Whether the person wants to leave.
    pub quit: Quit,
    /// When the last key came.
    pub(crate) last_key_ms: u64,
    /// Whether the others see one as away because no key came for long.
    pub(crate) idle: bool,
    /// Whether one said to be away.
    pub(crate) away: bool,
    /// Whose presence is watched.
    pub(crate) watched: Vec<UserId>,
    /// The title of the terminal's window, as last set.
    pub(crate) title: String,
    /// What was made for the screen as it is now.
    pub(crate) memo: Memo,
    /// Whether the screen has to be drawn.
    pub(crate) dirty: bool,
    /// Whether more inputs are taken before what follows from news is done.
    pub(crate) holds: bool,
    /// Whether something follows from news and is not done yet.
    pub(crate) owes: bool,
}

impl State {
    /// Whether the question about a certificate is on the screen.
    #[must_use]
    pub fn is_asked_to_trust(&self) -> bool {
        self.trust.as_ref().is_some_and(|trust| trust.is_open)
    }

    /// The conversation on screen.
    #[must_use]
    pub fn open_conversation(&self) -> Option<&Conversation> {
        self.open.and_then(|id| self.conversations.get(id))
    }

    /// What is held of the conversation on screen.
    #[must_use]
    pub fn open_timeline(&self) -> Option<&Timeline> {
        self.open.and_then(|id| self.timelines.get(&id))
    }

    pub(crate) fn open_timeline_mut(&mut self) -> Option<&mut Timeline> {
        self.open.and_then(|id| self.timelines.get_mut(&id))
    }

    /// Whether keys and composer mean the thread and not the main line.
    #[must_use]
    pub fn in_thread(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| thread.focused)
    }

    /// The messages that the keys mean: the thread's, or the main line's.
    #[must_use]
    pub fn focused_timeline(&self) -> Option<&Timeline> {
        match &self.thread {
            Some(thread) if thread.focused => Some(&thread.timeline),
            _ => self.open_timeline(),
        }
    }

    pub(crate) fn focused_timeline_mut(&mut self) -> Option<&mut Timeline> {
        if self.in_thread() {
            return self.thread.as_mut().map(|thread| &mut thread.timeline);
        }
        self.open_timeline_mut()
    }

    /// The messages that were chosen, from the first to the last; or the one that was found.
    #[must_use]
    pub fn chosen(&self) -> Option<RangeInclusive<Seq>> {
        let Some(selected) = self.selected else { return self.found.map(|found| found..=found) };
        let other = self.chosen_from.unwrap_or(selected);
        Some(selected.min(other)..=selected.max(other))
    }

    /// Whether a message is folded, because one blocks who wrote it.
    pub(crate) fn folds(&self, event: &Event) -> bool {
        self.blocked.contains(&event.author.id) && !self.unfolded.contains(&(event.conversation, event.seq))
    }

    /// An event of the open conversation, wherever it is held.
    pub(crate) fn held(&self, seq: Seq) -> Option<&Event> {
        let in_thread = self.thread.as_ref().and_then(|thread| thread.timeline.get(seq));
        let in_main = || self.open_timeline().and_then(|timeline| timeline.context(seq).flatten());
        in_thread.or_else(in_main)
    }

    /// The own account's id.
    #[must_use]
    pub fn my_id(&self) -> Option<UserId> {
        self.me.as_ref().map(|me| me.id)
    }

    /// A time as short as it can be told.
    pub(crate) fn short_time(&self, at: Timestamp) -> String {
        items::short_time(at, &self.zone, self.now.clock, self.settings.times())
    }

    /// A day and the time, for what may be long ago.
    pub(crate) fn day_and_time(&self, at: Timestamp) -> String {
        items::day_and_time(at, &self.zone, self.settings.times())
    }

    /// The time of day.
    pub(crate) fn time_of_day(&self, at: Timestamp) -> String {
        items::time_of_day(at, &self.zone, self.settings.times())
    }

    /// Whether somebody is oneself.
    #[must_use]
    pub fn is_me(&self, user: UserId) -> bool {
        self.my_id() == Some(user)
    }

    /// Whether the screen has to be drawn; asking answers for it.
    pub fn take_dirty(&mut self) -> bool {
        std::mem::take(&mut self.dirty)
    }

    /// Whether something is written in a conversation that is not on screen, or in a thread of one,
    /// and not sent.
    pub(crate) fn has_draft(&self, id: ConversationId) -> bool {
        let is_text = |text: &String| !text.trim().is_empty();
        let in_thread = |((of, _), text): (&(ConversationId, Seq), &String)| *of == id && is_text(text);
        let aside = self.drafts.get(&id).filter(|_| self.open != Some(id));
        aside.is_some_and(is_text) || self.thread_drafts.iter().any(in_thread)
    }

    /// Whether any text is written and not sent, here or elsewhere.
    #[must_use]
    pub(crate) fn has_unsent_text(&self) -> bool {
        let aside = self.thread.as_ref().map(|thread| thread.other_text.as_str()).unwrap_or_default();
        let in_threads = self.thread_drafts.values().any(|text| !text.trim().is_empty());
        !self.composer.text().trim().is_empty() || !aside.trim().is_empty() || in_threads
    }
}
