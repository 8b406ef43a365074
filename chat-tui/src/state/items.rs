//! A timeline as items on a screen: day lines, the "new" line, system lines and messages, and
//! which of their rows fit the pane.
//!
//! Items know their heights but not their looks: the update scrolls by them, the view paints
//! them. Only the rows on screen are wrapped; the rest is a walk over numbers.

use chat_client::Delivery;
use chat_proto::{Conversation, Event, EventKind, Person, SafeText, Seq, Timestamp, UserId};
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::timeline::{Key, Scroll, Timeline};
use crate::text;

/// Messages of one person closer than this stand under one name, in milliseconds.
const GROUP_MS: i64 = 5 * 60 * 1_000;

/// Columns of the time and the space behind it.
pub(crate) const TIME_COLUMNS: usize = 6;

/// Columns at the right edge for the delivery ticks of own messages.
pub(crate) const TICK_COLUMNS: usize = 3;

/// The narrowest and the widest column of names.
const NAME_COLUMNS: (usize, usize) = (3, 14);

/// Under this many columns for the text, name and time get a row of their own.
const BODY_MIN_COLUMNS: usize = 20;

/// Names in one line about people who come and go; the others are counted.
const NAMES_IN_LINE: usize = 4;

/// How far an own message has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Tick {
    Queued,
    Sending,
    Stored,
    Read,
    Failed(String),
}

/// A message as it will be drawn; its texts are safe.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) author: UserId,
    pub(crate) name: SafeText,
    pub(crate) at: Timestamp,
    pub(crate) body: SafeText,
    /// Whether name and time stand before it.
    pub(crate) leads: bool,
    pub(crate) mentions_me: bool,
    pub(crate) tick: Option<Tick>,
}

impl Message {
    /// What stands below a message that failed.
    pub(crate) fn failure(&self) -> Option<SafeText> {
        let Some(Tick::Failed(reason)) = &self.tick else { return None };
        Some(SafeText::line(&format!("✗ {reason} — Enter retries, Del takes it back")))
    }
}

/// One thing in the pane.
#[derive(Debug, Clone)]
pub(crate) enum Item {
    Top(&'static str),
    Day(String),
    New,
    System(SafeText),
    Message(Message),
}

/// The columns of a pane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Columns {
    pub(crate) width: usize,
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
    pub(crate) now: Timestamp,
}

/// All items of a conversation, in order, and its columns.
pub(crate) struct Items {
    pub(crate) items: Vec<(Key, Entry)>,
    pub(crate) columns: Columns,
}

/// An item before its texts are made: cheap, because most are never drawn.
#[derive(Debug, Clone)]
pub(crate) enum Entry {
    Ready(Item),
    /// A message event, by number, and whether it leads its group.
    Event(Seq, bool),
    /// A pending message, by place.
    Pending(usize, bool),
    /// Joins and leaves from the first to the last number.
    Run(Seq, Seq),
}

/// Builds the items of a timeline for a pane of `width` columns.
pub(crate) fn items(timeline: &Timeline, context: &Context, width: usize) -> Items {
    let mut builder = Builder { items: Vec::new(), day: None, group: None, new_after: timeline.new_after };
    if let Some(text) = top(timeline) {
        builder.items.push((Key::Top, Entry::Ready(Item::Top(text))));
    }
    for event in timeline.events() {
        builder.event(event, context);
    }
    let next = timeline.last().unwrap_or(Seq::ZERO).next();
    for (place, own) in timeline.pending().iter().enumerate() {
        builder.day(next, own.written_at, context);
        let leads = builder.leads(context.me.map(|me| me.id), own.written_at);
        builder.items.push((Key::Pending(own.client_id), Entry::Pending(place, leads)));
    }
    Items { items: builder.items, columns: columns(timeline, context, width) }
}

fn top(timeline: &Timeline) -> Option<&'static str> {
    match (timeline.loading, timeline.loaded, timeline.more_before) {
        (true, ..) => Some("loading…"),
        (false, false, _) => Some("history comes with the connection"),
        (false, true, true) => Some("older messages above"),
        (false, true, false) => None,
    }
}

struct Builder {
    items: Vec<(Key, Entry)>,
    day: Option<Date>,
    /// Whose messages stand under one name, and when the last of them came.
    group: Option<(Option<UserId>, Timestamp)>,
    new_after: Option<Seq>,
}

