//! What an account on the screen knows of the others: enough for one list of all conversations, for
//! walking over to them and for counting what waits there.
//!
//! With one account all of this is empty, and the screen is that of one account.

use std::sync::Arc;

use chat_client::Connection;
use chat_proto::{ConversationId, PresenceState, Timestamp};

use super::State;
use super::conversations::{Need, is_direct};

/// Which account, for the life of the program.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SeatId(pub u64);

/// A conversation of some account, or the account as it was left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spot {
    /// Whose.
    pub seat: SeatId,
    /// Which.
    pub conversation: Option<ConversationId>,
}

/// How the connection of another account stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Standing {
    Online,
    #[default]
    Connecting,
    Offline,
    Stopped,
    SignIn,
}

impl Standing {
    fn of(state: &State) -> Self {
        match &state.link.connection {
            _ if state.sign_in.is_some() => Standing::SignIn,
            Connection::Online => Standing::Online,
            Connection::Connecting => Standing::Connecting,
            Connection::Waiting { .. } => Standing::Offline,
            Connection::Stopped { login_needed: true, .. } => Standing::SignIn,
            Connection::Stopped { .. } => Standing::Stopped,
        }
    }

    /// A shape that tells it without colour.
    pub(crate) fn mark(self) -> &'static str {
        match self {
            Standing::Online => "●",
            Standing::Connecting => "◌",
            Standing::Offline => "○",
            Standing::Stopped | Standing::SignIn => "✗",
        }
    }

    /// The same in words.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Standing::Online => "connected",
            Standing::Connecting => "connecting…",
            Standing::Offline => "offline",
            Standing::Stopped => "stopped",
            Standing::SignIn => "signed out",
        }
    }
}

/// A conversation of another account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) id: ConversationId,
    /// How people write it. Not safe to draw.
    pub(crate) title: String,
    /// Its name in the list, without a sign. Not safe to draw.
    pub(crate) name: String,
    /// Who is there, in a direct conversation with one person.
    pub(crate) presence: Option<PresenceState>,
    /// What kind of conversation it is, as one sign.
    pub(crate) sign: &'static str,
    pub(crate) direct: bool,
    pub(crate) unread: u64,
    pub(crate) mentions: u64,
    pub(crate) silent: bool,
    pub(crate) active_at: Timestamp,
}

impl Row {
    /// Whether it calls for the person, and how urgently: the least first. The same order as in
    /// [`super::conversations::Conversations::next_in_need`].
    pub(crate) fn need(&self) -> Option<Need> {
        let calls = self.unread > 0 && (self.mentions > 0 || !self.silent);
        calls.then_some((self.mentions == 0, !self.direct, self.active_at, self.id))
    }
}

/// What the others see of an account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Digest {
    pub(crate) seat: SeatId,
    /// What it is called among the others. Not safe to draw, like the next two.
    pub(crate) label: String,
    pub(crate) user: String,
    pub(crate) server: String,
    pub(crate) standing: Standing,
    pub(crate) rows: Vec<Row>,
    /// Messages that nobody has looked at yet; of silent conversations, only mentions.
    pub(crate) unread: u64,
    pub(crate) mentions: u64,
    pub(crate) inbox: u64,
}

impl Digest {
    /// The account of a state as the others see it.
    pub(crate) fn of(seat: SeatId, label: String, state: &State) -> Self {
        let now = state.now.clock;
        let row = |conversation: &chat_proto::Conversation| {
            let names: Vec<&str> = conversation.with.iter().map(|person| person.name.as_str()).collect();
            let direct = is_direct(conversation);
            let alone = conversation.with.first().filter(|_| direct && names.len() == 1);
            Row {
                id: conversation.id,
                title: state.conversations.title(conversation),
                name: conversation.name.as_ref().map_or(names.join(", "), ToString::to_string),
                presence: alone.map(|person| state.people.presence(person.id)),
                sign: crate::view::mark(conversation),
                direct,
                unread: conversation.unread,
                mentions: conversation.mentions,
                silent: conversation.notify.is_silent(now),
                active_at: conversation.active_at,
            }
        };
        let rows: Vec<Row> = state.conversations.in_order().map(row).collect();
        Self {
            seat,
            label,
            user: state.me.as_ref().map(|me| me.name.to_string()).unwrap_or_default(),
            server: state.server.clone(),
            standing: Standing::of(state),
            unread: state.conversations.unread(now),
            mentions: rows.iter().map(|row| row.mentions).sum(),
            inbox: state.inbox.unread,
            rows,
        }
    }

