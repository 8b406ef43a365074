//! A pane: the items of a timeline in so many rows, and how one moves through them.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use chat_proto::Seq;

use super::items::{Context, Entry, Item, Items, date, items};
use super::memo::{self, Memo};
use super::message;
use super::system;
use super::timeline::{Key, Scroll, Timeline};

/// A pane: the items, how to make them, and how many rows there are for them.
pub(crate) struct Pane<'a> {
    pub(crate) items: Arc<Items>,
    timeline: &'a Timeline,
    context: &'a Context<'a>,
    rows: usize,
    /// What was made already, by its place: heights are asked for again and again.
    made: RefCell<HashMap<usize, Arc<Made>>>,
    memo: &'a Memo,
    /// Where the memo holds it.
    held: Option<usize>,
}

/// An item with its rows.
pub(crate) struct Made {
    pub(crate) item: Item,
    /// The rows of a message.
    pub(crate) rows: Vec<message::Row>,
    height: usize,
}

/// A row of the pane: which item, and which of its rows.
pub(crate) type Place = (usize, usize);

impl<'a> Pane<'a> {
    pub(crate) fn new(
        timeline: &'a Timeline,
        context: &'a Context<'a>,
        size: (usize, usize),
        memo: &'a Memo,
    ) -> Self {
        let Context { conversation, cell, bare, times, .. } = *context;
        let key = memo::Key {
            conversation: conversation.id,
            thread: timeline.thread,
            width: size.0,
            cell,
            bare,
            times,
            today: date(context.now, context.zone),
        };
        let (items, held) = memo.items(key, || items(timeline, context, size.0));
        Pane { items, timeline, context, rows: size.1, made: RefCell::default(), memo, held }
    }

    /// The item at a place of the list, with its rows.
    pub(crate) fn made(&self, at: usize) -> Option<Arc<Made>> {
        let known = match self.held {
            Some(pane) => self.memo.made(pane, at),
            None => self.made.borrow().get(&at).map(Arc::clone),
        };
        if known.is_some() {
            return known;
        }
        let item = self.item(at)?;
        let columns = &self.items.columns;
        let rows = match &item {
            Item::Message(message) => message.rows(columns),
            _ => Vec::new(),
        };
        let height = if rows.is_empty() { columns.height(&item) } else { rows.len() };
        let made = Arc::new(Made { item, rows, height });
        match self.held {
            Some(pane) => self.memo.keep(pane, at, &made),
            None => {
                self.made.borrow_mut().insert(at, Arc::clone(&made));
            }
        }
        Some(made)
    }

    /// The item at a place of the list, with its texts made safe.
    pub(crate) fn item(&self, at: usize) -> Option<Item> {
        let (_, entry) = self.items.items.get(at)?;
        match entry {
            Entry::Ready(item) => Some(item.clone()),
            Entry::Event(seq, leads) => {
                let event = self.timeline.get(*seq)?;
                let replies =
                    self.items.replies.as_ref().map(|all| all.get(seq).copied().unwrap_or_default());
                let message = message::of_event(event, *leads, replies, self.timeline, self.context)?;
                Some(Item::Message(Box::new(message)))
            }
            Entry::Pending(place, leads) => {
                let own = self.timeline.pending().get(*place)?;
                let message = message::of_pending(own, *leads, self.timeline, self.context)?;
                Some(Item::Message(Box::new(message)))
            }
            Entry::Run(from, to) => {
                let events = self.timeline.range(*from, *to).filter(|event| system::is_run(event));
                Some(Item::System(system::run_line(events)))
            }
        }
    }

    fn height(&self, at: usize) -> usize {
        self.made(at).map_or(0, |made| made.height)
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

    /// Where one looks so that this item is in the middle.
    pub(crate) fn with_middle(&self, key: Key) -> Option<Option<Scroll>> {
        let at = self.items.items.iter().position(|(held, _)| *held == key)?;
        let mut place = (at, self.height(at).saturating_sub(1));
        for _ in 0..self.rows / 2 {
            match self.below(place) {
                Some(next) => place = next,
                None => break,
            }
        }
        Some(self.settled(place))
    }

    /// Where one looks so that this item is on screen, moved as little as can be.
    pub(crate) fn showing(&self, scroll: Option<Scroll>, key: Key) -> Option<Scroll> {
        let Some(at) = self.items.items.iter().position(|(held, _)| *held == key) else { return scroll };
        let visible = self.visible(scroll);
        let last = self.height(at).saturating_sub(1);
        match (visible.first(), visible.last()) {
            (Some(first), _) if *first > (at, 0) => self.with_top(key),
            (_, Some(bottom)) if *bottom < (at, last) => self.settled((at, last.min(self.rows.max(1) - 1))),
            _ => scroll,
        }
    }

    /// The message that stands at a place of the list.
    pub(crate) fn message_at(&self, at: usize) -> Option<Seq> {
        match self.items.items.get(at) {
            Some((_, Entry::Event(seq, _))) => Some(*seq),
            _ => None,
        }
    }

    /// The messages of the pane, in order.
    pub(crate) fn messages(&self) -> impl DoubleEndedIterator<Item = Seq> {
        (0..self.items.items.len()).filter_map(|at| self.message_at(at))
    }

    /// How many rows stand below the rows on screen, counted up to `most`.
    pub(crate) fn rows_below(&self, scroll: Option<Scroll>, most: usize) -> usize {
        let Some(mut at) = self.bottom(scroll) else { return 0 };
        let mut rows = 0;
        while rows < most
            && let Some(below) = self.below(at)
        {
            at = below;
            rows += 1;
        }
        rows
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
            Key::Replies => (Seq::ZERO, 1),
            Key::Day(seq) => (*seq, 0),
            Key::New(seq) => (*seq, 1),
            Key::Event(seq) => (*seq, 2),
            Key::Note(seq, _) => (*seq, 3),
            Key::Carry(Some(seq), _) => (*seq, 3),
            Key::Pending(_) => (Seq(u64::MAX), 4),
            Key::Carry(None, _) => (Seq(u64::MAX), 5),
            Key::Bottom => (Seq(u64::MAX), 6),
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
