//! What people keep and what was done beside the logs, as lines of an export. Each kind of line is one
//! table of rows; out of this description it is read, taken over with the ids that hold in another
//! place, checked and written.

use chat_proto::{AuditDetails, ConversationId, Topic, UserId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use thiserror::Error;
use uuid::Uuid;

/// Which rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AsideKind {
    /// Who sees and is seen by whom no more.
    Block,
    /// Who may not come in or write anywhere.
    ServerBan,
    /// Who an account is at the provider by which one logs in.
    Identity,
    /// Who is asked into a room.
    Invitation,
    /// Who follows which thread, and how far they have read it.
    Thread,
    /// What stands in whose inbox.
    Notice,
    /// Who keeps which message.
    Saved,
    /// Who may not come in or write in a room.
    RoomBan,
    /// What was reported, and what became of it.
    Report,
    /// What was done to keep order.
    Audit,
}

/// Where in an export lines of a kind stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// After the accounts.
    Accounts,
    /// After the events of their conversation.
    Conversation,
    /// At the end.
    End,
}

/// What a field is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Is {
    /// An account.
    User,
    /// A conversation.
    Conversation,
    /// The number of an event of the line's conversation.
    Seq,
    /// An id of the row itself.
    Id,
    /// A time.
    Time,
    /// How many.
    Count,
    /// Yes or no.
    Flag,
    /// One of these words.
    Word(&'static [&'static str]),
    /// One line of text for people.
    Line,
    /// A text for programs, of bounded length.
    Text,
    /// The details of an act.
    Details,
}

/// The longest text for programs: a subject at a provider has at most 255 bytes (OpenID Connect Core
/// §2), an issuer is an address.
const TEXT_BYTES: usize = 2_048;

/// One field.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Its name, here and in the line.
    pub name: &'static str,
    /// What it is.
    pub is: Is,
    /// Whether it may be absent.
    pub is_optional: bool,
}

const fn field(name: &'static str, is: Is) -> Field {
    Field { name, is, is_optional: false }
}

const fn maybe(name: &'static str, is: Is) -> Field {
    Field { name, is, is_optional: true }
}

const PENALTIES: Is = Is::Word(&["ban", "mute"]);
const REASONS: Is = Is::Word(&["mention", "room", "here", "reply", "thread"]);
const CONVERSATION: Field = field("conversation", Is::Conversation);
const USER: Field = field("user", Is::User);
const SEQ: Field = field("seq", Is::Seq);
const AT: Field = field("at", Is::Time);
const REASON: Field = field("reason", Is::Line);

impl AsideKind {
    /// All, in the order in which they stand within their group.
    pub const ALL: [AsideKind; 10] = [
        AsideKind::Block,
        AsideKind::ServerBan,
        AsideKind::Identity,
        AsideKind::Invitation,
        AsideKind::Notice,
        AsideKind::Thread,
        AsideKind::Saved,
        AsideKind::RoomBan,
        AsideKind::Report,
        AsideKind::Audit,
    ];

    /// Where its lines stand.
    #[must_use]
    pub fn group(self) -> Group {
        match self {
            AsideKind::Block | AsideKind::ServerBan | AsideKind::Identity => Group::Accounts,
            AsideKind::Audit => Group::End,
            _ => Group::Conversation,
        }
    }

