//! Reading markdown into lines and looks.
//!
//! It follows CommonMark where people who chat mean it, and leaves their text alone where they do
//! not: `2*3*4`, `__init__`, `~5`, indented text, a line below a quotation, underlined headings
//! and reference definitions stay as they were written.

mod blocks;
mod links;

use std::ops::Range;

use chat_proto::SafeText;
use pulldown_cmark::{CowStr, Event, LinkType, Options, Parser, Tag, TagEnd};

use super::link::{self, Link};
use super::table::Table;
use super::{Look, Rich};
use links::{find_links, remark_look, set_link};

/// Quotations and lists inside one another that are shown as such; deeper ones look like these.
const DEPTH: usize = 6;

/// What stands before the lines of a quotation, and of a block of code.
const QUOTE_BAR: &str = "▎ ";
const CODE_BAR: &str = "│ ";

/// A rule across the text.
const RULE: &str = "────────";

/// Signs without which a text has no markup.
const SIGNS: [char; 11] = ['*', '_', '`', '~', '[', '<', '>', '|', '\\', '#', '-'];

/// Reads a safe text, perhaps behind the name of who acts.
pub(super) fn read(source: &str, actor: Option<&SafeText>) -> Rich {
    let mut reader = Reader::new(source);
    if let Some(actor) = actor {
        reader.rich.begin_line((String::new(), String::new()), None);
        reader.rich.push(&format!("{actor} "), Look::default(), None);
        reader.goes_on = true;
    }
    let options = Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TABLES;
    let parser = has_markup(source).then(|| Parser::new_ext(source, options));
    // A definition such as `[note]: text` would vanish.
    match parser.filter(|parser| parser.reference_definitions().iter().next().is_none()) {
        Some(parser) => parser.into_offset_iter().for_each(|(event, range)| reader.event(event, range)),
        None => reader.plain(),
    }
    reader.end_line();
    if reader.rich.lines.is_empty() {
        reader.rich.begin_line((String::new(), String::new()), None);
    }
    reader.rich
}

fn has_markup(source: &str) -> bool {
    let is_numbered = |line: &str| line.trim_start().starts_with(|c: char| c.is_ascii_digit());
    source.contains(SIGNS)
        || source.lines().any(|line| line.trim_start().starts_with('+') || is_numbered(line))
}

/// A quotation, or an item of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Container {
    Quote,
    /// With the columns of its mark.
    Item(usize),
}

struct Reader<'a> {
    source: &'a str,
    rich: Rich,
    containers: Vec<Container>,
    looks: Vec<Look>,
    /// For each open emphasis: the sign at its end, if it is shown as it was written.
    signs: Vec<Option<&'a str>>,
    /// The addresses in the source: inside them nothing is markup.
    addresses: Vec<Range<usize>>,
    /// Whether the next block goes on in the last line.
    goes_on: bool,
    /// Whether a line is open.
    in_line: bool,
    /// Whether that line only follows a quotation.
    is_below_quote: bool,
    /// The mark of a list's item that has no line yet.
    mark: Option<String>,
    /// Where the open link's text began, and where it leads.
    link: Option<(usize, CowStr<'a>)>,
    /// Up to where events are shown as they were written.
    raw_until: usize,
    code: Option<usize>,
    table: Option<Table>,
    /// Where its last cell ended.
    cell_end: usize,
}

impl<'a> Reader<'a> {
    fn new(source: &'a str) -> Self {
        Self {
            source,
            rich: Rich::default(),
            containers: Vec::new(),
            looks: Vec::new(),
            signs: Vec::new(),
            addresses: link::addresses(source).into_iter().map(|(range, _)| range).collect(),
            goes_on: false,
            in_line: false,
            is_below_quote: false,
            mark: None,
            link: None,
            raw_until: 0,
            code: None,
            table: None,
            cell_end: 0,
        }
    }

    fn plain(&mut self) {
        for line in self.source.split('\n') {
            if !std::mem::take(&mut self.goes_on) {
                self.begin(None);
            }
            self.in_line = true;
            self.add(line);
            self.end_line();
        }
    }

