//! Events and places as whole sentences.

use chat_proto::{Conversation, ConversationKind, Event, EventKind, Message, Person, SafeText, Seq};

use crate::state::State;
use crate::state::conversations::is_direct;
use crate::state::system;
use crate::state::timeline::thread_of;
use crate::state::transfer::file_line;

/// Before every further line of a text, so that it cannot look like a line of its own.
const BAR: &str = "  | ";

/// A text as a sentence, with its end.
pub(super) fn sentence(text: &str) -> String {
    let text = text.trim_end();
    if text.ends_with(['.', '!', '?', '…', ':']) { text.to_owned() } else { format!("{text}.") }
}

/// A text of several lines, each behind a bar.
pub(super) fn block(text: &str, lines: &mut Vec<SafeText>) {
    let safe = SafeText::block(text);
    lines.extend(safe.as_str().lines().map(|line| SafeText::line(&format!("{BAR}{line}"))));
}

/// Whether an event stands in history for itself, and is not a change of another one.
pub(super) fn is_history(event: &Event) -> bool {
    event.target().is_none() && !matches!(event.what, EventKind::Unknown)
}

/// Who somebody is in a sentence.
pub(super) fn who(state: &State, person: &Person) -> String {
    match (state.is_me(person.id), person.bot) {
        (true, _) => "you".to_owned(),
        (false, true) => format!("{} (bot)", person.name),
        (false, false) => person.name.to_string(),
    }
}

/// "Now in #ops: the topic. 12 members, 3 unread."
pub(super) fn place(state: &State, conversation: &Conversation) -> String {
    let title = state.conversations.title(conversation);
    let mut words = format!("Now in {title}");
    if !conversation.topic.is_empty() {
        words.push_str(&format!(": {}", conversation.topic));
    }
    let mut counts = Vec::new();
    if conversation.kind == ConversationKind::Room {
        counts.push(if conversation.members == 1 {
            "1 member".to_owned()
        } else {
            format!("{} members", conversation.members)
        });
    }
    counts.extend(unread(conversation));
    let end = if counts.is_empty() { String::new() } else { format!(" {}.", counts.join(", ")) };
    format!("{}{end}", sentence(&words))
}

/// "3 unread, 1 mention", as far as there are.
pub(super) fn unread(conversation: &Conversation) -> Vec<String> {
    let mut words = Vec::new();
    if conversation.unread > 0 {
        words.push(format!("{} unread", conversation.unread));
    }
    match conversation.mentions {
        0 => {}
        1 => words.push("1 mention".to_owned()),
        many => words.push(format!("{many} mentions")),
    }
    words
}

/// An event of the open conversation; nothing where nothing is to be said.
pub(super) fn event(state: &State, event: &Event, is_news: bool) -> Vec<SafeText> {
    let name = who(state, &event.author);
    let mut lines = Vec::new();
    let say = |text: String| vec![SafeText::line(&text)];
    match &event.what {
        EventKind::Message(said) => message(state, event, said, &mut lines),
        EventKind::Tombstone(_) => return say(format!("{}: a message of {name} was deleted.", event.seq)),
        EventKind::Edited { target, body, .. } if is_news => {
            text(&format!("{name} changed {target} to: "), body.as_str(), &mut lines);
        }
        EventKind::Deleted { target } if is_news => return say(format!("{name} deleted {target}.")),
        EventKind::Reaction { target, emoji, on } if is_news => {
            let verb = if *on { "reacted to" } else { "took back a reaction to" };
            return say(format!("{name} {verb} {target}: {}.", emoji_words(emoji.as_str())));
        }
        EventKind::Pinned { target, on } if is_news => {
            let verb = if *on { "pinned" } else { "unpinned" };
            return say(format!("{name} {verb} {target}."));
        }
        _ if system::is_run(event) => {
            return say(sentence(system::run_line(std::iter::once(event)).as_str()));
        }
        what => {
            let line = system::line(&event.author, what);
            if !line.as_str().is_empty() {
                return say(sentence(line.as_str()));
            }
        }
    }
    lines
}

