//! The browser of files: the folder's rows, and beside them what the chosen one looks like.

use chat_proto::SafeText;
use ratatui::layout::{Position, Rect};

use super::canvas::Canvas;
use super::picture::Slot;
use crate::action::Plain;
use crate::effect::size_words;
use crate::keymap::Context;
use crate::layout;
use crate::state::State;
use crate::state::browser::{Browser, Entry, Shown};
use crate::text;

/// Columns of the size, and of the time.
const SIZE: usize = 9;
const TIME: usize = 18;

/// With fewer columns a list shows no times, or no sizes either.
const TIME_FROM: usize = 48;
const SIZE_FROM: usize = 26;

/// Draws it; says where the cursor stands.
pub(super) fn draw(state: &State, browser: &Browser, canvas: &mut Canvas) -> Option<Position> {
    let theme = canvas.theme;
    let parts = layout::browser(canvas.area());
    canvas.clear(parts.frame);
    let path = browser.path().display().to_string();
    let title = if path.is_empty() { "upload".to_owned() } else { format!("upload · {path}") };
    // The end of a long path says more than its beginning.
    let room = usize::from(parts.frame.width).saturating_sub(6);
    canvas.frame(parts.frame, &tail(&title, room), theme.dim());
    let cursor = query(browser, parts.query, canvas);
    list(state, browser, parts.list, canvas);
    if let Some(area) = parts.preview {
        preview(state, browser, area, canvas);
    }
    let words = browser.error.clone().unwrap_or_else(|| foot(state, browser));
    let style = if browser.error.is_some() { theme.bad() } else { theme.dim() };
    canvas.put(parts.foot, (0, 0), &SafeText::line(&words), style);
    Some(cursor)
}

/// The end of a text that is too wide.
fn tail(words: &str, columns: usize) -> String {
    let safe = SafeText::line(words);
    let mut rest = safe.as_str();
    if text::width(rest) <= columns {
        return rest.to_owned();
    }
    while text::width(rest) + 1 > columns && !rest.is_empty() {
        let mut chars = rest.chars();
        chars.next();
        rest = chars.as_str();
    }
    format!("…{rest}")
}

fn query(browser: &Browser, area: Rect, canvas: &mut Canvas) -> Position {
    let theme = canvas.theme;
    let column = canvas.literal(area, (0, 0), "› ", theme.mention());
    if browser.query().is_empty() {
        canvas.literal(area, (column, 0), "type to filter; ~/ goes home, / to the root", theme.dim());
    }
    canvas.put(area, (column, 0), &SafeText::line(&browser.query().text()), theme.plain());
    let typed = SafeText::line(browser.query().before());
    let x = usize::from(area.x) + column + text::width(typed.as_str());
    let x = x.min(usize::from(area.right()).saturating_sub(1));
    Position::new(u16::try_from(x).unwrap_or(area.x), area.y)
}

fn list(state: &State, browser: &Browser, area: Rect, canvas: &mut Canvas) {
    let theme = canvas.theme;
    let (rows, selected) = browser.rows();
    let skip = layout::browser_skip(area, selected);
    for (at, entry) in rows.iter().skip(skip).take(usize::from(area.height)).enumerate() {
        row(state, entry, (area, at), browser.is_marked(entry), canvas);
        if at + skip == selected {
            canvas.literal(area, (0, at), "▸", theme.mention());
            let y = area.y + u16::try_from(at).unwrap_or(0);
            canvas.paint(Rect { y, height: 1, ..area }, theme.chosen());
        }
    }
    if rows.is_empty() && area.height > 0 {
        let words = match (browser.is_reading(), browser.query().is_empty()) {
            (true, _) => "reading…",
            (false, true) => "nothing is here",
            (false, false) => "nothing fits",
        };
        canvas.literal(area, (2, 0), words, theme.dim());
    }
}

