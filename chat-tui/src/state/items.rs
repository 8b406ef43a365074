//! A timeline as items of a pane: day lines, the "new" line, system lines and messages.
//!
//! Items know their heights but not their looks: the update scrolls by them, the view paints
//! them. Only the rows on screen are wrapped; the rest is a walk over numbers.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ops::Range;

use chat_client::Delivery;
use chat_proto::{Conversation, ConversationId, Event, EventKind, Person, SafeText, Seq, Timestamp, UserId};
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::attention::Threads;
use super::message::{Message, replies_words};
use super::people::shown_name;
use super::system;
use super::timeline::{Key, Note, Timeline};
use super::transfer::Transfers;
use crate::settings::{Clock, DayForm, Times};
use crate::text;

/// Messages of one person closer than this stand under one name, in milliseconds.
const GROUP_MS: i64 = 5 * 60 * 1_000;

/// Columns of the time and the space behind it, by the form of the clock: `21:05`, `12:05pm`.
const TIME_COLUMNS: (usize, usize) = (6, 8);

/// Columns at the right edge for the delivery ticks of own messages.
pub(crate) const TICK_COLUMNS: usize = 3;

/// The narrowest and the widest column of names.
const NAME_COLUMNS: (usize, usize) = (3, 14);

/// Under this many columns for the text, name and time get a row of their own.
const BODY_MIN_COLUMNS: usize = 20;

/// One thing in the pane.
#[derive(Debug, Clone)]
pub(crate) enum Item {
    /// Messages that exist and are not held.
    Gap(&'static str),
    Day(String),
    New,
    /// How many messages a thread has, below its first one.
    Replies(String),
    System(SafeText),
    /// A file on its way.
    Carry(u64),
    Message(Box<Message>),
}

/// The columns of a pane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Columns {
    pub(crate) width: usize,
    /// Columns of the time and the space behind it.
    pub(crate) time: usize,
    /// Columns of the names; 0 when name and time have a row of their own.
    pub(crate) name: usize,
    /// Where texts begin.
    pub(crate) indent: usize,
    /// The columns of texts.
    pub(crate) body: usize,
}

/// What the items need to know beside the timeline.
pub(crate) struct Context<'a> {
    pub(crate) me: Option<&'a Person>,
    pub(crate) conversation: &'a Conversation,
    pub(crate) zone: &'a TimeZone,
    /// Pixels of a cell, if pictures are shown.
    pub(crate) cell: Option<(u16, u16)>,
    pub(crate) now: Timestamp,
    /// How times are written.
    pub(crate) times: Times,
    /// How one stands to threads.
    pub(crate) threads: &'a Threads,
    /// Whose messages are folded, apart from those that one opened.
    pub(crate) blocked: &'a BTreeSet<UserId>,
    pub(crate) unfolded: &'a BTreeSet<(ConversationId, Seq)>,
    /// The files on their way.
    pub(crate) transfers: &'a Transfers,
    /// Whether texts begin at the left edge, with nothing beside them.
    pub(crate) bare: bool,
}

impl Context<'_> {
    /// Whether a message is folded, because one blocks who wrote it.
    pub(crate) fn folds(&self, event: &Event) -> bool {
        self.blocked.contains(&event.author.id) && !self.unfolded.contains(&(event.conversation, event.seq))
    }
}

/// All items of a conversation, in order, and its columns.
pub(crate) struct Items {
    pub(crate) items: Vec<(Key, Entry)>,
    pub(crate) columns: Columns,
    /// How many messages each thread has, as far as that was counted.
    pub(crate) replies: Option<BTreeMap<Seq, u64>>,
}

/// An item before its texts are made: cheap, because most are never drawn.
#[derive(Debug, Clone)]
pub(crate) enum Entry {
    Ready(Item),
    /// A message event, by number, and whether it leads its group.
    Event(Seq, bool),
    /// A pending message, by place.
    Pending(usize, bool),
    /// People who come, go and are given roles, from the first to the last number.
    Run(Seq, Seq),
}

