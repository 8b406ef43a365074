//! The links on screen, where they stand, and the letters that choose one.

use std::ops::Range;

use chat_proto::{Emoji, SafeText};
use ratatui::layout::Position;

use super::State;
use super::items::Item;
use super::message::{CHIP_GAP, Chip, Manner, Row};
use crate::layout;
use crate::markup::{Link, Target};
use crate::text;

/// The letters, those under the fingers first.
const LETTERS: &str = "asdfghjklqwertyuiopzxcvbnm";

/// A link on screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hint {
    pub(crate) letter: char,
    pub(crate) link: Link,
    /// Its first cell.
    pub(crate) at: Position,
}

/// The links on screen, each with its letter. Where there are more than letters, those farthest
/// down have them: they are the newest.
pub(crate) fn hints(state: &State) -> Vec<Hint> {
    let mut found = Vec::new();
    for in_thread in [false, true] {
        found.extend(on_side(state, in_thread));
    }
    let skip = found.len().saturating_sub(LETTERS.len());
    let hint = |(letter, (link, at))| Hint { letter, link, at };
    LETTERS.chars().zip(found.into_iter().skip(skip)).map(hint).collect()
}

fn on_side(state: &State, in_thread: bool) -> Vec<(Link, Position)> {
    let areas = layout::areas(state);
    let Some(area) = (if in_thread { areas.thread } else { Some(areas.pane) }) else { return Vec::new() };
    let mut found: Vec<((usize, usize), Link, Position)> = Vec::new();
    layout::with_side(state, in_thread, |pane, timeline| {
        let rows = pane.visible(timeline.scroll);
        let top = layout::lift(in_thread, area.height, rows.len());
        for (row, (at, part)) in rows.into_iter().enumerate() {
            let Some(made) = pane.made(at) else { continue };
            let (Item::Message(message), Some(Row::Body(body))) = (&made.item, made.rows.get(part)) else {
                continue;
            };
            for number in message.body.links_in(body) {
                let column = pane.items.columns.indent + message.body.column_of(body, number);
                let place = u16::try_from(column).ok().zip(u16::try_from(row + top).ok());
                let is_known = found.iter().any(|(known, ..)| *known == (at, number));
                if let (Some((x, y)), Some(link), false) = (place, message.body.links.get(number), is_known) {
                    let at_cell = Position::new(area.x + x, area.y + y);
                    found.push(((at, number), link.clone(), at_cell));
                }
            }
        }
    });
    found.into_iter().map(|(_, link, at)| (link, at)).collect()
}

/// What a click on a message means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Clicked {
    Link(Link),
    /// The message that this one answers.
    Reply(chat_proto::Seq),
    /// The thread of this message.
    Thread(chat_proto::Seq),
    /// A reaction to this message: whether a click puts it there or takes one's own back.
    Reaction {
        seq: chat_proto::Seq,
        emoji: Emoji,
        on: bool,
    },
    /// A file on its way.
    File(u64),
    /// Who wrote the message.
    Person(chat_proto::UserName),
}

/// What stands at a cell of a pane, if a click on it means something.
pub(crate) fn clicked(state: &State, in_thread: bool, at: Position) -> Option<Clicked> {
    let areas = layout::areas(state);
    let area = if in_thread { areas.thread? } else { areas.pane };
    let found = layout::with_side(state, in_thread, |pane, timeline| {
        let rows = pane.visible(timeline.scroll);
        let top = layout::lift(in_thread, area.height, rows.len());
        let row = usize::from(at.y.checked_sub(area.y)?).checked_sub(top)?;
        let (item, part) = rows.get(row).copied()?;
        let made = pane.made(item)?;
        let message = match &made.item {
            Item::Carry(key) => return Some(Clicked::File(*key)),
            Item::Message(message) => message,
            _ => return None,
        };
        let columns = &pane.items.columns;
        let column = usize::from(at.x.checked_sub(area.x)?);
        let name = columns.time..columns.time + text::width(message.name.as_str()).min(columns.width);
        let has_name = part == 0 && message.leads && !matches!(message.manner, Manner::Action);
        if has_name && name.contains(&column) && (columns.is_stacked() || column < columns.indent) {
            return Some(Clicked::Person(timeline.get(message.seq?)?.author.name.clone()));
        }
        let column = column.checked_sub(columns.indent)?;
        match made.rows.get(part)? {
            Row::Body(body) => {
                let number = message.body.link_at(body, column)?;
                message.body.links.get(number).cloned().map(Clicked::Link)
            }
            Row::Reply => timeline.get(message.seq?)?.message()?.reply_to.map(Clicked::Reply),
            Row::Thread => message.seq.map(Clicked::Thread),
            Row::Chips(range) => {
                let number = chip_at(&message.chips, range.clone(), column)?;
                let seq = message.seq?;
                let reaction = timeline.get(seq)?.message()?.reactions.get(number)?;
                let on = !message.chips.get(number)?.is_mine;
                Some(Clicked::Reaction { seq, emoji: reaction.emoji.clone(), on })
            }
            _ => None,
        }
    });
    found.flatten()
}

/// Which of the reactions in a row stands in this column.
fn chip_at(chips: &[Chip], range: Range<usize>, column: usize) -> Option<usize> {
    let mut begins = 0;
    for number in range {
        let ends = begins + text::width(chips.get(number)?.text.as_str());
        if (begins..ends).contains(&column) {
            return Some(number);
        }
        begins = ends + CHIP_GAP;
    }
    None
}

/// Where a link leads, in words; safe.
pub(crate) fn target_words(target: &Target) -> String {
    match target {
        Target::Web(address) => SafeText::line(address).as_str().to_owned(),
        Target::Place(room, seq) => SafeText::line(&format!("#{room}:{seq}")).as_str().to_owned(),
    }
}

/// The same, short enough for a question.
pub(crate) fn short_words(target: &Target, columns: usize) -> String {
    text::cut(&target_words(target), columns)
}
