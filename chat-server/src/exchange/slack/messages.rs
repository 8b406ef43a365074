//! One message of Slack's, as an event of ours.

use chat_proto::{
    Attachment, Body, ClientId, Emoji, Event, EventKind, FileName, MediaType, Message, Person, Reaction,
    RoomName, Seq, Timestamp, Tombstone, UserId, limits,
};
use serde_json::Value;

use super::{Reader, Zip, file_id, id_of, list, text, time, topic};
use crate::exchange::Report;
use crate::slack;
use crate::store::{FileRecord, Record};

/// What stands for a text that was cut.
const CUT_FROM: usize = limits::MESSAGE_BYTES;

impl Reader {
    pub(super) fn message(&mut self, zip: &Zip, message: &Value, report: &mut Report) {
        let Some(place) = &self.place else { return };
        let (id, seq, ts) = (place.id, place.head.next(), text(message, "ts").to_owned());
        let author = self.author(message);
        let Some(what) = self.event(zip, message, &author, seq, report) else { return };
        let at = Timestamp(time(&ts));
        if let Some(place) = &mut self.place {
            place.head = seq;
            // Only what may begin a thread, so that a large channel stays small in memory.
            if text(message, "thread_ts") == ts {
                place.roots.insert(ts, seq);
            }
        }
        self.waiting.push_back(Record::Event(Box::new(Event { conversation: id, seq, at, author, what })));
    }

    fn author(&mut self, message: &Value) -> Person {
        let by_user = [text(message, "user"), text(message, "bot_id")].into_iter().find(|id| !id.is_empty());
        let name = text(message, "username");
        match by_user {
            Some(user) => {
                let profile = match &message["user_profile"] {
                    Value::Null => &message["bot_profile"],
                    profile => profile,
                };
                let told =
                    if name.is_empty() { profile.clone() } else { serde_json::json!({ "name": name }) };
                self.people.find(user, Some(&told), &mut self.waiting)
            }
            None => {
                let name = if name.is_empty() { "somebody" } else { name };
                let told = serde_json::json!({ "name": name, "is_bot": true });
                self.people.find(&format!("B:{name}"), Some(&told), &mut self.waiting)
            }
        }
    }

    fn event(
        &mut self,
        zip: &Zip,
        message: &Value,
        author: &Person,
        seq: Seq,
        report: &mut Report,
    ) -> Option<EventKind> {
        match text(message, "subtype") {
            "channel_join" | "group_join" => Some(EventKind::Joined),
            "channel_leave" | "group_leave" => Some(EventKind::Left),
            "channel_topic" | "group_topic" => {
                Some(EventKind::Topic { topic: topic(text(message, "topic")) })
            }
            "channel_purpose" | "group_purpose" => {
                Some(EventKind::Described { description: super::description(text(message, "purpose")) })
            }
            "channel_name" | "group_name" => {
                RoomName::parse(text(message, "name")).ok().map(|name| EventKind::Renamed { name })
            }
            "tombstone" => {
                let thread = self.thread(message);
                Some(EventKind::Tombstone(Tombstone { deleted: seq, thread, ..Tombstone::default() }))
            }
            "" | "me_message" | "bot_message" | "file_share" | "thread_broadcast" | "file_comment"
            | "reply_broadcast" | "reminder_add" => self.written(zip, message, author, seq, report),
            other => {
                report.leave_out(&format!("Slack's own lines of the kind {}", other.escape_default()));
                None
            }
        }
    }

    fn written(
        &mut self,
        zip: &Zip,
        message: &Value,
        author: &Person,
        seq: Seq,
        report: &mut Report,
    ) -> Option<EventKind> {
        let (mut body, mentions) = self.text_of(message, report);
        let mut files = Vec::new();
        for file in list(message, "files") {
            match self.file(zip, file, author).filter(|_| files.len() < limits::FILES_PER_MESSAGE) {
                Some(file) => files.push(file),
                None => {
                    report
                        .leave_out("files whose bytes are not in the archive; their links are kept as text");
                    body.push_str(&link(file));
                }
            }
        }
        body.truncate(body.floor_char_boundary(CUT_FROM));
        let body = body.trim_matches('\n');
        let body = match (body.trim().is_empty(), files.is_empty()) {
            (true, true) => {
                report.leave_out("messages without text or files");
                return None;
            }
            (true, false) => Body::default(),
            (false, _) => Body::new(body).ok()?,
        };
        let client_id =
            ClientId(id_of("message", &format!("{}/{}", self.place.as_ref()?.id, text(message, "ts"))));
        let is_pinned = !list(message, "pinned_to").is_empty();
        let place = self.place.as_mut()?;
        let pinned = is_pinned && place.pins < limits::PINS;
        place.pins += usize::from(pinned);
        Some(EventKind::Message(Box::new(Message {
            files,
            action: text(message, "subtype") == "me_message",
            mentions,
            thread: self.thread(message),
            // The time of an edit is not a thing of its own here; that there was one is.
            edited: message["edited"].is_object().then_some(seq),
            pinned,
            reactions: self.reactions(message, report),
            ..Message::new(client_id, body)
        })))
    }