/// Builds the items of a timeline for a pane of `width` columns.
pub(crate) fn items(timeline: &Timeline, context: &Context, width: usize) -> Items {
    let new_after = timeline.new_after;
    let mut builder = Builder { items: Vec::new(), day: None, span: None, group: None, new_after };
    if let Some(text) = top(timeline) {
        builder.items.push((Key::Top, Entry::Ready(Item::Gap(text))));
    }
    // What came before the first event held is not above it, but far away.
    let first = timeline.first().unwrap_or(Seq::ZERO);
    let mut notes = timeline.notes().iter().skip_while(|note| note.after < first).peekable();
    for event in timeline.events().filter(|event| timeline.shows(event)) {
        while let Some(note) = notes.next_if(|note| note.after < event.seq) {
            builder.note(note, context);
        }
        builder.event(event, context);
        builder.downloads(event, context);
        if timeline.thread == Some(event.seq) {
            builder.replies(timeline);
        }
    }
    if !timeline.more_after {
        notes.for_each(|note| builder.note(note, context));
    }
    let next = timeline.last().unwrap_or(Seq::ZERO).next();
    let pending = timeline.pending().iter().enumerate();
    for (place, own) in pending.filter(|(_, own)| !timeline.more_after && is_here(own, timeline)) {
        builder.day(next, own.written_at, context);
        let alone = own.action || own.reply_to.is_some() || own.forward.is_some();
        let leads = builder.leads(context.me.map(|me| me.id), own.written_at, alone);
        builder.items.push((Key::Pending(own.client_id), Entry::Pending(place, leads)));
    }
    if !timeline.more_after {
        let uploads = context.transfers.to(context.conversation.id, timeline.thread);
        builder.items.extend(uploads.map(|key| (Key::Carry(None, key), Entry::Ready(Item::Carry(key)))));
    }
    if let Some(text) = bottom(timeline) {
        builder.items.push((Key::Bottom, Entry::Ready(Item::Gap(text))));
    }
    let replies = (!timeline.more_after).then(|| timeline.replies());
    Items { items: builder.items, columns: columns(timeline, context, width), replies }
}

/// An own message for a thread waits there; once it failed it is told in the main line too.
fn is_here(own: &chat_client::Outgoing, timeline: &Timeline) -> bool {
    own.thread == timeline.thread
        || (timeline.thread.is_none() && matches!(own.delivery, Delivery::Failed { .. }))
}

/// What stands in the place of messages above those held.
fn top(timeline: &Timeline) -> Option<&'static str> {
    // Nothing of a thread is above its first message.
    if timeline.thread.is_some_and(|root| timeline.get(root).is_some()) {
        return None;
    }
    match (timeline.loading && !timeline.loads_below, timeline.loaded, timeline.more_before) {
        (true, ..) => Some("loading…"),
        (false, false, _) => Some("history comes with the connection"),
        (false, true, true) if timeline.blocked => Some("older messages could not be loaded yet"),
        (false, true, true) => Some("older messages above"),
        (false, true, false) => None,
    }
}

/// What stands in the place of messages below those held, after a jump far back.
fn bottom(timeline: &Timeline) -> Option<&'static str> {
    match (timeline.more_after, timeline.loading && timeline.loads_below) {
        (false, _) => None,
        (true, true) => Some("loading…"),
        (true, false) if timeline.blocked => Some("newer messages could not be loaded yet"),
        (true, false) => Some("newer messages below"),
    }
}

/// What stands between a thread's first message and those of its answers that are held already.
fn between(timeline: &Timeline) -> &'static str {
    if timeline.loading { "loading…" } else { "answers come with the connection" }
}

struct Builder {
    items: Vec<(Key, Entry)>,
    day: Option<Date>,
    /// The day of the event before, from its first moment to the first of the next: asking the
    /// calendar for each of thousands takes long.
    span: Option<(Date, Range<i64>)>,
    /// Whose messages stand under one name, and when the last of them came.
    group: Option<(Option<UserId>, Timestamp)>,
    new_after: Option<Seq>,
}