impl Builder {
    fn event(&mut self, event: &Event, context: &Context) {
        if event.what == EventKind::Unknown {
            return;
        }
        self.day(event.seq, event.at, context);
        self.new_line(event, context);
        let key = Key::Event(event.seq);
        match &event.what {
            EventKind::Message { .. } => {
                let leads = self.leads(Some(event.author.id), event.at);
                self.items.push((key, Entry::Event(event.seq, leads)));
            }
            EventKind::Joined | EventKind::Left => self.run(event.seq),
            what => {
                self.group = None;
                let line = system_line(&event.author, what);
                self.items.push((key, Entry::Ready(Item::System(line))));
            }
        }
    }

    fn day(&mut self, seq: Seq, at: Timestamp, context: &Context) {
        let day = date(at, context.zone);
        if self.day != Some(day) {
            self.day = Some(day);
            self.group = None;
            let is_this_year = day.year() == date(context.now, context.zone).year();
            let form = if is_this_year { "%A %-d %B" } else { "%A %-d %B %Y" };
            self.items.push((Key::Day(seq), Entry::Ready(Item::Day(day.strftime(form).to_string()))));
        }
    }

    fn new_line(&mut self, event: &Event, context: &Context) {
        let is_others = context.me.is_none_or(|me| me.id != event.author.id);
        if self.new_after.is_some_and(|read| event.seq > read) && is_others && event.body().is_some() {
            self.new_after = None;
            self.group = None;
            self.items.push((Key::New(event.seq), Entry::Ready(Item::New)));
        }
    }

    fn leads(&mut self, author: Option<UserId>, at: Timestamp) -> bool {
        let continues =
            self.group.is_some_and(|(who, last)| who == author && (at.0 - last.0).abs() <= GROUP_MS);
        self.group = Some((author, at));
        !continues
    }

    /// Adds to the run of joins and leaves that ends here, or begins one.
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
pub(crate) fn time_of_day(at: Timestamp, zone: &TimeZone) -> String {
    zone.to_datetime(instant(at)).strftime("%H:%M").to_string()
}

fn instant(at: Timestamp) -> jiff::Timestamp {
    jiff::Timestamp::from_millisecond(at.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
}

fn system_line(author: &Person, what: &EventKind) -> SafeText {
    let line = match what {
        EventKind::Created { name: Some(name), .. } => format!("{} made the room #{name}", author.name),
        EventKind::Created { .. } => format!("{} began this conversation", author.name),
        EventKind::Topic { topic } if topic.as_str().is_empty() => {
            format!("{} removed the topic", author.name)
        }
        EventKind::Topic { topic } => format!("{} set the topic: {topic}", author.name),
        EventKind::Joined => format!("{} joined", author.name),
        EventKind::Left => format!("{} left", author.name),
        EventKind::Message { .. } | EventKind::Unknown => String::new(),
    };
    SafeText::line(&line)
}

/// "ada and lin joined, grace left".
fn run_line<'a>(events: impl Iterator<Item = &'a Event>) -> SafeText {
    let (mut joined, mut left) = (Vec::new(), Vec::new());
    for event in events {
        let names = if event.what == EventKind::Joined { &mut joined } else { &mut left };
        if !names.contains(&event.author.name.as_str()) {
            names.push(event.author.name.as_str());
        }
    }
    let parts = [(joined, "joined"), (left, "left")];
    let parts: Vec<String> = parts
        .iter()
        .filter(|(names, _)| !names.is_empty())
        .map(|(names, verb)| format!("{} {verb}", listed(names)))
        .collect();
    SafeText::line(&parts.join(", "))
}

/// "ada", "ada and lin", "ada, lin, grace, joan and 3 others".
pub(crate) fn listed(names: &[&str]) -> String {
    let others = names.len().saturating_sub(NAMES_IN_LINE);
    let (shown, tail) = match (others, names) {
        (0, []) => return String::new(),
        (0, [one]) => return (*one).to_owned(),
        (0, [shown @ .., last]) => (shown, (*last).to_owned()),
        (1, _) => (&names[..NAMES_IN_LINE], "1 other".to_owned()),
        _ => (&names[..NAMES_IN_LINE], format!("{others} others")),
    };
    format!("{} and {tail}", shown.join(", "))
}

/// Names are as wide as the widest in the timeline, within bounds, so that texts begin in one line.
fn columns(timeline: &Timeline, context: &Context, width: usize) -> Columns {
    let (least, most) = NAME_COLUMNS;
    let mut name = least;
    let mut last = None;
    for event in timeline.events().filter(|event| event.body().is_some()) {
        if last != Some(event.author.id) && context.me.is_none_or(|me| me.id != event.author.id) {
            last = Some(event.author.id);
            name = name.max(text::width(SafeText::line(event.author.name.as_str()).as_str()));
        }
    }
    let name = name.min(most);
    let indent = TIME_COLUMNS + name + 2;
    let body = width.saturating_sub(indent + TICK_COLUMNS);
    if body >= BODY_MIN_COLUMNS {
        return Columns { width, name, indent, body };
    }
    let indent = usize::from(width > TICK_COLUMNS + 2);
    let body = width.saturating_sub(indent + if width > TICK_COLUMNS + 2 { TICK_COLUMNS } else { 0 }).max(1);
    Columns { width, name: 0, indent, body }
}

impl Columns {
    /// Whether name and time have a row of their own.
    pub(crate) fn is_stacked(&self) -> bool {
        self.name == 0
    }

