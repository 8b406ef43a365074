//! What a person can set: one table, from which come the file's reader, the example file, the
//! documentation, the rows of the switcher and `/set`.
//!
//! 1. A setting has a value at every moment: the default, or the file's, or the environment's, or
//!    a flag's, the later before the earlier.
//! 2. A wrong line costs that line only: one sentence says where it is and what is allowed.
//! 3. Nothing here reads or writes anything but [`Source`].

mod example;
mod file;
mod source;
mod value;

pub use example::{example, shown, table};
pub use file::Loaded;
pub(crate) use file::line_of;
pub use source::{Source, Watched};
pub(crate) use value::either;
pub use value::{
    Clock, Colours, DayForm, Images, ListOrder, NotifyHow, NotifyShow, Number, Profile, ReadWhen, Value,
};

/// How alike two names must be for the one to be offered in place of the other.
const ALIKE: f64 = 0.75;

/// A row of the table.
pub struct Row {
    /// Its name, as in the file: a table and a key.
    pub name: &'static str,
    /// What it does, in one line.
    pub help: &'static str,
    /// Whether its value stands in quotes in the file.
    pub is_text: bool,
    allowed: fn() -> String,
    words: fn() -> &'static [(&'static str, &'static str)],
    get: fn(&Settings) -> String,
    set: fn(&mut Settings, &str) -> bool,
}

impl Row {
    /// What may be set, as part of a sentence.
    #[must_use]
    pub fn allowed(&self) -> String {
        (self.allowed)()
    }

    /// The values with what each does, where there are few.
    #[must_use]
    pub fn words(&self) -> &'static [(&'static str, &'static str)] {
        (self.words)()
    }

    /// The value in these settings, as in `/set`.
    #[must_use]
    pub fn get(&self, settings: &Settings) -> String {
        (self.get)(settings)
    }

    /// Gives it a value.
    ///
    /// # Errors
    /// One sentence that says what is allowed.
    pub fn set(&self, settings: &mut Settings, text: &str) -> Result<(), String> {
        if (self.set)(settings, text) {
            return Ok(());
        }
        Err(format!("{} cannot be \"{text}\"; use {}", self.name, self.allowed()))
    }

    /// The environment variable that goes before the file: `CHAT_NOTIFY_HOW`.
    #[must_use]
    pub fn variable(&self) -> String {
        format!("CHAT_{}", self.name.replace('.', "_").to_uppercase())
    }
}

/// The row of this name.
///
/// # Errors
/// One sentence, which offers a name like it.
pub fn row(name: &str) -> Result<&'static Row, String> {
    ROWS.iter().find(|row| row.name == name).ok_or_else(|| {
        let near = nearest(name, ROWS.iter().map(|row| row.name));
        let hint = near.map_or("/settings lists them".to_owned(), |near| format!("did you mean {near}?"));
        format!("there is no setting {name}; {hint}")
    })
}

/// The name most like the one that was written, if any is like it.
pub(crate) fn nearest<'a>(name: &str, all: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let scored = all.map(|other| (strsim::jaro_winkler(&name.to_lowercase(), &other.to_lowercase()), other));
    scored.filter(|(score, _)| *score > ALIKE).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, other)| other)
}

macro_rules! settings {
    ($($field:ident: $kind:ty = $name:literal, $default:expr, $help:literal;)+) => {
        /// The values of all settings.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct Settings {
            $(#[doc = $help] pub $field: $kind,)+
        }

        impl Default for Settings {
            fn default() -> Self {
                Self { $($field: $default,)+ }
            }
        }

        /// All settings, in the order of the example file.
        pub const ROWS: &[Row] = &[$(Row {
            name: $name,
            help: $help,
            is_text: <$kind as Value>::IS_TEXT,
            allowed: <$kind as Value>::allowed,
            words: <$kind as Value>::words,
            get: |settings| settings.$field.text(),
            set: |settings, text| match <$kind as Value>::parse(text) {
                Some(value) => {
                    settings.$field = value;
                    true
                }
                None => false,
            },
        },)+];
    };
}

settings! {
    theme: String = "theme", "auto".to_owned(),
        "Colours: auto looks at the terminal's background; else dark, light, high-contrast, 16-colours, no-colour, or a file of yours in themes/";
    colours: Colours = "colours", Colours::Auto, "How many colours the terminal can show";
    motion: bool = "motion", true, "Whether anything moves: the dots of somebody who types";
    mouse: bool = "mouse", true,
        "Whether the mouse works in the chat; without it the terminal selects text by itself";
    clock: Clock = "clock", Clock::Hours24, "How the time of day is written";
    day: DayForm = "day", DayForm::DayMonth, "How a date is written";
    links: bool = "links", true, "Whether links can be clicked in terminals that know how (OSC 8)";
    images: Images = "images", Images::Auto, "How pictures are shown";
    bell: bool = "bell", true,
        "Whether the terminal makes a sound for what calls for you while you look elsewhere";
    editor: String = "editor", String::new(),
        "The program for long texts; empty takes $VISUAL or $EDITOR";
    downloads: String = "downloads", String::new(),
        "The folder for saved files; empty takes the system's";
    notify_how: NotifyHow = "notify.how", NotifyHow::Auto, "How you are told of what calls for you";
    notify_show: NotifyShow = "notify.show", NotifyShow::Full, "What a notification shows to all who see your screen";
    lock_minutes: Number<0, 1440> = "lock.minutes", Number(0),
        "After so many minutes without a key the screen is locked, once /lock has a passphrase; 0 never";
    typing_send: bool = "typing.send", true, "Whether others see that you are writing";
    read_when: ReadWhen = "read.when", ReadWhen::Seen, "When a message counts as read";
    list_order: ListOrder = "list.order", ListOrder::Name, "How the list of conversations is ordered";
    paste_block_lines: Number<2, 1000> = "paste.block_lines", Number(6),
        "From this many pasted lines on, you are asked whether to send a block or a file";
    keys_profile: Profile = "keys.profile", Profile::Default, "The keys to begin with; [keys.chat] and the other tables change single ones";
}

impl Settings {
    /// How times are written.
    #[must_use]
    pub(crate) fn times(&self) -> Times {
        Times { clock: self.clock, day: self.day }
    }
}

/// How times are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Times {
    pub(crate) clock: Clock,
    pub(crate) day: DayForm,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_can_be_written_and_read() {
        for row in ROWS {
            let (mut settings, text) = (Settings::default(), row.get(&Settings::default()));
            row.set(&mut settings, &text).unwrap();
            assert_eq!(settings, Settings::default(), "{}", row.name);
            assert!(!row.help.ends_with('.') && !row.allowed().is_empty());
        }
    }

    #[test]
    fn a_wrong_name_or_value_is_told_with_what_is_allowed() {
        let wrong = |name: &str, text: &str| {
            row(name).and_then(|row| row.set(&mut Settings::default(), text)).unwrap_err()
        };
        assert_eq!(wrong("notify.hwo", ""), "there is no setting notify.hwo; did you mean notify.how?");
        assert_eq!(wrong("xyzzy", ""), "there is no setting xyzzy; /settings lists them");
        assert_eq!(wrong("bell", "loud"), "bell cannot be \"loud\"; use true or false");
        assert_eq!(
            wrong("paste.block_lines", "1"),
            "paste.block_lines cannot be \"1\"; use a number from 2 to 1000"
        );
        assert_eq!(wrong("notify.show", "all"), "notify.show cannot be \"all\"; use full, name or nothing");
    }
}
