//! What the terminal can do: from its name, what it answered, and what the environment says.

use std::process::{Command, Stdio};

use super::answers::Answers;
use super::osc::Between;
use crate::settings::{Images, NotifyHow};
use crate::text::widths::Widths;

/// A terminal as it is known by the beginning of its name.
struct Known {
    name: &'static str,
    images: Images,
    notify: NotifyHow,
}

const fn known(name: &'static str, images: Images, notify: NotifyHow) -> Known {
    Known { name, images, notify }
}

/// Terminals by their names in lower case, as they answer, or as `TERM_PROGRAM` or `TERM` say. What
/// cannot be asked for is known from their manuals: no terminal says whether it shows
/// notifications, and kitty's pictures need placeholders, which not all have that know the rest.
const KNOWN: &[Known] = &[
    known("kitty", Images::Kitty, NotifyHow::Osc99),
    known("xterm-kitty", Images::Kitty, NotifyHow::Osc99),
    known("ghostty", Images::Kitty, NotifyHow::Osc777),
    known("xterm-ghostty", Images::Kitty, NotifyHow::Osc777),
    known("wezterm", Images::Iterm2, NotifyHow::Osc777),
    known("iterm", Images::Iterm2, NotifyHow::Osc9),
    known("foot", Images::Sixel, NotifyHow::Osc777),
    known("contour", Images::Sixel, NotifyHow::Osc777),
    known("rio", Images::Iterm2, NotifyHow::Osc777),
    known("warp", Images::Iterm2, NotifyHow::Osc777),
    known("mintty", Images::Iterm2, NotifyHow::Auto),
    known("vscode", Images::Iterm2, NotifyHow::Auto),
    known("tabby", Images::Iterm2, NotifyHow::Auto),
    known("rxvt", Images::Halfblocks, NotifyHow::Osc777),
    // It says that it knows sixel, and draws it wrongly.
    known("konsole", Images::Halfblocks, NotifyHow::Auto),
];

/// The attribute of a device that knows sixel.
const SIXEL: u16 = 4;

/// See the module.
#[derive(Debug, Clone, Default)]
pub struct Abilities {
    /// What it calls itself, or what the environment calls it. Safe.
    pub name: String,
    /// Whether it answered at all.
    pub answers: bool,
    /// What stands between.
    pub between: Between,
    /// Whether this program runs on another machine than the terminal.
    pub is_remote: bool,
    /// Whether keys can be told in more detail.
    pub keyboard: bool,
    /// Whether it says that it knows sixel.
    pub sixel: bool,
    /// Pixels of a cell: wide, high.
    pub cell: Option<(u16, u16)>,
    /// How wide it draws what is not agreed upon.
    pub widths: Widths,
    /// Whether a desktop can be reached from here.
    pub has_desktop: bool,
}

impl Abilities {
    /// What follows from the answers and the environment.
    pub(super) fn new(answers: &Answers, environment: impl Fn(&str) -> Option<String>) -> Self {
        let get = |name: &str| environment(name).filter(|value| !value.is_empty());
        let term = get("TERM").unwrap_or_default();
        let program = get("TERM_PROGRAM").unwrap_or_default();
        let between = if get("TMUX").is_some() || term.starts_with("tmux") {
            Between::Tmux
        } else if get("STY").is_some() {
            Between::Screen
        } else {
            Between::Nothing
        };
        let is_remote = ["SSH_CONNECTION", "SSH_TTY"].iter().any(|name| get(name).is_some());
        let told = || answers.name.clone().filter(|_| between == Between::Nothing);
        let outer = || (get("TMUX").is_some()).then(outer_name).flatten();
        let from_environment = || {
            let session = get("WT_SESSION").map(|_| "Windows Terminal".to_owned());
            let kitty =
                get("KITTY_WINDOW_ID").filter(|_| between == Between::Nothing).map(|_| "kitty".to_owned());
            let program = Some(program.clone()).filter(|name| !name.is_empty() && name != "tmux");
            program.or(kitty).or(session).unwrap_or_else(|| term.clone())
        };
        let name = told().or_else(outer).unwrap_or_else(from_environment);
        let attributes = answers.attributes.as_deref().unwrap_or_default();
        Self {
            name: chat_proto::SafeText::line(&name).as_str().to_owned(),
            answers: answers.attributes.is_some(),
            between,
            is_remote,
            keyboard: answers.keyboard,
            sixel: attributes.get(1..).is_some_and(|rest| rest.contains(&SIXEL)),
            cell: answers.cell,
            widths: Widths::measured(&answers.columns),
            has_desktop: !is_remote && cfg!(feature = "desktop") && has_bus(&get),
        }
    }

    /// How pictures are shown, by this wish.
    #[must_use]
    pub fn images(&self, wish: Images) -> Images {
        match wish {
            Images::Auto => match self.known() {
                // Its pixels are not known, and a picture would not fit its place.
                Some(known) if known.images == Images::Kitty || self.cell.is_some() => known.images,
                None if self.sixel && self.cell.is_some() && self.between != Between::Screen => Images::Sixel,
                _ => Images::Halfblocks,
            },
            wish => wish,
        }
    }

