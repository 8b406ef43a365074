//! A message as it will be drawn: its texts made safe, and which rows it has.

use std::ops::Range;

use chat_client::{Delivery, Outgoing};
use chat_proto::{Body, Conversation, Event, EventKind, Forwarded, SafeText, Seq, Timestamp, UserId};
use jiff::tz::TimeZone;

use super::items::{Columns, Context, time_of_day};
use super::people::shown_name;
use super::pictures::Preview;
use super::timeline::Timeline;
use super::transfer::{file_line, pending_line};
use crate::markup::{self, Callee, Look, Rich};
use crate::settings::Times;
use crate::text;

/// What stands behind a text that was changed.
const EDITED: &str = "(edited)";

/// What stands behind a pinned message.
const PINNED: &str = "⚑";

/// What is left of a deleted message.
const DELETED: &str = "message deleted";

/// What stands in place of a message by somebody whom one blocks.
const FOLDED: &str = "somebody you block; /show opens it";

/// What stands in place of their words where somebody else answers them.
pub(crate) const FOLDED_QUOTE: &str = "a message by somebody you block";

/// Columns between two reactions.
pub(crate) const CHIP_GAP: usize = 2;

/// How far an own message has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Tick {
    Queued,
    Sending,
    Stored,
    Read,
    Failed(String),
}

/// How a message was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    Said,
    /// `/me waves`.
    Action,
    Deleted,
}

/// A reaction with its count; one's own stands in brackets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chip {
    pub(crate) text: SafeText,
    pub(crate) is_mine: bool,
}

/// See the module.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) seq: Option<Seq>,
    pub(crate) author: UserId,
    pub(crate) name: SafeText,
    pub(crate) at: Timestamp,
    pub(crate) manner: Manner,
    /// The text and, behind it, what is said about it.
    pub(crate) body: Rich,
    /// Whether name and time stand before it.
    pub(crate) leads: bool,
    pub(crate) mentions_me: bool,
    pub(crate) forwarded: Option<SafeText>,
    pub(crate) reply: Option<SafeText>,
    /// The lines of its files; the first is the body of a message without a text.
    pub(crate) files: Vec<SafeText>,
    /// Those of them that are shown.
    pub(crate) pictures: Vec<Preview>,
    pub(crate) chips: Vec<Chip>,
    pub(crate) replies: u64,
    /// How many of these are unread, if one follows the thread.
    pub(crate) unread: u64,
    pub(crate) tick: Option<Tick>,
}

/// A row of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Row {
    /// Time and name, where they do not stand beside the text.
    Head,
    Forwarded,
    Reply,
    /// A row of the body.
    Body(markup::Row),
    /// One of the files.
    File(usize),
    /// A row of one of the pictures.
    Picture(usize, u16),
    /// Some of the chips.
    Chips(Range<usize>),
    /// How many answers its thread has.
    Thread,
    /// A part of why it was not sent.
    Failure(Range<usize>),
}

impl Message {
    /// Its rows, top to bottom.
    pub(crate) fn rows(&self, columns: &Columns) -> Vec<Row> {
        let mut rows = Vec::new();
        if columns.is_stacked() && self.leads {
            rows.push(Row::Head);
        }
        rows.extend(self.forwarded.is_some().then_some(Row::Forwarded));
        rows.extend(self.reply.is_some().then_some(Row::Reply));
        rows.extend(self.body.rows(columns.body).into_iter().map(Row::Body));
        rows.extend((0..self.files.len()).map(Row::File));
        for (at, preview) in self.pictures.iter().enumerate() {
            rows.extend((0..preview.cells(columns.body).1).map(|row| Row::Picture(at, row)));
        }
        rows.extend(chip_rows(&self.chips, columns.body).into_iter().map(Row::Chips));
        rows.extend((self.replies > 0).then_some(Row::Thread));
        if let Some(text) = self.failure() {
            rows.extend(text::wrap(text.as_str(), columns.system()).into_iter().map(Row::Failure));
        }
        rows
    }

