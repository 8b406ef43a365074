//! All that the screen is made of. [`crate::update()`] changes it, [`crate::view()`] draws it, and
//! nothing else holds any.
//!
//! Names, topics and messages are kept as they came; they become
//! [`chat_proto::SafeText`] in the view, and nowhere are they drawn without.

pub mod completion;
pub mod composer;
pub mod conversations;
pub mod items;
pub mod people;
pub mod picker;
pub mod sign_in;
pub mod timeline;

use std::collections::HashMap;

use chat_client::Connection;
use chat_proto::{Conversation, ConversationId, Person, Timestamp, UserId};
use jiff::tz::TimeZone;

use completion::Completion;
use composer::Composer;
use conversations::Conversations;
use people::People;
use picker::Picker;
use sign_in::SignIn;
use timeline::Timeline;

/// A point in time, by two clocks: one for people, one that never jumps for waiting.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Moment {
    /// The time of day.
    pub clock: Timestamp,
    /// Milliseconds since the program began.
    pub ms: u64,
}

/// What lies over the conversation.
#[derive(Debug, Clone)]
pub enum Popup {
    /// A list to choose from.
    Picker(Box<Picker>),
    /// The help screen, scrolled down by so many rows.
    Help(usize),
}

/// One line for the person, until the next key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// What to say. Not safe to draw.
    pub text: String,
    /// Whether something went wrong.
    pub is_error: bool,
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
    /// The team's name.
    pub server_name: String,
    /// The address of the server, for logging in again.
    pub(crate) server: String,
    /// The connection.
    pub link: Link,
    /// The conversations.
    pub conversations: Conversations,
    /// The people.
    pub people: People,
    /// What is held of each conversation that was opened.
    pub(crate) timelines: HashMap<ConversationId, Timeline>,
    /// The conversation on screen.
    pub open: Option<ConversationId>,
    /// The conversation before it.
    pub(crate) last: Option<ConversationId>,
    /// Where "next that needs me" began.
    pub(crate) home: Option<ConversationId>,
    /// What is being written.
    pub composer: Composer,
    /// A completion under way.
    pub(crate) completion: Option<Completion>,
    /// What was being written in the other conversations.
    pub(crate) drafts: HashMap<ConversationId, String>,
    /// When the draft on screen is to be saved.
    pub(crate) draft_due_ms: Option<u64>,
    /// Whether the others were told that one is writing.
    pub(crate) told_typing: bool,
    /// What lies over the conversation.
    pub popup: Option<Popup>,
    /// The form of the first run, over everything.
    pub sign_in: Option<SignIn>,
    /// One line for the person.
    pub notice: Option<Notice>,
    /// Where the list is.
    pub(crate) list: ListMode,
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
    /// Whether the screen has to be drawn.
    pub(crate) dirty: bool,
}

impl State {
    /// An empty state, before anything is known.
    #[must_use]
    pub fn new(zone: TimeZone, colour: bool) -> Self {
        Self {
            now: Moment::default(),
            zone,
            colour,
            size: (80, 24),
            focused: true,
            me: None,
            server_name: String::new(),
            server: String::new(),
            link: Link { connection: Connection::Connecting, since_ms: 0 },
            conversations: Conversations::default(),
            people: People::default(),
            timelines: HashMap::new(),
            open: None,
            last: None,
            home: None,
            composer: Composer::default(),
            completion: None,
            drafts: HashMap::new(),
            draft_due_ms: None,
            told_typing: false,
            popup: None,
            sign_in: None,
            notice: None,
            list: ListMode::Auto,
            quit: Quit::No,
            last_key_ms: 0,
            idle: false,
            away: false,
            watched: Vec::new(),
            title: String::new(),
            dirty: true,
        }
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

    /// The own account's id.
    #[must_use]
    pub fn my_id(&self) -> Option<UserId> {
        self.me.as_ref().map(|me| me.id)
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

    /// Whether any text is written and not sent, here or elsewhere.
    #[must_use]
    pub(crate) fn has_unsent_text(&self) -> bool {
        !self.composer.text().trim().is_empty()
    }

    /// Seconds until the next try, while one is waited for.
    #[must_use]
    pub fn retry_in_s(&self) -> Option<u64> {
        let Connection::Waiting { retry_in, .. } = &self.link.connection else { return None };
        let passed = self.now.ms.saturating_sub(self.link.since_ms);
        let left = u64::try_from(retry_in.as_millis()).unwrap_or(u64::MAX).saturating_sub(passed);
        Some(left.div_ceil(1_000))
    }

    /// When the next thing happens that no key and no news will bring: `None` lets the program
    /// sleep until something comes.
    #[must_use]
    pub fn next_due_ms(&self) -> Option<u64> {
        let countdown = self.retry_in_s().filter(|left| *left > 0).map(|left| {
            let Connection::Waiting { retry_in, .. } = &self.link.connection else { return u64::MAX };
            let end =
                self.link.since_ms.saturating_add(u64::try_from(retry_in.as_millis()).unwrap_or(u64::MAX));
            // The moment at which one second less is left.
            end.saturating_sub((left - 1).saturating_mul(1_000))
        });
        let away = (!self.idle && !self.away && self.me.is_some())
            .then(|| self.last_key_ms + crate::update::AWAY_AFTER_MS);
        [self.people.writing_due_ms(), countdown, self.draft_due_ms, away].into_iter().flatten().min()
    }
}
