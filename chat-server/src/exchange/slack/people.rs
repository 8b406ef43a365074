//! Who is who in Slack's export.

use std::collections::{HashMap, VecDeque};

use chat_proto::{DisplayName, Person, Role, Timestamp, UserId, UserName, limits};
use serde_json::Value;

use super::{id_of, text};
use crate::handler::account::is_reserved;
use crate::store::{About, Record, UserRecord};

/// Everybody who was named so far.
pub(super) struct People {
    /// By their ids in Slack.
    known: HashMap<String, Person>,
    /// For those of whose names none can be made.
    nameless: UserName,
}

impl People {
    /// Reads the list of accounts.
    pub(super) fn read(users: &Value, records: &mut VecDeque<Record>) -> anyhow::Result<Self> {
        let mut people = Self { known: HashMap::new(), nameless: UserName::parse("somebody")? };
        for user in users.as_array().into_iter().flatten() {
            people.add(text(user, "id"), user, records);
        }
        Ok(people)
    }

    /// Somebody by their id in Slack, who is made if nobody told of them; `name` is what is known.
    pub(super) fn find(
        &mut self,
        slack: &str,
        name: Option<&Value>,
        records: &mut VecDeque<Record>,
    ) -> Person {
        match self.known.get(slack) {
            Some(person) => person.clone(),
            None => self.add(slack, name.unwrap_or(&Value::Null), records),
        }
    }

    /// Somebody who was named before.
    pub(super) fn known(&self, id: UserId) -> Option<Person> {
        self.known.values().find(|person| person.id == id).cloned()
    }

    /// The name of somebody, for a text that calls them.
    pub(super) fn named(&self, slack: &str) -> Option<&Person> {
        self.known.get(slack)
    }

    fn add(&mut self, slack: &str, user: &Value, records: &mut VecDeque<Record>) -> Person {
        let is_bot = user["is_bot"] == true || slack.starts_with('B') || slack == "USLACKBOT";
        let id = UserId(id_of("user", slack));
        let profile = &user["profile"];
        let called = [text(user, "name"), text(profile, "display_name"), text(user, "real_name"), slack];
        let name = called.into_iter().find_map(user_name).unwrap_or_else(|| self.nameless.clone());
        let spelled = [text(profile, "display_name"), text(profile, "real_name"), text(user, "real_name")];
        let spelled = spelled.into_iter().find(|name| !name.trim().is_empty()).unwrap_or_default();
        let cut: String = spelled.chars().take(limits::DISPLAY_NAME_CHARS).collect();
        let person = Person { id, name: name.clone(), bot: is_bot };
        let is_guest = user["is_restricted"] == true || user["is_ultra_restricted"] == true;
        records.push_back(Record::User(UserRecord {
            id,
            name,
            display_name: DisplayName::new(cut).unwrap_or_default(),
            // Who runs a workspace over there runs nothing here.
            role: if is_guest { Role::Guest } else { Role::Member },
            bot: is_bot,
            created_at: Timestamp(0),
            about: About::default(),
        }));
        self.known.insert(slack.to_owned(), person.clone());
        person
    }
}

fn user_name(name: &str) -> Option<UserName> {
    let made = || made_name(name, limits::USER_NAME_CHARS);
    let name = UserName::parse(name).or_else(|_| UserName::parse(&made())).ok()?;
    match is_reserved(&name) {
        true => UserName::parse(&format!("{name}-slack")).ok(),
        false => Some(name),
    }
}

/// What a name can be made of a text: other characters become one `-`.
pub(super) fn made_name(text: &str, most: usize) -> String {
    let mut name = String::new();
    for c in text.chars().take(most) {
        if c.is_alphanumeric() {
            name.extend(c.to_lowercase());
        } else if !name.is_empty() && !name.ends_with('-') {
            name.push('-');
        }
    }
    name.trim_end_matches('-').chars().take(most).collect()
}