    fn thread(&self, message: &Value) -> Option<Seq> {
        let root = text(message, "thread_ts");
        let is_answer = !root.is_empty() && root != text(message, "ts");
        self.place.as_ref()?.roots.get(root).copied().filter(|_| is_answer)
    }

    /// The text as people read it, and whom it calls.
    fn text_of(&self, message: &Value, report: &mut Report) -> (String, Vec<UserId>) {
        let mut message = message.clone();
        if !text(&message, "text").is_empty()
            && let Some(fields) = message.as_object_mut()
        {
            // The same again, in another form.
            fields.remove("blocks");
        }
        let mut called = Vec::new();
        let named = self.name_all(&message.to_string(), &mut called);
        let body = slack::text_of(named.as_bytes()).map(|body| body.as_str().to_owned()).unwrap_or_default();
        if text(&message, "text").len() > limits::MESSAGE_BYTES {
            report.leave_out("ends of texts that are longer than messages can be here");
        }
        (body, called)
    }

    /// Puts names in the place of Slack's ids of people and channels. Names have no character that
    /// means something in JSON.
    fn name_all(&self, json: &str, called: &mut Vec<UserId>) -> String {
        let mut out = String::with_capacity(json.len());
        let mut rest = json;
        while let Some(at) = rest.find(['<']) {
            out.push_str(&rest[..at]);
            rest = &rest[at..];
            let sign = rest[1..].chars().next().filter(|sign| matches!(sign, '@' | '#'));
            let end = rest.find(['>', '|', '"']).filter(|end| *end > 2 && sign.is_some());
            let name = end.and_then(|end| match sign {
                Some('@') => self.people.named(&rest[2..end]).map(|person| {
                    if !called.contains(&person.id) {
                        called.push(person.id);
                    }
                    person.name.to_string()
                }),
                _ => self.channels.get(&rest[2..end]).map(|name| super::people::made_name(name, 64)),
            });
            // Its end is in the same text: a quotation mark would be the end of that.
            let close = end.and_then(|end| Some(end + rest[end..].find(['>', '"'])?));
            match (name, close.filter(|close| rest[*close..].starts_with('>')), sign) {
                (Some(name), Some(close), Some(sign)) => {
                    out.push_str(&format!("<{sign}{name}>"));
                    rest = &rest[close + 1..];
                }
                _ => {
                    out.push('<');
                    rest = &rest[1..];
                }
            }
        }
        out.push_str(rest);
        out
    }

    /// A file whose bytes are in the archive.
    fn file(&mut self, zip: &Zip, file: &Value, author: &Person) -> Option<Attachment> {
        let id = file_id(text(file, "id"));
        let size = file["size"].as_u64().filter(|_| zip.has(id))?;
        let name = [text(file, "name"), text(file, "title")].into_iter().find(|name| !name.is_empty());
        let name = FileName::clean(name.unwrap_or_default());
        let owner = text(file, "user");
        let owner =
            if owner.is_empty() { author.id } else { self.people.find(owner, None, &mut self.waiting).id };
        let at = Timestamp(file["created"].as_i64().unwrap_or(0).saturating_mul(1_000));
        let record = FileRecord { id, owner, name: name.clone(), size, sha256: None, at };
        self.waiting.push_back(Record::File(record));
        Some(Attachment { id, name, size, media_type: MediaType::bytes(), picture: None })
    }

    fn reactions(&mut self, message: &Value, report: &mut Report) -> Vec<Reaction> {
        let mut reactions: Vec<Reaction> = Vec::new();
        for reaction in list(message, "reactions") {
            let word = text(reaction, "name").split("::").next().unwrap_or_default();
            let picture = emojis::get_by_shortcode(word).and_then(|emoji| Emoji::new(emoji.as_str()).ok());
            let Some(emoji) = picture.filter(|_| reactions.len() < limits::REACTIONS) else {
                report.leave_out("reactions with pictures of the workspace's own");
                continue;
            };
            let users = list(reaction, "users").iter().filter_map(Value::as_str);
            let users: Vec<UserId> =
                users.map(|user| self.people.find(user, None, &mut self.waiting).id).collect();
            match reactions.iter_mut().find(|known| known.emoji == emoji) {
                Some(known) => known
                    .users
                    .extend(users.into_iter().filter(|user| !known.users.contains(user)).collect::<Vec<_>>()),
                None => reactions.push(Reaction { emoji, users }),
            }
        }
        reactions
    }
}

/// Where a file is, without what would let others in.
fn link(file: &Value) -> String {
    let name = FileName::clean(text(file, "name"));
    let address =
        [text(file, "permalink"), text(file, "url_private")].into_iter().find(|url| !url.is_empty());
    match address.map(|url| url.split(['?', '#']).next().unwrap_or_default()) {
        Some(address) => format!("\n{name}: {address}"),
        None => format!("\n(file {name})"),
    }
}