impl Builder {
    fn event(&mut self, event: &Event, context: &Context) {
        self.day(event.seq, event.at, context);
        self.new_line(event, context);
        let key = Key::Event(event.seq);
        match &event.what {
            EventKind::Message(message) => {
                let alone = message.action || message.reply_to.is_some() || message.forwarded.is_some();
                let leads = self.leads(Some(event.author.id), event.at, alone);
                self.items.push((key, Entry::Event(event.seq, leads)));
            }
            EventKind::Tombstone(_) => {
                let leads = self.leads(Some(event.author.id), event.at, false);
                self.items.push((key, Entry::Event(event.seq, leads)));
            }
            _ if system::is_run(event) => self.run(event.seq),
            what => {
                self.group = None;
                let line = system::line(&event.author, what);
                self.items.push((key, Entry::Ready(Item::System(line))));
            }
        }
    }

    /// The files of a message that are being saved stand below it.
    fn downloads(&mut self, event: &Event, context: &Context) {
        let Some(message) = event.message().filter(|message| !message.files.is_empty()) else { return };
        let rows = context.transfers.of(&message.files);
        let row = |key| (Key::Carry(Some(event.seq), key), Entry::Ready(Item::Carry(key)));
        self.items.extend(rows.map(row));
    }

    fn note(&mut self, note: &Note, context: &Context) {
        self.group = None;
        let line = format!("{} {}", time_of_day(note.at, context.zone, context.times), note.text);
        let line = Item::System(SafeText::block(&line));
        self.items.push((Key::Note(note.after, note.number), Entry::Ready(line)));
    }

    fn day(&mut self, seq: Seq, at: Timestamp, context: &Context) {
        let day = self.date(at, context.zone);
        if self.day != Some(day) {
            self.day = Some(day);
            self.group = None;
            let line = day_line(day, date(context.now, context.zone), context.times);
            self.items.push((Key::Day(seq), Entry::Ready(Item::Day(line))));
        }
    }

    fn date(&mut self, at: Timestamp, zone: &TimeZone) -> Date {
        if let Some((day, span)) = &self.span
            && span.contains(&at.0)
        {
            return *day;
        }
        let zoned = instant(at).to_zoned(zone.clone());
        let first = zoned.start_of_day().map(|first| first.timestamp().as_millisecond());
        let next = zoned.tomorrow().and_then(|next| next.start_of_day());
        let next = next.map(|next| next.timestamp().as_millisecond());
        let span = first.and_then(|first| next.map(|next| first..next)).ok();
        self.span = span.map(|span| (zoned.date(), span));
        zoned.date()
    }

    fn new_line(&mut self, event: &Event, context: &Context) {
        let is_others = context.me.is_none_or(|me| me.id != event.author.id);
        if self.new_after.is_some_and(|read| event.seq > read) && is_others && event.body().is_some() {
            self.new_after = None;
            self.group = None;
            self.items.push((Key::New(event.seq), Entry::Ready(Item::New)));
        }
    }

    /// The line below a thread's first message.
    fn replies(&mut self, timeline: &Timeline) {
        let count = timeline.events().count().saturating_sub(1) as u64;
        let words = if timeline.loaded { replies_words(count) } else { between(timeline).to_owned() };
        self.group = None;
        self.items.push((Key::Replies, Entry::Ready(Item::Replies(words))));
    }

    /// Whether a message stands under its own name and time. One that stands `alone` always does.
    fn leads(&mut self, author: Option<UserId>, at: Timestamp, alone: bool) -> bool {
        let continues =
            self.group.is_some_and(|(who, last)| who == author && (at.0 - last.0).abs() <= GROUP_MS);
        self.group = Some((author, at));
        alone || !continues
    }

    /// Adds to the run of people who come and go that ends here, or begins one.
    fn run(&mut self, seq: Seq) {
        self.group = None;
        let from = match self.items.last() {
            Some((_, Entry::Run(from, _))) => {
                let from = *from;
                self.items.pop();
                from
            }
            _ => seq,
        };
        self.items.push((Key::Event(seq), Entry::Run(from, seq)));
    }
}

/// A day by the person's calendar.
pub(crate) fn date(at: Timestamp, zone: &TimeZone) -> Date {
    zone.to_datetime(instant(at)).date()
}

/// The time of day as people read it.
pub(crate) fn time_of_day(at: Timestamp, zone: &TimeZone, times: Times) -> String {
    let time = zone.to_datetime(instant(at));
    match times.clock {
        Clock::Hours24 => time.strftime("%H:%M").to_string(),
        Clock::Hours12 => time.strftime("%-I:%M%P").to_string(),
    }
}

