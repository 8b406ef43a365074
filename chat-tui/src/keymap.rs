//! Which keys do what: the rows of a profile with the person's own over them, as data. Read by the
//! keyboard, the help screen, the switcher, the documentation and the man page.
//!
//! Alt keys die on some keyboards and terminals, so each has a second way: another key, a slash
//! command, or the switcher, which lists every action.

mod custom;
mod key;
mod names;
mod profiles;
mod rows;

use std::sync::Arc;

use crate::action::Plain;
use crate::settings::{Profile, either};
use crate::state::composer::Edit;

pub use custom::Binding;
pub(crate) use key::written;
pub use key::{CHORD_KEYS, Chord, Key};
pub(crate) use names::EDITS;
pub use names::all as all_names;

/// What has the keyboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Context {
    /// The composer.
    Chat,
    /// The composer in vim's normal mode.
    Normal,
    /// A message that is selected.
    Select,
    /// A list of messages.
    Listing,
    /// A list to choose from.
    Picker,
    /// The browser of files.
    Files,
    /// A page to read.
    Page,
    /// Any text being written.
    Edit,
}

impl Context {
    /// All of them, in the order of the help screen.
    pub const ALL: &[Context] = &[
        Context::Chat,
        Context::Edit,
        Context::Normal,
        Context::Select,
        Context::Listing,
        Context::Picker,
        Context::Files,
        Context::Page,
    ];

    /// Its name in the file of settings, behind `keys.`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Context::Chat => "chat",
            Context::Normal => "normal",
            Context::Select => "select",
            Context::Listing => "listing",
            Context::Picker => "picker",
            Context::Files => "files",
            Context::Page => "page",
            Context::Edit => "edit",
        }
    }

    /// What stands above its keys in the help.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Context::Chat => "Keys",
            Context::Normal => "In normal mode",
            Context::Select => "With a message selected",
            Context::Listing => "In search, inbox and threads",
            Context::Picker => "In a list to choose from",
            Context::Files => "In the browser of files",
            Context::Page => "In this help and on other pages",
            Context::Edit => "Writing",
        }
    }

    fn parse(name: &str) -> Result<Self, String> {
        Self::ALL.iter().copied().find(|context| context.name() == name).ok_or_else(|| {
            let all = either(Self::ALL.iter().map(|context| context.name()));
            format!("there are no keys.{name}; use {all}")
        })
    }
}

/// One thing that a key does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Does {
    /// An action.
    Plain(Plain),
    /// A change to the text being written.
    Edit(Edit),
    /// Opens the n-th conversation of the list.
    Jump(usize),
    /// A slash command with its arguments.
    Command(String),
}

/// What some keys in a row mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// They do this, one after the other.
    Does(Arc<[Does]>),
    /// They begin something.
    More,
    /// Nothing.
    Nothing,
}

/// All keys. See the module.
#[derive(Debug, Clone, PartialEq)]
pub struct Keymap {
    /// In the order in which they are shown.
    rows: Vec<(Context, Chord, Arc<[Does]>)>,
}

impl Default for Keymap {
    fn default() -> Self {
        Self::of(Profile::Default)
    }
}

impl Keymap {
    /// The keys of a profile.
    #[must_use]
    pub fn of(profile: Profile) -> Self {
        let mut keymap = Self { rows: Vec::new() };
        let tables = [
            (Context::Chat, rows::CHAT),
            (Context::Select, rows::SELECT),
            (Context::Listing, rows::LISTING),
            (Context::Picker, rows::PICKER),
            (Context::Files, rows::FILES),
            (Context::Page, rows::PAGE),
        ];
        for (context, table) in tables {
            for row in table {
                keymap.bind_ours(context, row.keys, vec![Does::Plain(row.does)]);
            }
        }
        for number in 1..=9 {
            keymap.bind_ours(Context::Chat, &format!("Alt-{number}"), vec![Does::Jump(number)]);
        }
        for row in rows::EDIT {
            keymap.bind_ours(Context::Edit, row.keys, vec![Does::Edit(row.does)]);
        }
        for (context, keys, does) in profiles::lines(profile) {
            let does = does.iter().filter_map(|name| names::parse(name).ok().flatten());
            keymap.bind_ours(*context, keys, does.collect());
        }
        keymap
    }

    /// Our own rows are right; a test reads every one.
    fn bind_ours(&mut self, context: Context, keys: &str, does: Vec<Does>) {
        if let Ok(chord) = keys.parse() {
            self.bind(context, chord, does);
        }
    }

    /// Gives a chord a meaning in the place of the one before; none at all takes it away.
    fn bind(&mut self, context: Context, chord: Chord, does: Vec<Does>) {
        match self.rows.iter_mut().find(|row| row.0 == context && row.1 == chord) {
            Some(row) => row.2 = does.into(),
            None => self.rows.push((context, chord, does.into())),
        }
    }

    /// The chords of a context with what they do, in order.
    pub fn rows(&self, context: Context) -> impl Iterator<Item = (&Chord, &Arc<[Does]>)> {
        let here = self.rows.iter().filter(move |(place, _, does)| *place == context && !does.is_empty());
        here.map(|(_, chord, does)| (chord, does))
    }

    /// What these keys mean there.
    #[must_use]
    pub fn find(&self, context: Context, keys: &[Key]) -> Found {
        if let Some((_, does)) = self.rows(context).find(|(chord, _)| chord.keys() == keys) {
            return Found::Does(Arc::clone(does));
        }
        match self.rows(context).any(|(chord, _)| chord.after(keys).is_some()) {
            true => Found::More,
            false => Found::Nothing,
        }
    }

