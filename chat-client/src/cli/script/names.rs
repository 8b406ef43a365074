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

    /// The requests that find a name out, to be asked until it is known.
    pub(super) fn questions(name: &str) -> Vec<Value> {
        let Some(canonical) = canonical(name) else { return Vec::new() };
        match canonical.strip_prefix('#') {
            Some(room) => vec![
                json!({ "type": "room.list", "payload": { "query": room } }),
                json!({ "type": "invitation.list", "payload": {} }),
            ],
            None => {
                let mut users = canonical.split(',').map(|user| user.trim_start_matches('@'));
                let user = users.next().unwrap_or_default();
                let payload = json!({ "user": user, "also": users.collect::<Vec<_>>() });
                vec![json!({ "type": "direct.open", "payload": payload })]
            }
        }
    }

    /// Notes that a direct is asked for, so that its answer can be known by that name.
    pub(super) fn asked(&mut self, id: &str, kind: Option<RequestKind>, payload: &Value) {
        if kind == Some(RequestKind::OpenDirect)
            && let Some(user) = payload["user"].as_str()
            && let Some(name) = canonical(&also(payload).fold(format!("@{user}"), |all, one| all + "," + one))
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
        for list in ["rooms", "invitations"] {
            for row in payload[list].as_array().into_iter().flatten() {
                self.learn_row(row);
            }
        }
        // The conversation with oneself, if there is one, names nobody else.
        if let (Some(name), Some(id)) = (canonical(name), payload["id"].as_str()) {
            self.put(name, id);
        }
    }

    /// Takes what any frame tells about conversations.
    pub(super) fn learn(&mut self, frame: &Value) {
        let payload = &frame["payload"];
        for list in ["conversations", "rooms", "invitations"] {
            for row in payload[list].as_array().into_iter().flatten() {
                self.learn_row(row);
            }
        }
        self.learn_row(&payload["conversation"]);
        self.learn_row(&payload["invitation"]);
        if let ("renamed", Some(name), Some(id)) = (
            payload["kind"].as_str().unwrap_or_default(),
            payload["name"].as_str(),
            payload["conversation"].as_str(),
        ) {
            self.ids.retain(|_, known| known != id);
            self.put(format!("#{name}"), id);
        }
        self.learn_row(payload);
        if let Some(name) = frame["id"].as_str().and_then(|id| self.telling.remove(id))
            && let Some(id) = payload["id"].as_str()
        {
            self.put(name, id);
        }
    }

    fn learn_row(&mut self, row: &Value) {
        if let (Some(id), Some(name), true) =
            (row["conversation"].as_str(), row["name"].as_str(), row.get("by").is_some())
        {
            return self.put(format!("#{name}"), id);
        }
        let Some(id) = row["id"].as_str() else { return };
        let is_conversation = row.get("head").is_some() || row.get("joined").is_some();
        if !is_conversation {
            return;
        }
        let with = row["with"].as_array().into_iter().flatten();
        let mut people: Vec<&str> = with.filter_map(|person| person["name"].as_str()).collect();
        people.sort_unstable();
        if let Some(name) = row["name"].as_str() {
            self.put(format!("#{name}"), id);
        } else if !people.is_empty() {
            self.put(format!("@{}", people.join(",@")), id);
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
        None => {
            let parse = |user: &str| UserName::parse(user.trim_start_matches('@')).ok();
            let mut users = name.strip_prefix('@')?.split(',').map(parse).collect::<Option<Vec<_>>>()?;
            users.sort();
            let users: Vec<String> = users.iter().map(|user| format!("@{user}")).collect();
            Some(users.join(","))
        }
    }
}

/// The further people whom a `direct.open` names.
fn also(payload: &Value) -> impl Iterator<Item = &str> {
    payload["also"].as_array().into_iter().flatten().filter_map(Value::as_str)
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
        Value::Null if payload.get("invitation").is_some() => &payload["invitation"]["by"]["name"],
        Value::Null => &payload["user"]["name"],
        author => &author["name"],
    }
}

/// Presence comes in a list: one row that has the field is enough. An invitation is wrapped.
fn has(payload: &Value, name: &str, value: &Value) -> bool {
    let rows = payload["changes"].as_array();
    payload[name] == *value
        || payload["invitation"][name] == *value
        || rows.is_some_and(|rows| rows.iter().any(|row| row[name] == *value))
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
        names.learn(&json!({ "type": "ok", "id": "4", "payload": {
            "id": "g", "with": [{ "name": "lin" }, { "name": "ada" }], "head": 1,
        } }));
        assert_eq!(names.find("@ada,lin"), Some("g"));
        assert_eq!(names.find("@lin,@ada"), Some("g"));
        names.learn(&json!({ "type": "invitation", "payload": { "invitation": {
            "conversation": "s", "name": "secret", "by": { "name": "ada" },
        } } }));
        assert_eq!(names.find("#secret"), Some("s"));
        let renamed = json!({ "conversation": "a", "kind": "renamed", "name": "releases" });
        names.learn(&json!({ "type": "event", "payload": renamed }));
        assert_eq!((names.find("#deploys"), names.find("#releases")), (None, Some("a")));
    }
}
