//! Events in words, for people: one line, and set-in lines for what belongs to it.
//!
//! Further lines of a text are set in by four columns, and what this program adds by two, so that
//! no text can pass for another line.

use chat_proto::{
    Attachment, Event, EventKind, Forwarded, Message, RoomRules, SafeText, Status, Timestamp, Topic,
};
use jiff::tz::TimeZone;

use crate::files::size_in_words;

/// Longest quote of an answered message, in characters.
const QUOTE_CHARS: usize = 60;

/// A time by the local clock, in jiff's format.
#[must_use]
pub fn local_time(at: Timestamp, format: &str) -> String {
    match jiff::Timestamp::from_millisecond(at.0) {
        Ok(time) => time.to_zoned(TimeZone::system()).strftime(format).to_string(),
        Err(_) => "?".to_owned(),
    }
}

/// The same JSON, with what a terminal might obey written as escapes: JSON itself escapes only the
/// C0 controls.
#[must_use]
pub fn harmless(json: &str) -> String {
    let is_plain = |c: char| {
        !c.is_control()
            && !matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        match is_plain(c) {
            true => text.push(c),
            false => text.push_str(&format!("\\u{:04x}", u32::from(c))),
        }
    }
    text
}

/// An event in words; with the message that it answers, where that is known.
#[must_use]
pub fn words(event: &Event, answered: Option<&Event>) -> String {
    let author = &event.author.name;
    match &event.what {
        EventKind::Message(message) => message_in_words(event, message, answered),
        EventKind::Tombstone(_) => format!("{author} (deleted)"),
        EventKind::Edited { target, body, .. } => {
            format!("* {author} edited message {target}: {}", set_in(body.as_str()))
        }
        EventKind::Deleted { target } => format!("* {author} deleted message {target}"),
        EventKind::Reaction { target, emoji, on: true } => {
            format!("* {author} reacted with {emoji} to message {target}")
        }
        EventKind::Reaction { target, emoji, on: false } => {
            format!("* {author} took {emoji} back from message {target}")
        }
        EventKind::Pinned { target, on: true } => format!("* {author} pinned message {target}"),
        EventKind::Pinned { target, on: false } => format!("* {author} unpinned message {target}"),
        EventKind::Created { .. } => format!("* {author} began this conversation"),
        EventKind::Joined => format!("* {author} joined"),
        EventKind::Left => format!("* {author} left"),
        EventKind::Invited { user } => format!("* {author} invited {}", user.name),
        EventKind::Removed { user, reason } if reason.is_empty() => {
            format!("* {author} put out {}", user.name)
        }
        EventKind::Removed { user, reason } => format!("* {author} put out {}: {reason}", user.name),
        EventKind::Banned { user, until, reason, .. } => {
            format!("* {author} banned {}{}", user.name, for_how_long(*until, reason))
        }
        EventKind::Unbanned { user } => format!("* {author} ended the ban of {}", user.name),
        EventKind::Muted { user, until, reason } => {
            format!("* {author} muted {}{}", user.name, for_how_long(*until, reason))
        }
        EventKind::Unmuted { user } => format!("* {author} ended the mute of {}", user.name),
        EventKind::Role { user, role } => format!("* {author} made {} {role}", user.name),
        EventKind::Renamed { name } => format!("* {author} renamed the room to #{name}"),
        EventKind::Described { description } if description.is_empty() => {
            format!("* {author} removed the description")
        }
        EventKind::Described { description } => {
            format!("* {author} described the room: {}", set_in(description.as_str()))
        }
        EventKind::Rules { rules } => format!("* {author} set the rules: {}", rules_in_words(*rules)),
        EventKind::Topic { topic } if topic.is_empty() => format!("* {author} removed the topic"),
        EventKind::Topic { topic } => format!("* {author} set the topic: {topic}"),
        EventKind::Unknown => format!("* {author} did something that this version does not know"),
    }
}

