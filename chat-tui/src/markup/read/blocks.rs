//! Blocks: where lines begin and end, and what stands before them in quotations and lists.

use std::ops::Range;

use pulldown_cmark::CodeBlockKind;

use super::super::{Code, Look};
use super::{CODE_BAR, Container, DEPTH, QUOTE_BAR, Reader};
use crate::text;

impl<'a> Reader<'a> {
    pub(super) fn code_text(&mut self, part: &str) {
        for piece in part.split_inclusive('\n') {
            if !self.in_line {
                let block = self.code.unwrap_or_default();
                let offset = self.rich.codes.get(block).map_or(0, |code| code.text.len());
                self.begin(Some((block, offset)));
            }
            let line = piece.strip_suffix('\n');
            self.add(line.unwrap_or(piece));
            if let Some(code) = self.code.and_then(|block| self.rich.codes.get_mut(block)) {
                code.text.push_str(piece);
            }
            self.in_line = line.is_none();
        }
    }

    pub(super) fn code_block(&mut self, kind: CodeBlockKind<'a>, range: Range<usize>) {
        let CodeBlockKind::Fenced(language) = kind else {
            // Text that is only indented stays text.
            if self.containers.is_empty() {
                self.end_line();
                self.raw_until = range.end;
                let start = self.source[..range.start].rfind('\n').map_or(0, |at| at + 1);
                self.blank_line(range.start);
                for line in self.source[start..range.end].trim_end_matches('\n').split('\n') {
                    self.begin(None);
                    self.add(line);
                    self.end_line();
                }
            }
            return;
        };
        self.end_line();
        self.put_mark();
        self.goes_on = false;
        self.blank_line(range.start);
        let language = language.trim().to_owned();
        self.code = Some(self.rich.codes.len());
        if !language.is_empty() {
            let prefix = self.prefix(self.containers.len());
            self.rich.begin_line((format!("{prefix}┌ "), format!("{prefix}{CODE_BAR}")), None);
            self.rich.push(&language, Look::REMARK, None);
        }
        self.rich.codes.push(Code { language, text: String::new() });
    }

    pub(super) fn item(&mut self, range: Range<usize>) {
        self.end_line();
        self.put_mark();
        self.goes_on = false;
        self.blank_line(range.start);
        // An item without a text may begin before its mark's indent.
        let source = self.source[range.start..].trim_start_matches([' ', '\t']);
        let written = source.split(char::is_whitespace).next().unwrap_or_default();
        let mark = if matches!(written, "-" | "*") { "•" } else { written };
        self.containers.push(Container::Item(text::width(mark) + 1));
        self.mark = Some(format!("{mark} "));
    }

    pub(super) fn table_end(&mut self) {
        let Some(table) = self.table.take() else { return };
        let look = self.look();
        for (at, row) in table.rows().into_iter().enumerate() {
            if at > 0 {
                self.begin(None);
            }
            for (part, span) in row {
                self.rich.push(&part, span.look.and(look), span.link);
            }
            self.end_line();
        }
    }

    /// Begins a block, if it does not go on in the last line.
    pub(super) fn block(&mut self, at: usize) {
        if std::mem::take(&mut self.goes_on) {
            self.in_line = true;
        } else if !self.in_line {
            self.blank_line(at);
            self.begin(None);
            if self.containers.is_empty() {
                self.add_indent(at);
            }
        }
    }

    /// The spaces before a line of plain text.
    pub(super) fn add_indent(&mut self, at: usize) {
        let start = self.source[..at].rfind('\n').map_or(0, |end| end + 1);
        let indent = &self.source[start..at];
        if !indent.is_empty() && indent.bytes().all(|byte| byte == b' ') {
            self.add(indent);
        }
    }

    /// Makes sure that there is a line to add to.
    pub(super) fn open(&mut self, at: usize) {
        if self.table.is_none() {
            self.block(at);
        }
    }

    /// An empty line, where the author left one.
    pub(super) fn blank_line(&mut self, at: usize) {
        let before = self.source[..at].rfind('\n').map(|end| &self.source[..end]);
        let above = before.and_then(|before| before.rsplit('\n').next());
        let is_blank = above.is_some_and(|line| line.trim_matches([' ', '>']).is_empty());
        if is_blank && !self.rich.lines.is_empty() && self.mark.is_none() {
            let prefix = self.prefix(self.containers.len());
            self.rich.begin_line((prefix.clone(), prefix), None);
        }
    }

    pub(super) fn begin(&mut self, code: Option<(usize, usize)>) {
        let bar = if code.is_some() { CODE_BAR } else { "" };
        let rest = self.prefix(self.containers.len()) + bar;
        let mark = self.mark.take();
        // The mark stands in the text, in the columns that the item has before its other rows.
        let outer = self.containers.len().saturating_sub(usize::from(mark.is_some()));
        let first = self.prefix(outer) + bar;
        self.rich.begin_line((first, rest), code);
        (self.in_line, self.goes_on, self.is_below_quote) = (true, false, false);
        if let Some(mark) = mark {
            self.rich.push(&mark, self.look(), None);
            if let Some(line) = self.rich.lines.last_mut() {
                line.mark = mark.len();
            }
        }
    }

    /// The mark of an item that begins with something else than text has a line to itself.
    pub(super) fn put_mark(&mut self) {
        if self.mark.is_some() {
            self.begin(None);
            self.end_line();
        }
    }

    /// What stands before a row in so many of the open containers.
    pub(super) fn prefix(&self, containers: usize) -> String {
        let part = |container: &Container| match container {
            Container::Quote => QUOTE_BAR.to_owned(),
            Container::Item(columns) => " ".repeat(*columns),
        };
        self.containers.iter().take(containers.min(DEPTH)).map(part).collect()
    }
}
