//! What came back from questions and from the form's server.

use chat_client::{Anchor, Connection, History, RequestError};
use chat_proto::{
    Conversation, ConversationId, EditMessage, ErrorCode, PersonRow, Request, Seq, SetLockdown, ThreadPage,
};

use super::{
    Effects, accounts, arranging, attention, begin, bots, browser, complain, files, listings, lists, lock,
    messages, moderation, pasting, pictures, places, threads, trust, writing,
};
use crate::effect::{Effect, Outcome, Question, Then};
use crate::state::composer::Composer;
use crate::state::picker::{Item, Kind};
use crate::state::profile;
use crate::state::{Popup, Purpose, State};

/// Takes an outcome; says whether the screen may look different now.
pub(super) fn outcome(state: &mut State, outcome: Outcome, effects: &mut Effects) -> bool {
    match outcome {
        Outcome::History(id, anchor, result) => history(state, id, anchor, result, effects),
        Outcome::Thread(id, root, result) => thread(state, id, root, result),
        Outcome::Context(id, seq, event) => {
            if let Some(event) = &event {
                state.people.meet(&event.author);
            }
            let event = event.map(|event| *event);
            if let (true, Some(thread)) = (state.open == Some(id), &mut state.thread) {
                thread.timeline.take_context(seq, event.clone());
            }
            if let Some(timeline) = state.timelines.get_mut(&id) {
                timeline.take_context(seq, event);
            }
            state.open == Some(id)
        }
        Outcome::Note(_, text) => {
            arranging::read(state, &text);
            true
        }
        Outcome::Pins(id, events) => {
            lists::pins(state, id, &events);
            true
        }
        Outcome::Listed(wish, answer) => listings::listed(state, &wish, answer, effects),
        Outcome::Heard(answer) => {
            attention::heard(state, answer);
            true
        }
        Outcome::Quieted(dnd) => {
            attention::quieted(state, &dnd);
            true
        }
        Outcome::Versions(found) => {
            lists::versions(state, &found);
            true
        }
        Outcome::Looked(request, answer) => {
            moderation::looked(state, &request, *answer, effects);
            true
        }
        // The mark is told again with the next message, or with the next connection.
        Outcome::NotDone(request, _) if matches!(*request, Request::MarkThread(_)) => false,
        // How the doors stand is asked without a person.
        Outcome::NotDone(request, _)
            if matches!(*request, Request::SetLockdown(SetLockdown { on: None })) =>
        {
            false
        }
        Outcome::NotDone(request, error) => {
            not_done(state, *request);
            complain(state, error);
            true
        }
        Outcome::Draft(id, text) => draft(state, id, text),
        Outcome::ThreadDraft(id, root, text) => threads::draft(state, id, root, &text),
        Outcome::Opened(question, Ok(conversation)) => {
            opened(state, question, *conversation, effects);
            true
        }
        Outcome::Opened(question, Err(error)) => {
            not_opened(state, question, &error);
            true
        }
        Outcome::Members(id, members) => {
            state.people.set_members(id, members);
            let items = lists::member_items(state, id);
            if let Some(Popup::Picker(picker)) = &mut state.popup
                && picker.kind == Kind::Members
                && state.open == Some(id)
            {
                picker.replace(items);
            }
            true
        }
        Outcome::Rooms(rooms) => match &mut state.popup {
            Some(Popup::Picker(picker)) if matches!(picker.kind, Kind::Anything | Kind::Rooms) => {
                picker.add_rooms(&rooms);
                true
            }
            _ => false,
        },
        Outcome::People(query, people) => people_found(state, &query, &people, effects),
        Outcome::Commands(id, commands) => {
            state.commands.set(id, commands);
            state.open == Some(id)
        }
        Outcome::NotRun(id, line, error) => {
            give_back(state, id, &line);
            complain(state, error);
            true
        }
        Outcome::Kept(result) => {
            bots::kept(state, result);
            true
        }
        Outcome::Edited(before, written) => {
            writing::edited(state, &before, written, effects);
            true
        }
        Outcome::Paths(typed, found) => writing::paths_found(state, &typed, found, effects),
        Outcome::FileFound(key, found) => files::found(state, key, found, effects),
        Outcome::FolderRead(asked, folder) => browser::read(state, &asked, folder),
        Outcome::LookedInto(path, shown) => browser::looked(state, &path, shown),
        Outcome::Inspected(found, text) => pasting::inspected(state, found, text, effects),
        Outcome::Carried(key, done, total) => state.transfers.progress(key, done, total),
        Outcome::Uploaded(key, result) => files::uploaded(state, key, result, effects),
        Outcome::Saved(key, result) => files::saved(state, key, result),
        Outcome::Exporting(percent) => super::export::progress(state, percent),
        Outcome::Exported(result) => super::export::done(state, result),
        Outcome::Day(id, found) => {
            super::days::found(state, id, found, effects);
            true
        }
        Outcome::Inked(code, inks) => state.inks.take(&code, inks),
        Outcome::LockSet(hash) => lock::set(state, hash),
        Outcome::LockTried(fits) => lock::tried(state, fits),
        Outcome::Picture(wanted, drawing) => pictures::came(state, &wanted, drawing),
        Outcome::Settings(loaded) => super::settings::loaded(state, *loaded, effects),
        Outcome::SettingWritten(sentence) | Outcome::Said(sentence) => {
            super::say_so(state, sentence);
            true
        }
        Outcome::Refused(error) => {
            complain(state, error);
            true
        }
        Outcome::NotSent(draft) => {
            give_back(state, draft.conversation, draft.body.as_str());
            complain(state, "Not sent; the text is back in the composer".to_owned());
            true
        }
        Outcome::Probed(server, hello) => {
            if let Some(form) = &mut state.sign_in {
                let ask = form.probed(&server, hello);
                effects.0.extend(ask.map(Effect::SignIn));
            }
            true
        }
        Outcome::Untrusted(stranger) => {
            trust::met(state, stranger);
            true
        }
        Outcome::Trusted(result) => {
            trust::remembered(state, result, effects);
            true
        }
        Outcome::SignedOut(name, result) => {
            accounts::signed_out(state, &name, result);
            true
        }
        Outcome::Linking(poll, code, result) => super::linking::answered(state, &poll, code, result, effects),
        Outcome::AtProvider(begun) => {
            if let Some(form) = &mut state.sign_in {
                effects.0.extend(form.at_provider(begun.map(|begun| *begun)).map(Effect::SignIn));
            }
            true
        }
        Outcome::StillOut(poll, answers, message, missing) => {
            let Some(form) = &mut state.sign_in else { return false };
            let (ask, changed) = form.not_done(&poll, answers, message, missing);
            effects.0.extend(ask.map(Effect::SignIn));
            changed
        }
        Outcome::SignedIn(Ok(account)) => begin(state, account, effects),
        Outcome::SignedIn(Err(error)) => {
            if let Some(form) = &mut state.sign_in {
                form.failed(error);
            }
            true
        }
    }
}

