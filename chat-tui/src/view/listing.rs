//! A list of messages over the conversation: the search, the inbox, the threads.

use std::ops::Range;

use chat_proto::{FILTERS, Reason, SafeText, SearchOrder};
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::canvas::Canvas;
use super::popups;
use crate::action::Plain;
use crate::keymap::Context;
use crate::layout;
use crate::state::State;
use crate::state::listing::{Kind, Listing, Row, Why};
use crate::text;

/// Where the texts of a row begin: after the sign of the choice and the sign of what is unread.
const INDENT: usize = 3;

/// Columns for the examples of filters.
const FILTER: usize = 22;

/// What is left of a text before its first mark, where the whole does not fit.
const LEFT_OUT: &str = "…";

/// Draws it; says where the cursor stands.
pub(super) fn draw(state: &State, listing: &Listing, canvas: &mut Canvas) -> Option<Position> {
    let inner = popups::popup(&title(state, listing), layout::POPUP.1, canvas);
    let (rows, footer) = layout::listing_parts(listing.kind, inner);
    let cursor = (listing.kind == Kind::Search).then(|| query(listing, inner, canvas));
    if listing.rows.is_empty() {
        empty(state, listing, rows, canvas);
    } else {
        let fits = layout::listing_fits(rows);
        let skip = (listing.selected + 1).saturating_sub(fits);
        for (place, row) in listing.rows.iter().skip(skip).take(fits).enumerate() {
            let top = u16::try_from(place * layout::LISTING_ROW).unwrap_or(u16::MAX);
            let area = Rect { y: rows.y.saturating_add(top), height: 2, ..rows }.intersection(rows);
            let is_chosen = place + skip == listing.selected;
            draw_row(state, row, is_chosen, area, canvas);
        }
    }
    let (words, style) = foot(state, listing, canvas);
    canvas.put(footer, (0, 0), &words, style);
    cursor
}

fn title(state: &State, listing: &Listing) -> String {
    let only = if listing.unread_only { " · only unread" } else { "" };
    match listing.kind {
        Kind::Search => match listing.order {
            SearchOrder::Best => "search · best match first".to_owned(),
            SearchOrder::Newest => "search · newest first".to_owned(),
        },
        Kind::Inbox if state.inbox.unread > 0 => format!("inbox · {} unread{only}", state.inbox.unread),
        Kind::Inbox => format!("inbox{only}"),
        Kind::Threads => format!("threads that you follow{only}"),
        Kind::Saved => "saved messages".to_owned(),
    }
}

/// What is searched for; says where the cursor stands.
fn query(listing: &Listing, inner: Rect, canvas: &mut Canvas) -> Position {
    let theme = canvas.theme;
    let column = canvas.literal(inner, (0, 0), "› ", theme.mention());
    let query = SafeText::line(&listing.query.text());
    let style = if listing.begins_anew { theme.chosen() } else { theme.plain() };
    let typed = SafeText::line(listing.query.before());
    // A long query is shown from where its end, with the cursor, is in sight.
    let room = usize::from(inner.width).saturating_sub(column + 1);
    let hidden = text::wrap(typed.as_str(), room.max(1)).last().map_or(0, |row| row.start);
    let (shown, before) = match query.as_str().get(hidden..) {
        Some(shown) => (shown, typed.as_str().get(hidden..).unwrap_or_default()),
        None => (query.as_str(), typed.as_str()),
    };
    canvas.put(inner, (column, 0), &SafeText::line(shown), style);
    let x = (usize::from(inner.x) + column + text::width(before)).min(usize::from(inner.right()).max(1) - 1);
    Position::new(u16::try_from(x).unwrap_or(inner.x), inner.y)
}

/// What is said in the place of rows.
fn empty(state: &State, listing: &Listing, area: Rect, canvas: &mut Canvas) {
    let theme = canvas.theme;
    let area = Rect { y: area.y.saturating_add(1), height: area.height.saturating_sub(1), ..area };
    if let Some(error) = &listing.error {
        return paragraph(error, area, theme.bad(), canvas);
    }
    if listing.is_waiting() {
        let words = if listing.kind == Kind::Search { "searching…" } else { "loading…" };
        return paragraph(words, area, theme.dim(), canvas);
    }
    if listing.kind == Kind::Search && listing.is_changed() {
        return filters(area, canvas);
    }
    let all = hint(state, listing, Plain::UnreadOnly, "shows all")
        .map(|all| format!("; {all}"))
        .unwrap_or_default();
    let saves = state.keymap.way(Plain::SaveMessage);
    let (inbox, threads, saved) = (
        format!("Nothing is unread{all}."),
        format!("Nothing is unread in the threads that you follow{all}."),
        format!("You saved no message. Choose one and save it: {saves}."),
    );
    let words = match (listing.kind, listing.unread_only) {
        (Kind::Search, _) if listing.indexing => {
            "Nothing was found so far; the server is still reading its old messages. Search again later."
        }
        (Kind::Search, _) => "Nothing was found. Fewer or shorter words find more; all words must be there.",
        (Kind::Inbox, true) => inbox.as_str(),
        (Kind::Inbox, false) => {
            "Nothing calls for you. Mentions, @room and @here, answers to you and threads that you follow come here."
        }
        (Kind::Saved, _) => saved.as_str(),
        (Kind::Threads, true) => threads.as_str(),
        (Kind::Threads, false) => "You follow no thread. Writing in one follows it, and so does /follow.",
    };
    paragraph(words, area, theme.dim(), canvas);
}

