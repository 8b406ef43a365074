//! What kinds of values settings have, and the words of those that are a choice.

/// A value that can be read from one word or text, and written so that it reads the same.
pub trait Value: Sized {
    /// Whether it stands in quotes in the file.
    const IS_TEXT: bool;

    /// What may be written, as part of a sentence.
    fn allowed() -> String;

    /// The words with what each does, where there are few.
    #[must_use]
    fn words() -> &'static [(&'static str, &'static str)] {
        &[]
    }

    /// Reads it.
    fn parse(text: &str) -> Option<Self>;

    /// Writes it.
    fn text(&self) -> String;
}

impl Value for bool {
    const IS_TEXT: bool = false;

    fn allowed() -> String {
        "true or false".to_owned()
    }

    fn words() -> &'static [(&'static str, &'static str)] {
        &[("true", "Yes"), ("false", "No")]
    }

    fn parse(text: &str) -> Option<Self> {
        match text {
            "true" | "on" | "yes" => Some(true),
            "false" | "off" | "no" => Some(false),
            _ => None,
        }
    }

    fn text(&self) -> String {
        self.to_string()
    }
}

/// The longest text of a setting: a path of the system's longest.
const TEXT_BYTES: usize = 4_096;

impl Value for String {
    const IS_TEXT: bool = true;

    fn allowed() -> String {
        "a text in one line".to_owned()
    }

    fn parse(text: &str) -> Option<Self> {
        let is_one_line = !text.chars().any(char::is_control);
        (is_one_line && text.len() <= TEXT_BYTES).then(|| text.to_owned())
    }

    fn text(&self) -> String {
        self.clone()
    }
}

/// A number with its bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Number<const LEAST: u32, const MOST: u32>(pub u32);

impl<const LEAST: u32, const MOST: u32> Value for Number<LEAST, MOST> {
    const IS_TEXT: bool = false;

    fn allowed() -> String {
        format!("a number from {LEAST} to {MOST}")
    }

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok().filter(|number| (LEAST..=MOST).contains(number)).map(Self)
    }

    fn text(&self) -> String {
        self.0.to_string()
    }
}

/// "a, b or c".
pub(crate) fn either(words: impl Iterator<Item = impl Into<String>>) -> String {
    let mut words: Vec<String> = words.map(Into::into).collect();
    match words.pop() {
        Some(last) if !words.is_empty() => format!("{} or {last}", words.join(", ")),
        last => last.unwrap_or_default(),
    }
}

macro_rules! choices {
    ($($(#[$doc:meta])* $name:ident { $($variant:ident = $word:literal, $help:literal;)+ })+) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
            pub enum $name {
                $(#[doc = $help] $variant,)+
            }

            impl Value for $name {
                const IS_TEXT: bool = true;

                fn allowed() -> String {
                    either(Self::words().iter().map(|(word, _)| *word))
                }

                fn words() -> &'static [(&'static str, &'static str)] {
                    &[$(($word, $help),)+]
                }

                fn parse(text: &str) -> Option<Self> {
                    match text {
                        $($word => Some($name::$variant),)+
                        _ => None,
                    }
                }

                fn text(&self) -> String {
                    match self { $($name::$variant => $word.to_owned(),)+ }
                }
            }
        )+
    };
}

choices! {
    /// How many colours the terminal can show.
    Colours {
        Auto = "auto", "As the terminal says";
        Full = "truecolor", "All of them";
        Palette = "256", "256 colours";
        Basic = "16", "The terminal's own sixteen";
        None = "none", "No colours; shapes and weight tell everything";
    }

    /// How the time of day is written.
    Clock {
        Hours24 = "24h", "21:05";
        Hours12 = "12h", "9:05pm";
    }

    /// How a date is written.
    DayForm {
        DayMonth = "day-month", "16 Nov 2026";
        MonthDay = "month-day", "Nov 16, 2026";
        Iso = "iso", "2026-11-16";
    }

    /// How pictures are shown.
    Images {
        Auto = "auto", "The best that the terminal can";
        Kitty = "kitty", "Kitty's graphics protocol";
        Sixel = "sixel", "Sixel graphics";
        Iterm2 = "iterm2", "iTerm2's inline pictures";
        Halfblocks = "halfblocks", "Coloured half blocks, in every terminal";
        Off = "off", "Only the name and the size of the file";
    }

    /// How one is told of what calls for one.
    NotifyHow {
        Auto = "auto", "The best that the terminal can, and the bell";
        Osc99 = "osc99", "OSC 99 (kitty, foot)";
        Osc777 = "osc777", "OSC 777 (urxvt, foot, ghostty, WezTerm)";
        Osc9 = "osc9", "OSC 9 (iTerm2, WezTerm, Windows Terminal)";
        Bell = "bell", "Only the bell";
        Desktop = "desktop", "The desktop's own notifications";
        Off = "off", "Not at all";
    }

    /// What a notification shows.
    NotifyShow {
        Full = "full", "Who writes, and what";
        Name = "name", "Who writes";
        Nothing = "nothing", "Only that something came";
    }

    /// When a message counts as read.
    ReadWhen {
        Seen = "seen", "Once it was on screen in a terminal with the focus";
        Key = "key", "Once it was on screen and you pressed a key";
        Never = "never", "Only when you say so";
    }

    /// How the list of conversations is ordered.
    ListOrder {
        Recent = "recent", "The newest message first";
        Name = "name", "By name";
        Unread = "unread", "What is unread first";
        Own = "own", "Your own order; \"move conversation up\" and \"down\" change it";
    }

    /// The keys to begin with.
    Profile {
        Default = "default", "The usual keys of chats and of readline";
        Vim = "vim", "Two modes, as in vim";
        Emacs = "emacs", "Chords, as in emacs";
    }
}