fn history(
    state: &mut State,
    id: ConversationId,
    anchor: Anchor,
    result: Result<History, RequestError>,
    effects: &mut Effects,
) -> bool {
    let is_online = state.link.connection == Connection::Online;
    let Some(timeline) = state.timelines.get_mut(&id) else { return false };
    match result {
        Ok(page) => {
            page.events.iter().for_each(|event| state.people.meet(&event.author));
            timeline.hold_still(anchor);
            timeline.merge(anchor, page);
        }
        Err(error) => {
            timeline.loading = false;
            // Asked before the connection was back, which it is by now: then it is asked again.
            timeline.blocked = !(is_online && matches!(error, RequestError::Offline));
        }
    }
    if state.open != Some(id) {
        return false;
    }
    if matches!(anchor, Anchor::Around(_)) {
        places::arrive(state, effects);
    }
    true
}

fn thread(
    state: &mut State,
    id: ConversationId,
    root: Seq,
    result: Result<Box<ThreadPage>, RequestError>,
) -> bool {
    let is_open = state.open == Some(id);
    let Some(thread) = state.thread.as_mut().filter(|thread| is_open && thread.root == root) else {
        return false;
    };
    match result {
        Ok(page) => {
            page.events.iter().for_each(|event| state.people.meet(&event.author));
            // Where one had read when the thread was opened; it stays while it is open.
            if !thread.timeline.loaded && page.state.following && page.state.unread > 0 {
                thread.timeline.new_after = Some(page.state.read);
            }
            state.threads.take(page.state);
            thread.timeline.merge_thread(*page);
        }
        Err(RequestError::Refused(refusal)) => {
            // What is only too much for now does not take the thread from whoever writes in it.
            thread.timeline.loading = false;
            if !refusal.temporary {
                threads::close(state);
            }
            complain(state, refusal.to_string());
            return true;
        }
        Err(_) => thread.timeline.loading = false,
    }
    if let Some(seq) = state.thread.as_mut().and_then(|thread| thread.timeline.jump.take())
        && state.in_thread()
    {
        places::look_at(state, seq);
    }
    true
}

/// A refused edit comes back to be changed; other refusals only say why.
fn not_done(state: &mut State, request: Request) {
    if matches!(request, Request::LeaveRoom(_)) {
        state.leaving = None;
    }
    let Request::EditMessage(EditMessage { conversation, seq, body }) = request else { return };
    if state.open != Some(conversation) || state.purpose != Purpose::Write {
        return;
    }
    let before = state.held(seq).and_then(|event| event.body()).map(|body| body.as_str().to_owned());
    let draft = state.composer.text();
    state.purpose = Purpose::Edit { seq, before: before.unwrap_or_default(), draft };
    state.composer = Composer::with_text(body.as_str());
}