fn row(state: &State, entry: &Entry, (area, at): (Rect, usize), is_marked: bool, canvas: &mut Canvas) {
    let theme = canvas.theme;
    let columns = usize::from(area.width);
    let mut right = columns;
    if columns >= TIME_FROM {
        let time = entry.changed.map(|changed| state.short_time(changed)).unwrap_or_default();
        right = right.saturating_sub(TIME);
        canvas.put_in(area, (right + 1, at), TIME - 1, &SafeText::line(&time), theme.dim());
    }
    if columns >= SIZE_FROM {
        let size = size_words(entry);
        let begins = right.saturating_sub(text::width(&size));
        right = right.saturating_sub(SIZE);
        canvas.put(area, (begins, at), &SafeText::line(&size), theme.dim());
    }
    if is_marked {
        canvas.literal(area, (2, at), "✓", theme.mention());
    }
    let name = entry.name.to_string_lossy();
    let (words, style) = match entry.is_folder {
        true => (format!("{name}/"), theme.title()),
        false => (name.into_owned(), theme.plain()),
    };
    canvas.put_in(area, (4, at), right.saturating_sub(5), &SafeText::line(&words), style);
}

/// What the chosen row looks like, with a rule at its left.
fn preview(state: &State, browser: &Browser, area: Rect, canvas: &mut Canvas) {
    let theme = canvas.theme;
    let rule = Rect { x: area.x.saturating_sub(2), width: 1, ..area };
    for row in 0..usize::from(area.height) {
        canvas.literal(rule, (0, row), "│", theme.dim());
    }
    let Some(entry) = browser.chosen() else { return };
    let name = SafeText::line(&entry.name.to_string_lossy());
    canvas.put(area, (0, 0), &name, theme.title());
    let body = Rect { y: area.y + 2, height: area.height.saturating_sub(2), ..area };
    let (about, lines) = match browser.seen() {
        None => ("…".to_owned(), &[] as &[String]),
        Some(Shown::Words(words)) => (words.clone(), &[] as &[String]),
        Some(Shown::Text(lines)) => ("text".to_owned(), lines.as_slice()),
        Some(Shown::Names(names, 1)) => ("1 entry".to_owned(), names.as_slice()),
        Some(Shown::Names(names, count)) => (format!("{count} entries"), names.as_slice()),
        Some(Shown::Picture(wanted, _, (width, height))) => {
            if state.pictures.drawing(wanted).is_some() {
                let size = Rect {
                    width: wanted.columns.min(body.width),
                    height: wanted.rows.min(body.height),
                    ..body
                };
                canvas.slot(Slot { area: size, hidden: 0, wanted: *wanted });
            }
            (format!("{width}×{height}"), &[] as &[String])
        }
    };
    let size = size_words(entry);
    let words = [about, size].into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" · ");
    canvas.put(area, (0, 1), &SafeText::line(&words), theme.dim());
    for (at, line) in lines.iter().take(usize::from(body.height)).enumerate() {
        canvas.put(body, (0, at), &SafeText::line(line), theme.plain());
    }
}

/// The keys, with those that are bound now; what matters most first.
fn foot(state: &State, browser: &Browser) -> String {
    let hint = |plain, word: &str| state.keymap.hint(Context::Files, plain, word);
    let marks = browser.marks();
    let takes = match (marks, browser.chosen().is_some_and(|entry| entry.is_folder)) {
        (_, true) => "opens".to_owned(),
        (0, false) => "sends it".to_owned(),
        (count, false) => format!("sends {count}"),
    };
    let hidden = if browser.shows_hidden { "hides hidden files" } else { "shows hidden files" };
    let words = [
        (marks > 0).then(|| format!("{marks} marked")),
        browser.is_cut().then(|| "there are more".to_owned()),
        hint(Plain::Take, &takes),
        hint(Plain::MarkFile, "marks"),
        hint(Plain::FolderAbove, "up"),
        hint(Plain::HiddenFiles, hidden),
        hint(Plain::Cancel, "closes"),
    ];
    words.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}