/// " until 2026-11-21 09:00: spam", as far as there is anything to say.
#[must_use]
pub fn for_how_long(until: Option<Timestamp>, reason: &Topic) -> String {
    let until =
        until.map(|until| format!(" until {}", local_time(until, "%Y-%m-%d %H:%M"))).unwrap_or_default();
    if reason.is_empty() { until } else { format!("{until}: {reason}") }
}

/// "🌴 on holiday", as far as there is anything to say.
#[must_use]
pub fn status_words(status: &Status) -> String {
    let emoji = status.emoji.as_ref().map(chat_proto::Emoji::as_str);
    let text = Some(status.text.as_str()).filter(|text| !text.is_empty());
    emoji.into_iter().chain(text).collect::<Vec<_>>().join(" ")
}

/// The rules of a room in words.
#[must_use]
pub fn rules_in_words(rules: RoomRules) -> String {
    let mut words = Vec::new();
    if rules.announcement {
        words.push("only moderators begin messages".to_owned());
    }
    if rules.slow_mode_s > 0 {
        words.push(format!("one message in {} s", rules.slow_mode_s));
    }
    if rules.free_calls {
        words.push("everybody calls @room".to_owned());
    }
    if rules.archived {
        words.push("archived".to_owned());
    }
    if rules.keep_days > 0 {
        words.push(format!("messages are kept {} days", rules.keep_days));
    }
    if words.is_empty() { "everybody writes".to_owned() } else { words.join(", ") }
}

/// A text of others whose further lines are set in.
#[must_use]
pub fn set_in(text: &str) -> String {
    SafeText::block(text).to_string().replace('\n', "\n    ")
}

fn message_in_words(event: &Event, message: &Message, answered: Option<&Event>) -> String {
    let author = &event.author.name;
    let text = set_in(message.body.as_str());
    let thread = message.thread.map(|thread| format!(" (in thread {thread})")).unwrap_or_default();
    let mut line = match message.action {
        true => format!("* {author}{thread} {text}"),
        false if text.is_empty() => format!("{author}{thread}:"),
        false => format!("{author}{thread}: {text}"),
    };
    if message.edited.is_some() {
        line.push_str(" (edited)");
    }
    if message.pinned {
        line.push_str(" (pinned)");
    }
    let replies = (message.replies > 0).then(|| match message.replies {
        1 => "1 answer in its thread".to_owned(),
        replies => format!("{replies} answers in its thread"),
    });
    let reactions = (!message.reactions.is_empty()).then(|| {
        let each = message.reactions.iter().map(|each| format!("{} {}", each.emoji, each.users.len()));
        each.collect::<Vec<_>>().join("  ")
    });
    let files = message.files.iter().map(|file| Some(file_in_words(file)));
    let answers = message.reply_to.map(|seq| match answered {
        Some(answered) => format!("↳ {}", quote(answered)),
        None => format!("↳ message {seq}"),
    });
    let ties = [message.forwarded.as_ref().map(source), answers];
    for below in ties.into_iter().chain(files).chain([reactions, replies]).flatten() {
        line.push_str("\n  ");
        line.push_str(&below);
    }
    line
}

fn file_in_words(file: &Attachment) -> String {
    let Attachment { name, size, picture, .. } = file;
    let pixels = picture.as_ref().map(|picture| format!(" {}×{}", picture.width, picture.height));
    let name = SafeText::line(name.as_str());
    format!("▣ {name}{} {}", pixels.unwrap_or_default(), size_in_words(*size))
}

fn source(from: &Forwarded) -> String {
    match &from.room {
        Some(room) => format!("forwarded from {} in #{room}", from.author.name),
        None => format!("forwarded from {}", from.author.name),
    }
}

fn quote(event: &Event) -> String {
    let author = &event.author.name;
    let Some(body) = event.body() else { return format!("{author} (deleted)") };
    let file = event.message().and_then(|message| message.files.first()).filter(|_| body.is_empty());
    let line = match file {
        Some(file) => file_in_words(file),
        None => SafeText::line(body.as_str()).to_string(),
    };
    match line.char_indices().nth(QUOTE_CHARS) {
        Some((end, _)) => format!("{author}: {}…", &line[..end]),
        None => format!("{author}: {line}"),
    }
}