/// Day and time, for what may be long ago.
pub(crate) fn day_and_time(at: Timestamp, zone: &TimeZone, times: Times) -> String {
    let form = match times.day {
        DayForm::DayMonth => "%-d %b %Y",
        DayForm::MonthDay => "%b %-d, %Y",
        DayForm::Iso => "%Y-%m-%d",
    };
    format!("{} {}", zone.to_datetime(instant(at)).strftime(form), time_of_day(at, zone, times))
}

/// A time as short as it can be told: of today, of this year, or with its year.
pub(crate) fn short_time(at: Timestamp, zone: &TimeZone, now: Timestamp, times: Times) -> String {
    let (day, today) = (date(at, zone), date(now, zone));
    if day == today {
        return time_of_day(at, zone, times);
    }
    let form = match times.day {
        _ if day.year() != today.year() => return day_and_time(at, zone, times),
        DayForm::DayMonth => "%-d %b",
        DayForm::MonthDay => "%b %-d",
        DayForm::Iso => "%m-%d",
    };
    format!("{} {}", zone.to_datetime(instant(at)).strftime(form), time_of_day(at, zone, times))
}

/// The line above the messages of a day.
fn day_line(day: Date, today: Date, times: Times) -> String {
    let is_this_year = day.year() == today.year();
    let form = match (times.day, is_this_year) {
        (DayForm::DayMonth, true) => "%A %-d %B",
        (DayForm::DayMonth, false) => "%A %-d %B %Y",
        (DayForm::MonthDay, true) => "%A, %B %-d",
        (DayForm::MonthDay, false) => "%A, %B %-d, %Y",
        (DayForm::Iso, _) => "%A %Y-%m-%d",
    };
    day.strftime(form).to_string()
}

fn instant(at: Timestamp) -> jiff::Timestamp {
    jiff::Timestamp::from_millisecond(at.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
}

/// Names are as wide as the widest in the timeline, within bounds, so that texts begin in one line.
fn columns(timeline: &Timeline, context: &Context, width: usize) -> Columns {
    let time = match context.times.clock {
        Clock::Hours24 => TIME_COLUMNS.0,
        Clock::Hours12 => TIME_COLUMNS.1,
    };
    if context.bare {
        return Columns { width, time, name: 0, indent: 0, body: width.max(1) };
    }
    let (least, most) = NAME_COLUMNS;
    let mut name = least;
    // Each name is measured once; one's own is not shown.
    let mut seen: HashSet<UserId> = context.me.map(|me| me.id).into_iter().collect();
    let mut last = None;
    for event in timeline.events().filter(|event| event.body().is_some() && timeline.shows(event)) {
        if last.replace(event.author.id) != Some(event.author.id) && seen.insert(event.author.id) {
            name = name.max(text::width(shown_name(&event.author).as_str()));
        }
    }
    let name = name.min(most);
    let indent = time + name + 2;
    let body = width.saturating_sub(indent + TICK_COLUMNS);
    if body >= BODY_MIN_COLUMNS {
        return Columns { width, time, name, indent, body };
    }
    let indent = usize::from(width > TICK_COLUMNS + 2);
    let body = width.saturating_sub(indent + if width > TICK_COLUMNS + 2 { TICK_COLUMNS } else { 0 }).max(1);
    Columns { width, time, name: 0, indent, body }
}

impl Columns {
    /// Whether name and time have a row of their own.
    pub(crate) fn is_stacked(&self) -> bool {
        self.name == 0
    }

    /// The columns of system lines.
    pub(crate) fn system(&self) -> usize {
        self.width.saturating_sub(if self.is_stacked() { 2 } else { self.time + 2 }).max(1)
    }

    pub(crate) fn height(&self, item: &Item) -> usize {
        match item {
            Item::Gap(_) | Item::Day(_) | Item::New | Item::Replies(_) | Item::Carry(_) => 1,
            Item::System(line) => text::wrap(line.as_str(), self.system()).len(),
            Item::Message(message) => message.rows(self).len(),
        }
    }
}
