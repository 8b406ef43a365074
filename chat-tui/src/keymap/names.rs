//! The names by which the file of settings calls what a key does: an action's own name, a change to
//! the text, a slash command, or nothing.

use crate::action::Plain;
use crate::command;
use crate::settings::nearest;
use crate::state::composer::{Edit, Go};

use super::Does;

/// Unbinds a key.
const NOTHING: &str = "nothing";

/// Conversations that have a name: as many as there are keys with a digit.
const NUMBERED: usize = 9;

/// Changes to the text, with their names and what they do.
pub(crate) const EDITS: &[(Edit, &str, &str)] = &[
    (Edit::Left, "left", "One place left"),
    (Edit::Right, "right", "One place right"),
    (Edit::WordLeft, "word left", "One word left"),
    (Edit::WordRight, "word right", "One word right"),
    (Edit::Home, "line start", "To the start of the line"),
    (Edit::End, "line end", "To the end of the line"),
    (Edit::Up, "line up", "One line up"),
    (Edit::Down, "line down", "One line down"),
    (Edit::NewLine, "break line", "Begin a new line"),
    (Edit::Backspace, "delete back", "Delete the letter before the cursor"),
    (Edit::Delete, "delete letter", "Delete the letter behind the cursor"),
    (Edit::KillBlankWord, "kill back to space", "Delete back to the last space"),
    (Edit::KillWordBack, "kill word back", "Delete the word before the cursor"),
    (Edit::KillWord, "kill word", "Delete the word behind the cursor"),
    (Edit::KillToEnd, "kill to end", "Delete to the end of the line"),
    (Edit::KillToStart, "kill to start", "Delete to the start of the line"),
    (Edit::Yank, "yank", "Put the deleted text back"),
    (Edit::YankOlder, "yank older", "After a yank: the text deleted before that one"),
    (Edit::Undo, "undo", "Take the last change back"),
    (Edit::Redo, "redo", "Make the change again that was taken back"),
    (Edit::Select(Go::Left), "select left", "Select one place left"),
    (Edit::Select(Go::Right), "select right", "Select one place right"),
    (Edit::Select(Go::Up), "select up", "Select one line up"),
    (Edit::Select(Go::Down), "select down", "Select one line down"),
    (Edit::Select(Go::Home), "select to line start", "Select to the start of the line"),
    (Edit::Select(Go::End), "select to line end", "Select to the end of the line"),
    (Edit::Select(Go::WordLeft), "select word left", "Select one word left"),
    (Edit::Select(Go::WordRight), "select word right", "Select one word right"),
];

/// The name of a change to the text.
#[must_use]
pub(crate) fn of_edit(edit: Edit) -> Option<&'static str> {
    EDITS.iter().find(|(known, _, _)| *known == edit).map(|(_, name, _)| *name)
}

impl Does {
    /// Its name, as it is read.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Does::Plain(plain) => plain.title().to_owned(),
            Does::Edit(edit) => of_edit(*edit).unwrap_or("type").to_owned(),
            Does::Jump(number) => format!("conversation {number}"),
            Does::Command(line) => line.clone(),
        }
    }
}

/// What a name means; nothing at all for `nothing`.
///
/// # Errors
/// One sentence, which offers a name like it.
pub(super) fn parse(name: &str) -> Result<Option<Does>, String> {
    if name.starts_with('/') {
        command::parse(name).map_err(|error| format!("{name}: {error}"))?;
        return Ok(Some(Does::Command(name.to_owned())));
    }
    let wanted = plain_words(name);
    if wanted == NOTHING {
        return Ok(None);
    }
    if let Some(plain) = Plain::ALL.iter().find(|plain| plain_words(plain.title()) == wanted) {
        return Ok(Some(Does::Plain(*plain)));
    }
    if let Some((edit, _, _)) = EDITS.iter().find(|(_, known, _)| *known == wanted) {
        return Ok(Some(Does::Edit(*edit)));
    }
    let number = wanted.strip_prefix("conversation ").and_then(|number| number.parse().ok());
    if let Some(number) = number.filter(|number| (1..=NUMBERED).contains(number)) {
        return Ok(Some(Does::Jump(number)));
    }
    let all = Plain::ALL.iter().map(|plain| plain.title()).chain(EDITS.iter().map(|(_, name, _)| *name));
    let hint = nearest(&wanted, all).map_or("chat-tui settings actions lists them".to_owned(), |near| {
        format!("did you mean \"{near}\"?")
    });
    Err(format!("nothing is called \"{name}\"; {hint}"))
}

/// "next_conversation", "Next-Conversation" and "next conversation" are one.
fn plain_words(name: &str) -> String {
    name.trim().replace(['-', '_'], " ").to_lowercase()
}

/// Every name with its help, for `chat-tui settings actions` and the documentation.
#[must_use]
pub fn all() -> Vec<(String, &'static str)> {
    let plain = Plain::ALL.iter().map(|plain| (plain_words(plain.title()), plain.help()));
    let edits = EDITS.iter().map(|(_, name, help)| ((*name).to_owned(), *help));
    let others = [
        ("conversation 1".to_owned(), "Open that conversation of the list; up to conversation 9"),
        ("/join #ops".to_owned(), "Run a slash command, with what stands behind it"),
        (NOTHING.to_owned(), "The key does nothing"),
    ];
    plain.chain(edits).chain(others).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_name_means_one_thing() {
        let mut seen = HashSet::new();
        for (name, help) in all() {
            assert!(seen.insert(name.clone()), "{name} stands twice");
            assert!(!help.is_empty());
            if !name.starts_with('/') && name != NOTHING {
                let does = parse(&name).unwrap().unwrap();
                assert_eq!(plain_words(&does.name()), name);
            }
        }
    }

    #[test]
    fn a_wrong_name_offers_one_like_it() {
        assert_eq!(
            parse("nxt-conversation").unwrap_err(),
            "nothing is called \"nxt-conversation\"; did you mean \"next conversation\"?"
        );
        assert!(parse("/frobnicate").unwrap_err().contains("no command /frobnicate"));
        assert_eq!(parse("nothing"), Ok(None));
    }
}