#[cfg(test)]
mod tests {
    use chat_proto::{Body, ClientId, ConversationId, Emoji, Person, Reaction, Seq, Timestamp, UserId};
    use uuid::Uuid;

    use super::*;

    fn person(name: &str) -> Person {
        Person::new(UserId(Uuid::nil()), name.parse().unwrap())
    }

    fn event(author: &str, message: Message) -> Event {
        let what = EventKind::Message(Box::new(message));
        let conversation = ConversationId(Uuid::nil());
        Event { conversation, seq: Seq(5), at: Timestamp(0), author: person(author), what }
    }

    fn message(text: &str) -> Message {
        Message::new(ClientId(Uuid::nil()), Body::new(text).unwrap())
    }

    #[test]
    fn a_message_is_told_with_what_became_of_it() {
        let users = vec![UserId(Uuid::nil()), UserId(Uuid::max())];
        let reactions = vec![Reaction { emoji: Emoji::new("👍").unwrap(), users }];
        let asked = event("ada", message("did the canary\ngo out?"));
        let answer = Message { reply_to: Some(Seq(4)), edited: Some(Seq(9)), reactions, ..message("yes") };
        let told = |message: &Message, answered| words(&event("lin", message.clone()), answered);
        assert_eq!(told(&answer, Some(&asked)), "lin: yes (edited)\n  ↳ ada: did the canary go out?\n  👍 2");
        assert_eq!(told(&answer, None), "lin: yes (edited)\n  ↳ message 4\n  👍 2");
        let waves = Message { action: true, pinned: true, replies: 2, ..message("waves") };
        assert_eq!(told(&waves, None), "* lin waves (pinned)\n  2 answers in its thread");
        let room = Some("news".parse().unwrap());
        let forwarded = Some(Forwarded { author: person("grace"), at: Timestamp(0), room });
        let forward = Message { forwarded, thread: Some(Seq(2)), ..message("look") };
        assert_eq!(told(&forward, None), "lin (in thread 2): look\n  forwarded from grace in #news");
    }

    #[test]
    fn files_stand_below_their_message() {
        let picture = chat_proto::Picture { width: 640, height: 320, blurhash: None };
        let file = Attachment {
            id: chat_proto::FileId(Uuid::nil()),
            name: chat_proto::FileName::new("latency.png").unwrap(),
            size: 48_213,
            media_type: chat_proto::MediaType::bytes(),
            picture: Some(picture),
        };
        let bare = Message { body: Body::default(), files: vec![file], ..message("x") };
        let bare = event("ada", bare);
        assert_eq!(words(&bare, None), "ada:\n  ▣ latency.png 640×320 48 kB");
        let answer = Message { reply_to: Some(Seq(5)), ..message("nice") };
        let told = words(&event("lin", answer), Some(&bare));
        assert_eq!(told, "lin: nice\n  ↳ ada: ▣ latency.png 640×320 48 kB");
    }

    #[test]
    fn no_text_passes_for_a_line_of_its_own() {
        let forged = message("hi\n  ↳ ada: I agree\n09:00 ada: yes");
        assert_eq!(words(&event("lin", forged), None), "lin: hi\n      ↳ ada: I agree\n    09:00 ada: yes");
    }

    #[test]
    fn json_harms_no_terminal_and_says_the_same() {
        let text = "a\u{9b}31m\u{7f}\u{202e}\u{2028}é日👍\u{1b}";
        let json = serde_json::to_string(text).unwrap();
        let shown = harmless(&json);
        assert!(!shown.chars().any(|c| c.is_control() || c == '\u{202e}'), "{shown}");
        assert!(shown.contains("é日👍"));
        assert_eq!(serde_json::from_str::<String>(&shown).unwrap(), text);
    }
}