fn paragraph(words: &str, area: Rect, style: Style, canvas: &mut Canvas) {
    let words = SafeText::line(words);
    let columns = usize::from(area.width).saturating_sub(2 * INDENT).max(1);
    for (at, range) in text::wrap(words.as_str(), columns).into_iter().enumerate() {
        canvas.part(area, (INDENT, at), &words.as_str()[range], style);
    }
}

/// The language of searches, while nothing is found yet.
fn filters(area: Rect, canvas: &mut Canvas) {
    let theme = canvas.theme;
    let line = |row: usize, left: &str, right: &str, canvas: &mut Canvas| {
        canvas.put_in(area, (INDENT, row), FILTER, &SafeText::line(left), theme.title());
        canvas.literal(area, (INDENT + FILTER + 1, row), right, theme.dim());
    };
    line(0, "deploy canary", "both words; the last may be a beginning", canvas);
    line(1, "\"rolled back\" -staging", "these words together; not this word", canvas);
    for (at, filter) in FILTERS.iter().enumerate() {
        let examples: Vec<String> =
            filter.values.iter().map(|value| format!("{}:{value}", filter.key)).collect();
        line(at + 2, &examples.join(" "), filter.meaning, canvas);
    }
}

/// The keys, or what else is to be said below the rows.
fn foot(state: &State, listing: &Listing, canvas: &Canvas) -> (SafeText, Style) {
    let theme = canvas.theme;
    if !listing.rows.is_empty() {
        if let Some(error) = &listing.error {
            return (SafeText::line(error), theme.bad());
        }
        if listing.is_waiting() {
            return (SafeText::line("loading…"), theme.dim());
        }
        if listing.indexing && !listing.is_changed() {
            let words = "The server is still reading its old messages; search again later for all of them";
            return (SafeText::line(words), theme.warning());
        }
    }
    let other = match listing.order {
        SearchOrder::Best => "newest first",
        SearchOrder::Newest => "best first",
    };
    let all = if listing.unread_only { "all" } else { "unread" };
    let is_empty = listing.rows.is_empty();
    let hints: &[(Plain, &str)] = match listing.kind {
        Kind::Saved if is_empty => &[],
        Kind::Saved => &[(Plain::Take, "goes there"), (Plain::LetGo, "keeps it no more")],
        Kind::Inbox | Kind::Threads if is_empty => &[(Plain::UnreadOnly, all)],
        Kind::Search if is_empty && !listing.is_changed() => &[(Plain::Complete, "completes a filter")],
        Kind::Search if listing.is_changed() => {
            &[(Plain::Take, "searches"), (Plain::Complete, "completes a filter")]
        }
        Kind::Search => &[(Plain::Take, "goes there"), (Plain::Order, other), (Plain::Complete, "completes")],
        Kind::Inbox => &[
            (Plain::Take, "goes there"),
            (Plain::ToggleRead, "read/unread"),
            (Plain::AllRead, "all read"),
            (Plain::UnreadOnly, all),
        ],
        Kind::Threads => &[(Plain::Take, "opens it"), (Plain::UnreadOnly, all)],
    };
    let hints = hints.iter().chain(&[(Plain::Cancel, "closes")]);
    let words: Vec<String> = hints.filter_map(|(plain, word)| hint(state, listing, *plain, word)).collect();
    let words = words.join(" · ");
    (SafeText::line(&words), theme.dim())
}

/// A key of the table with what it does here; in a search letters are written, so they are none.
fn hint(state: &State, listing: &Listing, plain: Plain, word: &str) -> Option<String> {
    let writes = listing.kind == Kind::Search;
    let mut labels = state.keymap.labels(Context::Listing, plain);
    let key = labels.find(|key| !writes || key.chars().count() > 1)?;
    Some(format!("{key} {word}"))
}

