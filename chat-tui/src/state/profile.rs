//! People and rooms as cards: what is known of one, and what can be done with it. A card is a list to
//! choose from with lines above it, so that keys, the mouse and the line mode take it like any other.

use chat_proto::{
    Card, Conversation, ConversationKind, Person, PresenceState, Profile, Role, RoomInfo, RoomRole, UserName,
};
use jiff::tz::TimeZone;

use super::items::time_of_day;
use super::picker::{Item, Kind, Picker};
use super::{State, administration, rights};
use crate::action::{Action, Order};

/// Shared rooms that are named; more are counted.
const ROOMS: usize = 8;

/// "● online · Ada L. · 🌴 on holiday · bot": what stands beside a name in a list.
pub(crate) fn words(state: &State, person: &Person, card: Option<&Card>) -> String {
    let card = card.or_else(|| state.people.card(person.id));
    let mut words: Vec<String> = Vec::new();
    words.extend(presence(state, person).map(str::to_owned));
    if let Some(card) = card {
        words.push(card.display_name.to_string());
        words.push(card.status.at(state.now.clock).map(status_words).unwrap_or_default());
    }
    words.extend(person.bot.then(|| "bot".to_owned()));
    words.retain(|word| !word.is_empty());
    words.join(" · ")
}

/// "🌴 on holiday", as far as there is anything to say.
pub(crate) fn status_words(status: &chat_proto::Status) -> String {
    let emoji = status.emoji.as_ref().map(chat_proto::Emoji::as_str);
    let text = Some(status.text.as_str()).filter(|text| !text.is_empty());
    emoji.into_iter().chain(text).collect::<Vec<_>>().join(" ")
}

/// A presence as shape and word; nothing where it is not known.
pub(crate) fn presence(state: &State, person: &Person) -> Option<&'static str> {
    if state.is_me(person.id) {
        return Some("● you");
    }
    Some(match state.people.known_presence(person.id)? {
        PresenceState::Online => "● online",
        PresenceState::Away => "◐ away",
        PresenceState::Offline => "○ offline",
    })
}

/// The row of somebody in a list; choosing it shows their card.
pub(crate) fn item(state: &State, person: &Person, card: Option<&Card>) -> Item {
    Item {
        label: format!("@{}", person.name),
        detail: words(state, person, card),
        action: Action::Order(Order::Profile(Some(person.name.clone()))),
    }
}

/// The card of a person, with what can be done.
pub(crate) fn card(state: &State, profile: &Profile) -> Picker {
    let mut picker =
        Picker::new(Kind::Person, actions(state, profile)).titled(format!("@{}", profile.user.name));
    picker.head = facts(state, profile);
    picker
}

fn facts(state: &State, profile: &Profile) -> Vec<(String, String)> {
    let mut rows: Vec<(&str, String)> = vec![("name", profile.display_name.to_string())];
    if let Some(status) = profile.status.at(state.now.clock) {
        let until = status.until.map(|until| format!(" until {}", state.day_and_time(until)));
        rows.push(("status", format!("{}{}", status_words(status), until.unwrap_or_default())));
    }
    if let Some(presence) = presence(state, &profile.user) {
        rows.push(("presence", presence.to_owned()));
    }
    if let Some(seen) = profile.last_seen {
        rows.push(("last online", state.day_and_time(seen)));
    }
    if let Ok(there) = TimeZone::get(profile.zone.as_str())
        && !profile.zone.is_empty()
    {
        let time = time_of_day(state.now.clock, &there, state.settings.times());
        rows.push(("local time", format!("{time} in {}", profile.zone)));
    }
    rows.push(("role", role(state, profile)));
    rows.push(("together in", shared(state, &profile.user)));
    rows.push(("here since", state.day_and_time(profile.since)));
    rows.retain(|(_, words)| !words.is_empty());
    rows.into_iter().map(|(left, right)| (left.to_owned(), right)).collect()
}

/// "member, moderator in #deploys".
fn role(state: &State, profile: &Profile) -> String {
    let bot = if profile.user.bot { "bot, " } else { "" };
    let here = state.open_conversation().filter(|open| open.kind == ConversationKind::Room);
    let here = here.and_then(|open| {
        let role = member_role(state, open, &profile.user)?;
        Some(format!(", {role} in {}", state.conversations.title(open)))
    });
    format!("{bot}{}{}", profile.role, here.unwrap_or_default())
}

fn member_role(state: &State, conversation: &Conversation, person: &Person) -> Option<RoomRole> {
    Some(state.people.members(conversation.id)?.get(&person.id)?.role)
}

/// The rooms where both are, among those whose members are known.
fn shared(state: &State, person: &Person) -> String {
    if state.is_me(person.id) {
        return String::new();
    }
    let is_there =
        |c: &&Conversation| c.kind == ConversationKind::Room && member_role(state, c, person).is_some();
    let names: Vec<String> =
        state.conversations.in_order().filter(is_there).map(|c| state.conversations.title(c)).collect();
    let more = match names.len().saturating_sub(ROOMS) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{more}", names.into_iter().take(ROOMS).collect::<Vec<_>>().join(", "))
}

