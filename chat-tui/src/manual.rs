//! The parts of the documentation that are printed from tables: keys, settings, themes, commands.
//! A test compares them with what stands in `README.md` and `docs/client.md`.

use std::fmt::Write;
use std::io;

use clap::CommandFactory;
use clap_mangen::roff::{Roff, bold, roman};

use crate::action::Plain;
use crate::config::Flags;
use crate::help;
use crate::keymap::{Context, Keymap, all_names};
use crate::settings::{self, Profile};
use crate::theme::{self, Role};

/// What stands in the README: what people need on the first day.
const FIRST: &[Plain] = &[
    Plain::Send,
    Plain::NewLine,
    Plain::Switcher,
    Plain::Search,
    Plain::Inbox,
    Plain::NextNeedsMe,
    Plain::NextConversation,
    Plain::PreviousConversation,
    Plain::LastConversation,
    Plain::UnreadLine,
    Plain::PageUp,
    Plain::EditLast,
    Plain::Select,
    Plain::Complete,
    Plain::Cancel,
    Plain::Help,
];

/// A part of a document between two marks: `<!-- keys -->` and `<!-- end of keys -->`.
pub struct Part {
    /// Its name in the marks.
    pub name: &'static str,
    /// What stands there.
    pub text: String,
}

/// The parts of the README.
#[must_use]
pub fn readme() -> Vec<Part> {
    let keymap = Keymap::default();
    let rows = FIRST.iter().map(|plain| {
        let labels: Vec<String> = keymap.labels(Context::Chat, *plain).collect();
        (labels.join(", "), plain.help().to_owned())
    });
    vec![Part { name: "keys", text: table("Key", rows) }]
}

/// The parts of the document of the client.
#[must_use]
pub fn client() -> Vec<Part> {
    let roles = Role::ALL.iter().map(|role| (format!("`{}`", role.name()), role.help().to_owned()));
    let names = all_names().into_iter().map(|(name, help)| (format!("`{name}`"), help.to_owned()));
    vec![
        Part { name: "settings", text: settings::table() },
        Part { name: "keys", text: keys(Profile::Default) },
        Part { name: "vim", text: changes(Profile::Vim) },
        Part { name: "emacs", text: changes(Profile::Emacs) },
        Part { name: "names", text: table("Name", names) },
        Part { name: "themes", text: theme::BUILTIN.iter().map(|name| format!("- `{name}`\n")).collect() },
        Part { name: "roles", text: table("Look", roles) },
    ]
}

/// All keys of a profile, by what has the keyboard.
fn keys(profile: Profile) -> String {
    let keymap = Keymap::of(profile);
    let mut out = String::new();
    for context in Context::ALL {
        let rows = help::keys(&keymap, *context);
        if !rows.is_empty() {
            let _ = write!(out, "**{}** (`[keys.{}]`)\n\n", context.title(), context.name());
            out += &table("Key", rows.into_iter());
            out.push('\n');
        }
    }
    out.trim_end().to_owned() + "\n"
}

/// What a profile has that the usual keys have not.
fn changes(profile: Profile) -> String {
    let (keymap, usual) = (Keymap::of(profile), Keymap::default());
    let mut out = String::new();
    for context in Context::ALL {
        let before = help::keys(&usual, *context);
        let rows: Vec<_> =
            help::keys(&keymap, *context).into_iter().filter(|row| !before.contains(row)).collect();
        if !rows.is_empty() {
            let _ = write!(out, "**{}** (`[keys.{}]`)\n\n", context.title(), context.name());
            out += &table("Key", rows.into_iter());
            out.push('\n');
        }
    }
    out.trim_end().to_owned() + "\n"
}

fn table(head: &str, rows: impl Iterator<Item = (String, String)>) -> String {
    let mut out = format!("| {head} | What it does |\n|---|---|\n");
    for (left, right) in rows {
        let _ = writeln!(out, "| {} | {} |", left.replace('|', "\\|"), right.replace('|', "\\|"));
    }
    out
}

/// The document with its parts as they are now.
///
/// # Errors
/// One sentence, for a mark that is missing.
pub fn filled(document: &str, parts: &[Part]) -> Result<String, String> {
    let mut out = document.to_owned();
    for part in parts {
        let (begin, end) = (format!("<!-- {} -->\n", part.name), format!("<!-- end of {} -->", part.name));
        let from = out.find(&begin).ok_or_else(|| format!("the mark {begin:?} is missing"))? + begin.len();
        let to = out
            .get(from..)
            .and_then(|rest| rest.find(&end))
            .ok_or_else(|| format!("the mark {end:?} is missing"))?;
        out.replace_range(from..from + to, &format!("\n{}\n", part.text));
    }
    Ok(out)
}

/// The man page, for the keys as they are.
///
/// # Errors
/// The writer's.
pub fn man(keymap: &Keymap, out: &mut impl io::Write) -> io::Result<()> {
    let man = clap_mangen::Man::new(Flags::command());
    man.render_title(out)?;
    man.render_name_section(out)?;
    man.render_synopsis_section(out)?;
    man.render_description_section(out)?;
    man.render_options_section(out)?;
    man.render_subcommands_section(out)?;
    let mut page = Roff::new();
    for context in Context::ALL {
        let rows = help::keys(keymap, *context);
        if !rows.is_empty() {
            page.control("SH", [context.title().to_uppercase().as_str()]);
            list(&mut page, rows.into_iter());
        }
    }
    page.control("SH", ["COMMANDS"]);
    list(&mut page, help::commands().into_iter().map(|(usage, help)| (usage, help.to_owned())));
    page.control("SH", ["SETTINGS"]);
    let rows = settings::ROWS.iter().map(|row| {
        (row.name.to_owned(), format!("{}: {}. Also {}.", row.help, row.allowed(), row.variable()))
    });
    list(&mut page, rows);
    page.to_writer(out)
}

fn list(page: &mut Roff, rows: impl Iterator<Item = (String, String)>) {
    for (left, right) in rows {
        page.control("TP", []);
        page.text([bold(left)]);
        page.text([roman(right)]);
    }
}