    fn event(&mut self, event: Event<'a>, range: Range<usize>) {
        if range.start < self.raw_until {
            return;
        }
        match event {
            Event::Start(tag) => self.start(tag, range),
            Event::End(tag) => self.end(tag, range),
            Event::Code(code) => self.with(Look::CODE, |reader| {
                reader.open(range.start);
                reader.add(&code);
            }),
            Event::SoftBreak | Event::HardBreak => self.line_break(&range),
            Event::Rule => {
                self.block(range.start);
                self.with(Look::REMARK, |reader| reader.add(RULE));
                self.end_line();
            }
            _ => self.text(range),
        }
    }

    fn start(&mut self, tag: Tag<'a>, range: Range<usize>) {
        match tag {
            Tag::Paragraph | Tag::HtmlBlock => self.block(range.start),
            Tag::Heading { .. } => {
                self.block(range.start);
                let is_marked = self.source[range.start..].starts_with('#');
                self.looks.push(if is_marked { Look::HEADING } else { Look::default() });
            }
            Tag::BlockQuote(_) => {
                self.end_line();
                self.put_mark();
                self.containers.push(Container::Quote);
                self.looks.push(Look::QUOTE);
            }
            Tag::CodeBlock(kind) => self.code_block(kind, range),
            Tag::List(_) => self.end_line(),
            Tag::Item => self.item(range),
            Tag::Table(_) => {
                self.block(range.start);
                self.table = Some(Table::default());
            }
            Tag::Emphasis | Tag::Strong | Tag::Strikethrough => self.emphasis(&tag, range),
            Tag::Link { link_type, dest_url, .. } => self.link_start(link_type, dest_url, range),
            Tag::Image { link_type, dest_url, .. } => self.link_start(link_type, dest_url, range),
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd, range: Range<usize>) {
        match tag {
            TagEnd::Paragraph | TagEnd::HtmlBlock => self.end_line(),
            TagEnd::Heading(_) => {
                let is_marked = self.looks.pop() == Some(Look::HEADING);
                self.end_line();
                let underline = self.source[range].trim_end().rsplit('\n').next();
                if let Some(underline) = underline.filter(|_| !is_marked) {
                    self.begin(None);
                    self.add(underline.trim_start_matches([' ', '>']));
                    self.end_line();
                }
            }
            TagEnd::BlockQuote(_) => {
                self.end_line();
                self.containers.pop();
                self.looks.pop();
            }
            TagEnd::CodeBlock => {
                self.end_line();
                self.code = None;
            }
            TagEnd::Item => {
                self.put_mark();
                self.end_line();
                self.containers.pop();
            }
            TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough => {
                self.looks.pop();
                if let Some(sign) = self.signs.pop().flatten() {
                    self.add(sign);
                }
            }
            TagEnd::Link | TagEnd::Image => self.link_end(),
            TagEnd::TableCell => {
                if let Some(table) = &mut self.table {
                    table.end_cell();
                }
                self.cell_end = range.end;
            }
            TagEnd::TableHead | TagEnd::TableRow => {
                // Cells without a column are no part of a table, but of the text.
                let rest = self.source.get(self.cell_end..range.end).unwrap_or_default();
                if let Some(table) = &mut self.table {
                    table.end_row(rest.trim_matches([' ', '|', '\n']));
                }
            }
            TagEnd::Table => self.table_end(),
            _ => {}
        }
    }

    /// Text as it stands in the source: no entity is put in the place of its name.
    fn text(&mut self, range: Range<usize>) {
        let part = &self.source[range.clone()];
        if self.code.is_some() {
            return self.code_text(part);
        }
        for (at, line) in part.split('\n').enumerate() {
            if at > 0 {
                self.end_line();
            }
            if !line.is_empty() {
                self.open(range.start);
                self.add(line);
            }
        }
    }

    /// Emphasis; or its signs as they were written, where people who chat mean those.
    fn emphasis(&mut self, tag: &Tag, range: Range<usize>) {
        let (look, signs) = match tag {
            Tag::Emphasis => (Look::ITALIC, 1),
            Tag::Strong => (Look::BOLD, 2),
            _ => (Look::STRUCK, if self.source[range.clone()].starts_with("~~") { 2 } else { 1 }),
        };
        self.open(range.start);
        self.signs.push(None);
        self.looks.push(Look::default());
        let written = &self.source[range.clone()];
        let (Some(sign), Some(end)) =
            (written.get(..signs), written.get(written.len().saturating_sub(signs)..))
        else {
            return;
        };
        let inside = written.get(signs..written.len().saturating_sub(signs)).unwrap_or_default();
        let before = self.source[..range.start].chars().next_back();
        let after = self.source[range.end..].chars().next();
        let is_word_char = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        let is_name = |c: char| c.is_alphanumeric() || c == '_';
        let in_address = self.addresses.iter().any(|a| a.start < range.start && range.start < a.end);
        let is_literal = in_address
            || sign == "~"
            || (is_word_char(before) && is_word_char(after))
            || (sign == "__" && inside.chars().all(is_name));
        if is_literal {
            self.add(sign);
        }
        if let (Some(last), Some(of_end)) = (self.looks.last_mut(), self.signs.last_mut()) {
            (*last, *of_end) = if is_literal { (Look::default(), Some(end)) } else { (look, None) };
        }
    }

    fn link_start(&mut self, kind: LinkType, target: CowStr<'a>, range: Range<usize>) {
        self.open(range.start);
        let target = if kind == LinkType::Email { format!("mailto:{target}").into() } else { target };
        if link::web("", &target).is_none() || self.link.is_some() {
            let end = range.end;
            self.text(range);
            self.raw_until = end;
        } else {
            self.link = Some((self.here(), target));
        }
    }

    fn link_end(&mut self) {
        let Some((start, target)) = self.link.take() else { return };
        let shown = self.table.as_ref().map_or(self.rich.text.get(start..), |table| table.text(start));
        let shown = shown.unwrap_or_default().to_owned();
        let Some((link, remark)) = link::web(shown.trim(), &target) else { return };
        // A link without a text shows where it leads.
        if shown.trim().is_empty()
            && let link::Target::Web(address) = &link.target
        {
            let address = address.clone();
            self.add(&address);
        }
        let number = self.add_link(link);
        let spans = self.table.as_mut().map_or(&mut self.rich.spans, Table::spans);
        set_link(spans, start, number);
        if let Some((remark, is_warning)) = remark.filter(|_| !shown.trim().is_empty()) {
            self.with(remark_look(is_warning), |reader| reader.add(&remark));
        }
    }

    fn add_link(&mut self, link: Link) -> usize {
        self.rich.links.push(link);
        self.rich.links.len() - 1
    }

    /// A line ends inside a paragraph.
    fn line_break(&mut self, range: &Range<usize>) {
        if self.table.is_some() {
            return self.add(" ");
        }
        let next = self.source[range.start..].find('\n').map_or(range.end, |at| range.start + at + 1);
        let line = self.source[next..].split('\n').next().unwrap_or_default();
        let quotes = line.chars().take_while(|c| matches!(c, ' ' | '>')).filter(|c| *c == '>').count();
        let words = line.trim_start_matches([' ', '>']);
        let lead = &line[..line.len() - words.len()];
        let indent = lead.len() - lead.trim_end_matches(' ').len();
        self.end_line();
        // What only follows a quotation or a list, without its sign, is not a part of it.
        let all = self.containers.clone();
        let mut seen = 0;
        self.containers.retain(|container| {
            seen += usize::from(*container == Container::Quote);
            if *container == Container::Quote { seen <= quotes } else { indent > 0 }
        });
        self.begin(None);
        self.is_below_quote = quotes == 0;
        let outside = self.containers.is_empty();
        self.containers = all;
        if outside && indent > 0 && quotes == 0 {
            self.add(&lead[..indent]);
        }
    }

    fn look(&self) -> Look {
        let inherited = self.looks.iter().filter(|look| **look != Look::QUOTE || !self.is_below_quote);
        let code = if self.code.is_some() { Look::CODE } else { Look::default() };
        inherited.fold(code, |all, look| all.and(*look))
    }

    fn with(&mut self, look: Look, add: impl FnOnce(&mut Self)) {
        self.looks.push(look);
        add(self);
        self.looks.pop();
    }

    /// Where the next part will stand.
    fn here(&self) -> usize {
        self.table.as_ref().map_or(self.rich.text.len(), Table::here)
    }

    fn add(&mut self, part: &str) {
        let look = self.look();
        match &mut self.table {
            Some(table) => table.push(part, look),
            None => self.rich.push(part, look, None),
        }
    }

    /// Ends a line: the addresses in it become links.
    fn end_line(&mut self) {
        if std::mem::take(&mut self.in_line) && self.code.is_none() {
            find_links(&mut self.rich);
        }
    }
}
