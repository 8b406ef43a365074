//! The switcher and every other list to choose from: letters filter, arrows choose, Enter takes.

use std::collections::HashSet;

use chat_proto::{Emoji, RoomInfo};

use crate::action::{Action, Plain};
use crate::state::composer::{Composer, Edit};
use crate::state::emoji;
use crate::state::fuzzy::Fuzzy;
use crate::state::profile::room_words;

/// Rows kept in one picker: conversations, people and rooms of a large team.
const ITEMS: usize = 20_000;

/// Points by which a row that stands `n` places lower must match better. Recency breaks ties and
/// near ties; a clearly better match still wins.
const RECENCY_POINTS: u32 = 30;

/// Points that a fit in the words beside a name is worth less than one in the name.
const DETAIL_POINTS: u32 = 60;

/// What a picker lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Everything.
    Anything,
    /// The members of the open conversation.
    Members,
    /// The directory of rooms.
    Rooms,
    /// The people of the server.
    People,
    /// Emoji for a reaction.
    Emoji,
    /// Emoji for the text being written.
    EmojiText,
    /// Where to forward a message.
    Forward,
    /// The pinned messages.
    Pins,
    /// The rooms that one is invited into.
    Invitations,
    /// What a pasted text is to become.
    Paste,
    /// What to do with one invitation.
    Invitation,
    /// The pieces of code in a message.
    Code,
    /// One's accounts.
    Accounts,
    /// The themes.
    Themes,
    /// One's own uploads.
    Files,
    /// What can be done with somebody, below what is known of them.
    Person,
    /// The same of a room of the directory.
    Room,
    /// Where one is logged in.
    Sessions,
    /// What admins do.
    Admin,
    /// The accounts of the server.
    AllAccounts,
    /// What can be done about an account, below what is known of it.
    Account,
    /// The invite codes.
    Codes,
    /// Something that is shown once, and what can be done with it.
    Once,
    /// The settings.
    Settings,
    /// The values of one.
    Value,
    /// The actions that can have keys.
    Keys,
}

impl Kind {
    /// What stands above the list.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Kind::Anything => "jump anywhere",
            Kind::Members => "members",
            Kind::Rooms => "rooms",
            Kind::People => "people",
            Kind::Emoji => "react",
            Kind::EmojiText => "emoji",
            Kind::Forward => "forward to",
            Kind::Pins => "pinned messages",
            Kind::Invitations => "invitations",
            Kind::Paste => "pasted",
            Kind::Invitation => "invitation",
            Kind::Files => "your files",
            Kind::Person => "person",
            Kind::Room => "room",
            Kind::Sessions => "your logins",
            Kind::Admin => "administration",
            Kind::AllAccounts => "accounts of the server",
            Kind::Account => "account",
            Kind::Codes => "invite codes",
            Kind::Once => "shown this once",
            Kind::Code => "copy code",
            Kind::Accounts => "accounts",
            Kind::Themes => "theme",
            Kind::Settings => "settings",
            Kind::Value => "value",
            Kind::Keys => "another key for",
        }
    }
}

/// A row to choose. Its texts are as others wrote them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// What is matched and shown.
    pub label: String,
    /// Shown beside it.
    pub detail: String,
    /// What choosing it does.
    pub action: Action,
}

/// A list to choose from.
#[derive(Debug, Clone)]
pub struct Picker {
    /// What it lists.
    pub kind: Kind,
    /// What stands above it. Not safe to draw.
    pub title: String,
    /// What is said above the rows: a word, and a text. Not safe to draw.
    pub head: Vec<(String, String)>,
    query: Composer,
    items: Vec<Item>,
    /// Rows that answer what is typed in another way; they stand last and are not filtered.
    found: Vec<Item>,
    /// The labels of `items`; a label is listed once.
    labels: HashSet<String>,
    shown: Vec<usize>,
    selected: usize,
    /// So many of the first rows are taken by a digit while nothing is typed.
    quick: usize,
}

impl Picker {
    /// A picker of these rows, in their order while nothing is typed.
    #[must_use]
    pub fn new(kind: Kind, items: Vec<Item>) -> Self {
        let mut picker = Self {
            kind,
            title: kind.title().to_owned(),
            head: Vec::new(),
            query: Composer::default(),
            items: Vec::new(),
            found: Vec::new(),
            labels: HashSet::new(),
            shown: Vec::new(),
            selected: 0,
            quick: 0,
        };
        picker.add(items.into_iter());
        picker
    }

    /// The picker with other words above it.
    #[must_use]
    pub fn titled(self, title: String) -> Self {
        Self { title, ..self }
    }

    /// All emoji, by name: for a reaction, or for the text being written.
    #[must_use]
    pub fn emoji(kind: Kind, recent: &[Emoji]) -> Self {
        let quick = emoji::quick(recent);
        let items = emoji::all(&quick).map(|named| Item {
            label: format!("{} {}", named.emoji, named.name),
            detail: named.shortcodes.iter().map(|code| format!(":{code}:")).collect::<Vec<_>>().join(" "),
            action: match kind {
                Kind::EmojiText => Action::Emoji(named.emoji),
                _ => Action::React(named.emoji),
            },
        });
        Self { quick: quick.len(), ..Self::new(kind, items.collect()) }
    }

    /// Puts other rows in the place of those listed.
    pub fn replace(&mut self, items: Vec<Item>) {
        self.items.clear();
        self.labels.clear();
        self.add(items.into_iter());
        self.selected = self.selected.min(self.shown.len().saturating_sub(1));
    }