    /// The columns of system lines.
    pub(crate) fn system(&self) -> usize {
        self.width.saturating_sub(if self.is_stacked() { 2 } else { TIME_COLUMNS + 2 }).max(1)
    }

    fn height(&self, item: &Item) -> usize {
        match item {
            Item::Top(_) | Item::Day(_) | Item::New => 1,
            Item::System(line) => text::wrap(line.as_str(), self.system()).len(),
            Item::Message(message) => {
                let head = usize::from(self.is_stacked() && message.leads);
                let foot = message.failure().map_or(0, |text| text::wrap(text.as_str(), self.system()).len());
                head + text::wrap(message.body.as_str(), self.body).len() + foot
            }
        }
    }
}

/// A pane: the items, how to make them, and how many rows there are for them.
pub(crate) struct Pane<'a> {
    pub(crate) items: Items,
    timeline: &'a Timeline,
    context: &'a Context<'a>,
    rows: usize,
}

/// A row of the pane: which item, and which of its rows.
pub(crate) type Place = (usize, usize);

impl<'a> Pane<'a> {
    pub(crate) fn new(timeline: &'a Timeline, context: &'a Context<'a>, size: (usize, usize)) -> Self {
        Pane { items: items(timeline, context, size.0), timeline, context, rows: size.1 }
    }

    /// The item at a place of the list, with its texts made safe.
    pub(crate) fn item(&self, at: usize) -> Option<Item> {
        let (_, entry) = self.items.items.get(at)?;
        match entry {
            Entry::Ready(item) => Some(item.clone()),
            Entry::Event(seq, leads) => self.event(*seq, *leads),
            Entry::Pending(place, leads) => self.pending(*place, *leads),
            Entry::Run(from, to) => {
                let is_move = |event: &&Event| matches!(event.what, EventKind::Joined | EventKind::Left);
                Some(Item::System(run_line(self.timeline.range(*from, *to).filter(is_move))))
            }
        }
    }

    fn event(&self, seq: Seq, leads: bool) -> Option<Item> {
        let event = self.timeline.get(seq)?;
        let mine = self.context.me.is_some_and(|me| me.id == event.author.id);
        let tick = match self.context.conversation.others_read >= seq {
            true => Tick::Read,
            false => Tick::Stored,
        };
        Some(Item::Message(Message {
            author: event.author.id,
            name: if mine { SafeText::line("you") } else { SafeText::line(event.author.name.as_str()) },
            at: event.at,
            body: SafeText::block(event.body()?.as_str()),
            leads,
            mentions_me: self.context.me.is_some_and(|me| event.mentions(me.id)),
            tick: mine.then_some(tick),
        }))
    }

    fn pending(&self, place: usize, leads: bool) -> Option<Item> {
        let own = self.timeline.pending().get(place)?;
        let tick = match &own.delivery {
            Delivery::Queued => Tick::Queued,
            Delivery::Sending => Tick::Sending,
            Delivery::Stored { seq, .. } if self.context.conversation.others_read >= *seq => Tick::Read,
            Delivery::Stored { .. } => Tick::Stored,
            Delivery::Failed { reason } => Tick::Failed(reason.clone()),
        };
        Some(Item::Message(Message {
            author: self.context.me?.id,
            name: SafeText::line("you"),
            at: own.written_at,
            body: SafeText::block(own.body.as_str()),
            leads,
            mentions_me: false,
            tick: Some(tick),
        }))
    }

