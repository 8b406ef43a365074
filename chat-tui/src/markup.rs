//! What people write, as it is read: markdown in a chat, links with their true place, code.
//!
//! 1. All text in a [`Rich`] is safe: it is made of parts of a [`SafeText`] and of our own words,
//!    and looked at once more as a whole; a text that fails is shown as it was written.
//! 2. What is no sound markdown stays as it was written. Letters and digits of a text are never
//!    lost; only the signs of the markup are.
//! 3. No part is interpreted: no HTML, no entities, and only links that lead to the web, to a mail
//!    address or to a message here.

pub mod code;
pub mod link;
mod mention;
mod read;
mod table;
#[cfg(test)]
mod tests;

use std::ops::Range;

use chat_proto::SafeText;

use crate::text;
pub(crate) use link::Link;
pub use link::Target;
pub(crate) use mention::Callee;

/// A text has at most half of its columns before it, or its words would have no room.
const PREFIX_SHARE: usize = 2;

/// How a part of a text looks; several may hold at once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Look(u16);

impl Look {
    pub(crate) const BOLD: Self = Self(1);
    pub(crate) const ITALIC: Self = Self(1 << 1);
    pub(crate) const STRUCK: Self = Self(1 << 2);
    /// Code, in a line or in a block.
    pub(crate) const CODE: Self = Self(1 << 3);
    pub(crate) const QUOTE: Self = Self(1 << 4);
    pub(crate) const HEADING: Self = Self(1 << 5);
    /// Something that we say about the text.
    pub(crate) const REMARK: Self = Self(1 << 6);
    /// Something that one should look at twice.
    pub(crate) const WARNING: Self = Self(1 << 7);
    /// The reader is called.
    pub(crate) const CALL: Self = Self(1 << 8);

    #[must_use]
    pub(crate) fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// A part of the text with one look. Parts do not overlap and leave nothing out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) range: Range<usize>,
    pub(crate) look: Look,
    /// The link that it belongs to.
    pub(crate) link: Option<usize>,
}

/// One line of the text, before it is wrapped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) range: Range<usize>,
    /// What stands before its first row, and before the others.
    prefix: (String, String),
    /// The bytes of a list's mark at its beginning.
    mark: usize,
    /// The block of code that it belongs to, and where in it.
    pub(crate) code: Option<(usize, usize)>,
}

/// A block of code.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Code {
    /// The language, as its author named it; may be empty.
    pub language: String,
    /// The code.
    pub text: String,
}

/// A row of a text: a part of one of its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) line: usize,
    pub(crate) range: Range<usize>,
    /// Whether it is the first row of its line.
    first: bool,
    /// Whether there is room for what stands before the line.
    prefixed: bool,
}

/// The rows of a text of somebody else, as they stand on a screen of so many columns, without their
/// looks: what a tool that looks for mistakes in the markup reads.
#[must_use]
pub fn rows_of(raw: &str, columns: usize) -> Vec<String> {
    let rich = Rich::of(raw, None);
    let rows = rich.rows(columns);
    let text_of = |row: &Row| -> String {
        let parts = rich.parts(row).map(|part| rich.part(part.range).to_owned());
        std::iter::once(rich.prefix(row).to_owned()).chain(parts).collect()
    };
    rows.iter().map(text_of).collect()
}

/// See the module.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Rich {
    text: String,
    spans: Vec<Span>,
    lines: Vec<Line>,
    pub(crate) links: Vec<Link>,
    pub(crate) codes: Vec<Code>,
}

impl Rich {
    /// A text as somebody wrote it, perhaps after the name of who acts: "ada waves".
    pub(crate) fn of(raw: &str, actor: Option<&str>) -> Self {
        let source = SafeText::block(raw);
        let actor = actor.map(SafeText::line);
        let read = read::read(source.as_str(), actor.as_ref());
        // Parts of a safe text, put together anew, might make something that is not.
        if SafeText::block(&read.text).as_str() == read.text {
            read
        } else {
            Self::plain(raw, actor.as_ref())
        }
    }

    /// A text without markup.
    fn plain(raw: &str, actor: Option<&SafeText>) -> Self {
        let actor = actor.map(|name| format!("{name} ")).unwrap_or_default();
        Self::literal(&SafeText::block(&format!("{actor}{raw}")), Look::default())
    }

    /// Words with one look.
    pub(crate) fn literal(words: &SafeText, look: Look) -> Self {
        let mut rich = Self::default();
        for line in words.as_str().split('\n') {
            rich.begin_line((String::new(), String::new()), None);
            rich.push(line, look, None);
        }
        rich
    }

    /// Our own words behind the text.
    pub(crate) fn remark(&mut self, words: &str) {
        if self.lines.last().is_none_or(|line| line.code.is_some()) {
            self.begin_line((String::new(), String::new()), None);
        }
        let lead = if self.lines.last().is_some_and(|line| line.range.is_empty()) { "" } else { " " };
        self.push(&format!("{lead}{words}"), Look::REMARK, None);
    }

