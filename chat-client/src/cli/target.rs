//! Where a command goes: `#room`, `@user` or an id, and how that becomes a conversation.

use std::fmt;
use std::str::FromStr;

use chat_client::link::Link;
use chat_proto::{
    Conversation, ConversationId, GetConversation, ListConversations, OpenDirect, RoomName, Seq, UserName,
    Welcome,
};

use super::failure::Failure;

/// Pages of one's conversations that are looked through: ten thousand conversations.
const PAGES: usize = 50;

/// What a person typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    Room(RoomName),
    User(UserName),
    /// Some people together, sorted.
    Group(Vec<UserName>),
    Id(ConversationId),
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(name) = text.strip_prefix('#') {
            return RoomName::parse(name).map(Self::Room).map_err(|error| error.to_string());
        }
        if text.starts_with('@') && text.contains(',') {
            return group(text);
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
            Target::Group(names) => {
                let names: Vec<String> = names.iter().map(|name| format!("@{name}")).collect();
                f.write_str(&names.join(","))
            }
            Target::Id(id) => id.fmt(f),
        }
    }
}

impl Target {
    /// Whether it means this conversation.
    pub(crate) fn is(&self, conversation: &Conversation) -> bool {
        match self {
            Target::Room(name) => conversation.name.as_ref() == Some(name),
            Target::User(name) => is_with(conversation, std::slice::from_ref(name)),
            Target::Group(names) => is_with(conversation, names),
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
    look_up(link, welcome, target).await?.ok_or_else(|| not_there(target))
}

fn not_there(target: &Target) -> Failure {
    Failure::refused(match target {
        Target::Room(name) => format!("you are not in #{name}; join it with: chat-cli join '#{name}'"),
        Target::User(name) => {
            format!("there is no conversation with @{name} yet; begin one with: chat-cli send @{name} TEXT")
        }
        Target::Group(_) => {
            format!("there is no conversation with {target} yet; begin one with: chat-cli send {target} TEXT")
        }
        Target::Id(id) => format!("there is no conversation {id}; list yours with: chat-cli rooms"),
    })
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
        Target::User(user) => open_direct(link, welcome, target, std::slice::from_ref(user)).await,
        Target::Group(users) => open_direct(link, welcome, target, users).await,
        Target::Room(_) | Target::Id(_) => find(link, welcome, target).await,
    }
}

async fn open_direct(
    link: &mut Link,
    welcome: &Welcome,
    target: &Target,
    users: &[UserName],
) -> Result<Conversation, Failure> {
    match (welcome.conversations.iter().find(|row| target.is(row)), users) {
        (None, [user, also @ ..]) => {
            Ok(link.request(OpenDirect { user: user.clone(), also: also.to_vec() }).await?)
        }
        (Some(row), _) => Ok(row.clone()),
        (None, []) => Err(not_there(target)),
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
    let limit = Some(link.hello().limits.list_page);
    let mut cursor = welcome.cursor.clone();
    if cursor.is_none() {
        return Ok(None);
    }
    for _ in 0..PAGES {
        // After the last page the first once more: what became active meanwhile rose above those still to come.
        let is_last = cursor.is_none();
        let page = link.request(ListConversations { cursor: cursor.take(), limit }).await?;
        if let Some(row) = page.conversations.into_iter().find(|row| target.is(row)) {
            return Ok(Some(row));
        }
        if is_last {
            break;
        }
        cursor = page.cursor;
    }
    Ok(None)
}

/// A message by its conversation and number: `#deploys:42`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) target: Target,
    pub(crate) seq: Seq,
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.rsplit_once(':').and_then(|(target, seq)| Some((target, seq.parse().ok()?)));
        let (target, seq) =
            parts.ok_or_else(|| format!("write a message as '{text}:42', with its number"))?;
        Ok(Self { target: target.parse()?, seq: Seq(seq) })
    }
}

/// A conversation, perhaps with one of its messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Spot {
    Target(Target),
    Place(Place),
}

impl FromStr for Spot {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.contains(':') {
            true => text.parse().map(Self::Place),
            false => text.parse().map(Self::Target),
        }
    }
}

fn group(text: &str) -> Result<Target, String> {
    let parse = |name: &str| {
        let name = name.trim();
        UserName::parse(name.strip_prefix('@').unwrap_or(name)).map_err(|error| error.to_string())
    };
    let mut names = text.split(',').map(parse).collect::<Result<Vec<_>, _>>()?;
    names.sort();
    names.dedup();
    Ok(match <[UserName; 1]>::try_from(names) {
        Ok([one]) => Target::User(one),
        Err(names) => Target::Group(names),
    })
}

/// Whether it is the direct with exactly these people, who are sorted.
fn is_with(conversation: &Conversation, names: &[UserName]) -> bool {
    let mut with: Vec<&UserName> = conversation.with.iter().map(|person| &person.name).collect();
    with.sort();
    conversation.name.is_none() && with.into_iter().eq(names)
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
        assert_eq!("@lin,@ada,lin".parse::<Target>().unwrap().to_string(), "@ada,@lin");
        assert_eq!("@ada,".parse::<Target>().unwrap_err(), "@ada,@".parse::<Target>().unwrap_err());
        let place: Place = "#deploys:42".parse().unwrap();
        assert_eq!((place.target.to_string().as_str(), place.seq), ("#deploys", Seq(42)));
        assert!("#deploys".parse::<Place>().is_err());
        assert!("#deploys:x".parse::<Place>().is_err());
    }
}
