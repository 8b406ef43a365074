//! Files: `/upload`, `/save`, and what follows when they have arrived.

use std::path::{Path, PathBuf};

use chat_client::{Draft, Enclosure};
use chat_proto::{Body, Event, TextError, limits};

use super::{Effects, complain, messages, open_first, outcomes, places, say_so};
use crate::effect::{Effect, Tell};
use crate::state::transfer::{Job, TRANSFERS};
use crate::state::{Purpose, State, rights};

/// Uploads a file, to be sent with this text where one is now.
pub(super) fn upload(state: &mut State, path: PathBuf, text: &str, effects: &mut Effects) {
    let Some(id) = state.open else {
        return complain(state, open_first(state));
    };
    if let Some(reason) = rights::silence_here(state) {
        return complain(state, reason.to_owned());
    }
    let body = match Body::new(text) {
        Ok(body) => body,
        Err(TextError::Empty) => Body::default(),
        Err(error) => return complain(state, format!("Not sent: {error}")),
    };
    let reply_to = match state.purpose {
        Purpose::Reply(seq) => Some(seq),
        _ => None,
    };
    let thread = state.thread.as_ref().filter(|thread| thread.focused).map(|thread| thread.root);
    let draft = Box::new(Draft { reply_to, thread, ..Draft::new(id, body) });
    start(state, Job::Upload(path), Some(draft), effects);
    state.purpose = Purpose::Write;
}

/// Saves the files of the chosen message, or of the newest that has some.
pub(super) fn save(state: &mut State, to: Option<PathBuf>, effects: &mut Effects) {
    let has_files = |event: &Event| event.message().is_some_and(|message| !message.files.is_empty());
    let Some(event) = messages::target(state, has_files) else {
        return complain(state, "There is no message here with files".to_owned());
    };
    let files = event.message().map(|message| message.files.clone()).unwrap_or_default();
    if files.is_empty() {
        return complain(state, "This message has no files".to_owned());
    }
    for file in files {
        start(state, Job::Save(Box::new(file), to.clone()), None, effects);
    }
    state.selected = None;
}

fn start(state: &mut State, job: Job, draft: Option<Box<Draft>>, effects: &mut Effects) {
    match state.transfers.start(job.clone(), draft) {
        Some(key) => effects.add(Effect::Carry(key, job)),
        None => complain(state, format!("{TRANSFERS} files are on their way; wait for some of them")),
    }
}

/// An upload has ended: its message goes, or its command comes back.
pub(super) fn uploaded(
    state: &mut State,
    key: u64,
    result: Result<Enclosure, String>,
    effects: &mut Effects,
) -> bool {
    let Some(transfer) = state.transfers.end(key) else { return false };
    let (Job::Upload(path), Some(mut draft)) = (transfer.job, transfer.draft) else { return false };
    match result {
        Ok(file) => {
            draft.files.truncate(limits::FILES_PER_MESSAGE - 1);
            draft.files.push(file);
            let is_here = state.open == Some(draft.conversation);
            effects.tell(Tell::Send(draft));
            if is_here && !super::actions::looks_back(state) {
                places::newest(state);
            }
        }
        Err(error) => {
            let command = format!("/upload {} {}", quoted(&path), draft.body);
            outcomes::give_back(state, draft.conversation, command.trim_end());
            complain(state, format!("Not uploaded: {error}"));
        }
    }
    true
}

/// A download has ended.
pub(super) fn saved(state: &mut State, key: u64, result: Result<PathBuf, String>) -> bool {
    if state.transfers.end(key).is_none() {
        return false;
    }
    match result {
        Ok(path) => say_so(state, format!("Saved {}", path.display())),
        Err(error) => complain(state, format!("Not saved: {error}")),
    }
    true
}

/// A path as `/upload` reads it.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    if text.contains([' ', '"', '\'', '\\']) {
        format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
    } else {
        text
    }
}
