//! What happened in a run, as it was seen from outside: who asked what when, what each was answered, and
//! what each was shown. The checker reads nothing else, and the log of the server at the end.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use chat_proto::{ClientId, ConversationId, Emoji, Event, RoomName, Seq, UserName};
use serde::{Deserialize, Serialize};
// Stands still where a test stops it.
use tokio::time::Instant;

/// One thing that somebody wants done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
pub(crate) enum Act {
    /// Say something; the text begins with the tag of the act, which no other text has.
    Send { conversation: ConversationId, body: String, thread: Option<Seq> },
    /// Change an own message; the text keeps the message's tag, and has the act's own as its second word.
    Edit { conversation: ConversationId, seq: Seq, body: String },
    /// Delete an own message.
    Delete { conversation: ConversationId, seq: Seq },
    /// Put a reaction; each person puts each emoji to each message once in a run.
    React { conversation: ConversationId, seq: Seq, emoji: Emoji },
    /// Read up to there.
    Read { conversation: ConversationId, seq: Seq },
    /// Look at a page of history: before that event, or the newest.
    Look { conversation: ConversationId, before: Option<Seq> },
    /// Come into a public room.
    Join { conversation: ConversationId, room: RoomName },
    /// Come into a private room into which one was asked.
    Accept { conversation: ConversationId },
    /// Go out.
    Leave { conversation: ConversationId },
    /// Ask somebody in.
    Invite { conversation: ConversationId, user: UserName },
    /// Put somebody out.
    Remove { conversation: ConversationId, user: UserName },
}

impl Act {
    /// Where it happens.
    pub(crate) fn conversation(&self) -> ConversationId {
        match self {
            Act::Send { conversation, .. }
            | Act::Edit { conversation, .. }
            | Act::Delete { conversation, .. }
            | Act::React { conversation, .. }
            | Act::Read { conversation, .. }
            | Act::Look { conversation, .. }
            | Act::Join { conversation, .. }
            | Act::Accept { conversation }
            | Act::Leave { conversation }
            | Act::Invite { conversation, .. }
            | Act::Remove { conversation, .. } => *conversation,
        }
    }

    /// Its name in tables.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Act::Send { thread: None, .. } => "send",
            Act::Send { thread: Some(_), .. } => "answer in a thread",
            Act::Edit { .. } => "edit",
            Act::Delete { .. } => "delete",
            Act::React { .. } => "react",
            Act::Read { .. } => "read",
            Act::Look { .. } => "look back",
            Act::Join { .. } => "join",
            Act::Accept { .. } => "accept",
            Act::Leave { .. } => "leave",
            Act::Invite { .. } => "invite",
            Act::Remove { .. } => "remove",
        }
    }
}

/// The tag of an act's text.
pub(crate) fn tag(op: u64) -> String {
    format!("m{op}")
}

/// How far an own message has come, as an engine tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub(crate) enum Rung {
    /// Safe on the client's disk.
    Queued,
    /// On its way.
    Sending,
    /// Stored by the server.
    Stored { seq: Seq },
    /// Refused for good.
    Failed { reason: String },
}

/// News of one client.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "news", rename_all = "snake_case")]
pub(crate) enum News {
    /// A process or a task of it began.
    Born,
    /// It was killed.
    Died,
    /// It is connected and caught up, or not.
    Line { up: bool, why: Option<String> },
    /// It was given something to do.
    Asked { op: u64, act: Act },
    /// It sends the message of an act under this id.
    Named { op: u64, client_id: ClientId },
    /// A message of its own moved on.
    Outgoing { client_id: ClientId, conversation: ConversationId, body: String, rung: Rung },
    /// What was asked is done; at this number, where there is one.
    Done { op: u64, seq: Option<Seq> },
    /// It was refused.
    Refused { op: u64, code: String },
    /// Nobody knows whether it was done.
    Unknown { op: u64 },
    /// It was shown events: as news in their order, with nothing left out, or as a page of history.
    Shown { conversation: ConversationId, events: Vec<Event>, page: bool },
    /// What it held of a conversation is void, or the conversation is not its any more.
    Forgot { conversation: ConversationId },
}

/// One line of a history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// Microseconds since the run began.
    pub(crate) at_us: u64,
    /// Whose, or what was broken.
    #[serde(flatten)]
    pub(crate) what: What,
}

/// See [`Entry`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "who", rename_all = "snake_case")]
pub(crate) enum What {
    /// A client's news.
    Client {
        /// Its number.
        client: usize,
        /// What.
        #[serde(flatten)]
        news: News,
    },
    /// What was broken or mended.
    Fault {
        /// In words.
        text: String,
    },
}

/// Writes a history down while it happens, in memory and in a file.
#[derive(Clone)]
pub(crate) struct Recorder {
    // A lock, because tasks and threads of all clients write; each line is short.
    inner: Arc<Mutex<Inner>>,
    began: Instant,
}

struct Inner {
    entries: Vec<Entry>,
    file: Option<BufWriter<File>>,
}

impl Recorder {
    /// Begins one in this file.
    ///
    /// # Errors
    /// It cannot be written.
    pub(crate) fn begin(path: &Path) -> Result<Self> {
        let file = File::create(path).with_context(|| format!("making {}", path.display()))?;
        let inner = Inner { entries: Vec::new(), file: Some(BufWriter::new(file)) };
        Ok(Self { inner: Arc::new(Mutex::new(inner)), began: Instant::now() })
    }

    /// Begins one in memory only.
    #[cfg(test)]
    pub(crate) fn in_memory() -> Self {
        let inner = Inner { entries: Vec::new(), file: None };
        Self { inner: Arc::new(Mutex::new(inner)), began: Instant::now() }
    }

    /// A client's news.
    pub(crate) fn client(&self, client: usize, news: News) {
        self.note(What::Client { client, news });
    }

    /// What was broken or mended.
    pub(crate) fn fault(&self, text: impl Into<String>) {
        self.note(What::Fault { text: text.into() });
    }

    /// Microseconds since the run began.
    pub(crate) fn now_us(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    fn note(&self, what: What) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let at_us = self.now_us();
        let entry = Entry { at_us, what };
        if let Some(file) = &mut inner.file
            && let Ok(line) = serde_json::to_string(&entry)
        {
            // What cannot be kept in the file is still in memory, which is what is checked.
            let _ = writeln!(file, "{line}");
        }
        inner.entries.push(entry);
    }

    /// All of it.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = &mut inner.file {
            // As above.
            let _ = file.flush();
        }
        inner.entries.clone()
    }
}
