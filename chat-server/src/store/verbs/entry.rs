//! What one message is found by, whichever index holds it: its words, and facts about it.

use std::borrow::Cow;

use chat_proto::{ConversationId, Event, Message, UserId};

use crate::domain::words::{self, words};

/// The tokens of a message.
pub(in crate::store) struct Entry {
    /// Of its text, in order.
    pub(in crate::store) words: Vec<String>,
    /// Who, where, whom, and what it has.
    pub(in crate::store) facts: Vec<String>,
}

impl Entry {
    /// What is true of a message with a link.
    pub(in crate::store) const LINK: &'static str = "link";

    /// What is true of a message with a file.
    pub(in crate::store) const FILE: &'static str = "file";

    /// Of this event, if it is a message.
    pub(in crate::store) fn of(event: &Event) -> Option<Self> {
        let message = event.message()?;
        let mut facts = vec![Self::by(event.author.id), Self::within(event.conversation)];
        facts.extend(message.mentions.iter().map(|user| Self::calls(*user)));
        facts.extend(has_link(message.body.as_str()).then(|| Self::LINK.to_owned()));
        facts.extend((!message.files.is_empty()).then(|| Self::FILE.to_owned()));
        Some(Self { words: words::tokens(words(&Self::text(message))).collect(), facts })
    }

    /// How an index knows the author of a message.
    pub(in crate::store) fn by(user: UserId) -> String {
        format!("by{}", user.0.simple())
    }

    /// How an index knows where a message stands.
    pub(in crate::store) fn within(conversation: ConversationId) -> String {
        format!("in{}", conversation.0.simple())
    }

    /// How an index knows whom a message mentions.
    pub(in crate::store) fn calls(user: UserId) -> String {
        format!("calls{}", user.0.simple())
    }

    /// What a message is searched in: what it says, and below it the names of its files.
    pub(in crate::store) fn text(message: &Message) -> Cow<'_, str> {
        if message.files.is_empty() {
            return message.body.as_str().into();
        }
        let names = message.files.iter().map(|file| file.name.as_str());
        let body = Some(message.body.as_str()).filter(|body| !body.is_empty());
        body.into_iter().chain(names).collect::<Vec<_>>().join("\n").into()
    }
}

fn has_link(text: &str) -> bool {
    text.match_indices("://").any(|(at, _)| {
        let scheme = text[..at].rsplit(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
        let goes_on = text[at + 3..].starts_with(|c: char| c.is_alphanumeric() || c == '[');
        goes_on && ["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known))
    })
}

#[cfg(test)]
mod tests {
    use super::has_link;

    #[test]
    fn links_are_web_addresses() {
        for text in ["see https://a.org", "(HTTP://x)", "https://[::1]/", "天http://例え.jp"] {
            assert!(has_link(text), "{text}");
        }
        for text in ["https:// x", "ftp://a.org", "xhttps://a", "a://b", "://", "http:/a"] {
            assert!(!has_link(text), "{text}");
        }
    }
}