    /// What stands below a message that failed.
    pub(crate) fn failure(&self) -> Option<SafeText> {
        let Some(Tick::Failed(reason)) = &self.tick else { return None };
        Some(SafeText::line(&format!("✗ {reason} — Enter retries, Del takes it back")))
    }

    /// "⌥ 3 replies, 1 new".
    pub(crate) fn thread_line(&self) -> String {
        match self.unread {
            0 => format!("⌥ {}", replies_words(self.replies)),
            unread => format!("⌥ {}, {unread} new", replies_words(self.replies)),
        }
    }
}

/// "1 reply", "3 replies".
pub(crate) fn replies_words(count: u64) -> String {
    if count == 1 { "1 reply".to_owned() } else { format!("{count} replies") }
}

/// Chips side by side, as many in a row as fit.
fn chip_rows(chips: &[Chip], columns: usize) -> Vec<Range<usize>> {
    let mut rows = Vec::new();
    let (mut start, mut used) = (0, 0);
    for (at, chip) in chips.iter().enumerate() {
        let width = text::width(chip.text.as_str());
        if used > 0 && used + CHIP_GAP + width > columns {
            rows.push(start..at);
            (start, used) = (at, 0);
        }
        used += width + if used > 0 { CHIP_GAP } else { 0 };
    }
    if start < chips.len() {
        rows.push(start..chips.len());
    }
    rows
}

/// An event as a message, if it is one or was one.
pub(crate) fn of_event(
    event: &Event,
    leads: bool,
    replies: Option<u64>,
    timeline: &Timeline,
    context: &Context,
) -> Option<Message> {
    let mine = context.me.is_some_and(|me| me.id == event.author.id);
    let name = if mine { SafeText::line("you") } else { shown_name(&event.author) };
    let blank = Message {
        seq: Some(event.seq),
        author: event.author.id,
        name,
        at: event.at,
        manner: Manner::Deleted,
        body: words(DELETED),
        leads,
        mentions_me: false,
        forwarded: None,
        reply: None,
        files: Vec::new(),
        pictures: Vec::new(),
        chips: Vec::new(),
        replies: 0,
        unread: if timeline.thread.is_some() {
            0
        } else {
            context.threads.unread(event.conversation, event.seq)
        },
        tick: None,
    };
    let is_thread = timeline.thread.is_some();
    let replies = |counted: u64| if is_thread { 0 } else { replies.unwrap_or(counted) };
    let message = match &event.what {
        EventKind::Tombstone(tombstone) => {
            return Some(Message { replies: replies(tombstone.replies), ..blank });
        }
        EventKind::Message(_) if context.folds(event) => {
            return Some(Message { body: words(FOLDED), ..blank });
        }
        EventKind::Message(message) => message,
        _ => return None,
    };
    // Nobody calls themselves.
    let calls = message.call.is_some() && !mine;
    let stored = if context.conversation.others_read >= event.seq { Tick::Read } else { Tick::Stored };
    let mut files: Vec<SafeText> = message.files.iter().map(file_line).collect();
    let mut body = body(&message.body, &mut files, message.action.then_some(event.author.name.as_str()));
    if message.edited.is_some() {
        body.remark(EDITED);
    }
    if message.pinned {
        body.remark(PINNED);
    }
    let mentions_me = context.me.is_some_and(|me| event.mentions(me.id)) || calls;
    if let Some(me) = context.me.filter(|_| mentions_me) {
        body.mark_calls(&Callee { name: me.name.as_str(), with_all: calls });
    }
    Some(Message {
        manner: if message.action { Manner::Action } else { Manner::Said },
        body,
        mentions_me,
        forwarded: message.forwarded.as_ref().map(|from| forwarded(from, context.zone, context.times)),
        reply: message.reply_to.map(|seq| reply_line(timeline, seq, context)),
        files,
        pictures: previews(message, context),
        chips: chips(message, context.me.map(|me| me.id)),
        replies: replies(message.replies),
        tick: mine.then_some(stored),
        ..blank
    })
}

