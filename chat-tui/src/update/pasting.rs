//! Pasting into the composer: many lines are asked about, paths of files are offered as uploads.

use chat_proto::limits;

use super::{Effects, complain, files, writing};
use crate::action::{Action, Paste};
use crate::effect::Effect;
use crate::state::picker::{Item, Kind, Picker};
use crate::state::{Popup, State, transfer};

/// A pasted text may bring the composer to this many bytes; more is a file, not a message.
const COMPOSER_BYTES: usize = 4 * limits::MESSAGE_BYTES;

/// The largest text that is kept to be sent as a file.
const FILE_BYTES: usize = 8 * 1024 * 1024;

/// Paths that are looked for in one paste; more is a text.
const PATHS: usize = limits::FILES_PER_MESSAGE;

/// Takes a text for the composer: puts it in, or asks what it is to become.
pub(super) fn paste(state: &mut State, text: &str, effects: &mut Effects) {
    if let Some(paths) = transfer::pasted_paths(text).filter(|paths| paths.len() <= PATHS) {
        return effects.add(Effect::Inspect(paths, text.to_owned()));
    }
    plain(state, text, effects);
}

/// Takes a text that names no files.
pub(super) fn plain(state: &mut State, text: &str, effects: &mut Effects) {
    let lines = text.trim_end().lines().count();
    let is_long = state.composer.bytes() + text.len() > COMPOSER_BYTES;
    if text.len() > FILE_BYTES {
        return complain(state, "Too much to paste; save it to a file and /upload that".to_owned());
    }
    if is_long || lines >= usize::try_from(state.settings.paste_block_lines.0).unwrap_or(usize::MAX) {
        return ask(state, text, lines, is_long);
    }
    put(state, text, effects);
}

fn put(state: &mut State, text: &str, effects: &mut Effects) {
    state.composer.insert(text);
    writing::changed(state, effects);
}

fn ask(state: &mut State, text: &str, lines: usize, is_long: bool) {
    let row = |label: &str, detail: &str, how| Item {
        label: label.to_owned(),
        detail: detail.to_owned(),
        action: Action::Paste(how, text.to_owned()),
    };
    let file = row("a file", "uploaded as pasted.txt, with what is written as its words", Paste::File);
    let items = match is_long {
        true => vec![file],
        false => vec![
            row("text", "put into the message as it is", Paste::Text),
            row("a code block", "put into the message between ``` lines", Paste::Block),
            file,
        ],
    };
    let lines = if lines == 1 { "one line".to_owned() } else { format!("{lines} lines") };
    let picker = Picker::new(Kind::Paste, items).titled(format!("{lines} pasted: send as"));
    state.popup = Some(Popup::Picker(Box::new(picker)));
}

/// Does with a pasted text what the person chose.
pub(super) fn pasted(state: &mut State, how: Paste, text: String, effects: &mut Effects) {
    match how {
        Paste::Text => put(state, &text, effects),
        Paste::Block => {
            let fence = fence(&text);
            let gap = if state.composer.before().is_empty() { "" } else { "\n" };
            let block = format!("{gap}{fence}\n{}\n{fence}\n", text.trim_end_matches(['\n', '\r']));
            put(state, &block, effects);
        }
        Paste::File => files::upload_text(state, text, effects),
    }
}

/// Backticks that do not end within the text.
fn fence(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    "`".repeat((longest + 1).max(3))
}

/// Says which of the pasted paths are files. Where all are, they are offered as an upload.
pub(super) fn inspected(
    state: &mut State,
    found: Option<Vec<(std::path::PathBuf, u64)>>,
    text: String,
    effects: &mut Effects,
) -> bool {
    let Some(found) = found.filter(|_| state.popup.is_none() && state.sign_in.is_none()) else {
        plain(state, &text, effects);
        return true;
    };
    let size = chat_client::files::size_in_words(found.iter().map(|(_, size)| size).sum());
    let (paths, names): (Vec<_>, Vec<_>) = found
        .into_iter()
        .map(|(path, _)| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            (path, name)
        })
        .unzip();
    let what = if names.len() == 1 { names.join("") } else { format!("{} files", names.len()) };
    let items = vec![
        Item {
            label: "upload".to_owned(),
            detail: format!("{size} · {}", names.join(" ")),
            action: Action::UploadAll(paths),
        },
        Item {
            label: "text".to_owned(),
            detail: "put the path into the message".to_owned(),
            action: Action::Paste(Paste::Text, text),
        },
    ];
    let picker = Picker::new(Kind::Paste, items).titled(format!("{what} pasted: send as"));
    state.popup = Some(Popup::Picker(Box::new(picker)));
    true
}