/// "12: ada in #ops, 14:03: canary is out".
fn message(state: &State, event: &Event, said: &Message, lines: &mut Vec<SafeText>) {
    let folded = state.blocked.contains(&event.author.id)
        && !state.unfolded.contains(&(event.conversation, event.seq));
    let me = state.my_id();
    let mut head = format!("{}: {}", event.seq, who(state, &event.author));
    if me.is_some_and(|me| event.mentions(me)) {
        head.push_str(" mentions you");
    } else if said.call.is_some() {
        head.push_str(" calls everybody");
    }
    head.push_str(&within(state, event));
    if let Some(root) = thread_of(event) {
        head.push_str(&format!(", thread of {root}"));
    }
    head.push_str(&format!(", {}", state.time_of_day(event.at)));
    if let Some(answered) = said.reply_to {
        head.push_str(&format!(", answering {}", named(state, answered)));
    }
    if let Some(from) = &said.forwarded {
        head.push_str(&format!(", forwarded from {}", from.author.name));
    }
    if said.edited.is_some() {
        head.push_str(", edited");
    }
    if said.pinned {
        head.push_str(", pinned");
    }
    if folded {
        let line = format!("{head}: from somebody you block; /show {} opens it.", event.seq);
        return lines.push(SafeText::line(&line));
    }
    let body = match said.action {
        true => format!("{} {}", event.author.name, said.body),
        false => said.body.as_str().to_owned(),
    };
    text(&format!("{head}: "), &body, lines);
    for file in &said.files {
        let file = file_line(file);
        let file = file.as_str().trim_start_matches("▣ ");
        lines.push(SafeText::line(&format!("{BAR}file {file}; /save {} saves it", event.seq)));
    }
    if !said.reactions.is_empty() {
        let all = said.reactions.iter();
        let words: Vec<String> =
            all.map(|r| format!("{} {}", r.users.len(), emoji_words(r.emoji.as_str()))).collect();
        lines.push(SafeText::line(&format!("{BAR}reactions: {}", words.join(", "))));
    }
}

/// " in #ops"; " to you" in a direct conversation of two.
fn within(state: &State, event: &Event) -> String {
    let Some(conversation) = state.conversations.get(event.conversation) else { return String::new() };
    match (is_direct(conversation), conversation.with.as_slice()) {
        (true, [_]) if !state.is_me(event.author.id) => " to you".to_owned(),
        (true, [other]) => format!(" to {}", other.name),
        _ => format!(" in {}", state.conversations.title(conversation)),
    }
}

/// What was written for eyes, for ears: signs that only repeat a word go, dots become commas.
pub(super) fn spoken(text: &str) -> String {
    text.trim_start_matches(['●', '◐', '○', '◌', '✗', ' ']).replace(" · ", ", ").replace("· ", ", ")
}

/// "9 of lin", or "9" where it is not known whose it is.
fn named(state: &State, seq: Seq) -> String {
    match state.held(seq) {
        Some(event) => format!("{seq} of {}", who(state, &event.author)),
        None => seq.to_string(),
    }
}

/// A text behind its beginning; its further lines stand behind bars.
fn text(head: &str, body: &str, lines: &mut Vec<SafeText>) {
    let safe = SafeText::block(body);
    let mut rows = safe.as_str().lines();
    lines.push(SafeText::line(&format!("{head}{}", rows.next().unwrap_or_default())));
    lines.extend(rows.map(|row| SafeText::line(&format!("{BAR}{row}"))));
}

/// An emoji by its name, which every reader can say; beside it, itself.
fn emoji_words(emoji: &str) -> String {
    match emojis::get(emoji) {
        Some(known) => format!("{emoji} {}", known.name()),
        None => emoji.to_owned(),
    }
}

/// A text with a capital letter at its beginning.
pub(super) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
