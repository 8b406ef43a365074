//! Writing the open conversation into a file.

use std::path::PathBuf;

use chat_client::export::Format;

use super::{Effects, complain, say_so};
use crate::effect::Effect;
use crate::state::State;

/// Begins.
pub(super) fn begin(state: &mut State, format: Format, to: Option<PathBuf>, effects: &mut Effects) {
    let Some(conversation) = state.open_conversation() else {
        return complain(state, "Open a conversation first".to_owned());
    };
    if let Some((title, percent)) = &state.export {
        let text = format!("{title} is being written, {percent}%; /export cancel ends that");
        return complain(state, text);
    }
    let title = state.conversations.title(conversation);
    let folder =
        Some(state.settings.downloads.as_str()).filter(|folder| !folder.is_empty()).map(PathBuf::from);
    effects.add(Effect::Export(conversation.id, title.clone(), format, to.or(folder)));
    state.export = Some((title, 0));
}

/// Ends it before it is done.
pub(super) fn end(state: &mut State, effects: &mut Effects) {
    match state.export.take() {
        Some((title, _)) => {
            effects.add(Effect::EndExport);
            say_so(state, format!("{title} is not written; no file is left"));
        }
        None => say_so(state, "Nothing is being written".to_owned()),
    }
}

/// Notes how much is written; says whether that can be seen.
pub(super) fn progress(state: &mut State, percent: u8) -> bool {
    let Some((_, known)) = &mut state.export else { return false };
    std::mem::replace(known, percent) != percent
}

/// Takes its end; one that was ended before says nothing more.
pub(super) fn done(state: &mut State, result: Result<(PathBuf, u64), String>) -> bool {
    let Some((title, _)) = state.export.take() else { return false };
    match result {
        Ok((path, events)) => say_so(state, format!("{title}: {events} events in {}", path.display())),
        Err(error) => complain(state, format!("{title} is not written: {error}")),
    }
    true
}