/// A draft from an earlier run; what was typed meanwhile wins.
fn draft(state: &mut State, id: ConversationId, text: String) -> bool {
    if state.open != Some(id) {
        // Whoever only passed by left nothing there, which is no newer text.
        let held = state.drafts.entry(id).or_default();
        if held.is_empty() {
            *held = text;
        }
        return false;
    }
    match (&mut state.thread, &mut state.purpose) {
        (Some(thread), _) if thread.focused => {
            if thread.other_text.is_empty() {
                thread.other_text = text;
            }
            return false;
        }
        (_, Purpose::Edit { draft, .. }) => {
            if draft.is_empty() {
                *draft = text;
            }
            return false;
        }
        _ => {}
    }
    let is_free = state.composer.is_empty();
    if is_free {
        state.composer = Composer::with_text(&text);
    }
    is_free
}

/// Puts a text back where it was written, below what is written there by now; never into an edit.
pub(super) fn give_back(state: &mut State, id: ConversationId, text: &str) {
    if state.open != Some(id) {
        return put_below(state.drafts.entry(id).or_default(), text);
    }
    match &mut state.purpose {
        Purpose::Edit { draft, .. } => put_below(draft, text),
        _ if state.composer.is_empty() => state.composer = Composer::with_text(text),
        _ => {
            state.composer.go_to((usize::MAX, usize::MAX), false);
            state.composer.insert(&format!("\n{text}"));
        }
    }
}

fn put_below(written: &mut String, text: &str) {
    if !written.is_empty() {
        written.push('\n');
    }
    written.push_str(text);
}

fn opened(state: &mut State, question: Question, conversation: Conversation, effects: &mut Effects) {
    let id = conversation.id;
    state.conversations.update(vec![conversation]);
    if let Question::OpenDirect(_, Then::Forward(from, body)) = question {
        return messages::hand_on(state, from, body, id, effects);
    }
    places::open(state, id, effects);
    if let Question::OpenDirect(_, Then::Say(text)) = question {
        writing::say_plainly(state, &text, effects);
    }
}

fn not_opened(state: &mut State, question: Question, error: &RequestError) {
    let is_missing = matches!(error, RequestError::Refused(refusal) if refusal.code == ErrorCode::NotFound);
    let (sentence, command) = match question {
        Question::Join(room) if is_missing => {
            (format!("There is no room #{room}; /create #{room} makes it"), String::new())
        }
        Question::OpenDirect(users, then) => {
            let names: Vec<String> = users.iter().map(|user| format!("@{user}")).collect();
            let names = names.join(" ");
            let text = match then {
                Then::Say(text) => format!("/msg {names} {text}"),
                Then::Look | Then::Forward(..) => String::new(),
            };
            let missing = format!("There is nobody called {names}; /who shows who is here");
            (if is_missing { missing } else { error.to_string() }, text)
        }
        Question::Create(create) if !is_missing => {
            let private = if create.private { "--private " } else { "" };
            (error.to_string(), format!("/create {private}#{} {}", create.name, create.topic))
        }
        _ => (error.to_string(), String::new()),
    };
    if state.composer.is_empty() && !command.is_empty() {
        state.composer = Composer::with_text(command.trim_end());
    }
    complain(state, sentence);
}

fn people_found(state: &mut State, query: &str, people: &[PersonRow], effects: &mut Effects) -> bool {
    people.iter().for_each(|row| state.people.meet(&row.person));
    let waits =
        |c: &crate::state::completion::Completion| !c.is_shown() && c.word.strip_prefix('@') == Some(query);
    if let Some(waiting) = state.completion.take_if(|completion| waits(completion)) {
        let by_itself = waiting.by_itself;
        let known = crate::state::completion::word(state.composer.before())
            .is_some_and(|(_, word)| !crate::state::completion::candidates(state, word).is_empty());
        if known && by_itself {
            writing::suggest(state);
        } else if known {
            writing::complete(state, false, effects);
        }
        return known;
    }
    let items: Vec<Item> =
        people.iter().map(|row| profile::item(state, &row.person, Some(&row.card))).collect();
    match &mut state.popup {
        Some(Popup::Picker(picker)) if picker.kind == Kind::People => {
            picker.put(items);
            true
        }
        Some(Popup::Picker(picker)) if picker.kind == Kind::Anything => {
            let own = state.me.as_ref().map(|me| format!("@{}", me.name));
            picker.put(items.into_iter().filter(|item| Some(&item.label) != own.as_ref()).collect());
            true
        }
        _ => false,
    }
}