    fn height(&self, at: usize) -> usize {
        self.item(at).map_or(0, |item| self.items.columns.height(&item))
    }

    /// The rows on screen, top to bottom.
    pub(crate) fn visible(&self, scroll: Option<Scroll>) -> Vec<Place> {
        let Some(bottom) = self.bottom(scroll) else { return Vec::new() };
        let mut rows = vec![bottom];
        let mut at = bottom;
        while rows.len() < self.rows
            && let Some(above) = self.above(at)
        {
            rows.push(above);
            at = above;
        }
        rows.reverse();
        let mut at = bottom;
        while rows.len() < self.rows
            && let Some(below) = self.below(at)
        {
            rows.push(below);
            at = below;
        }
        rows.truncate(self.rows);
        rows
    }

    /// How many rows stand above the rows on screen, counted up to `most`.
    pub(crate) fn rows_above(&self, scroll: Option<Scroll>, most: usize) -> usize {
        let Some(mut at) = self.visible(scroll).first().copied() else { return 0 };
        let mut rows = 0;
        while rows < most
            && let Some(above) = self.above(at)
        {
            at = above;
            rows += 1;
        }
        rows
    }

    /// Where one looks after moving by rows; up is negative. `None` follows the newest line.
    pub(crate) fn scrolled(&self, scroll: Option<Scroll>, by: isize) -> Option<Scroll> {
        let mut at = self.bottom(scroll)?;
        for _ in 0..by.unsigned_abs() {
            match if by < 0 { self.above(at) } else { self.below(at) } {
                Some(next) => at = next,
                None => break,
            }
        }
        self.settled(at)
    }

    /// Where one looks when this item is to be on the top row.
    pub(crate) fn with_top(&self, key: Key) -> Option<Scroll> {
        let top = self.items.items.iter().position(|(held, _)| *held == key)?;
        let mut at = (top, 0);
        for _ in 1..self.rows {
            match self.below(at) {
                Some(next) => at = next,
                None => break,
            }
        }
        self.settled(at)
    }

    /// Keeps the pane full: with too little above, it moves down. The lowest row of all follows.
    fn settled(&self, mut at: Place) -> Option<Scroll> {
        let mut above = 1;
        let mut top = at;
        while above < self.rows
            && let Some(next) = self.above(top)
        {
            top = next;
            above += 1;
        }
        for _ in above..self.rows {
            match self.below(at) {
                Some(next) => at = next,
                None => break,
            }
        }
        self.below(at)?;
        self.items.items.get(at.0).map(|(key, _)| Scroll { key: *key, row: at.1 })
    }

    fn bottom(&self, scroll: Option<Scroll>) -> Option<Place> {
        let last = self.items.items.len().checked_sub(1)?;
        let Some(scroll) = scroll else { return Some((last, self.height(last).saturating_sub(1))) };
        let order = |key: &Key| match key {
            Key::Top => (Seq::ZERO, 0),
            Key::Day(seq) => (*seq, 0),
            Key::New(seq) => (*seq, 1),
            Key::Event(seq) => (*seq, 2),
            Key::Pending(_) => (Seq(u64::MAX), 3),
        };
        let exact = self.items.items.iter().position(|(key, _)| *key == scroll.key);
        let near = || self.items.items.iter().position(|(key, _)| order(key) >= order(&scroll.key));
        let at = exact.or_else(near).unwrap_or(last);
        Some((at, scroll.row.min(self.height(at).saturating_sub(1))))
    }

    fn above(&self, (item, row): Place) -> Option<Place> {
        if row > 0 {
            return Some((item, row - 1));
        }
        (0..item).rev().map(|at| (at, self.height(at))).find(|(_, h)| *h > 0).map(|(at, h)| (at, h - 1))
    }

    fn below(&self, (item, row): Place) -> Option<Place> {
        if row + 1 < self.height(item) {
            return Some((item, row + 1));
        }
        (item + 1..self.items.items.len()).find(|at| self.height(*at) > 0).map(|at| (at, 0))
    }
}
