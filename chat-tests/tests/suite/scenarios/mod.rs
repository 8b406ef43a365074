//! Every feature of the protocol, told as people would: through `chat-cli script`.

mod accounts;
mod messages;
mod presence;
mod reading;
mod resume;
mod rooms;

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

/// Sends a message and gives its number.
pub(crate) fn say(script: &mut Script, conversation: &str, body: &str) -> Result<u64> {
    let sent = script.ok("message.send", message(conversation, &uuid(), body))?;
    Ok(sent["seq"].as_u64().unwrap())
}

/// The payload of `message.send`.
pub(crate) fn message(conversation: &str, client_id: &str, body: &str) -> Value {
    json!({"conversation": conversation, "client_id": client_id, "body": body})
}

/// The conversation as this person sees it now.
pub(crate) fn look(script: &mut Script, conversation: &str) -> Result<Value> {
    script.ok("conversation.get", json!({"conversation": conversation}))
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
