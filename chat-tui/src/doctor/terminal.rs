//! The terminal's part: what it is, what it can do, how it draws and tells.

use std::process::{Command, Stdio};

use super::Report;
use crate::notification::Notification;
use crate::settings::Colours;
use crate::settings::{Images, NotifyHow, Settings, Value};
use crate::terminal::abilities::Abilities;
use crate::terminal::osc::Between;
use crate::terminal::{self, Screen};
use crate::theme::colour;

/// Under this the screen is cut.
const USEFUL: (u16, u16) = (40, 10);

pub(super) async fn examine(settings: &Settings, notify: bool, report: &mut Report) {
    locale(report);
    if !terminal::is_there() {
        return report
            .odd("terminal", "none is here, so it was not looked at; run this in the one you chat in");
    }
    let (abilities, size) = match look() {
        Ok(found) => found,
        Err(error) => return report.bad("terminal", &format!("it cannot be used: {error}")),
    };
    about(&abilities, size, report);
    widths(&abilities, report);
    let images = abilities.images(settings.images);
    report.well(
        "pictures",
        match images {
            Images::Kitty => "kitty's graphics",
            Images::Sixel => "sixel",
            Images::Iterm2 => "iTerm2's inline pictures",
            Images::Off => "off, by your settings",
            Images::Auto | Images::Halfblocks => "half blocks; a terminal with graphics shows more",
        },
    );
    between(&abilities, report);
    told(&abilities, settings, notify, report).await;
}

/// Takes the terminal for the moment of the question, and gives it back.
fn look() -> std::io::Result<(Abilities, (u16, u16))> {
    let screen = Screen::enter()?;
    let size = screen.size()?;
    Ok((screen.abilities().clone(), size))
}

fn about(abilities: &Abilities, (columns, rows): (u16, u16), report: &mut Report) {
    let name = if abilities.name.is_empty() { "without a name" } else { &abilities.name };
    let size = format!("{name}, {columns}×{rows}");
    match (columns, rows) {
        (columns, rows) if columns < USEFUL.0 || rows < USEFUL.1 => {
            report.odd("terminal", &format!("{size}; make it at least {}×{}", USEFUL.0, USEFUL.1));
        }
        _ => report.well("terminal", &size),
    }
    if abilities.answers {
        report.well("answers", "it says what it can do");
    } else {
        report.odd("answers", "it does not say what it can do; what all terminals can is used");
    }
    match abilities.keyboard {
        true => report.well("keyboard", "all keys, Shift-Enter and Ctrl-I too (kitty's protocol)"),
        false => report.well("keyboard", "the usual keys; Alt-Enter or Ctrl-J begins a new line"),
    }
    match colour::shown(|name| std::env::var(name).ok()) {
        Colours::None => report.well("colours", "none, by NO_COLOR or TERM"),
        Colours::Full => report.well("colours", "all of them"),
        Colours::Palette => report.well("colours", "256; COLORTERM=truecolor brings all of them"),
        _ => {
            report.odd("colours", "sixteen; names may look alike, and COLORTERM=truecolor brings all of them")
        }
    }
}

fn widths(abilities: &Abilities, report: &mut Report) {
    let widths = abilities.widths;
    if !widths.is_measured {
        return report.odd("widths", "not measured; emoji may leave parts behind, Ctrl-L draws anew");
    }
    let joined = if widths.joins { "joined" } else { "not joined" };
    let skin = if widths.skin_joins { "joined" } else { "not joined" };
    let told = format!(
        "measured: ambiguous {}, heart with selector {}, flag {}, families {joined}, skin {skin}",
        widths.ambiguous, widths.selected, widths.flag
    );
    report.well("widths", &told);
}

/// What stands between, and whether it lets things through.
fn between(abilities: &Abilities, report: &mut Report) {
    const CLIPBOARD: &str =
        "by OSC 52; a terminal that forbids it says nothing: copy with y and try to paste";
    if abilities.between != Between::Tmux {
        return report.well("clipboard", CLIPBOARD);
    }
    match tmux_option("set-clipboard").as_deref() {
        Some("off") => report.odd("clipboard", "tmux keeps it; set -g set-clipboard on lets it through"),
        _ => report.well("clipboard", CLIPBOARD),
    }
    match tmux_option("allow-passthrough").as_deref() {
        Some("on" | "all") => report.well("tmux", "lets notifications and pictures through"),
        _ => report.odd("tmux", "set -g allow-passthrough on lets notifications and pictures through"),
    }
}

fn tmux_option(name: &str) -> Option<String> {
    // What holds for this pane, also where it comes from above.
    let mut tmux = Command::new("tmux");
    tmux.args(["show-options", "-pAqv", name]).stdin(Stdio::null()).stderr(Stdio::null());
    let pane = String::from_utf8_lossy(&tmux.output().ok()?.stdout).trim().to_owned();
    if !pane.is_empty() {
        return Some(pane);
    }
    let mut tmux = Command::new("tmux");
    tmux.args(["show-options", "-gqv", name]).stdin(Stdio::null()).stderr(Stdio::null());
    let all = String::from_utf8_lossy(&tmux.output().ok()?.stdout).trim().to_owned();
    Some(all).filter(|value| !value.is_empty())
}

async fn told(abilities: &Abilities, settings: &Settings, notify: bool, report: &mut Report) {
    let how = abilities.notify(settings.notify_how);
    let bell = if settings.bell && how != NotifyHow::Off { ", and the bell" } else { "" };
    let words = |how: NotifyHow| how.text();
    match (settings.notify_how, how) {
        (NotifyHow::Desktop, NotifyHow::Bell) => {
            report.odd("notifications", "no desktop can be reached from here: only the bell");
        }
        (NotifyHow::Auto, NotifyHow::Bell) => {
            let told = "only the bell; if your terminal shows OSC 777 or OSC 9, set notify.how";
            report.well("notifications", told);
        }
        (NotifyHow::Auto, how) => report.well("notifications", &format!("{} (auto){bell}", words(how))),
        (_, how) => report.well("notifications", &format!("{}{bell}", words(how))),
    }
    if notify {
        match terminal::try_out(abilities, &Notification::trial(settings.notify_how), settings.bell).await {
            Ok(()) => report.well("trial", "one was sent; if you saw nothing, try another notify.how"),
            Err(error) => report.bad("trial", &error),
        }
    }
}

fn locale(report: &mut Report) {
    let of = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let locale = of("LC_ALL").or_else(|| of("LC_CTYPE")).or_else(|| of("LANG")).unwrap_or_default();
    let is_utf8 = locale.to_lowercase().replace('-', "").contains("utf8");
    match is_utf8 {
        true => report.well("locale", &locale),
        false => report
            .odd("locale", &format!("\"{locale}\" is not UTF-8; set LANG=C.UTF-8, or letters may be lost")),
    }
}