    /// Adds rooms of the directory that are not in the list yet. In the directory itself one looks at
    /// a room before one joins it; elsewhere one knows what one wants.
    pub fn add_rooms(&mut self, rooms: &[RoomInfo]) {
        let is_directory = self.kind == Kind::Rooms;
        self.add(rooms.iter().map(|room| Item {
            label: format!("#{}", room.name),
            detail: room_words(room),
            action: match is_directory && !room.joined {
                true => Action::LookAtRoom(Box::new(room.clone())),
                false => Action::Join(room.name.clone()),
            },
        }));
    }

    /// Adds rows, and gives those whose names are in the list already their new words.
    pub(crate) fn put(&mut self, items: Vec<Item>) {
        for item in &items {
            if let Some(held) =
                self.items.iter_mut().find(|held| held.label == item.label && held.action == item.action)
            {
                held.detail.clone_from(&item.detail);
            }
        }
        self.add(items.into_iter());
    }

    /// Adds rows whose names are not in the list yet. The chosen row stays the chosen one.
    pub(crate) fn add(&mut self, items: impl Iterator<Item = Item>) {
        let chosen = self.chosen().filter(|_| self.selected > 0).map(|item| item.label.clone());
        for item in items {
            if self.items.len() < ITEMS && self.labels.insert(item.label.clone()) {
                self.items.push(item);
            }
        }
        self.filter();
        let back = chosen.and_then(|label| self.rows().0.iter().position(|item| item.label == label));
        self.selected = back.unwrap_or(self.selected);
    }

    /// Takes the rows that answer what is typed now.
    pub(crate) fn take_found(&mut self, items: Vec<Item>) {
        self.found = items;
    }

    /// How many rows there are, whatever is typed.
    pub(crate) fn count(&self) -> usize {
        self.items.len()
    }

    /// Whether there is any row to choose.
    #[must_use]
    pub fn is_filled(&self) -> bool {
        !self.items.is_empty()
    }

    /// What is typed.
    #[must_use]
    pub fn query(&self) -> String {
        self.query.text()
    }

    /// Where the cursor stands in what is typed, in bytes.
    #[must_use]
    pub fn cursor(&self) -> usize {
        self.query.cursor().1
    }

    /// Changes what is typed; says whether it is another text now.
    pub fn edit(&mut self, edit: Edit) -> bool {
        if matches!(edit, Edit::NewLine | Edit::Up | Edit::Down) {
            return false;
        }
        let changed = self.query.edit(edit);
        if changed {
            self.selected = 0;
            self.found.clear();
            self.filter();
        }
        changed
    }

    /// Moves the choice by rows.
    pub fn go(&mut self, by: isize) {
        let last = (self.shown.len() + self.found.len()).saturating_sub(1);
        self.selected = self.selected.saturating_add_signed(by).min(last);
    }

    /// Chooses the row at this place; says whether there is one.
    pub(crate) fn choose(&mut self, at: usize) -> bool {
        let is_there = at < self.shown.len() + self.found.len();
        if is_there {
            self.selected = at;
        }
        is_there
    }

    /// How many rows a digit takes now.
    pub(crate) fn quick(&self) -> usize {
        if self.query.is_empty() { self.quick } else { 0 }
    }

    /// The matching rows, best first, and which of them is chosen.
    #[must_use]
    pub fn rows(&self) -> (Vec<&Item>, usize) {
        let fitting = self.shown.iter().filter_map(|at| self.items.get(*at));
        (fitting.chain(&self.found).collect(), self.selected)
    }

    /// The chosen row.
    #[must_use]
    pub fn chosen(&self) -> Option<&Item> {
        match self.shown.get(self.selected) {
            Some(at) => self.items.get(*at),
            None => self.found.get(self.selected.saturating_sub(self.shown.len())),
        }
    }

    fn filter(&mut self) {
        let query = self.query();
        if query.trim().is_empty() {
            self.shown = (0..self.items.len()).collect();
            return;
        }
        let mut fuzzy = Fuzzy::new(&query);
        let mut scored: Vec<(u32, usize)> = Vec::new();
        for (at, item) in self.items.iter().enumerate() {
            let detail = |fuzzy: &mut Fuzzy| {
                let score = fuzzy.score_words(&item.detail)?;
                Some(score.saturating_sub(DETAIL_POINTS))
            };
            let score = match self.kind {
                // Emoji have many names, all of them beside the first.
                Kind::Emoji | Kind::EmojiText => fuzzy.score(&format!("{} {}", item.label, item.detail)),
                _ => fuzzy.score(&item.label).or_else(|| detail(&mut fuzzy)),
            };
            if let Some(score) = score {
                let bonus = RECENCY_POINTS.saturating_sub(u32::try_from(at).unwrap_or(u32::MAX));
                scored.push((score.saturating_add(bonus), at));
            }
        }
        scored.sort_by_key(|(score, at)| (std::cmp::Reverse(*score), *at));
        self.shown = scored.into_iter().map(|(_, at)| at).collect();
        self.selected = self.selected.min((self.shown.len() + self.found.len()).saturating_sub(1));
    }
}

/// Whether the switcher lists an action: those that make sense after it has closed.
#[must_use]
pub(crate) fn is_offered(plain: Plain) -> bool {
    !matches!(
        plain,
        Plain::Send
            | Plain::NewLine
            | Plain::Switcher
            | Plain::Complete
            | Plain::CompleteBack
            | Plain::EditLater
            | Plain::Top
            | Plain::NormalMode
            | Plain::InsertMode
            | Plain::Above
            | Plain::Below
            | Plain::Take
            | Plain::ChangeKey
            | Plain::FolderAbove
            | Plain::IntoFolder
            | Plain::HiddenFiles
            | Plain::MarkFile
            | Plain::Order
            | Plain::ToggleRead
            | Plain::UnreadOnly
            | Plain::Cancel
            | Plain::Interrupt
    )
}
