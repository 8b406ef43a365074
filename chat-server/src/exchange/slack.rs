//! Slack's export, read as lines of ours.
//!
//! Nothing in the archive is a name on the disk: entries are asked for by name and read through a
//! bound. What we have no word for is counted in the report, never silently gone.

mod messages;
mod people;
mod zip;

use std::collections::{HashMap, VecDeque};

use anyhow::{Context, ensure};
use chat_proto::{
    ClientId, ConversationId, ConversationKind, Description, Event, EventKind, FileId, Person, RoomName,
    RoomRole, RoomRules, Seq, Timestamp, Topic, UserId, limits,
};
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

use super::Report;
use crate::hub::now;
use crate::store::{ConversationRecord, EXPORT_FORMAT, Header, MemberMarks, MemberRecord, Record};
use people::People;
pub(super) use zip::Zip;

/// The lists of conversations in the archive: the file, and whether they are private rooms, or none.
const LISTS: [(&str, Kind); 4] = [
    ("channels.json", Kind::Channel),
    ("groups.json", Kind::Private),
    ("dms.json", Kind::Direct),
    ("mpims.json", Kind::Direct),
];

/// What a conversation is in Slack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Channel,
    Private,
    Direct,
}

/// One conversation whose days are being read.
struct Place {
    id: ConversationId,
    /// The files of its days, the last first.
    days: Vec<String>,
    head: Seq,
    pins: usize,
    /// The messages that begin threads, by their time in Slack.
    roots: HashMap<String, Seq>,
}

/// Reads one record after the other.
pub(super) struct Reader {
    people: People,
    /// For rooms of whose names none can be made.
    nameless: RoomName,
    /// The names of channels, for links to them.
    channels: HashMap<String, String>,
    waiting: VecDeque<Record>,
    /// Conversations that have not come, the last first.
    conversations: Vec<(Value, Kind)>,
    place: Option<Place>,
}

impl Reader {
    pub(super) fn new(zip: &mut Zip) -> anyhow::Result<Self> {
        let users =
            zip.json("users.json")?.context("there is no users.json in it; is it an export of Slack?")?;
        let mut conversations = Vec::new();
        let mut channels = HashMap::new();
        for (list, kind) in LISTS {
            let Some(Value::Array(rows)) = zip.json(list)? else { continue };
            for row in rows {
                if kind != Kind::Direct {
                    channels.insert(text(&row, "id").to_owned(), text(&row, "name").to_owned());
                }
                conversations.push((row, kind));
            }
        }
        ensure!(!conversations.is_empty(), "there are no conversations in it; is it an export of Slack?");
        conversations.reverse();
        let mut waiting = VecDeque::from([Record::Export(Header {
            format: EXPORT_FORMAT,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            at: now(),
            of: None,
        })]);
        let people = People::read(&users, &mut waiting)?;
        let nameless = RoomName::parse("slack")?;
        Ok(Self { nameless, people, channels, waiting, conversations, place: None })
    }

    /// The next record; `None` at the end.
    pub(super) fn next(&mut self, zip: &mut Zip, report: &mut Report) -> anyhow::Result<Option<Record>> {
        loop {
            if let Some(record) = self.waiting.pop_front() {
                return Ok(Some(record));
            }
            let day = self.place.as_mut().and_then(|place| place.days.pop());
            match day {
                Some(day) => self.day(zip, &day, report)?,
                None => match self.conversations.pop() {
                    Some((row, kind)) => self.begin(zip, &row, kind, report),
                    None => return Ok(None),
                },
            }
        }
    }

