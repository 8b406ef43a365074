//! Addresses and places in a line that is read, made into links.

use std::ops::Range;

use super::super::link::{self, Link};
use super::super::{Look, Rich, Span};

pub(super) fn remark_look(is_warning: bool) -> Look {
    if is_warning { Look::WARNING } else { Look::REMARK }
}

/// What stands from `start` on belongs to a link.
pub(super) fn set_link(spans: &mut Vec<Span>, start: usize, number: usize) {
    let Some(at) = spans.iter().position(|span| span.range.end > start) else { return };
    if spans[at].range.start < start {
        let tail = Span { range: start..spans[at].range.end, ..spans[at].clone() };
        spans[at].range.end = start;
        spans.insert(at + 1, tail);
    }
    spans.iter_mut().filter(|span| span.range.start >= start).for_each(|span| span.link = Some(number));
}

/// Finds addresses and places in the last line, where there is no link and no code yet, and makes
/// the line anew with them.
pub(super) fn find_links(rich: &mut Rich) {
    let Some(line) = rich.lines.last() else { return };
    let range = line.range.clone();
    let text = rich.text[range.clone()].to_owned();
    let web = link::addresses(&text).into_iter().filter_map(|(part, target)| {
        let (link, remark) = link::web(&text[part.clone()], &target)?;
        Some((part, link, remark))
    });
    let places = link::places(&text).into_iter();
    let places = places.map(|(part, target)| (part, Link { target, is_suspect: false }, None));
    let mut found: Vec<(Range<usize>, Link, Option<link::Remark>)> = web.chain(places).collect();
    found.sort_by_key(|(part, ..)| part.start);
    let from = rich.spans.partition_point(|span| span.range.end <= range.start);
    let is_free = |part: &Range<usize>| {
        let mut spans = rich.spans[from..].iter();
        spans.all(|span| {
            let (start, end) = (part.start + range.start, part.end + range.start);
            let apart = span.range.end <= start || span.range.start >= end;
            apart || (span.link.is_none() && !span.look.has(Look::CODE))
        })
    };
    found.retain(|(part, ..)| is_free(part));
    if found.is_empty() {
        return;
    }
    let old: Vec<Span> = rich.spans.drain(from..).collect();
    rich.text.truncate(range.start);
    if let Some(line) = rich.lines.last_mut() {
        line.range.end = range.start;
    }
    let mut end = 0;
    let copy = |rich: &mut Rich, part: Range<usize>, number: Option<usize>| {
        for span in &old {
            let (start, end) =
                (span.range.start.max(range.start) - range.start, span.range.end - range.start);
            let (start, end) = (start.max(part.start), end.min(part.end));
            if start < end {
                rich.push(&text[start..end], span.look, number.or(span.link));
            }
        }
    };
    for (part, link, remark) in found.into_iter() {
        if part.start < end {
            continue;
        }
        copy(rich, end..part.start, None);
        rich.links.push(link);
        let number = rich.links.len() - 1;
        copy(rich, part.clone(), Some(number));
        end = part.end;
        if let Some((remark, is_warning)) = remark {
            rich.push(&remark, remark_look(is_warning), None);
        }
    }
    copy(rich, end..text.len(), None);
}