/// An own message on its way.
pub(crate) fn of_pending(
    own: &Outgoing,
    leads: bool,
    timeline: &Timeline,
    context: &Context,
) -> Option<Message> {
    let me = context.me?;
    let mut files: Vec<SafeText> = own.files.iter().map(pending_line).collect();
    let body = body(&own.body, &mut files, own.action.then_some(me.name.as_str()));
    Some(Message {
        seq: None,
        author: me.id,
        name: SafeText::line("you"),
        at: own.written_at,
        manner: if own.action { Manner::Action } else { Manner::Said },
        body,
        leads,
        mentions_me: false,
        forwarded: own.forward.is_some().then(|| SafeText::line("↪ forwarded")),
        reply: own.reply_to.map(|seq| reply_line(timeline, seq, context)),
        files,
        pictures: Vec::new(),
        chips: Vec::new(),
        replies: 0,
        unread: 0,
        tick: Some(tick(&own.delivery, context.conversation)),
    })
}

/// The pictures of a message, if pictures are shown.
pub(crate) fn previews(message: &chat_proto::Message, context: &Context) -> Vec<Preview> {
    let Some(cell) = context.cell else { return Vec::new() };
    message.files.iter().filter_map(|file| Preview::of(file, cell)).collect()
}

/// The text of a message; where there is none, the first of its files takes its place, and the
/// name of a file is no markup.
fn body(text: &Body, files: &mut Vec<SafeText>, actor: Option<&str>) -> Rich {
    if text.is_empty() && !files.is_empty() {
        return Rich::literal(&files.remove(0), Look::default());
    }
    Rich::of(text.as_str(), actor)
}

/// Our own words in the place of a text.
fn words(words: &str) -> Rich {
    Rich::literal(&SafeText::line(words), Look::default())
}

fn tick(delivery: &Delivery, conversation: &Conversation) -> Tick {
    match delivery {
        Delivery::Queued => Tick::Queued,
        Delivery::Sending => Tick::Sending,
        Delivery::Stored { seq, .. } if conversation.others_read >= *seq => Tick::Read,
        Delivery::Stored { .. } => Tick::Stored,
        Delivery::Failed { reason } => Tick::Failed(reason.clone()),
    }
}

fn forwarded(from: &Forwarded, zone: &TimeZone, times: Times) -> SafeText {
    let place = from.room.as_ref().map(|room| format!(" in #{room}")).unwrap_or_default();
    SafeText::line(&format!("↪ from {}{place}, {}", from.author.name, time_of_day(from.at, zone, times)))
}

fn reply_line(timeline: &Timeline, seq: Seq, context: &Context) -> SafeText {
    SafeText::line(&match timeline.context(seq) {
        None => "│ …".to_owned(),
        Some(None) => "│ a message that is not here any more".to_owned(),
        Some(Some(event)) if context.folds(event) => format!("│ {FOLDED_QUOTE}"),
        Some(Some(event)) => format!("│ {}", quoted(event)),
    })
}

/// "ada: first words", not cut and not safe.
pub(crate) fn quoted(event: &Event) -> String {
    let words = if event.body().is_some() { first_words(event) } else { DELETED };
    format!("{}: {words}", event.author.name)
}

/// The first line of a message, or the name of its first file.
pub(crate) fn first_words(event: &Event) -> &str {
    let text = event.body().map_or("", |body| body.as_str());
    let file = || event.message().and_then(|message| message.files.first()).map(|file| file.name.as_str());
    text.lines().find(|line| !line.trim().is_empty()).or_else(file).unwrap_or_default()
}

fn chips(message: &chat_proto::Message, me: Option<UserId>) -> Vec<Chip> {
    let chip = |reaction: &chat_proto::Reaction| {
        let is_mine = me.is_some_and(|me| reaction.users.contains(&me));
        let text = format!("{} {}", reaction.emoji, reaction.users.len());
        Chip { text: SafeText::line(&if is_mine { format!("[{text}]") } else { text }), is_mine }
    };
    message.reactions.iter().map(chip).collect()
}
