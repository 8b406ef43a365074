//! `/set notify.how bell`.

use crate::action::{Action, Plain};
use crate::keymap::Chord;
use crate::settings;

/// A setting and its value; without a name, all of them.
pub(super) fn set(arguments: &str) -> Result<Action, String> {
    let arguments = arguments.trim();
    if arguments.is_empty() {
        return Ok(Plain::Settings.into());
    }
    let (name, value) = arguments.split_once([' ', '=']).unwrap_or((arguments, ""));
    let row = settings::row(name)?;
    let value = value.trim_start_matches([' ', '=']).trim();
    // An empty text is written in quotes, as in the file.
    let bare = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
    Ok(Action::Set(row.name, bare.or((!value.is_empty()).then_some(value)).map(str::to_owned)))
}

/// A theme by its name, or all of them.
pub(super) fn theme(name: &str) -> Result<Action, String> {
    let name = Some(name.trim()).filter(|name| !name.is_empty());
    Ok(name.map_or(Plain::Themes.into(), |name| Action::Set("theme", Some(name.to_owned()))))
}

/// An action, by the name that the help shows, and perhaps its new key.
pub(super) fn bind(arguments: &str) -> Result<Action, String> {
    let arguments = arguments.trim();
    if arguments.is_empty() {
        return Ok(Action::Bind(None, None));
    }
    let begins = |plain: &Plain| -> Option<String> {
        let title = plain.title();
        let (begun, rest) = arguments.split_at_checked(title.len())?;
        let is_whole = rest.is_empty() || rest.starts_with(char::is_whitespace);
        (begun.eq_ignore_ascii_case(title) && is_whole).then(|| rest.trim().to_owned())
    };
    let named = Plain::ALL.iter().filter_map(|plain| Some((*plain, begins(plain)?)));
    // "search" begins like nothing else, but "edit" could be the beginning of "edit last message".
    let (plain, key) = named
        .max_by_key(|(plain, _)| plain.title().len())
        .ok_or_else(|| "There is no action of that name; /bind alone lists them".to_owned())?;
    let chord = if key.is_empty() { None } else { Some(key.parse::<Chord>()?) };
    Ok(Action::Bind(Some(plain), chord))
}
