//! The people one has heard of: names, presence, who is a member where, who is writing.

use std::collections::{BTreeMap, HashMap};

use chat_proto::{
    Card, ConversationId, Member, Person, PersonRow, Presence, PresenceState, Profile, RoomRole, SafeText,
    Seq, UserId, limits,
};

/// People kept by name for completion and the switcher; a team's worth, many times.
const KNOWN: usize = 10_000;

/// What stands before the name of a program. No name begins with it.
const BOT_MARK: char = '◇';

/// A name as it stands before messages: one sees whether a person speaks or a program.
pub(crate) fn shown_name(person: &Person) -> SafeText {
    let mark = person.bot.then_some(BOT_MARK).map(String::from).unwrap_or_default();
    SafeText::line(&format!("{mark}{}", person.name))
}

/// Somebody who is writing.
#[derive(Debug, Clone)]
struct Writer {
    person: Person,
    until_ms: u64,
}

/// See the module.
#[derive(Debug, Clone, Default)]
pub struct People {
    known: BTreeMap<UserId, Person>,
    presence: HashMap<UserId, Presence>,
    members: HashMap<ConversationId, BTreeMap<UserId, Member>>,
    writing: HashMap<ConversationId, Vec<Writer>>,
    /// What is shown beside the names of those who said something of themselves.
    cards: BTreeMap<UserId, Card>,
}

impl People {
    /// Remembers somebody's name.
    pub fn meet(&mut self, person: &Person) {
        if self.known.len() < KNOWN || self.known.contains_key(&person.id) {
            self.known.insert(person.id, person.clone());
        }
    }

    /// Everybody heard of.
    pub fn known(&self) -> impl Iterator<Item = &Person> {
        self.known.values()
    }

    /// Whether somebody is there, as far as is known.
    #[must_use]
    pub fn presence(&self, user: UserId) -> PresenceState {
        self.presence.get(&user).map_or(PresenceState::Offline, |presence| presence.state)
    }

    /// Whether somebody is there, if anything is known of it.
    #[must_use]
    pub fn known_presence(&self, user: UserId) -> Option<PresenceState> {
        self.presence.get(&user).map(|presence| presence.state)
    }

    /// Takes news of presence; says whether anything changed.
    pub fn take_presence(&mut self, presences: &[Presence]) -> bool {
        let mut changed = false;
        for presence in presences {
            changed |= self.presence.insert(presence.user, *presence) != Some(*presence);
        }
        changed
    }

    /// Takes what the watched people say of themselves, in place of what was held; says whether
    /// anything changed.
    pub fn take_cards(&mut self, rows: &[PersonRow]) -> bool {
        let cards = rows.iter().map(|row| (row.person.id, row.card.clone())).collect();
        let changed = self.cards != cards;
        self.cards = cards;
        changed
    }

    /// Takes what somebody says of themselves now; says whether anything changed.
    pub fn describe(&mut self, profile: &Profile) -> bool {
        let card = Card { display_name: profile.display_name.clone(), status: profile.status.clone() };
        self.cards.insert(profile.user.id, card.clone()) != Some(card)
    }

    /// What is shown beside somebody's name.
    #[must_use]
    pub fn card(&self, user: UserId) -> Option<&Card> {
        self.cards.get(&user)
    }

    /// Nobody's presence is known while there is no connection.
    pub fn forget_presence(&mut self) {
        self.presence.clear();
        self.writing.clear();
    }

    /// The members of a conversation, if they are known.
    #[must_use]
    pub fn members(&self, conversation: ConversationId) -> Option<&BTreeMap<UserId, Member>> {
        self.members.get(&conversation)
    }

    /// Takes the list of members.
    pub fn set_members(&mut self, conversation: ConversationId, members: Vec<Member>) {
        members.iter().for_each(|member| self.meet(&member.user));
        let members = members.into_iter().map(|member| (member.user.id, member)).collect();
        self.members.insert(conversation, members);
    }

    /// Somebody came in.
    pub fn joined(&mut self, conversation: ConversationId, person: &Person) {
        self.meet(person);
        if let Some(members) = self.members.get_mut(&conversation) {
            let member = Member {
                user: person.clone(),
                role: RoomRole::Member,
                read: Seq::ZERO,
                card: Card::default(),
            };
            members.insert(person.id, member);
        }
    }

    /// Somebody was given a role.
    pub fn promoted(&mut self, conversation: ConversationId, user: UserId, role: RoomRole) {
        let members = self.members.get_mut(&conversation);
        if let Some(member) = members.and_then(|members| members.get_mut(&user)) {
            member.role = role;
        }
    }

    /// Somebody went out.
    pub fn left(&mut self, conversation: ConversationId, user: UserId) {
        if let Some(members) = self.members.get_mut(&conversation) {
            members.remove(&user);
        }
        self.stopped_writing(conversation, user);
    }

    /// Somebody is writing, until told otherwise or for [`limits::TYPING_EXPIRY_MS`]. Says
    /// whether that is news.
    pub fn writes(&mut self, conversation: ConversationId, person: Person, now_ms: u64) -> bool {
        let until_ms = now_ms + limits::TYPING_EXPIRY_MS;
        let writers = self.writing.entry(conversation).or_default();
        match writers.iter_mut().find(|writer| writer.person.id == person.id) {
            Some(writer) => {
                writer.until_ms = until_ms;
                false
            }
            None => {
                writers.push(Writer { person, until_ms });
                true
            }
        }
    }

    /// Somebody stopped writing. Says whether that is news.
    pub fn stopped_writing(&mut self, conversation: ConversationId, user: UserId) -> bool {
        let Some(writers) = self.writing.get_mut(&conversation) else { return false };
        let before = writers.len();
        writers.retain(|writer| writer.person.id != user);
        writers.len() != before
    }

    /// Who is writing there, in the order they began.
    pub fn writing(&self, conversation: ConversationId) -> impl Iterator<Item = &Person> {
        self.writing.get(&conversation).into_iter().flatten().map(|writer| &writer.person)
    }

    /// Forgets those who have not been heard of for too long. Says whether there were any.
    pub fn expire_writing(&mut self, now_ms: u64) -> bool {
        let mut changed = false;
        for writers in self.writing.values_mut() {
            let before = writers.len();
            writers.retain(|writer| writer.until_ms > now_ms);
            changed |= writers.len() != before;
        }
        self.writing.retain(|_, writers| !writers.is_empty());
        changed
    }

    /// When the next one is to be forgotten.
    #[must_use]
    pub fn writing_due_ms(&self) -> Option<u64> {
        self.writing.values().flatten().map(|writer| writer.until_ms).min()
    }
}
