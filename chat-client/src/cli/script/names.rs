//! Which conversation `#room` and `@user` are, as far as the frames have told; and whether a frame
//! is the one that `script.wait` waits for.

use std::collections::HashMap;

use chat_proto::{RequestKind, RoomName, UserName};
use serde_json::{Value, json};

/// Names kept; a script that knows more asks again.
const NAMES: usize = 10_000;

/// What is known.
#[derive(Default)]
pub(super) struct Names {
    ids: HashMap<String, String>,
    /// Requests whose answer is a conversation or a list of some.
    telling: HashMap<String, String>,
}

impl Names {
    /// The conversation of that name.
    pub(super) fn find(&self, name: &str) -> Option<&str> {
        self.ids.get(&canonical(name)?).map(String::as_str)
    }

    /// The request that finds a name out.
    pub(super) fn question(name: &str) -> Option<Value> {
        let canonical = canonical(name)?;
        Some(match canonical.strip_prefix('#') {
            Some(room) => json!({ "type": "room.list", "payload": { "query": room } }),
            None => {
                let user = canonical.strip_prefix('@')?;
                json!({ "type": "direct.open", "payload": { "user": user } })
            }
        })
    }

    /// Notes that a direct is asked for, so that its answer can be known by that name.
    pub(super) fn asked(&mut self, id: &str, kind: Option<RequestKind>, payload: &Value) {
        if kind == Some(RequestKind::OpenDirect)
            && let Some(user) = payload["user"].as_str()
            && let Some(name) = canonical(&format!("@{user}"))
            && self.telling.len() < NAMES
        {
            self.telling.insert(id.to_owned(), name);
        }
    }

    /// Takes the answer to [`Names::question`].
    pub(super) fn learn_answer(&mut self, name: &str, answer: &Value) {
        if answer["type"] != "ok" {
            return;
        }
        let payload = &answer["payload"];
        for room in payload["rooms"].as_array().into_iter().flatten() {
            self.learn_row(room);
        }
        // The conversation with oneself, if there is one, names nobody else.
        if let (Some(name), Some(id)) = (canonical(name), payload["id"].as_str()) {
            self.put(name, id);
        }
    }

    /// Takes what any frame tells about conversations.
    pub(super) fn learn(&mut self, frame: &Value) {
        let payload = &frame["payload"];
        for list in ["conversations", "rooms"] {
            for row in payload[list].as_array().into_iter().flatten() {
                self.learn_row(row);
            }
        }
        self.learn_row(&payload["conversation"]);
        self.learn_row(payload);
        if let Some(name) = frame["id"].as_str().and_then(|id| self.telling.remove(id))
            && let Some(id) = payload["id"].as_str()
        {
            self.put(name, id);
        }
    }

    fn learn_row(&mut self, row: &Value) {
        let Some(id) = row["id"].as_str() else { return };
        let is_conversation = row.get("head").is_some() || row.get("joined").is_some();
        if !is_conversation {
            return;
        }
        let with = row["with"].as_array().and_then(|with| with.first());
        if let Some(name) = row["name"].as_str() {
            self.put(format!("#{name}"), id);
        } else if let Some(name) = with.and_then(|person| person["name"].as_str()) {
            self.put(format!("@{name}"), id);
        }
    }

    fn put(&mut self, name: String, id: &str) {
        if self.ids.len() < NAMES || self.ids.contains_key(&name) {
            self.ids.insert(name, id.to_owned());
        }
    }
}

fn canonical(name: &str) -> Option<String> {
    match name.strip_prefix('#') {
        Some(room) => RoomName::parse(room).ok().map(|room| format!("#{room}")),
        None => UserName::parse(name.strip_prefix('@')?).ok().map(|user| format!("@{user}")),
    }
}

/// Whether a frame is the one wanted: each field is found in it.
pub(super) fn fits(frame: &Value, wanted: &Value) -> bool {
    let Some(fields) = wanted.as_object() else { return false };
    fields.iter().all(|(name, value)| match name.as_str() {
        "timeout_ms" => true,
        "type" | "id" => frame[name] == *value,
        "from" => *author(&frame["payload"]) == *value,
        _ => has(&frame["payload"], name, value),
    })
}

fn author(payload: &Value) -> &Value {
    match &payload["author"] {
        Value::Null => &payload["user"]["name"],
        author => &author["name"],
    }
}

/// Presence comes in a list: one row that has the field is enough.
fn has(payload: &Value, name: &str, value: &Value) -> bool {
    let rows = payload["changes"].as_array();
    payload[name] == *value || rows.is_some_and(|rows| rows.iter().any(|row| row[name] == *value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_compares_what_it_names() {
        let frame = json!({ "type": "event", "payload": { "kind": "message", "author": { "name": "ada" }, "seq": 3 } });
        for (wanted, expected) in [
            (json!({ "type": "event" }), true),
            (json!({ "type": "event", "kind": "message", "from": "ada", "timeout_ms": 5 }), true),
            (json!({ "seq": 3 }), true),
            (json!({ "type": "event", "from": "lin" }), false),
            (json!({ "type": "typing" }), false),
            (json!(null), false),
        ] {
            assert_eq!(fits(&frame, &wanted), expected, "{wanted}");
        }
        let typing = json!({ "type": "typing", "payload": { "user": { "name": "lin" }, "active": true } });
        assert!(fits(&typing, &json!({ "from": "lin", "active": true })));
        let presence = json!({ "type": "presence", "payload": { "changes": [{ "state": "away" }] } });
        assert!(fits(&presence, &json!({ "state": "away" })));
    }

    #[test]
    fn names_are_learnt_from_the_frames() {
        let mut names = Names::default();
        names.learn(&json!({ "type": "ok", "id": "1", "payload": { "conversations": [
            { "id": "a", "name": "deploys", "head": 1 },
            { "id": "b", "with": [{ "id": "x", "name": "ada" }], "head": 1 },
        ] } }));
        names.learn(&json!({ "type": "ok", "id": "2", "payload": { "id": "c", "name": "new", "head": 1 } }));
        names.learn(&json!({ "type": "ok", "id": "3", "payload": { "id": "p", "name": "a-person" } }));
        assert_eq!(names.find("#Deploys"), Some("a"));
        assert_eq!(names.find("@ada"), Some("b"));
        assert_eq!(names.find("#new"), Some("c"));
        assert_eq!(names.find("#a-person"), None);
    }
}
