//! The switcher and every other list to choose from: letters filter, arrows choose, Enter takes.

use std::collections::HashSet;

use chat_proto::{Person, RoomInfo, Timestamp};
use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use crate::action::{Account, Action, Plain};
use crate::keymap;
use crate::settings::ROWS;
use crate::state::composer::{Composer, Edit};
use crate::state::neighbours::Spot;
use crate::state::{State, emoji, settings};

/// Rows kept in one picker: conversations, people and rooms of a large team.
const ITEMS: usize = 20_000;

/// Points by which a row that stands `n` places lower must match better. Recency breaks ties and
/// near ties; a clearly better match still wins.
const RECENCY_POINTS: u32 = 30;

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
    /// Where to forward a message.
    Forward,
    /// The pinned messages.
    Pins,
    /// The rooms that one is invited into.
    Invitations,
    /// What to do with one invitation.
    Invitation,
    /// One's accounts.
    Accounts,
    /// The settings.
    Settings,
    /// The values of one.
    Value,
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
            Kind::Forward => "forward to",
            Kind::Pins => "pinned messages",
            Kind::Invitations => "invitations",
            Kind::Invitation => "invitation",
            Kind::Accounts => "accounts",
            Kind::Settings => "settings",
            Kind::Value => "value",
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
    query: Composer,
    items: Vec<Item>,
    /// The labels of `items`; a label is listed once.
    labels: HashSet<String>,
    shown: Vec<usize>,
    selected: usize,
}

impl Picker {
    /// A picker of these rows, in their order while nothing is typed.
    #[must_use]
    pub fn new(kind: Kind, items: Vec<Item>) -> Self {
        let mut picker = Self {
            kind,
            title: kind.title().to_owned(),
            query: Composer::default(),
            items: Vec::new(),
            labels: HashSet::new(),
            shown: Vec::new(),
            selected: 0,
        };
        picker.add(items.into_iter());
        picker
    }

    /// The picker with other words above it.
    #[must_use]
    pub fn titled(self, title: String) -> Self {
        Self { title, ..self }
    }

    /// All emoji, by name.
    #[must_use]
    pub fn emoji() -> Self {
        let items = emoji::all().map(|named| Item {
            label: format!("{} {}", named.emoji, named.name),
            detail: named.shortcodes.iter().map(|code| format!(":{code}:")).collect::<Vec<_>>().join(" "),
            action: Action::React(named.emoji),
        });
        Self::new(Kind::Emoji, items.collect())
    }

    /// Puts other rows in the place of those listed.
    pub fn replace(&mut self, items: Vec<Item>) {
        self.items.clear();
        self.labels.clear();
        self.add(items.into_iter());
        self.selected = self.selected.min(self.shown.len().saturating_sub(1));
    }

    /// The switcher over everything that is known.
    #[must_use]
    pub fn switcher(state: &State) -> Self {
        let mut items: Vec<Item> = Vec::new();
        items.extend(state.invitations.iter().map(|invitation| Item {
            label: format!("#{}", invitation.name),
            detail: format!("{} invites you", invitation.by.name),
            action: Action::AskInvitation(invitation.conversation),
        }));
        for conversation in state.conversations.by_recency() {
            if Some(conversation.id) != state.open {
                items.push(Item {
                    label: state.conversations.title(conversation),
                    detail: conversation.topic.as_str().to_owned(),
                    action: Action::Open(conversation.id),
                });
            }
        }
        items.extend(elsewhere(state));
        let mut picker = Self::new(Kind::Anything, items);
        let mut people: Vec<Person> = state.people.known().cloned().collect();
        people.sort_by(|a, b| a.name.cmp(&b.name));
        picker.add_people(&people, state.me.as_ref());
        let actions = Plain::ALL.iter().filter(|plain| is_offered(**plain));
        picker.add(actions.map(|plain| {
            Item {
                label: plain.title().to_owned(),
                detail: keymap::label(*plain)
                    .map_or(plain.help().to_owned(), |key| format!("{} · {key}", plain.help())),
                action: (*plain).into(),
            }
        }));
        picker.add(ROWS.iter().map(|row| settings::item(state, row)));
        picker
    }