    /// Whose it is, by the name of a field: theirs to have in an export of their own.
    #[must_use]
    pub fn owner(self) -> Option<&'static str> {
        match self {
            AsideKind::Block => Some("blocker"),
            AsideKind::Identity
            | AsideKind::Invitation
            | AsideKind::Thread
            | AsideKind::Notice
            | AsideKind::Saved => Some("user"),
            AsideKind::Report => Some("reporter"),
            AsideKind::ServerBan | AsideKind::RoomBan | AsideKind::Audit => None,
        }
    }

    /// Its fields.
    #[must_use]
    pub fn fields(self) -> &'static [Field] {
        match self {
            AsideKind::Block => const { &[field("blocker", Is::User), field("blocked", Is::User), AT] },
            AsideKind::ServerBan => {
                const {
                    &[
                        field("kind", PENALTIES),
                        USER,
                        field("by_user", Is::User),
                        AT,
                        maybe("until", Is::Time),
                        REASON,
                    ]
                }
            }
            AsideKind::RoomBan => {
                const {
                    &[
                        CONVERSATION,
                        field("kind", PENALTIES),
                        USER,
                        field("by_user", Is::User),
                        AT,
                        maybe("until", Is::Time),
                        REASON,
                    ]
                }
            }
            AsideKind::Identity => {
                const {
                    &[
                        field("issuer", Is::Text),
                        field("subject", Is::Text),
                        USER,
                        field("linked_at", Is::Time),
                    ]
                }
            }
            AsideKind::Invitation => const { &[CONVERSATION, USER, field("inviter", Is::User), AT] },
            AsideKind::Thread => {
                const {
                    &[
                        CONVERSATION,
                        field("root", Is::Seq),
                        USER,
                        field("following", Is::Flag),
                        field("read_seq", Is::Seq),
                        field("unread", Is::Count),
                        field("active_at", Is::Time),
                    ]
                }
            }
            AsideKind::Notice => {
                const {
                    &[
                        CONVERSATION,
                        USER,
                        SEQ,
                        maybe("thread", Is::Seq),
                        field("reason", REASONS),
                        AT,
                        field("read", Is::Flag),
                    ]
                }
            }
            AsideKind::Saved => const { &[CONVERSATION, USER, SEQ, AT] },
            AsideKind::Report => {
                const {
                    &[
                        field("id", Is::Id),
                        CONVERSATION,
                        SEQ,
                        field("reporter", Is::User),
                        AT,
                        REASON,
                        maybe("closed_by", Is::User),
                        maybe("closed_at", Is::Time),
                        field("note", Is::Line),
                    ]
                }
            }
            AsideKind::Audit => {
                const {
                    &[
                        AT,
                        field("actor", Is::User),
                        field("act", Is::Text),
                        maybe("conversation", Is::Conversation),
                        maybe("target", Is::User),
                        field("details", Is::Details),
                        REASON,
                    ]
                }
            }
        }
    }
}

/// One line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Aside {
    /// Of which kind.
    #[serde(rename = "type")]
    pub kind: AsideKind,
    /// What it says, by the names of its [`fields`](AsideKind::fields).
    #[serde(flatten)]
    pub row: Map<String, Value>,
}

/// How the ids of one place are those of another.
pub struct Translation<'a> {
    /// Who is who.
    pub user: &'a dyn Fn(UserId) -> Option<UserId>,
    /// Which conversation is which, and what is added to the numbers of its events.
    pub conversation: &'a dyn Fn(ConversationId) -> Option<(ConversationId, u64)>,
}

/// Why a line cannot be taken over.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Untranslated {
    /// It names somebody or something that is not in the export.
    #[error("it names what is not in the export")]
    Stranger,
    /// A field is missing or none of its kind.
    #[error("its field {0} is missing, or not what it should be")]
    Field(&'static str),
}

impl Aside {
    /// The conversation that it is about.
    #[must_use]
    pub fn conversation(&self) -> Option<ConversationId> {
        uuid(self.row.get("conversation")?).map(ConversationId)
    }

    /// The account that a line of [`Group::Accounts`] is about.
    #[must_use]
    pub fn subject(&self) -> Option<UserId> {
        uuid(self.row.get(self.kind.owner().unwrap_or("user"))?).map(UserId)
    }

    /// The line as it is to be written in another place: checked, with the ids that hold there, and with
    /// nothing but its fields.
    ///
    /// # Errors
    /// [`Untranslated`]
    pub fn translated(&self, to: &Translation<'_>) -> Result<Aside, Untranslated> {
        let place = match self.conversation() {
            Some(id) => Some((to.conversation)(id).ok_or(Untranslated::Stranger)?),
            None => None,
        };
        let mut row = Map::new();
        for field in self.kind.fields() {
            let value = self.row.get(field.name).filter(|value| !value.is_null());
            let Some(value) = value else {
                if field.is_optional {
                    continue;
                }
                return Err(Untranslated::Field(field.name));
            };
            let value = field.is.translated(value, place, to).map_err(|stranger| match stranger {
                true => Untranslated::Stranger,
                false => Untranslated::Field(field.name),
            })?;
            row.insert(field.name.to_owned(), value);
        }
        Ok(Aside { kind: self.kind, row })
    }
}