    /// How notifications go, by this wish.
    #[must_use]
    pub fn notify(&self, wish: NotifyHow) -> NotifyHow {
        match (wish, self.known().map(|known| known.notify)) {
            (NotifyHow::Auto, Some(NotifyHow::Auto) | None) if self.has_desktop => NotifyHow::Desktop,
            (NotifyHow::Auto, Some(NotifyHow::Auto) | None) => NotifyHow::Bell,
            (NotifyHow::Auto, Some(how)) => how,
            (NotifyHow::Desktop, _) if !self.has_desktop => NotifyHow::Bell,
            (wish, _) => wish,
        }
    }

    fn known(&self) -> Option<&'static Known> {
        let name = self.name.to_lowercase();
        KNOWN.iter().find(|known| name.starts_with(known.name))
    }
}

/// The terminal around tmux, as tmux was told.
fn outer_name() -> Option<String> {
    let mut tmux = Command::new("tmux");
    tmux.args(["display-message", "-p", "#{client_termtype}\n#{client_termname}"]);
    let output = tmux.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().map(str::trim).find(|line| !line.is_empty()).map(str::to_owned)
}

/// Whether the desktop's bus is there.
fn has_bus(get: &impl Fn(&str) -> Option<String>) -> bool {
    let by_folder =
        || get("XDG_RUNTIME_DIR").is_some_and(|dir| std::path::Path::new(&dir).join("bus").exists());
    cfg!(target_os = "macos") || get("DBUS_SESSION_BUS_ADDRESS").is_some() || by_folder()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(said: &[u8], environment: &[(&str, &str)]) -> Abilities {
        let mut answers = Answers::default();
        answers.take(said);
        Abilities::new(&answers, |name| {
            environment.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    fn ways(abilities: &Abilities) -> (Images, NotifyHow) {
        (abilities.images(Images::Auto), abilities.notify(NotifyHow::Auto))
    }

    #[test]
    fn terminals_are_known_by_their_names() {
        let kitty = of(b"\x1bP>|kitty(0.35.1)\x1b\\\x1b[?62;c", &[("TERM", "xterm-kitty")]);
        assert_eq!(ways(&kitty), (Images::Kitty, NotifyHow::Osc99));
        let silent = of(b"", &[("TERM", "xterm-ghostty")]);
        assert_eq!(ways(&silent), (Images::Kitty, NotifyHow::Osc777));
        let iterm = of(b"\x1b[6;16;8t\x1b[?62;4c", &[("TERM_PROGRAM", "iTerm.app")]);
        assert_eq!(ways(&iterm), (Images::Iterm2, NotifyHow::Osc9));
        let foot = of(b"\x1b[6;16;8t\x1bP>|foot(1.16.2)\x1b\\\x1b[?62;4;22c", &[("TERM", "foot")]);
        assert_eq!(ways(&foot), (Images::Sixel, NotifyHow::Osc777));
    }

    #[test]
    fn an_unknown_one_gets_what_all_can() {
        let plain = of(b"\x1b[?62;22c", &[("TERM", "xterm-256color")]);
        assert_eq!(ways(&plain), (Images::Halfblocks, NotifyHow::Bell));
        let sixel = of(b"\x1b[6;16;8t\x1b[?64;1;4;22c", &[("TERM", "xterm-256color")]);
        assert_eq!(ways(&sixel).0, Images::Sixel);
        let no_size = of(b"\x1b[?64;1;4;22c", &[("TERM", "xterm-256color")]);
        assert_eq!(ways(&no_size).0, Images::Halfblocks, "a picture would not fit its place");
        let konsole = of(b"\x1b[6;16;8t\x1bP>|Konsole 23.08\x1b\\\x1b[?62;1;4c", &[]);
        assert_eq!(ways(&konsole).0, Images::Halfblocks);
    }

    #[test]
    fn the_desktop_is_told_where_the_terminal_cannot() {
        let bus = ("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere");
        let here = of(b"\x1b[?6c", &[("TERM", "xterm"), bus]);
        let there = of(b"\x1b[?6c", &[("TERM", "xterm"), bus, ("SSH_CONNECTION", "1 2 3 4")]);
        let expected = if cfg!(feature = "desktop") { NotifyHow::Desktop } else { NotifyHow::Bell };
        assert_eq!(here.notify(NotifyHow::Auto), expected);
        assert_eq!(there.notify(NotifyHow::Auto), NotifyHow::Bell);
        assert_eq!(there.notify(NotifyHow::Desktop), NotifyHow::Bell, "the bell is the floor");
        assert_eq!(there.notify(NotifyHow::Osc9), NotifyHow::Osc9, "a wish is a wish");
    }

    #[test]
    fn what_stands_between_is_seen() {
        assert_eq!(of(b"", &[("TERM", "tmux-256color")]).between, Between::Tmux);
        assert_eq!(of(b"", &[("TERM", "screen"), ("STY", "1.x")]).between, Between::Screen);
        // The name that tmux gives itself says nothing of what shows the picture.
        let tmux =
            of(b"\x1bP>|tmux 3.4\x1b\\\x1b[?1;2;4c", &[("TERM", "tmux-256color"), ("TERM_PROGRAM", "tmux")]);
        assert_eq!(tmux.notify(NotifyHow::Auto), NotifyHow::Bell);
    }
}