/// What can be done, what people want most first; what hits somebody is begun in the composer, where
/// a time and a reason can be written.
fn actions(state: &State, profile: &Profile) -> Vec<Item> {
    let name = &profile.user.name;
    let row = |label: &str, detail: &str, action| Item {
        label: label.to_owned(),
        detail: detail.to_owned(),
        action,
    };
    let begin = |label: &str, detail: &str, line: String| row(label, detail, Action::Compose(line));
    if state.is_me(profile.user.id) {
        return vec![
            begin("change name", "your name in your own spelling", "/nick ".to_owned()),
            begin("set status", "what you are doing, with an emoji and a time", "/status ".to_owned()),
            begin("set time zone", "for your local time", "/zone ".to_owned()),
        ];
    }
    let mut rows =
        vec![row("message", "open your direct conversation", Action::Message(vec![name.clone()], None))];
    if state.open.is_some() && rights::silence_here(state).is_none() {
        rows.push(row("mention", "put the name into your message", Action::Mention(name.clone())));
    }
    rows.push(match state.blocked.contains(&profile.user.id) {
        true => row("unblock", "end the block", Action::Order(Order::Block(name.clone(), false))),
        false => row(
            "block",
            "keep them from writing to you; you do not see each other come and go",
            Action::Order(Order::Block(name.clone(), true)),
        ),
    });
    rows.extend(in_room(state, profile));
    if state.role >= Role::Admin && profile.role < state.role {
        rows.push(begin(
            "mute everywhere",
            "lets them only read, on the whole server",
            format!("/mute --server @{name} for 1h "),
        ));
        rows.push(begin(
            "ban from the server",
            "ends their sessions and keeps them out; asks once",
            format!("/ban --server @{name} "),
        ));
        if !profile.user.bot {
            rows.extend(administration::about_person(state, profile.role, name));
        }
    }
    rows
}

/// What one may do with a member of the open room.
fn in_room(state: &State, profile: &Profile) -> Vec<Item> {
    let room = state.open_conversation().filter(|open| open.kind == ConversationKind::Room);
    let Some(room) = room else { return Vec::new() };
    let (power, name, title) =
        (rights::power(state, room), &profile.user.name, state.conversations.title(room));
    let Some(role) = member_role(state, room, &profile.user) else {
        // The server decides whether one may; whoever is in already is not asked.
        let known = state.people.members(room.id).is_some();
        let invite = Item {
            label: "invite".to_owned(),
            detail: format!("into {title}"),
            action: Action::Invite(name.clone()),
        };
        return if known { vec![invite] } else { Vec::new() };
    };
    if power < RoomRole::Moderator || role >= power {
        return Vec::new();
    }
    let begin = |label: &str, detail: String, line: String| Item {
        label: label.to_owned(),
        detail,
        action: Action::Compose(line),
    };
    let mut rows = vec![
        begin("mute", format!("lets them only read in {title}"), format!("/mute @{name} for 1h ")),
        begin("kick", format!("puts them out of {title}"), format!("/kick @{name} ")),
        begin(
            "ban",
            format!("puts them out of {title} and keeps them out; asks once"),
            format!("/ban @{name} "),
        ),
    ];
    if power == RoomRole::Owner {
        rows.push(begin("change role", format!("in {title}; now {role}"), format!("/role @{name} ")));
    }
    rows
}

/// A room of the directory before one joins it.
pub(crate) fn room_card(room: &RoomInfo) -> Picker {
    let row = |label: &str, detail: String, action| Item { label: label.to_owned(), detail, action };
    let join = if room.joined { "go there" } else { "join" };
    let items = vec![
        row(join, format!("#{}", room.name), Action::Join(room.name.clone())),
        row("back", "to the directory".to_owned(), Action::Plain(crate::action::Plain::Rooms)),
    ];
    let mut picker = Picker::new(Kind::Room, items).titled(format!("#{}", room.name));
    let state = match (room.archived, room.joined) {
        (true, _) => "archived; nobody writes there any more",
        (false, true) => "you are a member",
        (false, false) => "",
    };
    // The server shows messages to members only.
    let messages = if room.joined { "" } else { "only members read them; join to read what was said" };
    let rows = [
        ("topic", room.topic.to_string()),
        ("about", room.description.to_string()),
        ("members", room.members.to_string()),
        ("state", state.to_owned()),
        ("messages", messages.to_owned()),
    ];
    let said = rows.into_iter().filter(|(_, words)| !words.is_empty());
    picker.head = said.map(|(left, right)| (left.to_owned(), right)).collect();
    picker
}

/// "✓ joined · 12 members · archived · release train".
pub(crate) fn room_words(room: &RoomInfo) -> String {
    let members = if room.members == 1 { "1 member".to_owned() } else { format!("{} members", room.members) };
    let words = [
        if room.joined { "✓ joined".to_owned() } else { String::new() },
        members,
        if room.archived { "archived".to_owned() } else { String::new() },
        room.topic.to_string(),
    ];
    words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" · ")
}

/// The name of somebody, as it is written into a message.
pub(crate) fn mention(name: &UserName) -> String {
    format!("@{name} ")
}