    /// The whole text, one line below the other.
    #[cfg(test)]
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// A part of the text.
    pub(crate) fn part(&self, range: Range<usize>) -> &str {
        self.text.get(range).unwrap_or_default()
    }

    /// A line.
    pub(crate) fn line(&self, row: &Row) -> Option<&Line> {
        self.lines.get(row.line)
    }

    /// Its rows at so many columns; at least one.
    pub(crate) fn rows(&self, columns: usize) -> Vec<Row> {
        let columns = columns.max(1);
        let mut rows = Vec::new();
        for (at, line) in self.lines.iter().enumerate() {
            let wide = text::width(&line.prefix.0).max(text::width(&line.prefix.1));
            let prefixed = wide <= columns / PREFIX_SHARE;
            let room = if prefixed { columns - wide } else { columns };
            let mark = if prefixed { self.hanging(line, wide) } else { 0 };
            let start = line.range.start + mark;
            let parts = text::wrap(&self.text[start..line.range.end], room).into_iter().enumerate();
            rows.extend(parts.map(|(part, range)| {
                let first = part == 0;
                let from = if first { start - mark } else { start + range.start };
                Row { line: at, range: from..start + range.end, first, prefixed }
            }));
        }
        rows
    }

    /// The bytes of a mark that stands in the columns which the other rows keep free.
    fn hanging(&self, line: &Line, wide: usize) -> usize {
        let mark = &self.text[line.range.start..(line.range.start + line.mark).min(line.range.end)];
        let fits = text::width(&line.prefix.0) + text::width(mark) <= wide;
        if fits { mark.len() } else { 0 }
    }

    /// What stands before a row.
    pub(crate) fn prefix(&self, row: &Row) -> &str {
        match self.lines.get(row.line).filter(|_| row.prefixed) {
            Some(line) if row.first => &line.prefix.0,
            Some(line) => &line.prefix.1,
            None => "",
        }
    }

    /// The parts of a row, each with one look.
    pub(crate) fn parts<'a>(&'a self, row: &'a Row) -> impl Iterator<Item = Span> + 'a {
        let first = self.spans.partition_point(|span| span.range.end <= row.range.start);
        let inside = self.spans[first..].iter().take_while(|span| span.range.start < row.range.end);
        inside.map(|span| Span {
            range: span.range.start.max(row.range.start)..span.range.end.min(row.range.end),
            ..span.clone()
        })
    }

    /// The link at a column of a row.
    pub(crate) fn link_at(&self, row: &Row, column: usize) -> Option<usize> {
        let mut at = text::width(self.prefix(row));
        for part in self.parts(row) {
            let end = at + text::width(self.part(part.range));
            if (at..end).contains(&column) {
                return part.link;
            }
            at = end;
        }
        None
    }

    /// The column at which a link begins in a row.
    pub(crate) fn column_of(&self, row: &Row, link: usize) -> usize {
        let before = self.parts(row).take_while(|part| part.link != Some(link));
        let columns: usize = before.map(|part| text::width(self.part(part.range))).sum();
        text::width(self.prefix(row)) + columns
    }

    /// The links of a row, in order.
    pub(crate) fn links_in(&self, row: &Row) -> Vec<usize> {
        let mut found: Vec<usize> = self.parts(row).filter_map(|part| part.link).collect();
        found.dedup();
        found
    }

    /// Marks where the reader is called.
    pub(crate) fn mark_calls(&mut self, callee: &Callee) {
        for call in mention::calls(&self.text, callee) {
            self.mark(call, Look::CALL);
        }
    }

    fn begin_line(&mut self, prefix: (String, String), code: Option<(usize, usize)>) {
        if !self.lines.is_empty() {
            self.text.push('\n');
        }
        let at = self.text.len();
        self.lines.push(Line { range: at..at, prefix, mark: 0, code });
    }

    /// Adds to the last line; there has to be one.
    fn push(&mut self, part: &str, look: Look, link: Option<usize>) {
        if part.is_empty() {
            return;
        }
        let start = self.text.len();
        self.text.push_str(part);
        let end = self.text.len();
        if let Some(line) = self.lines.last_mut() {
            line.range.end = end;
        }
        match self.spans.last_mut() {
            Some(last) if last.range.end == start && last.look == look && last.link == link => {
                last.range.end = end;
            }
            _ => self.spans.push(Span { range: start..end, look, link }),
        }
    }

    /// Gives a part of the text another look, except where it is code.
    fn mark(&mut self, part: Range<usize>, look: Look) {
        let mut spans = Vec::with_capacity(self.spans.len() + 2);
        for span in self.spans.drain(..) {
            let (from, to) = (part.start.max(span.range.start), part.end.min(span.range.end));
            if from >= to || span.look.has(Look::CODE) {
                spans.push(span);
                continue;
            }
            let cut = |range: Range<usize>, look| Span { range, look, link: span.link };
            let pieces = [
                cut(span.range.start..from, span.look),
                cut(from..to, span.look.and(look)),
                cut(to..span.range.end, span.look),
            ];
            spans.extend(pieces.into_iter().filter(|piece| !piece.range.is_empty()));
        }
        self.spans = spans;
    }
}
