//! `/set notify.how bell`.

use crate::action::{Action, Plain};
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