    /// What one key changes in a field of text; letters are written.
    #[must_use]
    pub fn edit(&self, key: Key) -> Option<Edit> {
        if let Found::Does(does) = self.find(Context::Edit, &[key])
            && let [Does::Edit(edit)] = &*does
        {
            return Some(*edit);
        }
        key.typed().map(Edit::Insert)
    }

    /// The action of one key there.
    #[must_use]
    pub fn plain(&self, context: Context, key: Key) -> Option<Plain> {
        match self.find(context, &[key]) {
            Found::Does(does) => match &*does {
                [Does::Plain(plain)] => Some(*plain),
                _ => None,
            },
            Found::More | Found::Nothing => None,
        }
    }

    /// What can follow these keys: the keys to press, and what they do.
    #[must_use]
    pub fn hints(&self, contexts: &[Context], begun: &[Key]) -> Vec<(String, String)> {
        let rows = contexts.iter().flat_map(|context| self.rows(*context));
        rows.filter_map(|(chord, does)| Some((written(chord.after(begun)?), what(does)))).collect()
    }

    /// All keys that do this there.
    pub fn labels(&self, context: Context, plain: Plain) -> impl Iterator<Item = String> {
        let rows = self.rows(context).filter(move |(_, does)| ***does == [Does::Plain(plain)]);
        rows.map(|(chord, _)| chord.to_string())
    }

    /// "Esc closes": the first key that does this there, with a word; nothing where there is none.
    #[must_use]
    pub fn hint(&self, context: Context, plain: Plain, word: &str) -> Option<String> {
        self.labels(context, plain).next().map(|key| format!("{key} {word}"))
    }

    /// The key that does this, for the help screen and the switcher: one of the chat, or the keys
    /// that select a message and act on it.
    #[must_use]
    pub fn label(&self, plain: Plain) -> Option<String> {
        let in_chat = self.labels(Context::Chat, plain).next();
        in_chat.or_else(|| self.labels(Context::Normal, plain).next()).or_else(|| {
            let select = self.labels(Context::Chat, Plain::Select).next()?;
            self.labels(Context::Select, plain).next().map(|label| format!("{select} {label}"))
        })
    }

    /// The key that does this, for a sentence; its name in the switcher where no key does.
    #[must_use]
    pub fn way(&self, plain: Plain) -> String {
        self.label(plain).unwrap_or_else(|| format!("\"{}\"", plain.title()))
    }
}

/// What some steps do, in words.
pub(crate) fn what(does: &[Does]) -> String {
    does.iter().map(Does::name).collect::<Vec<_>>().join(", then ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROFILES: [Profile; 3] = [Profile::Default, Profile::Vim, Profile::Emacs];

    #[test]
    fn every_row_of_ours_can_be_read() {
        let tables = [rows::CHAT, rows::SELECT, rows::LISTING, rows::PICKER, rows::FILES, rows::PAGE];
        let keys = tables.iter().flat_map(|table| table.iter().map(|row| row.keys));
        for keys in keys.chain(rows::EDIT.iter().map(|row| row.keys)) {
            assert_eq!(keys.parse::<Chord>().unwrap().to_string(), keys);
        }
        for (context, keys, does) in PROFILES.iter().flat_map(|profile| profiles::lines(*profile)) {
            assert_eq!(keys.parse::<Chord>().unwrap().to_string(), keys.to_string(), "{context:?}");
            does.iter().for_each(|name| assert!(names::parse(name).is_ok(), "{name}"));
        }
    }

    #[test]
    fn no_key_stands_twice_in_a_table() {
        for table in [rows::CHAT, rows::SELECT, rows::LISTING, rows::PICKER, rows::FILES, rows::PAGE] {
            for (at, row) in table.iter().enumerate() {
                assert!(!table[at + 1..].iter().any(|other| other.keys == row.keys), "{}", row.keys);
            }
        }
    }

    #[test]
    fn no_key_acts_and_begins_a_chord() {
        for profile in PROFILES {
            let keymap = Keymap::of(profile);
            for context in Context::ALL {
                for (chord, does) in keymap.rows(*context) {
                    let begun = keymap.rows(*context).find(|(other, _)| other.after(chord.keys()).is_some());
                    assert!(begun.is_none(), "{profile:?} {context:?} {chord} {does:?}");
                }
            }
        }
    }

    #[test]
    fn every_alt_key_has_a_second_way() {
        let commands: Vec<&str> = crate::command::COMMANDS.iter().map(|command| command.name).collect();
        for profile in PROFILES {
            let keymap = Keymap::of(profile);
            for (chord, does) in keymap.rows(Context::Chat) {
                let [Does::Plain(plain)] = **does else { continue };
                if !chord.keys().iter().any(|key| key.is_alt()) {
                    continue;
                }
                let other_key = keymap
                    .rows(Context::Chat)
                    .any(|(other, same)| same == does && !other.keys().iter().any(|key| key.is_alt()));
                let in_switcher = crate::state::picker::is_offered(plain);
                assert!(other_key || in_switcher || commands.contains(&plain.title()), "{profile:?} {chord}");
            }
        }
    }

    #[test]
    fn chords_are_found_key_by_key() {
        let keymap = Keymap::of(Profile::Emacs);
        let keys = |text: &str| text.parse::<Chord>().unwrap().keys().to_vec();
        assert_eq!(keymap.find(Context::Chat, &keys("ctrl-x")), Found::More);
        assert_eq!(
            keymap.find(Context::Chat, &keys("ctrl-x b")),
            Found::Does([Does::Plain(Plain::Switcher)].into())
        );
        assert_eq!(keymap.find(Context::Chat, &keys("ctrl-x y")), Found::Nothing);
        let hints = keymap.hints(&[Context::Chat], &keys("ctrl-x"));
        assert!(hints.contains(&("b".to_owned(), "jump anywhere".to_owned())), "{hints:?}");
    }
}
