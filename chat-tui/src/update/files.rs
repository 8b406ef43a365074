//! Files: `/upload`, `/save`, and what follows when they have arrived.

use std::path::{Path, PathBuf};

use chat_client::files::size_in_words;
use chat_client::{Draft, Enclosure};
use chat_proto::{
    Attachment, Body, DeleteFile, Event, FileId, FilePage, ListFiles, OwnFile, Request, TextError, limits,
};

use super::{Effects, complain, messages, open_first, outcomes, places, say_so, writing};
use crate::action::Action;
use crate::effect::{Effect, Question, Tell};
use crate::state::picker::{Item, Kind, Picker};
use crate::state::transfer::{Job, TRANSFERS};
use crate::state::{Confirm, Popup, Purpose, State, rights};

/// Uploads a file, to be sent with this text where one is now.
pub(super) fn upload(state: &mut State, path: PathBuf, text: &str, effects: &mut Effects) {
    let Some(id) = state.open else {
        return complain(state, open_first(state));
    };
    if let Some(reason) = rights::silence_here(state) {
        return complain(state, reason);
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

/// Uploads a pasted text as a file, with what is written as its words.
pub(super) fn upload_text(state: &mut State, text: String, effects: &mut Effects) {
    if let Some(draft) = draft_here(state) {
        start(state, Job::Text(text), Some(draft), effects);
        state.purpose = Purpose::Write;
        writing::clear(state, effects);
    }
}

/// Uploads files into one message, with what is written as its words.
pub(super) fn upload_all(state: &mut State, paths: Vec<PathBuf>, effects: &mut Effects) {
    let Some(draft) = draft_here(state) else { return };
    match state.transfers.start_all(paths, draft) {
        Some(started) => effects.0.extend(started.into_iter().map(|(key, job)| Effect::Carry(key, job))),
        None => return complain(state, format!("{TRANSFERS} files are on their way; wait for some of them")),
    }
    state.purpose = Purpose::Write;
    writing::clear(state, effects);
}

/// A message of what is written where one is now, without files yet.
fn draft_here(state: &mut State) -> Option<Box<Draft>> {
    let id = writing::may_write_here(state)?;
    let body = match Body::new(state.composer.text().trim_end()) {
        Ok(body) => body,
        Err(TextError::Empty) => Body::default(),
        Err(error) => {
            complain(state, format!("Not sent: {error}"));
            return None;
        }
    };
    let reply_to = match state.purpose {
        Purpose::Reply(seq) => Some(seq),
        _ => None,
    };
    let thread = state.thread.as_ref().filter(|thread| thread.focused).map(|thread| thread.root);
    Some(Box::new(Draft { reply_to, thread, ..Draft::new(id, body) }))
}

/// Stops the file that was started last; the words that were to go with it come back.
pub(super) fn stop(state: &mut State, effects: &mut Effects) {
    match state.transfers.newest() {
        Some(key) => stop_one(state, key, effects),
        None => say_so(state, "No file is on its way".to_owned()),
    }
}

/// Asks whether a file is to be stopped that was clicked.
pub(super) fn ask_to_stop(state: &mut State, key: u64) {
    if let Some(transfer) = state.transfers.get(key) {
        let question = format!("Stop {}? y stops it", transfer.name());
        state.confirm = Some(Confirm { question, action: Action::StopFile(key) });
    }
}

/// Stops this file, if it is still on its way.
pub(super) fn stop_one(state: &mut State, key: u64, effects: &mut Effects) {
    if state.transfers.get(key).is_none() {
        return;
    }
    effects.add(Effect::Abandon(key));
    let ready = state.transfers.leave_out(key);
    send_ready(state, ready, effects);
    if let Some(draft) = state.transfers.end(key).and_then(|transfer| transfer.draft) {
        outcomes::give_back(state, draft.conversation, draft.body.as_str());
    }
    say_so(state, "Stopped; tried again, it goes on where it was".to_owned());
}

/// All files of a message are there, or given up: it goes.
fn send_ready(state: &mut State, ready: Option<Box<Draft>>, effects: &mut Effects) {
    let Some(draft) = ready else { return };
    if draft.files.is_empty() {
        return outcomes::give_back(state, draft.conversation, draft.body.as_str());
    }
    let is_here = state.open == Some(draft.conversation);
    effects.tell(Tell::Send(draft));
    if is_here && !super::actions::looks_back(state) {
        places::newest(state);
    }
}

/// Saves the files of the chosen message, or of the newest that has some.
pub(super) fn save(state: &mut State, to: Option<PathBuf>, effects: &mut Effects) {
    let has_files = |event: &Event| event.message().is_some_and(|message| !message.files.is_empty());
    let Some(event) = messages::target(state, has_files) else {
        return complain(state, "There is no message here with files".to_owned());
    };
    let folder = Some(&state.settings.downloads).filter(|folder| !folder.is_empty());
    let to = to.or_else(|| folder.map(PathBuf::from));
    let files = event.message().map(|message| message.files.clone()).unwrap_or_default();
    if files.is_empty() {
        return complain(state, "This message has no files".to_owned());
    }
    for file in files {
        start(state, Job::Save(Box::new(file), to.clone()), None, effects);
    }
    state.selected = None;
}

/// Saves this file where downloads go.
pub(super) fn save_one(state: &mut State, file: Attachment, effects: &mut Effects) {
    start(state, Job::Save(Box::new(file), None), None, effects);
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
    if let Err(error) = &result
        && looks_again(state, key, error, effects)
    {
        return false;
    }
    let ready = match &result {
        Ok(file) => state.transfers.put_in(key, file.clone()),
        Err(_) => state.transfers.leave_out(key),
    };
    send_ready(state, ready, effects);
    let Some(transfer) = state.transfers.end(key) else { return false };
    let name = transfer.name();
    let Some(mut draft) = transfer.draft else {
        if let Err(error) = result {
            complain(state, format!("{name} was not uploaded: {error}"));
        }
        return true;
    };
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
        Err(error) => not_uploaded(state, &transfer.job, &draft, &error),
    }
    true
}

/// The command of an upload that failed comes back.
fn not_uploaded(state: &mut State, job: &Job, draft: &Draft, error: &str) {
    let command = match job {
        Job::Upload(path) => format!("/upload {} {}", quoted(path), draft.body),
        // A text that could not be sent as a file is not lost.
        Job::Text(text) => text.clone(),
        Job::Save(..) => String::new(),
    };
    outcomes::give_back(state, draft.conversation, command.trim_end());
    complain(state, format!("Not uploaded: {error}"));
}

/// Looks whether what was taken for words is a part of the path, where there are any.
fn looks_again(state: &State, key: u64, error: &str, effects: &mut Effects) -> bool {
    let Some(transfer) = state.transfers.get(key) else { return false };
    let words = transfer.draft.as_ref().map(|draft| draft.body.as_str()).unwrap_or_default();
    match &transfer.job {
        Job::Upload(path) if !words.is_empty() => {
            effects.add(Effect::FindFile(key, path.clone(), words.to_owned(), error.to_owned()));
            true
        }
        _ => false,
    }
}

/// The file is found that was meant by a path and words behind it, or there is none.
pub(super) fn found(
    state: &mut State,
    key: u64,
    found: Result<(PathBuf, String), String>,
    effects: &mut Effects,
) -> bool {
    let Some(transfer) = state.transfers.end(key) else { return false };
    let Some(mut draft) = transfer.draft else { return false };
    match found {
        Ok((path, words)) => {
            draft.body = Body::new(&words).unwrap_or_default();
            start(state, Job::Upload(path), Some(draft), effects);
        }
        Err(error) => not_uploaded(state, &transfer.job, &draft, &error),
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

/// Asks for one's own uploads.
pub(super) fn ask_own(effects: &mut Effects) {
    let ask = ListFiles { before: None, limit: Some(limits::LIST_PAGE) };
    effects.ask(Question::Look(Box::new(Request::ListFiles(ask))));
}

/// Lists one's own uploads: one that is in a message leads there, one that is in none can go.
pub(super) fn listed(state: &mut State, page: &FilePage) {
    let rows = page.files.iter().map(|own| own_row(state, own)).collect();
    let mut picker = Picker::new(Kind::Files, rows);
    let used = size_in_words(page.used);
    picker.title = match page.quota {
        Some(quota) => format!("your files · {used} of {}", size_in_words(quota)),
        None => format!("your files · {used}"),
    };
    if page.files.is_empty() {
        return say_so(state, "You uploaded no files; /upload sends one".to_owned());
    }
    state.popup = Some(Popup::Picker(Box::new(picker)));
}

fn own_row(state: &State, own: &OwnFile) -> Item {
    let place = own.messages.first().and_then(|at| {
        let title = state.conversations.title(state.conversations.get(at.conversation)?);
        Some((format!("{title}:{}", at.seq), *at))
    });
    let stands = match (&place, own.received, own.used) {
        (Some((place, _)), ..) => place.clone(),
        (None, Some(received), _) => format!("{} are there", size_in_words(received)),
        (None, None, true) => "in a message elsewhere".to_owned(),
        (None, None, false) => "in no message; Enter deletes it".to_owned(),
    };
    let name = own.file.name.as_str().to_owned();
    let when = state.day_and_time(own.at);
    let action = match place {
        Some((_, at)) => Action::Show(at.conversation, at.seq),
        None if own.used => Action::Nothing,
        None => Action::DropFile(own.file.id, name.clone()),
    };
    Item { label: name, detail: format!("{} · {when} · {stands}", size_in_words(own.file.size)), action }
}

/// Asks whether an upload is to go.
pub(super) fn drop_own(state: &mut State, file: FileId, name: &str) {
    let question = format!("Delete {name} from the server? y deletes");
    state.confirm = Some(Confirm { question, action: Action::DeleteFile(file) });
}

/// Deletes an upload, and lists what is left.
pub(super) fn delete_own(file: FileId, effects: &mut Effects) {
    effects.change(Request::DeleteFile(DeleteFile { file }));
    ask_own(effects);
}