    /// Adds people who are not in the list yet.
    pub fn add_people(&mut self, people: &[Person], me: Option<&Person>) {
        let others = people.iter().filter(|person| me.is_none_or(|me| me.id != person.id));
        self.add(others.map(|person| Item {
            label: format!("@{}", person.name),
            detail: if person.bot { "bot".to_owned() } else { String::new() },
            action: Action::Message(vec![person.name.clone()], None),
        }));
    }

    /// Adds rooms of the directory that are not in the list yet.
    pub fn add_rooms(&mut self, rooms: &[RoomInfo]) {
        self.add(rooms.iter().map(|room| Item {
            label: format!("#{}", room.name),
            detail: room_detail(room),
            action: Action::Join(room.name.clone()),
        }));
    }

    fn add(&mut self, items: impl Iterator<Item = Item>) {
        for item in items {
            if self.items.len() < ITEMS && self.labels.insert(item.label.clone()) {
                self.items.push(item);
            }
        }
        self.filter();
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
            self.filter();
        }
        changed
    }

    /// Moves the choice by rows.
    pub fn go(&mut self, by: isize) {
        let last = self.shown.len().saturating_sub(1);
        self.selected = self.selected.saturating_add_signed(by).min(last);
    }

    /// The matching rows, best first, and which of them is chosen.
    #[must_use]
    pub fn rows(&self) -> (Vec<&Item>, usize) {
        (self.shown.iter().filter_map(|at| self.items.get(*at)).collect(), self.selected)
    }

    /// The chosen row.
    #[must_use]
    pub fn chosen(&self) -> Option<&Item> {
        self.shown.get(self.selected).and_then(|at| self.items.get(*at))
    }

    fn filter(&mut self) {
        let query = self.query();
        if query.trim().is_empty() {
            self.shown = (0..self.items.len()).collect();
            return;
        }
        let mut matcher = Matcher::new(Config::DEFAULT);
        let pattern = Pattern::parse(query.trim(), CaseMatching::Ignore, Normalization::Smart);
        let mut buffer = Vec::new();
        let mut scored: Vec<(u32, usize)> = Vec::new();
        for (at, item) in self.items.iter().enumerate() {
            // Emoji have many names, all of them beside the first.
            let whole;
            let words = match self.kind {
                Kind::Emoji => {
                    whole = format!("{} {}", item.label, item.detail);
                    &whole
                }
                _ => &item.label,
            };
            let label = Utf32Str::new(words, &mut buffer);
            if let Some(score) = pattern.score(label, &mut matcher) {
                let bonus = RECENCY_POINTS.saturating_sub(u32::try_from(at).unwrap_or(u32::MAX));
                scored.push((score.saturating_add(bonus), at));
            }
        }
        scored.sort_by_key(|(score, at)| (std::cmp::Reverse(*score), *at));
        self.shown = scored.into_iter().map(|(_, at)| at).collect();
        self.selected = self.selected.min(self.shown.len().saturating_sub(1));
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
            | Plain::Above
            | Plain::Below
            | Plain::Take
            | Plain::Order
            | Plain::ToggleRead
            | Plain::UnreadOnly
            | Plain::Cancel
            | Plain::Interrupt
    )
}

/// The conversations of other accounts, and the accounts themselves.
fn elsewhere(state: &State) -> Vec<Item> {
    let mut rows: Vec<(Timestamp, Item)> = Vec::new();
    for digest in state.neighbours.all() {
        let go = |conversation| Action::Account(Account::Visit(Spot { seat: digest.seat, conversation }));
        rows.extend(digest.rows.iter().map(|row| {
            let label = format!("{} on {}", row.title, digest.label);
            (
                row.active_at,
                Item { label, detail: digest.standing.words().to_owned(), action: go(Some(row.id)) },
            )
        }));
        let detail = format!("account · {}", digest.standing.words());
        rows.push((Timestamp::default(), Item { label: digest.whole_name(), detail, action: go(None) }));
    }
    rows.sort_by_key(|(active_at, _)| std::cmp::Reverse(*active_at));
    rows.into_iter().map(|(_, item)| item).collect()
}

fn room_detail(room: &RoomInfo) -> String {
    let members = if room.members == 1 { "1 member".to_owned() } else { format!("{} members", room.members) };
    if room.topic.as_str().is_empty() { members } else { format!("{members} · {}", room.topic) }
}
