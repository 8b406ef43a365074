//! One row of a text with its looks, links and colours of code.

use std::ops::Range;

use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use super::canvas::Canvas;
use crate::markup::code::Ink;
use crate::markup::{Look, Rich, Row, Span, Target};
use crate::state::State;

/// Draws a row of a text that begins at this place.
pub(super) fn row(
    state: &State,
    rich: &Rich,
    row: &Row,
    (area, (column, at)): (Rect, (usize, usize)),
    base: Style,
    canvas: &mut Canvas,
) {
    let dim = canvas.theme.dim();
    let mut column = canvas.part(area, (column, at), rich.prefix(row), dim);
    for part in rich.parts(row) {
        let style = look(&part, rich, base, canvas);
        let target = part.link.and_then(|link| rich.links.get(link)).map(|link| &link.target);
        if let (Some(Target::Web(address)), Some(number)) = (target, part.link) {
            canvas.begin_link(address, number);
        }
        for (piece, ink) in pieces(state, rich, row, &part) {
            let style = ink.map_or(style, |ink| style.patch(canvas.theme.ink(ink)));
            column = canvas.part(area, (column, at), rich.part(piece), style);
        }
        canvas.end_link();
    }
}

/// A part of a row, divided where the colour of the code changes.
fn pieces(state: &State, rich: &Rich, row: &Row, part: &Span) -> Vec<(Range<usize>, Option<Ink>)> {
    let whole = vec![(part.range.clone(), None)];
    let Some(line) = rich.line(row) else { return whole };
    let Some((block, offset)) = line.code else { return whole };
    let Some(inks) = rich.codes.get(block).and_then(|code| state.inks.get(code)) else { return whole };
    // From the text of the block to the whole text.
    let moved = |range: &Range<usize>| {
        let place = |at: usize| (at + line.range.start).saturating_sub(offset);
        place(range.start.max(offset))..place(range.end.max(offset))
    };
    let mut pieces = Vec::new();
    let mut at = part.range.start;
    let first = inks.partition_point(|(range, _)| range.end <= offset);
    for (range, ink) in inks[first..].iter().map(|(range, ink)| (moved(range), *ink)) {
        if range.start >= part.range.end {
            break;
        }
        let (from, to) = (range.start.max(at), range.end.min(part.range.end));
        if from < to {
            pieces.push((at..from, None));
            pieces.push((from..to, Some(ink)));
            at = to;
        }
    }
    pieces.push((at..part.range.end, None));
    pieces
}

fn look(part: &Span, rich: &Rich, base: Style, canvas: &Canvas) -> Style {
    let theme = canvas.theme;
    let mut style = base;
    let looks = [
        (Look::QUOTE, theme.quote()),
        (Look::CODE, theme.code()),
        (Look::HEADING, theme.heading()),
        (Look::BOLD, Style::new().add_modifier(Modifier::BOLD)),
        (Look::ITALIC, Style::new().add_modifier(Modifier::ITALIC)),
        (Look::STRUCK, Style::new().add_modifier(Modifier::CROSSED_OUT)),
        (Look::REMARK, theme.dim()),
        (Look::WARNING, theme.bad()),
    ];
    for (_, more) in looks.into_iter().filter(|(look, _)| part.look.has(*look)) {
        style = style.patch(more);
    }
    if let Some(link) = part.link.and_then(|link| rich.links.get(link)) {
        style = style.patch(if link.is_suspect { theme.bad() } else { theme.link() });
    }
    if part.look.has(Look::CALL) {
        style = theme.mention().add_modifier(Modifier::REVERSED);
    }
    style
}