    /// What people call it among the others, with everything that tells it from them.
    pub(crate) fn whole_name(&self) -> String {
        whole_name(&self.user, &self.label)
    }
}

/// `mara on acme`, or `acme` where the label has the name already.
pub(crate) fn whole_name(user: &str, label: &str) -> String {
    match label.strip_prefix(user).is_some_and(|rest| rest.starts_with('@')) || user.is_empty() {
        true => label.to_owned(),
        false => format!("{user} on {label}"),
    }
}

/// See the module.
#[derive(Debug, Clone, Default)]
pub struct Neighbours {
    /// Which account this is.
    pub(crate) own: SeatId,
    /// What it is called among the others. Not safe to draw.
    pub(crate) label: String,
    /// The accounts above it in the list.
    pub(crate) before: Vec<Arc<Digest>>,
    /// Those below it.
    pub(crate) after: Vec<Arc<Digest>>,
    /// Where "next that needs me" began, if that was in another account.
    pub(crate) home: Option<Spot>,
    /// Where one was before, if that was in another account.
    pub(crate) last: Option<Spot>,
}

impl Neighbours {
    /// Whether there is no other account.
    #[must_use]
    pub fn is_alone(&self) -> bool {
        self.before.is_empty() && self.after.is_empty()
    }

    /// The other accounts, in the order of the list.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Digest> {
        self.before.iter().chain(&self.after).map(Arc::as_ref)
    }

    /// One of them.
    pub(crate) fn get(&self, seat: SeatId) -> Option<&Digest> {
        self.all().find(|digest| digest.seat == seat)
    }

    /// The one that a person means by its number in the list of accounts, its name or its
    /// beginning; or what to say.
    pub(crate) fn named(&self, wanted: &str) -> Result<SeatId, String> {
        let wanted = wanted.trim_start_matches('@').to_lowercase();
        let names = |digest: &Digest| {
            let host = digest.server.split("://").last().unwrap_or_default().to_owned();
            [digest.label.clone(), digest.whole_name(), digest.user.clone(), host].map(|n| n.to_lowercase())
        };
        let fits = |test: &dyn Fn(&str) -> bool| -> Vec<SeatId> {
            let fit = self.all().filter(|digest| names(digest).iter().any(|name| test(name)));
            fit.map(|digest| digest.seat).collect()
        };
        let exact = fits(&|name| name == wanted);
        let found = if exact.is_empty() { fits(&|name| name.starts_with(&wanted)) } else { exact };
        let all = || self.all().map(Digest::whole_name).collect::<Vec<_>>().join(", ");
        match found[..] {
            [one] => Ok(one),
            [] => Err(format!("No other account is called {wanted}; there are: {}", all())),
            _ => Err(format!("Several accounts fit {wanted}; write more of one of: {}", all())),
        }
    }

    /// Messages that nobody has looked at yet, in the other accounts.
    pub(crate) fn unread(&self) -> u64 {
        self.all().map(|digest| digest.unread).sum()
    }

    /// What is unread in the inboxes of the other accounts.
    pub(crate) fn inbox(&self) -> u64 {
        self.all().map(|digest| digest.inbox).sum()
    }

    /// The conversation of another account that needs its reader most.
    pub(crate) fn next_in_need(&self) -> Option<(SeatId, &Row)> {
        let rows = self.all().flat_map(|digest| digest.rows.iter().map(move |row| (digest.seat, row)));
        rows.filter(|(_, row)| row.need().is_some()).min_by_key(|(_, row)| row.need())
    }
}