impl Is {
    /// The error says whether it is of its kind, but names what is not there.
    fn translated(
        self,
        value: &Value,
        place: Option<(ConversationId, u64)>,
        to: &Translation<'_>,
    ) -> Result<Value, bool> {
        let number = || value.as_i64().filter(|n| *n >= 0);
        let is_right = match self {
            Is::User => {
                let user = (to.user)(uuid(value).map(UserId).ok_or(false)?).ok_or(true)?;
                return Ok(Value::from(user.0.to_string()));
            }
            Is::Conversation => return Ok(Value::from(place.ok_or(true)?.0.0.to_string())),
            Is::Seq => {
                let (_, shift) = place.ok_or(true)?;
                let shift = i64::try_from(shift).map_err(|_| false)?;
                return number().and_then(|n| n.checked_add(shift)).map(Value::from).ok_or(false);
            }
            Is::Id => uuid(value).is_some(),
            Is::Time => value.is_i64(),
            Is::Count => number().is_some(),
            Is::Flag => value.is_boolean(),
            Is::Word(words) => value.as_str().is_some_and(|word| words.contains(&word)),
            Is::Line => value.as_str().is_some_and(|text| Topic::new(text).is_ok()),
            Is::Text => value
                .as_str()
                .is_some_and(|text| text.len() <= TEXT_BYTES && !text.chars().any(char::is_control)),
            Is::Details => AuditDetails::deserialize(value).is_ok(),
        };
        if is_right { Ok(value.clone()) } else { Err(false) }
    }
}

fn uuid(value: &Value) -> Option<Uuid> {
    value.as_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

    use serde_json::json;

    use super::*;

    fn here(id: u128) -> UserId {
        UserId(Uuid::from_u128(id + 100))
    }

    fn translate(line: Value) -> Result<Aside, Untranslated> {
        let aside: Aside = serde_json::from_value(line).unwrap();
        let known = |user: UserId| (user.0.as_u128() < 10).then(|| here(user.0.as_u128()));
        let place = |id: ConversationId| (id.0.as_u128() == 7).then_some((ConversationId(Uuid::max()), 40));
        aside.translated(&Translation { user: &known, conversation: &place })
    }

    fn id(n: u128) -> String {
        Uuid::from_u128(n).to_string()
    }

    #[test]
    fn a_line_gets_the_ids_and_numbers_of_the_other_place_and_nothing_else() {
        let line =
            json!({"type": "saved", "conversation": id(7), "user": id(1), "seq": 3, "at": 5, "x": "y"});
        let aside = translate(line).unwrap();
        let told =
            json!({"type": "saved", "conversation": Uuid::max(), "user": here(1).0, "seq": 43, "at": 5});
        assert_eq!(serde_json::to_value(&aside).unwrap(), told);
    }

    #[test]
    fn what_names_strangers_or_is_malformed_is_refused() {
        let notice = json!({"type": "notice", "conversation": id(7), "user": id(1), "seq": 3, "at": 5,
            "reason": "mention", "read": true});
        assert!(translate(notice.clone()).is_ok());
        for (field, value, why) in [
            ("user", json!(id(11)), Untranslated::Stranger),
            ("conversation", json!(id(8)), Untranslated::Stranger),
            ("user", json!("ada"), Untranslated::Field("user")),
            ("seq", json!(-1), Untranslated::Field("seq")),
            ("seq", json!(i64::MAX), Untranslated::Field("seq")),
            ("reason", json!("because"), Untranslated::Field("reason")),
            ("read", json!(null), Untranslated::Field("read")),
        ] {
            let mut line = notice.clone();
            line[field] = value;
            assert_eq!(translate(line).unwrap_err(), why, "{field}");
        }
        let ban = json!({"type": "server_ban", "kind": "ban", "user": id(1), "by_user": id(2), "at": 1,
            "reason": "a\u{1b}[2J"});
        assert_eq!(translate(ban).unwrap_err(), Untranslated::Field("reason"));
    }
}