    fn begin(&mut self, zip: &Zip, row: &Value, kind: Kind, report: &mut Report) {
        let (slack_id, name) = (text(row, "id"), text(row, "name"));
        let id = ConversationId(id_of("conversation", slack_id));
        let slack_members = list(row, "members").iter().filter_map(Value::as_str);
        let mut members: Vec<UserId> = Vec::new();
        for member in slack_members {
            let person = self.people.find(member, None, &mut self.waiting);
            if !members.contains(&person.id) {
                members.push(person.id);
            }
        }
        let is_direct = kind == Kind::Direct && (2..=limits::GROUP_PEOPLE).contains(&members.len());
        if kind == Kind::Direct && !is_direct {
            report.note(format!(
                "{slack_id}: it is a private room here, because it has {} people",
                members.len()
            ));
        }
        let creator = self.creator(row, &members);
        let kept = |seq: usize| if creator.id == members[seq] { RoomRole::Owner } else { RoomRole::Member };
        let mut roles: Vec<MemberRecord> = (0..members.len())
            .map(|n| MemberRecord {
                user: members[n],
                role: if is_direct { RoomRole::Member } else { kept(n) },
                marks: MemberMarks::default(),
            })
            .collect();
        if !is_direct
            && !roles.iter().any(|member| member.role == RoomRole::Owner)
            && let Some(first) = roles.first_mut()
        {
            first.role = RoomRole::Owner;
        }
        let room = (!is_direct).then(|| room_name(if name.is_empty() { "notes" } else { name }));
        let room = room.map(|name| name.unwrap_or_else(|| self.nameless.clone()));
        let value = |field: &str| row.pointer(&format!("/{field}/value")).and_then(Value::as_str);
        let rules = RoomRules { archived: row["is_archived"] == true, ..RoomRules::default() };
        self.waiting.push_back(Record::Conversation(Box::new(ConversationRecord {
            id,
            kind: if is_direct { ConversationKind::Direct } else { ConversationKind::Room },
            name: room.clone(),
            topic: topic(value("topic").unwrap_or_default()),
            description: description(value("purpose").unwrap_or_default()),
            private: kind != Kind::Channel,
            rules: if is_direct { RoomRules::default() } else { rules },
            members: roles,
        })));
        let client_id = ClientId(id_of("created", slack_id));
        let begun = row["created"].as_i64().unwrap_or(0).saturating_mul(1_000);
        self.waiting.push_back(Record::Event(Box::new(Event {
            conversation: id,
            seq: Seq(1),
            at: Timestamp(begun),
            author: creator,
            what: EventKind::Created { client_id, name: room, topic: Topic::default() },
        })));
        let folder = if kind == Kind::Direct && name.is_empty() { slack_id } else { name };
        let mut days = zip.days(folder);
        days.reverse();
        self.place = Some(Place { id, days, head: Seq(1), pins: 0, roots: HashMap::new() });
    }

    fn creator(&mut self, row: &Value, members: &[UserId]) -> Person {
        match row["creator"].as_str().filter(|creator| !creator.is_empty()) {
            Some(creator) => self.people.find(creator, None, &mut self.waiting),
            None => match members.first().and_then(|member| self.people.known(*member)) {
                Some(person) => person,
                None => self.people.find("USLACKBOT", None, &mut self.waiting),
            },
        }
    }

    fn day(&mut self, zip: &mut Zip, day: &str, report: &mut Report) -> anyhow::Result<()> {
        let Some(Value::Array(mut messages)) = zip.json(day)? else {
            report.leave_out("days that are no list of messages");
            return Ok(());
        };
        messages.sort_by_key(|message| time(text(message, "ts")));
        for message in &messages {
            self.message(zip, message, report);
        }
        Ok(())
    }
}

/// An id that is the same for the same thing of the same workspace, each time.
fn id_of(kind: &str, slack: &str) -> Uuid {
    let hash = Sha256::digest(format!("slack\0{kind}\0{slack}"));
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    Builder::from_custom_bytes(bytes).into_uuid()
}

fn file_id(slack: &str) -> FileId {
    FileId(id_of("file", slack))
}

/// A text of an object; empty if it has none.
fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

/// A list of an object; empty if it has none.
fn list<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    value[field].as_array().map_or(&[], Vec::as_slice)
}

/// Slack's `1700000000.000100` in milliseconds.
fn time(ts: &str) -> i64 {
    let (seconds, fraction) = ts.split_once('.').unwrap_or((ts, ""));
    let millis = format!("{:0<3}", fraction.chars().take(3).collect::<String>());
    let seconds: i64 = seconds.parse().unwrap_or(0);
    seconds.saturating_mul(1_000).saturating_add(millis.parse().unwrap_or(0))
}

fn topic(text: &str) -> Topic {
    let line: String = crate::slack::plain(text).split_whitespace().collect::<Vec<_>>().join(" ");
    Topic::new(line.chars().take(limits::TOPIC_CHARS).collect::<String>()).unwrap_or_default()
}

fn description(text: &str) -> Description {
    Description::new(crate::slack::plain(text)).unwrap_or_default()
}

/// The channel's name, or what a name can be made of it.
fn room_name(name: &str) -> Option<RoomName> {
    let made = || people::made_name(name, limits::ROOM_NAME_CHARS);
    RoomName::parse(name).or_else(|_| RoomName::parse(&made())).ok()
}