/// Place, author, why and when; below them the words.
fn draw_row(state: &State, row: &Row, is_chosen: bool, area: Rect, canvas: &mut Canvas) {
    let theme = canvas.theme;
    let unread = match row.why {
        Why::Found | Why::Saved => 0,
        Why::Inbox(_) => u64::from(!row.read),
        Why::Thread(root) => state.threads.unread(row.at.conversation, root),
    };
    let title = match state.conversations.get(row.at.conversation) {
        Some(conversation) => state.conversations.title(conversation),
        None => "elsewhere".to_owned(),
    };
    let place = SafeText::line(&format!("{title}:{}", row.at.seq));
    let (name, name_style) = match state.is_me(row.author.id) {
        true => (SafeText::line("you"), theme.me()),
        false => (SafeText::line(row.author.name.as_str()), theme.name(row.author.id)),
    };
    let why = SafeText::line(&why_words(row.why, unread));
    let time = SafeText::line(&state.short_time(row.time));
    let wide = |text: &SafeText| text::width(text.as_str());
    let wanted = INDENT + wide(&place) + 2 + wide(&name) + 1 + wide(&why) + 1;
    // On a narrow screen why it is there matters more than when it came.
    let right = match wanted + wide(&time) <= usize::from(area.width) || wide(&why) == 0 {
        true => canvas.put_right(area, 0, &time, theme.dim()).saturating_sub(1),
        false => usize::from(area.width),
    };
    let head = Rect { width: u16::try_from(right).unwrap_or(area.width), ..area };
    if unread > 0 {
        canvas.literal(area, (1, 0), "●", theme.mention());
    }
    let place_style = if unread > 0 { theme.title() } else { theme.section() };
    let column = canvas.put(head, (INDENT, 0), &place, place_style);
    let column = canvas.put(head, (column + 2, 0), &name, name_style);
    canvas.put(head, (column + 1, 0), &why, theme.dim());
    words(row, area, canvas);
    if is_chosen {
        canvas.literal(area, (0, 0), "▸", theme.mention());
        canvas.paint(area, theme.chosen());
    }
}

/// Why a message is there, as it follows a name.
fn why_words(why: Why, unread: u64) -> String {
    match why {
        Why::Found | Why::Saved => String::new(),
        Why::Inbox(Reason::Mention) => "mentions you".to_owned(),
        Why::Inbox(Reason::Room) => "calls everybody".to_owned(),
        Why::Inbox(Reason::Here) => "calls who is here".to_owned(),
        Why::Inbox(Reason::Reply) => "answers you".to_owned(),
        Why::Inbox(Reason::Thread) => "in a thread".to_owned(),
        Why::Thread(_) if unread > 0 => format!("wrote last · {unread} new"),
        Why::Thread(_) => "wrote last".to_owned(),
    }
}

/// One row of the text, with what was found in it marked and in sight.
fn words(row: &Row, area: Rect, canvas: &mut Canvas) {
    let words = SafeText::line(&row.words);
    let columns = usize::from(area.width).saturating_sub(INDENT);
    let marks = byte_ranges(words.as_str(), &row.marks);
    let from = first_shown(words.as_str(), marks.first(), columns);
    let lead = if from > 0 { LEFT_OUT } else { "" };
    let mut column = canvas.literal(area, (INDENT, 1), lead, canvas.theme.dim());
    let shown = text::cut(&words.as_str()[from..], columns.saturating_sub(text::width(lead)));
    // The cut text ends with a sign of its own; before that it is the text.
    let same = shown.bytes().zip(words.as_str()[from..].bytes()).take_while(|(a, b)| a == b).count();
    let mut at = 0;
    for mark in marks {
        let (start, end) = (mark.start.saturating_sub(from), mark.end.saturating_sub(from).min(same));
        if start < at || start >= end || !shown.is_char_boundary(end) {
            continue;
        }
        column = canvas.part(area, (column, 1), &shown[at..start], canvas.theme.plain());
        column = canvas.part(area, (column, 1), &shown[start..end], canvas.theme.found());
        at = end;
    }
    canvas.part(area, (column, 1), &shown[at..], canvas.theme.plain());
}

/// Marks count Unicode scalar values; those that do not fit the text are left out.
fn byte_ranges(text: &str, marks: &[[usize; 2]]) -> Vec<Range<usize>> {
    let starts: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let range = |[from, to]: &[usize; 2]| Some(*starts.get(*from)?..*starts.get(*to)?);
    marks.iter().filter_map(range).filter(|range| range.start < range.end).collect()
}

/// Where a text that is too wide begins to be shown, so that its first mark is in sight: at a word.
fn first_shown(text: &str, mark: Option<&Range<usize>>, columns: usize) -> usize {
    let Some(mark) = mark.filter(|mark| text::width(&text[..mark.end]) >= columns) else { return 0 };
    let fits = |at: &usize| text::width(&text[*at..mark.end]) <= columns / 2;
    let words = text[..mark.start].match_indices(' ').map(|(at, _)| at + 1);
    words.into_iter().find(fits).unwrap_or(mark.start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_that_do_not_fit_are_left_out() {
        assert_eq!(byte_ranges("añb", &[[1, 2], [2, 9], [2, 2], [2, 1], [2, 3]]), [1..3, 3..4]);
    }

    #[test]
    fn a_long_text_is_shown_from_before_its_mark() {
        let text = "one two three four five six";
        assert_eq!(first_shown(text, Some(&(4..7)), 20), 0);
        assert_eq!(&text[first_shown(text, Some(&(24..27)), 20)..], "five six");
        assert_eq!(first_shown("aaaaaaaaaaaaaaaaaaaaaaaa", Some(&(10..24)), 8), 10);
        assert_eq!(first_shown(text, None, 3), 0);
    }
}
