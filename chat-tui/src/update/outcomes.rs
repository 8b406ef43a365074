//! What came back from questions and from the form's server.

use chat_client::RequestError;
use chat_proto::{Conversation, ConversationId, ErrorCode, Person};

use super::{Effects, actions, begin, writing};
use crate::effect::{Effect, Outcome, Question};
use crate::state::composer::Composer;
use crate::state::picker::Kind;
use crate::state::{Popup, State};

/// Takes an outcome; says whether the screen may look different now.
pub(super) fn outcome(state: &mut State, outcome: Outcome, effects: &mut Effects) -> bool {
    match outcome {
        Outcome::History(id, anchor, result) => {
            let Some(timeline) = state.timelines.get_mut(&id) else { return false };
            match result {
                Ok(page) => {
                    page.events.iter().for_each(|event| state.people.meet(&event.author));
                    timeline.merge(anchor, page);
                }
                Err(_) => {
                    timeline.loading = false;
                    timeline.blocked = true;
                }
            }
            state.open == Some(id)
        }
        Outcome::Draft(id, text) => draft(state, id, text),
        Outcome::Opened(question, Ok(conversation)) => {
            opened(state, question, *conversation, effects);
            true
        }
        Outcome::Opened(question, Err(error)) => {
            not_opened(state, question, &error);
            true
        }
        Outcome::Members(id, members) => {
            if let Some(Popup::Picker(picker)) = &mut state.popup
                && picker.kind == Kind::Members
                && state.open == Some(id)
            {
                picker.add_people(&members, None);
            }
            state.people.set_members(id, members);
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
        Outcome::Refused(error) => {
            actions::complain(state, error);
            true
        }
        Outcome::NotSent(id, body) => {
            give_back(state, id, body.as_str());
            actions::complain(state, "Not sent; the text is back in the composer".to_owned());
            true
        }
        Outcome::Probed(server, hello) => {
            if let Some(form) = &mut state.sign_in {
                let ask = form.probed(&server, hello);
                effects.0.extend(ask.map(Effect::SignIn));
            }
            true
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

/// A draft from an earlier run; what was typed meanwhile wins.
fn draft(state: &mut State, id: ConversationId, text: String) -> bool {
    if state.open != Some(id) {
        state.drafts.entry(id).or_insert(text);
        return false;
    }
    let is_free = state.composer.is_empty();
    if is_free {
        state.composer = Composer::with_text(&text);
    }
    is_free
}

/// Puts a text back where it was written.
fn give_back(state: &mut State, id: ConversationId, text: &str) {
    if state.open == Some(id) && state.composer.is_empty() {
        state.composer = Composer::with_text(text);
    } else if state.open == Some(id) {
        state.composer.insert(&format!("\n{text}"));
    } else {
        state.drafts.insert(id, text.to_owned());
    }
}

fn opened(state: &mut State, question: Question, conversation: Conversation, effects: &mut Effects) {
    let id = conversation.id;
    state.conversations.update(vec![conversation]);
    actions::open(state, id, effects);
    if let Question::OpenDirect(_, Some(text)) = question {
        writing::say(state, text, effects);
    }
}

fn not_opened(state: &mut State, question: Question, error: &RequestError) {
    let is_missing = matches!(error, RequestError::Refused(refusal) if refusal.code == ErrorCode::NotFound);
    let (sentence, command) = match question {
        Question::Join(room) if is_missing => {
            (format!("There is no room #{room}; /create #{room} makes it"), String::new())
        }
        Question::OpenDirect(user, text) => {
            let text = text.map(|text| format!("/msg @{user} {text}")).unwrap_or_default();
            let missing = format!("There is nobody called @{user}; /who shows who is here");
            (if is_missing { missing } else { error.to_string() }, text)
        }
        Question::Create(_, name, topic) if !is_missing => {
            (error.to_string(), format!("/create #{name} {topic}"))
        }
        _ => (error.to_string(), String::new()),
    };
    if state.composer.is_empty() && !command.is_empty() {
        state.composer = Composer::with_text(command.trim_end());
    }
    actions::complain(state, sentence);
}

fn people_found(state: &mut State, query: &str, people: &[Person], effects: &mut Effects) -> bool {
    people.iter().for_each(|person| state.people.meet(person));
    let waits = |c: &crate::state::completion::Completion| {
        c.candidates.is_empty() && c.word.strip_prefix('@') == Some(query)
    };
    if state.completion.as_ref().is_some_and(waits) {
        state.completion = None;
        let known = crate::state::completion::word(state.composer.before())
            .is_some_and(|(_, word)| !crate::state::completion::candidates(state, word).is_empty());
        if known {
            writing::complete(state, false, effects);
        }
        return known;
    }
    let me = state.me.clone();
    match &mut state.popup {
        Some(Popup::Picker(picker)) if matches!(picker.kind, Kind::Anything | Kind::People) => {
            picker.add_people(people, me.as_ref());
            true
        }
        _ => false,
    }
}
