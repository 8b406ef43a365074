//! The rows beside the logs that go into an export and come out of one; `store::aside` says which.

use chat_proto::{ConversationId, UserId};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{Store, inbox, row};
use crate::store::sql::{self, Kind, Row, ToSql, ValueRef};
use crate::store::sqlite::{Resting, RestingError};
use crate::store::{Aside, AsideKind, Is, StoreError};

impl AsideKind {
    fn table(self) -> &'static str {
        match self {
            AsideKind::Block => "blocks",
            AsideKind::ServerBan => "server_bans",
            AsideKind::Identity => "identities",
            AsideKind::Invitation => "invitations",
            AsideKind::Thread => "threads",
            AsideKind::Notice => "inbox",
            AsideKind::Saved => "saved",
            AsideKind::RoomBan => "room_bans",
            AsideKind::Report => "reports",
            AsideKind::Audit => "audit",
        }
    }

    fn columns(self) -> String {
        self.fields().iter().map(|field| field.name).collect::<Vec<_>>().join(", ")
    }

    /// Where the value of this field stands among those of a row.
    fn place(self, name: &str) -> usize {
        self.fields().iter().position(|field| field.name == name).map_or(0, |at| at + 1)
    }

    /// Writes a row that is not there yet, if it has anything to be about.
    fn insert(self) -> String {
        let fields = self.fields();
        let values = (1..=fields.len()).map(|n| format!("?{n}")).collect::<Vec<_>>().join(", ");
        let is_member = || {
            format!(
                "EXISTS (SELECT 1 FROM members WHERE conversation = ?{} AND user = ?{})",
                self.place("conversation"),
                self.place("user")
            )
        };
        let condition = match self {
            // What was somebody's here and is no more, or was never, does not come by a file.
            AsideKind::Thread | AsideKind::Notice | AsideKind::Saved => is_member(),
            AsideKind::Invitation => format!("NOT {}", is_member()),
            // An act has nothing by which it is known but what it was.
            AsideKind::Audit => "NOT EXISTS (SELECT 1 FROM audit WHERE at = ?1 AND actor = ?2 AND act = ?3
                     AND conversation IS NOT DISTINCT FROM ?4 AND target IS NOT DISTINCT FROM ?5 AND details = ?6)"
                .to_owned(),
            _ => "1 = 1".to_owned(),
        };
        format!(
            "INSERT INTO {} ({}) SELECT {values} WHERE {condition} ON CONFLICT DO NOTHING",
            self.table(),
            self.columns()
        )
    }
}

impl Resting {
    /// Shows the rows of this kind, of one conversation and of one person where these are named, one
    /// after the other. Nothing comes of a kind that is nobody's own where one person is asked for.
    ///
    /// # Errors
    /// [`RestingError`]; the outer one. The inner one is whatever `show` said, and ends it.
    pub fn asides<E>(
        &self,
        kind: AsideKind,
        conversation: Option<ConversationId>,
        of: Option<UserId>,
        show: &mut dyn FnMut(Aside) -> Result<(), E>,
    ) -> Result<Result<(), E>, RestingError> {
        let mut conditions = vec!["1 = 1".to_owned()];
        let mut values = Vec::new();
        if let Some(id) = conversation {
            values.push(id.0);
            conditions.push(format!("conversation = ?{}", values.len()));
        }
        if let Some(user) = of {
            let Some(owner) = kind.owner() else { return Ok(Ok(())) };
            values.push(user.0);
            conditions.push(format!("{owner} = ?{}", values.len()));
        }
        self.look(|db| {
            let sql =
                format!("SELECT {} FROM {} WHERE {}", kind.columns(), kind.table(), conditions.join(" AND "));
            let mut query = db.prepare_cached(&sql)?;
            let mut rows = query.query(values)?;
            while let Some(found) = rows.next()? {
                let shown = show(read(kind, &found)?);
                if shown.is_err() {
                    return Ok(shown);
                }
            }
            Ok(Ok(()))
        })
    }
}

impl Store {
    /// Writes lines of an export down, whose ids are those here; those that are here stay as they are.
    /// Returns how many are new.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn import_asides(&self, asides: Vec<Aside>) -> Result<u64, StoreError> {
        self.write(move |db| {
            let mut new = 0;
            for aside in &asides {
                let fields = aside.kind.fields().iter();
                let values: Vec<Written> =
                    fields.map(|field| Written::of(field.is, aside.row.get(field.name))).collect();
                let came = db.prepare_cached(&aside.kind.insert())?.execute(values)?;
                let theirs = aside.subject().filter(|_| came > 0 && aside.kind == AsideKind::Notice);
                inbox::count_changes(db, theirs.as_slice())?;
                new += came as u64;
            }
            Ok(new)
        })
        .await
    }
}

fn read(kind: AsideKind, r: &Row<'_>) -> sql::Result<Aside> {
    let mut values = Map::new();
    for (at, field) in kind.fields().iter().enumerate() {
        let value = match field.is {
            Is::User | Is::Conversation | Is::Id => {
                r.get::<_, Option<Uuid>>(at)?.map(|id| Value::from(id.to_string()))
            }
            Is::Seq | Is::Time | Is::Count => r.get::<_, Option<i64>>(at)?.map(Value::from),
            Is::Flag => r.get::<_, Option<bool>>(at)?.map(Value::from),
            Is::Word(_) | Is::Line | Is::Text => r.get::<_, Option<String>>(at)?.map(Value::from),
            Is::Details => {
                let text: String = r.get(at)?;
                Some(serde_json::from_str(&text).map_err(|cause| row::unreadable(at, cause))?)
            }
        };
        if let Some(value) = value {
            values.insert(field.name.to_owned(), value);
        }
    }
    Ok(Aside { kind, row: values })
}

/// A value of a line as the database keeps it; it was checked, so what is none is absent.
enum Written {
    Id(Option<Uuid>),
    Number(Option<i64>),
    Flag(Option<bool>),
    Text(Option<String>),
}

impl Written {
    fn of(is: Is, value: Option<&Value>) -> Self {
        match is {
            Is::User | Is::Conversation | Is::Id => {
                Written::Id(value.and_then(Value::as_str).and_then(|id| id.parse().ok()))
            }
            Is::Seq | Is::Time | Is::Count => Written::Number(value.and_then(Value::as_i64)),
            Is::Flag => Written::Flag(value.and_then(Value::as_bool)),
            Is::Word(_) | Is::Line | Is::Text => {
                Written::Text(value.and_then(Value::as_str).map(str::to_owned))
            }
            Is::Details => Written::Text(value.map(Value::to_string)),
        }
    }
}

impl ToSql for Written {
    fn value(&self) -> ValueRef<'_> {
        match self {
            Written::Id(id) => id.as_ref().map_or(ValueRef::Null, |id| ValueRef::Blob(id.as_bytes())),
            Written::Number(n) => n.map_or(ValueRef::Null, ValueRef::Integer),
            Written::Flag(truth) => truth.map_or(ValueRef::Null, ValueRef::Bool),
            Written::Text(text) => text.as_deref().map_or(ValueRef::Null, ValueRef::Text),
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Written::Id(_) => Kind::Blob,
            Written::Number(_) => Kind::Integer,
            Written::Flag(_) => Kind::Bool,
            Written::Text(_) => Kind::Text,
        }
    }
}
