//! Bots: running their commands, what they answer in private, and keeping them and webhooks.

use chat_client::address::ServerAddress;
use chat_proto::{CommandReply, ConversationId, ConversationKind, RunCommand, Seq};

use super::{Effects, complain, say_so, writing};
use crate::action::Keep;
use crate::command;
use crate::effect::{Kept, Question};
use crate::state::commands::Meant;
use crate::state::page::Page;
use crate::state::{Popup, State};

/// Asks which commands the bots of a conversation have.
pub(super) fn ask_commands(id: ConversationId, effects: &mut Effects) {
    effects.ask(Question::Commands(id));
}

/// Runs what is written, if it is a command of a bot here; else it stays, and this is wrong with it.
pub(super) fn run(state: &mut State, line: &str, wrong: String, effects: &mut Effects) {
    let rest = line.strip_prefix('/').unwrap_or_default().trim_end();
    let (called, text) =
        rest.split_once(char::is_whitespace).map_or((rest, ""), |(called, text)| (called, text.trim()));
    let Some(id) = state.open.filter(|_| command::find(called).is_none()) else {
        return complain(state, wrong);
    };
    match state.commands.meant(state.open, called) {
        Meant::Nothing => {
            // Perhaps it is new.
            ask_commands(id, effects);
            complain(state, wrong);
        }
        Meant::Several(choices) => {
            complain(state, format!("Several bots have /{called}; say which: {}", choices.join(" or ")));
        }
        Meant::One(name, bot) => {
            note(state, id, format!("you: /{called} {text}").trim_end().to_owned());
            let ask = RunCommand { conversation: id, name, bot: Some(bot), text: text.to_owned() };
            effects.ask(Question::Run(Box::new(ask), line.to_owned()));
            writing::clear(state, effects);
        }
    }
}

/// What a bot answers to this person alone: a quiet line where the command was run.
pub(super) fn answered(state: &mut State, reply: &CommandReply) -> bool {
    let id = reply.conversation;
    note(state, id, format!("{} to you alone: {}", reply.bot.name, reply.text));
    if state.open != Some(id) {
        let place = state.conversations.get(id).map(|known| state.conversations.title(known));
        let place = place.unwrap_or_else(|| "a conversation".to_owned());
        say_so(state, format!("{} answers you in {place}", reply.bot.name));
    }
    true
}

fn note(state: &mut State, id: ConversationId, text: String) {
    let at = state.now.clock;
    let head = state.conversations.get(id).map_or(Seq::ZERO, |known| known.head);
    state.timelines.entry(id).or_default().note(text, at, head);
}

/// Asks for a change of bots or webhooks, or for the list of them.
pub(super) fn keep(state: &mut State, keep: Keep, effects: &mut Effects) {
    let room =
        state.open_conversation().filter(|open| open.kind == ConversationKind::Room).map(|room| room.id);
    if keep.is_of_room() && room.is_none() {
        return complain(state, "Open a room first; webhooks belong to rooms".to_owned());
    }
    effects.ask(Question::Keep(room, keep));
}

/// Shows what came of it. What is shown once says so.
pub(super) fn kept(state: &mut State, result: Result<Kept, String>) {
    match result {
        Err(error) => complain(state, error),
        Ok(Kept::Said(text)) => say_so(state, text),
        Ok(Kept::List { title, rows, empty }) if rows.is_empty() => {
            say_so(state, format!("No {title}; {empty}"));
        }
        Ok(Kept::List { title, rows, .. }) => {
            state.popup = Some(Popup::Page(Page::new(title, rows)));
        }
        Ok(Kept::Secret { title, secret, use_for }) => {
            let mut secret = secret.expose().to_owned();
            if secret.starts_with('/')
                && let Ok(server) = state.server.parse::<ServerAddress>()
            {
                secret.insert_str(0, &server.http_url());
            }
            let row = |text: String| (String::new(), text);
            let rows = vec![
                row(secret),
                row(String::new()),
                row(format!("Copy it now: it is never shown again. {use_for}")),
            ];
            state.popup = Some(Popup::Page(Page::new(title, rows)));
        }
    }
}
