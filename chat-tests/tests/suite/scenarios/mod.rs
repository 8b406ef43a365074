//! Every feature of the protocol, told as people would: through `chat-cli script`.

mod accounts;
mod administration;
mod bots;
mod changes;
pub(crate) mod files;
mod forwarding;
mod groups;
mod guests;
mod inbox;
mod incoming;
mod invitations;
mod keeping;
mod messages;
mod moderation;
mod notify;
mod order;
mod outgoing;
mod people;
mod presence;
mod reactions;
mod reading;
mod resume;
mod rooms;
pub(crate) mod sign_in;
mod threads;

use anyhow::Result;
use chat_tests::{Script, Server, uuid};
use serde_json::{Value, json};

/// A server and two people on it.
pub(crate) fn ada_and_lin() -> Result<(Server, Script, Script)> {
    let server = Server::start()?;
    let ada = Script::register(&server, "ada")?;
    let lin = Script::register(&server, "lin")?;
    Ok((server, ada, lin))
}

/// Makes a room and brings the others in; gives its id.
pub(crate) fn room(name: &str, maker: &mut Script, others: &mut [&mut Script]) -> Result<String> {
    let room = maker.ok("room.create", json!({"client_id": uuid(), "name": name}))?;
    for other in others {
        other.ok("room.join", json!({"room": name}))?;
    }
    Ok(text(&room["id"]))
}

/// Makes a private room and brings the others in; gives its id.
pub(crate) fn private_room(name: &str, maker: &mut Script, others: &mut [&mut Script]) -> Result<String> {
    let payload = json!({"client_id": uuid(), "name": name, "private": true});
    let id = text(&maker.ok("room.create", payload)?["id"]);
    for other in others {
        bring_in(maker, &id, other)?;
    }
    Ok(id)
}

/// Invites somebody, who accepts.
pub(crate) fn bring_in(member: &mut Script, room: &str, other: &mut Script) -> Result<()> {
    member.ok("room.invite", json!({"conversation": room, "user": other.name()}))?;
    other.ok("invitation.accept", json!({"conversation": room})).map(drop)
}

/// Makes an account with that role on the server.
pub(crate) fn register_as(server: &Server, name: &str, role: &str) -> Result<Script> {
    Script::register_with(server, name, Some(&server.invite_as(role)?))
}

/// Makes a bot with these scopes, and connects as it.
pub(crate) fn bot(server: &Server, owner: &mut Script, name: &str, scopes: &[&str]) -> Result<Script> {
    let made = owner.ok("bot.create", json!({"name": name, "scopes": scopes}))?;
    Script::token(server, name, &text(&made["token"]))
}

/// Gives a member a role in a room.
pub(crate) fn set_role(owner: &mut Script, room: &str, user: &str, role: &str) -> Result<()> {
    owner.ok("member.role", json!({"conversation": room, "user": user, "role": role})).map(drop)
}

/// Puts a member out of a room.
pub(crate) fn kick(moderator: &mut Script, room: &str, user: &str) -> Result<()> {
    let payload = json!({"conversation": room, "user": user, "reason": "wrong team"});
    moderator.ok("member.remove", payload).map(drop)
}

/// Sends a message and gives its number.
pub(crate) fn say(script: &mut Script, conversation: &str, body: &str) -> Result<u64> {
    let sent = script.ok("message.send", message(conversation, &uuid(), body))?;
    Ok(sent["seq"].as_u64().unwrap())
}

/// Sends a message with further fields and gives its number.
pub(crate) fn say_with(script: &mut Script, conversation: &str, body: &str, more: Value) -> Result<u64> {
    let mut payload = message(conversation, &uuid(), body);
    for (field, value) in more.as_object().unwrap() {
        payload[field] = value.clone();
    }
    let sent = script.ok("message.send", payload)?;
    Ok(sent["seq"].as_u64().unwrap())
}

/// The payload of a request about one message, with further fields.
pub(crate) fn about(conversation: &str, seq: u64, more: Value) -> Value {
    let mut payload = more;
    payload["conversation"] = conversation.into();
    payload["seq"] = seq.into();
    payload
}

/// The payload of `message.send`.
pub(crate) fn message(conversation: &str, client_id: &str, body: &str) -> Value {
    json!({"conversation": conversation, "client_id": client_id, "body": body})
}

/// The conversation as this person sees it now.
pub(crate) fn look(script: &mut Script, conversation: &str) -> Result<Value> {
    script.ok("conversation.get", json!({"conversation": conversation}))
}

/// One event as it stands now.
pub(crate) fn stands(script: &mut Script, conversation: &str, seq: u64) -> Result<Value> {
    let payload = json!({"conversation": conversation, "around": seq, "limit": 1});
    let mut page = script.ok("history.get", payload)?;
    assert_eq!(seqs(&page["events"]), [seq]);
    Ok(page["events"][0].take())
}

/// A text in JSON.
pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("not a text: {value}")).to_owned()
}

/// One field of each row, as texts.
pub(crate) fn column(rows: &Value, pointer: &str) -> Vec<String> {
    let rows = rows.as_array().unwrap_or_else(|| panic!("not a list: {rows}"));
    rows.iter().map(|row| text(row.pointer(pointer).unwrap_or(&Value::Null))).collect()
}

/// The numbers of events.
pub(crate) fn seqs(events: &Value) -> Vec<u64> {
    events.as_array().unwrap().iter().map(|event| event["seq"].as_u64().unwrap()).collect()
}

/// A list of texts.
pub(crate) fn text_list(values: &Value) -> Vec<String> {
    values.as_array().unwrap().iter().map(text).collect()
}
