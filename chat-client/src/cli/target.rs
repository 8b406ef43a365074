//! Where a command goes: `#room`, `@user` or an id, and how that becomes a conversation.

use std::fmt;
use std::str::FromStr;

use chat_client::link::Link;
use chat_proto::{
    Conversation, ConversationId, GetConversation, ListConversations, OpenDirect, RoomName, UserName, Welcome,
};

use super::failure::Failure;

/// Pages of one's conversations that are looked through: ten thousand conversations.
const PAGES: usize = 50;

/// What a person typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    Room(RoomName),
    User(UserName),
    Id(ConversationId),
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(name) = text.strip_prefix('#') {
            return RoomName::parse(name).map(Self::Room).map_err(|error| error.to_string());
        }
        if let Some(name) = text.strip_prefix('@') {
            return UserName::parse(name).map(Self::User).map_err(|error| error.to_string());
        }
        text.parse()
            .map(Self::Id)
            .map_err(|_| format!("write '#{text}' for a room or '@{text}' for a person"))
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Room(name) => write!(f, "#{name}"),
            Target::User(name) => write!(f, "@{name}"),
            Target::Id(id) => id.fmt(f),
        }
    }
}

impl Target {
    /// Whether it means this conversation.
    pub(crate) fn is(&self, conversation: &Conversation) -> bool {
        match self {
            Target::Room(name) => conversation.name.as_ref() == Some(name),
            Target::User(name) => {
                conversation.name.is_none() && conversation.with.iter().any(|person| person.name == *name)
            }
            Target::Id(id) => conversation.id == *id,
        }
    }
}

/// Finds the conversation among one's own.
///
/// # Errors
/// Says how to get into it when it is not among them.
pub(crate) async fn find(
    link: &mut Link,
    welcome: &Welcome,
    target: &Target,
) -> Result<Conversation, Failure> {
    if let Some(found) = look_up(link, welcome, target).await? {
        return Ok(found);
    }
    Err(Failure::refused(match target {
        Target::Room(name) => format!("you are not in #{name}; join it with: chat-cli join '#{name}'"),
        Target::User(name) => {
            format!("there is no conversation with @{name} yet; begin one with: chat-cli send @{name} TEXT")
        }
        Target::Id(id) => format!("there is no conversation {id}; list yours with: chat-cli rooms"),
    }))
}

/// Finds the conversation, and begins it if it is a direct that does not exist yet.
///
/// # Errors
/// As [`find`], or what the server says about the person.
pub(crate) async fn open(
    link: &mut Link,
    welcome: &Welcome,
    target: &Target,
) -> Result<Conversation, Failure> {
    match target {
        Target::User(user) => match welcome.conversations.iter().find(|row| target.is(row)) {
            Some(row) => Ok(row.clone()),
            None => Ok(link.request(OpenDirect { user: user.clone(), also: Vec::new() }).await?),
        },
        _ => find(link, welcome, target).await,
    }
}

/// Looks through the welcome first, then through the further pages.
pub(crate) async fn look_up(
    link: &mut Link,
    welcome: &Welcome,
    target: &Target,
) -> Result<Option<Conversation>, Failure> {
    if let Some(row) = welcome.conversations.iter().find(|row| target.is(row)) {
        return Ok(Some(row.clone()));
    }
    if let Target::Id(conversation) = target {
        return Ok(Some(link.request(GetConversation { conversation: *conversation }).await?));
    }
    let mut cursor = welcome.cursor.clone();
    for _ in 0..PAGES {
        if cursor.is_none() {
            break;
        }
        let limit = Some(link.hello().limits.list_page);
        let page = link.request(ListConversations { cursor: cursor.take(), limit }).await?;
        if let Some(row) = page.conversations.into_iter().find(|row| target.is(row)) {
            return Ok(Some(row));
        }
        cursor = page.cursor;
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_written_as_people_write_them() {
        assert_eq!("#Deploys".parse::<Target>().unwrap().to_string(), "#deploys");
        assert_eq!("@ada".parse::<Target>().unwrap().to_string(), "@ada");
        assert!("ada".parse::<Target>().unwrap_err().contains("'@ada'"));
        assert!("#a b".parse::<Target>().is_err());
    }
}
